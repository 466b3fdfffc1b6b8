"""Stored answers: one JSON line each, appended batch by batch, so that a killed run can go on."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from configs.runtime import atomic_write, write_json
from mmgeolm.benchmarks.base import Question

PREDICTIONS = "predictions.jsonl"
SETUP = "setup.json"
_EDGE = 65_536  # bytes hashed at either end of a model's file


def fingerprint(folder: Path) -> str:
    """Return 12 hex digits over names, sizes and both ends of a model's files: retrained weights differ."""
    digest = hashlib.sha256()
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        size = path.stat().st_size
        digest.update(f"{path.relative_to(folder)}\0{size}\0".encode())
        with open(path, "rb") as file:
            digest.update(file.read(_EDGE))
            file.seek(max(0, size - _EDGE))
            digest.update(file.read(_EDGE))
    return digest.hexdigest()[:12]


def questions_hash(questions: Sequence[Question]) -> str:
    """Return 12 hex digits over the prompts and records, in order."""
    digest = hashlib.sha256()
    for question in questions:
        line = json.dumps([question.id, question.prompt, question.record], sort_keys=True)
        digest.update(line.encode() + b"\n")
    return digest.hexdigest()[:12]


def claim(folder: Path, setup: Mapping[str, Any]) -> None:
    """Tie a folder to what its answers depend on; ``ValueError`` if it holds answers of another setup."""
    path = folder / SETUP
    if path.is_file():
        try:
            old = json.loads(path.read_text(encoding="utf-8"))
        except ValueError as error:
            raise ValueError(
                f"{path} is not valid JSON ({error}); remove {folder} or choose another out"
            ) from error
        if not isinstance(old, dict):
            raise ValueError(f"{path} holds no setup; remove {folder} or choose another out")
        differing = [name for name in sorted({*old, *setup}) if old.get(name) != setup.get(name)]
        if differing:
            changes = ", ".join(f"{name} {old.get(name)!r} -> {setup.get(name)!r}" for name in differing)
            raise ValueError(
                f"{folder} holds answers of another setup ({changes}); choose another out or remove it"
            )
    elif (folder / PREDICTIONS).exists():
        raise ValueError(f"{folder} holds {PREDICTIONS} but no {SETUP}; choose another out or remove it")
    else:
        write_json(path, dict(setup))


def load(folder: Path, known: Iterable[str]) -> dict[str, dict[str, Any]]:
    """Return the stored answers by id and leave the file with exactly those.

    A torn last line is cut off; lines that hold an error instead of an answer are dropped, to be asked again.
    Raises ``ValueError`` for a damaged line before the last, and for an id that the benchmark does not have.
    """
    path = folder / PREDICTIONS
    if not path.exists():
        return {}
    ids, answers = set(known), {}
    lines = path.read_bytes().split(b"\n")
    for number, line in enumerate(lines, start=1):
        try:
            record = json.loads(line) if line.strip() else None
        except ValueError as error:
            if number == len(lines):
                continue  # no newline followed: the run was killed while it wrote
            raise ValueError(
                f"{path}, line {number}: not JSON ({error}); remove the line to ask again"
            ) from error
        if record is None or (number == len(lines)):
            continue
        if not isinstance(record, dict) or record.get("id") not in ids or "response" not in record:
            raise ValueError(
                f"{path}, line {number}: not an answer to this benchmark; remove it or choose another out"
            )
        if "error" not in record:
            answers[record["id"]] = record
    kept = "".join(map(to_line, answers.values())).encode()
    if kept != b"\n".join(lines):
        with atomic_write(path, "wb") as file:
            file.write(kept)
    return answers


def to_line(record: Mapping[str, Any]) -> str:
    """Return a record as one ASCII line: any text survives, lone surrogates too."""
    return json.dumps(record, ensure_ascii=True) + "\n"


def append(folder: Path, records: Iterable[Mapping[str, Any]]) -> None:
    """Append records and return when they are on the disk."""
    with open(folder / PREDICTIONS, "ab") as file:
        file.write("".join(map(to_line, records)).encode())
        file.flush()
        os.fsync(file.fileno())
