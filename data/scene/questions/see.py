"""What is seen without computing: numbers that stand there, how many, which is longer, which point."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import combinations
from random import Random

from data.scene import geometry as g
from data.scene.derive.known import common
from data.scene.derive.words import listed
from data.scene.questions.draft import Draft, View, either, spell, word
from data.scene.shapes import unequal
from data.scene.types import Fact

READ = {
    "length": ("What is the length of {}?", "How long is {}?", "Find {}."),
    "angle": ("What is the measure of ∠{}?", "How large is ∠{}?", "Find ∠{}."),
    "coordinates": ("What are the coordinates of {}?", "Where is point {}?"),
}
SIGNS = {"length": ("", ""), "angle": ("∠", "°"), "coordinates": ("", "")}
LONGER = ("Which is longer, {} or {}?", "Which of {} and {} is the longer one?")
LARGER = ("Which is larger, ∠{} or ∠{}?", "Which of ∠{} and ∠{} is the larger one?")
ORDER = ("Order {} from shortest to longest.", "Name {} in order of length, the shortest first.")
POINT = {
    "midpoint": ("Which point is the midpoint of {}?", "Which point halves {}?"),
    "crossing": ("At which point do {} and {} cross?", "In which point do {} and {} meet?"),
    "foot": ("Which point is the foot of the perpendicular from {} to {}?",),
    "between": ("Which labelled point lies between {} and {}?",),
    "centre": ("Which point is the centre of the circle?", "Which letter names the centre of the circle?"),
}
FAR_APART = 1.5
"""Margins by which what is compared differs."""


def read(kind: str) -> Callable[[View, Random], Draft | None]:
    """A number that a label tells."""

    def draft(view: View, rng: Random) -> Draft | None:
        labelled = [fact for fact in view.built.stated if fact.kind == kind]
        if not labelled:
            return None
        fact = rng.choice(labelled)
        name, (sign, unit) = spell(fact.args[0], rng), SIGNS[kind]
        question = word(READ[kind], rng, name)
        if kind == "coordinates":
            return Draft(question, f"{name} is marked {fact.value}, so {name} is at", "list", fact.value)
        value = round(float(fact.value or 0))
        worked = f"{sign}{name} is marked {value}{unit}, so {sign}{name} ="
        others = tuple(str(other.value) for other in view.built.stated if other.kind == kind)
        facts = (Fact(kind, (name,), value),)
        return Draft(question, worked, "number", value, unit=unit, slips=others, facts=facts)

    return draft


def _slightly(n: int) -> tuple[str, ...]:
    return tuple(str(m) for m in (n - 2, n - 1, n + 1, n + 2, n + 3) if m >= 0)


def count(view: View, rng: Random) -> Draft | None:
    """How many triangles, labelled points, points on a line, right-angle marks or numbers there are."""
    possible = [one for one in COUNTS if view.lines or one not in (_on_line, _rays)]
    question, seen, value = rng.choice(possible)(view, rng)
    return Draft(question, f"{seen}, so the number is", "number", value, slips=_slightly(value))


def _triangles(view: View, rng: Random) -> tuple[str, str, int]:
    names = view.derivation.known.triangles
    seen = f"the triangles are {listed(names)}" if names else "no three lines form a triangle"
    return (
        word(("How many triangles are there?", "How many triangles does the figure contain?"), rng),
        seen,
        len(names),
    )


def _points(view: View, rng: Random) -> tuple[str, str, int]:
    names = sorted(view.derivation.known.points)
    wordings = ("How many points are labelled?", "How many points have a letter?")
    return word(wordings, rng), f"the points are {listed(names)}", len(names)


def _on_line(view: View, rng: Random) -> tuple[str, str, int]:
    line = rng.choice(view.lines)
    question = f"How many labelled points lie on {spell(line[0] + line[-1], rng)}, its ends included?"
    return question, f"the points are {listed(list(line))}", len(line)


def _marks(kinds: tuple[str, ...], noun: str) -> Callable[[View, Random], tuple[str, str, int]]:
    def counted(view: View, rng: Random) -> tuple[str, str, int]:
        at = [mark.at for mark in view.scene.marks if mark.kind in kinds]
        sign = "∠" if kinds[0] in ("right", "angle") else ""
        seen = f"they are at {listed([sign + name for name in at])}" if at else "there is none"
        return f"How many {noun} are marked?", seen, len(at)

    return counted


def _rays(view: View, rng: Random) -> tuple[str, str, int]:
    at, rays = rng.choice(sorted(view.derivation.known.rays.items()))
    wordings = ("How many drawn lines leave point {}?", "In how many directions do lines leave {}?")
    seen = f"lines lead to {listed(sorted(rays))}" if rays else "no line leaves it"
    return word(wordings, rng, at), seen, len(rays)


COUNTS: tuple[Callable[[View, Random], tuple[str, str, int]], ...] = (
    _triangles,
    _points,
    _on_line,
    _rays,
    _marks(("right",), "right angles"),
    _marks(("length", "angle"), "numbers"),
)


def longer(view: View, rng: Random) -> Draft | None:
    """The longer one of two segments that differ visibly."""
    points = view.scene.points
    sizes = {name: g.distance(points[name[0]], points[name[1]]) for name in view.pieces}
    pairs = [p for p in combinations(sizes, 2) if unequal(sizes[p[0]], sizes[p[1]]) > FAR_APART]
    return _compared(view, pairs, sizes, "", LONGER, "longer than", rng)


def larger(view: View, rng: Random) -> Draft | None:
    """The larger one of two angles that differ visibly."""
    sizes = {name: g.angle(*(view.scene.points[c] for c in name)) for name in view.angles}
    pairs = [p for p in combinations(sizes, 2) if abs(sizes[p[0]] - sizes[p[1]]) > 5 * FAR_APART]
    return _compared(view, pairs, sizes, "∠", LARGER, "larger than", rng)


def _compared(
    view: View,
    pairs: list[tuple[str, str]],
    sizes: dict[str, float],
    sign: str,
    wordings: tuple[str, ...],
    relation: str,
    rng: Random,
) -> Draft | None:
    if not pairs:
        return None
    one, two = sorted(rng.choice(pairs), key=lambda name: -sizes[name])
    one, two = spell(one, rng), spell(two, rng)
    asked = (one, two) if rng.random() < 0.5 else (two, one)
    worked = f"{sign}{one} is {relation} {sign}{two}, so it is"
    choices = tuple(sign + name for name in asked)
    return Draft(word(wordings, rng, *asked), worked, "text", sign + one, choices)


def order(view: View, rng: Random) -> Draft | None:
    """Three segments by length."""
    points = view.scene.points
    sizes = {name: g.distance(points[name[0]], points[name[1]]) for name in view.pieces}
    threes = [
        three
        for three in combinations(sizes, 3)
        if all(unequal(sizes[a], sizes[b]) > FAR_APART for a, b in combinations(three, 2))
    ]
    if not threes:
        return None
    names = sorted(rng.choice(threes), key=sizes.__getitem__)
    names = [spell(name, rng) for name in names]
    asked = rng.sample(names, 3)
    worked = (
        f"{names[0]} is shorter than {names[1]} and {names[1]} is shorter than {names[2]}, so the order is"
    )
    return Draft(word(ORDER, rng, either(asked)), worked, "list", ", ".join(names))


def point(view: View, rng: Random) -> Draft | None:
    """Which point is a middle, a crossing, a foot, a centre, or between two others."""
    found: dict[str, list[tuple[str, tuple[str, ...], str]]] = {}
    for kind, value, names, reason in _named_points(view):
        found.setdefault(kind, []).append((value, names, reason))
    if not found:
        return None
    kind = rng.choice(sorted(found))
    value, names, reason = rng.choice(found[kind])
    choices = tuple(sorted(view.derivation.known.points))
    question = word(POINT[kind], rng, *(spell(name, rng) for name in names))
    return Draft(question, f"{reason}, so the point is", "text", value, choices)


def _named_points(view: View) -> Iterator[tuple[str, str, tuple[str, ...], str]]:
    known = view.derivation.known
    for line in view.lines:
        for a, m, b in combinations(line, 3):
            if view.verdict(Fact("midpoint", (m, a + b))) == "true":
                yield "midpoint", m, (a + b,), f"{a}{m} = {m}{b}"
        if len(line) == 3:
            yield "between", line[1], (line[0], line[2]), f"{line[1]} lies on {line[0]}{line[2]}"
    for one, two in combinations(view.lines, 2):
        for p in common(one[1:-1], two[1:-1]):
            first, second = one[0] + one[-1], two[0] + two[-1]
            yield "crossing", p, (first, second), f"{p} is on {first} and on {second}"
    for fact in known.facts("perpendicular"):
        for top, base in (fact.args, fact.args[::-1]):
            line = known.line(*base)
            for foot in top:
                start = top.replace(foot, "")
                if foot in line and start not in line:
                    whole = line[0] + line[-1]
                    yield "foot", foot, (start, whole), f"{start}{foot} ⊥ {whole}"
    centres = [centre for centre, _ in view.scene.circles]
    if len(centres) == 1 and centres[0].isupper():
        yield "centre", centres[0], (), f"the circle is drawn around {centres[0]}"
