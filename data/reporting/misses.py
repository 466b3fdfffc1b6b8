"""One mistake of an encoder as HTML: diagram, caption, and the negative that won with its edit and scores."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import Any

from data.reporting.cards import changed, picture, pieces, verdict
from data.sample import Negative, Sample

ALIKE = 0.5
"""Share of a winning caption that must stand in the right one too, so that the rest is worth marking."""
STYLE = """
.miss { border-top: 2px solid #333; padding: 1rem 0 1.2rem; break-inside: avoid; }
.miss h3 { margin: 0 0 .5rem; font-size: .8rem; font-weight: 600; color: #555; }
.miss .sides { display: grid; grid-template-columns: 1fr 1fr; gap: 1.5rem; }
.miss h4 { margin: 0 0 .3rem; font-size: .85rem; }
.miss img { display: block; width: 11rem; height: auto; border: 1px solid #ddd; margin-bottom: .5rem; }
.miss small { display: block; color: #555; font-size: .8rem; }
.miss .unverified { color: #8a4b00; }
mark { background: #fde9a9; color: inherit; padding: 0 .1em; border-bottom: 2px solid #b07d00; }
"""


@dataclass(frozen=True)
class Miss:
    """A sample whose positive, of cosine ``own``, lost to a negative of cosine ``best``.

    Exactly one is set: ``negative``, one of the sample's own, or ``other``, the sample that it came from.
    """

    pool: str
    sample: Sample
    own: float
    best: float
    negative: Negative | None = None
    other: Sample | None = None

    @property
    def operators(self) -> list[str]:
        """Operators of the winner's edits."""
        return sorted({edit.operator for edit in self.negative.edits}) if self.negative else []

    def record(self) -> dict[str, Any]:
        """Return the mistake as plain JSON values."""
        number = None if self.negative is None else self.sample.negatives.index(self.negative)
        told: dict[str, Any] = {"pool": self.pool, "key": self.sample.key, "negative": number}
        told |= {"other": self.other.key if self.other else None, "operators": self.operators}
        return told | {"own": self.own, "best": self.best, "margin": self.own - self.best}


def miss_card(miss: Miss) -> str:
    """Return a mistake as an HTML ``<article>``; all text is escaped, pictures are inlined."""
    operators = " + ".join(miss.operators)
    about = [f"{miss.pool} pool", operators, miss.sample.key, str(miss.sample.meta.get("template") or "")]
    head = " · ".join(part for part in about if part)
    left = picture(miss.sample.image, miss.sample.caption) + f"<p>{escape(miss.sample.caption)}</p>"
    return (
        f'<article class="miss"><h3>{escape(head)}</h3><div class="sides">'
        f"<div><h4>Right: cosine {miss.own:.4f}</h4>{left}</div>"
        f"<div><h4>Won: cosine {miss.best:.4f}, ahead by {miss.best - miss.own:.4f}</h4>{_winner(miss)}</div>"
        "</div></article>\n"
    )


def _winner(miss: Miss) -> str:
    if miss.negative is None:
        assert miss.other is not None
        caption = _caption(miss.other.caption, miss.sample.caption)
        drawn = picture(miss.other.image, miss.other.caption) if miss.pool.endswith("t2i") else ""
        told = "its own caption: " if drawn else ""
        return f"{drawn}<p>{told}{caption}</p><small>of sample {escape(miss.other.key)}</small>"
    negative = miss.negative
    # An edit of the whole caption (retrieval) would only say both captions again.
    edits = [e for e in negative.edits if e.after != negative.text]
    told = "; ".join(f"{e.operator}: {e.before or '—'} → {e.after or '—'}" for e in edits)
    if negative.image is not None:
        what = picture(miss.sample.images[negative.image], f"edited diagram, {told}")
    else:
        what = f"<p>{_caption(negative.text or '', miss.sample.caption)}</p>"
    proof = f'<small class="{escape(negative.verdict)}">{escape(verdict(negative))}</small>'
    return f"{what}<small>{escape(told)}</small>{proof}"


def _caption(text: str, original: str) -> str:
    same = sum(len(words) for words, was in pieces(text, original) if was is None)
    return changed(text, original) if same >= ALIKE * len(text) else escape(text)
