"""The loader on one core against bare decoding, fresh scenes per second, and cost and memory by size.

``python tests/benchmarks/loader.py samples=120 largest=100000``: one process, CPU seconds, all in one run.

1. ``samples`` scenes with ten edited captions and ten edited pictures of 336 px, as shards. Bare: Pillow
   decodes the same pictures from memory, and keeps a batch of them as every loader must (new memory costs
   time: beside it, what decoding alone takes). Loader: reads, parses, decodes and batches them. Stage 1: the
   same with its tokens, hashes and in-batch truth. Rounds alternate; the median counts.
2. ``mode=scenes``: samples per second and core, and how many workers feed a GPU of a given rate.
3. Tiny samples, a thousand to ``largest``: opening, order and reading per sample, and resident memory. Fresh
   scenes at numbers up to a million.

Tables, and ``runs/bench/loader.json``.
"""

from __future__ import annotations

import math
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from rich.table import Table

from configs.data import LoaderConfig
from configs.geoclip import NegativesConfig
from configs.runtime import PROJECT, command, console, environment, runs_root, write_json
from data.fresh import FreshScenes, fresh_loader
from data.images import decode, encode
from data.loader import IndexedDataset, indexed_loader
from data.order import epoch_order
from data.sample import Sample
from data.shards import write_shards
from geoclip.collate import Collate, ContrastiveTransform
from geoclip.towers import load_encoder

ROUNDS = 9
BATCH = 20
GOAL = 0.9
GPU_RATES = (50, 200, 1000)
KINDS = {"10 captions": {"rule": 10, "image": 0}, "10 captions, 10 pictures": {"rule": 10, "image": 10}}


def recipe(rule: int, image: int) -> dict[str, Any]:
    """Return a recipe with so many negatives; everything else is the default."""
    return {"negatives": {"rule": rule, "image": image, "retrieval": 0}}


def fresh(count: int, **kinds: int) -> LoaderConfig:
    """Return the options of fresh scenes, one batch of ``count``."""
    return LoaderConfig(
        mode="scenes", recipe=recipe(**kinds), batch_size=count, epoch_samples=count, num_workers=0
    )


def pictures(sample: Sample) -> list[torch.Tensor]:
    """Decode every picture of a sample; the bare transform."""
    return [decode(data) for data in sample.images.values()]


def together(items: list[Any]) -> dict[str, Any]:
    """The bare collate."""
    return {"items": items}


def seconds(work: Callable[[], Any]) -> float:
    """CPU seconds of ``work``."""
    begun = time.process_time()
    work()
    return time.process_time() - begun


def resident() -> float:
    """Memory of this process in MB."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


def exhaust(batches: Iterable[Any]) -> None:
    """Read to the end."""
    for _ in batches:
        pass


def read_some(dataset: Any, numbers: Iterable[int]) -> None:
    """Fetch and decode the samples of these numbers."""
    for n in numbers:
        pictures(dataset[n])


def decode_batches(samples: list[Sample]) -> None:
    """Decode as many samples at a time as the loader does."""
    for at in range(0, len(samples), BATCH):
        _ = [pictures(sample) for sample in samples[at : at + BATCH]]


def against_decoding(folder: Path, samples: int) -> dict[str, Any]:
    """Time bare decoding, the loader and stage 1's transform on the same samples, in turns."""
    scenes = FreshScenes(fresh(samples, rule=10, image=10).build_config())
    stored = [scenes[n] for n in range(samples)]
    write_shards(stored, folder, name="bench", shard_size=100, meta={"recipe": {}})
    encoder = load_encoder(str(PROJECT / "geoclip" / "mini"))
    stage1 = ContrastiveTransform(encoder, NegativesConfig(), "truncate")
    stage1.image_size = 336
    cfg = LoaderConfig(shards=[str(folder)], batch_size=BATCH, num_workers=0)
    bare = indexed_loader(cfg, pictures, together, train=True)
    full = indexed_loader(cfg, stage1, Collate(encoder), train=True)
    ways: dict[str, Callable[[], Any]] = {
        "bare decoding": partial(decode_batches, stored),
        "nothing kept": partial(read_some, stored, range(samples)),
        "loader": partial(exhaust, bare),
        "loader, stage 1": partial(exhaust, full),
    }
    exhaust(full)  # warms up
    spent: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(ROUNDS):
        for name, work in ways.items():
            spent[name].append(seconds(work))
    count = sum(len(sample.images) for sample in stored)
    shares = {
        name: statistics.median(a / b for a, b in zip(spent["bare decoding"], spent[name], strict=True))
        for name in ways
    }
    rates = {name: samples / statistics.median(times) for name, times in spent.items()}
    table = Table("", "samples/s", "pictures/s", "of bare decoding")
    for name, rate in rates.items():
        table.add_row(name, f"{rate:.1f}", f"{rate * count / samples:.0f}", f"{shares[name]:.1%}")
    console.print(table)
    console.print(f"goal {GOAL:.0%} of bare decoding: {shares['loader']:.1%}")
    return {"samples": samples, "pictures": count, "samples_per_s": rates, "share": shares}


def on_the_fly(count: int) -> dict[str, Any]:
    """Time mode=scenes, pictures decoded as in the loader."""
    table = Table("fresh scenes with", "samples/s and core", *(f"workers for {r}/s" for r in GPU_RATES))
    rates = {}
    for name, kinds in KINDS.items():
        loader = fresh_loader(fresh(count, **kinds), pictures, together)
        exhaust(loader)  # warms up; the next epoch has other samples
        rates[name] = count / seconds(partial(exhaust, loader))
        table.add_row(name, f"{rates[name]:.1f}", *(str(math.ceil(r / rates[name])) for r in GPU_RATES))
    console.print(table)
    return rates


def tiny(n: int) -> Sample:
    """A sample as small as one can be."""
    return Sample(f"{n:08d}", f"Figure {n}.", {"png": encode(np.full((8, 8), n % 256, np.uint8))})


def stored_sizes(root: Path, largest: int) -> list[dict[str, Any]]:
    """Time folders of growing size; a read is one batch of a shuffled epoch."""
    table = Table(
        "stored samples", "open, µs", "order, µs", "read, µs", "index, bytes", "resident, MB", "grown, MB"
    )
    rows = []
    for size in (10**power for power in range(3, round(math.log10(largest)) + 1)):
        folder = root / str(size)
        write_shards(map(tiny, range(size)), folder, name="t", shard_size=1000, meta={"recipe": {}})
        before, begun = resident(), time.process_time()
        dataset = IndexedDataset([folder])
        opened = (time.process_time() - begun) / size
        held = sum(value.nbytes for value in vars(dataset).values() if isinstance(value, np.ndarray)) / size
        order = seconds(partial(epoch_order, dataset.shard_samples, 0, 0, 64)) / size
        some = epoch_order(dataset.shard_samples, 0, 0, 64)[:1000].tolist()
        read = min(seconds(partial(read_some, dataset, some)) for _ in range(3)) / len(some)
        row = {"samples": size, "open_us": opened * 1e6, "order_us": order * 1e6, "read_us": read * 1e6}
        rows.append(row | {"index_bytes": held, "resident_mb": resident(), "grown_mb": resident() - before})
        table.add_row(f"{size:,}", *(f"{value:.1f}" for value in [*rows[-1].values()][1:]))
        del dataset
    console.print(table)
    return rows


def fresh_numbers(count: int) -> list[dict[str, Any]]:
    """Time fresh scenes at growing numbers."""
    table = Table("fresh from number", "ms per sample", "resident, MB")
    scenes, rows = FreshScenes(fresh(1, rule=10, image=0).build_config()), []
    for start in (0, 10**3, 10**4, 10**5, 10**6):
        spent = seconds(partial(read_some, scenes, range(start, start + count))) / count
        rows.append({"start": start, "ms": spent * 1e3, "resident_mb": resident()})
        table.add_row(f"{start:,}", f"{spent * 1e3:.1f}", f"{resident():.0f}")
    console.print(table)
    return rows


@command
def main(argv: list[str]) -> None:
    """Run all three parts."""
    given = dict(word.split("=") for word in argv)
    samples = int(given.get("samples", 120))
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as root:
        found = {
            "decoding": against_decoding(Path(root) / "scenes", samples),
            "on_the_fly": on_the_fly(samples),
            "stored": stored_sizes(Path(root), int(given.get("largest", 10**5))),
            "fresh": fresh_numbers(2 * samples),
        }
    write_json(out := runs_root() / "bench" / "loader.json", {**found, "environment": environment()})
    console.print(f"wrote {out}", markup=False, soft_wrap=True)


if __name__ == "__main__":
    main()
