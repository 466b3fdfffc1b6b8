r"""One-step derivations: numbers that follow from the labels in the picture and the stated facts.

A rule reads what is known of a figure and yields what follows, as ``E is the midpoint of AB and AE = 3, so
AB = 2 × 3 = \boxed{6}``. Only whole numbers are asked for. A new rule is a function and a line in ``RULES``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import permutations

from data.scene.types import Built, Fact

EQUAL_SIDES = {"parallelogram": 2, "rectangle": 2, "rhombus": 1, "square": 1, "equilateral triangle": 1}
"""How many sides further round a polygon the next equal side is."""


@dataclass(frozen=True)
class Derived:
    """A number that follows: ``of`` what (``length``, ``angle``, ``perimeter``, ``area``), of which name.

    ``because`` ends right before the value; ``{}`` in it stands for the name, which has several spellings.
    """

    of: str
    name: str
    because: str
    value: int


class Known:
    """What is known of a figure: stated facts by kind, labelled numbers by name (in either spelling)."""

    def __init__(self, built: Built) -> None:
        self.points = built.scene.points
        self._stated = built.stated
        labelled = self.facts("length", "angle")
        self._numbers = {_key(fact.args[0]): int(fact.value or 0) for fact in labelled}

    def facts(self, *kinds: str) -> list[Fact]:
        """Return the stated facts of ``kinds``."""
        return [fact for fact in self._stated if fact.kind in kinds]

    def number(self, name: str) -> int | None:
        """Return the labelled length of a segment (two letters) or size of an angle (three), or None."""
        return self._numbers.get(_key(name))


def _key(name: str) -> str:
    return min(name, name[::-1])


def _turns(polygon: str) -> list[str]:
    return [polygon[i:] + polygon[:i] for i in range(len(polygon))]


def _midpoints(known: Known) -> Iterator[Derived]:
    """A half gives the whole and the other half."""
    halved = [(fact.args[0], fact.args[1]) for fact in known.facts("midpoint")]
    for cevian, triangle in (fact.args for fact in known.facts("median")):
        foot = cevian.strip(triangle)
        halved.append((foot, "".join(c for c in triangle if c not in cevian)))
    for m, whole in halved:
        for near, far in permutations(whole):
            if half := known.number(near + m):
                why = f"{m} is the midpoint of {whole} and {near}{m} = {half}, so {{}} ="
                yield Derived("length", whole, f"{why} 2 × {half} =", 2 * half)
                yield Derived("length", m + far, why, half)


def _sums(known: Known) -> Iterator[Derived]:
    """Two parts give the whole."""
    for p, whole in (fact.args for fact in known.facts("on")):
        a, b = tuple(whole)
        one, two = known.number(a + p), known.number(p + b)
        if one and two:
            why = f"{a}{p} = {one} and {p}{b} = {two}, so {{}} = {one} + {two} ="
            yield Derived("length", a + b, why, one + two)


def _equal_sides(known: Known) -> Iterator[Derived]:
    """A side gives the sides that are equal to it."""
    pairs = [fact.args for fact in known.facts("equal")]
    for fact in known.facts("shape"):
        step = EQUAL_SIDES.get(str(fact.value), 99)
        for turned in _turns(fact.args[0]):
            ring = turned + turned[0]
            pairs += [(ring[:2], ring[k : k + 2]) for k in range(step, len(turned), step)]
    for first, second in pairs:
        for side, other in ((first, second), (second, first)):
            if length := known.number(side):
                yield Derived("length", other, f"{other} = {side} and {side} = {length}, so {{}} =", length)


def _perimeters(known: Known) -> Iterator[Derived]:
    for fact in known.facts("shape"):
        name, step = fact.args[0], EQUAL_SIDES.get(str(fact.value))
        for turned in _turns(name):
            side, following = turned[:2], turned[1:3]
            a, b, n = known.number(side), known.number(following), len(name)
            if step == 1 and a:
                why = f"{side} = {a} and all sides are equal, so the perimeter is {n} × {a} ="
                yield Derived("perimeter", name, why, n * a)
            if step == 2 and a and b:
                why = f"{side} = {a} and {following} = {b}, so the perimeter is 2 × ({a} + {b}) ="
                yield Derived("perimeter", name, why, 2 * (a + b))


def _areas(known: Known) -> Iterator[Derived]:
    for fact in known.facts("shape"):
        name = fact.args[0]
        for turned in _turns(name):
            side, following = turned[:2], turned[1:3]
            a, b = known.number(side), known.number(following)
            if fact.value == "square" and a:
                yield Derived("area", name, f"{side} = {a}, so the area of the square is {a} × {a} =", a * a)
            if fact.value == "rectangle" and a and b:
                why = f"{side} = {a} and {following} = {b}, so the area is {a} × {b} ="
                yield Derived("area", name, why, a * b)
            if fact.value == "right triangle" and a and b and a * b % 2 == 0:
                why = f"{side} ⊥ {following}, {side} = {a}, {following} = {b}, so the area is {a} × {b} ÷ 2 ="
                yield Derived("area", name, why, a * b // 2)


def _supplement(angle: str, size: int, other: str) -> Derived:
    why = f"∠{angle} + ∠{other} = 180° and ∠{angle} = {size}°, so ∠{{}} = 180 - {size} ="
    return Derived("angle", other, why, 180 - size)


def _quadrilateral_angles(known: Known) -> Iterator[Derived]:
    """Angles along a side between parallels make 180°; opposite angles of a parallelogram are equal."""
    parallels = {_key(side) for fact in known.facts("parallel") for side in fact.args}
    for fact in known.facts("shape"):
        if fact.value not in ("parallelogram", "rhombus", "trapezoid"):
            continue
        for a, b, c, d in map(tuple, _turns(fact.args[0])):
            if size := known.number(d + a + b):
                if _key(a + b) not in parallels:
                    yield _supplement(d + a + b, size, a + b + c)
                if _key(a + d) not in parallels:
                    yield _supplement(d + a + b, size, a + d + c)
                if fact.value != "trapezoid":
                    why = f"∠{d}{a}{b} = {size}° and opposite angles are equal, so ∠{{}} ="
                    yield Derived("angle", b + c + d, why, size)


def _isosceles(known: Known) -> Iterator[Derived]:
    """The angle between two equal sides gives those at the base."""
    for first, second in (fact.args for fact in known.facts("equal")):
        apex = next((c for c in first if c in second), "")
        a, b = first.strip(apex), second.strip(apex)
        if apex and (size := known.number(a + apex + b)) and size % 2 == 0:
            why = f"{first} = {second} and ∠{a}{apex}{b} = {size}°, so ∠{{}} = (180 - {size}) ÷ 2 ="
            yield Derived("angle", apex + a + b, why, (180 - size) // 2)
            yield Derived("angle", apex + b + a, why, (180 - size) // 2)


def _altitudes(known: Known) -> Iterator[Derived]:
    """An altitude cuts off right triangles: one acute angle gives the other."""
    for foot, base in (fact.args for fact in known.facts("on")):
        for fact in known.facts("perpendicular"):
            cevian = next((s for s in fact.args if s != base and foot in s), "")
            if base in fact.args and cevian:
                top = cevian.strip(foot)
                for end, far in permutations(base):
                    if size := known.number(top + end + far):
                        why = f"{cevian} ⊥ {base} and ∠{top}{end}{far} = {size}°, so ∠{{}} = 90 - {size} ="
                        yield Derived("angle", foot + top + end, why, 90 - size)


def _angles_at_lines(known: Known) -> Iterator[Derived]:
    """Angles side by side on a line; angles between two parallels and a line that cuts them."""
    inner = [fact.args for fact in known.facts("on")]
    for p, line in inner:
        for x in (name for name in known.points if name not in (*line, p)):
            for end, far in permutations(line):
                if size := known.number(x + p + end):
                    yield _supplement(x + p + end, size, x + p + far)
    for fact in known.facts("parallel"):
        for first, second in (fact.args, fact.args[::-1]):
            for e, f in ((e, f) for e, on in inner for f, at in inner if (on, at) == (first, second)):
                for end in first:
                    if size := known.number(end + e + f):
                        yield from _between_parallels(known, (first, second), (end, e, f), size)


def _between_parallels(
    known: Known, lines: tuple[str, str], at: tuple[str, str, str], size: int
) -> Iterator[Derived]:
    end, e, f = at
    for other in lines[1]:
        way = [known.points[q][i] - known.points[p][i] for p, q in ((e, end), (f, other)) for i in (0, 1)]
        if way[0] * way[2] + way[1] * way[3] > 0:
            yield _supplement(end + e + f, size, other + f + e)
        else:
            why = f"{lines[0]} ∥ {lines[1]} and ∠{end}{e}{f} = {size}°, so ∠{{}} ="
            yield Derived("angle", other + f + e, why, size)


def _midsegments(known: Known) -> Iterator[Derived]:
    """A segment between two sides of a triangle: half the base, and the angles at the base again."""
    inner = known.facts("on", "midpoint")
    parallels = [set(fact.args) for fact in known.facts("parallel")]
    for one, two in ((one, two) for one in inner for two in inner if one != two):
        (d, first), (e, second) = one.args, two.args
        top = next((c for c in first if c in second), "")
        if not top or d in second or e in first:
            continue
        b, c = first.strip(top), second.strip(top)
        halves = one.kind == two.kind == "midpoint"
        if halves and (base := known.number(b + c)) and base % 2 == 0:
            why = f"{d} and {e} are midpoints and {b}{c} = {base}, so {{}} = {base} ÷ 2 ="
            yield Derived("length", d + e, why, base // 2)
        if (halves or {d + e, b + c} in parallels) and (size := known.number(top + b + c)):
            why = f"{d}{e} ∥ {b}{c} and ∠{top}{b}{c} = {size}°, so ∠{{}} ="
            yield Derived("angle", top + d + e, why, size)


def _circles(known: Known) -> Iterator[Derived]:
    """Radius and diameter, Thales' right angle, central and inscribed angle."""
    on_circle = [fact.args for fact in known.facts("on_circle")]
    for fact in known.facts("diameter", "chord"):
        chord, o = fact.args
        for a, b in permutations(chord):
            if radius := known.number(o + a):
                if fact.kind == "diameter":
                    why = f"{chord} is a diameter and {o}{a} = {radius}, so {{}} = 2 × {radius} ="
                    yield Derived("length", chord, why, 2 * radius)
                else:
                    why = f"{o}{b} = {o}{a} and {o}{a} = {radius}, so {{}} ="
                    yield Derived("length", o + b, why, radius)
            for c in (c for c, centre in on_circle if centre == o):
                if fact.kind == "diameter" and (size := known.number(c + a + b)):
                    why = f"∠{a}{c}{b} = 90° and ∠{c}{a}{b} = {size}°, so ∠{{}} = 90 - {size} ="
                    yield Derived("angle", a + b + c, why, 90 - size)
        if fact.kind == "chord":
            yield from _central_angles(known, chord, o, [c for c, centre in on_circle if centre == o])


def _central_angles(known: Known, chord: str, o: str, others: list[str]) -> Iterator[Derived]:
    a, b = tuple(chord)
    for c in others:
        twice = f"∠{a}{o}{b} = 2 × ∠{a}{c}{b}"
        if size := known.number(a + c + b):
            why = f"{twice} and ∠{a}{c}{b} = {size}°, so ∠{{}} = 2 × {size} ="
            yield Derived("angle", a + o + b, why, 2 * size)
        if size := known.number(a + o + b):
            why = f"{twice} and ∠{a}{o}{b} = {size}°, so ∠{{}} = {size} ÷ 2 ="
            yield Derived("angle", a + c + b, why, size // 2)


RULES: tuple[Callable[[Known], Iterator[Derived]], ...] = (
    _midpoints,
    _sums,
    _equal_sides,
    _perimeters,
    _areas,
    _quadrilateral_angles,
    _isosceles,
    _altitudes,
    _angles_at_lines,
    _midsegments,
    _circles,
)


def derive(built: Built) -> list[list[Derived]]:
    """Return what follows from a figure beyond its labels, grouped by rule, without empty groups."""
    known = Known(built)
    found = [[one for one in rule(known) if known.number(one.name) is None] for rule in RULES]
    return [group for group in found if group]
