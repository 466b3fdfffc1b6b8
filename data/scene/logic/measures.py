"""Answers about lengths, angles and directions. True: implied; False: excluded; None: neither."""

from __future__ import annotations

from collections.abc import Callable
from itertools import permutations

from data.scene.logic.incidence import pair
from data.scene.logic.known import Known
from data.scene.logic.quantities import EQUAL, SLACK
from data.scene.types import Fact

Answer = bool | None
"""True: implied; False: excluded; None: may be so or not."""


def both(*answers: Answer) -> Answer:
    """Answer a conjunction: one that is excluded decides, then one that is unknown."""
    if False in answers:
        return False
    return None if None in answers else True


def either(*answers: Answer) -> Answer:
    """Answer an alternative: one that is implied decides, then one that is unknown."""
    if True in answers:
        return True
    return None if None in answers else False


def same(ratio: float | None) -> Answer:
    if ratio is None:
        return None
    if abs(ratio - 1) < EQUAL:
        return True
    return False if abs(ratio - 1) > SLACK else None


def _is(value: float | None, told: float) -> Answer:
    return None if value is None or not told > 0 else same(told / value)


def equal_sides(one: str, two: str, known: Known) -> Answer:
    """Whether two segments are equally long: by ratio, as part and whole, or by the angles they face."""
    if (found := same(known.lengths.ratio(pair(*one), pair(*two)))) is not None:
        return found
    shared = set(one) & set(two)
    if len(shared) != 1:
        return None
    (v,) = shared
    a, b = one.replace(v, ""), two.replace(v, "")
    if known.opposite(a, v, b) or known.opposite(b, v, a):
        return False
    if known.is_proper(a, v, b):
        at_a, at_b = known.size(v, a, b), known.size(v, b, a)
        if max(at_a or 0, at_b or 0) >= 90:
            return False
        if at_a and at_b and abs(at_a - at_b) > 1:
            return False
    return None


def _equal(fact: Fact, known: Known) -> Answer:
    one, two = fact.args
    return equal_sides(one, two, known)


def equal_angles(one: str, two: str, known: Known) -> Answer:
    first, second = known.angle(*one), known.angle(*two)
    if not first or not second:
        return None
    if first == second:
        return True
    return same(known.angles.ratio(first, second))


def _equal_angle(fact: Fact, known: Known) -> Answer:
    one, two = fact.args
    found = equal_angles(one, two, known)
    if found is not None or set(one) != set(two) or one[1] == two[1] or not known.is_proper(*one):
        return found
    sides = [name.replace(name[1], "") for name in (one, two)]  # what each angle faces
    return False if same(known.lengths.ratio(*(pair(*side) for side in sides))) is False else None


def _length(fact: Fact, known: Known) -> Answer:
    (a, b), told = tuple(fact.args[0]), _float(fact)
    if told is None:
        return None
    if told <= 0:
        return False
    if (found := known.lengths.value(pair(a, b))) is not None:
        return _is(found, told)
    for c in known.letters:
        one, two = (known.lengths.value(pair(end, c)) for end in (a, b))
        if c in (a, b) or one is None or two is None:
            continue
        rounding = SLACK * (one + two)
        possible = abs(one - two) - rounding < told < one + two + rounding
        if not possible and known.is_proper(a, b, c):
            return False
    return None


def _angle(fact: Fact, known: Known) -> Answer:
    told = _float(fact)
    return None if told is None else angle_is(fact.args[0], told, known)


def angle_is(angle: str, told: float, known: Known) -> Answer:
    """Whether an angle has so many degrees: by its size, its triangle, or the circle its corners lie on."""
    a, v, b = tuple(angle)
    name = known.angle(a, v, b)
    if not name:
        return False if told > 1 else None
    if (found := known.angles.value(name)) is not None:
        return True if abs(found - told) < EQUAL * 180 else (False if abs(found - told) > 1 else None)
    if not 0 <= told <= 180:
        return False
    if known.is_proper(a, v, b):
        if told in (0, 180):
            return False
        others = [known.size(v, a, b) or 0, known.size(v, b, a) or 0]
        if told + max(others) >= 180:
            return False
        for one, two in ((a, b), (b, a)):  # two equal sides make an angle at their base acute
            if told >= 90 and same(known.lengths.ratio(pair(v, one), pair(one, two))):
                return False
    for centre, points in known.circles.items():
        central = known.size(a, centre, b)
        if {a, v, b} <= points and central and central < 180:
            return False if min(abs(told - central / 2), abs(told - 180 + central / 2)) > 1 else None
    return None


def _float(fact: Fact) -> float | None:
    try:
        return float(fact.value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return None


def _meet(one: str, two: str, known: Known) -> bool:
    """Whether two segments lie on different lines that have a known point in common."""
    first, second = known.line(*one), known.line(*two)
    return any(
        known.is_proper(v, a, b) is True for v in first & second for a in first - {v} for b in second - {v}
    )


def parallel(one: str, two: str, known: Known) -> Answer:
    """Whether two segments are parallel, on two lines."""
    lines = known.key(*one), known.key(*two)
    if lines[0] == lines[1] or (set(one) & set(two) and not _meet(one, two, known)):
        return None  # one line: parallel to itself by some books only
    if (turned := known.directions.relation(*lines)) is not None:
        return not turned
    return False if _meet(one, two, known) or _cuts_unevenly(one, two, known) else None


def _cuts_unevenly(one: str, two: str, known: Known) -> bool:
    """Whether DE cuts the sides AB and AC of a triangle in different ratios, and so is not parallel to BC."""
    b, c = tuple(two)
    for d, e in permutations(one):
        for a in known.letters:
            if pair(a, b) in known.between.get(d, ()) and pair(a, c) in known.between.get(e, ()):
                first = known.lengths.ratio(pair(a, d), pair(a, b))
                second = known.lengths.ratio(pair(a, e), pair(a, c))
                if first and second and abs(first - second) > SLACK and known.is_proper(a, b, c):
                    return True
    return False


def perpendicular(one: str, two: str, known: Known) -> Answer:
    """Whether two segments are perpendicular."""
    lines = known.key(*one), known.key(*two)
    if lines[0] == lines[1]:
        return False
    if (turned := known.directions.relation(*lines)) is not None:
        return turned
    for v in known.line(*one) & known.line(*two):
        for a in set(one) - {v}:
            for b in set(two) - {v}:
                if (size := known.size(a, v, b)) is not None:
                    return True if abs(size - 90) < EQUAL else (False if abs(size - 90) > 1 else None)
                if known.is_proper(a, v, b) and _leans(a, v, b, known):
                    return False
    return None


def _leans(a: str, v: str, b: str, known: Known) -> bool:
    """Whether the angle at ``v`` of a triangle cannot be right: another one is, or ``v`` is a base corner."""
    if max(known.size(v, a, b) or 0, known.size(v, b, a) or 0) >= 90:
        return True
    return any(same(known.lengths.ratio(pair(v, x), pair(x, y))) for x, y in ((a, b), (b, a)))


ASKS: dict[str, Callable[[Fact, Known], Answer]] = {
    "parallel": lambda fact, known: parallel(fact.args[0], fact.args[1], known),
    "perpendicular": lambda fact, known: perpendicular(fact.args[0], fact.args[1], known),
    "equal": _equal,
    "equal_angle": _equal_angle,
    "length": _length,
    "angle": _angle,
}
