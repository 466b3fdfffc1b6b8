"""The one font of all figures: DejaVu Sans as matplotlib ships it, the same pixels on every machine."""

from __future__ import annotations

from functools import cache
from importlib.util import find_spec
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

_REFERENCE_PX = 128  # ink boxes are measured once at this em size and scaled


@cache
def font_path() -> Path:
    """Path of DejaVuSans.ttf inside the installed matplotlib, which is not imported (it takes a second)."""
    spec = find_spec("matplotlib")
    if spec is None or not spec.submodule_search_locations:
        raise ValueError(
            "font DejaVuSans.ttf: matplotlib, which ships it, is not installed; pip install matplotlib"
        )
    path = Path(next(iter(spec.submodule_search_locations)), "mpl-data", "fonts", "ttf", "DejaVuSans.ttf")
    if not path.is_file():
        raise ValueError(f"font {path}: the file is missing; reinstall matplotlib, which ships it")
    return path


@cache
def _font(px: int) -> ImageFont.FreeTypeFont:
    # BASIC layout: raqm, where it exists, shapes text differently from machine to machine
    return ImageFont.truetype(str(font_path()), px, layout_engine=ImageFont.Layout.BASIC)


@cache
def ink_size(text: str, font_px: float) -> tuple[float, float]:
    """Width and height of the ink of ``text`` at em size ``font_px``."""
    mask = ink_mask(text, _REFERENCE_PX)
    return mask.width * font_px / _REFERENCE_PX, mask.height * font_px / _REFERENCE_PX


@cache
def ink_mask(text: str, px: int) -> Image.Image:
    """The ink of ``text`` at em size ``px`` as a tight 8-bit coverage picture."""
    font = _font(px)
    x0, y0, x1, y1 = (int(v) for v in font.getbbox(text))  # from the pen to the advance: wider than the ink
    mask = Image.new("L", (x1 - x0 + 2 * px, y1 - y0 + 2 * px), 0)
    ImageDraw.Draw(mask).text((px - x0, px - y0), text, fill=255, font=font)
    return mask.crop(mask.getbbox())
