"""Answers about the class of a polygon."""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations

from data.scene.canonical import canonical
from data.scene.logic.incidence import pair
from data.scene.logic.known import CLASSES, CONVEX, PARALLELOGRAMS, TRAPEZOIDS, Known
from data.scene.logic.measures import (
    Answer,
    angle_is,
    both,
    either,
    equal_angles,
    equal_sides,
    parallel,
    perpendicular,
)
from data.scene.types import Fact


def _shape(fact: Fact, known: Known) -> Answer:
    name, sort = fact.args[0], str(fact.value)
    if CLASSES.get(sort) != len(name):
        return None
    corners = [(name[i - 2], name[i - 1], name[i]) for i in range(len(name))]
    lines = [line for line in known.lines if len(line.intersection(name)) > 2]
    if any(line.issuperset(corner) for line in lines for corner in corners) or _crossed(name, sort, known):
        return False
    found = SORTS[sort](name, known)
    if found is not True:
        return found
    drawn = all(_drawn(name[i - 1], name[i], known) for i in range(len(name)))
    simple = len(name) == 3 or _form(name) in _named(known)
    return True if drawn and simple and all(known.is_proper(*corner) for corner in corners) else None


def _form(name: str) -> str:
    """Return one name for all ways to name a polygon."""
    return canonical(Fact("shape", (name,))).args[0]


def _named(known: Known) -> set[str]:
    return {_form(name) for name in known.polygons}


def _drawn(a: str, b: str, known: Known) -> bool:
    """Whether the segment is named, or a part of one that is."""

    def on(p: str, ends: str) -> bool:
        return p in ends or pair(*ends) in known.between.get(p, ())

    return pair(a, b) in known.drawn or any(on(a, ends) and on(b, ends) for ends in known.drawn)


def _crossed(name: str, sort: str, known: Known) -> bool:
    """Whether the same corners in another order are a figure, and one of the two would be convex."""
    if len(name) == 3:
        return False
    for other, classes in known.polygons.items():
        crossed = set(other) == set(name) and _form(other) != _form(name)
        if crossed and (sort in CONVEX or classes & {*CONVEX}):
            return True
    if len(name) == 4:
        a, b, c, d = tuple(name)  # sides that cross each other in a known point
        return any(
            {pair(a, b), pair(c, d)} <= s or {pair(b, c), pair(d, a)} <= s for s in known.between.values()
        )
    return False


def _has(name: str, known: Known, *sorts: str) -> Answer:
    """Whether the polygon, in any way to name it, was found to be of one of the classes."""
    form = _form(name)
    for other, classes in known.polygons.items():
        if _form(other) == form and classes & {*sorts}:
            return True
    return None


def _ring(name: str) -> list[str]:
    return [name[i - 1] + name[i] for i in range(len(name))]


def _angles_are(name: str, degrees: float, known: Known) -> Answer:
    corners = [name[i - 2] + name[i - 1] + name[i] for i in range(len(name))]
    return both(*(angle_is(corner, degrees, known) for corner in corners))


def _sides_equal(name: str, known: Known) -> Answer:
    ring = _ring(name)
    answers = [equal_sides(s, t, known) for s, t in combinations(ring, 2)]
    if False in answers:
        return False
    return True if all(equal_sides(ring[0], s, known) for s in ring[1:]) else None


def _right(name: str, known: Known) -> Answer:
    turns = [name[i - 2] + name[i - 1] + name[i] for i in range(3)]
    return either(*(perpendicular(c[:2], c[1:], known) for c in turns))


def _isosceles(name: str, known: Known) -> Answer:
    if _has(name, known, "isosceles triangle", "equilateral triangle"):
        return True
    return either(*(equal_sides(s, t, known) for s, t in combinations(_ring(name), 2)))


def _equilateral(name: str, known: Known) -> Answer:
    if _has(name, known, "right triangle"):
        return False
    answer = _sides_equal(name, known)
    return False if _angles_are(name, 60.0, known) is False else answer


def _facing(name: str, known: Known) -> list[Answer]:
    a, b, c, d = tuple(name)
    return [
        parallel(a + b, c + d, known),
        parallel(b + c, d + a, known),
    ]


def _parallelogram(name: str, known: Known) -> Answer:
    a, b, c, d = tuple(name)
    if _has(name, known, *PARALLELOGRAMS):
        return True
    must = [*_facing(name, known), equal_sides(a + b, c + d, known), equal_sides(b + c, d + a, known)]
    must += [equal_angles(d + a + b, b + c + d, known), equal_angles(a + b + c, c + d + a, known)]
    return False if False in must else None


def _rectangle(name: str, known: Known) -> Answer:
    if _has(name, known, "rectangle", "square"):
        return True
    must = [_parallelogram(name, known), _angles_are(name, 90.0, known)]
    diagonals = equal_sides(name[0] + name[2], name[1] + name[3], known)
    return False if False in (*must, diagonals) else None


def _rhombus(name: str, known: Known) -> Answer:
    if _has(name, known, "rhombus", "square"):
        return True
    crossing = perpendicular(name[0] + name[2], name[1] + name[3], known)
    return False if False in (_parallelogram(name, known), _sides_equal(name, known), crossing) else None


def _square(name: str, known: Known) -> Answer:
    return both(_rectangle(name, known), _rhombus(name, known))


def _kite(name: str, known: Known) -> Answer:
    a, b, c, d = tuple(name)
    if _has(name, known, "kite"):
        return True
    crossing = perpendicular(a + c, b + d, known)
    ways = [
        both(equal_sides(x + y, x + z, known), equal_sides(w + y, w + z, known))
        for x, y, w, z in map(tuple, (name, name[1:] + name[0]))
    ]
    return False if crossing is False else either(*ways)


def _trapezoid(name: str, known: Known) -> Answer:
    if _has(name, known, *TRAPEZOIDS):
        return True
    pairs = _facing(name, known)
    if pairs[0] is False and pairs[1] is False:
        return False
    return True if sorted(map(str, pairs)) == ["False", "True"] else None


def _special_trapezoid(sort: str) -> Callable[[str, Known], Answer]:
    def ask(name: str, known: Known) -> Answer:
        if _has(name, known, sort):
            return True
        return False if _trapezoid(name, known) is False else None

    return ask


def _any(name: str, known: Known) -> Answer:
    form = _form(name)
    return True if form in _named(known) else None


def _regular(name: str, known: Known) -> Answer:
    size = 180.0 - 360.0 / len(name)
    return False if False in (_sides_equal(name, known), _angles_are(name, size, known)) else None


SORTS: dict[str, Callable[[str, Known], Answer]] = {
    "triangle": lambda name, known: True,
    "right triangle": lambda name, known: _has(name, known, "right triangle") or _right(name, known),
    "isosceles triangle": _isosceles,
    "equilateral triangle": _equilateral,
    "quadrilateral": _any,
    "kite": _kite,
    "trapezoid": _trapezoid,
    "isosceles trapezoid": _special_trapezoid("isosceles trapezoid"),
    "right trapezoid": _special_trapezoid("right trapezoid"),
    "parallelogram": _parallelogram,
    "rectangle": _rectangle,
    "rhombus": _rhombus,
    "square": _square,
    "pentagon": _any,
    "hexagon": _any,
    "octagon": _any,
    "regular pentagon": _regular,
    "regular hexagon": _regular,
    "regular octagon": _regular,
}

ASKS: dict[str, Callable[[Fact, Known], Answer]] = {"shape": _shape}
