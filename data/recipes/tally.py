"""What an import has read, written, refused and remarked, with names, and a limit to what is refused."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import Any

NAMED = 5
"""Names per reason that are printed."""
KEPT = 1000
"""Names per reason that are kept."""


class TooManyRefused(ValueError):
    """More was refused than ``max_refused`` allows."""


class Tally:
    """Counts and names, and what was added to them since the last shard, for the journal of an import."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.records: Counter[str] = Counter()
        self.refused: Counter[str] = Counter()
        self.notes: Counter[str] = Counter()
        self.names: dict[str, list[str]] = defaultdict(list)
        self.seen: set[str] = set()
        self.safe = 0
        self._added: list[tuple[str, str, str]] = []

    def count(self, what: str) -> None:
        """Count a record as read, written, refused or left out."""
        self.records[what] += 1

    def refuse(self, reason: str, name: str, *, record: bool = True) -> None:
        """Name a refused record, or a part of one; raises :class:`TooManyRefused` beyond the limit."""
        if record:
            self.count("refused")
        self._add("refused", reason, name)
        if self.refused.total() > self.limit:
            raise TooManyRefused(self.told())

    def note(self, reason: str, name: str) -> None:
        """Name a record that is used and has something to be known."""
        self._add("notes", reason, name)

    def is_new(self, mark: str) -> bool:
        """True the first time that this mark is shown."""
        if mark in self.seen:
            return False
        self._add("seen", mark, "")
        return True

    def told(self) -> str:
        """All reasons of refusals with their counts and first names."""
        return "\n  ".join(
            f"{reason}: {count} ({', '.join(self.names[reason][:NAMED])}{', ...' if count > NAMED else ''})"
            for reason, count in self.refused.items()
        )

    def journal(self) -> dict[str, Any]:
        """Return what was added since the last call, and the counts of records."""
        added, self._added = self._added, []
        self.safe = self.records["written"]
        return {"records": dict(self.records), "added": added}

    def restore(self, journals: list[dict[str, Any]]) -> None:
        """Become what the tally was when the last journal was written."""
        for journal in journals:
            for kind, reason, name in journal["added"]:
                self._add(kind, reason, name)
            self.records = Counter(journal["records"])
        self.journal()

    def _add(self, kind: str, reason: str, name: str) -> None:
        if kind == "seen":
            self.seen.add(reason)
        else:
            {"refused": self.refused, "notes": self.notes}[kind][reason] += 1
            if len(self.names[reason]) < KEPT:
                self.names[reason].append(name)
            else:
                name = ""
        self._added.append((kind, reason, name))
