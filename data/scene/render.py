"""Draw a display list with Pillow: several times too large, then reduced, about 0.6 ms a figure."""

from __future__ import annotations

import math
import struct
import zlib

import numpy as np
from PIL import Image, ImageDraw

from data.scene.display import MIN_DOT_LINES, MIN_LINE_PX, Display, Stroke, dashes
from data.scene.glyphs import ink_mask
from data.scene.types import CANVAS, Point

_CAPPED = ("segment", "axis")  # their ends are rounded, so that corners close
_FILTER_NONE = 0  # of a row, in the PNG specification


def render(display: Display, size: int) -> np.ndarray:
    """Draw ``display`` as a ``size`` x ``size`` picture, uint8 ``[size, size]``, black (0) on white (255)."""
    if not 16 <= size <= 4096:
        raise ValueError(f"render: size is {size!r}; expected 16 to 4096 px")
    zoom = 4 if size > 168 else 8  # Pillow's whole-pixel line widths show in small pictures
    scale = zoom * size / CANVAS
    image = Image.new("L", (zoom * size,) * 2, 255)
    draw = ImageDraw.Draw(image)
    width = max(round(display.style.line_px * scale), math.ceil(MIN_LINE_PX * zoom))
    caps: set[tuple[float, float]] = set()
    for stroke in display.strokes:
        for line in _lines(stroke):
            points = [(round(x * scale), round(y * scale)) for x, y in line]
            draw.line(points, fill=0, width=width)
            caps.update(points if stroke.kind in _CAPPED else points[1:-1])
    for x, y in caps:
        _disc(draw, x, y, width / 2)
    for arc in display.arcs:
        x, y, r = (v * scale for v in (*arc.centre, arc.radius))
        outer = r + width / 2  # Pillow draws the width inwards from the box
        draw.arc((x - outer, y - outer, x + outer, y + outer), arc.start, arc.stop, fill=0, width=width)
    for dot in display.dots:
        r = max(dot.radius * scale, MIN_DOT_LINES * width)
        _disc(draw, dot.centre[0] * scale, dot.centre[1] * scale, r)
    for text in display.texts:
        mask = ink_mask(text.text, round(text.font_px(display.style) * scale), display.style.font)
        x0, y0, x1, y1 = text.box
        left = round((x0 + x1) / 2 * scale - mask.width / 2)
        top = round((y0 + y1) / 2 * scale - mask.height / 2)
        image.paste(0, (left, top), mask)
    return np.asarray(image.reduce(zoom))


def _lines(stroke: Stroke) -> list[tuple[Point, ...]]:
    return list(dashes(*stroke.points)) if stroke.kind == "dashed" else [stroke.points]


def _disc(draw: ImageDraw.ImageDraw, x: float, y: float, r: float) -> None:
    draw.ellipse((x - r, y - r, x + r, y + r), fill=0)


def to_png(picture: np.ndarray) -> bytes:
    """Encode uint8 ``[H, W]`` as an 8-bit grey PNG; equal pictures give equal bytes under one zlib.

    Drawings are long runs of white: without row filters and with run lengths they take a fifth of the time
    of Pillow's encoder, and fewer bytes.
    """
    if picture.dtype != np.uint8 or picture.ndim != 2:
        raise ValueError(f"to_png: got {picture.dtype} {list(picture.shape)}; expected uint8 [H, W]")
    height, width = picture.shape
    rows = np.full((height, width + 1), _FILTER_NONE, np.uint8)
    rows[:, 1:] = picture
    packer = zlib.compressobj(1, zlib.DEFLATED, 15, 9, zlib.Z_RLE)
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)  # 8 bits of grey, not interlaced
    body = packer.compress(rows.tobytes()) + packer.flush()
    chunks = (_chunk(b"IHDR", header), _chunk(b"IDAT", body), _chunk(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
