"""Memory and time of a training step by the number of negative captions, whole and in recomputed chunks.

``python tests/benchmarks/memory.py batch=8 rows=16 steps=3``: for N = 0, 5, 10, 20, 30, 40, 50 negatives per
sample, a process of its own builds the same CLIP (random weights), makes ``batch`` pictures with 1 + N
captions of 20 to 120 tokens each, and does ``steps`` whole steps: forward, MMCLIP loss, backward, AdamW. Once
with all activations kept, once with ``encoder.recompute_rows``.

Peak: largest resident memory of a process (getrusage), in which glibc is told to give every freed tensor back
(M_MMAP_THRESHOLD), so that it is what the step needs. As it comes, glibc keeps holes between tensors of many
lengths; that peak, of the process which is timed, is listed beside it. Step: what the peak is above the
memory before the first step, so without torch and the model, with gradients and AdamW's states. Time: CPU
seconds of one thread. Goals: the chunked peak stays within 15 % from N = 10 to 50, and time is a straight
line of the real tokens (least squares).

Table, and ``runs/bench/memory.json``.
"""

from __future__ import annotations

import ctypes
import multiprocessing
import resource
import statistics
import time
from typing import Any

import numpy as np
import torch
from rich.table import Table

from configs.geoclip import ClipShape
from configs.runtime import PROJECT, command, console, environment, runs_root, write_json
from geoclip.encoder import DualEncoder
from geoclip.losses import hard_negative_info_nce
from geoclip.towers import make_clip

NEGATIVES = (0, 5, 10, 20, 30, 40, 50)
GOAL = 1.15
TOKENS = (20, 120)  # shortest and longest caption
MIB = 2**20
M_MMAP_THRESHOLD = -3  # of malloc.h


def small_clip() -> DualEncoder:
    """Return a CLIP of 3 M parameters that reads captions of 120 tokens."""
    torch.manual_seed(0)
    shape = ClipShape(tokenizer=str(PROJECT / "geoclip" / "mini"), text_window=TOKENS[1])
    return make_clip(shape).train()


def captions(count: int, end: int, words: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Return ids and mask of ``count`` captions of random words, evenly spread over lengths."""
    generator = torch.Generator().manual_seed(1)
    lengths = torch.randint(TOKENS[0], TOKENS[1] + 1, (count,), generator=generator)
    ids = torch.randint(5, words, (count, TOKENS[1]), generator=generator)
    mask = (torch.arange(TOKENS[1]) < lengths[:, None]).long()
    ids[torch.arange(count), lengths - 1] = end
    longest = int(lengths.max())
    return (ids * mask)[:, :longest], mask[:, :longest]


def resident() -> int:
    """Return the resident memory of this process, bytes."""
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * resource.getpagesize()


def measure(batch: int, negatives: int, rows: int, steps: int, give_back: bool = False) -> dict[str, float]:
    """Train ``steps`` steps in this process and return its peak, the step's share, seconds and tokens."""
    if give_back:
        ctypes.CDLL(None).mallopt(M_MMAP_THRESHOLD, 64 * 1024)
    encoder = small_clip()
    encoder.attend_eagerly()
    encoder.recompute_rows = rows
    optimizer = torch.optim.AdamW(encoder.parameters(), lr=1e-4)
    size = encoder.image_size
    images = torch.randint(0, 256, (batch, 1, size, size), dtype=torch.uint8)
    ids, mask = captions(batch * (1 + negatives), encoder.tokenizer.eos_token_id, len(encoder.tokenizer))
    offsets = torch.arange(batch + 1) * negatives
    before, seconds = resident(), []
    for _ in range(steps):
        started = time.process_time()
        image, text, scale, _ = encoder(images, ids, mask)
        loss = hard_negative_info_nce(image, text[:batch], text[batch:], offsets, scale)
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        seconds.append(time.process_time() - started)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return {
        "tokens": int(mask.sum()),
        "seconds": statistics.median(seconds[1:] or seconds),
        "peak_mib": peak / MIB,
        "step_mib": (peak - before) / MIB,
        "loss": float(loss.detach()),
    }


def in_new_processes(**options: int) -> dict[str, float]:
    """Return :func:`measure` of one process for the memory and one for the time, forked after the imports."""
    context = multiprocessing.get_context("fork")
    with context.Pool(1) as pool:
        timed = pool.apply(measure, kwds=options)
    with context.Pool(1) as pool:
        lean = pool.apply(measure, kwds={**options, "steps": 2, "give_back": True})
    return {**timed, **{k: lean[k] for k in ("peak_mib", "step_mib")}, "glibc_mib": timed["peak_mib"]}


def straight(rows: list[dict[str, float]]) -> dict[str, float]:
    """Return the least-squares line of seconds by tokens, and how far the times are from it."""
    tokens, seconds = np.array([(row["tokens"], row["seconds"]) for row in rows]).T
    slope, start = np.polyfit(tokens, seconds, 1)
    line = start + slope * tokens
    rest = float(((seconds - line) ** 2).sum() / ((seconds - seconds.mean()) ** 2).sum())
    worst = float((np.abs(seconds - line) / line).max())
    return {
        "seconds_at_0": float(start),
        "microseconds_per_token": 1e6 * float(slope),
        "r2": 1 - rest,
        "worst": worst,
    }


def report(found: dict[str, list[dict[str, float]]], rows: int) -> dict[str, Any]:
    """Print the table and return the verdicts."""
    table = Table(title=f"one step, whole (w.) and in chunks of {rows} rows (c.); MiB, CPU s")
    for column in (
        "N",
        "tokens",
        "s w.",
        "s c.",
        "peak w.",
        "peak c.",
        "step w.",
        "step c.",
        "glibc w.",
        "glibc c.",
    ):
        table.add_column(column, justify="right")
    for n, whole, chunked in zip(NEGATIVES, found["whole"], found["chunked"], strict=True):
        cells = [
            f"{one[key]:,.{2 if key == 'seconds' else 0}f}"
            for key in ("seconds", "peak_mib", "step_mib", "glibc_mib")
            for one in (whole, chunked)
        ]
        table.add_row(str(n), f"{whole['tokens']:,}", *cells)
    console.print(table)
    verdict: dict[str, Any] = {}
    for name, measured in found.items():
        at = dict(zip(NEGATIVES, measured, strict=True))
        for key in ("peak_mib", "step_mib", "glibc_mib"):
            within = [at[n][key] for n in NEGATIVES if n >= 10]
            verdict[f"{name}_{key}_ratio"] = max(within) / min(within)
        verdict[f"{name}_line"] = straight(measured)
    for name in found:
        line = verdict[f"{name}_line"]
        times = [f"x{verdict[f'{name}_{key}_ratio']:.2f}" for key in ("peak_mib", "step_mib", "glibc_mib")]
        console.print(
            f"{name}, N = 10 to 50: peak {times[0]}, step alone {times[1]}, with glibc's holes {times[2]}; "
            f"{line['microseconds_per_token']:.1f} µs per token, R² {line['r2']:.4f}, "
            f"worst {line['worst']:.0%} off the line"
        )
    met = verdict["chunked_peak_mib_ratio"] <= GOAL
    console.print(f"goal x{GOAL}: {'met' if met else 'MISSED'}", style="green" if met else "red")
    return verdict


@command
def main(argv: list[str]) -> None:
    """Measure every N, whole and chunked, each in its own process."""
    given = dict(word.split("=", 1) for word in argv)
    options = {
        name: int(given.get(name, value)) for name, value in (("batch", 8), ("rows", 16), ("steps", 3))
    }
    torch.set_num_threads(1)
    found: dict[str, list[dict[str, float]]] = {"whole": [], "chunked": []}
    for n in NEGATIVES:  # whole and chunked beside each other: the machine's speed drifts
        for name, rows in (("whole", 0), ("chunked", options["rows"])):
            found[name].append(in_new_processes(**{**options, "rows": rows}, negatives=n))
    drift = max(abs(a["loss"] - b["loss"]) for a, b in zip(*found.values(), strict=True))
    console.print(f"largest difference of the last losses, whole and chunked: {drift:.1e}")
    verdict = report(found, options["rows"])
    out = runs_root() / "bench" / "memory.json"
    write_json(out, {**options, "found": found, **verdict, "loss_drift": drift, "environment": environment()})
    console.print(f"wrote {out}")


if __name__ == "__main__":
    main(None)
