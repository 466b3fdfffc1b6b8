"""Public sets of LLaVA records: MAVIS, G-LLaVA, and any other, on tiny files in their layouts."""

from data.loader import IndexedDataset
from data.recipes.__main__ import main


def test_mavis_caption(imported, save, talk, move, said, grey):
    move(p1="Geo_Caption/1.png", p2="function/2.png")
    records = [
        {
            "id": i,
            "image": f"/mnt/data/MAVIS_Caption/{path}",
            "conversations": talk("<image>\nDescribe the diagram.", text),
        }
        for i, (path, text) in enumerate(
            [
                ("Geo_Caption/1.png", "Square ABCD with AB = 10.0."),
                ("function/2.png", "The function y = -2*x^4."),
                ("function/3.png", "Lost."),
                ("function/2.png", "<image>"),
            ]
        )
    ]
    samples, index = imported("mavis_caption", save(records, "MAVIS_Caption.json"))
    assert [(s.caption, grey(s), s.source) for s in samples] == [
        ("Square ABCD with AB = 10.0.", 20, "MAVIS-Caption"),
        ("The function y = -2*x^4.", 40, "MAVIS-Caption"),
    ]
    assert said(samples[0]) == [
        ("user", "[image]", "Describe the diagram."),
        ("assistant", "Square ABCD with AB = 10.0."),
    ]
    assert index["rejected"] == {"picture does not exist": 1, "conversations has an empty turn": 1}


def test_mavis_instruct(imported, save, talk, move):
    move(p1="rule_base_geo_vision_dom/depth1/1_vision_dom.jpg", p2="2.png", p3="3.png")
    ask = (
        "<image>\nAccording to the question shown in the image, please first perform reasoning, then finally "
    )
    records = [
        {
            "id": "1",
            "image": "/mnt/RuleBaseGeo_For_Vision_Dominant/depth1/1_vision_dom.jpg",
            "conversations": talk(
                ask + "select the right answer from the choices, e.g., Answer: xxx.\nQuestion: Find y.\n"
                "Choices:\nA:148°\nB:152°\nC:180°\nD:32°",
                "y = 180° - 32° = 148°.\nAnswer: A",
            ),
            "question_type": "multiple-choice",
            "subject": "geometry",
        },
        {
            "id": "2",
            "image": "2.png",
            "conversations": talk(
                ask + "provide the final value, e.g., The answer is xxx\nQuestion: AB?",
                "4 + 5\nThe answer is 9",
            ),
            "question_type": "open-ended",
        },
        {
            "id": "3",
            "image": "3.png",
            "conversations": talk("<image>\nQuestion: zeros?", "The answer is x = 1 or 2"),
        },
    ]
    samples, index = imported("mavis_instruct", save(records))
    assert [s.caption for s in samples] == ["", "", ""]
    first, second, third = samples
    assert (first.answer["kind"], first.answer["value"], first.answer["choices"]) == (
        "choice",
        "A",
        ["148°", "152°", "180°", "32°"],
    )
    assert first.meta == {"id": "1", "question_type": "multiple-choice", "subject": "geometry"}
    assert (second.answer["kind"], second.answer["value"]) == ("number", "9")
    assert third.answer is None
    assert index["notes"] == {"no answer that can be graded": 1}
    assert index["counts"]["texts"] == {"answers": 2, "chats": 3}


def test_gllava_align(imported, save, talk, move, said):
    move(p1="geo3k/1.png", p2="geoqa_plus/2.png", p3="geoqa_plus/3.png", p4="geo3k/4.png")
    records = [
        {
            "image": "geo3k/1.png",
            "conversations": talk(
                "<image>\nRender a clear and concise summary of the photo.", "The diagram shows triangle ABC."
            ),
        },
        {
            "image": "geoqa_plus/2.png",
            "conversations": talk(
                "Offer a succinct explanation of the picture presented.\n<image>",
                "Line AB is parallel to CD.",
            ),
        },
        {"image": "geoqa_plus/3.png", "conversations": talk("<image>\nIs AB parallel to CD?", "Yes.")},
        {
            "image": "geo3k/4.png",
            "conversations": talk("<image>\nDescribe it.", "A circle.", "Its centre?", "O."),
        },
    ]
    samples, index = imported("gllava_align", save(records, "alignment.json"))
    assert [s.caption for s in samples] == [
        "The diagram shows triangle ABC.",
        "Line AB is parallel to CD.",
        "",
        "",
    ]
    assert [len(s.messages) for s in samples] == [2, 2, 2, 4]
    assert said(samples[3])[2:] == [("user", "Its centre?"), ("assistant", "O.")]
    assert index["counts"]["texts"] == {"captions": 2, "chats": 4}


def test_gllava_qa(imported, save, talk, move):
    move(p1="geo3k/9177.png")
    question = (
        "<image>\nFirst perform reasoning, then finally select the question from the choices in the "
        "following format: Answer: xxx.\nQuestion: In the diamond ABCD, what is EF?\n"
        "Choices:\nA: 4.0\nB: 12.0\nC: 8.0\nD: 4.5"
    )
    records = [{"image": "geo3k/9177.png", "conversations": talk(question, "EF is half of CD.\nAnswer:A")}]
    (sample,), index = imported("gllava_qa", save(records, "qa_tuning.json"))
    assert sample.answer["value"] == "A"
    assert sample.answer["choices"] == ["4.0", "12.0", "8.0", "4.5"]
    assert (sample.caption, sample.split, index["notes"]) == ("", "train", {})


def test_llava_chat_and_caption(imported, save, talk, tmp_path, pictures, said):
    records = [
        {
            "id": "1",
            "image": "p1.png",
            "conversations": talk("What is it?\n<image>", "A triangle.", "Sure?", "Yes."),
        },
        {"id": "2", "image": ["p2.png"], "conversations": talk("<image>", "A circle.")},
        {"id": "3", "conversations": talk("What is 1 + 1?", "2")},
        {"id": "4", "image": ["p1.png", "p2.png"], "conversations": talk("<image><image>\nWhich?", "One.")},
        {"id": "5", "image": "p1.png", "conversations": talk("<image> and <image>?", "One.")},
        {"id": "6", "image": "p1.png", "conversations": talk("<image>\nWhat?")},
        {"id": "7", "image": "p1.png", "conversations": talk("What?", "This.", "And?")},
        {"id": "8", "image": "p1.png", "conversations": talk("What?", " ")},
        {"id": "9", "image": "p1.png", "conversations": "What?"},
        {
            "id": "10",
            "image": "p1.png",
            "conversations": [{"from": "gpt", "value": "I begin."}, *talk("a", "b")],
        },
        {
            "id": "11",
            "image": "p1.png",
            "conversations": [{"from": "system", "value": "Be brief."}, *talk("a", "b")],
        },
    ]
    refused = {
        "record has no picture": 1,
        "record has more than one picture": 2,
        "conversations has no gpt turn": 1,
        "conversations is no exchange of user and assistant in turn": 2,
        "conversations has an empty turn": 1,
        "conversations is no list of turns {from, value}": 1,
    }
    samples, index = imported("llava_chat", save(records))
    assert [s.caption for s in samples] == ["", "", ""]
    assert said(samples[0]) == [
        ("user", "[image]", "What is it?"),
        ("assistant", "A triangle."),
        ("user", "Sure?"),
        ("assistant", "Yes."),
    ]
    assert said(samples[1]) == [("user", "[image]"), ("assistant", "A circle.")]
    assert said(samples[2]) == [("system", "Be brief."), ("user", "[image]", "a"), ("assistant", "b")]
    assert index["rejected"] == refused
    main(["llava_caption", str(save(records)), f"root={pictures}", f"out={tmp_path / 'captions'}"])
    captions = IndexedDataset([tmp_path / "captions"])
    assert [captions[i].caption for i in range(3)] == ["A triangle.", "A circle.", "b"]


def test_the_picture_stands_in_the_turn_that_shows_it(imported, save, talk, said):
    chat = talk("Ready?", "Yes.", "Here: <image>\nWhat is it?", "A circle.")
    (sample,), _ = imported("llava_chat", save([{"image": "p1.png", "conversations": chat}]))
    assert said(sample)[0] == ("user", "Ready?")
    assert said(sample)[2] == ("user", "[image]", "Here: \nWhat is it?")
