"""Quadrilaterals: parallelogram, rectangle, rhombus, square, trapezoid; with diagonals or a point on a side.

Letters: ABCD and E. Parameters: ``a`` = AB, ``b`` = AD, ``beta`` = angle BAD in degrees, ``c`` = CD of a
trapezoid (AB and CD are parallel), ``e`` = AE for a point E on AB.
"""

from __future__ import annotations

from data.scene import geometry as g
from data.scene.templates.base import Family, Figure, Params, among, polar
from data.scene.types import Fact, Mark

KINDS = ("parallelogram", "rectangle", "rhombus", "square", "trapezoid")


def draw(params: Params) -> Figure:
    """Draw the quadrilateral of ``params`` and what is inside it."""
    kind, a = params["kind"], params["a"]
    b = a if kind in ("rhombus", "square") else params["b"]
    c = params["c"] if kind == "trapezoid" else a
    beta = 90 if kind in ("rectangle", "square") else params["beta"]
    d = polar(b, beta)
    points = {"A": (0.0, 0.0), "B": (float(a), 0.0), "C": (d[0] + c, d[1]), "D": d}
    figure = Figure(points, ("AB", "BC", "CD", "DA"), [Fact("shape", ("ABCD",), kind)], {"AB": "a"})
    if kind in ("parallelogram", "rectangle", "trapezoid"):
        figure.numbers["AD"] = "b"
    if kind in ("parallelogram", "rhombus", "trapezoid"):
        figure.numbers["BAD"] = "beta"
    if kind == "trapezoid":
        figure.stated.append(Fact("parallel", ("AB", "CD")))
        figure.numbers["CD"] = "c"
    if kind in ("rectangle", "square"):
        figure.marks.append(Mark("right", "CDA"))
    if kind in ("rhombus", "square"):
        figure.marks += [Mark("tick", "BC"), Mark("tick", "CD")]
    _extra(figure, params)
    return figure


def _extra(figure: Figure, params: Params) -> None:
    extra, (a, b, c, d) = params["extra"], (figure.points[n] for n in "ABCD")
    if extra == "diagonals":
        figure.points["E"] = g.cross_point(a, c, b, d)
        figure.segments += ("AC", "BD")
        figure.stated.append(Fact("intersection", ("E", "AC", "BD")))
        figure.numbers.pop("BAD", None)
    elif extra in ("midpoint", "point"):
        figure.points["E"] = g.between(a, b, 0.5 if extra == "midpoint" else params["e"] / params["a"])
        figure.segments += ("CE",)
        del figure.numbers["AB"]  # a number on a side that E divides could be taken for its part's
        if extra == "midpoint":
            figure.stated.append(Fact("midpoint", ("E", "AB")))
            figure.numbers["AE"] = "a"
            figure.marks += [Mark("tick", "AE", count=2), Mark("tick", "EB", count=2)]
        else:
            figure.stated.append(Fact("on", ("E", "AB")))
            figure.numbers |= {"AE": "e", "BE": "e"}


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
    },
    choices={
        "shape": ("kind", among(*KINDS)),
        "relation": ("extra", among("midpoint", "point")),
    },
)
