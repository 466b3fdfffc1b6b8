"""One folder, one config: what may change when a run goes on, and what is read back."""

from dataclasses import dataclass, field, replace

import pytest
import yaml

from configs.runs import read_metrics, refuse_run_folder, start_run


@dataclass
class Loader:
    batch_size: int = 8
    num_workers: int = 0


@dataclass
class Config:
    lr: float = 0.1
    devices: int = 1
    resume: str = "auto"
    loader: Loader = field(default_factory=Loader)


def test_the_config_is_saved_and_the_same_config_goes_on(tmp_path):
    run = start_run(Config(), tmp_path / "run")
    saved = {"lr": 0.1, "devices": 1, "resume": "auto", "loader": {"batch_size": 8, "num_workers": 0}}
    assert yaml.safe_load((run / "config.yaml").read_text()) == saved
    start_run(Config(), run)
    start_run(Config(devices=2, resume="x.ckpt", loader=Loader(num_workers=4)), run)
    assert yaml.safe_load((run / "config.yaml").read_text())["devices"] == 2


def test_another_config_is_refused_with_the_keys_that_differ(tmp_path):
    run = start_run(Config(), tmp_path)
    (run / "checkpoints").mkdir()
    (run / "checkpoints" / "step-00000001.ckpt").touch()
    other = replace(Config(), lr=0.2, devices=3, loader=Loader(batch_size=16))
    with pytest.raises(ValueError, match="another run_dir, or resume=never") as caught:
        start_run(other, run)
    assert "lr: 0.1 -> 0.2" in str(caught.value)
    assert "loader.batch_size: 8 -> 16" in str(caught.value)
    assert "devices" not in str(caught.value)
    assert yaml.safe_load((run / "config.yaml").read_text())["lr"] == 0.1


def test_a_corrected_config_replaces_one_that_trained_nothing(tmp_path):
    start_run(Config(lr=0.1), tmp_path)
    start_run(Config(lr=0.2), tmp_path)
    assert yaml.safe_load((tmp_path / "config.yaml").read_text())["lr"] == 0.2
    assert yaml.safe_load((tmp_path / "previous-1" / "config.yaml").read_text())["lr"] == 0.1


def test_never_sets_the_old_run_aside(tmp_path):
    for lr in (0.1, 0.2, 0.3):
        start_run(Config(lr=lr), tmp_path, resume="never")
        (tmp_path / "checkpoints").mkdir()
        (tmp_path / "checkpoints" / f"{lr}.ckpt").touch()
    assert sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*.ckpt")) == [
        "checkpoints/0.3.ckpt",
        "previous-1/checkpoints/0.1.ckpt",
        "previous-2/checkpoints/0.2.ckpt",
    ]
    assert yaml.safe_load((tmp_path / "previous-2" / "config.yaml").read_text())["lr"] == 0.2


def test_what_no_run_wrote_stays_where_it_is(tmp_path):
    (tmp_path / "thesis.txt").write_text("mine")
    start_run(Config(lr=0.1), tmp_path, resume="never")
    start_run(Config(lr=0.2), tmp_path, resume="never")
    assert (tmp_path / "thesis.txt").read_text() == "mine"
    assert [path.name for path in (tmp_path / "previous-1").iterdir()] == ["config.yaml"]


@pytest.mark.parametrize("text", ["a: [", "- 1", "\udcff"])
def test_a_config_that_is_none_is_an_error_that_names_it(tmp_path, text):
    (tmp_path / "config.yaml").write_bytes(text.encode(errors="surrogateescape"))
    with pytest.raises(ValueError, match=rf"(?s){tmp_path}/config.yaml is not .*run_dir"):
        start_run(Config(), tmp_path)


def test_results_of_something_else_do_not_go_into_a_training_run(tmp_path):
    refuse_run_folder(tmp_path / "new")
    (tmp_path / "checkpoints").mkdir()
    with pytest.raises(ValueError, match=f"out={tmp_path} is the folder of a training run"):
        refuse_run_folder(tmp_path)


def test_only_rank_zero_touches_the_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("LOCAL_RANK", "1")
    start_run(Config(), tmp_path / "run", resume="never")
    assert not (tmp_path / "run").exists()


def test_leftovers_of_a_killed_write_are_removed(tmp_path):
    (tmp_path / "checkpoints").mkdir()
    (tmp_path / "checkpoints" / ".step-00000005.ckpt.123.tmp").write_bytes(b"half")
    start_run(Config(), tmp_path)
    assert not list((tmp_path / "checkpoints").iterdir())


def test_metrics_are_joined_over_restarts_and_the_later_values_count(tmp_path):
    for version, text in {
        0: "step,loss,epoch\n10,1.0,0\n20,0.9,0\n",
        1: "step,loss,acc\n20,0.8,\n20,,0.5\n",
        10: "step,loss\n30,0.7\n",
    }.items():
        folder = tmp_path / "logs" / f"version_{version}"
        folder.mkdir(parents=True)
        (folder / "metrics.csv").write_text(text)
    assert read_metrics(tmp_path) == [
        {"step": 10, "loss": 1.0, "epoch": 0},
        {"step": 20, "loss": 0.8, "acc": 0.5, "epoch": 0},
        {"step": 30, "loss": 0.7},
    ]
    assert read_metrics(tmp_path / "nothing") == []
