"""The grading command: files as published in, graded lines and results out, errors that name the line."""

import json
from pathlib import Path

import pytest

from mmgeolm.benchmarks import find_benchmark
from mmgeolm.grade import main, read_records

SAMPLES = Path(__file__).resolve().parents[3] / "shared" / "samples"
needs_samples = pytest.mark.skipif(
    not SAMPLES.is_dir(), reason=f"the folder of real samples {SAMPLES} is absent"
)
GEOQA = [
    {
        "id": i,
        "choices": {"A": "40°", "B": "60°"},
        "gold": "A",
        "response": response,
        "note": f"Answer:{note}",
    }
    for i, (response, note) in enumerate(
        [("Answer:A", "B"), ("Answer:B", "A"), ("**Answer:** A", "A"), (None, "A")]
    )
]


def write(path, records):
    path.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")
    return path


def run(tmp_path, benchmark, file, *options):
    main([benchmark, str(file), "--out", str(tmp_path / "out"), *options])
    graded = [json.loads(line) for line in (tmp_path / "out" / "graded.jsonl").read_text().splitlines()]
    return json.loads((tmp_path / "out" / "results.json").read_text()), graded


def failure(capsys, *argv):
    with pytest.raises(SystemExit) as stop:
        main([str(arg) for arg in argv])
    assert stop.value.code == 2
    return " ".join(capsys.readouterr().err.split())


def test_official_and_strict_stand_side_by_side_with_their_trace(tmp_path):
    results, graded = run(tmp_path, "geoqa", write(tmp_path / "in.jsonl", GEOQA))
    assert (results["correct"], results["strict_correct"], results["n"]) == (1, 2, 4)
    assert (results["accuracy"], results["strict_accuracy"], results["chance"]) == (0.25, 0.5, 0.5)
    assert results["ci95"][0] <= 0.25 <= results["ci95"][1]
    assert (results["unread"], results["strict_unread"]) == (2, 1)
    assert {"seed", "config_hash", "environment", "input"} <= results.keys()
    assert [line["id"] for line in graded] == [0, 1, 2, 3]
    assert graded[2]["official"] == {"value": None, "correct": False}
    assert graded[2]["strict"] == {"value": "A", "correct": True}
    assert graded[2]["trace"]["strict"] == {"rule": "answer statement", "span": [12, 13], "text": "A"}
    assert graded[0]["trace"]["official"] == {"rule": "Answer:([A-D])", "span": [7, 8], "text": "A"}
    assert graded[3]["trace"]["official"]["span"] is None


def test_a_given_extraction_is_graded_in_the_responses_place(tmp_path):
    results, graded = run(
        tmp_path, "geoqa", write(tmp_path / "in.jsonl", GEOQA), "--extraction-field", "note"
    )
    assert results["correct"] == 3
    assert graded[0]["official"]["value"] == "B"
    assert results["config"]["extraction_field"] == "note"


def test_a_table_is_printed_with_chance_beside_accuracy(tmp_path, capsys):
    run(tmp_path, "geoqa", write(tmp_path / "in.jsonl", GEOQA))
    table = capsys.readouterr().out
    assert "25.0 %" in table
    assert "chance" in table
    assert "50.0 %" in table


def test_grading_twice_gives_the_same_bytes(tmp_path):
    file = write(tmp_path / "in.jsonl", GEOQA)
    run(tmp_path, "geoqa", file)
    first = (tmp_path / "out" / "graded.jsonl").read_bytes(), (tmp_path / "out" / "results.json").read_bytes()
    run(tmp_path, "geoqa", file)
    assert first == (
        (tmp_path / "out" / "graded.jsonl").read_bytes(),
        (tmp_path / "out" / "results.json").read_bytes(),
    )


def test_repeated_ids_are_all_graded_and_counted(tmp_path):
    results, graded = run(tmp_path, "geoqa", write(tmp_path / "in.jsonl", GEOQA + GEOQA[:1]))
    assert (results["n"], len(graded), results["repeated_ids"]) == (5, 5, 1)


def test_unicode_and_lone_surrogates_survive(tmp_path):
    record = GEOQA[0] | {"response": "故选：A \ud800 ∠ABC\u2028"}
    _, graded = run(tmp_path, "geoqa", write(tmp_path / "in.jsonl", [record]))
    assert graded[0]["strict"]["value"] == "A"


def test_wemath_lines_keep_their_fields_and_groups(tmp_path):
    record = {"ID": "2steps_1", "option": "A. 1; B. 2; C. 3", "answer": "B", "response": "<Answer>: B"}
    keys = ("2steps_1", "2steps_2", "2steps_multi")
    results, graded = run(
        tmp_path, "wemath", write(tmp_path / "in.jsonl", [record | {"key": key} for key in keys])
    )
    assert [(line["id"], line["ID"], line["key"]) for line in graded] == [
        (f"2steps_1/{k}", "2steps_1", k) for k in keys
    ]
    assert {name: group["n"] for name, group in results["groups"].items()} == {"S1": 2, "S2": 1}
    assert results["groups"]["S2"]["chance"] == pytest.approx(1 / 3)
    assert results["four_dimensions"]["official"]["strict"]["CM"] == 1
    repeated = [record | {"key": "2steps_1"}] * 2
    assert "four_dimensions" not in run(tmp_path, "wemath", write(tmp_path / "in.jsonl", repeated))[0]


def test_errors_name_the_file_the_line_and_the_field(tmp_path, capsys):
    file = tmp_path / "in.jsonl"
    out = ("--out", tmp_path / "out")
    assert "did you mean geoqa" in failure(capsys, "geo-qa", file, *out)
    assert "does not exist" in failure(capsys, "geoqa", file, *out)
    file.write_text("\n\n")
    assert "holds no record" in failure(capsys, "geoqa", file, *out)
    file.write_text(json.dumps(GEOQA[0]) + '\n{"id": 1')
    assert "line 2: not JSON" in failure(capsys, "geoqa", file, *out)
    file.write_text("[1]\n")
    assert "line 1: is not an object" in failure(capsys, "geoqa", file, *out)
    write(file, [{"id": 1, "choices": {"A": "1"}, "response": "A"}])
    assert "line 1: lacks gold" in failure(capsys, "geoqa", file, *out)
    write(file, [{"id": 1, "choices": {"A": "1"}, "gold": "C", "response": "A"}])
    assert "record 1, field gold" in failure(capsys, "geoqa", file, *out)
    write(file, GEOQA)
    assert "no line has the field 'extracted'" in failure(
        capsys, "geoqa", file, *out, "--extraction-field", "extracted"
    )
    assert not (tmp_path / "out").exists(), "nothing is written unless everything was graded"


def test_a_line_without_a_response_stays_in_the_denominator(tmp_path):
    record = {name: value for name, value in GEOQA[0].items() if name != "response"}
    results, _ = run(tmp_path, "geoqa", write(tmp_path / "in.jsonl", [GEOQA[0], record]))
    assert (results["n"], results["accuracy"]) == (2, 0.5)
    assert len(read_records(tmp_path / "in.jsonl", find_benchmark("geoqa"), "response")) == 2


@needs_samples
def test_the_published_files_are_graded_as_they_are(tmp_path):
    results, _ = run(tmp_path, "geoqa", SAMPLES / "geoqa" / "gllava_first200.jsonl")
    assert (results["correct"], results["n"]) == (124, 200)
    results, _ = run(tmp_path, "wemath", SAMPLES / "wemath" / "responses_official.jsonl")
    assert (results["n"], results["four_dimensions"]["official"]["strict"]["n"]) == (200, 60)
    file = SAMPLES / "mathvista" / "gpt4_2shot_solution.jsonl"
    results, _ = run(tmp_path, "mathvista", file, "--extraction-field", "official_extraction")
    labels = [json.loads(line)["current_rule_true_false"] for line in file.read_text().splitlines()]
    assert results["correct"] == sum(labels)
    assert {name: group["n"] for name, group in results["groups"].items()} == {
        "GEO": 239,
        "ALG": 281,
        "GPS": 208,
    }
    assert results["strict_correct"] < results["correct"]


@pytest.mark.parametrize(
    ("benchmark", "record"),
    [
        ("geoqa", {**GEOQA[0], "gold": ["A"]}),
        ("synthetic", {"id": "a", "answer": {"kind": "number", "value": 3, "choices": 7}}),
        ("synthetic", {"id": "a", "answer": {"kind": "number", "value": 3}, "question_type": ["x"]}),
    ],
)
def test_a_field_of_another_type_is_an_error_that_names_the_line(tmp_path, capsys, benchmark, record):
    file = write(tmp_path / "a.jsonl", [{"question_type": "length", "response": "3", **record}])
    message = failure(capsys, benchmark, file, "--out", tmp_path / "out")
    assert "a.jsonl, line 1: " in message
    assert not (tmp_path / "out").exists()
