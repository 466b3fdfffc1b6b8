"""Every label of many figures against all that is drawn, by geometry that the layout does not share.

``python tests/benchmarks/labels.py figures=20000 [sheet=200]``: figures of all templates in turn, every other
one in a style drawn at random. Lines, arcs and curves become points half a pixel apart, and a label is at
fault where its ink box meets another one, has a point within half a line width, or leaves the canvas. Ends
with an error where any does. A table, ``runs/bench/labels.json``, and ``runs/bench/labels.png``, a sheet to
look at.
"""

from __future__ import annotations

import math
from collections import Counter
from itertools import combinations, pairwise
from pathlib import Path
from random import Random

import numpy as np
from PIL import Image
from rich.progress import track
from rich.table import Table

from configs.build import FONTS, SceneConfig, StyleConfig
from configs.runtime import command, console, environment, runs_root, write_json
from data.scene.display import Box, Display
from data.scene.draw import draw_positive
from data.scene.render import render
from data.scene.templates import TEMPLATES

STEP_PX = 0.5
VARIED = StyleConfig(
    font_px=[20, 30], line_px=[1.5, 4.0], offset_px=[0, 4], scale=[0.8, 1.0], fonts=list(FONTS)
)
FAULTS = ("label on label", "label on line", "label off the canvas")


def ink_points(display: Display) -> np.ndarray:
    """Points ``STEP_PX`` apart along the middle of everything drawn but texts and dots."""
    found = []
    for stroke in display.strokes:
        for p, q in pairwise(stroke.points):
            t = np.linspace(0.0, 1.0, math.ceil(math.dist(p, q) / STEP_PX) + 1)[:, None]
            found.append(np.array(p) + t * (np.array(q) - p))
    for arc in display.arcs:
        sweep = math.radians(arc.stop - arc.start)
        turns = math.radians(arc.start) + np.linspace(0.0, sweep, math.ceil(arc.radius * sweep / STEP_PX) + 1)
        found.append(np.array(arc.centre) + arc.radius * np.stack([np.cos(turns), np.sin(turns)], 1))
    return np.concatenate([*found, np.empty((0, 2))])


def gap(one: Box, two: Box) -> float:
    """Distance of two boxes; negative where they overlap."""
    x, y = (max(one[i] - two[i + 2], two[i] - one[i + 2]) for i in (0, 1))
    return math.hypot(max(x, 0.0), max(y, 0.0)) if max(x, y) > 0 else max(x, y)


def away(points: np.ndarray, box: Box) -> float:
    """Distance of the nearest of ``points`` from a box."""
    rest = np.maximum(np.maximum(np.array(box[:2]) - points, points - np.array(box[2:])), 0.0)
    return float(np.hypot(rest[:, 0], rest[:, 1]).min(initial=np.inf))


def judge(display: Display) -> tuple[Counter[str], float, float]:
    """Count the faults of a figure; return them with the least gaps label to label and label to line."""
    faults: Counter[str] = Counter()
    boxes, points = [text.box for text in display.texts], ink_points(display)
    apart = min((gap(one, two) for one, two in combinations(boxes, 2)), default=math.inf)
    faults[FAULTS[0]] += sum(gap(one, two) <= 0 for one, two in combinations(boxes, 2))
    clear = math.inf
    for box in boxes:
        line = away(points, box) - display.style.line_px / 2
        dots = [away(np.array([dot.centre]), box) - dot.radius for dot in display.dots]
        clear = min(clear, line, *dots)
        faults[FAULTS[1]] += min(line, *dots, math.inf) <= 0
        faults[FAULTS[2]] += min(box) < 0 or max(box) > 336
    return faults, apart, clear


def sheet(displays: list[Display], columns: int = 20, side: int = 224) -> Image.Image:
    """Return a contact sheet."""
    rows = math.ceil(len(displays) / columns)
    page = Image.new("L", (columns * (side + 4), rows * (side + 4)), 160)
    for i, display in enumerate(displays):
        at = i % columns * (side + 4), i // columns * (side + 4)
        page.paste(Image.fromarray(render(display, side)), at)
    return page


@command
def main(argv: list[str]) -> None:
    """Draw and judge the figures."""
    options = {"figures": "20000", "sheet": "200"} | dict(word.split("=") for word in argv)
    faults, texts, shown = Counter[str](), 0, []
    apart = clear = math.inf
    tried: Counter[str] = Counter()
    drawn: Counter[str] = Counter()
    for i in track(range(int(options["figures"])), "drawing", console=console):
        name = [*TEMPLATES][i % len(TEMPLATES)]
        style = VARIED if i // len(TEMPLATES) % 2 else StyleConfig()
        rejected: Counter[str] = Counter()
        display = draw_positive(
            SceneConfig(templates=[name], max_turn=180, style=style), Random(f"labels/{i}"), rejected
        ).display
        found, between, beside = judge(display)
        faults += found
        apart, clear, texts = min(apart, between), min(clear, beside), texts + len(display.texts)
        drawn[name] += 1
        tried[name] += 1 + rejected["scene: labels collide"]
        if len(shown) < int(options["sheet"]):
            shown.append(display)
    table = Table(
        "template", "figures", "labels fit", title=f"{sum(drawn.values()):,} figures, {texts:,} labels"
    )
    for name in sorted(drawn, key=lambda n: drawn[n] / tried[n]):
        table.add_row(name, f"{drawn[name]:,}", f"{drawn[name] / tried[name]:.0%}")
    console.print(table)
    for fault in FAULTS:
        console.print(f"{fault}: {faults[fault]}")
    console.print(f"least gap label to label {apart:.2f} px, label to ink {clear:.2f} px (of 336)")
    out = runs_root() / "bench" / "labels.json"
    result = {"figures": sum(drawn.values()), "labels": texts, "faults": {f: faults[f] for f in FAULTS}}
    result |= {"least_gap_px": apart, "least_clearance_px": clear, "environment": environment()}
    write_json(out, result | {"labels_fit": {name: drawn[name] / tried[name] for name in drawn}})
    sheet(shown).save(Path(out).with_suffix(".png"))
    console.print(f"wrote {out} and {out.with_suffix('.png')}", markup=False, soft_wrap=True)
    if faults.total():
        raise ValueError(f"{faults.total()} labels are at fault")


if __name__ == "__main__":
    main()
