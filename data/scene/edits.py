"""Edits of programs, and the proof that what comes of them is a negative.

One edit, two negatives. The caption of the edited program, worded as the positive's, is a *rule* negative
when one of its statements is visibly false of the positive scene; the picture of the edited program is an
*image* negative when one of the positive caption's statements is visibly false of the edited scene. Because
an edited program is a program like any other, neither words nor style betray which caption or picture is
the positive.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
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
    """An edited program: the operators applied, the program, its figure, and the two verdicts.

    ``text`` judges the edited caption on the positive scene, ``image`` the positive caption on the edited
    scene.
    """

    operators: tuple[str, ...]
    program: Program
    built: Built
    text: Truth
    image: Truth


def letters(program: Program, rng: Random) -> Program | None:
    """Exchange two or three of the letters in use."""
    used = labelled_points(program)
    count = min(used, rng.choice((2, 2, 3)))
    places = rng.sample(range(used), count)
    names = list(program.names)
    for here, there in zip(places, places[1:] + places[:1], strict=True):
        names[here] = program.names[there]
    return replace(program, names="".join(names))


def _choice(operator: str) -> Callable[[Program, Random], Program | None]:
    def change(program: Program, rng: Random) -> Program | None:
        parameter, following = FAMILIES[program.template].choices.get(operator, ("", {}))
        now = program.params.get(parameter, "")
        values = [value for value in (now, *following.get(now, ())) if _weight(program, parameter, value)]
        weights = [_weight(program, parameter, value) for value in values]
        if len(values) < 2 or (value := rng.choices(values, weights)[0]) == now:
            return None
        edited = replace(program, params={**program.params, parameter: value})
        return choose_numbers(edited)

    return change


def _weight(program: Program, parameter: str, value: str) -> float:
    """Weight of the class that a value leads to; 0 for a class that no template draws.

    The present value has its weight too: a class that is seldom reached is seldom left.
    """
    return BALANCE.get(figure_class(program.template, {**program.params, parameter: value}), 0.0)


def number(program: Program, rng: Random) -> Program | None:
    """Give another value to one of the numbers that are told."""
    slots = available_numbers(program)
    given = [slot for slot in program.given if slot in slots]
    if not given:
        return None
    parameter = slots[rng.choice(given)]
    values = [v for v in FAMILIES[program.template].ranges[parameter] if v != program.params[parameter]]
    return replace(program, params={**program.params, parameter: rng.choice(values)})


CHANGES: dict[str, Callable[[Program, Random], Program | None]] = {
    "letters": letters,
    "shape": _choice("shape"),
    "relation": _choice("relation"),
    "number": number,
}


def edits(program: Program, positive: Built, rng: Random, attempts: int) -> Iterator[Edited | Rejected]:
    """Yield edited programs, operators in turn, and a :class:`Rejected` for each failed attempt."""
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
                edited = CHANGES[operator](edited, rng) if edited else None
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
        text, image = judge(built.stated, positive.scene), judge(positive.stated, built.scene)
        if "false" not in (text.verdict, image.verdict):
            yield Rejected(f"edited caption {text.verdict}, edited picture {image.verdict}")
            continue
        yield Edited(tuple(chosen), edited, built, text, image)


def difference(before: tuple[Fact, ...], after: tuple[Fact, ...]) -> tuple[str, str]:
    """Say the facts that only one side states: what the edit changed, before and after."""
    old, new = canonical_set(before), canonical_set(after)
    gone = [phrase(f) for f in before if canonical(f) not in new]
    come = [phrase(f) for f in after if canonical(f) not in old]
    return "; ".join(gone), "; ".join(come)
