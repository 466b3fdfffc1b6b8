"""Classes of polygons: which there are, which imply which, and by how many visible margins one is missed."""

from __future__ import annotations

from collections.abc import Sequence
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


def not_parallel(a: Point, b: Point, c: Point, d: Point) -> float:
    """How many angle margins two lines are from parallel."""
    return g.line_angle(a, b, c, d) / ANGLE_MARGIN


class Polygon:
    """The measures of a polygon that its classes are told by; ``flat`` is its least bend in degrees."""

    def __init__(self, points: Sequence[Point]) -> None:
        self.points, n = points, len(points)
        self.simple = g.is_simple(points)
        self.sides = [g.distance(points[i], points[(i + 1) % n]) for i in range(n)]
        self.angles = [g.angle(points[i - 1], points[i], points[(i + 1) % n]) for i in range(n)]
        self.flat = min(*self.angles, 180.0 - max(self.angles))

    def misses(self, name: str) -> float:
        """By how many margins the polygon misses the class ``name``, which must fit its corners."""
        angles, sides = self.angles, self.sides
        if name in ("triangle", "quadrilateral", "pentagon", "hexagon", "octagon"):
            return 0.0
        if name == "right triangle":
            return min(abs(a - 90) for a in angles) / ANGLE_MARGIN
        if name == "isosceles triangle":
            return min(unequal(x, y) for x, y in combinations(sides, 2))
        equal = unequal(min(sides), max(sides))
        if name in ("equilateral triangle", "rhombus"):
            return equal
        if name.startswith("regular"):
            return max(equal, (max(angles) - min(angles)) / ANGLE_MARGIN)
        square = max(abs(a - 90) for a in angles) / ANGLE_MARGIN
        if name in ("rectangle", "square"):
            return square if name == "rectangle" else max(square, equal)
        return self._misses_pairs(name, equal, square)

    def _misses_pairs(self, name: str, equal: float, square: float) -> float:
        """Classes told by pairs of sides. What is a matter of convention is neither true nor false."""
        ab, bc, cd, da = self.sides
        if name == "kite":
            one, two = max(unequal(ab, da), unequal(bc, cd)), max(unequal(ab, bc), unequal(cd, da))
            return UNKNOWN if equal <= 1 else min(one, two)
        a, b, c, d = self.points
        first, second = not_parallel(a, b, c, d), not_parallel(b, c, a, d)
        if name == "parallelogram":
            return max(first, second)
        both = max(first, second) <= 1
        if name == "right trapezoid":
            corner = min(abs(x - 90) for x in self.angles) / ANGLE_MARGIN
            return max(UNKNOWN, corner) if both else max(min(first, second), corner)
        if name == "isosceles trapezoid":
            legs = min(max(first, unequal(bc, da)), max(second, unequal(ab, cd)))
            return max(UNKNOWN, square) if both else legs
        assert name == "trapezoid"
        return UNKNOWN if both else min(first, second)
