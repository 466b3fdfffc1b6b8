"""Residuals derived by hand: 5 degrees, 8 % of the longer length and 10 px are one margin each."""

import math
from dataclasses import replace
from random import Random

import pytest

from data.scene.predicates import FAR, PREDICATES, SHAPES
from data.scene.truth import IMPLIED, Truth, evaluate, is_understated, judge
from data.scene.types import Axes, Curve, Fact, Mark


def at(length, degrees, x=0.0, y=0.0):
    return x + length * math.cos(math.radians(degrees)), y + length * math.sin(math.radians(degrees))


TRIANGLE = {"A": (60, 80), "B": (0, 0), "C": (100, 0)}  # AB = BC = 100
SLIM = 2 * math.degrees(math.asin(0.92 * math.hypot(40, 80) / 200))  # turns AC into 0.92 AC
FIVE = 80 * math.tan(math.radians(5))
CIRCLE = {"O": (100, 100)}  # of radius 80
ONE_MARGIN = {
    "parallel": (("AB", "CD"), {"A": (0, 0), "B": (100, 0), "C": (0, 50), "D": at(100, 5, 0, 50)}),
    "perpendicular": (("AB", "AC"), {"A": (0, 0), "B": (100, 0), "C": at(70, 95)}),
    "equal": (("AB", "CD"), {"A": (0, 0), "B": (100, 0), "C": (0, 50), "D": (0, 142)}),
    "equal_angle": (("BAC", "CAD"), {"A": (0, 0), "B": (90, 0), "C": at(60, 40), "D": at(80, 85)}),
    "midpoint": (("M", "AB"), {"A": (0, 0), "B": (100, 0), "M": (60, 0)}),
    "on": (("P", "AB"), {"A": (0, 0), "B": (100, 0), "P": (30, 10)}),
    "intersection": (
        ("P", "AB", "CD"),
        {"A": (0, 0), "B": (99, 0), "C": (30, -9), "D": (30, 9), "P": (30, 10)},
    ),
    "bisects": (("AD", "BAC"), {"A": (0, 0), "B": (90, 0), "C": at(60, 60), "D": at(80, 32.5)}),
    "median": (("AD", "ABC"), TRIANGLE | {"D": (60, 0)}),
    "altitude": (("AD", "ABC"), TRIANGLE | {"D": (60 + FIVE, 0)}),
    "midsegment": (("DE", "ABC"), TRIANGLE | {"D": (30, 50), "E": (80, 40)}),
    "congruent": (("ABC", "DEF"), TRIANGLE | {"D": (55.2, 273.6), "E": (0, 200), "F": (92, 200)}),
    "similar": (("ABC", "DEF"), TRIANGLE | {"D": at(50, SLIM), "E": (0, 0), "F": (50, 0)}),
    "on_circle": (("P", "O"), CIRCLE | {"P": (100, 30)}),
    "chord": (("PQ", "O"), CIRCLE | {"P": (100, 30), "Q": (180, 100)}),
    "diameter": (("PQ", "O"), CIRCLE | {"P": (180, 110), "Q": (20, 110)}),
    "tangent": (("PQ", "O"), CIRCLE | {"P": (0, 10), "Q": (200, 10)}),
    "secant": (("PQ", "O"), CIRCLE | {"P": (0, 25), "Q": (200, 25)}),  # one that touches is 1.5 off
    "perpendicular_bisector": (("CM", "AB"), {"A": (0, 0), "B": (100, 0), "C": (60, 50), "M": (60, 0)}),
    "folded": (("P", "AB", "Q"), {"A": (0, 0), "B": (100, 0), "P": (30, 40), "Q": (30, -50)}),
}
# What is said of drawn lines, of two circles or of a coordinate system: (fact, scene).
POLYGON = {"A": (20, 180), "B": (20, -72.5), "C": (100 + 770 / 3, 180)}  # 80, 80 and 90 from (100, 100)
SHIFT = 50**0.5
SQUARE = {"A": (0, 0), "B": (100, 0), "C": (100, 100), "D": (0, 100)}
TURNED = {"A": (50, 0), "D": (0, 60), "B": (0, 80), "E": (-80, 0), "C": (60, 60), "F": (-60, 60), "O": (0, 0)}
LINE = Curve("y = x", ((0.0, 200.0), (200.0, 0.0)))
SYSTEM = {"axes": Axes((100.0, 100.0), (0.0, 200.0), (200.0, 0.0)), "curves": (LINE,)}
ONE_MARGIN_DRAWN = {
    "diagonal": (
        Fact("diagonal", ("AC", "ABCD")),
        ("AB BC CD DA PQ", [], SQUARE | {"P": (SHIFT, -SHIFT), "Q": (100 + SHIFT, 100 - SHIFT)}, {}),
    ),
    "inscribed": (
        Fact("inscribed", ("PQR", "O")),
        ("PQ QR RP", [("O", 80.0)], CIRCLE | {"P": (180, 100), "Q": (20, 100), "R": (100, 30)}, {}),
    ),
    "incircle": (
        Fact("incircle", ("O", "ABC")),
        ("AB BC CA", [("O", 80.0)], CIRCLE | POLYGON, {}),
    ),
    "tangent_circles": (
        Fact("tangent_circles", ("O", "P"), "externally"),
        ("", [("O", 80.0), ("P", 40.0)], CIRCLE | {"P": (230, 100)}, {}),
    ),
    "sector": (
        Fact("sector", ("AOB",)),
        ("", [], CIRCLE | {"A": (180, 100), "B": (100, 20), "C": (180, 90)}, {"arcs": ("COB",)}),
    ),
    "rotated": (Fact("rotated", ("ABC", "DEF", "O"), 90), ("", [], TURNED, {})),
    "graph": (
        Fact("graph", (), "y = x + 1"),
        ("", [], {"P": (120, 80)}, SYSTEM | {"marks": (Mark("coordinates", "P", "(2, 2)"),), "unit": 0.1}),
    ),
    "on_graph": (Fact("on_graph", ("P",)), ("", [], {"P": (100 + SHIFT, 100 + SHIFT)}, SYSTEM)),
    "on_axis": (Fact("on_axis", ("P",), "x"), ("", [], {"P": (150, 110)}, SYSTEM)),
    "intercept": (Fact("intercept", ("P",), "y"), ("", [], {"P": (110, 90)}, SYSTEM)),
    "coordinates": (
        Fact("coordinates", ("P",), "(2, 2)"),
        ("", [], {"P": (110, 80)}, SYSTEM | {"marks": (Mark("coordinates", "P", "(1, 2)"),), "unit": 0.1}),
    ),
}


@pytest.mark.parametrize("kind", sorted(ONE_MARGIN))
def test_a_miss_of_one_visible_margin_has_residual_one(sketch, kind):
    args, points = ONE_MARGIN[kind]
    scene = sketch("", circles=[("O", 80.0)] if "O" in points else (), **points)
    assert evaluate(Fact(kind, args), scene).residual == pytest.approx(1, rel=1e-9)


@pytest.mark.parametrize("kind", sorted(ONE_MARGIN_DRAWN))
def test_a_miss_of_one_visible_margin_has_residual_one_where_something_is_drawn(sketch, kind):
    fact, (segments, circles, points, more) = ONE_MARGIN_DRAWN[kind]
    scene = replace(sketch(segments, circles=circles, **points), **more)
    assert evaluate(fact, scene).residual == pytest.approx(1, rel=1e-6)


@pytest.mark.parametrize(("segments", "verdict"), [("OA OB OC", "true"), ("OA OB", "ambiguous")])
def test_a_part_of_a_sector_between_drawn_radii_is_a_sector(sketch, segments, verdict):
    points = CIRCLE | {"A": (180, 100), "B": (100, 20), "C": at(80, -30, 100, 100)}
    scene = replace(sketch(segments, **points), arcs=("AOB",))
    assert evaluate(Fact("sector", ("COB",)), scene).verdict == verdict
    assert evaluate(Fact("sector", ("AOB",)), scene).verdict == "true"


def test_a_point_on_the_extension_of_a_segment_may_be_on_it(sketch):
    scene = sketch("AB CD", A=(0, 0), B=(100, 0), C=(200, 50), D=(200, -50), P=(200, 0), Q=(200, 12))
    assert evaluate(Fact("on", ("P", "AB")), scene).verdict == "ambiguous"
    assert evaluate(Fact("intersection", ("P", "AB", "CD")), scene).verdict == "ambiguous"
    assert evaluate(Fact("on", ("Q", "AB")), scene).verdict == "false"


def test_every_kind_of_fact_has_a_case_here():
    assert set(PREDICATES) == {*ONE_MARGIN, *ONE_MARGIN_DRAWN, "shape", "length", "angle", "circle"}


def test_a_mirrored_triangle_is_not_a_turned_one(sketch):
    """Distances and angles from the centre agree, but two corners turn one way and one the other."""
    points = {"A": at(50, 0), "B": at(80, 40), "C": at(60, 100)}
    images = {"D": at(50, 60), "E": at(80, 100), "F": at(60, 40)}
    scene = sketch("", O=(0, 0), **points, **images)
    assert evaluate(Fact("rotated", ("ABC", "DEF", "O"), 60), scene).verdict == "false"
    turned = sketch("", O=(0, 0), **points, **(images | {"F": at(60, 160)}))
    assert evaluate(Fact("rotated", ("ABC", "DEF", "O"), 60), turned).verdict == "true"


@pytest.mark.parametrize(
    ("degrees", "verdict"),
    [(0, "true"), (1e-9, "true"), (0.01, "ambiguous"), (4.99, "ambiguous"), (5.01, "false"), (60, "false")],
)
def test_three_verdicts(sketch, degrees, verdict):
    scene = sketch("AB CD", A=(0, 0), B=(100, 0), C=(0, 50), D=at(100, degrees, 0, 50))
    truth = evaluate(Fact("parallel", ("AB", "CD")), scene)
    assert truth.verdict == verdict
    assert truth.residual == (0 if verdict == "true" else pytest.approx(degrees / 5))


RECTANGLE = [(0, 0), (100, 0), (100, 92), (0, 92)]
LEANING = [(0, 0), (100, 0), at(70, 85, 100, 0), at(70, 85)]
RHOMBUS = [(0, 0), (100, 0), at(100, 60, 100, 0), at(100, 60)]


def trapezoid(legs_apart):
    """AB ∥ CD, the leg AD at 60 degrees and BC at so many more."""
    height, turn = 50 * math.sin(math.radians(60)), 60 + legs_apart
    return [(0, 0), (100, 0), at(height / math.sin(math.radians(turn)), turn, 100, 0), at(50, 60)]


@pytest.mark.parametrize(
    ("points", "residuals"),
    [
        (RECTANGLE, {"rectangle": 0, "parallelogram": 0, "square": 1, "rhombus": 1, "trapezoid": 0.5}),
        (LEANING, {"parallelogram": 0, "rectangle": 1, "square": 0.3 / 0.08, "rhombus": 0.3 / 0.08}),
        (RHOMBUS, {"rhombus": 0, "parallelogram": 0, "rectangle": 6, "square": 6, "quadrilateral": 0}),
        (trapezoid(15), {"trapezoid": 0, "parallelogram": 3, "quadrilateral": 0}),
        (trapezoid(4), {"trapezoid": 0.5, "parallelogram": 0.8}),  # could be taken for a parallelogram
    ],
)
def test_quadrilaterals_miss_by_their_worst_side_or_corner(sketch, points, residuals):
    scene = sketch("AB BC CD DA", **dict(zip("ABCD", points, strict=True)))
    for name, residual in residuals.items():
        truth = evaluate(Fact("shape", ("ABCD",), name), scene)
        assert truth.residual == pytest.approx(residual, abs=1e-9), name


@pytest.mark.parametrize(
    ("apex", "residuals"),
    [
        (
            at(100, 60),
            {"triangle": 0, "isosceles triangle": 0, "equilateral triangle": 0, "right triangle": 6},
        ),
        (at(92, 90), {"triangle": 0, "isosceles triangle": 1, "right triangle": 0}),
        (at(100, 85), {"isosceles triangle": 0, "right triangle": 1}),
        ((50, math.sqrt(92**2 - 50**2)), {"isosceles triangle": 0, "equilateral triangle": 1}),
    ],
)
def test_triangles_miss_by_their_best_or_worst_pair(sketch, apex, residuals):
    scene = sketch("AB BC CA", A=(0, 0), B=(100, 0), C=apex)
    for name, residual in residuals.items():
        truth = evaluate(Fact("shape", ("ABC",), name), scene)
        assert truth.residual == pytest.approx(residual, abs=1e-9), name


def test_a_figure_with_an_undrawn_side_misses_by_how_far_the_side_strays(sketch):
    scene = sketch("AB BC", A=(0, 0), B=(80, 0), C=(0, 60))
    # AC lies on no line; from AB it strays by 60 at C, from BC by 48 at A.
    assert evaluate(Fact("shape", ("ABC",), "right triangle"), scene) == Truth("false", 4.8)


@pytest.mark.parametrize(
    ("name", "fourth"),
    [
        ("ACBE", (0, 90)),  # crosses itself
        ("ABCE", (40, 0)),  # runs back along AB
        ("ABCE", (45, 45)),  # straight on at E
    ],
)
def test_what_is_no_quadrilateral_is_far_from_one(sketch, name, fourth):
    scene = sketch("AB BC AC AE BE CE", A=(0, 0), B=(90, 0), C=(90, 90), E=fourth)
    for shape in SHAPES[4]:
        assert evaluate(Fact("shape", (name,), shape), scene) == Truth("false", FAR)


@pytest.mark.parametrize(
    ("fact", "truth"),
    [
        (Fact("length", ("AB",), 5), Truth("true", 0)),
        (Fact("length", ("AB",), 4.6), Truth("ambiguous", 1)),
        (Fact("length", ("AB",), 4), Truth("false", 2.5)),
        (Fact("length", ("BA",), 4), Truth("false", 2.5)),
        (Fact("length", ("AC",), 5), Truth("true", 0)),  # unlabelled, but so it is
        (Fact("length", ("AC",), 4), Truth("ambiguous", 0.5)),  # no label shows that it is not
        (Fact("angle", ("BAC",), 90), Truth("true", 0)),
        (Fact("angle", ("BAC",), 80), Truth("false", 2)),  # the right-angle mark shows it
        (Fact("angle", ("DAC",), 80), Truth("false", 2)),  # D lies on AB
        (Fact("angle", ("ABC",), 45), Truth("true", 0)),
        (Fact("angle", ("ABC",), 55), Truth("false", 2)),
        (Fact("angle", ("ACB",), 55), Truth("ambiguous", 0.5)),  # a bare arc shows no size
    ],
)
def test_a_number_is_false_only_where_a_label_shows_it(sketch, fact, truth):
    marks = [Mark("length", "AB", "5"), Mark("right", "BAC"), Mark("angle", "CBA", "45"), Mark("arc", "ACB")]
    scene = sketch("AB BC CA", marks=marks, unit=0.05, A=(0, 0), B=(100, 0), C=(0, 100), D=(50, 0))
    result = evaluate(fact, scene)
    assert result.residual == pytest.approx(truth.residual, abs=1e-9)
    assert result.verdict == truth.verdict or abs(truth.residual - 1) < 1e-9


def test_a_ray_opposite_to_the_bisector_does_not_bisect(sketch):
    scene = sketch("", A=(0, 0), B=(90, 0), C=(0, 90), D=(-50, -50))
    assert evaluate(Fact("bisects", ("AD", "BAC")), scene).verdict == "false"


def test_a_circle_is_named_by_its_own_centre(sketch):
    scene = sketch("", circles=[("O", 80.0)], O=(100, 100), P=(100, 130))
    assert evaluate(Fact("circle", ("O",)), scene) == Truth("true", 0)
    assert evaluate(Fact("circle", ("P",)), scene) == Truth("false", 3)  # 30 px beside the centre


def test_a_letter_that_is_not_there_makes_a_statement_false(sketch):
    scene = sketch("AB", A=(0, 0), B=(100, 0))
    assert evaluate(Fact("midpoint", ("M", "AB")), scene) == Truth("false", FAR)


@pytest.mark.parametrize("fact", [Fact("length", ("AA",), 3), Fact("parallel", ("AB", "BB"))])
def test_a_name_with_one_letter_twice_is_never_used(sketch, fact):
    assert evaluate(fact, sketch("AB", A=(0, 0), B=(100, 0))).verdict == "ambiguous"


def test_a_caption_is_false_by_its_falsest_statement_and_true_only_as_a_whole(sketch):
    scene = sketch("AB CD", A=(0, 0), B=(100, 0), C=(0, 50), D=at(100, 10, 0, 50), M=(50, 0), N=(57, 0))
    parallel, middle, near = (
        Fact("parallel", ("AB", "CD")),
        Fact("midpoint", ("M", "AB")),
        Fact("midpoint", ("N", "AB")),
    )
    assert judge([middle], scene) == Truth("true", 0)
    assert judge([middle, near], scene) == Truth("ambiguous", pytest.approx(0.7))
    assert judge([near, parallel, middle], scene) == Truth("false", pytest.approx(2))


def test_a_shape_is_understated_when_the_figure_is_or_may_be_more(sketch):
    scene = sketch("AB BC CA", A=(0, 0), B=(100, 0), C=at(96, 90))  # right, and isosceles to the eye
    assert is_understated(Fact("shape", ("ABC",), "right triangle"), scene)
    scene = sketch("AB BC CA", A=(0, 0), B=(100, 0), C=at(60, 90))
    assert is_understated(Fact("shape", ("ABC",), "triangle"), scene)
    assert not is_understated(Fact("shape", ("ABC",), "right triangle"), scene)


def test_implied_classes_hold_wherever_a_class_holds(scenes):
    """The hierarchy, against coordinates: a class that is true is never visibly of no implied class."""
    for built in scenes:
        for fact in (fact for fact in built.stated if fact.kind == "shape"):
            for weaker in IMPLIED[fact.value]:
                assert evaluate(Fact("shape", fact.args, weaker), built.scene).verdict != "false"


SIZES = {"shape": (None,), "midpoint": (1, 2), "on": (1, 2), "intersection": (1, 2, 2), "bisects": (2, 3)}
SIZES |= dict.fromkeys(("parallel", "perpendicular", "equal"), (2, 2))
SIZES |= dict.fromkeys(("median", "altitude", "midsegment"), (2, 3))
SIZES |= dict.fromkeys(("congruent", "similar", "equal_angle"), (3, 3))
SIZES |= dict.fromkeys(("diameter", "chord", "tangent", "secant"), (2, 1))
SIZES |= {"on_circle": (1, 1), "circle": (1,), "perpendicular_bisector": (2, 2), "folded": (1, 2, 1)}
SIZES |= {
    "diagonal": (2, 4),
    "inscribed": (3, 1),
    "incircle": (1, 3),
    "tangent_circles": (1, 1),
    "sector": (3,),
}
SIZES |= {"rotated": (3, 3, 1), "on_graph": (1,), "on_axis": (1,), "intercept": (1,), "coordinates": (1,)}
VALUES = {
    "tangent_circles": ("externally", "internally"),
    "rotated": (60, 90, 120),
    "on_axis": ("x", "y"),
    "intercept": ("x", "y"),
    "coordinates": ("(0, 0)", "(2, 0)", "(0, 3)", "(-1, 2)"),
}


def random_fact(letters, rng):
    kind = rng.choice(sorted(SIZES))
    if kind == "shape":
        size = rng.choice([n for n in SHAPES if n <= len(letters)])
        return Fact(kind, ("".join(rng.sample(letters, size)),), rng.choice(SHAPES[size]))
    args = tuple("".join(rng.sample(letters, n)) for n in SIZES[kind])
    return Fact(kind, args, rng.choice(VALUES.get(kind, (None,))))


def test_random_statements_get_the_verdict_of_the_independent_checker(scenes, brute):
    """True statements hold; false ones are visibly false."""
    rng = Random(0)
    count = {"true": 0, "false": 0, "ambiguous": 0}
    for built in scenes:
        letters = sorted(filter(str.isupper, built.scene.points))
        for _ in range(150):
            try:
                fact = random_fact(letters, rng)
            except (ValueError, IndexError):  # more letters than the figure has
                continue
            verdict = evaluate(fact, built.scene).verdict
            count[verdict] += 1
            if verdict == "true":
                assert brute.holds(fact, built.scene), (fact, built.scene)
            if verdict == "false":
                assert brute.visibly_false(fact, built.scene), (fact, built.scene)
    assert count["true"] > 500
    assert count["false"] > 5000
