"""By how many visible margins statements about circles and sectors miss the truth of a scene."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from data.scene import geometry as g
from data.scene.margins import PLACE_MARGIN, apart, not_drawn, points_of, sides_drawn
from data.scene.shapes import FAR, UNKNOWN
from data.scene.types import Fact, Point, Scene


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
            return measure(points_of(scene, *fact.args[:-1]), centre, named)
        return _circle(Fact("circle", fact.args[-1:]), scene)

    return residual


def _off_circle(points: Sequence[Point], centre: Point, radius: float) -> float:
    return max(abs(g.distance(p, centre) - radius) for p in points) / PLACE_MARGIN


def _not_diameter(points: Sequence[Point], centre: Point, radius: float) -> float:
    return max(_off_circle(points, centre, radius), apart(g.midpoint(*points), centre))


def _not_tangent(points: Sequence[Point], centre: Point, radius: float) -> float:
    return abs(g.to_line(centre, *points) - radius) / PLACE_MARGIN


def _secant(points: Sequence[Point], centre: Point, radius: float) -> float:
    """A line that cuts well into the circle; one that touches it is visibly none."""
    return max(0.0, g.to_line(centre, *points) - radius + 1.5 * PLACE_MARGIN) / PLACE_MARGIN


def _inscribed(fact: Fact, scene: Scene) -> float:
    polygon, centre = fact.args
    on_circle = CIRCLES["on_circle"](Fact("on_circle", (polygon, centre)), scene)
    return on_circle if sides_drawn(polygon, scene) == 0 else max(on_circle, UNKNOWN)


def _incircle(fact: Fact, scene: Scene) -> float:
    centre, polygon = fact.args
    radius = _radius(scene, centre)
    if radius is None:
        return _circle(Fact("circle", (centre,)), scene)
    o, points = scene.points[centre], points_of(scene, polygon)
    off = max(abs(g.to_segment(o, points[i - 1], points[i]) - radius) for i in range(len(points)))
    return off / PLACE_MARGIN if sides_drawn(polygon, scene) == 0 else max(off / PLACE_MARGIN, UNKNOWN)


def _tangent_circles(fact: Fact, scene: Scene) -> float:
    first, second = (_radius(scene, name) for name in fact.args)
    if first is None or second is None:
        return FAR
    apart = g.distance(*points_of(scene, *fact.args))
    touching = first + second if fact.value == "externally" else abs(first - second)
    return abs(apart - touching) / PLACE_MARGIN


def _sector(fact: Fact, scene: Scene) -> float:
    """A part of a drawn sector between drawn radii is a sector as well."""
    name = fact.args[0]
    p, o, q = points_of(scene, name)
    drawn = [points_of(scene, arc) for arc in scene.arcs]
    off = min(
        (max(apart(o, arc[1]), *(g.to_arc(x, *arc) / PLACE_MARGIN for x in (p, q))) for arc in drawn),
        default=FAR,
    )
    radii = not_drawn(name[:2], scene) == 0 == not_drawn(name[1:], scene)
    return off if radii else max(off, UNKNOWN)


CIRCLES: dict[str, Callable[[Fact, Scene], float]] = {
    "circle": _circle,
    "on_circle": _round(_off_circle),
    "chord": _round(_off_circle),
    "diameter": _round(_not_diameter),
    "tangent": _round(_not_tangent),
    "secant": _round(_secant),
    "inscribed": _inscribed,
    "incircle": _incircle,
    "tangent_circles": _tangent_circles,
    "sector": _sector,
}
