"""The fonts of all figures, as matplotlib ships them: the same pixels on every machine."""

from __future__ import annotations

from functools import cache, lru_cache
from importlib.util import find_spec
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from configs.build import FONTS

DEFAULT = "DejaVu Sans"
_REFERENCE_PX = 128  # ink boxes are measured once at this em size and scaled


@cache
def font_path(font: str = DEFAULT) -> Path:
    """Path of a font file inside the installed matplotlib, which is not imported (it takes a second)."""
    spec = find_spec("matplotlib")
    if spec is None or not spec.submodule_search_locations:
        raise ValueError(f"font {font}: matplotlib, which ships it, is not installed; pip install matplotlib")
    path = Path(next(iter(spec.submodule_search_locations)), "mpl-data", "fonts", "ttf", FONTS[font])
    if not path.is_file():
        raise ValueError(f"font {path}: the file is missing; reinstall matplotlib, which ships it")
    return path


@lru_cache(256)
def _font(px: int, font: str) -> ImageFont.FreeTypeFont:
    # BASIC layout: raqm, where it exists, shapes text differently from machine to machine
    return ImageFont.truetype(str(font_path(font)), px, layout_engine=ImageFont.Layout.BASIC)


def ink_size(text: str, font_px: float, font: str = DEFAULT) -> tuple[float, float]:
    """Width and height of the ink of ``text`` at em size ``font_px``."""
    width, height = _reference_size(text, font)
    return width * font_px / _REFERENCE_PX, height * font_px / _REFERENCE_PX


@lru_cache(4096)
def _reference_size(text: str, font: str) -> tuple[int, int]:
    return ink_mask(text, _REFERENCE_PX, font).size


@lru_cache(1024)  # 1 to 30 kB each
def ink_mask(text: str, px: int, font: str = DEFAULT) -> Image.Image:
    """The ink of ``text`` at em size ``px`` as a tight 8-bit coverage picture."""
    face = _font(px, font)
    x0, y0, x1, y1 = (int(v) for v in face.getbbox(text))  # from the pen to the advance: wider than the ink
    mask = Image.new("L", (x1 - x0 + 2 * px, y1 - y0 + 2 * px), 0)
    ImageDraw.Draw(mask).text((px - x0, px - y0), text, fill=255, font=face)
    return mask.crop(mask.getbbox())


Outline = list[tuple[str, list[tuple[float, float]]]]


@lru_cache(1024)
def outline(text: str, font: str = DEFAULT) -> Outline:
    """The shape of ``text`` at em size 1 around the middle of its ink, y down, as SVG's M, L, Q, C and Z."""
    from matplotlib.font_manager import FontProperties  # takes a second
    from matplotlib.path import Path as Shape
    from matplotlib.textpath import TextPath

    shape = TextPath((0.0, 0.0), text, size=_REFERENCE_PX, prop=FontProperties(fname=font_path(font)))
    box = shape.get_extents()
    middle = (box.x0 + box.x1) / 2, (box.y0 + box.y1) / 2
    names = {Shape.MOVETO: "M", Shape.LINETO: "L", Shape.CURVE3: "Q", Shape.CURVE4: "C", Shape.CLOSEPOLY: "Z"}
    found: Outline = []
    for values, code in shape.iter_segments(curves=True, simplify=False):
        x, y = values[0::2] - middle[0], middle[1] - values[1::2]
        ends = (
            []
            if code == Shape.CLOSEPOLY
            else list(zip((x / _REFERENCE_PX).tolist(), (y / _REFERENCE_PX).tolist(), strict=True))
        )
        found.append((names[code], ends))
    return found
