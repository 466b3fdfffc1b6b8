"""Pictures as bytes and back: grey 8-bit, through Pillow, within limits.

torchvision's decoder is not used: one flipped bit in a PNG makes it crash the process.
"""

from __future__ import annotations

import io

import numpy as np
import torch
from PIL import Image, ImageOps, UnidentifiedImageError

from data.sample import SampleError

FORMATS = ("PNG", "JPEG")
MAX_PIXELS = 4096 * 4096
PAPER = 255  # diagrams are drawn on white


def open_grey(data: bytes, *, max_pixels: int = MAX_PIXELS) -> Image.Image:
    """Return a PNG or JPEG as a loaded Pillow picture of mode L; transparent parts become white.

    It is turned as its EXIF data say. Raises :class:`data.sample.SampleError` for anything else, and, before
    it is decoded, for a picture whose padding to a square would exceed ``max_pixels``.
    """
    try:
        picture = Image.open(io.BytesIO(data), formats=FORMATS)
        size = picture.size
    except Exception as error:  # Pillow lets struct, zlib, SyntaxError and more escape from damaged files
        raise _unreadable(data, error) from error
    if max(size) ** 2 > max_pixels:
        raise SampleError(
            f"picture of {size[0]} x {size[1]} px; padded to a square it may have {max_pixels} pixels: "
            "scale it down first"
        )
    try:
        ImageOps.exif_transpose(picture, in_place=True)
        return _grey(picture)
    except Exception as error:
        raise _unreadable(data, error) from error


def decode(data: bytes, size: int | None = None, *, max_pixels: int = MAX_PIXELS) -> torch.Tensor:
    """Decode a PNG or JPEG to grey, uint8 [1, H, W]; 0 is black.

    With ``size`` the picture is centred on a white square of its longer side and resized to [1, size, size]:
    its aspect ratio is kept. Raises :class:`data.sample.SampleError` as :func:`open_grey` does.
    """
    picture = open_grey(data, max_pixels=max_pixels)
    if size is not None and picture.size != (size, size):
        side = max(picture.size)
        if picture.width != picture.height:
            square = Image.new("L", (side, side), PAPER)
            square.paste(picture, ((side - picture.width) // 2, (side - picture.height) // 2))
            picture = square
        picture = picture.resize((size, size), Image.Resampling.BICUBIC)
    return torch.from_numpy(np.array(picture))[None]


def encode(picture: Image.Image | np.ndarray) -> bytes:
    """Encode a grey picture, Pillow mode L or uint8 [H, W], as an 8-bit PNG; equal input, equal bytes."""
    if isinstance(picture, np.ndarray):
        if picture.dtype != np.uint8 or picture.ndim != 2:
            raise ValueError(f"a grey picture is uint8 [H, W]; got {picture.dtype} {list(picture.shape)}")
        picture = Image.fromarray(picture)
    if picture.mode != "L":
        raise ValueError(f"a grey picture has Pillow mode L; got {picture.mode}")
    buffer = io.BytesIO()
    picture.save(buffer, "PNG")
    return buffer.getvalue()


def _grey(picture: Image.Image) -> Image.Image:
    if picture.mode.startswith("I"):  # 16 bits per pixel, which convert() would clip
        return Image.fromarray((np.array(picture).astype(np.uint32) >> 8).astype(np.uint8))
    if picture.has_transparency_data:
        paper = Image.new("RGBA", picture.size, (PAPER, PAPER, PAPER, 255))
        return Image.alpha_composite(paper, picture.convert("RGBA")).convert("L")
    return picture.convert("L")  # decodes, also where the mode is L already


def _unreadable(data: bytes, error: Exception) -> SampleError:
    reason = "unknown format" if isinstance(error, UnidentifiedImageError) else f"{error}".split("\n")[0]
    given = f"{len(data)} bytes, starts with {data[:8]!r}"
    return SampleError(f"not a usable {' or '.join(FORMATS)} picture ({given}): {reason:.120}")
