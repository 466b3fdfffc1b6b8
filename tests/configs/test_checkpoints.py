"""Checkpoints: which are kept, that resuming changes nothing, and that damage is survived."""

import signal
from pathlib import Path

import pytest
import torch

from configs.checkpoints import AtomicCheckpointIO
from configs.runtime import command
from configs.trainer import find_resume


def names(run):
    return sorted(path.name for path in (Path(run) / "checkpoints").iterdir())


def steps(run):
    return [name for name in names(run) if name.startswith("step")]


def same_weights(one, other):
    pairs = zip(one.state_dict().values(), other.state_dict().values(), strict=True)
    return all(torch.equal(a, b) for a, b in pairs)


def test_the_newest_the_last_and_the_best_are_kept(toy, tmp_path):
    cfg = toy.config(tmp_path, max_steps=10, checkpoint_every_steps=3, keep_checkpoints=2, val_every_steps=4)
    toy.fit(cfg, monitor="score")
    assert names(tmp_path) == ["best.ckpt", "last.ckpt", "step-00000009.ckpt", "step-00000010.ckpt"]
    assert (tmp_path / "checkpoints" / "last.ckpt").resolve().name == "step-00000010.ckpt"
    best = torch.load(tmp_path / "checkpoints" / "best.ckpt", weights_only=True)
    assert best["global_step"] == 4
    assert find_resume(cfg).endswith("step-00000010.ckpt")


@pytest.mark.parametrize("fail_at", [5, 6])
def test_a_run_that_was_stopped_ends_as_if_it_had_not_been(toy, tmp_path, fail_at):
    options = {"max_steps": 10, "accumulate_grad_batches": 2}
    straight, _ = toy.fit(toy.config(tmp_path / "straight", **options))
    with pytest.raises(RuntimeError, match="stop"):
        toy.fit(toy.config(tmp_path / "stopped", checkpoint_every_steps=3, **options), fail_at=fail_at)
    assert steps(tmp_path / "stopped")[-1] == f"step-0000000{fail_at}.ckpt"
    resumed, trainer = toy.fit(toy.config(tmp_path / "stopped", checkpoint_every_steps=4, **options))
    assert trainer.global_step == 10
    assert same_weights(straight, resumed)
    assert steps(tmp_path / "stopped") == ["step-00000008.ckpt", "step-00000010.ckpt"]


def test_a_finished_run_is_not_trained_further(toy, tmp_path):
    cfg = toy.config(tmp_path, max_steps=4)
    first, _ = toy.fit(cfg)
    again, _ = toy.fit(cfg, fail_at=4)
    assert same_weights(first, again)


def test_nothing_is_saved_inside_an_optimiser_step(toy, tmp_path):
    class Interrupted(toy.Toy):
        def on_before_optimizer_step(self, optimizer):
            if self.global_step == 5:
                raise RuntimeError("inside")

    cfg = toy.config(tmp_path, max_steps=9, checkpoint_every_steps=4)
    with pytest.raises(RuntimeError, match="inside"):
        toy.build_trainer(cfg).fit(Interrupted())
    assert steps(tmp_path) == ["step-00000004.ckpt"]


def test_nothing_is_saved_with_half_a_batch_accumulated(toy, tmp_path):
    class Interrupted(toy.Toy):
        def training_step(self, batch, batch_idx):
            if batch_idx == 11:
                raise RuntimeError("half")
            return super().training_step(batch, batch_idx)

    cfg = toy.config(tmp_path, max_steps=9, checkpoint_every_steps=4, accumulate_grad_batches=2)
    with pytest.raises(RuntimeError, match="half"):
        toy.build_trainer(cfg).fit(Interrupted())
    assert steps(tmp_path) == ["step-00000004.ckpt"]


def test_ctrl_c_saves_and_exits_with_130(toy, tmp_path, capsys):
    cfg = toy.config(tmp_path, max_steps=9)
    handler = signal.getsignal(signal.SIGINT)
    try:
        with pytest.raises(SystemExit) as caught:
            command(lambda argv: toy.fit(cfg, fail_at=5, error=KeyboardInterrupt()))([])
    finally:
        signal.signal(signal.SIGINT, handler)  # Lightning ignores the signal from then on
    assert caught.value.code == 130
    assert steps(tmp_path) == ["step-00000005.ckpt"]
    assert toy.fit(cfg)[1].global_step == 9


@pytest.fixture
def three(toy, tmp_path):
    cfg = toy.config(tmp_path, max_steps=6, checkpoint_every_steps=2, keep_checkpoints=3)
    toy.fit(cfg)
    return cfg, sorted((tmp_path / "checkpoints").glob("step*"))


def test_a_torn_checkpoint_is_skipped_with_a_warning(three, capsys):
    cfg, paths = three
    paths[2].write_bytes(paths[2].read_bytes()[:-100])
    assert find_resume(cfg) == str(paths[1])
    assert f"skipped: {paths[2]} is no complete checkpoint" in capsys.readouterr().err
    paths[1].write_bytes(b"")
    assert find_resume(cfg) == str(paths[0])
    paths[0].write_bytes(b"x")
    with pytest.raises(ValueError, match="use resume=never to start over"):
        find_resume(cfg)


def test_the_newest_is_the_one_with_most_steps_whatever_its_name_or_time(three):
    cfg, paths = three
    paths[0].rename(paths[0].with_name("zzz.ckpt"))
    paths[1].touch()
    assert find_resume(cfg) == str(paths[2])


def test_a_checkpoint_that_would_run_code_is_not_loaded(three):
    cfg, paths = three
    torch.save({"global_step": 99, "payload": signal.Handlers.SIG_DFL}, paths[2].with_name("evil.ckpt"))
    assert find_resume(cfg) == str(paths[2])


def test_resume_can_be_a_path_or_never(toy, three):
    cfg, paths = three
    assert find_resume(toy.config(cfg.run_dir, resume=str(paths[0]))) == str(paths[0])
    assert find_resume(toy.config(cfg.run_dir, resume="never")) is None
    assert find_resume(toy.config(cfg.run_dir + "/nowhere")) is None
    with pytest.raises(ValueError, match=r"nowhere\.ckpt does not exist; use resume=auto, never, or"):
        find_resume(toy.config(cfg.run_dir, resume="nowhere.ckpt"))


def test_a_failed_save_leaves_the_old_checkpoint(tmp_path):
    path = tmp_path / "a.ckpt"
    AtomicCheckpointIO().save_checkpoint({"x": torch.ones(3)}, path)
    with pytest.raises(Exception, match=r"pickle|lambda"):
        AtomicCheckpointIO().save_checkpoint({"x": torch.zeros(10**6), "y": lambda: 0}, path)
    assert torch.load(path, weights_only=True)["x"].tolist() == [1, 1, 1]
    assert [file.name for file in tmp_path.iterdir()] == ["a.ckpt"]


def test_a_run_goes_on_exactly_from_a_checkpoint_written_after_a_validation(toy, tmp_path):
    class Interrupted(toy.Toy):
        def on_before_optimizer_step(self, optimizer):
            if self.global_step == 6:
                raise RuntimeError("inside")

    options = {
        "max_steps": 10,
        "checkpoint_every_steps": 3,
        "val_every_steps": 4,
        "accumulate_grad_batches": 2,
    }
    straight, _ = toy.fit(toy.config(tmp_path / "straight", **options), monitor="score")
    cfg = toy.config(tmp_path / "stopped", **options)
    toy.seed_everything(cfg)
    with pytest.raises(RuntimeError, match="inside"):
        toy.build_trainer(cfg, monitor="score").fit(Interrupted())
    (tmp_path / "stopped" / "checkpoints" / "step-00000006.ckpt").unlink()
    assert find_resume(cfg).endswith("best.ckpt")
    resumed, trainer = toy.fit(cfg, monitor="score")
    assert trainer.global_step == 10
    assert same_weights(straight, resumed)
