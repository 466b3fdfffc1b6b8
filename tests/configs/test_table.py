"""What a table makes of the files that its steps left; the files are written here by hand."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from configs.ablations import AblationConfig
from configs.load import load_config
from configs.plan import Cell, Plan, plan
from configs.steps import MARK
from configs.table import gather

KEYS = ["k0", "k1", "k2", "k3"]
START = {"train": None}
RANDOM = {"train": ["objective.in_batch=1", "negatives.rule=0", "negatives.retrieval=0", "negatives.image=0"]}
RULE = {"train": ["objective.text=1", "negatives.rule=4", "negatives.retrieval=0", "negatives.image=0"]}
ROWS: dict[str, Any] = {"start": START, "a": RANDOM, "b": {**RULE, "start": "a", "paper": {"MM-Math": 28.1}}}
AHEAD = {
    ("start", 0): [1, 1, 0, 0],
    ("a", 0): [0, 1, 1, 2],
    ("a", 1): [0, 0, 1, 2],
    ("b", 0): [0, 0, 0, 3],
    ("b", 1): [0, 0, 1, 3],
}


def config(steps: Path, *more: str, rows: dict[str, Any] = ROWS) -> AblationConfig:
    scale = {
        "start": "geoclip/mini",
        "data": ["configs/demo/data.yaml", "splits.train=40", "splits.test=4"],
        "train": ["configs/demo/encoder.yaml", "trainer.max_steps=2"],
    }
    values = {"name": "tiny", "title": "Tiny", "baseline": "a", "rows": rows, "scales": {"mini": scale}}
    words = [f"{key}={json.dumps(value)}" for key, value in values.items()]
    return load_config(AblationConfig, [*words, f"steps={steps}", "seeds=2", *more])


def leave(folder: Path, **files: Any) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / f"{name}.json").write_text(json.dumps(content))


def leave_scores(cell: Cell, ahead: list[int]) -> None:
    rows = {"keys": KEYS, "ahead": ahead, "tied": [False] * 4, "negatives": [4] * 4}
    empty: dict[str, Any] = {"keys": [], "ahead": [], "tied": [], "negatives": []}
    entry = {"chance": {"hit@1": 0.2}, "tie_rate": 0.25, "n": 4}
    pools = {"rule": entry, "random": {"n": 0, "left_out": 4}}
    models = {"any": {"pools": pools, "skipped": {"n": 1, "first": ["k9"]}}}
    hits = {"models": {"any": {"rule": rows, "random": empty}}}
    leave(cell.evaluation.out, hits=hits, results={"models": models})


@pytest.fixture
def made(tmp_path: Path, project: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[AblationConfig, Plan]:
    """All steps of a table with two trained rows over two seeds, as if they had been run."""
    monkeypatch.chdir(project)
    cfg = config(tmp_path)
    found = plan(cfg)
    for name, cells in found.cells.items():
        for cell in cells:
            leave_scores(cell, AHEAD[name, cell.seed])
            index = {"samples": 40, "counts": {"kinds": {"rule": 120, "image": 400}}}
            leave(cell.data.out / "train", index=index)
            for i, training in enumerate(cell.trainings):
                spent = {"seconds": 10.0 + i + cell.seed, "samples_seen": 22, "steps": 2}
                leave(training.out, results=spent)
    for step in found.steps:
        (step.out / MARK).write_text(json.dumps({"key": step.key, "git": "abc", "seconds": 1.0}))
    return cfg, found


def test_scores_are_means_over_samples_and_seeds(made: tuple[AblationConfig, Plan]) -> None:
    rows = gather(*made, {})["rows"]
    a, b, start = (rows[name]["hit@1"]["rule"] for name in ("a", "b", "start"))
    assert a["mean"] == pytest.approx((1 + 2) / 8)
    assert a["seeds"] == [0.25, 0.5]
    assert b["mean"] == pytest.approx((3 + 2) / 8)
    assert start["mean"] == 0.5
    assert start["seeds"] == [0.5]
    assert (b["chance"], b["tie_rate"], b["n"]) == (0.2, 0.25, 4)
    assert b["ci95"][0] <= b["mean"] <= b["ci95"][1]
    assert "random" not in rows["a"]["hit@1"]


def test_a_row_costs_what_it_and_those_before_it_cost(made: tuple[AblationConfig, Plan]) -> None:
    rows = gather(*made, {})["rows"]
    assert rows["start"]["seconds"] == 0
    assert rows["a"]["seconds"] == pytest.approx((10 + 11) / 2)
    assert rows["b"]["seconds"] == pytest.approx((10 + 11 + 11 + 12) / 2)
    assert rows["b"]["samples_seen"] == 44
    assert rows["a"]["negatives"] == {"random": 10}
    assert rows["b"]["negatives"] == {"rule": 4}


def test_rows_are_compared_seed_by_seed_and_with_the_untrained_one(made: tuple[AblationConfig, Plan]) -> None:
    found = {(d["a"], d["b"]): d for d in gather(*made, {})["differences"]}
    assert found.keys() == {("start", "a"), ("b", "a")}
    assert found["b", "a"]["difference"] == pytest.approx(5 / 8 - 3 / 8)
    assert found["b", "a"]["seeds"] == [0.5, 0.0]
    assert found["start", "a"]["difference"] == pytest.approx(1 / 2 - 3 / 8)
    assert found["start", "a"]["seeds"] == [0.25, 0.0]


def test_too_few_negatives_and_skipped_samples_are_told(made: tuple[AblationConfig, Plan]) -> None:
    notes = gather(*made, {})["notes"]
    assert "Row b asks for 4 rule negatives; its samples have 3.0 on average." in notes
    assert "Row a: 1 test samples could not be used and were left out." in notes
    assert not any("revision" in note for note in notes)


def test_steps_of_several_revisions_are_told(made: tuple[AblationConfig, Plan]) -> None:
    step = made[1].steps[-1]
    (step.out / MARK).write_text(json.dumps({"key": step.key, "git": "def", "seconds": 1.0}))
    assert any("different revisions of the code: abc, def" in note for note in gather(*made, {})["notes"])


def test_a_failed_seed_is_left_out_and_a_row_without_any_has_no_score(
    made: tuple[AblationConfig, Plan],
) -> None:
    cfg, found = made
    lost = found.cells["b"][0].evaluation.key
    table = gather(cfg, found, {lost: "step train b failed"})
    assert table["rows"]["b"]["hit@1"]["rule"]["seeds"] == [0.5]
    assert table["rows"]["b"]["failed"] == {"0": "step train b failed"}
    assert [d["seeds"] for d in table["differences"] if d["a"] == "b"] == [[0.0]]
    lost_all = {cell.evaluation.key: "why" for cell in found.cells["a"]}
    table = gather(cfg, found, lost_all)
    assert table["rows"]["a"]["hit@1"] == {}
    assert table["differences"] == []


def test_a_row_may_show_the_scores_of_disturbed_pictures(tmp_path: Path, project: Path, monkeypatch) -> None:
    monkeypatch.chdir(project)
    rows = {"a": {"train": None}, "turned": {"train": None, "disturbed": "turned by 30°"}}
    cfg = config(tmp_path, rows=rows)
    found = plan(cfg)
    (cell,) = found.cells["a"]
    assert found.cells["turned"] == [cell]
    leave_scores(cell, [0, 0, 0, 1])
    with pytest.raises(
        ValueError, match=r"rows.turned.disturbed='turned by 30°' was not measured; there is: no"
    ):
        gather(cfg, found, {})
    hits, results = (json.loads((cell.evaluation.out / f"{n}.json").read_text()) for n in ("hits", "results"))
    turned = {"rule": {**hits["models"]["any"]["rule"], "ahead": [0, 1, 1, 1]}}
    entry = {"name": "turned by 30°", "pools": {"rule": {"chance": {"hit@1": 0.3}, "tie_rate": 0.5}}}
    leave(cell.evaluation.out, hits={**hits, "disturbed": {"turned by 30°": {"any": turned}}})
    leave(cell.evaluation.out, results={**results, "disturbances": [entry]})
    table = gather(cfg, found, {})
    assert table["rows"]["a"]["hit@1"]["rule"]["mean"] == 0.75
    assert table["rows"]["turned"]["hit@1"]["rule"]["mean"] == 0.25
    assert table["rows"]["turned"]["hit@1"]["rule"]["tie_rate"] == 0.5
    assert [d["difference"] for d in table["differences"]] == [-0.5]


TINY = """
name: tiny
title: Tiny
baseline: original
train: [negatives.rule=0, negatives.retrieval=0, negatives.image=0]
rows:
  original: {train: null}
  rule: {train: [objective.text=1, negatives.rule=4], paper: {MM-Math: 28.1}}
  broken: {train: [objective.text=1, negatives.rule=4, optim.lr=1e30]}
  rule+: {start: rule, train: [objective.in_batch=1]}
scales:
  mini:
    data: [configs/demo/data.yaml, splits.train=24, splits.test=12]
    train: [configs/demo/encoder.yaml, trainer.max_steps=2]
"""


@pytest.mark.slow
def test_a_tiny_table_end_to_end(tmp_path: Path, project: Path) -> None:
    """One row breaks while it trains; the table of the others is there, and nothing is run twice."""
    (tmp_path / "tiny.yaml").write_text(TINY)
    words = [sys.executable, "-m", "configs.ablate", str(tmp_path / "tiny.yaml"), "seeds=1"]
    words += [f"out={tmp_path / 'out'}", f"steps={tmp_path / 'steps'}"]
    first = subprocess.run(words, cwd=project, capture_output=True, text=True)
    assert first.returncode == 2, first.stderr
    assert "1 of 4 runs are not complete (broken, seed 0)" in " ".join(first.stderr.split())
    found = json.loads((tmp_path / "out" / "results.json").read_text())
    assert found["rows"]["rule"]["hit@1"]["rule"]["n"] == 12
    assert found["rows"]["rule+"]["samples_seen"] == 44
    assert found["rows"]["broken"]["hit@1"] == {}
    assert "| rule |" in (tmp_path / "out" / "table.md").read_text()
    assert "<svg" in (tmp_path / "out" / "report.html").read_text()
    second = subprocess.run(words, cwd=project, capture_output=True, text=True)
    assert second.stderr.count("done before") == 6
    again = json.loads((tmp_path / "out" / "results.json").read_text())
    for name in ("original", "rule", "rule+"):
        assert again["rows"][name] == found["rows"][name]
