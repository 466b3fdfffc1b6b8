"""The entailment table against coordinates, against an independent checker, and against the textbook."""

import ast
import cmath
import math
from pathlib import Path
from random import Random

import pytest

import data.scene.entailment
from data.scene.entailment import ASKS, answer, closure, disagrees, excluded
from data.scene.logic.known import CLASSES
from data.scene.predicates import PREDICATES
from data.scene.templates import TEMPLATES
from data.scene.truth import IMPLIED, evaluate
from data.scene.types import Fact

SIZES = {"midpoint": (1, 2), "on": (1, 2), "intersection": (1, 2, 2), "bisects": (2, 3), "circle": (1,)}
SIZES |= dict.fromkeys(("parallel", "perpendicular", "equal"), (2, 2)) | {"length": (2,), "angle": (3,)}
SIZES |= dict.fromkeys(("median", "altitude", "midsegment"), (2, 3)) | {"shape": (), "on_circle": (1, 1)}
SIZES |= dict.fromkeys(("congruent", "similar", "equal_angle"), (3, 3))
SIZES |= dict.fromkeys(("diameter", "chord", "tangent"), (2, 1))
"""Letters of the arguments, of the kinds that the independent checker knows."""
CLASSIC = ("triangle", "right triangle", "isosceles triangle", "equilateral triangle", "quadrilateral")
CLASSIC += ("trapezoid", "parallelogram", "rectangle", "rhombus", "square")


def fact(words):
    """Read "square ABCD", "parallel AB CD", "length AB 5" (a number is the value)."""
    *kind, last = words.split()
    if " ".join(kind) in CLASSES:
        return Fact("shape", (last,), " ".join(kind))
    kind, *args = words.split()
    value = float(args.pop()) if args[-1].replace(".", "").isdigit() else None
    return Fact(kind, tuple(args), value)


def facts(text):
    return [fact(words) for words in text.split(", ")] if text else []


def random_fact(scene, rng, brute):
    letters = sorted(filter(str.isupper, scene.points))
    fits = [kind for kind, sizes in SIZES.items() if max(sizes, default=3) <= len(letters)]
    kind = rng.choice(sorted(fits))
    if kind == "shape":
        sort = rng.choice(CLASSIC if len(letters) > 3 else CLASSIC[:4])
        return Fact(kind, ("".join(rng.sample(letters, CLASSES[sort])),), sort)
    args = tuple("".join(rng.sample(letters, size)) for size in SIZES[kind])
    z, value = brute.place(scene), None
    if kind == "length":
        value = rng.choice([3, 5, abs(z[args[0][0]] - z[args[0][1]]) * scene.unit])
    if kind == "angle":
        value = rng.choice([30, 60, 90, 120, brute.size(args[0], z)])
    return Fact(kind, args, value)


def check(facts, scene, rng, brute, count):
    """Judge random statements by logic, and compare with coordinates and with the independent checker."""
    known, told = closure(facts), {True: 0, False: 0, None: 0}
    assert not known.clash, facts
    for _ in range(count):
        asked = random_fact(scene, rng, brute)
        logic, verdict = answer(asked, known), evaluate(asked, scene).verdict
        told[logic] += 1
        if logic is True:
            assert verdict != "false", (asked, facts)
            assert brute.holds(asked, scene), (asked, facts)
        if logic is False:
            assert verdict != "true", (asked, facts)
            assert asked.kind == "shape" or not brute.holds(asked, scene), (asked, facts)
    return told


def test_what_is_implied_is_true_and_what_is_excluded_is_not_true_of_the_drawn_scene(draw, brute):
    rng, told = Random(0), {True: 0, False: 0, None: 0}
    for template in TEMPLATES:
        for seed in range(10):
            _, built = draw(template, f"table/{seed}")
            assert all(fact in closure(built.stated) for fact in built.stated)
            for logic, count in check(built.stated, built.scene, rng, brute, 60).items():
                told[logic] += count
    assert told[True] > 500  # the table is of use
    assert told[False] > 2500


def test_with_all_numbers_told_the_table_still_agrees_with_the_scene(draw, brute):
    """Sums, angle sums, Pythagoras and circle angles come from numbers."""
    rng = Random(1)
    for template in TEMPLATES:
        for seed in range(8):
            _, built = draw(template, f"numbers/{seed}", numbers=9)
            check(built.stated, built.scene, rng, brute, 60)


# --- figures with the kinds that no template draws, by hand


def polar(radius, degrees, centre=(0, 0)):
    z = complex(*centre) + cmath.rect(radius, math.radians(degrees))
    return z.real, z.imag


UNIT_SQUARE = {"A": (0, 0), "B": (100, 0), "C": (100, 100), "D": (0, 100)}
TRIANGLE = {"A": (0, 0), "B": (140, 0), "C": (50, 120)}  # a 13-14-15 triangle, ten times, turned
BY_HAND = {
    "perpendicular bisector": (
        "triangle ABC, on M BC, perpendicular_bisector PM BC",
        {"A": (20, 120), "B": (0, 0), "C": (100, 0), "M": (50, 0), "P": (50, 70)},
    ),
    "kite": (
        "kite ABCD, intersection E AC BD",
        {"A": (0, 0), "B": (30, 40), "C": (120, 0), "D": (30, -40), "E": (30, 0)},
    ),
    "isosceles trapezoid": (
        "isosceles trapezoid ABCD, parallel AB CD, intersection E AC BD",
        {"A": (0, 0), "B": (120, 0), "C": (90, 80), "D": (30, 80), "E": (60, 160 / 3)},
    ),
    "right trapezoid": (
        "right trapezoid ABCD, parallel AB CD, perpendicular AD AB",
        {"A": (0, 0), "B": (120, 0), "C": (70, 80), "D": (0, 80)},
    ),
    "folded": (
        "rectangle ABCD, on E BC, folded B AE F",
        {"A": (0, 0), "B": (100, 0), "C": (100, 140), "D": (0, 140), "E": (100, 75), "F": (28, 96)},
    ),
    "rotated": (
        "triangle ABC, rotated ABC DEF P",
        {**TRIANGLE, "P": (-40, -60), "D": (-100, -20), "E": (-100, 120), "F": (-220, 30)},
    ),
    "regular hexagon": (
        "regular hexagon ABCDEF, length AB 4",
        dict(zip("ABCDEF", (polar(80, 60 * i) for i in range(6)), strict=True)),
    ),
    "sector": ("sector AOB O", {"O": (0, 0), "A": (90, 0), "B": polar(90, 70)}),
    "X": (
        "intersection E AC BD, parallel AB CD, equal AE EC",
        {"A": (0, 0), "B": (100, 0), "E": (60, 50), "C": (120, 100), "D": (20, 100)},
    ),
    "SSS": (
        "equal AB DE, equal BC EF, equal CA FD, triangle ABC, triangle DEF",
        {**TRIANGLE, "D": (300, 0), "E": (300, 140), "F": (180, 50)},
    ),
}


@pytest.mark.parametrize("name", BY_HAND)
def test_figures_that_no_template_draws_keep_the_table_honest_too(sketch, brute, name):
    text, points = BY_HAND[name]
    sides = " ".join(a + b for a in points for b in points if a < b)
    unit = 4 / 80 if name == "regular hexagon" else 1.0
    told = check(facts(text), sketch(sides, unit=unit, **points), Random(name), brute, 1500)
    assert told[True]


def test_circles_drawn_by_hand_keep_the_table_honest_too(sketch, brute):
    points = {"O": (0, 0), "P": (160, 0)}
    up = math.degrees(math.acos(80 / 160))
    points |= {"A": polar(80, up), "B": polar(80, -up), "C": polar(80, 170), "D": polar(80, 100)}
    scene = sketch("PA PB OA OB AC BC AB CD", circles=[("O", 80.0)], **points)
    stated = facts(
        "circle O, on_circle A O, on_circle B O, on_circle C O, tangent PA O, tangent PB O, angle AOB 120"
    )
    assert check(stated, scene, Random(0), brute, 4000)[True] > 100


# --- the textbook

IMPLIES = [
    ("square ABCD", "rectangle ABCD, rhombus BCDA, parallelogram DCBA, parallel AB CD, perpendicular AB BC"),
    ("square ABCD", "equal AC BD, perpendicular AC BD, angle ABC 90, angle CAB 45, equal AB CD, kite ABCD"),
    ("rectangle ABCD, intersection E AC BD", "equal EA EB, midpoint E AC, equal AC BD, triangle ABE"),
    ("parallelogram ABCD, angle DAB 70", "angle BCD 70, angle ABC 110, equal_angle BAC ACD, equal AD BC"),
    ("rhombus ABCD, angle DAB 90", "square ABCD"),
    ("rectangle ABCD, equal AB BC", "square ABCD, perpendicular AC BD"),
    ("equilateral triangle ABC", "isosceles triangle BCA, angle ABC 60, equal AB BC, equal_angle ABC BCA"),
    ("isosceles triangle ABC, equal AB AC, angle BAC 50", "angle ABC 65, angle ACB 65, equal_angle ABC ACB"),
    ("triangle ABC, angle ABC 70, angle ACB 70", "isosceles triangle ABC, equal AB AC, angle BAC 40"),
    ("triangle ABC, equal AB AC, median AM ABC", "altitude AM ABC, bisects AM BAC, perpendicular AM BC"),
    ("triangle ABC, equal AB AC, on D BC, perpendicular AD BC", "midpoint D BC, median AD ABC"),
    ("triangle ABC, on D BC, perpendicular AD BC, bisects AD BAC", "equal AB AC, midpoint D BC"),
    ("triangle ABC, perpendicular AB BC, length AB 3, length BC 4", "length AC 5, right triangle ABC"),
    (
        "triangle ABC, midpoint D AB, midpoint E AC, length BC 8",
        "parallel DE BC, length DE 4, midsegment DE ABC",
    ),
    (
        "triangle ABC, midpoint D AB, midpoint E AC",
        "similar ADE ABC, equal_angle ADE ABC, on D AB, equal AD DB",
    ),
    ("triangle ABC, on D AB, on E AC, parallel DE BC, angle ABC 50", "angle ADE 50, similar ADE ABC"),
    (
        "congruent ABC DEF, length AB 4, angle ABC 50",
        "similar ABC DEF, length DE 4, angle DEF 50, equal BC EF",
    ),
    ("similar ABC DEF, length AB 4, length DE 8, length BC 3", "length EF 6, equal_angle ABC DEF"),
    ("parallel AB CD, parallel CD EF", "parallel AB EF"),
    ("parallel AB CD, perpendicular CD EF", "perpendicular AB EF"),
    ("equal AB CD, equal CD EF, length EF 3", "equal AB EF, length AB 3"),
    ("on D BC, length BD 2, length DC 3", "length BC 5"),
    ("midpoint M AB, length AM 0.5", "length AB 1, on M AB"),
    ("triangle ABC, on D BC, angle ADB 110", "angle ADC 70"),
    ("triangle ABC, bisects BD ABC, angle ABC 80", "angle ABD 40, equal_angle ABD DBC"),
    ("intersection E AC BD, angle AEB 50", "angle CED 50, angle BEC 130"),
    (
        "circle O, diameter AB O, on_circle C O, angle CAB 40",
        "chord AB O, angle ACB 90, angle ABC 50, equal OA OC",
    ),
    ("circle O, chord AB O, on_circle C O, angle ACB 40", "angle AOB 80, angle OAB 50, equal OA OB"),
    ("circle O, on_circle A O, tangent PA O", "perpendicular OA PA, angle OAP 90"),
    (
        "circle O, on_circle A O, on_circle B O, tangent PA O, tangent PB O, angle APB 60",
        "equal PA PB, angle APO 30",
    ),
    ("inscribed ABCD O, angle ABC 80", "equal OA OD, chord AC O, angle AOC 160"),
    ("incircle O ABC", "tangent AB O, bisects AO BAC"),
    ("rotated ABC DEF O 50", "angle AOD 50"),
    ("perpendicular_bisector PM BC, on M BC", "midpoint M BC, perpendicular PM BC, equal PB PC"),
    ("folded B AE F", "equal AB AF, perpendicular BF AE"),
    ("rotated ABC DEF O", "congruent ABC DEF, equal OA OD"),
    ("regular pentagon ABCDE, length AB 3", "pentagon ABCDE, angle ABC 108, length DE 3"),
    (
        "isosceles trapezoid ABCD, parallel AB CD, angle DAB 60",
        "equal AD BC, angle ABC 60, angle ADC 120, equal AC BD",
    ),
    ("sector AOB O", "equal OA OB"),
]


@pytest.mark.parametrize(("stated", "implied"), IMPLIES)
def test_what_the_textbook_implies_is_implied(stated, implied):
    known = closure(facts(stated))
    assert [str(f) for f in facts(implied) if f not in known] == []
    assert not any(excluded(f, known) for f in facts(implied))


EXCLUDES = [
    (
        "square ABCD",
        "square ACBD, quadrilateral ACBD, parallel AB BC, perpendicular AB CD, equal AC AB, angle ABC 80",
    ),
    ("square ABCD, length AB 10", "length BC 8, length AC 10"),
    ("rectangle ABCD, length AB 6, length BC 8", "square ABCD, rhombus ABCD, length AC 9"),
    ("parallelogram ABCD, angle DAB 70", "rectangle ABCD, square ABCD, angle ABC 70"),
    ("equilateral triangle ABC", "right triangle ABC, perpendicular AB BC, angle ABC 50"),
    (
        "right triangle ABC, perpendicular AB BC",
        "equilateral triangle ABC, equal AC AB, angle BAC 90, angle ACB 100",
    ),
    ("triangle ABC", "parallel AB AC, on A BC, midpoint B AC, angle ABC 180"),
    (
        "triangle ABC, on D BC",
        "on D AB, midpoint D AC, intersection D AB AC, triangle BDC, on B DC, equal BD BC",
    ),
    ("triangle ABC, midpoint D BC", "altitude BD ABC, on C BD, median BD ABC"),
    ("triangle ABC, on D BC, length BD 2, length DC 3", "midpoint D BC, median AD ABC, length BC 6"),
    ("parallel AB CD", "perpendicular AB CD, on A CD"),
    ("length AB 5", "length BA 6"),
    ("angle ABC 50", "angle CBA 70, perpendicular AB BC, angle BAC 130"),
    ("triangle ABC, length AB 3, length BC 4", "length AC 8, length AC 0.5"),
    ("isosceles triangle ABC, equal AB AC, angle BAC 50", "equal AB BC, angle ABC 100, right triangle ABC"),
    ("circle O, diameter AB O, on_circle C O", "tangent AB O, diameter AC O, tangent AC O, angle ACB 60"),
    ("circle O, chord AB O, on_circle C O, angle AOB 80", "diameter AB O, angle ACB 50, tangent AB O"),
    ("circle O, on_circle A O, tangent PA O", "on_circle P O, chord PA O, diameter PA O, angle OAP 80"),
    ("congruent ABC DEF, length AB 4", "length DE 5"),
    ("similar ABC DEF, angle ABC 50", "angle DEF 60"),
    ("congruent ABC DEF, angle ABC 50, angle BAC 60", "congruent ABC EDF"),
    ("parallel AB CD, parallel CD EF", "perpendicular AB EF"),
    ("triangle ABC, on D AB, on E AC, length AD 1, length DB 2, length AE 2, length EC 1", "parallel DE BC"),
    ("regular hexagon ABCDEF", "regular hexagon ACBDEF, perpendicular AB DE"),
    ("kite ABCD", "parallel AC BD"),
    ("circle O, on_circle A O, on_circle B O, triangle ABC", "incircle O ABC, incircle A ABC"),
]


@pytest.mark.parametrize(("stated", "ruled_out"), EXCLUDES)
def test_what_the_textbook_rules_out_is_excluded(stated, ruled_out):
    known = closure(facts(stated))
    assert [str(f) for f in facts(ruled_out) if not excluded(f, known)] == []
    assert not any(f in known for f in facts(ruled_out))


UNDECIDED = [
    ("rectangle ABCD", "square ABCD, rhombus ABCD, equal AB BC"),
    ("parallelogram ABCD", "rectangle ABCD, rhombus ABCD, trapezoid ABCD, angle ABC 70"),
    ("trapezoid ABCD", "parallelogram ABCD, isosceles trapezoid ABCD, parallel AB CD, parallel BC AD"),
    ("quadrilateral ABCD", "quadrilateral ACBD, kite ABCD"),  # a dart is one in any order of its corners
    ("triangle ABC", "right triangle ABC, equilateral triangle ABC, isosceles triangle ABC, angle ABC 60"),
    ("isosceles triangle ABC", "equal AB AC, right triangle ABC, equilateral triangle ABC"),
    ("right triangle ABC", "perpendicular AB BC, isosceles triangle ABC, angle ABC 90"),
    (
        "triangle ABC, on D BC",
        "midpoint D BC, altitude AD ABC, bisects AD BAC, perpendicular AD BC, equal AB AC",
    ),
    ("triangle ABC, altitude AD ABC", "on D BC, midpoint D BC"),  # the foot may lie outside
    ("parallel AB CD, on E AB, on F CD, angle BEF 50", "angle DFE 50, angle DFE 130"),  # which way round?
    ("similar ABC DEF", "congruent ABC DEF, equal AB DE"),
    ("circle O, on_circle A O, on_circle B O, on_circle C O", "diameter AB O, angle ACB 90, tangent PA O"),
    ("circle O, chord AB O, on_circle C O, angle AOB 80", "angle ACB 40, angle ACB 140"),
    ("equal AB AC", "triangle ABC, midpoint A BC"),
    ("length AB 6.4", "length AB 6.403"),
    ("parallel AB CD", "parallel AC BD, equal AB CD"),
    ("", "parallel AB CD, length AB 5"),
]


@pytest.mark.parametrize(("stated", "open_"), UNDECIDED)
def test_what_may_be_so_or_not_is_neither(stated, open_):
    known = closure(facts(stated))
    assert [str(f) for f in facts(open_) if answer(f, known) is not None] == []


def test_every_name_of_a_statement_gets_the_same_answer():
    known = closure(facts("square ABCD, midpoint E AB"))
    for same in (
        "rectangle CDAB",
        "rectangle ADCB",
        "midpoint E BA",
        "parallel DC BA",
        "equal_angle CBA ADC",
    ):
        assert fact(same) in known


def test_statements_that_contradict_each_other_imply_and_exclude_nothing():
    for text in ("length AB 5, length AB 6", "triangle ABC, on C AB", "parallel AB CD, perpendicular AB CD"):
        known = closure(facts(text))
        assert known.clash
        assert answer(fact("length AB 7"), known) is None
        assert facts(text)[0] not in known
    assert closure(facts("equilateral triangle ABC, angle ABC 50")).clash
    assert closure([Fact("chord", ("OA", "O"))]).clash
    assert not closure(
        facts("triangle ABC, perpendicular AB BC, length AB 4, length BC 5, length AC 6.4")
    ).clash


@pytest.mark.parametrize(
    "strange",
    [
        Fact("glued", ("AB", "CD")),
        Fact("shape", ("ABCD",), "triangle"),
        Fact("shape", ("AAB",), "triangle"),
        Fact("length", ("AB",), "x"),
        Fact("length", ("AB",), None),
        Fact("parallel", ("AB", "AB")),
        Fact("congruent", ("ABCD", "EFGH")),
        Fact("graph", (), "y = 2x + 1"),
    ],
)
def test_what_the_table_does_not_know_is_neither(strange):
    assert answer(strange, closure(facts("triangle ABC"))) is None


def test_values_of_the_other_kinds_are_compared_as_text():
    known = closure(
        [Fact("coordinates", ("A",), "(3, -1)"), Fact("tangent_circles", ("O", "P"), "externally")]
    )
    assert Fact("coordinates", ("A",), "(3,-1)") in known
    assert excluded(Fact("coordinates", ("A",), "(4, -1)"), known)
    assert answer(Fact("coordinates", ("B",), "(3, -1)"), known) is None
    assert excluded(Fact("tangent_circles", ("P", "O"), "internally"), known)


def test_only_a_contradiction_of_coordinates_and_table_is_a_disagreement():
    known = closure(facts("square ABCD"))
    implied, ruled_out, open_ = map(fact, ("rectangle ABCD", "parallel AB BC", "length AB 5"))
    told = [
        [disagrees(v, f, known) for v in ("true", "false", "ambiguous")] for f in (implied, ruled_out, open_)
    ]
    assert told == [[False, True, False], [True, False, False], [False, False, False]]


@pytest.mark.parametrize("sort", CLASSIC)
def test_the_hierarchy_of_classes_is_the_one_that_coordinates_are_judged_by(sort):
    corners = "ABCD"[: CLASSES[sort]]
    known = closure([Fact("shape", (corners,), sort)])
    implied = {other for other in CLASSIC if Fact("shape", (corners,), other) in known}
    # Whether a parallelogram is a trapezoid is a matter of convention.
    assert implied == {sort, *IMPLIED[sort]} & {*CLASSIC} - ({"trapezoid"} - {sort})


def test_the_table_answers_for_every_kind_that_is_checked_here():
    assert set(SIZES) <= set(ASKS) & set(PREDICATES)


def test_the_table_shares_no_code_with_the_judgement_by_coordinates():
    here = Path(data.scene.entailment.__file__)
    for path in (here, *here.with_name("logic").glob("*.py")):
        names = {n.module for n in ast.walk(ast.parse(path.read_text())) if isinstance(n, ast.ImportFrom)}
        assert not names & {"data.scene.truth", "data.scene.predicates", "data.scene.geometry"}, path
