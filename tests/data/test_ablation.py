import json
from pathlib import Path
from typing import Any

import pytest

from data.ablation import main, read_table, words
from data.reporting.ablations import differences, every_seed, main_table, rows_table
from data.reporting.page import Sheet, markdown


def score(*seeds: float) -> dict[str, Any]:
    mean = sum(seeds) / len(seeds)
    spread = {"ci95": [mean - 0.02, mean + 0.02], "seeds": list(seeds)}
    return {"mean": mean, **spread, "n": 500, "chance": 1 / 11, "tie_rate": 0.0}


def row(hits: dict[str, Any], **more: Any) -> dict[str, Any]:
    entry = {
        "paper": {},
        "start": "",
        "objective": {"text": 1.0},
        "negatives": {"rule": None},
        "seeds": [0, 1],
    }
    costs = {"failed": {}, "seconds": 61.0, "samples_seen": 1100.0, "steps": 100.0, "folders": {}}
    return {**entry, **costs, "hit@1": hits, **more}


@pytest.fixture
def found() -> dict[str, Any]:
    failed = {"0": "step train lost failed with exit code 2; the end of x/step.log:\nwords\nerror: no memory"}
    nothing: dict[str, Any] = {
        "seconds": None,
        "samples_seen": None,
        "steps": None,
        "failed": failed,
        "seeds": [],
    }
    rows = {
        "original": row({"rule": score(0.5)}, objective={}, negatives={}, seeds=[0]),
        "rule|10 <b>": row({"rule": score(0.75, 0.25), "image": score(0.5, 0.5)}, paper={"MM-Math": 28.1}),
        "joint": row({"rule": score(0.5, 0.5)}, objective={"joint": 0.5, "image": 1.0}, start="original"),
        "lost": row({}, **nothing),
    }
    pair = {
        "a": "joint",
        "b": "original",
        "pool": "rule",
        "difference": 0.02,
        "n": 500,
        "seeds": [0.03, 0.01],
    }
    return {
        "table": "tiny",
        "title": "Tiny & small",
        "finding": "more is more",
        "note": "",
        "scale": "mini",
        "seeds": [0, 1],
        "baseline": "original",
        "rows": rows,
        "differences": [{**pair, "low": 0.01, "high": 0.03, "p": 0.01, "seeds": [0.03, 0.01]}],
        "notes": ["Row x asks for more."],
        "config": {"name": "tiny", "rows": {}},
        "environment": {"git": "abc"},
    }


def test_the_paper_stands_beside_our_scores(found: dict[str, Any]) -> None:
    sheet = main_table(found)
    assert sheet.head == ("row", "rule", "image", "paper: MM-Math")
    assert sheet.rows[1] == ("rule|10 <b>", "50.0 [48.0, 52.0]", "50.0 [48.0, 52.0]", "28.1")
    assert sheet.rows[3] == ("lost", "–", "–", "–")


def test_seeds_are_told_with_their_spread(found: dict[str, Any]) -> None:
    rows = every_seed(found).rows
    assert rows[0][:4] == ("original", "rule", "50.0", "–")
    # The standard deviation of 75 and 25 with n - 1 is 50 / sqrt(2).
    assert rows[1][:4] == ("rule|10 <b>", "rule", "75.0, 25.0", "35.4")


def test_differences_say_whether_zero_is_outside(found: dict[str, Any]) -> None:
    expected = ("joint − original", "rule", "+2.0", "+1.0 to +3.0", "+3.0, +1.0", "500", "yes")
    assert differences(found).rows == (expected,)


def test_what_a_row_is_and_costs(found: dict[str, Any]) -> None:
    rows = rows_table(found).rows
    assert rows[0][1:4] == ("none", "–", "–")
    assert rows[1] == ("rule|10 <b>", "text", "rule all", "–", "100", "1,100", "1:01", "2 of 2")
    assert rows[2][1:4] == ("0.5 joint + image", "rule all", "original")
    assert rows[3][4:] == ("–", "–", "–", "0 of 2")


def test_a_lost_row_is_told_with_its_reason(found: dict[str, Any]) -> None:
    expected = "Not complete: row lost, seed 0. step train lost failed with exit code 2: error: no memory"
    assert expected in words(found)
    assert "Row x asks for more." in words(found)


def test_both_pages_are_written_and_escape_what_they_show(found: dict[str, Any], tmp_path: Path) -> None:
    (tmp_path / "results.json").write_text(json.dumps(found))
    main([str(tmp_path)])
    text, page = (tmp_path / "table.md").read_text(), (tmp_path / "report.html").read_text()
    assert text.startswith("# Tiny & small\n")
    assert "| rule\\|10 <b> | 50.0 [48.0, 52.0] |" in text
    assert "rule|10 &lt;b&gt;" in page
    assert "<b>" not in page.replace("<b>A</b>", "").replace("<b>B</b>", "").replace("<b>C</b>", "").replace(
        "<b>D</b>", ""
    )
    assert page.count("<svg") > 2


def test_a_table_without_any_complete_row_is_written(found: dict[str, Any], tmp_path: Path) -> None:
    found |= {"rows": {"lost": found["rows"]["lost"]}, "differences": [], "baseline": "lost"}
    (tmp_path / "results.json").write_text(json.dumps(found))
    main([str(tmp_path)])
    assert "No row is complete yet." in (tmp_path / "report.html").read_text()


@pytest.mark.parametrize(
    ("content", "message"),
    [(None, "does not exist"), ("{", "is not valid JSON"), ('{"encoders": {}}', "is not the table of an")],
)
def test_what_is_no_table_is_refused(content: str | None, message: str, tmp_path: Path) -> None:
    if content is not None:
        (tmp_path / "results.json").write_text(content)
    with pytest.raises((ValueError, OSError), match=message):
        read_table(tmp_path)


def test_cells_do_not_break_a_markdown_table() -> None:
    sheet = Sheet("T", ("a", "b"), "lr", (("x|y", "1\n2"),))
    assert markdown(sheet) == "**T**\n\n| a | b |\n|---|---:|\n| x\\|y | 1 2 |"
