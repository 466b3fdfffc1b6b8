"""A template family: parameters, a figure in its own letters, choices that lead to its neighbours."""

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

    ``stated`` are the facts a caption tells in order. ``numbers`` maps a slot to the parameter that its value
    comes from, so that any of them may be labelled and told: ``"AB"`` a length, ``"ABC"`` an angle, ``"A"`` a
    point's coordinates. ``told`` are further parameters whose value a stated fact tells. ``axes`` is how far
    a coordinate system reaches: its least x and y, its greatest x and y; ``curves`` are graphs, each an
    equation and points along it. The other fields are those of :class:`data.scene.types.Scene`.
    """

    points: dict[str, Point]
    segments: tuple[str, ...]
    stated: list[Fact]
    numbers: dict[str, str] = field(default_factory=dict)
    circles: tuple[tuple[str, float], ...] = ()
    marks: list[Mark] = field(default_factory=list)
    told: tuple[str, ...] = ()
    dashed: tuple[str, ...] = ()
    arcs: tuple[str, ...] = ()
    axes: tuple[float, float, float, float] | None = None
    curves: tuple[tuple[str, tuple[Point, ...]], ...] = ()


@dataclass(frozen=True)
class Choice:
    """One way to edit a family's figures: a parameter, and which values may become which others.

    ``operator`` is what the edit is called in a caption (``shape``, ``relation``, ``incidence``,
    ``attribute``), ``image`` what it is called in a picture where that differs: ``move`` (a point), ``break``
    (an equality), ``mark`` (moved), ``drop`` (a segment). Edits lead back as well as forth.
    """

    operator: str
    parameter: str
    following: Mapping[str, tuple[str, ...]]
    image: str = ""


@dataclass(frozen=True)
class Family:
    """A family of figures over the same letters.

    ``ranges`` lists the values every numeric parameter may take. ``upright`` figures are neither turned nor
    mirrored, as coordinate systems are not.
    """

    name: str
    letters: str
    draw: Callable[[Params], Figure]
    ranges: Mapping[str, tuple[int, ...]]
    choices: tuple[Choice, ...]
    upright: bool = False

    def sample(self, fixed: Params, rng: Random) -> dict[str, Any]:
        """Draw every numeric parameter; ``fixed`` holds the template's own."""
        return {**{name: rng.choice(values) for name, values in self.ranges.items()}, **fixed}


@dataclass(frozen=True)
class Template:
    """Figures of one family: per parameter the values it shows; one that stands twice, twice as often.

    ``version`` is raised when the same seed gives another figure, ``level`` is how hard a figure is to read.
    """

    family: str
    level: str
    shows: Mapping[str, tuple[str, ...]]
    version: int = 1


def polar(radius: float, degrees: float) -> Point:
    """The point at a distance and an angle from the origin."""
    return radius * math.cos(math.radians(degrees)), radius * math.sin(math.radians(degrees))


def among(*values: str) -> dict[str, tuple[str, ...]]:
    """Every value may change to every other one."""
    return {value: tuple(other for other in values if other != value) for value in values}


def both_ways(*pairs: tuple[str, str]) -> dict[str, tuple[str, ...]]:
    """The values of each pair may change to each other."""
    found: dict[str, tuple[str, ...]] = {}
    for one, two in (*pairs, *((two, one) for one, two in pairs)):
        found[one] = (*found.get(one, ()), two)
    return found
