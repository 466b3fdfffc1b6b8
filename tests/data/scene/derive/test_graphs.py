"""Coordinates, lengths and areas in a coordinate system, against values worked out by hand."""

import pytest

from data.scene.derive.known import Quantity
from data.scene.derive.solve import Derivation
from data.scene.questions import TYPES
from data.scene.questions.draft import View
from data.scene.types import Axes, Built, Curve, Fact, Mark, Scene

LINE, PARABOLA, HYPERBOLA = "y = 2x - 4", "y = x² - 2x - 3", "y = 6/x"
CURVES = {LINE: lambda x: 2 * x - 4, PARABOLA: lambda x: x * x - 2 * x - 3, HYPERBOLA: lambda x: 6 / x}


def place(p):
    """20 px to the unit, the origin at (160, 160)."""
    return 160 + 20 * p[0], 160 - 20 * p[1]


def figure(segments, stated, equation, **points):
    """A graph and points in a coordinate system."""
    axes = Axes(place((0, 0)), place((-7, -7)), place((7, 7)))
    along = tuple(place((x / 8, CURVES[equation](x / 8))) for x in range(-40, 41) if x)
    marks = tuple(Mark("coordinates", f.args[0], f.value) for f in stated if f.kind == "coordinates")
    px = {name: place(p) for name, p in points.items()}
    scene = Scene(px, tuple(segments.split()), (), marks, 1 / 20, axes=axes, curves=(Curve(equation, along),))
    return Built(scene, (Fact("graph", (), equation), *stated))


def on(**axes):
    """Points where the graph meets an axis, or just on it: ``A="x"``."""
    return [Fact("intercept", (p,), axis) if axis else Fact("on_graph", (p,)) for p, axis in axes.items()]


MIDDLE = [
    Fact("coordinates", ("A",), "(1, 2)"),
    Fact("coordinates", ("B",), "(5, -4)"),
    Fact("midpoint", ("M", "AB")),
]
RECTANGLE = [*on(A=""), Fact("shape", ("OBAC",), "rectangle")]
EXAMPLES = {
    "a line and the axes": (
        figure("AB", on(A="x", B="y"), LINE, A=(2, 0), B=(0, -4), O=(0, 0)),
        {"A": "(2, 0)", "B": "(0, -4)", "O": "(0, 0)"},
        {"length AB": "2√5"},
    ),
    "a parabola with a triangle": (
        figure("AB BC CA", on(A="x", B="x", C="y"), PARABOLA, A=(-1, 0), B=(3, 0), C=(0, -3)),
        {"A": "(-1, 0)", "B": "(3, 0)", "C": "(0, -3)"},
        {"length AB": "4", "length BC": "3√2", "area ABC": "6"},
    ),
    "a hyperbola with a rectangle": (
        figure("OB BA AC CO", RECTANGLE, HYPERBOLA, O=(0, 0), B=(2, 0), A=(2, 3), C=(0, 3)),
        {"O": "(0, 0)"},
        {"area OBAC": "6"},
    ),
    "a middle": (
        figure("AB", MIDDLE, LINE, A=(1, 2), B=(5, -4), M=(3, -1)),
        {"M": "(3, -1)"},
        {"length AB": "2√13"},
    ),
}


@pytest.mark.parametrize("name", EXAMPLES)
def test_coordinates_lengths_and_areas_follow_from_graphs(name, check_links, judge):
    built, places, sizes = EXAMPLES[name]
    derivation = Derivation(built)
    check_links(built, derivation)
    shown = {f.args[0]: f for f in derivation.known.facts("coordinates")}
    assert {p: shown[p].value for p in places} == places
    for p in places:
        assert all(judge(built.scene).sentence(step.text) for step in derivation.show(shown[p]))
    for text, value in sizes.items():
        quantity = Quantity(*text.split())
        assert str(derivation.numbers[quantity].value) == value
        assert all(judge(built.scene).sentence(step.text) for step in derivation.steps(quantity))


def test_the_left_and_the_right_zero_are_told_by_the_picture_alone():
    """Mirrored letters, mirrored answers: which one a letter names is seen, where it is is computed."""
    stated = on(A="x", B="x")
    derivation = Derivation(figure("AB", stated, PARABOLA, A=(3, 0), B=(-1, 0)))
    assert {f.args[0]: f.value for f in derivation.known.facts("coordinates")} == {
        "A": "(3, 0)",
        "B": "(-1, 0)",
    }


@pytest.mark.parametrize("equation", ["y = x² - 3", "y = 2x - 3"])
def test_zeros_that_are_not_whole_are_not_used(equation):
    stated = on(A="x", B="x")[: 1 + ("²" in equation)]
    CURVES.setdefault(equation, lambda x: x)
    derivation = Derivation(figure("AB", stated, equation, A=(1.5, 0), B=(-1.5, 0)))
    assert not derivation.known.facts("coordinates")


def test_coordinates_are_asked_for_and_read(judge):
    from random import Random

    from mmgeolm.grading import grade

    asked = set()
    for name, (built, places, _) in EXAMPLES.items():
        for seed in range(20):
            for kind in ("compute_coordinates", "read_coordinates"):
                if draft := TYPES[kind](View(built), Random(seed)):
                    letter = draft.question.rstrip("?").split()[-1]
                    assert draft.value == places.get(letter, draft.value), name
                    answer = {"kind": "list", "value": draft.value}
                    assert grade(f"{draft.worked} \\boxed{{{draft.value}}}", answer).correct
                    assert draft.value not in draft.slips
                    asked.add(kind)
    assert len(asked) == 2
