"""A circle with centre O, a diameter or chord AB, and an inscribed angle at C.

Parameters: ``r`` = radius, ``alpha`` = angle BAC on a diameter, ``gamma`` = inscribed angle ACB on a chord,
``place`` = where C sits on the major arc, in degrees from its middle.
"""

from __future__ import annotations

from data.scene.templates.base import Choice, Family, Figure, Params, among, polar
from data.scene.types import Fact


def draw(params: Params) -> Figure:
    """Draw the circle, the triangle on it, and for a chord the two radii."""
    r, diameter = params["r"], params["relation"] == "diameter"
    half = 90 if diameter else params["gamma"]
    top = 2 * params["alpha"] - 90 if diameter else params["place"]
    points = {
        "O": (0.0, 0.0),
        "A": polar(r, -90 - half),
        "B": polar(r, -90 + half),
        "C": polar(r, 90 - top),
    }
    stated = [
        Fact("circle", ("O",)),
        Fact("diameter" if diameter else "chord", ("AB", "O")),
        Fact("on_circle", ("C", "O")),
    ]
    numbers = {"OA": "r", "BAC": "alpha"} if diameter else {"OA": "r", "ACB": "gamma", "AOB": "gamma"}
    segments = ("AB", "AC", "BC") if diameter else ("AB", "AC", "BC", "OA", "OB")
    return Figure(points, segments, stated, numbers, circles=(("O", float(r)),))


CIRCLE = Family(
    name="circle",
    letters="OABC",
    draw=draw,
    ranges={
        "r": tuple(range(2, 10)),
        "alpha": (30, 40, 50, 60),
        "gamma": (30, 40, 50, 60),
        "place": (-30, -20, 0, 20, 30),
    },
    choices=(Choice("relation", "relation", among("diameter", "chord")),),
)
