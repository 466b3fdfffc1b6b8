"""Triangles: plain, right, isosceles, equilateral; with a line from a corner, a mid-segment or a cut.

Letters: ABC, D and E. Parameters: sides ``a`` = BC and ``c`` = AB, ``beta`` = angle ABC in degrees, ``at`` =
the corner that the inner line starts from (for a cut: the corner it cuts off), ``d`` = how far the foot of a
plain cevian is from the next corner, ``cut`` = where the cut meets the sides, in tenths from its corner.
"""

from __future__ import annotations

from data.scene import geometry as g
from data.scene.templates.base import Choice, Family, Figure, Params, among, both_ways, polar
from data.scene.types import Fact, Mark

KINDS = ("triangle", "right triangle", "isosceles triangle", "equilateral triangle")
CEVIANS = ("cevian", "median", "altitude", "bisector")
CUTS = ("midsegment", "parallel", "slant")
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
    if kind == "right triangle":
        figure.stated.append(Fact("perpendicular", ("AB", "BC")))
        figure.marks.append(Mark("right", "ABC"))
    if kind in ("triangle", "right triangle"):
        figure.numbers["AB"] = "c"
    if kind in ("triangle", "isosceles triangle"):
        figure.numbers["ABC"] = "beta"
    # A tick or number on a side that a point divides could be taken for its part's.
    top, one, two = {"A": ("A", "B", "C"), "B": ("B", "C", "A"), "C": ("C", "A", "B")}[params["at"]]
    divided = {
        "none": (),
        **dict.fromkeys(CEVIANS, (one + two,)),
        **dict.fromkeys(CUTS, (top + one, two + top)),
    }
    whole = {"AB", "BC", "CA"}.difference(divided[extra])
    if ticked := whole.issuperset(TICKED.get(kind, "?")):
        figure.marks += [Mark("tick", side) for side in TICKED[kind]]
    if extra in CEVIANS:
        _foot(figure, extra, params, (top, one, two), 2 if ticked else 1)
    elif extra != "none":
        _cut(figure, extra, params, (top, one, two))
    for side in divided[extra]:
        figure.numbers.pop(side, None)
    if extra in CEVIANS and top == "B":
        figure.numbers.pop("ABC", None)  # the line divides it
    return figure


def _foot(figure: Figure, extra: str, params: Params, corners: tuple[str, str, str], ticks: int) -> None:
    """Add D on the side opposite to the first of ``corners`` and the line to it."""
    top, one, two = corners
    a, b, c = (figure.points[name] for name in corners)
    length = g.distance(b, c)
    from_side = {"BC": "a", "AB": figure.numbers.get("AB", "a")}.get(one + two)
    along = ((a[0] - b[0]) * (c[0] - b[0]) + (a[1] - b[1]) * (c[1] - b[1])) / length**2
    foot = {
        "cevian": params["d"] / (length if from_side else 10.0),
        "median": 0.5,
        "altitude": along,
        "bisector": g.distance(a, b) / (g.distance(a, b) + g.distance(a, c)),
    }[extra]
    figure.points["D"] = g.between(b, c, foot)
    line, side = top + "D", one + two
    figure.segments += (line,)
    figure.stated += {
        "cevian": [Fact("on", ("D", side))],
        "median": [Fact("median", (line, top + one + two))],
        "altitude": [Fact("on", ("D", side)), Fact("perpendicular", (line, side))],
        "bisector": [Fact("on", ("D", side)), Fact("bisects", (line, one + top + two))],
    }[extra]
    if extra == "cevian" and from_side:
        figure.numbers |= {one + "D": "d", two + "D": "d"}
    if extra == "median":
        if from_side:
            figure.numbers[one + "D"] = from_side
        figure.marks += [Mark("tick", one + "D", count=ticks), Mark("tick", "D" + two, count=ticks)]
    if extra == "altitude":
        figure.marks.append(Mark("right", f"{top}D{two}"))
    if extra == "bisector":
        figure.marks += [Mark("arc", f"{one}{top}D"), Mark("arc", f"D{top}{two}")]


def _cut(figure: Figure, extra: str, params: Params, corners: tuple[str, str, str]) -> None:
    """Add D and E on the sides that meet at the first of ``corners``, and the segment DE."""
    top, one, two = corners
    a, b, c = (figure.points[name] for name in corners)
    first = 0.5 if extra == "midsegment" else params["cut"] / 10
    second = 1.15 - first if extra == "slant" else first
    figure.points |= {"D": g.between(a, b, first), "E": g.between(a, c, second)}
    figure.segments += ("DE",)
    near, far, base = top + one, two + top, one + two
    figure.stated += {
        "midsegment": [Fact("midpoint", ("D", near)), Fact("midpoint", ("E", far))],
        "parallel": [Fact("on", ("D", near)), Fact("on", ("E", far)), Fact("parallel", ("DE", base))],
        "slant": [Fact("on", ("D", near)), Fact("on", ("E", far))],
    }[extra]
    if extra == "midsegment":
        figure.marks += [Mark("tick", top + "D"), Mark("tick", "D" + one)]
        figure.marks += [Mark("tick", top + "E", count=2), Mark("tick", "E" + two, count=2)]
    if extra == "parallel":
        figure.marks += [Mark("arrow", "DE"), Mark("arrow", base)]


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
    choices=(
        Choice("shape", "kind", among(*KINDS), image="break"),
        Choice("relation", "extra", among(*CEVIANS) | among(*CUTS), image="move"),
        Choice("incidence", "at", among("A", "B", "C"), image="mark"),
        Choice("relation", "extra", both_ways(*(("none", e) for e in (*CEVIANS, *CUTS))), image="drop"),
    ),
)
