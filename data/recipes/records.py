"""Reading foreign records: JSON, JSON lines, CSV, parquet and folders of pictures, one record at a time.

A record is a :class:`Row`. What is wrong with one record (a broken line, a field too many) is told in the row
and the reading goes on; what is wrong with the file (another layout, no UTF-8) is a ValueError.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

BLOCK = 1 << 20
MAX_RECORD = 16 << 20
"""Most characters of one record; a longer one is broken or no record."""
PICTURES = (".png", ".jpg", ".jpeg")
READABLE = ".json, .jsonl, .csv, .tsv, .parquet or a folder of pictures"


@dataclass(frozen=True)
class Row:
    """One record: its name for people (file and place), its value, and the share of all input read so far.

    ``error`` says why there is no value.
    """

    name: str
    value: Any
    done: float
    error: str | None = None


def read_records(paths: Sequence[Path]) -> Iterator[Row]:
    """Yield the records of all files in their order.

    A JSON file is a list of records, a file of JSON lines one record per line, a CSV or TSV file one per row
    under a header, a parquet file one per row, a folder one ``{"image": path}`` per picture below it.
    """
    for at, path in enumerate(paths):
        for row in _reader(path):
            yield Row(row.name, row.value, (at + row.done) / len(paths), row.error)


def digest(path: Path) -> str:
    """Return the sha256 of a file; of a folder, that of its pictures' names and sizes and its small texts.

    What else lies there does not count, so that shards may be written into the folder they are made of.
    """
    if not path.exists():
        raise ValueError(f"{path} does not exist; name a file of records: {READABLE}")
    try:
        if path.is_file():
            with open(path, "rb") as file:
                return hashlib.file_digest(file, "sha256").hexdigest()
        told = hashlib.sha256()
        for found in _below(path):
            if found.suffix.lower() not in (*PICTURES, ".txt"):
                continue
            told.update(f"{found.relative_to(path)}\0{found.stat().st_size}\0".encode())
            if found.suffix == ".txt":
                told.update(found.read_bytes()[:MAX_RECORD])
        return told.hexdigest()
    except OSError as error:
        raise ValueError(f"{path} cannot be read ({error}); name a file of records: {READABLE}") from error


def read_table(path: Path) -> dict[str, Any]:
    """Return a JSON file that holds one object, e.g. records by id."""
    found = _whole(path)
    if not isinstance(found, dict):
        raise ValueError(f"{path} holds a {type(found).__name__}; expected an object of records by id")
    return found


def _reader(path: Path) -> Iterator[Row]:
    if path.is_dir():
        return _folder(path)
    readers = {".json": _json, ".jsonl": _lines, ".ndjson": _lines, ".parquet": _parquet}
    readers |= {".csv": _csv, ".tsv": _csv}
    if path.suffix.lower() not in readers:
        pickled = "a pickle runs code when it is read; " if path.suffix in (".pk", ".pkl", ".pickle") else ""
        raise ValueError(f"{path} cannot be read: {pickled}use {READABLE}")
    return readers[path.suffix.lower()](path)


def _json(path: Path) -> Iterator[Row]:
    """A list, element by element: memory does not grow with the file."""
    size = max(path.stat().st_size, 1)
    with open(path, "rb") as raw:
        file = io.TextIOWrapper(raw, encoding="utf-8-sig")
        try:
            if not _starts_a_list(file):
                found = _whole(path)
                raise ValueError(f"{path} holds a {type(found).__name__}; expected a list of records")
            for at, value in enumerate(_Scanner(file).elements()):
                yield Row(f"{path.name}[{at}]", value, raw.tell() / size)
        except _NotJson as error:
            raise ValueError(f"{path} is not valid JSON: {error}") from error
        except UnicodeDecodeError as error:
            raise ValueError(f"{path} is not valid JSON: no UTF-8 ({error})") from error


class _NotJson(ValueError):
    pass


def _starts_a_list(file: IO[str]) -> bool:
    while (char := file.read(1)) and char.isspace():
        pass
    return char == "["


class _Scanner:
    """A JSON array whose first bracket has been read, decoded element by element from a text file."""

    def __init__(self, file: IO[str]) -> None:
        self.file, self.buffer, self.at = file, "", 0
        self.decode = json.JSONDecoder().raw_decode

    def elements(self) -> Iterator[Any]:
        mark, count = self.peek(), 0
        while mark != "]":
            yield self.value(count)
            count += 1
            if (mark := self.peek()) not in (",", "]"):
                raise _NotJson(f"after record {count - 1}: expected a comma or ], got {mark!r}")
            self.at += mark == ","
        self.at += 1
        if rest := self.peek():
            raise _NotJson(f"after the list: got {rest!r}")

    def peek(self) -> str:
        """Go to the next character that is no white space and return it; empty at the end of the file."""
        while True:
            while self.buffer[self.at : self.at + 1].isspace():
                self.at += 1
            if self.at < len(self.buffer) or not self.fill():
                return self.buffer[self.at : self.at + 1]

    def value(self, count: int) -> Any:
        self.peek()
        while True:
            try:
                value, end = self.decode(self.buffer, self.at)
            except (ValueError, RecursionError) as error:  # broken, or not read to its end yet
                if len(self.buffer) - self.at > MAX_RECORD or not self.fill():
                    raise _NotJson(f"record {count}: {error}"[:200]) from error
                continue
            length = end - self.at
            if end < len(self.buffer) or not self.fill():  # a number could go on
                self.at += length
                return value

    def fill(self) -> bool:
        """Read on, twice as far each time, so that a long element is not tried too often."""
        more = self.file.read(max(BLOCK, len(self.buffer) - self.at))
        self.buffer, self.at = self.buffer[self.at :] + more, 0
        return bool(more)


def _whole(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8-sig"))
    except (ValueError, RecursionError) as error:
        lines = "; a file with one record per line ends in .jsonl" if "Extra data" in str(error) else ""
        raise ValueError(f"{path} is not valid JSON: {error}{lines}") from error


def _lines(path: Path) -> Iterator[Row]:
    size, read = max(path.stat().st_size, 1), 0
    with open(path, "rb") as file:
        for at, line in enumerate(iter(lambda: file.readline(MAX_RECORD), b""), 1):
            read += len(line)
            text = line.removeprefix(b"\xef\xbb\xbf") if at == 1 else line
            if not text.strip():
                continue
            name, done = f"{path.name}:{at}", read / size
            try:
                yield Row(name, json.loads(text.decode()), done)
            except (ValueError, RecursionError):
                yield Row(name, None, done, "line is not valid JSON")


def _csv(path: Path) -> Iterator[Row]:
    size = max(path.stat().st_size, 1)
    csv.field_size_limit(MAX_RECORD)
    with open(path, "rb") as raw:
        file = io.TextIOWrapper(raw, encoding="utf-8-sig", newline="")
        reader = csv.DictReader(file, delimiter="\t" if path.suffix.lower() == ".tsv" else ",", strict=True)
        try:
            for row in reader:
                name, done = f"{path.name}:{reader.line_num}", raw.tell() / size
                if None in row or None in row.values():
                    yield Row(name, None, done, "row has another number of fields than the header")
                else:
                    yield Row(name, row, done)
        except (csv.Error, UnicodeDecodeError) as error:
            where = f"{path}, after line {reader.line_num}"
            raise ValueError(f"{where}: no valid CSV in UTF-8 ({error})") from error


def _parquet(path: Path) -> Iterator[Row]:
    try:
        import pyarrow.parquet
    except ImportError:
        raise ValueError(
            f"{path}: reading parquet needs pyarrow (pip install pyarrow); or use the set's JSON form"
        ) from None
    try:
        table = pyarrow.parquet.ParquetFile(path)
    except (pyarrow.ArrowException, OSError) as error:
        raise ValueError(f"{path} is no parquet file: {error}") from error
    at, total = 0, max(table.metadata.num_rows, 1)
    for batch in table.iter_batches(batch_size=64):
        for value in batch.to_pylist():
            yield Row(f"{path.name}[{at}]", value, (at + 1) / total)
            at += 1


def _folder(path: Path) -> Iterator[Row]:
    """Pictures below a folder, by name; links to folders are not followed."""
    found = [picture for picture in _below(path) if picture.suffix.lower() in PICTURES]
    for at, picture in enumerate(found, 1):
        name = str(picture.relative_to(path))
        yield Row(f"{path.name}/{name}", {"image": str(picture.resolve())}, at / len(found))


def _below(path: Path) -> list[Path]:
    return sorted(Path(folder) / name for folder, _, names in os.walk(path) for name in names)
