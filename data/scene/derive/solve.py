"""Derive every number that follows from a figure, by the fewest steps, and say the steps.

Rules make links between quantities (:mod:`data.scene.derive.known`); from the labelled numbers the links are
followed in the order of how many steps a number takes, so the first way to reach one is a shortest.
"""

# mypy: disable-error-code="str-unpack"
# Names of segments and polygons are taken apart into their letters.
from __future__ import annotations

import heapq
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property

from data.scene import geometry as g
from data.scene.derive.angles import ANGLES
from data.scene.derive.areas import AREAS
from data.scene.derive.circles import CIRCLES
from data.scene.derive.exact import Exact, Inexact
from data.scene.derive.graphs import GRAPHS, places
from data.scene.derive.known import Known, Link, Premise, Quantity, edges, segment
from data.scene.derive.lengths import LENGTHS
from data.scene.derive.structure import STRUCTURE
from data.scene.derive.words import capital, clause, listed, named, unit
from data.scene.truth import evaluate
from data.scene.types import Built, Fact, Scene

SEGMENT = re.compile(r"(?<![A-Z∠△])[A-Z]{2}(?![A-Z])")
MOST_STEPS = 4
LARGEST = 1000
"""Greatest number that is asked for."""

RULES: tuple[Callable[[Known], Iterator[Link]], ...] = (
    *LENGTHS,
    *ANGLES,
    *CIRCLES,
    *AREAS,
    *GRAPHS,
)


@dataclass(frozen=True)
class Step:
    """One sentence of a derivation: what it leans on and what it concludes.

    ``fact`` is the conclusion; numbers have their quantity as kind and their size as value.
    """

    fact: Fact
    text: str


@dataclass(frozen=True)
class Number:
    """A number, what it was computed by (None: a label tells it) and how many steps that took."""

    value: Exact
    by: Link | None
    steps: int


class Derivation:
    """All that follows from one figure; computed when first asked for."""

    def __init__(self, built: Built) -> None:
        self.known = Known(built)
        for rule in (*STRUCTURE, places):
            rule(self.known)

    @cached_property
    def links(self) -> list[Link]:
        """Every way to compute a quantity of the figure from others."""
        return [link for rule in RULES for link in rule(self.known)]

    @cached_property
    def numbers(self) -> dict[Quantity, Number]:
        """Every quantity that follows in at most ``MOST_STEPS`` steps, least steps first."""
        waiting: dict[Quantity, list[int]] = {}
        missing = []
        heap: list[tuple[int, int, Quantity, Number]] = []
        found: dict[Quantity, Number] = {}
        for i, link in enumerate(self.links):
            inputs = set(link.inputs)
            missing.append(len(inputs))
            for quantity in inputs:
                waiting.setdefault(quantity, []).append(i)
            if not inputs:
                self._push(heap, i, found)
        for i, (quantity, value) in enumerate(self.known.numbers.items()):
            heapq.heappush(heap, (0, i, quantity, Number(value, None, 0)))
        while heap:
            _, _, quantity, number = heapq.heappop(heap)
            if quantity in found:
                continue
            found[quantity] = number
            for i in waiting.get(quantity, ()):
                missing[i] -= 1
                if not missing[i] and self.links[i].target not in found:
                    self._push(heap, i, found)
        return found

    def _push(self, heap: list, i: int, found: dict[Quantity, Number]) -> None:
        link = self.links[i]
        steps = 1 + sum(found[quantity].steps for quantity in link.inputs)
        steps += sum(self._shown_in(premise) for premise in link.because)
        if steps > MOST_STEPS:
            return
        try:
            value = link.formula.solve(*(found[quantity].value for quantity in link.inputs))
        except Inexact:
            return
        if value.n > 0 and float(value) <= LARGEST and (link.target.of != "angle" or value.n < 180):
            heapq.heappush(heap, (steps, i, link.target, Number(value, link, steps)))

    def _shown_in(self, premise: Premise) -> int:
        """How many steps it takes to show a premise."""
        if isinstance(premise, str) or premise not in self.known.why:
            return 0
        why = self.known.why[premise]
        return (not why.plain) + sum(map(self._shown_in, why.because))

    def steps(self, quantity: Quantity) -> list[Step]:
        """Return the steps that lead to a number, each once, in order."""
        found: dict[Fact, Step] = {}
        self._explain(quantity, found)
        return list(found.values())

    def show(self, fact: Fact) -> list[Step]:
        """Return the steps that lead to a fact; none where it is stated or plain."""
        found: dict[Fact, Step] = {}
        self._show(fact, found)
        return list(found.values())

    def said(self, fact: Fact) -> str:
        """A fact as a clause, with what it follows from where that needs no step."""
        return listed(self._say((fact,)))

    def _explain(self, quantity: Quantity, found: dict[Fact, Step]) -> None:
        number = self.numbers[quantity]
        fact = Fact(quantity.of, (quantity.name,), float(number.value))
        if number.by is None or fact in found:
            return
        for premise in number.by.because:
            self._show(premise, found)
        for given in number.by.inputs:
            self._explain(given, found)
        clauses = [*self._say(number.by.because), *(self._told(given) for given in number.by.inputs)]
        so = f"{named(quantity)} {'=' if quantity.of in ('length', 'angle') else 'is'} "
        if text := number.by.formula.text:
            so += f"{text.format(*(_inner(self.numbers[given].value) for given in number.by.inputs))} = "
        found[fact] = _step(fact, clauses, f"{so}{number.value}{unit(quantity)}")

    def _show(self, premise: Premise, found: dict[Fact, Step]) -> None:
        if isinstance(premise, str) or premise not in self.known.why or premise in found:
            return
        why = self.known.why[premise]
        for other in why.because:
            self._show(other, found)
        if not why.plain:
            found[premise] = _step(premise, self._say(why.because), self._clause(premise))

    def _say(self, premises: tuple[Premise, ...]) -> list[str]:
        """Premises as clauses; what a plain one follows from is said before it."""
        said: list[str] = []
        for premise in premises:
            if isinstance(premise, str):
                said.append(premise)
                continue
            if (why := self.known.why.get(premise)) and why.plain:
                said += self._say(why.because)
            said.append(self._clause(premise))
        return list(dict.fromkeys(said))

    def _clause(self, fact: Fact) -> str:
        """A fact as a clause, its angles under the name that numbers have."""
        if fact.kind in ("equal_angle", "bisects"):
            named = (self.known.angle(*arg) if len(arg) == 3 else None for arg in fact.args)
            fact = fact._replace(
                args=tuple(a.name if a else arg for a, arg in zip(named, fact.args, strict=True))
            )
        return clause(fact)

    def _told(self, quantity: Quantity) -> str:
        return f"{named(quantity)} = {self.numbers[quantity].value}{unit(quantity)}"


def _inner(value: Exact) -> str:
    """A number inside a formula."""
    return str(value) if value.whole else f"({value})"


def _step(fact: Fact, clauses: list[str], so: str) -> Step:
    text = f"{listed(list(dict.fromkeys(clauses)))}, so {so}."
    return Step(fact, capital(SEGMENT.sub(lambda found: segment(found[0]), text)))


def is_true(fact: Fact, scene: Scene) -> bool:
    """Whether a step's conclusion is true of the coordinates."""
    if fact.kind in MEASURES:
        told = float(fact.value or 0)
        return abs(MEASURES[fact.kind](fact.args[0], scene) - told) < 1e-6 * told
    return evaluate(fact, scene).verdict == "true"


def _perimeter(name: str, scene: Scene) -> float:
    px = [g.distance(scene.points[a], scene.points[b]) for a, b in edges(name)]
    return sum(px) * scene.unit


def _area(name: str, scene: Scene) -> float:
    sides = [(scene.points[a], scene.points[b]) for a, b in edges(name)]
    twice = sum(p[0] * q[1] - p[1] * q[0] for p, q in sides)
    return abs(twice) / 2 * scene.unit**2


def _radius(name: str, scene: Scene) -> float:
    return dict(scene.circles)[name] * scene.unit


def _share(name: str, scene: Scene) -> tuple[float, float]:
    """Radius and angle of a sector, the angle in radians."""
    a, o, b = (scene.points[c] for c in name)
    return g.distance(a, o) * scene.unit, g.angle(a, o, b) * PI / 180


PI = float(Exact(1, 1, 1))
MEASURES: dict[str, Callable[[str, Scene], float]] = {
    "length": lambda name, scene: _perimeter(name, scene) / 2,
    "angle": lambda name, scene: g.angle(*(scene.points[c] for c in name)),
    "perimeter": _perimeter,
    "area": _area,
    "circumference": lambda name, scene: 2 * PI * _radius(name, scene),
    "disc": lambda name, scene: PI * _radius(name, scene) ** 2,
    "arc": lambda name, scene: _share(name, scene)[0] * _share(name, scene)[1],
    "sector": lambda name, scene: _share(name, scene)[0] ** 2 * _share(name, scene)[1] / 2,
}
