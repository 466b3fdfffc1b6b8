"""Answers about circles: points on them, chords, diameters, tangents."""

from __future__ import annotations

from collections.abc import Callable

from data.scene.canonical import canonical
from data.scene.logic.incidence import pair
from data.scene.logic.known import Known
from data.scene.logic.measures import Answer, both, perpendicular, same
from data.scene.logic.quantities import EQUAL
from data.scene.types import Fact


def _circle(fact: Fact, known: Known) -> Answer:
    return True if fact.args[0] in known.circles else None


def _on_circle(fact: Fact, known: Known) -> Answer:
    points, centre = fact.args
    if centre in points:
        return False
    if centre not in known.circles:
        return None
    return both(*(_at_radius(p, centre, known) for p in points))


def _at_radius(p: str, centre: str, known: Known) -> Answer:
    on = known.circles[centre]
    if p in on:
        return True
    if (found := same(known.lengths.ratio(pair(centre, p), "@" + centre))) is not None:
        return found
    inside = any({*ends} <= on or (centre in ends and {*ends} & on) for ends in known.between.get(p, ()))
    outside = any(known.opposite(q, centre, p) for q in on)
    for segment, circle in known.tangents:
        line = known.line(*segment)
        outside |= circle == centre and p in line and bool(line & on)
    third = any(len(known.line(p, q) & on) >= 2 for q in on)
    return False if inside or outside or third else None


def _diameter(fact: Fact, known: Known) -> Answer:
    (a, b), centre = tuple(fact.args[0]), fact.args[1]
    chord = _on_circle(fact, known)
    if chord is not True:
        return chord
    if known.opposite(centre, a, b) or known.is_proper(a, b, centre):
        return known.opposite(centre, a, b)
    seen = [known.size(a, c, b) for c in known.circles[centre] - {a, b}]
    sizes = [size for size in seen if size is not None]
    if any(abs(size - 90) > 1 for size in sizes) or known.size(a, centre, b) is not None:
        return False
    other = any(known.opposite(centre, end, q) for end in (a, b) for q in known.letters if q not in (a, b))
    return True if any(abs(size - 90) < EQUAL for size in sizes) else (False if other else None)


def _tangent(fact: Fact, known: Known) -> Answer:
    segment, centre = fact.args
    if centre in segment:
        return False
    if centre not in known.circles:
        return None
    if any(set(segment) <= known.line(*line) for line, circle in known.tangents if circle == centre):
        return True
    line = known.line(*segment)
    touch = line & known.circles[centre]
    if len(touch) >= 2 or centre in line:
        return False
    inside = any({*ends} <= known.circles[centre] for p in line for ends in known.between.get(p, ()))
    if inside:
        return False
    if len(touch) == 1:
        (t,) = touch
        return perpendicular(segment, t + centre, known)
    return None


def _incircle(fact: Fact, known: Known) -> Answer:
    """Ruled out where a side cannot touch the circle; a circle that touches all sides may be another one."""
    centre, polygon = fact.args
    sides = [polygon[i - 1] + polygon[i] for i in range(len(polygon))]
    answers = [_tangent(Fact("tangent", (side, centre)), known) for side in sides]
    return False if centre in polygon or False in answers else None


def _other_value(fact: Fact, known: Known) -> Answer:
    """Another value of what has one value only: coordinates of a point, the way two circles touch."""
    mine = canonical(fact)
    told = [f.value for f in known.stated if f.kind == fact.kind and set(f.args) == set(mine.args)]
    plain = [str(value).replace(" ", "") for value in told]
    return None if not told else str(fact.value).replace(" ", "") in plain


ASKS: dict[str, Callable[[Fact, Known], Answer]] = {
    "circle": _circle,
    "on_circle": _on_circle,
    "chord": _on_circle,
    "inscribed": _on_circle,
    "diameter": _diameter,
    "tangent": _tangent,
    "incircle": _incircle,
    "coordinates": _other_value,
    "tangent_circles": _other_value,
}
