"""Every public layout, on tiny files written as the public ones are, and on real We-Math data."""

import importlib
import json

import pytest
from PIL import Image

from data.images import decode
from data.index import read_index
from data.loader import IndexedDataset
from data.recipes.__main__ import RECIPES, main


def said(sample):
    """Roles and texts of a chat; [image] where the picture stands."""
    shown = {"image": "[image]"}
    return [
        (turn["role"], *(shown.get(part["type"]) or part["text"] for part in turn["content"]))
        for turn in sample.messages
    ]


def grey(sample):
    return int(decode(sample.image).median())


@pytest.fixture
def move(pictures):
    """Give pictures the paths of a public set."""

    def move(**paths):
        for number, path in paths.items():
            (pictures / path).parent.mkdir(parents=True, exist_ok=True)
            (pictures / f"{number}.png").rename(pictures / path)

    return move


def test_mavis_caption(imported, save, talk, move):
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


def test_gllava_align(imported, save, talk, move):
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


def test_llava_chat_and_caption(imported, save, talk, tmp_path, pictures):
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


def test_the_picture_stands_in_the_turn_that_shows_it(imported, save, talk):
    chat = talk("Ready?", "Yes.", "Here: <image>\nWhat is it?", "A circle.")
    (sample,), _ = imported("llava_chat", save([{"image": "p1.png", "conversations": chat}]))
    assert said(sample)[0] == ("user", "Ready?")
    assert said(sample)[2] == ("user", "[image]", "Here: \nWhat is it?")


def test_folder(imported, pictures):
    (pictures / "p1.txt").write_text("\ufeffOne. \n", encoding="utf-8")
    (pictures / "sub" / "j.txt").write_text("A JPEG: 三角形.")
    (pictures / "p2.txt").write_text(" ")
    (pictures / "p3.txt").write_bytes(b"\xff")
    samples, index = imported("folder", pictures)
    assert [s.caption for s in samples] == ["One.", "A JPEG: 三角形."]
    assert grey(samples[1]) == 33
    assert index["rejected"] == {
        "text file does not exist": 7,
        "caption is empty or missing": 1,
        "text file is no UTF-8": 1,
    }
    assert index["names"]["text file is no UTF-8"] == ["images/p3.png"]
    assert index["notes"] == {"Chinese text": 1}


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.csv", 'image,caption,id\np1.png,"One, two.",7\nsub/j.jpg,Three.,8\n,Four.,9\np1.png,Five.,7\n'),
        ("a.tsv", "filepath\ttitle\np1.png\tOne, two.\nsub/j.jpg\tThree.\n\tFour.\np2.png\t\n"),
        (
            "metadata.jsonl",
            '{"file_name": "p1.png", "text": "One, two."}\n{"file_name": "sub/j.jpg", "text": "Three."}\n'
            '{"file_name": "", "text": "Four."}\n{"file_name": "p1.png"}\n',
        ),
    ],
)
def test_table(imported, save, name, text):
    samples, index = imported("table", save(text, name))
    assert [(s.caption, grey(s)) for s in samples] == [("One, two.", 20), ("Three.", 33)]
    assert (index["records"], index["refused_records"]) == (4, 2)
    assert index["rejected"]["picture path is empty or no path"] == 1


QUESTION = (
    "\nFirst perform reasoning, then finally select the question from the choices in the following format: "
    "Answer: xxx.\nQuestion:As shown in the figure, angle CED is ()\nChoices:\nA:40°\nB:60°\nC:120°\nD:140°"
)


def test_geoqa(imported, save, pictures, move):
    move(p1="test/0.png", p2="test/1.png", p3="test/2.png")
    questions = [{"question_id": i, "image": f"test/{i}.png", "text": QUESTION} for i in range(3)]
    questions.append({"question_id": 0, "image": "test/0.png", "text": QUESTION})
    answers = [
        {"question_id": 0, "text": "D"},
        {"question_id": 1, "text": "E"},
        {"question_id": 9, "text": "A"},
    ]
    answers.append({"question_id": 0, "text": "C"})
    samples, index = imported(
        "geoqa", save(questions, "test_questions.jsonl"), save(answers, "test_answers.jsonl")
    )
    (sample,) = samples
    assert said(sample) == [("user", "[image]", QUESTION.strip()), ("assistant", r"\boxed{D}")]
    assert sample.answer["choices"] == ["40°", "60°", "120°", "140°"]
    assert (sample.split, sample.caption, sample.meta["id"]) == ("test", "", 0)
    assert index["rejected"] == {
        "answer is none of the choices": 1,
        "question has no answer; is the file of answers given?": 1,
        "id appears twice": 1,
        "question has two answers": 1,
        "answer has no question": 1,
    }


def test_mathvista(imported, save, move):
    move(p1="images/1.jpg", p2="images/2.jpg", p3="images/3.jpg", p4="images/4.jpg", p5="images/5.jpg")
    base = {"unit": None, "precision": None, "choices": None, "question_type": "free_form"}
    about = {"split": "testmini", "language": "chinese", "source": "GeoQA+", "img_width": 131}
    about |= {"task": "geometry problem solving", "skills": ["geometry reasoning"]}
    records = [
        {"question": "d?", "answer": "1.2", "answer_type": "float", "precision": 1, "unit": "cm"},
        {
            "question": "Volume?",
            "answer": "1000",
            "answer_type": "integer",
            "unit": "g",
            "query": "Hint: ...\nQuestion: Volume?",
        },
        {
            "question": "若∠A＝110°，则∠BOC＝（）",
            "answer": "145°",
            "answer_type": "text",
            "choices": ["135°", "145°"],
            "question_type": "multi_choice",
        },
        {"question": "Years?", "answer": "[2007, 2008]", "answer_type": "list"},
        {"question": "Hidden?", "answer": "", "answer_type": "integer"},
        {
            "question": "?",
            "answer": "9",
            "answer_type": "text",
            "choices": ["1", "2"],
            "question_type": "multi_choice",
        },
    ]
    table = {
        str(i): {**base, **record, "pid": str(i), "image": f"images/{min(i, 5)}.jpg", "metadata": about}
        for i, record in enumerate(records, 1)
    }
    samples, index = imported("mathvista", save(table, "testmini.json"))
    assert [s.answer and (s.answer["kind"], s.answer["value"], s.answer["unit"]) for s in samples] == [
        ("number", "1.2", "cm"),
        ("number", "1000", "g"),
        ("choice", "B", None),
        ("list", "[2007, 2008]", None),
        None,
    ]
    assert samples[0].answer["precision"] == 1
    assert said(samples[0]) == [("user", "[image]", "Question: d? (Unit: cm)"), ("assistant", r"\boxed{1.2}")]
    assert said(samples[1])[0] == ("user", "[image]", "Hint: ...\nQuestion: Volume?")
    assert said(samples[2])[0][2].endswith("Choices:\n(A) 135°\n(B) 145°")
    assert said(samples[4]) == [("user", "[image]", "Question: Hidden?")]
    assert samples[2].meta == {
        "id": "3",
        "question_type": "multi_choice",
        "task": "geometry problem solving",
        "skills": ["geometry reasoning"],
        "source": "GeoQA+",
        "language": "chinese",
    }
    assert index["rejected"] == {"answer is none of the choices": 1}
    assert index["names"]["answer is none of the choices"] == ["testmini.json[6]"]
    assert index["notes"] == {"Chinese text": 1}


def test_mathvista_in_parquet(imported, tmp_path, pictures):
    pyarrow = pytest.importorskip("pyarrow", reason="pyarrow is optional")
    parquet = pytest.importorskip("pyarrow.parquet")
    row = {
        "pid": "1",
        "question": "d?",
        "image": "images/1.jpg",
        "choices": None,
        "unit": None,
        "precision": 1.0,
    }
    row |= {"answer": "1.2", "question_type": "free_form", "answer_type": "float", "query": "Question: d?"}
    row["decoded_image"] = {"bytes": (pictures / "p4.png").read_bytes(), "path": "1.jpg"}
    file = tmp_path / "testmini.parquet"
    parquet.write_table(pyarrow.Table.from_pylist([row]), file)
    (sample,), _ = imported("mathvista", file)
    assert (grey(sample), sample.answer["precision"]) == (80, 1)


def test_wemath(imported, save, move):
    move(p1="2steps/image/20-1.png", p2="2steps/image/20-multi.png")
    records = [
        {
            "ID": "2steps_20",
            "split": "testmini",
            "knowledge concept": "Up-Down Position",
            "question": "Which cube? ( )",
            "option": "A. ①; B. ②; C. Cannot be determined; D. No correct answer",
            "answer": answer,
            "image_path": f"2steps/image/20-{key.split('_')[1]}.png",
            "key": key,
            "question number": 20,
        }
        for key, answer in (("2steps_1", "A"), ("2steps_multi", "C"), ("2steps_1", "B"), ("2steps_2", "A"))
    ]
    records.append({**records[1], "key": "2steps_3", "image_path": "2steps/image/20-1.png", "answer": "F"})
    samples, index = imported("wemath", save(records, "testmini.json"))
    assert [s.meta["id"] for s in samples] == ["2steps_20/2steps_1", "2steps_20/2steps_multi"]
    assert samples[1].answer["value"] == "C"
    assert samples[1].answer["choices"] == ["①", "②", "Cannot be determined", "No correct answer"]
    assert said(samples[0])[1] == ("assistant", r"\boxed{A}")
    assert index["rejected"] == {
        "id appears twice": 1,
        "picture does not exist": 1,
        "answer is none of the options": 1,
    }


def test_real_wemath_data(shared, tmp_path):
    from mmgeolm.benchmarks.wemath import split_options

    data = shared / "samples" / "wemath" / "data"
    main(["wemath", str(data / "testmini.json"), f"root={data}", f"out={tmp_path / 'out'}", "max_refused=0"])
    dataset, index = IndexedDataset([tmp_path / "out"]), read_index(tmp_path / "out")
    records = json.loads((data / "testmini.json").read_text())
    assert len(dataset) == index["records"] == len(records) == 200
    for i, record in enumerate(records):
        options = split_options(record["option"])
        assert dataset[i].answer["choices"] == list(options.values())
        assert dataset[i].answer["value"] == record["answer"]
        size = Image.open(data / record["image_path"]).size
        assert decode(dataset[i].image).shape[1:] == size[::-1]


def test_real_geoqa_questions(shared, save, tmp_path, pictures):
    (pictures / "test").mkdir()
    records = [json.loads(line) for line in (shared / "samples/geoqa/gllava_first200.jsonl").open()]
    for record in records:
        (pictures / record["image"]).write_bytes((pictures / "p1.png").read_bytes())
    questions = [{"question_id": r["id"], "image": r["image"], "text": r["prompt_used"]} for r in records]
    answers = [{"question_id": r["id"], "text": r["gold"]} for r in records]
    files = [save(questions, "test_questions.jsonl"), save(answers, "test_answers.jsonl")]
    main(["geoqa", *map(str, files), f"root={pictures}", f"out={tmp_path / 'out'}", "max_refused=0"])
    dataset = IndexedDataset([tmp_path / "out"])
    assert len(dataset) == len(records) == 200
    for i, record in enumerate(records):
        assert dataset[i].answer["value"] == record["gold"]
        assert dataset[i].answer["choices"] == [text.strip() for text in record["choices"].values()]


def test_real_mathvista_questions(shared, tmp_path, pictures):
    lines = (shared / "samples/mathvista/llava_llama_2_13b.jsonl").open()
    table = {record["pid"]: {**record, "image": "p1.png"} for record in map(json.loads, lines)}
    file = tmp_path / "testmini.json"
    file.write_text(json.dumps(table))
    main(["mathvista", str(file), f"root={pictures}", f"out={tmp_path / 'out'}", "max_refused=0"])
    dataset = IndexedDataset([tmp_path / "out"])
    assert len(dataset) == len(table) == 1000
    for i, record in enumerate(table.values()):
        answer = dataset[i].answer
        if record["question_type"] == "multi_choice":
            assert answer["choices"][ord(answer["value"]) - ord("A")] == record["answer"]
        else:
            assert answer["value"] == record["answer"]
            assert (answer["unit"], answer["precision"]) == (record["unit"], record["precision"])


def test_mm_math(imported, save, move):
    move(p1="123.png", p2="4.png", p3="5.png")
    base = {"year": "eight", "knowledge": {"level_1": "Functions", "level_2": "Linear Function"}}
    records = [
        {
            "question": "Find $x$.",
            "solution": r"\textbf{Solution:} $x=\boxed{\frac{1}{2}}$.",
            "difficult": "hard",
            "file_name": "123.png",
        },
        {"question": "求∠B的度数。", "solution": r"\boxed{40°}", "difficult": "容易", "file_name": "4.png"},
        {
            "question": "Both?",
            "solution": r"(1) \boxed{1}; (2) \boxed{2}",
            "difficult": "?",
            "file_name": "5.png",
        },
        {"question": "Lost?", "solution": "1", "difficult": "easy", "file_name": "6.png"},
    ]
    samples, index = imported("mm_math", save([{**base, **r} for r in records], "MM_Math.jsonl"))
    assert [s.answer and (s.answer["kind"], s.answer["value"]) for s in samples] == [
        ("expression", r"\frac{1}{2}"),
        ("number", "40"),
        None,
    ]
    assert [s.meta["question_type"] for s in samples] == ["hard", "easy", "?"]
    assert said(samples[0])[1] == ("assistant", records[0]["solution"])
    assert {s.split for s in samples} == {"test"}
    assert index["rejected"] == {"picture does not exist": 1}
    assert index["notes"] == {
        "Chinese text": 1,
        "difficulty is none of easy, medium, hard": 1,
        "not exactly one boxed answer": 1,
    }


def test_imported_benchmarks_can_be_graded(imported, save, move):
    from mmgeolm.benchmarks import find_benchmark

    move(p1="123.png")
    record = {
        "question": "Find $x$.",
        "solution": r"\boxed{\frac{1}{2}}",
        "difficult": "hard",
        "file_name": "123.png",
    }
    imported("mm_math", save([record], "MM_Math.jsonl"))
    benchmark = find_benchmark("synthetic")
    (question,) = benchmark.read(save([], "x.json").parent / "out")
    assert benchmark.grade(question.record, r"so \boxed{0.5}", False).strict.correct
    assert not benchmark.grade(question.record, r"so \boxed{2}", False).strict.correct
    assert list(benchmark.groups(question.record)) == ["hard"]


CHAT = [
    {"from": "human", "value": "<image>\nDescribe.\nChoices:\nA: 1\nB: 2"},
    {"from": "gpt", "value": "Answer: A"},
]
VISTA = {"pid": "1", "question": "d?", "image": "p1.png", "answer": "2", "question_type": "multi_choice"}
VISTA |= {
    "choices": ["1", "2"],
    "answer_type": "text",
    "unit": "m",
    "precision": 1,
    "metadata": {"task": "t"},
}
WE = {
    "ID": "1",
    "key": "2steps_1",
    "question": "q",
    "option": "A. 1; B. 2",
    "answer": "A",
    "image_path": "p1.png",
}
EXAM = {
    "question": "q",
    "file_name": "p1.png",
    "solution": r"\boxed{1}",
    "difficult": "easy",
    "knowledge": {},
}
ALIGN = {"positive_image_path": "p1.png", "negative_image_path": ["p2.png"], "negative_captions": ["n"]}
GOOD = {
    "mm_math_align": {"id": "1", "conversations": CHAT, **ALIGN},
    "geoqa": {"question_id": 1, "image": "p1.png", "text": QUESTION, "gold": "A"},
    "mathvista": VISTA,
    "wemath": WE,
    "mm_math": {"year": "nine", **EXAM},
    "table": {"id": "1", "image": "p1.png", "caption": "c"},
}
ODD = [
    None,
    True,
    7,
    -1.5,
    "",
    " ",
    "x" * 5000,
    "A",
    [],
    [[]],
    ["A", 1],
    {},
    {"bytes": "A"},
    {"a": {"b": []}},
]


@pytest.mark.parametrize("name", [name for name in RECIPES if name != "folder"])
def test_fields_of_any_type_are_refused_or_used_and_never_stop_the_import(name, save, tmp_path, pictures):
    good = GOOD.get(name, {"id": "1", "image": "p1.png", "conversations": CHAT, "question_type": "open"})
    records = [{**good, field: odd} for field in good for odd in ODD]
    records += [{k: v for k, v in good.items() if k != field} for field in good] + ODD
    if "conversations" in good:
        odd_turns = [[{**CHAT[0], key: odd}, CHAT[1]] for key in ("from", "value") for odd in ODD]
        records += [{**good, "conversations": turns} for turns in odd_turns]
    if name == "geoqa":
        records.append({"question_id": 1, "text": "A"})
    if name == "mathvista":
        file = save({str(i): record for i, record in enumerate(records)}, "testmini.json")
    else:
        file = save(records, "records.json")
    main([name, str(file), f"root={pictures}", f"out={tmp_path / 'out'}", "max_refused=10000"])
    index = read_index(tmp_path / "out")
    answers = name == "geoqa"  # whose answers are no records
    assert index["records"] == len(records) - answers
    assert index["samples"] > 0
    assert index["records"] == index["samples"] + index["refused_records"]
    dataset = IndexedDataset([tmp_path / "out"])
    assert len([dataset[i] for i in range(len(dataset))]) == index["samples"]


def test_every_recipe_says_where_to_download_and_how_it_is_called():
    for name, recipe in RECIPES.items():
        doc = importlib.import_module(recipe.convert.__module__).__doc__
        assert name in doc
        assert "https://" in doc or name in ("folder", "table")
