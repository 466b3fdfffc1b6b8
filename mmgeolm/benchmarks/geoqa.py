"""GeoQA (Chen et al., arXiv 2105.14517): 754 test questions with four options, as G-LLaVA grades them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from mmgeolm.benchmarks.base import Benchmark, BenchmarkError, Graded, Record
from mmgeolm.extract import Reading, as_text, read_choice
from mmgeolm.grading import Grade, options_of

SOURCE = "GeoQA questions and G-LLaVA's responses are published at https://github.com/pipilurj/G-LLaVA"
FIELDS = ("id", "choices", "gold")

# G-LLaVA's phrases, in its order; the first that occurs anywhere decides.
PHRASES = tuple(
    re.compile(pattern)
    for pattern in (
        r"Answer:([A-D])",
        r"the correct answer is option ([A-D])",
        r"option ([A-D]) is selected",
        r"the answer is option ([A-D])",
        r"the answer is \(([A-D])\)",
    )
)
LAST = re.compile(r"is ([A-D])")


def official(response: Any) -> Reading:
    """G-LLaVA's rule: five phrases in turn, then ``is X`` in the last sentence that ends in a period."""
    text = as_text(response)
    if text is None:
        return Reading(None, "no response")
    for phrase in PHRASES:
        if match := phrase.search(text):
            return Reading(match[1], phrase.pattern, match.start(1), match.end(1))
    end = text.rfind(".")
    if end >= 0:
        start = text.rfind(".", 0, end) + 1
        sentence = text[start:end].strip()
        start += len(text[start:end]) - len(text[start:end].lstrip())
        if match := LAST.search(sentence):
            return Reading(
                match[1], "last sentence: is ([A-D])", start + match.start(1), start + match.end(1)
            )
    return Reading(None, "no phrase")


def grade(record: Record, response: Any, extracted: bool = False) -> Graded:
    """Grade one record; an extraction is read by the same rules as a response."""
    choices, gold = record["choices"], record["gold"]
    if not (isinstance(choices, Mapping) and choices):
        raise BenchmarkError(
            f"record {record['id']}, field choices: got {choices!r:.80}; expected texts by letter"
        )
    if gold not in choices:
        raise BenchmarkError(
            f"record {record['id']}, field gold: got {gold!r}; expected one of {sorted(choices)}"
        )
    rule, strict = official(response), read_choice(response, options_of(choices))
    return Graded(Grade(rule, rule.value == gold), Grade(strict, strict.value == gold))


def chance(record: Record) -> float:
    """1 / number of options."""
    return 1 / len(record["choices"])


BENCHMARK = Benchmark(
    "geoqa", FIELDS, SOURCE, lambda record: str(record["id"]), grade, chance, lambda record: ()
)
