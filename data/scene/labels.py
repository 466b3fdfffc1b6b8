"""Label placement: candidates for every text, hard rules as array tests, a small search for a set that fits.

Legend: ``K`` candidates, ``S`` straight obstacles, ``P`` named points. A candidate is an ink box (centre and
half size) and, for an angle number, the radius of the arc that goes with it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np

from data.scene.marks import APART_PX, ARC_POINTS, Wedge, to_segments

_KEEP = 24  # best candidates of a text that enter the search; a bit set of them fits 63 bits
_FAR_PX = 36.0  # texts farther apart than any gap need no test
_MAX_TRIES = 1000
_NEARER_PX = 4.0  # by how much a label is nearer to its owner than to anything else
_ARC_PX = (18.0, 84.0)  # radius of the arc before an angle number
_TURNS = np.arange(0.0, 360.0, 15.0)


@dataclass
class Slot:
    """A text that waits for its place, and the ``K`` places it may take.

    ``half`` is half the size of its ink ``[2]``, ``centre`` is ``[K, 2]``, ``cost`` ``[K]``; ``anchor`` is
    the row of its own point (letters) or piece (lengths) in :class:`Obstacles`. An angle number has its
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

    def arcs(self) -> np.ndarray:
        """Points along the arc of every candidate of an angle number, ``[K, ARC_POINTS, 2]``."""
        assert self.wedge is not None
        rim = np.array(self.wedge.arc_points(1.0)) - self.wedge.vertex
        return np.array(self.wedge.vertex) + self.radius[:, None, None] * rim

    def hull(self) -> tuple[np.ndarray, np.ndarray]:
        """Least and greatest x and y of all candidates."""
        low, high = self.centre.min(0) - self.half, self.centre.max(0) + self.half
        if self.wedge is None:
            return low, high
        rims = self.arcs()
        return np.minimum(low, rims.min((0, 1))), np.maximum(high, rims.max((0, 1)))


@dataclass
class Obstacles:
    """What texts must stay clear of.

    ``segments`` are ``[S, 4]``, the first ``cut`` of them pieces of drawn lines; ``circles`` and ``dots`` are
    rows of x, y, radius; ``points`` are all named points ``[P, 2]``. ``gap`` is the least distance of ink
    from the middle of a stroke, ``low`` and ``high`` bound the ink within the canvas, all in px.
    """

    segments: np.ndarray
    cut: int
    circles: np.ndarray
    dots: np.ndarray
    points: np.ndarray
    gap: float
    low: float
    high: float


def hits(centre: np.ndarray, half: np.ndarray, grow: float, segments: np.ndarray) -> np.ndarray:
    """Whether boxes come within ``grow`` px of segments: bool ``[K, S]``, by separating axes.

    Exact but for segments that end off a corner of the box, which count as met a little early.
    """
    e = (segments[:, 2:] - segments[:, :2]) / 2
    m = (segments[:, 2:] + segments[:, :2]) / 2 - centre[:, None]
    ex, ey = np.abs(e[:, 0]), np.abs(e[:, 1])
    beside = half[0] * ey + half[1] * ex + grow * np.hypot(ex, ey)
    across = np.abs(e[:, 0] * m[..., 1] - e[:, 1] * m[..., 0]) <= beside
    return (np.abs(m[..., 0]) <= half[0] + grow + ex) & (np.abs(m[..., 1]) <= half[1] + grow + ey) & across


def box_distance(centre: np.ndarray, half: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Distances ``[K, P]`` of points from boxes, 0 inside."""
    away = np.maximum(np.abs(points - centre[:, None]) - half, 0.0)
    return np.hypot(away[..., 0], away[..., 1])


def point_slot(
    name: str, half: np.ndarray, at: np.ndarray, rays: list[float], start: float, anchor: int
) -> Slot:
    """Candidates of a letter around its point: bisectors of the free angles and every 15°, at five distances.

    ``rays`` are the directions (degrees) in which something drawn leaves the point, ``start`` the least gap.
    """
    rays = sorted(ray % 360.0 for ray in rays) or [90.0]
    gaps = [(b - a, a) for a, b in zip(rays, [*rays[1:], rays[0] + 360.0], strict=True)]
    turns = np.concatenate([[a + width / 2 for width, a in gaps], _TURNS])
    free = np.abs((turns[:, None] - np.array(rays) + 180.0) % 360.0 - 180.0).min(1)
    extra = np.array([0.0, 4.0, 8.0, 13.0, 19.0])
    u = np.stack([np.cos(np.radians(turns)), np.sin(np.radians(turns))], 1)
    reach = (half / np.maximum(np.abs(u), 1e-9)).min(1)
    centre = at + u[:, None] * (reach[:, None, None] + start + extra[:, None])
    cost = extra - 0.25 * np.minimum(free, 110.0)[:, None]
    return Slot("point", name, name, half, centre.reshape(-1, 2), cost.reshape(-1), anchor)


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
    shift = np.array([0.0, 0.07, -0.07, 0.14, -0.14, 0.21, -0.21])
    rows = [(s, side, extra) for extra in (0.0, 4.0, 9.0) for side in (1.0, -1.0) for s in shift]
    s, side, extra = np.array(rows).T
    centre = ends.mean(0) + np.outer(s * length, d) + np.outer(side * (reach + extra), normal)
    return Slot("length", owner, text, half, centre, 60 * np.abs(s) + 1.5 * extra + 2 * (side < 0), anchor)


def angle_slot(owner: str, text: str, half: np.ndarray, wedge: Wedge, gap: float) -> Slot:
    """Candidates of an angle number inside ``wedge``, each with the radius of the arc just before it."""
    middle, opening = (wedge.start + wedge.stop) / 2, wedge.stop - wedge.start
    shifts = (0.0, 0.1, -0.1, 0.2, -0.2)
    rows = [(t, s) for t in np.arange(26.0, 150.0, 4.0) for s in shifts]
    t, s = np.array(rows).reshape(-1, 2).T
    turn = np.radians(middle + s * opening)
    v = np.array(wedge.vertex)
    centre = v + t[:, None] * np.stack([np.cos(turn), np.sin(turn)], 1)
    near = box_distance(centre, half, v[None])[:, 0]
    radius = near - gap - 1.0
    keep = (radius >= _ARC_PX[0]) & (radius <= min(_ARC_PX[1], 0.8 * wedge.reach))
    cost = t + 30 * np.abs(s)
    return Slot("angle", owner, text, half, centre[keep], cost[keep], wedge=wedge, radius=radius[keep])


def filter_slot(slot: Slot, world: Obstacles) -> bool:
    """Keep the cheapest candidates of ``slot`` that break no rule, in order; False when none is left."""
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
        ok &= _nearest(to_segments(centre, world.segments[: world.cut]), slot.anchor)
    elif slot.kind == "point":
        ok &= _nearest(box_distance(centre, half, world.points), slot.anchor)
    else:
        ok &= _arcs_clear(slot, world)
    order = np.flatnonzero(ok)
    order = order[np.argsort(slot.cost[order], kind="stable")[:_KEEP]]
    slot.centre, slot.cost = centre[order], slot.cost[order]
    if slot.wedge is not None:
        slot.radius = slot.radius[order]
    return len(order) > 0


def _nearest(away: np.ndarray, own: int) -> np.ndarray:
    """Whether column ``own`` of the distances ``[K, .]`` is the least by a margin."""
    return away[:, own] + _NEARER_PX <= np.delete(away, own, axis=1).min(1, initial=np.inf)


def _arcs_clear(slot: Slot, world: Obstacles) -> np.ndarray:
    """Whether the arcs of an angle number keep away from all that does not pass through its vertex."""
    assert slot.wedge is not None
    v = slot.wedge.vertex
    other = world.segments[to_segments(np.array([v]), world.segments)[0] > 1.0]
    points = slot.arcs().reshape(-1, 2)
    ok = to_segments(points, other).min(1, initial=np.inf) > APART_PX
    for x, y, r in world.circles:
        if abs(math.hypot(v[0] - x, v[1] - y) - r) > 1.0:
            ok &= np.abs(np.hypot(points[:, 0] - x, points[:, 1] - y) - r) > APART_PX
    return ok.reshape(-1, ARC_POINTS).all(1)


def _compatible(one: Slot, two: Slot, world: Obstacles) -> np.ndarray:
    """Whether the candidates of two texts go together: bool ``[K1, K2]``."""
    away = np.abs(one.centre[:, None] - two.centre) - (one.half + two.half)
    ok = away.max(-1) > world.gap + 1.5
    if one.kind == two.kind == "point":
        p, q = world.points[one.anchor][None], world.points[two.anchor][None]
        own_p, own_q = box_distance(one.centre, one.half, p), box_distance(two.centre, two.half, q)
        ok &= own_p < box_distance(two.centre, two.half, p).T
        ok &= box_distance(one.centre, one.half, q) > own_q.T
    for a, b, turn in ((one, two, False), (two, one, True)):
        if a.wedge is not None:
            # an angle number must not seem to belong to another arc either
            met = _arc_hits(a, b, world.gap if b.wedge is None else 2 * world.gap)
            ok &= ~(met.T if turn else met)
    if one.wedge is not None and two.wedge is not None and one.wedge.vertex != two.wedge.vertex:
        apart = one.arcs()[:, None, :, None] - two.arcs()[None, :, None]
        ok &= np.hypot(apart[..., 0], apart[..., 1]).min((2, 3)) > APART_PX
    return ok


def _arc_hits(arcs: Slot, boxes: Slot, gap: float) -> np.ndarray:
    """Whether boxes of one text lie in or within ``gap`` of the arc sectors of another: bool ``[K1, K2]``."""
    assert arcs.wedge is not None
    away = boxes.centre - arcs.wedge.vertex
    turn = np.degrees(np.arctan2(away[:, 1], away[:, 0])) - arcs.wedge.start
    within = (turn % 360.0 < arcs.wedge.stop - arcs.wedge.start) & (np.hypot(*away.T) < arcs.radius[:, None])
    points = arcs.arcs()
    lines = np.concatenate([points[:, :-1], points[:, 1:]], -1)
    met = hits(boxes.centre, boxes.half, gap, lines.reshape(-1, 4))
    return within | met.reshape(len(boxes.centre), -1, ARC_POINTS - 1).any(-1).T


def choose(slots: list[Slot], world: Obstacles) -> list[int] | None:
    """Pick one candidate per text so that all go together, most constrained first; None when that fails."""
    if not slots:
        return []
    fits: dict[tuple[int, int], list[int]] = {}  # [i, j][k]: bit set of j's candidates that go with i's k-th
    low, high = (np.array(side) for side in zip(*(slot.hull() for slot in slots), strict=True))
    far = (np.maximum(low[:, None] - high, low - high[:, None]) > _FAR_PX).any(-1)
    for i, one in enumerate(slots):
        for j, two in enumerate(slots[:i]):
            if far[i, j]:
                fits[i, j] = [(1 << len(two.cost)) - 1] * len(one.cost)
                fits[j, i] = [(1 << len(one.cost)) - 1] * len(two.cost)
                continue
            table = _compatible(one, two, world).astype(np.int64)
            fits[i, j] = (table @ (1 << np.arange(len(two.cost)))).tolist()
            fits[j, i] = (table.T @ (1 << np.arange(len(one.cost)))).tolist()
    tries = 0

    def search(left: dict[int, int], picked: dict[int, int]) -> dict[int, int] | None:
        nonlocal tries
        if not left:
            return picked
        i = min(left, key=lambda k: (left[k].bit_count(), k))
        for k in range(len(slots[i].cost)):
            if left[i] >> k & 1 and tries < _MAX_TRIES:
                tries += 1
                rest = {j: bits & fits[i, j][k] for j, bits in left.items() if j != i}
                if all(rest.values()) and (found := search(rest, {**picked, i: k})):
                    return found
        return None

    picked = search({i: (1 << len(slot.cost)) - 1 for i, slot in enumerate(slots)}, {})
    return None if picked is None else [picked[i] for i in range(len(slots))]
