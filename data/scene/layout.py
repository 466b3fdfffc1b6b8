"""From a scene to a display list: marks and labels get places where nothing overlaps, or it is rejected."""

from __future__ import annotations

import math

import numpy as np

from data.scene.display import Arc, Display, Dot, Stroke, Style, Text
from data.scene.geometry import distance
from data.scene.glyphs import ink_size
from data.scene.labels import Obstacles, Slot, angle_slot, choose, filter_slot, length_slot, point_slot
from data.scene.marks import Marks, Piece, flat, is_split, pieces, wedge
from data.scene.types import CANVAS, Scene

_EDGE_PX = 4.0  # texts stay this far from the edge of the canvas
_DOT_PX = 4.5
_MARK_ORDER = ("right", "tick", "arc")
_THICKENED_PX = 4.5  # what a line measures in nominal px after its minimum width in a picture of 96 px


def layout(scene: Scene, style: Style) -> Display | None:
    """Place all marks and labels of ``scene``, or return None when they do not fit without touching.

    Every labelled point (upper case) gets its letter, nearer to it than to any other point; a ``length`` mark
    its number beside the middle of its segment, an ``angle`` mark an arc and just beyond it its number.
    Lengths and ticks need a segment that no labelled point cuts, angle numbers an angle that no drawn line
    halves: else the reader could not tell what is meant, and the scene is rejected too.
    """
    parts = pieces(scene)
    marks = Marks(scene, parts)
    for kind in _MARK_ORDER:
        if not all(marks.add(mark) for mark in scene.marks if mark.kind == kind):
            return None
    dots = _dots(scene, parts)
    world = _obstacles(scene, style, marks, dots)
    slots = _slots(scene, style, parts, world)
    if slots is None or not all(filter_slot(slot, world) for slot in slots):
        return None
    picked = choose(slots, world)
    if picked is None:
        return None
    placed = list(zip(slots, picked, strict=True))
    lines = [Stroke("segment", s, (scene.points[s[0]], scene.points[s[1]])) for s in scene.segments]
    circles = [Arc("circle", name, scene.points[name], radius) for name, radius in scene.circles]
    numbered = [slot.wedge.arc(slot.owner, float(slot.radius[k])) for slot, k in placed if slot.wedge]
    return Display(
        style=style,
        strokes=(*lines, *marks.strokes),
        arcs=(*circles, *marks.arcs, *numbered),
        dots=tuple(dots),
        texts=tuple(_text(slot, k) for slot, k in placed),
    )


def _obstacles(scene: Scene, style: Style, marks: Marks, dots: list[Dot]) -> Obstacles:
    stroke = max(style.line_px, _THICKENED_PX) / 2
    lines = [(*scene.points[a], *scene.points[b]) for a, b in marks.parts]
    return Obstacles(
        segments=np.array(lines + flat(marks.strokes) + marks.arc_chords()).reshape(-1, 4),
        cut=len(lines),
        circles=np.array([(*scene.points[name], radius) for name, radius in scene.circles]).reshape(-1, 3),
        dots=np.array([(*dot.centre, dot.radius - stroke) for dot in dots]).reshape(-1, 3),
        points=np.array(list(scene.points.values())).reshape(-1, 2),
        gap=style.gap_px + stroke,
        low=_EDGE_PX,
        high=CANVAS - _EDGE_PX,
    )


def _dots(scene: Scene, parts: list[Piece]) -> list[Dot]:
    """Dots at circle centres and at labelled points that neither an end nor a crossing of lines shows."""
    ends = {name for segment in scene.segments for name in segment}
    centres = {name for name, _ in scene.circles}
    dots = []
    for name, at in scene.points.items():
        rays = [math.radians(ray) for ray in _rays(scene, name, parts)]
        shown = name in ends or any(abs(math.sin(ray - rays[0])) > 0.1 for ray in rays)
        if name.isupper() and (name in centres or not shown):
            dots.append(Dot(name, at, _DOT_PX))
    return dots


def _slots(scene: Scene, style: Style, parts: list[Piece], world: Obstacles) -> list[Slot] | None:
    """Candidates for every text in the order letters, marks; None when a mark has no unambiguous owner."""

    def half(text: str) -> np.ndarray:
        return np.array(ink_size(text, style.font_px)) / 2

    start = world.gap + 0.5
    slots = [
        point_slot(name, half(name), world.points[i], _rays(scene, name, parts), start, i)
        for i, name in enumerate(scene.points)
        if name.isupper()
    ]
    middle = (world.points.min(0) + world.points.max(0)) / 2
    for mark in scene.marks:
        if mark.kind == "length":
            own = [i for i, part in enumerate(parts) if set(part) == set(mark.at)]
            if not own:
                return None
            ends = world.segments[own[0]].reshape(2, 2)
            slots.append(length_slot(mark.at, mark.text, half(mark.text), ends, start, middle, own[0]))
        elif mark.kind == "angle":
            if is_split(scene, mark.at, parts):
                return None
            text = mark.text if mark.text.endswith("°") else f"{mark.text}°"
            slots.append(angle_slot(mark.at, text, half(text), wedge(scene, mark.at, parts), world.gap))
    return slots


def _rays(scene: Scene, name: str, parts: list[Piece]) -> list[float]:
    """Directions in degrees in which lines and circles leave a point."""
    x, y = scene.points[name]
    ends = [scene.points[b if a == name else a] for a, b in parts if name in (a, b)]
    rays = [math.degrees(math.atan2(q[1] - y, q[0] - x)) for q in ends]
    for centre, radius in scene.circles:
        c = scene.points[centre]
        if abs(distance(c, (x, y)) - radius) < 1.0:
            tangent = math.degrees(math.atan2(y - c[1], x - c[0])) + 90.0
            rays += [tangent, tangent + 180.0]
    return rays


def _text(slot: Slot, k: int) -> Text:
    (x, y), (hx, hy) = slot.centre[k].tolist(), slot.half.tolist()
    return Text(slot.kind, slot.owner, slot.text, (x - hx, y - hy, x + hx, y + hy))
