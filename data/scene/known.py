"""What follows from statements by the rules of plane geometry alone, without any picture or coordinates.

A :class:`Known` takes facts in, one function per kind, and applies rules until nothing new comes. It holds for
every figure of different points that the statements are true of; :mod:`data.scene.entailment` asks it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import combinations
from math import sqrt

from data.scene.canonical import canonical
from data.scene.incidence import Incidence, pair
from data.scene.quantities import EQUAL, UNIT, Directions, Ratios
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
    "regular hexagon": 6,
}
"""Classes of figures that the table knows, with their corners."""
PARALLELOGRAMS = ("parallelogram", "rectangle", "rhombus", "square")
TRAPEZOIDS = ("trapezoid", "isosceles trapezoid", "right trapezoid")
CONVEX = (*PARALLELOGRAMS, *TRAPEZOIDS, "regular pentagon", "regular hexagon")
ROUND = ("on_circle", "chord", "diameter", "tangent", "inscribed")
"""Kinds that speak of a circle, named last by its centre, which none of their points can be."""
STRAIGHT = "="
"""Name of the angle of 180 degrees."""
MANY = 12
"""With more letters only triangles that are named are looked at."""


class Known(Incidence):
    """The facts that were stated and what follows: lengths, angles, directions, circles, polygons."""

    def __init__(self, facts: Iterable[Fact]) -> None:
        super().__init__()
        self.lengths, self.angles, self.directions = Ratios(), Ratios(), Directions()
        self.angles.tie(STRAIGHT, UNIT, 180.0)
        self.circles: dict[str, set[str]] = {}
        self.tangents: list[tuple[str, str]] = []
        self.polygons: dict[str, set[str]] = {}
        self.drawn: set[str] = set()
        self.facts = [f for f in facts if all(len(set(arg)) == len(arg) for arg in f.args)]
        self.lengths.clash = any(f.kind in ROUND and f.args[-1] in f.args[0] for f in self.facts)
        self.stated = frozenset(map(canonical, self.facts))
        self.letters = sorted(set("".join(arg for f in self.facts for arg in f.args)))
        for fact in self.facts:
            if place := PLACES.get(fact.kind):
                place(self, fact)
        self.finish()
        for fact in self.facts:
            if take := TAKES.get(fact.kind):
                take(self, fact)
        self._chain()

    @property
    def clash(self) -> bool:
        """Whether the statements contradict each other."""
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

    # --- rules

    def _chain(self) -> None:
        """Apply the rules until nothing new follows; four rounds are as deep as captions go."""
        names = [t for t in combinations(self.letters, 3)] if len(self.letters) <= MANY else []
        triples = names or [tuple(t) for t in sorted(self.proper)]
        self._lines()
        for _ in range(4):
            before = self._changes()
            for rule in RULES:
                rule(self)
            for a, b, c in triples:
                _triangle(self, a, b, c)
            if before == self._changes():
                return

    def _changes(self) -> int:
        return self.lengths.changes + self.angles.changes + self.directions.changes

    def _lines(self) -> None:
        """Angles at points of a line: side by side, and opposite each other at a crossing."""
        for p, segments in self.between.items():
            for (a, b), (c, d) in combinations(sorted(segments), 2):
                if not self._on_one_line(a, b, c):
                    self.same_angle(a + p + c, b + p + d)
                    self.same_angle(a + p + d, b + p + c)

    def _on_one_line(self, a: str, b: str, c: str) -> bool:
        return any(a in line and b in line and c in line for line in self.lines)


def _sums(known: Known) -> None:
    """Lengths along a line, angles at a point of a line, an angle and its parts."""
    lengths, angles = known.lengths, known.angles
    for p, segments in known.between.items():
        for a, b in segments:
            lengths.settle(((pair(a, p), 1.0), (pair(p, b), 1.0), (a + b, -1.0)), 0.0)
            for x in known.letters:
                if x in (a, b, p) or known._on_one_line(a, b, x):
                    continue
                one, two = known.angle(a, p, x), known.angle(x, p, b)
                if one in angles.above or two in angles.above:
                    angles.settle(((one, 1.0), (two, 1.0)), 180.0)
                whole, parts = known.angle(a, x, b), (known.angle(a, x, p), known.angle(p, x, b))
                if sum(name in angles.above for name in (whole, *parts)) >= 2 and all((whole, *parts)):
                    angles.settle(((whole, -1.0), *((part, 1.0) for part in parts)), 0.0)


def _triangle(known: Known, a: str, b: str, c: str) -> None:
    """Angle sum, equal sides and equal angles, Pythagoras: of any three points."""
    lengths, angles = known.lengths.above, known.angles.above
    at = known.angle(b, a, c), known.angle(a, b, c), known.angle(a, c, b)
    if not all(at) or STRAIGHT in at:
        return
    sides = pair(b, c), pair(a, c), pair(a, b)
    told = [name in angles for name in at]
    if sum(told) >= 2 or (told[0] and at[0]) or told[1] or told[2]:
        known.angles.settle([(name, 1.0) for name in at], 180.0)
    for i, j in ((0, 1), (0, 2), (1, 2)):
        if sides[i] in lengths and sides[j] in lengths:
            ratio = known.lengths.ratio(sides[i], sides[j])
            if ratio is not None and abs(ratio - 1) < EQUAL:
                known.angles.tie(at[i], at[j])
        if at[i] in angles and at[j] in angles:
            ratio = known.angles.ratio(at[i], at[j])
            if ratio is not None and abs(ratio - 1) < EQUAL and known.is_proper(a, b, c):
                known.lengths.tie(sides[i], sides[j])
    for i, name in enumerate(at):
        if name in angles and known.angles.value(name) == 90.0:
            _pythagoras(known, sides[i], sides[i - 1], sides[i - 2])


def _pythagoras(known: Known, longest: str, one: str, two: str) -> None:
    root = next((r for r, _ in map(known.lengths.find, (one, two)) if r == UNIT), known.lengths.find(longest)[0])
    (rl, c), (r1, a), (r2, b) = map(known.lengths.find, (longest, one, two))
    if r1 == r2:
        known.lengths.tie(longest, one, sqrt(a * a + b * b) / a)
    elif rl == root and root in (r1, r2):
        leg, other = (a, two) if r1 == root else (b, one)
        if c > leg:
            known.lengths.tie(other, longest, sqrt(c * c - leg * leg) / c)
        else:
            known.lengths.clash = True


def _right_angles(known: Known) -> None:
    """Perpendicular lines make right angles where they meet, and right angles make lines perpendicular."""
    for name in [n for n in known.angles.above if len(n) == 3]:
        if known.angles.value(name) == 90.0:
            known.directions.tie(known.key(*name[:2]), known.key(*name[1:]), True)
    groups: dict[str, tuple[list[str], list[str]]] = {}
    for line in list(known.directions.above):
        root, turned = known.directions.find(line)
        groups.setdefault(root, ([], []))[turned].append(line)
    for straight, across in groups.values():
        for one in straight:
            for two in across:
                first, second = known.line(*one), known.line(*two)
                for v in first & second:
                    for a in first - {v}:
                        for b in second - {v}:
                            known.put_angle(known.angle(a, v, b), 90.0)
                            known.put_proper(a + v + b)


def _symmetric(known: Known) -> None:
    """In a triangle, of equal sides, median, altitude and bisector from the apex any two imply the others."""
    for m, segments in known.between.items():
        for b, c in segments:
            for a in known.letters:
                if a in (b, c, m) or known._on_one_line(a, b, c):
                    continue
                right = known.directions.relation(known.key(a, m), known.key(b, c)) is True
                halves = known.angle(b, a, m), known.angle(m, a, c)
                signs = (
                    known.lengths.ratio(pair(a, b), pair(a, c)),
                    known.lengths.ratio(pair(m, b), pair(m, c)),
                    1.0 if right else None,
                    known.angles.ratio(*halves) if all(halves) else None,
                )
                holding = [sign is not None and abs(sign - 1) < EQUAL for sign in signs]
                if 2 <= sum(holding) < 4:
                    known.same_length(a + b, a + c)
                    known.same_length(m + b, m + c)
                    known.right(a, m, b)
                    known.same_angle(b + a + m, m + a + c)


def _cuts(known: Known) -> None:
    """A line DE from AB to AC is parallel to BC exactly when it cuts both in the same ratio."""
    cuts = [(d, *ends) for d, segments in known.between.items() for ends in segments]
    for d, a, b in [*cuts, *((d, b, a) for d, a, b in cuts)]:
        for e, x, y in cuts:
            top, c = (x, y) if x == a else (y, x)
            if top != a or e <= d or known._on_one_line(a, b, c):
                continue
            one = known.lengths.ratio(pair(a, d), pair(a, b))
            two = known.lengths.ratio(pair(a, e), pair(a, c))
            same = one is not None and two is not None and abs(one - two) < EQUAL
            if same:
                known.parallel(d + e, b + c)
            if known.directions.relation(known.key(d, e), known.key(b, c)) is False:
                known.same_angle(a + d + e, a + b + c)
                known.same_angle(a + e + d, a + c + b)
                if share := one or two:
                    known.same_length(a + d, a + b, share)
                    known.same_length(a + e, a + c, share)
                    known.same_length(d + e, b + c, share)


def _polygons(known: Known) -> None:
    """What a polygon becomes by what else is known of it: a rhombus with a right angle is a square."""
    for name, classes in known.polygons.items():
        if len(name) != 4:
            continue
        for i in (0, 1):
            _facing_sides(known, name[i:] + name[:i], classes)
        if len(classes & {*PARALLELOGRAMS}) and not classes >= {"rectangle", "rhombus"}:
            a, b, c, d = name
            if any(known.size(*name_) == 90.0 for name_ in (d + a + b, a + b + c)):
                _rectangle(known, name)
            ratio = known.lengths.ratio(pair(a, b), pair(b, c))
            if ratio is not None and abs(ratio - 1) < EQUAL:
                _rhombus(known, name)


def _facing_sides(known: Known, name: str, classes: set[str]) -> None:
    """Where the sides AB and CD of a convex quadrilateral are parallel, angles along the others add up."""
    a, b, c, d = name
    if not classes & {*CONVEX} or known.directions.relation(known.key(a, b), known.key(c, d)) is not False:
        return
    for one, two in ((d + a + b, a + d + c), (a + b + c, b + c + d)):
        first, second = known.angle(*one), known.angle(*two)
        if first in known.angles.above or second in known.angles.above:
            known.angles.settle(((first, 1.0), (second, 1.0)), 180.0)
    known.same_angle(b + a + c, a + c + d)
    known.same_angle(a + b + d, b + d + c)
    if "isosceles trapezoid" in classes and not classes & {*PARALLELOGRAMS}:
        known.same_length(a + d, b + c)
        known.same_angle(d + a + b, a + b + c)
        known.same_angle(a + d + c, b + c + d)
    across = known.directions.relation(known.key(b, c), known.key(d, a))
    if across is False and not classes & {*PARALLELOGRAMS}:
        _parallelogram(known, name)


def _circles(known: Known) -> None:
    """Thales, angles at the centre and on the circle, tangents and the radii they touch."""
    for centre, points in known.circles.items():
        for a, b in combinations(sorted(points), 2):
            through = known.opposite(centre, a, b)
            for c in points - {a, b}:
                known.put_proper(a + b + c)
                if through:
                    known.right(a, c, b)
                elif (size := known.size(a, c, b)) and abs(size - 90) > EQUAL:
                    central = 2 * size if size < 90 else 360 - 2 * size
                    known.put_angle(known.angle(a, centre, b), central)
    touching: dict[tuple[str, str], list[str]] = {}
    for segment, centre in known.tangents:
        line = known.line(*segment)
        touch = line & known.circles.get(centre, set())
        if len(touch) == 1:
            (t,) = touch
            for p in line - {t}:
                known.right(p, t, centre)
                touching.setdefault((centre, p), []).append(t)
    for (centre, p), points in touching.items():
        for t, u in combinations(sorted(set(points)), 2):
            known.same_length(p + t, p + u)
            known.same_angle(t + p + centre, u + p + centre)
            known.same_angle(t + p + centre, t + p + u, 0.5)


RULES: tuple[Callable[[Known], None], ...] = (_right_angles, _circles, _polygons, _cuts, _symmetric, _sums)


# --- facts taken in


def _parallelogram(known: Known, name: str) -> None:
    a, b, c, d = name
    known.polygons[name].add("parallelogram")
    known.parallel(a + b, c + d)
    known.parallel(b + c, d + a)
    known.same_length(a + b, c + d)
    known.same_length(b + c, d + a)
    known.same_angle(d + a + b, b + c + d)
    known.same_angle(a + b + c, c + d + a)
    for e in known.between:
        if {pair(a, c), pair(b, d)} <= known.between[e]:
            known.same_length(e + a, e + c)
            known.same_length(e + b, e + d)


def _rectangle(known: Known, name: str) -> None:
    a, b, c, d = name
    known.polygons[name].add("rectangle")
    for corner in (d + a + b, a + b + c, b + c + d, c + d + a):
        known.right(*corner)
    known.same_length(a + c, b + d)


def _rhombus(known: Known, name: str) -> None:
    a, b, c, d = name
    known.polygons[name].add("rhombus")
    known.same_length(a + b, b + c)
    known.same_length(b + c, c + d)
    known.same_length(c + d, d + a)
    known.perpendicular(a + c, b + d)
    for x, y, z, w in (name, name[1:] + name[0], name[2:] + name[:2], name[3:] + name[:3]):
        known.same_angle(w + x + z, z + x + y)
        known.same_angle(w + x + z, w + x + y, 0.5)


def _shape(known: Known, fact: Fact) -> None:
    name, sort = fact.args[0], str(fact.value)
    if CLASSES.get(sort) != len(name):
        return
    known.polygons.setdefault(name, set()).add(sort)
    a, b, c = name[:3]
    d = name[3:4]
    if sort == "equilateral triangle" or sort.startswith("regular"):
        ring = [name[i - 1] + name[i] for i in range(len(name))]
        corners = [name[i - 2] + name[i - 1] + name[i] for i in range(len(name))]
        for side, corner in zip(ring, corners, strict=True):
            known.same_length(side, ring[0])
            known.put_angle(known.angle(*corner), 180.0 - 360.0 / len(name))
        if len(name) == 6:
            for i in range(3):
                known.parallel(ring[i], ring[i + 3])
    if sort in PARALLELOGRAMS:
        _parallelogram(known, name)
    if sort in ("rectangle", "square"):
        _rectangle(known, name)
    if sort in ("rhombus", "square"):
        _rhombus(known, name)
    if sort == "isosceles trapezoid":
        known.same_length(a + c, b + d)
    if sort == "kite":
        known.perpendicular(a + c, b + d)


def _midpoint(known: Known, p: str, segment: str) -> None:
    a, b = segment
    if p not in segment:
        known.same_length(p + a, segment, 0.5)
        known.same_length(p + b, segment, 0.5)


def _foot(segment: str, triangle: str) -> tuple[str, str, str] | None:
    """The corner, the foot and the far side of a segment from a corner of a triangle, or None."""
    inside = [p for p in segment if p in triangle]
    if len(inside) != 1:
        return None
    foot = segment.replace(inside[0], "")
    return inside[0], foot, triangle.replace(inside[0], "")


def _median(known: Known, fact: Fact) -> None:
    if found := _foot(*fact.args):
        _midpoint(known, found[1], found[2])


def _altitude(known: Known, fact: Fact) -> None:
    if found := _foot(*fact.args):
        known.perpendicular(fact.args[0], found[2])


def _midsegment(known: Known, fact: Fact) -> None:
    for p in fact.args[0]:
        for ends in combinations(sorted(fact.args[1]), 2):
            if "".join(ends) in known.between[p]:
                _midpoint(known, p, "".join(ends))


def _bisects(known: Known, fact: Fact) -> None:
    (a, v, b), segment = fact.args[1], fact.args[0]
    if v in segment:
        q = segment.replace(v, "")
        for arm in (a, b):
            if q != arm:
                known.same_angle(arm + v + q, a + v + b, 0.5)
        if {a, b}.isdisjoint(q):
            known.same_angle(a + v + q, q + v + b)


def _triangles(known: Known, fact: Fact) -> None:
    one, two = fact.args
    if len(one) != 3 or len(two) != 3:
        return
    for i in range(3):
        known.same_angle(one[i - 1] + one[i] + one[i - 2], two[i - 1] + two[i] + two[i - 2])
    sides = [(one[i - 1] + one[i], two[i - 1] + two[i]) for i in range(3)]
    if fact.kind == "congruent":
        for first, second in sides:
            known.same_length(first, second)
        return
    ratio = next((r for s, t in sides if (r := known.lengths.ratio(pair(*s), pair(*t)))), None)
    for first, second in sides:
        if ratio:
            known.same_length(first, second, ratio)


def _number(known: Known, fact: Fact) -> None:
    value = float(fact.value or 0.0)
    if fact.kind == "length":
        known.lengths.clash |= value <= 0
        if value > 0:
            known.lengths.tie(pair(*fact.args[0]), UNIT, value)
        return
    name = known.angle(*fact.args[0])
    known.angles.clash |= not 0 < value <= 180 or not name
    if 0 < value <= 180 and name:
        known.angles.tie(name, UNIT, value)


def _perpendicular(known: Known, fact: Fact) -> None:
    known.perpendicular(*fact.args)


def _parallel(known: Known, fact: Fact) -> None:
    if set(fact.args[0]).isdisjoint(fact.args[1]):
        known.parallel(*fact.args)


def _bisector_of_segment(known: Known, fact: Fact) -> None:
    line, (a, b) = fact.args
    known.perpendicular(line, a + b)
    for p in line:
        if pair(a, b) in known.between[p]:
            _midpoint(known, p, a + b)
        elif p not in (a, b):
            known.same_length(p + a, p + b)


def _incircle(known: Known, fact: Fact) -> None:
    centre, polygon = fact.args
    for i in range(len(polygon)):
        a, v, b = polygon[i - 2], polygon[i - 1], polygon[i]
        known.tangents.append((pair(v, b), centre))
        known.same_angle(a + v + centre, centre + v + b)
        known.same_angle(a + v + centre, a + v + b, 0.5)


def _sector(known: Known, fact: Fact) -> None:
    a, o, b = fact.args[0]
    known.same_length(o + a, o + b)


def _folded(known: Known, fact: Fact) -> None:
    p, axis, image = fact.args
    known.perpendicular(axis, p + image)
    for x in axis:
        known.same_length(x + p, x + image)


def _rotated(known: Known, fact: Fact) -> None:
    one, two, centre = fact.args
    _triangles(known, Fact("congruent", (one, two)))
    for p, q in zip(one, two, strict=False):
        if centre not in (p, q):
            known.same_length(centre + p, centre + q)


def _on_circle(known: Known, fact: Fact) -> None:
    known.put_on_circle(fact.args[-1], fact.args[0])


def _tangent(known: Known, fact: Fact) -> None:
    known.circles.setdefault(fact.args[1], set())
    known.tangents.append((pair(*fact.args[0]), fact.args[1]))


def _equal(known: Known, fact: Fact) -> None:
    known.same_length(*fact.args)


def _equal_angle(known: Known, fact: Fact) -> None:
    known.same_angle(*fact.args)


TAKES: dict[str, Callable[[Known, Fact], None]] = {
    "shape": _shape,
    "parallel": _parallel,
    "perpendicular": _perpendicular,
    "equal": _equal,
    "equal_angle": _equal_angle,
    "midpoint": lambda known, fact: _midpoint(known, *fact.args),
    "bisects": _bisects,
    "median": _median,
    "altitude": _altitude,
    "midsegment": _midsegment,
    "congruent": _triangles,
    "similar": _triangles,
    "length": _number,
    "angle": _number,
    "circle": lambda known, fact: known.put_on_circle(fact.args[0], ""),
    "on_circle": _on_circle,
    "chord": _on_circle,
    "diameter": _on_circle,
    "inscribed": _on_circle,
    "tangent": _tangent,
    "perpendicular_bisector": _bisector_of_segment,
    "incircle": _incircle,
    "sector": _sector,
    "folded": _folded,
    "rotated": _rotated,
}
"""What a kind of fact says, in lengths, angles and directions. Other kinds say nothing to the table."""


# --- where points lie: read before anything else, because it decides which names mean one angle


def _place_polygon(known: Known, name: str, drawn: bool = True) -> None:
    size = len(name)
    for i in range(size):
        known.put_proper(name[i - 2] + name[i - 1] + name[i])
        if drawn:
            known.drawn.add(pair(name[i - 1], name[i]))


def _place_points(known: Known, fact: Fact) -> None:
    p, *segments = fact.args
    for segment in segments:
        known.put_between(p, segment)
        known.drawn.add(pair(*segment))


def _place_segments(known: Known, fact: Fact) -> None:
    for segment in fact.args:
        if len(segment) == 2:
            known.drawn.add(pair(*segment))
    if fact.kind == "diameter":
        known.put_between(fact.args[1], fact.args[0])
    if fact.kind == "perpendicular" and (shared := set(fact.args[0]) & set(fact.args[1])):
        known.put_proper("".join(shared | set(fact.args[0]) | set(fact.args[1])))
    if fact.kind == "parallel" and len(set("".join(fact.args))) == 4:
        for corners in combinations("".join(fact.args), 3):
            known.put_proper("".join(corners))


def _place_cevian(known: Known, fact: Fact) -> None:
    segment, triangle = fact.args
    known.drawn.add(pair(*segment))
    _place_polygon(known, triangle)
    if found := _foot(segment, triangle):
        _, foot, side = found
        known.put_between(foot, side) if fact.kind == "median" else known.put_line(foot + side)


def _place_shape(known: Known, fact: Fact) -> None:
    if CLASSES.get(str(fact.value)) == len(fact.args[0]):
        _place_polygon(known, fact.args[0])


def _place_angles(known: Known, fact: Fact) -> None:
    for a, v, b in fact.args:
        known.drawn |= {pair(a, v), pair(v, b)}
    if fact.kind == "angle" and 0 < float(fact.value or 0) < 180:
        known.put_proper(fact.args[0])


def _place_triangles(known: Known, fact: Fact) -> None:
    for name in fact.args:
        if len(name) == 3:
            _place_polygon(known, name)


PLACES: dict[str, Callable[[Known, Fact], None]] = {
    "shape": _place_shape,
    "midpoint": _place_points,
    "on": _place_points,
    "intersection": _place_points,
    "median": _place_cevian,
    "altitude": _place_cevian,
    "midsegment": lambda known, fact: _place_polygon(known, fact.args[1]),
    "congruent": _place_triangles,
    "similar": _place_triangles,
    "rotated": _place_triangles,
    "angle": _place_angles,
    "equal_angle": _place_angles,
    "inscribed": lambda known, fact: _place_polygon(known, fact.args[0]),
    "incircle": lambda known, fact: _place_polygon(known, fact.args[1]),
} | dict.fromkeys(
    ("parallel", "perpendicular", "equal", "length", "chord", "diameter", "tangent", "bisects"), _place_segments
)
