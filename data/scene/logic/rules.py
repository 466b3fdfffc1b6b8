"""Rules of plane geometry. Each holds for every figure of different points, and reads and adds to a Known."""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations
from math import sqrt

from data.scene.logic.incidence import pair
from data.scene.logic.known import CONVEX, PARALLELOGRAMS, STRAIGHT, Known
from data.scene.logic.quantities import EQUAL

Three = tuple[str, str, str]
Triangle = tuple[Three, Three, Three]
MANY = 12
"""With more letters only triangles that are named are looked at."""


def chain(known: Known) -> None:
    """Apply the rules until nothing new follows; four rounds are as deep as captions go."""
    triples = (
        combinations(known.letters, 3) if len(known.letters) <= MANY else map(tuple, sorted(known.proper))
    )
    triangles = [triangle for a, b, c in triples if (triangle := _triangle(known, a, b, c))]
    _crossings(known)
    for _ in range(4):
        before = known.changes()
        for rule in RULES:
            rule(known)
        for corners, sides, at in triangles:
            _in_triangle(known, corners, sides, at)
        if before == known.changes():
            return


def _triangle(known: Known, a: str, b: str, c: str) -> Triangle | None:
    """Return corners, the sides that face them, and the angles at them; None for points of one line."""
    at = known.angle(b, a, c), known.angle(a, b, c), known.angle(a, c, b)
    if not all(at) or STRAIGHT in at:
        return None
    return (a, b, c), (pair(b, c), pair(a, c), pair(a, b)), at


def _crossings(known: Known) -> None:
    """Where two lines cross, angles that face each other are equal."""
    for p, segments in known.between.items():
        for (a, b), (c, d) in combinations(map(tuple, sorted(segments)), 2):
            if not known.on_one_line(a, b, c):
                known.same_angle(a + p + c, b + p + d)
                known.same_angle(a + p + d, b + p + c)


def _sums(known: Known) -> None:
    """Lengths along a line, angles at a point of a line, an angle and its parts."""
    lengths, angles = known.lengths, known.angles
    for p, segments in known.between.items():
        for a, b in map(tuple, segments):
            lengths.settle(((pair(a, p), 1.0), (pair(p, b), 1.0), (a + b, -1.0)), 0.0)
            for x in known.letters:
                if x in (a, b, p) or known.on_one_line(a, b, x):
                    continue
                one, two = known.angle(a, p, x), known.angle(x, p, b)
                if one in angles.above or two in angles.above:
                    angles.settle(((one, 1.0), (two, 1.0)), 180.0)
                whole, parts = known.angle(a, x, b), (known.angle(a, x, p), known.angle(p, x, b))
                if sum(name in angles.above for name in (whole, *parts)) >= 2 and all((whole, *parts)):
                    angles.settle(((whole, -1.0), *((part, 1.0) for part in parts)), 0.0)


def _in_triangle(known: Known, corners: Three, sides: Three, at: Three) -> None:
    """Angle sum, equal sides and equal angles, Pythagoras: of any three points."""
    lengths, angles = known.lengths, known.angles
    told = [
        (root, factor) if name in angles.above else None
        for name in at
        for root, factor in (angles.find(name),)
    ]
    seen = [found for found in told if found]
    if seen and (len(seen) > 1 or known.angles.value(at[told.index(seen[0])])):
        angles.settle([(name, 1.0) for name in at], 180.0)
    found = [lengths.find(side) if side in lengths.above else None for side in sides]
    for i, j in ((0, 1), (0, 2), (1, 2)):
        if _one(found[i], found[j]):
            angles.tie(at[i], at[j])
        elif _one(told[i], told[j]) and known.is_proper(*corners):
            lengths.tie(sides[i], sides[j])
    for i, place in enumerate(told):
        if place and angles.value(at[i]) == 90.0:
            _pythagoras(known, sides[i], sides[i - 1], sides[i - 2])


def _one(x: tuple[str, float] | None, y: tuple[str, float] | None) -> bool:
    """Whether two quantities, as multiples of their roots, are equal."""
    return x is not None and y is not None and x[0] == y[0] and abs(x[1] - y[1]) < EQUAL * x[1]


def _pythagoras(known: Known, longest: str, one: str, two: str) -> None:
    """Find the third side of a right triangle from two whose ratio is known."""
    (r0, c), (r1, a), (r2, b) = map(known.lengths.find, (longest, one, two))
    if r1 == r2:
        known.lengths.tie(longest, one, sqrt(a * a + b * b) / a)
    elif r0 in (r1, r2):
        leg, other = (a, two) if r0 == r1 else (b, one)
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
        for b, c in map(tuple, segments):
            for a in known.letters:
                if a in (b, c, m) or known.on_one_line(a, b, c):
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
            if top != a or e <= d or known.on_one_line(a, b, c):
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
            a, b, c, d = tuple(name)
            if any(known.size(*name_) == 90.0 for name_ in (d + a + b, a + b + c)):
                rectangle(known, name)
            ratio = known.lengths.ratio(pair(a, b), pair(b, c))
            if ratio is not None and abs(ratio - 1) < EQUAL:
                rhombus(known, name)


def _facing_sides(known: Known, name: str, classes: set[str]) -> None:
    """Where the sides AB and CD of a convex quadrilateral are parallel, angles along the others add up."""
    a, b, c, d = tuple(name)
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
        parallelogram(known, name)


def _proportions(known: Known) -> None:
    """Sides of similar triangles have one ratio."""
    for sides in known.similar:
        ratios = (known.lengths.ratio(pair(*one), pair(*two)) for one, two in sides)
        if ratio := next((r for r in ratios if r), None):
            for one, two in sides:
                known.same_length(one, two, ratio)


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
    for (centre, p), touched in touching.items():
        for t, u in combinations(sorted(set(touched)), 2):
            known.same_length(p + t, p + u)
            known.same_angle(t + p + centre, u + p + centre)
            known.same_angle(t + p + centre, t + p + u, 0.5)


def parallelogram(known: Known, name: str) -> None:
    a, b, c, d = tuple(name)
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


def rectangle(known: Known, name: str) -> None:
    a, b, c, d = tuple(name)
    known.polygons[name].add("rectangle")
    for corner in (d + a + b, a + b + c, b + c + d, c + d + a):
        known.right(*corner)
    known.same_length(a + c, b + d)


def rhombus(known: Known, name: str) -> None:
    a, b, c, d = tuple(name)
    known.polygons[name].add("rhombus")
    known.same_length(a + b, b + c)
    known.same_length(b + c, c + d)
    known.same_length(c + d, d + a)
    known.perpendicular(a + c, b + d)
    for x, y, z, w in map(tuple, (name, name[1:] + name[0], name[2:] + name[:2], name[3:] + name[:3])):
        known.same_angle(w + x + z, z + x + y)
        known.same_angle(w + x + z, w + x + y, 0.5)


RULES: tuple[Callable[[Known], None], ...] = (
    _right_angles,
    _circles,
    _polygons,
    _proportions,
    _cuts,
    _symmetric,
    _sums,
)
