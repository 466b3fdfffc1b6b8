"""A display list as SVG: letters are outlines, so that it looks the same where their font is missing."""

from __future__ import annotations

import math
from collections.abc import Iterable
from xml.sax.saxutils import quoteattr

from data.scene.display import MIN_DOT_LINES, Arc, Display, Stroke, Style, Text, dash_lengths
from data.scene.glyphs import outline
from data.scene.types import CANVAS, Point

_ROUND = ("segment", "axis")


def to_svg(display: Display, size: int = 336) -> str:
    """Return ``display`` as an SVG document ``size`` pixels wide; every element tells what it belongs to."""
    width = display.style.line_width(size)
    lines = [*map(_stroke, display.strokes), *map(_arc, display.arcs)]
    dots = [
        f'<circle class="dot" data-of={quoteattr(dot.owner)} cx="{_number(dot.centre[0])}" '
        f'cy="{_number(dot.centre[1])}" r="{_number(max(dot.radius, MIN_DOT_LINES * width))}"/>'
        for dot in display.dots
    ]
    texts = [_text(text, display.style) for text in display.texts]
    side = f"{CANVAS:g}"
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{size}" height="{size}" '
            f'viewBox="0 0 {side} {side}">',
            f'<rect width="{side}" height="{side}" fill="#fff"/>',
            f'<g fill="none" stroke="#000" stroke-width="{_number(width)}" stroke-linejoin="round">',
            *lines,
            "</g>",
            '<g fill="#000">',
            *dots,
            *texts,
            "</g>",
            "</svg>\n",
        ]
    )


def _stroke(stroke: Stroke) -> str:
    extra = ' stroke-linecap="round"' if stroke.kind in _ROUND else ""
    if stroke.kind == "dashed":
        extra = f' stroke-dasharray="{_numbers(dash_lengths(*stroke.points))}"'
    steps = " ".join(f"{'L' if i else 'M'}{_numbers(point)}" for i, point in enumerate(stroke.points))
    return f'<path class="{stroke.kind}" data-of={quoteattr(stroke.owner)} d="{steps}"{extra}/>'


def _arc(arc: Arc) -> str:
    owner, (x, y), r = quoteattr(arc.owner), arc.centre, _number(arc.radius)
    if arc.kind == "circle":
        return f'<circle class="circle" data-of={owner} cx="{_number(x)}" cy="{_number(y)}" r="{r}"/>'
    ends = [_numbers(_at(arc, turn)) for turn in (arc.start, arc.stop)]
    large = int(arc.stop - arc.start > 180.0)
    return f'<path class="{arc.kind}" data-of={owner} d="M{ends[0]} A{r} {r} 0 {large} 1 {ends[1]}"/>'


def _at(arc: Arc, turn: float) -> Point:
    t = math.radians(turn)
    return arc.centre[0] + arc.radius * math.cos(t), arc.centre[1] + arc.radius * math.sin(t)


def _text(text: Text, style: Style) -> str:
    x, y = (text.box[0] + text.box[2]) / 2, (text.box[1] + text.box[3]) / 2
    em = text.font_px(style)
    steps = [
        name + " ".join(_numbers((x + em * u, y + em * v)) for u, v in ends)
        for name, ends in outline(text.text, style.font)
    ]
    owner, told = quoteattr(text.owner), quoteattr(text.text)
    return f'<path class="{text.kind}" data-of={owner} aria-label={told} d="{" ".join(steps)}"/>'


def _numbers(values: Iterable[float]) -> str:
    return " ".join(map(_number, values))


def _number(value: float) -> str:
    return f"{value:.3f}".rstrip("0").rstrip(".")
