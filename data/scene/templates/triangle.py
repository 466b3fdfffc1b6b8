"""Triangles: plain, right, isosceles, equilateral; with a line from A to BC, a mid-segment or a cut.

Letters: ABC, D and E. Parameters: sides ``a`` = BC and ``c`` = AB, ``beta`` = angle ABC in degrees,
``d`` = BD of a plain cevian AD, ``cut`` = AD / AB in tenths of a parallel or slanting cut DE.
"""

from __future__ import annotations

from data.scene import geometry as g
from data.scene.templates.base import Family, Figure, Params, among, polar
from data.scene.types import Fact, Mark

ANGLE_ABC = {"right triangle": 90, "equilateral triangle": 60}
TICKED = {"isosceles triangle": ("AB", "BC"), "equilateral triangle": ("AB", "BC", "CA")}


def draw(params: Params) -> Figure:
    """Draw the triangle of ``params`` and what is inside it."""
    kind, extra = params["kind"], params["extra"]
    a = params["a"]
    c = a if kind in ("isosceles triangle", "equilateral triangle") else params["c"]
    beta = ANGLE_ABC.get(kind) or params["beta"]
    points = {"B": (0.0, 0.0), "C": (float(a), 0.0), "A": polar(c, beta)}
    figure = Figure(points, ("AB", "BC", "CA"), [Fact("shape", ("ABC",), kind)], {"BC": "a"})
    if kind == "isosceles triangle":
        figure.stated.append(Fact("equal", ("AB", "BC")))
    if extra == "none":  # a tick or number on a side that a point divides could be taken for its part's
        figure.marks += [Mark("tick", side) for side in TICKED.get(kind, ())]
    if kind == "right triangle":
        figure.stated.append(Fact("perpendicular", ("AB", "BC")))
        figure.marks.append(Mark("right", "ABC"))
    if kind in ("triangle", "right triangle"):
        figure.numbers["AB"] = "c"
    if kind in ("triangle", "isosceles triangle"):
        figure.numbers["ABC"] = "beta"
    if extra in ("cevian", "median", "altitude", "bisector"):
        _foot(figure, extra, params)
    elif extra != "none":
        _cut(figure, extra, params)
    return figure


def _foot(figure: Figure, extra: str, params: Params) -> None:
    """Add D on BC and the segment AD."""
    a, b, c = (figure.points[n] for n in "ABC")
    length = params["a"]
    foot = {
        "cevian": params["d"] / length,
        "median": 0.5,
        "altitude": a[0] / length,
        "bisector": g.distance(a, b) / (g.distance(a, b) + g.distance(a, c)),
    }[extra]
    figure.points["D"] = g.between(b, c, foot)
    figure.segments += ("AD",)
    figure.stated += {
        "cevian": [Fact("on", ("D", "BC"))],
        "median": [Fact("median", ("AD", "ABC"))],
        "altitude": [Fact("on", ("D", "BC")), Fact("perpendicular", ("AD", "BC"))],
        "bisector": [Fact("on", ("D", "BC")), Fact("bisects", ("AD", "BAC"))],
    }[extra]
    del figure.numbers["BC"]
    if extra == "cevian":
        figure.numbers |= {"BD": "d", "CD": "d"}
    if extra == "median":
        figure.numbers["BD"] = "a"
        figure.marks += [Mark("tick", "BD"), Mark("tick", "DC")]
    if extra == "altitude":
        figure.marks.append(Mark("right", "ADC"))
    if extra == "bisector":
        figure.marks += [Mark("arc", "BAD"), Mark("arc", "DAC")]


def _cut(figure: Figure, extra: str, params: Params) -> None:
    """Add D on AB, E on AC and the segment DE."""
    a, b, c = (figure.points[n] for n in "ABC")
    first = 0.5 if extra == "midsegment" else params["cut"] / 10
    second = 1.15 - first if extra == "slant" else first
    figure.points |= {"D": g.between(a, b, first), "E": g.between(a, c, second)}
    figure.segments += ("DE",)
    figure.stated += {
        "midsegment": [Fact("midpoint", ("D", "AB")), Fact("midpoint", ("E", "AC"))],
        "parallel": [Fact("on", ("D", "AB")), Fact("on", ("E", "AC")), Fact("parallel", ("DE", "BC"))],
        "slant": [Fact("on", ("D", "AB")), Fact("on", ("E", "AC"))],
    }[extra]
    if extra == "midsegment":
        figure.marks += [Mark("tick", "AD"), Mark("tick", "DB")]
        figure.marks += [Mark("tick", "AE", count=2), Mark("tick", "EC", count=2)]
    figure.numbers = {slot: figure.numbers[slot] for slot in ("BC", "ABC") if slot in figure.numbers}


TRIANGLE = Family(
    name="triangle",
    letters="ABCDE",
    draw=draw,
    ranges={
        "a": tuple(range(3, 10)),
        "c": tuple(range(3, 10)),
        "beta": tuple(range(40, 130, 10)),
        "d": tuple(range(1, 9)),
        "cut": (3, 4, 6, 7),
    },
    choices={
        "shape": (
            "kind",
            among("triangle", "right triangle", "isosceles triangle", "equilateral triangle"),
        ),
        "relation": (
            "extra",
            among("cevian", "median", "altitude", "bisector") | among("midsegment", "parallel", "slant"),
        ),
    },
)
