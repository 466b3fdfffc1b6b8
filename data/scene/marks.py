"""Marks of a figure: ticks and arrows on its lines, right-angle squares and arcs in its angles."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from data.scene.display import Arc, Stroke
from data.scene.geometry import angle, distance, to_line
from data.scene.lines import Line, Piece, arc_points, chords, flat, to_segments, turned
from data.scene.types import Mark, Point, Scene

TICK_HALF_PX = 9.0  # half the length of a tick
TICK_PITCH_PX = 11.0  # between the ticks of one mark: 3 px in a picture of 96 px
ARROW_PX = (8.0, 7.0)  # length and half width of a chevron
ARROW_PITCH_PX = 11.0
SQUARE_PX = 20.0
ARC_PITCH_PX = 9.0
ARC_POINTS = 9  # an arc is judged by this many points on it
ARC_RADII_PX = (30.0, 36.0, 25.0, 42.0, 48.0, 54.0, 60.0, 66.0)
_SHORT_ARC_PX = 12.0  # a shorter arc looks like a blot
_PLACES = (0.5, 0.42, 0.58, 0.34, 0.66, 0.27, 0.73)  # along a segment, best first
_END_PX = 10.0  # between a tick or an arrow and the ends of its segment
APART_PX = 5.0  # between a mark and whatever it does not belong to
_ON_PX = 0.5


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
        return arc_points(self.arc("", radius), ARC_POINTS)


def wedge(scene: Scene, at: str, parts: list[Piece]) -> Wedge:
    """Return the wedge of the angle ``at`` (three letters, vertex in the middle)."""
    p, v, q = (scene.points[name] for name in at)
    start, sweep = turned(p, v, q)
    reach = min(distance(p, v), distance(q, v))
    for part in parts:
        if at[1] in part:
            r = scene.points[part[0] if part[1] == at[1] else part[1]]
            if min(angle(p, v, r), angle(r, v, q)) < 1.0:
                reach = min(reach, distance(r, v))
    return Wedge(v, start, start + sweep, reach)


def is_split(scene: Scene, at: str, rays: list[float]) -> bool:
    """Whether one of ``rays`` from the vertex lies inside the angle ``at``: its number would be ambiguous."""
    start, sweep = turned(*(scene.points[name] for name in at))
    return any(1.0 < (ray - start) % 360.0 < sweep - 1.0 for ray in rays)


class Marks:
    """Places the marks of a scene one after another, each clear of all lines, circles and earlier marks.

    ``add`` returns False when a mark has no place. ``strokes`` and ``arcs`` hold what was placed. ``lines``
    are all drawn lines, the pieces first; those of one ``groups`` number belong together.
    """

    def __init__(self, scene: Scene, parts: list[Piece], lines: list[Line], groups: list[int]) -> None:
        self.scene, self.parts = scene, parts
        self.strokes: list[Stroke] = []
        self.arcs: list[Arc] = []
        self.lines = np.array(lines).reshape(-1, 4)
        self.groups = np.array(groups, int)

    def add(self, mark: Mark) -> bool:
        """Place a ``right``, ``tick``, ``arrow`` or ``arc`` mark."""
        return {"right": self._right, "tick": self._tick, "arrow": self._arrow, "arc": self._arc}[mark.kind](
            mark
        )

    def clear(self, sets: np.ndarray, lines: np.ndarray, away_from: Point | None = None) -> np.ndarray:
        """Whether each set of points ``[C, N, 2]`` keeps its distance from ``lines``, circles and marks.

        Circles through ``away_from`` are left out.
        """
        xy = sets.reshape(-1, 2)
        placed = np.array(self.placed()).reshape(-1, 4)
        away = to_segments(xy, np.concatenate([lines, placed])).min(1, initial=np.inf)
        for name, radius in self.scene.circles:
            c = self.scene.points[name]
            if away_from is None or abs(distance(c, away_from) - radius) > 1.0:
                away = np.minimum(away, np.abs(np.hypot(xy[:, 0] - c[0], xy[:, 1] - c[1]) - radius))
        return (away >= APART_PX).reshape(len(sets), -1).all(1)

    def placed(self) -> list[Line]:
        """Return the marks that were placed as lines."""
        return flat(self.strokes) + [line for arc in self.arcs for line in chords(arc)]

    def apart(self, vertex: Point) -> np.ndarray:
        """Return the lines of which no part passes through ``vertex``."""
        near = to_segments(np.array([vertex]), self.lines)[0] < 1.0
        return self.lines[~np.isin(self.groups, self.groups[near])]

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
        if not any(set(part) == set(mark.at) for part in self.parts):
            return False  # cut by a labelled point: the reader could not tell which piece is meant
        shape = np.array([(0.0, TICK_HALF_PX), (0.0, -TICK_HALF_PX)])
        return self._on_segment(mark, shape, TICK_PITCH_PX)

    def _arrow(self, mark: Mark) -> bool:
        """Chevrons on a line, whole or cut; those of parallel lines point the same way."""
        long, half = ARROW_PX
        shape = np.array([(-long / 2, half), (long / 2, 0.0), (-long / 2, -half)])
        (x0, y0), (x1, y1) = (self.scene.points[name] for name in mark.at)
        forward = x1 - x0 > 1e-3 * abs(y1 - y0) or (abs(x1 - x0) <= 1e-3 * abs(y1 - y0) and y1 < y0)
        return self._on_segment(
            mark if forward else Mark("arrow", mark.at[::-1], "", mark.count), shape, ARROW_PITCH_PX
        )

    def _on_segment(self, mark: Mark, shape: np.ndarray, pitch: float) -> bool:
        """Put ``count`` copies of ``shape`` (along, across) at the first clear place of the segment."""
        p, q = (np.array(self.scene.points[name]) for name in mark.at)
        length = float(np.hypot(*(q - p)))
        along = (q - p) / length
        frame = np.array([along, (-along[1], along[0])])
        places = np.array(_PLACES) * length
        feet = places[:, None] + (np.arange(mark.count) - (mark.count - 1) / 2) * pitch  # [C, count]
        stops = self._stops(mark.at)
        inside = np.abs(feet[..., None] - stops).min((1, 2)) >= _END_PX
        inside &= (feet[:, 0] > 0) & (feet[:, -1] < length)
        shape = np.concatenate([shape, [(0.0, 0.0)]])  # its foot is judged too
        figures = p + (np.stack([feet, 0 * feet], -1)[:, :, None] + shape) @ frame  # [C, count, N, 2]
        clear = inside & self.clear(figures.reshape(len(places), -1, 2), self._others(mark.at))
        if not clear.any():
            return False
        for corners in figures[int(clear.argmax()), :, :-1].tolist():
            self.strokes.append(Stroke(mark.kind, mark.at, tuple((x, y) for x, y in corners)))
        return True

    def _stops(self, at: str) -> np.ndarray:
        """Where named points lie on the line of a segment, in px from its start."""
        p, q = (self.scene.points[name] for name in at)
        on = [r for r in self.scene.points.values() if to_line(r, p, q) < _ON_PX]
        unit = np.array([(q[0] - p[0]), (q[1] - p[1])]) / distance(p, q)
        return (np.array(on) - p) @ unit

    def _others(self, at: str) -> np.ndarray:
        """Lines that do not lie on the line of a segment."""
        p, q = (np.array(self.scene.points[name]) for name in at)
        normal = np.array([p[1] - q[1], q[0] - p[0]]) / math.dist(p, q)
        away = np.abs((self.lines.reshape(-1, 2, 2) - p) @ normal)
        return self.lines[(away > _ON_PX).any(1)]

    def _arc(self, mark: Mark) -> bool:
        corner = wedge(self.scene, mark.at, self.parts)
        shortest = _SHORT_ARC_PX / math.radians(corner.stop - corner.start)
        widths = [i * ARC_PITCH_PX for i in range(mark.count)]
        firsts = [r for r in ARC_RADII_PX if r >= shortest and r + widths[-1] <= 0.75 * corner.reach]
        if not firsts:
            return False
        rims = np.array([[corner.arc_points(first + width) for width in widths] for first in firsts])
        clear = self.clear(rims.reshape(len(firsts), -1, 2), self.apart(corner.vertex), corner.vertex)
        if clear.any():
            first = firsts[int(clear.argmax())]
            self.arcs.extend(corner.arc(mark.at, first + width) for width in widths)
        return bool(clear.any())
