"""Reads questions back from their words and answers them again from coordinates."""

import math
import re
from itertools import combinations, pairwise

import pytest

from data.scene.types import Fact

S, A, P, F = r"([A-Z]{2})", r"∠([A-Z]{3})", r"([A-Z])", r"([A-Z]{3,8})"
READINGS = {
    "identify_shape": rf"What kind of figure is {F}\?|What shape is {F}\?|Which figure is {F}\?",
    "identify_angle": rf"Is {A} acute, right or obtuse\?|What kind of angle is {A}: acute, right or obtuse\?",
    "identify_line": rf"What (?:kind of line )?is {S} in △{F}\?|What is {S} in relation to circle {P}\?"
    rf"|What kind of line is {S} for the circle with centre {P}\?",
    "missing_name": r"Which of (.*) is (?:parallel to|perpendicular to|as long as|equal to) ∠?([A-Z]+)\?"
    r"|∠?([A-Z]+) is (?:parallel to|perpendicular to|as long as|equal to) one of (.*); (?:to|as) which\?",
    "length": rf"What is the length of {S}\?|How long is {S}\?|Find {S}\.",
    "angle": rf"What is the measure of {A}\?|How large is {A}\?|Find {A}\.",
    "coordinates": rf"What are the coordinates of {P}\?|Where is point {P}\?",
    "perimeter": rf"What is the perimeter of {F}\?|Find the perimeter of {F}\.",
    "area": rf"What is the area of {F}\?|Find the area of {F}\.",
    "circle": rf"(?:What is|Find) the (circumference|area) of circle {P}[.?]",
    "arc": rf"(?:What is the length of|How long is) arc {S}\?",
    "sector": rf"(?:What is|Find) the area of sector {F}[.?]",
    "share": rf"What fraction of {S} is {S}\?|{S} is what fraction of {S}\?",
    "compare_lengths": rf"Which is longer, {S} or {S}\?|Which of {S} and {S} is the longer one\?",
    "compare_angles": rf"Which is larger, {A} or {A}\?|Which of {A} and {A} is the larger one\?",
    "order_lengths": rf"Order {S}, {S} and {S} from shortest to longest\."
    rf"|Name {S}, {S} and {S} in order of length, the shortest first\.",
    "triangles": r"How many triangles are there\?|How many triangles does the figure contain\?",
    "points": r"How many points are labelled\?|How many points have a letter\?",
    "on_line": rf"How many labelled points lie on {S}, its ends included\?",
    "rays": rf"How many drawn lines leave point {P}\?|In how many directions do lines leave {P}\?",
    "marks": r"How many (right angles|numbers) are marked\?",
    "midpoint of": rf"Which point is the midpoint of {S}\?|Which point halves {S}\?",
    "crossing": rf"At which point do {S} and {S} cross\?|In which point do {S} and {S} meet\?",
    "foot": rf"Which point is the foot of the perpendicular from {P} to {S}\?",
    "between": rf"Which labelled point lies between {P} and {P}\?",
    "centre": r"Which point is the centre of the circle\?|Which letter names the centre of the circle\?",
}
RELATIONS = {
    "parallel": rf"Is {S} parallel to {S}\?|Are {S} and {S} parallel\?",
    "perpendicular": rf"Is {S} perpendicular to {S}\?|Are {S} and {S} perpendicular\?",
    "equal": rf"Is {S} as long as {S}\?|Are {S} and {S} equal in length\?",
    "equal_angle": rf"Is {A} as large as {A}\?|Are {A} and {A} equal\?",
    "midpoint": rf"Is {P} the midpoint of {S}\?|Does point {P} bisect {S}\?",
    "bisects": rf"Does {S} bisect {A}\?|Is {S} the bisector of {A}\?",
    "on": rf"Does point {P} lie on {S}\?|Is {P} a point on {S}\?",
    "diameter": rf"Is {S} a diameter of (?:circle|the circle with centre) {P}\?",
    "on_circle": rf"Does point {P} lie on circle {P}\?|Is {P} a point on the circle with centre {P}\?",
    "tangent": rf"Is {S} tangent to circle {P}\?|Does {S} touch the circle with centre {P}\?",
}
STATEMENTS = {
    "parallel": rf"{S} ∥ {S}",
    "perpendicular": rf"{S} ⊥ {S}",
    "equal": rf"{S} = {S}",
    "equal_angle": rf"{A} = {A}",
    "midpoint": rf"{P} is the midpoint of {S}",
    "bisects": rf"{S} bisects {A}",
    "on": rf"point {P} lies on {S}",
    "diameter": rf"{S} is a diameter of circle {P}",
    "on_circle": rf"point {P} lies on circle {P}",
    "tangent": rf"{S} is tangent to circle {P}",
}
# Beside itself, what a figure is by definition; what is a matter of convention is left open.
MORE_GENERAL = {
    "triangle": (),
    "right triangle": ("triangle",),
    "isosceles triangle": ("triangle",),
    "equilateral triangle": ("triangle", "isosceles triangle"),
    "quadrilateral": (),
    "trapezoid": ("quadrilateral",),
    "right trapezoid": ("quadrilateral", "trapezoid"),
    "isosceles trapezoid": ("quadrilateral", "trapezoid"),
    "kite": ("quadrilateral",),
    "parallelogram": ("quadrilateral", "trapezoid"),
    "rectangle": ("quadrilateral", "trapezoid", "parallelogram", "right trapezoid", "isosceles trapezoid"),
    "rhombus": ("quadrilateral", "trapezoid", "parallelogram", "kite"),
}
MORE_GENERAL["square"] = (*MORE_GENERAL["rectangle"], "rectangle", "rhombus", "kite")
SIDES = {3: [c for c in MORE_GENERAL if "triangle" in c], 4: [c for c in MORE_GENERAL if "triangle" not in c]}
for corners, many in ((5, "pentagon"), (6, "hexagon"), (8, "octagon")):
    MORE_GENERAL |= {many: (), f"regular {many}": (many,)}
    SIDES[corners] = [many, f"regular {many}"]


GIVEN = re.compile(r"The graph is y = [^.]+\. |△[A-Z]{3} is rotated about [A-Z] by \d+° to △[A-Z]{3}\. ")
"""What the picture does not show is told before the question."""


def read(text, patterns):
    """Which of ``patterns`` a text is, and the names in it."""
    text = GIVEN.sub("", text)
    found = [(kind, m) for kind, pattern in patterns.items() if (m := re.fullmatch(pattern, text))]
    assert len(found) == 1, (text, [kind for kind, _ in found])
    return found[0][0], tuple(group for group in found[0][1].groups() if group)


class Answers:
    """Answers questions from coordinates."""

    def __init__(self, built, judge):
        self.built, self.scene, self.judge, self.brute = built, built.scene, judge, judge.brute
        self.letters = sorted(name for name in built.scene.points if name.isupper())

    def drawn(self, a, b):
        """Whether the whole segment ab is covered by drawn lines."""
        z = self.judge.z
        if a == b:
            return False
        points = [z[a] + t * (z[b] - z[a]) for t in (0.03, 0.21, 0.48, 0.77, 0.98)]
        ends = [(z[s[0]], z[s[1]]) for s in self.scene.segments]
        return all(any(self.brute.off_segment(p, *end) < 1e-6 for end in ends) for p in points)

    def triangles(self):
        return [
            three
            for three in combinations(self.letters, 3)
            if all(self.drawn(*pair) for pair in combinations(three, 2)) and not self.judge.line(*three)
        ]

    def directions(self, p):
        z, found = self.judge.z, []
        for q in self.letters:
            if self.drawn(p, q) and all(self.brute.turn(z[q] - z[p], way) > 1e-6 for way in found):
                found.append(z[q] - z[p])
        return len(found)

    def between(self, a, b):
        return [p for p in self.letters if p not in (a, b) and self.judge.relation("on", p, a + b)]

    def lines_in(self, line, triangle):
        """What a segment is in a triangle."""
        tops = [c for c in line if c in triangle]
        if not tops:
            return {"mid-segment"} if self.judge.halves(line, triangle) else set()
        (top,) = tops
        b, c = (x for x in triangle if x != top)
        kinds = {
            "median": self.judge.relation("median", line, triangle),
            "altitude": self.judge.relation("altitude", line, triangle),
            "angle bisector": self.judge.relation("bisects", line, b + top + c),
        }
        return {kind for kind, holds in kinds.items() if holds}

    def lines_of(self, line, centre):
        """What a segment is for a circle; a diameter is no other chord."""
        if centre in line:
            return {"radius"} if self.judge.on_circle(line.replace(centre, ""), centre) else set()
        kinds = [kind for kind in ("diameter", "chord", "tangent") if self.judge.round(line, centre, kind)]
        return set(kinds[:1])

    def statement(self, kind, names):
        """True, False, or None where it cannot be told by eye."""
        fact = Fact(kind, tuple(names))
        if self.brute.holds(fact, self.scene):
            return True
        return False if self.brute.visibly_false(fact, self.scene) else None

    def shapes(self, name):
        return {c for c in SIDES[len(name)] if self.judge.shape(name, c)}

    def answer(self, name, draft):
        """Whether the draft's answer is the one that coordinates give."""
        text, value = draft.question, draft.value
        if name == "relation":
            kind, names = read(text, RELATIONS)
            return self.statement(kind, names) is (value == "yes")
        if name == "true_statement":
            said = [read(option, STATEMENTS) for option in draft.choices]
            return [self.statement(*one) for one in said] == [i == "ABCD".index(value) for i in range(4)]
        kind, names = read(text, READINGS)
        return getattr(self, f"of_{name.split('_')[0]}")(kind, names, draft)

    def of_identify(self, kind, names, draft):
        if kind == "identify_shape":
            return self.shapes(names[0]) == {draft.value, *MORE_GENERAL[draft.value]}
        if kind == "identify_angle":
            size = self.judge.angle(names[0])
            return draft.value == ("right" if abs(size - 90) < 1e-6 else "acute" if size < 90 else "obtuse")
        kinds = self.lines_in(*names) if len(names[1]) == 3 else self.lines_of(*names)
        return kinds == {draft.value}

    def of_missing(self, kind, names, draft):
        listed, one = names if len(names[0]) > 4 else names[::-1]
        named = re.findall(r"[A-Z]+", listed)
        word = re.search("parallel|perpendicular|as long as|equal", draft.question)[0]
        relation = {"as long as": "equal", "equal": "equal_angle"}.get(word, word)
        assert [f"{'∠' * (len(one) == 3)}{name}" for name in named] == list(draft.choices)
        right = [name for name in named if self.statement(relation, (one, name))]
        wrong = [name for name in named if self.statement(relation, (one, name)) is False]
        return right == [draft.value.removeprefix("∠")] and len(wrong) == 2

    def of_read(self, kind, names, draft):
        (name,) = names
        marks = [m for m in self.scene.marks if m.kind == kind and m.at in (name, name[::-1])]
        return (
            len(marks) == 1
            and marks[0].text == str(draft.value)
            and self.judge.holds(draft.worked.split(", so")[0])
        )

    def of_count(self, kind, names, draft):
        numbers = ("right",) if "right" in draft.question else ("length", "angle")
        counted = {
            "triangles": lambda: len(self.triangles()),
            "points": lambda: len(self.letters),
            "on_line": lambda: 2 + len(self.between(*names[0])),
            "rays": lambda: self.directions(names[0]),
            "marks": lambda: sum(mark.kind in numbers for mark in self.scene.marks),
        }
        return counted[kind]() == draft.value

    def of_compare(self, kind, names, draft):
        small, large = sorted(names, key=self.judge.length if kind == "compare_lengths" else self.judge.angle)
        apart = self.judge.length(large) / self.judge.length(small) if kind == "compare_lengths" else None
        seen = apart > 1.08 if apart else self.judge.angle(large) - self.judge.angle(small) > 5
        return seen and draft.value.removeprefix("∠") == large

    def of_order(self, kind, names, draft):
        sizes = sorted(names, key=self.judge.length)
        apart = all(self.judge.length(b) > 1.08 * self.judge.length(a) for a, b in pairwise(sizes))
        return apart and draft.value == ", ".join(sizes)

    def of_name(self, kind, names, draft):
        others = [p for p in self.letters if p not in "".join(names)]
        fits = {
            "midpoint of": lambda p: self.judge.relation("midpoint", p, names[0]),
            "crossing": lambda p: self.judge.relation("intersection", p, *names),
            "foot": lambda p: (
                self.judge.relation("perpendicular", names[0] + p, names[1]) and self.judge.line(*names[1], p)
            ),
            "between": lambda p: self.judge.relation("on", p, "".join(names)),
            "centre": lambda p: p in dict(self.scene.circles),
        }
        candidates = self.letters if kind == "foot" else others
        return [p for p in candidates if p not in names[:1] and fits[kind](p)] == [draft.value]

    def of_compute(self, kind, names, draft):
        if kind == "coordinates":
            return draft.value == "({:.0f}, {:.0f})".format(*(c + 0.0 for c in self.judge.xy(names[0])))
        if kind == "share":
            short, long = names[::-1] if "What fraction" in draft.question else names
            return float_of(draft.value) == pytest.approx(self.judge.length(short) / self.judge.length(long))
        size = {
            "length": self.judge.length,
            "angle": self.judge.angle,
            "perimeter": self.judge.perimeter,
            "area": self.judge.area,
            "arc": self.judge.arc,
            "circle": lambda what, o: self.judge.quantity(f"the {what} of circle {o}"),
            "sector": lambda name: self.judge.quantity(f"the area of sector {name}"),
        }[kind](*names)
        return float_of(draft.value) == pytest.approx(size)


def float_of(value):
    """A number, a root, a multiple of π or a fraction."""
    text = re.sub(r"(?<=\d)(?=[√π])", "*", str(value))
    return eval(re.sub(r"√(\d+)", r"math.sqrt(\1)", text).replace("π", "math.pi"), {"math": math})
