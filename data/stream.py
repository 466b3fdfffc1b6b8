"""Shards as a stream, for object stores and pipes: webdataset's own pipeline, shards drawn at random.

An epoch is as many batches as the config says. A resume is statistical: it goes on at the same epoch and
position with a fresh draw, not with the very samples that an uninterrupted run would have seen. Shards of a
folder are verified first; of a URL nothing is known beforehand, and a shard that was cut at a member's border
just seems shorter.
"""

from __future__ import annotations

import functools
import itertools
import tarfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import webdataset
from torch.utils.data import DataLoader, get_worker_info
from webdataset.shardlists import expand_urls

from configs.data import LoaderConfig
from data.index import open_folder
from data.loader import (
    Collate,
    ResumableLoader,
    Transform,
    make_batch,
    transformed,
    worker_options,
)
from data.order import GlobalBatchSampler, Place, transform_at
from data.sample import SampleError, parse_sample

BUFFER = 1000  # samples that a worker shuffles; about 40 MB with ten image negatives
EMPTY = 20  # times the number of shards that a worker draws without a sample before it gives up


def stream_loader(
    cfg: LoaderConfig,
    transform: Transform,
    collate: Collate,
    *,
    rank: int = 0,
    world_size: int = 1,
    verify: bool = True,
) -> ResumableLoader:
    """Return the training loader of one rank over a stream; ``cfg.shards`` are folders or webdataset URLs."""
    assert cfg.epoch_samples is not None
    urls = [url for name in cfg.shards for url in shard_urls(name, verify=verify)]
    place = GlobalBatchSampler(
        [cfg.epoch_samples], batch_size=cfg.batch_size, rank=rank, world_size=world_size, seed=cfg.seed
    )
    source = _Stream(urls, cfg, transform, collate, place)
    return ResumableLoader(source, place, cfg.max_skipped)


def shard_urls(name: str, *, verify: bool = True) -> list[str]:
    """Return the shards of a folder (verified) or the URLs of a brace pattern."""
    if ":" in name or "{" in name or name.endswith(".tar"):
        return expand_urls(name)
    folder = open_folder(name, verify=verify)
    return [str(Path(name) / shard["file"]) for shard in folder.index["shards"]]


class _Stream:
    """Iterates over what is left of an epoch; each iteration draws from (seed, epoch, position, rank)."""

    def __init__(
        self,
        urls: list[str],
        cfg: LoaderConfig,
        transform: Transform,
        collate: Collate,
        place: GlobalBatchSampler,
    ) -> None:
        self.urls, self.cfg, self.transform, self.collate, self.place = urls, cfg, transform, collate, place

    def __iter__(self) -> Iterator[tuple[dict[str, Any] | None, list[str]]]:
        place, cfg = self.place, self.cfg
        entropy = [place.seed, place.epoch, place.position, place.rank]
        seed = int(np.random.SeedSequence(entropy).generate_state(1)[0])
        pipeline = webdataset.DataPipeline(
            webdataset.ResampledShards(self.urls, seed=seed, worker_seed=_worker, deterministic=True),
            functools.partial(_read, shards=len(self.urls)),
            webdataset.shuffle(BUFFER, seed=seed),
            functools.partial(
                _batches,
                transform=self.transform,
                collate=self.collate,
                batch_size=cfg.batch_size,
                max_skipped=cfg.max_skipped,
                start=Place(place.epoch, place.step),
            ),
        )
        loader = DataLoader(pipeline, batch_size=None, **worker_options(cfg))
        yield from itertools.islice(loader, place.remaining)


def _batches(
    samples: Iterable[dict[str, Any]],
    transform: Transform,
    collate: Collate,
    batch_size: int,
    max_skipped: int,
    start: Place,
) -> Iterator[tuple[dict[str, Any] | None, list[str]]]:
    """Turn webdataset's samples into full batches; a skipped sample is replaced by the next one.

    The loader takes a batch of each worker in turn, which tells the place of every batch.
    """
    info = get_worker_info()
    first, every = (info.id, info.num_workers) if info else (0, 1)
    places = (Place(start.epoch, step) for step in itertools.count(start.step + first, every))
    here = transform_at(transform, next(places))
    taken: list[tuple[str, Any]] = []
    skips: list[str] = []
    known: set[str] = set()
    barren = 0
    try:
        for raw in samples:
            barren += 1
            try:
                taken.append(_usable(raw, here))
                barren = 0
            except SampleError as error:
                if str(error) not in known:
                    known.add(str(error))
                    skips.append(str(error))
            if len(taken) == batch_size or len(known) > max_skipped or barren > BUFFER:
                yield make_batch(collate, taken), skips
                taken, skips, here = [], [], transform_at(transform, next(places))
    except (OSError, tarfile.TarError) as error:
        raise ValueError(f"a shard of the stream cannot be read to its end: {error}") from error


def _read(urls: Iterable[dict[str, Any]], shards: int) -> Iterator[dict[str, Any]]:
    """Yield the samples of one shard after the other; shards without any are passed over, not for ever."""
    expand, empty = webdataset.tarfile_to_samples(), 0
    for url in urls:
        empty += 1
        for sample in expand(iter([url])):
            empty = 0
            yield sample
        if empty > EMPTY * shards:
            raise ValueError(f"the shards of the stream hold no sample; the last one read is {url['url']}")


def _usable(raw: dict[str, Any], transform: Transform) -> tuple[str, Any]:
    members = {name: data for name, data in raw.items() if not name.startswith("__")}
    try:
        sample = parse_sample(raw["__key__"], members)
    except SampleError as error:
        raise SampleError(f"{raw['__url__']}: {error}") from error
    return transformed(sample, transform, raw["__url__"])


def _worker() -> int:
    info = get_worker_info()
    return info.id if info else 0
