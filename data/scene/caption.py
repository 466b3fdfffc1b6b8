"""Captions from facts, as in "The diagram features △ABC, where AB = 6. Point D lies on BC, and CD = 4."

A *style* (an integer) fixes the wording of every kind of fact, so that a caption and its edited version are
worded alike and differ in what they say only.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from data.scene.equations import kind
from data.scene.types import Fact

OPENINGS = ("The diagram features {}", "The figure shows {}", "This is {}", "Shown is {}")
WORDINGS: dict[str, tuple[str, ...]] = {
    "parallel": ("{0} ∥ {1}", "{0} is parallel to {1}"),
    "perpendicular": ("{0} ⊥ {1}", "{0} is perpendicular to {1}"),
    "equal": ("{0} = {1}", "{0} equals {1}"),
    "equal_angle": ("∠{0} = ∠{1}", "∠{0} equals ∠{1}"),
    "midpoint": ("{0} is the midpoint of {1}", "point {0} bisects {1}"),
    "on": ("point {0} lies on {1}", "{0} is a point on {1}"),
    "intersection": ("{1} and {2} intersect at {0}", "{1} meets {2} at {0}"),
    "bisects": ("{0} bisects ∠{1}", "{0} is the bisector of ∠{1}"),
    "median": ("{0} is a median of △{1}", "{0} is a median in △{1}"),
    "altitude": ("{0} is an altitude of △{1}", "{0} is an altitude in △{1}"),
    "midsegment": ("{0} is a mid-segment of △{1}",),
    "congruent": ("△{0} ≅ △{1}", "△{0} is congruent to △{1}"),
    "similar": ("△{0} ∼ △{1}", "△{0} is similar to △{1}"),
    "length": ("{0} = {value}", "{0} has length {value}"),
    "angle": ("∠{0} = {value}°", "∠{0} measures {value}°"),
    "on_circle": ("point {0} lies on circle {1}", "{0} is a point on circle {1}"),
    "chord": ("{0} is a chord of circle {1}", "{0} is a chord in circle {1}"),
    "diameter": ("{0} is a diameter of circle {1}", "{0} is a diameter in circle {1}"),
    "tangent": ("{0} is tangent to circle {1}", "{0} touches circle {1}"),
    "perpendicular_bisector": (
        "{0} is the perpendicular bisector of {1}",
        "{0} is the perpendicular bisector of segment {1}",
    ),
    "diagonal": ("{0} is a diagonal of {1}", "{0} is a diagonal in {1}"),
    "inscribed": ("{0} is inscribed in circle {1}", "circle {1} passes through the vertices of {0}"),
    "incircle": ("circle {0} is inscribed in {1}", "circle {0} touches the sides of {1}"),
    "tangent_circles": (
        "circles {0} and {1} are {value} tangent",
        "circle {0} is {value} tangent to circle {1}",
    ),
    "sector": ("{0} is a sector with centre {centre}", "{0} is a sector of a circle around {centre}"),
    "folded": ("{0} is folded along {1} onto {2}", "folding along {1} takes {0} to {2}"),
    "rotated": (
        "△{0} is rotated about {2} by {value}° to △{1}",
        "rotating △{0} by {value}° about {2} gives △{1}",
    ),
    "secant": ("{0} cuts circle {1}", "{0} intersects circle {1}"),
    "on_graph": ("point {0} lies on the graph", "{0} is a point on the graph"),
    "intercept": ("the graph meets the {value}-axis at {0}", "the graph crosses the {value}-axis at {0}"),
    "on_axis": ("point {0} lies on the {value}-axis", "{0} is a point on the {value}-axis"),
    "coordinates": ("{0} is at {value}", "point {0} has coordinates {value}"),
}
NUMBERS = ("length", "angle", "coordinates")
FIGURES = ("shape", "circle", "graph")
"""What a caption may begin with."""
STYLES = 16


@lru_cache(1 << 12)
def phrase(fact: Fact, style: int = 0) -> str:
    """Say one fact: ``AB ∥ CD``, ``right triangle ABC``, ``point D lies on BC``."""
    if fact.kind == "shape":
        name = f"{fact.value} {fact.args[0]}"
        return name.replace("triangle ", "△", 1) if str(fact.value) == "triangle" else name
    if fact.kind == "circle":
        return f"circle {fact.args[0]}"
    if fact.kind == "graph":
        return f"the {kind(str(fact.value))} {fact.value}"
    wording = WORDINGS[fact.kind]
    # One bit of the style per kind, so that every combination of wordings occurs.
    choice = (style >> (sum(map(ord, fact.kind)) % 3)) % len(wording)
    value = f"{fact.value:g}" if isinstance(fact.value, int | float) else fact.value
    return wording[choice].format(*fact.args, value=value, centre=fact.args[0][1:2])


def caption(facts: Sequence[Fact], style: int = 0) -> str:
    """Tell facts in order: the figure with its own numbers first, then what lies on it.

    Numbers that name a letter of a later statement are told with the first statement that has introduced
    all of their letters.
    """
    numbers = [f for f in facts if f.kind in NUMBERS]
    rest = [f for f in facts if f.kind not in NUMBERS]
    figure = [f for f in rest if f.kind in FIGURES][:1]
    others = [f for f in rest if f not in figure]
    known: set[str] = set()
    sentences = []
    if figure:
        known.update("".join(figure[0].args))
        attributes, others = _split(others, known, ("equal", "perpendicular", "parallel"))
        told, numbers = _split(numbers, known, None)
        opening = OPENINGS[style % len(OPENINGS)].format(_article(phrase(figure[0], style), style))
        sentences.append(_sentence(opening, [phrase(f, style) for f in attributes + told]))
    while others:
        statement, *others = others
        known.update("".join(statement.args))
        told, numbers = _split(numbers, known, None)
        clauses = [_clause(statement, style)]
        if others and not told and others[0].kind != "circle":
            known.update("".join(others[0].args))
            more, numbers = _split(numbers, known, None)
            clauses += [_clause(others[0], style)]
            told, others = more, others[1:]
        clauses += [phrase(f, style) for f in told]
        sentences.append(_comma(clauses))
    if numbers:
        sentences.append(_comma([phrase(f, style) for f in numbers]))
    return " ".join(_capital(s) + "." for s in sentences)


def _clause(fact: Fact, style: int) -> str:
    """Say a fact as a clause of its own; figures need a verb."""
    if fact.kind == "shape":
        return f"{fact.args[0]} is {_article(str(fact.value), style)}"
    if fact.kind == "circle":
        return f"{fact.args[0]} is the centre of a circle"
    return phrase(fact, style)


def _split(
    facts: list[Fact], known: set[str], kinds: tuple[str, ...] | None
) -> tuple[list[Fact], list[Fact]]:
    """Part the facts into those of ``kinds`` whose letters are all known, and the others."""
    inside: list[Fact] = []
    left: list[Fact] = []
    for fact in facts:
        own = kinds is None or fact.kind in kinds
        (inside if own and known.issuperset("".join(fact.args)) else left).append(fact)
    return inside, left


def _sentence(opening: str, clauses: list[str]) -> str:
    return f"{opening}, where {_join(clauses)}" if clauses else opening


def _join(clauses: list[str]) -> str:
    if len(clauses) <= 2:
        return " and ".join(clauses)
    return f"{', '.join(clauses[:-1])}, and {clauses[-1]}"


def _comma(clauses: list[str]) -> str:
    """Join whole statements: "Point D lies on BC, and CD = 4"."""
    return clauses[0] if len(clauses) == 1 else f"{', '.join(clauses[:-1])}, and {clauses[-1]}"


def _article(name: str, style: int) -> str:
    if name.startswith(("△", "circle", "the ")):
        return name
    return ("an " if name[0] in "aeiou" else "a ") + name


def _capital(sentence: str) -> str:
    return sentence if sentence.startswith(("∠", "△")) else sentence[0].upper() + sentence[1:]
