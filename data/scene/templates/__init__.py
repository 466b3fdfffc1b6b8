"""The templates: a name, the family it belongs to, and the parameters it fixes. Add one here."""

from data.scene.templates.base import Family, Figure
from data.scene.templates.circle import CIRCLE
from data.scene.templates.parallels import PARALLELS
from data.scene.templates.quadrilateral import QUADRILATERAL
from data.scene.templates.triangle import TRIANGLE

__all__ = ["FAMILIES", "TEMPLATES", "Family", "Figure"]

FAMILIES: dict[str, Family] = {f.name: f for f in (TRIANGLE, QUADRILATERAL, PARALLELS, CIRCLE)}

TEMPLATES: dict[str, tuple[str, dict[str, tuple[str, ...]]]] = {
    "triangle_cevian": ("triangle", {"kind": ("triangle",), "extra": ("cevian", "bisector")}),
    "right_triangle": ("triangle", {"kind": ("right triangle",), "extra": ("none", "none", "cevian")}),
    "isosceles_triangle": (
        "triangle",
        {"kind": ("isosceles triangle",), "extra": ("none", "none", "cevian")},
    ),
    "equilateral_triangle": (
        "triangle",
        {"kind": ("equilateral triangle",), "extra": ("none", "none", "cevian")},
    ),
    "triangle_median": ("triangle", {"kind": ("triangle", "right triangle"), "extra": ("median",)}),
    "triangle_altitude": ("triangle", {"kind": ("triangle", "isosceles triangle"), "extra": ("altitude",)}),
    "triangle_midsegment": (
        "triangle",
        {
            "kind": ("triangle", "isosceles triangle"),
            "extra": ("midsegment", "midsegment", "parallel", "slant"),
        },
    ),
    "parallelogram_diagonals": ("quadrilateral", {"kind": ("parallelogram",), "extra": ("diagonals",)}),
    "rectangle": (
        "quadrilateral",
        {"kind": ("rectangle",), "extra": ("none", "diagonals", "midpoint", "point")},
    ),
    "rhombus": ("quadrilateral", {"kind": ("rhombus",), "extra": ("none", "diagonals", "midpoint", "point")}),
    "square": ("quadrilateral", {"kind": ("square",), "extra": ("none", "diagonals", "midpoint", "point")}),
    "trapezoid": (
        "quadrilateral",
        {"kind": ("trapezoid",), "extra": ("none", "diagonals", "midpoint", "point")},
    ),
    "parallels_transversal": (
        "parallels",
        {"relation": ("parallel", "parallel", "skew", "parallel perpendicular", "skew perpendicular")},
    ),
    "circle_inscribed_angle": ("circle", {"relation": ("diameter", "chord")}),
}
