"""Plane geometry on pixel coordinates: the measurements that facts are judged by."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

from data.scene.types import Point


def distance(p: Point, q: Point) -> float:
    """Distance of two points in px."""
    return math.hypot(p[0] - q[0], p[1] - q[1])


def angle(p: Point, v: Point, q: Point) -> float:
    """Angle p-v-q at ``v`` in degrees, 0 to 180."""
    ax, ay, bx, by = p[0] - v[0], p[1] - v[1], q[0] - v[0], q[1] - v[1]
    return math.degrees(math.atan2(abs(ax * by - ay * bx), ax * bx + ay * by))


def line_angle(a: Point, b: Point, c: Point, d: Point) -> float:
    """Angle between the lines ab and cd in degrees, 0 to 90."""
    ux, uy, vx, vy = b[0] - a[0], b[1] - a[1], d[0] - c[0], d[1] - c[1]
    return math.degrees(math.atan2(abs(ux * vy - uy * vx), abs(ux * vx + uy * vy)))


def to_line(p: Point, a: Point, b: Point) -> float:
    """Distance of ``p`` from the infinite line ab in px."""
    return abs((b[0] - a[0]) * (p[1] - a[1]) - (b[1] - a[1]) * (p[0] - a[0])) / distance(a, b)


def to_segment(p: Point, a: Point, b: Point) -> float:
    """Distance of ``p`` from the segment ab in px."""
    dx, dy = b[0] - a[0], b[1] - a[1]
    t = ((p[0] - a[0]) * dx + (p[1] - a[1]) * dy) / (dx * dx + dy * dy)
    t = min(1.0, max(0.0, t))
    return math.hypot(p[0] - a[0] - t * dx, p[1] - a[1] - t * dy)


def midpoint(a: Point, b: Point) -> Point:
    """The point halfway between a and b."""
    return (a[0] + b[0]) / 2, (a[1] + b[1]) / 2


def between(a: Point, b: Point, t: float) -> Point:
    """The point a + t (b - a)."""
    return a[0] + t * (b[0] - a[0]), a[1] + t * (b[1] - a[1])


def cross_point(a: Point, b: Point, c: Point, d: Point) -> Point:
    """The intersection of the lines ab and cd, which must not be parallel."""
    ux, uy, vx, vy = b[0] - a[0], b[1] - a[1], d[0] - c[0], d[1] - c[1]
    t = ((c[0] - a[0]) * vy - (c[1] - a[1]) * vx) / (ux * vy - uy * vx)
    return a[0] + t * ux, a[1] + t * uy


def is_simple(polygon: Sequence[Point]) -> bool:
    """Whether no two sides of a polygon cross each other; a triangle's never do."""
    n = len(polygon)
    sides = [(polygon[i], polygon[(i + 1) % n]) for i in range(n)]
    return not any(
        _cross(*sides[i], *sides[j]) for i in range(n) for j in range(i + 2, n) if (i, j) != (0, n - 1)
    )


def along_arc(a: Point, v: Point, b: Point, steps: int = 16) -> list[Point]:
    """Points along the shorter arc from ``a`` to ``b`` around ``v``."""
    start = math.atan2(a[1] - v[1], a[0] - v[0])
    sweep = (math.atan2(b[1] - v[1], b[0] - v[0]) - start + math.pi) % (2 * math.pi) - math.pi
    turns = [start + sweep * i / steps for i in range(steps + 1)]
    radius = distance(a, v)
    return [(v[0] + radius * math.cos(t), v[1] + radius * math.sin(t)) for t in turns]


def to_arc(p: Point, a: Point, v: Point, b: Point) -> float:
    """Distance of ``p`` from the shorter arc from ``a`` to ``b`` around ``v`` in px."""
    if abs(angle(a, v, p) + angle(p, v, b) - angle(a, v, b)) < 1e-6:
        return abs(distance(p, v) - distance(a, v))
    return min(distance(p, a), distance(p, b))


def to_polyline(p: Point, points: Sequence[Point]) -> float:
    """Distance of ``p`` from a line through points in px."""
    return min(to_segment(p, a, b) for a, b in pairwise(points))


def mirror(p: Point, a: Point, b: Point) -> Point:
    """The mirror image of ``p`` in the line ab."""
    dx, dy = b[0] - a[0], b[1] - a[1]
    t = ((p[0] - a[0]) * dx + (p[1] - a[1]) * dy) / (dx * dx + dy * dy)
    return 2 * (a[0] + t * dx) - p[0], 2 * (a[1] + t * dy) - p[1]


def side(a: Point, b: Point, p: Point) -> float:
    """Twice the signed area of the triangle abp: which side of the line ab ``p`` is on."""
    return (b[0] - a[0]) * (p[1] - a[1]) - (b[1] - a[1]) * (p[0] - a[0])


def _cross(a: Point, b: Point, c: Point, d: Point) -> bool:
    return side(a, b, c) * side(a, b, d) < 0 and side(c, d, a) * side(c, d, b) < 0
