"""Facts taken in: what each kind says of points, lengths, angles and directions."""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations

from data.scene.logic.incidence import pair
from data.scene.logic.known import CLASSES, PARALLELOGRAMS, Known
from data.scene.logic.quantities import UNIT
from data.scene.logic.rules import parallelogram, rectangle, rhombus
from data.scene.types import Fact


def take(known: Known) -> None:
    """Fill ``known`` from its facts: first where points lie, which decides which names mean one angle."""
    for fact in known.facts:
        if place := PLACES.get(fact.kind):
            place(known, fact)
    known.finish()
    for fact in known.facts:
        if tell := TAKES.get(fact.kind):
            tell(known, fact)


def _shape(known: Known, fact: Fact) -> None:
    name, sort = fact.args[0], str(fact.value)
    if CLASSES.get(sort) != len(name):
        return
    known.polygons.setdefault(name, set()).add(sort)
    a, b, c = tuple(name[:3])
    d = name[3:4]
    if sort == "equilateral triangle" or sort.startswith("regular"):
        ring = [name[i - 1] + name[i] for i in range(len(name))]
        corners = [name[i - 2] + name[i - 1] + name[i] for i in range(len(name))]
        for side, corner in zip(ring, corners, strict=True):
            known.same_length(side, ring[0])
            known.put_angle(known.angle(*corner), 180.0 - 360.0 / len(name))
        if len(name) == 6:
            for i in range(3):
                known.parallel(ring[i], ring[i + 3])
    if sort in PARALLELOGRAMS:
        parallelogram(known, name)
    if sort in ("rectangle", "square"):
        rectangle(known, name)
    if sort in ("rhombus", "square"):
        rhombus(known, name)
    if sort == "isosceles trapezoid":
        known.same_length(a + c, b + d)
    if sort == "kite":
        known.perpendicular(a + c, b + d)


def _midpoint(known: Known, p: str, segment: str) -> None:
    a, b = tuple(segment)
    if p not in segment:
        known.same_length(p + a, segment, 0.5)
        known.same_length(p + b, segment, 0.5)


def _foot(segment: str, triangle: str) -> tuple[str, str, str] | None:
    """The corner, the foot and the far side of a segment from a corner of a triangle, or None."""
    inside = [p for p in segment if p in triangle]
    if len(inside) != 1:
        return None
    foot = segment.replace(inside[0], "")
    return inside[0], foot, triangle.replace(inside[0], "")


def _median(known: Known, fact: Fact) -> None:
    if found := _foot(*fact.args):
        _midpoint(known, found[1], found[2])


def _altitude(known: Known, fact: Fact) -> None:
    if found := _foot(*fact.args):
        known.perpendicular(fact.args[0], found[2])


def _midsegment(known: Known, fact: Fact) -> None:
    for p in fact.args[0]:
        for ends in combinations(sorted(fact.args[1]), 2):
            if "".join(ends) in known.between[p]:
                _midpoint(known, p, "".join(ends))


def _bisects(known: Known, fact: Fact) -> None:
    (a, v, b), segment = tuple(fact.args[1]), fact.args[0]
    if v in segment:
        q = segment.replace(v, "")
        for arm in (a, b):
            if q != arm:
                known.same_angle(arm + v + q, a + v + b, 0.5)
        if {a, b}.isdisjoint(q):
            known.same_angle(a + v + q, q + v + b)


def _triangles(known: Known, fact: Fact) -> None:
    one, two = fact.args
    if len(one) != 3 or len(two) != 3:
        return
    for i in range(3):
        known.same_angle(one[i - 1] + one[i] + one[i - 2], two[i - 1] + two[i] + two[i - 2])
    sides = [(one[i - 1] + one[i], two[i - 1] + two[i]) for i in range(3)]
    if fact.kind == "congruent":
        for first, second in sides:
            known.same_length(first, second)
        return
    known.similar.append(sides)


def _number(known: Known, fact: Fact) -> None:
    value = float(fact.value or 0.0)
    if fact.kind == "length":
        known.lengths.clash |= value <= 0
        if value > 0:
            known.lengths.tie(pair(*fact.args[0]), UNIT, value)
        return
    name = known.angle(*fact.args[0])
    known.angles.clash |= not 0 < value <= 180 or not name
    if 0 < value <= 180 and name:
        known.angles.tie(name, UNIT, value)


def _perpendicular(known: Known, fact: Fact) -> None:
    known.perpendicular(*fact.args)


def _parallel(known: Known, fact: Fact) -> None:
    if set(fact.args[0]).isdisjoint(fact.args[1]):
        known.parallel(*fact.args)


def _bisector_of_segment(known: Known, fact: Fact) -> None:
    line, segment = fact.args
    a, b = tuple(segment)
    known.perpendicular(line, a + b)
    for p in line:
        if pair(a, b) in known.between[p]:
            _midpoint(known, p, a + b)
        elif p not in (a, b):
            known.same_length(p + a, p + b)


def _incircle(known: Known, fact: Fact) -> None:
    centre, polygon = fact.args
    known.circles.setdefault(centre, set())
    for i in range(len(polygon)):
        a, v, b = polygon[i - 2], polygon[i - 1], polygon[i]
        known.tangents.append((pair(v, b), centre))
        known.same_angle(a + v + centre, centre + v + b)
        known.same_angle(a + v + centre, a + v + b, 0.5)


def _sector(known: Known, fact: Fact) -> None:
    a, o, b = tuple(fact.args[0])
    known.same_length(o + a, o + b)


def _folded(known: Known, fact: Fact) -> None:
    p, axis, image = fact.args
    known.perpendicular(axis, p + image)
    for x in axis:
        known.same_length(x + p, x + image)


def _rotated(known: Known, fact: Fact) -> None:
    one, two, centre = fact.args
    _triangles(known, Fact("congruent", (one, two)))
    for p, q in zip(one, two, strict=False):
        if centre not in (p, q):
            known.same_length(centre + p, centre + q)
            if 0 < float(fact.value or 0) < 180:
                known.put_angle(known.angle(p, centre, q), float(fact.value or 0))


def _on_circle(known: Known, fact: Fact) -> None:
    known.put_on_circle(fact.args[-1], fact.args[0])


def _tangent(known: Known, fact: Fact) -> None:
    known.circles.setdefault(fact.args[1], set())
    known.tangents.append((pair(*fact.args[0]), fact.args[1]))


def _equal(known: Known, fact: Fact) -> None:
    one, two = fact.args
    known.same_length(one, two)


def _equal_angle(known: Known, fact: Fact) -> None:
    one, two = fact.args
    known.same_angle(one, two)


TAKES: dict[str, Callable[[Known, Fact], None]] = {
    "shape": _shape,
    "parallel": _parallel,
    "perpendicular": _perpendicular,
    "equal": _equal,
    "equal_angle": _equal_angle,
    "midpoint": lambda known, fact: _midpoint(known, *fact.args),
    "bisects": _bisects,
    "median": _median,
    "altitude": _altitude,
    "midsegment": _midsegment,
    "congruent": _triangles,
    "similar": _triangles,
    "length": _number,
    "angle": _number,
    "circle": lambda known, fact: known.put_on_circle(fact.args[0], ""),
    "on_circle": _on_circle,
    "chord": _on_circle,
    "diameter": _on_circle,
    "inscribed": _on_circle,
    "tangent": _tangent,
    "perpendicular_bisector": _bisector_of_segment,
    "incircle": _incircle,
    "sector": _sector,
    "folded": _folded,
    "rotated": _rotated,
}
"""What a kind of fact says, in lengths, angles and directions. Other kinds say nothing to the table."""


def _place_polygon(known: Known, name: str, drawn: bool = True) -> None:
    size = len(name)
    for i in range(size):
        known.put_proper(name[i - 2] + name[i - 1] + name[i])
        if drawn:
            known.drawn.add(pair(name[i - 1], name[i]))


def _place_points(known: Known, fact: Fact) -> None:
    p, *segments = fact.args
    for segment in segments:
        known.put_between(p, segment)
        known.drawn.add(pair(*segment))


def _place_segments(known: Known, fact: Fact) -> None:
    for segment in fact.args:
        if len(segment) == 2:
            known.drawn.add(pair(*segment))
    if fact.kind == "diameter":
        known.put_between(fact.args[1], fact.args[0])
    if fact.kind == "perpendicular" and (shared := set(fact.args[0]) & set(fact.args[1])):
        known.put_proper("".join(shared | set(fact.args[0]) | set(fact.args[1])))
    if fact.kind == "parallel" and len(set("".join(fact.args))) == 4:
        for corners in combinations("".join(fact.args), 3):
            known.put_proper("".join(corners))


def _place_cevian(known: Known, fact: Fact) -> None:
    segment, triangle = fact.args
    known.drawn.add(pair(*segment))
    _place_polygon(known, triangle)
    if found := _foot(segment, triangle):
        _, foot, side = found
        known.put_between(foot, side) if fact.kind == "median" else known.put_line(foot + side)


def _place_shape(known: Known, fact: Fact) -> None:
    if CLASSES.get(str(fact.value)) == len(fact.args[0]):
        _place_polygon(known, fact.args[0])


def _place_angles(known: Known, fact: Fact) -> None:
    for a, v, b in map(tuple, fact.args):
        known.drawn |= {pair(a, v), pair(v, b)}
    if fact.kind == "angle" and 0 < float(fact.value or 0) < 180:
        known.put_proper(fact.args[0])


def _place_triangles(known: Known, fact: Fact) -> None:
    for name in fact.args:
        if len(name) == 3:
            _place_polygon(known, name)


PLACES: dict[str, Callable[[Known, Fact], None]] = {
    "shape": _place_shape,
    "midpoint": _place_points,
    "on": _place_points,
    "intersection": _place_points,
    "median": _place_cevian,
    "altitude": _place_cevian,
    "midsegment": lambda known, fact: _place_polygon(known, fact.args[1]),
    "congruent": _place_triangles,
    "similar": _place_triangles,
    "rotated": _place_triangles,
    "angle": _place_angles,
    "equal_angle": _place_angles,
    "inscribed": lambda known, fact: _place_polygon(known, fact.args[0]),
    "incircle": lambda known, fact: _place_polygon(known, fact.args[1]),
} | dict.fromkeys(
    ("parallel", "perpendicular", "equal", "length", "chord", "diameter", "tangent", "bisects"),
    _place_segments,
)
