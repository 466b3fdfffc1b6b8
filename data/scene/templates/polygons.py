"""Regular polygons of five, six and eight corners, and such with one corner pushed out or in.

Letters: ABCDEFGH. Parameters: ``a`` = CD, ``off`` = by how many tenths B is farther out, ``extra`` = nothing,
or the diagonal AC or AD.
"""

from __future__ import annotations

import math

from data.scene.templates.base import Choice, Family, Figure, Params, both_ways, polar
from data.scene.types import Fact, Mark, Point

CORNERS = {"pentagon": "ABCDE", "hexagon": "ABCDEF", "octagon": "ABCDEFGH"}


def draw(params: Params) -> Figure:
    """Draw the polygon and what is in it."""
    kind, extra, a = params["kind"], params["extra"], float(params["a"])
    regular = kind.startswith("regular")
    corners = CORNERS[kind.removeprefix("regular ")]
    n = len(corners)
    r = a / 2 / math.sin(math.pi / n)
    points: dict[str, Point] = {name: polar(r, 90 + 360 * (i - 0.5) / n) for i, name in enumerate(corners)}
    if not regular:
        push = 1 + params["off"] / 10
        points["B"] = (points["B"][0] * push, points["B"][1] * push)
    sides = tuple(corners[i] + corners[(i + 1) % n] for i in range(n))
    figure = Figure(points, sides, [Fact("shape", (corners,), kind)])
    figure.numbers = {"CD": "a"} if regular else {}
    if regular:
        figure.marks += [Mark("tick", side) for side in sides]
    if extra == "diagonal":
        figure.segments += ("AC",)
        figure.dashed = ("AC",)
        figure.stated.append(Fact("diagonal", ("AC", corners)))
    elif extra == "longer":
        figure.segments += ("AD",)
        figure.dashed = ("AD",)
        figure.stated.append(Fact("diagonal", ("AD", corners)))
    return figure


POLYGON = Family(
    name="polygon",
    letters="ABCDEFGH",
    draw=draw,
    ranges={"a": tuple(range(2, 10)), "off": (-4, -3, -2, 2, 3, 4, 5)},
    choices=(
        Choice("shape", "kind", both_ways(*((name, f"regular {name}") for name in CORNERS)), image="break"),
        Choice("incidence", "extra", both_ways(("diagonal", "longer")), image="move"),
        Choice("relation", "extra", both_ways(("none", "diagonal"), ("none", "longer")), image="drop"),
    ),
)
