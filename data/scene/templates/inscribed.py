"""Polygons and circles: inscribed in one, around one, and a sector.

Inscribed: corners of a triangle or quadrilateral at ``first``, ``second``, ``third`` degrees from each other
on the circle O of radius ``r``; where the last one is not on it, it is ``off`` tenths away. Incircle:
triangle with ``a`` = BC, ``c`` = AB, ``beta`` = angle ABC, and the circle in it or around it. Sector: ``r`` =
OA, ``angle`` = AOB, ``lean`` = how far OC is beside the middle, in percent.
"""

from __future__ import annotations

import math

from data.scene import geometry as g
from data.scene.templates.base import Choice, Family, Figure, Params, among, both_ways, polar
from data.scene.types import Fact, Mark, Point


def draw_inscribed(params: Params) -> Figure:
    """Draw the circle and the polygon; ``relation`` says whether its last corner is on the circle."""
    r, corners = float(params["r"]), params["corners"]
    turns = [100, 100 + params["first"], 100 + params["first"] + params["second"]]
    if corners == "ABCD":
        turns.append(turns[-1] + params["third"])
    points: dict[str, Point] = {"O": (0.0, 0.0)}
    points |= {name: polar(r, turn) for name, turn in zip(corners, turns, strict=True)}
    inside = params["relation"] == "outside"
    last = corners[-1]
    if inside:
        points[last] = polar(r * (1 + params["off"] / 10), turns[-1])
    segments = tuple(corners[i - 1] + corners[i] for i in range(len(corners)))
    kind = "triangle" if corners == "ABC" else "quadrilateral"
    figure = Figure(points, segments, [Fact("shape", (corners,), kind)], circles=(("O", r),))
    if inside:
        figure.stated += [Fact("on_circle", (name, "O")) for name in corners[:-1]]
    else:
        figure.stated.append(Fact("inscribed", (corners, "O")))
        figure.numbers = {"ABC": "second"} if corners == "ABC" else {"ABC": "second", "DAB": "first"}
    figure.segments += ("OA",)
    figure.numbers["OA"] = "r"
    return figure


INSCRIBED = Family(
    name="inscribed",
    letters="OABCD",
    draw=draw_inscribed,
    ranges={
        "r": (4, 5, 6, 7, 8),
        "first": (60, 80, 100, 120, 140),
        "second": (60, 80, 100, 120, 140),
        "third": (60, 80, 100),
        "off": (-4, 4, 5),
    },
    choices=(Choice("relation", "relation", both_ways(("inscribed", "outside")), image="move"),),
)


def draw_incircle(params: Params) -> Figure:
    """Draw the triangle ABC and its inscribed circle, which touches BC at D, or the circle around it."""
    a, c = float(params["a"]), float(params["c"])
    points: dict[str, Point] = {"B": (0.0, 0.0), "C": (a, 0.0), "A": polar(c, params["beta"])}
    top = points["A"]
    b = g.distance(top, points["C"])
    figure = Figure(points, ("AB", "BC", "CA"), [Fact("shape", ("ABC",), "triangle")])
    figure.numbers = {"AB": "c", "ABC": "beta"}
    if params["relation"] == "incircle":
        around = a + b + c
        o = ((a * top[0] + c * a) / around, a * top[1] / around)
        points |= {"O": o, "D": (o[0], 0.0)}
        figure.circles = (("O", o[1]),)
        figure.segments += ("OD",)
        figure.marks.append(Mark("right", "ODC"))
        figure.stated += [
            Fact("incircle", ("O", "ABC")),
            Fact("on", ("D", "BC")),
            Fact("on_circle", ("D", "O")),
        ]
    else:
        x = a / 2
        y = (top[0] ** 2 + top[1] ** 2 - a * top[0]) / (2 * top[1])
        points |= {"O": (x, y), "D": (x, 0.0)}
        figure.circles = (("O", math.hypot(x, y)),)
        figure.segments += ("OD",)
        figure.marks.append(Mark("right", "ODC"))
        figure.stated += [Fact("inscribed", ("ABC", "O")), Fact("midpoint", ("D", "BC"))]
    return figure


INCIRCLE = Family(
    name="incircle",
    letters="OABCD",
    draw=draw_incircle,
    ranges={"a": tuple(range(5, 10)), "c": tuple(range(4, 10)), "beta": tuple(range(40, 110, 10))},
    choices=(Choice("attribute", "relation", both_ways(("incircle", "circumcircle")), image="move"),),
)


def draw_sector(params: Params) -> Figure:
    """Draw the sector OAB with the chord AB, or with C on its arc and the radius OC, or with neither."""
    r, angle, extra = float(params["r"]), params["angle"], params["extra"]
    points: dict[str, Point] = {"O": (0.0, 0.0), "A": polar(r, 90 + angle / 2), "B": polar(r, 90 - angle / 2)}
    figure = Figure(
        points, ("OA", "OB"), [Fact("sector", ("AOB",))], {"OA": "r", "AOB": "angle"}, arcs=("AOB",)
    )
    if extra == "chord":
        figure.segments += ("AB",)
        figure.stated.append(Fact("shape", ("AOB",), "isosceles triangle"))
    elif extra in ("bisector", "radius"):
        turn = 90 if extra == "bisector" else 90 + params["lean"] * angle / 100
        points["C"] = polar(r, turn)
        figure.segments += ("OC",)
        del figure.numbers["AOB"]
        if extra == "bisector":
            figure.stated.append(Fact("bisects", ("OC", "AOB")))
            figure.marks += [Mark("arc", "AOC"), Mark("arc", "COB")]
            figure.numbers["AOC"] = "angle"
        else:
            figure.stated.append(Fact("equal", ("OC", "OA")))
    return figure


SECTOR = Family(
    name="sector",
    letters="OABC",
    draw=draw_sector,
    ranges={"r": tuple(range(3, 10)), "angle": (60, 80, 100, 120, 140), "lean": (-22, -15, 15, 22)},
    choices=(
        Choice("relation", "extra", both_ways(("bisector", "radius")), image="move"),
        Choice("relation", "extra", among("none", "chord", "bisector"), image="drop"),
    ),
)
