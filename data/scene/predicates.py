"""By how many *visible margins* a statement misses the truth of a scene.

0 is exact, 1 the least deviation a person can see at 336 px (5 degrees, 8 % of a length, 10 px). A number
that no label in the picture shows has no size that could be seen: its residual is ``UNKNOWN``.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations, permutations

from data.scene import geometry as g
from data.scene.circles import CIRCLES
from data.scene.graphs import GRAPHS
from data.scene.margins import (
    PLACE_MARGIN,
    apart,
    not_drawn,
    not_parallel,
    not_square,
    points_of,
    sides_drawn,
)
from data.scene.shapes import ANGLE_MARGIN, FAR, SHAPES, UNKNOWN, polygon, unequal
from data.scene.types import Fact, Point, Scene


def _shape(fact: Fact, scene: Scene) -> float:
    points = points_of(scene, *fact.args)
    n = len(points)
    if fact.value not in SHAPES.get(n, ()):
        return FAR
    seen = polygon(tuple(points))
    if not seen.simple:
        return FAR
    if seen.flat < ANGLE_MARGIN:  # sides that lie along each other make no corner
        return FAR if seen.flat < ANGLE_MARGIN / 2 else UNKNOWN
    return max(sides_drawn(fact.args[0], scene), seen.misses[str(fact.value)])


def _parallel(fact: Fact, scene: Scene) -> float:
    a, b, c, d = points_of(scene, *fact.args)
    skew = not_parallel(a, b, c, d)
    same_line = max(g.to_line(c, a, b), g.to_line(d, a, b)) < PLACE_MARGIN
    return UNKNOWN if same_line and skew <= 1 else skew


def _length(fact: Fact, scene: Scene) -> float:
    a, b = points_of(scene, *fact.args)
    off = unequal(g.distance(a, b) * scene.unit, float(fact.value or 0.0))
    labelled = any(m.kind == "length" and set(m.at) == set(fact.args[0]) for m in scene.marks)
    return off if off <= 1e-6 or labelled else UNKNOWN


def _angle(fact: Fact, scene: Scene) -> float:
    name = fact.args[0]
    a, v, b = points_of(scene, name)
    off = abs(g.angle(a, v, b) - float(fact.value or 0.0)) / ANGLE_MARGIN
    told = [m.at for m in scene.marks if m.kind in ("angle", "right")]  # a bare arc tells no size
    return off if off <= 1e-6 or any(_same_angle(at, name, scene) for at in told) else UNKNOWN


def _same_angle(mark: str, name: str, scene: Scene) -> bool:
    """Whether a marked angle is the named one: same vertex, and each ray through the other's end."""
    if len(mark) != 3 or mark[1] != name[1]:
        return False
    v = scene.points[name[1]]

    def same_ray(p: str, q: str) -> bool:
        return g.angle(scene.points[p], v, scene.points[q]) < 1e-6

    straight = same_ray(mark[0], name[0]) and same_ray(mark[2], name[2])
    return straight or (same_ray(mark[0], name[2]) and same_ray(mark[2], name[0]))


def _on(fact: Fact, scene: Scene) -> float:
    p, a, b = points_of(scene, *fact.args)
    return _beside(p, a, b)


def _beside(p: Point, a: Point, b: Point) -> float:
    """How far a point is from a segment; whether its extension counts is a matter of reading."""
    off = g.to_segment(p, a, b) / PLACE_MARGIN
    return UNKNOWN if off > 1 >= g.to_line(p, a, b) / PLACE_MARGIN else off


def _midpoint(fact: Fact, scene: Scene) -> float:
    p, a, b = points_of(scene, *fact.args)
    return apart(p, g.midpoint(a, b))


def _intersection(fact: Fact, scene: Scene) -> float:
    p, a, b, c, d = points_of(scene, *fact.args)
    return max(_beside(p, a, b), _beside(p, c, d))


def _bisects(fact: Fact, scene: Scene) -> float:
    a, v, b = points_of(scene, fact.args[1])
    ends, half = points_of(scene, fact.args[0]), g.angle(a, v, b) / 2
    return min(
        max(apart(p, v), (abs(g.angle(a, v, q) - half) + abs(g.angle(q, v, b) - half)) / ANGLE_MARGIN)
        for p, q in (ends, ends[::-1])
        if g.distance(q, v) > 1e-6
    )


def _cevian(measure: Callable[[Point, Point, Point], float]) -> Callable[[Fact, Scene], float]:
    """Best reading of "segment PQ is a ... of triangle": from which vertex, towards which opposite side."""

    def residual(fact: Fact, scene: Scene) -> float:
        ends, triangle = points_of(scene, fact.args[0]), points_of(scene, fact.args[1])
        return min(
            max(apart(p, triangle[i]), measure(q, triangle[i - 1], triangle[i - 2]))
            for p, q in (ends, ends[::-1])
            for i in range(3)
        )

    return residual


def _altitude(fact: Fact, scene: Scene) -> float:
    ends, triangle = points_of(scene, fact.args[0]), points_of(scene, fact.args[1])
    return min(
        max(apart(p, triangle[i]), g.to_line(q, *opposite) / PLACE_MARGIN, not_square(p, q, *opposite))
        for p, q in (ends, ends[::-1])
        for i in range(3)
        for opposite in [(triangle[i - 1], triangle[i - 2])]
    )


def _midsegment(fact: Fact, scene: Scene) -> float:
    p, q = points_of(scene, fact.args[0])
    middles = [g.midpoint(a, b) for a, b in combinations(points_of(scene, fact.args[1]), 2)]
    return min(max(apart(p, m), apart(q, n)) for m, n in permutations(middles, 2))


def _triangles(same_size: bool) -> Callable[[Fact, Scene], float]:
    def residual(fact: Fact, scene: Scene) -> float:
        if set(fact.args[0]) == set(fact.args[1]):
            return UNKNOWN
        first, second = (points_of(scene, name) for name in fact.args)
        ratios = [g.distance(first[i], first[i - 1]) / g.distance(second[i], second[i - 1]) for i in range(3)]
        pairs = [(r, 1.0) for r in ratios] if same_size else list(combinations(ratios, 2))
        return max(unequal(x, y) for x, y in pairs)

    return residual


def _perpendicular_bisector(fact: Fact, scene: Scene) -> float:
    p, q, a, b = points_of(scene, *fact.args)
    return max(g.to_line(g.midpoint(a, b), p, q) / PLACE_MARGIN, not_square(p, q, a, b))


def _diagonal(fact: Fact, scene: Scene) -> float:
    line, corners = fact.args
    if not set(line) <= set(corners):
        return FAR
    if (corners.index(line[0]) - corners.index(line[1])) % len(corners) in (1, len(corners) - 1):
        return FAR
    return max(not_drawn(line, scene), sides_drawn(corners, scene))


def _folded(fact: Fact, scene: Scene) -> float:
    p, a, b, q = points_of(scene, *fact.args)
    return apart(g.mirror(p, a, b), q)


def _rotated(fact: Fact, scene: Scene) -> float:
    first, second, centre = fact.args
    o = scene.points[centre]
    pairs = [(p, q) for p, q in zip(points_of(scene, first), points_of(scene, second), strict=True)]
    off = [abs(g.distance(p, o) - g.distance(q, o)) / PLACE_MARGIN for p, q in pairs]
    moved = [(p, q) for p, q in pairs if min(g.distance(p, o), g.distance(q, o)) > 1e-6]
    off += [abs(g.angle(p, o, q) - float(fact.value or 0.0)) / ANGLE_MARGIN for p, q in moved]
    ways = {g.side(o, p, q) > 0 for p, q in moved}
    if len(moved) < 2:
        return UNKNOWN
    return max(off) if len(ways) == 1 else FAR


PREDICATES: dict[str, Callable[[Fact, Scene], float]] = {
    **CIRCLES,
    **GRAPHS,
    "shape": _shape,
    "parallel": _parallel,
    "perpendicular": lambda fact, scene: not_square(*points_of(scene, *fact.args)),
    "equal": lambda fact, scene: unequal(*(g.distance(*points_of(scene, s)) for s in fact.args)),
    "equal_angle": lambda fact, scene: (
        abs(g.angle(*points_of(scene, fact.args[0])) - g.angle(*points_of(scene, fact.args[1])))
        / ANGLE_MARGIN
    ),
    "midpoint": _midpoint,
    "on": _on,
    "intersection": _intersection,
    "bisects": _bisects,
    "median": _cevian(lambda q, a, b: apart(q, g.midpoint(a, b))),
    "altitude": _altitude,
    "midsegment": _midsegment,
    "congruent": _triangles(same_size=True),
    "similar": _triangles(same_size=False),
    "length": _length,
    "angle": _angle,
    "perpendicular_bisector": _perpendicular_bisector,
    "diagonal": _diagonal,
    "folded": _folded,
    "rotated": _rotated,
}
