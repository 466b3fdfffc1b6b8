"""What the scene engine passes around: facts, marks, scenes, programs.

Coordinates are float64 pixels of a nominal 336 x 336 canvas, x to the right, y down. Points have one
upper-case letter; a lower-case name is an unlabelled helper point (the free end of a line). A segment is
two letters (``"AB"``), an angle three with the vertex in the middle (``"ABC"``), a polygon its vertices in
order (``"ABCD"``). Coordinates in a coordinate system are units, y up, and whole numbers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, NamedTuple

CANVAS = 336.0
Point = tuple[float, float]


class Fact(NamedTuple):
    """A typed statement about named things.

    The ``args`` of each ``kind``:

    - ``shape`` (polygon), with the class in ``value``
    - ``parallel``, ``perpendicular``, ``equal`` (segment, segment); ``equal_angle`` (angle, angle)
    - ``midpoint``, ``on`` (point, segment); ``intersection`` (point, segment, segment)
    - ``bisects`` (segment, angle); ``median``, ``altitude``, ``midsegment`` (segment, triangle)
    - ``congruent``, ``similar`` (triangle, triangle in corresponding order)
    - ``length`` (segment) and ``angle`` (angle), with a number in ``value``
    - ``perpendicular_bisector`` (segment, segment): the first lies on that of the second
    - ``diagonal`` (segment, polygon)
    - ``circle`` (centre); ``on_circle`` (point, centre); ``sector`` (angle at the centre)
    - ``chord``, ``diameter``, ``tangent``, ``secant`` (segment, centre)
    - ``inscribed`` (polygon, centre): its corners are on the circle; ``incircle`` (centre, polygon): the
      circle touches its sides; ``tangent_circles`` (centre, centre), ``externally`` or ``internally`` in
      ``value``
    - ``folded`` (point, segment, point): the second point is the first one's mirror image
    - ``rotated`` (triangle, triangle, centre), with the angle in degrees in ``value``
    - ``graph`` (), with an equation in ``value``; ``on_graph`` (point); ``on_axis`` and ``intercept`` (point:
      a graph meets an axis there), ``x`` or ``y`` in ``value``; ``coordinates`` (point), as ``"(3, -1)"``
    """

    kind: str
    args: tuple[str, ...]
    value: str | float | None = None

    def rename(self, table: Mapping[int, str]) -> Fact:
        """Return the fact with every letter replaced by ``table``, as ``str.maketrans`` makes one."""
        return Fact(self.kind, tuple([arg.translate(table) for arg in self.args]), self.value)

    def to_json(self) -> dict[str, Any]:
        """Return ``{kind, args, value}``."""
        return {"kind": self.kind, "args": list(self.args), "value": self.value}

    @staticmethod
    def from_json(raw: Mapping[str, Any]) -> Fact:
        """Rebuild a fact from :meth:`to_json`."""
        return Fact(raw["kind"], tuple(raw["args"]), raw.get("value"))


@dataclass(frozen=True)
class Mark:
    """A drawn sign at a segment, an angle or a point.

    ``tick`` and ``arrow`` (segment, count; arrows say parallel), ``right`` (angle), ``arc`` (angle, count),
    ``length`` (segment, text), ``angle`` (angle, text: an arc and its number), ``coordinates`` (point, text:
    written behind the letter).
    """

    kind: str
    at: str
    text: str = ""
    count: int = 1

    def rename(self, table: Mapping[int, str]) -> Mark:
        """Return the mark with every letter replaced by ``table``, as ``str.maketrans`` makes one."""
        return Mark(self.kind, self.at.translate(table), self.text, self.count)


@dataclass(frozen=True)
class Axes:
    """Axes of a coordinate system: the origin, and the lower left and upper right corner they reach; px."""

    origin: Point
    low: Point
    high: Point


@dataclass(frozen=True)
class Curve:
    """A drawn graph: its equation (``"y = x² - 4"``) and points along it in px, near enough to join."""

    equation: str
    points: tuple[Point, ...]


@dataclass(frozen=True)
class Scene:
    """A figure: named points, drawn segments, circles (centre, radius in px), marks, length units per px.

    ``dashed`` are the segments of ``segments`` that are auxiliary lines; ``arcs`` are angles ``"AOB"`` whose
    circular arc from A to B around O is drawn, the shorter one.
    """

    points: Mapping[str, Point]
    segments: tuple[str, ...]
    circles: tuple[tuple[str, float], ...] = ()
    marks: tuple[Mark, ...] = ()
    unit: float = 1.0
    dashed: tuple[str, ...] = ()
    arcs: tuple[str, ...] = ()
    axes: Axes | None = None
    curves: tuple[Curve, ...] = ()


@dataclass(frozen=True)
class Program:
    """What a scene is built from; an edit changes a program and never a picture.

    ``params`` are the template's own (shape class, relation, lengths, angles), ``names`` its letters in the
    template's order, ``given`` the numbers that are stated and labelled, ``turn`` the rotation in degrees,
    ``flip`` a mirror. ``numbers`` is how many numbers are told where the figure has as many, and ``order``
    the seed that says which come first: an edited figure tells the numbers that it would tell by itself.
    """

    template: str
    params: Mapping[str, Any]
    names: str
    given: tuple[str, ...] = ()
    numbers: int = 0
    order: int = 0
    turn: float = 0.0
    flip: bool = False

    def to_json(self) -> dict[str, Any]:
        """Return a JSON object that :meth:`from_json` reads."""
        return {**asdict(self), "given": list(self.given)}

    @staticmethod
    def from_json(raw: Mapping[str, Any]) -> Program:
        """Rebuild a program from :meth:`to_json`."""
        return Program(**{**raw, "given": tuple(raw["given"])})


@dataclass(frozen=True)
class Built:
    """A program carried out: the scene, the facts its caption states (in order), and further true facts."""

    scene: Scene
    stated: tuple[Fact, ...]
    derived: tuple[Fact, ...] = field(default=())
