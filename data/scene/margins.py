"""Visible margins: the least deviations of places, directions and drawn lines that a person can see."""

from __future__ import annotations

import math

from data.scene import geometry as g
from data.scene.shapes import ANGLE_MARGIN
from data.scene.types import Point, Scene

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


def not_drawn(segment: str, scene: Scene) -> float:
    """How far, in place margins, a segment strays from every drawn segment (0 when it is drawn)."""
    if segment in scene.segments or segment[::-1] in scene.segments:
        return 0.0
    (a, b), nearest = points_of(scene, segment), math.inf
    for name in scene.segments:
        p, q = scene.points[name[0]], scene.points[name[1]]
        # The distance from a segment is convex: of all points of ab, an end is the farthest.
        off = g.to_segment(a, p, q)
        if off < nearest and (off := max(off, g.to_segment(b, p, q))) < nearest:
            if off < 1e-6:
                return 0.0
            nearest = off
    return nearest / PLACE_MARGIN


def points_of(scene: Scene, *names: str) -> list[Point]:
    """The places of all letters of some names, in order."""
    return [scene.points[letter] for name in names for letter in name]


def sides_drawn(polygon: str, scene: Scene) -> float:
    """How far the sides stray from what is drawn; whether their order matters is left to shapes."""
    return max([not_drawn(polygon[i - 1] + polygon[i], scene) for i in range(len(polygon))])
