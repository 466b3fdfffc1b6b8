"""Texts of shards and of files of records, by the name of a field."""

import json

import pytest

from data.texts import read_texts


def save(path, records):
    lines = path.suffix == ".jsonl"
    path.write_text("\n".join(map(json.dumps, records)) if lines else json.dumps(records))
    return str(path)


def test_fields_of_records(tmp_path):
    records = [{"question": "What? ", "turns": [{"value": "first"}], "negatives": ["a", "b"]}] * 2
    for name in ("r.json", "r.jsonl"):
        path = save(tmp_path / name, records)
        assert read_texts([path], "question", max_refused=0).texts == ["What?"] * 2
        assert read_texts([path], "turns.0.value", max_refused=0).texts == ["first"] * 2
        assert read_texts([path], "negatives", max_refused=0).texts == ["a", "b", "a", "b"]
    assert read_texts([path], "negatives", max_refused=0).names[:2] == ["r.jsonl:1#0", "r.jsonl:1#1"]


def test_an_object_of_records_by_id(tmp_path):
    path = save(tmp_path / "testmini.json", {"1": {"question": "one"}, "2": {"question": "two"}})
    found = read_texts([path], "question", max_refused=0)
    assert (found.names, found.texts) == (["testmini.json[1]", "testmini.json[2]"], ["one", "two"])


def test_fields_of_shards(tmp_path, sample, write):
    ask = {"role": "user", "content": [{"type": "image"}, {"type": "text", "text": "What is AB?"}]}
    answer = {"role": "assistant", "content": [{"type": "text", "text": "5"}]}
    folder = str(write(tmp_path / "s", [sample(i, texts=i, messages=[ask, answer]) for i in range(3)]))
    assert read_texts([folder], "caption", max_refused=0).texts[1] == "Figure 1 shows △ABC, where AB = 1."
    assert read_texts([folder], "question", max_refused=0).texts == ["What is AB?"] * 3
    rule = read_texts([folder], "rule", max_refused=0)
    assert rule.texts == ["Not figure 1.0", "Not figure 2.0", "Not figure 2.1"]
    assert rule.names == ["s/000001", "s/000002#0", "s/000002#1"]


def test_records_without_the_text_are_named_and_limited(tmp_path):
    path = save(tmp_path / "r.json", [{"q": "one"}, {"q": " "}, {"q": 5}, {"q": ["x", None]}])
    found = read_texts([path], "q", max_refused=3)
    assert (found.texts, found.refused) == (["one"], ["r.json[1]", "r.json[2]", "r.json[3]"])
    with pytest.raises(ValueError, match=r"3 records have no text in field 'q' \(r.json\[1\], r.json"):
        read_texts([path], "q", max_refused=2)


def test_what_is_left_out_is_told_and_half_a_surrogate_pair_is_no_text(tmp_path, capsys):
    path = save(tmp_path / "r.jsonl", [{"q": "one"}, {"q": "\ud800"}, {"q": "😀"}, {"q": ["a", "\udfff"]}])
    found = read_texts([path], "q", max_refused=2)
    assert (found.texts, found.refused) == (["one", "😀"], ["r.jsonl:2", "r.jsonl:4"])
    said = " ".join(capsys.readouterr().err.split())
    assert "2 records without text in field 'q' are left out: r.jsonl:2, r.jsonl:4" in said


def test_wrong_fields_and_files_are_clear_errors(tmp_path, folder):
    path = save(tmp_path / "r.json", [{"question": "x", "id": 1}])
    empty = save(tmp_path / "none.json", [])
    broken = tmp_path / "broken.json"
    broken.write_text("[{")
    (tmp_path / "dir").mkdir()
    for given, name, message in (
        (path, "text", "r.json: no text in field 'text'; its first record has question, id"),
        (empty, "text", "it holds no record"),
        (str(broken), "text", "broken.json is not valid JSON"),
        (str(folder), "question", "no text in field 'question'; a shard has caption, question"),
        (str(folder), "answer", "'answer' is none"),
        (str(tmp_path / "no.json"), "text", "no.json does not exist"),
        (str(tmp_path / "dir"), "text", "folder without index.json"),
    ):
        with pytest.raises(ValueError, match=message):
            read_texts([given], name, max_refused=0)
