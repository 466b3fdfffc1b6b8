"""Classes of polygons: which there are, which imply which, and by how many visible margins one is missed."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from itertools import combinations

from data.scene import geometry as g
from data.scene.types import Point

ANGLE_MARGIN = 5.0
"""Degrees."""
LENGTH_MARGIN = 0.08
"""Share of the longer length."""
UNKNOWN = 0.5
"""A residual inside the ambiguous band: undefined, or a matter of convention."""
FAR = 99.0
"""Residual of a statement about something that is not there; also the cap."""

SHAPES = {
    3: ("triangle", "right triangle", "isosceles triangle", "equilateral triangle"),
    4: (
        "quadrilateral",
        "trapezoid",
        "right trapezoid",
        "isosceles trapezoid",
        "kite",
        "parallelogram",
        "rectangle",
        "rhombus",
        "square",
    ),
    5: ("pentagon", "regular pentagon"),
    6: ("hexagon", "regular hexagon"),
    8: ("octagon", "regular octagon"),
}
IMPLIED: dict[str, tuple[str, ...]] = {
    "triangle": (),
    "right triangle": ("triangle",),
    "isosceles triangle": ("triangle",),
    "equilateral triangle": ("triangle", "isosceles triangle"),
    "quadrilateral": (),
    "trapezoid": ("quadrilateral",),
    "right trapezoid": ("quadrilateral", "trapezoid"),
    "isosceles trapezoid": ("quadrilateral", "trapezoid"),
    "kite": ("quadrilateral",),
    "parallelogram": ("quadrilateral", "trapezoid"),
    "rectangle": ("quadrilateral", "trapezoid", "right trapezoid", "isosceles trapezoid", "parallelogram"),
    "rhombus": ("quadrilateral", "trapezoid", "kite", "parallelogram"),
    "square": tuple(name for name in SHAPES[4] if name != "square"),
    "pentagon": (),
    "regular pentagon": ("pentagon",),
    "hexagon": (),
    "regular hexagon": ("hexagon",),
    "octagon": (),
    "regular octagon": ("octagon",),
}
"""Further classes a shape belongs to by definition; by some books a parallelogram is a trapezoid."""


def unequal(x: float, y: float) -> float:
    """How many length margins two lengths differ by."""
    return abs(x - y) / max(x, y) / LENGTH_MARGIN


class Polygon:
    """A polygon as its classes see it.

    ``simple`` says that no sides cross, ``flat`` is the least bend in degrees, and ``misses`` by how many
    margins the polygon misses each class that fits its corners. What is a matter of convention (whether a
    parallelogram is a trapezoid, a rhombus a kite) is neither true nor false.
    """

    def __init__(self, points: Sequence[Point]) -> None:
        n = len(points)
        edges = [(q[0] - p[0], q[1] - p[1]) for p, q in zip(points, (*points[1:], points[0]), strict=True)]
        sides = [math.hypot(*edge) for edge in edges]
        angles = [_corner(edges[i - 1], edges[i]) for i in range(n)]
        self.simple = n == 3 or g.is_simple(points)
        self.flat = min(*angles, 180.0 - max(angles))
        self.misses: dict[str, float] = dict.fromkeys(SHAPES.get(n, ())[:1], 0.0)
        square = [abs(a - 90.0) / ANGLE_MARGIN for a in angles]
        equal = unequal(min(sides), max(sides))
        if n == 3:
            pairs = min(unequal(x, y) for x, y in combinations(sides, 2))
            self.misses["right triangle"] = min(square)
            self.misses |= {"isosceles triangle": pairs, "equilateral triangle": equal}
        elif n == 4:
            self.misses |= _quadrilateral(edges, sides, square, equal)
        elif n in SHAPES:
            regular = max(equal, (max(angles) - min(angles)) / ANGLE_MARGIN)
            self.misses[SHAPES[n][1]] = regular


@lru_cache(64)
def polygon(points: tuple[Point, ...]) -> Polygon:
    """Look at a polygon; each of its classes is asked for in turn, so the last ones seen are kept."""
    return Polygon(points)


def _corner(before: Point, after: Point) -> float:
    """The angle in degrees inside the corner between two edges that follow each other."""
    (ax, ay), (bx, by) = before, after
    return math.degrees(math.atan2(abs(ax * by - ay * bx), -(ax * bx + ay * by)))


def _quadrilateral(
    edges: Sequence[Point], sides: Sequence[float], square: Sequence[float], equal: float
) -> dict[str, float]:
    ab, bc, cd, da = sides
    first, second = (
        min(bend, 180.0 - bend) / ANGLE_MARGIN
        for bend in (_corner(edges[0], edges[2]), _corner(edges[1], edges[3]))
    )
    parallelogram, trapezoid = max(first, second), min(first, second)
    both = parallelogram <= 1
    kite = min(max(unequal(ab, da), unequal(bc, cd)), max(unequal(ab, bc), unequal(cd, da)))
    legs = min(max(first, unequal(bc, da)), max(second, unequal(ab, cd)))
    return {
        "trapezoid": UNKNOWN if both else trapezoid,
        "right trapezoid": max(UNKNOWN if both else trapezoid, min(square)),
        "isosceles trapezoid": max(UNKNOWN, *square) if both else legs,
        "kite": UNKNOWN if equal <= 1 else kite,
        "parallelogram": parallelogram,
        "rectangle": max(square),
        "rhombus": equal,
        "square": max(*square, equal),
    }
