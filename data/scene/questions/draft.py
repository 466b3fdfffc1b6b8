"""What every type of question shares: the figure it asks about, a draft, wordings, spellings."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations, permutations
from random import Random
from typing import Any

from data.scene.derive.known import edges, segment
from data.scene.derive.solve import Derivation
from data.scene.truth import evaluate
from data.scene.types import Built, Fact


@dataclass(frozen=True)
class Draft:
    """A question before it becomes a chat.

    ``worked`` ends right before the answer; ``facts`` are the conclusions of its steps, all true of the
    scene; ``slips`` are wrong values that a slip would give, in the words of an answer.
    """

    question: str
    worked: str
    kind: str
    value: Any
    choices: tuple[str, ...] | None = None
    unit: str = ""
    steps: int = 1
    facts: tuple[Fact, ...] = ()
    slips: tuple[str, ...] = ()


class View:
    """A figure that questions are asked about; what is costly is worked out when first asked for."""

    def __init__(self, built: Built) -> None:
        self.built, self.scene = built, built.scene

    @cached_property
    def derivation(self) -> Derivation:
        """Everything that follows from the figure."""
        return Derivation(self.built)

    @property
    def lines(self) -> list[str]:
        """The labelled points along every drawn line."""
        return self.derivation.known.lines

    @cached_property
    def pieces(self) -> list[str]:
        """Every drawn segment, parts of lines too."""
        return [a + b for line in self.lines for a, b in combinations(line, 2)]

    @cached_property
    def angles(self) -> list[str]:
        """Every angle of drawn arms, under one name each."""
        known = self.derivation.known
        pairs = ((a, v, b) for v, rays in known.rays.items() for a, b in combinations(rays, 2))
        return [angle.name for angle in (known.angle(*pair) for pair in pairs) if angle]

    @cached_property
    def polygons(self) -> list[str]:
        """Every triangle and quadrilateral of labelled points whose sides are drawn, each once."""
        return list(_polygons(sorted(self.derivation.known.points), self.derivation.known.drawn))

    def verdict(self, fact: Fact) -> str:
        """True, false or ambiguous."""
        return evaluate(fact, self.scene).verdict


def _polygons(names: list[str], drawn: set[str]) -> Iterator[str]:
    for first, *rest in (*combinations(names, 3), *combinations(names, 4)):
        for others in permutations(rest):
            polygon = "".join((first, *others))
            if others[0] < others[-1] and all(segment(side) in drawn for side in edges(polygon)):
                yield polygon


def spell(name: str, rng: Random) -> str:
    """One of the equal ways to write a segment, an angle or a polygon."""
    if len(name) > 3:
        start = rng.randrange(len(name))
        name = name[start:] + name[:start]
    return name[::-1] if rng.random() < 0.5 else name


def word(wordings: tuple[str, ...], rng: Random, *names: str) -> str:
    """One of the wordings, about ``names``."""
    return rng.choice(wordings).format(*names)


def either(names: list[str]) -> str:
    """``AB or CD``, ``AB, CD and EF``."""
    return f"{', '.join(names[:-1])} and {names[-1]}"
