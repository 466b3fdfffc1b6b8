"""The templates: a name, the family it belongs to, and the parameters it fixes. Add one here.

After a change of templates or edits run ``python -m data.balance``, which writes ``balance.json`` anew.
"""

import json
from collections.abc import Mapping
from itertools import product
from pathlib import Path
from typing import Any

from data.scene.templates.base import Family, Figure
from data.scene.templates.circle import CIRCLE
from data.scene.templates.parallels import PARALLELS
from data.scene.templates.quadrilateral import QUADRILATERAL
from data.scene.templates.triangle import TRIANGLE

__all__ = ["BALANCE", "FAMILIES", "TEMPLATES", "Family", "Figure", "classes", "figure_class"]

FAMILIES: dict[str, Family] = {f.name: f for f in (TRIANGLE, QUADRILATERAL, PARALLELS, CIRCLE)}

# What is drawn into a figure; what stands twice is drawn twice as often.
TRIANGLES = ("triangle", "right triangle", "isosceles triangle", "equilateral triangle")
ACUTE = ("triangle", "isosceles triangle", "equilateral triangle")
CEVIAN = ("none", "none", "cevian")
CUT = ("midsegment", "midsegment", "parallel", "slant")
INSIDE = ("none", "diagonals", "midpoint", "point")
TRANSVERSAL = ("parallel", "parallel", "skew", "parallel perpendicular", "skew perpendicular")

TEMPLATES: dict[str, tuple[str, dict[str, tuple[str, ...]]]] = {
    "triangle_cevian": ("triangle", {"kind": TRIANGLES, "extra": ("cevian", "bisector")}),
    "right_triangle": ("triangle", {"kind": ("right triangle",), "extra": CEVIAN}),
    "isosceles_triangle": ("triangle", {"kind": ("isosceles triangle",), "extra": CEVIAN}),
    "equilateral_triangle": ("triangle", {"kind": ("equilateral triangle",), "extra": CEVIAN}),
    "triangle_median": ("triangle", {"kind": TRIANGLES, "extra": ("median",)}),
    "triangle_altitude": ("triangle", {"kind": ACUTE, "extra": ("altitude",)}),
    "triangle_midsegment": ("triangle", {"kind": TRIANGLES, "extra": CUT}),
    "parallelogram_diagonals": ("quadrilateral", {"kind": ("parallelogram",), "extra": ("diagonals",)}),
    "rectangle": ("quadrilateral", {"kind": ("rectangle",), "extra": INSIDE}),
    "rhombus": ("quadrilateral", {"kind": ("rhombus",), "extra": INSIDE}),
    "square": ("quadrilateral", {"kind": ("square",), "extra": INSIDE}),
    "trapezoid": ("quadrilateral", {"kind": ("trapezoid",), "extra": INSIDE}),
    "parallels_transversal": ("parallels", {"relation": TRANSVERSAL}),
    "circle_inscribed_angle": ("circle", {"relation": ("diameter", "chord")}),
}


def figure_class(family: str, params: Mapping[str, Any]) -> str:
    """Name what a caption says in words: the family and the values that shape and relation edits change."""
    return "/".join([family, *(params[name] for name, _ in FAMILIES[family].choices.values())])


def classes() -> list[str]:
    """Return every figure class that some template draws."""
    found = set()
    for family, fixed in TEMPLATES.values():
        for values in product(*fixed.values()):
            found.add(figure_class(family, dict(zip(fixed, values, strict=True))))
    return sorted(found)


BALANCE: dict[str, dict[str, float]] = json.loads(Path(__file__).with_name("balance.json").read_text())
"""By kind of negative, how readily an edit leads to a class: negatives show each as often as positives do."""
