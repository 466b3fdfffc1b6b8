"""Draw a display list with Pillow: several times too large, then reduced, about 0.5 ms a figure."""

from __future__ import annotations

import io
import math

import numpy as np
from PIL import Image, ImageDraw

from data.scene.display import Display
from data.scene.glyphs import ink_mask
from data.scene.types import CANVAS

_MIN_LINE_PX = 1.3  # thinner output lines fade to grey


def render(display: Display, size: int) -> np.ndarray:
    """Draw ``display`` as a ``size`` x ``size`` picture, uint8 ``[size, size]``, black (0) on white (255)."""
    if not 16 <= size <= 4096:
        raise ValueError(f"render: size is {size!r}; expected 16 to 4096 px")
    zoom = 4 if size > 168 else 8  # Pillow's whole-pixel line widths show in small pictures
    scale = zoom * size / CANVAS
    image = Image.new("L", (zoom * size,) * 2, 255)
    draw = ImageDraw.Draw(image)
    width = max(round(display.style.line_px * scale), math.ceil(_MIN_LINE_PX * zoom))
    caps: set[tuple[float, float]] = set()
    for stroke in display.strokes:
        points = [(round(x * scale), round(y * scale)) for x, y in stroke.points]
        draw.line(points, fill=0, width=width)
        caps.update(points if stroke.kind == "segment" else points[1:-1])
    for x, y in caps:
        _disc(draw, x, y, width / 2)
    for arc in display.arcs:
        x, y, r = (v * scale for v in (*arc.centre, arc.radius))
        outer = r + width / 2  # Pillow draws the width inwards from the box
        draw.arc((x - outer, y - outer, x + outer, y + outer), arc.start, arc.stop, fill=0, width=width)
    for dot in display.dots:
        _disc(draw, dot.centre[0] * scale, dot.centre[1] * scale, max(dot.radius * scale, 1.4 * width))
    for text in display.texts:
        mask = ink_mask(text.text, round(display.style.font_px * scale))
        x0, y0, x1, y1 = text.box
        left = round((x0 + x1) / 2 * scale - mask.width / 2)
        top = round((y0 + y1) / 2 * scale - mask.height / 2)
        image.paste(0, (left, top), mask)
    return np.asarray(image.reduce(zoom))


def _disc(draw: ImageDraw.ImageDraw, x: float, y: float, r: float) -> None:
    draw.ellipse((x - r, y - r, x + r, y + r), fill=0)


def to_png(picture: np.ndarray) -> bytes:
    """Encode uint8 ``[H, W]`` as an 8-bit grey PNG; equal pictures give equal bytes under one Pillow."""
    if picture.dtype != np.uint8 or picture.ndim != 2:
        raise ValueError(f"to_png: got {picture.dtype} {list(picture.shape)}; expected uint8 [H, W]")
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, "PNG", compress_level=6)
    return buffer.getvalue()
