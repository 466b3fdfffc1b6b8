"""Texts of any data set, by the name of a field: from shards, or from files of records."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from configs.runtime import console, printable
from data.index import INDEX
from data.loader import IndexedDataset
from data.recipes.records import read_records, read_table
from data.sample import Sample

SHARD_FIELDS = ("caption", "question", "rule", "retrieval")
NAMED = 5


@dataclass
class Texts:
    """Texts and the names of their records (``file:line``, ``folder/key``); ``refused``: records without."""

    names: list[str] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.texts)


def read_texts(paths: Sequence[str], name: str, *, max_refused: int) -> Texts:
    """Return the texts of field ``name`` of all samples or records of ``paths``, in order.

    A shard has ``caption``, ``question`` (what its chat asks first), ``rule`` and ``retrieval`` (negative
    captions, none or several a sample). A record has its fields, dotted where they are nested; a list of
    texts gives several. Records that lack the text, or have half a surrogate pair in it, are left out and
    told; raises ValueError for more than ``max_refused`` of them, for a field that no record has, and for
    what cannot be read.
    """
    found = Texts()
    for path in map(Path, paths):
        before = len(found)
        records = _shard(path, name) if (path / INDEX).is_file() else _records(path, name)
        for record, values in records:
            if values is None or not all(map(_is_unicode, values)):
                found.refused.append(record)
                continue
            for at, text in enumerate(values):
                found.names.append(record if len(values) == 1 else f"{record}#{at}")
                found.texts.append(text)
        if len(found) == before:
            raise ValueError(f"{path}: no text in field {name!r}; {_fields(path)}")
        if len(found.refused) > max_refused:
            raise ValueError(
                f"{len(found.refused)} records have no text in field {name!r} ({_some(found.refused)}), more "
                f"than max_refused={max_refused}; repair the input, name another field, or raise it"
            )
    if found.refused:
        told = f"{len(found.refused)} records without text in field {name!r} are left out"
        console.print(
            printable(f"{told}: {_some(found.refused)}"), style="yellow", markup=False, soft_wrap=True
        )
    return found


def _is_unicode(text: str) -> bool:
    """Whether a text can be written as UTF-8."""
    return not any("\ud800" <= character <= "\udfff" for character in text)


def _shard(path: Path, name: str) -> Iterator[tuple[str, list[str] | None]]:
    if name not in SHARD_FIELDS:
        raise ValueError(
            f"{path} is a shard folder, its texts are {', '.join(SHARD_FIELDS)}; {name!r} is none"
        )
    dataset = IndexedDataset([path])
    for sample in map(dataset.__getitem__, range(len(dataset))):
        yield f"{path.name}/{sample.key}", _of_sample(sample, name)


def _of_sample(sample: Sample, name: str) -> list[str] | None:
    if name in ("rule", "retrieval"):
        return [str(n.text) for n in sample.negatives if n.kind == name]
    text = sample.caption if name == "caption" else _question(sample)
    return [text] if text.strip() else None


def _question(sample: Sample) -> str:
    """Return the words of the first turn of a user, without its picture."""
    for turn in sample.messages or ():
        content = turn.get("content")
        parts = content if isinstance(content, list | tuple) else [{"text": content}]
        if turn.get("role") == "user":
            return " ".join(
                str(part["text"]) for part in parts if isinstance(part, dict) and part.get("text")
            )
    return ""


def _records(path: Path, name: str) -> Iterator[tuple[str, list[str] | None]]:
    if not path.exists():
        raise ValueError(f"{path} does not exist; name a shard folder or a file of records")
    if path.is_dir():
        raise ValueError(f"{path} is a folder without {INDEX}; name a shard folder or a file of records")
    for record, value in _rows(path):
        texts = _field(value, name.split("."))
        texts = texts if isinstance(texts, list) else [texts]
        good = texts and all(isinstance(text, str) and text.strip() for text in texts)
        yield record, [text.strip() for text in texts] if good else None


def _rows(path: Path) -> Iterator[tuple[str, Any]]:
    """Yield names and values; a JSON file may also be one object of records by id."""
    if path.suffix.lower() == ".json":
        with open(path, encoding="utf-8-sig", errors="replace") as file:
            head = file.read(1 << 10).lstrip()
        if head.startswith("{"):
            yield from ((f"{path.name}[{key}]", value) for key, value in read_table(path).items())
            return
    yield from ((row.name, row.value) for row in read_records([path]))


def _field(value: Any, parts: Sequence[str]) -> Any:
    for part in parts:
        if isinstance(value, list) and part.isdecimal() and int(part) < len(value):
            value = value[int(part)]
        elif isinstance(value, dict):
            value = value.get(part)
        else:
            return None
    return value


def _fields(path: Path) -> str:
    if path.is_dir():
        return f"a shard has {', '.join(SHARD_FIELDS)}, but not every set has all of them"
    first = next((value for _, value in _rows(path)), None)
    if first is None:
        return "it holds no record"
    return (
        f"its first record has {', '.join(map(str, first))}"
        if isinstance(first, dict)
        else "records are no objects"
    )


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:NAMED]) + (", ..." if len(names) > NAMED else "")
