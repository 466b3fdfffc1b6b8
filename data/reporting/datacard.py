"""The card of a data set as tables for page and terminal, and as a page with plots."""

from __future__ import annotations

import json
from collections.abc import Mapping
from html import escape
from typing import Any

from data.reporting import charts
from data.reporting.page import Sheet, figure, page, paragraph, section, table

LOOKS = {"rule": charts.Look("R", "#0072b2"), "image": charts.Look("I", "#d55e00")}
MOST = 60
"""Rows of one table of counts; foreign data may have a template per sample."""


def card_page(card: Mapping[str, Any]) -> str:
    """Return the page of a card."""
    sheets = {sheet.title: table(sheet) for sheet in card_sheets(card)}
    origin = "".join(sheets.pop(t, "") for t in ("Origin", "Versions"))
    lengths = "".join(sheets.pop(t) for t in list(sheets) if t.startswith(("Lengths", "Beyond")))
    balance = "".join(sheets.pop(t, "") for t in ("Negatives", "Operators", "Edits per negative"))
    refused = "".join(sheets.pop(title) for title in list(sheets) if title.startswith("Rejected"))
    told = f"{card['samples']:,} samples in {len(card['shards'])} shard folder(s)."
    if card["unreadable"]:
        told += f" {card['unreadable']:,} more cannot be read; they are in no count."
    none = paragraph("Nothing was rejected, or the index does not tell.")
    parts = [
        paragraph(told),
        section("Contents", f'<div class="counts">{"".join(sheets.values())}</div>'),
        section("Negatives", _operators(card) + (balance or paragraph("The samples have no negatives."))),
        section("Rejected while building", refused or none),
        section("Lengths", _histograms(card) + lengths),
        section("Origin", origin + _recipes(card)),
    ]
    style = (
        ".counts { display: flex; flex-wrap: wrap; gap: 0 3rem; } pre { font-size: .8rem; overflow-x: auto; }"
    )
    return page(f"Data card: {card['name']}", "".join(parts), charts.STYLE + style)


def card_sheets(card: Mapping[str, Any]) -> list[Sheet]:
    """Return the tables of a card, those without rows left out."""
    made = [
        *(_counts(title, card[key]) for title, key in CONTENTS.items()),
        _negatives(card),
        _operator_table(card),
        _edits(card),
        *(_rejected(name, part) for name, part in card["rejected"].items()),
        _lengths(card["lengths"]),
        _window(card["lengths"]),
        _origin(card),
        _versions(card),
    ]
    return [sheet for sheet in made if sheet.rows]


CONTENTS = {
    "Splits": "splits",
    "Templates": "templates",
    "Question types": "questions",
    "Answers": "answers",
    "Sources": "sources",
    "Licences": "licences",
}


def share(part: float, whole: float) -> str:
    """Return a share in percent with one digit, or a dash where there is no whole."""
    return f"{100 * part / whole:.1f}" if whole else "–"


def _counts(title: str, counts: Mapping[str, int]) -> Sheet:
    total = sum(counts.values())
    rows = [(name, f"{n:,}", share(n, total)) for name, n in list(counts.items())[:MOST]]
    if left := list(counts.values())[MOST:]:
        rows.append((f"{len(left):,} more", f"{sum(left):,}", share(sum(left), total)))
    return Sheet(title, ("", "samples", "%"), "lrr", tuple(rows))


def _negatives(card: Mapping[str, Any]) -> Sheet:
    rows = [
        (
            kind,
            f"{part['count']:,}",
            ", ".join(f"{v} {share(n, part['count'])} %" for v, n in part["verdicts"].items()),
        )
        for kind, part in card["negatives"].items()
    ]
    if rows:
        per = card["negatives_per_sample"]
        rows.append(("per sample", f"{per['mean']:,}", f"median {per['median']}, most {per['max']}"))
    return Sheet("Negatives", ("kind", "count", "verdicts"), "lrl", tuple(rows))


def _operator_table(card: Mapping[str, Any]) -> Sheet:
    """Counts and shares of the negatives of a kind; one with several operators counts for each."""
    kinds = list(card["negatives"])
    names = sorted({name for part in card["negatives"].values() for name in part["operators"]})
    rows = [(name, *(_cell(card["negatives"][kind], "operators", name) for kind in kinds)) for name in names]
    head = ("operator", *(f"{kind}, % of negatives" for kind in kinds))
    return Sheet("Operators", head, "l" + "r" * len(kinds), tuple(rows))


def _edits(card: Mapping[str, Any]) -> Sheet:
    kinds = list(card["negatives"])
    numbers = sorted({n for part in card["negatives"].values() for n in part["edits"]}, key=int)
    rows = [(n, *(_cell(card["negatives"][kind], "edits", n) for kind in kinds)) for n in numbers]
    head = ("edits", *(f"{kind}, % of negatives" for kind in kinds))
    return Sheet("Edits per negative", head, "r" * (1 + len(kinds)), tuple(rows))


def _cell(part: Mapping[str, Any], field: str, name: str) -> str:
    n = part[field].get(name, 0)
    return f"{n:,} ({share(n, part['count'])})" if n else "–"


def _rejected(name: str, part: Mapping[str, Any]) -> Sheet:
    tried = part["accepted"] + part["rejected"]
    rows = [(reason, f"{n:,}", share(n, tried)) for reason, n in part["reasons"].items()]
    rows.append(("all reasons", f"{part['rejected']:,}", share(part["rejected"], tried)))
    rows.append(("accepted", f"{part['accepted']:,}", share(part["accepted"], tried)))
    return Sheet(f"Rejected {name}", ("reason", "count", "% of those tried"), "lrr", tuple(rows))


def _lengths(lengths: Mapping[str, Any]) -> Sheet:
    head = (f"text, in {lengths['unit']}", "texts", "mean", "median", "95 % at most", "longest")
    rows = [
        (_texts(kind), *(f"{part[key]:,}" for key in ("count", "mean", "median", "p95", "max")))
        for kind, part in lengths["texts"].items()
    ]
    return Sheet("Lengths", head, "lrrrrr", tuple(rows))


def _window(lengths: Mapping[str, Any]) -> Sheet:
    """What the window cuts off: texts, edited words, negatives with such a word, those with no other."""
    title = f"Beyond the window of {lengths['window']} tokens, in percent"
    head = ("text", "cut", "edited words", "with an edited word", "same as the caption within")
    rows = []
    for kind, part in lengths["texts"].items() if lengths["window"] is not None else ():
        row = [_texts(kind), share(part["over_window"], part["count"])]
        if "edited_words" in part:
            row.append(share(part["edited_words_beyond"], part["edited_words"]))
            row += [
                share(part[k], part["count"]) for k in ("with_edited_word_beyond", "same_as_caption_within")
            ]
        rows.append((*row, *[""] * (5 - len(row))))
    return Sheet(title, head, "lrrrr", tuple(rows))


def _texts(kind: str) -> str:
    return "captions" if kind == "caption" else f"{kind} negatives"


def _origin(card: Mapping[str, Any]) -> Sheet:
    rows = []
    for part in card["shards"]:
        rows += [
            ("folder", part["folder"]),
            ("samples, files, bytes", f"{part['samples']:,}, {part['files']:,}, {part['bytes']:,}"),
            ("seed", "none" if part["seed"] is None else str(part["seed"])),
            ("command", str(part["command"] or "not recorded")),
            ("git revision", str(part["git_revision"] or "not recorded")),
        ]
    return Sheet("Origin", ("", ""), "ll", tuple(rows))


def _versions(card: Mapping[str, Any]) -> Sheet:
    found: dict[str, dict[str, None]] = {}
    for part in card["shards"]:
        told = part["versions"] if isinstance(part["versions"], dict) else {}
        for name, version in told.items():
            found.setdefault(str(name), {})[str(version or "–")] = None
    rows = tuple((name, ", ".join(versions)) for name, versions in found.items())
    return Sheet("Versions", ("package", "version"), "ll", rows)


def _operators(card: Mapping[str, Any]) -> str:
    kinds = [kind for kind in LOOKS if kind in card["negatives"]]
    names = sorted({name for kind in kinds for name in card["negatives"][kind]["operators"]})[:MOST]
    if not names:
        return ""
    groups = []
    for name in names:
        parts = [(kind, card["negatives"][kind]) for kind in kinds]
        bars = [charts.Bar(LOOKS[k], p["operators"].get(name, 0) / p["count"]) for k, p in parts]
        groups.append(charts.Group(name, tuple(bars)))
    text = "Share of the negatives of a kind that an operator has a part in; there may be several."
    legend = charts.legend([(LOOKS[kind], f"{kind} negatives") for kind in kinds], inline=True)
    return legend + figure(charts.bars(groups, text), text)


def _histograms(card: Mapping[str, Any]) -> str:
    lengths = card["lengths"]
    unit, window = lengths["unit"], lengths["window"]
    panels = [
        charts.histogram(
            {int(n): count for n, count in part["counts"].items()},
            _texts(kind),
            unit,
            limit=window,
        )
        for kind, part in lengths["texts"].items()
    ]
    told = "Lengths in words; name a tower (tower=FOLDER) for tokens and what its window cuts off."
    if window is not None:
        told = f"Lengths in tokens of {lengths['tower']}, special ones too. Dashed: its window, {window}."
    return paragraph(told, "muted") + f'<div class="panels">{"".join(panels)}</div>\n'


def _recipes(card: Mapping[str, Any]) -> str:
    parts = []
    for part in card["shards"]:
        text = escape(json.dumps(part["recipe"], indent=2, ensure_ascii=False))
        name = escape(f"Recipe of {part['folder']}")
        parts.append(f"<details><summary>{name}</summary><pre>{text}</pre></details>\n")
    return "".join(parts)
