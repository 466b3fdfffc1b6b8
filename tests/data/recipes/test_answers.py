"""Reading what foreign texts give as their answer."""

import pytest

from data.recipes.answers import boxed, final_answer, lettered, plain_number

FOUR = {"A": "40°", "B": "60°", "C": "120°", "D": "140°"}


@pytest.mark.parametrize(
    ("text", "options"),
    [
        ("\nA:40°\nB:60°\nC:120°\nD:140°", FOUR),
        ("A. 40°; B. 60°; C. 120°; D. 140°", FOUR),
        ("A. 40° B. 60° C. 120° D. 140°", FOUR),
        ("(A) 40°\n(B) 60°\n(C) 120°\n(D) 140°", FOUR),
        ("A：40°；B：60°；C：120°；D：140°", FOUR),
        ("A. point B. ; B. point C.", {"A": "point B.", "B": "point C."}),
        ("A:40°\nB:60°\nD:140°", {"A": "40°", "B": "60°\nD:140°"}),
        ("C:.40°\nD:50°", {}),
        ("A. alone", {}),
        ("", {}),
    ],
)
def test_lettered_options(text, options):
    assert lettered(text) == options


@pytest.mark.parametrize(
    ("reply", "letter"),
    [
        ("AB = BC. Therefore, the answer is option A.\nAnswer:A", "A"),
        ("Answer: B is wrong, since ... \nAnswer: (D)", "D"),
        ("The answer is C.", "C"),
        ("The correct answer is option B", "B"),
        ("Answer: E", None),
        ("Answer: Because", None),
        ("Answer: 40°", None),
        ("It follows that A is larger.", None),
        ("", None),
    ],
)
def test_the_letter_that_a_solution_ends_in(reply, letter):
    answer = final_answer(reply, FOUR)
    assert (answer and answer["value"]) == letter
    if answer:
        assert answer == {
            "kind": "choice",
            "value": letter,
            "choices": list(FOUR.values()),
            "unit": None,
            "precision": None,
        }


@pytest.mark.parametrize(
    ("reply", "value", "unit"),
    [
        ("x = 3.\nThe answer is 4.5.", "4.5", None),
        ("Answer: -12", "-12", None),
        ("Answer: $40°$", "40", "°"),
    ],
)
def test_the_number_that_an_open_solution_ends_in(reply, value, unit):
    answer = final_answer(reply, {})
    assert (answer["kind"], answer["value"], answer["unit"]) == ("number", value, unit)


@pytest.mark.parametrize("reply", ["Answer: y = 2x + 1", "Answer: 3 or 4", "The answer is seven"])
def test_an_open_answer_that_is_no_plain_number_is_not_guessed(reply):
    assert final_answer(reply, {}) is None


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (r"so $x=\boxed{\frac{1}{2}}$, and \boxed {4}", [r"\frac{1}{2}", "4"]),
        (r"\boxed{never closed", []),
        (r"\boxed{}", [""]),
        ("none", []),
    ],
)
def test_boxed_contents_have_balanced_braces(text, found):
    assert boxed(text) == found


def test_plain_numbers():
    assert plain_number("1,000") is None
    assert plain_number("°") is None
    assert plain_number("12°")["unit"] == "°"
