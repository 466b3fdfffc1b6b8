"""A template family: parameters, a figure in its own letters, edits that lead to its neighbours."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Any

from data.scene.types import Fact, Mark, Point

Params = Mapping[str, Any]


@dataclass
class Figure:
    """A figure in the family's own letters and length units (y up), before it is named and placed.

    ``stated`` are the facts a caption tells in order; ``numbers`` maps a slot (``"AB"``, ``"ABC"``) to the
    parameter its value comes from, so that any of them may be labelled and told.
    """

    points: dict[str, Point]
    segments: tuple[str, ...]
    stated: list[Fact]
    numbers: dict[str, str] = field(default_factory=dict)
    circles: tuple[tuple[str, float], ...] = ()
    marks: list[Mark] = field(default_factory=list)


@dataclass(frozen=True)
class Family:
    """A family of figures over the same letters.

    ``ranges`` lists the values every numeric parameter may take; ``choices`` lists, per operator (``shape``,
    ``relation``), the parameter it changes and, for each of its values, the values an edit may change it to.
    """

    name: str
    letters: str
    draw: Callable[[Params], Figure]
    ranges: Mapping[str, tuple[int, ...]]
    choices: Mapping[str, tuple[str, Mapping[str, tuple[str, ...]]]]

    def sample(self, fixed: Params, rng: Random) -> dict[str, Any]:
        """Draw every numeric parameter; ``fixed`` holds the template's own."""
        return {**{name: rng.choice(values) for name, values in self.ranges.items()}, **fixed}


def polar(radius: float, degrees: float) -> Point:
    """The point at a distance and an angle from the origin."""
    return radius * math.cos(math.radians(degrees)), radius * math.sin(math.radians(degrees))


def among(*values: str) -> dict[str, tuple[str, ...]]:
    """Every value may change to every other one."""
    return {value: tuple(other for other in values if other != value) for value in values}
