"""Checkpoints that survive a kill: written beside their name and renamed, pruned, and found again by step."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from lightning.pytorch import LightningModule, Trainer
from lightning.pytorch.callbacks import ModelCheckpoint
from lightning.pytorch.plugins.io import TorchCheckpointIO

from configs.runtime import atomic_write, console


class AtomicCheckpointIO(TorchCheckpointIO):
    """Write checkpoints beside their final name and rename them.

    Lightning itself writes to the system's temporary folder and moves the file. On another disk that is a
    plain copy, and a kill in the middle leaves half a checkpoint under its final name.
    """

    def save_checkpoint(
        self, checkpoint: dict[str, Any], path: str | Path, storage_options: Any = None
    ) -> None:
        with atomic_write(path, "wb") as file:
            torch.save(checkpoint, file)


class StepCheckpoint(ModelCheckpoint):
    """Keep the ``keep`` newest checkpoints, one every ``every`` optimiser steps and always the last step.

    ``last.ckpt`` is a link to the newest. An exception saves too, where the state is whole: not inside an
    optimiser step or an unfinished accumulation, and only in a single process, because saving is collective
    and a rank that fails alone would wait for the others forever.
    """

    def __init__(self, folder: Path, every: int, keep: int) -> None:
        super().__init__(
            dirpath=folder,
            filename="step-{step:08d}",
            auto_insert_metric_name=False,
            monitor="step",
            mode="max",
            save_top_k=keep,
            every_n_train_steps=every,
            save_last="link",
            save_on_exception=True,
            save_on_train_epoch_end=True,  # else the last save of an epoch waits for the validation
            enable_version_counter=False,
        )
        self._inside_step = False

    @property
    def state_key(self) -> str:
        return type(
            self
        ).__name__  # Lightning's has `every` in it: another cadence would forget what to prune

    def on_before_optimizer_step(self, *args: Any) -> None:
        self._inside_step = True

    def on_train_batch_end(self, trainer: Trainer, *args: Any) -> None:
        self._inside_step = False
        super().on_train_batch_end(trainer, *args)

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        if not self._should_skip_saving_checkpoint(trainer):
            self._save(trainer)

    def on_exception(self, trainer: Trainer, pl_module: LightningModule, exception: BaseException) -> None:
        batches = trainer.fit_loop.epoch_loop.batch_progress.current.completed
        whole = not self._inside_step and batches % trainer.accumulate_grad_batches == 0
        if whole and trainer.world_size == 1 and self._should_save_on_exception(trainer):
            self._save(trainer)

    def _should_remove_checkpoint(self, trainer: Trainer, previous: str, current: str) -> bool:
        # Lightning spares the file it resumed from, and so would leave one behind at every restart.
        return previous != current and Path(previous).parent == Path(str(self.dirpath))

    def _save(self, trainer: Trainer) -> None:
        candidates = self._monitor_candidates(trainer)
        self._save_topk_checkpoint(trainer, candidates)
        self._save_last_checkpoint(trainer, candidates)


def newest_checkpoint(folder: Path) -> str | None:
    """Return the checkpoint of ``folder`` with the highest global step, or None if there is none.

    A file that cannot be loaded is skipped with a warning; raises ValueError when no file can be.
    """
    found, torn = [], []
    for path in sorted(folder.glob("*.ckpt")):
        if path.is_symlink():  # last.ckpt repeats the newest file
            continue
        try:
            found.append((global_step(path), str(path)))
        except ValueError as error:
            torn.append(str(path))
            console.print(f"skipped: {error}", style="yellow", markup=False, soft_wrap=True)
    if torn and not found:
        raise ValueError(
            f"none of {', '.join(torn)} can be loaded; remove the files, or use resume=never to start over"
        )
    return max(found)[1] if found else None


def global_step(path: Path) -> int:
    """Return the optimiser step a checkpoint was written at, or raise ValueError if it cannot be loaded."""
    if not path.is_file():
        raise ValueError(f"checkpoint {path} does not exist; use resume=auto, never, or the path of one")
    try:
        found = torch.load(path, map_location="cpu", weights_only=True, mmap=True)
        if lacks := [key for key in ("state_dict", "pytorch-lightning_version") if key not in found]:
            raise KeyError(f"it lacks {', '.join(lacks)}")
        return int(found["global_step"])
    except Exception as error:  # torch raises half a dozen types for damaged files
        reason = (str(error).splitlines() or [""])[0]
        raise ValueError(f"{path} is no complete checkpoint ({type(error).__name__}: {reason})") from error
