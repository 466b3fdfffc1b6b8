"""Edits of programs, and the proof that what comes of them is a negative.

The caption of the edited program, worded as the positive's, is a *rule* negative when one of its statements
is visibly false of the positive scene; the picture of the edited program is an *image* negative when one of
the positive caption's statements is visibly false of the edited scene. Because an edited program is a program
like any other, neither words nor style betray which caption or picture is the positive. What stays true
differs between the two (a square is a rectangle, a rectangle no square), so each kind has its own weights,
with which it leads to every class of figure as often as templates draw it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from random import Random

from data.scene.build import Rejected, available_numbers, build, choose_numbers, labelled_points
from data.scene.canonical import canonical, canonical_set
from data.scene.caption import phrase
from data.scene.templates import BALANCE, FAMILIES, figure_class
from data.scene.truth import Truth, judge
from data.scene.types import Built, Fact, Program

OPERATORS = ("letters", "shape", "relation", "number")


@dataclass(frozen=True)
class Edited:
    """An edited program whose caption or picture is a negative: operators, program, figure, and the proof."""

    operators: tuple[str, ...]
    program: Program
    built: Built
    proof: Truth


def _letters(program: Program, rng: Random) -> Program:
    """Exchange two or three of the letters in use."""
    used = labelled_points(program)
    count = min(used, rng.choice((2, 2, 3)))
    places = rng.sample(range(used), count)
    names = list(program.names)
    for here, there in zip(places, places[1:] + places[:1], strict=True):
        names[here] = program.names[there]
    return replace(program, names="".join(names))


def _number(program: Program, rng: Random) -> Program | None:
    """Give another value to one of the numbers that are told."""
    slots = available_numbers(program)
    given = [slot for slot in program.given if slot in slots]
    if not given:
        return None
    parameter = slots[rng.choice(given)]
    values = [v for v in FAMILIES[program.template].ranges[parameter] if v != program.params[parameter]]
    return replace(program, params={**program.params, parameter: rng.choice(values)})


def _choice(operator: str, program: Program, rng: Random, weights: Mapping[str, float]) -> Program | None:
    """Give the parameter of ``operator`` another value, by the weights of the classes they lead to.

    The present value has its weight too: a class that is seldom reached is seldom left. No edit leads to a
    class without a weight, one that no template draws.
    """
    parameter, following = FAMILIES[program.template].choices.get(operator, ("", {}))
    now = program.params.get(parameter, "")
    odds = {}
    for value in (now, *following.get(now, ())):
        led_to = figure_class(program.template, {**program.params, parameter: value})
        if weight := weights.get(led_to):
            odds[value] = weight
    if len(odds) < 2 or (value := rng.choices([*odds], [*odds.values()])[0]) == now:
        return None
    return choose_numbers(replace(program, params={**program.params, parameter: value}))


def _change(operator: str, program: Program, rng: Random, weights: Mapping[str, float]) -> Program | None:
    if operator == "letters":
        return _letters(program, rng)
    return _number(program, rng) if operator == "number" else _choice(operator, program, rng, weights)


def edits(
    program: Program, positive: Built, rng: Random, attempts: int, kind: str
) -> Iterator[Edited | Rejected]:
    """Yield edits, operators in turn, that give negatives of ``kind`` (``rule`` or ``image``).

    Every failed attempt yields a :class:`Rejected`.
    """
    possible = {"letters", "number", *FAMILIES[program.template].choices}
    operators = [op for op in OPERATORS if op in possible]
    rng.shuffle(operators)
    seen = {canonical_set(positive.stated)}
    for attempt in range(attempts):
        chosen = [operators[attempt % len(operators)]]
        if rng.random() < 0.2:
            chosen += [op for op in rng.sample(operators, 1) if op not in chosen]
        edited: Program | None = program
        try:
            for operator in chosen:
                edited = _change(operator, edited, rng, BALANCE[kind]) if edited else None
            if edited is None:
                yield Rejected("edit does not apply")
                continue
            built = build(edited)
        except Rejected as reason:
            yield Rejected(f"edited scene: {reason}")
            continue
        form = canonical_set(built.stated)
        if form in seen:
            yield Rejected("same statement or a repeat")
            continue
        seen.add(form)
        said, seen_in = (built, positive) if kind == "rule" else (positive, built)
        proof = judge(said.stated, seen_in.scene)
        if proof.verdict != "false":
            yield Rejected(f"edited {'caption' if kind == 'rule' else 'picture'}: {proof.verdict}")
            continue
        yield Edited(tuple(chosen), edited, built, proof)


def difference(before: tuple[Fact, ...], after: tuple[Fact, ...]) -> tuple[str, str]:
    """Say the facts that only one side states: what the edit changed, before and after."""
    old, new = canonical_set(before), canonical_set(after)
    gone = [phrase(f) for f in before if canonical(f) not in new]
    come = [phrase(f) for f in after if canonical(f) not in old]
    return "; ".join(gone), "; ".join(come)
