"""Two lines AB and CD cut by a line EF in E and F: parallel or not, perpendicular to AB or not.

Parameters: ``beta`` = angle BEF in degrees, ``skew`` = turn of CD in degrees when the lines are not parallel.
"""

from __future__ import annotations

from data.scene import geometry as g
from data.scene.templates.base import Choice, Family, Figure, Params, both_ways, polar
from data.scene.types import Fact, Mark


def draw(params: Params) -> Figure:
    """Draw the two lines and the transversal; ``p`` and ``q`` are its free ends."""
    relation = params["relation"]
    beta = 90 if relation.endswith("perpendicular") else params["beta"]
    skew = 0 if relation.startswith("parallel") else params["skew"]
    foot = polar(3.2, -beta)
    points = {
        "A": (-2.6, 0.0),
        "B": (2.6, 0.0),
        "E": (0.0, 0.0),
        "F": foot,
        "C": g.between(foot, (foot[0] + polar(1, skew)[0], foot[1] + polar(1, skew)[1]), -2.6),
        "D": g.between(foot, (foot[0] + polar(1, skew)[0], foot[1] + polar(1, skew)[1]), 2.6),
        "p": g.between((0.0, 0.0), foot, -0.35),
        "q": g.between((0.0, 0.0), foot, 1.35),
    }
    figure = Figure(points, ("AB", "CD", "pq"), [])
    if skew == 0:
        figure.stated.append(Fact("parallel", ("AB", "CD")))
        figure.marks += [Mark("arrow", "EB"), Mark("arrow", "FD")]
    figure.stated += [Fact("on", ("E", "AB")), Fact("on", ("F", "CD"))]
    if beta == 90:
        figure.stated.append(Fact("perpendicular", ("EF", "AB")))
        figure.marks.append(Mark("right", "BEF"))
    else:
        figure.numbers["BEF"] = "beta"
    if skew != 0 or beta != 90:
        figure.numbers["DFE"] = "skew" if skew else "beta"
    return figure


PARALLELS = Family(
    name="parallels",
    letters="ABCDEF",
    draw=draw,
    ranges={"beta": (50, 60, 70, 80, 100, 110, 120, 130), "skew": (-30, -20, 20, 30)},
    choices=(
        Choice(
            "relation",
            "relation",
            both_ways(
                ("parallel", "skew"),
                ("parallel", "parallel perpendicular"),
                ("skew", "skew perpendicular"),
                ("parallel perpendicular", "skew perpendicular"),
            ),
        ),
    ),
)
