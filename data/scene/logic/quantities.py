"""What statements say about lengths, angles and directions, kept so that consequences cost nothing to read.

Positive quantities that are known up to a factor form a group; a number is a factor of the unit, so "AB = 5",
"AM is half of AB" and "AB = CD" are one kind of statement. Directions of lines form groups in which two lines
are parallel or perpendicular.
"""

from __future__ import annotations

from collections.abc import Iterable

UNIT = "1"
SLACK = 0.01
"""Share by which two numbers may differ and still be one number, rounded."""
EQUAL = 1e-6
"""Share up to which two numbers are one number."""


class Ratios:
    """Groups of positive quantities whose ratios are known; ``clash`` is set by two different ratios."""

    def __init__(self) -> None:
        self.above: dict[str, tuple[str, float]] = {UNIT: (UNIT, 1.0)}
        self.changes = 0
        self.clash = False

    def find(self, name: str) -> tuple[str, float]:
        """Return the root of a quantity's group and the quantity as a multiple of it."""
        found = self.above.get(name)
        if found is None:
            return name, 1.0
        root, factor = found
        if root == name or self.above[root][0] == root:
            return found
        root, more = self.find(root)
        self.above[name] = root, factor * more
        return root, factor * more

    def tie(self, first: str, second: str, factor: float = 1.0) -> None:
        """State that ``first`` is ``factor`` times ``second``."""
        one, x = self.find(first)
        two, y = self.find(second)
        y *= factor
        if one == two:
            self.clash |= abs(x - y) > SLACK * max(x, y)
            return
        if one == UNIT:  # the unit stays a root, so that a number is read off at once
            one, x, two, y = two, y, one, x
        self.above.setdefault(two, (two, 1.0))
        self.above[one] = two, y / x
        self.changes += 1

    def ratio(self, first: str, second: str) -> float | None:
        """Return ``first`` divided by ``second``, or None."""
        one, x = self.find(first)
        two, y = self.find(second)
        return x / y if one == two else None

    def value(self, name: str) -> float | None:
        """Return the number of a quantity, or None."""
        root, factor = self.find(name)
        return factor if root == UNIT else None

    def settle(self, terms: Iterable[tuple[str, float]], total: float) -> None:
        """Use the equation "the terms, each with its coefficient, add up to ``total``"."""
        left: dict[str, float] = {}
        size = abs(total)
        for name, coefficient in terms:
            root, factor = self.find(name)
            if root == UNIT:
                total -= coefficient * factor
                size += abs(coefficient) * factor
            else:
                left[root] = left.get(root, 0.0) + coefficient * factor
        unknown = [(root, c) for root, c in left.items() if abs(c) > 1e-9]
        if not unknown:
            self.clash |= abs(total) > SLACK * size
        elif len(unknown) == 1:
            root, c = unknown[0]
            if total / c > 1e-9:
                self.tie(root, UNIT, total / c)
            else:
                self.clash = True
        elif len(unknown) == 2 and abs(total) < 1e-9:
            (one, x), (two, y) = unknown
            if x * y < 0:
                self.tie(one, two, -y / x)


class Directions:
    """Groups of lines of which any two are parallel (False) or perpendicular (True)."""

    def __init__(self) -> None:
        self.above: dict[str, tuple[str, bool]] = {}
        self.changes = 0
        self.clash = False

    def find(self, line: str) -> tuple[str, bool]:
        """Return the root of a line's group and whether the line is perpendicular to it."""
        root, turned = self.above.get(line, (line, False))
        if root == line:
            return root, turned
        root, more = self.find(root)
        return root, turned ^ more

    def tie(self, first: str, second: str, perpendicular: bool) -> None:
        """State that two lines are parallel or perpendicular."""
        (one, x), (two, y) = self.find(first), self.find(second)
        if one == two:
            self.clash |= (x ^ y) != perpendicular
            return
        self.above.setdefault(two, (two, False))
        self.above[one] = two, x ^ y ^ perpendicular
        self.changes += 1

    def relation(self, first: str, second: str) -> bool | None:
        """Return False for parallel lines, True for perpendicular ones, None for unknown ones."""
        (one, x), (two, y) = self.find(first), self.find(second)
        return x ^ y if one == two else None
