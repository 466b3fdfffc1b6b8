"""How things lie to each other: yes or no, the one true statement of four, and the name that is missing."""

from __future__ import annotations

from collections.abc import Iterator
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


def statements(view: View) -> dict[tuple[str, int], dict[str, list[Fact]]]:
    """Return what can be said about the lines of a figure, by kind and letters that its names share.

    In each group by verdict: what is affirmed and what is denied has the same form, so that words give
    nothing away. Groups without both are left out, ambiguous statements too.
    """
    found: dict[tuple[str, int], dict[str, list[Fact]]] = {}
    for fact in _candidates(view):
        verdict = view.verdict(fact)
        if verdict != "ambiguous":
            shared = sum(map(len, fact.args)) - len(set("".join(fact.args)))
            group = found.setdefault((fact.kind, shared), {"true": [], "false": []})
            group[verdict].append(fact)
    return {key: group for key, group in found.items() if group["true"] and group["false"]}


def _candidates(view: View) -> Iterator[Fact]:
    """Statements about what is drawn that the letters alone do not decide."""
    drawn, pieces = view.lines, view.pieces
    whole = [line[0] + line[-1] for line in drawn]
    letters = sorted(view.derivation.known.points)
    for first, second in combinations(whole, 2):
        if not set(first) & set(second):
            yield Fact("parallel", (first, second))
        yield Fact("perpendicular", (first, second))
    for pair in combinations(pieces, 2):
        if not any(set("".join(pair)) <= set(line) and _overlap(*pair, line) for line in drawn):
            yield Fact("equal", pair)
    for one, two in combinations(view.angles, 2):
        yield Fact("equal_angle", (one, two))
    for line in drawn:
        for point in letters:
            if point not in (line[0], line[-1]):
                yield Fact("on", (point, line[0] + line[-1]))
        for a, m, b in combinations(line, 3):
            yield Fact("midpoint", (m, a + b))
    for vertex, rays in view.derivation.known.rays.items():
        for a, d, b in permutations(rays, 3):
            if a < b and view.derivation.known.angle(a, vertex, b):
                yield Fact("bisects", (vertex + d, a + vertex + b))
    for centre in (c for c, _ in view.scene.circles if c.isupper()):
        yield from (Fact("on_circle", (p, centre)) for p in letters if p != centre)
        for segment in (s for s in whole if centre not in s):
            yield Fact("diameter", (segment, centre))
            yield Fact("tangent", (segment, centre))


def _overlap(first: str, second: str, line: str) -> bool:
    """Whether two segments of one line share more than a point: then one of them is a part of the other."""
    (a, b), (c, d) = (sorted(map(line.index, segment)) for segment in (first, second))
    return max(a, c) < min(b, d)


def _spelled(fact: Fact, rng: Random) -> Fact:
    names = tuple(spell(arg, rng) for arg in fact.args)
    return Fact(fact.kind, names[::-1] if fact.kind in SYMMETRIC and rng.random() < 0.5 else names)


def yes_or_no(view: View, rng: Random) -> Draft | None:
    """First the kind of statement is drawn, then the answer: both occur in this figure."""
    if not (found := statements(view)):
        return None
    kinds = sorted({kind for kind, _ in found})
    kind = rng.choice(kinds)
    group = found[rng.choice([key for key in sorted(found) if key[0] == kind])]
    value = rng.choice(("yes", "no"))
    fact = _spelled(rng.choice(group["true" if value == "yes" else "false"]), rng)
    reason = phrase(fact) if value == "yes" else DENIALS[kind].format(*fact.args)
    question, worked = word(RELATION[kind], rng, *fact.args), f"{reason}, so the answer is"
    facts = (fact,) if value == "yes" else ()
    return Draft(question, worked, "text", value, ("yes", "no"), facts=facts)


def true_statement(view: View, rng: Random) -> Draft | None:
    """Four statements of one form, of which one is true and three are visibly false."""
    groups = [group for _, group in sorted(statements(view).items()) if len(group["false"]) >= 3]
    if not groups:
        return None
    group = rng.choice(groups)
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
    found: dict[str, list[tuple[Fact, list[str]]]] = {}
    for (kind, _), group in sorted(statements(view).items()):
        for fact in group["true"] if kind in NAME else ():
            for one, two in (fact.args, fact.args[::-1]):
                others = [
                    next(arg for arg in other.args if arg != one)
                    for other in group["false"]
                    if one in other.args
                ]
                if len(others) >= 2:
                    found.setdefault(kind, []).append((Fact(kind, (one, two)), others))
    if not found:
        return None
    kind = rng.choice(sorted(found))
    fact, others = rng.choice(found[kind])
    one, two = (spell(arg, rng) for arg in fact.args)
    names = [two, *(spell(other, rng) for other in rng.sample(others, 2))]
    rng.shuffle(names)
    sign = "∠" if kind == "equal_angle" else ""
    question = word(NAME[kind], rng, sign + one, either([sign + name for name in names]))
    worked = f"{phrase(Fact(kind, (one, two)))}, so it is"
    choices = tuple(sign + name for name in names)
    return Draft(question, worked, "text", sign + two, choices, facts=(Fact(kind, (one, two)),))
