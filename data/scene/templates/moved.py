"""Figures that are folded or turned: a rectangle folded along a line, a triangle turned about a corner.

Rectangle ABCD: ``a`` = AB, ``b`` = BC, E on CD with ``e`` = DE, F = where D falls. Triangle ABC: ``a`` = BC,
``c`` = AB, ``beta`` = angle ABC, turned about ``at`` by ``turn`` degrees; D and E are the images of the other
two corners in order. ``off`` = by how much (degrees, percent) it is not what it could be.
"""

from __future__ import annotations

import cmath
import math

from data.scene import geometry as g
from data.scene.templates.base import Choice, Family, Figure, Params, among, both_ways, polar
from data.scene.types import Fact, Mark


def draw_folded(params: Params) -> Figure:
    """Draw the rectangle ABCD, the fold AE, and the folded part AEF; or F elsewhere, joined the same way."""
    a, b, e = float(params["a"]), float(params["b"]), float(params["e"])
    points = {"A": (0.0, 0.0), "B": (a, 0.0), "C": (a, b), "D": (0.0, b), "E": (e, b)}
    fold = g.mirror(points["D"], points["A"], points["E"])
    if folded := params["relation"] == "folded":
        points["F"] = fold
    else:
        spin = cmath.exp(1j * math.radians(params["off"])) * (1 + params["off"] / 100)
        z = complex(*fold) * spin
        points["F"] = (z.real, z.imag)
    figure = Figure(
        points, ("AB", "BC", "CD", "DA", "AE", "AF", "EF"), [Fact("shape", ("ABCD",), "rectangle")]
    )
    figure.stated.append(Fact("on", ("E", "CD")))
    figure.marks.append(Mark("right", "ABC"))
    figure.numbers = {"AB": "a", "BC": "b", "DE": "e"}
    if folded:
        figure.stated.append(Fact("folded", ("D", "AE", "F")))
        figure.dashed = ("DA",)
    else:
        figure.stated.append(Fact("shape", ("AEF",), "triangle"))
    return figure


FOLDED = Family(
    name="folded",
    letters="ABCDEF",
    draw=draw_folded,
    ranges={
        "a": tuple(range(6, 13)),
        "b": tuple(range(4, 10)),
        "e": tuple(range(2, 8)),
        "off": (-20, -15, 15, 20),
    },
    choices=(Choice("relation", "relation", both_ways(("folded", "other")), image="move"),),
)


def draw_rotated(params: Params) -> Figure:
    """Draw the triangle ABC and its image under a rotation about one of its corners."""
    a, c, beta, at = params["a"], params["c"], params["beta"], params["at"]
    points = {"A": polar(c, beta), "B": (0.0, 0.0), "C": (float(a), 0.0)}
    centre = complex(*points[at])
    spin = cmath.exp(1j * math.radians(params["turn"]))
    others = [name for name in "ABC" if name != at]
    image = {at: at}
    for name, new in zip(others, "DE", strict=True):
        z = centre + (complex(*points[name]) - centre) * spin
        if params["relation"] == "other":
            z = centre + (z - centre) * (1 + params["off"] / 100) * cmath.exp(
                1j * math.radians(params["off"] * "ED".index(new))
            )
        points[new] = (z.real, z.imag)
        image[name] = new
    triangle = "".join(image[name] for name in "ABC")
    sides = tuple(triangle[i] + triangle[(i + 1) % 3] for i in range(3))
    figure = Figure(points, ("AB", "BC", "CA", *sides), [Fact("shape", ("ABC",), "triangle")])
    figure.numbers = {"AB": "c", "BC": "a", "ABC": "beta"}
    if params["relation"] == "rotated":
        figure.stated.append(Fact("rotated", ("ABC", triangle, at), params["turn"]))
        figure.told = ("turn",)
    else:
        figure.stated.append(Fact("shape", (triangle,), "triangle"))
    return figure


ROTATED = Family(
    name="rotated",
    letters="ABCDE",
    draw=draw_rotated,
    ranges={
        "a": tuple(range(4, 10)),
        "c": tuple(range(4, 10)),
        "beta": tuple(range(40, 130, 10)),
        "turn": (60, 70, 80, 90, 100, 110, 120, 130, 140),
        "off": (-25, -20, 20, 25),
    },
    choices=(
        Choice("relation", "relation", both_ways(("rotated", "other")), image="move"),
        Choice("incidence", "at", among("A", "B", "C"), image="move"),
    ),
)
