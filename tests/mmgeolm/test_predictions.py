"""Stored answers survive a kill at any byte, and never mix two setups."""

import json

import pytest

from mmgeolm import predictions
from mmgeolm.benchmarks.base import Question

RECORDS = [{"id": f"q{i}", "response": f"Answer: {'∠' * i}"} for i in range(4)]
IDS = [record["id"] for record in RECORDS]


def test_answers_come_back_by_id(tmp_path):
    predictions.append(tmp_path, RECORDS[:2])
    predictions.append(tmp_path, RECORDS[2:])
    assert predictions.load(tmp_path, IDS) == {record["id"]: record for record in RECORDS}
    assert predictions.load(tmp_path / "nothing", IDS) == {}


def test_a_file_cut_at_any_byte_loses_only_its_last_line(tmp_path):
    predictions.append(tmp_path, RECORDS)
    path = tmp_path / predictions.PREDICTIONS
    whole = path.read_bytes()
    for size in (*range(0, len(whole), 7), len(whole) - 1, len(whole)):
        path.write_bytes(whole[:size])
        complete = whole[:size].count(b"\n")
        assert list(predictions.load(tmp_path, IDS)) == IDS[:complete]
        assert path.read_bytes() == b"".join(whole.splitlines(keepends=True)[:complete])


def test_lines_that_hold_an_error_are_asked_again(tmp_path):
    predictions.append(tmp_path, [RECORDS[0], {"id": "q1", "response": None, "error": "no picture"}])
    assert list(predictions.load(tmp_path, IDS)) == ["q0"]
    assert (tmp_path / predictions.PREDICTIONS).read_text().count("\n") == 1


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{torn", "line 1: not JSON"),
        ('{"id": "other", "response": ""}', "line 1: not an answer to this benchmark"),
        ('{"id": "q0"}', "line 1: not an answer"),
        ("[]", "line 1: not an answer"),
    ],
)
def test_a_damaged_line_in_the_middle_is_an_error(tmp_path, line, message):
    (tmp_path / predictions.PREDICTIONS).write_text(f"{line}\n" + predictions.to_line(RECORDS[1]))
    with pytest.raises(ValueError, match=message):
        predictions.load(tmp_path, IDS)


def test_a_folder_keeps_one_setup(tmp_path):
    predictions.claim(tmp_path, {"model": "a", "max_new_tokens": 8})
    predictions.claim(tmp_path, {"model": "a", "max_new_tokens": 8})
    with pytest.raises(ValueError, match=r"model 'a' -> 'b'.*choose another out"):
        predictions.claim(tmp_path, {"model": "b", "max_new_tokens": 8})
    (tmp_path / predictions.SETUP).write_text("{")
    with pytest.raises(ValueError, match="not valid JSON"):
        predictions.claim(tmp_path, {"model": "a"})
    (tmp_path / predictions.SETUP).unlink()
    predictions.append(tmp_path, RECORDS)
    with pytest.raises(ValueError, match=r"but no setup\.json"):
        predictions.claim(tmp_path, {"model": "a"})


def test_a_fingerprint_sees_other_weights_and_not_the_place(tmp_path):
    for name, byte in (("a", b"1"), ("b", b"1"), ("c", b"2")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "model.safetensors").write_bytes(b"0" * 200_000 + byte)
    prints = [predictions.fingerprint(tmp_path / name) for name in "abc"]
    assert prints[0] == prints[1] != prints[2]


def test_the_questions_hash_sees_prompts_and_answers():
    def of(prompt, answer):
        return predictions.questions_hash([Question("q", prompt, list, {"answer": answer})])

    assert of("a", 1) == of("a", 1)
    assert len({of("a", 1), of("b", 1), of("a", 2)}) == 3


def test_a_line_is_ascii_whatever_the_answer(tmp_path):
    line = predictions.to_line({"id": "q", "response": "∠ \ud800 \u2028 \n"})
    assert line.isascii()
    assert line.count("\n") == 1
    assert json.loads(line)["response"] == "∠ \ud800 \u2028 \n"
