"""Compare what a response says with the answer, by its kind: choice, number, expression, list or text.

Numbers are compared by our own reader first (:mod:`mmgeolm.quantity`) and by Math-Verify behind it. What
cannot be read is wrong; no response, whatever it holds, raises or hangs.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from configs.load import one_of
from mmgeolm.extract import HEDGED, Reading, as_text, by_text, read_choice, read_open
from mmgeolm.quantity import Quantity, parse_quantity, plain
from mmgeolm.symbolic import symbolically_equal

_NUMBER = re.compile(r"(?<![\w.])(?<!\w\()-?\d[\d,]{0,20}(?:\.\d{1,20})?(?![\w])")
_COMPARED = re.compile(r"\b(?:than|least|most|below|above|between)\b", re.IGNORECASE)
_WORDS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven")
_WORD = re.compile(
    rf"\b(?:(is|are|was|were|has|have|had)\s{{1,4}})?({'|'.join(_WORDS)})\b(?!\s+of)", re.IGNORECASE
)


@dataclass(frozen=True)
class Grade:
    """One verdict: what was read, whether it is correct, and the rule that read it."""

    reading: Reading
    correct: bool

    @property
    def value(self) -> str | None:
        """What was read, or None."""
        return self.reading.value


def options_of(choices: Mapping[str, str] | Sequence[str]) -> dict[str, str]:
    """Return option texts by letter, from a mapping or from a list (the first is A).

    Raises ``ValueError`` for anything else, for no options, and for more than 26.
    """
    if isinstance(choices, Mapping):
        options = {str(letter): str(text) for letter, text in choices.items()}
    elif isinstance(choices, Sequence) and not isinstance(choices, str):
        options = {chr(ord("A") + i): str(text) for i, text in enumerate(choices)}
    else:
        options = {}
    if not 0 < len(options) <= 26:
        raise ValueError(f"choices: got {choices!r:.120}; expected 1 to 26 options, as a list or by letter")
    return options


def read_number(text: str) -> Quantity | None:
    """Return the quantity ``text`` is, or else the only number it mentions (``There are 3 objects``)."""
    if quantity := parse_quantity(text):
        return quantity
    text = text[:2000]
    if HEDGED.search(text) or _COMPARED.search(text):
        return None
    digits = {number.replace(",", "") for number in _NUMBER.findall(text)}
    words = {str(_WORDS.index(match[2].lower())): bool(match[1]) for match in _WORD.finditer(text)}
    if len(digits | words.keys()) != 1 or not (digits or any(words.values())):
        return None  # none, several, or a word that counts something else ("these two", "the smaller one")
    return parse_quantity(next(iter(digits or words)))


def same_expression(answer: str, value: str, tolerance: float | None = None) -> bool:
    """True if two expressions are equal: as written, as numbers (absolute ``tolerance``), symbolically."""
    if plain(answer) == plain(value):
        return True
    gold, read = parse_quantity(answer), parse_quantity(value)
    if gold and read:
        return gold.equals(read, tolerance)
    return symbolically_equal(answer.strip(" $"), value.strip(" $")) is True


def split_list(text: str) -> list[str]:
    """Return the items of ``[1, 2]``, ``(3, 4)``, ``5 and 6``: split at commas outside brackets."""
    text = re.sub(r"\s(?:and|or)\s", ",", re.sub(r"\\(?:left|right)|\$", "", text[:2000]).strip().rstrip("."))
    while len(text) > 1 and text[0] in "[({" and _closes(text) == len(text) - 1:
        text = text[1:-1].strip()
    items, depth, start = [], 0, 0
    for at, char in enumerate(text):
        depth += (char in "[({") - (char in "])}")
        if char in ",;，；、" and depth <= 0:
            items.append(text[start:at])
            start = at + 1
    return [item.strip() for item in (*items, text[start:]) if item.strip()]


def _closes(text: str) -> int:
    depth = 0
    for at, char in enumerate(text):
        depth += (char in "[({") - (char in "])}")
        if depth == 0:
            return at
    return -1


def grade_choice(response: Any, answer: Mapping[str, Any]) -> Grade:
    """``value`` is a letter of ``choices`` or the text of one of them."""
    options = options_of(answer["choices"])
    value = str(answer["value"])
    gold = value if value in options else by_text(value, options)
    if gold is None:
        raise ValueError(f"answer.value: got {value!r}; expected a letter or the text of one of {options}")
    reading = read_choice(response, options)
    same = reading.value in options and options[reading.value or ""] == options[gold]
    return Grade(reading, reading.value == gold or same)


def grade_number(response: Any, answer: Mapping[str, Any]) -> Grade:
    """``value`` is a number; ``precision`` (decimals) allows half a last digit, ``unit`` must not differ."""
    gold = parse_quantity(f"{answer['value']} {answer.get('unit') or ''}") or parse_quantity(
        str(answer["value"])
    )
    if gold is None:
        raise ValueError(f"answer.value: got {answer['value']!r}; expected a number")
    reading = read_open(response)
    read = read_number(reading.value) if reading.value else None
    if read is None:
        return Grade(replace(reading, value=None), False)
    precision, tolerance = answer.get("precision"), answer.get("tolerance")
    if tolerance is None and precision is not None:
        tolerance = 0.5 * 10.0 ** -int(precision)
    return Grade(replace(reading, value=f"{read.value:.12g}"), gold.equals(read, tolerance))


def _stated(response: Any) -> Reading:
    """An open reading without the last resort: a whole sentence is no expression, list or word."""
    reading = read_open(response)
    return replace(reading, value=None) if reading.rule == "last sentence" else reading


def grade_expression(response: Any, answer: Mapping[str, Any]) -> Grade:
    """``value`` is an expression in text or LaTeX; ``tolerance`` is absolute, for numeric values."""
    reading = _stated(response)
    if not reading.value:
        return Grade(reading, False)
    unit = answer.get("unit") or ""
    value = reading.value[: -len(unit)] if unit and reading.value.endswith(unit) else reading.value
    return Grade(reading, same_expression(str(answer["value"]), value, answer.get("tolerance")))


def grade_list(response: Any, answer: Mapping[str, Any]) -> Grade:
    """``value`` is a list, or its text; items are compared in order as expressions."""
    gold = answer["value"]
    items = [str(item) for item in gold] if isinstance(gold, list | tuple) else split_list(str(gold))
    reading = _stated(response)
    read = split_list(reading.value or "")
    return Grade(reading, len(read) == len(items) and all(map(same_expression, items, read)))


def grade_text(response: Any, answer: Mapping[str, Any]) -> Grade:
    """``value`` is a word or a phrase; ``choices``, where given, are the words that may be named instead."""
    gold = str(answer["value"])
    reading = read_open(response)
    if not reading.value:
        return Grade(reading, False)
    if plain(reading.value) == plain(gold):
        return Grade(reading, True)
    named = {str(word) for word in answer.get("choices") or () if _says(reading.value, str(word))}
    if len(named) == 1 and not HEDGED.search(reading.value):
        value = named.pop()
        return Grade(replace(reading, value=value), plain(value) == plain(gold))
    return Grade(_stated(response), False)


def _says(text: str, word: str) -> bool:
    return re.search(rf"(?<!\w){re.escape(word)}(?!\w)", text[:2000], re.IGNORECASE) is not None


KINDS: dict[str, Callable[[Any, Mapping[str, Any]], Grade]] = {
    "choice": grade_choice,
    "number": grade_number,
    "expression": grade_expression,
    "list": grade_list,
    "text": grade_text,
}


def grade(response: Any, answer: Mapping[str, Any]) -> Grade:
    """Grade a response against ``answer = {kind, value, choices, unit, precision}``.

    Any response is graded: None, numbers and text of any length. Raises ``ValueError`` only for an unusable
    answer.
    """
    if not isinstance(answer, Mapping) or "kind" not in answer or answer.get("value") is None:
        raise ValueError(f"answer: got {answer!r:.120}; expected an object with kind and value")
    one_of("answer.kind", answer["kind"], tuple(KINDS))
    return KINDS[answer["kind"]](as_text(response), answer)
