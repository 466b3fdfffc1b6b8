"""Captions of three styles are read as what they say; anything else is not understood, never half read."""

from random import Random

import pytest

from data.foreign.clauses import WORDINGS
from data.foreign.grammar import KINDS, RELATIONS
from data.foreign.read import read, read_sentence
from data.scene.canonical import canonical_set
from data.scene.caption import STYLES, caption
from data.scene.entailment import ASKS
from data.scene.templates import TEMPLATES


def told(text):
    """The facts of a caption as "kind arguments value", or None for a sentence that is not understood."""
    found = []
    for statements in read(text).statements:
        facts = [fact for one in statements or () for fact in one.facts]
        plain = [" ".join([f.kind, *f.args, *([f"{f.value}"] if f.value is not None else [])]) for f in facts]
        found.append(", ".join(plain) if statements is not None else None)
    return found


MAVIS = {
    "The diagram depicts a square ABCD with a side length of 10. Triangle BCE is equilateral.": [
        "shape ABCD square, length AB 10.0",
        "shape BCE equilateral triangle",
    ],
    "Shape ABCD is a square. Side AB has a length of 14. Angle BAC measures 45 degrees.": [
        "shape ABCD square",
        "length AB 14.0",
        "angle BAC 45.0",
    ],
    "The side length of the rhombus EFGH is 5. The figure shows a rectangle BCFG, with BC = 3 and CF = 4.": [
        "shape EFGH rhombus, length EF 5.0",
        "shape BCFG rectangle, length BC 3.0, length CF 4.0",
    ],
    "In the diagram, there is a circle with center O. Points A, B and C lie on circle O.": [
        "circle O",
        "on_circle A O, on_circle B O, on_circle C O",
    ],
    "PA is tangent to circle O at point A. AB is a diameter of circle O, and the size of angle PAB is 90°.": [
        "tangent PA O, on_circle A O",
        "diameter AB O, angle PAB 90.0",
    ],
}
MM_MATH = {
    "As shown in the figure, in triangle ABC, it is known that angle A = 80.0, angle B = 60.0.": [
        "shape ABC triangle, angle CAB 80.0, angle ABC 60.0"
    ],
    "Connect OA and OB. A, B, and C are three points on ⊙O, and △ABC is inscribed in ⊙O.": [
        "",
        "on_circle A O, on_circle B O, on_circle C O, inscribed ABC O",
    ],
    "Triangle ABC has a right angle at vertex C. AB is labeled as 5. Circle O is the incircle of △DEF.": [
        "shape ABC triangle, angle BCA 90.0",
        "length AB 5.0",
        "incircle O DEF",
    ],
    "E is the intersection of AC and BD. AD is the perpendicular bisector of BC. AB parallel  CD.": [
        "intersection E AC BD",
        "perpendicular_bisector AD BC",
        "parallel AB CD",
    ],
    "In △ABC, AB = AC, ∠BAC = 50°, D is the midpoint of BC.": [
        "shape ABC triangle, equal AB AC, angle BAC 50.0, midpoint D BC"
    ],
    "As shown in the figure, in Rt△ABC, ∠C = 90°, AC=6 cm, BC = 8.5.": [
        "shape ABC right triangle, angle BCA 90.0, length AC 6.0, length BC 8.5"
    ],
    "△ABC ≅ △DEF, and AD ∥ BC; AB//CD, AC⊥BD.": [
        "congruent ABC DEF, parallel AD BC, parallel AB CD, perpendicular AC BD"
    ],
    "$\\triangle ABC$ with $\\angle ABC = 50^\\circ$, $AB \\parallel CD$, $AB \\perp BC$.": [
        "shape ABC triangle, angle ABC 50.0, parallel AB CD, perpendicular AB BC"
    ],
    "Quadrilateral ABCD is a parallelogram, diagonals AC and BD intersect at point O.": [
        "shape ABCD parallelogram, intersection O AC BD"
    ],
    "DE ∥ BC, where points D and E lie on AB and AC respectively.": ["parallel DE BC, on D AB, on E AC"],
    "AB = BC = CD = 5. ∠ABC = ∠DEF = 40°. AB = AC = 3.": [
        "equal AB BC, equal BC CD, length AB 5.0",
        "equal_angle ABC DEF, angle ABC 40.0",
        "equal AB AC, length AB 3.0",
    ],
    "Let M be the midpoint of BC. AD bisects ∠BAC. AD is an altitude of △ABC. DE is a midline of △ABC.": [
        "midpoint M BC",
        "bisects AD BAC",
        "altitude AD ABC",
        "midsegment DE ABC",
    ],
    "A is a point on circle O, AB is a chord of ⊙O, and lines AB and CD are perpendicular to each other.": [
        "on_circle A O, chord AB O, perpendicular AB CD"
    ],
    "The figure shows an isosceles right triangle ABC": [
        "shape ABC isosceles triangle, shape ABC right triangle"
    ],
}


@pytest.mark.parametrize("text", [*MAVIS, *MM_MATH])
def test_foreign_captions_are_read_as_what_they_say(text):
    assert told(text) == (MAVIS | MM_MATH)[text]


OTHER_WORDS = {"inscribed", "incircle", "tangent_circles"}
"""Kinds that our captions also say in words which the grammar does not have."""


def test_our_own_captions_are_wholly_understood_in_every_wording(draw):
    """Of the kinds of facts that the grammar has a wording for."""
    kinds = {form.split()[0] for _, forms in WORDINGS for form in forms} | set(KINDS.values())
    for template in TEMPLATES:
        for style in range(STYLES):
            _, built = draw(template, f"read/{style}")
            further = [fact for fact in built.stated[1:] if fact.kind in ("shape", "circle")]
            if further or not {fact.kind for fact in built.stated} <= kinds - OTHER_WORDS:
                continue
            reading = read(caption(built.stated, style))
            assert reading.understood == len(reading.sentences), caption(built.stated, style)
            assert canonical_set(reading.facts) == canonical_set(built.stated)


NOT_UNDERSTOOD = [
    "If AB = 5, then CD = 6.",
    "AB is not parallel to CD.",
    "AB + CD = 10.",
    "AB = 2x.",
    "AB = x.",
    "AB = 3√2.",
    "AB = 5/2.",
    "AB = 5π.",
    "AB = 1,000.",
    "AB = 2 × 3.",
    "AB = 5°.",
    "∠ABC = 230°.",
    "∠1 = 50°.",
    "∠α = 50°.",
    "∠B = 50°.",  # of which figure?
    "In △A₁BC, AB = 5.",
    "A₁B = 5.",
    "A'B' = 5.",
    "AB′ = 5.",
    "D₂ is the midpoint of BC.",
    "Point D is on line BC.",  # perhaps beyond C
    "Lines AB and CD intersect at E.",
    "D is the midpoint of AD.",
    "D is the midpoint of BC and E.",
    "Square ABC.",
    "Triangle ABCD is equilateral.",
    "A square ABCA.",
    "AB ∥ AB.",
    "AB ∥ ABC.",
    "AB = CDE.",
    "△ABC ∥ △DEF.",
    "AB ≅ CD.",
    "AB is a median of circle O.",
    "Parallelogram ABCD has a side length of 5.",  # which side?
    "Find ∠ABC.",
    "Is AB = 5?",
    "Prove that AB = AC.",
    "When P moves along BC, AP ⊥ BC.",
    "在△ABC中，AB = AC。",
    "在 △ABC 中, AB = AC.",
    "如图，AB ∥ CD.",
    "ΑΒ = 5.",  # Greek capitals
    "The figure is beautiful.",
    "",
    "x" * 5000,
    "AB = AC, " * 1000,
]


@pytest.mark.parametrize("text", NOT_UNDERSTOOD, ids=lambda text: text[:30])
def test_a_sentence_with_anything_unknown_states_nothing(text):
    assert set(told(text)) <= {None}


def test_one_strange_sentence_does_not_spoil_the_others():
    text = "In △ABC, AB = 5. Clearly, AC is longer. D lies on BC."
    assert told(text) == ["shape ABC triangle, length AB 5.0", None, "on D BC"]
    reading = read(text)
    assert (reading.understood, len(reading.sentences), reading.letters) == (2, 3, "ABCD")


def test_decimals_and_line_breaks_do_not_end_sentences_wrongly():
    assert told("AB = 3.5. AC = 4\nBC = 5") == ["length AB 3.5", "length AC 4.0", "length BC 5.0"]


def test_every_part_is_where_it_says_it_is():
    for text in [*MAVIS, *MM_MATH]:
        reading = read(text)
        for statements in reading.statements:
            for one in statements:
                for part in one.parts:
                    assert text[part.start : part.end] == part.text
                    assert one.start <= part.start < part.end <= one.end
        letters = {
            c
            for s in reading.statements
            for one in s
            for p in one.parts
            if p.role == "letters"
            for c in p.text
        }
        assert letters == set(reading.letters)


def test_garbage_is_read_without_an_error_and_quickly():
    rng = Random(0)
    alphabet = "ABC ∠△=°.,5∥⊥₁'′ \n$\\is the midpoint of α在 and circle"
    for _ in range(300):
        read("".join(rng.choices(alphabet, k=rng.randrange(120))))


def test_every_kind_that_a_wording_states_is_known_to_the_table():
    kinds = {form.split()[0] for _, forms in WORDINGS for form in forms} - {"r1", "sides"}
    assert kinds | set(KINDS.values()) <= set(ASKS)


def test_a_phrase_means_the_same_in_every_row():
    for row in RELATIONS:
        for phrase, kind in row.items():
            assert KINDS[phrase] == kind


def test_a_sentence_is_read_alone():
    assert read_sentence("Side AB has a length of 14.") == read("Side AB has a length of 14.").statements[0]
