"""Samples with disturbed pictures, for tests of robustness: turned, or made coarser (METHOD: robustness)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from PIL import Image, ImageOps

from data.images import decode, encode, open_grey
from data.sample import Sample, SampleError

FAINT = 16
"""Grey levels by which a pixel must differ from the paper to be ink that a turn must keep."""


def turned(picture: Image.Image, degrees: float) -> Image.Image:
    """Return a grey picture turned counter-clockwise on white ground, all of its ink kept.

    Size and scale stay as they are where the turned ink fits; else the canvas grows, no more than needed.
    """
    whole = ImageOps.invert(picture).rotate(degrees, Image.Resampling.BICUBIC, expand=True)
    ink = whole.point([255 * (level >= FAINT) for level in range(256)]).getbbox()
    left, upper, right, lower = ink or (0, 0, 0, 0)
    x, width = _window(left, right, picture.width, whole.width)
    y, height = _window(upper, lower, picture.height, whole.height)
    return ImageOps.invert(whole.crop((x, y, x + width, y + height)))


def _window(low: int, high: int, size: int, whole: int) -> tuple[int, int]:
    """Return start and length of a centred window of ``size`` that is moved, or grows, to hold low..high."""
    if high - low > size:
        return low, high - low
    start = (whole - size) // 2
    return min(max(start, high - size), low), size


def coarser(data: bytes, factor: float, size: int) -> Image.Image:
    """Return a picture as a tower of ``size`` pixels sees it, scaled down by ``factor`` and back up."""
    seen = Image.fromarray(decode(data, size)[0].numpy())
    small = max(1, round(size * factor))
    return seen.resize((small, small), Image.Resampling.BICUBIC).resize(
        (size, size), Image.Resampling.BICUBIC
    )


def rotate_sample(sample: Sample, degrees: float) -> Sample:
    """Return a sample with every picture, positive and negatives, turned by the same angle."""
    return _changed(sample, lambda data: turned(open_grey(data), degrees))


def downscale_sample(sample: Sample, factor: float, size: int) -> Sample:
    """Return a sample with every picture coarser; ``size`` is the tower's."""
    return _changed(sample, lambda data: coarser(data, factor, size))


def _changed(sample: Sample, change: Callable[[bytes], Image.Image]) -> Sample:
    try:
        images = {name: encode(change(data)) for name, data in sample.images.items()}
    except SampleError as error:
        raise SampleError(f"sample {sample.key!r}: {error}") from error
    return replace(sample, images=images)
