"""How things lie to each other: yes or no, the one true statement of four, and the name that is missing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import combinations, permutations
from random import Random

from data.scene.canonical import SYMMETRIC
from data.scene.caption import phrase
from data.scene.derive.words import capital
from data.scene.questions.draft import Draft, View, either, spell, word
from data.scene.types import Fact

RELATION = {
    "parallel": ("Is {} parallel to {}?", "Are {} and {} parallel?"),
    "perpendicular": ("Is {} perpendicular to {}?", "Are {} and {} perpendicular?"),
    "equal": ("Is {} as long as {}?", "Are {} and {} equal in length?"),
    "equal_angle": ("Is ∠{} as large as ∠{}?", "Are ∠{} and ∠{} equal?"),
    "midpoint": ("Is {} the midpoint of {}?", "Does point {} bisect {}?"),
    "bisects": ("Does {} bisect ∠{}?", "Is {} the bisector of ∠{}?"),
    "on": ("Does point {} lie on {}?", "Is {} a point on {}?"),
    "diameter": ("Is {} a diameter of circle {}?", "Is {} a diameter of the circle with centre {}?"),
    "on_circle": ("Does point {} lie on circle {}?", "Is {} a point on the circle with centre {}?"),
    "tangent": ("Is {} tangent to circle {}?", "Does {} touch the circle with centre {}?"),
}
DENIALS = {
    "parallel": "{} is not parallel to {}",
    "perpendicular": "{} is not perpendicular to {}",
    "equal": "{} is not equal to {}",
    "equal_angle": "∠{} is not equal to ∠{}",
    "midpoint": "{} is not the midpoint of {}",
    "bisects": "{} does not bisect ∠{}",
    "on": "{} is not on {}",
    "diameter": "{} is not a diameter of circle {}",
    "on_circle": "{} is not on circle {}",
    "tangent": "{} is not tangent to circle {}",
}
STATEMENT = ("Which statement is true?", "Which of these statements is true of the figure?")
NAME = {
    "parallel": ("Which of {1} is parallel to {0}?", "{0} is parallel to one of {1}; to which?"),
    "perpendicular": (
        "Which of {1} is perpendicular to {0}?",
        "{0} is perpendicular to one of {1}; to which?",
    ),
    "equal": ("Which of {1} is as long as {0}?", "{0} is as long as one of {1}; as which?"),
    "equal_angle": ("Which of {1} is equal to {0}?", "{0} is equal to one of {1}; to which?"),
}


Group = dict[str, list[Fact]]


def statements(view: View, kind: str) -> list[Group]:
    """Return what can be said of one kind, by verdict, grouped by how many letters the names share.

    What is affirmed and what is denied in a group has the same form, so that words give nothing away. Groups
    without both are left out, ambiguous statements too.
    """
    found: dict[int, Group] = {}
    for fact in CANDIDATES[kind](view):
        verdict = view.verdict(fact)
        if verdict != "ambiguous":
            shared = sum(map(len, fact.args)) - len(set("".join(fact.args)))
            found.setdefault(shared, {"true": [], "false": []})[verdict].append(fact)
    return [group for _, group in sorted(found.items()) if group["true"] and group["false"]]


def _any_kind(view: View, kinds: Iterable[str], rng: Random, least: int = 1) -> tuple[str, Group] | None:
    """A group of the first of ``kinds``, in random order, that has one with ``least`` false statements."""
    order = sorted(kinds)
    for kind in rng.sample(order, len(order)):
        groups = [group for group in statements(view, kind) if len(group["false"]) >= least]
        if groups:
            return kind, rng.choice(groups)
    return None


def _wholes(view: View) -> list[str]:
    return [line[0] + line[-1] for line in view.lines]


def _parallel(view: View) -> Iterator[Fact]:
    pairs = combinations(_wholes(view), 2)
    return (Fact("parallel", pair) for pair in pairs if not set(pair[0]) & set(pair[1]))


def _equal(view: View) -> Iterator[Fact]:
    for pair in combinations(view.pieces, 2):
        if not any(set("".join(pair)) <= set(line) and _overlap(*pair, line) for line in view.lines):
            yield Fact("equal", pair)


def _bisects(view: View) -> Iterator[Fact]:
    known = view.derivation.known
    for vertex, rays in known.rays.items():
        for a, d, b in permutations(rays, 3):
            if a < b and known.angle(a, vertex, b):
                yield Fact("bisects", (vertex + d, a + vertex + b))


def _on(view: View) -> Iterator[Fact]:
    for whole in _wholes(view):
        yield from (Fact("on", (p, whole)) for p in sorted(view.derivation.known.points) if p not in whole)


def _on_circle(view: View) -> Iterator[Fact]:
    for centre in _centres(view):
        points = sorted(view.derivation.known.points)
        yield from (Fact("on_circle", (p, centre)) for p in points if p != centre)


def _round(kind: str) -> Callable[[View], Iterator[Fact]]:
    def candidates(view: View) -> Iterator[Fact]:
        for centre in _centres(view):
            yield from (Fact(kind, (whole, centre)) for whole in _wholes(view) if centre not in whole)

    return candidates


def _centres(view: View) -> list[str]:
    return [centre for centre, _ in view.scene.circles if centre.isupper()]


CANDIDATES: dict[str, Callable[[View], Iterator[Fact]]] = {
    "parallel": _parallel,
    "perpendicular": lambda view: (Fact("perpendicular", pair) for pair in combinations(_wholes(view), 2)),
    "equal": _equal,
    "equal_angle": lambda view: (Fact("equal_angle", pair) for pair in combinations(view.angles, 2)),
    "midpoint": lambda view: (
        Fact("midpoint", (m, a + b)) for line in view.lines for a, m, b in combinations(line, 3)
    ),
    "bisects": _bisects,
    "on": _on,
    "diameter": _round("diameter"),
    "on_circle": _on_circle,
    "tangent": _round("tangent"),
}
"""Statements about what is drawn that the letters alone do not decide."""


def _overlap(first: str, second: str, line: str) -> bool:
    """Whether two segments of one line share more than a point: then one of them is a part of the other."""
    (a, b), (c, d) = (sorted(map(line.index, segment)) for segment in (first, second))
    return max(a, c) < min(b, d)


def _spelled(fact: Fact, rng: Random) -> Fact:
    names = tuple(spell(arg, rng) for arg in fact.args)
    return Fact(fact.kind, names[::-1] if fact.kind in SYMMETRIC and rng.random() < 0.5 else names)


def yes_or_no(view: View, rng: Random) -> Draft | None:
    """First the kind of statement is drawn, then the answer: both occur in this figure."""
    if (found := _any_kind(view, CANDIDATES, rng)) is None:
        return None
    kind, group = found
    value = rng.choice(("yes", "no"))
    fact = _spelled(rng.choice(group["true" if value == "yes" else "false"]), rng)
    reason = phrase(fact) if value == "yes" else DENIALS[kind].format(*fact.args)
    question, worked = word(RELATION[kind], rng, *fact.args), f"{reason}, so the answer is"
    facts = (fact,) if value == "yes" else ()
    return Draft(question, worked, "text", value, ("yes", "no"), facts=facts)


def true_statement(view: View, rng: Random) -> Draft | None:
    """Four statements of one form, of which one is true and three are visibly false."""
    if (found := _any_kind(view, CANDIDATES, rng, least=3)) is None:
        return None
    _, group = found
    true = _spelled(rng.choice(group["true"]), rng)
    said = [phrase(_spelled(fact, rng)) for fact in rng.sample(group["false"], 3)]
    said.insert(rng.randrange(4), phrase(true))
    letter = "ABCD"[said.index(phrase(true))]
    options = "; ".join(f"{name}. {text}" for name, text in zip("ABCD", said, strict=True))
    question = f"{word(STATEMENT, rng)} Option: {options}"
    worked = f"{capital(phrase(true))}. <Answer>: <{letter}>"
    return Draft(question, worked, "choice", letter, tuple(said), facts=(true,))


def missing_name(view: View, rng: Random) -> Draft | None:
    """Which of three segments or angles has a relation to a given one."""
    order = sorted(NAME)
    for kind in rng.sample(order, len(order)):
        if found := _with_rivals(statements(view, kind)):
            break
    else:
        return None
    fact, others = rng.choice(found)
    one, two = (spell(arg, rng) for arg in fact.args)
    names = [two, *(spell(other, rng) for other in rng.sample(others, 2))]
    rng.shuffle(names)
    sign = "∠" if kind == "equal_angle" else ""
    question = word(NAME[kind], rng, sign + one, either([sign + name for name in names]))
    worked = f"{phrase(Fact(kind, (one, two)))}, so it is"
    choices = tuple(sign + name for name in names)
    return Draft(question, worked, "text", sign + two, choices, facts=(Fact(kind, (one, two)),))


def _with_rivals(groups: list[Group]) -> list[tuple[Fact, list[str]]]:
    """True relations of a name to another one, and at least two names that lack the relation to it."""
    found = []
    for group in groups:
        for fact in group["true"]:
            for one, two in (fact.args, fact.args[::-1]):
                rivals = [
                    next(arg for arg in other.args if arg != one)
                    for other in group["false"]
                    if one in other.args
                ]
                if len(rivals) >= 2:
                    found.append((Fact(fact.kind, (one, two)), rivals))
    return found
