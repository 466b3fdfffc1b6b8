import numpy as np
import pytest
from PIL import Image, ImageDraw

from data.disturb import coarser, downscale_sample, rotate_sample, turned
from data.images import decode, encode
from data.sample import Negative, Sample, SampleError


def paper(size=(100, 100), *lines):
    picture = Image.new("L", size, 255)
    for line in lines:
        ImageDraw.Draw(picture).line(line, fill=0, width=3)
    return picture


def ink(picture):
    return (255.0 - np.asarray(picture, dtype=float)).sum()


def test_a_turn_keeps_scale_size_and_ground_where_the_ink_fits():
    found = turned(paper((100, 100), (30, 50, 70, 50)), 90)
    assert found.size == (100, 100)
    dark = np.argwhere(np.asarray(found) < 128)
    (top, left), (bottom, right) = dark.min(0), dark.max(0)
    assert bottom - top == pytest.approx(40, abs=2)  # the line of 40 px, now upright
    assert right - left == pytest.approx(2, abs=1)
    assert np.asarray(found)[0].min() == 255


def test_a_turn_is_counter_clockwise():
    found = np.asarray(turned(paper((101, 101), (50, 50, 90, 50)), 30)) < 128
    rows, columns = np.nonzero(found)
    tip = columns.argmax()
    assert columns[tip] == pytest.approx(50 + 40 * np.cos(np.pi / 6), abs=2)
    assert rows[tip] == pytest.approx(50 - 40 * np.sin(np.pi / 6), abs=2)


@pytest.mark.parametrize("degrees", [30, -45, 90, 137])
@pytest.mark.parametrize("size", [(100, 100), (120, 60)])
def test_no_ink_is_lost_even_where_a_drawing_reaches_the_edges(degrees, size):
    width, height = size
    full = paper(size, (2, 2, width - 3, height - 3), (2, height - 3, width - 3, 2), (2, 2, width - 3, 2))
    found = turned(full, degrees)
    assert ink(found) == pytest.approx(ink(full), rel=0.06)
    border = np.asarray(found)
    assert found.width >= size[0]
    assert found.height >= size[1]
    # A canvas that grew holds the whole turned rectangle and no more.
    assert border.shape[0] <= width + height
    assert border.shape[1] <= width + height


def test_ink_at_one_side_moves_the_window_instead_of_growing_it():
    full = paper((100, 100), (4, 4, 4, 60), (4, 4, 60, 4))
    found = turned(full, 30)
    assert found.size == (100, 100)
    assert ink(found) == pytest.approx(ink(full), rel=0.06)


def test_a_blank_picture_stays_blank():
    assert np.asarray(turned(paper(), 30)).min() == 255


def test_scaling_down_takes_detail_at_the_size_of_the_tower():
    stripes = np.where(np.arange(64) % 2, 255, 0).astype(np.uint8)[None].repeat(64, 0)
    found = np.asarray(coarser(encode(stripes), 0.5, 64), dtype=float)
    assert found.shape == (64, 64)
    assert found.std() < 10 < stripes.std()  # single pixels are gone
    wide = np.where(np.arange(64) // 16 % 2, 255, 0).astype(np.uint8)[None].repeat(64, 0)
    assert np.abs(np.asarray(coarser(encode(wide), 0.5, 64), dtype=float) - wide).mean() < 20


def test_all_pictures_of_a_sample_are_disturbed_alike():
    images = {
        "png": encode(paper((40, 40), (5, 5, 30, 9))),
        "neg00.png": encode(paper((40, 40), (5, 9, 30, 5))),
    }
    sample = Sample("a", "A line.", images, (Negative("image", image="neg00.png"),))
    for found, expected in (
        (rotate_sample(sample, 30), lambda data: turned(Image.fromarray(decode(data)[0].numpy()), 30)),
        (downscale_sample(sample, 0.5, 32), lambda data: coarser(data, 0.5, 32)),
    ):
        assert found.negatives == sample.negatives
        for name, data in images.items():
            assert (decode(found.images[name])[0].numpy() == np.asarray(expected(data))).all()


def test_a_damaged_picture_names_its_sample():
    with pytest.raises(SampleError, match="sample 'a': not a usable PNG"):
        rotate_sample(Sample("a", "A line.", {"png": b"no picture"}), 30)
