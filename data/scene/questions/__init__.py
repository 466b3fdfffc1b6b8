r"""Questions about a scene, each with a worked answer that ends in ``\boxed{...}``.

A question names letters and nothing else: which figure they make, how they lie and which numbers stand
there has to be seen in the picture. A new type is a function and a line in ``TYPES``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

from data.scene.derive.words import capital
from data.scene.questions import compute, identify, relate, see
from data.scene.questions.draft import Draft, View
from data.scene.types import Built, Fact

__all__ = ["TYPES", "Question", "ask", "difficulty"]

TYPES: dict[str, Callable[[View, Random], Draft | None]] = {
    "identify_shape": identify.shape,
    "identify_angle": identify.angle,
    "identify_line": identify.line,
    "relation": relate.yes_or_no,
    "true_statement": relate.true_statement,
    "missing_name": relate.missing_name,
    "read_length": see.read("length"),
    "read_angle": see.read("angle"),
    "read_coordinates": see.read("coordinates"),
    "count": see.count,
    "compare_lengths": see.longer,
    "compare_angles": see.larger,
    "order_lengths": see.order,
    "name_point": see.point,
    "compute_length": compute.number("length"),
    "compute_angle": compute.number("angle"),
    "compute_perimeter": compute.number("perimeter"),
    "compute_area": compute.number("area"),
    "compute_circle": compute.number("circumference", "disc", "arc", "sector"),
    "compute_coordinates": compute.coordinates,
    "compute_share": compute.share,
}
WEIGHT = 3.0
"""How often a type that computes is drawn, against 1 of any other."""
LEVELS = ("easy", "medium", "hard")


@dataclass(frozen=True)
class Question:
    """A chat of one question and its worked answer, and the answer to grade by.

    ``steps`` is the length of the derivation, ``facts`` are the conclusions that were checked on the scene,
    ``slips`` wrong answers that a slip would give.
    """

    question_type: str
    messages: tuple[dict[str, Any], ...]
    answer: dict[str, Any]
    steps: int = 1
    facts: tuple[Fact, ...] = ()
    slips: tuple[str, ...] = ()


def ask(built: Built, rng: Random, types: Sequence[str] = ()) -> Question | None:
    """Ask one question of a type drawn among those that the scene allows; None when there is none.

    ``types`` are those that may be asked, all by default; raises ValueError at one that there is not.
    """
    if unknown := set(types) - set(TYPES):
        raise ValueError(f"scene.question_types: unknown {sorted(unknown)}; known are {', '.join(TYPES)}")
    view = View(built)
    for name in sorted(types or TYPES, key=lambda name: -(rng.random() ** (1 / _weight(name)))):
        if draft := TYPES[name](view, rng):
            return _question(name, draft)
    return None


def difficulty(steps: int, level: str) -> str:
    """Return ``easy``, ``medium`` or ``hard`` from the steps of a derivation and the figure's own level."""
    points = LEVELS.index(level) + min(steps, 3) - 1
    return LEVELS[(points > 0) + (points > 2)]


def _weight(name: str) -> float:
    return WEIGHT if name.startswith("compute") else 1.0


def _question(name: str, draft: Draft) -> Question:
    worked = f"{capital(draft.worked)} \\boxed{{{draft.value}{draft.unit}}}"
    question = [{"type": "image"}, {"type": "text", "text": draft.question}]
    return Question(
        question_type=name,
        messages=(
            {"role": "user", "content": question},
            {"role": "assistant", "content": [{"type": "text", "text": worked}]},
        ),
        answer={
            "kind": draft.kind,
            "value": draft.value,
            "choices": list(draft.choices) if draft.choices else None,
            "unit": draft.unit or None,
            "precision": None,
        },
        steps=draft.steps,
        facts=draft.facts,
        slips=draft.slips,
    )
