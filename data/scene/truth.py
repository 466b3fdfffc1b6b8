"""Three-valued truth of facts on coordinates.

``true`` needs practically nothing to be missing, ``false`` more than one visible margin
(:mod:`data.scene.predicates`); what lies between is ``ambiguous`` and is never used.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from data.scene.entailment import answer
from data.scene.logic.known import Known
from data.scene.margins import points_of
from data.scene.predicates import PREDICATES
from data.scene.shapes import FAR, IMPLIED, UNKNOWN, polygon
from data.scene.types import Fact, Scene

EXACT = 1e-6
"""Margins up to which a statement counts as true, and by which a false one exceeds what can be seen."""


@dataclass(frozen=True)
class Truth:
    """Verdict (``true``, ``false``, ``ambiguous``; of several, ``disputed``), residual in visible margins."""

    verdict: str
    residual: float


def evaluate(fact: Fact, scene: Scene) -> Truth:
    """Judge one fact on a scene. A name that the scene lacks makes the fact false."""
    for arg in fact.args:
        if len(set(arg)) < len(arg):
            return Truth("ambiguous", UNKNOWN)
    if not scene.points.keys() >= set("".join(fact.args)):
        return Truth("false", FAR)
    residual = min(FAR, PREDICATES[fact.kind](fact, scene))
    if residual <= EXACT:
        return Truth("true", 0.0)
    return Truth("false" if residual > 1.0 + EXACT else "ambiguous", residual)


def judge(facts: Iterable[Fact], scene: Scene, known: Known | None = None) -> Truth:
    """Judge a conjunction: false when one statement is false, true when all are; the decisive residual.

    ``known`` is what follows from the scene's own statements by logic alone: where it implies a statement
    that coordinates call false, the verdict is ``disputed``.
    """
    facts = list(facts)
    truths = [evaluate(fact, scene) for fact in facts]
    false = [t.residual for t in truths if t.verdict == "false"]
    if false:
        pairs = zip(facts, truths, strict=True)
        if known is not None and any(t.verdict == "false" and answer(fact, known) for fact, t in pairs):
            return Truth("disputed", max(false))
        return Truth("false", max(false))
    if all(t.verdict == "true" for t in truths):
        return Truth("true", 0.0)
    return Truth("ambiguous", max(t.residual for t in truths))


def is_understated(fact: Fact, scene: Scene) -> bool:
    """Whether a figure is, or could be taken for, more than a true fact names: an isosceles "triangle"."""
    weaker = (fact.value, *IMPLIED[str(fact.value)])
    misses = polygon(tuple(points_of(scene, fact.args[0]))).misses
    return any(missed <= 1.0 for name, missed in misses.items() if name not in weaker)
