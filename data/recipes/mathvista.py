r"""MathVista: ``python -m data.recipes mathvista testmini.json root=data`` (or a parquet file).

Download: https://github.com/lupantech/MathVista, ``data/testmini.json`` (1,000 records by pid), with
``images.zip`` of https://huggingface.co/datasets/AI4Math/MathVista unpacked beside it to ``images/``; or that
page's ``data/testmini-*.parquet``, which holds the pictures (needs pyarrow). The 5,141 records of ``test``
have no public answers: theirs is null, and nobody answers in the chat.

There are no captions and no worked solutions: a sample has the question (``query``, the published prompt,
where the file has it), the assistant says ``\boxed{answer}`` alone. It is a benchmark: for evaluation and
contamination studies. A quarter of it is geometry: ``meta`` keeps task and skills. Published scores are
those of ``mmgeolm.grade mathvista``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from string import ascii_uppercase
from typing import Any

from data.recipes.answers import answer_of, choice
from data.recipes.entry import Entry, exchange, record_of, text_of
from data.recipes.frame import Recipe
from data.recipes.records import Row, read_records, read_table
from data.sample import Sample, SampleError

KINDS = {"integer": "number", "float": "number", "list": "list", "text": "text"}
META = ("task", "skills", "source", "language", "grade", "context")


def read(paths: Sequence[Path]) -> Iterator[Row]:
    """Yield the records of JSON files, which are objects by pid, and of others."""
    for at, path in enumerate(paths):
        for row in _by_pid(path) if path.suffix == ".json" else read_records([path]):
            yield replace(row, done=(at + row.done) / len(paths))


def _by_pid(path: Path) -> Iterator[Row]:
    table = read_table(path)
    for place, (pid, record) in enumerate(table.items(), 1):
        yield Row(f"{path.name}[{pid}]", record, place / len(table))


def convert(value: Any, entry: Entry, cfg: Any) -> Sample:
    """A question with options or an open one."""
    record = record_of(value, "pid", "question", "image", "answer", "question_type", "answer_type")
    choices = record.get("choices")
    if record["question_type"] == "multi_choice" and not (
        isinstance(choices, list) and choices and all(isinstance(text, str) for text in choices)
    ):
        raise SampleError("choices is no list of texts")
    answer = _answer(record)
    about = record.get("metadata")
    kept = {name: about[name] for name in META if name in about} if isinstance(about, dict) else {}
    return entry.sample(
        identity=record["pid"],
        caption="",
        images={"png": entry.picture(record.get("decoded_image") or record["image"])},
        messages=exchange(_prompt(record), rf"\boxed{{{answer['value']}}}" if answer else None),
        answer=answer,
        meta={"question_type": record["question_type"], **kept},
    )


def _prompt(record: Mapping[str, Any]) -> str:
    if record.get("query"):
        return text_of(record, "query")
    unit = f" (Unit: {record['unit']})" if record.get("unit") else ""
    lines = [f"Question: {text_of(record, 'question')}{unit}"]
    if record["question_type"] == "multi_choice":
        options = zip(ascii_uppercase, record["choices"], strict=False)
        lines += ["Choices:", *(f"({letter}) {text}" for letter, text in options)]
    return "\n".join(lines)


def _answer(record: Mapping[str, Any]) -> dict[str, Any] | None:
    given = record["answer"]
    if given is None or given == "":
        return None
    if record["question_type"] == "multi_choice":
        options = dict(zip(ascii_uppercase, record["choices"], strict=False))
        letter = next((letter for letter, text in options.items() if text == given), "")
        if (answer := choice(letter, options)) is None:
            raise SampleError("answer is none of the choices")
        return answer
    if record["answer_type"] not in KINDS:
        raise SampleError(f"answer_type is none of {', '.join(KINDS)}")
    precision, unit = record.get("precision"), record.get("unit")
    if not (precision is None or isinstance(precision, int | float)) or not isinstance(unit, str | None):
        raise SampleError("precision is no number, or unit no text")
    kind = KINDS[record["answer_type"]]
    return answer_of(kind, str(given), unit=unit, precision=None if precision is None else int(precision))


RECIPE = Recipe(
    "mathvista",
    "MathVista",
    "CC BY-SA 4.0",
    "testmini.json or parquet files of AI4Math/MathVista",
    convert,
    read,
    split="test",
    published={"testmini": 1000, "test": 5141},
)
