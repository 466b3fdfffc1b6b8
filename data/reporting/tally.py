"""One pass over the records of shards: everything a data card counts, in one flat counter.

Keys are tuples, as ``("operator", "rule", "letters")``. Counters of parts add up to the counter of the whole,
so the pass runs in any number of processes, and its memory does not grow with the samples.
"""

from __future__ import annotations

import functools
from collections import Counter
from pathlib import Path
from typing import Any

from data.loader import IndexedDataset
from data.reporting.lengths import Ruler, beyond, edited_words, measure, ruler
from data.sample import Negative, Sample, SampleError

Tally = Counter[tuple[Any, ...]]


def tally(folders: tuple[Path, ...], tower: str, places: range) -> Tally:
    """Count the samples of these numbers; one that cannot be read is counted as ``unreadable``."""
    dataset, rule = _dataset(folders), _ruler(tower)
    total: Tally = Counter()
    for i in places:
        try:
            sample = dataset[i]
        except SampleError:
            total["unreadable",] += 1
            continue
        _count(sample, total)
        _measure(sample, rule, total)
    return total


def _count(sample: Sample, total: Tally) -> None:
    question = sample.meta.get("question_type") or ("unnamed" if sample.messages else "none")
    total.update(
        [
            ("sample",),
            ("split", sample.split),
            ("template", str(sample.meta.get("template") or "none")),
            ("question", str(question)),
            ("answer", str(sample.answer["kind"]) if sample.answer else "none"),
            ("source", sample.source or "not given"),
            ("licence", sample.licence or "not given"),
            ("negatives", len(sample.negatives)),
        ]
    )
    for negative in sample.negatives:
        _count_negative(negative, total)


def _count_negative(negative: Negative, total: Tally) -> None:
    kind = negative.kind
    total.update([("kind", kind), ("verdict", kind, negative.verdict), ("edits", kind, len(negative.edits))])
    total.update(
        ("operator", kind, operator) for operator in {e.operator for e in negative.edits} or {"no edit"}
    )


def _measure(sample: Sample, rule: Ruler, total: Tally) -> None:
    """Count lengths, and what the window cuts off: texts, edited words, all difference to the caption."""
    told = [negative for negative in sample.negatives if negative.text is not None]
    texts = [sample.caption, *(str(negative.text) for negative in told)]
    caption, *others = measure(texts, rule)
    total["length", "caption", len(caption.ids)] += 1
    for negative, text, found in zip(told, texts[1:], others, strict=True):
        kind = negative.kind
        total["length", kind, len(found.ids)] += 1
        if rule.window is None:
            continue
        spans = edited_words(text, sample.caption)
        total["words", kind] += len(spans)
        if max(len(found.ids), len(caption.ids)) <= rule.window:
            continue
        lost = beyond(spans, found, rule.window)
        total["beyond", kind] += lost
        total["hidden", kind] += lost > 0
        total["twin", kind] += found.cut(rule.window) == caption.cut(rule.window)


@functools.cache
def _dataset(folders: tuple[Path, ...]) -> IndexedDataset:
    return IndexedDataset(folders, verify=False)


@functools.cache
def _ruler(tower: str) -> Ruler:
    return ruler(tower)
