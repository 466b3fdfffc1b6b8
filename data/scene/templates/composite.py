"""Figures made of two: a triangle and a quadrilateral on its side; a square with two lines that cross in it.

Triangle ABC as in :mod:`data.scene.templates.triangle`, on BC outwards the quadrilateral BCDE with ``h`` = BE
and ``slant`` = angle CBE where it is no right one. Square ABCD: ``a`` = AB, E on BC with ``e`` = BE, F on CD
with ``f`` = CF where AE and BF are not perpendicular, G their crossing.
"""

from __future__ import annotations

from data.scene import geometry as g
from data.scene.templates.base import Choice, Family, Figure, Params, among, both_ways, polar
from data.scene.templates.triangle import ANGLE_ABC, KINDS
from data.scene.types import Fact, Mark

ATTACHED = ("square", "rectangle", "parallelogram", "rhombus")


def draw_composite(params: Params) -> Figure:
    """Draw the triangle above BC and the quadrilateral below it."""
    kind, second, a = params["kind"], params["second"], float(params["a"])
    c = a if kind in ("isosceles triangle", "equilateral triangle") else params["c"]
    h = a if second in ("square", "rhombus") else params["h"]
    slant = 90 if second in ("square", "rectangle") else params["slant"]
    e = polar(h, -slant)
    points = {"A": polar(c, ANGLE_ABC.get(kind) or params["beta"]), "B": (0.0, 0.0), "C": (a, 0.0)}
    points |= {"D": (a + e[0], e[1]), "E": e}
    figure = Figure(points, ("AB", "BC", "CA", "CD", "DE", "EB"), [Fact("shape", ("ABC",), kind)])
    if kind == "right triangle":
        figure.stated.append(Fact("perpendicular", ("AB", "BC")))
        figure.marks.append(Mark("right", "ABC"))
    if kind == "isosceles triangle":
        figure.stated.append(Fact("equal", ("AB", "BC")))
    figure.stated.append(Fact("shape", ("BCDE",), second))
    figure.numbers = {"BC": "a"}
    if kind in ("triangle", "right triangle"):
        figure.numbers["AB"] = "c"
    if kind in ("triangle", "isosceles triangle"):
        figure.numbers["ABC"] = "beta"
    if second in ("rectangle", "parallelogram"):
        figure.numbers["CD"] = "h"
    if second in ("parallelogram", "rhombus"):
        figure.numbers["CBE"] = "slant"
    else:
        figure.marks.append(Mark("right", "CDE"))
    return figure


COMPOSITE = Family(
    name="composite",
    letters="ABCDE",
    draw=draw_composite,
    ranges={
        "a": tuple(range(4, 10)),
        "c": tuple(range(3, 10)),
        "beta": tuple(range(40, 130, 10)),
        "h": tuple(range(3, 10)),
        "slant": (60, 70, 110, 120),
    },
    choices=(
        Choice("shape", "kind", among(*KINDS)),
        Choice("attribute", "second", among(*ATTACHED), image="break"),
    ),
)


def draw_square(params: Params) -> Figure:
    """Draw the square ABCD and in it AE and BF, perpendicular or not."""
    perpendicular, a, e = params["relation"] == "perpendicular", float(params["a"]), float(params["e"])
    f = e if perpendicular else float(params["f"])
    points = {"A": (0.0, a), "B": (0.0, 0.0), "C": (a, 0.0), "D": (a, a), "E": (e, 0.0), "F": (a, f)}
    points["G"] = g.cross_point(points["A"], points["E"], points["B"], points["F"])
    figure = Figure(points, ("AB", "BC", "CD", "DA", "AE", "BF"), [Fact("shape", ("ABCD",), "square")])
    figure.stated += [
        Fact("on", ("E", "BC")),
        Fact("on", ("F", "CD")),
        Fact("intersection", ("G", "AE", "BF")),
    ]
    figure.numbers = {"AB": "a", "BE": "e"}
    figure.marks.append(Mark("right", "CDA"))
    if perpendicular:
        figure.stated.append(Fact("perpendicular", ("AE", "BF")))
        figure.marks.append(Mark("right", "AGB"))
    else:
        figure.numbers["CF"] = "f"
    return figure


SQUARE = Family(
    name="square_lines",
    letters="ABCDEFG",
    draw=draw_square,
    ranges={"a": tuple(range(5, 11)), "e": tuple(range(2, 8)), "f": tuple(range(2, 8))},
    choices=(Choice("relation", "relation", both_ways(("perpendicular", "other")), image="move"),),
)
