"""Graphs in a coordinate system: a line, a parabola and a hyperbola, each with what it makes with the axes.

Line: y = ``k`` x + ``b`` meets the x-axis at A and the y-axis at B. Parabola: y = ``sign`` (x - ``p``)(x - q)
with q = ``p`` + ``width`` meets the x-axis at A and B; C is its vertex or its point on the y-axis. Hyperbola:
P = (``px``, ``py``) on it, A and B below and beside it on the axes, O the origin.
"""

from __future__ import annotations

from data.scene.equations import hyperbola, polynomial
from data.scene.templates.base import Choice, Family, Figure, Params, both_ways
from data.scene.types import Fact, Mark, Point

ROOM = 1.0
"""Units that axes reach beyond what is drawn."""


def _axes(points: dict[str, Point], room: float = ROOM) -> tuple[float, float, float, float]:
    xs, ys = zip(*points.values(), (0.0, 0.0), strict=True)
    return min(xs) - room, min(ys) - room, max(xs) + room, max(ys) + room


def draw_line(params: Params) -> Figure:
    """Draw the line through A and B, and a point M on it or not."""
    k, b = params["k"], params["b"]
    points: dict[str, Point] = {"A": (-b / k, 0.0), "B": (0.0, float(b))}
    equation = polynomial((k, b))
    axes = _axes(points)
    ends = [(x, k * x + b) for x in sorted((points["A"][0], 0.0))]
    reach = 0.35 * (ends[1][0] - ends[0][0])
    curve = tuple((x, k * x + b) for x in (ends[0][0] - reach, ends[1][0] + reach))
    stated = [Fact("graph", (), equation), Fact("intercept", ("A",), "x"), Fact("intercept", ("B",), "y")]
    figure = Figure(
        points, (), stated, {"A": "b", "B": "b"}, axes=axes, curves=((equation, curve),), told=("k", "b")
    )
    if params["extra"] == "point":
        x = params["at"] * (points["A"][0]) / 4
        points["M"] = (x, k * x + b)
        figure.stated.append(Fact("on_graph", ("M",)))
        figure.numbers["M"] = "at"
    return figure


LINE = Family(
    name="line",
    letters="ABM",
    draw=draw_line,
    ranges={"k": (-3, -2, -1, 1, 2, 3), "b": (-6, -4, -3, -2, 2, 3, 4, 6), "at": (1, 2, 3)},
    choices=(Choice("relation", "extra", both_ways(("none", "point")), image="drop"),),
    upright=True,
)


def draw_parabola(params: Params) -> Figure:
    """Draw the parabola and the triangle ABC."""
    p, q, sign = params["p"], params["p"] + params["width"], params["sign"]
    c = sign * p * q
    equation = polynomial((sign, -sign * (p + q), c))

    def height(x: float) -> float:
        return sign * (x - p) * (x - q)

    middle = (p + q) / 2
    top = (middle, height(middle)) if params["extra"] == "vertex" else (0.0, float(c))
    points: dict[str, Point] = {"A": (float(p), 0.0), "B": (float(q), 0.0), "C": top}
    over = 0.18 * (q - p)
    curve = tuple(
        (p - over + (q - p + 2 * over) * i / 48, height(p - over + (q - p + 2 * over) * i / 48))
        for i in range(49)
    )
    stated = [Fact("graph", (), equation)]
    stated += [Fact("intercept", ("A",), "x"), Fact("intercept", ("B",), "x")]
    stated.append(
        Fact("intercept", ("C",), "y") if params["extra"] == "intercept" else Fact("on_graph", ("C",))
    )
    figure = Figure(
        points, ("AC", "BC"), stated, {"A": "p", "B": "width", "C": "p"}, told=("p", "width", "sign")
    )
    figure.axes, figure.curves = _axes(points), ((equation, curve),)
    return figure


PARABOLA = Family(
    name="parabola",
    letters="ABC",
    draw=draw_parabola,
    ranges={"p": (-3, -2, -1, 1, 2), "width": (2, 4, 6), "sign": (-1, 1)},
    choices=(Choice("relation", "extra", both_ways(("vertex", "intercept")), image="move"),),
    upright=True,
)


def draw_hyperbola(params: Params) -> Figure:
    """Draw one branch, P on it, and the rectangle OAPB; or the triangle OAP."""
    x, y = params["px"], params["py"]
    equation = hyperbola(x * y)
    points: dict[str, Point] = {"O": (0.0, 0.0), "P": (float(x), float(y)), "A": (float(x), 0.0)}
    steps = [0.55 * x * (1.9 / 0.55) ** (i / 40) for i in range(41)]
    curve = tuple((s, x * y / s) for s in steps)
    stated = [Fact("graph", (), equation), Fact("on_graph", ("P",)), Fact("on_axis", ("A",), "x")]
    figure = Figure(points, ("PA",), stated, {"P": "px"}, told=("px", "py"))
    if params["extra"] == "rectangle":
        points["B"] = (0.0, float(y))
        figure.segments += ("PB", "OA", "OB")  # two sides lie on the axes
        figure.stated += [Fact("on_axis", ("B",), "y"), Fact("shape", ("OAPB",), "rectangle")]
        figure.marks.append(Mark("right", "APB"))
    else:
        figure.segments += ("OP", "OA")
        figure.stated.append(Fact("shape", ("OAP",), "right triangle"))
        figure.marks.append(Mark("right", "OAP"))
    figure.axes = _axes(points | {"c": curve[-1], "d": curve[0]}, 0.6)
    figure.curves = ((equation, curve),)
    return figure


HYPERBOLA = Family(
    name="hyperbola",
    letters="OPAB",
    draw=draw_hyperbola,
    ranges={"px": (1, 2, 3, 4), "py": (1, 2, 3, 4, 6)},
    choices=(Choice("relation", "extra", both_ways(("rectangle", "triangle")), image="move"),),
    upright=True,
)
