"""The card: every number of it can be counted by hand."""

import json
import os
from concurrent.futures import ThreadPoolExecutor

import pytest

from data.card import main, rejected, up_to_date, write_card
from data.index import INDEX
from data.reporting.datacard import card_sheets
from data.reporting.page import terminal
from data.sample import Edit, Negative
from data.tokenizer import train_tokenizer

EVIL = '<script>alert(1)</script>" onload="x'


def card_of(folders, out, tower=""):
    with ThreadPoolExecutor(2) as pool:
        return write_card([*folders], out, str(tower), pool)


def sheets(card):
    return {sheet.title: sheet for sheet in card_sheets(card)}


@pytest.fixture
def samples(sample):
    """Two samples with one to four edits, and one without negatives."""
    edits = tuple(Edit(name, "a", "b") for name in ("letters", "number", "letters", "drop"))
    negatives = (
        Negative("rule", "One two three.", None, edits[:1], "false", 1.0),
        Negative("rule", "One two.", None, edits, "false", 1.0),
        Negative("retrieval", "Other."),
        Negative("image", None, "neg00.png", edits[1:2], "false", 1.0),
    )
    square = {"template": "square", "question_type": "shape"}
    return [
        sample(0, caption="One two four.", negatives=negatives, meta=square, licence="MIT", split="test"),
        sample(1, caption="One two four five.", negatives=negatives[:1], meta=square, split="test"),
        sample(2, caption="Six.", negatives=(), messages=({"role": "user", "content": "?"},), source=""),
    ]


def test_contents_and_balance_are_counted(samples, write, tmp_path):
    card = card_of([write(tmp_path / "a", samples[:2]), write(tmp_path / "b", samples[2:])], tmp_path)
    assert (card["samples"], card["unreadable"]) == (3, 0)
    assert card["splits"] == {"test": 2, "train": 1}
    assert card["templates"] == {"square": 2, "none": 1}
    assert card["questions"] == {"shape": 2, "unnamed": 1}
    assert card["sources"] == {"test": 2, "not given": 1}
    assert card["licences"] == {"not given": 2, "MIT": 1}
    assert card["negatives_per_sample"] == {"count": 3, "mean": 1.67, "median": 1, "p95": 4, "max": 4}
    rule = card["negatives"]["rule"]
    assert (rule["count"], rule["verdicts"], rule["edits"]) == (3, {"false": 3}, {"1": 2, "4": 1})
    assert rule["operators"] == {"letters": 3, "drop": 1, "number": 1}  # of each once per negative
    assert card["negatives"]["image"]["operators"] == {"number": 1}
    retrieval = card["negatives"]["retrieval"]
    assert (retrieval["operators"], retrieval["verdicts"]) == ({"no edit": 1}, {"unverified": 1})
    assert dict(zip(sheets(card)["Operators"].head, sheets(card)["Operators"].rows[0], strict=True)) == {
        "operator": "drop",
        "image, % of negatives": "–",
        "rule, % of negatives": "1 (33.3)",
        "retrieval, % of negatives": "–",
    }


def test_lengths_without_a_tower_are_words(samples, write, tmp_path):
    lengths = card_of([write(tmp_path / "a", samples)], tmp_path)["lengths"]
    assert (lengths["unit"], lengths["window"], lengths["tower"]) == ("words", None, None)
    assert lengths["texts"]["caption"] == {
        "count": 3,
        "mean": 2.67,
        "median": 3,
        "p95": 4,
        "max": 4,
        "counts": {"1": 1, "3": 1, "4": 1},
    }
    rule = lengths["texts"]["rule"]
    assert rule["counts"] == {"2": 1, "3": 2}
    assert not rule.keys() & {"edited_words", "over_window"}


def test_what_a_window_cuts_off(sample, write, tmp_path):
    tower = tmp_path / "tower"
    train_tokenizer(["ABCDEF"], tower, 300)
    path = tower / "tokenizer_config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "model_max_length": 7}))
    texts = ["AB CD EX", "AX CD EF", "AB"]  # 10, 10 and 4 tokens, of which five letters and blanks are read
    negatives = tuple(Negative("rule", text) for text in texts)
    card = card_of(
        [write(tmp_path / "a", [sample(0, caption="AB CD EF", negatives=negatives)])], tmp_path, tower
    )
    texts = card["lengths"]["texts"]
    assert (card["lengths"]["window"], texts["caption"]["over_window"]) == (7, 1)
    rule = texts["rule"]
    assert (rule["count"], rule["over_window"]) == (3, 2)
    assert (rule["edited_words"], rule["edited_words_beyond"]) == (2, 1)  # EX and AX, of which EX is not read
    assert (rule["with_edited_word_beyond"], rule["same_as_caption_within"]) == (1, 1)
    (row,) = [
        row for row in sheets(card)["Beyond the window of 7 tokens, in percent"].rows if "rule" in row[0]
    ]
    assert row == ("rule negatives", "66.7", "50.0", "33.3", "33.3")


def test_rejection_rates_are_of_what_was_tried():
    indices = [
        {
            "samples": samples,
            "counts": {"kinds": {"rule": 10, "image": 20, "retrieval": 30}},
            "rejected": {
                "scene: too close": 5,
                "edit: stays true": 20,
                "edit: repeat": 10,
                "retrieval: true": 20,
            },
        }
        for samples in (3, 2)
    ]
    found = rejected(indices)
    assert found["scenes"] == {"accepted": 5, "rejected": 10, "rate": 10 / 15, "reasons": {"too close": 10}}
    assert found["edits"]["rate"] == 60 / 120
    assert found["edits"]["reasons"] == {"stays true": 40, "repeat": 20}
    assert found["retrieved captions"]["rate"] == 40 / 100
    foreign = rejected(
        [{"samples": 9, "rejected": {"id appears twice": 1}}, {"samples": 0, "rejected": None}]
    )
    assert foreign == {
        "records": {"accepted": 9, "rejected": 1, "rate": 0.1, "reasons": {"id appears twice": 1}}
    }


def test_where_the_data_come_from_is_told(samples, write, tmp_path):
    card = card_of([write(tmp_path / "a", samples, seed=7)], tmp_path)
    (shards,) = card["shards"]
    index = json.loads((tmp_path / "a" / INDEX).read_text())
    assert (shards["seed"], shards["files"]) == (7, 1)
    assert shards["command"] == index["command"]
    assert shards["versions"]["numpy"]
    told = "".join(cell for row in sheets(card)["Origin"].rows for cell in row)
    assert index["command"] in told


def test_a_card_of_an_older_index_says_what_is_not_recorded(samples, write, tmp_path):
    folder = write(tmp_path / "a", samples)
    index = json.loads((folder / INDEX).read_text())
    for key in ("command", "versions", "git_revision", "counts", "recipe"):
        index.pop(key, None)
    (folder / INDEX).write_text(json.dumps(index))
    card = card_of([folder], tmp_path)
    assert [row[1] for row in sheets(card)["Origin"].rows][-2:] == ["not recorded", "not recorded"]
    assert "Versions" not in sheets(card)


def test_a_set_without_negatives_has_a_card(sample, write, tmp_path):
    card = card_of([write(tmp_path / "a", [sample(0, negatives=())])], tmp_path)
    assert card["negatives"] == {}
    assert "The samples have no negatives." in (tmp_path / "card.html").read_text()
    assert "Operators" not in sheets(card)


def test_hostile_text_stays_text(sample, write, tmp_path):
    negatives = (Negative("rule", EVIL, None, (Edit(EVIL, EVIL, EVIL),)),)
    fields = {
        "meta": {"template": EVIL, "question_type": EVIL},
        "source": EVIL,
        "licence": EVIL,
        "split": EVIL,
    }
    fields |= {"messages": ({"role": EVIL, "content": EVIL},), "answer": {"kind": EVIL, "value": EVIL}}
    shards = write(
        tmp_path / "<b>a", [sample(0, negatives=negatives, **fields)], rejected={EVIL: 3}, seed=EVIL
    )
    card = card_of([shards], tmp_path)
    page = (tmp_path / "card.html").read_text()
    assert "<script" not in page
    assert "<b>a" not in page
    assert 'onload="' not in page
    assert page.count("alert(1)") >= 8
    assert [terminal(sheet) for sheet in card_sheets(card)]


def test_the_card_does_not_depend_on_the_workers(samples, write, tmp_path, monkeypatch):
    folder = write(tmp_path / "a", samples)
    whole = card_of([folder], tmp_path)
    monkeypatch.setattr("data.card.CHUNK", 1)
    assert card_of([folder], tmp_path) == whole
    assert json.loads((tmp_path / "card.json").read_text()) == whole


def test_a_card_is_out_of_date_when_shards_are_newer(samples, write, tmp_path):
    folder = write(tmp_path / "a", samples)
    assert not up_to_date([folder], tmp_path)
    card_of([folder], tmp_path)
    assert up_to_date([folder], tmp_path)
    later = (tmp_path / "card.json").stat().st_mtime + 5
    os.utime(folder / INDEX, (later, later))
    assert not up_to_date([folder], tmp_path)


def test_the_command_prints_and_writes_the_card(samples, write, tmp_path, capsys):
    write(tmp_path / "set" / "train", samples)
    main([str(tmp_path / "set"), "workers=1"])
    assert "Operators" in capsys.readouterr().err
    assert json.loads((tmp_path / "set" / "card.json").read_text())["samples"] == 3
    for argv, message in (
        ([], "name one shard folder"),
        ([str(tmp_path / "set"), str(tmp_path / "set")], "out=FOLDER"),
        ([str(tmp_path)], "has no index.json"),
        ([str(tmp_path / "set"), "tower=nowhere"], "tower=nowhere is no folder"),
    ):
        with pytest.raises(SystemExit) as error:
            main(argv)
        assert error.value.code == 2
        assert message in capsys.readouterr().err
