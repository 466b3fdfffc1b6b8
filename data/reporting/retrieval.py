"""The report of a retrieval evaluation: tables for page and terminal, plots, and the hardest mistakes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from data.reporting import charts, misses
from data.reporting.charts import Bar, Difference, Group
from data.reporting.claims import percent, points
from data.reporting.looks import look
from data.reporting.misses import Miss, miss_card
from data.reporting.page import Sheet, figure, page, paragraph, section, table

DIRECTIONS = {"rule": "image to text", "image": "text to image"}
"""Of the pools that have one by nature; others say it in their name."""
INTERVALS = (
    "Intervals are 95 % bootstrap intervals over samples, of differences paired by sample; they are not "
    "corrected for how many there are."
)


def retrieval_sheets(results: Mapping[str, Any]) -> list[Sheet]:
    """Return the tables of a results.json of ``geoclip.retrieval``, those without rows left out."""
    names = _names(results)
    sheets = [
        Sheet("Models", ("", "model", "n", "skipped"), "llrr", tuple(_models(results, names))),
        _pools("Hit@k in percent", names, {m: e["pools"] for m, e in results["models"].items()}),
        _operators(results, names),
        _comparisons(results, names),
        _disturbances(results, names),
        _changes(results, names),
    ]
    return [sheet for sheet in sheets if sheet.rows]


def retrieval_page(results: Mapping[str, Any], mistakes: Mapping[str, Sequence[Miss]]) -> str:
    """Return the page of an evaluation; ``mistakes`` holds those of each model, the hardest first."""
    sheets = {sheet.title: table(sheet) for sheet in retrieval_sheets(results)}
    names = _names(results)
    legend = charts.legend([(look(i), model) for i, model in enumerate(names)], inline=False)
    compared = sheets.pop("Differences of models, in points", "")
    parts = [
        paragraph(f"Test samples: {results['config']['data']}. A tie is a miss. {INTERVALS}"),
        legend,
        section("Pools", _pool_bars(results), sheets.pop("Models"), sheets.pop("Hit@k in percent")),
        section("Edit types", sheets.pop("Edit types", "") or paragraph("No sample has negatives.")),
        section("Models compared", compared) if compared else "",
        section("Robustness", _robustness(results, names), *sheets.values()) if sheets else "",
        *(_mistakes(f"{names[model]}: {model}", found) for model, found in mistakes.items()),
    ]
    return page("Retrieval", "".join(parts), charts.STYLE + misses.STYLE)


def _names(results: Mapping[str, Any]) -> dict[str, str]:
    """Return a letter for every model, A, B and so on, in their order."""
    return {model: look(i).letter for i, model in enumerate(results["models"])}


def _models(results: Mapping[str, Any], names: Mapping[str, str]) -> Iterable[tuple[str, ...]]:
    for model, entry in results["models"].items():
        yield names[model], model, str(entry["n"]), str(entry["skipped"]["n"])


def _pools(title: str, names: Mapping[str, str], found: Mapping[str, Mapping[str, Any]]) -> Sheet:
    rows = []
    for pool in dict.fromkeys(pool for pools in found.values() for pool in pools):
        for model, pools in found.items():
            if (p := pools[pool])["n"]:
                at5, chance = percent(p["hit@5"]), percent(p["chance"]["hit@1"])
                sizes = (f"{1 + p['negatives']['mean']:.3g}", str(p["n"]), str(p["left_out"]))
                ties = percent(p["tie_rate"])
                rows.append((in_words(pool), names[model], _first(p), at5, ties, chance, *sizes))
    head = ("pool", "", "Hit@1", "Hit@5", "ties", "chance", "candidates", "n", "left out")
    return Sheet(title, head, "llrrrrrrr", tuple(rows))


def in_words(pool: str) -> str:
    """Return the name of a pool with its direction."""
    if pool.endswith("_t2i"):
        return f"{pool.removesuffix('_t2i')}, text to image"
    return f"{pool}, {DIRECTIONS.get(pool, 'image to text')}"


def _first(pool: Mapping[str, Any]) -> str:
    low, high = pool["ci95"]["hit@1"]
    return f"{percent(pool['hit@1'])} ({percent(low)}–{percent(high)})"


def _operators(results: Mapping[str, Any], names: Mapping[str, str]) -> Sheet:
    found = {model: entry["operators"] for model, entry in results["models"].items()}
    rows = []
    for name in dict.fromkeys(name for operators in found.values() for name in operators):
        kind, operator = name.split("/", 1)
        for model, operators in found.items():
            if (one := operators.get(name)) is not None:
                low, high = one["ci95"]
                pairs = f"{percent(one['accuracy'])} ({percent(low)}–{percent(high)})"
                chance = percent(one["pool"]["chance"]["hit@1"])
                shown = "no edit" if operator == "unknown" else operator
                counts = (str(one["n"]), str(one["pairs"]))
                rows.append((kind, shown, names[model], pairs, _first(one["pool"]), chance, *counts))
    head = ("negatives", "edit", "", "pairs won (chance 50)", "Hit@1", "its chance", "n", "pairs")
    return Sheet("Edit types", head, "lllrrrrr", tuple(rows))


def _comparisons(results: Mapping[str, Any], names: Mapping[str, str]) -> Sheet:
    rows = [
        (f"{names[pair['a']]} − {names[pair['b']]}", *row)
        for pair in results["comparisons"]
        for row in _difference_rows(pair)
    ]
    head = ("models", "of", "points", "95 % interval", "p", "n")
    return Sheet("Differences of models, in points", head, "llrrrr", tuple(rows))


def _difference_rows(pair: Mapping[str, Any]) -> Iterable[tuple[str, ...]]:
    for part, what in (("hit@1", "Hit@1"), ("operators", "pairs won")):
        for name, d in pair[part].items():
            told = in_words(name) if part == "hit@1" else name.replace("/", ", ")
            interval = f"{points(d['low'])} to {points(d['high'])}"
            yield f"{what}: {told}", points(d["difference"]), interval, f"{d['p']:.3f}", str(d["n"])


def _disturbances(results: Mapping[str, Any], names: Mapping[str, str]) -> Sheet:
    rows = [
        (
            _told(one),
            names[one["model"]],
            in_words(pool),
            _first(p),
            percent(p["chance"]["hit@1"]),
            str(p["n"]),
        )
        for one in results["disturbances"]
        for pool, p in one["pools"].items()
        if p["n"]
    ]
    head = ("disturbance", "", "pool", "Hit@1", "chance", "n")
    return Sheet("Under disturbances, in percent", head, "lllrrr", tuple(rows))


def _changes(results: Mapping[str, Any], names: Mapping[str, str]) -> Sheet:
    rows = [
        (_told(one), names[one["model"]], *row)
        for one in results["disturbances"]
        for row in _difference_rows(one["differences"])
    ]
    head = ("disturbance", "", "of", "points", "95 % interval", "p", "n")
    return Sheet("Disturbed less undisturbed, in points", head, "lllrrrr", tuple(rows))


def _told(one: Mapping[str, Any]) -> str:
    return f"{one['name']} ({one['same_scenes']} scenes in both)" if "same_scenes" in one else one["name"]


def _pool_bars(results: Mapping[str, Any]) -> str:
    groups = []
    entries = list(results["models"].values())
    for pool in entries[0]["pools"]:
        found = [(i, entry["pools"][pool]) for i, entry in enumerate(entries) if entry["pools"][pool]["n"]]
        if found:
            bars = tuple(Bar(look(i), p["hit@1"], tuple(p["ci95"]["hit@1"])) for i, p in found)
            first = found[0][1]
            groups.append(Group(pool, bars, f"n {first['n']}", first["chance"]["hit@1"]))
    text = "Hit@1 per pool; whiskers: 95 % intervals, dashed: chance."
    return figure(charts.bars(groups, text), text) if groups else paragraph("No pool has a sample.")


def _robustness(results: Mapping[str, Any], names: Mapping[str, str]) -> str:
    rows = [
        Difference(
            f"{names[one['model']]}, {one['name']}, {pool}"[-40:],
            d["difference"],
            d["low"],
            d["high"],
            f"{points(d['difference'])} ({points(d['low'])} to {points(d['high'])})",
        )
        for one in results["disturbances"]
        for pool, d in one["differences"]["hit@1"].items()
    ]
    text = (
        "Hit@1 with disturbed pictures less without, in points; filled where zero lies outside the interval."
    )
    told = ""
    if any("same_scenes" in one for one in results["disturbances"]):
        told = paragraph(
            f"Other data ({results['config']['other_data']}) show the same scenes, but their captions and "
            "negatives are their own: what no picture tells, no caption says and no edit changes. Edit types "
            "compare like with like."
        )
    return (figure(charts.differences(rows, text), text) if rows else "") + told


def _mistakes(model: str, found: Sequence[Miss]) -> str:
    if not found:
        return ""
    told = (
        "Of every pool the samples whose positive lost by most. Words that differ from the right caption are "
        "marked; a residual says by how many visible margins the edited statement misses the truth."
    )
    return section(f"Hardest mistakes of {model}", paragraph(told, "muted"), *map(miss_card, found))
