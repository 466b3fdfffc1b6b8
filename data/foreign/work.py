"""The work on a chunk of captions, which any process can do, and the count of what came of it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from random import Random
from typing import Any

from data.foreign.edits import UNUSABLE, negatives
from data.foreign.proposals import Vocabulary, words
from data.foreign.read import read
from data.sample import Negative

VERSION = 1
"""Raised whenever the same seed gives other negatives."""
NAMED = 10
"""Examples that are told."""
EXAMPLES = 500
"""Different sentences that are kept while counting, in bounded memory."""


@dataclass
class Tally:
    """What was read, and what was not."""

    captions: int = 0
    sentences: int = 0
    understood: int = 0
    added: int = 0
    unusable: list[str] = field(default_factory=list)
    refused: Counter[str] = field(default_factory=Counter)
    unread: Counter[str] = field(default_factory=Counter)

    def to_json(self) -> dict[str, Any]:
        """Return what the index tells."""
        share = round(self.understood / max(1, self.sentences), 4)
        return {
            "captions": self.captions,
            "sentences": self.sentences,
            "understood": self.understood,
            "share_understood": share,
            "negatives_added": self.added,
            "captions_without_use": len(self.unusable),
            "without_use": self.unusable[:NAMED],
            "not_understood": [sentence for sentence, _ in self.unread.most_common(NAMED)],
        }

    def add(self, other: Tally, added: int) -> None:
        """Count another tally, of which ``added`` negatives were of use."""
        self.captions += other.captions
        self.sentences += other.sentences
        self.understood += other.understood
        self.added += added
        self.unusable += other.unusable
        self.refused.update(other.refused)
        if not added:
            self.refused["caption: no negative"] += 1
        if len(self.unread) < EXAMPLES:
            self.unread.update(other.unread)


def words_of(captions: list[tuple[str, str]]) -> Counter[str]:
    """Count the words and numbers of a chunk of (key, caption)."""
    return sum((words(read(caption)) for _, caption in captions), Counter[str]())


def edit(
    count: int, seed: int, vocabulary: Vocabulary, captions: list[tuple[str, str]]
) -> list[tuple[list[Negative], Tally]]:
    """Make the negatives of a chunk of captions; they depend on caption, seed, key and vocabulary alone."""
    made = []
    for key, caption in captions:
        found, reading, refused = negatives(caption, count, Random(f"{VERSION}/{seed}/{key}"), vocabulary)
        unusable = [key] if any(reason in refused for reason in UNUSABLE) else []
        unread = Counter(
            caption[start:end][:200]
            for (start, end), inside in zip(reading.sentences, reading.statements, strict=True)
            if inside is None
        )
        made.append(
            (found, Tally(1, len(reading.sentences), reading.understood, 0, unusable, refused, unread))
        )
    return made
