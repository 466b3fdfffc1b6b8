"""What an import has read, written, refused and remarked, with names, and a limit to what is refused."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

NAMED = 5
KEPT = 1000
"""Names per reason that the index keeps."""


class TooManyRefused(ValueError):
    """More was refused than ``max_refused`` allows."""


class Tally:
    """Counts and names, and what was added to them since the last shard, for the journal of an import."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.counts: dict[str, int] = dict.fromkeys(("records", "written", "refused records", "left out"), 0)
        self.refused: dict[str, list[str]] = defaultdict(list)
        self.notes: dict[str, list[str]] = defaultdict(list)
        self.seen: set[str] = set()
        self.safe = 0
        self._page: list[tuple[str, str, str]] = []

    def count(self, what: str) -> None:
        """Count a record as read, written, refused or left out."""
        self.counts[what] += 1

    def refuse(self, reason: str, name: str, *, record: bool = True) -> None:
        """Name a refused record, or a part of one; raises :class:`TooManyRefused` beyond the limit."""
        self.counts["refused records"] += record
        self._add("refused", reason, name)
        if self.total() > self.limit:
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

    def total(self) -> int:
        """Refused records and parts."""
        return sum(map(len, self.refused.values()))

    def told(self) -> str:
        """All reasons with their counts and first names."""
        return "\n  ".join(
            f"{reason}: {len(names)} ({', '.join(names[:NAMED])}{', ...' if len(names) > NAMED else ''})"
            for reason, names in self.refused.items()
        )

    def journal(self) -> dict[str, Any]:
        """Return what was added since the last call, and the counts."""
        page, self._page = self._page, []
        self.safe = self.counts["written"]
        return {"counts": self.counts, "added": page}

    def restore(self, journals: list[dict[str, Any]]) -> None:
        """Become what the tally was when the last journal was written."""
        for journal in journals:
            for kind, reason, name in journal["added"]:
                self._add(kind, reason, name)
        self.counts.update(journals[-1]["counts"] if journals else {})
        self.journal()

    def _add(self, kind: str, reason: str, name: str) -> None:
        self._page.append((kind, reason, name))
        if kind == "seen":
            self.seen.add(reason)
        else:
            getattr(self, kind)[reason].append(name)
