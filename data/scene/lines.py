"""Everything of a figure that is drawn before its marks and labels, as straight lines, and distances to them.

Legend: ``K`` points, ``S`` lines (x0, y0, x1, y1), ``P`` named points.
"""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np

from data.scene.display import Arc, Stroke
from data.scene.geometry import distance
from data.scene.types import Axes, Curve, Point, Scene

CHORD_PX = 8.0  # arcs and curves are judged by chords of about this length
HEAD_PX = (11.0, 5.0)  # length and half width of the arrow head of an axis
_ON_PX = 0.5
_TANGENT_PX = 12.0  # a curve leaves a point towards where it is this far away

Piece = tuple[str, str]
Line = tuple[float, float, float, float]


def to_segments(points: np.ndarray, segments: np.ndarray) -> np.ndarray:
    """Distances ``[K, S]`` of points ``[K, 2]`` from segments ``[S, 4]`` (x0, y0, x1, y1)."""
    a, d = segments[:, :2], segments[:, 2:] - segments[:, :2]
    x, y = points[:, :1] - a[:, 0], points[:, 1:] - a[:, 1]
    t = (x * d[:, 0] + y * d[:, 1]) / np.maximum(d[:, 0] ** 2 + d[:, 1] ** 2, 1e-9)
    t = np.minimum(np.maximum(t, 0.0), 1.0)
    return np.hypot(x - t * d[:, 0], y - t * d[:, 1])


def pieces(scene: Scene) -> list[Piece]:
    """Cut every drawn segment at the labelled points on it; a piece is a pair of names, each given once."""
    if not scene.segments:
        return []
    names = [name for name in scene.points if name.isupper()]
    lines = np.array([(*scene.points[a], *scene.points[b]) for a, b in map(tuple, scene.segments)])
    at = np.array([scene.points[name] for name in names]).reshape(-1, 2)
    inner: dict[int, list[str]] = {}
    for k, s in zip(*np.nonzero(to_segments(at, lines) < _ON_PX), strict=True):
        if names[k] not in scene.segments[s]:
            inner.setdefault(s, []).append(names[k])
    found: dict[frozenset[str], Piece] = {}
    for s, (a, b) in enumerate(map(tuple, scene.segments)):
        p = scene.points[a]
        stops = [a, *sorted(inner.get(s, ()), key=lambda n: distance(p, scene.points[n])), b]
        for pair in pairwise(stops):
            found.setdefault(frozenset(pair), pair)
    return list(found.values())


def sector_arc(scene: Scene, at: str) -> Arc:
    """Return the shorter arc from A to B around O of ``at = "AOB"``."""
    a, o, b = (scene.points[name] for name in at)
    start, sweep = turned(a, o, b)
    return Arc("sector", at, o, distance(a, o), start, start + sweep)


def turned(p: Point, v: Point, q: Point) -> tuple[float, float]:
    """Return where the angle pvq starts and how far it sweeps, in degrees clockwise on the screen."""
    start = math.degrees(math.atan2(p[1] - v[1], p[0] - v[0]))
    sweep = (math.degrees(math.atan2(q[1] - v[1], q[0] - v[0])) - start + 180.0) % 360.0 - 180.0
    return (start, sweep) if sweep >= 0 else (start + sweep, -sweep)


def arc_points(arc: Arc, count: int) -> list[Point]:
    """Return ``count`` points along an arc, both ends included."""
    turns = [math.radians(arc.start + (arc.stop - arc.start) * i / (count - 1)) for i in range(count)]
    (x, y), r = arc.centre, arc.radius
    return [(x + r * math.cos(t), y + r * math.sin(t)) for t in turns]


def chords(arc: Arc) -> list[Line]:
    """Return an arc as lines of about ``CHORD_PX``; they leave it by less than 0.5 px."""
    length = arc.radius * math.radians(arc.stop - arc.start)
    points = arc_points(arc, max(3, math.ceil(length / CHORD_PX) + 1))
    return [(*p, *q) for p, q in pairwise(points)]


def curve_lines(curve: Curve) -> list[Line]:
    """Return a curve as lines of about ``CHORD_PX`` through every few of its points."""
    kept = [curve.points[0]]
    for point in curve.points[1:]:
        if distance(point, kept[-1]) >= CHORD_PX:
            kept.append(point)
    if kept[-1] != curve.points[-1]:
        kept.append(curve.points[-1])
    return [(*p, *q) for p, q in pairwise(kept)]


def axis_strokes(axes: Axes) -> list[Stroke]:
    """Return both axes and their arrow heads at the upper ends."""
    (x, y), long, half = axes.origin, *HEAD_PX
    right, top = axes.high
    heads = (
        Stroke("head", "x", ((right - long, y - half), (right, y), (right - long, y + half))),
        Stroke("head", "y", ((x - half, top + long), (x, top), (x + half, top + long))),
    )
    lines = (
        Stroke("axis", "x", ((axes.low[0], y), (right, y))),
        Stroke("axis", "y", ((x, axes.low[1]), (x, top))),
    )
    return [*lines, *heads]


def flat(strokes: list[Stroke]) -> list[Line]:
    """Return the straight parts of ``strokes``."""
    return [(*p, *q) for s in strokes for p, q in pairwise(s.points)]


def straight_rays(scene: Scene, name: str, parts: list[Piece]) -> list[float]:
    """Directions in degrees in which segments and axes leave a point."""
    at = scene.points[name]
    found = [_turn(at, scene.points[b if a == name else a]) for a, b in parts if name in (a, b)]
    return found + (_axis_rays(scene.axes, at) if scene.axes else [])


def rays(scene: Scene, name: str, parts: list[Piece]) -> list[float]:
    """Directions in degrees in which lines, circles and curves leave a point."""
    at = scene.points[name]
    found = straight_rays(scene, name, parts)
    for centre, radius in scene.circles:
        c = scene.points[centre]
        if abs(distance(c, at) - radius) < 1.0:
            found += [_turn(c, at) + 90.0, _turn(c, at) - 90.0]
    for arc in scene.arcs:
        a, o, b = (scene.points[n] for n in arc)
        if abs(distance(o, at) - distance(o, a)) < 1.0:
            start, sweep = turned(a, o, b)
            along = (_turn(o, at) - start + 1.0) % 360.0 - 1.0
            found += [_turn(o, at) + 90.0] * (along < sweep - 1.0)
            found += [_turn(o, at) - 90.0] * (1.0 < along < sweep + 1.0)
    for curve in scene.curves:
        found += _curve_rays(curve, at)
    return found


def _turn(p: Point, q: Point) -> float:
    return math.degrees(math.atan2(q[1] - p[1], q[0] - p[0]))


def _axis_rays(axes: Axes, at: Point) -> list[float]:
    found = []
    if abs(at[1] - axes.origin[1]) < _ON_PX and axes.low[0] - 1 < at[0] < axes.high[0] + 1:
        found += [0.0, 180.0]
    if abs(at[0] - axes.origin[0]) < _ON_PX and axes.high[1] - 1 < at[1] < axes.low[1] + 1:
        found += [90.0, 270.0]
    return found


def _curve_rays(curve: Curve, at: Point) -> list[float]:
    away = [distance(point, at) for point in curve.points]
    nearest = min(range(len(away)), key=away.__getitem__)
    if to_segments(np.array([at]), np.array(curve_lines(curve))).min() > 1.0:
        return []
    before = [p for p, d in zip(curve.points[:nearest], away, strict=False) if d >= _TANGENT_PX][-1:]
    after = [p for p, d in zip(curve.points[nearest:], away[nearest:], strict=True) if d >= _TANGENT_PX][:1]
    return [_turn(at, point) for point in before + after]
