"""We-Math testmini (Qiao et al., arXiv 2407.01284): one to three steps, lettered options.

S1 are the sub-problems, S2 and S3 the composite problems of two and three steps. The four-dimensional metrics
tell what a model lacks: knowledge (IK), generalisation (IG), or neither (CM), and what it only memorised
(RM).
"""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from mmgeolm.benchmarks.base import Benchmark, BenchmarkError, Graded, Question, Record
from mmgeolm.extract import LETTERS, Reading, as_text, read_choice
from mmgeolm.grading import Grade

SOURCE = (
    "We-Math is published at https://huggingface.co/datasets/We-Math/We-Math and "
    "https://github.com/We-Math/We-Math (CC BY-NC 4.0); expected in the folder: "
    "testmini.json, 2steps/image/*.png and 3steps/image/*.png"
)
FIELDS = ("ID", "key", "option", "answer")
KEYS = ("2steps_1", "2steps_2", "2steps_multi", "3steps_1", "3steps_2", "3steps_3", "3steps_multi")
PROMPT = """\
Now, we require you to solve a multiple-choice math question. \
Please briefly describe your thought process and provide the final answer(option).
Question: {question}
Option: {option}
Regarding the format, please answer following the template below, and be sure to include two <> symbols:
<Thought process>: <<your thought process>> <Answer>: <<your option>>"""


def official(response: Any) -> Reading:
    """The published rule: the first character after the last ``Answer`` that is not ``> < : .`` or space.

    It is the answer if it is one of A to H. ``(B)``, ``Option B`` and ``\\boxed{B}`` are therefore not read.
    """
    text = as_text(response)
    if text is None:
        return Reading(None, "no response")
    start = text.rfind("Answer")
    rule = "whole response" if start < 0 else "after the last 'Answer'"
    start = 0 if start < 0 else start + len("Answer")
    at = next(
        (i for i in range(start, len(text)) if text[i] not in "><:." and not text[i].isspace()), len(text)
    )
    letter = text[at : at + 1]
    return Reading(letter if letter and letter in LETTERS else None, rule, at, at + 1 if letter else at)


@functools.lru_cache(maxsize=4096)
def split_options(option: str) -> Mapping[str, str]:
    """Return option texts by letter from ``A. 30°; B. 60°``: the next letter starts the next option.

    A letter at the start or after ``;`` is preferred; some published strings have only a space before it.
    """
    starts: list[re.Match[str]] = []
    for letter in LETTERS:
        begin = starts[-1].end() if starts else 0
        match = re.compile(rf"(?:^|;)\s*{letter}\s*\.").search(option, begin)
        match = match or re.compile(rf"(?:^|\s){letter}\s*\.").search(option, begin)
        if match is None:
            break
        starts.append(match)
    ends = [*(match.start() for match in starts[1:]), len(option)][: len(starts)]
    texts = (option[match.end() : end].strip(" ;") for match, end in zip(starts, ends, strict=True))
    return dict(zip(LETTERS, texts, strict=False))


def grade(record: Record, response: Any, extracted: bool = False) -> Graded:
    """Grade one record; an extraction is read by the same rules as a response."""
    gold = record["answer"]
    if gold not in tuple(LETTERS):
        raise BenchmarkError(
            f"record {identify(record)}, field answer: got {gold!r}; expected a letter A to H"
        )
    if not isinstance(record["option"], str):
        raise BenchmarkError(
            f"record {identify(record)}, field option: got {record['option']!r}; expected text"
        )
    rule, strict = official(response), read_choice(response, split_options(record["option"]))
    return Graded(Grade(rule, rule.value == gold), Grade(strict, strict.value == gold))


def identify(record: Record) -> str:
    """The composite's ID and the record's place in it; the ID alone names three or four records."""
    return f"{record['ID']}/{record['key']}"


def groups(record: Record) -> tuple[str, ...]:
    """S1, S2 or S3."""
    key = record["key"]
    if key not in KEYS:
        raise BenchmarkError(
            f"record {identify(record)}, field key: got {key!r}; expected one of {', '.join(KEYS)}"
        )
    return (f"S{key[0]}",) if key.endswith("multi") else ("S1",)


def chance(record: Record) -> float:
    """1 / number of options; 0 when the options cannot be told apart."""
    options = split_options(record["option"])
    return 1 / len(options) if options else 0.0


def four_dimensions(composites: Mapping[str, Mapping[str, bool]]) -> dict[str, dict[str, float | int | None]]:
    """Return strict and loose metrics from hits by composite and key; a missing sub-problem is wrong.

    Rates are shares of all composites (525 in testmini), RM is RM / (CM + RM) and None where both are zero,
    and score = 1 − (0.5 IG + RM + IK) / n.
    """
    rows = []
    for hits in composites.values():
        steps = next(iter(hits))[0]
        subs = [hits.get(f"{steps}steps_{i}", False) for i in range(1, int(steps) + 1)]
        rows.append((subs, hits.get(f"{steps}steps_multi", False)))
    n = len(rows)
    knowledge = sum(not all(subs) and not multi for subs, multi in rows)
    generalisation = sum(all(subs) and not multi for subs, multi in rows)
    result: dict[str, dict[str, float | int | None]] = {}
    for name, mastered in (("strict", all), ("loose", any)):
        mastery = sum(multi and mastered(subs) for subs, multi in rows)
        memorised = sum(multi and not mastered(subs) for subs, multi in rows)
        result[name] = {
            "score": (n - 0.5 * generalisation - memorised - knowledge) / n,
            "IK": knowledge / n,
            "IG": generalisation / n,
            "CM": mastery / n,
            "RM": memorised / (mastery + memorised) if mastery + memorised else None,
            "n": n,
        }
    return result


def extra(records: Sequence[Record], graded: Sequence[Graded]) -> dict[str, Any]:
    """The four-dimensional metrics under both readings; left out when a record is answered more than once."""
    if len({identify(record) for record in records}) < len(records):
        return {}
    result = {}
    for reading in ("official", "strict"):
        composites: dict[str, dict[str, bool]] = {}
        for record, verdict in zip(records, graded, strict=True):
            composites.setdefault(record["ID"], {})[record["key"]] = getattr(verdict, reading).correct
        result[reading] = four_dimensions(composites)
    return {"four_dimensions": result}


def read(folder: Path) -> list[Question]:
    """Read ``testmini.json``; raises :class:`BenchmarkError` that names what is missing."""
    path = folder / "testmini.json"
    if not path.is_file():
        raise BenchmarkError(f"{path} does not exist. {SOURCE}")
    try:
        records = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise BenchmarkError(f"{path} is not valid JSON: {error}") from error
    if not (isinstance(records, list) and records and all(isinstance(record, dict) for record in records)):
        raise BenchmarkError(f"{path} must hold a list of records. {SOURCE}")
    questions = []
    for i, record in enumerate(records):
        missing = [
            name for name in (*FIELDS, "question", "image_path") if not isinstance(record.get(name), str)
        ]
        if missing:
            raise BenchmarkError(f"{path}, record {i}: {', '.join(missing)} missing or not text")
        groups(record)
        image = (folder / record["image_path"]).resolve()
        if not image.is_relative_to(folder.resolve()):
            raise BenchmarkError(
                f"{path}, record {i}, image_path: {record['image_path']!r} leaves the folder"
            )
        prompt = PROMPT.format(question=record["question"].strip(), option=record["option"].strip())
        kept = {
            "id": identify(record),
            **{name: record[name] for name in (*FIELDS, "question", "image_path")},
        }
        questions.append(Question(kept["id"], prompt, functools.partial(_load, image), kept, (image,)))
    return questions


def _load(image: Path) -> list[bytes]:
    return [image.read_bytes()]


BENCHMARK = Benchmark("wemath", FIELDS, SOURCE, identify, grade, chance, groups, read, extra)
