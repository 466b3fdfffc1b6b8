"""Label placement: candidates for every text, hard rules as array tests, a small search for a set that fits.

Legend: ``N`` texts, ``K`` candidates of each, ``S`` straight obstacles, ``P`` named points. A candidate is an
ink box (centre and half size) and, for an angle number, the radius of the arc that goes with it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from data.scene.candidates import Slot
from data.scene.lines import to_segments
from data.scene.marks import APART_PX, ARC_POINTS

_STAGES = ((32, 1), (32, 24), (160, 24))
"""How many of its cheapest candidates every text tries, and how many of those that break no rule enter the
search; each stage is entered where the one before it failed. A bit set of 24 fits 63 bits."""
_FAR_PX = 36.0  # texts farther apart than any gap need no test
LETTERS = ("point", "coordinates")
_MAX_TRIES = 1000
_NEARER_PX = 4.0  # by how much a label is nearer to its owner than to anything else


@dataclass
class Obstacles:
    """What texts must stay clear of.

    ``segments`` are ``[S, 4]``, the first ``cut`` of them pieces of drawn lines; those of one number in
    ``groups [S]`` belong together. ``circles`` and ``dots`` are rows of x, y, radius; ``points`` are all
    named points ``[P, 2]``. ``gap`` is the least distance of ink from the middle of a stroke, ``low`` and
    ``high`` bound the ink within the canvas, all in px.
    """

    segments: np.ndarray
    groups: np.ndarray
    cut: int
    circles: np.ndarray
    dots: np.ndarray
    points: np.ndarray
    gap: float
    low: float
    high: float


@dataclass
class Places:
    """The candidates of all texts, cheapest first.

    ``centre`` is ``[N, K, 2]``, ``half [N, 2]`` half the size of the ink, ``ok [N, K]`` which of them exist
    and break no rule, ``radius [N, K]`` that of the arc of an angle number, ``source [N, K]`` their rows in
    the slots.
    """

    centre: np.ndarray
    half: np.ndarray
    ok: np.ndarray
    radius: np.ndarray
    source: np.ndarray

    def take(self, order: np.ndarray) -> Places:
        """Return the candidates ``order [N, K']`` of every text."""
        rows = np.arange(len(order))[:, None]
        return replace(
            self,
            centre=self.centre[rows, order],
            ok=self.ok[rows, order],
            radius=self.radius[rows, order],
            source=self.source[rows, order],
        )

    def hull(self) -> tuple[np.ndarray, np.ndarray]:
        """Least and greatest x and y ``[N, 2]`` of the candidates that are ok."""
        low = np.where(self.ok[..., None], self.centre, np.inf).min(1) - self.half
        return low, np.where(self.ok[..., None], self.centre, -np.inf).max(1) + self.half


def place(slots: list[Slot], world: Obstacles) -> list[int] | None:
    """Pick one candidate per text, by its row, such that no rule is broken; None where that is not found."""
    if not slots:
        return []
    everything = gather(slots)
    judged = 0
    for width, keep in _STAGES:
        if width != judged:
            some = everything.take(np.tile(np.arange(min(width, everything.ok.shape[1])), (len(slots), 1)))
            some.ok &= allowed(some, slots, world)
            judged = width
        kept = some.take(np.argsort(~some.ok, axis=1, kind="stable")[:, :keep])
        if kept.ok.any(1).all() and (picked := choose(kept, slots, world)) is not None:
            return [int(kept.source[i, k]) for i, k in enumerate(picked)]
    return None


def gather(slots: list[Slot]) -> Places:
    """Put the candidates of all slots into one array, cheapest first; what is missing is not ok."""
    count = max(len(slot.cost) for slot in slots)
    shape = len(slots), count
    centre, radius, source = np.full((*shape, 2), 1e6), np.zeros(shape), np.zeros(shape, int)
    ok = np.zeros(shape, bool)
    for i, slot in enumerate(slots):
        order = np.argsort(slot.cost, kind="stable")
        centre[i, : len(order)] = slot.centre[order]
        source[i, : len(order)] = order
        ok[i, : len(order)] = True
        if slot.wedge is not None:
            radius[i, : len(order)] = slot.radius[order]
    return Places(centre, np.array([slot.half for slot in slots]), ok, radius, source)


def allowed(places: Places, slots: list[Slot], world: Obstacles) -> np.ndarray:
    """Whether each candidate by itself breaks no rule: bool ``[N, K]``."""
    centre, half, gap = places.centre, places.half[:, None], world.gap
    ok = ((centre - half >= world.low) & (centre + half <= world.high)).all(-1)
    ok &= ~_meets(places, world)
    for x, y, r in world.circles:
        away = np.abs(centre - (x, y))
        rest, reach = np.maximum(away - half, 0.0), away + half
        near, far = np.hypot(rest[..., 0], rest[..., 1]), np.hypot(reach[..., 0], reach[..., 1])
        ok &= (near - gap > r) | (far + gap < r)
    if len(world.dots):
        ok &= (box_distance(centre, half, world.dots[:, :2]) > world.dots[:, 2] + gap).all(-1)
    for kinds, measure in ((LETTERS, _to_points), (("length",), _to_pieces)):
        own = [i for i, slot in enumerate(slots) if slot.kind in kinds]
        if own:
            away = measure(centre[own], half[own], world)
            anchors = np.array([slots[i].anchor for i in own])
            ok[own] &= _nearest(away, anchors)
    for i, slot in enumerate(slots):
        if slot.wedge is not None:
            ok[i] &= _arcs_clear(slot, places.radius[i], world)
    return ok


def _meets(places: Places, world: Obstacles) -> np.ndarray:
    """Whether candidates come within the gap of a segment; only what lies near a text's hull is tested."""
    found = np.zeros(places.ok.shape, bool)
    a, b = world.segments[:, :2], world.segments[:, 2:]
    low, high = places.hull()
    apart = np.maximum(low[:, None] - np.maximum(a, b), np.minimum(a, b) - high[:, None]).max(-1)
    text, line = np.nonzero(apart <= world.gap)
    met = hits(places.centre[text], places.half[text], world.gap, world.segments[line])
    starts = np.flatnonzero(np.diff(text, prepend=-1))  # rows of one text follow each other
    if len(starts):
        found[text[starts]] = np.logical_or.reduceat(met, starts)
    return found


def hits(centre: np.ndarray, half: np.ndarray, grow: float, segments: np.ndarray) -> np.ndarray:
    """Whether boxes come within ``grow`` px of a segment: bool ``[Q, K]``, by separating axes.

    ``centre`` is ``[Q, K, 2]``, ``half`` ``[Q, 2]``, ``segments`` ``[Q, 4]``. Exact but for segments that end
    off a corner of the box, which count as met a little early.
    """
    e = (segments[:, 2:] - segments[:, :2]) / 2
    m = (segments[:, 2:] + segments[:, :2]) / 2
    x, y = centre[..., 0] - m[:, :1], centre[..., 1] - m[:, 1:]
    ex, ey, hx, hy = np.abs(e[:, :1]), np.abs(e[:, 1:]), half[:, :1], half[:, 1:]
    beside = hx * ey + hy * ex + grow * np.hypot(ex, ey)
    across = np.abs(e[:, :1] * y - e[:, 1:] * x) <= beside
    return across & (np.abs(x) <= hx + grow + ex) & (np.abs(y) <= hy + grow + ey)


def box_distance(centre: np.ndarray, half: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Distances ``[..., P]`` of points ``[P, 2]`` from boxes, given ``centre`` and ``half`` ``[..., 2]``."""
    x = np.maximum(np.abs(points[:, 0] - centre[..., :1]) - half[..., :1], 0.0)
    y = np.maximum(np.abs(points[:, 1] - centre[..., 1:]) - half[..., 1:], 0.0)
    return np.hypot(x, y)


def _to_points(centre: np.ndarray, half: np.ndarray, world: Obstacles) -> np.ndarray:
    return box_distance(centre, half, world.points)


def _to_pieces(centre: np.ndarray, half: np.ndarray, world: Obstacles) -> np.ndarray:
    away = to_segments(centre.reshape(-1, 2), world.segments[: world.cut])
    return away.reshape(*centre.shape[:2], -1)


def _nearest(away: np.ndarray, own: np.ndarray) -> np.ndarray:
    """Whether column ``own [N]`` of the distances ``[N, K, .]`` is the least by a margin."""
    rows = np.arange(len(own))
    mine = away[rows, :, own].copy()
    away[rows, :, own] = np.inf
    return mine + _NEARER_PX <= away.min(-1, initial=np.inf)


def _arcs_clear(slot: Slot, radius: np.ndarray, world: Obstacles) -> np.ndarray:
    """Whether the arcs of an angle number keep away from all that does not pass through its vertex."""
    assert slot.wedge is not None
    v = slot.wedge.vertex
    near = to_segments(np.array([v]), world.segments)[0] <= 1.0
    other = world.segments[~np.isin(world.groups, world.groups[near])]
    points = slot.rims(radius).reshape(-1, 2)
    ok = to_segments(points, other).min(1, initial=np.inf) > APART_PX
    for x, y, r in world.circles:
        if abs(math.hypot(v[0] - x, v[1] - y) - r) > 1.0:
            ok &= np.abs(np.hypot(points[:, 0] - x, points[:, 1] - y) - r) > APART_PX
    return ok.reshape(-1, ARC_POINTS).all(1)


def choose(places: Places, slots: list[Slot], world: Obstacles) -> list[int] | None:
    """Pick one candidate per text so that all go together, most constrained first; None when that fails."""
    fits = _tables(places, slots, world)
    bits = 1 << np.arange(places.ok.shape[1])
    tries = 0

    def search(left: dict[int, int], picked: dict[int, int]) -> dict[int, int] | None:
        nonlocal tries
        if not left:
            return picked
        i = min(left, key=lambda k: (left[k].bit_count(), k))
        for k in range(places.ok.shape[1]):
            if left[i] >> k & 1 and tries < _MAX_TRIES:
                tries += 1
                rest = {
                    j: have & fits[i, j][k] if (i, j) in fits else have for j, have in left.items() if j != i
                }
                if all(rest.values()) and (found := search(rest, {**picked, i: k})):
                    return found
        return None

    picked = search(dict(enumerate((places.ok @ bits).tolist())), {})
    return None if picked is None else [picked[i] for i in range(len(slots))]


def _tables(places: Places, slots: list[Slot], world: Obstacles) -> dict[tuple[int, int], list[int]]:
    """Return for texts i, j near each other, by candidate of i, the bit set of j's that go with it."""
    low, high = places.hull()
    for i, slot in enumerate(slots):
        if slot.wedge is not None:
            rims = slot.rims(places.radius[i][places.ok[i]])
            low[i], high[i] = np.minimum(low[i], rims.min((0, 1))), np.maximum(high[i], rims.max((0, 1)))
    apart = np.maximum(low[:, None] - high, low - high[:, None]).max(-1)
    first, second = np.nonzero(np.triu(apart <= _FAR_PX, 1))
    table = _compatible(places, slots, world, first, second)
    bits = 1 << np.arange(places.ok.shape[1])
    pairs = list(zip(first.tolist(), second.tolist(), strict=True))
    forth = dict(zip(pairs, (table @ bits).tolist(), strict=True))
    back = dict(zip([(j, i) for i, j in pairs], (table.swapaxes(1, 2) @ bits).tolist(), strict=True))
    return forth | back


def _compatible(
    places: Places, slots: list[Slot], world: Obstacles, first: np.ndarray, second: np.ndarray
) -> np.ndarray:
    """Whether candidates of the texts ``first`` and ``second`` ``[Q]`` go together: bool ``[Q, K, K]``."""
    away = np.abs(places.centre[first][:, :, None] - places.centre[second][:, None])
    away -= (places.half[first] + places.half[second])[:, None, None]
    ok = away.max(-1) > world.gap + 1.5
    letter = np.array([slot.kind in LETTERS for slot in slots])
    q = np.flatnonzero(letter[first] & letter[second])
    if len(q):
        anchor = np.array([slot.anchor for slot in slots])
        reach = box_distance(places.centre, places.half[:, None], world.points)  # [N, K, P]
        i, j = first[q], second[q]
        a, b = anchor[i], anchor[j]
        ok[q] &= reach[i, :, a][:, :, None] < reach[j, :, a][:, None]
        ok[q] &= reach[i, :, b][:, :, None] > reach[j, :, b][:, None]
    for row, (one, two) in enumerate(zip(first.tolist(), second.tolist(), strict=True)):
        if slots[one].wedge is not None or slots[two].wedge is not None:
            ok[row] &= _arcs_compatible(places, slots, world, one, two)
    return ok


def _arcs_compatible(places: Places, slots: list[Slot], world: Obstacles, i: int, j: int) -> np.ndarray:
    """Whether the arcs of angle numbers keep clear of another text and its arc: bool ``[K, K]``."""
    one, two = slots[i].wedge, slots[j].wedge
    # an angle number must not seem to belong to another arc either
    gap = world.gap if one is None or two is None else 2 * world.gap
    ok = np.ones((places.ok.shape[1],) * 2, bool)
    if one is not None:
        ok &= ~_arc_hits(slots[i], places.radius[i], places.centre[j], places.half[j], gap)
    if two is not None:
        ok &= ~_arc_hits(slots[j], places.radius[j], places.centre[i], places.half[i], gap).T
    if one is not None and two is not None and one.vertex != two.vertex:
        rims, others = slots[i].rims(places.radius[i]), slots[j].rims(places.radius[j])
        apart = rims[:, None, :, None] - others[None, :, None]
        ok &= np.hypot(apart[..., 0], apart[..., 1]).min((2, 3)) > APART_PX
    return ok


def _arc_hits(slot: Slot, radius: np.ndarray, centre: np.ndarray, half: np.ndarray, gap: float) -> np.ndarray:
    """Whether boxes ``[K2]`` lie in or within ``gap`` of the sectors of arcs ``[K1]``: bool ``[K1, K2]``."""
    assert slot.wedge is not None
    away = centre - slot.wedge.vertex
    turn = np.degrees(np.arctan2(away[:, 1], away[:, 0])) - slot.wedge.start
    within = (turn % 360.0 < slot.wedge.stop - slot.wedge.start) & (np.hypot(*away.T) < radius[:, None])
    points = slot.rims(radius)
    lines = np.concatenate([points[:, :-1], points[:, 1:]], -1).reshape(-1, 4)
    met = hits(
        np.broadcast_to(centre, (len(lines), *centre.shape)), np.tile(half, (len(lines), 1)), gap, lines
    )
    return within | met.reshape(len(radius), ARC_POINTS - 1, -1).any(1)
