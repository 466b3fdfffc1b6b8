"""The templates: a name, the family it belongs to, how hard it is to read, what it shows. Add one here."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from functools import cache
from itertools import product
from typing import Any

from data.scene.templates.base import Choice, Family, Figure, Template
from data.scene.templates.circle import CIRCLE
from data.scene.templates.composite import ATTACHED, COMPOSITE, SQUARE
from data.scene.templates.graphs import HYPERBOLA, LINE, PARABOLA
from data.scene.templates.inscribed import INCIRCLE, INSCRIBED, SECTOR
from data.scene.templates.lines import BISECTOR, ZIGZAG
from data.scene.templates.moved import FOLDED, ROTATED
from data.scene.templates.pairs import PAIR, SIMILAR_A, SIMILAR_X
from data.scene.templates.parallels import PARALLELS
from data.scene.templates.polygons import POLYGON
from data.scene.templates.quadrilateral import QUADRILATERAL, SIDES
from data.scene.templates.tangents import CROSSING, DISTANCE, TANGENT, TWO
from data.scene.templates.triangle import CEVIANS, KINDS, TRIANGLE

__all__ = ["FAMILIES", "TEMPLATES", "Choice", "Family", "Figure", "Template", "figure_class", "shares"]

_FAMILIES = (
    *(TRIANGLE, QUADRILATERAL, PARALLELS, CIRCLE, PAIR, SIMILAR_X, SIMILAR_A),
    *(FOLDED, ROTATED, BISECTOR, ZIGZAG, COMPOSITE, SQUARE, TANGENT, DISTANCE, CROSSING, TWO),
    *(INSCRIBED, INCIRCLE, SECTOR, POLYGON, LINE, PARABOLA, HYPERBOLA),
)
FAMILIES: dict[str, Family] = {family.name: family for family in _FAMILIES}


def _triangle(
    level: str, *extras: str, kind: tuple[str, ...] = KINDS, at: tuple[str, ...] = ("A",)
) -> Template:
    return Template("triangle", level, {"kind": kind, "extra": extras, "at": at})


def _quadrilateral(level: str, kind: str, *extras: str) -> Template:
    pairs = ("AB", "BC") if "trapezoid" in kind else ("AB",)
    return Template("quadrilateral", level, {"kind": (kind,), "extra": extras, "at": SIDES, "pair": pairs})


ACUTE = ("triangle", "isosceles triangle", "equilateral triangle")
CORNERS = ("A", "B", "C")
INSIDE = ("none", "diagonals", "midpoint", "point")
INSCRIBED_OR_NOT = ("inscribed", "inscribed", "outside")
POLYGONS = ("regular pentagon", "regular hexagon", "regular octagon", "pentagon", "hexagon", "octagon")
BISECTORS = ("bisector", "midpoint", "perpendicular")
TRANSVERSAL = ("parallel", "parallel", "skew", "parallel perpendicular", "skew perpendicular")

TEMPLATES: dict[str, Template] = {
    "triangle_cevian": _triangle("easy", "cevian", "bisector"),
    "right_triangle": _triangle("easy", "none", "none", "cevian", kind=("right triangle",)),
    "isosceles_triangle": _triangle("easy", "none", "none", "cevian", kind=("isosceles triangle",)),
    "equilateral_triangle": _triangle("easy", "none", "none", "cevian", kind=("equilateral triangle",)),
    "triangle_median": _triangle("easy", "median"),
    "triangle_altitude": _triangle("easy", "altitude", kind=ACUTE),
    "triangle_midsegment": _triangle("medium", "midsegment", "midsegment", "parallel", "slant"),
    "parallelogram_diagonals": _quadrilateral("easy", "parallelogram", "diagonals"),
    "rectangle": _quadrilateral("easy", "rectangle", *INSIDE),
    "rhombus": _quadrilateral("easy", "rhombus", *INSIDE),
    "square": _quadrilateral("easy", "square", *INSIDE),
    "trapezoid": _quadrilateral("easy", "trapezoid", *INSIDE),
    "parallels_transversal": Template("parallels", "easy", {"relation": TRANSVERSAL}),
    "circle_inscribed_angle": Template("circle", "medium", {"relation": ("diameter", "chord")}),
    "angle_bisector": _triangle("medium", "bisector", at=CORNERS),
    "parallel_cut": _triangle("medium", "parallel", at=CORNERS),
    "altitude_on_hypotenuse": _triangle("medium", "altitude", kind=("right triangle",), at=("B",)),
    "triangle_lines": _triangle("medium", *CEVIANS, kind=ACUTE, at=CORNERS),
    "isosceles_trapezoid": _quadrilateral("medium", "isosceles trapezoid", *INSIDE),
    "right_trapezoid": _quadrilateral("medium", "right trapezoid", *INSIDE),
    "congruent_pair": Template("pair", "medium", {"relation": ("congruent", "congruent", "neither")}),
    "similar_pair": Template("pair", "medium", {"relation": ("similar", "similar", "neither")}),
    "similar_x": Template("similar_x", "medium", {"relation": ("parallel", "skew")}),
    "similar_a": Template("similar_a", "hard", {"relation": ("similar", "turned", "neither")}),
    "folded_rectangle": Template("folded", "hard", {"relation": ("folded", "folded", "other")}),
    "rotated_triangle": Template(
        "rotated", "hard", {"relation": ("rotated", "rotated", "other"), "at": CORNERS}
    ),
    "perpendicular_bisector": Template("perpendicular_bisector", "medium", {"relation": BISECTORS}),
    "parallel_zigzag": Template("zigzag", "medium", {"relation": ("parallel", "skew")}),
    "composite": Template("composite", "hard", {"kind": KINDS, "second": ATTACHED}),
    "square_perpendiculars": Template("square_lines", "hard", {"relation": ("perpendicular", "other")}),
    "one_tangent": Template(
        "tangent", "medium", {"relation": ("tangent", "tangent", "secant"), "both": ("one",)}
    ),
    "two_tangents": Template(
        "tangent", "medium", {"relation": ("tangent", "tangent", "secant"), "both": ("two",)}
    ),
    "chord_distance": Template("chord_distance", "medium", {"relation": ("distance", "distance", "other")}),
    "crossing_chords": Template("crossing_chords", "medium", {"relation": ("chord", "diameter")}),
    "two_circles": Template(
        "two_circles", "medium", {"relation": ("externally", "internally", "crossing", "apart")}
    ),
    "inscribed_triangle": Template(
        "inscribed", "medium", {"relation": INSCRIBED_OR_NOT, "corners": ("ABC",)}
    ),
    "cyclic_quadrilateral": Template(
        "inscribed", "hard", {"relation": INSCRIBED_OR_NOT, "corners": ("ABCD",)}
    ),
    "incircle": Template("incircle", "hard", {"relation": ("incircle", "incircle", "circumcircle")}),
    "sector": Template("sector", "medium", {"extra": ("none", "chord", "bisector", "radius")}),
    "regular_polygon": Template(
        "polygon", "medium", {"kind": POLYGONS, "extra": ("none", "diagonal", "longer")}
    ),
    "line_on_axes": Template("line", "hard", {"extra": ("none", "point")}),
    "parabola_triangle": Template("parabola", "hard", {"extra": ("vertex", "intercept")}),
    "hyperbola_rectangle": Template("hyperbola", "hard", {"extra": ("rectangle", "rectangle", "triangle")}),
    "kite": _quadrilateral("medium", "kite", "none", "diagonals", "diagonal"),
}


def figure_class(family: str, params: Mapping[str, Any]) -> tuple[str, ...]:
    """Return what makes figures a class: the family and the values of the parameters that choices change."""
    return (family, *(params[name] for name in _parameters(family)))


@cache
def _parameters(family: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(choice.parameter for choice in FAMILIES[family].choices))


def shares(weights: Iterable[tuple[str, float]]) -> dict[tuple[str, ...], float]:
    """Return by class how large a share of the figures belongs to it, given (template, weight)."""
    found: dict[tuple[str, ...], float] = defaultdict(float)
    weights = list(weights)
    total = sum(weight for _, weight in weights)
    for name, weight in weights:
        template = TEMPLATES[name]
        every = list(product(*template.shows.values()))
        for values in every:
            params = dict(zip(template.shows, values, strict=True))
            found[figure_class(template.family, params)] += weight / total / len(every)
    return dict(found)
