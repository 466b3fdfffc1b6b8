"""Math-Verify in its child process: right answers, and no hang whatever is asked."""

import pytest

from mmgeolm import symbolic
from mmgeolm.symbolic import symbolically_equal


@pytest.mark.parametrize(
    ("gold", "prediction", "equal"),
    [
        ("x+1", "1+x", True),
        ("(x+1)^2", "x^2+2x+1", True),
        ("2x+3y=5", "3y+2x=5", True),
        ("4\\sqrt{3}", "6.93", True),
        ("x", "y", False),
        ("x+1", "x-1", False),
        ("x", "((((((", False),
    ],
)
def test_compares_expressions(gold, prediction, equal):
    assert symbolically_equal(gold, prediction) is equal


@pytest.mark.parametrize("prediction", ["9^{9^{9}}", "x^{99999}", "99999999!", "a" * 201, ""])
def test_what_sympy_would_evaluate_at_any_cost_is_not_asked(prediction):
    assert symbolically_equal("x", prediction) is None


def test_a_question_that_hangs_ends_and_the_next_one_is_answered(monkeypatch):
    monkeypatch.setattr(symbolic, "SECONDS", 0.3)
    assert symbolically_equal("x", "\\binom{1000000}{500000}") is None
    monkeypatch.setattr(symbolic, "SECONDS", 10.0)
    assert symbolically_equal("y+2", "2+y") is True


def test_a_child_that_died_is_replaced():
    assert symbolically_equal("z+3", "3+z") is True
    symbolic._child.process.kill()
    symbolic._child.process.wait()
    assert symbolically_equal("z+4", "4+z") is None
    assert symbolically_equal("z+5", "5+z") is True
