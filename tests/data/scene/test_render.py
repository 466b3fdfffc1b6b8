import hashlib
import io
import string
from dataclasses import replace

import numpy as np
import PIL
import pytest
from PIL import Image
from scipy.ndimage import label

from data.scene.display import Display, Style
from data.scene.glyphs import ink_mask, ink_size
from data.scene.layout import layout
from data.scene.render import render, to_png
from data.scene.types import Mark, Scene

# one figure with every kind of drawn thing; pixels depend on Pillow and the FreeType inside its wheel
GOLDEN = {"13.0.0": {336: "62d9682fd5fa4910", 96: "89d6f5955f9e25ee"}}


def figure(*marks: Mark) -> Display:
    points = {"A": (60.0, 250.0), "B": (270.0, 250.0), "C": (270.0, 90.0), "O": (165.0, 170.0)}
    display = layout(Scene(points, ("AB", "BC", "CA"), (("O", 132.0),), marks), Style())
    assert display is not None
    return display


@pytest.fixture
def full() -> Display:
    return figure(Mark("right", "ABC"), Mark("tick", "AO"), Mark("tick", "OC"), Mark("length", "AB", "7"))


@pytest.mark.parametrize("size", [336, 96])
def test_pixels_are_those_of_the_pinned_pillow(full: Display, size: int) -> None:
    if PIL.__version__ not in GOLDEN:
        pytest.skip(f"golden hashes are for Pillow {', '.join(GOLDEN)}, not {PIL.__version__}")
    found = hashlib.sha256(to_png(render(full, size))).hexdigest()[:16]
    assert found == GOLDEN[PIL.__version__][size]


@pytest.mark.parametrize("size", [96, 112, 336, 500])
def test_picture_is_black_on_white_of_the_asked_size(full: Display, size: int) -> None:
    picture = render(full, size)
    assert picture.shape == (size, size)
    assert picture.dtype == np.uint8
    assert picture.min() == 0
    assert picture.max() == 255
    assert (picture == 255).mean() > 0.7
    x, y = round(165 * size / 336), round(250 * size / 336)
    assert picture[y - 2 : y + 2, x].min() < 60  # the side AB


@pytest.mark.parametrize(("size", "width"), [(336, 3.0), (672, 6.0), (112, 1.3), (96, 1.3)])
def test_lines_keep_a_visible_width(size: int, width: float) -> None:
    display = replace(figure(), texts=(), dots=(), arcs=())
    column = render(display, size)[:, round(130 * size / 336)].astype(float)
    lower = column[round(225 * size / 336) :]  # only AB is left in this part of the column
    assert width - 0.1 <= ((255 - lower) / 255).sum() <= width + 0.6


def test_circle_has_its_radius() -> None:
    display = replace(figure(), texts=(), dots=(), strokes=())
    rows, columns = np.nonzero(render(display, 336) < 128)
    away = np.hypot(columns + 0.5 - 165, rows + 0.5 - 170)
    assert away.mean() == pytest.approx(132, abs=0.3)
    assert away.min() > 132 - 2.5
    assert away.max() < 132 + 2.5


@pytest.mark.parametrize("count", [1, 2, 3])
@pytest.mark.parametrize("size", [96, 336])
def test_ticks_can_be_counted_in_the_picture(count: int, size: int) -> None:
    bare, ticked = figure(), figure(Mark("tick", "BC", count=count))
    bare, ticked = (replace(d, texts=(), dots=(), arcs=()) for d in (bare, ticked))
    added = (render(bare, size).astype(int) - render(ticked, size)) > 120
    assert label(added, np.ones((3, 3)))[1] == 2 * count  # each tick shows on both sides of its segment


def test_png_is_grey_and_lossless(full: Display) -> None:
    picture = render(full, 112)
    decoded = Image.open(io.BytesIO(to_png(picture)))
    assert decoded.mode == "L"
    assert np.array_equal(np.asarray(decoded), picture)
    assert to_png(picture) == to_png(picture.copy())


def test_every_character_has_its_own_glyph() -> None:
    masks = {c: ink_mask(c, 40) for c in string.ascii_uppercase + string.digits + "°"}
    assert len({(m.size, m.tobytes()) for m in masks.values()}) == 37
    assert all(m.getextrema()[1] == 255 for m in masks.values())


def test_ink_grows_with_the_font() -> None:
    assert ink_size("A", 60.0) == pytest.approx([2 * v for v in ink_size("A", 30.0)])
    assert 0.68 * 30 < ink_size("H", 30.0)[1] < 0.78 * 30  # cap height of DejaVu Sans: 0.73 em


def test_bad_input_is_named(full: Display) -> None:
    with pytest.raises(ValueError, match="size is 0"):
        render(full, 0)
    with pytest.raises(ValueError, match="uint8"):
        to_png(np.zeros((3, 3)))
