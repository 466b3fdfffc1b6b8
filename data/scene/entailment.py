"""The entailment table: what stated facts imply or rule out, by logic alone.

A second opinion beside :mod:`data.scene.truth`, with which it shares no code: no coordinates, no margins. It
answers for every figure of different points, drawn without degenerate parts, that the facts are true of.
Three values: *implied* (``fact in known``), *excluded*, and neither, for what may be so or not. Where schools
differ (is a parallelogram a trapezoid?) the answer is neither.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from data.scene.canonical import canonical
from data.scene.logic import figures, measures, points, rounds
from data.scene.logic.intake import take
from data.scene.logic.known import Known
from data.scene.logic.measures import Answer
from data.scene.logic.rules import chain
from data.scene.types import Fact

ASKS: dict[str, Callable[[Fact, Known], Answer]] = measures.ASKS | points.ASKS | rounds.ASKS | figures.ASKS
"""Who answers for a kind of fact. Other kinds are implied when they are stated, and never excluded."""


class Closure(Known):
    """Everything that follows from facts; ``fact in closure`` says whether a fact is implied."""

    def __contains__(self, fact: object) -> bool:
        return isinstance(fact, Fact) and answer(fact, self) is True


def closure(facts: Iterable[Fact]) -> Closure:
    """Return what follows from ``facts``; kinds that the table does not know say nothing but themselves."""
    known = Closure(facts)
    take(known)
    chain(known)
    return known


def answer(fact: Fact, known: Known) -> Answer:
    """Return whether ``fact`` is implied (True), excluded (False) or neither (None).

    Facts that contradict each other imply and exclude nothing.
    """
    if known.clash:
        return None
    if canonical(fact) in known.stated:
        return True
    ask = ASKS.get(fact.kind)
    degenerate = any(len(set(arg)) < len(arg) for arg in fact.args)
    return None if ask is None or degenerate else ask(fact, known)


def excluded(fact: Fact, known: Known) -> bool:
    """Whether a fact contradicts what is known: it is false of every figure that the facts are true of."""
    return answer(fact, known) is False


def disagrees(verdict: str, fact: Fact, known: Known) -> bool:
    """Whether coordinates and table contradict each other about a fact: the sample must not be used."""
    return (verdict, answer(fact, known)) in (("false", True), ("true", False))
