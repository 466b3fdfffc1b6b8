"""Lines: a perpendicular bisector with a point on it, and a bend between two parallels.

Bisector: segment AB with ``a`` = half of it, M on AB, C above it with ``h`` = CM, AC and BC drawn; ``off`` =
how far C is from where it would have to be. Zigzag: AB and CD, between them E, with ``up`` = angle BAE and
``down`` = angle DCE, and ``skew`` = turn of CD where the two are not parallel.
"""

from __future__ import annotations

import math

from data.scene.templates.base import Choice, Family, Figure, Params, both_ways, polar
from data.scene.types import Fact, Mark, Point


def draw_bisector(params: Params) -> Figure:
    """Draw AB, the line from C through M to ``p``, AC and BC; ``relation`` says what CM is."""
    relation, a, h, off = params["relation"], float(params["a"]), float(params["h"]), float(params["off"])
    top = (0.0 if relation == "bisector" else off, h)
    foot = {"bisector": 0.0, "midpoint": 0.0, "perpendicular": off}[relation]
    points: dict[str, Point] = {"A": (-a, 0.0), "B": (a, 0.0), "C": top, "M": (foot, 0.0)}
    points["p"] = (1.3 * foot - 0.3 * top[0], -0.3 * h)
    figure = Figure(points, ("AB", "Cp", "CA", "CB"), [])
    figure.stated = [Fact("shape", ("ABC",), "isosceles triangle" if relation == "bisector" else "triangle")]
    figure.numbers = {"CM": "h", "AM": "a"}
    if relation == "bisector" and math.hypot(a, h).is_integer():
        figure.numbers["CA"] = "a"
    if relation == "bisector":
        figure.stated.append(Fact("on", ("M", "AB")))
        figure.stated.append(Fact("perpendicular_bisector", ("CM", "AB")))
    elif relation == "midpoint":
        figure.stated.append(Fact("midpoint", ("M", "AB")))
    else:
        figure.stated += [Fact("on", ("M", "AB")), Fact("perpendicular", ("CM", "AB"))]
    if relation != "midpoint":
        figure.marks.append(Mark("right", "CMB"))
    if relation != "perpendicular":
        figure.marks += [Mark("tick", "AM"), Mark("tick", "MB")]
    return figure


BISECTOR = Family(
    name="perpendicular_bisector",
    letters="ABCM",
    draw=draw_bisector,
    ranges={"a": (3, 4, 5, 6, 8), "h": (3, 4, 6, 8, 12), "off": (-3, -2, 2, 3)},
    choices=(
        Choice(
            "relation",
            "relation",
            both_ways(("bisector", "midpoint"), ("bisector", "perpendicular")),
            image="break",
        ),
    ),
)


def draw_zigzag(params: Params) -> Figure:
    """Draw AB above CD, both to the right, and the bend A-E-C between them."""
    up, down = params["up"], params["down"]
    skew = 0 if params["relation"] == "parallel" else params["skew"]
    e = (0.0, 0.0)
    a, c = polar(3.0, 180 - up), polar(3.0, 180 + down)
    right = polar(4.4, skew)
    points = {"E": e, "A": a, "C": c, "B": (a[0] + 4.4, a[1]), "D": (c[0] + right[0], c[1] + right[1])}
    figure = Figure(points, ("AB", "CD", "AE", "EC"), [])
    if skew == 0:
        figure.stated.append(Fact("parallel", ("AB", "CD")))
        figure.marks += [Mark("arrow", "AB"), Mark("arrow", "CD")]
        figure.numbers = {"BAE": "up", "DCE": "down", "AEC": "down"}
    else:
        figure.numbers = {"BAE": "up", "DCE": "skew", "AEC": "down"}
    figure.stated.append(Fact("intersection", ("E", "AE", "CE")))
    return figure


ZIGZAG = Family(
    name="zigzag",
    letters="ABCDE",
    draw=draw_zigzag,
    ranges={"up": tuple(range(30, 80, 10)), "down": tuple(range(30, 80, 10)), "skew": (-20, -10, 10, 20)},
    choices=(Choice("relation", "relation", both_ways(("parallel", "skew")), image="move"),),
)
