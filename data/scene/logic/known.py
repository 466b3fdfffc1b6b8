"""What is known of a figure: its points and lines, lengths, angles, directions, circles and polygons.

:mod:`data.scene.logic.intake` fills it from facts and :mod:`data.scene.logic.rules` draws the conclusions.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property

from data.scene.canonical import canonical
from data.scene.logic.incidence import Incidence, pair
from data.scene.logic.quantities import UNIT, Directions, Ratios
from data.scene.types import Fact

CLASSES = {
    "triangle": 3,
    "right triangle": 3,
    "isosceles triangle": 3,
    "equilateral triangle": 3,
    "quadrilateral": 4,
    "kite": 4,
    "trapezoid": 4,
    "isosceles trapezoid": 4,
    "right trapezoid": 4,
    "parallelogram": 4,
    "rectangle": 4,
    "rhombus": 4,
    "square": 4,
    "pentagon": 5,
    "regular pentagon": 5,
    "hexagon": 6,
    "octagon": 8,
    "regular hexagon": 6,
    "regular octagon": 8,
}
"""Classes of figures that the table knows, with their corners."""
PARALLELOGRAMS = ("parallelogram", "rectangle", "rhombus", "square")
TRAPEZOIDS = ("trapezoid", "isosceles trapezoid", "right trapezoid")
CONVEX = (*PARALLELOGRAMS, *TRAPEZOIDS, "regular pentagon", "regular hexagon", "regular octagon")
ROUND = ("on_circle", "chord", "diameter", "tangent", "inscribed")
"""Kinds that speak of a circle, named last by its centre, which none of their points can be."""
STRAIGHT = "="
"""Name of the angle of 180 degrees."""


class Known(Incidence):
    """The facts that were stated and what follows: lengths, angles, directions, circles, polygons."""

    def __init__(self, facts: Iterable[Fact]) -> None:
        super().__init__()
        self.lengths, self.angles, self.directions = Ratios(), Ratios(), Directions()
        self.angles.tie(STRAIGHT, UNIT, 180.0)
        self.circles: dict[str, set[str]] = {}
        self.tangents: list[tuple[str, str]] = []
        self.similar: list[list[tuple[str, str]]] = []  # corresponding sides
        self.polygons: dict[str, set[str]] = {}
        self.drawn: set[str] = set()
        self.facts = [f for f in facts if all(len(set(arg)) == len(arg) for arg in f.args)]
        self.lengths.clash = any(f.kind in ROUND and f.args[-1] in f.args[0] for f in self.facts)
        self.stated = frozenset(map(canonical, self.facts))
        self.letters = sorted(set("".join(arg for f in self.facts for arg in f.args)))

    @cached_property
    def clash(self) -> bool:
        """Whether the statements contradict each other; asked once everything is drawn."""
        return self.lengths.clash or self.angles.clash or self.directions.clash or self._flat()

    def _flat(self) -> bool:
        return any(set(corners) <= line for corners in self.proper for line in self.lines)

    # --- names

    def angle(self, a: str, v: str, b: str) -> str:
        """Return one name for all ways to name an angle; an angle of 0 degrees has none, ``""``."""
        a, b = self.ray(v, a), self.ray(v, b)
        if a == b:
            return ""
        if self.opposite(v, a, b):
            return STRAIGHT
        return a + v + b if a < b else b + v + a

    def size(self, a: str, v: str, b: str) -> float | None:
        """Return the size of an angle in degrees, or None."""
        name = self.angle(a, v, b)
        return self.angles.value(name) if name else None

    # --- statements of the chain

    def right(self, a: str, v: str, b: str) -> None:
        """State a right angle."""
        self.put_proper(a + v + b)
        self.directions.tie(self.key(a, v), self.key(v, b), True)
        self.put_angle(self.angle(a, v, b), 90.0)

    def put_angle(self, name: str, degrees: float) -> None:
        """State the size of an angle; one without a name is no angle at all."""
        if name:
            self.angles.tie(name, UNIT, degrees)

    def same_angle(self, one: str, two: str, factor: float = 1.0) -> None:
        """State that angle ``one`` is ``factor`` times angle ``two``."""
        first, second = self.angle(*one), self.angle(*two)
        if first and second:
            self.angles.tie(first, second, factor)

    def same_length(self, one: str, two: str, factor: float = 1.0) -> None:
        """State that segment ``one`` is ``factor`` times segment ``two``."""
        self.lengths.tie(pair(*one), pair(*two), factor)

    def parallel(self, one: str, two: str) -> None:
        """State that two segments are parallel."""
        self.directions.tie(self.key(*one), self.key(*two), False)

    def perpendicular(self, one: str, two: str) -> None:
        """State that two segments are perpendicular."""
        self.directions.tie(self.key(*one), self.key(*two), True)

    def put_on_circle(self, centre: str, points: Iterable[str]) -> None:
        """State that points lie on a circle."""
        on_circle = self.circles.setdefault(centre, set())
        for p in points:
            on_circle.add(p)
            self.lengths.tie(pair(centre, p), "@" + centre)

    def changes(self) -> int:
        """Return a count that grows whenever something new is stated."""
        return self.lengths.changes + self.angles.changes + self.directions.changes

    def on_one_line(self, a: str, b: str, c: str) -> bool:
        """Whether three points are known to lie on one line."""
        return any(a in line and b in line and c in line for line in self.lines)
