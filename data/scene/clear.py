"""Which scenes are clear: nothing in them can be taken for something else.

What directions and ratios of lines decide is asked of the figure, before it is turned and fitted: the answer
must not hang on how a rotation is rounded, and half of all edited figures end there.
"""

from __future__ import annotations

import math
from itertools import combinations

from data.scene import geometry as g
from data.scene.margins import PLACE_MARGIN
from data.scene.shapes import ANGLE_MARGIN, LENGTH_MARGIN
from data.scene.templates import Figure
from data.scene.types import Point, Scene

MIN_ANGLE = 15.0
"""Least angle in degrees between two segments that meet."""
MIN_DISTANCE = 14.0
"""Least distance in px of two named points."""
CLOSE = 10.0
"""A point this near (px) to a line that it is not on makes a scene unclear."""
BULGE = 5.0
"""A graph this near (px) to the middle of a chord looks like one thick line with it."""

_NONE = 1e-7  # sine, relative length or px: what is exact but for rounding
_ALMOST = math.sin(math.radians(ANGLE_MARGIN)) + _NONE
_NARROW = math.sin(math.radians(MIN_ANGLE)) - _NONE


class Rejected(Exception):
    """A program whose picture would be unclear; the message is the reason that is counted."""


def check_clear(scene: Scene) -> None:
    """Reject a scene in which a person could take one thing for another, its lines apart."""
    points = scene.points
    for (ax, ay), (bx, by) in combinations(points.values(), 2):
        if math.hypot(ax - bx, ay - by) < MIN_DISTANCE:
            raise Rejected("points too close")
    lines = [(name, points[name[0]], points[name[1]]) for name in scene.segments]
    if scene.axes:
        (x, y), (left, bottom), (right, top) = scene.axes.origin, scene.axes.low, scene.axes.high
        lines += [("", (left, y), (right, y)), ("", (x, bottom), (x, top))]
    for name, (x, y) in points.items():
        for line, a, b in lines:
            if name not in line and _NONE < _to_segment(x, y, a, b) < CLOSE:
                raise Rejected("point near a line")
        for centre, radius in scene.circles:
            cx, cy = points[centre]
            if _NONE < abs(math.hypot(x - cx, y - cy) - radius) < PLACE_MARGIN:
                raise Rejected("point near a circle")
        for arc in scene.arcs:
            if name not in arc and _NONE < g.to_arc((x, y), *(points[c] for c in arc)) < CLOSE:
                raise Rejected("point near an arc")
        for curve in scene.curves:
            if 0.5 < g.to_polyline((x, y), curve.points) < CLOSE:
                raise Rejected("point near a graph")
    for _, a, b in lines[: len(scene.segments)]:
        for curve in scene.curves:
            if g.to_polyline(g.midpoint(a, b), curve.points) < BULGE:
                raise Rejected("line along a graph")


def check_lines(figure: Figure) -> None:
    """Reject lines that are nearly parallel, nearly perpendicular, or, from one point, nearly equal."""
    points = figure.points
    lines = [(name, points[name[0]], points[name[1]]) for name in figure.segments]
    if figure.axes:
        left, bottom, right, top = figure.axes
        lines += [("", (left, 0.0), (right, 0.0)), ("", (0.0, bottom), (0.0, top))]
    rays = []
    for name, a, b in lines:
        dx, dy = b[0] - a[0], b[1] - a[1]
        length = math.hypot(dx, dy)
        if not length:
            raise Rejected("points too close")
        rays.append((name, a, b, dx / length, dy / length, length))
    for i, (first, a, b, ux, uy, long) in enumerate(rays):
        for second, c, d, vx, vy, other in rays[:i]:
            sine, cosine = abs(ux * vy - uy * vx), abs(ux * vx + uy * vy)
            if _NONE < sine < _ALMOST or _NONE < cosine < _ALMOST:
                raise Rejected("nearly parallel or perpendicular")
            if _NONE < sine < _NARROW and _meet(a, b, c, d):
                raise Rejected("angle too small")
            joined = first and second and (first[0] in second or first[1] in second)
            if joined and _NONE < abs(long - other) / max(long, other) < LENGTH_MARGIN + _NONE:
                raise Rejected("nearly equal")


def _to_segment(x: float, y: float, a: Point, b: Point) -> float:
    dx, dy = b[0] - a[0], b[1] - a[1]
    t = min(1.0, max(0.0, ((x - a[0]) * dx + (y - a[1]) * dy) / (dx * dx + dy * dy)))
    return math.hypot(x - a[0] - t * dx, y - a[1] - t * dy)


def _meet(a: Point, b: Point, c: Point, d: Point) -> bool:
    """Whether an end of one line is on the other; ends that are near it are rejected elsewhere."""
    off = min(_to_segment(*a, c, d), _to_segment(*b, c, d), _to_segment(*c, a, b), _to_segment(*d, a, b))
    return off < _NONE * math.hypot(a[0] - b[0], a[1] - b[1])
