"""Where a text may stand: candidates of letters, lengths, angle numbers and the names of axes, with costs."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from data.scene.marks import Wedge

_ARC_PX = (18.0, 84.0)  # radius of the arc before an angle number
_TURNS = np.arange(0.0, 360.0, 15.0)
_EXTRA = np.array([0.0, 4.0, 8.0, 13.0, 19.0])  # how much farther than necessary a letter may be
_SHIFTS = np.array([0.0, 0.07, -0.07, 0.14, -0.14, 0.21, -0.21])  # of a length along its segment


@dataclass
class Slot:
    """A text that waits for its place, and the ``K`` places it may take.

    ``half`` is half the size of its ink ``[2]``, ``centre`` is ``[K, 2]``, ``cost`` ``[K]``; ``anchor`` is
    the row of its own point (letters) or piece (lengths) among the obstacles. An angle number has its
    ``wedge`` and the ``radius`` ``[K]`` of its arc.
    """

    kind: str
    owner: str
    text: str
    half: np.ndarray
    centre: np.ndarray
    cost: np.ndarray
    anchor: int = -1
    wedge: Wedge | None = None
    radius: np.ndarray = field(default_factory=lambda: np.zeros(0))

    def rims(self, radius: np.ndarray) -> np.ndarray:
        """Points along the arcs of an angle number of ``radius [K]``, ``[K, ARC_POINTS, 2]``."""
        assert self.wedge is not None
        rim = np.array(self.wedge.arc_points(1.0)) - self.wedge.vertex
        return np.array(self.wedge.vertex) + radius[:, None, None] * rim


def point_slot(
    kind: str,
    name: str,
    text: str,
    half: np.ndarray,
    at: np.ndarray,
    rays: list[float],
    start: float,
    anchor: int,
) -> Slot:
    """Candidates of a letter around its point: bisectors of the free angles and every 15°, five distances.

    ``rays`` are the directions (degrees) in which something drawn leaves the point, ``start`` the least gap.
    """
    rays = sorted(ray % 360.0 for ray in rays) or [90.0]
    middles = [(a + b) / 2 for a, b in zip(rays, [*rays[1:], rays[0] + 360.0], strict=True)]
    turns = np.concatenate([middles, _TURNS])
    free = np.abs((turns[:, None] - np.array(rays) + 180.0) % 360.0 - 180.0).min(1)
    radians = np.radians(turns)
    u = np.stack([np.cos(radians), np.sin(radians)], 1)
    reach = (half / np.maximum(np.abs(u), 1e-9)).min(1)
    centre = at + u[:, None] * (reach[:, None, None] + start + _EXTRA[:, None])
    cost = _EXTRA - 0.25 * np.minimum(free, 110.0)[:, None]
    return Slot(kind, name, text, half, centre.reshape(-1, 2), cost.reshape(-1), anchor)


def length_slot(
    owner: str, text: str, half: np.ndarray, ends: np.ndarray, start: float, inside: np.ndarray, anchor: int
) -> Slot:
    """Candidates of a length number: both sides of its piece ``ends [2, 2]``, seven shifts, three distances.

    ``inside`` is the middle of the figure: the side away from it is preferred.
    """
    d = ends[1] - ends[0]
    length = float(np.hypot(*d))
    d = d / length
    normal = np.array([-d[1], d[0]])
    if normal @ (ends.mean(0) - inside) < 0:
        normal = -normal
    reach = float(np.abs(normal) @ half) + start
    rows = [(s, side, extra) for extra in (0.0, 4.0, 9.0) for side in (1.0, -1.0) for s in _SHIFTS]
    s, side, extra = np.array(rows).T
    centre = ends.mean(0) + np.outer(s * length, d) + np.outer(side * (reach + extra), normal)
    return Slot("length", owner, text, half, centre, 60 * np.abs(s) + 1.5 * extra + 2 * (side < 0), anchor)


def angle_slot(owner: str, text: str, half: np.ndarray, wedge: Wedge, gap: float) -> Slot:
    """Candidates of an angle number inside ``wedge``, each with the radius of the arc just before it."""
    middle, opening = (wedge.start + wedge.stop) / 2, wedge.stop - wedge.start
    t, s = (
        v.reshape(-1)
        for v in np.meshgrid(np.arange(26.0, 150.0, 4.0), [0.0, 0.1, -0.1, 0.2, -0.2], indexing="ij")
    )
    turn = np.radians(middle + s * opening)
    away = t[:, None] * np.stack([np.cos(turn), np.sin(turn)], 1)
    rest = np.maximum(np.abs(away) - half, 0.0)
    radius = np.hypot(rest[:, 0], rest[:, 1]) - gap - 1.0
    keep = (radius >= _ARC_PX[0]) & (radius <= min(_ARC_PX[1], 0.8 * wedge.reach))
    centre, cost = np.array(wedge.vertex) + away[keep], (t + 30 * np.abs(s))[keep]
    return Slot("angle", owner, text, half, centre, cost, wedge=wedge, radius=radius[keep])


def axis_slot(name: str, half: np.ndarray, tip: np.ndarray, start: float) -> Slot:
    """Candidates of the name of an axis: beside its tip, below or left of it first, or before it."""
    across, along = (np.array([0.0, 1.0]), np.array([-1.0, 0.0]))
    if name == "y":
        across, along = np.array([-1.0, 0.0]), np.array([0.0, 1.0])
    reach = float(np.abs(across) @ half) + start
    rows = [
        (back, side, extra)
        for back in (2.0, 8.0, 14.0, 22.0, 30.0)
        for side in (1.0, -1.0)
        for extra in (4.0, 8.0)
    ]
    back, side, extra = np.array(rows).T
    beside = tip + np.outer(back, along) + np.outer(side * (reach + extra), across)
    before = tip - along * (float(np.abs(along) @ half) + start + 1.0)
    cost = np.concatenate([0.2 * back + extra + 2 * (side < 0), [3.0]])
    return Slot("axis", name, name, half, np.concatenate([beside, before[None]]), cost)
