"""Rule negatives of a caption alone: edits that its own statements rule out.

Nobody has seen the picture. But where the caption is true of it, so is everything that follows from the
caption (:mod:`data.scene.entailment`), and a statement that contradicts this is false of the picture. An
edit of which this cannot be shown is refused, because it may be true: a "rectangle" that was a "square", a
letter changed along a symmetry, the right angle of a triangle that may be right.

An edited caption must not contradict itself, or reading would do to tell it without the picture: what
rules an edit out is the statement that it replaces.

The paper's rule holds for the letters: at least two change, no name becomes a cyclic shift or reversal of
itself, and none comes from outside the caption.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from random import Random

from data.foreign.proposals import Replacement, Vocabulary, proposals, weight_of
from data.foreign.read import Reading, Statement, read
from data.sample import Edit, Negative
from data.scene.canonical import canonical_set
from data.scene.entailment import Closure, closure, excluded
from data.scene.types import Fact

UNUSABLE = ("caption: no sentence understood", "caption: contradicts itself", "caption: too long")
"""Why nothing of a caption can be used."""
MAX_CHARACTERS, MAX_STATEMENTS = 10_000, 60
"""What is longer is no caption, and would take minutes."""
SEVERAL = (0.4, 0.3, 0.2, 0.1)
"""Share of negatives with 1, 2, 3 and 4 edits."""


@dataclass(frozen=True)
class Change:
    """One edit of one statement: new texts of its parts, the facts it then tells, how readily it is used."""

    operator: str
    statement: Statement
    parts: Replacement
    facts: tuple[Fact, ...]
    weight: int


def negatives(
    caption: str, count: int, rng: Random, vocabulary: Vocabulary | None = None
) -> tuple[list[Negative], Reading, Counter[str]]:
    """Return up to ``count`` negative captions, what was read of the caption, and why edits were refused.

    ``vocabulary`` holds the classes, relations and numbers an edit may bring in, and how often: what no
    caption of a data set has would tell its negatives. None allows all.
    """
    refused = Counter[str]()
    reading = read(caption if len(caption) <= MAX_CHARACTERS else "")
    if len(caption) > MAX_CHARACTERS or len(reading.all) > MAX_STATEMENTS:
        refused[UNUSABLE[2]] += 1
        return [], reading, refused
    known = closure(reading.facts)
    if not reading.facts:
        refused[UNUSABLE[0]] += 1
        return [], reading, refused
    if known.clash:
        refused[UNUSABLE[1]] += 1
        return [], reading, refused
    pool = _pool(caption, reading, known, rng, refused, vocabulary)
    return _compose(caption, reading, pool, count, rng, refused), reading, refused


def _pool(
    caption: str,
    reading: Reading,
    known: Closure,
    rng: Random,
    refused: Counter[str],
    vocabulary: Vocabulary | None,
) -> dict[Statement, list[Change]]:
    """Return, per statement, the edits that the caption rules out."""
    pool: dict[Statement, list[Change]] = {}
    for sentence, statements in enumerate(reading.statements):
        for place, statement in enumerate(statements or ()):
            rest = closure([fact for other in reading.all if other is not statement for fact in other.facts])
            for operator, parts in proposals(statement, reading.letters, rng, vocabulary):
                if (weight := weight_of(operator, parts, vocabulary)) == 0:
                    refused[f"{operator}: a word that no caption has"] += 1
                    continue
                facts = _told(caption, reading, parts, (sentence, place))
                if facts is None:
                    refused[f"{operator}: would not be understood"] += 1
                elif reason := _why_not(statement, facts, known, rest):
                    refused[f"{operator}: {reason}"] += 1
                else:
                    pool.setdefault(statement, []).append(Change(operator, statement, parts, facts, weight))
    return pool


def _why_not(statement: Statement, facts: tuple[Fact, ...], known: Closure, rest: Closure) -> str:
    """Say why edited facts make no negative, "" where they do.

    ``known`` follows from the caption, ``rest`` from all but the statement.
    """
    new = canonical_set(facts) - canonical_set(statement.facts)
    if not new:
        return "same statement"
    if any(excluded(fact, rest) for fact in new):
        return "would contradict the rest"
    if any(excluded(fact, known) for fact in new):
        return ""
    return "stays true" if all(fact in known for fact in new) else "may stay true"


def _told(caption: str, reading: Reading, parts: Replacement, at: tuple[int, int]) -> tuple[Fact, ...] | None:
    """Read the edited statement, None unless all else is read as it was."""
    start, end = reading.sentences[at[0]]
    edited = read(replace_parts(caption[start:end], parts, -start))
    before = reading.statements[at[0]] or ()
    if len(edited.sentences) != 1 or (after := edited.statements[0]) is None or len(after) != len(before):
        return None
    others = [
        (old.facts, new.facts) for i, (old, new) in enumerate(zip(before, after, strict=True)) if i != at[1]
    ]
    return after[at[1]].facts if all(old == new for old, new in others) else None


def replace_parts(text: str, parts: Replacement, shift: int = 0) -> str:
    """Return ``text`` with the parts replaced; their places are moved by ``shift`` first."""
    for part, new in sorted(parts, key=lambda pair: -pair[0].start):
        text = text[: part.start + shift] + new + text[part.end + shift :]
    return text


def _compose(
    caption: str,
    reading: Reading,
    pool: dict[Statement, list[Change]],
    count: int,
    rng: Random,
    refused: Counter[str],
) -> list[Negative]:
    """Put edits of different statements together, as far apart in the caption as can be."""
    found: list[Negative] = []
    seen = {canonical_set(reading.facts)}
    for _ in range(3 * count if pool else 0):
        wanted = rng.choices((1, 2, 3, 4), SEVERAL)[0]
        changes = _spread(reading, pool, wanted, rng)
        expected = {change.statement: change.facts for change in changes}
        meant = tuple(f for s in reading.all for f in expected.get(s, s.facts))
        if (form := canonical_set(meant)) in seen:
            refused["caption: a repeat"] += 1
            continue
        seen.add(form)
        if not _is_sound(reading, expected):
            refused["caption: edits contradict each other"] += 1
            continue
        text = replace_parts(caption, tuple(pair for change in changes for pair in change.parts))
        if read(text).facts != meant:
            refused["caption: edits change each other's reading"] += 1
            continue
        edits = tuple(_edit(change, caption) for change in changes)
        found.append(Negative("rule", text=text, edits=edits))
        if len(found) == count:
            break
    return found


def _is_sound(reading: Reading, edited: Mapping[Statement, tuple[Fact, ...]]) -> bool:
    """Whether no edited statement contradicts the others: a caption that some figure could have."""
    told = {s: edited.get(s, s.facts) for s in reading.all}
    if closure([fact for facts in told.values() for fact in facts]).clash:
        return False
    for statement in edited if len(edited) > 1 else ():  # one alone was compared with the rest before
        rest = closure([fact for other, facts in told.items() if other != statement for fact in facts])
        if any(excluded(fact, rest) for fact in edited[statement]):
            return False
    return True


def _spread(reading: Reading, pool: dict[Statement, list[Change]], wanted: int, rng: Random) -> list[Change]:
    """Choose edits of different statements, one per sentence before a sentence gets its second."""
    rounds: list[tuple[int, float, Statement]] = []
    for statements in reading.statements:
        editable = [s for s in statements or () if s in pool]
        rng.shuffle(editable)
        rounds += [(turn, rng.random(), statement) for turn, statement in enumerate(editable)]
    chosen = [s for _, _, s in sorted(rounds, key=lambda r: r[:2])[:wanted]]
    changes = []
    for statement in sorted(chosen, key=lambda s: s.start):
        operators = sorted({change.operator for change in pool[statement]})
        operator = rng.choice(operators)
        options = [change for change in pool[statement] if change.operator == operator]
        changes += rng.choices(options, [change.weight for change in options])
    return changes


def _edit(change: Change, caption: str) -> Edit:
    start, end = change.statement.start, change.statement.end
    before = caption[start:end]
    return Edit(change.operator, before, replace_parts(before, change.parts, -start))
