"""Which points lie on one line, which of them between others, and which three are corners of a triangle."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from itertools import combinations


def pair(a: str, b: str) -> str:
    """The segment between two points, letters in order."""
    return a + b if a < b else b + a


class Incidence:
    """Order and collinearity of named points, all of them different."""

    def __init__(self) -> None:
        self.lines: list[set[str]] = []
        self.between: defaultdict[str, set[str]] = defaultdict(set)
        self.proper: set[str] = set()
        self._ray: dict[str, str] = {}

    def put_line(self, points: Iterable[str]) -> None:
        """State that three or more points lie on one line; lines that share two points are one."""
        line = set(points)
        apart = []
        for other in self.lines:
            if len(other & line) >= 2:
                line |= other
            else:
                apart.append(other)
        self.lines = [*apart, line]

    def put_between(self, p: str, ends: str) -> None:
        """State that ``p`` lies between the ends of a segment."""
        if p not in ends:
            self.between[p].add(pair(*ends))
            self.put_line(p + ends)

    def put_proper(self, points: str) -> None:
        """State that three points lie on no line."""
        self.proper.add("".join(sorted(points)))

    def finish(self) -> None:
        """Draw the conclusions about order; call it once, after the last point has been put."""
        grown = True
        while grown:
            grown = False
            for q, p, ends in self._nested():
                a, b = tuple(ends)
                if pair(a, b) not in self.between[q]:
                    self.between[q].add(pair(a, b))
                    grown = True
                far = b if pair(a, p) in self.between[q] else a
                if pair(q, far) not in self.between[p]:
                    self.between[p].add(pair(q, far))
                    grown = True
        for p, segments in self.between.items():
            for a, b in map(tuple, segments):
                self._same_ray(a, p, b)
                self._same_ray(b, p, a)

    def _nested(self) -> Iterator[tuple[str, str, str]]:
        """Every q that lies in a part of a segment that p divides."""
        if sum(map(len, self.between.values())) < 2:
            return
        for p, segments in list(self.between.items()):
            for ends in list(segments):
                for q in list(self.between):
                    if any(pair(end, p) in self.between[q] for end in ends):
                        yield q, p, ends

    def _same_ray(self, v: str, x: str, y: str) -> None:
        one, two = self.ray(v, x), self.ray(v, y)
        first, last = min(one, two), max(one, two)
        for point in {x, y, *(k[1] for k, end in self._ray.items() if k[0] == v and end == last)}:
            self._ray[v + point] = first

    def ray(self, v: str, x: str) -> str:
        """Return the first letter known to lie on the ray from ``v`` through ``x``."""
        return self._ray.get(v + x, x)

    def opposite(self, v: str, x: str, y: str) -> bool:
        """Whether ``x`` and ``y`` are known to lie on two sides of ``v``."""
        if v not in self.between:
            return False
        one, two = self.ray(v, x), self.ray(v, y)
        return any({self.ray(v, a), self.ray(v, b)} == {one, two} for a, b in map(tuple, self.between[v]))

    def line(self, a: str, b: str) -> set[str]:
        """Return all points known to lie on the line through two points."""
        return next((line for line in self.lines if a in line and b in line), {a, b})

    def key(self, a: str, b: str) -> str:
        """Return one name for all segments of a line."""
        for line in self.lines:
            if a in line and b in line:
                return "".join(sorted(line)[:2])
        return a + b if a < b else b + a

    def is_proper(self, a: str, b: str, c: str) -> bool | None:
        """Whether three points are known to be a triangle's (True) or to lie on a line (False)."""
        if "".join(sorted(a + b + c)) in self.proper:
            return True
        if any(a in line and b in line and c in line for line in self.lines):
            return False
        return self._seen_proper(frozenset((a, b, c)), 2) or None

    def _seen_proper(self, points: frozenset[str], moves: int) -> bool:
        """Whether moving corners along known lines leads to a known triangle."""
        if "".join(sorted(points)) in self.proper:
            return True
        if not moves:
            return False
        for third in points:
            ends = points - {third}
            for line in self.lines:
                if ends <= line and third not in line:
                    for x, y in combinations(line, 2):
                        if self._seen_proper(frozenset((x, y, third)), moves - 1):
                            return True
        return False
