"""One sample as plain data for the gallery, and all its pictures as one small file.

Nothing here is HTML: the page puts every string into its place as text.
"""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Mapping
from typing import Any

from PIL import Image

from data.images import PAPER, open_grey
from data.reporting.cards import SIDE, pieces, question, verdict
from data.reporting.outline import Ink, regions
from data.sample import Negative, Sample, SampleError

COLUMNS = 12
"""Pictures side by side in the file of a sample."""
GREYS = 16
"""Grey values in that file, 4 bits a pixel: a third of the bytes of 256, and no difference to the eye."""
MOST = 100
"""Negatives of one kind that are shown of a sample; more are counted."""
ALIKE = 0.5
"""Share of a negative caption that must stand in the caption too, so that the rest is worth marking."""

Trait = tuple[str, str, str]
"""Kind, operator and verdict of a negative; one with several operators has as many traits."""
MENUS = ("kind", "operator", "verdict")


def traits(sample: Sample) -> set[Trait]:
    """Return what the negatives of a sample can be filtered by; one without negatives has kind ``none``."""
    return {trait for negative in sample.negatives for trait in traits_of(negative)} or {("none", "", "")}


def counts(sample: Sample) -> Counter[tuple[str, str]]:
    """Count the negatives of a sample by (menu, value), as ``("kind", "rule")``."""
    found: Counter[tuple[str, str]] = Counter()
    for negative in sample.negatives:
        found.update(
            {(name, value) for trait in traits_of(negative) for name, value in zip(MENUS, trait, strict=True)}
        )
    return found or Counter([("kind", "none")])


def traits_of(negative: Negative) -> set[Trait]:
    """Return one trait per operator, ``no edit`` for a negative that tells none."""
    operators = {edit.operator for edit in negative.edits} or {"no edit"}
    return {(negative.kind, operator, negative.verdict) for operator in operators}


def entry(sample: Sample) -> tuple[dict[str, Any], bytes]:
    """Return what the page shows of a sample, and its pictures side by side as one grey PNG.

    A picture is ``{box: [x, y, width, height]}`` within that PNG, or ``{error: why}``.
    """
    seen: Counter[str] = Counter()
    shown = [n for n in sample.negatives if not _passed(seen, n.kind)]
    names = [n.image for n in shown if n.image is not None]
    greys = {"": _grey(sample.image)} | {name: _grey(sample.images[name]) for name in names}
    pictures, sheet = _sheet(greys)
    original = greys[""]
    base = None if isinstance(original, str) else Ink(original)
    negatives = [
        _picture(n, pictures[n.image], greys[n.image], base) if n.image else _text(n, sample) for n in shown
    ]
    about = [str(sample.meta.get("template") or ""), sample.source, sample.licence]
    made = {
        "key": sample.key,
        "about": [part for part in about if part],
        "caption": sample.caption,
        "question": question(sample),
        "facts": facts(sample),
        "picture": pictures[""],
        "sheet": sheet.size,
        "negatives": negatives,
        "left": {kind: count - MOST for kind, count in seen.items() if count > MOST},
    }
    return made, _encode(sheet)


def facts(sample: Sample) -> list[str]:
    """Return the facts in words with what shows them; those of a foreign form as they stand."""
    shown = sample.evidence if len(sample.evidence) == len(sample.facts) else ("",) * len(sample.facts)
    return [
        _fact(fact) + (f" ({evidence})" if evidence else "")
        for fact, evidence in zip(sample.facts, shown, strict=True)
    ]


def _fact(fact: Mapping[str, Any]) -> str:
    if not isinstance(fact.get("args"), list):
        return str(fact)
    value = "" if fact.get("value") is None else f" = {fact['value']}"
    return f"{fact.get('kind')} {', '.join(map(str, fact['args']))}{value}"


def _passed(seen: Counter[str], kind: str) -> bool:
    seen[kind] += 1
    return seen[kind] > MOST


def _told(negative: Negative) -> dict[str, Any]:
    # An edit of the whole caption (retrieval) would only say both captions again.
    edits = [e for e in negative.edits if e.after != negative.text]
    return {
        "kind": negative.kind,
        "operators": sorted({operator for _, operator, _ in traits_of(negative)}),
        "verdict": negative.verdict,
        "proof": verdict(negative),
        "edits": [f"{e.operator}: {e.before or '—'} → {e.after or '—'}" for e in edits],
    }


def _text(negative: Negative, sample: Sample) -> dict[str, Any]:
    text = negative.text or ""
    parts = pieces(text, sample.caption)
    if sum(len(words) for words, was in parts if was is None) < ALIKE * len(text):
        parts = [(text, None)]
    return {**_told(negative), "text": [words if was is None else [words, was] for words, was in parts]}


def _picture(
    negative: Negative, place: dict[str, Any], grey: Image.Image | str, base: Ink | None
) -> dict[str, Any]:
    made = {**_told(negative), "picture": place, "outlines": [], "missing": [], "note": ""}
    if base is not None and not isinstance(grey, str):
        found = regions(base, Ink(grey))
        if found is None:
            made["note"] = "figure drawn anew, not outlined"
        elif not any(found):
            made["note"] = "no difference from the positive to be seen"
        made["outlines"], made["missing"] = found or ([], [])
    return made


def _grey(data: bytes) -> Image.Image | str:
    """Return a picture of at most :data:`SIDE` pixels, or why it cannot be shown."""
    try:
        grey = open_grey(data)
    except SampleError as error:
        return str(error)
    grey.thumbnail((SIDE, SIDE))
    return grey


def _sheet(greys: Mapping[str, Image.Image | str]) -> tuple[dict[str, dict[str, Any]], Image.Image]:
    """Put all pictures onto one sheet of cells; return where each is, and the sheet."""
    good = [(name, grey) for name, grey in greys.items() if not isinstance(grey, str)]
    places: dict[str, dict[str, Any]] = {n: {"error": g} for n, g in greys.items() if isinstance(g, str)}
    rows = -(-len(good) // COLUMNS) or 1
    sheet = Image.new("L", (SIDE * min(len(good) or 1, COLUMNS), SIDE * rows), PAPER)
    for at, (name, grey) in enumerate(good):
        corner = SIDE * (at % COLUMNS), SIDE * (at // COLUMNS)
        sheet.paste(grey, corner)
        places[name] = {"box": [*corner, *grey.size]}
    return places, sheet


def _encode(sheet: Image.Image) -> bytes:
    """Encode a grey sheet as a PNG of 4 bits a pixel."""
    steps = [round(value * (GREYS - 1) / 255) for value in range(256)]
    indexed = Image.frombytes("P", sheet.size, sheet.point(steps).tobytes())
    indexed.putpalette([round(level * 255 / (GREYS - 1)) for level in range(GREYS) for _ in "RGB"])
    buffer = io.BytesIO()
    indexed.save(buffer, "PNG", bits=4, compress_level=4)
    return buffer.getvalue()
