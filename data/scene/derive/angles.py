"""Rules that compute angles."""

# mypy: disable-error-code="str-unpack"
# Names of segments and polygons are taken apart into their letters.
from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations, permutations

from data.scene.derive.formulas import (
    APEX_ANGLE,
    BASE_ANGLE,
    DOUBLE,
    HALF,
    LESS,
    SAME_ANGLE,
    SUM,
    TO_90,
    TO_180,
    TO_180_OF_3,
    TO_360_OF_4,
    constant,
    interior,
)
from data.scene.derive.known import Known, Link, Quantity, common, ends, link, segment, turns
from data.scene.types import Fact


def right_angles(known: Known) -> Iterator[Link]:
    """Perpendicular lines meet in 90°."""
    for fact in known.facts("perpendicular"):
        one, two = (known.line(*s) or s for s in fact.args)
        for v in common(one, two):
            for a in ends(one, v):
                for b in ends(two, v):
                    yield from link("right angle", known.angle(a, v, b), (), constant(90), fact)


def equilateral_and_regular(known: Known) -> Iterator[Link]:
    """The angles of equilateral triangles and regular polygons."""
    for fact in known.facts("shape"):
        name = fact.args[0]
        if fact.value == "equilateral triangle":
            for a, v, b in turns(name):
                yield from link("equilateral", known.angle(a, v, b), (), constant(60), fact)
        if str(fact.value).startswith("regular"):
            for turned in turns(name):
                yield from link("regular", known.angle(*turned[:3]), (), interior(len(name)), fact)


def at_a_point(known: Known) -> Iterator[Link]:
    """Straight angles, vertical angles, and angles made of two."""
    for v, rays in known.rays.items():
        for a, b in combinations(rays, 2):
            far = known.beyond.get((v, a))
            if far == b:
                for c in rays:
                    one, two = known.angle(a, v, c), known.angle(c, v, b)
                    why = f"{a}, {v} and {b} are on one line"
                    if c not in (a, b):
                        yield from link("straight angle", one, (two,), TO_180, why)
                        yield from link("straight angle", two, (one,), TO_180, why)
            elif far and (across := known.beyond.get((v, b))):
                one, two = known.angle(a, v, b), known.angle(far, v, across)
                if one and two:
                    why = f"∠{one.name} and ∠{two.name} are vertical angles"
                    yield from link("vertical angles", one, (two,), SAME_ANGLE, why)
                    yield from link("vertical angles", two, (one,), SAME_ANGLE, why)
            if far != b:
                for c in rays:
                    if c not in (a, b) and known.inside(a, v, b, c):
                        yield from _parts(known.angle(a, v, b), known.angle(a, v, c), known.angle(c, v, b))


def _parts(whole: Quantity | None, one: Quantity | None, two: Quantity | None) -> Iterator[Link]:
    if whole and one and two:
        why = f"∠{whole.name} = ∠{one.name} + ∠{two.name}"
        yield from link("parts of an angle", whole, (one, two), SUM, why)
        yield from link("parts of an angle", one, (whole, two), LESS, why)
        yield from link("parts of an angle", two, (whole, one), LESS, why)


def triangles(known: Known) -> Iterator[Link]:
    """The angles of a triangle make 180°, with a right one the others 90°; the exterior angle."""
    for name in known.triangles:
        angles = [known.angle(*turned[:3]) for turned in turns(name)]
        why = f"the angles of △{name} add up to 180°"
        for i, target in enumerate(angles):
            one, two = angles[i - 1], angles[i - 2]
            yield from link("angles of a triangle", target, (one, two), TO_180_OF_3, why)
        for a, v, b in turns(name):
            for arm, back in ((a, b), (b, a)):
                far = known.beyond.get((v, known.ray(v, back)))
                if far and (outer := known.angle(arm, v, far)):
                    ends = known.angle(v, a, b), known.angle(a, b, v)
                    why = f"∠{outer.name} is an exterior angle of △{name}"
                    yield from link("exterior angle", outer, ends, SUM, why)


def right_triangles(known: Known) -> Iterator[Link]:
    """The acute angles of a right triangle make 90°."""
    for fact, a, v, b in square_corners(known):
        one, two = known.angle(v, a, b), known.angle(v, b, a)
        why = f"△{a}{v}{b} has its right angle at {v}"
        yield from link("acute angles", one, (two,), TO_90, fact, why)
        yield from link("acute angles", two, (one,), TO_90, fact, why)


def square_corners(known: Known) -> Iterator[tuple[Fact, str, str, str]]:
    """Every drawn triangle a-v-b whose angle at v is between perpendicular lines."""
    for fact in known.facts("perpendicular"):
        one, two = (known.line(*s) for s in fact.args)
        for v in common(one, two):
            for a in one:
                for b in two:
                    if v not in (a, b) and segment(a + b) in known.drawn:
                        yield fact, a, v, b


def equal_angles(known: Known) -> Iterator[Link]:
    """Equal angles, and the halves of a bisected one."""
    for fact in known.facts("equal_angle"):
        one, two = (known.angle(*name) for name in fact.args)
        yield from link("equal angles", one, (two,), SAME_ANGLE, fact)
        yield from link("equal angles", two, (one,), SAME_ANGLE, fact)
    for fact in known.facts("bisects"):
        line, (a, v, b) = fact.args
        d = line.replace(v, "")
        whole, one, two = known.angle(a, v, b), known.angle(a, v, d), known.angle(d, v, b)
        for half, other in ((one, two), (two, one)):
            yield from link("bisector", whole, (half,), DOUBLE, fact)
            yield from link("bisector", half, (whole,), HALF, fact)
            yield from link("bisector", half, (other,), SAME_ANGLE, fact)


def isosceles(known: Known) -> Iterator[Link]:
    """Equal sides of a triangle have equal angles opposite to them."""
    for fact in known.facts("equal"):
        one, two = fact.args
        top = next((c for c in one if c in two), "")
        b, c = one.replace(top, ""), two.replace(top, "")
        if not top or len({*one, *two}) != 3 or not known.is_drawn(top + b + c):
            continue
        apex, left, right = known.angle(b, top, c), known.angle(top, b, c), known.angle(top, c, b)
        for base, other in ((left, right), (right, left)):
            yield from link("base angles", base, (apex,), BASE_ANGLE, fact)
            yield from link("base angles", base, (other,), SAME_ANGLE, fact)
            yield from link("base angles", apex, (base,), APEX_ANGLE, fact)


def between_parallels(known: Known) -> Iterator[Link]:
    """Alternate, corresponding and co-interior angles at every drawn line that cuts two parallels."""
    for fact in known.facts("parallel"):
        one, two = (known.line(*s) for s in fact.args)
        if not one or not two or one == two:
            continue
        for p in one:
            for q in two:
                if known.line(p, q) and known.line(p, q) not in (one, two):
                    yield from _at_transversal(known, fact, (p, one), (q, two))


def _at_transversal(
    known: Known, fact: Fact, first: tuple[str, str], second: tuple[str, str]
) -> Iterator[Link]:
    (p, one), (q, two) = first, second
    for a in ends(one, p):
        for b in ends(two, q):
            inner, other = known.angle(a, p, q), known.angle(b, q, p)
            if inner is None or other is None:
                continue
            if not known.toward(p, a, q, b):
                why = f"∠{inner.name} and ∠{other.name} are alternate angles"
                yield from link("alternate angles", inner, (other,), SAME_ANGLE, fact, why)
                yield from link("alternate angles", other, (inner,), SAME_ANGLE, fact, why)
                continue
            why = f"∠{inner.name} + ∠{other.name} = 180°"
            yield from link("co-interior angles", inner, (other,), TO_180, fact, why)
            yield from link("co-interior angles", other, (inner,), TO_180, fact, why)
            for v, arm, up, same in ((p, a, q, other), (q, b, p, inner)):
                if (far := known.beyond.get((v, known.ray(v, up)))) and (outer := known.angle(arm, v, far)):
                    why = f"∠{outer.name} and ∠{same.name} are corresponding angles"
                    yield from link("corresponding angles", outer, (same,), SAME_ANGLE, fact, why)
                    yield from link("corresponding angles", same, (outer,), SAME_ANGLE, fact, why)


def quadrilaterals(known: Known) -> Iterator[Link]:
    """The angles of a quadrilateral make 360°."""
    for name, fact in known.quadrilaterals():
        if fact.value in ("kite", "quadrilateral"):
            angles = [known.angle(*turned[:3]) for turned in turns(name)]
            why = f"the angles of {name} add up to 360°"
            for i, target in enumerate(angles):
                others = angles[:i] + angles[i + 1 :]
                yield from link("angles of a quadrilateral", target, others, TO_360_OF_4, why)


def bends(known: Known) -> Iterator[Link]:
    """The angle of a bend between two parallels is the sum of those at its ends."""
    for fact in known.facts("parallel"):
        for (a, b), (c, d) in permutations(fact.args):
            if not known.toward(a, b, c, d):
                c, d = d, c
            for p, q in ((a, c), (b, d)):
                for e in known.points:
                    if (
                        e in (a, b, c, d)
                        or known.line(p, q)
                        or not {segment(e + p), segment(e + q)} <= known.drawn
                    ):
                        continue
                    one, two = (b if p == a else a), (d if q == c else c)
                    if not (_between(known, e, (p, one), (q, two))):
                        continue
                    whole = known.angle(p, e, q)
                    ends = known.angle(e, p, one), known.angle(e, q, two)
                    if whole and ends[0] and ends[1]:
                        why = f"∠{whole.name} = ∠{ends[0].name} + ∠{ends[1].name}"
                        yield from link("bend", whole, ends, SUM, fact, why)
                        yield from link("bend", ends[0], (whole, ends[1]), LESS, fact, why)
                        yield from link("bend", ends[1], (whole, ends[0]), LESS, fact, why)


def _between(known: Known, e: str, one: tuple[str, str], two: tuple[str, str]) -> bool:
    """Whether e lies between the parallels and the bend opens towards where the parallels go."""
    (p, a), (q, b) = one, two
    inside = known.side(e, p, a) * known.side(q, p, a) > 0 and known.side(e, q, b) * known.side(p, q, b) > 0
    return inside and known.side(e, p, q) * known.side(a, p, q) > 0


def rotations(known: Known) -> Iterator[Link]:
    """Every point of a figure turns by the same angle."""
    for fact in known.facts("rotated"):
        first, second, o = fact.args
        for p, q in zip(first, second, strict=True):
            if p != o and q != o and {segment(o + p), segment(o + q)} <= known.drawn:
                size = round(float(fact.value or 0))
                yield from link("rotation", known.angle(p, o, q), (), constant(size), fact)


ANGLES = (
    right_angles,
    equilateral_and_regular,
    at_a_point,
    triangles,
    right_triangles,
    equal_angles,
    isosceles,
    between_parallels,
    quadrilaterals,
    bends,
    rotations,
)
