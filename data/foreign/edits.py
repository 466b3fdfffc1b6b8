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

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import permutations
from random import Random

from data.foreign.grammar import KINDS, POLYGONS, RELATIONS, SHAPES, TRIANGLES
from data.foreign.read import Part, Reading, Statement, read
from data.sample import Edit, Negative
from data.scene.canonical import canonical_set
from data.scene.entailment import Closure, closure, excluded
from data.scene.logic.known import CLASSES
from data.scene.types import Fact

TRIES = {"letters": 12, "shape": 12, "relation": 4, "number": 4}
"""Edits of each kind that are tried on one statement."""
UNUSABLE = ("caption: no sentence understood", "caption: contradicts itself", "caption: too long")
"""Why nothing of a caption can be used."""
MAX_CHARACTERS, MAX_STATEMENTS = 10_000, 60
"""What is longer is no caption, and would take minutes."""
SEVERAL = (0.4, 0.3, 0.2, 0.1)
"""Share of negatives with 1, 2, 3 and 4 edits."""


@dataclass(frozen=True)
class Change:
    """One edit of one statement: the characters to replace, from left to right, and the proof."""

    operator: str
    statement: Statement
    parts: tuple[tuple[Part, str], ...]
    facts: tuple[Fact, ...]


def negatives(
    caption: str, count: int, rng: Random, vocabulary: frozenset[str] | None = None
) -> tuple[list[Negative], Reading, Counter[str]]:
    """Return up to ``count`` negative captions, what was read of the caption, and why edits were refused.

    ``vocabulary`` are the words (:func:`words`) an edit may bring in; a word that no caption of a
    data set has would tell its negatives. None allows all.
    """
    refused = Counter[str]()
    reading = read(caption if len(caption) <= MAX_CHARACTERS else "")
    if len(caption) > MAX_CHARACTERS or len([*_all(reading)]) > MAX_STATEMENTS:
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


def words(reading: Reading) -> set[str]:
    """Return the classes and relations that a caption has words for, as they stand in its sentences."""
    return {_word(part.text) for s in _all(reading) for part in s.parts if part.role in ("shape", "relation")}


def _word(text: str) -> str:
    return " ".join(_article(text)[1].lower().split())


def _pool(
    caption: str,
    reading: Reading,
    known: Closure,
    rng: Random,
    refused: Counter[str],
    vocabulary: frozenset[str] | None,
) -> dict[Statement, list[Change]]:
    """Return, per statement, the edits that the caption rules out."""
    pool: dict[Statement, list[Change]] = {}
    for sentence, statements in enumerate(reading.statements):
        for place, statement in enumerate(statements or ()):
            rest = closure(
                [fact for other in _all(reading) if other is not statement for fact in other.facts]
            )
            for operator, parts in _proposals(statement, reading.letters, rng):
                facts = _told(caption, reading, parts, (sentence, place))
                if operator in ("shape", "relation") and not _is_known(parts[0][1], vocabulary):
                    refused[f"{operator}: a word that no caption has"] += 1
                elif facts is None:
                    refused[f"{operator}: would not be understood"] += 1
                elif reason := _why_not(statement, facts, known, rest):
                    refused[f"{operator}: {reason}"] += 1
                else:
                    pool.setdefault(statement, []).append(Change(operator, statement, parts, facts))
    return pool


def _is_known(text: str, vocabulary: frozenset[str] | None) -> bool:
    return vocabulary is None or _word(text) in vocabulary


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


def _told(
    caption: str, reading: Reading, parts: tuple[tuple[Part, str], ...], at: tuple[int, int]
) -> tuple[Fact, ...] | None:
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


def replace_parts(text: str, parts: tuple[tuple[Part, str], ...], shift: int = 0) -> str:
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
        meant = tuple(f for s in _all(reading) for f in expected.get(s, s.facts))
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
    told = {s: edited.get(s, s.facts) for s in _all(reading)}
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
        changes.append(rng.choice([c for c in pool[statement] if c.operator == operator]))
    return changes


def _all(reading: Reading) -> Iterator[Statement]:
    for statements in reading.statements:
        yield from statements or ()


def _edit(change: Change, caption: str) -> Edit:
    start, end = change.statement.start, change.statement.end
    before = caption[start:end]
    return Edit(change.operator, before, replace_parts(before, change.parts, -start))


# --- proposals


def _proposals(
    statement: Statement, letters: str, rng: Random
) -> Iterator[tuple[str, tuple[tuple[Part, str], ...]]]:
    """Yield edits of one statement, each as its operator and what to put in place of which part."""
    yield from (("letters", parts) for parts in _letters(statement, letters, rng))
    for part in statement.parts:
        if part.role == "shape":
            yield from (("shape", ((part, new),)) for new in _classes(part))
        elif part.role == "relation":
            yield from (("relation", ((part, new),)) for new in _relations(part))
        elif part.role == "number":
            yield from (("number", ((part, new),)) for new in _numbers(part, statement, rng))


def _letters(statement: Statement, letters: str, rng: Random) -> Iterator[tuple[tuple[Part, str], ...]]:
    """Exchange two letters of the statement, or give one name other letters of the caption."""
    names = [part for part in statement.parts if part.role == "letters"]
    mine = sorted(set("".join(part.text for part in names)))
    proposals = []
    for x, y in ((x, y) for x in mine for y in mine if x < y):
        swapped = str.maketrans(x + y, y + x)
        proposals.append(tuple((p, new) for p in names if (new := p.text.translate(swapped)) != p.text))
    for part in names:
        if len(part.text) > 1:
            options = ["".join(name) for name in _arrangements(part.text, letters, rng)]
            proposals += [((part, new),) for new in options]
    allowed = [parts for parts in proposals if keeps_letters_rule(parts)]
    rng.shuffle(allowed)
    yield from allowed[: TRIES["letters"]]


def _arrangements(name: str, letters: str, rng: Random) -> list[tuple[str, ...]]:
    """Other names of the same length: all of few, some of many."""
    if len(letters) ** len(name) <= 400:
        return list(permutations(letters, len(name)))
    return [tuple(rng.sample(letters, len(name))) for _ in range(20)]


def keeps_letters_rule(parts: tuple[tuple[Part, str], ...]) -> bool:
    """The paper's rule: two letters or more change, and no name is a cyclic shift or reversal of the old."""
    changed = sum(old != new for part, text in parts for old, new in zip(part.text, text, strict=True))
    return changed >= 2 and not any(new in same_figure(part.text) for part, new in parts)


def same_figure(name: str) -> set[str]:
    """Return all cyclic shifts of a name and of its reversal."""
    turns = {name[i:] + name[:i] for i in range(len(name))}
    return turns | {turn[::-1] for turn in turns}


def _classes(part: Part) -> Iterator[str]:
    """Other classes of figures with as many corners, with the article they need."""
    article, word = _article(part.text)
    sort = SHAPES[" ".join(word.lower().split())]
    words = TRIANGLES if sort in TRIANGLES.values() else POLYGONS
    for other in words:
        if SHAPES[other] != sort and CLASSES[SHAPES[other]] == CLASSES[sort]:
            new = other.capitalize() if word[0].isupper() else other
            yield _with_article(article, new)


def _article(text: str) -> tuple[str, str]:
    found = re.match(r"([Aa]n?)\s+(?=\w)", text)
    return (found[1], text[found.end() :]) if found else ("", text)


def _with_article(article: str, word: str) -> str:
    if not article:
        return word
    return f"{article[0]}{'n' if word[0].lower() in 'aeiou' else ''} {word}"


def _relations(part: Part) -> Iterator[str]:
    """Phrases that may stand in the same place and say another relation."""
    phrase = " ".join(part.text.lower().split())
    kind = KINDS[phrase]
    tried = set()
    for row in RELATIONS:
        if phrase in row:
            tried |= {other for other in row if row[other] != kind}
    yield from sorted(tried)


def _numbers(part: Part, statement: Statement, rng: Random) -> Iterator[str]:
    """Other numbers, written alike, that nobody would take for a rounding."""
    value = float(part.text)
    digits = len(part.text.partition(".")[2])
    is_angle = any(fact.kind == "angle" for fact in statement.facts)
    steps = (-40, -30, -20, -15, -10, 10, 15, 20, 30, 40) if is_angle else (0.5, 0.6, 0.75, 1.25, 1.5, 2.0)
    options = [value + step if is_angle else value * step for step in steps]
    good = {f"{new:.{digits}f}" for new in options if 0 < new < (180 if is_angle else 10 * value)}
    good = {new for new in good if float(new) > 0 and abs(float(new) - value) > 0.1 * value}
    yield from rng.sample(sorted(good), min(len(good), TRIES["number"]))
