"""``results.json`` of a run, read into checked values: scores with intervals, differences, claims."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

POOLS = ("random", "retrieval", "rule", "image")
ARMS = {
    "A": "in-batch with ten random negatives per positive",
    "B": "the same with ten hard negatives per positive",
    "C": "in-batch with a large batch, for as long as B trained",
    "start": "the warm start that A, B and C share",
    "untrained": "random weights",
}


@dataclass(frozen=True)
class Score:
    """A share of ``n`` cases that came out right, its 95 % interval, and what guessing gives.

    Of the cases that came out wrong, ``unread`` had an answer in which nothing could be read.
    """

    value: float
    interval: tuple[float, float] | None = None
    n: int | None = None
    chance: float | None = None
    unread: float | None = None


@dataclass(frozen=True)
class Encoder:
    """What one encoder scored: Hit@1, Hit@5 and ties per pool; per pool and operator Hit@1 and pairs won."""

    arm: str
    objective: str
    seconds: float | None
    samples: float | None
    hits: Mapping[str, Score]
    hits5: Mapping[str, float]
    ties: Mapping[str, float]
    sizes: Mapping[str, float]
    operators: Mapping[str, Mapping[str, Score]]
    pairs: Mapping[str, Mapping[str, Score]]


@dataclass(frozen=True)
class Difference:
    """``a`` minus ``b`` on the same cases, with the 95 % interval of a paired bootstrap."""

    what: str
    a: str
    b: str
    pool: str
    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Results:
    """Everything the report tells; ``raw`` holds data, seconds, settings and environment as written."""

    encoders: Mapping[str, Encoder]
    lmms: Mapping[str, Mapping[str, Score]]
    benchmarks: Mapping[str, Score]
    differences: tuple[Difference, ...]
    notes: tuple[str, ...]
    raw: Mapping[str, Any]

    def arm(self, name: str) -> str:
        """Return the arm of an encoder, or of the LMM on it."""
        return self.encoders[name].arm if name in self.encoders else name

    def difference(self, what: str, a: str, b: str, pool: str) -> Difference | None:
        """Return arm ``a`` minus arm ``b``, whichever way round it is stored; None if it was not measured."""
        for d in self.differences:
            if (d.what, d.pool) == (what, pool) and (self.arm(d.a), self.arm(d.b)) == (a, b):
                return d
            if (d.what, d.pool) == (what, pool) and (self.arm(d.a), self.arm(d.b)) == (b, a):
                return Difference(what, d.b, d.a, pool, -d.value, -d.high, -d.low)
        return None


def read_results(folder: str | Path) -> Results:
    """Read ``folder/results.json``.

    Raises FileNotFoundError where it is missing, and ValueError that names file, field and value where it is
    not what a run writes.
    """
    give = "the folder of a run, as runs/demo after make demo"
    path, raw = load_results(folder, give=give, again="run the demo again")
    try:
        return parse_results(raw)
    except ValueError as error:
        raise ValueError(f"{path}, {error}") from error


def load_results(folder: str | Path, *, give: str, again: str) -> tuple[Path, Any]:
    """Return path and content of ``folder/results.json``; errors say what to ``give`` or do ``again``."""
    path = Path(folder) / "results.json"
    if not path.is_file():
        raise FileNotFoundError(f"{path} does not exist; give {give}")
    try:
        return path, json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(f"{path} is not valid JSON ({error}); {again}") from error


def parse_results(raw: Any) -> Results:
    """Return checked results from the content of a results.json; absent parts are empty, never guessed."""
    top = _object("results", raw)
    encoders = {k: _encoder(f"encoders.{k}", v) for k, v in _object("encoders", top.get("encoders")).items()}
    encoders = dict(sorted(encoders.items(), key=lambda item: [*ARMS].index(item[1].arm)))
    lmms = {k: _lmm(f"lmms.{k}", v) for k, v in _object("lmms", top.get("lmms")).items()}
    for name in lmms.keys() - encoders.keys() - ARMS.keys():
        raise _wrong(f"lmms.{name}", name, f"the name of an encoder: {', '.join(encoders)}")
    order = [*encoders, *ARMS]
    lmms = dict(sorted(lmms.items(), key=lambda item: order.index(item[0])))
    benchmarks = {
        k: _score(f"benchmarks.{k}", _object(f"benchmarks.{k}", v), "accuracy")
        for k, v in _object("benchmarks", top.get("benchmarks")).items()
    }
    pairs, notes = (_list(name, top.get(name)) for name in ("comparisons", "notes"))
    differences = tuple(_difference(f"comparisons[{i}]", pair) for i, pair in enumerate(pairs))
    for part in ("data", "seconds", "settings", "environment"):
        _object(part, top.get(part))
    _numbers("seconds", top.get("seconds"), 0, math.inf)
    data = top.get("data") or {}
    for part in ("negatives", "rejected"):
        _numbers(f"data.{part}", data.get(part), 0, math.inf)
    _number("data.samples", data.get("samples"), 0, math.inf)
    _number("data.verified_false", data.get("verified_false"), 0, 1)
    return Results(encoders, lmms, benchmarks, differences, tuple(map(str, notes)), top)


def _encoder(where: str, raw: Any) -> Encoder:
    entry = _object(where, raw)
    if entry.get("arm") not in ARMS:
        raise _wrong(f"{where}.arm", entry.get("arm"), f"one of {', '.join(ARMS)}")
    pools = _object(f"{where}.hit@1", entry.get("hit@1"))
    told = entry.get("candidates") or entry.get("pool_size")  # the mean where some samples have fewer
    found = {pool: _at(f"{where}.pool_size", told, pool, 1, math.inf) for pool in pools}
    sizes = {pool: size for pool, size in found.items() if size is not None}
    hits = {pool: _score(where, entry, "hit@1", pool) for pool in pools}
    operators = _operators(f"{where}.per_operator", entry.get("per_operator"))
    for pool in hits.keys() & sizes.keys():
        hits[pool] = replace(hits[pool], chance=hits[pool].chance or 1 / sizes[pool])
    return Encoder(
        arm=entry["arm"],
        objective=str(entry.get("objective") or ""),
        seconds=_number(f"{where}.train_seconds", entry.get("train_seconds"), 0, math.inf),
        samples=_number(f"{where}.samples_seen", entry.get("samples_seen"), 0, math.inf),
        hits=hits,
        hits5=_numbers(f"{where}.hit@5", entry.get("hit@5"), 0, 1),
        ties=_numbers(f"{where}.tie_rate", entry.get("tie_rate"), 0, 1),
        sizes=sizes,
        operators={
            pool: {
                name: _score(f"{place}.hits", score["hits"], "hit@1")
                for name, (place, score) in of_pool.items()
                if score.get("hits")
            }
            for pool, of_pool in operators.items()
        },
        pairs={
            pool: {name: _score(place, score, "accuracy") for name, (place, score) in of_pool.items()}
            for pool, of_pool in operators.items()
        },
    )


def _operators(where: str, raw: Any) -> dict[str, dict[str, tuple[str, dict[str, Any]]]]:
    """Return per pool and operator where its entry stands and what it holds."""
    return {
        pool: {
            "no edit" if name == "unknown" else name: (
                f"{where}.{pool}.{name}",
                _object(f"{where}.{pool}.{name}", entry),
            )
            for name, entry in _object(f"{where}.{pool}", entries).items()
        }
        for pool, entries in _object(where, raw).items()
    }


def _lmm(where: str, raw: Any) -> dict[str, Score]:
    entry = _object(where, raw)
    types = _object(f"{where}.accuracy", entry.get("accuracy"))
    counts = _numbers(f"{where}.n_per_type", entry.get("n_per_type"), 0, math.inf)
    if isinstance(entry.get("n"), int | float):
        entry = {**entry, "n": {"overall": entry["n"], **counts}}  # one number is that of all questions
    ordered = sorted(types, key=lambda name: name != "overall")  # the sum first, then as written
    return {name: _score(where, entry, "accuracy", name) for name in ordered}


def _difference(where: str, raw: Any) -> Difference:
    entry = _object(where, raw)
    if entry.get("what") not in ("encoders", "lmms"):
        raise _wrong(f"{where}.what", entry.get("what"), "encoders or lmms")
    value, low, high = (_needed(f"{where}.{k}", entry.get(k), -1, 1) for k in ("difference", "low", "high"))
    names = str(entry.get("a")), str(entry.get("b")), str(entry.get("pool") or "overall")
    return Difference(entry["what"], *names, value, low, high)


def _score(where: str, entry: Any, field: str, key: str = "") -> Score:
    """Read ``entry[field]``, or ``entry[field][key]``, with its interval, count and chance."""
    entry = _object(where, entry)
    value = entry.get(field)
    value = _needed(f"{where}.{field}{key and '.' + key}", value[key] if key else value, 0, 1)
    ends = entry.get("ci95")
    ends = _object(f"{where}.ci95", ends).get(key) if key else ends
    if ends is not None and not (isinstance(ends, list) and len(ends) == 2):
        raise _wrong(f"{where}.ci95{key and '.' + key}", ends, "[low, high], or null")
    interval = tuple(_needed(f"{where}.ci95", end, 0, 1) for end in ends) if ends else None
    n = _at(f"{where}.n", entry.get("n"), key, 0, math.inf)
    chance = _at(f"{where}.chance", entry.get("chance"), key, 0, 1)
    unread = _number(f"{where}.unread", entry.get("unread"), 0, math.inf)
    return Score(value, interval, None if n is None else round(n), chance, unread)  # type: ignore[arg-type]


def _at(where: str, value: Any, key: str, low: float, high: float) -> float | None:
    """Return one number for all keys, or that of ``key``."""
    return _number(where, value.get(key) if isinstance(value, dict) else value, low, high)


def _numbers(where: str, raw: Any, low: float, high: float) -> dict[str, float]:
    return {k: _needed(f"{where}.{k}", v, low, high) for k, v in _object(where, raw).items()}


def _number(where: str, value: Any, low: float, high: float) -> float | None:
    return None if value is None else _needed(where, value, low, high)


def _needed(where: str, value: Any, low: float, high: float) -> float:
    good = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    if not good or not low <= value <= high:
        raise _wrong(where, value, f"a number from {low:g} to {high:g}")
    return float(value)


def _object(where: str, value: Any) -> dict[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise _wrong(where, value, "an object")
    return value


def _list(where: str, value: Any) -> list[Any]:
    if value is not None and not isinstance(value, list):
        raise _wrong(where, value, "a list")
    return value or []


def _wrong(where: str, value: Any, allowed: str) -> ValueError:
    return ValueError(f"field {where}: got {value!r:.80}; expected {allowed}")
