"""Shards in, batches out: one read per sample, exact order, counted skips, and a position to resume from.

``ShardLoader`` runs in the training process and owns the position; workers read, transform and collate. A
worker hands over a whole batch with the skips it met, so that they are counted in one place.
"""

from __future__ import annotations

import json
import os
from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import accumulate
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset

from configs.data import LoaderConfig
from configs.runtime import console
from data.index import open_folder
from data.order import EvenBatchSampler, GlobalBatchSampler, transform_at
from data.sample import KEY, Sample, SampleError, parse_sample
from data.tar import first_member, unpack

Transform = Callable[[Sample], Any]
Collate = Callable[[list[Any]], dict[str, Any]]
OPEN_FILES = 64
RECORD = 1 << 15
"""Bytes of a sample that are read at once for its record; most records are shorter."""
NAMED = 20


class IndexedDataset(Dataset[Sample]):
    """All samples of some shard folders, one after the other, each fetched with one read.

    ``limit`` keeps the first samples only; ``verify`` compares every shard with its checksum first. Raises
    ValueError for a folder or shard that cannot be used; ``dataset[i]`` raises
    :class:`data.sample.SampleError` that names shard and key.
    """

    def __init__(
        self, folders: Sequence[str | Path], *, limit: int | None = None, verify: bool = True
    ) -> None:
        parts = [open_folder(folder, verify=verify) for folder in folders]
        self.files = [part.path / shard["file"] for part in parts for shard in part.index["shards"]]
        self.shard_samples = [shard["samples"] for part in parts for shard in part.index["shards"]]
        self._starts = [0, *accumulate(self.shard_samples)]
        self._offsets = np.concatenate([part.offsets for part in parts])[:limit]
        if limit is not None:
            self.shard_samples = np.diff(np.minimum(self._starts, limit)).tolist()
        self._open: OrderedDict[int, int] = OrderedDict()

    def __len__(self) -> int:
        return len(self._offsets)

    def __getitem__(self, i: int) -> Sample:
        if not 0 <= i < len(self):
            raise IndexError(f"sample {i} of {len(self)}")
        shard = bisect_right(self._starts, i) - 1
        at, length = map(int, self._offsets[i])
        block = os.pread(self._descriptor(shard), length, at)
        try:
            if len(block) < length:
                raise SampleError(f"sample at byte {at} ends after {len(block)} of {length} bytes")
            return parse_members(unpack(block))
        except ValueError as error:
            raise SampleError(f"{self.files[shard]}: {error}") from error

    def record(self, i: int) -> dict[str, Any]:
        """Return the JSON record of sample ``i`` as it is stored, without reading the pictures behind it.

        Raises :class:`data.sample.SampleError` for a sample that does not begin with one.
        """
        file = self._descriptor(bisect_right(self._starts, i) - 1)
        at, length = map(int, self._offsets[i])
        try:
            block = os.pread(file, min(length, RECORD), at)
            name, begin, end = first_member(block)
            block += os.pread(file, max(0, min(end, length) - len(block)), at + len(block))
            record = json.loads(block[begin:end])
        except (ValueError, RecursionError) as error:
            raise SampleError(f"{self.file_of(i)}: sample at byte {at}: {error}") from error
        if not (name.endswith(".json") and isinstance(record, dict)):
            raise SampleError(f"{self.file_of(i)}: sample at byte {at} begins with {name!r}, not its record")
        return record

    def file_of(self, i: int) -> Path:
        """Return the tar file that holds sample ``i``."""
        return self.files[bisect_right(self._starts, i) - 1]

    def _descriptor(self, shard: int) -> int:
        if shard not in self._open:
            while len(self._open) >= OPEN_FILES:
                os.close(self._open.popitem(last=False)[1])
            self._open[shard] = os.open(self.files[shard], os.O_RDONLY)
        self._open.move_to_end(shard)
        return self._open[shard]

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_open": OrderedDict()}  # a spawned worker opens its own files

    def __del__(self) -> None:
        for descriptor in getattr(self, "_open", {}).values():
            os.close(descriptor)


def parse_members(members: Mapping[str, bytes]) -> Sample:
    """Build a sample from full member names (``000042.neg00.png``), which must share one key without dots."""
    keys = {name.partition(".")[0] for name in members}
    key = min(keys, default="")
    if len(keys) != 1 or not KEY.fullmatch(key):
        names = ", ".join(map(repr, sorted(members)))
        raise SampleError(
            f"members {names:.200} are not one sample; names are KEY.json, KEY.png, KEY.neg00.png"
        )
    return parse_sample(key, {name.partition(".")[2]: data for name, data in members.items()})


class Source(Protocol):
    """Samples by number, and in words where each comes from."""

    def __len__(self) -> int: ...

    def __getitem__(self, i: int) -> Sample: ...

    def file_of(self, i: int) -> object:
        """Name the file of sample ``i``."""


class BatchReader(Dataset[tuple[Any, list[str]]]):
    """Maps a list of sample numbers to ``(batch, skips)``; runs in the workers.

    A sample that raises :class:`data.sample.SampleError`, when read or when transformed, is left out: its
    batch is smaller. If nothing is left, the next usable sample in stored order stands in, because every rank
    must step. Both depend on the sample numbers alone, not on workers, and neither moves the position.

    A transform with a method ``at`` is asked for the one of the batch's place.
    """

    def __init__(self, dataset: Source, transform: Transform, collate: Collate, max_skipped: int = 0) -> None:
        self.dataset, self.transform, self.collate = dataset, transform, collate
        self.max_skipped = max_skipped

    def __len__(self) -> int:
        return len(self.dataset)

    def __getitem__(self, indices: list[int]) -> tuple[dict[str, Any] | None, list[str]]:
        taken: list[tuple[str, Any]] = []
        skips: list[str] = []
        transform = transform_at(self.transform, getattr(indices, "place", None))
        for i in indices:
            self._take(i, transform, taken, skips)
        stand_in = indices[-1]
        while not taken and len(skips) <= self.max_skipped:
            stand_in = (stand_in + 1) % len(self)
            self._take(stand_in, transform, taken, skips)
        return make_batch(self.collate, taken), skips

    def _take(self, i: int, transform: Transform, taken: list[tuple[str, Any]], skips: list[str]) -> None:
        try:
            taken.append(transformed(self.dataset[i], transform, self.dataset.file_of(i)))
        except SampleError as error:
            skips.append(str(error))


def transformed(sample: Sample, transform: Transform, file: object) -> tuple[str, Any]:
    """Return (key, item); a :class:`data.sample.SampleError` of the transform learns file and key."""
    try:
        return sample.key, transform(sample)
    except SampleError as error:
        raise SampleError(f"{file}: sample {sample.key!r}: {error}") from error


def make_batch(collate: Collate, taken: list[tuple[str, Any]]) -> dict[str, Any] | None:
    """Collate items and add their ``keys``; None for no items."""
    return {**collate([item for _, item in taken]), "keys": [key for key, _ in taken]} if taken else None


class ShardLoader:
    """Yields the batches of ``source``, a sized iterable of ``(batch, skips)``, and counts the skips.

    Raises ValueError with the names once more than ``max_skipped`` distinct samples were skipped.
    """

    def __init__(self, source: Any, max_skipped: int) -> None:
        self.source, self.max_skipped = source, max_skipped
        self.skipped: dict[str, None] = {}

    def __len__(self) -> int:
        return len(self.source)

    def __iter__(self) -> Iterator[dict[str, Any]]:
        for batch, skips in self.source:
            self._count(skips)
            if batch is None:
                raise ValueError(f"no usable sample:{self._names()}")
            yield batch

    def _names(self) -> str:
        return "".join(f"\n  {reason}" for reason in list(self.skipped)[:NAMED])

    def _count(self, skips: list[str]) -> None:
        for reason in skips:
            if reason not in self.skipped:
                self.skipped[reason] = None
                text = f"skipped {len(self.skipped)} of at most {self.max_skipped}: {reason}"
                console.print(text, style="yellow", markup=False, soft_wrap=True)
        if len(self.skipped) > self.max_skipped:
            raise ValueError(
                f"{len(self.skipped)} unusable samples, max_skipped={self.max_skipped} are allowed; "
                f"repair the data, or raise max_skipped to pass over them:{self._names()}"
            )


class ResumableLoader(ShardLoader):
    """A :class:`ShardLoader` with a place, ``sampler``: a saved state goes on after the last batch yielded.

    ``unfinished`` tells how many yielded batches the training loop has not completed (a step that raised);
    they are read again. Iterating continues where the state says, and after an epoch's end begins the next
    one.
    """

    def __init__(self, source: Any, sampler: GlobalBatchSampler, max_skipped: int) -> None:
        super().__init__(source, max_skipped)
        self.sampler = sampler
        self.unfinished: Callable[[], int] = int

    def __len__(self) -> int:
        return len(self.sampler)

    def __iter__(self) -> Iterator[dict[str, Any]]:
        self.sampler.begin()
        for batch in super().__iter__():
            self.sampler.advance()
            yield batch

    def state_dict(self) -> dict[str, Any]:
        """Return the place of the next batch that no training step has completed."""
        return self.sampler.state_dict(self.unfinished())

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Continue from a state of :meth:`state_dict`, also one of another number of ranks."""
        self.sampler.load_state_dict(state)


def indexed_loader(
    cfg: LoaderConfig,
    transform: Transform,
    collate: Collate,
    *,
    train: bool,
    rank: int = 0,
    world_size: int = 1,
    verify: bool = True,
) -> ShardLoader:
    """Return the loader of one rank: resumable for training, every sample once for evaluation."""
    dataset = IndexedDataset(cfg.shards, limit=cfg.limit, verify=verify)
    slices: dict[str, Any] = {"batch_size": cfg.batch_size, "rank": rank, "world_size": world_size}
    sampler: Any
    if train:
        slices |= {"shuffle": cfg.shuffle, "seed": cfg.seed, "window": cfg.window}
        sampler = _train_sampler(cfg, dataset, slices)
    else:
        sampler = EvenBatchSampler(len(dataset), **slices)
    source = DataLoader(
        BatchReader(dataset, transform, collate, cfg.max_skipped),
        sampler=sampler,
        batch_size=None,
        **worker_options(cfg),
    )
    if train:
        return ResumableLoader(source, sampler, cfg.max_skipped)
    return ShardLoader(source, cfg.max_skipped)


def _train_sampler(cfg: LoaderConfig, dataset: IndexedDataset, slices: dict[str, Any]) -> GlobalBatchSampler:
    if cfg.batch_of == "random":
        return GlobalBatchSampler(dataset.shard_samples, **slices)
    from data.groups import GroupSampler, find_links  # it reads with the dataset of this module

    links = find_links(dataset, cfg.batch_of, show=slices["rank"] == 0)
    return GroupSampler(dataset.shard_samples, links, cfg.group_size, **slices)


def worker_options(cfg: LoaderConfig) -> dict[str, Any]:
    """Options of every torch DataLoader here; its own generator leaves the global random state alone."""
    return {
        "num_workers": cfg.num_workers,
        "collate_fn": _unchanged,
        "pin_memory": torch.cuda.is_available(),
        "generator": torch.Generator().manual_seed(cfg.seed),
    }


def _unchanged(batch: Any) -> Any:
    return batch
