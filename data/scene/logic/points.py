"""Answers about where points lie, about segments in triangles, and about two triangles."""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations, permutations

from data.scene.logic.incidence import pair
from data.scene.logic.known import Known
from data.scene.logic.measures import Answer, both, either, equal_angles, equal_sides, perpendicular, same
from data.scene.types import Fact


def _on_line(p: str, segment: str, known: Known) -> Answer:
    a, b = tuple(segment)
    proper = known.is_proper(p, a, b)
    return None if proper is None else not proper


def _on_segment(p: str, segment: str, known: Known) -> Answer:
    a, b = tuple(segment)
    if p in segment:
        return None
    if pair(a, b) in known.between.get(p, ()) or known.opposite(p, a, b):
        return True
    outside = known.opposite(a, p, b) or known.opposite(b, p, a)
    return False if outside or _on_line(p, segment, known) is False else None


def _halves(p: str, segment: str, known: Known) -> Answer:
    a, b = tuple(segment)
    if p in segment:
        return False
    return both(_on_segment(p, segment, known), equal_sides(p + a, p + b, known))


def _on(fact: Fact, known: Known) -> Answer:
    p, segment = fact.args
    return _on_segment(p, segment, known)


def _midpoint(fact: Fact, known: Known) -> Answer:
    p, segment = fact.args
    return _halves(p, segment, known)


def _intersection(fact: Fact, known: Known) -> Answer:
    p, one, two = fact.args
    return both(*(True if p in segment else _on_segment(p, segment, known) for segment in (one, two)))


def _bisects(fact: Fact, known: Known) -> Answer:
    segment, (a, v, b) = fact.args[0], tuple(fact.args[1])
    if v not in segment:
        return None
    q = segment.replace(v, "")
    if known.is_proper(a, v, b) and (known.ray(v, q) in (known.ray(v, a), known.ray(v, b))):
        return False
    one, two, whole = known.angle(a, v, q), known.angle(q, v, b), known.angle(a, v, b)
    if not (one and two and whole):
        return None
    half, other = known.angles.ratio(one, whole), known.angles.ratio(two, whole)
    return both(*(None if share is None else same(2 * share) for share in (half, other)))


def _cevian(fact: Fact, known: Known, reaches: Callable[[str, str, str], Answer]) -> Answer:
    """Answer for a segment from a corner of a triangle, by what its foot has to do with the side it faces."""
    segment, triangle = fact.args
    answers: list[Answer] = [False]
    for corner, foot in permutations(segment):
        if corner in triangle:
            side = triangle.replace(corner, "")
            answers.append(reaches(corner, foot, side))
    return both(known.is_proper(*triangle), either(*answers))


def _median(fact: Fact, known: Known) -> Answer:
    return _cevian(fact, known, lambda corner, foot, side: _halves(foot, side, known))


def _altitude(fact: Fact, known: Known) -> Answer:
    def reaches(corner: str, foot: str, side: str) -> Answer:
        on = True if foot in side else _on_line(foot, side, known)
        return both(on, perpendicular(corner + foot, side, known))

    return _cevian(fact, known, reaches)


def _midsegment(fact: Fact, known: Known) -> Answer:
    (p, q), triangle = tuple(fact.args[0]), fact.args[1]
    sides = [a + b for a, b in combinations(triangle, 2)]
    ways = [both(_halves(p, s, known), _halves(q, t, known)) for s, t in permutations(sides, 2)]
    return both(known.is_proper(*triangle), either(*ways))


def _bisector_of_segment(fact: Fact, known: Known) -> Answer:
    line, segment = fact.args
    answers = [perpendicular(line, segment, known)]
    for p in line:
        if p in segment:
            return False
        answers.append(equal_sides(p + segment[0], p + segment[1], known))
    return both(*answers)


def _corresponding(fact: Fact) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    one, two = fact.args
    sides = [(one[i - 1] + one[i], two[i - 1] + two[i]) for i in range(3)]
    corners = [(one[i - 1] + one[i] + one[i - 2], two[i - 1] + two[i] + two[i - 2]) for i in range(3)]
    return sides, corners


def _congruent(fact: Fact, known: Known) -> Answer:
    if {len(arg) for arg in fact.args} != {3} or set(fact.args[0]) == set(fact.args[1]):
        return None
    sides, corners = _corresponding(fact)
    lengths = [True if set(s) == set(t) else equal_sides(s, t, known) for s, t in sides]
    angles = [equal_angles(x, y, known) for x, y in corners]
    if False in lengths or False in angles:
        return False if all(known.is_proper(*arg) for arg in fact.args) else None
    same = [_same_side(s, t, known) for s, t in sides]
    enough = all(same) or (any(same) and _similar(fact, known) is True)
    return True if enough and all(known.is_proper(*arg) for arg in fact.args) else None


def _same_side(one: str, two: str, known: Known) -> bool:
    return set(one) == set(two) or equal_sides(one, two, known) is True


def _similar(fact: Fact, known: Known) -> Answer:
    if {len(arg) for arg in fact.args} != {3} or set(fact.args[0]) == set(fact.args[1]):
        return None
    if not all(known.is_proper(*arg) for arg in fact.args):
        return None
    sides, corners = _corresponding(fact)
    angles = [equal_angles(x, y, known) for x, y in corners]
    if False in angles:
        return False
    ratios = [1.0 if set(s) == set(t) else known.lengths.ratio(pair(*s), pair(*t)) for s, t in sides]
    found = [r for r in ratios if r is not None]
    if any(same(x / y) is False for x, y in combinations(found, 2)):
        return False
    proportional = len(found) == 3 and all(same(x / found[0]) for x in found)
    return True if angles.count(True) >= 2 or proportional else None


ASKS: dict[str, Callable[[Fact, Known], Answer]] = {
    "midpoint": _midpoint,
    "on": _on,
    "intersection": _intersection,
    "bisects": _bisects,
    "median": _median,
    "altitude": _altitude,
    "midsegment": _midsegment,
    "congruent": _congruent,
    "similar": _similar,
    "perpendicular_bisector": _bisector_of_segment,
}
