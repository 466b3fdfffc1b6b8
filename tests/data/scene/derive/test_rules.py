"""One hand-derived example for every rule."""

import cmath
import math

import pytest

from data.scene.derive.known import Quantity
from data.scene.derive.solve import Derivation
from data.scene.types import Axes, Built, Curve, Fact, Mark, Scene

ROOT = math.sqrt(3)


def on(centre, radius, degrees):
    """A point on a circle."""
    z = complex(*centre) + radius * cmath.exp(1j * math.radians(degrees))
    return z.real, z.imag


def facts(text):
    """``midpoint D AB; length AB 8``: facts from words, a number last."""
    found = []
    for words in filter(None, (part.strip() for part in text.split(";"))):
        kind, *args = words.split()
        value = None
        if kind in ("length", "angle", "rotated"):
            *args, value = args
            value = int(value)
        if kind in ("shape", "tangent_circles"):
            *args, value = args
            value = value.replace("_", " ")
        found.append(Fact(kind, tuple(args), value))
    return tuple(found)


def figure(segments, text, circles=(), arcs=(), marks=(), **points):
    """A figure in units, y up, with 20 px to the unit."""
    px = {name: (20 * x, -20 * y) for name, (x, y) in points.items()}
    scene = Scene(
        px,
        tuple(segments.split()),
        tuple((name, 20 * r) for name, r in circles),
        tuple(marks),
        1 / 20,
        arcs=tuple(arcs),
    )
    return Built(scene, facts(text))


TRIANGLE = {"A": (0, 0), "B": (8, 0), "C": (2, 6)}
RIGHT = {"C": (0, 0), "A": (0, 3), "B": (4, 0)}
CROSS = {"A": (-4, 0), "B": (4, 0), "C": on((0, 0), 3, 70), "D": on((0, 0), 3, 250), "E": (0, 0)}
LINES = {"A": (-4, 0), "B": (4, 0), "E": (0, 0), "F": on((0, 0), 4, 240), "G": on((0, 0), 3, 60)}
LINES |= {"C": (LINES["F"][0] - 4, LINES["F"][1]), "D": (LINES["F"][0] + 4, LINES["F"][1])}
PLANE = "AB CD GF"
ABOUT = "on E AB; on F CD; on E GF; parallel AB CD"
ROUND = {"O": (0, 0), "A": on((0, 0), 5, 200), "B": on((0, 0), 5, 320), "C": on((0, 0), 5, 80)}
SQUARE = {"A": (0, 0), "B": (5, 0), "C": (5, 5), "D": (0, 5)}
SLANTED = {"A": (0, 0), "B": (7, 0), "C": (10, 4), "D": (3, 4), "E": (3, 0)}
RHOMBUS = {"A": (-3, 0), "B": (0, -4), "C": (3, 0), "D": (0, 4), "E": (0, 0)}
HEXAGON = dict(zip("ABCDEF", (on((0, 0), 4, 60 * i) for i in range(6)), strict=True))
TANGENT = {"O": (0, 0), "P": (10, 0), "A": on((0, 0), 6, math.degrees(math.acos(0.6)))}
TANGENT["B"] = (TANGENT["A"][0], -TANGENT["A"][1])

EXAMPLES = {
    # rule: (figure, what is asked, its value)
    "parts of a line": (
        figure("AB BC CA", "on D AB; length AD 3; length DB 5", **TRIANGLE, D=(3, 0)),
        "length AB 8",
    ),
    "midpoint": (figure("AB BC CA", "midpoint D AB; length AD 4", **TRIANGLE, D=(4, 0)), "length AB 8"),
    "equal segments": (figure("AB BC CD DA", "shape ABCD rhombus; length AB 5", **{k: RHOMBUS[k] for k in "ABCD"}), "length CD 5"),
    "mid-segment": (
        figure("AB BC CA DE", "midpoint D AC; midpoint E BC; length AB 8", **TRIANGLE, D=(1, 3), E=(5, 3)),
        "length DE 4",
    ),
    "Pythagoras": (figure("AB BC CA", "perpendicular AC BC; length AC 3; length BC 4", **RIGHT), "length AB 5"),
    "30° triangle": (
        figure("AB BC CA", "perpendicular AC BC; length AB 6; angle ABC 30", C=(0, 0), A=(0, 3), B=(3 * ROOT, 0)),
        "length AC 3",
    ),
    "45° triangle": (
        figure("AB BC CA", "perpendicular AC BC; length AC 4; angle ABC 45", C=(0, 0), A=(0, 4), B=(4, 0)),
        "length AB 4√2",
    ),
    "median to the hypotenuse": (
        figure("AB BC CA CM", "perpendicular AC BC; median CM ABC; length AB 10", C=(0, 0), A=(6, 0), B=(0, 8), M=(3, 4)),
        "length CM 5",
    ),
    "altitude on the hypotenuse": (
        figure(
            "AB BC CA CD",
            "perpendicular AC BC; altitude CD ABC; length AC 15; length BC 20; length AB 25",
            C=(0, 0), A=(15, 0), B=(0, 20), D=(9.6, 7.2),
        ),
        "length CD 12",
    ),
    "similar triangles": (
        figure(
            "AB BC CA DE EF FD",
            "similar ABC DEF; length AB 3; length BC 4; length DE 6",
            A=(0, 3), B=(0, 0), C=(4, 0), D=(6, 6), E=(6, 0), F=(14, 0),
        ),
        "length EF 8",
    ),
    "parallel cut": (
        figure("AB BC CA DE", "on D AB; on E AC; parallel DE BC; length AE 2; length EC 4; length AD 3",
               A=(0, 6), B=(-math.sqrt(45), 0), C=(0, 0), D=(-math.sqrt(5), 4), E=(0, 4)),
        "length BD 6",
    ),
    "right angle": (figure("AB BC CA", "perpendicular AC BC", **RIGHT), "angle ACB 90"),
    "equilateral": (
        figure("AB BC CA", "shape ABC equilateral_triangle", A=(0, 0), B=(4, 0), C=(2, 2 * ROOT)),
        "angle ABC 60",
    ),
    "regular": (figure("AB BC CD DE EF FA", "shape ABCDEF regular_hexagon", **HEXAGON), "angle ABC 120"),
    "straight angle": (figure("AB CE", "on E AB; angle AEC 110", **CROSS), "angle BEC 70"),
    "vertical angles": (figure("AB CD", "intersection E AB CD; angle AEC 110", **CROSS), "angle BED 110"),
    "parts of an angle": (
        figure("AB BC CA CD", "on D AB; angle ACD 40; angle BCD 30", A=on((0, 0), 5, 0), C=(0, 0), B=on((0, 0), 5, 70),
               D=(lambda a, b: (a[0] + (b[0] - a[0]) * (s := math.sin(math.radians(40)) / (math.sin(math.radians(40)) + math.sin(math.radians(30)))), b[1] * s))(on((0, 0), 5, 0), on((0, 0), 5, 70))),
        "angle ACB 70",
    ),
    "angles of a triangle": (
        figure("AB BC CA", "angle BAC 50; angle ABC 60", A=(0, 0), B=(5, 0), C=on((0, 0), 5 * math.sin(math.radians(60)) / math.sin(math.radians(70)), 50)),
        "angle ACB 70",
    ),
    "exterior angle": (
        figure("AD BC CA", "on B AD; angle BAC 50; angle ACB 70", A=(0, 0), B=(5, 0), D=(8, 0), C=on((0, 0), 5 * math.sin(math.radians(60)) / math.sin(math.radians(70)), 50)),
        "angle CBD 120",
    ),
    "acute angles": (
        figure("AB BC CA", "perpendicular AC BC; angle ABC 40", C=(0, 0), B=(5, 0), A=(0, 5 * math.tan(math.radians(40)))),
        "angle BAC 50",
    ),
    "equal angles": (
        figure("AB BC CD DA", "shape ABCD parallelogram; angle DAB 53", A=(0, 0), B=(7, 0), D=on((0, 0), 5, 53), C=(7 + on((0, 0), 5, 53)[0], on((0, 0), 5, 53)[1])),
        "angle BCD 53",
    ),
    "bisector": (
        figure("AB AC AD", "bisects AD BAC; angle BAD 25", A=(0, 0), B=on((0, 0), 6, 0), D=on((0, 0), 5, 25), C=on((0, 0), 6, 50)),
        "angle BAC 50",
    ),
    "base angles": (
        figure("AB BC CA", "equal AB AC; angle BAC 40", A=(0, 0), B=on((0, 0), 6, 0), C=on((0, 0), 6, 40)),
        "angle ABC 70",
    ),
    "alternate angles": (figure(PLANE, f"{ABOUT}; angle AEF 60", **LINES), "angle DFG 60"),
    "corresponding angles": (figure(PLANE, f"{ABOUT}; angle BEG 60", **LINES), "angle DFG 60"),
    "co-interior angles": (figure(PLANE, f"{ABOUT}; angle BEF 120", **LINES), "angle DFG 60"),
    "angles of a quadrilateral": (
        figure("AB BC CD DA", "shape ABCD quadrilateral; angle DAB 90; angle ABC 90; angle CDA 45", A=(0, 0), B=(6, 0), C=(6, 3), D=(0, 9)),
        "angle BCD 135",
    ),
    "bend": (
        figure("AB CD AE EC", "parallel AB CD; angle BAE 40; angle DCE 30", E=(0, 0), A=on((0, 0), 3, 140), C=on((0, 0), 3, 210),
               B=(on((0, 0), 3, 140)[0] + 5, on((0, 0), 3, 140)[1]), D=(on((0, 0), 3, 210)[0] + 5, on((0, 0), 3, 210)[1])),
        "angle AEC 70",
    ),
    "rotation": (
        figure("AB BC CA AD DE EA", "rotated ABC ADE A 80", A=(0, 0), B=(5, 0), C=on((0, 0), 4, 50), D=on((0, 0), 5, 80), E=on((0, 0), 4, 130)),
        "angle BAD 80",
    ),
    "central angle": (figure("AC BC OA OB", "circle O; angle ACB 60", [("O", 5)], **ROUND), "angle AOB 120"),
    "same arc": (
        figure("AC BC AD BD", "circle O; angle ACB 60", [("O", 5)], **ROUND, D=on((0, 0), 5, 130)),
        "angle ADB 60",
    ),
    "inscribed quadrilateral": (
        figure("AC CB BD DA", "circle O; angle ACB 60", [("O", 5)], **ROUND, D=on((0, 0), 5, 260)),
        "angle ADB 120",
    ),
    "crossing chords": (
        figure("AB CD", "circle O; intersection P AB CD; length PA 2; length PB 6; length PC 3", [("O", math.sqrt(16.25))],
               O=(2, 0.5), P=(0, 0), A=(-2, 0), B=(6, 0), C=(0, -3), D=(0, 4)),
        "length DP 4",
    ),
    "tangent circles": (
        figure("OQ OA QB", "circle O; circle Q; tangent_circles O Q externally; length OA 5; length QB 3", [("O", 5), ("Q", 3)],
               O=(0, 0), Q=(8, 0), A=(0, 5), B=(8, 3)),
        "length OQ 8",
    ),
    "circumference": (figure("OA", "circle O; length OA 5", [("O", 5)], O=(0, 0), A=(5, 0)), "circumference O 10π"),
    "area of a circle": (figure("OA", "circle O; length OA 5", [("O", 5)], O=(0, 0), A=(5, 0)), "disc O 25π"),
    "arc": (figure("OA OB", "sector AOB; length OA 6; angle AOB 60", arcs=["AOB"], O=(0, 0), A=(6, 0), B=on((0, 0), 6, 60)), "arc AOB 2π"),
    "area of a sector": (figure("OA OB", "sector AOB; length OA 6; angle AOB 60", arcs=["AOB"], O=(0, 0), A=(6, 0), B=on((0, 0), 6, 60)), "sector AOB 6π"),
    "perimeter": (figure("AB BC CD DA", "shape ABCD square; length AB 5", **SQUARE), "perimeter ABCD 20"),
    "area": (figure("AB BC CD DA", "shape ABCD square; length AB 5", **SQUARE), "area ABCD 25"),
    "area by diagonals": (
        figure("AB BC CD DA AC BD", "shape ABCD rhombus; intersection E AC BD; length AC 6; length BD 8", **RHOMBUS),
        "area ABCD 24",
    ),
    "area of a right triangle": (figure("AB BC CA", "perpendicular AC BC; length AC 3; length BC 4", **RIGHT), "area ABC 6"),
    "area by a height": (
        figure("AB BC CD DA DE", "shape ABCD parallelogram; on E AB; perpendicular DE AB; length AB 7; length DE 4", **SLANTED),
        "area ABCD 28",
    ),
    "area of a trapezoid": (
        figure("AB BC CD DA", "shape ABCD right_trapezoid; parallel AB CD; length AB 7; length CD 3; length AD 4", marks=[Mark("right", "DAB")],
               A=(0, 0), B=(7, 0), C=(3, 4), D=(0, 4)),
        "area ABCD 20",
    ),
}  # fmt: skip


def wanted(text):
    of, name, value = text.split()
    return Quantity(of, name), value


@pytest.mark.parametrize("rule", EXAMPLES)
def test_a_rule_gives_what_was_worked_out_by_hand(rule, check_links, judge):
    built, text = EXAMPLES[rule]
    derivation = Derivation(built)
    assert rule in check_links(built, derivation)
    quantity, value = wanted(text)
    known = {q: n for q, n in derivation.numbers.items() if q.of == quantity.of}
    number = next(n for q, n in known.items() if q.name in (quantity.name, quantity.name[::-1]))
    assert str(number.value) == value
    assert number.by.rule == rule
    for found in derivation.numbers:
        assert all(judge(built.scene).sentence(step.text) for step in derivation.steps(found))


CHAINS = {
    "a tangent, its radius and Pythagoras": (
        figure("OP OA PA", "circle O; tangent PA O; length OA 6; length OP 10", [("O", 6)], **{k: TANGENT[k] for k in "OPA"}),
        "length AP 8", 2,
    ),
    "two tangents": (
        figure("PA PB", "circle O; tangent PA O; tangent PB O; length PA 8", [("O", 6)], **TANGENT),
        "length BP 8", 2,
    ),
    "the distance of a chord": (
        figure("AB OM OA", "circle O; chord AB O; on M AB; perpendicular OM AB; length OA 5; length OM 3", [("O", 5)],
               O=(0, 0), A=(-4, -3), B=(4, -3), M=(0, -3)),
        "length AB 8", 3,
    ),
    "Thales and an angle sum": (
        figure("AB BC CA", "circle O; diameter AB O; angle BAC 35", [("O", 5)], O=(0, 0), A=(-5, 0), B=(5, 0), C=on((0, 0), 5, 70)),
        "angle ABC 55", 2,
    ),
    "a fold": (
        figure("AB BC CD DA AE AF EF", "shape ABCD rectangle; on E CD; folded D AE F; length DE 4; length AD 8",
               A=(0, 0), B=(12, 0), C=(12, 8), D=(0, 8), E=(4, 8), F=(6.4, 4.8)),
        "length EF 4", 1,
    ),
    "base angles, then half of one": (
        figure("AB BC CA BD", "equal AB AC; angle BAC 40; bisects BD ABC; on D AC", A=(0, 0), B=on((0, 0), 6, 0), C=on((0, 0), 6, 40),
               D=on((0, 0), 6 * math.sin(math.radians(35)) / math.sin(math.radians(75 + 30)), 40)),
        "angle ABD 35", 2,
    ),
    "an incircle": (
        figure("AB BC CA", "circle I; incircle I ABC; on D AB; on E BC; on F CA; length AD 2; length BE 3; length CF 1", [("I", 1)],
               I=(1, 1), C=(0, 0), B=(4, 0), A=(0, 3), D=(1.6, 1.8), E=(1, 0), F=(0, 1)),
        "length AB 5", 3,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CHAINS)
def test_steps_follow_each_other(name, check_links, judge):
    built, text, steps = CHAINS[name]
    derivation = Derivation(built)
    check_links(built, derivation)
    quantity, value = wanted(text)
    assert str(derivation.numbers[quantity].value) == value
    told = derivation.steps(quantity)
    assert len(told) == steps, [step.text for step in told]
    assert all(judge(built.scene).sentence(step.text) for step in told)


def graph(segments, stated, equation, curve, **points):
    """A figure in a coordinate system, 20 px to the unit, the origin at (160, 160)."""

    def place(p):
        return 160 + 20 * p[0], 160 - 20 * p[1]

    axes = Axes(place((0, 0)), place((-7, -7)), place((7, 7)))
    curves = (Curve(equation, tuple(place((x / 8, curve(x / 8))) for x in range(-40, 41) if x)),)
    marks = tuple(Mark("coordinates", f.args[0], f.value) for f in stated if f.kind == "coordinates")
    px = {name: place(p) for name, p in points.items()}
    return Built(Scene(px, tuple(segments.split()), (), marks, 1 / 20, axes=axes, curves=curves), tuple(stated))


def at(graph_of, axis_of, equation):
    return [Fact("on_graph", (p,), equation) for p in graph_of] + [
        Fact("on_axis", (p,), axis) for p, axis in axis_of.items()
    ]


LINE, PARABOLA, HYPERBOLA = "y = 2x - 4", "y = x² - 2x - 3", "y = 6/x"
GRAPHS = {
    "a line and the axes": (
        graph("AB", at("AB", {"A": "x", "B": "y"}, LINE), LINE, lambda x: 2 * x - 4, A=(2, 0), B=(0, -4), O=(0, 0)),
        {"A": "(2, 0)", "B": "(0, -4)", "O": "(0, 0)"},
        {"length AB": "2√5"},
    ),
    "a parabola with a triangle": (
        graph("AB BC CA", at("ABC", {"A": "x", "B": "x", "C": "y"}, PARABOLA), PARABOLA, lambda x: x * x - 2 * x - 3,
              A=(-1, 0), B=(3, 0), C=(0, -3)),
        {"A": "(-1, 0)", "B": "(3, 0)", "C": "(0, -3)"},
        {"length AB": "4", "length BC": "3√2", "area ABC": "6"},
    ),
    "a hyperbola with a rectangle": (
        graph("OB BA AC CO", [*at("A", {"B": "x", "C": "y"}, HYPERBOLA), Fact("shape", ("OBAC",), "rectangle")], HYPERBOLA, lambda x: 6 / x,
              O=(0, 0), B=(2, 0), A=(2, 3), C=(0, 3)),
        {"O": "(0, 0)"},
        {"area OBAC": "6"},
    ),
    "a middle": (
        graph("AB", [Fact("coordinates", ("A",), "(1, 2)"), Fact("coordinates", ("B",), "(5, -4)"), Fact("midpoint", ("M", "AB"))], LINE, lambda x: 2 * x - 4,
              A=(1, 2), B=(5, -4), M=(3, -1)),
        {"M": "(3, -1)"},
        {"length AB": "2√13"},
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", GRAPHS)
def test_coordinates_lengths_and_areas_follow_from_graphs(name, check_links, judge):
    built, places, sizes = GRAPHS[name]
    derivation = Derivation(built)
    check_links(built, derivation)
    shown = {f.args[0]: f for f in derivation.known.facts("coordinates")}
    assert {p: shown[p].value for p in places} == places
    for p in places:
        assert all(judge(built.scene).sentence(step.text) for step in derivation.show(shown[p]))
    for text, value in sizes.items():
        quantity = Quantity(*text.split())
        assert str(derivation.numbers[quantity].value) == value
        assert all(judge(built.scene).sentence(step.text) for step in derivation.steps(quantity))


def test_every_rule_has_an_example(draw):
    from data.scene.templates import TEMPLATES

    used = {link.rule for t in TEMPLATES for i in range(3) for link in Derivation(draw(t, i)[1]).links}
    rest = {"distance", "area from coordinates", "hyperbola"}  # in coordinate systems, above
    assert used <= EXAMPLES.keys() | rest
