"""What a benchmark is: how it is read, how one stored response is graded, how results are grouped."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mmgeolm.grading import Grade

Record = Mapping[str, Any]


@dataclass(frozen=True)
class Question:
    """One question: the prompt, how to fetch its pictures, and the fields stored beside the response.

    ``record`` is the JSON line that is graded later; together with ``response`` it needs nothing from disk.
    ``load`` returns undecoded picture bytes and may raise ``ValueError`` or ``OSError`` for a bad picture.
    ``files`` are the pictures' paths where they are files, so that missing ones are found before a model is
    loaded.
    """

    id: str
    prompt: str
    load: Callable[[], list[bytes]]
    record: dict[str, Any]
    files: tuple[Path, ...] = ()


@dataclass(frozen=True)
class Graded:
    """The benchmark's own rule beside the strict reading."""

    official: Grade
    strict: Grade


def no_extra(records: Sequence[Record], graded: Sequence[Graded]) -> dict[str, Any]:
    """Benchmarks without metrics beyond accuracy."""
    return {}


@dataclass(frozen=True)
class Benchmark:
    """One benchmark, as plain functions over stored records."""

    name: str
    fields: tuple[str, ...]
    """Fields that every stored line must have, besides ``response``."""
    source: str
    """Where the public data is, and the files expected in the folder; printed when they are missing."""
    identify: Callable[[Record], str]
    """A record's id, as text."""
    grade: Callable[[Record, Any, bool], Graded]
    """(record, text, extracted) -> both verdicts; ``extracted``: the text is an extraction that was given,
    not a response. Any text, None included, is graded; raises ValueError for an unusable record."""
    chance: Callable[[Record], float]
    """Probability that a uniform guess among the options is correct; 0 for open questions."""
    groups: Callable[[Record], Sequence[str]]
    """Names of the groups that a record counts in."""
    read: Callable[[Path], list[Question]] | None = None
    """Read the public layout from a folder; None: only stored responses can be graded."""
    extra: Callable[[Sequence[Record], Sequence[Graded]], dict[str, Any]] = no_extra
    """Metrics beyond accuracy."""


class BenchmarkError(ValueError):
    """Data that cannot be read or graded; the message names file, record and field."""


def check_record(benchmark: Benchmark, record: Record, where: str) -> None:
    """Raise :class:`BenchmarkError` naming ``where`` if a record cannot be graded, whatever is answered."""
    try:
        hash(benchmark.identify(record))
        hash(tuple(benchmark.groups(record)))
        benchmark.chance(record)
        benchmark.grade(record, "", False)
    except BenchmarkError as error:
        raise BenchmarkError(f"{where}: {error}") from error
    except Exception as error:  # a field of another type, in any of the benchmark's functions
        raise BenchmarkError(
            f"{where}: the record cannot be graded ({type(error).__name__}: {error}); repair its fields"
        ) from error
