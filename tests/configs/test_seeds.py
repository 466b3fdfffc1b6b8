import json
from pathlib import Path

import pytest

from configs.load import ConfigError, load_config
from configs.seeds import SeedsConfig, compare, read_hits, report

POOL = {"keys": ["a", "b", "c", "d"], "tied": [False] * 4, "negatives": [10] * 4}


def leave_run(run: Path, ahead: dict[str, list[int]], right: dict[str, list[bool]]) -> Path:
    """Write what a demo run leaves and the comparison reads: hits of encoders, graded answers of LMMs."""
    folders = {name: str(run / "encoders" / name / "export" / "clip") for name in ahead}
    folders["start"] = "geoclip/mini"
    models = {folders[name]: {"rule": {**POOL, "ahead": rows}} for name, rows in ahead.items()}
    (run / "retrieval").mkdir(parents=True)
    (run / "retrieval" / "hits.json").write_text(json.dumps({"models": models}))
    settings = {"config": {"out": str(run), "warmstart": folders["start"]}}
    (run / "results.json").write_text(json.dumps({"lmms": dict.fromkeys(right), "settings": settings}))
    labels = {f"{name}-sft-export": None for name in right}
    (run / "answers").mkdir()
    (run / "answers" / "results.json").write_text(json.dumps({"models": labels}))
    for name, hits in right.items():
        lines = [{"id": f"q{i}", "official": {"value": "1", "correct": hit}} for i, hit in enumerate(hits)]
        folder = run / "answers" / f"{name}-sft-export"
        folder.mkdir()
        (folder / "graded.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    return run


@pytest.fixture
def runs(tmp_path: Path) -> list[Path]:
    """B hits 3 of 4 and 2 of 4, A 1 of 4 in both; the LMM on B answers 2 of 2, on A 0 and 1 of 2."""
    first = {"A": [0, 1, 1, 2], "B": [0, 0, 0, 3], "start": [0, 0, 1, 1]}
    second = {"A": [0, 1, 1, 2], "B": [0, 0, 1, 3], "start": [0, 0, 1, 1]}
    return [
        leave_run(tmp_path / "seed-0", first, {"A": [False, False], "B": [True, True]}),
        leave_run(tmp_path / "seed-1", second, {"A": [False, True], "B": [True, True]}),
    ]


def test_hits_of_the_seeds_are_averaged_per_sample_and_compared_in_pairs(runs: list[Path]) -> None:
    found = compare([read_hits(run) for run in runs])
    assert found["systems"]["B"]["rule"]["mean"] == pytest.approx((3 + 2) / 8)
    assert found["systems"]["B"]["rule"]["seeds"] == [0.75, 0.5]
    assert found["systems"]["start"]["rule"]["mean"] == 0.5
    by_pair = {(d["a"], d["b"], d["pool"]): d for d in found["differences"]}
    rule = by_pair["B", "A", "rule"]
    assert rule["difference"] == pytest.approx(5 / 8 - 1 / 4)
    assert rule["seeds"] == [0.5, 0.25]
    assert rule["low"] < rule["difference"] < rule["high"]
    assert by_pair["B", "A", "answers"]["difference"] == pytest.approx(1 - 1 / 4)
    assert ("B", "C", "rule") not in by_pair


def test_the_report_tells_every_seed(runs: list[Path]) -> None:
    page = report(
        compare([read_hits(run) for run in runs]), [0, 1], {"git": "abc", "cores": 2, "cpu": "some CPU"}
    )
    assert "| B |  |  | 62.5 (75.0, 50.0) |  | 100.0 (100.0, 100.0) |" in page
    assert "| B − A | rule | +37.5 |" in page
    assert "| +50.0, +25.0 |" in page


@pytest.mark.parametrize("seeds", ["[]", "[1,1]"])
def test_no_seed_or_one_seed_twice_is_refused(seeds: str) -> None:
    with pytest.raises(ConfigError, match="one or more different seeds"):
        load_config(SeedsConfig, ["out=x", "warmstart=x", "language=x", f"seeds={seeds}"])
