"""All names of one statement have one form and one truth; different statements keep different forms."""

from itertools import permutations

import pytest

from data.scene.canonical import canonical, canonical_set
from data.scene.truth import evaluate
from data.scene.types import Fact


def both(name):
    return (name, name[::-1])


def ring(polygon):
    return [turn for i in range(len(polygon)) for turn in both(polygon[i:] + polygon[:i])]


def together(first, second):
    """Corresponding letters move together, and either triangle may come first."""
    orders = [
        tuple("".join(t[i] for i in order) for t in (first, second)) for order in permutations(range(3))
    ]
    return [pair for order in orders for pair in (order, order[::-1])]


def product(*choices):
    return [(a, b) for a in choices[0] for b in choices[1]]


def swapped(pairs):
    return [pair for a, b in pairs for pair in ((a, b), (b, a))]


SEGMENTS = swapped(product(both("AB"), both("CD")))
NAMES = {
    ("shape", "triangle"): [("".join(p),) for p in permutations("ABC")],
    ("shape", "rhombus"): [(name,) for name in ring("ABCD")],
    ("parallel", None): SEGMENTS,
    ("perpendicular", None): SEGMENTS,
    ("equal", None): SEGMENTS,
    ("midpoint", None): [("E", name) for name in both("AB")],
    ("on", None): [("E", name) for name in both("AB")],
    ("intersection", None): [("E", *pair) for pair in SEGMENTS],
    ("bisects", None): product(both("AD"), both("BAC")),
    ("median", None): product(both("AD"), ["".join(p) for p in permutations("ABC")]),
    ("altitude", None): product(both("AD"), ["".join(p) for p in permutations("ABC")]),
    ("midsegment", None): product(both("DE"), ["".join(p) for p in permutations("ABC")]),
    ("congruent", None): together("ABC", "DEF"),
    ("similar", None): together("ABC", "DEF"),
    ("equal_angle", None): swapped(product(both("ABC"), both("DEF"))),
    ("length", 5): [(name,) for name in both("AB")],
    ("angle", 40): [(name,) for name in both("ABC")],
    ("chord", None): product(both("AB"), "O"),
    ("diameter", None): product(both("AB"), "O"),
    ("tangent", None): product(both("AB"), "O"),
}
COUNTS = {
    "shape": (6, 8),
    "parallel": (8,),
    "equal_angle": (8,),
    "congruent": (12,),
    "median": (12,),
    "angle": (2,),
}
POINTS = {
    "A": (60, 200),
    "B": (10, 20),
    "C": (300, 40),
    "D": (150, 35),
    "E": (200, 170),
    "F": (90, 300),
    "O": (140, 120),
}


@pytest.mark.parametrize(("kind", "value"), NAMES)
def test_every_name_of_a_statement_has_one_form_and_one_truth(sketch, kind, value):
    names = NAMES[kind, value]
    facts = [Fact(kind, args, value) for args in names]
    assert len(set(facts)) == len(names)
    assert len(names) in COUNTS.get(kind, (len(names),))
    assert len(canonical_set(facts)) == 1
    scene = sketch("AB BC CA CD DA", circles=[("O", 70.0)], **POINTS)
    truths = [evaluate(fact, scene) for fact in facts]
    assert len({truth.verdict for truth in truths}) == 1
    assert [t.residual for t in truths] == pytest.approx([truths[0].residual] * len(truths), rel=1e-9)


DIFFERENT = [
    ("shape", lambda p: (p,), 3),  # 24 orders of four letters by 4 turns and 2 directions
    ("parallel", lambda p: (p[:2], p[2:]), 3),
    ("angle", lambda p: (p[:3],), 12),
    ("midpoint", lambda p: (p[0], p[1:3]), 12),
    ("bisects", lambda p: (p[1] + p[3], p[:3]), 12),
    ("similar", lambda p: ("EFG", p[:3]), 24),  # every correspondence is a statement of its own
]


@pytest.mark.parametrize(("kind", "args", "count"), DIFFERENT)
def test_there_are_as_many_forms_as_different_statements(kind, args, count):
    facts = [Fact(kind, args("".join(p)), None) for p in permutations("ABCD")]
    assert len(canonical_set(facts)) == count


def test_a_number_has_one_form_however_it_is_written():
    assert canonical(Fact("length", ("AB",), 1 / 2)) == canonical(Fact("length", ("BA",), 0.5))
    assert canonical(Fact("length", ("AB",), 5)) == canonical(Fact("length", ("AB",), 5.0))
    assert canonical(Fact("length", ("AB",), 5)) != canonical(Fact("length", ("AB",), 6))
