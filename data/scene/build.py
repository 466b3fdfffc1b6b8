"""From program to scene: draw the figure, name it, place it on the canvas, reject what is not clear."""

from __future__ import annotations

import cmath
import math
from collections.abc import Mapping
from dataclasses import replace
from itertools import combinations
from random import Random

from data.scene import geometry as g
from data.scene.predicates import ANGLE_MARGIN, PLACE_MARGIN, unequal
from data.scene.templates import FAMILIES, Figure
from data.scene.truth import EXACT, evaluate, is_understated
from data.scene.types import CANVAS, Built, Fact, Mark, Point, Program, Scene

BORDER = 46.0
"""Free border in px, room for labels."""
MIN_ANGLE = 15.0
"""Least angle in degrees between two segments that meet."""
MIN_DISTANCE = 14.0
"""Least distance in px of two named points."""
CLOSE = 10.0
"""A point this near (px) to a line that it is not on makes a scene unclear."""


class Rejected(Exception):
    """A program whose picture would be unclear; the message is the reason that is counted."""


def build(program: Program) -> Built:
    """Carry out a program, or raise :class:`Rejected` with the reason."""
    family = FAMILIES[program.template]
    figure = _figure(program)
    names = dict(zip(family.letters, program.names, strict=False)) | {c: c for c in "pqrs"}
    numbers = _numbers(figure, program.given)
    stated = tuple(fact.rename(names) for fact in figure.stated + numbers)
    marks = [mark.rename(names) for mark in figure.marks]
    marks += [Mark(f.kind, f.args[0], f"{f.value:g}") for f in stated[len(figure.stated) :]]
    points, unit = _place(figure, program)
    scene = Scene(
        points={names[name]: point for name, point in points.items()},
        segments=tuple(names[s[0]] + names[s[1]] for s in figure.segments),
        circles=tuple((names[centre], radius / unit) for centre, radius in figure.circles),
        marks=tuple(marks),
        unit=unit,
    )
    check_clear(scene)
    if any(evaluate(fact, scene).verdict != "true" for fact in stated):
        raise Rejected("stated fact not true")
    if any(fact.kind == "shape" and is_understated(fact, scene) for fact in stated):
        raise Rejected("shape is more than it is called")
    return Built(scene, stated)


def available_numbers(program: Program) -> dict[str, str]:
    """Return the number slots of a program and the parameter each depends on."""
    return _figure(program).numbers


def choose_numbers(program: Program) -> Program:
    """Return the program with the first ``numbers`` of its slots given, in the order that ``order`` seeds.

    Every choice of slots is as likely for a figure that was drawn as for one that an edit led to, and the two
    share the slots that both have. Otherwise what is told would betray the negative.
    """
    slots = sorted(available_numbers(program), key=lambda slot: Random(f"{program.order}/{slot}").random())
    return replace(program, given=tuple(slots[: program.numbers]))


def labelled_points(program: Program) -> int:
    """Return how many of its names a program uses; they are the first ones."""
    return sum(name.isupper() for name in _figure(program).points)


def _figure(program: Program) -> Figure:
    try:
        return FAMILIES[program.template].draw(program.params)
    except ZeroDivisionError as error:
        raise Rejected("degenerate") from error


def _numbers(figure: Figure, given: tuple[str, ...]) -> list[Fact]:
    """Measure the given slots on the figure; a value that is no whole number cannot be labelled."""
    facts = []
    for slot in given:
        if slot not in figure.numbers:
            continue
        points = [figure.points[letter] for letter in slot]
        value = g.distance(*points) if len(slot) == 2 else g.angle(*points)
        if abs(value - round(value)) > 1e-9 or round(value) == 0:
            raise Rejected("number not whole")
        facts.append(Fact("length" if len(slot) == 2 else "angle", (slot,), round(value)))
    return facts


def _place(figure: Figure, program: Program) -> tuple[Mapping[str, Point], float]:
    """Rotate, mirror and fit the figure into the canvas; return points in px (y down) and units per px."""
    spun = {name: _turn(point, program) for name, point in figure.points.items()}
    extent = list(spun.values())
    for centre, radius in figure.circles:
        x, y = spun[centre]
        extent += [(x - radius, y - radius), (x + radius, y + radius)]
    low = min(x for x, _ in extent), min(y for _, y in extent)
    high = max(x for x, _ in extent), max(y for _, y in extent)
    size = max(high[0] - low[0], high[1] - low[1])
    if size <= 0:
        raise Rejected("degenerate")
    scale = (CANVAS - 2 * BORDER) / size
    middle = (low[0] + high[0]) / 2, (low[1] + high[1]) / 2
    half = CANVAS / 2
    return {
        name: (half + scale * (x - middle[0]), half - scale * (y - middle[1]))
        for name, (x, y) in spun.items()
    }, 1 / scale


def _turn(point: Point, program: Program) -> Point:
    z = complex(-point[0] if program.flip else point[0], point[1]) * cmath.exp(
        1j * math.radians(program.turn)
    )
    return z.real, z.imag


def check_clear(scene: Scene) -> None:
    """Reject a scene in which a person could take one thing for another."""
    points = scene.points
    for p, q in combinations(points.values(), 2):
        if g.distance(p, q) < MIN_DISTANCE:
            raise Rejected("points too close")
    for first, second in combinations(scene.segments, 2):
        ends = [points[name] for name in first + second]
        bend = g.line_angle(*ends)
        if EXACT < bend < ANGLE_MARGIN or EXACT < 90 - bend < ANGLE_MARGIN:
            raise Rejected("nearly parallel or perpendicular")
        if EXACT < bend < MIN_ANGLE and _meet(*ends):
            raise Rejected("angle too small")
        if set(first) & set(second) and EXACT < unequal(*_lengths(ends)) <= 1.0:
            raise Rejected("nearly equal")
    for name, point in points.items():
        for segment in scene.segments:
            away = g.to_segment(point, points[segment[0]], points[segment[1]])
            if name not in segment and EXACT < away < CLOSE:
                raise Rejected("point near a line")
        for centre, radius in scene.circles:
            if EXACT < abs(g.distance(point, points[centre]) - radius) < PLACE_MARGIN:
                raise Rejected("point near a circle")


def _lengths(ends: list[Point]) -> tuple[float, float]:
    return g.distance(ends[0], ends[1]), g.distance(ends[2], ends[3])


def _meet(a: Point, b: Point, c: Point, d: Point) -> bool:
    return (
        min(g.to_segment(a, c, d), g.to_segment(b, c, d), g.to_segment(c, a, b), g.to_segment(d, a, b)) < 1.0
    )
