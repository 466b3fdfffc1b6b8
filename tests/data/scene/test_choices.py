from random import Random

import pytest

from data.scene.choices import with_options
from data.scene.predicates import SHAPES
from data.scene.questions import Question


def question(value: object, unit: str | None = None, choices: list[str] | None = None) -> Question:
    return Question(
        "any",
        (
            {"role": "user", "content": [{"type": "image"}, {"type": "text", "text": "Find it."}]},
            {
                "role": "assistant",
                "content": [{"type": "text", "text": f"It is \\boxed{{{value}{unit or ''}}}"}],
            },
        ),
        {"kind": "number", "value": value, "choices": choices, "unit": unit, "precision": None},
    )


@pytest.mark.parametrize(("value", "unit"), [(1, None), (8, None), (50, "°"), (90, "°"), (170, "°")])
def test_four_different_options_of_which_the_letter_names_the_right_one(value: int, unit: str | None) -> None:
    letters = set()
    for seed in range(40):
        asked = with_options(question(value, unit), Random(seed))
        assert asked is not None
        texts = asked.answer["choices"]
        assert len(set(texts)) == 4
        assert texts["ABCD".index(asked.answer["value"])] == str(value)
        assert asked.messages[1]["content"][0]["text"].endswith(f"\\boxed{{{asked.answer['value']}}}")
        letters.add(asked.answer["value"])
    assert letters == set("ABCD")


def test_only_a_number_with_fewer_than_three_slips_is_not_asked_with_options() -> None:
    asked = with_options(question(1), Random(0))
    assert asked is not None
    assert set(asked.answer["choices"]) == {"1", "2", "3", "4"}
    assert with_options(question(1500), Random(0)) is None  # of its slips only 750 is at most 1000


def test_yes_or_no_is_not_asked_with_options() -> None:
    assert with_options(question("yes", choices=["yes", "no"]), Random(0)) is None


def test_a_shape_is_told_from_shapes_that_it_is_not() -> None:
    """A rhombus is a parallelogram and, by some books, a trapezoid: neither is offered as wrong."""
    classes = list(SHAPES[4])
    for seed in range(20):
        asked = with_options(question("rhombus", choices=classes), Random(seed))
        assert asked is None
        asked = with_options(question("trapezoid", choices=classes), Random(seed))
        assert asked is not None
        assert "trapezoid" in asked.answer["choices"]
        assert "quadrilateral" not in asked.answer["choices"]
