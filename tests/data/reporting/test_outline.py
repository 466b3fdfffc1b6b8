"""Outlines: around what changed and nothing else, and none where the whole figure moved."""

import numpy as np
import pytest
from PIL import Image

from data.reporting.outline import MARGIN, Ink, regions


def drawing(*boxes, size=(200, 160)):
    """A frame along the border of the picture and black boxes (left, top, right, bottom) in it."""
    pixels = np.full(size[::-1], 255, np.uint8)
    pixels[2:-2, 2:-2] = 0
    pixels[5:-5, 5:-5] = 255
    for left, top, right, bottom in boxes:
        pixels[top:bottom, left:right] = 0
    return Image.fromarray(pixels)


def outlines(old, new):
    found = regions(Ink(old), Ink(new))
    return None if found is None else [*found.changed, *found.missing]


def bounds(outline):
    xs, ys = zip(*outline, strict=True)
    return min(xs), min(ys), max(xs), max(ys)


def around(left, top, right, bottom):
    """What an outline of the pixels [left, right) x [top, bottom) spans."""
    return left - MARGIN, top - MARGIN, right - 1 + MARGIN, bottom - 1 + MARGIN


def test_equal_drawings_have_no_outline():
    assert outlines(drawing((40, 40, 50, 60)), drawing((40, 40, 50, 60))) == []
    assert outlines(Image.new("L", (50, 50), 255), Image.new("L", (50, 50), 255)) == []


@pytest.mark.parametrize("added", [True, False])
def test_ink_that_only_one_has_is_outlined_with_a_margin(added):
    both = [drawing(), drawing((40, 50, 52, 70))]
    (found,) = outlines(*(both if added else both[::-1]))
    assert bounds(found) == around(40, 50, 52, 70)


def test_of_a_letter_that_changed_in_part_all_is_outlined():
    f = [(40, 40, 43, 60), (40, 40, 52, 43), (40, 49, 50, 52)]
    (found,) = outlines(drawing(*f), drawing(*f, (40, 57, 52, 60)))  # F becomes E
    assert bounds(found) == around(40, 40, 52, 60)


def test_changes_far_apart_are_outlined_apart_from_top_to_bottom():
    old, new = drawing((30, 100, 40, 110)), drawing((120, 30, 130, 40))
    assert [bounds(o) for o in outlines(old, new)] == [around(120, 30, 130, 40), around(30, 100, 40, 110)]


def test_a_new_line_is_outlined_along_itself():
    slanted = drawing()
    pixels = np.array(slanted)
    for x in range(20, 140):
        pixels[x : x + 3, x] = 0
    (found,) = outlines(drawing(), Image.fromarray(pixels))
    x, y = np.array([*found, found[0]]).T
    area = abs(np.dot(x[:-1], y[1:]) - np.dot(y[:-1], x[1:])) / 2  # shoelace formula
    assert area < 0.3 * 120 * 120  # its box has all of it


def test_a_line_in_place_of_another_is_outlined_apart_from_it():
    old, new = np.array(drawing()), np.array(drawing())
    for x in range(30, 130):
        old[x : x + 3, x], new[x : x + 3, 160 - x] = 0, 0
    found = regions(Ink(Image.fromarray(old)), Ink(Image.fromarray(new)))
    for outlines, leans in ((found.missing, 1), (found.changed, -1)):
        x, y = np.concatenate(outlines).T
        assert np.corrcoef(x, y)[0, 1] * leans > 0.9
    assert regions(Ink(drawing()), Ink(drawing((40, 40, 120, 60)))).missing == []


def test_outlines_stay_within_the_picture():
    (found,) = outlines(drawing(), drawing((6, 6, 20, 20)))
    left, top, right, bottom = bounds(found)
    assert left >= 0
    assert top >= 0
    assert right < 200
    assert bottom < 160


def test_ink_that_moved_by_two_pixels_is_the_same():
    assert outlines(drawing((40, 40, 60, 60)), drawing((41, 40, 61, 60))) == []
    moved = outlines(drawing((40, 40, 60, 60)), drawing((42, 42, 62, 62)))
    assert [bounds(o) for o in moved] == [around(40, 40, 62, 62)]  # nothing else differs: then it counts


def test_a_figure_drawn_anew_and_another_size_have_none():
    old, new = np.full((160, 200), 255, np.uint8), np.full((160, 200), 255, np.uint8)
    old[30:33, 20:180], new[120:123, 20:180] = 0, 0
    assert outlines(Image.fromarray(old), Image.fromarray(new)) is None
    assert outlines(drawing(), drawing(size=(160, 200))) is None
    assert outlines(Image.new("L", (50, 50), 0), Image.new("L", (50, 50), 255)) is None


def test_a_picture_of_a_few_pixels_is_no_drawing():
    assert outlines(Image.new("L", (1, 50), 0), Image.new("L", (1, 50), 255)) is None
    dot = Image.new("L", (200, 1), 255)
    dot.putpixel((9, 0), 0)
    assert outlines(dot, Image.new("L", (200, 1), 255)) is None
