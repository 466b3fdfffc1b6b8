r"""Multiple choice: an open question with lettered options, answered as public benchmarks ask for it.

The published We-Math prompt wants ``<Answer>: <C>``; ours ends in ``\boxed{C}`` like every other answer.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from random import Random

from data.scene.questions import Question
from data.scene.shapes import IMPLIED

OPTIONS = 4


def with_options(question: Question, rng: Random) -> Question | None:
    """Return the question with four lettered options in random order, or None if there are too few."""
    value, unit = question.answer["value"], question.answer["unit"] or ""
    others = _others(value, unit, question.answer["choices"])
    if len(others) < OPTIONS - 1:
        return None
    texts = [str(value), *map(str, rng.sample(others, OPTIONS - 1))]
    rng.shuffle(texts)
    letter = "ABCD"[texts.index(str(value))]
    options = "; ".join(f"{name}. {text}{unit}" for name, text in zip("ABCD", texts, strict=True))
    user, assistant = question.messages
    image, text = user["content"]
    asked = {"type": "text", "text": f"{text['text']} Option: {options}"}
    worked = assistant["content"][0]["text"].rpartition(" \\boxed")[0]
    answered = {"type": "text", "text": f"{worked} {value}{unit}. <Answer>: <{letter}> \\boxed{{{letter}}}"}
    return replace(
        question,
        question_type="choice",
        messages=({**user, "content": [image, asked]}, {**assistant, "content": [answered]}),
        answer={"kind": "choice", "value": letter, "choices": list(texts), "unit": None, "precision": None},
    )


def _others(value: object, unit: str, choices: list[str] | None) -> Sequence[object]:
    """Plausible wrong answers: classes that are not true as well, or numbers that a slip would give."""
    if choices:
        return [choice for choice in choices if choice not in (value, *IMPLIED.get(str(value), ()))]
    if not isinstance(value, int):
        return []
    slips = [180 - value, 90 - value, 2 * value] if unit == "°" else [2 * value, value // 2]
    slips += [value + step * (10 if unit == "°" else 1) for step in (-2, -1, 1, 2, 3)]
    most = 179 if unit == "°" else 1000
    return sorted({slip for slip in slips if 0 < slip <= most and slip != value})
