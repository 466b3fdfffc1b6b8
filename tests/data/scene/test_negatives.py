"""No accepted hard negative is true: an independent checker over all templates and operators, known traps."""

from collections import Counter
from dataclasses import replace
from random import Random

import pytest

from configs.build import SceneConfig
from data.scene.build import Rejected, build
from data.scene.canonical import canonical_set
from data.scene.caption import STYLES, caption
from data.scene.draw import frequencies, template_weights
from data.scene.edits import WEIGHTS, Edited, Editor
from data.scene.templates import FAMILIES, TEMPLATES
from data.scene.truth import evaluate, judge
from data.scene.types import Fact, Program

SCENES = 880
LETTERS = SceneConfig().letters
SHARES = frequencies(tuple(template_weights(SceneConfig()).items()))


def edits(program, positive, rng, count, kind, letters=""):
    return Editor(kind, SHARES, letters).edits(program, positive, rng, count)


@pytest.fixture(scope="module")
def edited(draw):
    """By kind every accepted edit of many scenes as (template, positive, edited, edited figure, style)."""
    found = {"rule": [], "image": []}
    for i in range(SCENES):
        template = list(TEMPLATES)[i % len(TEMPLATES)]
        program, positive = draw(template, i)
        for kind, mine in found.items():
            rng = Random(i)
            for e in edits(program, positive, rng, 6, kind, LETTERS if kind == "image" else ""):
                if isinstance(e, Edited):
                    mine.append((template, positive, e, build(e.program), rng.randrange(STYLES)))
    return found


def letters(facts):
    return {letter for fact in facts for arg in fact.args for letter in arg}


def test_every_rule_negative_says_something_visibly_false(edited, brute, read_caption):
    """Read back from its words, so that what is checked is what a model is told."""
    for _, positive, edit, _, style in edited["rule"]:
        said = read_caption(caption(edit.stated, style))
        assert any(brute.visibly_false(fact, positive.scene) for fact in said), said
        assert letters(said) <= letters(positive.stated)
    assert len(edited["rule"]) > 2 * SCENES


def test_every_image_negative_contradicts_the_caption_visibly(edited, brute, read_caption):
    for _, positive, _, built, style in edited["image"]:
        said = read_caption(caption(positive.stated, style))
        assert any(brute.visibly_false(fact, built.scene) for fact in said), said
    assert len(edited["image"]) > 2 * SCENES


def test_the_captions_of_positives_and_of_edited_figures_are_true_of_their_own_pictures(
    edited, brute, read_caption
):
    for _, positive, edit, changed, style in edited["rule"] + edited["image"]:
        assert edit.stated == changed.stated
        for built in (positive, changed):
            said = read_caption(caption(built.stated, style))
            assert canonical_set(said) == canonical_set(built.stated)
            assert all(brute.holds(fact, built.scene) for fact in said), said


@pytest.mark.parametrize("kind", ["rule", "image"])
@pytest.mark.parametrize("family", FAMILIES)
def test_every_operator_of_a_family_gives_both_kinds_of_negatives(edited, family, kind):
    mine = [edit for template, _, edit, _, _ in edited[kind] if TEMPLATES[template].family == family]
    used = {one.operator for edit in mine for one in edit.edits}
    choices = FAMILIES[family].choices
    if kind == "rule":
        assert used >= {"letters", "number"}
        assert used <= {"letters", "number", *(choice.operator for choice in choices)}
        brings_letters = family in ("line", "hyperbola")  # another relation is said of other points there
        assert brings_letters or used & {choice.operator for choice in choices}
    else:
        named = {choice.image or choice.operator for choice in choices}
        assert used == {"letters", "number", "substitute", *named}


def test_edits_are_one_to_four_and_each_says_what_it_changed(edited):
    counts = Counter()
    for _, positive, edit, _, _ in edited["rule"] + edited["image"]:
        counts[len(edit.edits)] += 1
        assert all(one.before != one.after for one in edit.edits)
        assert canonical_set(edit.stated) != canonical_set(positive.stated)
    assert set(counts) == {1, 2, 3, 4}
    assert counts[1] > counts[2] > counts[3] > counts[4]


@pytest.mark.parametrize("kind", ["rule", "image"])
def test_negatives_of_one_scene_differ_from_it_and_from_each_other(draw, kind):
    for template in TEMPLATES:
        program, positive = draw(template, "distinct")
        found = [e for e in edits(program, positive, Random(0), 20, kind) if isinstance(e, Edited)]
        forms = [canonical_set(positive.stated), *(canonical_set(e.stated) for e in found)]
        assert len(set(forms)) == len(forms) > 3


# --- Traps: edits that many would call negatives, and that are true

QUADRILATERAL = {"kind": "square", "extra": "none", "at": "AB", "pair": "AB"}
QUADRILATERAL |= {"a": 6, "b": 4, "c": 3, "beta": 70, "e": 2, "tail": 15}
TRIANGLE = {"kind": "triangle", "extra": "none", "at": "A", "a": 6, "c": 5, "beta": 80, "d": 3, "cut": 4}
CIRCLE = {"relation": "diameter", "r": 5, "alpha": 40, "gamma": 40, "place": 0}


def figure(family, given=(), **params):
    base = {"quadrilateral": QUADRILATERAL, "triangle": TRIANGLE, "circle": CIRCLE}[family]
    names = {"circle": "OABC"}.get(family, "ABCDE")
    return Program(family, {**base, **params}, names, tuple(given))


def verdicts(before, after):
    """Verdicts of the edited caption on the picture, and of the caption on the edited picture."""
    one, two = build(before), build(after)
    return judge(two.stated, one.scene).verdict, judge(one.stated, two.scene).verdict


def change(program, **params):
    return replace(program, params={**program.params, **params})


SQUARE, EQUILATERAL = figure("quadrilateral"), figure("triangle", kind="equilateral triangle", extra="median")
TRUE_EDITS = {
    "a square is a rectangle": (SQUARE, {"kind": "rectangle"}),
    "a square is a rhombus": (SQUARE, {"kind": "rhombus"}),
    "a square is a parallelogram": (SQUARE, {"kind": "parallelogram"}),
    "a rhombus is a parallelogram": (figure("quadrilateral", kind="rhombus"), {"kind": "parallelogram"}),
    "an equilateral triangle is isosceles": (
        change(EQUILATERAL, extra="none"),
        {"kind": "isosceles triangle"},
    ),
    "its median is an altitude": (EQUILATERAL, {"extra": "altitude"}),
    "its median is a bisector": (EQUILATERAL, {"extra": "bisector"}),
    "its median is some cevian": (EQUILATERAL, {"extra": "cevian"}),
    "a midpoint lies on its side": (figure("quadrilateral", extra="midpoint"), {"extra": "point"}),
    "a mid-segment is parallel": (figure("triangle", extra="midsegment"), {"extra": "parallel"}),
    "a parallel cut is some cut": (figure("triangle", extra="parallel"), {"extra": "slant"}),
    "a diameter is a chord": (figure("circle"), {"relation": "chord"}),
}


@pytest.mark.parametrize("trap", TRUE_EDITS)
def test_an_edit_that_stays_true_gives_no_rule_negative(trap):
    program, params = TRUE_EDITS[trap]
    text, _ = verdicts(program, change(program, **params))
    assert text == "true"


@pytest.mark.parametrize("kind", ["rectangle", "rhombus", "parallelogram"])
def test_a_square_shows_what_the_caption_of_a_weaker_figure_says(kind):
    weaker = change(SQUARE, kind=kind)
    assert verdicts(weaker, SQUARE) == ("false", "true")


def test_whether_a_parallelogram_is_a_trapezoid_is_never_asked():
    for kind in ("parallelogram", "rectangle", "rhombus", "square"):
        scene = build(change(SQUARE, kind=kind)).scene
        assert evaluate(Fact("shape", ("ABCD",), "trapezoid"), scene).verdict == "ambiguous"


RENAMED = {
    "a square turned": (SQUARE, "BCDAE"),
    "a rectangle read backwards": (change(SQUARE, kind="rectangle"), "DCBAE"),
    "a triangle in any order": (change(figure("triangle"), kind="triangle"), "CABDE"),
    "the base of an isosceles triangle": (figure("triangle", ["ABC"], kind="isosceles triangle"), "CBADE"),
    "the ends of a diameter": (figure("circle"), "OBAC"),
    "the halves of a parallel cut": (figure("triangle", extra="parallel"), "ACBED"),
}


@pytest.mark.parametrize("trap", RENAMED)
def test_letters_exchanged_along_a_symmetry_are_the_same_statement(trap):
    program, names = RENAMED[trap]
    renamed = replace(program, names=names)
    assert canonical_set(build(renamed).stated) == canonical_set(build(program).stated)


def test_a_number_that_holds_of_an_equal_side_is_no_negative():
    program = figure("triangle", ["BC"], kind="isosceles triangle")
    swapped = replace(program, names="CBADE")  # says AB = 6 where BC is labelled, and AB = BC
    assert canonical_set(build(swapped).stated) != canonical_set(build(program).stated)
    assert verdicts(program, swapped) == ("true", "true")


def test_a_number_that_no_label_shows_is_no_negative():
    labelled, bare = figure("triangle", ["AB"]), figure("triangle")
    other = change(labelled, c=4)
    assert verdicts(labelled, other)[0] == "false"
    assert verdicts(bare, other)[0] == "ambiguous"


def test_equal_values_from_different_parameters_are_no_edit():
    """Half of 6 is 3: a midpoint's part and another point's part may be one and the same number."""
    half = figure("quadrilateral", ["AE"], extra="midpoint")
    part = change(half, extra="point", e=3)
    assert verdicts(half, part)[0] == "true"


WEAKER = [
    (Fact("congruent", ("ABC", "DEF")), Fact("similar", ("ABC", "DEF"))),
    (Fact("midpoint", ("M", "BC")), Fact("on", ("M", "BC"))),
    (Fact("median", ("AM", "ABC")), Fact("altitude", ("AM", "ABC"))),
    (Fact("median", ("AM", "ABC")), Fact("bisects", ("AM", "BAC"))),
    (Fact("equal", ("AB", "AC")), Fact("equal_angle", ("ABC", "BCA"))),
]


@pytest.mark.parametrize(("stated", "implied"), WEAKER, ids=[b.kind for _, b in WEAKER])
def test_what_a_statement_implies_in_an_isosceles_triangle_is_true(sketch, brute, stated, implied):
    points = {"A": (80, 20), "B": (20, 140), "C": (140, 140), "M": (80, 140)}
    copy = {name: (x + 170, 160 - y) for name, (x, y) in zip("DEF", list(points.values())[:3], strict=True)}
    scene = sketch("AB BC CA AM DE EF FD", **points, **copy)
    for fact in (stated, implied):
        assert evaluate(fact, scene).verdict == "true"
        assert brute.holds(fact, scene)


def test_thales_angle_and_equal_radii_are_true_unsaid(brute):
    scene = build(figure("circle")).scene
    unsaid = [Fact("perpendicular", ("AC", "BC")), Fact("shape", ("ABC",), "right triangle")]
    unsaid += [Fact("equal", ("OA", "OB")), Fact("angle", ("ACB",), 90)]
    for fact in unsaid:
        assert evaluate(fact, scene).verdict == "true"
        assert brute.holds(fact, scene)


def test_operators_are_those_the_families_know():
    known = {choice.operator for family in FAMILIES.values() for choice in family.choices}
    assert known | {"letters", "substitute", "number"} == set(WEIGHTS)


def test_an_edit_that_leads_to_an_unclear_figure_is_refused_with_its_reason(draw):
    program, positive = draw("triangle_cevian", 1)
    refused = [str(e) for e in edits(program, positive, Random(0), 60, "rule") if isinstance(e, Rejected)]
    assert refused
    assert {"same statement or a repeat", "stays true"} & set(refused)
