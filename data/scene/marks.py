"""Lines and marks of a figure: elementary pieces of segments, tick marks, right-angle squares, angle arcs."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from data.scene.display import Arc, Stroke
from data.scene.geometry import angle, distance, to_segment
from data.scene.types import Mark, Point, Scene

TICK_HALF_PX = 9.0  # half the length of a tick
TICK_PITCH_PX = 11.0  # between the ticks of one mark: 3 px in a picture of 96 px
SQUARE_PX = 20.0
ARC_PITCH_PX = 9.0
ARC_POINTS = 9  # an arc is judged by this many points on it
ARC_RADII_PX = (30.0, 36.0, 25.0, 42.0, 48.0, 54.0, 60.0, 66.0)
_SHORT_ARC_PX = 12.0  # a shorter arc looks like a blot
APART_PX = 5.0  # between a mark and whatever it does not belong to
_ON_PX = 0.5

Piece = tuple[str, str]


@dataclass(frozen=True)
class Wedge:
    """An angle of a figure: vertex, arc limits in degrees (clockwise on the screen), room for arcs in px."""

    vertex: Point
    start: float
    stop: float
    reach: float

    def arc(self, owner: str, radius: float) -> Arc:
        """Return the angle arc of ``radius``."""
        return Arc("arc", owner, self.vertex, radius, self.start, self.stop)

    def arc_points(self, radius: float) -> list[Point]:
        """Return ``ARC_POINTS`` points along the arc of ``radius``."""
        step = math.radians(self.stop - self.start) / (ARC_POINTS - 1)
        turns = [math.radians(self.start) + i * step for i in range(ARC_POINTS)]
        return [(self.vertex[0] + radius * math.cos(t), self.vertex[1] + radius * math.sin(t)) for t in turns]


def pieces(scene: Scene) -> list[Piece]:
    """Cut every drawn segment at the labelled points on it; a piece is a pair of names, each given once."""
    found: dict[frozenset[str], Piece] = {}
    for segment in scene.segments:
        a, b = tuple(segment)
        p, q = scene.points[a], scene.points[b]
        inner = [
            n
            for n, r in scene.points.items()
            if n.isupper() and n not in (a, b) and to_segment(r, p, q) < _ON_PX
        ]
        stops = [a, *sorted(inner, key=lambda n: distance(p, scene.points[n])), b]
        for pair in pairwise(stops):
            found.setdefault(frozenset(pair), pair)
    return list(found.values())


def wedge(scene: Scene, at: str, parts: list[Piece]) -> Wedge:
    """Return the wedge of the angle ``at`` (three letters, vertex in the middle)."""
    p, v, q = (scene.points[name] for name in at)
    start = math.degrees(math.atan2(p[1] - v[1], p[0] - v[0]))
    sweep = (math.degrees(math.atan2(q[1] - v[1], q[0] - v[0])) - start + 180.0) % 360.0 - 180.0
    if sweep < 0:
        start, sweep = start + sweep, -sweep
    reach = min(distance(p, v), distance(q, v))
    for part in parts:
        if at[1] in part:
            r = scene.points[part[0] if part[1] == at[1] else part[1]]
            if min(angle(p, v, r), angle(r, v, q)) < 1.0:
                reach = min(reach, distance(r, v))
    return Wedge(v, start, start + sweep, reach)


def is_split(scene: Scene, at: str, parts: list[Piece]) -> bool:
    """Whether a drawn line leaves the vertex inside the angle ``at``: a number in it would be ambiguous."""
    p, v, q = (scene.points[name] for name in at)
    whole = angle(p, v, q)
    for part in parts:
        if at[1] in part:
            r = scene.points[part[0] if part[1] == at[1] else part[1]]
            one, two = angle(p, v, r), angle(r, v, q)
            if min(one, two) > 1.0 and one + two < whole + 1.0:
                return True
    return False


def to_segments(points: np.ndarray, segments: np.ndarray) -> np.ndarray:
    """Distances ``[K, S]`` of points ``[K, 2]`` from segments ``[S, 4]`` (x0, y0, x1, y1)."""
    a, d = segments[:, :2], segments[:, 2:] - segments[:, :2]
    rel = points[:, None] - a
    t = np.clip((rel * d).sum(-1) / np.maximum((d * d).sum(-1), 1e-9), 0.0, 1.0)
    rest = rel - t[..., None] * d
    return np.hypot(rest[..., 0], rest[..., 1])


def flat(strokes: list[Stroke]) -> list[tuple[float, float, float, float]]:
    """Return the straight parts of ``strokes`` as (x0, y0, x1, y1)."""
    return [(*p, *q) for s in strokes for p, q in pairwise(s.points)]


class Marks:
    """Places the marks of a scene one after another, each clear of all lines, circles and earlier marks.

    ``add`` returns False when a mark has no place. ``strokes`` and ``arcs`` hold what was placed.
    """

    def __init__(self, scene: Scene, parts: list[Piece]) -> None:
        self.scene, self.parts = scene, parts
        self.strokes: list[Stroke] = []
        self.arcs: list[Arc] = []
        self._lines = {part: (*scene.points[part[0]], *scene.points[part[1]]) for part in parts}

    def add(self, mark: Mark) -> bool:
        """Place a ``right``, ``tick`` or ``arc`` mark."""
        return {"right": self._right, "tick": self._tick, "arc": self._arc}[mark.kind](mark)

    def clear(self, points: list[Point], own: set[Piece], circles: bool = True) -> bool:
        """Whether ``points`` keep their distance from everything but the pieces ``own``."""
        lines = [line for part, line in self._lines.items() if part not in own] + flat(self.strokes)
        lines += self.arc_chords()
        xy = np.array(points)
        if lines and to_segments(xy, np.array(lines)).min() < APART_PX:
            return False
        for name, radius in self.scene.circles if circles else ():
            c = self.scene.points[name]
            if np.abs(np.hypot(xy[:, 0] - c[0], xy[:, 1] - c[1]) - radius).min() < APART_PX:
                return False
        return True

    def arc_chords(self) -> list[tuple[float, float, float, float]]:
        """Return polygon lines along the placed arcs as (x0, y0, x1, y1)."""
        rims = [Wedge(a.centre, a.start, a.stop, 0.0).arc_points(a.radius) for a in self.arcs]
        return [(*p, *q) for rim in rims for p, q in pairwise(rim)]

    def _right(self, mark: Mark) -> bool:
        p, v, q = (self.scene.points[name] for name in mark.at)
        side = min(SQUARE_PX, 0.35 * distance(p, v), 0.35 * distance(q, v))
        u = ((p[0] - v[0]) * side / distance(p, v), (p[1] - v[1]) * side / distance(p, v))
        w = ((q[0] - v[0]) * side / distance(q, v), (q[1] - v[1]) * side / distance(q, v))
        corners = (
            (v[0] + u[0], v[1] + u[1]),
            (v[0] + u[0] + w[0], v[1] + u[1] + w[1]),
            (v[0] + w[0], v[1] + w[1]),
        )
        self.strokes.append(Stroke("right", mark.at, corners))
        return side >= 0.5 * SQUARE_PX

    def _tick(self, mark: Mark) -> bool:
        own = {part for part in self.parts if set(part) == set(mark.at)}
        if not own:
            return False  # cut by a labelled point: the reader could not tell which piece is meant
        p, q = (self.scene.points[name] for name in mark.at)
        length = distance(p, q)
        dx, dy = (q[0] - p[0]) / length, (q[1] - p[1]) / length
        half = (-TICK_HALF_PX * dy, TICK_HALF_PX * dx)
        for middle in (0.5, 0.42, 0.58, 0.34, 0.66, 0.27, 0.73):
            first = middle * length - (mark.count - 1) / 2 * TICK_PITCH_PX
            offsets = [first + i * TICK_PITCH_PX for i in range(mark.count)]
            if offsets[0] < 10 or offsets[-1] > length - 10:
                continue
            feet = [(p[0] + t * dx, p[1] + t * dy) for t in offsets]
            ends = [((x + half[0], y + half[1]), (x - half[0], y - half[1])) for x, y in feet]
            if self.clear([*feet, *(end for pair in ends for end in pair)], own):
                self.strokes.extend(Stroke("tick", mark.at, pair) for pair in ends)
                return True
        return False

    def _arc(self, mark: Mark) -> bool:
        corner = wedge(self.scene, mark.at, self.parts)
        own = {part for part in self.parts if mark.at[1] in part}
        shortest = _SHORT_ARC_PX / math.radians(corner.stop - corner.start)
        for first in ARC_RADII_PX:
            radii = [first + i * ARC_PITCH_PX for i in range(mark.count)]
            if radii[-1] > 0.75 * corner.reach or first < shortest:
                continue
            if all(self.clear(corner.arc_points(r), own, circles=False) for r in radii):
                self.arcs.extend(corner.arc(mark.at, r) for r in radii)
                return True
        return False
