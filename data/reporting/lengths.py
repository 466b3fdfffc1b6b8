"""How long captions are in the tokens of a text tower, and which edited words its window cuts off."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from data.reporting.cards import pieces

WORD = re.compile(r"\w+|[^\w\s]")
UNLIMITED = 1_000_000
"""``model_max_length`` from here on means that the tokenizer knows no limit."""


@dataclass(frozen=True)
class Ruler:
    """What captions are measured with; without a tokenizer in words. ``window`` counts special tokens."""

    unit: str = "words"
    window: int | None = None
    tokenizer: Any = None


@dataclass(frozen=True)
class Measured:
    """A text in tokens: ids, where each stands in the text, and how many special tokens end it."""

    ids: Sequence[int]
    places: Sequence[tuple[int, int]]
    tail: int

    def kept(self, window: int) -> int:
        """Return how many tokens stay before the closing special ones when the text is cut."""
        return len(self.ids) - self.tail if len(self.ids) <= window else window - self.tail

    def cut(self, window: int) -> list[int]:
        """Return the ids that the tower reads."""
        return [*self.ids[: self.kept(window)], *self.ids[len(self.ids) - self.tail :]]


def ruler(tower: str) -> Ruler:
    """Read tokenizer and window from a ``save_pretrained`` folder; without one, words are counted.

    The window is that of the text tower in ``config.json``, else what the tokenizer says. Raises ValueError
    for a folder that is missing, has no fast tokenizer, or tells no window.
    """
    if not tower:
        return Ruler()
    folder = Path(tower)
    if not folder.is_dir():
        raise ValueError(f"tower={tower} is no folder; name a model or tokenizer that save_pretrained wrote")
    from transformers import AutoConfig, AutoTokenizer  # takes seconds, and only a tower needs it

    from data.tokenizer import text_window

    try:
        tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
        config = (
            AutoConfig.from_pretrained(folder, local_files_only=True)
            if (folder / "config.json").is_file()
            else None
        )
    except (OSError, ValueError, KeyError) as error:
        raise ValueError(f"tower={tower} cannot be read: {str(error).splitlines()[0]}") from error
    if not tokenizer.is_fast:
        raise ValueError(
            f"tower={tower} has no fast tokenizer (tokenizer.json), which tells where tokens stand"
        )
    text = getattr(config, "text_config", config)
    if hasattr(text, "max_position_embeddings"):
        window = text_window(text)
    elif tokenizer.model_max_length < UNLIMITED:
        window = tokenizer.model_max_length
    else:
        raise ValueError(f"tower={tower} tells no window: there is no config.json and no model_max_length")
    return Ruler("tokens", window, tokenizer)


def measure(texts: Sequence[str], rule: Ruler) -> list[Measured]:
    """Return texts in the unit of the ruler."""
    if rule.tokenizer is None:
        words = [[match.span() for match in re.finditer(r"\S+", text)] for text in texts]
        return [Measured(range(len(spans)), spans, 0) for spans in words]
    found = rule.tokenizer(
        list(texts),
        truncation=False,
        verbose=False,
        return_offsets_mapping=True,
        return_special_tokens_mask=True,
    )
    rows = zip(found["input_ids"], found["offset_mapping"], found["special_tokens_mask"], strict=True)
    return [Measured(ids, places, _tail(special)) for ids, places, special in rows]


def edited_words(text: str, original: str) -> list[tuple[int, int]]:
    """Return start and end of every word of ``text`` that is not in its place in ``original``."""
    spans, at = [], 0
    for words, was in pieces(text, original):
        if was is not None:
            spans += [(at + match.start(), at + match.end()) for match in WORD.finditer(words)]
        at += len(words)
    return spans


def beyond(spans: Sequence[tuple[int, int]], text: Measured, window: int) -> int:
    """Count the words of which the tower does not read every token."""
    lost = text.places[text.kept(window) : len(text.ids) - text.tail]
    return sum(any(start < end_of and at < end for at, end_of in lost) for start, end in spans)


def quantiles(counts: Mapping[int, int]) -> dict[str, float]:
    """Return count, mean, median, 95th percentile and maximum of whole numbers with their frequencies."""
    total = sum(counts.values())
    ordered = sorted(counts.items())

    def at(share: float) -> int:
        seen = 0
        return next(value for value, count in ordered if (seen := seen + count) >= share * total)

    mean = sum(value * count for value, count in ordered) / total
    return {"count": total, "mean": round(mean, 2), "median": at(0.5), "p95": at(0.95), "max": ordered[-1][0]}


def _tail(special: Sequence[int]) -> int:
    """Return how many special tokens end a text."""
    return next((i for i, flag in enumerate(reversed(special)) if not flag), len(special))
