"""Figures made by hand that have, between them, everything a figure can have."""

import math

from data.scene.types import Axes, Curve, Mark, Scene


def _ring(names, radius=110.0, turn=90.0, centre=(168.0, 168.0)):
    step = 360 / len(names)
    at = [math.radians(turn + i * step) for i in range(len(names))]
    return {
        n: (centre[0] + radius * math.cos(t), centre[1] - radius * math.sin(t))
        for n, t in zip(names, at, strict=True)
    }


def _sides(names):
    return tuple(a + b for a, b in zip(names, names[1:] + names[0], strict=True))


def polygon(names, *marks, turn=90.0, diagonals=()):
    """A regular polygon with the marks given."""
    return Scene(_ring(names, turn=turn), (*_sides(names), *diagonals), (), marks)


def parallels():
    """Two lines with one chevron each, two with two, one of them cut by a point, one vertical."""
    points = {
        "A": (60, 80),
        "B": (280, 80),
        "C": (60, 160),
        "D": (280, 160),
        "E": (170, 80),
        "F": (60, 270),
        "G": (280, 270),
    }
    marks = (
        Mark("arrow", "AB"),
        Mark("arrow", "DC"),
        Mark("arrow", "AF", count=2),
        Mark("arrow", "GB", count=2),
    )
    points = {name: (float(x), float(y)) for name, (x, y) in points.items()}
    return Scene(points, ("AB", "CD", "AF", "BG", "EF"), (), marks)


def dashed():
    """A triangle with its dashed altitude and median, equal parts, two kinds of equal angles."""
    points = {
        "A": (110.0, 60.0),
        "B": (50.0, 270.0),
        "C": (290.0, 270.0),
        "H": (110.0, 270.0),
        "M": (170.0, 270.0),
    }
    marks = (
        Mark("right", "AHB"),
        Mark("tick", "MC", count=3),
        Mark("arc", "ABC"),
        Mark("arc", "ACB", count=2),
    )
    return Scene(points, ("AB", "BC", "CA", "AH", "AM"), (), marks, dashed=("AH", "AM"))


def sector():
    """A sector with a chord, its angle and radius told, and a point on its arc."""
    points = {"O": (80.0, 250.0), "A": (280.0, 250.0), "B": (180.0, 250.0 - 100 * math.sqrt(3))}
    points["C"] = (80 + 200 * math.cos(math.radians(20)), 250 - 200 * math.sin(math.radians(20)))
    marks = (Mark("angle", "AOB", "60"), Mark("length", "OA", "7"))
    return Scene(points, ("OA", "OB", "AB"), (), marks, arcs=("AOB",))


def line_on_axes():
    """A line that meets both axes, with its intercepts told, and the origin."""
    origin = (130.0, 210.0)
    points = {"O": origin, "A": (250.0, 210.0), "B": (130.0, 90.0), "p": (280.0, 240.0), "q": (90.0, 50.0)}
    marks = (Mark("coordinates", "A", "(4, 0)"), Mark("coordinates", "B", "(0, 4)"))
    return Scene(points, ("pq",), (), marks, axes=Axes(origin, (40.0, 290.0), (310.0, 40.0)))


def parabola():
    """A parabola, the triangle of its zeros and vertex, the coordinates of one point."""
    x0, y0, unit = 168.0, 150.0, 36.0
    curve = [(x0 + unit * t, y0 - unit * (t * t - 4) * 0.7) for t in [-2.6 + 0.05 * i for i in range(105)]]
    points = {
        "A": (x0 - 2 * unit, y0),
        "B": (x0 + 2 * unit, y0),
        "C": (x0, y0 + 4 * unit * 0.7),
        "O": (x0, y0),
    }
    marks = (Mark("coordinates", "B", "(2, 0)"),)
    axes = Axes((x0, y0), (40.0, 300.0), (300.0, 40.0))
    return Scene(points, ("AC", "BC"), (), marks, axes=axes, curves=(Curve("y = x² - 4", tuple(curve)),))


def hyperbola():
    """y = k/x with the rectangle under one of its points, which has negative coordinates."""
    x0, y0, unit = 168.0, 168.0, 28.0
    branch = [(x0 + unit * t, y0 - unit * 4 / t) for t in [1.0 + 0.08 * i for i in range(42)]]
    other = [(2 * x0 - x, 2 * y0 - y) for x, y in branch]
    points = {
        "O": (x0, y0),
        "P": (x0 - 2 * unit, y0 + 2 * unit),
        "A": (x0 - 2 * unit, y0),
        "B": (x0, y0 + 2 * unit),
    }
    axes = Axes((x0, y0), (40.0, 296.0), (296.0, 40.0))
    curves = (Curve("y = 4/x", tuple(branch)), Curve("y = 4/x", tuple(other)))
    return Scene(points, ("PA", "PB"), (), (Mark("coordinates", "P", "(-2, -2)"),), axes=axes, curves=curves)


def circles():
    """Two circles that touch, their centres joined, a tangent from outside."""
    points = {
        "O": (110.0, 170.0),
        "Q": (255.0, 170.0),
        "T": (195.0, 170.0),
        "P": (110.0, 255.0),
        "R": (290.0, 255.0),
    }
    return Scene(points, ("OQ", "PR", "OP"), (("O", 85.0), ("Q", 60.0)), (Mark("right", "OPR"),))


def crowded():
    """Nine labelled points: a square, the midpoints of its sides and their square, both diagonals."""
    points = {
        "A": (50.0, 50.0),
        "B": (286.0, 50.0),
        "C": (286.0, 286.0),
        "D": (50.0, 286.0),
        "K": (168.0, 168.0),
    }
    points |= {"E": (168.0, 50.0), "F": (286.0, 168.0), "G": (168.0, 286.0), "H": (50.0, 168.0)}
    return Scene(
        points, ("AB", "BC", "CD", "DA", "AC", "BD", "EF", "FG", "GH", "HE"), (), (Mark("tick", "AH"),)
    )


SKETCHES = {
    "parallels": parallels(),
    "dashed": dashed(),
    "sector": sector(),
    "line on axes": line_on_axes(),
    "parabola": parabola(),
    "hyperbola": hyperbola(),
    "circles": circles(),
    "crowded": crowded(),
    "hexagon": polygon(
        "ABCDEF", Mark("tick", "AB"), Mark("tick", "BC"), Mark("angle", "ABC", "120"), turn=75.0
    ),
    "octagon": polygon("ABCDEFGH", Mark("tick", "AB", count=2), Mark("length", "CD", "6"), turn=80.0),
    "diagonals": polygon(
        "ABCDE", Mark("arc", "ABC", count=3), Mark("angle", "DAC", "36"), diagonals=("AC", "AD")
    ),
}
