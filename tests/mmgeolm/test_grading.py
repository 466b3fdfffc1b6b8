"""Grading by the answer's kind: right, wrong and unreadable responses of every kind."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmgeolm.grading import KINDS, grade, options_of, same_expression, split_list

CHOICE = {"kind": "choice", "value": "B", "choices": ["40°", "60°", "120°"]}
CASES = [
    (CHOICE, "Answer: B", True),
    (CHOICE, "\\boxed{60^\\circ}", True),
    (CHOICE, "Answer: C", False),
    (CHOICE | {"value": "60°"}, "B", True),
    (CHOICE | {"choices": {"A": "40°", "B": "60°"}}, "(B)", True),
    (CHOICE | {"choices": ["9", "18", "18"]}, "Answer: C", True),  # the same text under another letter
    ({"kind": "number", "value": 12, "unit": "cm"}, "\\boxed{12 cm}", True),
    ({"kind": "number", "value": 12, "unit": "cm"}, "\\boxed{12}", True),
    ({"kind": "number", "value": 12, "unit": "cm"}, "\\boxed{12 m}", False),
    ({"kind": "number", "value": 12}, "There are 12 sides.", True),
    ({"kind": "number", "value": 3}, "There are three sides.", True),
    ({"kind": "number", "value": 2}, "Subtract these two quantities.", False),
    ({"kind": "number", "value": 9}, "There are two bars higher than 9.", False),
    ({"kind": "number", "value": 5}, "The answer is not 5.", False),
    ({"kind": "number", "value": 12}, "12 or 13", False),
    ({"kind": "number", "value": 12}, "\\boxed{12} no, \\boxed{13}", False),
    ({"kind": "number", "value": 3}, "Answer: 3.7", False),
    ({"kind": "number", "value": 1.2, "precision": 1}, "1.24", True),
    ({"kind": "number", "value": 1.2, "precision": 1}, "1.26", False),
    ({"kind": "number", "value": "4√3", "tolerance": 0.01}, "\\boxed{6.93}", True),
    ({"kind": "number", "value": 1, "tolerance": 0.01}, "\\boxed{1.02}", False),
    ({"kind": "expression", "value": "4\\sqrt{3}"}, "\\boxed{4√3}", True),
    ({"kind": "expression", "value": "4\\sqrt{3}"}, "Answer: 6.93", True),
    ({"kind": "expression", "value": "4\\sqrt{3}"}, "Answer: 6.9", False),
    ({"kind": "expression", "value": "4\\sqrt{3}", "tolerance": 0.03}, "Answer: 6.9", True),
    ({"kind": "expression", "value": "x+1", "unit": "cm"}, "\\boxed{1+x cm}", True),
    ({"kind": "expression", "value": "x+1"}, "\\boxed{x-1}", False),
    ({"kind": "expression", "value": "x+1"}, "", False),
    ({"kind": "list", "value": [1, "1/2"]}, "\\boxed{[1, 0.5]}", True),
    ({"kind": "list", "value": "[1, 2]"}, "(1, 2)", True),
    ({"kind": "list", "value": "[1, 2]"}, "[2, 1]", False),
    ({"kind": "list", "value": "[1, 2]"}, "[1, 2, 3]", False),
    ({"kind": "list", "value": "[1, 2]"}, None, False),
    ({"kind": "text", "value": "yes", "choices": ["yes", "no"]}, "\\boxed{Yes}", True),
    ({"kind": "text", "value": "yes", "choices": ["yes", "no"]}, "Yes, they are parallel.", True),
    ({"kind": "text", "value": "no", "choices": ["yes", "no"]}, "Yes and no.", False),
    ({"kind": "text", "value": "yes", "choices": ["yes", "no"]}, "yesterday", False),
    ({"kind": "text", "value": "square", "choices": ["square", "rhombus"]}, "The shape is a square.", True),
    ({"kind": "text", "value": "square"}, "\\boxed{\\text{square}}", True),
    ({"kind": "text", "value": "square"}, "\\boxed{rhombus}", False),
    ({"kind": "text", "value": "square"}, "", False),
]


@pytest.mark.parametrize(("answer", "response", "correct"), CASES)
def test_a_response_is_graded_by_kind(answer, response, correct):
    assert grade(response, answer).correct is correct


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("response", [None, "", "   ", "…", [], {"a": 1}, True, "I do not know."])
def test_a_response_without_an_answer_is_wrong_and_unread(kind, response):
    answer = {"kind": kind, "value": "B", "choices": ["x", "y"]} | ({"value": 7} if kind == "number" else {})
    verdict = grade(response, answer)
    assert not verdict.correct
    if response in (None, "", "   ") or not isinstance(response, str):
        assert verdict.value is None


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=120), st.sampled_from([kind for kind in KINDS if kind != "expression"]))
def test_no_text_makes_grading_raise(response, kind):
    answer = {"kind": kind, "value": 7 if kind == "number" else "A", "choices": ["x", "y"]}
    assert grade(response, answer).correct in (True, False)


@pytest.mark.parametrize("number", ["0", "7", "-3", "1/2", "√2", "12.5", "3π"])
def test_a_boxed_number_equals_itself(number):
    assert grade(f"\\boxed{{{number}}}", {"kind": "number", "value": number}).correct


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (None, "kind and value"),
        ({"kind": "number"}, "kind and value"),
        ({"kind": "nubmer", "value": 1}, "number"),
        ({"kind": "number", "value": "many"}, "expected a number"),
        ({"kind": "choice", "value": "Z", "choices": ["x", "y"]}, "letter or the text"),
        ({"kind": "choice", "value": "A", "choices": "xy"}, "1 to 26 options"),
        ({"kind": "choice", "value": "A", "choices": []}, "1 to 26 options"),
    ],
)
def test_an_unusable_answer_is_an_error(answer, message):
    with pytest.raises(ValueError, match=message):
        grade("A", answer)


def test_expressions_are_compared_as_written_as_numbers_and_symbolically():
    assert same_expression("AB", " ab ")
    assert same_expression("1/2", "0.5")
    assert same_expression("2(x+1)", "2x+2")
    assert not same_expression("2(x+1)", "2x+1")


@pytest.mark.parametrize(
    ("text", "items"),
    [
        ("[1, 2]", ["1", "2"]),
        ("((1, 2))", ["1", "2"]),
        ("(1, 2), (3, 4)", ["(1, 2)", "(3, 4)"]),
        ("5 and 6", ["5", "6"]),
        ("\\left[1; 2\\right]", ["1", "2"]),
        ("7", ["7"]),
        ("", []),
        ("[" * 3000, ["[" * 2000]),
    ],
)
def test_lists_are_split_outside_brackets(text, items):
    assert split_list(text) == items


def test_options_get_letters_in_order():
    assert options_of(["x", 2]) == {"A": "x", "B": "2"}
    assert options_of({"C": "x"}) == {"C": "x"}
