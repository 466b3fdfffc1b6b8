"""The display list: everything that is drawn, in float px of the nominal 336 px canvas (y down)."""

from __future__ import annotations

from dataclasses import dataclass

from data.scene.types import Point

Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class Style:
    """How a figure looks, in px of the nominal 336 px canvas.

    ``font_px`` is the em size of every text, ``line_px`` the stroke width, ``gap_px`` the white space kept
    between the ink of a text and anything else.
    """

    font_px: float = 30.0
    line_px: float = 3.0
    gap_px: float = 4.5

    def __post_init__(self) -> None:
        for name, low, high in (("font_px", 8, 60), ("line_px", 0.5, 8), ("gap_px", 1, 20)):
            if not low <= getattr(self, name) <= high:
                raise ValueError(
                    f"Style.{name}: got {getattr(self, name)!r}; expected {low} to {high} px (of 336)"
                )


@dataclass(frozen=True)
class Stroke:
    """A polyline of kind ``segment``, ``tick`` or ``right``; its ``owner`` is a segment or an angle."""

    kind: str
    owner: str
    points: tuple[Point, ...]


@dataclass(frozen=True)
class Arc:
    """A circular arc from ``start`` to ``stop`` degrees (clockwise on the screen, 0 at the right).

    A full circle has kind ``circle`` and its centre as owner, an angle arc kind ``arc`` and its angle.
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
    """A text of kind ``point``, ``length`` or ``angle`` with its ink box ``(x0, y0, x1, y1)``."""

    kind: str
    owner: str
    text: str
    box: Box


@dataclass(frozen=True)
class Display:
    """A figure that is ready to be drawn."""

    style: Style
    strokes: tuple[Stroke, ...]
    arcs: tuple[Arc, ...]
    dots: tuple[Dot, ...]
    texts: tuple[Text, ...]
