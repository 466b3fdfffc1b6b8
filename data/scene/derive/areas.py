"""Rules that compute perimeters and areas."""

# mypy: disable-error-code="str-unpack"
# Names of segments and polygons are taken apart into their letters.
from __future__ import annotations

from collections.abc import Iterator

from data.scene.derive.angles import square_corners
from data.scene.derive.formulas import (
    AROUND,
    EQUILATERAL,
    HALF_PRODUCT,
    PRODUCT,
    SQUARE,
    SUM_OF_3,
    SUM_OF_4,
    TRAPEZOID,
    times,
)
from data.scene.derive.known import Known, Link, Quantity, edges, length, link, segment, turns
from data.scene.derive.structure import ALL_EQUAL, CENTRAL, REGULAR
from data.scene.types import Fact


def perimeters(known: Known) -> Iterator[Link]:
    """Once around a figure that is named, or any triangle."""
    named = {"".join(sorted(fact.args[0])) for fact in known.facts("shape")}
    for fact in known.facts("shape"):
        name, kind = fact.args[0], str(fact.value)
        target, sides = Quantity("perimeter", name), [length(*side) for side in edges(name)]
        if kind in ALL_EQUAL or kind in REGULAR:
            for side in sides:
                yield from link("perimeter", target, (side,), times(len(name)), fact)
        elif kind in CENTRAL:
            for i in range(4):
                yield from link("perimeter", target, (sides[i - 1], sides[i]), AROUND, fact)
        elif len(name) in (3, 4):
            formula = SUM_OF_3 if len(name) == 3 else SUM_OF_4
            yield from link("perimeter", target, sides, formula, _around("perimeter", name))
    for name in known.triangles:
        if name not in named:
            sides = [length(*side) for side in edges(name)]
            why = _around("perimeter", name)
            yield from link("perimeter", Quantity("perimeter", name), sides, SUM_OF_3, why)


def _around(what: str, name: str) -> str:
    return f"the {what} of {name} is {' + '.join(edges(name))}"


def areas(known: Known) -> Iterator[Link]:
    """Areas of figures by their sides, heights and diagonals."""
    for fact in known.facts("shape"):
        name, kind = fact.args[0], str(fact.value)
        target, sides = Quantity("area", name), [length(*side) for side in edges(name)]
        if kind == "square":
            for side in sides:
                yield from link("area", target, (side,), SQUARE, fact)
        elif kind == "rectangle":
            for i in range(4):
                yield from link("area", target, (sides[i - 1], sides[i]), PRODUCT, fact)
        elif kind == "equilateral triangle":
            for side in sides:
                yield from link("area", target, (side,), EQUILATERAL, fact)
        if kind in ("rhombus", "square", "kite"):
            a, b, c, d = name
            if {segment(a + c), segment(b + d)} <= known.drawn:
                why = f"the diagonals of {name} are perpendicular"
                both = length(a, c), length(b, d)
                yield from link("area by diagonals", target, both, HALF_PRODUCT, fact, why)


def right_triangles(known: Known) -> Iterator[Link]:
    """Half the product of the legs."""
    names = {"".join(sorted(f.args[0])): f.args[0] for f in known.facts("shape") if len(f.args[0]) == 3}
    for fact, a, v, b in square_corners(known):
        name = "".join(sorted(a + v + b))
        target = Quantity("area", names.get(name, name))
        yield from link("area of a right triangle", target, (length(v, a), length(v, b)), HALF_PRODUCT, fact)


def by_height(known: Known) -> Iterator[Link]:
    """Triangles and parallelograms by a base and the height on it, trapezoids by both bases."""
    names = {"".join(sorted(f.args[0])): f.args[0] for f in known.facts("shape") if len(f.args[0]) == 3}
    feet = _feet(known)
    for name in known.triangles:
        for top, b, c in turns(name):
            for fact, d in feet.get((top, known.line(b, c)), ()):
                if d in (b, c):
                    continue
                why = f"{top}{d} is the height on {b}{c} in △{name}"
                target = Quantity("area", names.get("".join(sorted(name)), name))
                inputs = length(b, c), length(top, d)
                yield from link("area by a height", target, inputs, HALF_PRODUCT, fact, why)
    for name, shape in known.quadrilaterals():
        if shape.value == "right trapezoid":
            yield from _right_trapezoid(known, shape)
        for a, b, c, d in (*turns(name), *turns(name[::-1])):
            for fact, foot in feet.get((a, known.line(c, d)), ()):
                if shape.value in ("parallelogram", "rhombus"):
                    inputs = length(c, d), length(a, foot)
                    yield from link("area by a height", Quantity("area", name), inputs, PRODUCT, shape, fact)
                elif known.holds(Fact("parallel", (a + b, c + d))):
                    three = length(a, b), length(c, d), length(a, foot)
                    yield from link("area by a height", Quantity("area", name), three, TRAPEZOID, shape, fact)


def _feet(known: Known) -> dict[tuple[str, str], list[tuple[Fact, str]]]:
    """By point and line, the feet of drawn perpendiculars from the one to the other."""
    found: dict[tuple[str, str], list[tuple[Fact, str]]] = {}
    for fact in known.facts("perpendicular"):
        for one, two in (fact.args, fact.args[::-1]):
            base = known.line(*two)
            for top in one:
                for foot in one.replace(top, ""):
                    if foot in base and top not in base:
                        found.setdefault((top, base), []).append((fact, foot))
    return found


def _right_trapezoid(known: Known, shape: Fact) -> Iterator[Link]:
    """The leg at the right angles is the height; a right-angle mark shows which one it is."""
    name = shape.args[0]
    for mark in known.scene.marks:
        if mark.kind != "right" or not set(mark.at) <= set(name):
            continue
        v = mark.at[1]
        for arm in (mark.at[0], mark.at[2]):
            other = next(c for c in name if c not in mark.at)
            far = next(c for c in mark.at if c not in (v, arm))
            base = Fact("parallel", (v + far, arm + other))
            if known.holds(base):
                three = length(v, far), length(arm, other), length(v, arm)
                why = f"{v}{arm} ⊥ {v}{far}"
                yield from link(
                    "area of a trapezoid", Quantity("area", name), three, TRAPEZOID, shape, base, why
                )


AREAS = (perimeters, areas, right_triangles, by_height)
