"""By how many *visible margins* a statement misses the truth of a scene.

0 is exact, 1 the least deviation a person can see at 336 px (5 degrees, 8 % of a length, 10 px). A number
that no label in the picture shows has no size that could be seen: its residual is ``UNKNOWN``.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import combinations, permutations

from data.scene import geometry as g
from data.scene.equations import function
from data.scene.shapes import ANGLE_MARGIN, FAR, SHAPES, UNKNOWN, Polygon, unequal
from data.scene.types import Curve, Fact, Point, Scene

PLACE_MARGIN = 10.0
"""Pixels of the 336 px canvas."""


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
    nearest = math.inf
    for name in scene.segments:
        p, q = scene.points[name[0]], scene.points[name[1]]
        # The distance from a segment is convex: of all points of ab, an end is the farthest.
        off = g.to_segment(a, p, q)
        if off < nearest and (off := max(off, g.to_segment(b, p, q))) < nearest:
            if off < 1e-6:
                return 0.0
            nearest = off
    return nearest / PLACE_MARGIN


def _points(scene: Scene, *names: str) -> list[Point]:
    return [scene.points[letter] for name in names for letter in name]


def _shape(fact: Fact, scene: Scene) -> float:
    points = _points(scene, *fact.args)
    n = len(points)
    if fact.value not in SHAPES.get(n, ()):
        return FAR
    polygon = Polygon(points)
    if not polygon.simple:
        return FAR
    if polygon.flat < ANGLE_MARGIN:  # sides that lie along each other make no corner
        return FAR if polygon.flat < ANGLE_MARGIN / 2 else UNKNOWN
    drawn = max(not_drawn(points[i], points[(i + 1) % n], scene) for i in range(n))
    return max(drawn, polygon.misses[str(fact.value)])


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


def _inscribed(fact: Fact, scene: Scene) -> float:
    polygon, centre = fact.args
    on_circle = PREDICATES["on_circle"](Fact("on_circle", (polygon, centre)), scene)
    return on_circle if _sides_drawn(polygon, scene) == 0 else max(on_circle, UNKNOWN)


def _sides_drawn(polygon: str, scene: Scene) -> float:
    """How far the sides stray from what is drawn; whether their order matters is left to shapes."""
    points = _points(scene, polygon)
    return max(not_drawn(points[i - 1], points[i], scene) for i in range(len(points)))


def _incircle(fact: Fact, scene: Scene) -> float:
    centre, polygon = fact.args
    radius = _radius(scene, centre)
    if radius is None:
        return _circle(Fact("circle", (centre,)), scene)
    o, points = scene.points[centre], _points(scene, polygon)
    off = max(abs(g.to_segment(o, points[i - 1], points[i]) - radius) for i in range(len(points)))
    return off / PLACE_MARGIN if _sides_drawn(polygon, scene) == 0 else max(off / PLACE_MARGIN, UNKNOWN)


def _tangent_circles(fact: Fact, scene: Scene) -> float:
    first, second = (_radius(scene, name) for name in fact.args)
    if first is None or second is None:
        return FAR
    apart = g.distance(*_points(scene, *fact.args))
    touching = first + second if fact.value == "externally" else abs(first - second)
    return abs(apart - touching) / PLACE_MARGIN


def _sector(fact: Fact, scene: Scene) -> float:
    name = fact.args[0]
    if any(name in (arc, arc[::-1]) for arc in scene.arcs):
        return 0.0
    p, o, q = _points(scene, name)
    drawn = [_points(scene, arc) for arc in scene.arcs]
    # Of an arc that is not drawn, the nearest drawn one says how far off it is.
    off = [
        max(apart(o, v), min(max(apart(p, a), apart(q, b)) for a, b in ((a, b), (b, a)))) for a, v, b in drawn
    ]
    return min(off, default=FAR)


def _perpendicular_bisector(fact: Fact, scene: Scene) -> float:
    p, q, a, b = _points(scene, *fact.args)
    return max(g.to_line(g.midpoint(a, b), p, q) / PLACE_MARGIN, not_square(p, q, a, b))


def _diagonal(fact: Fact, scene: Scene) -> float:
    line, polygon = fact.args
    if not set(line) <= set(polygon):
        return FAR
    if (polygon.index(line[0]) - polygon.index(line[1])) % len(polygon) in (1, len(polygon) - 1):
        return FAR
    p, q = _points(scene, line)
    return max(not_drawn(p, q, scene), _sides_drawn(polygon, scene))


def _folded(fact: Fact, scene: Scene) -> float:
    p, a, b, q = _points(scene, *fact.args)
    return apart(g.mirror(p, a, b), q)


def _rotated(fact: Fact, scene: Scene) -> float:
    first, second, centre = fact.args
    o = scene.points[centre]
    pairs = [(p, q) for p, q in zip(_points(scene, first), _points(scene, second), strict=True)]
    off = [abs(g.distance(p, o) - g.distance(q, o)) / PLACE_MARGIN for p, q in pairs]
    moved = [(p, q) for p, q in pairs if min(g.distance(p, o), g.distance(q, o)) > 1e-6]
    off += [abs(g.angle(p, o, q) - float(fact.value or 0.0)) / ANGLE_MARGIN for p, q in moved]
    ways = {g.side(o, p, q) > 0 for p, q in moved}
    if len(moved) < 2:
        return UNKNOWN
    return max(off) if len(ways) == 1 else FAR


def _curve(scene: Scene, equation: str) -> Curve | None:
    return next((curve for curve in scene.curves if curve.equation == equation), None)


def _units(scene: Scene, p: Point) -> Point:
    """A place in px as coordinates."""
    assert scene.axes is not None
    x, y = scene.axes.origin
    return (p[0] - x) * scene.unit, (y - p[1]) * scene.unit


def _graph(fact: Fact, scene: Scene) -> float:
    """Another equation is false where a point on the drawn graph has coordinates that do not satisfy it."""
    if not scene.curves or scene.axes is None:
        return FAR
    if _curve(scene, str(fact.value)):
        return 0.0
    rule = function(str(fact.value))
    if rule is None:
        return UNKNOWN
    told = [mark.at for mark in scene.marks if mark.kind == "coordinates"]
    off = [UNKNOWN]
    for name in told:
        p = scene.points[name]
        x, y = _units(scene, p)
        if min(g.to_polyline(p, curve.points) for curve in scene.curves) < 1.0:
            off.append(
                abs(rule(round(x)) - y) / scene.unit / PLACE_MARGIN
                if round(x) or "/x" not in str(fact.value)
                else FAR
            )
    return max(off)


def _on_graph(fact: Fact, scene: Scene) -> float:
    p = scene.points[fact.args[0]]
    away = min((g.to_polyline(p, curve.points) for curve in scene.curves), default=FAR)
    return 0.0 if away < 0.5 else away / PLACE_MARGIN


def _on_axis(fact: Fact, scene: Scene) -> float:
    if scene.axes is None:
        return FAR
    x, y = scene.points[fact.args[0]]
    return abs(y - scene.axes.origin[1] if fact.value == "x" else x - scene.axes.origin[0]) / PLACE_MARGIN


def _intercept(fact: Fact, scene: Scene) -> float:
    return max(_on_axis(fact, scene), _on_graph(fact, scene))


def _secant(points: Sequence[Point], centre: Point, radius: float) -> float:
    """A line that cuts well into the circle; one that touches it is visibly none."""
    return max(0.0, g.to_line(centre, *points) - radius + 1.5 * PLACE_MARGIN) / PLACE_MARGIN


def _coordinates(fact: Fact, scene: Scene) -> float:
    if scene.axes is None:
        return FAR
    name = fact.args[0]
    x, y = _units(scene, scene.points[name])
    told_x, told_y = (int(number) for number in str(fact.value).strip("()").split(", "))
    off = math.hypot(x - told_x, y - told_y) / scene.unit / PLACE_MARGIN
    labelled = any(mark.kind == "coordinates" and mark.at == name for mark in scene.marks)
    return off if off <= 1e-6 or labelled else UNKNOWN


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
    "secant": _round(_secant),
    "perpendicular_bisector": _perpendicular_bisector,
    "diagonal": _diagonal,
    "inscribed": _inscribed,
    "incircle": _incircle,
    "tangent_circles": _tangent_circles,
    "sector": _sector,
    "folded": _folded,
    "rotated": _rotated,
    "graph": _graph,
    "on_graph": _on_graph,
    "on_axis": _on_axis,
    "intercept": _intercept,
    "coordinates": _coordinates,
}
