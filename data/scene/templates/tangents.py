"""A circle with what touches or cuts it: tangents, a chord and its distance, crossing chords, two circles.

Tangent: A on circle O, P outside, ``r`` = OA, ``leg`` = PA; ``both``: PB is a tangent as well; ``turn`` = how
far a secant leans in, in degrees. Distance: chord AB with ``half`` = half of it, ``d`` = OM; M is its middle
or ``off`` beside it. Crossing: AB over ``first`` degrees from ``turn``, CD leaning by ``left`` and ``right``.
Two circles: radii ``r`` and ``s``; crossing, they are ``near`` tenths of the sum apart.
"""

from __future__ import annotations

import math

from data.scene import geometry as g
from data.scene.templates.base import Choice, Family, Figure, Params, among, both_ways, polar
from data.scene.types import Fact, Mark, Point


def draw_tangent(params: Params) -> Figure:
    """Draw the circle, P, and one or two lines from it."""
    r, leg, both = float(params["r"]), float(params["leg"]), params["both"] == "two"
    touches = params["relation"] == "tangent"
    far = math.hypot(r, leg)
    opening = math.degrees(math.atan2(leg, r))
    points: dict[str, Point] = {"O": (0.0, 0.0), "P": (far, 0.0), "A": polar(r, opening)}
    if not touches:
        points["A"] = polar(r, opening + params["turn"])
    segments = ("PA", "OA")
    stated = [Fact("circle", ("O",)), Fact("on_circle", ("A", "O"))]
    figure = Figure(points, segments, stated, {"OA": "r"}, circles=(("O", r),))
    if touches:
        figure.stated.append(Fact("tangent", ("PA", "O")))
        figure.marks.append(Mark("right", "OAP"))
        figure.numbers["PA"] = "leg"
    else:
        figure.stated.append(Fact("secant", ("PA", "O")))
    if both:
        points["B"] = polar(r, -opening)
        figure.segments += ("PB", "OB")
        figure.stated += [Fact("on_circle", ("B", "O")), Fact("tangent", ("PB", "O"))]
    elif far.is_integer() and touches:
        figure.segments += ("OP",)
        figure.numbers["OP"] = "leg"
    return figure


TANGENT = Family(
    name="tangent",
    letters="OPAB",
    draw=draw_tangent,
    ranges={"r": (3, 4, 5, 6, 8, 9), "leg": (4, 6, 8, 9, 12), "turn": (25, 30, 40)},
    choices=(Choice("relation", "relation", both_ways(("tangent", "secant")), image="move"),),
)


def draw_distance(params: Params) -> Figure:
    """Draw the circle, the chord AB, M on it, OM and the radius OA."""
    half, d, off = float(params["half"]), float(params["d"]), float(params["off"])
    r = math.hypot(half, d)
    middle = params["relation"] == "distance"
    points: dict[str, Point] = {"O": (0.0, 0.0), "A": (-half, -d), "B": (half, -d)}
    points["M"] = (0.0 if middle else off, -d)
    figure = Figure(points, ("AB", "OM", "OA"), [Fact("circle", ("O",)), Fact("chord", ("AB", "O"))])
    figure.circles = (("O", r),)
    figure.stated.append(Fact("on", ("M", "AB")))
    figure.numbers = {"AM": "half", "OM": "d"} if middle else {}
    if r.is_integer():
        figure.numbers["OA"] = "half"
    if middle:
        figure.stated.append(Fact("perpendicular", ("OM", "AB")))
        figure.marks.append(Mark("right", "OMB"))
    return figure


DISTANCE = Family(
    name="chord_distance",
    letters="OABM",
    draw=draw_distance,
    ranges={"half": (3, 4, 6, 8, 12), "d": (3, 4, 5, 6), "off": (-2, 2, 3)},
    choices=(Choice("relation", "relation", both_ways(("distance", "other")), image="move"),),
)


def draw_crossing(params: Params) -> Figure:
    """Draw the chords AB and CD, which cross at E; AB is a diameter or not."""
    r, turn = float(params["r"]), params["turn"]
    first = params["first"] if params["relation"] == "chord" else 180
    points: dict[str, Point] = {"O": (0.0, 0.0), "A": polar(r, turn), "B": polar(r, turn + first)}
    points |= {
        "C": polar(r, turn + first / 2 - params["left"]),
        "D": polar(r, turn + first / 2 + 180 - params["right"]),
    }
    points["E"] = g.cross_point(points["A"], points["B"], points["C"], points["D"])
    kind = "diameter" if params["relation"] == "diameter" else "chord"
    stated = [Fact("circle", ("O",)), Fact(kind, ("AB", "O")), Fact("chord", ("CD", "O"))]
    stated.append(Fact("intersection", ("E", "AB", "CD")))
    figure = Figure(points, ("AB", "CD"), stated, {"AEC": "left"}, circles=(("O", r),))
    return figure


CROSSING = Family(
    name="crossing_chords",
    letters="OABCDE",
    draw=draw_crossing,
    ranges={
        "r": (5,),
        "turn": (100, 120, 140, 160),
        "first": (120, 130, 140, 150),
        "left": (-30, -20, 20, 30, 40),
        "right": (-40, -30, 30, 40, 60),
    },
    choices=(Choice("relation", "relation", among("chord", "diameter"), image="move"),),
)


def draw_two(params: Params) -> Figure:
    """Draw two circles O and P: touching from outside or inside, crossing at A and B, or apart."""
    r, s, relation = float(params["r"]), float(params["s"]), params["relation"]
    far = {
        "externally": r + s,
        "internally": abs(r - s),
        "crossing": params["near"] / 10 * (r + s),
        "apart": 1.35 * (r + s),
    }
    d = far[relation]
    points: dict[str, Point] = {"O": (0.0, 0.0), "P": (d, 0.0)}
    figure = Figure(points, ("OP",), [], {}, circles=(("O", r), ("P", s)))
    figure.stated.append(Fact("circle", ("O",)))
    if relation in ("externally", "internally"):
        figure.stated.append(Fact("tangent_circles", ("O", "P"), relation))
        points["A"] = (r, 0.0) if relation == "externally" or r > s else (-r, 0.0)
        figure.stated += [Fact("on_circle", ("A", "O")), Fact("on_circle", ("A", "P"))]
        figure.numbers = {"OA": "r", "PA": "s"} if relation == "externally" else {"OP": "s"}
    elif relation == "crossing":
        x = (d * d + r * r - s * s) / (2 * d)
        points |= {"A": (x, math.sqrt(r * r - x * x)), "B": (x, -math.sqrt(r * r - x * x))}
        figure.segments += ("AB",)
        figure.stated += [Fact("chord", ("AB", "O")), Fact("chord", ("AB", "P"))]
    else:
        points["A"] = polar(r, params["near"] * 10)
        figure.segments += ("OA",)
        figure.stated += [Fact("circle", ("P",)), Fact("on_circle", ("A", "O"))]
        figure.numbers = {"OA": "r"}
    return figure


TWO = Family(
    name="two_circles",
    letters="OPAB",
    draw=draw_two,
    ranges={"r": (3, 4, 5, 6, 7), "s": (2, 3, 4, 5), "near": (7, 8)},
    choices=(
        Choice("attribute", "relation", among("externally", "internally", "crossing", "apart"), image="move"),
    ),
)
