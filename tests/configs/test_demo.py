import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from configs.demo import Demo, DemoConfig, fingerprint
from configs.summary import _by_kind, _towards_b


def test_a_done_step_is_not_done_again_and_another_command_is(tmp_path: Path) -> None:
    demo = Demo(DemoConfig(out=str(tmp_path), warmstart="x"))
    demo.step("tell", "platform")
    log = tmp_path / "logs" / "tell.log"
    assert log.read_text().strip()
    log.unlink()
    Demo(demo.cfg).step("tell", "platform")
    assert not log.exists()
    Demo(demo.cfg).step("tell", "platform", "--terse")
    assert log.exists()
    assert json.loads((tmp_path / "steps.json").read_text())["tell"]["command"] == ["platform", "--terse"]


def test_what_a_step_reads_is_part_of_it_and_later_steps_are_forgotten(tmp_path: Path) -> None:
    recipe = tmp_path / "recipe.yaml"
    recipe.write_text("a: 1\n")
    demo = Demo(DemoConfig(out=str(tmp_path), warmstart="x"))
    demo.step("one", "platform", str(recipe))
    demo.step("two", "platform")
    Demo(demo.cfg).step("one", "platform", str(recipe))
    assert set(json.loads((tmp_path / "steps.json").read_text())) == {"one", "two"}
    recipe.write_text("a: 2\n")
    Demo(demo.cfg).step("one", "platform", str(recipe))
    assert set(json.loads((tmp_path / "steps.json").read_text())) == {"one"}


def test_shards_that_an_argument_lists_are_part_of_a_step(tmp_path: Path) -> None:
    folders = [tmp_path / "one", tmp_path / "two"]
    for folder in folders:
        folder.mkdir()
        (folder / "index.json").write_text("{}")
    listed = [f"train.shards=[{folders[0]}, {folders[1]}]"]
    before = fingerprint(listed)
    (folders[1] / "index.json").write_text('{"samples": 1}')
    assert fingerprint(listed) != before


def test_after_an_interrupt_a_step_may_finish_what_it_writes(tmp_path: Path) -> None:
    slow = "import time\ntry: time.sleep(60)\nexcept KeyboardInterrupt: time.sleep(1); print('whole')"
    outer = f"import sys\nfrom configs.runtime import call\ncall([sys.executable, '-c', {slow!r}])"
    process = subprocess.Popen([sys.executable, "-c", outer], stdout=subprocess.PIPE, start_new_session=True)
    time.sleep(2.0)
    os.killpg(process.pid, signal.SIGINT)
    out, _ = process.communicate(timeout=30)
    assert out.decode().strip() == "whole"
    assert process.returncode != 0


def test_a_failed_step_stops_with_the_end_of_its_log(tmp_path: Path) -> None:
    demo = Demo(DemoConfig(out=str(tmp_path), warmstart="x"))
    with pytest.raises(
        ValueError, match=r"(?s)step tell failed with exit code 1.*No module named no_such_module"
    ):
        demo.step("tell", "no_such_module")
    assert not demo.done_file.exists()


def test_a_comparison_turns_with_its_interval() -> None:
    pair = {"a": "A", "b": "B", "difference": -0.3, "low": -0.4, "high": -0.1}
    assert _towards_b(pair) == {"a": "B", "b": "A", "difference": 0.3, "low": 0.1, "high": 0.4}
    assert _towards_b(_towards_b(pair)) == _towards_b(pair)


def test_operators_are_sorted_by_kind() -> None:
    hits = {"n": 9, "hit@1": 0.5, "ci95": {"hit@1": [0.4, 0.6]}, "chance": {"hit@1": 0.3}, "tie_rate": 0.0}
    entry = {"accuracy": 0.9, "ci95": [0.8, 1.0], "n": 9, "pairs": 20, "pool": hits}
    found = _by_kind({"rule/letters": entry, "image/letters": entry, "rule/letters+shape": entry})
    shown = {"hit@1": 0.5, "ci95": [0.4, 0.6], "chance": 0.3, "n": 9}
    shown = {"accuracy": 0.9, "ci95": [0.8, 1.0], "n": 9, "pairs": 20, "hits": shown}
    assert found == {"rule": {"letters": shown}, "image": {"letters": shown}}
