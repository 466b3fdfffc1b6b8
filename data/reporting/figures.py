"""The figures of a run's report: which numbers become which chart, or the words where there are none."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from pathlib import Path

from configs.runs import read_metrics
from data.reporting import charts
from data.reporting.charts import Bar, Curve, Group, Look
from data.reporting.claims import points
from data.reporting.page import figure, paragraph
from data.reporting.results import ARMS, Results, Score
from data.reporting.sheets import count, in_order, percent

LOOKS = {
    "A": Look("A", "#0072b2"),
    "B": Look("B", "#d55e00"),
    "C": Look("C", "#009e73", "7 3"),
    "start": Look("S", "#7f7f7f"),
    "untrained": Look("U", "#c4c4c4", "2 3"),
}
STAGES = ("align", "sft")


def hits(results: Results) -> str:
    """Hit@1 per pool."""
    systems = {name: e.hits for name, e in results.encoders.items()}
    if not any(systems.values()):
        return paragraph("No encoder was scored: the results hold no Hit@1.")
    pools = in_order({pool for scores in systems.values() for pool in scores})
    text = "Share of samples whose positive scores above its whole pool; a tie is a miss."
    return _legend(results, systems, described=True) + _bars(results, systems, pools, "Hit@1 per pool", text)


def operators(results: Results) -> str:
    """Hit@1 per pool and edit operator."""
    pools = in_order(
        {pool for e in results.encoders.values() for pool, found in e.operators.items() if found}
    )
    if not pools:
        return paragraph("The results hold no Hit@1 per edit operator.")
    text = (
        "The positive against its negatives of one edit operator alone; samples have different numbers of "
        "them, so the chance lines differ."
    )
    parts = [_legend(results, results.encoders)]
    for pool in pools:
        systems = {name: e.operators.get(pool, {}) for name, e in results.encoders.items()}
        names = list(dict.fromkeys(operator for scores in systems.values() for operator in scores))
        about = f"Hit@1 per edit operator, {pool} negatives"
        parts.append(
            _bars(results, systems, names, about, f"{about}. {text}" if pool == pools[0] else f"{about}.")
        )
    return "".join(parts)


def differences(results: Results) -> str:
    """All paired differences, encoders first."""
    if not results.differences:
        return paragraph("No systems were compared: the results hold no paired differences.")
    parts = []
    for what, name in (("encoders", "Hit@1 of encoders"), ("lmms", "Right answers of LMMs")):
        rows = [
            charts.Difference(
                f"{d.a} − {d.b}, {d.pool}",
                d.value,
                d.low,
                d.high,
                f"{points(d.value)} ({points(d.low)} to {points(d.high)})",
            )
            for d in results.differences
            if d.what == what
        ]
        if rows:
            about = f"{name}: differences in points with the 95 % interval of a paired bootstrap"
            parts.append(
                figure(charts.differences(rows, about), f"{about}; filled where zero lies outside it.")
            )
    return "".join(parts)


def lmms(results: Results) -> str:
    """Share of right answers per question type."""
    kinds = list(dict.fromkeys(kind for scores in results.lmms.values() for kind in scores))
    if not kinds:
        return paragraph("No LMM was trained, or none answered: the results hold no accuracies.")
    text = "Share of right answers on held-out scenes, by question type."
    about = "Right answers per question type"
    return _legend(results, results.lmms) + _bars(results, results.lmms, kinds, about, text)


def benchmarks(results: Results) -> str:
    """Every benchmark beside chance."""
    if not results.benchmarks:
        return paragraph(
            "No public benchmark was run: We-Math was not found beside the project, or was left out."
        )
    look = Look("", "#56b4e9")
    groups = [_group(name, [(look, score)]) for name, score in results.benchmarks.items()]
    words = [f"{name}: {_beside_chance(score)}" for name, score in results.benchmarks.items()]
    text = "Share of right answers by the benchmark's official rule."
    return paragraph("; ".join(words) + ".") + _drawn(groups, "Benchmarks beside chance", text)


def curves(run: Path, results: Results) -> str:
    """Training losses of encoders and LMMs, from the logs beside the results."""
    encoders = {name: run / "encoders" / name for name in results.encoders}
    panels = {
        "Encoders: whole loss": _logged(encoders, "train/loss"),
        "Encoders: in-batch term alone": _logged(encoders, "train/in_batch"),
    }
    for stage in STAGES:
        folders = {name: run / "lmm" / name / stage for name in results.lmms}
        panels[f"LMM: loss per token, {stage}"] = _logged(folders, "train/loss")
    drawn = [
        name
        for name in {**results.encoders, **results.lmms}
        if any(name in found for found in panels.values())
    ]
    if not drawn:
        return paragraph("No training logs lie beside the results.")
    charted = "".join(
        charts.curves([Curve(LOOKS[results.arm(k)], v) for k, v in found.items()], about, "optimiser steps")
        for about, found in panels.items()
        if found
    )
    text = "Training loss. Whole losses of different objectives and batch sizes are not on one scale."
    return _legend(results, drawn) + figure(f'<div class="panels">{charted}</div>', text)


def _logged(folders: Mapping[str, Path], column: str) -> dict[str, tuple[tuple[float, float], ...]]:
    """Return (step, loss) of each system that logged ``column``."""
    found = {}
    for name, folder in folders.items():
        rows = [(row["step"], row[column]) for row in read_metrics(folder) if column in row]
        if usable := tuple((step, loss) for step, loss in rows if loss > 0 and math.isfinite(loss)):
            found[name] = usable
    return found


def _bars(
    results: Results, systems: Mapping[str, Mapping[str, Score]], keys: Iterable[str], about: str, text: str
) -> str:
    groups = [
        _group(key, [(LOOKS[results.arm(name)], s[key]) for name, s in systems.items() if key in s])
        for key in keys
    ]
    return _drawn(groups, about, text)


def _drawn(groups: list[Group], about: str, text: str) -> str:
    """Return bars with their caption, which explains whiskers and dashes where there are some."""
    if any(bar.interval for group in groups for bar in group.bars):
        text += " Whiskers: 95 % bootstrap intervals over test samples."
    if any(group.chance is not None for group in groups):
        text += " Dashed: chance."
    return figure(charts.bars(groups, about), text)


def _group(name: str, found: list[tuple[Look, Score]]) -> Group:
    n = next((score.n for _, score in found if score.n is not None), None)
    chance = next((score.chance for _, score in found if score.chance is not None), None)
    remark = [f"n {count(n)}"] if n is not None else []
    remark += [f"chance {percent(chance)}"] if chance is not None else []
    bars = tuple(Bar(look, score.value, score.interval) for look, score in found)
    return Group(name, bars, " · ".join(remark), chance)


def _beside_chance(score: Score) -> str:
    text = f"{percent(score.value)} % right"
    if score.chance is None:
        return text
    text += f", chance {percent(score.chance)} %"
    if score.interval is None:
        return text
    low, high = score.interval
    side = (
        "above it" if low > score.chance else "below it" if high < score.chance else "not told apart from it"
    )
    return f"{text}, {side} by the 95 % interval"


def _legend(results: Results, names: Iterable[str], described: bool = False) -> str:
    entries = []
    for name in names:
        arm = results.arm(name)
        words = [name] if name != LOOKS[arm].letter else []
        words += [ARMS[arm]] if described else []
        entries.append((LOOKS[arm], ": ".join(words)))
    return charts.legend(entries, inline=not described)
