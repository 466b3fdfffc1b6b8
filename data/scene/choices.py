r"""Multiple choice: an open question with lettered options, answered as public benchmarks ask for it.

The published We-Math prompt wants ``<Answer>: <C>``; ours ends in ``\boxed{C}`` like every other answer. A
wrong option is what a slip in the derivation gives, or a number near the right one; it has the form of the
right one and is never true as well.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import permutations
from random import Random

from data.scene.questions import Question
from data.scene.shapes import IMPLIED

OPTIONS = 4
ALSO_TRUE = {**IMPLIED, "diameter": ("chord",)}
"""What is true along with an answer."""
LARGEST = {"°": 179}
"""Greatest number of a unit; of lengths and areas it is 1000."""

_NUMBER = re.compile(r"(\d*)((?:√\d+)?π?)")
_FRACTION = re.compile(r"(\d+)/(\d+)")


def with_options(question: Question, rng: Random) -> Question | None:
    """Return the question with four lettered options in random order, or None if there are too few."""
    answer = question.answer
    unit = answer["unit"] or ""
    others = _others(question, rng)
    if len(others) < OPTIONS - 1:
        return None
    value = str(answer["value"])
    texts = [value, *others]
    rng.shuffle(texts)
    letter = "ABCD"[texts.index(value)]
    options = "; ".join(f"{name}. {text}{unit}" for name, text in zip("ABCD", texts, strict=True))
    user, assistant = question.messages
    image, text = user["content"]
    asked = {"type": "text", "text": f"{text['text']} Option: {options}"}
    worked = assistant["content"][0]["text"].rpartition(" \\boxed")[0]
    answered = {"type": "text", "text": f"{worked} {value}{unit}. <Answer>: <{letter}> \\boxed{{{letter}}}"}
    return replace(
        question,
        messages=({**user, "content": [image, asked]}, {**assistant, "content": [answered]}),
        answer={"kind": "choice", "value": letter, "choices": texts, "unit": None, "precision": None},
    )


def _others(question: Question, rng: Random) -> list[str]:
    """Three wrong options, or fewer where there are no more."""
    answer, value = question.answer, str(question.answer["value"])
    if answer["kind"] in ("number", "expression"):
        return _numbers(value, question.slips, LARGEST.get(answer["unit"] or "", 1000), rng)
    if answer["kind"] == "list":
        orders = [", ".join(order) for order in permutations(value.split(", "))]
        wrong = question.slips if value.startswith("(") else orders
    elif answer["kind"] == "text" and len(value) > 1:  # a letter as an option could be taken for its own
        wrong = [choice for choice in answer["choices"] or () if choice not in ALSO_TRUE.get(value, ())]
    else:
        wrong = ()
    wrong = [text for text in dict.fromkeys(wrong) if text != value]
    return rng.sample(wrong, min(len(wrong), OPTIONS - 1))


def _numbers(value: str, slips: Sequence[str], most: int, rng: Random) -> list[str]:
    """Three numbers of the same form. How many are smaller is drawn: the middle is no better a guess."""
    if not (form := _form(value)):
        return []
    read, near = form
    right = read(value)
    assert right is not None
    ranked: dict[Fraction, str] = {}
    for options in (sorted(slips), near):  # slips come first
        for text in rng.sample(options, len(options)):
            size = read(text)
            if size is not None and 0 < size <= most and size != right:
                ranked.setdefault(size, text)
    below = [text for size, text in ranked.items() if size < right]
    above = [text for size, text in ranked.items() if size > right]
    feasible = [k for k in range(OPTIONS) if k <= len(below) and OPTIONS - 1 - k <= len(above)]
    if not feasible:
        return []
    k = rng.choice(feasible)
    return below[:k] + above[: OPTIONS - 1 - k]


def _form(value: str) -> tuple[Callable[[str], Fraction | None], list[str]] | None:
    """How numbers like ``value`` are read (None: of another form), and some that are near it."""
    if found := _FRACTION.fullmatch(value):
        p, q = int(found[1]), int(found[2])
        pairs = (p, q + 1), (p + 1, q + 1), (p, q + 2), (q - p, q), (p + 1, q + 2)
        near = [Fraction(*pair) for pair in pairs]
        return _read_fraction, [str(share) for share in near if 0 < share < 1]
    if not (found := _NUMBER.fullmatch(value)):
        return None
    n, sign = int(found[1] or 1), found[2]

    def read(text: str) -> Fraction | None:
        match = _NUMBER.fullmatch(text)
        return Fraction(match[1] or 1) if match and match[2] == sign and match[0] else None

    steps = (1, 2, 3) if n < 30 else (5, 10, 20)
    near_by = [n + d for step in steps for d in (step, -step)] + [2 * n]
    return read, [f"{m if m != 1 or not sign else ''}{sign}" for m in near_by if m > 0]


def _read_fraction(text: str) -> Fraction | None:
    return Fraction(text) if _FRACTION.fullmatch(text) else None
