r"""Answers that foreign texts give: lettered options, ``Answer: X``, ``\boxed{...}``."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from string import ascii_uppercase
from typing import Any

NUMBER = re.compile(r"-?\d+(?:\.\d+)?")
BETWEEN = " \n;；"
MARK = r"\s*[.:：)．、]"
FINAL = re.compile(r"(?:\bAnswer\s*[:：]|\b[Tt]he (?:correct )?answer is(?: option)?\s*:?)\s*([^\n]+)")


def answer_of(
    kind: str,
    value: str,
    choices: Sequence[str] | None = None,
    *,
    unit: str | None = None,
    precision: int | None = None,
) -> dict[str, Any]:
    """Return an answer as :class:`data.sample.Sample` has it."""
    listed = list(choices) if choices else None
    return {"kind": kind, "value": value, "choices": listed, "unit": unit, "precision": precision}


def lettered(text: str) -> dict[str, str]:
    """Return options by letter from ``A. 30°; B. 60°`` or one per line; empty for fewer than two.

    A letter at the start of a line or after a semicolon is preferred to one after any white space.
    """
    starts: list[re.Match[str]] = []
    for letter in ascii_uppercase:
        at = starts[-1].end() if starts else 0
        found = re.compile(rf"(?:^|[\n;；])\s*\(?{letter}{MARK}").search(text, at)
        found = found or re.compile(rf"(?:^|\s)\(?{letter}{MARK}").search(text, at)
        if found is None:
            break
        starts.append(found)
    while starts and not text[starts[-1].end() :].strip(BETWEEN):  # "point C." ends in a letter as well
        starts.pop()
    ends = [*(start.start() for start in starts[1:]), len(text)]
    options = [text[start.end() : end].strip(BETWEEN) for start, end in zip(starts, ends, strict=False)]
    return dict(zip(ascii_uppercase, options, strict=False)) if len(options) > 1 else {}


def choice(letter: str, options: Mapping[str, str]) -> dict[str, Any] | None:
    """Return the answer that is one of lettered options, or None."""
    return answer_of("choice", letter, list(options.values())) if letter in options else None


def final_answer(reply: str, options: Mapping[str, str]) -> dict[str, Any] | None:
    """Return what the last ``Answer: ...`` or ``the answer is ...`` of a worked solution says.

    A letter where there are options, else a plain number; None for anything else, which nobody could grade.
    """
    found = FINAL.findall(reply)
    if not found:
        return None
    said = found[-1].strip().rstrip(".").strip("$ ")
    if options:
        letter = re.match(r"\(?([A-Z])\)?(?![A-Za-z])", said)
        return choice(letter[1], options) if letter else None
    return plain_number(said)


def plain_number(text: str) -> dict[str, Any] | None:
    """Return the answer that is a decimal number, perhaps in degrees, or None."""
    bare = text.removesuffix("°")
    return answer_of("number", bare, unit="°" if bare != text else None) if NUMBER.fullmatch(bare) else None


def boxed(text: str) -> list[str]:
    r"""Return the contents of every ``\boxed{...}``, braces balanced."""
    found = []
    for start in re.finditer(r"\\boxed\s*\{", text):
        depth, at = 1, start.end()
        while at < len(text) and depth:
            depth += {"{": 1, "}": -1}.get(text[at], 0)
            at += 1
        if not depth:
            found.append(text[start.end() : at - 1].strip())
    return found
