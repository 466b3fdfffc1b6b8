r"""Questions about a scene, each with a short worked answer that ends in ``\boxed{...}``.

A question names letters and nothing else: which figure they make, how they lie and which numbers stand
there has to be seen in the picture.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import combinations, permutations
from random import Random
from typing import Any

from data.scene.canonical import SYMMETRIC
from data.scene.caption import phrase
from data.scene.derived import derive
from data.scene.geometry import distance, to_segment
from data.scene.shapes import IMPLIED, SHAPES
from data.scene.truth import evaluate
from data.scene.types import Built, Fact, Scene

WORDINGS = {
    "shape": ("What kind of figure is {}?", "What shape is {}?", "Which figure is {}?"),
    "length": ("What is the length of {}?", "How long is {}?", "Find {}."),
    "angle": ("What is the measure of ∠{}?", "How large is ∠{}?", "Find ∠{}."),
    "perimeter": ("What is the perimeter of {}?", "Find the perimeter of {}."),
    "area": ("What is the area of {}?", "Find the area of {}."),
    "parallel": ("Is {} parallel to {}?", "Are {} and {} parallel?"),
    "perpendicular": ("Is {} perpendicular to {}?", "Are {} and {} perpendicular?"),
    "equal": ("Is {} as long as {}?", "Are {} and {} equal in length?"),
    "midpoint": ("Is {} the midpoint of {}?", "Does point {} bisect {}?"),
    "bisects": ("Does {} bisect ∠{}?", "Is {} the bisector of ∠{}?"),
    "on": ("Does point {} lie on {}?", "Is {} a point on {}?"),
    "diameter": ("Is {} a diameter of circle {}?", "Is {} a diameter of the circle with centre {}?"),
}
DENIALS = {
    "parallel": "{} is not parallel to {}",
    "perpendicular": "{} is not perpendicular to {}",
    "equal": "{} is not equal to {}",
    "midpoint": "{} is not the midpoint of {}",
    "bisects": "{} does not bisect ∠{}",
    "on": "{} is not on {}",
    "diameter": "{} is not a diameter of circle {}",
}
NO_WEIGHTS = {
    "equal": 1.3,
    "on": 0.57,
    "midpoint": 4.0,
    "bisects": 0.38,
    "perpendicular": 0.5,
    "diameter": 0.52,
}
"""How often a kind is denied, so that over all templates it is affirmed as often; a test holds it."""


SIGNS = {"length": ("", ""), "angle": ("∠", "°")}
"""Sign before a name and unit behind a value."""


@dataclass(frozen=True)
class Question:
    """A chat of one question and its worked answer, and the answer to grade by."""

    question_type: str
    messages: tuple[dict[str, Any], ...]
    answer: dict[str, Any]


@dataclass(frozen=True)
class _Draft:
    question: str
    worked: str
    kind: str
    value: str | int
    choices: tuple[str, ...] | None = None
    unit: str = ""


def ask(built: Built, rng: Random) -> Question | None:
    """Ask one question of a type drawn evenly among those that the scene allows; None when there is none."""
    for name in rng.sample(list(TYPES), len(TYPES)):
        if draft := TYPES[name](built, rng):
            break
    else:
        return None
    worked = f"{draft.worked[0].upper()}{draft.worked[1:]} \\boxed{{{draft.value}{draft.unit}}}"
    question = [{"type": "image"}, {"type": "text", "text": draft.question}]
    return Question(
        question_type=name,
        messages=(
            {"role": "user", "content": question},
            {"role": "assistant", "content": [{"type": "text", "text": worked}]},
        ),
        answer={
            "kind": draft.kind,
            "value": draft.value,
            "choices": list(draft.choices) if draft.choices else None,
            "unit": draft.unit or None,
            "precision": None,
        },
    )


def _word(key: str, names: tuple[str, ...], rng: Random) -> str:
    return rng.choice(WORDINGS[key]).format(*names)


def _spell(name: str, rng: Random) -> str:
    """One of the equal ways to write a segment, an angle or a polygon."""
    if len(name) > 3:
        start = rng.randrange(len(name))
        name = name[start:] + name[:start]
    return name[::-1] if rng.random() < 0.5 else name


def lines(scene: Scene) -> list[str]:
    """Return the labelled points along every drawn segment, in order; at least two each."""
    found = []
    for segment in scene.segments:
        p, q = (scene.points[name] for name in segment)
        inside = [n for n, r in scene.points.items() if n.isupper() and to_segment(r, p, q) < 1e-6]
        found.append("".join(sorted(inside, key=lambda n: distance(scene.points[n], p))))
    return [line for line in found if len(line) > 1]


# --- What kind of figure


def most_specific(polygon: str, scene: Scene) -> str | None:
    """Return the one class of :data:`SHAPES` that is true and implies all true ones.

    None when there is no single one (right and isosceles), or when another is too near to tell by eye.
    """
    verdicts = {c: evaluate(Fact("shape", (polygon,), c), scene).verdict for c in SHAPES[len(polygon)]}
    for name in reversed(SHAPES[len(polygon)]):
        others = set(verdicts) - {name, *IMPLIED[name]}
        if verdicts[name] == "true" and all(verdicts[c] == "false" for c in others):
            return name
    return None


def _polygons(scene: Scene) -> Iterator[str]:
    """Every triangle and quadrilateral of labelled points whose sides are drawn, each once."""
    sides = {frozenset(pair) for line in lines(scene) for pair in combinations(line, 2)}
    named = sorted(filter(str.isupper, scene.points))
    for first, *rest in (*combinations(named, 3), *combinations(named, 4)):
        for others in permutations(rest):
            polygon = "".join((first, *others))
            if others[0] < others[-1] and all(
                frozenset((polygon[i - 1], polygon[i])) in sides for i in range(len(polygon))
            ):
                yield polygon


def _ask_shape(built: Built, rng: Random) -> _Draft | None:
    """Ask for the figure itself every second time, else for any triangle or quadrilateral of its lines."""
    polygons = list(_polygons(built.scene))
    rng.shuffle(polygons)
    if rng.random() < 0.5:
        polygons = [fact.args[0] for fact in built.stated if fact.kind == "shape"] + polygons
    found = ((polygon, most_specific(polygon, built.scene)) for polygon in polygons)
    polygon, value = next(((p, c) for p, c in found if c), ("", None))
    if value is None:
        return None
    polygon = _spell(polygon, rng)
    reason = _reason(polygon, value, built.scene)
    worked = f"{reason}, so {polygon} is {'an' if value[0] in 'aei' else 'a'}"
    return _Draft(_word("shape", (polygon,), rng), worked, "text", value, SHAPES[len(polygon)])


def _reason(polygon: str, value: str, scene: Scene) -> str:
    """Say what makes a polygon what it is."""
    sides = [polygon[i] + polygon[(i + 1) % len(polygon)] for i in range(len(polygon))]
    ring = list(zip(sides, sides[1:] + sides[:1], strict=True))

    def true(kind: str, pairs: list[tuple[str, str]]) -> list[str]:
        facts = [Fact(kind, pair) for pair in pairs]
        return [phrase(fact) for fact in facts if evaluate(fact, scene).verdict == "true"]

    if value in ("rhombus", "square", "equilateral triangle"):
        corner = f" and {true('perpendicular', ring)[0]}" if value == "square" else ""
        return " = ".join(sides) + corner
    if value == "rectangle":
        return "all angles are right angles"
    if value in ("parallelogram", "trapezoid"):
        return " and ".join(true("parallel", [(sides[0], sides[2]), (sides[1], sides[3])]))
    if value in ("right triangle", "isosceles triangle"):
        return true("perpendicular" if value == "right triangle" else "equal", ring)[0]
    return "no sides are parallel" if value == "quadrilateral" else "all sides differ and no angle is right"


# --- Yes or no


def _relations(scene: Scene) -> Iterator[Fact]:
    """Statements about what is drawn that the letters alone do not decide."""
    drawn = lines(scene)
    whole = [line[0] + line[-1] for line in drawn]
    pieces = [pair for line in drawn for pair in ("".join(p) for p in combinations(line, 2))]
    for first, second in combinations(whole, 2):
        if not set(first) & set(second):
            yield Fact("parallel", (first, second))
        yield Fact("perpendicular", (first, second))
    for pair in combinations(pieces, 2):
        if not any(set("".join(pair)) <= set(line) and _overlap(*pair, line) for line in drawn):
            yield Fact("equal", pair)
    for line in drawn:
        for point in filter(str.isupper, scene.points):
            if point not in (line[0], line[-1]):
                yield Fact("on", (point, line[0] + line[-1]))
        for a, m, b in combinations(line, 3):
            yield Fact("midpoint", (m, a + b))
    for vertex in filter(str.isupper, scene.points):
        beside = [set(line) - {vertex} for line in drawn if vertex in line]
        arms = sorted(set().union(*beside))
        for a, d, b in permutations(arms, 3):
            if a < b and not any(len({a, d, b} & line) > 1 for line in beside):
                yield Fact("bisects", (vertex + d, a + vertex + b))
    for centre, _ in scene.circles:
        yield from (Fact("diameter", (segment, centre)) for segment in whole if centre not in segment)


def _overlap(first: str, second: str, line: str) -> bool:
    """Whether two segments of one line share more than a point: then one of them is a part of the other."""
    (a, b), (c, d) = (sorted(map(line.index, segment)) for segment in (first, second))
    return max(a, c) < min(b, d)


def _ask_relation(built: Built, rng: Random) -> _Draft | None:
    """First draw the answer, then a kind of statement that has it: the words must not give it away."""
    verdict, value = rng.choice((("true", "yes"), ("false", "no")))
    found: dict[str, list[Fact]] = {}
    for fact in _relations(built.scene):
        if evaluate(fact, built.scene).verdict == verdict:
            found.setdefault(fact.kind, []).append(fact)
    if not found:
        return None
    weights = [NO_WEIGHTS.get(kind, 1.0) if value == "no" else 1.0 for kind in found]
    fact = rng.choice(found[rng.choices(list(found), weights)[0]])
    names = tuple(_spell(arg, rng) for arg in fact.args)
    if fact.kind in SYMMETRIC and rng.random() < 0.5:
        names = names[::-1]
    reason = phrase(Fact(fact.kind, names)) if value == "yes" else DENIALS[fact.kind].format(*names)
    return _Draft(_word(fact.kind, names, rng), f"{reason}, so the answer is", "text", value, ("yes", "no"))


# --- Numbers


def _read(kind: str) -> Callable[[Built, Random], _Draft | None]:
    def draft(built: Built, rng: Random) -> _Draft | None:
        labelled = [fact for fact in built.stated if fact.kind == kind]
        if not labelled:
            return None
        fact = rng.choice(labelled)
        name, value, (sign, unit) = _spell(fact.args[0], rng), int(fact.value or 0), SIGNS[kind]
        worked = f"{sign}{name} is marked {value}{unit}, so {sign}{name} ="
        return _Draft(_word(kind, (name,), rng), worked, "number", value, unit=unit)

    return draft


def _ask_derived(built: Built, rng: Random) -> _Draft | None:
    groups = derive(built)
    if not groups:
        return None
    one = rng.choice(rng.choice(groups))
    name = _spell(one.name, rng)
    unit = "°" if one.of == "angle" else ""
    return _Draft(_word(one.of, (name,), rng), one.because.format(name), "number", one.value, unit=unit)


TYPES: dict[str, Callable[[Built, Random], _Draft | None]] = {
    "shape": _ask_shape,
    "relation": _ask_relation,
    "read_length": _read("length"),
    "read_angle": _read("angle"),
    "derived": _ask_derived,
}
