"""From a scene to a display list: marks and labels get places where nothing overlaps, or it is rejected."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from data.scene.candidates import Slot, angle_slot, axis_slot, length_slot, point_slot
from data.scene.display import COORDINATES_SCALE, Arc, Display, Dot, Stroke, Style, Text
from data.scene.glyphs import ink_size
from data.scene.labels import Obstacles, place
from data.scene.lines import (
    Line,
    Piece,
    axis_strokes,
    chords,
    curve_lines,
    flat,
    pieces,
    rays,
    sector_arc,
    straight_rays,
)
from data.scene.marks import Marks, is_split, wedge
from data.scene.types import CANVAS, Axes, Curve, Point, Scene

_EDGE_PX = 4.0  # texts stay this far from the edge of the canvas
_DOT_PX = 4.5
_MARK_ORDER = ("right", "tick", "arrow", "arc")
_THICKENED_PX = 4.5  # what a line measures in nominal px after its minimum width in a picture of 96 px


def layout(scene: Scene, style: Style) -> Display | None:
    """Place all marks and labels of ``scene``, or return None when they do not fit without touching.

    Every labelled point (upper case) gets its letter, with its coordinates where they are marked, nearer to
    it than to any other point; a ``length`` mark its number beside the middle of its segment, an ``angle``
    mark an arc and just beyond it its number; each axis its name at its upper end. Lengths and ticks need a
    segment that no labelled point cuts, angle numbers an angle that no drawn line halves: else the reader
    could not tell what is meant, and the scene is rejected too.
    """
    scene = shrunk(scene, style.scale)
    parts = pieces(scene)
    axes = axis_strokes(scene.axes) if scene.axes else []
    marks = Marks(scene, parts, *_lines(scene, parts, axes))
    for kind in _MARK_ORDER:
        if not all(marks.add(mark) for mark in scene.marks if mark.kind == kind):
            return None
    leaving = {name: rays(scene, name, parts) for name in scene.points if name.isupper()}
    dots = _dots(scene, leaving)
    world = _obstacles(scene, style, marks, dots)
    slots = _slots(scene, style, parts, leaving, world)
    if slots is None or (picked := place(slots, world)) is None:
        return None
    placed = list(zip(slots, picked, strict=True))
    circles = [Arc("circle", name, scene.points[name], radius) for name, radius in scene.circles]
    sectors = [sector_arc(scene, at) for at in scene.arcs]
    numbered = [slot.wedge.arc(slot.owner, float(slot.radius[k])) for slot, k in placed if slot.wedge]
    return Display(
        style=style,
        strokes=(*_strokes(scene), *axes, *marks.strokes),
        arcs=(*circles, *sectors, *marks.arcs, *numbered),
        dots=tuple(dots),
        texts=tuple(_text(slot, k) for slot, k in placed),
        points=scene.points,
    )


def shrunk(scene: Scene, scale: float) -> Scene:
    """Return the scene at ``scale`` of its size, about the middle of the canvas."""
    if scale == 1.0:
        return scene

    def at(point: Point) -> Point:
        return CANVAS / 2 + scale * (point[0] - CANVAS / 2), CANVAS / 2 + scale * (point[1] - CANVAS / 2)

    axes = scene.axes and Axes(at(scene.axes.origin), at(scene.axes.low), at(scene.axes.high))
    return replace(
        scene,
        points={name: at(point) for name, point in scene.points.items()},
        circles=tuple((name, scale * radius) for name, radius in scene.circles),
        unit=scene.unit / scale,
        axes=axes,
        curves=tuple(Curve(curve.equation, tuple(map(at, curve.points))) for curve in scene.curves),
    )


def _lines(scene: Scene, parts: list[Piece], axes: list[Stroke]) -> tuple[list[Line], list[int]]:
    """All that is drawn but circles, as straight lines, pieces of segments first, and which go together."""
    bundles = [[(*scene.points[a], *scene.points[b])] for a, b in parts]
    bundles += [flat([stroke]) for stroke in axes]
    bundles += [chords(sector_arc(scene, at)) for at in scene.arcs]
    bundles += [curve_lines(curve) for curve in scene.curves]
    return [line for lines in bundles for line in lines], [
        i for i, lines in enumerate(bundles) for _ in lines
    ]


def _strokes(scene: Scene) -> list[Stroke]:
    lines = [
        Stroke("dashed" if s in scene.dashed else "segment", s, (scene.points[s[0]], scene.points[s[1]]))
        for s in scene.segments
    ]
    return lines + [Stroke("curve", curve.equation, curve.points) for curve in scene.curves]


def _obstacles(scene: Scene, style: Style, marks: Marks, dots: list[Dot]) -> Obstacles:
    stroke = max(style.line_px, _THICKENED_PX) / 2
    placed = np.array(marks.placed()).reshape(-1, 4)
    return Obstacles(
        segments=np.concatenate([marks.lines, placed]),
        groups=np.concatenate([marks.groups, -1 - np.arange(len(placed))]),
        cut=len(marks.parts),
        circles=np.array([(*scene.points[name], radius) for name, radius in scene.circles]).reshape(-1, 3),
        dots=np.array([(*dot.centre, dot.radius - stroke) for dot in dots]).reshape(-1, 3),
        points=np.array(list(scene.points.values())).reshape(-1, 2),
        gap=style.gap_px + stroke,
        low=_EDGE_PX,
        high=CANVAS - _EDGE_PX,
    )


def _dots(scene: Scene, leaving: dict[str, list[float]]) -> list[Dot]:
    """Dots at circle centres and at labelled points that neither an end nor a crossing of lines shows."""
    ends = {name for segment in scene.segments for name in segment}
    centres = {name for name, _ in scene.circles}
    dots = []
    for name, directions in leaving.items():
        turns = [math.radians(ray) for ray in directions]
        shown = name in ends or any(abs(math.sin(turn - turns[0])) > 0.1 for turn in turns)
        if name in centres or not shown:
            dots.append(Dot(name, scene.points[name], _DOT_PX))
    return dots


def _slots(
    scene: Scene, style: Style, parts: list[Piece], leaving: dict[str, list[float]], world: Obstacles
) -> list[Slot] | None:
    """Candidates for every text in the order letters, axes, marks; None when a mark's owner is not clear."""

    def half(text: str, scale: float = 1.0) -> np.ndarray:
        return np.array(ink_size(text, scale * style.font_px, style.font)) / 2

    start = world.gap + 0.5 + style.offset_px
    told = {mark.at: mark.text.replace("-", "−") for mark in scene.marks if mark.kind == "coordinates"}
    slots = []
    for i, name in enumerate(scene.points):
        if name.isupper():
            kind, text, scale = "point", name, 1.0
            if name in told:
                kind, text, scale = "coordinates", name + told[name], COORDINATES_SCALE
            size = half(text, scale)
            slots.append(point_slot(kind, name, text, size, world.points[i], leaving[name], start, i))
    if scene.axes is not None:
        (x, y), (right, top) = scene.axes.origin, scene.axes.high
        slots.append(axis_slot("x", half("x"), np.array([right, y]), world.gap))
        slots.append(axis_slot("y", half("y"), np.array([x, top]), world.gap))
    middle = (world.points.min(0) + world.points.max(0)) / 2 if len(world.points) else np.zeros(2)
    for mark in scene.marks:
        if mark.kind == "length":
            own = [i for i, part in enumerate(parts) if set(part) == set(mark.at)]
            if not own:
                return None
            ends = world.segments[own[0]].reshape(2, 2)
            slots.append(length_slot(mark.at, mark.text, half(mark.text), ends, start, middle, own[0]))
        elif mark.kind == "angle":
            if is_split(scene, mark.at, straight_rays(scene, mark.at[1], parts)):
                return None
            text = mark.text if mark.text.endswith("°") else f"{mark.text}°"
            slots.append(angle_slot(mark.at, text, half(text), wedge(scene, mark.at, parts), world.gap))
    return slots if all(len(slot.cost) for slot in slots) else None


def _text(slot: Slot, k: int) -> Text:
    (x, y), (hx, hy) = slot.centre[k].tolist(), slot.half.tolist()
    return Text(slot.kind, slot.owner, slot.text, (x - hx, y - hy, x + hx, y + hy))
