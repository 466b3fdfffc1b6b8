"""From options to a seeded Lightning trainer, an optimiser with its schedule, and the point to go on from."""

from __future__ import annotations

import logging
import math
import os
import warnings
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, cast

import lightning
import torch
from lightning.fabric.plugins.environments import SLURMEnvironment
from lightning.pytorch.callbacks import Callback, LearningRateMonitor, ModelCheckpoint, RichProgressBar
from lightning.pytorch.loggers import CSVLogger, TensorBoardLogger
from lightning.pytorch.strategies import DDPStrategy, ModelParallelStrategy, Strategy
from torch import nn
from torch.distributed.fsdp import FSDPModule, fully_shard
from torch.optim.lr_scheduler import LambdaLR

from configs.checkpoints import AtomicCheckpointIO, StepCheckpoint, global_step, newest_checkpoint
from configs.load import one_of
from configs.training import OptimConfig, TrainerConfig

UNDECAYED = ("position_embedding", "position_embeddings", "pos_embed", "cls_token", "reg_token", "probe")
"""Learned inputs of towers, which are matrices by shape only: positions, class tokens, probes."""


def seed_everything(cfg: TrainerConfig) -> None:
    """Seed Python, numpy and torch, and choose deterministic kernels; call before the model is built."""
    lightning.seed_everything(cfg.seed, workers=True, verbose=False)
    torch.use_deterministic_algorithms(cfg.deterministic, warn_only=_on_gpu(cfg))


def build_trainer(cfg: TrainerConfig, *, monitor: str | None = None, mode: str = "max") -> lightning.Trainer:
    """Build the Lightning trainer; ``monitor`` names the logged value by which ``best.ckpt`` is chosen.

    Writes only under ``cfg.run_dir``: ``checkpoints/`` (step-*.ckpt, last.ckpt, best.ckpt),
    ``logs/version_N/metrics.csv`` and ``tensorboard/``. Samplers stay as they are: our loader gives each rank
    its slice itself.
    """
    one_of("mode", mode, ("min", "max"))
    _check_machine(cfg)
    _silence_noise()
    run = Path(cfg.run_dir)
    folder = run / "checkpoints"
    callbacks: list[Callback] = [StepCheckpoint(folder, cfg.checkpoint_every_steps, cfg.keep_checkpoints)]
    if monitor:
        callbacks.append(
            ModelCheckpoint(
                folder,
                "best",
                monitor,
                mode=mode,
                save_on_train_epoch_end=False,
                enable_version_counter=False,
            )
        )
    callbacks.append(LearningRateMonitor("step"))
    if cfg.progress:
        callbacks.append(RichProgressBar(leave=True))
    plugins: list[Any] = [AtomicCheckpointIO()]
    if SLURMEnvironment.detect():
        # Lightning's own requeue handler saves inside a step and hangs when ranks differ by a moment.
        plugins.append(SLURMEnvironment(auto_requeue=False))
    val_every = cfg.val_every_steps
    return lightning.Trainer(
        accelerator=cfg.accelerator,
        devices=cfg.devices,
        num_nodes=cfg.num_nodes,
        precision=cast(Any, cfg.precision),
        strategy=_strategy(cfg),
        max_steps=cfg.max_steps,
        max_epochs=cfg.max_epochs,
        accumulate_grad_batches=cfg.accumulate_grad_batches,
        gradient_clip_val=cfg.gradient_clip_val or None,
        val_check_interval=val_every * cfg.accumulate_grad_batches if val_every else None,
        check_val_every_n_epoch=None if val_every else 1,
        num_sanity_val_steps=0,
        log_every_n_steps=cfg.log_every_steps,
        deterministic=cfg.deterministic and ("warn" if _on_gpu(cfg) else True),
        default_root_dir=run,
        logger=[CSVLogger(run, name="logs"), TensorBoardLogger(run, name="tensorboard")],
        callbacks=callbacks,
        plugins=plugins,
        enable_progress_bar=cfg.progress,
        enable_model_summary=cfg.progress,
        use_distributed_sampler=False,
    )


def _decays(name: str, parameter: nn.Parameter) -> bool:
    return not (
        parameter.ndim < 2
        or name.endswith(("bias", "logit_scale"))
        or any(part in UNDECAYED for part in name.split("."))
    )


def _check_machine(cfg: TrainerConfig) -> None:
    """Raise ValueError for what this machine does not have; Lightning waits, or takes something else."""
    if cfg.accelerator in ("gpu", "cuda") and not torch.cuda.is_available():
        raise ValueError(f"trainer.accelerator={cfg.accelerator}, but torch finds no GPU; use cpu or auto")
    if cfg.accelerator == "mps" and not torch.backends.mps.is_available():
        raise ValueError("trainer.accelerator=mps, but torch finds no Apple GPU; use cpu or auto")
    if cfg.precision == "16-mixed" and not _on_gpu(cfg):
        raise ValueError("trainer.precision=16-mixed needs a GPU, and there is none; use bf16-mixed")
    if cfg.num_nodes > 1 and not (SLURMEnvironment.detect() or "MASTER_ADDR" in os.environ):
        raise ValueError(
            f"trainer.num_nodes={cfg.num_nodes}, but nothing started this process as one of several: submit "
            "it with SLURM, or start it with torchrun"
        )


def _silence_noise() -> None:
    """Drop an advertisement, and warnings about what is meant (resuming, few workers on small machines)."""
    logger = logging.getLogger("lightning.pytorch.utilities.rank_zero")
    logger.addFilter(_no_advertisement)
    for message in (r"Checkpoint directory .* exists", r".*does not have many workers", r".*LeafSpec"):
        warnings.filterwarnings("ignore", message)


def _no_advertisement(record: logging.LogRecord) -> bool:
    return "Tip: For seamless" not in record.getMessage()


def _strategy(cfg: TrainerConfig) -> str | Strategy:
    if cfg.strategy == "ddp":
        return DDPStrategy(find_unused_parameters=False)
    if cfg.strategy == "fsdp":
        # Lightning's own sizes would make all GPUs of a node one tensor-parallel group. One whole file per
        # checkpoint, so that any number of processes can go on from it.
        size = _devices(cfg) * cfg.num_nodes
        return ModelParallelStrategy(size, tensor_parallel_size=1, save_distributed_checkpoint=False)
    return "auto"


def _on_gpu(cfg: TrainerConfig) -> bool:
    return cfg.accelerator != "cpu" and torch.cuda.is_available()


def _devices(cfg: TrainerConfig) -> int:
    if isinstance(cfg.devices, int):
        return cfg.devices
    return torch.cuda.device_count() if _on_gpu(cfg) else 1


def shard(module: lightning.LightningModule, root: nn.Module, blocks: Iterable[nn.Module] = ()) -> None:
    """Shard ``root`` with FSDP2 if the strategy is fsdp; call it in ``configure_model``, once or more.

    ``blocks`` are repeated inner modules, gathered one at a time. Parameters are whole only inside the
    forward of ``root``, so ``training_step`` calls ``root(...)``; scalar parameters must have shape [1].
    """
    if isinstance(module.trainer.strategy, ModelParallelStrategy) and not isinstance(root, FSDPModule):
        assert module.device_mesh is not None
        for part in (*blocks, root):
            fully_shard(part, mesh=module.device_mesh["data_parallel"])


def find_resume(cfg: TrainerConfig) -> str | None:
    """Return the checkpoint to go on from (see :attr:`TrainerConfig.resume`), or None for a fresh start.

    ``auto`` skips files that cannot be loaded, with a warning. Raises ValueError for a given path that cannot
    be loaded, and when the folder holds checkpoints but none can be.
    """
    if cfg.resume == "never":
        return None
    if cfg.resume == "auto":
        return newest_checkpoint(Path(cfg.run_dir) / "checkpoints")
    global_step(Path(cfg.resume))
    return cfg.resume


def build_optimizer(
    named_parameters: Iterable[tuple[str, nn.Parameter]],
    cfg: OptimConfig,
    total_steps: int,
    factors: Mapping[str, float] | None = None,
) -> tuple[torch.optim.AdamW, LambdaLR]:
    """Return AdamW and its per-step schedule for ``total_steps`` optimiser steps.

    Vectors, biases, norms, ``logit_scale``, ``logit_bias`` and position tables are not decayed; frozen
    parameters are left out. ``factors`` multiplies the learning rate of the parameters that it names. With
    w = ceil(warmup_fraction * total_steps), step t has lr * (t + 1) / w before w, and from there lr * (1 +
    cos(pi * (t - w) / (total_steps - w))) / 2, or lr. Raises ValueError when nothing is trainable or
    ``total_steps`` is not a positive count.
    """
    if not (isinstance(total_steps, int) and total_steps > 0):
        raise ValueError(f"total_steps={total_steps!r}: the schedule needs a length; set max_steps")
    groups: dict[tuple[float, bool], list[nn.Parameter]] = {}
    for name, parameter in named_parameters:
        if parameter.requires_grad:
            factor = factors.get(name, 1.0) if factors else 1.0
            groups.setdefault((factor, not _decays(name, parameter)), []).append(parameter)
    if not groups:
        raise ValueError("no parameter is trainable; check which parts this stage freezes")
    optimizer = torch.optim.AdamW(
        [
            {
                "params": groups[factor, plain],
                "lr": cfg.lr * factor,
                "weight_decay": 0.0 if plain else cfg.weight_decay,
                # Learning rates are logged under this name.
                **({"name": f"x{factor:.4g}{' no decay' if plain else ''}"} if factors else {}),
            }
            for factor, plain in sorted(groups, key=lambda key: (-key[0], key[1]))
        ],
        lr=cfg.lr,
        betas=(cfg.betas[0], cfg.betas[1]),
        eps=cfg.eps,
    )
    warmup = math.ceil(cfg.warmup_fraction * total_steps)

    def schedule(step: int) -> float:
        if step < warmup:
            return (step + 1) / warmup
        if cfg.schedule == "constant":
            return 1.0
        return 0.5 * (1 + math.cos(math.pi * min(1.0, (step - warmup) / max(1, total_steps - warmup))))

    return optimizer, LambdaLR(optimizer, schedule)
