"""Quadrilaterals from parallelogram to kite; with one or two diagonals, or a point on a side.

Letters: ABCD and E. Parameters: ``a`` = AB, ``b`` = AD, ``beta`` = angle BAD in degrees, ``c`` = CD of a
trapezoid, ``tail`` = how far C of a kite is behind BD, in tenths of half of BD, ``e`` = how far E is from the
side's first corner, ``pair`` = the side that a trapezoid's other base is parallel to, ``at`` = E's side.
"""

from __future__ import annotations

import math

from data.scene import geometry as g
from data.scene.templates.base import Choice, Family, Figure, Params, among, both_ways, polar
from data.scene.types import Fact, Mark, Point

TRAPEZOIDS = ("trapezoid", "isosceles trapezoid", "right trapezoid")
KINDS = ("parallelogram", "rectangle", "rhombus", "square", *TRAPEZOIDS, "kite")
EXTRAS = ("diagonals", "diagonal", "midpoint", "point")
SIDES = ("AB", "BC", "CD", "DA")


def draw(params: Params) -> Figure:
    """Draw the quadrilateral of ``params`` and what is inside it."""
    kind = params["kind"]
    figure = Figure(_corners(params), SIDES, [Fact("shape", ("ABCD",), kind)], {"AB": "a"})
    if kind not in ("rhombus", "square", "kite"):
        figure.numbers["AD"] = "b"
    if kind not in ("rectangle", "square", "right trapezoid"):
        figure.numbers["BAD"] = "beta"
    if kind in TRAPEZOIDS:
        figure.stated.append(Fact("parallel", ("AB", "CD")))
        figure.marks += [Mark("arrow", "AB"), Mark("arrow", "DC")]
        if kind != "isosceles trapezoid":
            figure.numbers["CD"] = "c"
    if kind in ("rectangle", "square", "right trapezoid"):
        figure.marks.append(Mark("right", "CDA"))
    if kind in ("rhombus", "square"):
        figure.marks += [Mark("tick", "BC"), Mark("tick", "CD")]
    if kind == "isosceles trapezoid":
        figure.marks += [Mark("tick", "AD"), Mark("tick", "BC")]
    if kind == "kite":
        figure.marks += [Mark("tick", side, count=1 + ("C" in side)) for side in ("AB", "AD", "BC", "CD")]
    if params["pair"] == "BC" and kind in TRAPEZOIDS:
        _turn(figure)
    _extra(figure, params)
    return figure


def _corners(params: Params) -> dict[str, Point]:
    kind, a = params["kind"], params["a"]
    b = a if kind in ("rhombus", "square") else params["b"]
    beta = 90 if kind in ("rectangle", "square", "right trapezoid") else params["beta"]
    if kind == "kite":
        b, d = polar(a, -beta / 2), polar(a, beta / 2)
        tip = d[0] + params["tail"] / 10 * d[1]
        return {"A": (0.0, 0.0), "B": b, "C": (tip, 0.0), "D": d}
    d = polar(b, beta)
    c = params["c"] if kind in ("trapezoid", "right trapezoid") else a
    if kind == "isosceles trapezoid":
        c = a - 2 * b * math.cos(math.radians(beta))
    return {"A": (0.0, 0.0), "B": (float(a), 0.0), "C": (d[0] + c, d[1]), "D": d}


def _turn(figure: Figure) -> None:
    """Give every corner the next one's letter: what was true of AB is true of BC."""
    names = dict(zip("ABCD", "BCDA", strict=True))
    rename = str.maketrans(names)
    figure.points = {names[name]: point for name, point in figure.points.items()}
    figure.stated = [figure.stated[0], *(fact.rename(rename) for fact in figure.stated[1:])]
    figure.numbers = {slot.translate(rename): parameter for slot, parameter in figure.numbers.items()}
    figure.marks = [mark.rename(rename) for mark in figure.marks]


def _extra(figure: Figure, params: Params) -> None:
    extra, side = params["extra"], params["at"]
    a, b, c, d = (figure.points[n] for n in "ABCD")
    if extra in ("diagonals", "diagonal"):
        figure.numbers = {slot: p for slot, p in figure.numbers.items() if len(slot) < 3}
    if extra == "diagonals":
        figure.points["E"] = g.cross_point(a, c, b, d)
        figure.segments += ("AC", "BD")
        figure.stated.append(Fact("intersection", ("E", "AC", "BD")))
    elif extra == "diagonal":
        line = "AC" if side in ("AB", "CD") else "BD"
        figure.segments += (line,)
        figure.dashed = (line,)
        figure.stated.append(Fact("diagonal", (line, "ABCD")))
    elif extra in ("midpoint", "point"):
        first, second = (figure.points[name] for name in side)
        length = g.distance(first, second)
        figure.points["E"] = g.between(first, second, 0.5 if extra == "midpoint" else params["e"] / length)
        figure.segments += ("E" + {"AB": "C", "BC": "D", "CD": "A", "DA": "B"}[side],)
        # A number or tick on a side that E divides could be taken for its part's.
        whole = next((slot for slot in (side, side[::-1]) if slot in figure.numbers), "")
        from_side = figure.numbers.pop(whole, "")
        ticked = {m.count for m in figure.marks if m.kind == "tick" and set(m.at) == set(side)}
        figure.marks = [m for m in figure.marks if m.kind != "tick" or m.count not in ticked]
        one, two = side[0] + "E", "E" + side[1]
        if extra == "midpoint":
            figure.stated.append(Fact("midpoint", ("E", side)))
            figure.numbers |= {one: from_side} if from_side else {}
            figure.marks += [Mark("tick", one, count=3), Mark("tick", two, count=3)]
        else:
            figure.stated.append(Fact("on", ("E", side)))
            figure.numbers |= {one: "e", two: "e"} if from_side else {one: "e"}


QUADRILATERAL = Family(
    name="quadrilateral",
    letters="ABCDE",
    draw=draw,
    ranges={
        "a": tuple(range(3, 10)),
        "b": tuple(range(3, 10)),
        "c": tuple(range(2, 10)),
        "beta": (50, 60, 70, 80, 100, 110, 120, 130),
        "e": tuple(range(1, 9)),
        "tail": (8, 15, 20, 25),
    },
    choices=(
        Choice("shape", "kind", among(*KINDS)),
        Choice("relation", "extra", both_ways(("midpoint", "point")), image="break"),
        Choice("relation", "extra", both_ways(*(("none", extra) for extra in EXTRAS)), image="drop"),
        Choice("incidence", "at", among(*SIDES), image="move"),
        Choice("attribute", "pair", among("AB", "BC"), image="mark"),
    ),
)
