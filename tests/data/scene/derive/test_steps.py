"""Every derivation over all templates: each step judged by its words, no number out of thin air."""

from collections import Counter

import pytest

from data.scene.derive.solve import MOST_STEPS, Derivation, is_true
from data.scene.templates import TEMPLATES
from data.scene.types import Built, Scene


@pytest.fixture(scope="module")
def derivations(draw):
    """Twelve figures of every template with up to three numbers, and what follows from them."""
    figures = [draw(template, f"derive/{i}", numbers=3)[1] for template in TEMPLATES for i in range(12)]
    return [(built, Derivation(built)) for built in figures]


def test_every_clause_of_every_step_is_true_of_the_coordinates(derivations, judge):
    told = set()
    for built, derivation in derivations:
        check = judge(built.scene)
        for quantity, number in derivation.numbers.items():
            for step in derivation.steps(quantity) if number.by else ():
                if (id(built), step.text) not in told:
                    told.add((id(built), step.text))
                    assert check.sentence(step.text), step.text
    assert len(told) > 1500


def test_every_link_holds_of_the_coordinates_whether_it_is_used_or_not(derivations, check_links):
    rules = [rule for built, derivation in derivations[::3] for rule in check_links(built, derivation)]
    assert len(rules) > 5000


def test_a_false_step_is_found_out(derivations, judge):
    """The judge can fail: the same steps on a figure of other sizes."""
    built, derivation = next(d for d in derivations if len(d[1].numbers) > 10)
    other = judge(stretched(built).scene)
    steps = {step.text for quantity in derivation.numbers for step in derivation.steps(quantity)}
    with pytest.raises(AssertionError):
        all(other.sentence(text) for text in sorted(steps))


def test_steps_are_few_counted_and_in_order(derivations):
    lengths = Counter()
    for _, derivation in derivations:
        for quantity, number in derivation.numbers.items():
            if number.by:
                steps = derivation.steps(quantity)
                assert 1 <= len(steps) <= number.steps <= MOST_STEPS
                assert steps[-1].fact.args == (quantity.name,)
                assert len({step.fact for step in steps}) == len(steps)
                lengths[len(steps)] += 1
    assert set(lengths) == {1, 2, 3, 4}


def test_conclusions_are_checked_before_they_are_used(derivations):
    for built, derivation in derivations:
        for quantity in derivation.numbers:
            assert all(is_true(step.fact, built.scene) for step in derivation.steps(quantity))


def stretched(built):
    """The same figure, told the same, with coordinates that an affine map has moved.

    What is on a line, in which order and on which side stays as it is, no length or angle does.
    """
    points = {name: (1.3 * x + 0.17 * y, 0.9 * y + 3) for name, (x, y) in built.scene.points.items()}
    scene = built.scene
    moved = Scene(
        points,
        scene.segments,
        scene.circles,
        scene.marks,
        7 * scene.unit,
        scene.dashed,
        scene.arcs,
        scene.axes,
    )
    on = tuple(fact for fact in Derivation(built).known.facts("on_circle"))  # seen, and gone on an ellipse
    return Built(moved, (*built.stated, *on))


def test_no_number_comes_from_coordinates(derivations):
    """Coordinates that are all wrong but for how things lie give the same numbers by the same steps."""
    for built, derivation in derivations:
        if built.scene.axes is None:
            other = Derivation(stretched(built))
            assert other.numbers == derivation.numbers
            for quantity in other.numbers:
                assert other.steps(quantity) == derivation.steps(quantity)


def test_without_labels_only_what_the_kind_of_figure_fixes_is_known(draw):
    for template in TEMPLATES:
        built = draw(template, "bare", numbers=0)[1]
        if built.scene.axes:
            continue  # an equation tells where its graph is
        derivation = Derivation(built)
        assert all(q.of in ("angle", "area") for q in derivation.numbers), template
        assert all(number.by for number in derivation.numbers.values())


def test_derivations_are_deterministic(derivations):
    for built, derivation in derivations[::7]:
        again = Derivation(built)
        assert list(again.numbers) == list(derivation.numbers)
        for quantity, number in again.numbers.items():
            assert number.value == derivation.numbers[quantity].value
            assert again.steps(quantity) == derivation.steps(quantity)
