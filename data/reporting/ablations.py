"""The tables of an ablation as finished text, the same for the page, Markdown and the terminal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from data.reporting.claims import percent, points
from data.reporting.page import Sheet
from data.reporting.results import POOLS
from data.reporting.sheets import count, duration

SCORES = (
    "Hit@1 in percent, the mean over seeds; a tie is a miss. In brackets the 95 % bootstrap interval over "
    "test samples, the seeds averaged per sample: how sure the mean is over samples. How far seeds lie apart "
    "stands in the table of seeds."
)


def main_table(found: Mapping[str, Any]) -> Sheet:
    """One line per row: Hit@1 on the four pools, and what the paper reports."""
    rows = found["rows"]
    pools = [pool for pool in POOLS if any(pool in row["hit@1"] for row in rows.values())]
    papers = list(dict.fromkeys(name for row in rows.values() for name in row["paper"]))
    lines = []
    for name, row in rows.items():
        cells = [_score(row["hit@1"].get(pool)) for pool in pools]
        figures = [f"{row['paper'][column]:g}" if column in row["paper"] else "–" for column in papers]
        lines.append((name, *cells, *figures))
    head = ("row", *pools, *(f"paper: {column}" for column in papers))
    return Sheet(found["title"], head, "l" + "r" * (len(head) - 1), tuple(lines))


def differences(found: Mapping[str, Any]) -> Sheet:
    """Paired differences to the row that each one is compared with, in points."""
    lines = [
        (
            f"{d['a']} − {d['b']}",
            d["pool"],
            points(d["difference"]),
            f"{points(d['low'])} to {points(d['high'])}",
            ", ".join(map(points, d["seeds"])),
            str(d["n"]),
            "no" if d["low"] <= 0 <= d["high"] else "yes",
        )
        for d in found["differences"]
    ]
    head = ("difference", "pool", "points", "95 % interval", "each seed", "samples", "zero outside")
    return Sheet("Paired differences", head, "llrrrrl", tuple(lines))


def every_seed(found: Mapping[str, Any]) -> Sheet:
    """Hit@1 of every seed, with chance and ties."""
    lines = [
        (
            name,
            pool,
            ", ".join(percent(value) for value in score["seeds"]),
            _spread(score["seeds"]),
            percent(score["chance"]),
            percent(score["tie_rate"]),
            str(score["n"]),
        )
        for name, row in found["rows"].items()
        for pool, score in row["hit@1"].items()
    ]
    head = ("row", "pool", "seeds", "standard deviation", "chance", "ties", "samples")
    return Sheet("Every seed, Hit@1 in percent", head, "llrrrrr", tuple(lines))


def rows_table(found: Mapping[str, Any]) -> Sheet:
    """What each row is, and what its training cost, with that of the rows it starts from."""
    lines = [
        (
            name,
            " + ".join(term if w == 1 else f"{w:g} {term}" for term, w in row["objective"].items()) or "none",
            ", ".join(f"{kind} {'all' if n is None else n}" for kind, n in row["negatives"].items()) or "–",
            row["start"] or "–",
            count(row["steps"]),
            count(row["samples_seen"]),
            duration(row["seconds"]),
            f"{len(row['seeds'])} of {len(found['seeds'])}" if row["objective"] else "–",
        )
        for name, row in found["rows"].items()
    ]
    head = ("row", "objective", "negatives", "goes on from", "steps", "positives", "training, m:ss", "seeds")
    return Sheet(
        "What the rows are, and their cost (with that of what they go on from)",
        head,
        "llllrrrl",
        tuple(lines),
    )


def _score(entry: Mapping[str, Any] | None) -> str:
    if entry is None:
        return "–"
    low, high = entry["ci95"]
    return f"{percent(entry['mean'])} [{percent(low)}, {percent(high)}]"


def _spread(values: list[float]) -> str:
    """Standard deviation of a sample, in points; a dash for a single value."""
    if len(values) < 2:
        return "–"
    mean = sum(values) / len(values)
    return f"{100 * (sum((value - mean) ** 2 for value in values) / (len(values) - 1)) ** 0.5:.1f}"
