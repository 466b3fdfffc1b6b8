"""The entailment table: what stated facts imply or rule out, by logic alone.

A second opinion beside :mod:`data.scene.truth`, with which it shares no code: no coordinates, no margins. It
answers for every figure of different points, drawn without degenerate parts, that the facts are true of.
Three values: *implied* (``fact in known``), *excluded*, and neither, for what may be so or not. Where schools
differ (is a parallelogram a trapezoid?) the answer is neither.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import combinations, permutations

from data.scene.canonical import canonical
from data.scene.incidence import pair
from data.scene.known import CLASSES, CONVEX, PARALLELOGRAMS, TRAPEZOIDS, Known
from data.scene.quantities import EQUAL, SLACK
from data.scene.types import Fact

Answer = bool | None
"""True: implied; False: excluded; None: may be so or not."""


class Closure(Known):
    """Everything that follows from facts; ``fact in closure`` says whether a fact is implied."""

    def __contains__(self, fact: object) -> bool:
        return isinstance(fact, Fact) and answer(fact, self) is True


def closure(facts: Iterable[Fact]) -> Closure:
    """Return what follows from ``facts``; kinds that the table does not know say nothing but themselves."""
    return Closure(facts)


def answer(fact: Fact, known: Known) -> Answer:
    """Return whether ``fact`` is implied (True), excluded (False) or neither (None).

    Facts that contradict each other imply and exclude nothing.
    """
    if known.clash:
        return None
    if canonical(fact) in known.stated:
        return True
    ask = ASKS.get(fact.kind)
    degenerate = any(len(set(arg)) < len(arg) for arg in fact.args)
    return None if ask is None or degenerate else ask(fact, known)


def excluded(fact: Fact, known: Known) -> bool:
    """Whether a fact contradicts what is known: it is false of every figure that the facts are true of."""
    return answer(fact, known) is False


def disagrees(verdict: str, fact: Fact, known: Known) -> bool:
    """Whether coordinates and table contradict each other about a fact: the sample must not be used."""
    return (verdict, answer(fact, known)) in (("false", True), ("true", False))


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


def _no(answer: Answer) -> Answer:
    return None if answer is None else not answer


# --- lengths and angles


def _same(ratio: float | None) -> Answer:
    if ratio is None:
        return None
    if abs(ratio - 1) < EQUAL:
        return True
    return False if abs(ratio - 1) > SLACK else None


def _is(value: float | None, told: float) -> Answer:
    return None if value is None or not told > 0 else _same(told / value)


def _equal_sides(one: str, two: str, known: Known) -> Answer:
    """Whether two segments are equally long: by ratio, as part and whole, or by the angles they face."""
    if (found := _same(known.lengths.ratio(pair(*one), pair(*two)))) is not None:
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
    return _equal_sides(*fact.args, known)


def _equal_angles(one: str, two: str, known: Known) -> Answer:
    first, second = known.angle(*one), known.angle(*two)
    if not first or not second:
        return None
    if first == second:
        return True
    return _same(known.angles.ratio(first, second))


def _equal_angle(fact: Fact, known: Known) -> Answer:
    one, two = fact.args
    if (found := _equal_angles(one, two, known)) is not None or set(one) != set(two) or one[1] == two[1]:
        return found
    sides = [name.replace(name[1], "") for name in (one, two)]  # what each angle faces
    return False if _same(known.lengths.ratio(*(pair(*side) for side in sides))) is False else None


def _length(fact: Fact, known: Known) -> Answer:
    (a, b), told = fact.args[0], _float(fact)
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
        if known.is_proper(a, b, c) and not abs(one - two) * (1 + SLACK) < told * (1 + SLACK) ** 2:
            return False
        if known.is_proper(a, b, c) and told > (one + two) * (1 + SLACK):
            return False
    return None


def _angle(fact: Fact, known: Known) -> Answer:
    (a, v, b), told = fact.args[0], _float(fact)
    if told is None:
        return None
    name = known.angle(a, v, b)
    if not name:
        return False if told > 1 else None
    if (found := known.angles.value(name)) is not None:
        return True if abs(found - told) < EQUAL * 180 else (False if abs(found - told) > 1 else None)
    if not 0 < told <= 180:
        return False
    if known.is_proper(a, v, b):
        others = [known.size(v, a, b) or 0, known.size(v, b, a) or 0]
        if told + max(others) >= 180:
            return False
        for one, two in ((a, b), (b, a)):  # two equal sides make an angle at their base acute
            if told >= 90 and _same(known.lengths.ratio(pair(v, one), pair(one, two))):
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


# --- directions


def _meet(one: str, two: str, known: Known) -> bool:
    """Whether two segments lie on different lines that have a known point in common."""
    first, second = known.line(*one), known.line(*two)
    return any(
        known.is_proper(v, a, b) is True
        for v in first & second
        for a in first - {v}
        for b in second - {v}
    )


def _parallel(fact: Fact, known: Known) -> Answer:
    one, two = fact.args
    lines = known.key(*one), known.key(*two)
    if lines[0] == lines[1] or (set(one) & set(two) and not _meet(one, two, known)):
        return None  # one line: parallel to itself by some books only
    if (turned := known.directions.relation(*lines)) is not None:
        return not turned
    return False if _meet(one, two, known) or _cuts_unevenly(one, two, known) else None


def _cuts_unevenly(one: str, two: str, known: Known) -> bool:
    """Whether DE cuts the sides AB and AC of a triangle in different ratios, so that it is not parallel to BC."""
    for (d, e), (b, c) in ((x, y) for x in permutations(one) for y in (two,)):
        for a in known.letters:
            if pair(a, b) in known.between.get(d, ()) and pair(a, c) in known.between.get(e, ()):
                shares = [known.lengths.ratio(pair(a, d), pair(a, b)), known.lengths.ratio(pair(a, e), pair(a, c))]
                if None not in shares and abs(shares[0] - shares[1]) > SLACK and known.is_proper(a, b, c):
                    return True
    return False


def _perpendicular(fact: Fact, known: Known) -> Answer:
    one, two = fact.args
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
    return any(_same(known.lengths.ratio(pair(v, x), pair(x, y))) for x, y in ((a, b), (b, a)))


# --- places


def _on_line(p: str, segment: str, known: Known) -> Answer:
    a, b = segment
    proper = known.is_proper(p, a, b)
    return None if proper is None else not proper


def _on_segment(p: str, segment: str, known: Known) -> Answer:
    a, b = segment
    if p in segment:
        return None
    if pair(a, b) in known.between.get(p, ()) or known.opposite(p, a, b):
        return True
    outside = known.opposite(a, p, b) or known.opposite(b, p, a)
    return False if outside or _on_line(p, segment, known) is False else None


def _halves(p: str, segment: str, known: Known) -> Answer:
    a, b = segment
    if p in segment:
        return False
    return both(_on_segment(p, segment, known), _equal_sides(p + a, p + b, known))


def _on(fact: Fact, known: Known) -> Answer:
    return _on_segment(*fact.args, known)


def _midpoint(fact: Fact, known: Known) -> Answer:
    return _halves(*fact.args, known)


def _intersection(fact: Fact, known: Known) -> Answer:
    p, one, two = fact.args
    return both(*(True if p in segment else _on_segment(p, segment, known) for segment in (one, two)))


def _bisects(fact: Fact, known: Known) -> Answer:
    segment, (a, v, b) = fact.args
    if v not in segment:
        return None
    q = segment.replace(v, "")
    if known.is_proper(a, v, b) and (known.ray(v, q) in (known.ray(v, a), known.ray(v, b))):
        return False
    one, two, whole = known.angle(a, v, q), known.angle(q, v, b), known.angle(a, v, b)
    if not (one and two and whole):
        return None
    half, other = known.angles.ratio(one, whole), known.angles.ratio(two, whole)
    return both(*(None if share is None else _same(2 * share) for share in (half, other)))


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
        return both(on, _perpendicular(Fact("perpendicular", (corner + foot, side)), known))

    return _cevian(fact, known, reaches)


def _midsegment(fact: Fact, known: Known) -> Answer:
    (p, q), triangle = fact.args
    sides = [a + b for a, b in combinations(triangle, 2)]
    ways = [both(_halves(p, s, known), _halves(q, t, known)) for s, t in permutations(sides, 2)]
    return both(known.is_proper(*triangle), either(*ways))


def _bisector_of_segment(fact: Fact, known: Known) -> Answer:
    line, segment = fact.args
    answers = [_perpendicular(Fact("perpendicular", (line, segment)), known)]
    for p in line:
        if p in segment:
            return False
        answers.append(_equal_sides(p + segment[0], p + segment[1], known))
    return both(*answers)


# --- triangles


def _corresponding(fact: Fact) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    one, two = fact.args
    sides = [(one[i - 1] + one[i], two[i - 1] + two[i]) for i in range(3)]
    corners = [(one[i - 1] + one[i] + one[i - 2], two[i - 1] + two[i] + two[i - 2]) for i in range(3)]
    return sides, corners


def _congruent(fact: Fact, known: Known) -> Answer:
    if {len(arg) for arg in fact.args} != {3} or set(fact.args[0]) == set(fact.args[1]):
        return None
    sides, corners = _corresponding(fact)
    lengths = [True if set(s) == set(t) else _equal_sides(s, t, known) for s, t in sides]
    angles = [_equal_angles(x, y, known) for x, y in corners]
    if False in lengths or False in angles:
        return False if all(known.is_proper(*arg) for arg in fact.args) else None
    same = [_same_side(s, t, known) for s, t in sides]
    enough = all(same) or (any(same) and _similar(fact, known) is True)
    return True if enough and all(known.is_proper(*arg) for arg in fact.args) else None


def _same_side(one: str, two: str, known: Known) -> bool:
    return set(one) == set(two) or _equal_sides(one, two, known) is True


def _similar(fact: Fact, known: Known) -> Answer:
    if {len(arg) for arg in fact.args} != {3} or set(fact.args[0]) == set(fact.args[1]):
        return None
    if not all(known.is_proper(*arg) for arg in fact.args):
        return None
    sides, corners = _corresponding(fact)
    angles = [_equal_angles(x, y, known) for x, y in corners]
    if False in angles:
        return False
    ratios = [1.0 if set(s) == set(t) else known.lengths.ratio(pair(*s), pair(*t)) for s, t in sides]
    found = [r for r in ratios if r is not None]
    if any(_same(x / y) is False for x, y in combinations(found, 2)):
        return False
    proportional = len(found) == 3 and all(_same(x / found[0]) for x in found)
    return True if angles.count(True) >= 2 or proportional else None


# --- circles


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
    if (found := _same(known.lengths.ratio(pair(centre, p), "@" + centre))) is not None:
        return found
    inside = any({*ends} <= on or (centre in ends and {*ends} & on) for ends in known.between.get(p, ()))
    outside = any(known.opposite(q, centre, p) for q in on)
    for segment, circle in known.tangents:
        line = known.line(*segment)
        outside |= circle == centre and p in line and bool(line & on)
    third = any(len(known.line(p, q) & on) >= 2 for q in on)
    return False if inside or outside or third else None


def _diameter(fact: Fact, known: Known) -> Answer:
    (a, b), centre = fact.args
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
        return _perpendicular(Fact("perpendicular", (segment, t + centre)), known)
    return None


def _other_value(fact: Fact, known: Known) -> Answer:
    """Another value of what has one value only: coordinates of a point, the way two circles touch."""
    mine = canonical(fact)
    told = [f.value for f in known.stated if f.kind == fact.kind and set(f.args) == set(mine.args)]
    plain = [str(value).replace(" ", "") for value in told]
    return None if not told else str(fact.value).replace(" ", "") in plain


# --- figures


def _shape(fact: Fact, known: Known) -> Answer:
    name, sort = fact.args[0], str(fact.value)
    if CLASSES.get(sort) != len(name):
        return None
    corners = [known.is_proper(name[i - 2], name[i - 1], name[i]) for i in range(len(name))]
    if False in corners or _crossed(name, sort, known):
        return False
    found = SORTS[sort](name, known)
    if found is not True:
        return found
    drawn = all(_drawn(name[i - 1], name[i], known) for i in range(len(name)))
    simple = len(name) == 3 or canonical(Fact("shape", (name,), None)).args[0] in _named(known)
    return True if drawn and simple and all(corners) else None


def _named(known: Known) -> set[str]:
    return {canonical(Fact("shape", (name,), None)).args[0] for name in known.polygons}


def _drawn(a: str, b: str, known: Known) -> bool:
    """Whether the segment is named, or a part of one that is."""

    def on(p: str, ends: str) -> bool:
        return p in ends or pair(*ends) in known.between.get(p, ())

    return pair(a, b) in known.drawn or any(on(a, ends) and on(b, ends) for ends in known.drawn)


def _crossed(name: str, sort: str, known: Known) -> bool:
    """Whether the same corners in another order are a figure, and one of the two would be convex."""
    if len(name) == 3:
        return False
    form = canonical(Fact("shape", (name,), None)).args[0]
    for other, classes in known.polygons.items():
        if set(other) == set(name) and canonical(Fact("shape", (other,), None)).args[0] != form:
            if sort in CONVEX or classes & {*CONVEX}:
                return True
    if len(name) == 4:
        a, b, c, d = name  # sides that cross each other in a known point
        return any({pair(a, b), pair(c, d)} <= s or {pair(b, c), pair(d, a)} <= s for s in known.between.values())
    return False


def _has(name: str, known: Known, *sorts: str) -> Answer:
    """Whether the polygon, in any way to name it, was found to be of one of the classes."""
    form = canonical(Fact("shape", (name,), None)).args[0]
    for other, classes in known.polygons.items():
        if canonical(Fact("shape", (other,), None)).args[0] == form and classes & {*sorts}:
            return True
    return None


def _ring(name: str) -> list[str]:
    return [name[i - 1] + name[i] for i in range(len(name))]


def _angles_are(name: str, degrees: float, known: Known) -> Answer:
    corners = [name[i - 2] + name[i - 1] + name[i] for i in range(len(name))]
    return both(*(_angle(Fact("angle", (corner,), degrees), known) for corner in corners))


def _sides_equal(name: str, known: Known) -> Answer:
    ring = _ring(name)
    answers = [_equal_sides(s, t, known) for s, t in combinations(ring, 2)]
    if False in answers:
        return False
    return True if all(_equal_sides(ring[0], s, known) for s in ring[1:]) else None


def _right(name: str, known: Known) -> Answer:
    turns = [name[i - 2] + name[i - 1] + name[i] for i in range(3)]
    return either(*(_perpendicular(Fact("", (c[:2], c[1:])), known) for c in turns))


def _isosceles(name: str, known: Known) -> Answer:
    if _has(name, known, "isosceles triangle", "equilateral triangle"):
        return True
    return either(*(_equal_sides(s, t, known) for s, t in combinations(_ring(name), 2)))


def _equilateral(name: str, known: Known) -> Answer:
    if _has(name, known, "right triangle"):
        return False
    answer = _sides_equal(name, known)
    return False if _angles_are(name, 60.0, known) is False else answer


def _facing(name: str, known: Known) -> list[Answer]:
    a, b, c, d = name
    return [_parallel(Fact("", (a + b, c + d)), known), _parallel(Fact("", (b + c, d + a)), known)]


def _parallelogram(name: str, known: Known) -> Answer:
    a, b, c, d = name
    if _has(name, known, *PARALLELOGRAMS):
        return True
    must = [*_facing(name, known), _equal_sides(a + b, c + d, known), _equal_sides(b + c, d + a, known)]
    must += [_equal_angles(d + a + b, b + c + d, known), _equal_angles(a + b + c, c + d + a, known)]
    return False if False in must else None


def _rectangle(name: str, known: Known) -> Answer:
    if _has(name, known, "rectangle", "square"):
        return True
    must = [_parallelogram(name, known), _angles_are(name, 90.0, known)]
    diagonals = _equal_sides(name[0] + name[2], name[1] + name[3], known)
    return False if False in (*must, diagonals) else None


def _rhombus(name: str, known: Known) -> Answer:
    if _has(name, known, "rhombus", "square"):
        return True
    crossing = _perpendicular(Fact("", (name[0] + name[2], name[1] + name[3])), known)
    return False if False in (_parallelogram(name, known), _sides_equal(name, known), crossing) else None


def _square(name: str, known: Known) -> Answer:
    return both(_rectangle(name, known), _rhombus(name, known))


def _kite(name: str, known: Known) -> Answer:
    a, b, c, d = name
    if _has(name, known, "kite"):
        return True
    crossing = _perpendicular(Fact("", (a + c, b + d)), known)
    ways = [
        both(_equal_sides(x + y, x + z, known), _equal_sides(w + y, w + z, known))
        for x, y, w, z in (name, name[1:] + name[0])
    ]
    return False if crossing is False else either(*ways)


def _trapezoid(name: str, known: Known) -> Answer:
    if _has(name, known, *TRAPEZOIDS):
        return True
    pairs = _facing(name, known)
    if pairs[0] is False and pairs[1] is False:
        return False
    return True if sorted(map(str, pairs)) == ["False", "True"] else None


def _special_trapezoid(sort: str) -> Callable[[str, Known], Answer]:
    def ask(name: str, known: Known) -> Answer:
        if _has(name, known, sort):
            return True
        return False if _trapezoid(name, known) is False else None

    return ask


def _any(name: str, known: Known) -> Answer:
    form = canonical(Fact("shape", (name,), None)).args[0]
    return True if form in _named(known) else None


def _regular(name: str, known: Known) -> Answer:
    size = 180.0 - 360.0 / len(name)
    return False if False in (_sides_equal(name, known), _angles_are(name, size, known)) else None


SORTS: dict[str, Callable[[str, Known], Answer]] = {
    "triangle": lambda name, known: True,
    "right triangle": lambda name, known: _has(name, known, "right triangle") or _right(name, known),
    "isosceles triangle": _isosceles,
    "equilateral triangle": _equilateral,
    "quadrilateral": _any,
    "kite": _kite,
    "trapezoid": _trapezoid,
    "isosceles trapezoid": _special_trapezoid("isosceles trapezoid"),
    "right trapezoid": _special_trapezoid("right trapezoid"),
    "parallelogram": _parallelogram,
    "rectangle": _rectangle,
    "rhombus": _rhombus,
    "square": _square,
    "pentagon": _any,
    "hexagon": _any,
    "regular pentagon": _regular,
    "regular hexagon": _regular,
}
ASKS: dict[str, Callable[[Fact, Known], Answer]] = {
    "shape": _shape,
    "parallel": _parallel,
    "perpendicular": _perpendicular,
    "equal": _equal,
    "equal_angle": _equal_angle,
    "midpoint": _midpoint,
    "on": _on,
    "intersection": _intersection,
    "bisects": _bisects,
    "median": _median,
    "altitude": _altitude,
    "midsegment": _midsegment,
    "congruent": _congruent,
    "similar": _similar,
    "length": _length,
    "angle": _angle,
    "circle": _circle,
    "on_circle": _on_circle,
    "chord": _on_circle,
    "inscribed": _on_circle,
    "diameter": _diameter,
    "tangent": _tangent,
    "perpendicular_bisector": _bisector_of_segment,
    "coordinates": _other_value,
    "tangent_circles": _other_value,
}
"""Who answers for a kind of fact. Other kinds are implied when they are stated, and never excluded."""
