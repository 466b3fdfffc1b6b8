"""Dense targets for the warm start: glyphs and marks under each patch, atoms of a scene's facts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from data.scene.canonical import canonical
from data.scene.display import Display
from data.scene.marks import Wedge
from data.scene.types import CANVAS, Fact, Point, Scene

MARKS = ("tick", "right", "arc")
COVER = 0.25
"""Share of a glyph that must lie in a patch for the patch to be told of it."""


def patch_classes(letters: str) -> dict[str, int]:
    """Return the index of every class: the letters, the digits, the marks. At most 64."""
    names = [*letters, *"0123456789", *MARKS]
    assert len(names) <= 64
    return {name: i for i, name in enumerate(names)}


def patch_targets(display: Display, grid: int, classes: dict[str, int]) -> np.ndarray:
    """Return uint64 bit masks ``[grid * grid]``: bit c is set where class c touches the patch."""
    masks = np.zeros((grid, grid), np.uint64)
    cell = CANVAS / grid
    for name, box in _boxes(display):
        if name not in classes:
            continue
        x0, y0, x1, y1 = (v / cell for v in box)
        area = max((x1 - x0) * (y1 - y0), 1e-9)
        for row in range(max(0, int(y0)), min(grid - 1, int(y1)) + 1):
            for column in range(max(0, int(x0)), min(grid - 1, int(x1)) + 1):
                wide = min(x1, column + 1) - max(x0, column)
                high = min(y1, row + 1) - max(y0, row)
                if wide * high >= COVER * area:
                    masks[row, column] |= np.uint64(1 << classes[name])
    return masks.reshape(-1)


def _boxes(display: Display) -> Iterator[tuple[str, tuple[float, float, float, float]]]:
    """Yield every character and mark with its box; a number's characters share its width evenly."""
    for text in display.texts:
        x0, y0, x1, y1 = text.box
        step = (x1 - x0) / len(text.text)
        for i, character in enumerate(text.text):
            yield character, (x0 + i * step, y0, x0 + (i + 1) * step, y1)
    lines: list[tuple[str, Sequence[Point]]] = [(stroke.kind, stroke.points) for stroke in display.strokes]
    lines += [(a.kind, Wedge(a.centre, a.start, a.stop, 0.0).arc_points(a.radius)) for a in display.arcs]
    for kind, points in lines:
        if kind in MARKS:
            xs, ys = zip(*points, strict=True)
            yield kind, (min(xs) - 1, min(ys) - 1, max(xs) + 1, max(ys) + 1)


def atoms(facts: Iterable[Fact], scene: Scene) -> list[str]:
    """Return what the facts say in small pieces that many scenes share, and which points are joined."""
    found: dict[str, None] = {}
    for fact in facts:
        one = canonical(fact)
        found[f"kind {one.kind} {one.value if one.kind in ('shape', 'length', 'angle') else ''}"] = None
        found[f"{one.kind} {' '.join(one.args)} {one.value if one.kind != 'shape' else ''}"] = None
        if one.kind in ("length", "angle"):
            found[f"{one.kind} {one.args[0]}"] = None
        if one.kind == "angle":
            found[f"angle at {one.args[0][1]} {one.value}"] = None
        if one.kind == "length":
            found.update({f"length end {letter} {one.value}": None for letter in one.args[0]})
        for letter in "".join(one.args):
            found[f"letter {letter}"] = None
    named = [segment for segment in scene.segments if segment.isupper()]
    found.update({f"joined {''.join(sorted(segment))}": None for segment in named})
    return list(found)


def index_atoms(samples: Sequence[Sequence[str]], least: int) -> dict[str, int]:
    """Number the atoms that at least ``least`` samples hold, in alphabetical order."""
    counts: dict[str, int] = {}
    for names in samples:
        for name in names:
            counts[name] = counts.get(name, 0) + 1
    return {name: i for i, name in enumerate(sorted(n for n, count in counts.items() if count >= least))}
