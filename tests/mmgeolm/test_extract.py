"""The strict reading: what states an answer is read, what does not is not, and nothing takes long."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmgeolm.extract import NOTHING, as_text, boxed, last_boxed, read_choice, read_open

OPTIONS = {"A": "40°", "B": "60°", "C": "120°", "D": "Cannot be determined"}
YES_NO = {"A": "Yes", "B": "No"}


@pytest.mark.parametrize(
    ("text", "content"),
    [
        ("\\boxed{5}", "5"),
        ("\\boxed{1} then \\boxed{2}", "2"),
        ("\\boxed{\\frac{1}{2}}", "\\frac{1}{2}"),
        ("\\boxed{x = \\boxed{5}}", "5"),
        ("\\boxed{\\{1, 2\\}}", "\\{1, 2\\}"),
        ("\\boxed {B}", "B"),
        ("\\fbox{7}", "7"),
        ("f{ unbalanced \\boxed{5}", "5"),
        ("}}} \\boxed{5}", "5"),
    ],
)
def test_the_last_balanced_box_wins(text, content):
    reading = last_boxed(text)
    assert reading.value == content
    assert text[reading.start : reading.end] == content


@pytest.mark.parametrize(
    "text", ["", "\\boxed{5", "\\boxed{\\frac{1}{2}", "boxed{5}", "\\boxed 5", "\\boxed{" * 500]
)
def test_an_unbalanced_box_is_no_box(text):
    assert boxed(text) == []


@settings(max_examples=200, deadline=None)
@given(st.lists(st.text(alphabet="ab12{}\\ ", max_size=8), max_size=4), st.integers(0, 3))
def test_boxes_are_found_inside_any_braces(noise, depth):
    inner = "4" + "{" * depth + "2" + "}" * depth
    text = "".join(noise).replace("\\", "").replace("{", "").replace("}", "") + f" \\boxed{{{inner}}} end"
    assert last_boxed(text).value == inner


@pytest.mark.parametrize(
    ("response", "letter"),
    [
        ("B", "B"),
        (" b) ", "B"),
        ("(B)", "B"),
        ("**B**", "B"),
        ("Option B", "B"),
        ("B. 60°", "B"),
        ("B: 60°", "B"),
        ("Answer: B", "B"),
        ("answer: b", "B"),
        ("Answer:B", "B"),
        ("<Answer>: <<B>>", "B"),
        ("<Answer>: Option B", "B"),
        ("**Answer:** B", "B"),
        ("Answer B", "B"),
        ("Answer:\nB", "B"),
        ("The answer is B.", "B"),
        ("the answer is option (B)", "B"),
        ("The answer to this question is B because 60 fits.", "B"),
        ("The final answer is $\\boxed{B}$.", "B"),
        ("\\boxed{\\text{(B)}}", "B"),
        ("\\boxed{\\textbf{(B)}\\ 60^\\circ}", "B"),
        ("\\boxed{60^\\circ}", "B"),
        ("So angle B is 60. Answer: \\boxed{C}", "C"),
        ("A is wrong. Answer: C) foo", "C"),
        ("<Answer>: A\n\nWait. Answer: B", "B"),
        ("Therefore, option B is correct.", "B"),
        ("The correct option is B", "B"),
        ("I choose (C).", "C"),
        ("(C) is the correct one.", "C"),
        ("C is correct.", "C"),
        ("所以，答案是 (C) 120°.", "C"),
        ("故选：B", "B"),
        ("The angle is 60.", "B"),
        ("The size of the angle is 60 degrees.", "B"),
        ("It works.\nSo (B)", "B"),
        ("We compute.\nB", "B"),
        ("Cannot be determined", "D"),
        ("Answer: Cannot be determined.", "D"),
        ("Answer: 60°", "B"),
        ("Answer: (D) Cannot be determined", "D"),
    ],
)
def test_a_stated_letter_is_read(response, letter):
    assert read_choice(response, OPTIONS).value == letter


@pytest.mark.parametrize(
    "response",
    [
        "",
        None,
        [],
        "I cannot determine.",
        "The answer is a square.",
        "A square has four sides.",
        "Answer: A square",
        "The answer is not B.",
        "Answer: A or B",
        "The answer is B (60°) and C (120°).",
        "Answer choices: A. 40° B. 60°",
        "A. 40° B. 60° C. 120°",
        "Choose the correct option:\n(A) 40°\n(B) 60°\n(C) 120°",
        "Angle B = 60 and angle C = 120 are given.",
        "Answer: E",
        "The answer is B = 5",
        "The angle is not 60.",
        "The angle is 61.",
        "\\boxed{B",
    ],
)
def test_nothing_is_guessed(response):
    assert read_choice(response, OPTIONS).value is None


def test_yes_and_no_are_read_from_the_first_words():
    assert read_choice("Yes, purple is the minimum.", YES_NO).value == "A"
    assert read_choice("no", YES_NO).value == "B"
    assert read_choice("Nobody knows.", YES_NO).value is None


def test_a_letter_names_the_option_even_where_texts_are_letters():
    assert read_choice("B", {"A": "C", "B": "A", "C": "B"}).value == "B"


def test_equal_texts_under_two_letters_are_the_first_and_different_ones_are_not_read():
    assert read_choice("Answer: 18", {"A": "9", "B": "18", "C": "18"}).value == "B"
    assert read_choice("Answer: 0.5", {"A": "1/2", "B": "\\frac{1}{2}"}).value is None


@pytest.mark.parametrize("prefix", ["", "   ", "x " * 40_000])
def test_the_trace_points_at_the_characters_of_the_whole_response(prefix):
    response = f"{prefix}Answer: C  "
    reading = read_choice(response, OPTIONS)
    trace = reading.trace(response)
    assert trace["rule"] == "answer statement"
    assert response[slice(*trace["span"])].strip(" :") == "C"
    assert NOTHING.trace(response) == {"rule": "nothing read", "span": None, "text": None}


@pytest.mark.parametrize(
    ("response", "value"),
    [
        ("\\boxed{12}", "12"),
        ("The answer is 12 cm. It is long.", "12 cm"),
        ("Answer: 4\\sqrt{3}", "4\\sqrt{3}"),
        ("12", "12"),
        ("The age gap between the two people is 20 years.", "20 years"),
        ("First 5.5 cm. Then we add.\nThe total length of the whole way around it is 7.25", "7.25"),
    ],
)
def test_a_free_answer_is_read(response, value):
    reading = read_open(response)
    assert reading.value == value
    assert value in response[reading.start : reading.end]


HOSTILE = [
    "answer " * 60_000,
    "Answer: " * 60_000,
    "\\boxed{" * 60_000,
    "\\boxed{A" + "}" * 300_000,
    "answer" + " " * 300_000,
    'The answer is "' * 30_000,
    "(" * 300_000,
    "A or " * 60_000,
    "a" * 300_000,
    "9" * 300_000,
    "is " * 100_000,
    ". " * 150_000,
    "\ud800" * 50_000,
    "\x00" * 50_000,
    "Answer: " + "\\text{" * 50_000,
]


@pytest.mark.parametrize("response", HOSTILE, ids=lambda text: repr(text[:12]))
def test_hostile_responses_are_read_in_bounded_time(response):
    start = time.process_time()
    read_choice(response, OPTIONS)
    read_open(response)
    assert time.process_time() - start < 1.0


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=200))
def test_any_text_is_read_without_an_error(text):
    reading = read_choice(text, OPTIONS)
    assert reading.value in (None, *OPTIONS)
    assert 0 <= reading.start <= reading.end <= len(text)
    assert 0 <= read_open(text).start <= len(text)


def test_two_thousand_choice_responses_a_second():
    response = "We compute the angle from the sum of the triangle's angles. " * 8 + "\nAnswer: B"
    start = time.process_time()
    for _ in range(2000):
        read_choice(response, OPTIONS)
    assert time.process_time() - start < 1.0


@pytest.mark.parametrize(
    ("raw", "text"), [("x", "x"), (5, "5"), (2.5, "2.5"), (True, None), (None, None), ({}, None)]
)
def test_numbers_are_text_and_other_values_are_not(raw, text):
    assert as_text(raw) == text
