"""From program to scene: draw the figure, place it on the canvas, reject what is not clear, name it.

A figure's place and whether it is clear do not depend on its letters or on the numbers that are told, so both
are remembered: edits of letters cost no geometry.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import lru_cache, wraps
from typing import Any, TypeVar
from zlib import crc32

from data.scene import geometry as g
from data.scene.canonical import canonical
from data.scene.clear import Rejected, check_clear, check_lines
from data.scene.templates import FAMILIES, Figure, figure_class
from data.scene.truth import evaluate, is_understated
from data.scene.types import CANVAS, Axes, Built, Curve, Fact, Mark, Point, Program, Scene

__all__ = ["Rejected", "build", "check", "choose_numbers", "forms", "labelled_points", "retold", "statements"]

Found = TypeVar("Found")
BORDER = 46.0
"""Free border in px, room for labels."""
REMEMBERED = 256
"""Figures whose geometry is kept, about 4 kB each."""

_USED: dict[tuple[str, ...], tuple[str, ...]] = {}  # by class, the parameters that its drawing reads


def _kept(find: Callable[[Program], Found]) -> Callable[[Program], Found]:
    """Keep on the program what is found, under the name of the function: it is asked for often."""
    name = find.__name__

    @wraps(find)
    def ask(program: Program) -> Found:
        kept: dict[str, Any] = program.__dict__
        if name not in kept:
            kept[name] = find(program)
        return kept[name]

    return ask


def check(program: Program) -> tuple[Figure, Scene]:
    """Return figure and scene of a program in its family's letters, or raise :class:`Rejected`."""
    placed = _placed(*_drawn(program)[0], program.turn, program.flip)
    if isinstance(placed, str):
        raise Rejected(placed)
    return placed


def build(program: Program) -> Built:
    """Carry out a program, or raise :class:`Rejected` with the reason."""
    figure, scene = check(program)
    names = _names(program)
    numbers = [fact.rename(names) for fact in _numbers(figure, program.given)]
    marks = [mark.rename(names) for mark in figure.marks]
    marks += [Mark(fact.kind, fact.args[0], str(fact.value)) for fact in numbers]
    named = Scene(
        points={name.translate(names): point for name, point in scene.points.items()},
        segments=tuple([segment.translate(names) for segment in scene.segments]),
        circles=tuple([(centre.translate(names), radius) for centre, radius in scene.circles]),
        marks=tuple(marks),
        unit=scene.unit,
        dashed=tuple([segment.translate(names) for segment in scene.dashed]),
        arcs=tuple([arc.translate(names) for arc in scene.arcs]),
        axes=scene.axes,
        curves=scene.curves,
    )
    return Built(named, tuple([*(fact.rename(names) for fact in figure.stated), *numbers]))


@_kept
def statements(program: Program) -> tuple[Fact, ...]:
    """Return what the caption of a program states, clear or not."""
    figure, names = _figure_of(program), _names(program)
    return tuple([fact.rename(names) for fact in (*figure.stated, *_numbers(figure, program.given))])


@_kept
def forms(program: Program) -> tuple[Fact, ...]:
    """Return the canonical form of each statement."""
    return tuple([canonical(fact) for fact in statements(program)])


def retold(program: Program, **told: Any) -> Program:
    """Return the program with other ``names`` or ``given``: the same figure, not drawn again."""
    after = replace(program, **told)
    after.__dict__["_drawn"] = _drawn(program)
    return after


def available_numbers(program: Program) -> dict[str, str]:
    """Return the number slots of a program and the parameter each depends on."""
    return _figure_of(program).numbers


def told_parameters(program: Program) -> list[str]:
    """Return the parameters whose values the caption of a program tells."""
    figure = _figure_of(program)
    return [*figure.told, *(figure.numbers[slot] for slot in program.given if slot in figure.numbers)]


def choose_numbers(program: Program) -> Program:
    """Return the program with the first ``numbers`` of its slots given, in the order that ``order`` seeds.

    Every choice of slots is as likely for a figure that was drawn as for one that an edit led to, and the two
    share the slots that both have. Otherwise what is told would betray the negative.
    """
    slots = sorted(available_numbers(program), key=lambda slot: crc32(f"{program.order}/{slot}".encode()))
    return retold(program, given=tuple(slots[: program.numbers]))


def labelled_points(program: Program) -> int:
    """Return how many of its names a program uses; they are the first ones."""
    return sum(name.isupper() for name in _figure_of(program).points)


def _names(program: Program) -> dict[int, str]:
    letters = FAMILIES[program.template].letters
    return str.maketrans(dict(zip(letters, program.names, strict=False)))  # lower-case helpers keep theirs


Key = tuple[str, tuple[str, ...], tuple[object, ...]]


@_kept
def _drawn(program: Program) -> tuple[Key, Figure | str]:
    """Return family, names and values of the parameters that the drawing reads, and the figure."""
    of_class = figure_class(program.template, program.params)
    used = _USED.get(of_class, ())
    while True:
        key = program.template, used, tuple([program.params[name] for name in used])
        try:
            return key, _figure(*key)
        except KeyError as missing:
            if (name := missing.args[0]) in used or name not in program.params:
                raise
            used = _USED[of_class] = (*used, name)


def _figure_of(program: Program) -> Figure:
    figure = _drawn(program)[1]
    if isinstance(figure, str):
        raise Rejected(figure)
    return figure


@lru_cache(REMEMBERED)
def _figure(family: str, used: tuple[str, ...], values: tuple[object, ...]) -> Figure | str:
    try:
        return FAMILIES[family].draw(dict(zip(used, values, strict=True)))
    except ZeroDivisionError:
        return "degenerate"


def _numbers(figure: Figure, given: tuple[str, ...]) -> list[Fact]:
    """Measure the given slots on the figure; a value that is no whole number cannot be labelled."""
    facts = []
    for slot in given:
        if slot not in figure.numbers:
            continue
        points = [figure.points[letter] for letter in slot]
        if len(slot) == 1:
            x, y = (_whole(value) for value in points[0])
            facts.append(Fact("coordinates", (slot,), f"({x}, {y})"))
        elif not (value := _whole(g.distance(*points) if len(slot) == 2 else g.angle(*points))):
            raise Rejected("number not whole")
        else:
            facts.append(Fact("length" if len(slot) == 2 else "angle", (slot,), value))
    return facts


def _whole(value: float) -> int:
    if abs(value - round(value)) > 1e-9:
        raise Rejected("number not whole")
    return round(value)


@lru_cache(REMEMBERED)
def _placed(
    family: str, used: tuple[str, ...], values: tuple[object, ...], turn: float, flip: bool
) -> tuple[Figure, Scene] | str:
    """Rotate, mirror and fit a figure into the canvas; return it in the family's letters, or why not."""
    figure = _figure(family, used, values)
    if isinstance(figure, str):
        return figure
    try:
        check_lines(figure)
        scene = _fit(figure, turn, flip)
        check_clear(scene)
    except Rejected as reason:
        return str(reason)
    if any(evaluate(fact, scene).verdict != "true" for fact in figure.stated):
        return "stated fact not true"
    if any(fact.kind == "shape" and is_understated(fact, scene) for fact in figure.stated):
        return "shape is more than it is called"
    return figure, scene


def _fit(figure: Figure, turn: float, flip: bool) -> Scene:
    cosine, sine = math.cos(math.radians(turn)), math.sin(math.radians(turn))
    c, s = (-cosine, -sine) if flip else (cosine, sine)

    def turned(points: Iterable[Point]) -> list[Point]:
        return [(x * c - y * sine, x * s + y * cosine) for x, y in points]

    spun = dict(zip(figure.points, turned(figure.points.values()), strict=True))
    extent = [*spun.values(), *(point for _, points in figure.curves for point in turned(points))]
    for centre, radius in figure.circles:
        x, y = spun[centre]
        extent += [(x - radius, y - radius), (x + radius, y + radius)]
    for arc in figure.arcs:
        a, v, b = (spun[name] for name in arc)
        extent += g.along_arc(a, v, b)
    if figure.axes:
        extent += [figure.axes[:2], figure.axes[2:]]
    across, up = [x for x, _ in extent], [y for _, y in extent]
    low, high = (min(across), min(up)), (max(across), max(up))
    size = max(high[0] - low[0], high[1] - low[1])
    if size <= 0:
        raise Rejected("degenerate")
    scale = (CANVAS - 2 * BORDER) / size
    left, top = (low[0] + high[0]) / 2, (low[1] + high[1]) / 2
    half = CANVAS / 2

    def fitted(points: Iterable[Point]) -> list[Point]:
        return [(half + scale * (x - left), half - scale * (y - top)) for x, y in points]

    return Scene(
        points=dict(zip(spun, fitted(spun.values()), strict=True)),
        segments=figure.segments,
        circles=tuple((centre, radius * scale) for centre, radius in figure.circles),
        marks=tuple(figure.marks),
        unit=1 / scale,
        dashed=figure.dashed,
        arcs=figure.arcs,
        axes=figure.axes and Axes(*fitted([(0.0, 0.0), figure.axes[:2], figure.axes[2:]])),
        curves=tuple([Curve(e, tuple(fitted(turned(points)))) for e, points in figure.curves]),
    )
