"""Rules that compute lengths."""

# mypy: disable-error-code="str-unpack"
# Names of segments and polygons are taken apart into their letters.
from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations, permutations

from data.scene.derive.angles import square_corners
from data.scene.derive.formulas import (
    DOUBLE,
    HALF,
    HYPOTENUSE,
    HYPOTENUSE_45,
    LEG,
    LEG_45,
    LESS,
    LONG_30,
    MEAN,
    OTHER_LEG_30,
    SAME,
    SCALED,
    SHORT_30,
    SHORT_LEG_30,
    SUM,
)
from data.scene.derive.known import Known, Link, edges, length, link, segment
from data.scene.types import Fact


def along_lines(known: Known) -> Iterator[Link]:
    """Two parts make the whole."""
    for line in known.lines:
        for a, p, b in combinations(line, 3):
            whole, one, two = length(a, b), length(a, p), length(p, b)
            why = f"{a}{b} = {a}{p} + {p}{b}"
            yield from link("parts of a line", whole, (one, two), SUM, why)
            yield from link("parts of a line", one, (whole, two), LESS, why)
            yield from link("parts of a line", two, (whole, one), LESS, why)


def midpoints(known: Known) -> Iterator[Link]:
    """A middle halves."""
    for fact in known.facts("midpoint"):
        m, (a, b) = fact.args
        whole, halves = length(a, b), (length(a, m), length(m, b))
        for half, other in (halves, halves[::-1]):
            yield from link("midpoint", whole, (half,), DOUBLE, fact)
            yield from link("midpoint", half, (whole,), HALF, fact)
            yield from link("midpoint", half, (other,), SAME, fact)


def equal_segments(known: Known) -> Iterator[Link]:
    """Equal segments."""
    for fact in known.facts("equal"):
        one, two = (length(*s) for s in fact.args)
        yield from link("equal segments", one, (two,), SAME, fact)
        yield from link("equal segments", two, (one,), SAME, fact)


def midsegments(known: Known) -> Iterator[Link]:
    """The segment between the middles of two sides is half as long as the third."""
    for one, two in combinations(known.facts("midpoint"), 2):
        (d, first), (e, second) = one.args, two.args
        top = next((c for c in first if c in second), "")
        if top and segment(d + e) in known.drawn and segment(first) != segment(second):
            base = length(first.replace(top, ""), second.replace(top, ""))
            if base.name in known.drawn and known.line(*first) != known.line(*second):
                yield from link("mid-segment", length(d, e), (base,), HALF, one, two)
                yield from link("mid-segment", base, (length(d, e),), DOUBLE, one, two)


def pythagoras(known: Known) -> Iterator[Link]:
    """The sides of right triangles, also of those with 30° and 45°."""
    for fact, a, v, b in square_corners(known):
        long, one, two = length(a, b), length(v, a), length(v, b)
        why = f"{a}{b}² = {v}{a}² + {v}{b}²"
        yield from link("Pythagoras", long, (one, two), HYPOTENUSE, fact, why)
        yield from link("Pythagoras", one, (long, two), LEG, fact, why)
        yield from link("Pythagoras", two, (long, one), LEG, fact, why)
        for here, other in ((a, b), (b, a)):
            acute, across, beside = known.angle(v, here, other), length(v, other), length(v, here)
            yield from link("30° triangle", across, (acute, long), SHORT_30, fact)
            yield from link("30° triangle", long, (acute, across), LONG_30, fact)
            yield from link("30° triangle", beside, (acute, across), OTHER_LEG_30, fact)
            yield from link("30° triangle", across, (acute, beside), SHORT_LEG_30, fact)
            yield from link("45° triangle", across, (acute, beside), LEG_45, fact)
            yield from link("45° triangle", long, (acute, across), HYPOTENUSE_45, fact)


def right_triangles(known: Known) -> Iterator[Link]:
    """The median to the hypotenuse is half of it; what the altitude to it divides."""
    for fact, a, v, b in square_corners(known):
        for d in known.line(a, b):
            if d in (a, b) or segment(v + d) not in known.drawn:
                continue
            middle = Fact("midpoint", (d, a + b))
            if known.holds(middle):
                yield from link("median to the hypotenuse", length(v, d), (length(a, b),), HALF, fact, middle)
                yield from link(
                    "median to the hypotenuse", length(a, b), (length(v, d),), DOUBLE, fact, middle
                )
            foot = Fact("perpendicular", (v + d, a + b))
            if known.holds(foot):
                height, long, one, two = length(v, d), length(a, b), length(v, a), length(v, b)
                why = f"{v}{a} × {v}{b} = {a}{b} × {v}{d}"
                yield from link(
                    "altitude on the hypotenuse", height, (one, two, long), SCALED, fact, foot, why
                )
                why = f"{v}{d}² = {a}{d} × {d}{b}"
                parts = (length(a, d), length(d, b))
                yield from link("altitude on the hypotenuse", height, parts, MEAN, fact, foot, why)
                for end, part, leg in ((a, parts[0], one), (b, parts[1], two)):
                    why = f"{v}{end}² = {end}{d} × {a}{b}"
                    yield from link("altitude on the hypotenuse", leg, (part, long), MEAN, fact, foot, why)


def proportions(known: Known) -> Iterator[Link]:
    """Sides of similar triangles are proportional."""
    for fact in known.facts("similar"):
        pairs = list(zip(*(edges(name) for name in fact.args), strict=True))
        for (a, b), (c, d) in permutations(pairs, 2):
            if segment(a) == segment(b) or segment(c) == segment(d):
                continue
            why = f"{a} : {b} = {c} : {d}"
            one, two, three, four = (length(*s) for s in (a, b, c, d))
            yield from link("similar triangles", one, (two, three, four), SCALED, fact, why)
            yield from link("similar triangles", two, (one, four, three), SCALED, fact, why)


def parallel_cuts(known: Known) -> Iterator[Link]:
    """A parallel to a side divides the other two in the same ratio."""
    for fact in known.facts("parallel"):
        for (a, b), (c, d) in permutations(fact.args):
            for p, q in ((c, d), (d, c)):
                one, two = known.line(a, p), known.line(b, q)
                if not one or not two or one == two:
                    continue
                for e in sorted(set(one) & set(two) - {a, b, p, q}):
                    if one.index(a) < one.index(e) < one.index(p) or one.index(p) < one.index(e) < one.index(
                        a
                    ):
                        continue
                    why = f"{e}{a} : {a}{p} = {e}{b} : {b}{q}"
                    first = length(e, a), length(a, p), length(e, b), length(b, q)
                    for i, j, k, m in ((0, 1, 2, 3), (1, 0, 3, 2), (2, 3, 0, 1), (3, 2, 1, 0)):
                        inputs = first[j], first[k], first[m]
                        yield from link("parallel cut", first[i], inputs, SCALED, fact, why)


LENGTHS = (
    along_lines,
    midpoints,
    equal_segments,
    midsegments,
    pythagoras,
    right_triangles,
    proportions,
    parallel_cuts,
)
