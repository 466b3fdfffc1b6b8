"""The templates: a name, the family it belongs to, and the parameters it fixes. Add one here."""

from data.scene.templates.base import Family, Figure
from data.scene.templates.circle import CIRCLE
from data.scene.templates.parallels import PARALLELS
from data.scene.templates.quadrilateral import QUADRILATERAL
from data.scene.templates.triangle import TRIANGLE

__all__ = ["FAMILIES", "TEMPLATES", "Family", "Figure"]

FAMILIES: dict[str, Family] = {f.name: f for f in (TRIANGLE, QUADRILATERAL, PARALLELS, CIRCLE)}

# What is drawn into a figure; what stands twice is drawn twice as often.
CEVIAN = ("none", "none", "cevian")
CUT = ("midsegment", "midsegment", "parallel", "slant")
INSIDE = ("none", "diagonals", "midpoint", "point")
TRANSVERSAL = ("parallel", "parallel", "skew", "parallel perpendicular", "skew perpendicular")

TEMPLATES: dict[str, tuple[str, dict[str, tuple[str, ...]]]] = {
    "triangle_cevian": ("triangle", {"kind": ("triangle",), "extra": ("cevian", "bisector")}),
    "right_triangle": ("triangle", {"kind": ("right triangle",), "extra": CEVIAN}),
    "isosceles_triangle": ("triangle", {"kind": ("isosceles triangle",), "extra": CEVIAN}),
    "equilateral_triangle": ("triangle", {"kind": ("equilateral triangle",), "extra": CEVIAN}),
    "triangle_median": ("triangle", {"kind": ("triangle", "right triangle"), "extra": ("median",)}),
    "triangle_altitude": ("triangle", {"kind": ("triangle", "isosceles triangle"), "extra": ("altitude",)}),
    "triangle_midsegment": ("triangle", {"kind": ("triangle", "isosceles triangle"), "extra": CUT}),
    "parallelogram_diagonals": ("quadrilateral", {"kind": ("parallelogram",), "extra": ("diagonals",)}),
    "rectangle": ("quadrilateral", {"kind": ("rectangle",), "extra": INSIDE}),
    "rhombus": ("quadrilateral", {"kind": ("rhombus",), "extra": INSIDE}),
    "square": ("quadrilateral", {"kind": ("square",), "extra": INSIDE}),
    "trapezoid": ("quadrilateral", {"kind": ("trapezoid",), "extra": INSIDE}),
    "parallels_transversal": ("parallels", {"relation": TRANSVERSAL}),
    "circle_inscribed_angle": ("circle", {"relation": ("diameter", "chord")}),
}
