"""Rule negatives of captions alone: false where the caption is true, edited where it is understood only."""

import difflib
import re
from itertools import zip_longest
from random import Random

import pytest

from data.foreign.edits import negatives
from data.foreign.proposals import Vocabulary, keeps_letters_rule, same_figure, words
from data.foreign.read import Part, read
from data.scene.canonical import canonical_set
from data.scene.caption import STYLES, caption
from data.scene.entailment import closure, excluded
from data.scene.templates import TEMPLATES

CAPTIONS = [
    "The diagram depicts a square ABCD with a side length of 10. Triangle BCE is equilateral.",
    "In △ABC, AB = AC, ∠BAC = 50°, D is the midpoint of BC.",
    "In the figure, △ABC is a right triangle, ∠C = 90°, and AC = 6 cm.",
    "An equilateral triangle ABC is drawn by hand. Triangle ABC is equilateral, and AB = 6.",
    "In circle O, AB is a diameter of circle O, point C lies on circle O, and ∠CAB = 40°.",
    "A rectangle ABCD, where AB = 6 and BC = 8. AC and BD intersect at E. M is the midpoint of AB.",
    "A circle with center O. Points A, B, and C lie on circle O. PA is tangent to circle O, and ∠OPA = 30°.",
    "The figure shows a right triangle ABC, where AB = 5. D lies on AB. AD = 2, and ∠ACD = 20°.",
    "AB ∥ CD. EF ⊥ AB. It is clear that A₁B is short. AB=3.5, CD = 7.",
    "△ABC ≅ △DEF, AB = 4, BC = 5, ∠ABC = 70°. AD is longer than BC. BE is an altitude of △ABC.",
    "$\\triangle ABC$ with $\\angle ABC = 50^\\circ$, $AB = 3$. D lies on BC, and AD ⊥ BC.",
    "Quadrilateral ABCD is a parallelogram, and ∠ABC = 70°. Side AB has a length of 4 units.",
]


@pytest.fixture(scope="module")
def made():
    """Every caption with its negatives."""
    return [(text, negatives(text, 10, Random(i))[0]) for i, text in enumerate(CAPTIONS)]


def test_captions_of_every_style_get_negatives(made):
    assert all(len(found) >= 3 for _, found in made)
    assert sum(len(found) for _, found in made) > 8 * len(made)
    assert {e.operator for _, found in made for n in found for e in n.edits} == {
        "letters",
        "shape",
        "relation",
        "number",
    }
    assert {len(n.edits) for _, found in made for n in found} == {1, 2, 3, 4}
    assert {(n.kind, n.verdict, n.residual) for _, found in made for n in found} == {
        ("rule", "unverified", None)
    }


def test_a_negative_differs_inside_editable_parts_only(made):
    for text, found in made:
        parts = [p for s in read(text).statements if s for one in s for p in one.parts]
        inside = {i for part in parts for i in range(part.start, part.end)}
        for negative in found:
            changes = difflib.SequenceMatcher(None, text, negative.text, autojunk=False).get_opcodes()
            for tag, start, end, _, _ in changes:
                # An insertion stands at a part, or right behind it.
                assert tag == "equal" or {*range(start, end)} <= inside
                assert tag != "insert" or start in inside or start - 1 in inside


def test_what_was_not_understood_is_left_as_it_is(made):
    for text, found in made:
        reading = read(text)
        strange = [
            text[a:b] for (a, b), s in zip(reading.sentences, reading.statements, strict=True) if s is None
        ]
        assert all(sentence in negative.text for negative in found for sentence in strange)
        for negative in found:
            again = read(negative.text)
            assert [s is None for s in again.statements] == [s is None for s in reading.statements]


def test_every_edited_statement_contradicts_the_caption_when_read_again(made):
    """Statement by statement, from the words alone: what was edited is ruled out, the rest is unchanged."""
    for text, found in made:
        known = closure(read(text).facts)
        old = [one for s in read(text).statements for one in s or ()]
        for negative in found:
            new = [one for s in read(negative.text).statements for one in s or ()]
            changed = [(a, b) for a, b in zip(old, new, strict=True) if a.facts != b.facts]
            assert len(changed) == len(negative.edits)
            for (before, after), edit in zip(changed, negative.edits, strict=True):
                assert any(excluded(fact, known) for fact in after.facts)
                assert edit.before == text[before.start : before.end]
                assert edit.after == negative.text[after.start : after.end]


def test_no_negative_is_true_of_the_picture_that_its_caption_was_made_of(draw, brute):
    """The captions of drawn scenes, taken for foreign ones; the scene is the judge."""
    total = 0
    for template in TEMPLATES:
        for style in range(3):
            _, built = draw(template, f"foreign/{style}")
            vocabulary = Vocabulary.of(dict.fromkeys(SCENE_WORDS, 1))
            found, _, _ = negatives(caption(built.stated, style % STYLES), 10, Random(style), vocabulary)
            for negative in found:
                assert not all(brute.holds(fact, built.scene) for fact in read(negative.text).facts), negative
                total += 1
    assert total > 250


SCENE_WORDS = {
    "parallelogram",
    "rectangle",
    "rhombus",
    "square",
    "trapezoid",
    "right",
    "isosceles",
    "equilateral",
}
SCENE_WORDS |= {"∥", "⊥", "=", "equals", "is parallel to", "is perpendicular to", "≅", "∼", "is a chord in"}
SCENE_WORDS |= {"is a chord of", "is a diameter of", "is a diameter in", "is a median", "is an altitude"}


def test_no_negative_contradicts_itself(made):
    """A reader without the picture could tell it from the caption otherwise."""
    for _, found in made:
        for negative in found:
            assert not closure(read(negative.text).facts).clash
            told = [one for s in read(negative.text).statements for one in s or ()]
            edited = {edit.after for edit in negative.edits}
            for one in (one for one in told if negative.text[one.start : one.end] in edited):
                rest = closure([fact for other in told if other is not one for fact in other.facts])
                assert not any(excluded(fact, rest) for fact in one.facts)


def names(text):
    return [
        p.text for s in read(text).statements for one in s or () for p in one.parts if p.role == "letters"
    ]


def test_the_papers_letters_rule_by_brute_force(made):
    """At least two letters change, no name is turned or reversed, and no letter is new."""
    seen = 0
    for text, found in made:
        for negative in found:
            assert set("".join(names(negative.text))) <= set("".join(names(text)))
            for edit in (edit for edit in negative.edits if edit.operator == "letters"):
                old, new = (re.findall(r"\b[A-Z]{1,6}\b", words) for words in (edit.before, edit.after))
                assert len(old) == len(new)
                pairs = [(a, b) for a, b in zip(old, new, strict=True) if a != b]
                assert sum(x != y for a, b in pairs for x, y in zip_longest(a, b)) >= 2
                for a, b in pairs:
                    ring = a + a
                    assert b not in ring
                    assert b[::-1] not in ring
                seen += 1
    assert seen > 40


def changed_sentences(text, negative):
    pairs = zip(read(text).statements, read(negative.text).statements, strict=True)
    return [at for at, (a, b) in enumerate(pairs) if a and [s.facts for s in a] != [s.facts for s in b]]


def test_edits_are_spread_over_the_caption(made):
    """No sentence gets a second edit while one that can be edited has none."""
    for text, found in made:
        editable = {at for negative in found for at in changed_sentences(text, negative)}
        for negative in found:
            assert len(changed_sentences(text, negative)) >= min(len(negative.edits), len(editable))


def test_articles_fit_their_nouns(made):
    texts = [n.text for _, found in made for n in found]
    for seed in range(20):
        for text in ("A right triangle ABC, where AB = 5.", "An equilateral triangle ABC, where AB = 5."):
            texts += [n.text for n in negatives(text, 5, Random(seed))[0]]
    assert not [t for t in texts if re.search(r"\b[Aa] (?=[aeiou])|\b[Aa]n (?![aeiou])", t)]
    assert any(t.startswith("An equilateral triangle ABC, where AB = 5.") for t in texts)
    assert any(t.startswith("A right triangle ABC, where AB = 5.") for t in texts)


def test_the_same_seed_gives_the_same_negatives_and_another_one_others():
    text = CAPTIONS[5]
    one, two, other = (negatives(text, 10, Random(seed))[0] for seed in (1, 1, 2))
    assert one == two
    assert {n.text for n in one} != {n.text for n in other}


def test_negatives_of_a_caption_say_different_things(made):
    for text, found in made:
        forms = [canonical_set(read(t).facts) for t in (text, *(n.text for n in found))]
        assert len(set(forms)) == len(forms)


TRAPS = [
    ("Square ABCD.", "rectangle|rhombus|parallelogram|trapezoid|kite"),  # all of them stay true, or may
    ("Triangle ABC is equilateral.", "isosceles"),
    ("AB = 5, and AB ∥ CD.", "AB = 5, and AB = CD"),
    ("△ABC ≅ △DEF.", "∼"),
    ("AB is a diameter of circle O.", "chord"),
    ("△ABC, where AB = AC, and AD is a median of △ABC.", "altitude"),
    ("An isosceles triangle ABC.", "right|equilateral"),  # it may be one
    ("Parallelogram ABCD.", "rectangle|square|rhombus|trapezoid"),
]


@pytest.mark.parametrize(("text", "never"), TRAPS)
def test_what_stays_or_may_stay_true_is_never_a_negative(text, never):
    for seed in range(20):
        for negative in negatives(text, 10, Random(seed))[0]:
            assert not re.search(never, negative.text), negative.text


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("在△ABC中，AB = AC。", "caption: no sentence understood"),
        ("A₁B = 5.", "caption: no sentence understood"),
        ("", "caption: no sentence understood"),
        ("AB = 5. " * 100, "caption: too long"),
        ("x" * 20_000, "caption: too long"),
        ("AB = 5. AB = 6.", "caption: contradicts itself"),
        ("△ABC, and D lies on BC. Triangle BDC is equilateral.", "caption: contradicts itself"),
    ],
)
def test_a_caption_without_use_is_refused_with_its_reason(text, reason):
    found, _, refused = negatives(text, 10, Random(0))
    assert (found, refused) == ([], {reason: 1})


def test_refused_edits_are_counted_by_reason():
    _, _, refused = negatives("Square ABCD, and AB = 5.", 10, Random(0))
    assert refused["shape: stays true"] == 5  # quadrilateral, kite, parallelogram, rectangle, rhombus
    assert refused["shape: may stay true"] == 3  # trapezoids, by some books


def test_no_edit_brings_in_what_the_data_set_lacks():
    text = "Rectangle ABCD, where AB = 6 and BC = 8. AB is parallel to CD. ∠ABD = 40°, and EF = 5."
    others = ["Square ABCD, where AB = 12, and ∠ABC = 90°. AB = 9.5. AB = 9.5."]
    counts = sum((words(read(t)) for t in (text, *others)), words(read("")))
    assert counts == {"rectangle": 1, "square": 1, "is parallel to": 1, "length 9.5": 2} | dict.fromkeys(
        ("length 5", "length 6", "length 8", "length 12", "angle 40", "angle 90"), 1
    )
    for seed in range(10):
        found, _, refused = negatives(text, 10, Random(seed), Vocabulary.of(counts))
        assert {words(read(n.text)).keys() <= counts.keys() for n in found} == {True}
        assert refused["shape: a word that no caption has"]
        assert any(edit.operator == "number" for n in found for edit in n.edits)


def test_the_letters_rule_itself():
    def keeps(*pairs):
        return keeps_letters_rule(tuple((Part(0, len(old), old, "letters"), new) for old, new in pairs))

    assert same_figure("ABC") == {"ABC", "BCA", "CAB", "CBA", "BAC", "ACB"}
    assert not keeps(("AB", "BA"))
    assert not keeps(("ABCD", "CDAB"))
    assert not keeps(("ABCD", "DCBA"))
    assert not keeps(("AB", "AC"))  # one letter
    assert keeps(("AB", "CD"))
    assert keeps(("ABCD", "ACBD"))
    assert keeps(("D", "B"), ("BC", "DC"))
