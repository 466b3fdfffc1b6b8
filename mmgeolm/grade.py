"""Grade stored responses; no model is needed.

``python -m mmgeolm.grade BENCHMARK FILE.jsonl --out DIR [--extraction-field NAME]`` prints a table and writes
``DIR/graded.jsonl`` (per line: id, official and strict verdict, and the rules that read them) and
``DIR/results.json``. A response that is missing, null or unreadable stays in the denominator as wrong.
"""

from __future__ import annotations

import argparse
import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from configs.load import config_hash, to_plain
from configs.runs import refuse_run_folder
from configs.runtime import atomic_write, command, console, environment, write_json
from configs.stats import bootstrap_interval
from mmgeolm.benchmarks import BENCHMARKS, find_benchmark
from mmgeolm.benchmarks.base import Benchmark, BenchmarkError, Graded, Record, check_record
from mmgeolm.grading import Grade


@dataclass(kw_only=True)
class GradeOptions:
    """What decides a result besides the file's content."""

    benchmark: str
    extraction_field: str | None = None
    seed: int = 0
    """Seed of the bootstrap intervals."""


def read_records(path: Path, benchmark: Benchmark, answered: str) -> list[dict[str, Any]]:
    """Read a JSON-lines file of records; raises ``ValueError`` naming the line and the field.

    ``answered`` is the field that is graded; it may be null or missing in a line, not in all of them.
    """
    if not path.is_file():
        raise FileNotFoundError(
            f"{path} does not exist; expected one JSON record per line, see {benchmark.source}"
        )
    records = []
    for number, line in enumerate(path.read_bytes().split(b"\n"), start=1):
        if not line.strip():
            continue
        try:
            record = json.loads(line)
        except ValueError as error:
            raise BenchmarkError(
                f"{path}, line {number}: not JSON ({error}); remove or repair the line"
            ) from error
        fields = benchmark.fields if isinstance(record, dict) else ()
        if not isinstance(record, dict) or (missing := [name for name in fields if name not in record]):
            lacks = f"lacks {', '.join(missing)}" if isinstance(record, dict) else "is not an object"
            raise BenchmarkError(
                f"{path}, line {number}: {lacks}; {benchmark.name} needs {', '.join(fields)}"
            )
        check_record(benchmark, record, f"{path}, line {number}")
        records.append(record)
    if not records:
        raise BenchmarkError(f"{path} holds no record")
    if not any(answered in record for record in records):
        known = ", ".join(sorted(records[0]))
        raise BenchmarkError(
            f"{path}: no line has the field {answered!r} to grade; the first line has {known}"
        )
    return records


def grade_records(benchmark: Benchmark, records: Iterable[Record], field: str | None = None) -> list[Graded]:
    """Grade records in order: their ``response``, or the extraction in ``field``."""
    return [benchmark.grade(record, record.get(field or "response"), field is not None) for record in records]


def _score(hits: Sequence[Graded], chances: Sequence[float], seed: int) -> dict[str, Any]:
    official = np.array([graded.official.correct for graded in hits])
    strict = np.array([graded.strict.correct for graded in hits])
    return {
        "accuracy": float(official.mean()),
        "strict_accuracy": float(strict.mean()),
        "n": len(hits),
        "correct": int(official.sum()),
        "strict_correct": int(strict.sum()),
        "chance": float(np.mean(chances)),
        "ci95": list(bootstrap_interval(official, seed=seed)),
        "strict_ci95": list(bootstrap_interval(strict, seed=seed)),
        "unread": sum(graded.official.value is None for graded in hits),
        "strict_unread": sum(graded.strict.value is None for graded in hits),
    }


def summarise(
    benchmark: Benchmark, records: Sequence[Record], graded: Sequence[Graded], seed: int
) -> dict[str, Any]:
    """Return official and strict accuracy, n, chance and 95 % intervals, overall and per group."""
    chances = [benchmark.chance(record) for record in records]
    members: dict[str, list[int]] = {}
    for i, record in enumerate(records):
        for name in benchmark.groups(record):
            members.setdefault(name, []).append(i)
    groups = {
        name: _score([graded[i] for i in rows], [chances[i] for i in rows], seed)
        for name, rows in sorted(members.items())
    }
    repeated = len(records) - len({benchmark.identify(record) for record in records})
    result = {
        "benchmark": benchmark.name,
        **_score(graded, chances, seed),
        "groups": groups,
        "repeated_ids": repeated,
    }
    return {**result, **benchmark.extra(records, graded)}


def verdict_line(
    benchmark: Benchmark, record: Record, graded: Graded, field: str | None = None
) -> dict[str, Any]:
    """Return one line of graded.jsonl."""
    text = record.get(field or "response")
    keys = {name: record[name] for name in ("id", "ID", "key", "pid") if name in record}

    def verdict(grade: Grade) -> dict[str, Any]:
        return {"value": grade.value, "correct": grade.correct}

    return {
        "id": benchmark.identify(record),
        **keys,
        "official": verdict(graded.official),
        "strict": verdict(graded.strict),
        "trace": {
            "official": graded.official.reading.trace(text),
            "strict": graded.strict.reading.trace(text),
        },
    }


def write_results(
    out: Path,
    benchmark: Benchmark,
    records: Sequence[Record],
    *,
    seed: int,
    about: Mapping[str, Any],
    field: str | None = None,
) -> tuple[dict[str, Any], list[Graded]]:
    """Grade records, write ``graded.jsonl`` and ``results.json`` to ``out``; return results and verdicts.

    ``about`` joins the results: what was graded, its config and hash.
    """
    graded = grade_records(benchmark, records, field)
    results = {
        **summarise(benchmark, records, graded, seed),
        "seed": seed,
        **about,
        "environment": environment(),
    }
    with atomic_write(out / "graded.jsonl") as file:
        for record, verdict in zip(records, graded, strict=True):
            line = verdict_line(benchmark, record, verdict, field)
            file.write(json.dumps(line, ensure_ascii=True) + "\n")  # a lone surrogate has no UTF-8 form
    write_json(out / "results.json", results)
    return results, graded


def print_table(title: str, results: dict[str, Any]) -> None:
    """Print accuracy with its interval, strict accuracy, chance and n, overall and per group."""
    table = Table(title=title)
    for name in ("", "official", "95 % interval", "strict", "chance", "unread", "n"):
        table.add_column(name, justify="left" if not name else "right")
    for name, row in [*results["groups"].items(), ("all", results)]:
        low, high = row["ci95"]
        percent = (f"{100 * row[key]:.1f} %" for key in ("accuracy", "strict_accuracy", "chance"))
        official, strict, chance = percent
        interval = f"{100 * low:.1f} to {100 * high:.1f}"
        table.add_row(name, official, interval, strict, chance, str(row["strict_unread"]), str(row["n"]))
    Console().print(table)


@command
def main(argv: list[str]) -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(
        prog="python -m mmgeolm.grade", description=(__doc__ or "").split("\n")[0]
    )
    parser.add_argument("benchmark", help=f"one of {', '.join(BENCHMARKS)}")
    parser.add_argument("file", type=Path, help="JSON lines: our predictions.jsonl, or published responses")
    parser.add_argument("--out", type=Path, required=True, help="folder for graded.jsonl and results.json")
    parser.add_argument(
        "--extraction-field", metavar="NAME", help="grade this field instead of reading the response"
    )
    args = parser.parse_args(argv)
    benchmark = find_benchmark(args.benchmark)
    refuse_run_folder(args.out)
    options = GradeOptions(benchmark=args.benchmark, extraction_field=args.extraction_field)
    records = read_records(args.file, benchmark, args.extraction_field or "response")
    about = {
        "input": {"file": str(args.file), "sha256": hashlib.sha256(args.file.read_bytes()).hexdigest()},
        "config": to_plain(options),
        "config_hash": config_hash(options),
    }
    results, _ = write_results(
        args.out, benchmark, records, seed=options.seed, about=about, field=options.extraction_field
    )
    print_table(f"{args.benchmark}: {args.file.name}", results)
    if results["repeated_ids"]:
        console.print(
            f"{results['repeated_ids']} lines repeat an id; each line was graded and counted.", style="yellow"
        )


if __name__ == "__main__":
    main(None)
