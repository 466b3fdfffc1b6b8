"""From a caption to facts, with the characters that each name, class, relation and number stands on.

A sentence is understood when clauses that are known make up all of it; then it states facts, and nothing
else. A sentence with one unknown word states nothing: "if AB = 5" and "AB is not 5" are not read as "AB =
5".
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache

from data.foreign.clauses import CLAUSES
from data.foreign.grammar import FILLER, KINDS, ROLES, SHAPES
from data.scene.logic.known import CLASSES
from data.scene.types import Fact

SENTENCE = re.compile(r"\S[^\n]*?(?:[.!?](?=\s|$)|(?=\n)|$)")
MAX_CHARACTERS = 600
"""A longer sentence is no sentence of a caption; it is not looked at."""
EQUAL_SIDED = (
    "square",
    "rhombus",
    "equilateral triangle",
    "regular pentagon",
    "regular hexagon",
    "regular octagon",
)
SIGNATURE = {
    "shape": None,
    "parallel": (2, 2),
    "perpendicular": (2, 2),
    "equal": (2, 2),
    "equal_angle": (3, 3),
    "median": (2, 3),
    "altitude": (2, 3),
    "congruent": (3, 3),
    "similar": (3, 3),
    "chord": (2, 1),
    "diameter": (2, 1),
    "tangent": (2, 1),
    "bisects": (2, 3),
    "angle": (3,),
}
"""Letters of the arguments, of the kinds whose slots do not tell them."""


@dataclass(frozen=True)
class Part:
    """Characters that may be edited: where, what they say, and the kind of edit they take."""

    start: int
    end: int
    text: str
    role: str


@dataclass(frozen=True)
class Statement:
    """One clause: where it stands, the facts it states, its editable parts."""

    start: int
    end: int
    facts: tuple[Fact, ...]
    parts: tuple[Part, ...]

    def shifted(self, by: int) -> Statement:
        """Return the statement with all places moved."""
        parts = tuple(replace(p, start=p.start + by, end=p.end + by) for p in self.parts)
        return Statement(self.start + by, self.end + by, self.facts, parts)


@dataclass(frozen=True)
class Reading:
    """A caption's sentences as (start, end), and per sentence its statements, None where not understood."""

    sentences: tuple[tuple[int, int], ...]
    statements: tuple[tuple[Statement, ...] | None, ...]

    @property
    def understood(self) -> int:
        """How many sentences are understood."""
        return sum(found is not None for found in self.statements)

    @property
    def all(self) -> list[Statement]:
        """All statements, in order."""
        return [one for found in self.statements for one in found or ()]

    @property
    def facts(self) -> tuple[Fact, ...]:
        """All facts, in order."""
        return tuple(fact for one in self.all for fact in one.facts)

    @property
    def letters(self) -> str:
        """The letters of all names, sorted."""
        return "".join(sorted(set("".join(arg for fact in self.facts for arg in fact.args))))


def read(caption: str) -> Reading:
    """Read a caption; places are characters of ``caption``."""
    sentences, statements = [], []
    for found in SENTENCE.finditer(caption):
        sentences.append(found.span())
        inside = read_sentence(found[0])
        at = found.start()
        statements.append(None if inside is None else tuple(one.shifted(at) for one in inside))
    return Reading(tuple(sentences), tuple(statements))


@lru_cache(maxsize=4096)
def read_sentence(sentence: str) -> tuple[Statement, ...] | None:
    """Return the statements of a sentence that is wholly understood, else None."""
    if len(sentence) > MAX_CHARACTERS:
        return None
    plain = sentence.replace("$", " ")  # same places
    at = 0
    statements: list[Statement] = []
    while True:
        if filler := FILLER.match(plain, at):
            at = filler.end()
        if plain[at:].strip() in ("", "."):
            return tuple(statements) or None
        found = max(_matches(plain, at), key=lambda pair: pair[0].end(), default=None)
        if found is None or (facts := _facts(found, statements)) is None:
            return None
        match = found[0]
        statements.append(Statement(match.start(), match.end(), facts, _parts(match)))
        at = match.end()


def _matches(plain: str, at: int) -> Iterator[tuple[re.Match[str], tuple[str, ...]]]:
    for pattern, facts in CLAUSES:
        if match := pattern.match(plain, at):
            yield match, facts


def _parts(match: re.Match[str]) -> tuple[Part, ...]:
    names = [name for name, text in match.groupdict().items() if text is not None]
    parts = [Part(*match.span(name), match[name], ROLES[name[0]]) for name in names]
    return tuple(sorted(parts, key=lambda part: part.start))


def _facts(found: tuple[re.Match[str], tuple[str, ...]], before: list[Statement]) -> tuple[Fact, ...] | None:
    """Return the facts of a clause, None where one of them makes no sense."""
    match, forms = found
    figures = [f for one in before for f in one.facts if f.kind == "shape"]
    facts: list[Fact] = []
    for form in forms:
        fact = _fact(form, match, figures + [f for f in facts if f.kind == "shape"])
        if fact is None or not _sensible(fact):
            return None
        facts.append(fact)
    return tuple(facts)


def _fact(form: str, match: re.Match[str], figures: list[Fact]) -> Fact | None:
    kind, *slots = form.split(" ", 1)[0], *re.findall(r"=.*|\w\d", form.split(" ", 1)[1])
    if kind == "r1":
        kind = KINDS[" ".join(match["r1"].lower().split())]
    value: str | float | None = None
    args = []
    for slot in slots:
        if slot.startswith("="):
            value = float(slot[1:]) if slot[1:].isdigit() else slot[1:]
        elif slot[0] in "nd":
            value = float(match[slot])
        elif slot[0] in "kj":
            value = SHAPES[" ".join(re.sub(r"^an?\s", "", match[slot].lower()).split())]
        elif slot[0] in "av":
            args.append(_angle(match[slot], figures))
        else:
            args.append(match[slot])
    if kind == "sides":
        if not figures or figures[-1].value not in EQUAL_SIDED:
            return None
        return Fact("length", (figures[-1].args[0][:2],), value)
    return Fact(kind, tuple(args), value)


def _angle(name: str, figures: list[Fact]) -> str:
    """Turn ∠B into ∠ABC where B is a corner of one figure of the sentence only."""
    around = {f.args[0] for f in figures if name in f.args[0]}
    if len(name) == 3 or len(around) != 1:
        return name
    (polygon,) = around
    i = polygon.index(name)
    return polygon[i - 1] + name + polygon[(i + 1) % len(polygon)]


def _sensible(fact: Fact) -> bool:
    """Whether the arguments have the letters of their kind, none of them twice, and a number can be true."""
    sizes = SIGNATURE.get(fact.kind)
    if sizes and tuple(map(len, fact.args)) != sizes:
        return False
    if fact.kind == "shape" and CLASSES[str(fact.value)] != len(fact.args[0]):
        return False
    if fact.kind == "angle" and not 0 < float(fact.value or 0) < 180:
        return False
    if fact.kind == "length" and not float(fact.value or 0) > 0:
        return False
    if any(len(set(arg)) < len(arg) for arg in fact.args):
        return False
    forms = {"".join(sorted(arg)) for arg in fact.args}
    if len(forms) < len(fact.args) and fact.kind != "equal_angle":
        return False
    return fact.kind not in ("midpoint", "on") or fact.args[0] not in fact.args[1]
