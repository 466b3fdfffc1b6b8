"""Gather what the steps of the demo left into one results file."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

ARMS = ("A", "B", "C", "untrained")
POOLS = ("random", "retrieval", "rule", "image")


def summarise(
    out: Path, shards: Path, warmstart: str, lmms: Sequence[str], steps: dict[str, Any], notes: list[str]
) -> dict[str, Any]:
    """Return the results of the demo in folder ``out``; ``notes`` are facts the report tells."""
    retrieval = _read(out / "retrieval" / "results.json")
    folders = encoder_folders(out, warmstart)
    comparisons = [
        {"what": "encoders", "a": folders[pair["a"]], "b": folders[pair["b"]], "pool": pool, **found}
        for pair in retrieval["comparisons"]
        for pool, found in pair["hit@1"].items()
    ]
    answers = _read(out / "answers" / "results.json")
    names = dict(zip(answers["models"], lmms, strict=True))
    comparisons += [
        {**pair, "what": "lmms", "a": names[pair["a"]], "b": names[pair["b"]], "pool": "overall"}
        for pair in answers["comparisons"]
    ]
    comparisons = [_towards_b(pair) for pair in comparisons]
    results = {
        "encoders": {
            folders[m]: _encoder(out, folders[m], entry) for m, entry in retrieval["models"].items()
        },
        "lmms": {names[folder]: _accuracies(found) for folder, found in answers["models"].items()},
        "benchmarks": _benchmarks(out / "wemath" / "results.json"),
        "data": _data(shards),
        "comparisons": comparisons,
        "seconds": {name: step["seconds"] for name, step in steps.items()},
    }
    return {**results, "notes": notes}


def encoder_folders(out: Path, warmstart: str) -> dict[str, str]:
    """Return the name of each encoder of a demo in ``out``, by its folder."""
    arms = {str(out / "encoders" / arm / "export" / "clip"): arm for arm in ARMS}
    return {warmstart: "start", **arms}


def _towards_b(pair: dict[str, Any]) -> dict[str, Any]:
    """Turn a comparison so that the stronger claim comes first: B, A, C, start, untrained."""
    order = ("B", "A", "C", "start", "untrained")
    if order.index(pair["a"]) < order.index(pair["b"]):
        return pair
    turned = {"a": pair["b"], "b": pair["a"], "difference": 0.0 - pair["difference"]}
    return {**pair, **turned, "low": 0.0 - pair["high"], "high": 0.0 - pair["low"]}


def _encoder(out: Path, name: str, entry: dict[str, Any]) -> dict[str, Any]:
    run = out / "encoders" / name / "results.json"
    trained = _read(run) if run.is_file() else {}
    pools = {pool: entry["pools"][pool] for pool in POOLS if entry["pools"][pool]["n"]}
    return {
        "arm": name,
        "objective": " + ".join(
            name if weight == 1 else f"{weight:g} {name}"
            for name, weight in trained.get("objective", {}).items()
        )
        or "none",
        "train_seconds": trained.get("seconds", 0.0),
        "samples_seen": trained.get("samples_seen", 0),
        "steps": trained.get("steps", 0),
        "hit@1": {pool: found["hit@1"] for pool, found in pools.items()},
        "hit@5": {pool: found["hit@5"] for pool, found in pools.items()},
        "ci95": {pool: found["ci95"]["hit@1"] for pool, found in pools.items()},
        "tie_rate": {pool: found["tie_rate"] for pool, found in pools.items()},
        "chance": {pool: found["chance"]["hit@1"] for pool, found in pools.items()},
        "pool_size": 1 + max(found["negatives"]["max"] for found in pools.values()),
        "candidates": {pool: 1 + found["negatives"]["mean"] for pool, found in pools.items()},
        "per_operator": _by_kind(entry["operators"]),
        "n": entry["n"],
    }


def _by_kind(operators: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Turn ``rule/letters`` into ``rule``, ``letters``; each combination is too rare to be shown.

    ``hits`` is the Hit@1 among that operator's negatives alone, whose number and so whose chance differ.
    """
    found: dict[str, dict[str, Any]] = {}
    for name, entry in operators.items():
        kind, operator = name.split("/", 1)
        if "+" in operator:
            continue
        pool = entry["pool"]
        hits = {"hit@1": pool["hit@1"], "n": pool["n"]}
        hits |= {part: pool[part]["hit@1"] for part in ("ci95", "chance")}
        pairs = {part: entry[part] for part in ("accuracy", "ci95", "n", "pairs")}
        found.setdefault(kind, {})[operator] = {**pairs, "hits": hits}
    return found


def _accuracies(found: dict[str, Any]) -> dict[str, Any]:
    """Return an evaluation's accuracies, intervals and counts by group, with the whole under ``overall``."""
    groups = {**found["groups"], "overall": found}
    parts = {
        part: {name: group[part] for name, group in groups.items()} for part in ("accuracy", "ci95", "n")
    }
    chance = {name: group["chance"] for name, group in groups.items()}
    return {**parts, "n": found["n"], "n_per_type": parts["n"], "chance": chance}


def _benchmarks(path: Path) -> dict[str, Any]:
    if not path.is_file():
        return {}
    found = _read(path)
    names = {"S2": "wemath S2", "S3": "wemath S3"}
    return {
        name: {part: found["groups"][group][part] for part in ("accuracy", "ci95", "n", "chance", "unread")}
        for group, name in names.items()
        if group in found["groups"]
    }


def _data(shards: Path) -> dict[str, Any]:
    """Add up the counts of all splits."""
    total: dict[str, Any] = {"samples": 0, "negatives": {}, "rejected": {}}
    false = 0
    for index in sorted(shards.glob("*/index.json")):
        found = _read(index)
        total["samples"] += found["samples"]
        for part, counts in (("negatives", found["counts"]["kinds"]), ("rejected", found["rejected"])):
            for name, count in counts.items():
                total[part][name] = total[part].get(name, 0) + count
        false += found["counts"]["verdicts"].get("false", 0)
    total["shards"] = str(shards)
    total["verified_false"] = false / max(1, sum(total["negatives"].values()))
    return total


def _read(path: Path) -> dict[str, Any]:
    return json.loads(path.read_text())
