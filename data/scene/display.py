"""The display list: everything that is drawn, in float px of the nominal 336 px canvas (y down)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from configs.build import FONTS, STYLE_LIMITS, check_style
from configs.load import one_of
from data.scene.types import CANVAS, Point

Box = tuple[float, float, float, float]
DASH_PX = (9.0, 6.0)
"""Length of a dash and of the space behind it, before they are fitted to their line."""
MIN_LINE_PX = 1.3
"""Least line width in pixels of the picture; thinner lines fade to grey."""
COORDINATES_SCALE = 0.75
"""Em size of a letter with its coordinates as a share of the other texts'."""
MIN_DOT_LINES = 1.4
"""Least radius of a dot in line widths."""


@dataclass(frozen=True)
class Style:
    """How a figure looks, in px of the nominal 336 px canvas; the limits stand in ``configs.build``.

    ``font_px`` is the em size of every text in ``font``, ``line_px`` the stroke width, ``gap_px`` the white
    space kept between the ink of a text and anything else, ``offset_px`` how much more of it letters and
    lengths start with, ``scale`` the size of the figure as a share of the scene's.
    """

    font_px: float = 30.0
    line_px: float = 3.0
    gap_px: float = 4.5
    offset_px: float = 0.0
    scale: float = 1.0
    font: str = "DejaVu Sans"

    def __post_init__(self) -> None:
        for name in STYLE_LIMITS:
            check_style(name, getattr(self, name), "Style.")
        one_of("Style.font", self.font, list(FONTS))

    def line_width(self, size: int) -> float:
        """Return the width of lines in px of the canvas when it is drawn ``size`` pixels wide."""
        return max(self.line_px, MIN_LINE_PX * CANVAS / size)


@dataclass(frozen=True)
class Stroke:
    """A polyline and its ``owner``.

    ``segment``, ``dashed``, ``tick`` and ``arrow`` (a chevron) have a segment as owner, ``right`` an angle;
    ``axis`` and ``head`` (its arrow head) have ``x`` or ``y``, ``curve`` an equation.
    """

    kind: str
    owner: str
    points: tuple[Point, ...]


@dataclass(frozen=True)
class Arc:
    """A circular arc from ``start`` to ``stop`` degrees (clockwise on the screen, 0 at the right).

    A full circle has kind ``circle`` and its centre as owner; the arc of an angle mark has kind ``arc``, the
    arc of a sector kind ``sector``, and their angle as owner.
    """

    kind: str
    owner: str
    centre: Point
    radius: float
    start: float = 0.0
    stop: float = 360.0


@dataclass(frozen=True)
class Dot:
    """A filled disc at the named point ``owner``."""

    owner: str
    centre: Point
    radius: float


@dataclass(frozen=True)
class Text:
    """A text of kind ``point``, ``coordinates``, ``length``, ``angle`` or ``axis``.

    ``box`` is its ink ``(x0, y0, x1, y1)``; coordinates stand behind their point's letter and are smaller.
    """

    kind: str
    owner: str
    text: str
    box: Box

    def font_px(self, style: Style) -> float:
        """Return the em size of the text in px of the canvas."""
        return style.font_px * (COORDINATES_SCALE if self.kind == "coordinates" else 1.0)


@dataclass(frozen=True)
class Display:
    """A figure that is ready to be drawn; ``points`` are where its named points are."""

    style: Style
    strokes: tuple[Stroke, ...]
    arcs: tuple[Arc, ...]
    dots: tuple[Dot, ...]
    texts: tuple[Text, ...]
    points: Mapping[str, Point] = field(default_factory=dict)


def dash_lengths(p: Point, q: Point) -> tuple[float, float]:
    """Return dash and space in px for the line pq, such that it begins and ends with a whole dash."""
    length = math.dist(p, q)
    dash, space = DASH_PX
    stretch = length / (round(max(length - dash, 0.0) / (dash + space)) * (dash + space) + dash)
    return dash * stretch, space * stretch


def dashes(p: Point, q: Point) -> list[tuple[Point, Point]]:
    """Return the dashes of the line pq."""
    dash, space = dash_lengths(p, q)
    length = math.dist(p, q)
    ux, uy = (q[0] - p[0]) / length, (q[1] - p[1]) / length
    starts = [i * (dash + space) for i in range(round((length - dash) / (dash + space)) + 1)]
    return [
        ((p[0] + s * ux, p[1] + s * uy), (p[0] + (s + dash) * ux, p[1] + (s + dash) * uy)) for s in starts
    ]
