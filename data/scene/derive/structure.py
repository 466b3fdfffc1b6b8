"""Facts that follow from facts without any number: from names of lines and shapes to what they say.

Every rule adds facts to :class:`Known`; they are run once, in order. A fact that is ``plain`` is said along
with what it follows from; any other takes a step of its own.
"""

# mypy: disable-error-code="str-unpack"
# Names of segments and polygons are taken apart into their letters.
from __future__ import annotations

from collections.abc import Callable
from itertools import combinations, permutations

from data.scene.derive.known import Known, common, edges, segment, turns
from data.scene.derive.rounds import chords, incircles, on_circles, radii, tangents
from data.scene.types import Fact

CENTRAL = ("parallelogram", "rectangle", "rhombus", "square")
ALL_EQUAL = ("rhombus", "square", "equilateral triangle")
REGULAR = ("regular pentagon", "regular hexagon", "regular octagon")


def lines_in_triangles(known: Known) -> None:
    """Median, altitude, mid-segment, perpendicular bisector: what they mean."""
    for fact in known.facts("median", "altitude"):
        line, triangle = fact.args
        top = next(c for c in line if c in triangle)
        foot, base = line.replace(top, ""), triangle.replace(top, "")
        if fact.kind == "median":
            known.show(Fact("midpoint", (foot, base)), fact, plain=True)
        else:
            known.show(Fact("perpendicular", (line, base)), fact, plain=True)
    for fact in known.facts("midsegment"):
        for end in fact.args[0]:
            for side in edges(fact.args[1]):
                if end in known.line(*side) and end not in side:
                    known.show(Fact("midpoint", (end, side)), fact, plain=True)
    for fact in known.facts("perpendicular_bisector"):
        line, (a, b) = fact.args
        known.show(Fact("perpendicular", (line, a + b)), fact, plain=True)
        for p in known.line(*line) or line:
            if p in known.line(a, b):
                known.show(Fact("midpoint", (p, a + b)), fact, plain=True)
            elif {segment(p + a), segment(p + b)} <= known.drawn:
                known.show(Fact("equal", (p + a, p + b)), fact)


def sides_of_shapes(known: Known) -> None:
    """Equal and parallel sides and equal angles of special figures."""
    for fact in known.facts("shape"):
        name, kind = fact.args[0], str(fact.value)
        sides = edges(name)
        if kind in ALL_EQUAL or kind in REGULAR:
            for one, two in combinations(sides, 2):
                known.show(Fact("equal", (one, two)), fact, plain=True)
        if kind in CENTRAL:
            for i in (0, 1):
                one, two = sides[i], sides[i + 2]
                known.show(Fact("parallel", (one, two)), fact, plain=True)
                known.show(Fact("equal", (one, two)), fact, plain=True)
        if kind in ("parallelogram", "rhombus"):
            for a, b, c, d in turns(name)[:2]:
                known.show(Fact("equal_angle", (d + a + b, b + c + d)), fact, plain=True)
        if kind in ("rectangle", "square"):
            for one, two in zip(sides, sides[1:] + sides[:1], strict=True):
                known.show(Fact("perpendicular", (one, two)), fact, plain=True)
        if kind in ("isosceles trapezoid", "right trapezoid"):
            _trapezoid(known, fact)


def _trapezoid(known: Known, fact: Fact) -> None:
    for a, b, c, d in turns(fact.args[0]):
        if known.holds(Fact("parallel", (a + b, c + d))) and fact.value == "isosceles trapezoid":
            known.show(Fact("equal", (b + c, a + d)), fact, plain=True)
            known.show(Fact("equal_angle", (d + a + b, a + b + c)), fact, plain=True)


def diagonals(known: Known) -> None:
    """What the diagonals of a quadrilateral do to each other."""
    for name, fact in known.quadrilaterals():
        a, b, c, d = name
        kind = str(fact.value)
        if {segment(a + c), segment(b + d)} <= known.drawn:
            for cross in known.facts("intersection"):
                if {segment(s) for s in cross.args[1:]} == {segment(a + c), segment(b + d)}:
                    _crossing(known, fact, cross)
            if kind in ("rectangle", "square", "isosceles trapezoid"):
                known.show(Fact("equal", (a + c, b + d)), fact)
            if kind in ("rhombus", "square"):
                known.show(Fact("perpendicular", (a + c, b + d)), fact)
        for a, b, c, d in turns(name):
            if segment(a + c) in known.drawn and kind in ("rhombus", "square"):
                known.show(Fact("bisects", (a + c, b + a + d)), fact)


def kites(known: Known) -> None:
    """The axis of a kite, where equal sides show which of its diagonals that is."""
    for name, fact in known.quadrilaterals():
        if fact.value != "kite":
            continue
        ticked = [mark.at for mark in known.scene.marks if mark.kind == "tick" and mark.count == 1]
        axis = next((c for c in name if sum(c in at for at in ticked) == 2), "")
        if not axis:
            continue
        a, b, c, d = name[name.index(axis) :] + name[: name.index(axis)]
        known.show(Fact("equal", (a + b, a + d)), fact, plain=True)
        known.show(Fact("equal", (c + b, c + d)), fact, plain=True)
        known.show(Fact("equal_angle", (a + b + c, a + d + c)), fact, plain=True)
        if segment(a + c) in known.drawn:
            known.show(Fact("bisects", (a + c, b + a + d)), fact)
            known.show(Fact("bisects", (a + c, b + c + d)), fact)
            if segment(b + d) in known.drawn:
                known.show(Fact("perpendicular", (a + c, b + d)), fact)
                for e in common(known.line(a, c), known.line(b, d)):
                    known.show(Fact("midpoint", (e, b + d)), fact)


def _crossing(known: Known, fact: Fact, cross: Fact) -> None:
    if fact.value in CENTRAL:
        for diagonal in cross.args[1:]:
            known.show(Fact("midpoint", (cross.args[0], diagonal)), fact, plain=True)


def axis_of_isosceles(known: Known) -> None:
    """Median, altitude and bisector from the apex of an isosceles triangle are one line."""
    for fact in known.facts("equal"):
        one, two = fact.args
        top = next((c for c in one if c in two), "")
        if not top or len({*one, *two}) != 3:
            continue
        b, c = one.replace(top, ""), two.replace(top, "")
        for d in known.line(b, c):
            if d in (b, c) or segment(top + d) not in known.drawn or not known.line(b, c):
                continue
            three = [
                Fact("midpoint", (d, b + c)),
                Fact("perpendicular", (top + d, b + c)),
                Fact("bisects", (top + d, b + top + c)),
            ]
            if seen := next((f for f in three if known.holds(f)), None):
                for other in three:
                    known.show(other, fact, seen)


def midpoints(known: Known) -> None:
    """The segment between the middles of two sides is parallel to the third."""
    for one, two in combinations(known.facts("midpoint"), 2):
        (d, first), (e, second) = one.args, two.args
        top = next((c for c in first if c in second), "")
        if top and segment(d + e) in known.drawn and segment(first) != segment(second):
            base = first.replace(top, "") + second.replace(top, "")
            if segment(base) in known.drawn and known.line(d, e) != known.line(*base):
                known.show(Fact("parallel", (d + e, base)), one, two)


def similar_by_parallels(known: Known) -> None:
    """A parallel to a side cuts off a similar triangle; so do two lines that cross between parallels."""
    for fact in known.facts("parallel"):
        for (a, b), (c, d) in permutations(fact.args):
            for p, q in ((c, d), (d, c)):
                one, two = known.line(a, p), known.line(b, q)
                crossing = common(one, two)
                if one and two and one != two and crossing:
                    e = crossing[0]
                    if e not in (a, b, c, d):
                        known.show(Fact("similar", (e + a + b, e + p + q)), fact)


def moved(known: Known) -> None:
    """Folding and turning keep lengths and angles."""
    for fact in known.facts("folded"):
        p, (a, b), q = fact.args
        for end in (a, b):
            if {segment(end + p), segment(end + q)} <= known.drawn:
                known.show(Fact("equal", (end + p, end + q)), fact, plain=True)
        for v, other in ((a, b), (b, a)):
            known.show(Fact("equal_angle", (p + v + other, q + v + other)), fact, plain=True)
        known.show(Fact("equal_angle", (a + p + b, a + q + b)), fact, plain=True)
    for fact in known.facts("rotated"):
        known.show(Fact("congruent", fact.args[:2]), fact, plain=True)


def matching_parts(known: Known) -> None:
    """Congruent triangles have equal parts, similar ones equal angles."""
    for fact in known.facts("congruent", "similar"):
        first, second = fact.args
        for i in range(3):
            one, two = (name[i - 1] + name[i] for name in fact.args)
            if fact.kind == "congruent" and segment(one) != segment(two):
                known.show(Fact("equal", (one, two)), fact, plain=True)
            angles = tuple(name[i - 2] + name[i - 1] + name[i] for name in (first, second))
            if known.angle(*angles[0]) != known.angle(*angles[1]):
                known.show(Fact("equal_angle", angles), fact, plain=True)


STRUCTURE: tuple[Callable[[Known], None], ...] = (
    lines_in_triangles,
    sides_of_shapes,
    diagonals,
    kites,
    on_circles,
    radii,
    incircles,
    tangents,
    chords,
    moved,
    similar_by_parallels,
    matching_parts,
    axis_of_isosceles,
    midpoints,
    similar_by_parallels,
)
