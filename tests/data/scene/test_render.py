import hashlib
import io
import math
import string
from dataclasses import replace
from itertools import pairwise

import numpy as np
import PIL
import pytest
from PIL import Image
from scipy.ndimage import label

from data.scene.display import Display, Stroke, Style, dashes
from data.scene.glyphs import ink_mask, ink_size
from data.scene.layout import layout
from data.scene.render import render, to_png
from data.scene.types import Mark, Scene

# one figure with every kind of drawn thing; pixels depend on Pillow and the FreeType inside its wheel
GOLDEN = {"13.0.0": {336: "6f47c09419af24c3", 96: "1f2926be1d6cf9a8"}}


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
    found = hashlib.sha256(render(full, size).tobytes()).hexdigest()[:16]
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


def test_png_of_any_shape_and_noise_is_lossless() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (37, 211), np.uint8)
    Image.open(io.BytesIO(to_png(noise))).verify()  # every chunk's checksum
    assert np.array_equal(np.asarray(Image.open(io.BytesIO(to_png(noise)))), noise)


def test_drawings_take_fewer_bytes_than_pillow_gives_them(full: Display) -> None:
    picture, usual = render(full, 336), io.BytesIO()
    Image.fromarray(picture).save(usual, "PNG")
    assert len(to_png(picture)) < len(usual.getvalue())


@pytest.mark.parametrize("length", [5.0, 20.0, 24.0, 97.3, 260.0])
def test_dashes_begin_and_end_with_their_line(length: float) -> None:
    p, q = (40.0, 300.0), (40.0 + 0.6 * length, 300.0 - 0.8 * length)
    found = dashes(p, q)
    assert found[0][0] == pytest.approx(p)
    assert found[-1][1] == pytest.approx(q)
    (dash,) = {round(math.dist(a, b), 6) for a, b in found}
    spaces = [math.dist(one[1], two[0]) for one, two in pairwise(found)]
    assert spaces == pytest.approx([dash * 6 / 9] * len(spaces), abs=1e-5)
    if length > 20:
        assert 7 < dash < 12


def test_a_dashed_line_has_gaps_that_a_solid_one_has_not() -> None:
    points = {"A": (40.0, 168.0), "B": (296.0, 168.0)}
    rows = []
    for hidden in ((), ("AB",)):
        display = layout(Scene(points, ("AB",), dashed=hidden), Style())
        assert display is not None
        rows.append(render(display, 336)[168, 45:291] < 128)
    assert rows[0].all()
    assert 0.5 < rows[1].mean() < 0.7
    assert label(rows[1])[1] > 12


def test_a_curve_has_no_gaps_and_its_width() -> None:
    points = tuple((40.0 + x, 60.0 + 0.003 * (x - 128) ** 2 * 3) for x in range(0, 257, 4))
    picture = render(Display(Style(), (Stroke("curve", "y", points),), (), (), ()), 336)
    assert label(picture < 128, np.ones((3, 3)))[1] == 1
    assert (255 - picture[:, 168].astype(float)).sum() / 255 == pytest.approx(3.0, abs=0.3)


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
