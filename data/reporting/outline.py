"""Where two drawings differ: the regions of ink that only one of them has, as convex outlines.

An edited diagram is drawn by the same rules as the original, so what the edit left alone lands on the same
pixels. Where it does not, because the edit moved the whole figure, an outline would mean nothing and none is
given.
"""

from __future__ import annotations

import functools
from typing import NamedTuple

import numpy as np
from PIL import Image
from scipy import ndimage
from scipy.spatial import ConvexHull

DARK = 128
"""Grey values below are ink."""
SLACK = 2
"""Pixels by which ink may move and still be the same: anti-aliasing, JPEG."""
NEAR = 5
"""Changed pixels closer than about twice this get one outline, as the strokes of a letter."""
GLYPH = 40
"""Separate ink of at most this size is a letter or a sign: if a part of it changed, all of it did."""
REDRAWN = 0.3
"""Share of all ink that may differ before the figure counts as drawn anew."""
MARGIN = 6
"""Pixels between changed ink and its outline."""

Outline = tuple[tuple[int, int], ...]
"""Corners (x, y) of a convex polygon, pixels."""


class Ink:
    """The ink of a grey picture: ``mask`` bool ``[H, W]``, and its small connected pieces."""

    def __init__(self, picture: Image.Image) -> None:
        self.mask = np.asarray(picture) < DARK

    @functools.cached_property
    def pieces(self) -> tuple[np.ndarray, np.ndarray]:
        """Per pixel the number of its piece, 0 for the paper, and per number whether it is small."""
        pieces, count = ndimage.label(self.mask, np.ones((3, 3)))
        sizes = [max(y.stop - y.start, x.stop - x.start) for y, x in ndimage.find_objects(pieces, count)]
        return pieces, np.array([False, *(size <= GLYPH for size in sizes)])

    def glyphs(self, changed: np.ndarray) -> np.ndarray:
        """Return the small pieces that have a changed pixel."""
        pieces, small = self.pieces
        touched = np.zeros_like(small)
        touched[pieces[changed]] = True  # the paper too, which is not small
        return (touched & small)[pieces]


class Regions(NamedTuple):
    """What differs: outlines of changed letters and signs and of new ink, and of ink that is missing."""

    changed: list[Outline]
    missing: list[Outline]


def regions(positive: Ink, negative: Ink) -> Regions | None:
    """Return the outlines of what differs between two drawings.

    None where they cannot be laid over each other: another size, a few pixels only, or more than
    :data:`REDRAWN` of their ink at another place. Equal drawings give no outline.
    """
    old, new = positive.mask, negative.mask
    if old.shape != new.shape or min(old.shape) <= MARGIN:
        return None
    added, gone = _only(new, old, SLACK), _only(old, new, SLACK)
    if not (added | gone).any():
        added, gone = _only(new, old, SLACK - 1), _only(old, new, SLACK - 1)
    changed = added | gone
    if changed.sum() > REDRAWN * (old.sum() + new.sum()):
        return None
    glyphs = positive.glyphs(changed) | negative.glyphs(changed)
    # A letter in place of another is one change; a line in place of another are two, or one outline would
    # go around all that lies between them.
    return Regions(_hulls(glyphs) + _hulls(added & ~glyphs), _hulls(gone & ~glyphs))


def grown(mask: np.ndarray, by: int) -> np.ndarray:
    """Return a mask ``[H, W]`` with the square of ``by`` pixels around every pixel of it."""
    for _ in range(2):  # along the rows, then along the columns; ORs of whole rows beat any filter of scipy
        mask = mask.T.copy()
        wide = mask.copy()
        for step in range(1, by + 1):
            wide[step:] |= mask[:-step]
            wide[:-step] |= mask[step:]
        mask = wide
    return mask


def _only(ink: np.ndarray, other: np.ndarray, slack: int) -> np.ndarray:
    """Return the ink that is farther than ``slack`` from any other ink."""
    return ink & ~grown(other, slack)


def _hulls(mask: np.ndarray) -> list[Outline]:
    """Return an outline of every group of near pixels, from top to bottom."""
    labels, count = ndimage.label(grown(mask, NEAR))
    return [
        _hull((labels[place] == label) & mask[place], (place[1].start, place[0].start), mask.shape)
        for label, place in enumerate(ndimage.find_objects(labels, count), start=1)
    ]


def _hull(inside: np.ndarray, corner: tuple[int, int], shape: tuple[int, ...]) -> Outline:
    """Return the convex hull of a mask at ``corner``, widened by the margin within ``shape``."""
    y, x = np.nonzero(inside & ~_inner(inside))
    far, near = MARGIN, MARGIN / 2
    octagon = [(dx, dy) for a, b in ((far, near), (near, far)) for dx in (-a, a) for dy in (-b, b)]
    points = np.concatenate([np.stack([x + dx, y + dy], axis=1) for dx, dy in octagon]) + corner
    points = np.clip(points, 0, (shape[1] - 1, shape[0] - 1))
    hull = points[ConvexHull(points).vertices]
    return tuple((round(float(px)), round(float(py))) for px, py in hull)


def _inner(mask: np.ndarray) -> np.ndarray:
    """Return the pixels between two others of their row; they are no corners of a hull."""
    inner = np.zeros_like(mask)
    inner[:, 1:-1] = mask[:, :-2] & mask[:, 2:]
    return inner
