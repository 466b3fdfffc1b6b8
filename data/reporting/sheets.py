"""The tables of a run as finished text, the same for the page and the terminal."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from configs.load import flatten
from data.reporting.claims import claims, percent, points, told_apart
from data.reporting.page import Sheet
from data.reporting.results import ARMS, POOLS, Encoder, Results, Score

Operators = Mapping[str, Mapping[str, Score]]
Rows = list[tuple[str, ...]]


def sheets(results: Results) -> dict[str, list[Sheet]]:
    """Return the tables of each section of the report, those without rows left out."""
    made = {
        "claims": [_claims(results)],
        "encoders": [_encoders(results), _hits(results)],
        "operators": [
            _operators(results, "Hit@1 with 95 % interval, in percent", lambda e: e.operators),
            _operators(results, "Pairs won with 95 % interval, in percent; chance is 50", lambda e: e.pairs),
        ],
        "differences": [_differences(results)],
        "lmms": [_lmms(results)],
        "benchmarks": [_benchmarks(results)],
        "seconds": [_seconds(results)],
        "data": [_data(results), _rejected(results)],
        "settings": [_flat(results, "settings")],
        "environment": [_flat(results, "environment")],
    }
    return {section: [sheet for sheet in found if sheet.rows] for section, found in made.items()}


def _claims(results: Results) -> Sheet:
    rows = [(claim.text, claim.verdict, claim.numbers) for claim in claims(results)]
    return _sheet("Claims", ("claim", "verdict", "numbers"), "lll", rows)


def _encoders(results: Results) -> Sheet:
    rows = [
        (title(results, name), ARMS[e.arm], e.objective or "–", count(e.samples), duration(e.seconds))
        for name, e in results.encoders.items()
    ]
    head = ("encoder", "what it is", "objective", "samples seen", "training, m:ss")
    return _sheet("Encoders", head, "lllrr", rows)


def _hits(results: Results) -> Sheet:
    rows = [
        (
            pool,
            title(results, name),
            percent(e.hits[pool].value),
            interval(e.hits[pool]),
            percent(e.hits5.get(pool)),
            percent(e.ties.get(pool)),
            percent(e.hits[pool].chance),
            f"{e.sizes[pool]:.3g}" if pool in e.sizes else "–",
            count(e.hits[pool].n),
        )
        for pool in in_order({pool for e in results.encoders.values() for pool in e.hits})
        for name, e in results.encoders.items()
        if pool in e.hits
    ]
    head = ("pool", "encoder", "Hit@1", "95 % interval", "Hit@5", "ties", "chance", "candidates", "n")
    return _sheet("Retrieval, in percent", head, "llrrrrrrr", rows)


def _operators(results: Results, caption: str, part: Callable[[Encoder], Operators]) -> Sheet:
    systems = {
        name: {
            (pool, operator): score for pool, found in part(e).items() for operator, score in found.items()
        }
        for name, e in results.encoders.items()
    }
    keys = {key: None for scores in systems.values() for key in scores}
    ordered = [key for pool in in_order({pool for pool, _ in keys}) for key in keys if key[0] == pool]
    head = ("pool", "edit operator", *(title(results, name) for name in systems))
    rows = [(*key, *(with_interval(scores.get(key)) for scores in systems.values())) for key in ordered]
    return _sheet(caption, head, "ll" + "r" * len(systems), rows)


def _differences(results: Results) -> Sheet:
    measure = {"encoders": "Hit@1", "lmms": "answers"}
    rows = [
        (
            f"{d.a} − {d.b}",
            measure[d.what],
            d.pool,
            points(d.value),
            f"{points(d.low)} to {points(d.high)}",
            told_apart(d),
        )
        for d in results.differences
    ]
    head = ("difference", "of", "pool or questions", "points", "95 % interval", "")
    return _sheet("Paired differences, in points", head, "lllrrl", rows)


def _lmms(results: Results) -> Sheet:
    systems = list(results.lmms.values())
    kinds = {kind: score for scores in systems for kind, score in scores.items()}
    head = ("questions", "n", "chance", *(f"on {title(results, name)}" for name in results.lmms))
    rows = [
        (kind, count(score.n), percent(score.chance), *(with_interval(s.get(kind)) for s in systems))
        for kind, score in kinds.items()
    ]
    return _sheet("Right answers with 95 % interval, in percent", head, "lrr" + "r" * len(results.lmms), rows)


def _benchmarks(results: Results) -> Sheet:
    rows = [
        (name, count(s.n), percent(s.value), interval(s), percent(s.chance), count(s.unread))
        for name, s in results.benchmarks.items()
    ]
    head = ("benchmark", "n", "right", "95 % interval", "chance", "answers without an option")
    return _sheet("Benchmarks, in percent", head, "lrrrrr", rows)


def _seconds(results: Results) -> Sheet:
    steps: Mapping[str, float] = results.raw.get("seconds") or {}
    total = sum(steps.values())
    rows = [(name, duration(s), f"{100 * s / total:.0f}" if total else "–") for name, s in steps.items()]
    if rows:
        rows.append(("total", duration(total), "100" if total else "–"))
    return _sheet("Time per step", ("step", "m:ss", "share, %"), "lrr", rows)


def _data(results: Results) -> Sheet:
    data: Mapping[str, Any] = results.raw.get("data") or {}
    rows: Rows = [("samples", count(data["samples"]))] if "samples" in data else []
    rows += [(f"{kind} negatives", count(n)) for kind, n in (data.get("negatives") or {}).items()]
    if data.get("verified_false") is not None:
        rows.append(("negatives proved false, %", percent(data["verified_false"])))
    return _sheet("Data", ("", "count"), "lr", rows)


def _rejected(results: Results) -> Sheet:
    found = ((results.raw.get("data") or {}).get("rejected") or {}).items()
    rows: Rows = [(reason, count(n)) for reason, n in sorted(found, key=lambda item: -item[1])]
    return _sheet("Rejected while building", ("reason", "count"), "lr", rows)


def _flat(results: Results, part: str) -> Sheet:
    found = flatten(dict(results.raw.get(part) or {}))
    rows: Rows = [(key, "–" if value is None else str(value)) for key, value in found.items()]
    return _sheet(part.capitalize(), ("key", "value"), "ll", rows)


def _sheet(name: str, head: tuple[str, ...], align: str, rows: Iterable[tuple[str, ...]]) -> Sheet:
    return Sheet(name, head, align, tuple(rows))


def title(results: Results, name: str) -> str:
    """Return how a system is called: its name, with its arm where that differs."""
    arm = results.arm(name)
    return name if name == arm else f"{name} ({arm})"


def in_order(pools: Iterable[str]) -> list[str]:
    """Return pools from easy to hard as the paper lists them, unknown ones last."""
    return sorted(pools, key=lambda pool: (POOLS.index(pool) if pool in POOLS else len(POOLS), pool))


def interval(score: Score) -> str:
    """Return a 95 % interval in percent, or a dash."""
    return f"{percent(score.interval[0])}–{percent(score.interval[1])}" if score.interval else "–"


def with_interval(score: Score | None) -> str:
    """Return a share in percent and its interval in brackets, or a dash."""
    if score is None:
        return "–"
    return f"{percent(score.value)} ({interval(score)})" if score.interval else percent(score.value)


def duration(seconds: float | None) -> str:
    """Return seconds as ``m:ss``, with hours where there are some, or a dash."""
    if seconds is None:
        return "–"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02d}:{rest:02d}" if minutes >= 60 else f"{minutes}:{rest:02d}"


def count(number: float | None) -> str:
    """Return a count with commas between thousands, or a dash."""
    return "–" if number is None else f"{number:,.0f}"
