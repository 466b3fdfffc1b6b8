"""By how many visible margins statements about a coordinate system miss the truth of a scene."""

from __future__ import annotations

import math
from collections.abc import Callable

from data.scene import geometry as g
from data.scene.equations import function
from data.scene.margins import PLACE_MARGIN
from data.scene.shapes import FAR, UNKNOWN
from data.scene.types import Curve, Fact, Point, Scene


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


def _coordinates(fact: Fact, scene: Scene) -> float:
    if scene.axes is None:
        return FAR
    name = fact.args[0]
    x, y = _units(scene, scene.points[name])
    told_x, told_y = (int(number) for number in str(fact.value).strip("()").split(", "))
    off = math.hypot(x - told_x, y - told_y) / scene.unit / PLACE_MARGIN
    labelled = any(mark.kind == "coordinates" and mark.at == name for mark in scene.marks)
    return off if off <= 1e-6 or labelled else UNKNOWN


GRAPHS: dict[str, Callable[[Fact, Scene], float]] = {
    "graph": _graph,
    "on_graph": _on_graph,
    "on_axis": _on_axis,
    "intercept": _intercept,
    "coordinates": _coordinates,
}
