"""Numbers and units read from text and LaTeX, against values worked out by hand."""

import math
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmgeolm.quantity import Quantity, parse_quantity, plain


@pytest.mark.parametrize(
    ("text", "value", "unit"),
    [
        ("4√3", 4 * math.sqrt(3), ""),
        ("4\\sqrt{3} cm^2", 4 * math.sqrt(3), "cm2"),
        ("$\\frac{20}{3}$ cm", 20 / 3, "cm"),
        ("\\dfrac12", 12.0, None),
        ("2\\frac{1}{3}", 7 / 3, ""),
        ("\\frac{\\sqrt{2}}{2}", math.sqrt(2) / 2, ""),
        ("(6+14√{3})m", 6 + 14 * math.sqrt(3), "m"),
        ("x = 12.5^\\circ", 12.5, "°"),
        ("∠ABC = 60 degrees", 60, "°"),
        ("approximately 3,553.25 cm^2.", 3553.25, "cm2"),
        ("1,234", 1234, ""),
        ("-3", -3, ""),
        ("−2^2", -4, ""),
        ("2^{10}", 1024, ""),
        ("2π", 2 * math.pi, ""),
        ("\\sqrt[3]{8}", 2, ""),
        ("50\\%", 50, "%"),
        ("7 square centimeters", 7, "cm2"),
        ("12\\text{ cm}", 12, "cm"),
        ("3 \\times 10^8", 3e8, ""),
        ("1 - 2 - 3", -4, ""),
        ("8 / 4 / 2", 1, ""),
        ("AB = 5", 5, ""),
    ],
)
def test_reads_value_and_unit(text, value, unit):
    found = parse_quantity(text)
    if unit is None:
        assert found is None
    else:
        assert (found.value, found.unit) == (pytest.approx(value), unit)


NO_QUANTITY = [
    "six",
    "3 4",
    "9, 3",
    "x = 5, y = 6",
    "1/0",
    "9^9^9",
    "√-1",
    "(-8)^{1/3}",
    "5 apples",
    "B",
    "x > 5",
]
HARD = ["", "(" * 199, "√" * 199, "1+" * 99 + "1" * 200, "\\frac" * 30, "5" * 400, "(" * 30 + "1" + ")" * 30]


@pytest.mark.parametrize("text", NO_QUANTITY + HARD)
def test_what_is_not_one_quantity_is_none(text):
    assert parse_quantity(text) is None


@settings(max_examples=150, deadline=None)
@given(st.text(alphabet="0123456789.,+-*/^√π(){}[]\\frac sqrtcm°%=x$ \n", max_size=200))
def test_no_text_raises_or_takes_long(text):
    start = time.process_time()
    found = parse_quantity(text)
    plain(text)
    assert found is None or math.isfinite(found.value)
    assert time.process_time() - start < 0.5


def test_units_must_not_contradict_but_may_be_missing():
    assert parse_quantity("5 cm").equals(parse_quantity("5"))
    assert parse_quantity("60°").equals(parse_quantity("60 degrees"))
    assert parse_quantity("5 units").equals(parse_quantity("5 cm"))
    assert not parse_quantity("5 cm").equals(parse_quantity("5 m"))
    assert not parse_quantity("5 cm").equals(parse_quantity("5 cm²"))


def test_a_written_decimal_equals_an_exact_value_that_rounds_to_it():
    exact = parse_quantity("4√3")
    assert exact.equals(parse_quantity("6.93"))
    assert exact.equals(parse_quantity("6.928"))
    assert not exact.equals(parse_quantity("6.92"))
    assert not exact.equals(parse_quantity("6.9")), "one decimal says too little"
    assert not exact.equals(parse_quantity("7"))
    assert not parse_quantity("6.93").equals(parse_quantity("6.934"))


def test_tolerance_is_absolute_and_inclusive():
    assert Quantity(1.01).equals(Quantity(1.0), tolerance=0.01)
    assert not Quantity(1.011).equals(Quantity(1.0), tolerance=0.01)


def test_plain_removes_latex_spaces_case_and_the_closing_period():
    assert plain("\\text{No correct answer}.") == plain(" no  correct ANSWER")
    assert plain("30^\\circ") == plain("30°")
    assert plain("①") != plain("1")
