"""Numbers that have to be worked out: lengths, angles, perimeters, areas, circles, coordinates, shares."""

# mypy: disable-error-code="str-unpack"
# Names of segments and polygons are taken apart into their letters.
from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from itertools import combinations
from random import Random

from data.scene.caption import phrase
from data.scene.derive.exact import Exact, Inexact
from data.scene.derive.graphs import pair
from data.scene.derive.known import Quantity
from data.scene.derive.solve import Derivation, Step, is_true
from data.scene.derive.words import unit
from data.scene.questions.draft import Draft, View, spell, word
from data.scene.questions.see import READ
from data.scene.types import Fact

ASKED = {
    "length": READ["length"],
    "angle": READ["angle"],
    "perimeter": ("What is the perimeter of {}?", "Find the perimeter of {}."),
    "area": ("What is the area of {}?", "Find the area of {}."),
    "circumference": ("What is the circumference of circle {}?", "Find the circumference of circle {}."),
    "disc": ("What is the area of circle {}?", "Find the area of circle {}."),
    "arc": ("What is the length of arc {0[0]}{0[2]}?", "How long is arc {0[0]}{0[2]}?"),
    "sector": ("What is the area of sector {}?", "Find the area of sector {}."),
}
BEFORE = {"length": "(?<![A-Z∠△])", "angle": "(?<=∠)"}
"""What stands before the name of a quantity where it means that quantity."""
SHARE = ("What fraction of {1} is {0}?", "{0} is what fraction of {1}?")


def _given(view: View, worked: str) -> str:
    """What a derivation uses and the picture does not show: an equation, the angle of a rotation."""
    said = [f"The graph is {fact.value}. " for fact in view.built.stated if fact.kind == "graph"]
    said = [text for text in said if text[len("The graph is ") : -2] in worked]
    said += [
        f"{phrase(fact)}. " for fact in view.built.stated if fact.kind == "rotated" and phrase(fact) in worked
    ]
    return "".join(said)


def number(*kinds: str) -> Callable[[View, Random], Draft | None]:
    """A number of one of ``kinds`` that no label tells; the length of its derivation is drawn first."""

    def draft(view: View, rng: Random) -> Draft | None:
        found: dict[int, dict[str, list[Quantity]]] = {}
        told = {view.derivation.known.angle(*m.at) for m in view.scene.marks if m.kind == "right"}
        for quantity, one in view.derivation.numbers.items():
            if quantity.of in kinds and one.by and quantity not in told and _visible(view, quantity):
                found.setdefault(one.steps, {}).setdefault(one.by.rule, []).append(quantity)
        while found:
            steps = rng.choices(sorted(found), [n * n for n in sorted(found)])[0]  # long ones are rare
            rule = rng.choice(sorted(found[steps]))
            quantity = rng.choice(found[steps][rule])
            if made := _worked(view, quantity, rng):
                return made
            del found[steps][rule]
            found = {steps: rules for steps, rules in found.items() if rules}
        return None

    return draft


def _visible(view: View, quantity: Quantity) -> bool:
    """Whether what is asked for is drawn."""
    if quantity.of == "length":
        return quantity.name in view.derivation.known.drawn
    if quantity.of == "angle":
        a, v, b = quantity.name
        return bool(view.derivation.known.line(a, v) and view.derivation.known.line(v, b))
    return True


def _worked(view: View, quantity: Quantity, rng: Random) -> Draft | None:
    """The question for a number and its derivation; None where a step would not hold."""
    steps = view.derivation.steps(quantity)
    if not all(is_true(step.fact, view.scene) for step in steps):
        return None
    value = view.derivation.numbers[quantity].value
    name, sign = spell(quantity.name, rng), unit(quantity)
    if quantity.of in ("arc", "sector"):
        name = quantity.name
    worked = " ".join(step.text for step in steps).removesuffix(f" {value}{sign}.")
    before = BEFORE.get(quantity.of, "(?<= of )")
    worked = re.sub(rf"{before}{quantity.name}(?![A-Z])", name, worked)  # as the question spells it
    question = _given(view, worked) + word(ASKED[quantity.of], rng, name)
    return Draft(
        question,
        worked,
        "number" if value.whole else "expression",
        value.n if value.whole else str(value),
        unit=sign,
        steps=len(steps),
        facts=tuple(step.fact for step in steps),
        slips=tuple(str(slip) for slip in _slips(view.derivation, quantity)),
    )


def _slips(derivation: Derivation, quantity: Quantity) -> list[Exact]:
    """What a slip in the last step gives, then numbers of the derivation and of the figure."""
    link = derivation.numbers[quantity].by
    found: list[Exact] = []
    if link:
        inputs = [derivation.numbers[given].value for given in link.inputs]
        for slip in link.formula.slips:
            try:
                found.append(slip(*inputs))
            except Inexact:
                continue
        found += inputs
    found += [value for told, value in derivation.known.numbers.items() if told.of == quantity.of]
    return [value for value in dict.fromkeys(found) if value.n > 0]


def coordinates(view: View, rng: Random) -> Draft | None:
    """Coordinates that follow from a graph and an axis, or of a middle."""
    derivation = view.derivation
    shown = [fact for fact in derivation.known.facts("coordinates") if fact in derivation.known.why]
    if not shown:
        return None
    fact = rng.choice(shown)
    steps = derivation.show(fact)
    if not all(is_true(step.fact, view.scene) for step in steps):
        return None
    worked = " ".join(step.text for step in steps).removesuffix(f" {fact.value}.")
    if not steps:
        worked = f"{fact.args[0]} is the origin, so {fact.args[0]} is at"
    x, y = pair(str(fact.value))
    wrong = {(y, x), (-x, y), (x, -y), (-x, -y), (x + 1, y), (x, y + 1), (x - 1, y)} - {(x, y)}
    return Draft(
        _given(view, worked) + word(READ["coordinates"], rng, fact.args[0]),
        worked,
        "list",
        fact.value,
        steps=max(1, len(steps)),
        facts=(fact,),
        slips=tuple(f"({a}, {b})" for a, b in sorted(wrong)),
    )


def share(view: View, rng: Random) -> Draft | None:
    """What fraction of a longer segment a shorter one is."""
    numbers = view.derivation.numbers
    lengths = {q: n for q, n in numbers.items() if q.of == "length" and q.name in view.derivation.known.drawn}
    found: list[tuple[Quantity, Quantity]] = []
    for pair_ in combinations(lengths, 2):
        one, two = sorted(pair_, key=lambda q: float(lengths[q].value))
        same = lengths[one].value.root == lengths[two].value.root
        if same and lengths[one].value != lengths[two].value:
            found.append((one, two))
    halves = [f for f in view.derivation.known.facts("midpoint")]
    if halves and (not found or rng.random() < 0.5):
        return _half(view, rng.choice(halves), rng)
    if not found:
        return None
    one, two = rng.choice(found)
    steps = {step.text: step for q in (one, two) for step in view.derivation.steps(q)}
    if not all(is_true(step.fact, view.scene) for step in steps.values()):
        return None
    a, b = lengths[one].value, lengths[two].value
    short, long = spell(one.name, rng), spell(two.name, rng)
    sentences = [*steps, f"{short} = {a} and {long} = {b}, so {short} : {long} = {a.n} ÷ {b.n} ="]
    facts = [step.fact for step in steps.values()]
    draft = _fraction(Fraction(a.n, b.n), " ".join(sentences), (short, long), facts, len(steps) + 1, rng)
    return replace(draft, question=_given(view, draft.worked) + draft.question)


def _half(view: View, fact: Fact, rng: Random) -> Draft | None:
    m, whole = fact.args
    steps: list[Step] = view.derivation.show(fact)
    if not all(is_true(step.fact, view.scene) for step in steps):
        return None
    short, long = spell(rng.choice(whole) + m, rng), spell(whole, rng)
    because = view.derivation.said(fact)
    last = f"{because[0].upper()}{because[1:]}, so {short} : {long} ="
    sentences = [*(step.text for step in steps), last]
    facts = [*(step.fact for step in steps), fact]
    return _fraction(Fraction(1, 2), " ".join(sentences), (short, long), facts, len(steps) + 1, rng)


def _fraction(
    value: Fraction, worked: str, names: tuple[str, str], facts: list[Fact], steps: int, rng: Random
) -> Draft:
    p, q = value.numerator, value.denominator
    wrong = {
        Fraction(q - p, q),
        Fraction(p, q + p),
        Fraction(p, q + 1),
        Fraction(p + 1, q + 2),
        Fraction(p, 2 * q),
    }
    wrong |= {Fraction(1, 3), Fraction(1, 4), Fraction(2, 3), Fraction(3, 4)}
    slips = tuple(str(f) for f in sorted(wrong - {value}) if 0 < f < 1)
    question = word(SHARE, rng, *names)
    return Draft(question, worked, "expression", str(value), steps=steps, facts=tuple(facts), slips=slips)
