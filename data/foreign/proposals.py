"""What may be put in place of what: letters, classes of figures, relations, numbers."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import permutations
from random import Random

from data.foreign.grammar import KINDS, POLYGONS, RELATIONS, SHAPES, TRIANGLES
from data.foreign.read import Part, Reading, Statement
from data.scene.logic.known import CLASSES

Replacement = tuple[tuple[Part, str], ...]
"""Parts of one statement and their new texts."""
TRIES = {"letters": 12, "shape": 12, "relation": 4, "number": 4}
"""Edits of each kind that are tried on one statement."""


@dataclass(frozen=True)
class Vocabulary:
    """How often the captions of a data set say a class or relation, and which number as angle or length."""

    words: Mapping[str, int]
    numbers: Mapping[str, Mapping[str, int]]

    @staticmethod
    def of(counts: Mapping[str, int]) -> Vocabulary:
        """Build it from the sum of :func:`words`."""
        numbers: dict[str, dict[str, int]] = {"angle": {}, "length": {}}
        for entry, count in sorted(counts.items()):
            kind, _, number = entry.partition(" ")
            if kind in numbers:
                numbers[kind][number] = count
        return Vocabulary(counts, numbers)


def proposals(
    statement: Statement, letters: str, rng: Random, vocabulary: Vocabulary | None
) -> Iterator[tuple[str, Replacement]]:
    """Yield edits of one statement, each as its operator and what to put in place of which part."""
    yield from (("letters", parts) for parts in _letters(statement, letters, rng))
    for part in statement.parts:
        if part.role == "shape":
            yield from (("shape", ((part, new),)) for new in _classes(part))
        elif part.role == "relation":
            yield from (("relation", ((part, new),)) for new in _relations(part))
        elif part.role == "number":
            told = vocabulary.numbers.get(_measure(statement), {}) if vocabulary else {}
            yield from (("number", ((part, new),)) for new in _numbers(part, statement, told, rng))


def weight_of(operator: str, parts: Replacement, vocabulary: Vocabulary | None) -> int:
    """Return how readily an edit is used: as often as the data set says the word (numbers are drawn so)."""
    if vocabulary is None or operator not in ("shape", "relation"):
        return 1
    return vocabulary.words.get(_word(parts[0][1]), 0)


def words(reading: Reading) -> Counter[str]:
    """Count the classes and relations of a caption, and its numbers as ``angle 50`` and ``length 6``."""
    found = Counter[str]()
    for statement in reading.all:
        for part in statement.parts:
            if part.role in ("shape", "relation"):
                found[_word(part.text)] += 1
            elif part.role == "number":
                found[f"{_measure(statement)} {part.text}"] += 1
    return found


def _word(text: str) -> str:
    return " ".join(_article(text)[1].lower().split())


def _measure(statement: Statement) -> str:
    return "angle" if any(fact.kind == "angle" for fact in statement.facts) else "length"


def _letters(statement: Statement, letters: str, rng: Random) -> Iterator[Replacement]:
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


def keeps_letters_rule(parts: Replacement) -> bool:
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


def _numbers(part: Part, statement: Statement, told: Mapping[str, int], rng: Random) -> list[str]:
    """Other numbers that nobody would take for a rounding: of the data set, or written like this one."""
    value = float(part.text)
    digits = len(part.text.partition(".")[2])
    is_angle = _measure(statement) == "angle"

    def far(text: str) -> bool:
        return 0 < float(text) < (180 if is_angle else 10 * value) and abs(float(text) - value) > 0.1 * value

    weights = {text: weight for text, weight in told.items() if far(text)}
    if not weights:
        steps = (
            (-40, -30, -20, -15, -10, 10, 15, 20, 30, 40) if is_angle else (0.5, 0.6, 0.75, 1.25, 1.5, 2.0)
        )
        options = {f"{value + step if is_angle else value * step:.{digits}f}" for step in steps}
        weights = dict.fromkeys(sorted(filter(far, options)), 1)
    drawn = rng.choices([*weights], [*weights.values()], k=3 * TRIES["number"]) if weights else []
    return [*dict.fromkeys(drawn)][: TRIES["number"]]
