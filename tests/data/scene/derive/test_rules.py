"""One hand-derived example for every rule, and chains of several steps."""

import cmath
import math

import pytest

from data.scene.derive.known import Quantity
from data.scene.derive.solve import Derivation
from data.scene.templates import TEMPLATES
from data.scene.types import Built, Fact, Mark, Scene


def point(text):
    """``3,4``, ``5@70`` (polar, degrees) or ``5^50^60``: seen from (0, 0) at 50° and from (5, 0) at 60°."""
    if "^" in text:
        base, one, two = map(float, text.split("^"))
        far = base * math.sin(math.radians(two)) / math.sin(math.radians(one + two))
        text = f"{far}@{one}"
    if "@" in text:
        z = cmath.rect(float(text.split("@")[0]), math.radians(float(text.split("@")[1])))
        return z.real, z.imag
    x, y = map(float, text.split(","))
    return x, y


def facts(text):
    """``midpoint D AB; length AB 8``: facts from words, a number or a word last."""
    found = []
    for kind, *args in (part.split() for part in text.split(";") if part.strip()):
        value = args.pop() if kind in ("length", "angle", "rotated", "shape", "tangent_circles") else None
        number = value and value.isdigit()
        found.append(Fact(kind, tuple(args), int(value) if number else value and value.replace("_", " ")))
    return tuple(found)


def figure(segments, text, points, circles="", arcs="", right=""):
    """A figure in units, y up, with 20 px to the unit; a circle is a centre and a radius, ``O 5``."""
    places = dict(part.split() for part in points.split("; "))
    px = {name: (20 * x, -20 * y) for name, (x, y) in ((n, point(p)) for n, p in places.items())}
    rounds = tuple((part.split()[0], 20 * float(part.split()[1])) for part in circles.split("; ") if part)
    marks = (Mark("right", right),) if right else ()
    scene = Scene(px, tuple(segments.split()), rounds, marks, 1 / 20, arcs=tuple(arcs.split()))
    return Built(scene, facts(text))


TRIANGLE = "A 0,0; B 8,0; C 2,6"
RIGHT = "C 0,0; A 0,3; B 4,0"
CROSS = "A -4,0; B 4,0; C 3@70; D 3@250; E 0,0"
F = "-2,-3.4641016151377544"  # 4@240
LINES = f"A -4,0; B 4,0; E 0,0; F {F}; G 3@60; C -6,-3.4641016151377544; D 2,-3.4641016151377544"
ABOUT = "on E AB; on F CD; on E GF; parallel AB CD"
ROUND = "O 0,0; A 5@200; B 5@320; C 5@80"
SQUARE = "A 0,0; B 5,0; C 5,5; D 0,5"
RHOMBUS = "A -3,0; B 0,-4; C 3,0; D 0,4"
SECTOR = {"points": "O 0,0; A 6,0; B 6@60", "arcs": "AOB"}
SIMILAR = "A 0,3; B 0,0; C 4,0; D 6,6; E 6,0; F 14,0"
ALTITUDE = "perpendicular AC BC; altitude CD ABC; length AC 15; length BC 20; length AB 25"
CUT = "on D AB; on E AC; parallel DE BC; length AE 2; length CE 4; length AD 3"
PARTS = f"A 0,0; B 6,0; D {6 * math.sin(math.radians(30)) / math.sin(math.radians(70 + 30))}@70; C 6^70^80"
QUAD = "shape ABCD quadrilateral; angle DAB 90; angle ABC 90; angle CDA 45"
BEND = "E 0,0; A 4,3; C 4,-3; B -1,3; D -1,-3"
BENT = round(math.degrees(math.atan2(3, 4)))
TURNED = "A 0,0; B 5,0; C 4@50; D 5@80; E 4@130"
CHORDS = "O 2,0.5; P 0,0; A -2,0; B 6,0; C 0,-3; D 0,4"
TOUCHING = "circle O; circle Q; tangent_circles O Q externally; length OA 5; length BQ 3"
SLANTED = "shape ABCD parallelogram; on E AB; perpendicular DE AB; length AB 7; length DE 4"
TRAPEZOID = "shape ABCD right_trapezoid; parallel AB CD; length AB 7; length CD 3; length AD 4"

# rule: what is worked out by hand, and the figure it is worked out from
EXAMPLES = {
    "parts of a line": ("length AB 8", "AB BC CA", "on D AB; length AD 3; length BD 5", f"{TRIANGLE}; D 3,0"),
    "midpoint": ("length AB 8", "AB BC CA", "midpoint D AB; length AD 4", f"{TRIANGLE}; D 4,0"),
    "equal segments": ("length CD 5", "AB BC CD DA", "shape ABCD rhombus; length AB 5", RHOMBUS),
    "mid-segment": (
        "length DE 4",
        "AB BC CA DE",
        "midpoint D AC; midpoint E BC; length AB 8",
        f"{TRIANGLE}; D 1,3; E 5,3",
    ),
    "Pythagoras": ("length AB 5", "AB BC CA", "perpendicular AC BC; length AC 3; length BC 4", RIGHT),
    "30° triangle": (
        "length AC 3",
        "AB BC CA",
        "perpendicular AC BC; length AB 6; angle ABC 30",
        "C 0,0; A 0,3; B 5.196152422706632,0",
    ),
    "45° triangle": (
        "length AB 4√2",
        "AB BC CA",
        "perpendicular AC BC; length AC 4; angle ABC 45",
        "C 0,0; A 0,4; B 4,0",
    ),
    "median to the hypotenuse": (
        "length CM 5",
        "AB BC CA CM",
        "perpendicular AC BC; median CM ABC; length AB 10",
        "C 0,0; A 6,0; B 0,8; M 3,4",
    ),
    "altitude on the hypotenuse": (
        "length CD 12",
        "AB BC CA CD",
        ALTITUDE,
        "C 0,0; A 15,0; B 0,20; D 9.6,7.2",
    ),
    "similar triangles": (
        "length EF 8",
        "AB BC CA DE EF FD",
        "similar ABC DEF; length AB 3; length BC 4; length DE 6",
        SIMILAR,
    ),
    "parallel cut": (
        "length BD 6",
        "AB BC CA DE",
        CUT,
        f"A 0,6; B {-math.sqrt(45)},0; C 0,0; D {-math.sqrt(5)},4; E 0,4",
    ),
    "right angle": ("angle ACB 90", "AB BC CA", "perpendicular AC BC", RIGHT),
    "equilateral": (
        "angle ABC 60",
        "AB BC CA",
        "shape ABC equilateral_triangle",
        "A 0,0; B 4,0; C 4@60",
    ),
    "regular": (
        "angle ABC 120",
        "AB BC CD DE EF FA",
        "shape ABCDEF regular_hexagon",
        "; ".join(f"{name} 4@{60 * i}" for i, name in enumerate("ABCDEF")),
    ),
    "straight angle": ("angle BEC 70", "AB CE", "on E AB; angle AEC 110", CROSS),
    "vertical angles": ("angle BED 110", "AB CD", "intersection E AB CD; angle AEC 110", CROSS),
    "parts of an angle": ("angle ABC 80", "AB BC CA BD", "on D AC; angle ABD 30; angle DBC 50", PARTS),
    "angles of a triangle": (
        "angle ACB 70",
        "AB BC CA",
        "angle BAC 50; angle ABC 60",
        "A 0,0; B 5,0; C 5^50^60",
    ),
    "exterior angle": (
        "angle CBD 120",
        "AD BC CA",
        "on B AD; angle BAC 50; angle ACB 70",
        "A 0,0; B 5,0; D 8,0; C 5^50^60",
    ),
    "acute angles": (
        "angle BAC 50",
        "AB BC CA",
        "perpendicular AC BC; angle ABC 40",
        f"C 0,0; B 5,0; A 0,{5 * math.tan(math.radians(40))}",
    ),
    "equal angles": (
        "angle BCD 60",
        "AB BC CD DA",
        "shape ABCD parallelogram; angle DAB 60",
        "A 0,0; B 7,0; D 4@60; C 9,3.4641016151377544",
    ),
    "bisector": ("angle BAC 50", "AB AC AD", "bisects AD BAC; angle BAD 25", "A 0,0; B 6,0; D 5@25; C 6@50"),
    "base angles": ("angle ABC 70", "AB BC CA", "equal AB AC; angle BAC 40", "A 0,0; B 6,0; C 6@40"),
    "alternate angles": ("angle DFG 60", "AB CD GF", f"{ABOUT}; angle AEF 60", LINES),
    "corresponding angles": ("angle DFG 60", "AB CD GF", f"{ABOUT}; angle BEG 60", LINES),
    "co-interior angles": ("angle DFG 60", "AB CD GF", f"{ABOUT}; angle BEF 120", LINES),
    "angles of a quadrilateral": ("angle BCD 135", "AB BC CD DA", QUAD, "A 0,0; B 6,0; C 6,3; D 0,9"),
    "bend": (
        "angle AEC 70",
        "AB CD AE EC",
        "parallel AB CD; angle BAE 40; angle DCE 30",
        "E 0,0; A 3@140; C 3@210; B 3,1.9283628290596178; D 3,-1.5",
    ),
    "rotation": ("angle BAD 80", "AB BC CA AD DE EA", "rotated ABC ADE A 80", TURNED),
    "central angle": ("angle AOB 120", "AC BC OA OB", "circle O; angle ACB 60", ROUND, "O 5"),
    "same arc": ("angle ADB 60", "AC BC AD BD", "circle O; angle ACB 60", f"{ROUND}; D 5@130", "O 5"),
    "inscribed quadrilateral": (
        "angle ADB 120",
        "AC CB BD DA",
        "circle O; angle ACB 60",
        f"{ROUND}; D 5@260",
        "O 5",
    ),
    "crossing chords": (
        "length DP 4",
        "AB CD",
        "circle O; intersection P AB CD; length AP 2; length BP 6; length CP 3",
        CHORDS,
        f"O {math.sqrt(16.25)}",
    ),
    "tangent circles": (
        "length OQ 8",
        "OQ OA QB",
        TOUCHING,
        "O 0,0; Q 8,0; A 0,5; B 8,3",
        "O 5; Q 3",
    ),
    "circumference": ("circumference O 10π", "OA", "circle O; length OA 5", "O 0,0; A 5,0", "O 5"),
    "area of a circle": ("disc O 25π", "OA", "circle O; length OA 5", "O 0,0; A 5,0", "O 5"),
    "arc": (
        "arc AOB 2π",
        "OA OB",
        "sector AOB; length AO 6; angle AOB 60",
        "O 0,0; A 6,0; B 6@60",
        "",
        "AOB",
    ),
    "area of a sector": (
        "sector AOB 6π",
        "OA OB",
        "sector AOB; length AO 6; angle AOB 60",
        "O 0,0; A 6,0; B 6@60",
        "",
        "AOB",
    ),
    "perimeter": ("perimeter ABCD 20", "AB BC CD DA", "shape ABCD square; length AB 5", SQUARE),
    "area": ("area ABCD 25", "AB BC CD DA", "shape ABCD square; length AB 5", SQUARE),
    "area by diagonals": (
        "area ABCD 24",
        "AB BC CD DA AC BD",
        "shape ABCD rhombus; intersection E AC BD; length AC 6; length BD 8",
        f"{RHOMBUS}; E 0,0",
    ),
    "area of a right triangle": (
        "area ABC 6",
        "AB BC CA",
        "perpendicular AC BC; length AC 3; length BC 4",
        RIGHT,
    ),
    "area by a height": ("area ABCD 28", "AB BC CD DA DE", SLANTED, "A 0,0; B 7,0; C 10,4; D 3,4; E 3,0"),
    "area of a trapezoid": (
        "area ABCD 20",
        "AB BC CD DA",
        TRAPEZOID,
        "A 0,0; B 7,0; C 3,4; D 0,4",
        "",
        "",
        "DAB",
    ),
}


def wanted(text):
    of, name, value = text.split()
    return Quantity(of, name), value


def assert_steps_true(built, derivation, judge):
    for found in derivation.numbers:
        assert all(judge(built.scene).sentence(step.text) for step in derivation.steps(found))


@pytest.mark.parametrize("rule", EXAMPLES)
def test_a_rule_gives_what_was_worked_out_by_hand(rule, check_links, judge):
    asked, *drawn = EXAMPLES[rule]
    built = figure(*drawn)
    derivation = Derivation(built)
    assert rule in check_links(built, derivation)
    quantity, value = wanted(asked)
    names = (quantity.name, quantity.name[::-1])
    number = next(n for q, n in derivation.numbers.items() if q.of == quantity.of and q.name in names)
    assert str(number.value) == value
    assert number.by.rule == rule
    assert_steps_true(built, derivation, judge)


def test_every_rule_that_a_template_uses_has_an_example(draw):
    used = {link.rule for t in TEMPLATES for i in range(3) for link in Derivation(draw(t, i)[1]).links}
    assert used <= {*EXAMPLES, "distance", "area from coordinates", "hyperbola"}  # the last: test_graphs.py


CHAINS = {
    # name: (asked, steps, figure)
    "a tangent, its radius and Pythagoras": (
        "length AP 8",
        2,
        "OP OA PA",
        "circle O; tangent PA O; length AO 6; length OP 10",
        "O 0,0; P 10,0; A 3.6,4.8",
        "O 6",
    ),
    "two tangents": (
        "length BP 8",
        2,
        "PA PB",
        "circle O; tangent PA O; tangent PB O; length AP 8",
        "O 0,0; P 10,0; A 3.6,4.8; B 3.6,-4.8",
        "O 6",
    ),
    "the distance of a chord": (
        "length AB 8",
        3,
        "AB OM OA",
        "circle O; chord AB O; on M AB; perpendicular OM AB; length AO 5; length MO 3",
        "O 0,0; A -4,-3; B 4,-3; M 0,-3",
        "O 5",
    ),
    "Thales and an angle sum": (
        "angle ABC 55",
        2,
        "AB BC CA",
        "circle O; diameter AB O; angle BAC 35",
        "O 0,0; A -5,0; B 5,0; C 5@70",
        "O 5",
    ),
    "a fold": (
        "length EF 4",
        1,
        "AB BC CD DA AE AF EF",
        "shape ABCD rectangle; on E CD; folded D AE F; length DE 4; length AD 8",
        "A 0,0; B 12,0; C 12,8; D 0,8; E 4,8; F 6.4,4.8",
    ),
    "base angles, then half of one": (
        "angle ABD 35",
        2,
        "AB BC CA BD",
        "equal AB AC; angle BAC 40; bisects BD ABC; on D AC",
        "A 0,0; B 6,0; C 6@40; D 6^40^35",
    ),
    "an incircle": (
        "length AB 5",
        5,
        "AB BC CA",
        "circle I; incircle I ABC; on D AB; on E BC; on F CA; length AF 2; length BE 3; length CF 1",
        "I 1,1; C 0,0; B 4,0; A 0,3; D 1.6,1.8; E 1,0; F 0,1",
        "I 1",
    ),
}


@pytest.mark.parametrize("name", CHAINS)
def test_steps_follow_each_other(name, check_links, judge, monkeypatch):
    asked, steps, *drawn = CHAINS[name]
    monkeypatch.setattr("data.scene.derive.solve.MOST_STEPS", 5)
    built = figure(*drawn)
    derivation = Derivation(built)
    check_links(built, derivation)
    quantity, value = wanted(asked)
    assert str(derivation.numbers[quantity].value) == value
    told = derivation.steps(quantity)
    assert len(told) == steps, [step.text for step in told]
    assert_steps_true(built, derivation, judge)


def test_the_shortest_derivation_is_kept():
    """CD of a parallelogram by AB (one step), not by BC, DA and the perimeter or the like."""
    text = "shape ABCD rectangle; length AB 4; length BC 3; length AC 5"
    derivation = Derivation(figure("AB BC CD DA AC", text, "A 0,0; B 4,0; C 4,3; D 0,3"))
    assert [step.text for step in derivation.steps(Quantity("length", "CD"))] == [
        "ABCD is a rectangle, AB = CD and AB = 4, so CD = 4."
    ]


def test_a_number_that_is_not_whole_nor_a_root_is_not_derived():
    derivation = Derivation(figure("AB BC CA", "midpoint D AB; length AB 7", f"{TRIANGLE}; D 4,0"))
    assert Quantity("length", "AD") not in derivation.numbers
