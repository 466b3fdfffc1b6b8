r"""GeoQA's test set: ``python -m data.recipes geoqa test_questions.jsonl test_answers.jsonl root=images``.

Download: both files from https://github.com/pipilurj/G-LLaVA (``playground/data``) and ``images.zip`` from
https://huggingface.co/datasets/Luckyjhg/Geo170K, whose ``test/`` holds the pictures. Questions are JSON lines
``{question_id, image, text}``, the text with its choices, answers ``{question_id, text: letter}``; 754 of
each. The original GeoQA and GeoQA+ (chen-judge/GeoQA) are pickles, which run code when they are read: they
are not read here. Their training questions are in Geo170K (``gllava_qa``).

There are no captions and no worked solutions: a sample has the question, the assistant says
``\boxed{letter}`` alone. It is a benchmark: for evaluation and contamination studies.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from data.recipes.answers import choice, lettered
from data.recipes.entry import Entry, exchange, record_of, text_of
from data.recipes.frame import Recipe
from data.recipes.records import Row, read_records
from data.sample import Sample, SampleError


def read(paths: Sequence[Path]) -> Iterator[Row]:
    """Yield every question with its answer in ``gold``, then answers that belong to no question."""
    rows = list(read_records(paths))
    answers: dict[str, Any] = {}
    questions, wrong = [], []
    for row in rows:
        if not _is_answer(row.value):
            questions.append(row)
        elif answers.setdefault(_number(row), row.value.get("text")) != row.value.get("text"):
            wrong.append(replace(row, error="question has two answers"))
    for row in questions:
        gold = {"gold": answers.get(_number(row))} if isinstance(row.value, dict) else None
        yield replace(row, value={**row.value, **gold}) if gold else row
    yield from wrong
    for number in sorted(answers.keys() - {_number(row) for row in questions}):
        yield Row(f"answer {number}", None, 1.0, "answer has no question")


def _is_answer(value: Any) -> bool:
    text = value.get("text") if isinstance(value, dict) and "image" not in value else None
    return isinstance(text, str) and len(text.strip()) == 1


def _number(row: Row) -> str:
    return str(row.value.get("question_id")) if isinstance(row.value, dict) else ""


def convert(value: Any, entry: Entry, cfg: Any) -> Sample:
    """A question with four options."""
    record = record_of(value, "question_id", "image", "text")
    question = text_of(record, "text")
    if record.get("gold") is None:
        raise SampleError("question has no answer; is the file of answers given?")
    answer = choice(str(record["gold"]).strip(), lettered(question.partition("Choices:")[2]))
    if answer is None:
        raise SampleError("answer is none of the choices")
    return entry.sample(
        identity=record["question_id"],
        caption="",
        images={"png": entry.picture(record["image"])},
        messages=exchange(question, rf"\boxed{{{answer['value']}}}"),
        answer=answer,
        meta={"question_type": "choice"},
    )


RECIPE = Recipe(
    "geoqa",
    "GeoQA",
    "unknown",
    "test_questions.jsonl and test_answers.jsonl of G-LLaVA",
    convert,
    read,
    split="test",
    published={"test": 754},
)
