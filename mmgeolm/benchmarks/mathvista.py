"""MathVista testmini (Lu et al., arXiv 2310.02255): choices and free answers; GEO, ALG and GPS subsets.

The official pipeline lets an LLM extract an answer, then normalises and compares it. ``--extraction-field``
grades such an extraction. Without one, the official rules that need no LLM are tried, and our strict reading
stands in for the LLM. The official nearest-choice rule is a lottery when nothing was extracted; strict counts
that as wrong.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable
from typing import Any

import numpy as np

from mmgeolm.benchmarks.base import Benchmark, BenchmarkError, Graded, Record
from mmgeolm.extract import Reading, as_text, read_choice, read_open
from mmgeolm.grading import Grade, grade_list, grade_number, options_of
from mmgeolm.quantity import parse_quantity

SOURCE = "MathVista is published at https://huggingface.co/datasets/AI4Math/MathVista (CC BY-SA 4.0)"
FIELDS = ("pid", "question_type", "answer_type", "precision", "choices", "answer")
SUBSETS = {"GEO": "geometry reasoning", "ALG": "algebraic reasoning"}
_BRACKETED = re.compile(r"\(([a-zA-Z])\)")
_QUOTE = 'The answer is "'


def edit_distance(first: str, second: str) -> int:
    """Levenshtein distance by bit vectors (Myers 1999, Hyyrö 2003): the longer text is one integer."""
    long, short = (first, second) if len(first) >= len(second) else (second, first)
    if not short:
        return len(long)
    codes = np.frombuffer(long.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
    bits = {
        c: int.from_bytes(np.packbits(codes == ord(c), bitorder="little").tobytes(), "little")
        for c in set(short)
    }
    mask, last = (1 << len(long)) - 1, 1 << (len(long) - 1)
    plus, minus, distance = mask, 0, len(long)
    for char in short:
        equal = bits[char]
        vertical = equal | minus
        horizontal = (((equal & plus) + plus) ^ plus) | equal
        up, down = minus | (~(horizontal | plus) & mask), plus & horizontal
        distance += bool(up & last) - bool(down & last)
        up, down = ((up << 1) | 1) & mask, (down << 1) & mask
        plus, minus = down | (~(vertical | up) & mask), up & vertical
    return distance


def normalise(extraction: Any, record: Record) -> tuple[Any, str]:
    """The official normalisation: return (prediction, rule); None if the extraction cannot be converted."""
    if record["question_type"] == "multi_choice":
        return _choice(extraction, record["choices"])
    if record["answer_type"] == "integer":
        return _converted(lambda: str(int(float(extraction)))), "int(float(x))"
    if record["answer_type"] == "float":
        precision = record["precision"]
        return _converted(
            lambda: str(round(float(extraction), int(precision)))
        ), f"round(float(x), {precision})"
    return str(extraction), "as written"


def _choice(extraction: Any, choices: list[str]) -> tuple[str, str]:
    text = extraction.strip() if isinstance(extraction, str) else str(extraction)
    bracketed = _BRACKETED.search(text)
    text = bracketed[1].upper() if bracketed else text
    if len(text) == 1 and 0 <= (index := ord(text) - ord("A")) < len(choices):
        return choices[index], "bracketed letter" if bracketed else "letter"
    if text in choices:
        return text, "choice text"
    distances = [edit_distance(text, choice) for choice in choices]
    return choices[distances.index(min(distances))], "nearest choice"


def _text_of(convert: Callable[[str], Any], text: str) -> str:
    return str(convert(text))


def _converted(convert: Callable[[], str]) -> str | None:
    try:
        return convert()
    except (ValueError, TypeError, OverflowError):  # also nan and inf, and digits beyond Python's limit
        return None


def extract(record: Record, response: Any) -> Reading:
    """Extract without an LLM: the official quick rules, then the strict reading; '' if nothing is found."""
    text = as_text(response)
    if not text:
        return Reading("", "empty response")
    choice = record["question_type"] == "multi_choice"
    if choice and text in record["choices"]:
        return Reading(text, "response is a choice", 0, len(text))
    kinds: tuple[tuple[str, Callable[[str], Any]], ...] = (("integer", int), ("float", float))
    for kind, convert in kinds:
        if (
            record["answer_type"] == kind
            and (number := _converted(functools.partial(_text_of, convert, text))) is not None
        ):
            return Reading(number, f"response is {kind}", 0, len(text))
    if quoted := _quoted(text):
        return quoted
    reading = read_choice(text, options_of(record["choices"])) if choice else read_open(text)
    return Reading(reading.value or "", f"{reading.rule} (in place of the LLM)", reading.start, reading.end)


def _quoted(text: str) -> Reading | None:
    """The official ``The answer is "(.*)"\\.``, greedy on the first line that has it, in linear time."""
    start = text.find(_QUOTE)
    while start >= 0:
        begin = start + len(_QUOTE)
        line_end = text.find("\n", begin)
        line_end = len(text) if line_end < 0 else line_end
        end = text.rfind('".', begin, line_end)
        if end >= 0:
            return Reading(text[begin:end], 'The answer is "…".', begin, end)
        start = text.find(_QUOTE, line_end)
    return None


def _strict(record: Record, response: Any) -> Grade:
    """Read a letter or a choice's text; compare numbers as numbers. What cannot be read is wrong."""
    answer = str(record["answer"])
    if record["question_type"] == "multi_choice":
        options = options_of(record["choices"])
        reading = read_choice(response, options)
        return Grade(reading, reading.value in options and options[reading.value or ""] == answer)
    if record["answer_type"] == "list":
        return grade_list(response, {"value": answer})
    if record["answer_type"] in ("integer", "float") and parse_quantity(answer):
        precision = record["precision"] if record["answer_type"] == "float" else None
        return grade_number(response, {"value": answer, "unit": record.get("unit"), "precision": precision})
    reading = read_open(response)
    return Grade(reading, reading.value == answer)


def grade(record: Record, response: Any, extracted: bool = False) -> Graded:
    """Grade a response, or an extraction; the official value is the normalised prediction."""
    _check(record)
    if extracted:
        raw, end = response, len(response) if isinstance(response, str) else 0
        read = Reading(None, "given extraction", 0, end)
    else:
        read = extract(record, response)
        raw = read.value
    prediction, rule = normalise(raw, record)
    official = Grade(
        Reading(prediction, f"{read.rule}; {rule}", read.start, read.end), prediction == record["answer"]
    )
    return Graded(official, _strict(record, response))


def _check(record: Record) -> None:
    choices = record["choices"]
    listed = isinstance(choices, list) and choices and all(isinstance(choice, str) for choice in choices)
    if record["question_type"] == "multi_choice" and not listed:
        raise BenchmarkError(
            f"pid {record['pid']}, field choices: got {choices!r:.80}; expected a list of texts"
        )
    if record["answer"] is None:
        raise BenchmarkError(f"pid {record['pid']}, field answer: got null; expected text")


def chance(record: Record) -> float:
    """1 / number of choices; 0 for free answers."""
    return 1 / len(record["choices"]) if record["question_type"] == "multi_choice" else 0.0


def groups(record: Record) -> list[str]:
    """GEO and ALG by skill, GPS by task, from the published metadata where a line carries it."""
    names = [name for name, skill in SUBSETS.items() if skill in (record.get("skills") or ())]
    return names + ["GPS"] * (record.get("task") == "geometry problem solving")


BENCHMARK = Benchmark("mathvista", FIELDS, SOURCE, lambda record: str(record["pid"]), grade, chance, groups)
