"""A second opinion on facts: complex numbers and Gram matrices, nothing shared with data/scene/truth.py.

``miss`` says by how many visible margins (5 degrees, 8 % of the longer length, 10 px) a statement fails as
plane geometry, whatever is drawn; every class is read inclusively (a square is a rectangle, a parallelogram
a trapezoid).
"""

import cmath
import math
import re
from itertools import combinations, pairwise, permutations

import numpy as np

from data.scene.types import Fact, Scene

EXACT = 1e-6
NEVER = 1e9
SIDES = {"triangle": 3, "quadrilateral": 4, "pentagon": 5, "hexagon": 6, "octagon": 8}


def holds(fact: Fact, scene: Scene) -> bool:
    """Whether the statement is true of the plane figure."""
    return miss(fact, scene) < EXACT


def visibly_false(fact: Fact, scene: Scene) -> bool:
    """Whether a person who knows geometry can see in the picture that the statement is false."""
    if any(letter not in scene.points for arg in fact.args for letter in arg):
        return True
    if (
        fact.kind == "coordinates"
        and scene.axes
        and not any(m.kind == "coordinates" and m.at == fact.args[0] for m in scene.marks)
    ):
        return False
    if fact.kind in ("length", "angle") and not labelled(fact.args[0], scene):
        return False
    if fact.kind == "shape" and not all(drawn(side, scene) for side in edges(fact.args[0])):
        return True
    if fact.kind == "diagonal" and not all(drawn(s, scene) for s in (fact.args[0], *edges(fact.args[1]))):
        return True
    if fact.kind in ("on", "intersection"):  # "on AB" may be read as on its extension
        z = place(scene)
        return any(off_line(z[fact.args[0]], z[a], z[b]) > 10 for a, b in fact.args[1:])
    return miss(fact, scene) > 1


def edges(polygon: str) -> list[str]:
    """The sides of a polygon, closing it."""
    return [p + q for p, q in zip(polygon, polygon[1:] + polygon[:1], strict=True)]


def drawn(segment: str, scene: Scene) -> bool:
    """Whether all of a segment lies within 10 px of one drawn segment."""
    z = place(scene)
    samples = [z[segment[0]] + t * (z[segment[1]] - z[segment[0]]) for t in np.linspace(0, 1, 11)]
    return any(all(off_segment(p, z[s[0]], z[s[1]]) < 10 for p in samples) for s in scene.segments)


def labelled(name: str, scene: Scene) -> bool:
    """Whether the picture has a number at this very segment or angle."""
    z = place(scene)
    if len(name) == 2:
        return any(mark.kind == "length" and set(mark.at) == set(name) for mark in scene.marks)
    at = [mark.at for mark in scene.marks if mark.kind in ("angle", "right") and mark.at[1] == name[1]]
    arms = [[z[c] - z[name[1]] for c in (n[0], n[2])] for n in (*at, *(n[::-1] for n in at), name)]
    return any(turn(u, arms[-1][0]) + turn(v, arms[-1][1]) < 1e-6 for u, v in arms[:-1])


def place(scene: Scene) -> dict[str, complex]:
    """Points as complex numbers, y up."""
    return {name: complex(x, -y) for name, (x, y) in scene.points.items()}


def turn(u: complex, v: complex) -> float:
    """Unsigned angle between two directions in degrees, 0 to 180."""
    return abs(math.degrees(cmath.phase(v / u)))


def skew(u: complex, v: complex) -> float:
    """Margins from parallel."""
    return min(turn(u, v), turn(u, -v)) / 5


def slant(u: complex, v: complex) -> float:
    """Margins from perpendicular."""
    return skew(u, 1j * v)


def differ(x: float, y: float) -> float:
    """Margins between two lengths."""
    return (1 - min(x, y) / max(x, y)) / 0.08


def off_segment(p: complex, a: complex, b: complex) -> float:
    """Distance in px of a point from a segment: in the frame where the segment is 0 to 1."""
    w = (p - a) / (b - a)
    nearest = min(max(w.real, 0.0), 1.0)
    return abs(w - nearest) * abs(b - a)


def off_line(p: complex, a: complex, b: complex) -> float:
    """Distance in px of a point from a line."""
    return abs(((p - a) / (b - a)).imag) * abs(b - a)


def off_arc(p: complex, a: complex, o: complex, b: complex) -> float:
    """Distance in px of a point from the shorter arc from a to b around o."""
    whole, part = cmath.phase((b - o) / (a - o)), cmath.phase((p - o) / (a - o))
    if -1e-9 <= part / whole <= 1 + 1e-9:
        return abs(abs(p - o) - abs(a - o))
    return min(abs(p - a), abs(p - b))


def miss(fact: Fact, scene: Scene) -> float:
    """By how many visible margins the statement fails; 0 when it is true."""
    z = place(scene)
    if any(letter not in z for arg in fact.args for letter in arg):
        return NEVER
    if fact.kind == "shape":
        return miss_shape([z[c] for c in fact.args[0]], str(fact.value))
    if fact.kind in GRAPHS:
        return miss_graph(fact, z, scene)
    if fact.kind in ("inscribed", "incircle", "tangent_circles", "sector"):
        return miss_round(fact, z, scene)
    if fact.kind in ("circle", "on_circle", "chord", "diameter", "tangent", "secant"):
        return miss_circle(fact, z, dict(scene.circles))
    if fact.kind == "length":
        return differ(abs(z[fact.args[0][0]] - z[fact.args[0][1]]) * scene.unit, float(fact.value))
    if fact.kind == "angle":
        return abs(size(fact.args[0], z) - float(fact.value)) / 5
    if fact.kind == "rotated":
        return miss_rotated(fact, z)
    if fact.kind == "diagonal":
        line, polygon = fact.args
        corners = [polygon.find(c) for c in line]
        is_one = min(corners) >= 0 and (corners[0] - corners[1]) % len(polygon) not in (1, len(polygon) - 1)
        return 0.0 if is_one else NEVER
    return RELATIONS[fact.kind](z, *fact.args)


def size(angle: str, z: dict[str, complex]) -> float:
    """Size of an angle in degrees."""
    return turn(z[angle[0]] - z[angle[1]], z[angle[2]] - z[angle[1]])


def miss_shape(points: list[complex], name: str) -> float:
    """Classes by the Gram matrix of the edge vectors."""
    many = name.removeprefix("regular ") in ("pentagon", "hexagon", "octagon")
    *words, sort = name.split() if many or name.endswith("triangle") else [name, "quadrilateral"]
    e = np.roll(points, -1) - points
    gram = np.real(np.outer(e, e.conj()))
    length = np.sqrt(gram.diagonal())
    spin = np.array([(e[i - 1].conjugate() * e[i]).imag / length[i - 1] / length[i] for i in range(len(e))])
    if len(points) != SIDES[sort] or np.abs(spin).min() < EXACT or crosses_itself(points):
        return NEVER  # wrong count, flat, or crossing itself
    equal = [differ(length[i], length[j]) for i, j in combinations(range(len(e)), 2)]
    corner = [gram[i - 1, i] / length[i - 1] / length[i] for i in range(len(e))]
    right = [abs(math.degrees(math.asin(np.clip(c, -1, 1)))) / 5 for c in corner]
    if sort == "triangle":
        return {"": 0.0, "right": min(right), "isosceles": min(equal), "equilateral": max(equal)}[
            "".join(words)
        ]
    if many:
        sizes = [turn(-e[i - 1], e[i]) for i in range(len(e))]
        return max(*equal, (max(sizes) - min(sizes)) / 5) if words else 0.0
    pairs = skew(e[0], e[2]), skew(e[1], e[3])
    legs = differ(length[1], length[3]), differ(length[0], length[2])
    # inclusively: a kite has two pairs of equal neighbours, an isosceles trapezoid a mirror axis
    mirror = [max(pairs[i], legs[i], abs(turn(e[i], e[i + 1]) - turn(-e[i], -e[i - 1])) / 5) for i in (0, 1)]
    return {
        "quadrilateral": 0.0,
        "trapezoid": min(pairs),
        "right trapezoid": max(min(pairs), min(right)),
        "isosceles trapezoid": min(mirror),
        "kite": min(max(equal_sides(length, i, i + 1), equal_sides(length, i + 2, i + 3)) for i in (0, 1)),
        "parallelogram": max(pairs),
        "rectangle": max(right),
        "rhombus": max(equal),
        "square": max(*right, *equal),
    }[words[0]]


def crosses_itself(points):
    """Whether two sides that are no neighbours meet: each separates the ends of the other."""
    n = len(points)

    def apart(a, b, c, d):
        return ((c - a) * (b - a).conjugate()).imag * ((d - a) * (b - a).conjugate()).imag < 0

    sides = [(points[i], points[(i + 1) % n]) for i in range(n)]
    pairs = [(i, j) for i in range(n) for j in range(i + 2, n) if (i, j) != (0, n - 1)]
    return any(apart(*sides[i], *sides[j]) and apart(*sides[j], *sides[i]) for i, j in pairs)


def equal_sides(length, i, j):
    return differ(length[i % 4], length[j % 4])


def miss_circle(fact: Fact, z: dict[str, complex], radii: dict[str, float]) -> float:
    """Statements about the circle around the last argument."""
    o, r = z[fact.args[-1]], radii.get(fact.args[-1])
    if r is None:
        return min((abs(o - z[c]) / 10 for c in radii), default=NEVER)
    if fact.kind == "circle":
        return 0.0
    points = [z[c] for c in fact.args[0]]
    if fact.kind == "tangent":
        return abs(off_line(o, *points) - r) / 10
    if fact.kind == "secant":  # one that touches is a margin and a half off
        return max(0.0, off_line(o, *points) - (r - 15)) / 10
    off = max(abs(abs(p - o) - r) for p in points) / 10
    return max(off, abs(sum(points) / 2 - o) / 10) if fact.kind == "diameter" else off


GRAPHS = ("graph", "on_graph", "on_axis", "intercept", "coordinates")


def miss_graph(fact, z, scene):
    """Statements about a coordinate system, in the frame of its axes."""
    if scene.axes is None:
        return NEVER
    o = complex(scene.axes.origin[0], -scene.axes.origin[1])
    curves = [[complex(x, -y) for x, y in curve.points] for curve in scene.curves]
    if fact.kind == "graph":
        if any(curve.equation == fact.value for curve in scene.curves):
            return 0.0
        rule = equation(fact.value)
        told = [(z[m.at] - o) * scene.unit for m in scene.marks if m.kind == "coordinates"]
        on = [p for p in told if off_curves(p / scene.unit + o, curves) < 1]
        return max([0.5, *(abs(rule(round(p.real)) - p.imag) / scene.unit / 10 for p in on)])
    p = z[fact.args[0]]
    if fact.kind == "coordinates":
        x, y = (int(part) for part in fact.value[1:-1].split(", "))
        return abs((p - o) * scene.unit - complex(x, y)) / scene.unit / 10
    graph = off_curves(p, curves)
    graph = 0.0 if graph < 0.5 else graph / 10
    axis = 0.0 if fact.value is None else abs((p - o).imag if fact.value == "x" else (p - o).real) / 10
    return {"on_graph": graph, "on_axis": axis, "intercept": max(graph, axis)}[fact.kind]


def off_curves(p, curves):
    """Distance in px from the nearest drawn graph."""
    legs = [(a, b) for curve in curves for a, b in pairwise(curve)]
    return min((off_segment(p, a, b) for a, b in legs), default=NEVER)


def equation(text):
    """The function that "y = ..." describes, by Python's own arithmetic."""
    body = re.sub(r"(\d)x", r"\1*x", text.removeprefix("y = ").replace("x²", "x*x"))
    body = re.sub(r"(\d)\*x\*x", r"\1*(x*x)", body).replace("-x*x", "-(x*x)")
    assert re.fullmatch(r"[-+*/()x\d ]+", body), text
    return lambda x: eval(body, {"__builtins__": {}}, {"x": x}) if x or "/" not in body else NEVER


def miss_round(fact, z, scene):
    """Circles in and around polygons, circles that touch, sectors."""
    radii = dict(scene.circles)
    if fact.kind == "sector":
        p, o, q = (z[c] for c in fact.args[0])
        arcs = [[z[c] for c in arc] for arc in scene.arcs]
        return min(
            (max(abs(o - c), off_arc(p, a, c, b), off_arc(q, a, c, b)) / 10 for a, c, b in arcs),
            default=NEVER,
        )
    if fact.kind == "tangent_circles":
        if not set(fact.args) <= set(radii):
            return NEVER
        r, s = (radii[c] for c in fact.args)
        return (
            abs(
                abs(z[fact.args[0]] - z[fact.args[1]]) - (r + s if fact.value == "externally" else abs(r - s))
            )
            / 10
        )
    polygon, centre = fact.args if fact.kind == "inscribed" else fact.args[::-1]
    if centre not in radii:
        return min((abs(z[centre] - z[c]) / 10 for c in radii), default=NEVER)
    o, r = z[centre], radii[centre]
    if fact.kind == "inscribed":
        return max(abs(abs(z[c] - o) - r) for c in polygon) / 10
    return max(abs(off_segment(o, *(z[c] for c in side)) - r) for side in edges(polygon)) / 10


def two(relation):
    """A relation of two segments, by their vectors."""

    def check(z, first, second):
        return relation(*(z[s[1]] - z[s[0]] for s in (first, second)))

    return check


def cevian(condition):
    """Whether a segment joins a corner P of a triangle with a Q that has to the other side what it should."""

    def check(z, segment, triangle):
        return min(
            max(abs(z[p] - z[a]) / 10, condition(z[p], z[q], z[b], z[c]))
            for p, q in permutations(segment)
            for a, b, c in permutations(triangle)
        )

    return check


def miss_midsegment(z, segment, triangle):
    p, q = (z[c] for c in segment)
    return min(
        max(abs(p - (z[a] + z[b]) / 2), abs(q - (z[a] + z[c]) / 2)) / 10 for a, b, c in permutations(triangle)
    )


def miss_bisector(z, segment, angle):
    (a, v, b), (s, t) = ([z[c] for c in name] for name in (angle, segment))
    u, w = (a - v) / abs(a - v), (b - v) / abs(b - v)
    middles = [u + w] if abs(u + w) > EXACT else [1j * u, -1j * u]
    ends = [(p, q) for p, q in ((s, t), (t, s)) if q != v]
    return min(max(abs(p - v) / 10, 2 * turn(m, q - v) / 5) for p, q in ends for m in middles)


def sides_of(z, triangle):
    return [abs(z[p] - z[q]) for p, q in edges(triangle)]


def form_of(z, triangle):
    """The side ratios of a triangle from its complex shape, (c - a) / (b - a)."""
    a, b, c = (z[name] for name in triangle)
    w = (c - a) / (b - a)
    return abs(w), abs(w - 1), abs(1 - 1 / w)


def reflect(p, a, b):
    """Mirror image in the line ab: conjugate where the line is the real axis."""
    return a + (b - a) * ((p - a) / (b - a)).conjugate()


def miss_rotated(fact, z):
    """Whether one rotation by the told angle, either way, takes each corner to its image: in px."""
    first, second, centre = fact.args
    o = z[centre]
    spins = [cmath.exp(sign * 1j * math.radians(float(fact.value))) for sign in (1, -1)]
    return min(
        max(abs(o + (z[p] - o) * spin - z[q]) / 10 for p, q in zip(first, second, strict=True))
        for spin in spins
    )


RELATIONS = {
    "parallel": two(skew),
    "perpendicular": two(slant),
    "equal": two(lambda u, v: differ(abs(u), abs(v))),
    "equal_angle": lambda z, a, b: abs(size(a, z) - size(b, z)) / 5,
    "midpoint": lambda z, p, s: abs(2 * z[p] - z[s[0]] - z[s[1]]) / 20,
    "on": lambda z, p, s: off_segment(z[p], z[s[0]], z[s[1]]) / 10,
    "intersection": lambda z, p, s, t: max(off_segment(z[p], *(z[c] for c in x)) for x in (s, t)) / 10,
    "bisects": miss_bisector,
    "median": cevian(lambda p, q, b, c: abs(2 * q - b - c) / 20),
    "altitude": cevian(lambda p, q, b, c: max(off_line(q, b, c) / 10, slant(p - q, c - b))),
    "midsegment": miss_midsegment,
    "perpendicular_bisector": lambda z, s, t: max(
        off_line((z[t[0]] + z[t[1]]) / 2, z[s[0]], z[s[1]]) / 10, slant(z[s[1]] - z[s[0]], z[t[1]] - z[t[0]])
    ),
    "folded": lambda z, p, s, q: abs(reflect(z[p], z[s[0]], z[s[1]]) - z[q]) / 10,
    "congruent": lambda z, s, t: max(map(differ, sides_of(z, s), sides_of(z, t))),
    "similar": lambda z, s, t: max(map(differ, form_of(z, s), form_of(z, t))),
}
