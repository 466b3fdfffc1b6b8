"""What a reader sees in a figure before computing: lines, rays, triangles, stated facts and labelled numbers.

Coordinates tell only how things lie (which points are on a line, in which order, on which side), never how
large they are.
"""

# mypy: disable-error-code="str-unpack"
# Names of segments and polygons are taken apart into their letters.
from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations, pairwise
from typing import NamedTuple

from data.scene import geometry as g
from data.scene.canonical import canonical
from data.scene.derive.exact import Exact
from data.scene.derive.formulas import Formula
from data.scene.types import Built, Fact, Point, Scene

SAME_LINE = 1e-6
"""Sine or px up to which points are on one line; what is clear is either exact or far off."""


class Quantity(NamedTuple):
    """``of`` what (length, angle, perimeter, area, circumference, disc, arc, sector), of which name."""

    of: str
    name: str


Premise = Fact | str
"""What a step leans on: a fact, or a clause in words that names a theorem or how things lie."""


class Link(NamedTuple):
    """One way to compute ``target`` from ``inputs``, and why."""

    target: Quantity
    inputs: tuple[Quantity, ...]
    formula: Formula
    because: tuple[Premise, ...]
    rule: str


@dataclass(frozen=True)
class Conclusion:
    """Why a fact that is not stated holds; a ``plain`` one needs no step of its own."""

    because: tuple[Premise, ...]
    plain: bool


def segment(name: str) -> str:
    """One name for both spellings of a segment."""
    return name if name[0] < name[1] else name[::-1]


def length(a: str, b: str) -> Quantity:
    """The length of the segment ab."""
    return Quantity("length", segment(a + b))


def common(one: Iterable[str], two: Iterable[str]) -> list[str]:
    """The points of both, in order: that of a set changes from run to run."""
    return sorted(set(one) & set(two))


def ends(line: str, v: str) -> list[str]:
    """The ends of a line as seen from its point ``v``."""
    return [end for end in (line[0], line[-1]) if end != v]


def edges(polygon: str) -> list[str]:
    """The sides of a polygon in order."""
    return [a + b for a, b in pairwise(polygon + polygon[0])]


def turns(polygon: str) -> list[str]:
    """A polygon's name from each corner on."""
    return [polygon[i:] + polygon[:i] for i in range(len(polygon))]


def lines(scene: Scene) -> list[str]:
    """Return the labelled points along every drawn straight line, in order; at least two each.

    Segments that continue each other make one line.
    """
    points = scene.points
    found: list[tuple[str, str]] = []
    for p, q in scene.segments:
        for i, (a, b) in enumerate(found):
            if max(_off(points, r, a, b) for r in (p, q)) > SAME_LINE:
                continue
            if any(_within(points, r, a, b) for r in (p, q)) or any(_within(points, r, p, q) for r in (a, b)):
                ends = sorted((a, b, p, q), key=lambda name: points[name])
                found[i] = ends[0], ends[-1]
                break
        else:
            found.append((p, q))
    names = [name for name in points if name.isupper()]
    along = []
    for a, b in found:
        inside = [n for n in names if g.to_segment(points[n], points[a], points[b]) < SAME_LINE]
        line = "".join(sorted(inside, key=lambda n: g.distance(points[n], points[a])))
        along.append(line if line[:1] < line[-1:] else line[::-1])
    return [line for line in along if len(line) > 1]


def _off(points: Mapping[str, Point], p: str, a: str, b: str) -> float:
    return g.to_line(points[p], points[a], points[b])


def _within(points: Mapping[str, Point], p: str, a: str, b: str) -> bool:
    return g.to_segment(points[p], points[a], points[b]) < SAME_LINE


class Known:
    """A figure as a reader knows it; rules add facts, links compute numbers.

    ``lines`` are names of points in order, ``drawn`` the visible segments (parts of lines too), ``rays[v]``
    the directions that leave ``v``, each named by its farthest point, ``beyond[v, a]`` the ray opposite to
    that to ``a``, ``numbers`` what labels tell.
    """

    def __init__(self, built: Built) -> None:
        self.scene = built.scene
        self.points = {name: p for name, p in built.scene.points.items() if name.isupper()}
        self.lines = lines(built.scene)
        self.drawn = {segment(a + b) for line in self.lines for a, b in combinations(line, 2)}
        self._line_of = {
            pair: line for line in self.lines for pair in (segment(a + b) for a, b in combinations(line, 2))
        }
        self._rays()
        self.why: dict[Fact, Conclusion] = {}
        self._facts: dict[str, list[Fact]] = {}
        self._seen: set[Fact] = set()
        self.numbers: dict[Quantity, Exact] = {}
        for fact in built.stated:
            self._add(fact)
            if fact.kind in ("length", "angle") and (quantity := self.quantity(fact.kind, fact.args[0])):
                self.numbers[quantity] = Exact(round(float(fact.value or 0)))

    def _rays(self) -> None:
        self.rays: dict[str, list[str]] = {name: [] for name in self.points}
        self.beyond: dict[tuple[str, str], str] = {}
        self._ray: dict[str, str] = {}
        for line in self.lines:
            for i, v in enumerate(line):
                ends = [line[0]] * (i > 0) + [line[-1]] * (i < len(line) - 1)
                self.rays[v] += ends
                self._ray |= {v + p: line[0] if j < i else line[-1] for j, p in enumerate(line) if j != i}
                if len(ends) == 2:
                    self.beyond[v, ends[0]], self.beyond[v, ends[1]] = ends[1], ends[0]

    def facts(self, *kinds: str) -> list[Fact]:
        """Return stated and shown facts of ``kinds``, stated ones first."""
        return [fact for kind in kinds for fact in self._facts.get(kind, ())]

    def holds(self, fact: Fact) -> bool:
        """Whether a fact is stated or shown, in any spelling."""
        return canonical(fact) in self._seen

    def show(self, fact: Fact, *because: Premise, plain: bool = False) -> None:
        """Add a fact that follows; ``plain`` where it needs no step of its own."""
        if self._add(fact):
            self.why[fact] = Conclusion(because, plain)

    def _add(self, fact: Fact) -> bool:
        form = canonical(fact)
        if form in self._seen:
            return False
        self._seen.add(form)
        self._facts.setdefault(fact.kind, []).append(fact)
        return True

    def quantity(self, kind: str, name: str) -> Quantity | None:
        """The quantity that a name in any spelling stands for; None for an angle that is none."""
        return length(*name) if kind == "length" else self.angle(*name)

    def ray(self, v: str, p: str) -> str:
        """The farthest point of the ray from ``v`` through ``p``."""
        return self._ray.get(v + p, p)

    def angle(self, a: str, v: str, b: str) -> Quantity | None:
        """The angle a-v-b under the one name of all its spellings, or None where the arms are on a line."""
        one, two = self.ray(v, a), self.ray(v, b)
        if one == two or self.beyond.get((v, one)) == two:
            return None
        return Quantity("angle", one + v + two if one < two else two + v + one)

    def line(self, a: str, b: str) -> str:
        """The points of the drawn line through a and b, or ''."""
        return self._line_of.get(segment(a + b), "")

    def is_drawn(self, polygon: str) -> bool:
        """Whether all sides of a polygon are drawn, each on a line of its own."""
        used = [self._line_of.get(segment(side)) for side in edges(polygon)]
        return None not in used and all(a != b for a, b in pairwise([*used, used[0]]))

    @cached_property
    def triangles(self) -> list[str]:
        """Every triangle whose sides are drawn."""
        found = []
        for a, b in sorted(self.drawn):
            for c in sorted(self.points):
                sides = {segment(a + c), segment(b + c)}
                if b < c and sides <= self.drawn and c not in self._line_of[a + b]:
                    found.append(a + b + c)
        return found

    def quadrilaterals(self) -> list[tuple[str, Fact]]:
        """Every quadrilateral that a shape names."""
        return [(fact.args[0], fact) for fact in self.facts("shape") if len(fact.args[0]) == 4]

    def side(self, p: str, a: str, b: str) -> float:
        """On which side of the line ab the point p lies: the sign."""
        (ax, ay), (bx, by), (px, py) = self.points[a], self.points[b], self.points[p]
        return (bx - ax) * (py - ay) - (by - ay) * (px - ax)

    def toward(self, a: str, b: str, c: str, d: str) -> bool:
        """Whether the parallels ab and cd point the same way."""
        (ax, ay), (bx, by), (cx, cy), (dx, dy) = (self.points[n] for n in (a, b, c, d))
        return (bx - ax) * (dx - cx) + (by - ay) * (dy - cy) > 0

    def inside(self, a: str, v: str, b: str, c: str) -> bool:
        """Whether the ray from v through c lies inside the angle a-v-b."""
        whole = self.side(b, v, a)
        return self.side(c, v, a) * whole > 0 and self.side(c, v, b) * whole < 0


def link(
    rule: str,
    target: Quantity | None,
    inputs: Iterable[Quantity | None],
    formula: Formula,
    *because: Premise,
) -> Iterator[Link]:
    """Yield the link, unless one of its angles is none or it would compute a number from itself."""
    given = tuple(inputs)
    if target is not None and None not in given and target not in given:
        yield Link(target, given, formula, because, rule)  # type: ignore[arg-type]
