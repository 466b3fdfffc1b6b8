"""Letters and colours of systems that a page compares, by their number."""

from __future__ import annotations

from data.reporting.charts import Look

COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#7f7f7f")
"""Of Okabe and Ito, in turn; beyond them the letters tell systems apart."""


def look(i: int) -> Look:
    """Return how system ``i`` is drawn: A, B, ..., Z, AA, ... and a colour."""
    return Look(_letter(i), COLOURS[i % len(COLOURS)])


def _letter(i: int) -> str:
    return (_letter(i // 26 - 1) if i >= 26 else "") + chr(ord("A") + i % 26)
