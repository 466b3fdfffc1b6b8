"""Label placement: candidate positions for every text, hard rules as array tests, a small search for a set that fits.

Legend: ``K`` candidates, ``S`` straight obstacles, ``P`` named points. A candidate is an ink box (centre and half
size) and, for an angle number, the radius of the arc that goes with it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np

from data.scene.marks import Wedge, to_segments

_KEEP = 24  # best candidates of a text that enter the search
_MAX_NODES = 400
_NEARER_PX = 4.0  # by how much a label is nearer to its owner than to anything else
_TURNS = np.arange(0.0, 360.0, 15.0)
_RANK = np.arange(_KEEP)


@dataclass
class Slot:
    """A text that waits for its place, and the places it may take."""

    kind: str
    owner: str
    text: str
    half: np.ndarray
    centre: np.ndarray
    cost: np.ndarray
    anchor: int = -1
    wedge: Wedge | None = None
    radius: np.ndarray = field(default_factory=lambda: np.zeros(0))


@dataclass
class Obstacles:
    """What texts must stay clear of: segments ``[S, 4]`` (the first ``cut`` are pieces of drawn lines), circles
    ``[., 3]`` and dots ``[., 3]`` as (x, y, radius), named points ``[P, 2]``; ``gap`` from a stroke's middle."""

    segments: np.ndarray
    cut: int
    circles: np.ndarray
    dots: np.ndarray
    points: np.ndarray
    gap: float
    low: float
    high: float


def hits(centre: np.ndarray, half: np.ndarray, grow: np.ndarray | float, segments: np.ndarray) -> np.ndarray:
    """Whether boxes ``[K]``, grown by ``grow`` px, meet segments ``[S, 4]``: bool ``[K, S]`` (separating axes)."""
    e = (segments[:, 2:] - segments[:, :2]) / 2
    m = (segments[:, 2:] + segments[:, :2]) / 2 - centre[:, None]
    hx, hy = half[0] + grow, half[1] + grow
    ex, ey = np.abs(e[:, 0]), np.abs(e[:, 1])
    across = np.abs(e[:, 0] * m[..., 1] - e[:, 1] * m[..., 0]) <= hx * ey + hy * ex
    return (np.abs(m[..., 0]) <= hx + ex) & (np.abs(m[..., 1]) <= hy + ey) & across


def box_distance(centre: np.ndarray, half: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Distances ``[K, P]`` of points from boxes, 0 inside."""
    away = np.maximum(np.abs(points - centre[:, None]) - half, 0.0)
    return np.hypot(away[..., 0], away[..., 1])


def point_slot(name: str, half: np.ndarray, at: np.ndarray, rays: list[float], start: float, anchor: int) -> Slot:
    """Candidates of a letter around its point: bisectors of the free angles first, then every 15°, at four distances.

    ``rays`` are the directions (degrees) in which something drawn leaves the point, ``start`` the least gap in px.
    """
    rays = sorted(ray % 360.0 for ray in rays) or [90.0]
    gaps = [(b - a, a) for a, b in zip(rays, [*rays[1:], rays[0] + 360.0], strict=True)]
    turns = np.concatenate([[a + width / 2 for width, a in gaps], _TURNS])
    free = np.abs((turns[:, None] - np.array(rays) + 180.0) % 360.0 - 180.0).min(1)
    extra = np.array([0.0, 4.0, 8.0, 13.0])
    u = np.stack([np.cos(np.radians(turns)), np.sin(np.radians(turns))], 1)
    reach = (half / np.maximum(np.abs(u), 1e-9)).min(1)
    centre = at + u[:, None] * (reach[:, None, None] + start + extra[:, None])
    cost = extra - 0.25 * np.minimum(free, 110.0)[:, None]
    return Slot("point", name, name, half, centre.reshape(-1, 2), cost.reshape(-1), anchor)


def length_slot(owner: str, text: str, half: np.ndarray, ends: np.ndarray, start: float, inside: np.ndarray,
                anchor: int) -> Slot:
    """Candidates of a length number: both sides of its piece ``ends [2, 2]``, shifted along it, at three distances.

    ``inside`` is the middle of the figure: the side away from it is preferred.
    """
    d = ends[1] - ends[0]
    length = float(np.hypot(*d))
    d = d / length
    normal = np.array([-d[1], d[0]])
    if normal @ (ends.mean(0) - inside) < 0:
        normal = -normal
    reach = float(np.abs(normal) @ half) + start
    shift = np.array([0.0, 0.07, -0.07, 0.14, -0.14, 0.21, -0.21])
    rows = [(s, side, extra) for extra in (0.0, 4.0, 9.0) for side in (1.0, -1.0) for s in shift]
    s, side, extra = np.array(rows).T
    centre = ends.mean(0) + np.outer(s * length, d) + np.outer(side * (reach + extra), normal)
    return Slot("length", owner, text, half, centre, 60 * np.abs(s) + 1.5 * extra + 2 * (side < 0), anchor)


def angle_slot(owner: str, text: str, half: np.ndarray, wedge: Wedge, gap: float, count: int, anchor: int) -> Slot:
    """Candidates of an angle number inside ``wedge``, each with the radius of the (outermost) arc just before it."""
    middle, opening = (wedge.start + wedge.stop) / 2, wedge.stop - wedge.start
    rows = [(t, s) for t in np.arange(28.0, min(160.0, wedge.reach), 5.0) for s in (0.0, 0.12, -0.12, 0.24, -0.24)]
    t, s = np.array(rows).reshape(-1, 2).T
    turn = np.radians(middle + s * opening)
    v = np.array(wedge.vertex)
    centre = v + t[:, None] * np.stack([np.cos(turn), np.sin(turn)], 1)
    near = box_distance(centre, half, v[None])[:, 0]
    radius = np.minimum(near - gap - 1.0, 46.0)
    keep = (radius >= 20.0 + 9.0 * (count - 1)) & (radius < 0.7 * wedge.reach)
    return Slot("angle", owner, text, half, centre[keep], (t + 30 * np.abs(s))[keep], anchor, wedge, radius[keep])


def filter_slot(slot: Slot, world: Obstacles) -> bool:
    """Drop the candidates of ``slot`` that break a rule and sort the rest by cost; False when none is left."""
    centre, half, gap = slot.centre, slot.half, world.gap
    ok = ((centre - half >= world.low) & (centre + half <= world.high)).all(1)
    ok &= ~hits(centre, half, gap, world.segments).any(1)
    for x, y, r in world.circles:
        away = np.abs(centre - (x, y))
        near, far = np.hypot(*np.maximum(away - half, 0.0).T), np.hypot(*(away + half).T)
        ok &= (near - gap > r) | (far + gap < r)
    if len(world.dots):
        ok &= (box_distance(centre, half, world.dots[:, :2]) > world.dots[:, 2] + gap).all(1)
    if slot.kind == "length":
        away = to_segments(centre, world.segments[: world.cut])
        own = away[:, slot.anchor].copy()
        away[:, slot.anchor] = np.inf
        ok &= own + _NEARER_PX <= away.min(1)
    else:
        away = box_distance(centre, half, world.points)
        own = away[:, slot.anchor].copy()
        away[:, slot.anchor] = np.inf
        ok &= own + (_NEARER_PX if slot.kind == "point" else 0.0) <= away.min(1)
    if slot.wedge is not None:
        ok &= _arcs_clear(slot, world)
    order = np.flatnonzero(ok)
    order = order[np.argsort(slot.cost[order], kind="stable")[:_KEEP]]
    slot.centre, slot.cost, slot.radius = centre[order], slot.cost[order], slot.radius[order] if slot.wedge else slot.radius
    return len(order) > 0


def _arcs_clear(slot: Slot, world: Obstacles) -> np.ndarray:
    assert slot.wedge is not None
    v = slot.wedge.vertex
    other = world.segments[to_segments(np.array([v]), world.segments)[0] > 1.0]
    rim = np.array(slot.wedge.arc_points(1.0)) - v
    points = (v + slot.radius[:, None, None] * rim).reshape(-1, 2)
    ok = np.ones(len(points), dtype=bool)
    if len(other):
        ok &= to_segments(points, other).min(1) > 5.0
    for x, y, r in world.circles:
        if abs(math.hypot(v[0] - x, v[1] - y) - r) > 1.0:
            ok &= np.abs(np.hypot(points[:, 0] - x, points[:, 1] - y) - r) > 5.0
    return ok.reshape(-1, len(rim)).all(1)


def _compatible(one: Slot, two: Slot, world: Obstacles) -> np.ndarray:
    """Whether the candidates of two texts go together: bool ``[K1, K2]``."""
    away = np.abs(one.centre[:, None] - two.centre) - (one.half + two.half)
    ok = away.max(-1) > world.gap + 1.5
    if one.kind == two.kind == "point":
        p, q = world.points[one.anchor][None], world.points[two.anchor][None]
        own_p, own_q = box_distance(one.centre, one.half, p), box_distance(two.centre, two.half, q)
        ok &= own_p < box_distance(two.centre, two.half, p).T
        ok &= own_q.T < box_distance(one.centre, one.half, q)
    for a, b, turn in ((one, two, False), (two, one, True)):
        if a.wedge is not None:
            met = _arc_hits(a, b, world.gap)
            ok &= ~(met.T if turn else met)
    if one.wedge is not None and two.wedge is not None and one.wedge.vertex != two.wedge.vertex:
        rims = [np.array(s.wedge.arc_points(1.0)) - s.wedge.vertex for s in (one, two)]
        p = one.wedge.vertex + one.radius[:, None, None] * rims[0]
        q = two.wedge.vertex + two.radius[:, None, None] * rims[1]
        ok &= np.hypot(*np.moveaxis(p[:, None, :, None] - q[None, :, None], -1, 0)).min((2, 3)) > 6.0
    return ok


def _arc_hits(arcs: Slot, boxes: Slot, gap: float) -> np.ndarray:
    assert arcs.wedge is not None
    rim = np.array(arcs.wedge.arc_points(1.0)) - arcs.wedge.vertex
    points = arcs.wedge.vertex + arcs.radius[:, None, None] * rim
    lines = np.concatenate([points[:, :-1], points[:, 1:]], -1)
    met = hits(boxes.centre, boxes.half, gap, lines.reshape(-1, 4))
    return met.reshape(len(boxes.centre), len(arcs.radius), -1).any(-1).T


def choose(slots: list[Slot], world: Obstacles) -> list[int] | None:
    """Pick one candidate per text so that all go together, most constrained text first; None when the search fails."""
    count = len(slots)
    fits = {(i, j): _compatible(slots[i], slots[j], world) for i in range(count) for j in range(i + 1, count)}
    fits |= {(j, i): table.T for (i, j), table in fits.items()}
    nodes = 0

    def search(alive: dict[int, np.ndarray], picked: dict[int, int]) -> dict[int, int] | None:
        nonlocal nodes
        nodes += 1
        if not alive:
            return picked
        if nodes > _MAX_NODES:
            return None
        i = min(alive, key=lambda k: (int(alive[k].sum()), k))
        for k in np.flatnonzero(alive[i]):
            rest = {j: left & fits[i, j][k] for j, left in alive.items() if j != i}
            if all(left.any() for left in rest.values()) and (found := search(rest, {**picked, i: int(k)})):
                return found
        return None

    picked = search({i: np.ones(len(s.centre), dtype=bool) for i, s in enumerate(slots)}, {})
    return None if picked is None else [picked[i] for i in range(count)]
