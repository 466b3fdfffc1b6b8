"""The report of a training run: curves of what it logged, and its settings."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from configs.load import flatten
from configs.runs import read_metrics
from data.reporting import charts
from data.reporting.charts import Curve, Look
from data.reporting.page import Sheet, page, paragraph, section, table

TRAIN, HELD_OUT = Look("train", "#0072b2"), Look("val", "#d55e00", "7 3")
SHARES = ("accuracy/", "hit@1/")
"""Values between 0 and 1, shown on an axis that begins at 0."""

Points = tuple[tuple[float, float], ...]


def training_page(run: Path, results: Mapping[str, Any], config: Mapping[str, Any]) -> str:
    """Return the page of a run, from the metrics in its folder; words where it has none."""
    rows = read_metrics(run)
    panels = {name: found for name in _names(rows) if (found := _curves(rows, name))}
    if not panels:
        drawn = paragraph("Nothing was logged: the run is shorter than trainer.log_every_steps.")
    else:
        shares = [name for name in panels if name.startswith(SHARES)]
        rest = [name for name in panels if name not in shares]
        drawn = charts.legend([(TRAIN, "training"), (HELD_OUT, "held-out samples")], inline=True)
        drawn += section("Hit@1 and accuracy", _panels(panels, shares, log=False)) if shares else ""
        drawn += section("Loss terms, learning rate, speed", _panels(panels, rest, log=True)) if rest else ""
    told = (
        f"{results['steps']:,} optimiser steps, {results['samples_seen']:,} samples, "
        f"{results['seconds']:,.0f} s of training. Training values are means since the value before; "
        "validation does not count as time."
    )
    sheets = [_flat("Last values", results.get("validation") or {}), _flat("Options", config)]
    return page(
        f"Training of {run.name}",
        paragraph(told) + drawn + section("Settings", *map(table, (s for s in sheets if s.rows))),
        charts.STYLE,
    )


def _names(rows: Sequence[Mapping[str, float]]) -> list[str]:
    """Return what was logged, without train/ and val/: hits first, then loss terms, then the rest."""
    keys = dict.fromkeys(key for row in rows for key in row if key not in ("step", "epoch"))
    names = dict.fromkeys(key.split("/", 1)[1] if key.startswith(("train/", "val/")) else key for key in keys)
    order = ("hit@1/", "accuracy/", "loss")
    rank = {name: next((i for i, part in enumerate(order) if name.startswith(part)), 9) for name in names}
    return sorted(names, key=lambda name: rank[name])


def _curves(rows: Sequence[Mapping[str, float]], name: str) -> list[Curve]:
    keys = {f"train/{name}": TRAIN, f"val/{name}": HELD_OUT}
    if not any(key in row for row in rows for key in keys):
        keys = {name: TRAIN}  # what Lightning's own callbacks log, as the learning rate
    least = 0.0 if name.startswith(SHARES) else 1e-12  # an axis of logarithms has no zero
    found = []
    for key, look in keys.items():
        points: Points = tuple((row["step"], row[key]) for row in rows if key in row)
        if usable := tuple((step, y) for step, y in points if math.isfinite(y) and y >= least):
            found.append(Curve(look, usable))
    return found


def _panels(panels: Mapping[str, list[Curve]], names: Sequence[str], *, log: bool) -> str:
    drawn = "".join(charts.curves(panels[name], name, "optimiser steps", log=log) for name in names)
    return f'<div class="panels">{drawn}</div>\n'


def _flat(title: str, values: Mapping[str, Any]) -> Sheet:
    rows = tuple((key, "–" if value is None else str(value)) for key, value in flatten(dict(values)).items())
    return Sheet(title, ("key", "value"), "ll", rows)
