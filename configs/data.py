"""Options of the loader that feeds both training stages."""

from __future__ import annotations

from dataclasses import dataclass

from configs.load import at_least, check_seed, one_of

MODES = ("indexed", "stream")


@dataclass(kw_only=True)
class LoaderConfig:
    """Which shards are read, in which order, and how many samples make a batch."""

    shards: list[str]
    """Shard folders (each with its index.json), read as one set; stream mode also takes webdataset URLs
    (``https://host/name-{000000..000041}.tar``, ``pipe:aws s3 cp s3://... -``)."""
    mode: str = "indexed"
    """indexed: files on a file system, exact order and exact resume; stream: webdataset's own resampled
    pipeline for object stores and pipes, where a resume is only statistically the same."""
    batch_size: int
    """Samples per rank and batch."""
    num_workers: int = 2
    """Loading processes per rank; 0 loads in the training process. Order and content do not depend on it."""
    shuffle: bool = True
    """Draw a new order every epoch; false: stored order. A stream is always shuffled."""
    window: int = 64
    """Shards whose samples are shuffled together: reads stay within this many files at a time."""
    seed: int = 0
    """Seed of the order; epoch e is a function of (seed, e) alone."""
    limit: int | None = None
    """Read only the first this many samples; null: all."""
    max_skipped: int = 0
    """Distinct unusable samples (no caption, damaged picture, over a limit) that each rank may pass over
    before the run stops and names them."""
    epoch_samples: int | None = None
    """Stream only, required there: samples of all ranks that make one epoch."""

    def __post_init__(self) -> None:
        one_of("mode", self.mode, MODES)
        if not self.shards or not all(isinstance(name, str) and name.strip() for name in self.shards):
            raise ValueError(f"shards={self.shards!r} is not allowed; name at least one shard folder")
        at_least(self, 1, "batch_size", "window", "limit", "epoch_samples")
        at_least(self, 0, "num_workers", "max_skipped")
        check_seed(self.seed)
        if (self.mode == "stream") != (self.epoch_samples is not None):
            raise ValueError(
                f"mode={self.mode} with epoch_samples={self.epoch_samples} is not possible: a stream has no "
                "end and needs epoch_samples, an indexed epoch is every sample once"
            )
        if self.mode == "stream" and (self.limit is not None or not self.shuffle):
            raise ValueError("mode=stream with limit or shuffle=false is not possible; use mode=indexed")
