"""A display list as a standalone matplotlib script, the paper's diagram code: points and what they make.

A person or an LLM edits it by name: when a point moves, its lines, marks and labels move with it.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping

from data.scene.display import COORDINATES_SCALE, DASH_PX, MIN_DOT_LINES, MIN_LINE_PX, Display, Stroke, Text
from data.scene.geometry import midpoint
from data.scene.lines import HEAD_PX
from data.scene.marks import ARROW_PX, TICK_HALF_PX
from data.scene.script_parts import COMMENTS, DRAW, HEAD, HELPERS, SETUP
from data.scene.types import CANVAS, Point

_OTHER_TEXTS = ("axis", "coordinates")
_DICTS = ("points", "axes", "dots", "axis_labels")


def to_script(display: Display) -> str:
    """Return Python code that draws ``display`` with matplotlib alone, as ``python FILE OUT.png [SIZE]``."""
    numbers = {"dash": DASH_PX[0], "space": DASH_PX[1], "period": sum(DASH_PX), "dot": MIN_DOT_LINES}
    numbers |= {
        "small": COORDINATES_SCALE,
        "tick": TICK_HALF_PX,
        "back": ARROW_PX[0] / 2,
        "wide": ARROW_PX[1],
    }
    numbers |= {"long": HEAD_PX[0], "half": HEAD_PX[1], "page": CANVAS, "least": MIN_LINE_PX}
    data, style = _data(display), display.style
    code = "".join(part for name, part in DRAW.items() if data[name])
    gap = "\n"  # two lines after the last helper, as everywhere
    for helper in reversed(HELPERS):  # those that come first serve the later ones
        if f"{helper.split('def ')[1].split('(')[0]}(" in code:
            code = f"{helper}{gap}{code}"
            gap = ""
    look = f"line_width = {style.line_px:g}\nfont_size = {style.font_px:g}\nfont = {_quoted(style.font)}\n"
    return "".join(
        [
            HEAD.format(**numbers),
            *(_assign(name, rows) for name, rows in data.items() if rows),
            look,
            (SETUP + code).format(**numbers),
            "\nfigure.savefig(out, dpi=size)\n",
        ]
    )


def _data(display: Display) -> dict[str, list[str]]:
    """Return the rows of every table of the script: ``'key: value'`` of a dict, else items of a list."""
    at, strokes = display.points, display.strokes
    arcs = {kind: [arc for arc in display.arcs if arc.kind == kind] for kind in ("circle", "sector", "arc")}

    def of(kind: str) -> list[Stroke]:
        return [stroke for stroke in strokes if stroke.kind == kind]

    return {
        "points": [f"{_quoted(name)}: {_point(point)}" for name, point in at.items()],
        "axes": [f"{_quoted(s.owner)}: ({', '.join(map(_point, s.points))})" for s in of("axis")],
        "curves": [f"({_quoted(s.owner)}, [{', '.join(map(_point, s.points))}])" for s in of("curve")],
        "segments": [_quoted(s.owner) for s in of("segment")],
        "dashed": [_quoted(s.owner) for s in of("dashed")],
        "circles": [f"({_quoted(arc.owner)}, {_number(arc.radius)})" for arc in arcs["circle"]],
        "sectors": [_quoted(arc.owner) for arc in arcs["sector"]],
        "right_angles": [_row(s, _number(math.dist(s.points[0], s.points[1]))) for s in of("right")],
        "ticks": [_row(s, _place(at, s, midpoint(s.points[0], s.points[1]))) for s in of("tick")],
        "arrows": [
            _row(s, _place(at, s, midpoint(midpoint(s.points[0], s.points[2]), s.points[1])))
            for s in of("arrow")
        ],
        "angle_arcs": [f"({_quoted(arc.owner)}, {_number(arc.radius)})" for arc in arcs["arc"]],
        "dots": [f"{_quoted(dot.owner)}: {_number(dot.radius)}" for dot in display.dots],
        "labels": [_label(display, text) for text in display.texts if text.kind not in _OTHER_TEXTS],
        "coordinates": [_label(display, text) for text in display.texts if text.kind == "coordinates"],
        "axis_labels": [_axis_label(text, of("axis")) for text in display.texts if text.kind == "axis"],
    }


def _row(stroke: Stroke, number: str) -> str:
    return f"({_quoted(stroke.owner)}, {number})"


def _place(at: Mapping[str, Point], stroke: Stroke, foot: Point) -> str:
    """How far along its segment a mark is, 0 to 1."""
    p, q = (at[name] for name in stroke.owner)
    along = (foot[0] - p[0]) * (q[0] - p[0]) + (foot[1] - p[1]) * (q[1] - p[1])
    return f"{along / math.dist(p, q) ** 2:.4f}"


def _label(display: Display, text: Text) -> str:
    names = text.owner[1] if text.kind == "angle" else text.owner
    named = [display.points[name] for name in names]
    x, y = sum(x for x, _ in named) / len(named), sum(y for _, y in named) / len(named)
    return f"({_quoted(text.text)}, {_quoted(names)}, {', '.join(_offset(text, (x, y)))})"


def _axis_label(text: Text, axes: list[Stroke]) -> str:
    (tip,) = (axis.points[1] for axis in axes if axis.owner == text.owner)
    return f"{_quoted(text.owner)}: ({', '.join(_offset(text, tip))})"


def _offset(text: Text, origin: Point) -> tuple[str, str]:
    x0, y0, x1, y1 = text.box
    return _number((x0 + x1) / 2 - origin[0]), _number((y0 + y1) / 2 - origin[1])


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _point(point: Point) -> str:
    return f"({_number(point[0])}, {_number(point[1])})"


def _number(value: float) -> str:
    return f"{round(value, 2) + 0.0:g}"  # no -0


def _assign(name: str, rows: list[str]) -> str:
    """Return ``name = [...]`` or ``name = {...}``, in one line where it fits."""
    first, last = "{}" if name in _DICTS else "[]"
    comment = f"  # {COMMENTS[name]}" if name in COMMENTS else ""
    line = f"{name} = {first}{', '.join(rows)}{last}"
    if len(line) + len(comment) <= 100 and name != "points":
        return f"{line}{comment}\n"
    return "".join([f"{name} = {first}{comment}\n", *(f"    {row},\n" for row in rows), f"{last}\n"])
