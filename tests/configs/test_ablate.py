"""The plan of a table and the running of its steps; commands are replaced where a test says so."""

import json
import os
import shlex
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from configs.ablate import listing
from configs.ablations import AblationConfig
from configs.load import ConfigError, load_config
from configs.plan import Plan, plan
from configs.steps import LOG, MARK, Step, mark, run_steps

SCALE = {
    "start": "geoclip/mini",
    "data": ["configs/demo/data.yaml", "splits.train=40", "splits.test=10"],
    "train": ["configs/demo/encoder.yaml", "trainer.max_steps=2"],
}
TABLE = {"name": "tiny", "title": "Tiny", "baseline": "a", "scales": {"mini": SCALE}}
IN_BATCH = ["objective.in_batch=1", "negatives.rule=0", "negatives.retrieval=0", "negatives.image=0"]
RULE = ["objective.text=1", "negatives.rule=4", "negatives.retrieval=0", "negatives.image=0"]
TABLES = sorted((Path(__file__).parents[2] / "configs" / "ablations").glob("*.yaml"))


@pytest.fixture(autouse=True)
def _in_the_project(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(project)


def table(rows: dict, *more: str, **options) -> AblationConfig:
    values = {**TABLE, "rows": rows, **options}
    return load_config(AblationConfig, [*(f"{k}={json.dumps(v)}" for k, v in values.items()), *more])


def whats(found: Plan) -> list[str]:
    return [step.what for step in found.steps]


def test_rows_share_data_trainings_and_scores_that_are_equal() -> None:
    rows = {"start": {"train": None}, "a": {"train": IN_BATCH}, "same": {"train": IN_BATCH[::-1]}}
    rows["b"] = {"train": RULE}
    found = plan(table(rows, "seeds=2"))
    assert whats(found) == [
        "shards",
        "score start",
        *("train a, seed 0", "score a, seed 0", "train a, seed 1", "score a, seed 1"),
        *("train b, seed 0", "score b, seed 0", "train b, seed 1", "score b, seed 1"),
    ]
    assert [c.evaluation for c in found.cells["a"]] == [c.evaluation for c in found.cells["same"]]
    assert len(found.cells["start"]) == 1


def test_a_row_goes_on_from_the_training_of_another_with_the_same_seed() -> None:
    rows = {"a": {"train": IN_BATCH}, "b": {"train": RULE, "start": "a"}}
    found = plan(table(rows, "seeds=2"))
    first, second = found.cells["b"][1].trainings
    assert first == found.cells["a"][1].trainings[0]
    assert f"encoder.pretrained={first.out}/export/clip" in second.words
    assert first.key in second.needs
    assert whats(found).index(first.what) < whats(found).index(second.what)


def test_test_samples_and_training_samples_may_differ() -> None:
    rows = {"a": {"train": IN_BATCH}, "b": {"train": IN_BATCH, "data": ["scene.markings=false"]}}
    found = plan(table(rows, "seeds=1"))
    a, b = found.cells["a"][0], found.cells["b"][0]
    assert a.data != b.data
    assert f"data={a.data.out}/test" in b.evaluation.words
    assert set(b.evaluation.needs) == {a.data.key, b.trainings[0].key}


def test_unfolded_pictures_are_made_once_and_read_instead_of_the_shards() -> None:
    rows = {"a": {"train": IN_BATCH, "unfold": True}, "b": {"train": RULE, "unfold": True}}
    found = plan(table(rows, "seeds=1"))
    assert whats(found)[:3] == ["shards", "unfold shards", "train a, seed 0"]
    built, unfolded = found.steps[:2]
    assert unfolded.words == ("data.unfold", f"{built.out}/train", f"out={unfolded.out}/train")
    for name in rows:
        (cell,) = found.cells[name]
        assert f"train.shards=[{unfolded.out}/train]" in cell.trainings[0].words
        assert f"data={built.out}/test" in cell.evaluation.words


@pytest.mark.parametrize(
    ("change", "changed"),
    [
        ({"train": [*RULE, "optim.lr=1e-3"]}, {"train", "score"}),
        ({"train": RULE, "evaluate": ["limit=5"]}, {"score"}),
        ({"train": RULE, "data": ["scene.letters=ABCDEFG"]}, {"data", "train", "score"}),
        ({"train": [*RULE, "train.num_workers=2", "trainer.log_every_steps=1"]}, set()),
        ({"train": RULE, "paper": {"MM-Math": 3.0}}, set()),
    ],
)
def test_only_what_decides_a_result_makes_it_another_step(change: dict, changed: set[str]) -> None:
    base = {step.out.name for step in plan(table({"a": {"train": RULE}}, "seeds=1")).steps}
    new = {step.out.name for step in plan(table({"a": change}, "seeds=1")).steps}
    assert {name.split("-")[0] for name in new - base} == changed


def test_a_changed_default_and_changed_start_weights_are_another_step(tmp_path: Path) -> None:
    keys = []
    for content in (b"one", b"two"):
        (tmp_path / "config.json").write_text("{}")
        (tmp_path / "model.safetensors").write_bytes(content)
        scales = {"mini": {**SCALE, "start": str(tmp_path)}}
        keys.append([s.key for s in plan(table({"a": {"train": IN_BATCH}}, "seeds=1", scales=scales)).steps])
    (data, train, score), (data_2, train_2, score_2) = keys
    assert data == data_2
    assert train != train_2
    assert score != score_2


def test_the_place_of_the_steps_does_not_change_what_they_are(tmp_path: Path) -> None:
    rows = {"a": {"train": IN_BATCH}}
    here, there = plan(table(rows, "seeds=1")), plan(table(rows, "seeds=1", f"steps={tmp_path}"))
    assert [step.key for step in here.steps] == [step.key for step in there.steps]
    assert all(step.out.parent == tmp_path for step in there.steps)


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"train": [*RULE, "negatives.rules=3"]}, "row b, train.*unknown key negatives.rules; did you mean"),
        ({"train": RULE, "evaluate": ["rotat=30"]}, "row b, evaluate.*unknown key rotat"),
        ({"train": RULE, "data": ["scene.marking=1"]}, "row b, data.*unknown key scene.marking"),
        ({"train": [*RULE, "negatives.rule=11"]}, r"negatives\.rule=11, but its samples .* at most 10"),
        ({"train": RULE, "data": ["negatives.rule=0"]}, r"negatives\.rule=4, but its samples .* at most 0"),
        ({"train": ["objective.text=1", "negatives.rule=0", "negatives.retrieval=0"]}, "needs negatives"),
        ({"train": [*RULE, "train.seed=3"]}, "rows.b.train: train.seed=3 is set by the runner"),
        ({"train": RULE, "start": "c"}, r"rows\.b\.start='c' is not allowed; use one of a"),
        ({"train": None, "start": "a"}, "rows.b is not trained"),
        ({"train": RULE, "scales": {"huge": []}}, "rows.b.scales='huge'"),
        ({"trains": RULE}, "unknown key rows.b.trains; did you mean train"),
    ],
)
def test_every_row_is_read_strictly_before_anything_runs(row: dict, message: str) -> None:
    with pytest.raises(ValueError, match=f"(?s){message}"):
        plan(table({"a": {"train": IN_BATCH}, "b": row}))


def test_rows_that_start_from_each_other_are_refused() -> None:
    with pytest.raises(ConfigError, match="start from each other"):
        table({"a": {"train": RULE, "start": "b"}, "b": {"train": RULE, "start": "a"}})


def test_a_start_that_is_no_encoder_is_refused() -> None:
    scales = {"mini": {**SCALE, "start": "geoclip/mni"}}
    with pytest.raises(ValueError, match="start=geoclip/mni is no encoder folder"):
        plan(table({"a": {"train": IN_BATCH}}, scales=scales))


@pytest.mark.parametrize("scale", ["mini", "paper"])
@pytest.mark.parametrize("path", [p for p in TABLES if p.stem != "scales"], ids=lambda path: path.stem)
def test_every_committed_table_can_be_planned(path: Path, scale: str) -> None:
    cfg = load_config(AblationConfig, [str(path.with_name("scales.yaml")), str(path), f"scale={scale}"])
    assert cfg.name == path.stem
    assert len(plan(cfg).cells) == len(cfg.rows)


def test_the_table_of_counts_asks_for_seven_counts() -> None:
    path = next(path for path in TABLES if path.stem == "negative_count")
    found = plan(load_config(AblationConfig, [str(path.with_name("scales.yaml")), str(path)]))
    counts = [c[0].options.negatives.retrieval for n, c in found.cells.items() if c[0].options]
    assert counts == [5, 10, 15, 20, 30, 40, 50]


def test_a_dry_run_prints_commands_that_can_be_pasted_and_writes_nothing(tmp_path: Path) -> None:
    found = plan(table({"a": {"train": IN_BATCH}}, "seeds=1", f"steps={tmp_path}/s t"))
    lines = [line for line in listing(found).splitlines() if not line.startswith("#")]
    assert [shlex.split(line)[2] for line in lines] == ["data.build", "geoclip.train", "geoclip.retrieval"]
    assert shlex.split(lines[1])[3:] == list(found.steps[1].words[1:])
    assert not list(tmp_path.iterdir())


def step(root: Path, name: str, code: str, *needs: Step) -> Step:
    """A step that appends its name to a file and runs ``code``, through the module ``timeit``."""
    text = f"open({str(root / 'ran')!r}, 'a').write({name + ' '!r}); {code}"
    words = ("timeit", "-n", "1", "-r", "1", text)
    return Step(name * 3, name, words, root / name, tuple(need.key for need in needs))


def ran(root: Path) -> str:
    return (root / "ran").read_text().strip() if (root / "ran").exists() else ""


def test_done_steps_are_not_run_again_and_removed_or_foreign_ones_are(tmp_path: Path) -> None:
    one, two = step(tmp_path, "one", ""), step(tmp_path, "two", "")
    assert run_steps([one]) == {}
    assert run_steps([one, two]) == {}
    assert ran(tmp_path) == "one two"
    (two.out / MARK).unlink()
    run_steps([one, two])
    assert ran(tmp_path) == "one two two"
    run_steps([replace(one, key="other")])
    assert ran(tmp_path) == "one two two one"


def test_a_failing_step_takes_along_what_needs_it_and_nothing_else(tmp_path: Path) -> None:
    good = step(tmp_path, "good", "")
    bad = step(tmp_path, "bad", "raise ValueError('no such luck')")
    late, last = step(tmp_path, "late", "", bad), step(tmp_path, "last", "", good)
    failed = run_steps([good, bad, late, last])
    assert ran(tmp_path) == "good bad last"
    assert failed.keys() == {"badbadbad", "latelatelate"}
    assert "step bad failed with exit code 1" in failed[late.key]
    assert "no such luck" in failed[late.key]
    assert (mark(last) or {})["key"] == last.key
    assert mark(bad) is None
    assert (bad.out / LOG).is_file()
    run_steps([good, bad, late, last])
    assert ran(tmp_path) == "good bad last bad"


def test_after_an_interrupt_only_what_was_not_done_is_run(tmp_path: Path) -> None:
    waits = f"import time, pathlib; pathlib.Path({str(tmp_path / 'up')!r}).touch(); time.sleep(60)"
    words = ("timeit", "-n", "1", "-r", "1", waits)
    code = (
        "from pathlib import Path; from configs.steps import Step, run_steps\n"
        f"root = Path({str(tmp_path)!r})\n"
        "run_steps([Step('a', 'a', ('platform',), root / 'a'), "
        f"Step('b', 'b', {words!r}, root / 'b'), Step('c', 'c', ('platform',), root / 'c')])"
    )
    process = subprocess.Popen([sys.executable, "-c", code], start_new_session=True, stderr=subprocess.PIPE)
    for _ in range(600):
        if (tmp_path / "up").exists():
            break
        time.sleep(0.05)
    os.killpg(process.pid, signal.SIGINT)
    process.communicate(timeout=60)
    assert process.returncode != 0
    assert (tmp_path / "a" / MARK).is_file()
    assert not (tmp_path / "b" / MARK).exists()
    assert not (tmp_path / "c").exists()


def test_a_damaged_mark_is_told(tmp_path: Path) -> None:
    one = step(tmp_path, "one", "")
    one.out.mkdir()
    (one.out / MARK).write_text("{")
    with pytest.raises(ValueError, match="is damaged"):
        mark(one)
