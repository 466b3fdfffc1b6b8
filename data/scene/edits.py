"""Edits of programs, and the proof that what comes of them is a negative.

The caption of the edited program, worded as the positive's, is a *rule* negative when one of its statements
is visibly false of the positive scene; the picture of the edited program is an *image* negative when one of
the positive caption's statements is visibly false of the edited scene. Because an edited program is a program
like any other, neither words nor style betray which caption or picture is the positive.

For this to hold, figures must be as frequent among negatives as among positives. Every single edit is a step
of a Markov chain that leaves the distribution of positives as it is: letters and numbers are drawn evenly,
and a step to another class of figure is taken with the probability of Metropolis and Hastings. What the truth
demands (a square's picture makes "rectangle" no negative) is met by exchanging letters on top, never by
drawing another class.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import pairwise
from random import Random

from data.sample import Edit
from data.scene.build import (
    Rejected,
    build,
    check,
    choose_numbers,
    forms,
    labelled_points,
    retold,
    statements,
    told_parameters,
)
from data.scene.canonical import canonical_set
from data.scene.caption import phrase
from data.scene.entailment import closure
from data.scene.logic.known import Known
from data.scene.templates import FAMILIES, Choice, figure_class
from data.scene.truth import Truth, judge
from data.scene.types import Built, Fact, Program

WEIGHTS = {
    "shape": 3,
    "relation": 3,
    "incidence": 3,
    "attribute": 3,
    "number": 2,
    "letters": 1,
    "substitute": 1,
}
"""How often an operator is drawn, where a family has it. Steps not taken are made up for by letters."""
COUNTS = {1: 60, 2: 25, 3: 10, 4: 5}
"""How many edits a negative is made of, with weights."""
REDRAWS = 6
"""Values tried for what the caption does not tell, when an edited figure is unclear."""
REPAIRS = 4
"""Exchanges of letters tried on top of edits that leave a caption true."""
ATTEMPTS = 5
"""Plans tried for one negative."""

Frequencies = Mapping[tuple[str, ...], float]
"""By class of figure, its share among positives."""


@dataclass(frozen=True)
class Edited:
    """A program whose caption or picture is a negative: the edits, what its caption states, the proof."""

    edits: tuple[Edit, ...]
    program: Program
    stated: tuple[Fact, ...]
    proof: Truth


@dataclass(frozen=True)
class Editor:
    """Makes negatives of ``kind`` (``rule`` or ``image``).

    ``frequencies`` are those of the figures that positives show, ``letters`` those that may stand for a
    letter in use. Without any, no edit brings in a letter, nor takes one away, as in the paper.
    """

    kind: str
    frequencies: Frequencies
    letters: str

    def edits(
        self, program: Program, positive: Built, rng: Random, count: int
    ) -> Iterator[Edited | Rejected]:
        """Yield up to ``count`` negatives, none twice; a :class:`Rejected` for every attempt that failed."""
        seen = {canonical_set(positive.stated)}
        known = closure(positive.stated)
        for _ in range(count):
            for _ in range(ATTEMPTS):
                try:
                    yield self._attempt(program, positive, known, rng, seen)
                    break
                except Rejected as reason:
                    yield reason

    def _attempt(
        self, program: Program, positive: Built, known: Known, rng: Random, seen: set[frozenset[Fact]]
    ) -> Edited:
        steps = [("", program)]
        for operator, choice in self._plan(program, rng):
            name = operator if choice is None or self.kind == "rule" else choice.image or operator
            if changed := self._step(operator, choice, steps[-1][1], rng):
                steps.append((name, changed))
        edited = _clear(program, steps[-1][1], rng)
        steps[-1] = (steps[-1][0], edited)
        why = ""
        for _ in range(REPAIRS + 1):
            stated = statements(edited)
            if (told := frozenset(forms(edited))) in seen:
                why = "same statement or a repeat"
            elif (proof := self._proof(positive, known, edited, stated)).verdict == "false":
                seen.add(told)
                return Edited(_told(steps), edited, stated, proof)
            else:
                why = f"stays {proof.verdict}"
            edited = permute(edited, rng, bool(self.letters))
            if steps[-1][0] == "letters":
                steps.pop()
            steps.append(("letters", edited))
        raise Rejected(why)

    def _plan(self, program: Program, rng: Random) -> list[tuple[str, Choice | None]]:
        """Draw one to four different operators; of one that has several choices, one of these.

        The fourth is kept for letters, so that there is room for a repair.
        """
        choices = FAMILIES[program.template].choices
        left = dict(_weights(program.template))
        if not self.letters:
            del left["substitute"]
        plan: list[tuple[str, Choice | None]] = []
        for _ in range(rng.choices([*COUNTS], [*COUNTS.values()])[0]):
            if left:
                if len(plan) == 3:
                    left = {"letters": 1} if "letters" in left else left
                operator = rng.choices([*left], [*left.values()])[0]
                del left[operator]
                mine = [choice for choice in choices if choice.operator == operator]
                plan.append((operator, rng.choice(mine) if mine else None))
        return sorted(plan, key=lambda step: step[0] == "letters")  # last, where a repair can change it

    def _step(self, operator: str, choice: Choice | None, program: Program, rng: Random) -> Program | None:
        """Carry out one edit; None where it does not apply or the chain stays where it is."""
        if choice is not None:
            return self._choose(choice, program, rng)
        if operator == "letters":
            return permute(program, rng, bool(self.letters))
        return _number(program, rng) if operator == "number" else self._substitute(program, rng)

    def _choose(self, choice: Choice, program: Program, rng: Random) -> Program | None:
        """Give the parameter of ``choice`` another value: a step of Metropolis and Hastings."""
        now = program.params[choice.parameter]
        ways = choice.following.get(now, ())
        if not ways:
            return None
        value = rng.choice(ways)
        params = {**program.params, choice.parameter: value}
        here = self.frequencies.get(figure_class(program.template, program.params), 0.0)
        there = self.frequencies.get(figure_class(program.template, params), 0.0)
        if rng.random() * here * len(choice.following[value]) >= there * len(ways):
            return None
        changed = choose_numbers(replace(program, params=params))
        return changed if self.letters or named(changed) == named(program) else None

    def _substitute(self, program: Program, rng: Random) -> Program | None:
        """Give one point a letter that names nothing yet."""
        free = [letter for letter in self.letters if letter not in program.names]
        if not free:
            return None
        names = list(program.names)
        names[rng.randrange(labelled_points(program))] = rng.choice(free)
        return retold(program, names="".join(names))

    def _proof(self, positive: Built, known: Known, edited: Program, stated: tuple[Fact, ...]) -> Truth:
        """Judge by coordinates, and by what follows from the statements that belong to the picture.

        What caption and picture share is true already.
        """
        if self.kind == "rule":
            told = set(positive.stated)
            return judge([fact for fact in stated if fact not in told], positive.scene, known)
        told = set(stated)
        claims = [fact for fact in positive.stated if fact not in told]
        return judge(claims, build(edited).scene, closure(stated))


@lru_cache
def _weights(family: str) -> dict[str, int]:
    """Return the operators that a family of figures has, with weights."""
    own = {"letters", "number", "substitute", *(choice.operator for choice in FAMILIES[family].choices)}
    return {operator: weight for operator, weight in WEIGHTS.items() if operator in own}


def _clear(program: Program, edited: Program, rng: Random) -> Program:
    """Return the edited program; what its caption does not tell may take other values until it is clear."""
    for redraw in range(REDRAWS + 1):
        try:
            check(edited)
            return edited
        except Rejected:
            if redraw == REDRAWS or edited.params == program.params:
                raise
        told = told_parameters(edited)
        ranges = FAMILIES[edited.template].ranges
        drawn = {name: rng.choice(values) for name, values in ranges.items() if name not in told}
        edited = replace(edited, params={**edited.params, **drawn})
    raise AssertionError


def named(program: Program) -> frozenset[str]:
    """Return the letters that the caption of a program names."""
    return frozenset().union(*[arg for fact in statements(program) for arg in fact.args])


def permute(program: Program, rng: Random, drawn: bool) -> Program:
    """Exchange two or three of the letters that are drawn, or of those that the caption names."""
    places = list(range(labelled_points(program)))
    if not drawn:
        letters = named(program)
        places = [place for place, name in enumerate(program.names) if name in letters]
    places = rng.sample(places, min(len(places), rng.choice((2, 2, 3))))
    names = list(program.names)
    for here, there in zip(places, places[1:] + places[:1], strict=True):
        names[here] = program.names[there]
    return retold(program, names="".join(names))


def _number(program: Program, rng: Random) -> Program | None:
    """Give another value to one of the numbers that are told."""
    told = told_parameters(program)
    if not told:
        return None
    parameter = rng.choice(told)
    values = [v for v in FAMILIES[program.template].ranges[parameter] if v != program.params[parameter]]
    return replace(program, params={**program.params, parameter: rng.choice(values)})


def _told(steps: list[tuple[str, Program]]) -> tuple[Edit, ...]:
    """Say what each step changed; a step that changed no statement is left out."""
    found = []
    for (_, before), (operator, after) in pairwise(steps):
        gone, come = difference(before, after)
        if gone or come:
            found.append(Edit(operator, gone, come))
    return tuple(found)


def difference(before: Program, after: Program) -> tuple[str, str]:
    """Say the facts that only one of two captions states: what the edit changed, before and after."""
    old = dict(zip(forms(before), statements(before), strict=True))
    new = dict(zip(forms(after), statements(after), strict=True))
    gone = [phrase(fact) for form, fact in old.items() if form not in new]
    come = [phrase(fact) for form, fact in new.items() if form not in old]
    return "; ".join(gone), "; ".join(come)
