"""Memory and time of a training step by the number of negative captions, whole and in recomputed chunks.

``python tests/benchmarks/memory.py batch=8 rows=16 steps=3``: for N = 0, 5, 10, 20, 30, 40, 50 negatives per
sample, a fresh process builds the same CLIP (random weights), makes ``batch`` pictures with 1 + N captions of
20 to 120 tokens each, and does ``steps`` whole steps: forward, MMCLIP loss, backward, AdamW. Once with all
activations kept, once with ``encoder.recompute_rows``.

Peak: largest resident memory of the process (getrusage). Step: what it holds more than before its first step,
so neither torch nor the model counts; parameters' gradients and AdamW's states do. Goals: the chunked peak
stays within 15 % from N = 10 to 50, and time is a straight line of the real tokens (least squares).

Table, and ``runs/bench/memory.json``.
"""

from __future__ import annotations

import json
import resource
import statistics
import subprocess
import sys
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


def measure(batch: int, negatives: int, rows: int, steps: int) -> dict[str, float]:
    """Train ``steps`` steps in this process and return its peak, the step's share, seconds and tokens."""
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
        started = time.perf_counter()
        image, text, scale, _ = encoder(images, ids, mask)
        loss = hard_negative_info_nce(image, text[:batch], text[batch:], offsets, scale)
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        seconds.append(time.perf_counter() - started)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return {
        "tokens": int(mask.sum()),
        "seconds": statistics.median(seconds[1:] or seconds),
        "peak_mib": peak / MIB,
        "step_mib": (peak - before) / MIB,
        "loss": float(loss.detach()),
    }


def in_fresh_process(**options: int) -> dict[str, float]:
    """Return :func:`measure` of a new process."""
    words = [sys.executable, __file__, "worker=1", *(f"{name}={value}" for name, value in options.items())]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode:
        raise ValueError(f"the process for {options} failed: {done.stderr.strip()[-400:]}")
    return json.loads(done.stdout)


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
    table = Table(title=f"one step by the number of negatives; chunks of {rows} rows")
    for column in ("N", "tokens", "s whole", "s chunked", "peak whole", "peak chunked", "step w.", "step c."):
        table.add_column(column, justify="right")
    for n, whole, chunked in zip(NEGATIVES, found["whole"], found["chunked"], strict=True):
        cells = [
            f"{one[key]:,.{2 if key == 'seconds' else 0}f}"
            for key in ("seconds", "peak_mib", "step_mib")
            for one in (whole, chunked)
        ]
        table.add_row(str(n), f"{whole['tokens']:,}", *cells)
    console.print(table)
    verdict: dict[str, Any] = {}
    for name, measured in found.items():
        at = dict(zip(NEGATIVES, measured, strict=True))
        for key in ("peak_mib", "step_mib"):
            within = [at[n][key] for n in NEGATIVES if n >= 10]
            verdict[f"{name}_{key}_ratio"] = max(within) / min(within)
        verdict[f"{name}_line"] = straight(measured)
    for name in found:
        line = verdict[f"{name}_line"]
        console.print(
            f"{name}: peak x{verdict[f'{name}_peak_mib_ratio']:.2f} (its step alone x"
            f"{verdict[f'{name}_step_mib_ratio']:.2f}) from N = 10 to 50; "
            f"{line['microseconds_per_token']:.1f} µs per token, R² {line['r2']:.4f}, "
            f"worst {line['worst']:.0%} off the line"
        )
    met = verdict["chunked_peak_mib_ratio"] <= GOAL
    console.print(f"goal x{GOAL}: {'met' if met else 'MISSED'}", style="green" if met else "red")
    return verdict


@command
def main(argv: list[str]) -> None:
    """Measure every N whole and chunked; with ``worker`` one of them, as JSON on the standard output."""
    given = dict(word.split("=", 1) for word in argv)
    options = {
        name: int(given.get(name, value)) for name, value in (("batch", 8), ("rows", 16), ("steps", 3))
    }
    torch.set_num_threads(1)
    if "worker" in given:
        print(json.dumps(measure(negatives=int(given["negatives"]), **options)))
        return
    found: dict[str, list[dict[str, float]]] = {"whole": [], "chunked": []}
    for n in NEGATIVES:  # whole and chunked beside each other: the machine's speed drifts
        for name, rows in (("whole", 0), ("chunked", options["rows"])):
            found[name].append(in_fresh_process(**{**options, "rows": rows}, negatives=n))
    drift = max(abs(a["loss"] - b["loss"]) for a, b in zip(*found.values(), strict=True))
    console.print(f"largest difference of the last losses, whole and chunked: {drift:.1e}")
    verdict = report(found, options["rows"])
    out = runs_root() / "bench" / "memory.json"
    write_json(out, {**options, "found": found, **verdict, "loss_drift": drift, "environment": environment()})
    console.print(f"wrote {out}")


if __name__ == "__main__":
    main(None)
