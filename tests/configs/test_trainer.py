"""Training options: what is refused, what the trainer is built with, groups and schedule by hand."""

import math
import subprocess
import sys

import pytest
import torch
from lightning.fabric.plugins.environments import SLURMEnvironment
from lightning.pytorch.callbacks import RichProgressBar
from lightning.pytorch.loggers import CSVLogger, TensorBoardLogger
from lightning.pytorch.strategies import DDPStrategy, ModelParallelStrategy
from torch import nn

from configs.checkpoints import AtomicCheckpointIO
from configs.load import load_config
from configs.runs import read_metrics
from configs.trainer import OptimConfig, TrainerConfig, build_optimizer, build_trainer, seed_everything


@pytest.mark.skipif(torch.cuda.is_available(), reason="asks for what a machine without GPU lacks")
@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"accelerator": "gpu"}, "accelerator=gpu, but torch finds no GPU"),
        ({"precision": "16-mixed"}, "16-mixed needs a GPU, and there is none"),
        ({"num_nodes": 2, "strategy": "ddp"}, "num_nodes=2, but nothing started this process"),
    ],
)
def test_what_the_machine_lacks_is_said_before_anything_waits(tmp_path, options, message):
    with pytest.raises(ValueError, match=message):
        build_trainer(TrainerConfig(run_dir=str(tmp_path), max_steps=1, **options))


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("accelerator=tpu", "accelerator='tpu' is not allowed; use one of auto, cpu"),
        ("precision=fp16", "precision='fp16' is not allowed"),
        ("strategy=fsdpp", "did you mean fsdp"),
        ("devices=0", "devices=0 is not allowed"),
        ("devices=two", "devices='two' is not allowed"),
        ("num_nodes=0", "num_nodes=0 is not allowed"),
        ("accumulate_grad_batches=0", "accumulate_grad_batches=0 is not allowed"),
        ("val_every_steps=0", "val_every_steps=0 is not allowed"),
        ("keep_checkpoints=0", "keep_checkpoints=0 is not allowed"),
        ("max_steps=0", "max_steps=0 is not allowed"),
        ("max_epochs=-1", "never ends"),
        ("gradient_clip_val=-1", "gradient_clip_val=-1.0 is negative"),
        ("run_dir=' '", "run_dir is empty"),
        ("seed=-1", "seed=-1 is not allowed"),
        ("seed=4294967296", "seed=4294967296 is not allowed"),
        ("gradient_clip_val=nan", "gradient_clip_val=nan is not allowed; use finite numbers"),
    ],
)
def test_impossible_options_are_refused(override, message):
    with pytest.raises(ValueError, match=message):
        load_config(TrainerConfig, ["run_dir=x", override])


def test_half_precision_needs_a_gpu():
    with pytest.raises(ValueError, match="use bf16-mixed or 32-true"):
        TrainerConfig(run_dir="x", precision="16-mixed", accelerator="cpu")


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("lr=0", "lr=0.0 is not allowed"),
        ("schedule=linear", "schedule='linear' is not allowed"),
        ("weight_decay=-1", "weight_decay"),
        ("eps=0", "eps=0"),
        ("betas=[0.9,1]", "betas"),
        ("warmup_fraction=1", "warmup_fraction"),
    ],
)
def test_impossible_optimiser_options_are_refused(override, message):
    with pytest.raises(ValueError, match=message):
        load_config(OptimConfig, ["lr=1", override])


def test_the_trainer_is_built_as_configured(toy, tmp_path):
    cfg = toy.config(
        tmp_path,
        precision="bf16-mixed",
        max_steps=7,
        max_epochs=-1,
        accumulate_grad_batches=3,
        gradient_clip_val=0.5,
        val_every_steps=5,
        progress=True,
    )
    trainer = build_trainer(cfg, monitor="score", mode="min")
    assert trainer.precision == "bf16-mixed"
    assert (trainer.max_steps, trainer.max_epochs) == (7, -1)
    assert (trainer.accumulate_grad_batches, trainer.gradient_clip_val) == (3, 0.5)
    assert (trainer.val_check_batch or trainer.val_check_interval) == 15
    assert trainer.check_val_every_n_epoch is None
    assert isinstance(trainer.strategy.checkpoint_io, AtomicCheckpointIO)
    assert [type(logger) for logger in trainer.loggers] == [CSVLogger, TensorBoardLogger]
    assert isinstance(trainer.progress_bar_callback, RichProgressBar)
    best = next(callback for callback in trainer.checkpoint_callbacks if callback.monitor == "score")
    assert best.mode == "min"
    assert not trainer._accelerator_connector.use_distributed_sampler


def test_quiet_and_unclipped_and_once_per_epoch(toy, tmp_path):
    trainer = build_trainer(toy.config(tmp_path, max_epochs=2, gradient_clip_val=0))
    assert trainer.gradient_clip_val is None
    assert (trainer.val_check_interval, trainer.check_val_every_n_epoch) == (1.0, 1)
    assert trainer.progress_bar_callback is None


@pytest.mark.parametrize(
    ("strategy", "expected"), [("auto", DDPStrategy), ("ddp", DDPStrategy), ("fsdp", ModelParallelStrategy)]
)
def test_the_strategy_follows_the_config(toy, tmp_path, strategy, expected):
    trainer = build_trainer(toy.config(tmp_path, devices=2, strategy=strategy, max_steps=1))
    assert type(trainer.strategy) is expected
    assert trainer.world_size == 2
    if strategy == "fsdp":
        # Lightning's defaults would give 1 and 2 here: tensor parallelism, not sharding.
        assert (trainer.strategy._data_parallel_size, trainer.strategy._tensor_parallel_size) == (2, 1)


def test_in_slurm_lightning_does_not_requeue_by_itself(toy, tmp_path, monkeypatch):
    for name, value in {
        "NTASKS": 1,
        "JOB_NAME": "x",
        "JOB_ID": 7,
        "PROCID": 0,
        "LOCALID": 0,
        "NODEID": 0,
    }.items():
        monkeypatch.setenv(f"SLURM_{name}", str(value))
    environment = build_trainer(toy.config(tmp_path, max_steps=1))._accelerator_connector.cluster_environment
    assert isinstance(environment, SLURMEnvironment)
    assert not environment.auto_requeue


def test_training_logs_values_that_can_be_read_back(toy, tmp_path):
    toy.fit(toy.config(tmp_path, max_steps=60), optim=OptimConfig(lr=0.05, warmup_fraction=0.1))
    rows = read_metrics(tmp_path)
    losses = [row["loss"] for row in rows]
    assert len(losses) == 60
    assert sum(losses[-20:]) < 0.8 * sum(losses[:20])
    assert rows[0]["lr-AdamW/pg1"] == pytest.approx(0.05 / 6)
    assert list((tmp_path / "tensorboard").rglob("events.out.tfevents.*"))


def test_one_seed_gives_one_result(toy, tmp_path):
    cfg = toy.config(tmp_path, seed=3)
    states = []
    for _ in range(2):
        seed_everything(cfg)
        states.append(toy.Net().state_dict()["blocks.0.weight"])
    assert torch.equal(*states)
    assert torch.are_deterministic_algorithms_enabled()
    seed_everything(toy.config(tmp_path, seed=4))
    assert not torch.equal(states[0], toy.Net().state_dict()["blocks.0.weight"])


class Parts(nn.Module):
    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(3, 3)
        self.norm = nn.LayerNorm(3)
        self.logit_scale = nn.Parameter(torch.ones(1, 1))
        self.logit_bias = nn.Parameter(torch.tensor(-10.0))
        self.frozen = nn.Linear(3, 3).requires_grad_(False)


def test_only_trained_matrices_are_decayed():
    model = Parts()
    optimizer, _ = build_optimizer(model.named_parameters(), OptimConfig(lr=1, weight_decay=0.1), 10)
    names = {id(parameter): name for name, parameter in model.named_parameters()}
    groups = {
        group["weight_decay"]: sorted(names[id(parameter)] for parameter in group["params"])
        for group in optimizer.param_groups
    }
    plain = ["linear.bias", "logit_bias", "logit_scale", "norm.bias", "norm.weight"]
    assert groups == {0.1: ["linear.weight"], 0.0: plain}


def rates(cfg, total):
    optimizer, schedule = build_optimizer(nn.Linear(1, 1).named_parameters(), cfg, total)
    seen = []
    for _ in range(total + 1):
        seen.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        schedule.step()
    return seen


def test_the_schedule_warms_up_linearly_and_decays_as_a_cosine():
    # 8 steps, warm-up of ceil(0.2 * 8) = 2, then six steps of cosine, and 0 where a ninth step would be.
    expected = [1, 2, 2, 1 + math.sqrt(3) / 2, 1.5, 1, 0.5, 1 - math.sqrt(3) / 2, 0]
    assert rates(OptimConfig(lr=2, warmup_fraction=0.2), 8) == pytest.approx(expected)


def test_a_constant_schedule_stays_at_its_peak():
    assert rates(OptimConfig(lr=2, warmup_fraction=0.5, schedule="constant"), 4) == [1, 2, 2, 2, 2]
    assert rates(OptimConfig(lr=2, warmup_fraction=0, schedule="constant"), 2) == [2, 2, 2]


def test_a_schedule_without_end_and_a_frozen_model_are_refused():
    with pytest.raises(ValueError, match="set max_steps"):
        build_optimizer(nn.Linear(1, 1).named_parameters(), OptimConfig(lr=1), float("inf"))
    with pytest.raises(ValueError, match="no parameter is trainable"):
        build_optimizer([], OptimConfig(lr=1), 10)


@pytest.mark.slow
def test_two_processes_train_like_one_and_their_checkpoints_fit_any_number(toy, tmp_path, project):
    """DDP and FSDP2 on two gloo processes equal one process with the whole batch, also after a resume."""
    optim = OptimConfig(lr=0.05, weight_decay=0.1, schedule="constant", warmup_fraction=0)
    alone, _ = toy.fit(toy.config(tmp_path / "alone", max_steps=6), optim=optim)

    def launch(run, strategy, steps):
        command = [sys.executable, "tests/configs/toy.py", str(tmp_path / run), strategy, str(steps)]
        environment = {"PYTHONPATH": str(project), "PATH": "", "OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1"}
        done = subprocess.run(
            command, cwd=project, env=environment, capture_output=True, text=True, timeout=600
        )
        assert done.returncode == 0, done.stderr
        path = tmp_path / run / "checkpoints" / f"step-{steps:08d}.ckpt"
        return torch.load(path, weights_only=True)

    def assert_equal(state):
        for name, weight in alone.state_dict().items():
            torch.testing.assert_close(state[name], weight, rtol=1e-5, atol=1e-6)

    assert_equal(launch("ddp", "ddp", 6)["state_dict"])
    launch("fsdp", "fsdp", 3)
    resumed, _ = toy.fit(toy.config(tmp_path / "fsdp", max_steps=6), optim=optim)
    assert_equal(resumed.state_dict())
    (tmp_path / "fsdp" / "checkpoints" / "step-00000006.ckpt").unlink()
    sharded = launch("fsdp", "fsdp", 6)
    assert_equal(sharded["state_dict"])
    assert sharded["global_step"] == 6
