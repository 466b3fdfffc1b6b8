"""One sample as HTML: diagram, caption, and its hard negatives with edit, verdict and residual."""

from __future__ import annotations

import base64
import re
from collections.abc import Sequence
from difflib import SequenceMatcher
from html import escape

from data.images import encode, open_grey
from data.sample import NEGATIVE_KINDS, Negative, Sample, SampleError

SIDE = 336
"""Longest side of an inlined picture, pixels."""
WORDS = re.compile(r"\w+|\s+|[^\w\s]")
TITLES = {
    "rule": "Edited captions (rule)",
    "image": "Edited diagrams (image)",
    "retrieval": "Similar captions of other diagrams (retrieval)",
}
STYLE = """
.card { border-top: 2px solid #333; padding: 1rem 0 1.5rem; }
.card > header { display: flex; gap: 1.25rem; align-items: flex-start; break-inside: avoid; }
.card img { display: block; width: 8.5rem; height: auto; border: 1px solid #ddd; }
.card > header img { width: 11rem; flex: none; }
.card h3 { margin: 0 0 .4rem; font-size: .8rem; font-weight: 600; color: #555; }
.card h4 { margin: 1rem 0 .3rem; font-size: .85rem; }
.card p { margin: 0 0 .5rem; }
.card .caption { font-size: 1.05rem; }
.card ul { list-style: none; margin: 0; padding: 0; }
.card li { display: grid; grid-template-columns: 1fr 13rem; gap: 1.5rem; }
.card li { padding: .35rem 0; border-top: 1px solid #e4e4e4; break-inside: avoid; }
.card ul.image { display: flex; flex-wrap: wrap; gap: .9rem; }
.card ul.image li { display: block; width: 8.5rem; border: 0; font-size: .78rem; line-height: 1.35; }
.card small { color: #555; font-size: .8rem; }
.card li small { display: block; }
.card .unverified { color: #8a4b00; }
mark { background: #fde9a9; color: inherit; padding: 0 .1em; border-bottom: 2px solid #b07d00; }
"""


def card(sample: Sample, *, most: int | None = None) -> str:
    """Return a sample as an HTML ``<article>``; :data:`STYLE` belongs on its page.

    At most ``most`` negatives of each kind are shown (None: all), and what is left out is counted. Pictures
    are inlined as grey PNG; one that cannot be decoded is replaced by the reason. All text is escaped.
    """
    parts = [f'<article class="card" id="{escape(sample.key)}">{_header(sample)}']
    for kind in ("rule", "image", "retrieval"):
        negatives = [negative for negative in sample.negatives if negative.kind == kind]
        parts.append(f"<h4>{TITLES[kind]}{_count(len(negatives), most)}</h4>")
        items = "".join(f"<li>{_negative(negative, sample)}</li>" for negative in negatives[:most])
        if negatives:
            parts.append(f'<ul class="{kind}">{items}</ul>')
    return "".join(parts) + "</article>\n"


def pick(samples: Sequence[Sample], count: int) -> list[Sample]:
    """Choose ``count`` samples to show: those with the most kinds of negatives, templates taken in turn."""
    ranked = sorted(samples, key=lambda s: -len({n.kind for n in s.negatives} & {*NEGATIVE_KINDS}))
    seen: dict[str, int] = {}
    turns = []
    for sample in ranked:
        template = str(sample.meta.get("template", ""))
        seen[template] = seen.get(template, 0) + 1
        turns.append((seen[template], sample))
    return [sample for _, sample in sorted(turns, key=lambda turn: turn[0])[:count]]


def pieces(text: str, original: str) -> list[tuple[str, str | None]]:
    """Cut ``text`` where its words differ from those of ``original``: pieces that joined give ``text``.

    With each piece stands what it took the place of in ``original`` (empty where nothing was), or None where
    nothing changed. Words that were left out give an empty piece; changes of white space alone are none.
    """
    new, old = WORDS.findall(text), WORDS.findall(original)
    matcher = SequenceMatcher(None, old, new, autojunk=False)
    found: list[tuple[str, str | None]] = []
    for operation, old_from, old_to, start, end in matcher.get_opcodes():
        words, was = "".join(new[start:end]), "".join(old[old_from:old_to]).strip()
        if operation == "equal" or not (words.strip() or was):
            found.append((words, None))
        elif operation == "delete":
            found.append(("", was))
        else:
            found.append((words, was))
    return found


def changed(text: str, original: str) -> str:
    """Return ``text`` as HTML with the words that differ from ``original`` in ``<mark>``."""
    return "".join(_piece(words, was) for words, was in pieces(text, original))


def _piece(words: str, was: str | None) -> str:
    if was is None:
        return escape(words)
    if not words:
        return f'<mark title="left out: {escape(was)}">&nbsp;</mark>'
    return f"<mark>{escape(words)}</mark>" if words.strip() else escape(words)


def picture(data: bytes, alt: str) -> str:
    """Return a picture as an ``<img>`` with its bytes inside, or the reason why it cannot be shown."""
    try:
        grey = open_grey(data)
    except SampleError as error:
        return f'<p class="unverified">{escape(str(error))}</p>'
    grey.thumbnail((SIDE, SIDE))
    text = base64.b64encode(encode(grey)).decode()
    return f'<img alt="{escape(alt)}" src="data:image/png;base64,{text}">'


def _header(sample: Sample) -> str:
    about = [sample.key, str(sample.meta.get("template") or ""), sample.source]
    lines = [f"<h3>{escape(' · '.join(part for part in about if part))}</h3>"]
    lines.append(f'<p class="caption">{escape(sample.caption)}</p>')
    if asked := question(sample):
        lines.append(f"<p><small>{escape(asked)}</small></p>")
    return f"<header>{picture(sample.image, sample.caption)}<div>{''.join(lines)}</div></header>"


def question(sample: Sample) -> str:
    """Return the first question and its answer in one line, or nothing."""
    asked = ""
    for turn in sample.messages or ():
        content = turn.get("content")
        parts = content if isinstance(content, list | tuple) else [{"text": content}]
        asked = asked or " ".join(str(part["text"]) for part in parts if part.get("text"))
    answer = f" Answer: {sample.answer['value']}" if sample.answer else ""
    return f"Question: {asked}{answer}" if asked else ""


def _negative(negative: Negative, sample: Sample) -> str:
    # An edit of the whole caption (retrieval) would only say both captions again.
    shown = [e for e in negative.edits if e.after != negative.text]
    edits = "; ".join(f"{e.operator}: {e.before or '—'} → {e.after or '—'}" for e in shown)
    told = f"<small>{escape(edits)}</small>" if edits else ""
    proof = f'<small class="{escape(negative.verdict)}">{escape(verdict(negative))}</small>'
    if negative.image is not None:
        return picture(sample.images[negative.image], f"edited diagram, {edits}") + told + proof
    text = negative.text or ""
    words = changed(text, sample.caption) if negative.kind == "rule" else escape(text)
    return f"<div>{words}{told}</div>{proof}"


def verdict(negative: Negative) -> str:
    """Say what was proved: the verdict, and by how many visible margins the decisive statement is off."""
    proof = {"image": "the caption is false of it"}.get(negative.kind, "false of the diagram")
    words = proof if negative.verdict == "false" else negative.verdict
    return words if negative.residual is None else f"{words}, residual {negative.residual:.3g}"


def _count(found: int, most: int | None) -> str:
    if not found:
        return ": none"
    return f", {most} of {found}" if most is not None and found > most else f", {found}"
