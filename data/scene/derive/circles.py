"""Rules about circles: inscribed and central angles, crossing chords, arcs and sectors."""

# mypy: disable-error-code="str-unpack"
# Names of segments and polygons are taken apart into their letters.
from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations, permutations

from data.scene.derive.formulas import (
    ARC,
    CIRCUMFERENCE,
    DISC,
    DOUBLE,
    HALF,
    LESS,
    SAME_ANGLE,
    SCALED,
    SECTOR,
    SUM,
    TO_180,
)
from data.scene.derive.known import Known, Link, Quantity, length, link, segment
from data.scene.derive.rounds import points_of
from data.scene.types import Fact


def inscribed_angles(known: Known) -> Iterator[Link]:
    """Central angles, angles over the same arc, opposite angles of inscribed quadrilaterals."""
    for o, names in points_of(known).items():
        for a, b in combinations(names, 2):
            others = [c for c in names if c not in (a, b) and _seen(known, a, c, b)]
            for c in others:
                if _seen(known, a, o, b) and known.side(o, a, b) * known.side(c, a, b) > 0:
                    yield from _central(known.angle(a, o, b), known.angle(a, c, b), a + b)
            for c, d in permutations(others, 2):
                here, there = known.angle(a, c, b), known.angle(a, d, b)
                if here and there and known.side(c, a, b) * known.side(d, a, b) > 0:
                    why = f"∠{here.name} and ∠{there.name} are inscribed angles over the same arc {a}{b}"
                    yield from link("same arc", here, (there,), SAME_ANGLE, why)
                elif here and there:
                    why = f"∠{here.name} + ∠{there.name} = 180° in the inscribed quadrilateral {a}{c}{b}{d}"
                    yield from link("inscribed quadrilateral", here, (there,), TO_180, why)


def _central(central: Quantity | None, inscribed: Quantity | None, chord: str) -> Iterator[Link]:
    if central and inscribed:
        why = f"∠{central.name} = 2 × ∠{inscribed.name} over the chord {chord}"
        yield from link("central angle", central, (inscribed,), DOUBLE, why)
        yield from link("central angle", inscribed, (central,), HALF, why)


def _seen(known: Known, a: str, v: str, b: str) -> bool:
    return segment(a + v) in known.drawn and segment(v + b) in known.drawn


def crossing_chords(known: Known) -> Iterator[Link]:
    """The parts of two chords that cross have the same product."""
    for on in map(set, points_of(known).values()):
        for one, two in combinations(known.lines, 2):
            for p in sorted(set(one) & set(two) - on):
                if len(on & set(one)) != 2 or len(on & set(two)) != 2:
                    continue
                (a, b), (c, d) = ([x for x in line if x in on] for line in (one, two))
                if not (
                    one.index(a) < one.index(p) < one.index(b) and two.index(c) < two.index(p) < two.index(d)
                ):
                    continue
                why = f"{p}{a} × {p}{b} = {p}{c} × {p}{d}"
                fact = Fact("intersection", (p, a + b, c + d))
                for (w, x), (y, z) in (((a, b), (c, d)), ((c, d), (a, b))):
                    for s, t in ((w, x), (x, w)):
                        inputs = length(p, y), length(p, z), length(p, t)
                        yield from link("crossing chords", length(p, s), inputs, SCALED, fact, why)


def two_circles(known: Known) -> Iterator[Link]:
    """Centres of circles that touch are as far apart as the sum or the difference of the radii."""
    on, sizes = points_of(known), dict(known.scene.circles)
    for fact in known.facts("tangent_circles"):
        o, q = sorted(fact.args, key=lambda name: -sizes.get(name, 0.0))  # the picture shows the larger one
        for a in on.get(o, ()):
            for b in on.get(q, ()):
                apart, one, two = length(o, q), length(o, a), length(q, b)
                if fact.value == "externally":
                    why = f"{o}{q} = {o}{a} + {q}{b}"
                    yield from link("tangent circles", apart, (one, two), SUM, fact, why)
                    yield from link("tangent circles", one, (apart, two), LESS, fact, why)
                    yield from link("tangent circles", two, (apart, one), LESS, fact, why)
                else:
                    why = f"{o}{q} = {o}{a} - {q}{b}"
                    yield from link("tangent circles", apart, (one, two), LESS, fact, why)
                    yield from link("tangent circles", one, (apart, two), SUM, fact, why)


def round_sizes(known: Known) -> Iterator[Link]:
    """Circumference and area of a circle; arc and area of a sector."""
    on = points_of(known)
    for fact in known.facts("circle"):
        o = fact.args[0]
        for p in on.get(o, ()):
            yield from link("circumference", Quantity("circumference", o), (length(o, p),), CIRCUMFERENCE)
            yield from link("area of a circle", Quantity("disc", o), (length(o, p),), DISC)
    for fact in known.facts("sector"):
        a, o, b = fact.args[0]
        central = known.angle(a, o, b)
        for end in (a, b):
            arc, area = Quantity("arc", a + o + b), Quantity("sector", a + o + b)
            yield from link("arc", arc, (central, length(o, end)), ARC, fact)
            yield from link("area of a sector", area, (central, length(o, end)), SECTOR, fact)


CIRCLES = (inscribed_angles, crossing_chords, two_circles, round_sizes)
