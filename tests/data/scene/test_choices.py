"""Four options: one right, three that a slip gives, never two of one value, nowhere a pattern to guess by."""

import re
from collections import Counter
from dataclasses import replace
from random import Random

import pytest

from data.scene.choices import with_options
from data.scene.questions import Question, ask
from data.scene.shapes import SHAPES
from data.scene.templates import TEMPLATES
from mmgeolm.grading import grade
from mmgeolm.quantity import parse_quantity


def question(value, unit=None, choices=None, slips=(), kind="number"):
    text = {"type": "text", "text": "Find it."}
    worked = {"type": "text", "text": f"So it is \\boxed{{{value}{unit or ''}}}"}
    messages = (
        {"role": "user", "content": [{"type": "image"}, text]},
        {"role": "assistant", "content": [worked]},
    )
    answer = {"kind": kind, "value": value, "choices": choices, "unit": unit, "precision": None}
    return Question("any", messages, answer, slips=tuple(slips))


@pytest.fixture(scope="module")
def asked(draw):
    """Questions about ten figures of every template, as (open, with options)."""
    found = []
    for template in TEMPLATES:
        for i in range(10):
            one = ask(draw(template, f"choice/{i}", numbers=2)[1], Random(f"{template}/{i}"))
            found.append((one, with_options(one, Random(f"{template}/{i}/options"))))
    return [(one, chosen) for one, chosen in found if chosen]


@pytest.mark.parametrize(
    ("value", "unit"), [(1, None), (8, None), (50, "°"), (90, "°"), (170, "°"), (0, None)]
)
def test_four_different_options_of_which_the_letter_names_the_right_one(value, unit):
    letters = set()
    for seed in range(40):
        chosen = with_options(question(value, unit), Random(seed))
        texts = chosen.answer["choices"]
        assert len(set(texts)) == 4
        assert texts["ABCD".index(chosen.answer["value"])] == str(value)
        assert chosen.messages[1]["content"][0]["text"].endswith(f"\\boxed{{{chosen.answer['value']}}}")
        letters.add(chosen.answer["value"])
    assert letters == set("ABCD")


def test_slips_come_before_other_numbers():
    for seed in range(20):
        chosen = with_options(question(40, "°", slips=("140", "50", "80", "20")), Random(seed))
        assert set(chosen.answer["choices"]) - {"40"} <= {"140", "50", "80", "20", "30", "35"}


@pytest.mark.parametrize(
    ("value", "slips", "form"),
    [
        ("5√3", ("10√3", "5√2", "15"), r"\d*√3"),
        ("√41", ("9", "2√41"), r"\d*√41"),
        ("6π", ("3π", "36π", "9"), r"\d*π"),
        ("π", (), r"\d*π"),
        ("2/3", ("1/3", "3/2", "2/5"), r"\d/\d"),
    ],
)
def test_options_have_the_form_of_the_answer(value, slips, form):
    for seed in range(20):
        chosen = with_options(question(value, slips=slips, kind="expression"), Random(seed))
        sizes = [parse_quantity(text).value for text in chosen.answer["choices"]]
        assert all(abs(a - b) > 1e-9 for i, a in enumerate(sizes) for b in sizes[:i])
        assert value in chosen.answer["choices"]
        for text in chosen.answer["choices"]:
            assert re.fullmatch(form, text)


def test_an_answer_of_few_alternatives_is_not_asked_with_options():
    assert with_options(question("yes", choices=["yes", "no"], kind="text"), Random(0)) is None
    assert (
        with_options(question("acute", choices=["acute", "right", "obtuse"], kind="text"), Random(0)) is None
    )
    letters = question("B", choices=list("ABCDE"), kind="text")
    assert with_options(letters, Random(0)) is None  # the option B could be taken for the point B


def test_a_shape_is_told_from_shapes_that_it_is_not():
    """A rhombus is a kite, a parallelogram and, by some books, a trapezoid: none is offered as wrong."""
    classes = list(SHAPES[4])
    for seed in range(20):
        texts = with_options(question("rhombus", choices=classes, kind="text"), Random(seed)).answer[
            "choices"
        ]
        assert not set(texts) & {"kite", "parallelogram", "trapezoid", "quadrilateral"}
        assert with_options(question("square", choices=classes, kind="text"), Random(seed)) is None
        lines = question("diameter", choices=["radius", "chord", "diameter", "tangent"], kind="text")
        assert with_options(lines, Random(seed)) is None  # a diameter is a chord


def test_coordinates_and_orders_get_options_of_their_own_kind():
    places = ("(-1, 3)", "(3, 1)", "(-3, -1)", "(1, 3)")
    for seed in range(20):
        chosen = with_options(question("(3, -1)", slips=places, kind="list"), Random(seed))
        assert set(chosen.answer["choices"]) <= {"(3, -1)", *places}
        chosen = with_options(question("AB, CD, EF", kind="list"), Random(seed))
        assert all(sorted(text.split(", ")) == ["AB", "CD", "EF"] for text in chosen.answer["choices"])


def test_of_a_scenes_options_only_the_right_one_is_right(asked):
    assert len(asked) > 100
    for one, chosen in asked:
        texts = chosen.answer["choices"]
        assert len(set(texts)) == 4
        for letter, text in zip("ABCD", texts, strict=True):
            right = letter == chosen.answer["value"]
            unit = one.answer["unit"] or ""
            assert grade(f"\\boxed{{{text}{unit}}}", one.answer).correct == right, (texts, one.answer)


def test_the_grader_takes_the_worked_answer_with_options(asked):
    for one, chosen in asked:
        assert grade(chosen.messages[1]["content"][0]["text"], chosen.answer).correct
        assert chosen.question_type == one.question_type
        assert chosen.answer["kind"] == "choice"


def test_the_right_letter_and_its_rank_are_spread(asked):
    letters = Counter(chosen.answer["value"] for _, chosen in asked)
    assert max(letters.values()) < 0.36 * letters.total()
    ranks = Counter()
    for one, chosen in asked:
        if one.answer["kind"] == "number" and one.answer["value"] > 5:
            ranks[sorted(map(int, chosen.answer["choices"])).index(one.answer["value"])] += 1
    assert max(ranks.values()) < 0.4 * ranks.total()


def test_options_are_the_same_for_the_same_generator(asked):
    one = replace(asked[0][0])
    assert with_options(one, Random(5)) == with_options(one, Random(5))
