"""By how many *visible margins* a statement misses the truth of a scene.

0 is exact, 1 the least deviation a person can see at 336 px (5 degrees, 8 % of a length, 10 px). A number
that no label in the picture shows has no size that could be seen: its residual is ``UNKNOWN``.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import combinations, permutations

from data.scene import geometry as g
from data.scene.types import Fact, Point, Scene

ANGLE_MARGIN = 5.0
"""Degrees."""
LENGTH_MARGIN = 0.08
"""Share of the longer length."""
PLACE_MARGIN = 10.0
"""Pixels of the 336 px canvas."""
UNKNOWN = 0.5
"""A residual inside the ambiguous band: undefined, or a matter of convention."""
FAR = 99.0
"""Residual of a statement about something that is not there; also the cap."""

SHAPES = {
    3: ("triangle", "right triangle", "isosceles triangle", "equilateral triangle"),
    4: ("quadrilateral", "trapezoid", "parallelogram", "rectangle", "rhombus", "square"),
}


def unequal(x: float, y: float) -> float:
    """How many length margins two lengths differ by."""
    return abs(x - y) / max(x, y) / LENGTH_MARGIN


def not_parallel(a: Point, b: Point, c: Point, d: Point) -> float:
    """How many angle margins two lines are from parallel."""
    return g.line_angle(a, b, c, d) / ANGLE_MARGIN


def not_square(a: Point, b: Point, c: Point, d: Point) -> float:
    """How many angle margins two lines are from perpendicular."""
    return (90.0 - g.line_angle(a, b, c, d)) / ANGLE_MARGIN


def apart(p: Point, q: Point) -> float:
    """How many place margins two points are apart."""
    return g.distance(p, q) / PLACE_MARGIN


def not_drawn(a: Point, b: Point, scene: Scene) -> float:
    """How far, in place margins, the segment ab strays from every drawn segment (0 when it is drawn)."""
    samples = [g.between(a, b, t) for t in (0.0, 0.25, 0.5, 0.75, 1.0)]
    ends = [(scene.points[s[0]], scene.points[s[1]]) for s in scene.segments]
    nearest = min((max(g.to_segment(p, *end) for p in samples) for end in ends), default=math.inf)
    return 0.0 if nearest < 1e-6 else nearest / PLACE_MARGIN


def _points(scene: Scene, *names: str) -> list[Point]:
    return [scene.points[letter] for name in names for letter in name]


def _shape(fact: Fact, scene: Scene) -> float:
    points = _points(scene, *fact.args)
    n = len(points)
    if fact.value not in SHAPES.get(n, ()):
        return FAR
    if not g.is_simple(points):
        return FAR
    sides = [g.distance(points[i], points[(i + 1) % n]) for i in range(n)]
    angles = [g.angle(points[i - 1], points[i], points[(i + 1) % n]) for i in range(n)]
    flat = min(*angles, 180 - max(angles))  # sides that lie along each other make no corner
    if flat < ANGLE_MARGIN:
        return FAR if flat < ANGLE_MARGIN / 2 else UNKNOWN
    drawn = max(not_drawn(points[i], points[(i + 1) % n], scene) for i in range(n))
    return max(drawn, _shape_class(str(fact.value), points, sides, angles))


def _shape_class(name: str, points: list[Point], sides: list[float], angles: list[float]) -> float:
    square = max(abs(a - 90) for a in angles) / ANGLE_MARGIN
    equal = max(unequal(x, y) for x, y in combinations(sides, 2))
    if name in ("triangle", "quadrilateral"):
        return 0.0
    if name == "right triangle":
        return min(abs(a - 90) for a in angles) / ANGLE_MARGIN
    if name == "isosceles triangle":
        return min(unequal(x, y) for x, y in combinations(sides, 2))
    if name == "equilateral triangle":
        return equal
    a, b, c, d = points
    first, second = not_parallel(a, b, c, d), not_parallel(b, c, a, d)
    if name == "trapezoid":
        # Whether a parallelogram is a trapezoid is a matter of convention, so it is neither.
        return UNKNOWN if max(first, second) <= 1 else min(first, second)
    values = {
        "parallelogram": max(first, second),
        "rectangle": square,
        "rhombus": equal,
        "square": max(square, equal),
    }
    return values[name]


def _parallel(fact: Fact, scene: Scene) -> float:
    a, b, c, d = _points(scene, *fact.args)
    skew = not_parallel(a, b, c, d)
    same_line = max(g.to_line(c, a, b), g.to_line(d, a, b)) < PLACE_MARGIN
    return UNKNOWN if same_line and skew <= 1 else skew


def _length(fact: Fact, scene: Scene) -> float:
    a, b = _points(scene, *fact.args)
    off = unequal(g.distance(a, b) * scene.unit, float(fact.value or 0.0))
    labelled = any(m.kind == "length" and set(m.at) == set(fact.args[0]) for m in scene.marks)
    return off if off <= 1e-6 or labelled else UNKNOWN


def _angle(fact: Fact, scene: Scene) -> float:
    name = fact.args[0]
    a, v, b = _points(scene, name)
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
    p, a, b = _points(scene, *fact.args)
    return g.to_segment(p, a, b) / PLACE_MARGIN


def _midpoint(fact: Fact, scene: Scene) -> float:
    p, a, b = _points(scene, *fact.args)
    return apart(p, g.midpoint(a, b))


def _intersection(fact: Fact, scene: Scene) -> float:
    p, a, b, c, d = _points(scene, *fact.args)
    return max(g.to_segment(p, a, b), g.to_segment(p, c, d)) / PLACE_MARGIN


def _bisects(fact: Fact, scene: Scene) -> float:
    a, v, b = _points(scene, fact.args[1])
    ends, half = _points(scene, fact.args[0]), g.angle(a, v, b) / 2
    return min(
        max(apart(p, v), (abs(g.angle(a, v, q) - half) + abs(g.angle(q, v, b) - half)) / ANGLE_MARGIN)
        for p, q in (ends, ends[::-1])
        if g.distance(q, v) > 1e-6
    )


def _cevian(measure: Callable[[Point, Point, Point], float]) -> Callable[[Fact, Scene], float]:
    """Best reading of "segment PQ is a ... of triangle": from which vertex, towards which opposite side."""

    def residual(fact: Fact, scene: Scene) -> float:
        ends, triangle = _points(scene, fact.args[0]), _points(scene, fact.args[1])
        return min(
            max(apart(p, triangle[i]), measure(q, triangle[i - 1], triangle[i - 2]))
            for p, q in (ends, ends[::-1])
            for i in range(3)
        )

    return residual


def _altitude(fact: Fact, scene: Scene) -> float:
    ends, triangle = _points(scene, fact.args[0]), _points(scene, fact.args[1])
    return min(
        max(apart(p, triangle[i]), g.to_line(q, *opposite) / PLACE_MARGIN, not_square(p, q, *opposite))
        for p, q in (ends, ends[::-1])
        for i in range(3)
        for opposite in [(triangle[i - 1], triangle[i - 2])]
    )


def _midsegment(fact: Fact, scene: Scene) -> float:
    p, q = _points(scene, fact.args[0])
    middles = [g.midpoint(a, b) for a, b in combinations(_points(scene, fact.args[1]), 2)]
    return min(max(apart(p, m), apart(q, n)) for m, n in permutations(middles, 2))


def _triangles(same_size: bool) -> Callable[[Fact, Scene], float]:
    def residual(fact: Fact, scene: Scene) -> float:
        if set(fact.args[0]) == set(fact.args[1]):
            return UNKNOWN
        first, second = (_points(scene, name) for name in fact.args)
        ratios = [g.distance(first[i], first[i - 1]) / g.distance(second[i], second[i - 1]) for i in range(3)]
        pairs = [(r, 1.0) for r in ratios] if same_size else list(combinations(ratios, 2))
        return max(unequal(x, y) for x, y in pairs)

    return residual


def _radius(scene: Scene, name: str) -> float | None:
    return next((radius for centre, radius in scene.circles if centre == name), None)


def _circle(fact: Fact, scene: Scene) -> float:
    if _radius(scene, fact.args[0]) is not None:
        return 0.0
    p = scene.points[fact.args[0]]
    return min((apart(p, scene.points[c]) for c, _ in scene.circles), default=FAR)


def _round(measure: Callable[[Sequence[Point], Point, float], float]) -> Callable[[Fact, Scene], float]:
    """A predicate on points and a circle named by its centre; the last argument is the centre."""

    def residual(fact: Fact, scene: Scene) -> float:
        centre = scene.points[fact.args[-1]]
        named = _radius(scene, fact.args[-1])
        if named is not None:
            return measure(_points(scene, *fact.args[:-1]), centre, named)
        return _circle(Fact("circle", fact.args[-1:]), scene)

    return residual


def _off_circle(points: Sequence[Point], centre: Point, radius: float) -> float:
    return max(abs(g.distance(p, centre) - radius) for p in points) / PLACE_MARGIN


def _not_diameter(points: Sequence[Point], centre: Point, radius: float) -> float:
    return max(_off_circle(points, centre, radius), apart(g.midpoint(*points), centre))


def _not_tangent(points: Sequence[Point], centre: Point, radius: float) -> float:
    return abs(g.to_line(centre, *points) - radius) / PLACE_MARGIN


PREDICATES: dict[str, Callable[[Fact, Scene], float]] = {
    "shape": _shape,
    "parallel": _parallel,
    "perpendicular": lambda fact, scene: not_square(*_points(scene, *fact.args)),
    "equal": lambda fact, scene: unequal(*(g.distance(*_points(scene, s)) for s in fact.args)),
    "equal_angle": lambda fact, scene: (
        abs(g.angle(*_points(scene, fact.args[0])) - g.angle(*_points(scene, fact.args[1]))) / ANGLE_MARGIN
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
    "circle": _circle,
    "on_circle": _round(_off_circle),
    "chord": _round(_off_circle),
    "diameter": _round(_not_diameter),
    "tangent": _round(_not_tangent),
}
