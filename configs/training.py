"""Options of every training run: how it is executed, and its optimiser. Nothing here imports torch."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from configs.load import at_least, check_seed, one_of

PRECISIONS = ("32-true", "bf16-mixed", "bf16-true", "16-mixed", "64-true")


@dataclass(kw_only=True)
class TrainerConfig:
    """How a run is executed; what it learns is the stage's own config."""

    run_dir: str
    """Folder of this run: config.yaml, checkpoints/, logs/, export/."""
    accelerator: str = "auto"
    """cpu, gpu (or cuda, mps), or auto: a GPU where there is one."""
    devices: int | str = "auto"
    """Processes per node, one device each; auto: all GPUs, or one CPU process."""
    num_nodes: int = 1
    """Machines."""
    precision: str = "32-true"
    """Arithmetic of the forward and backward pass, in Lightning's names."""
    strategy: str = "auto"
    """auto (one device, or ddp), ddp, or fsdp (parameters sharded by :func:`shard`)."""
    max_steps: int = -1
    """Optimiser steps after which to stop, unless max_epochs is reached first; -1: no limit."""
    max_epochs: int = 1
    """Passes over the training data after which to stop, unless max_steps is reached first; -1: no limit."""
    accumulate_grad_batches: int = 1
    """Batches per optimiser step and rank."""
    gradient_clip_val: float = 1.0
    """Largest gradient norm; 0: no clipping."""
    val_every_steps: int | None = None
    """Optimiser steps between validations; null: at the end of every epoch."""
    checkpoint_every_steps: int = 500
    """Optimiser steps between checkpoints; the last step is always saved."""
    keep_checkpoints: int = 2
    """Newest checkpoints kept, besides the best one."""
    log_every_steps: int = 10
    """Optimiser steps between logged training values."""
    seed: int = 0
    """Seed of weights, dropout and workers; the order of samples has its own in the loader."""
    deterministic: bool = True
    """Deterministic kernels: enforced on CPU, a warning where a GPU has none."""
    progress: bool = True
    """Show a progress bar and the model summary."""
    resume: str = "auto"
    """auto: go on from the newest checkpoint of run_dir, if any; never: set the old run aside; or a path."""

    def __post_init__(self) -> None:
        one_of("accelerator", self.accelerator, ("auto", "cpu", "gpu", "cuda", "mps"))
        one_of("precision", self.precision, PRECISIONS)
        one_of("strategy", self.strategy, ("auto", "ddp", "fsdp"))
        if self.devices != "auto" and not (isinstance(self.devices, int) and self.devices >= 1):
            raise ValueError(f"devices={self.devices!r} is not allowed; use auto or a count of at least 1")
        check_seed(self.seed)
        at_least(self, 1, "num_nodes", "accumulate_grad_batches", "val_every_steps")
        at_least(self, 1, "checkpoint_every_steps", "keep_checkpoints", "log_every_steps")
        for name in ("max_steps", "max_epochs"):
            value = getattr(self, name)
            if value < 1 and value != -1:
                raise ValueError(f"{name}={value} is not allowed; use at least 1, or -1 for no limit")
        if self.max_steps == -1 and self.max_epochs == -1:
            raise ValueError("max_steps=-1 with max_epochs=-1 never ends; set one of them")
        if self.gradient_clip_val < 0:
            raise ValueError(f"gradient_clip_val={self.gradient_clip_val} is negative; 0 turns clipping off")
        if self.precision == "16-mixed" and self.accelerator == "cpu":
            raise ValueError("precision=16-mixed needs a GPU; use bf16-mixed or 32-true with accelerator=cpu")
        if not self.run_dir.strip():
            raise ValueError("run_dir is empty; name the folder of this run")


@dataclass(kw_only=True)
class OptimConfig:
    """AdamW with linear warm-up and cosine decay."""

    lr: float
    """Peak learning rate."""
    weight_decay: float = 0.0
    """Decoupled weight decay of matrices; vectors, biases, norms, logit scales and positions have none."""
    betas: tuple[float, float] = (0.9, 0.98)
    """Decay of the running mean of gradients and of their squares."""
    eps: float = 1e-8
    """Added to the root of the running square."""
    warmup_fraction: float = 0.03
    """Part of all optimiser steps in which the learning rate rises linearly to its peak."""
    schedule: str = "cosine"
    """After the warm-up: cosine (down to 0 at the last step) or constant."""

    def __post_init__(self) -> None:
        one_of("schedule", self.schedule, ("cosine", "constant"))
        if not self.lr > 0:
            raise ValueError(f"lr={self.lr} is not allowed; use a positive learning rate")
        if self.weight_decay < 0:
            raise ValueError(f"weight_decay={self.weight_decay} is not allowed; use at least 0")
        if not self.eps > 0:
            raise ValueError(f"eps={self.eps} is not allowed; use a small positive number")
        if not all(0 <= beta < 1 for beta in self.betas):
            raise ValueError(f"betas={tuple(self.betas)} is not allowed; both lie in [0, 1)")
        if not 0 <= self.warmup_fraction < 1:
            raise ValueError(f"warmup_fraction={self.warmup_fraction} is not allowed; use a part in [0, 1)")


@dataclass(kw_only=True)
class TowerOptimConfig(OptimConfig):
    """The optimiser of the encoder stage, which also treats the layers of its two towers differently."""

    lock: dict[str, Any] = field(default_factory=dict)
    """Parts that stay as they were loaded, for example {vision: 6, text: all}: a number n is the embeddings
    and the first n blocks (0: the embeddings alone), all the whole tower; what is not named is trained."""
    layer_decay: float = 1.0
    """Learning rate of a block relative to the block after it (BEiT); 1: the same everywhere."""

    def __post_init__(self) -> None:
        super().__post_init__()
        for tower, wanted in self.lock.items():
            one_of("lock", tower, ("vision", "text"))
            count = isinstance(wanted, int) and not isinstance(wanted, bool) and wanted >= 0
            if not count and wanted != "all":
                raise ValueError(
                    f"lock.{tower}={wanted!r} is not allowed; use a number of blocks of at least 0, or all; "
                    "leave the tower out to train it"
                )
        if not 0 < self.layer_decay <= 1:
            raise ValueError(f"layer_decay={self.layer_decay} is not allowed; use a number in (0, 1]")
