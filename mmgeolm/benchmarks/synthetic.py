"""Our own held-out scenes: samples with ``messages`` and ``answer``, accuracy per question type."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mmgeolm.benchmarks.base import Benchmark, BenchmarkError, Graded, Question, Record
from mmgeolm.grading import grade as grade_answer

SOURCE = "Shards are made by `make data`; expected in the folder: index.json and the *.tar files it names"
FIELDS = ("id", "question_type", "answer")


def grade(record: Record, response: Any, extracted: bool = False) -> Graded:
    """Grade by the answer's kind. There is no foreign rule: both readings are our strict one."""
    try:
        verdict = grade_answer(response, record["answer"])
    except (ValueError, TypeError, KeyError) as error:
        raise BenchmarkError(f"record {record['id']}: {error}") from error
    return Graded(verdict, verdict)


def chance(record: Record) -> float:
    """1 / number of choices where the answer has them (yes/no questions too); 0 for open questions."""
    choices = record["answer"].get("choices")
    return 1 / len(choices) if choices else 0.0


def read(folder: Path) -> list[Question]:
    """Read every sample that asks something; raises :class:`BenchmarkError` when there is none."""
    from data.loader import IndexedDataset  # only reading needs the loader, and the loader needs torch

    if not (folder / "index.json").is_file():
        raise BenchmarkError(f"{folder / 'index.json'} does not exist. {SOURCE}")
    dataset = IndexedDataset([str(folder)])
    questions = []
    for i in range(len(dataset)):
        sample = dataset[i]
        if sample.messages is None or sample.answer is None:
            continue
        prompt, pictures = _prompt(sample.key, sample.messages)
        kind = str(sample.meta.get("question_type", sample.answer["kind"]))
        record = {"id": sample.key, "question_type": kind, "question": prompt, "answer": dict(sample.answer)}
        questions.append(Question(sample.key, prompt, _Picture(dataset, i, pictures), record))
    if not questions:
        raise BenchmarkError(f"{folder}: none of {len(dataset)} samples has both messages and answer")
    return questions


def _prompt(key: str, messages: Any) -> tuple[str, int]:
    """Return the text of the first user turn and its number of pictures."""
    turn = next((turn for turn in messages if turn.get("role") == "user"), None)
    parts = turn.get("content") if turn else None
    if isinstance(parts, str):
        return parts, 1
    if not isinstance(parts, list | tuple):
        raise BenchmarkError(
            f"sample {key!r}, field messages: expected a user turn with text and image parts"
        )
    text = "\n".join(part["text"] for part in parts if part.get("type") == "text")
    return text, sum(part.get("type") == "image" for part in parts)


class _Picture:
    """Fetch a sample's picture when it is asked for, so that a benchmark never holds all of them."""

    def __init__(self, dataset: Any, index: int, pictures: int) -> None:
        self.dataset, self.index, self.pictures = dataset, index, pictures

    def __call__(self) -> list[bytes]:
        return [self.dataset[self.index].image] * self.pictures


BENCHMARK = Benchmark(
    "synthetic",
    FIELDS,
    SOURCE,
    lambda record: str(record["id"]),
    grade,
    chance,
    lambda r: (r["question_type"],),
    read,
)
