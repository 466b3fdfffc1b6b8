"""Mining against one matrix product of the same size: ``python tests/benchmarks/mining.py [key=value]``.

On one core, side by side: slices of queries are multiplied with all vectors (the product alone, nothing
kept) and searched for their nearest (``data.nearest``), in turn, so that both meet the same machine. Vectors
are random directions. The ratio is of process time (user and system), because another load on the machine
changes the wall clock; both are told.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import faiss
import numpy as np
from threadpoolctl import threadpool_limits

from configs.load import at_least, load_config
from configs.runtime import command, console, environment, runs_root, write_json
from data.nearest import nearest
from data.reporting.page import Sheet, terminal

LIMIT = 1.3
ROWS = 1024


@dataclass(kw_only=True)
class MiningBench:
    """What is measured."""

    captions: int = 100_000
    """Vectors, each of them a query."""
    width: int = 256
    """Numbers per vector."""
    top: int = 100
    """Neighbours kept."""
    step: int = 4096
    """Queries of one slice, as many as ``data.retrieval`` searches between two savings."""
    out: str = ""
    """Results; empty: runs/bench/mining.json."""

    def __post_init__(self) -> None:
        at_least(self, 1, "captions", "width", "top", "step")


def measure(cfg: MiningBench) -> dict[str, Any]:
    """Return seconds of process and wall for both sides, and their ratio."""
    vectors = np.random.default_rng(0).normal(size=(cfg.captions, cfg.width)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    scratch = np.empty((ROWS, cfg.captions), np.float32)

    def product(start: int, stop: int) -> None:
        for at in range(start, stop, ROWS):
            rows = vectors[at : min(at + ROWS, stop)]
            np.matmul(rows, vectors.T, out=scratch[: len(rows)])

    def mine(start: int, stop: int) -> None:
        nearest(vectors[start:stop], vectors, cfg.top, np.arange(start, stop))

    sides: dict[str, Callable[[int, int], None]] = {"product": product, "mining": mine}
    spent = {side: np.zeros(2) for side in sides}
    for run in sides.values():
        run(0, 64)  # first calls allocate and load
    for start in range(0, cfg.captions, cfg.step):
        for side, run in sides.items():
            began = np.array([time.process_time(), time.perf_counter()])
            run(start, min(start + cfg.step, cfg.captions))
            spent[side] += np.array([time.process_time(), time.perf_counter()]) - began
    flop = 2 * cfg.captions**2 * cfg.width
    seconds = {
        side: {"process": round(t[0], 2), "wall": round(t[1], 2), "gflops": round(flop / t[0] / 1e9, 1)}
        for side, t in spent.items()
    }
    ratio, wall = (float(spent["mining"][i] / spent["product"][i]) for i in (0, 1))
    return {"seconds": seconds, "ratio": round(ratio, 3), "wall_ratio": round(wall, 3), "limit": LIMIT}


@command
def main(argv: list[str]) -> None:
    """Measure, print, write."""
    cfg = load_config(MiningBench, argv)
    faiss.omp_set_num_threads(1)
    with threadpool_limits(1):
        found = measure(cfg)
    rows = [
        (side, f"{s['process']:.2f}", f"{s['wall']:.2f}", f"{s['gflops']:.1f}")
        for side, s in found["seconds"].items()
    ]
    rows.append(("ratio", f"{found['ratio']:.3f}", f"{found['wall_ratio']:.3f}", f"limit {LIMIT}"))
    title = f"{cfg.captions:,} × {cfg.captions:,} × {cfg.width}, top {cfg.top}, one core"
    console.print(terminal(Sheet(title, ("", "process, s", "wall, s", "GFLOP/s"), "lrrr", tuple(rows))))
    out = Path(cfg.out) if cfg.out else runs_root() / "bench" / "mining.json"
    write_json(out, {**asdict(cfg), **found, "environment": environment()})
    console.print(f"wrote {out}", markup=False, soft_wrap=True)


if __name__ == "__main__":
    main()
