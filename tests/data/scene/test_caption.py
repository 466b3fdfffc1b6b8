"""Captions: the paper's manner, correct English, every letter introduced, one wording per style."""

import re

import pytest

from data.scene.canonical import canonical_set
from data.scene.caption import FIGURES, OPENINGS, STYLES, WORDINGS, caption, phrase
from data.scene.predicates import PREDICATES
from data.scene.types import Fact

TRIANGLE = Fact("shape", ("ABC",), "triangle")
CEVIAN = [TRIANGLE, Fact("on", ("D", "BC")), Fact("length", ("AB",), 6), Fact("length", ("CD",), 4)]


def test_the_paper_s_own_example_is_said_word_for_word():
    """arXiv 2505.20152, figure of a diagram and its caption."""
    text = "The diagram features △ABC, where AB = 6. Point D lies on BC, and CD = 4."
    assert text in {caption(CEVIAN, style) for style in range(STYLES)}


@pytest.mark.parametrize(
    ("facts", "text"),
    [
        ([TRIANGLE], "The diagram features △ABC."),
        ([Fact("shape", ("ABC",), "isosceles triangle")], "The diagram features an isosceles triangle ABC."),
        (
            [Fact("shape", ("ABCD",), "rhombus"), Fact("length", ("AB",), 5), Fact("angle", ("BAD",), 60)],
            "The diagram features a rhombus ABCD, where AB = 5 and ∠BAD = 60°.",
        ),
        (
            [Fact("circle", ("O",)), Fact("diameter", ("AB", "O")), Fact("on_circle", ("C", "O"))],
            "The diagram features circle O. AB is a diameter of circle O, and point C lies on circle O.",
        ),
        (
            [Fact("parallel", ("AB", "CD")), Fact("on", ("E", "AB")), Fact("angle", ("BEF",), 70)],
            "AB ∥ CD, and point E lies on AB. ∠BEF = 70°.",
        ),
        (
            [
                TRIANGLE,
                Fact("midpoint", ("D", "AB")),
                Fact("midpoint", ("E", "AC")),
                Fact("length", ("DE",), 3),
            ],
            "The diagram features △ABC. D is the midpoint of AB, E is the midpoint of AC, and DE = 3.",
        ),
    ],
)
def test_captions_in_the_first_style(facts, text):
    assert caption(facts, 0) == text


def test_a_number_waits_until_all_its_letters_are_introduced():
    facts = [TRIANGLE, Fact("length", ("DE",), 3), Fact("on", ("D", "AB")), Fact("on", ("E", "AC"))]
    facts += [Fact("length", ("AC",), 7)]
    first, second = caption(facts, 0).split(". ", 1)
    assert "AC = 7" in first
    assert second == "Point D lies on AB, point E lies on AC, and DE = 3."


@pytest.fixture(scope="module")
def captions(scenes):
    """(built, style, text) of every figure in three styles."""
    styles = [(built, (i + shift) % STYLES) for i, built in enumerate(scenes) for shift in (0, 5, 11)]
    return [(built, style, caption(built.stated, style)) for built, style in styles]


def test_a_caption_says_all_stated_facts_and_nothing_else(captions, read_caption):
    for built, _, text in captions:
        assert canonical_set(read_caption(text)) == canonical_set(built.stated)


def test_a_caption_names_the_letters_of_the_scene_only(captions):
    for built, _, text in captions:
        names = re.findall(r"(?<![A-Za-z])[A-Z]{1,8}(?![a-z])", text)
        assert set("".join(names)) <= {name for name in built.scene.points if name.isupper()}


def test_captions_are_clean_sentences(captions):
    for _, _, text in captions:
        assert text == text.strip()
        assert "  " not in text
        assert text.endswith(".")
        assert not re.search(r"\s[.,]|\.\.|,,|,\.|\{|\}|None", text)
        for sentence in text.removesuffix(".").split(". "):
            assert sentence[0] in "∠△" or sentence[0].isupper(), text
        assert not re.search(r"\ba [aeiou]|\ban [^aeiou]", text), text


def test_one_style_words_one_kind_of_fact_alike(captions):
    """An edited caption in the style of the positive differs in what it says only."""
    wordings = {}
    for built, style, text in captions:
        for fact in built.stated:
            words = phrase(fact, style)
            form = re.sub(r"[A-Z]+|-?\d+|externally|internally|[xy]-axis", "_", words)
            if fact.kind in FIGURES:
                continue
            assert wordings.setdefault((style, fact.kind), form) == form
            assert words in text or words[0].upper() + words[1:] in text


def test_every_wording_and_opening_occurs(captions):
    text = " ".join(text for _, _, text in captions)
    for opening in OPENINGS:
        assert opening.format("") in text
    said = {fact.kind for built, _, _ in captions for fact in built.stated} - set(FIGURES)
    for kind in said:
        forms = {phrase(Fact(kind, ("AOB", "CD", "EF"), 5), style) for style in range(STYLES)}
        assert len(forms) == len(WORDINGS[kind])


def test_all_kinds_of_facts_can_be_said():
    assert set(WORDINGS) == set(PREDICATES) - set(FIGURES)
    for kind in WORDINGS:
        assert "{" not in phrase(Fact(kind, ("AOB", "CD", "EF"), 5))
