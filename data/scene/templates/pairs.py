"""Two triangles: side by side, congruent, similar or neither; and with a common corner, as X and as A.

Pair: triangles ABC and DEF, ``a`` = BC, ``c`` = AB, ``beta`` = angle ABC in degrees, ``times`` = how many
halves the second triangle's sides are of the first one's, ``turn`` = how it is turned. X: ``left`` = AE,
``right`` = BE, ``open`` = angle AEB. A: ``b`` = AC, ``c`` = AB, ``alpha`` = angle BAC, ``part`` = AD in
quarters of AB. ``off`` = by how many degrees or tenths a figure is not what it could be.
"""

from __future__ import annotations

import cmath
import math

from data.scene import geometry as g
from data.scene.templates.base import Choice, Family, Figure, Params, among, both_ways, polar
from data.scene.types import Fact, Mark, Point


def draw_pair(params: Params) -> Figure:
    """Draw the triangle ABC and, right of it and turned, the triangle DEF."""
    relation, a, c, beta = params["relation"], params["a"], params["c"], params["beta"]
    points = {"A": polar(c, beta), "B": (0.0, 0.0), "C": (float(a), 0.0)}
    times = 1.0 if relation == "congruent" else params["times"] / 2
    bend = beta + params["off"] if relation == "neither" else beta
    second = [polar(c * times, bend), (0.0, 0.0), (a * times, 0.0)]
    spin = cmath.exp(1j * math.radians(params["turn"]))
    turned = [complex(*p) * spin for p in second]
    right = max(x for x, _ in points.values()) + 1.2 - min(z.real for z in turned)
    points |= {name: (z.real + right, z.imag) for name, z in zip("DEF", turned, strict=True)}
    figure = Figure(points, ("AB", "BC", "CA", "DE", "EF", "FD"), [])
    figure.numbers = {"AB": "c", "BC": "a", "ABC": "beta"}
    if relation == "neither":
        figure.stated = [Fact("shape", ("ABC",), "triangle"), Fact("shape", ("DEF",), "triangle")]
        return figure
    figure.stated.append(Fact(relation, ("ABC", "DEF")))
    if relation == "congruent":
        figure.marks += [
            Mark("tick", side, count=n) for n, side in ((1, "CA"), (1, "FD"), (2, "BC"), (2, "EF"))
        ]
    else:
        figure.marks += [Mark("arc", "BCA"), Mark("arc", "EFD"), Mark("arc", "CAB", count=2)]
        figure.marks.append(Mark("arc", "FDE", count=2))
        figure.numbers["DE"] = "times"
    return figure


PAIR = Family(
    name="pair",
    letters="ABCDEF",
    draw=draw_pair,
    ranges={
        "a": tuple(range(4, 10)),
        "c": tuple(range(3, 9)),
        "beta": tuple(range(50, 130, 10)),
        "times": (1, 3),
        "off": (-30, -20, 20, 30),
        "turn": (-40, -30, -20, 20, 30, 40, 90),
    },
    choices=(Choice("relation", "relation", among("congruent", "similar", "neither"), image="break"),),
)


def draw_x(params: Params) -> Figure:
    """Draw AD and BC, which cross at E, and the ends AB and CD: parallel or not."""
    parallel = params["relation"] == "parallel"
    left, right, times = params["left"], params["right"], params["times"] / 2
    a, b = polar(left, 90 + params["open"] / 2), polar(right, 90 - params["open"] / 2)
    other = times if parallel else times * (1 + params["off"] / 10)
    points: dict[str, Point] = {"E": (0.0, 0.0), "A": a, "B": b}
    points |= {"D": (-times * a[0], -times * a[1]), "C": (-other * b[0], -other * b[1])}
    figure = Figure(points, ("AD", "BC", "AB", "CD"), [])
    figure.stated = [Fact("intersection", ("E", "AD", "BC"))]
    figure.numbers = {"AE": "left", "BE": "right", "DE": "times", "AEB": "open"}
    if parallel:
        figure.stated.append(Fact("parallel", ("AB", "CD")))
        figure.marks += [Mark("arrow", "AB"), Mark("arrow", "CD")]
        figure.numbers["CE"] = "times"
    return figure


SIMILAR_X = Family(
    name="similar_x",
    letters="ABCDE",
    draw=draw_x,
    ranges={
        "left": (2, 4, 6, 8),
        "right": (2, 4, 6, 8),
        "times": (1, 2, 3, 4),
        "open": (40, 50, 60, 70, 80, 100),
        "off": (-4, -3, 3, 4),
    },
    choices=(Choice("relation", "relation", both_ways(("parallel", "skew")), image="move"),),
)


def draw_a(params: Params) -> Figure:
    """Draw the triangle ABC with D on AB, E on AC and DE: ADE similar to ABC, to ACB, or neither."""
    relation, b, c = params["relation"], float(params["b"]), float(params["c"])
    points = {
        "A": (0.0, 0.0),
        "B": polar(c, -90 - params["alpha"] / 2),
        "C": polar(b, -90 + params["alpha"] / 2),
    }
    ratio = params["part"] / 4
    along_b, along_c = {
        "similar": (ratio, ratio),
        "turned": (ratio * b / c, ratio * c / b),
        "neither": (ratio, min(0.85, ratio * (1 + params["off"] / 10))),
    }[relation]
    points["D"], points["E"] = (
        g.between((0, 0), points["B"], along_b),
        g.between((0, 0), points["C"], along_c),
    )
    figure = Figure(points, ("AB", "BC", "CA", "DE"), [Fact("shape", ("ABC",), "triangle")])
    figure.stated += [Fact("on", ("D", "AB")), Fact("on", ("E", "CA"))]
    figure.numbers = {"BC": "alpha", "BAC": "alpha", "AD": "part", "AE": "part"}
    if relation == "similar":
        figure.stated.append(Fact("similar", ("ADE", "ABC")))
        figure.marks += [Mark("arc", "ADE"), Mark("arc", "ABC")]
    elif relation == "turned":
        figure.stated.append(Fact("similar", ("ADE", "ACB")))
        figure.marks += [Mark("arc", "ADE"), Mark("arc", "ACB")]
    return figure


SIMILAR_A = Family(
    name="similar_a",
    letters="ABCDE",
    draw=draw_a,
    ranges={
        "b": (4, 6, 8, 10, 12),
        "c": (4, 6, 8, 10, 12),
        "alpha": (40, 50, 60, 70, 80, 90),
        "part": (1, 2, 3),
        "off": (-4, -3, 3, 4),
    },
    choices=(Choice("relation", "relation", among("similar", "turned", "neither"), image="move"),),
)
