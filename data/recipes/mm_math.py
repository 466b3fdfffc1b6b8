r"""MM-Math: ``python -m data.recipes mm_math MM_Math.jsonl root=IMAGES``.

Download: https://huggingface.co/datasets/THU-KEG/MM_Math, ``MM_Math/MM_Math.jsonl`` (5,929 exam problems) and
``MM_Math/MM_Math.zip``; root is the folder that holds the unpacked pictures. A record is ``{question,
file_name, solution, year, difficult, knowledge}``. ``difficult`` is easy, medium or hard (or 容易, 普通,
困难) and becomes ``meta.question_type``, so that accuracy is told by it.

There are no captions. The solution is the assistant's turn; a sample has an answer to grade where it ends in
exactly one ``\boxed{}``, else it is noted and its answer null. It is a benchmark, and MM-Math-Align was made
from the same problems: an encoder trained on that has seen figures like these.
"""

from __future__ import annotations

from typing import Any

from data.recipes.answers import answer_of, boxed, plain_number
from data.recipes.entry import Entry, exchange, record_of, text_of
from data.recipes.frame import Recipe
from data.sample import Sample

LEVELS = {"容易": "easy", "普通": "medium", "困难": "hard"}


def convert(value: Any, entry: Entry, cfg: Any) -> Sample:
    """An open question with its worked solution."""
    record = record_of(value, "question", "file_name", "solution", "difficult")
    question, solution = text_of(record, "question"), text_of(record, "solution")
    level = str(record["difficult"]).strip()
    level = LEVELS.get(level, level)
    if level not in LEVELS.values():
        entry.notes.append(("difficulty is none of easy, medium, hard", repr(level[:20])))
    return entry.sample(
        identity=record.get("id"),
        caption="",
        images={"png": entry.picture(record["file_name"])},
        messages=exchange(question, solution),
        answer=_answer(solution, entry),
        meta={
            "question_type": level,
            "year": record.get("year"),
            "knowledge": record.get("knowledge"),
            "file_name": record["file_name"],
        },
    )


def _answer(solution: str, entry: Entry) -> dict[str, Any] | None:
    found = [value for value in boxed(solution) if value]
    if len(found) != 1:
        entry.notes.append(("not exactly one boxed answer", f"({len(found)})"))
        return None
    return plain_number(found[0]) or answer_of("expression", found[0])


RECIPE = Recipe(
    "mm_math",
    "MM-Math",
    "MIT",
    "MM_Math.jsonl of THU-KEG/MM_Math",
    convert,
    split="test",
    published={"all": 5929},
)
