"""The order of samples: a function of (seed, epoch), cut into global and rank batches, resumable."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from torch.utils.data import Sampler


@dataclass(frozen=True)
class Place:
    """Where in a run a batch stands: in which epoch, and after how many batches; both are the same on all
    ranks."""

    epoch: int
    step: int


class Numbers(list[int]):
    """The sample numbers of a training batch, with the ``place`` of the batch."""

    def __init__(self, numbers: Iterable[int], place: Place) -> None:
        super().__init__(numbers)
        self.place = place


def transform_at(transform: Any, place: Place | None) -> Any:
    """Return what a transform with a method ``at`` is at a place of training, and others as they are."""
    return transform if place is None or not hasattr(transform, "at") else transform.at(place)


def epoch_order(shard_samples: Sequence[int], seed: int, epoch: int, window: int) -> np.ndarray:
    """Return the permutation of all samples for one epoch, int64 [samples].

    The shards are permuted, and ``window`` shards at a time their samples are permuted together. Drawn by
    sorting the raw output of PCG64, which numpy promises never to change.
    """
    bits = np.random.PCG64(np.random.SeedSequence([seed, epoch]))
    shards = np.argsort(bits.random_raw(len(shard_samples)), kind="stable")
    starts = np.cumsum([0, *shard_samples])
    parts = []
    for at in range(0, len(shards), window):
        inside = np.concatenate([np.arange(starts[s], starts[s + 1]) for s in shards[at : at + window]])
        parts.append(inside[np.argsort(bits.random_raw(len(inside)), kind="stable")])
    return np.concatenate(parts)


class GlobalBatchSampler(Sampler[list[int]]):
    """Batches of sample numbers for one rank, continuing at ``position`` of ``epoch``.

    ``position`` counts the samples of all ranks that the training loop has been given. Every global batch is
    ``batch_size * world_size`` samples in order, and each rank takes its slice, so that the sequence of
    samples depends on neither. What does not fill a global batch at the end of an epoch is left out of it:
    every rank steps equally often, always on full batches. The next epoch draws a new order.
    """

    def __init__(
        self,
        shard_samples: Sequence[int],
        *,
        batch_size: int,
        rank: int = 0,
        world_size: int = 1,
        shuffle: bool = True,
        seed: int = 0,
        window: int = 64,
    ) -> None:
        self.shard_samples = [count for count in shard_samples if count]
        self.samples = sum(self.shard_samples)
        self.batch_size, self.rank, self.world_size = batch_size, rank, world_size
        self.shuffle, self.seed, self.window = shuffle, seed, window
        self.epoch = self.position = self.step = 0
        if len(self) == 0:
            raise ValueError(
                f"{self.samples} samples do not fill a global batch (batch_size {batch_size} x {world_size} "
                "ranks); lower batch_size or give more samples"
            )

    @property
    def global_batch(self) -> int:
        """Samples of one batch over all ranks."""
        return self.batch_size * self.world_size

    @property
    def remaining(self) -> int:
        """Batches left in this epoch."""
        return (self.samples - self.position) // self.global_batch

    def __len__(self) -> int:
        """Batches of a whole epoch."""
        return self.samples // self.global_batch

    def begin(self) -> None:
        """Step to the next epoch if this one has no batch left."""
        if self.remaining == 0:
            self.epoch, self.position = self.epoch + 1, 0

    def advance(self) -> None:
        """Count a batch that the training loop has been given."""
        self.position += self.global_batch
        self.step += 1

    def __iter__(self) -> Iterator[Numbers]:
        numbers, step = self._numbers(), self.step
        first = self.position + self.rank * self.batch_size
        for at in range(self.remaining):
            start = first + at * self.global_batch
            yield Numbers(map(int, numbers[start : start + self.batch_size]), Place(self.epoch, step + at))

    def state_dict(self, unfinished: int = 0) -> dict[str, Any]:
        """Return epoch, position and what the order depends on, going back ``unfinished`` batches.

        Any number of ranks, and any batch size, can go on from it.
        """
        # What an epoch leaves out, it has passed: fewer ranks must not take it up again.
        position = self.position if self.remaining else self.samples
        if unfinished:
            position = self.position - unfinished * self.global_batch
        place = {"epoch": self.epoch, "position": position, "step": self.step - unfinished}
        return place | {"global_batch": self.global_batch} | self._order()

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from a state; raises ValueError when it belongs to other shards or another seed."""
        for name, here in self._order().items():
            if (there := state.get(name)) != here:
                raise ValueError(
                    f"the checkpoint was reading with {name}={there!r}, this run has {here!r}: the "
                    "order of samples would differ; use the same shards and options, or start a new run"
                )
        self.epoch, self.position = state["epoch"], state["position"]
        size = state["global_batch"]  # states of older versions do not count steps
        steps = self.epoch * (self.samples // size) + self.position // size
        self.step = state.get("step", steps)

    def _numbers(self) -> Sequence[int] | np.ndarray:
        """Return the sample numbers of this epoch in order."""
        if self.shuffle:
            return epoch_order(self.shard_samples, self.seed, self.epoch, self.window)
        return range(self.samples)

    def _order(self) -> dict[str, Any]:
        """Return what the order depends on."""
        shards = hashlib.sha256(str(self.shard_samples).encode()).hexdigest()[:12]
        order = {"samples": self.samples, "shards": shards, "seed": self.seed}
        return order | {"shuffle": self.shuffle, "window": self.window}


class EvenBatchSampler(Sampler[list[int]]):
    """Every sample exactly once in stored order, in equally many batches on every rank, none of them empty.

    The samples are cut into equal parts, sizes differing by one at most: ``batch_size`` or less, or two where
    single samples would leave a rank without one.
    """

    def __init__(self, samples: int, *, batch_size: int, rank: int = 0, world_size: int = 1) -> None:
        if samples < world_size:
            raise ValueError(f"{samples} samples for {world_size} ranks: every rank needs at least one")
        self.samples, self.rank, self.world_size = samples, rank, world_size
        self.batches = min(-(-samples // (batch_size * world_size)), samples // world_size)

    def __len__(self) -> int:
        return self.batches

    def __iter__(self) -> Iterator[list[int]]:
        cuts = self.batches * self.world_size
        for at in range(self.batches):
            part = at * self.world_size + self.rank
            yield list(range(part * self.samples // cuts, (part + 1) * self.samples // cuts))
