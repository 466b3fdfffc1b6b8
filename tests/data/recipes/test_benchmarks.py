"""Public benchmarks on tiny files in their layouts, and on real records where they are at hand."""

import json

import pytest
from PIL import Image

from data.images import decode
from data.index import read_index
from data.loader import IndexedDataset
from data.recipes.__main__ import main

QUESTION = (
    "\nFirst perform reasoning, then finally select the question from the choices in the following format: "
    "Answer: xxx.\nQuestion:As shown in the figure, angle CED is ()\nChoices:\nA:40°\nB:60°\nC:120°\nD:140°"
)


def test_geoqa(imported, save, pictures, move, said):
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


def test_mathvista(imported, save, move, said):
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


def test_mathvista_in_parquet(imported, tmp_path, pictures, grey):
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


def test_wemath(imported, save, move, said):
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


def test_mm_math(imported, save, move, said):
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
