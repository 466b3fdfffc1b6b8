"""Facts about circles that follow without any number: radii, tangents, chords, Thales."""

# mypy: disable-error-code="str-unpack"
# Names of segments and polygons are taken apart into their letters.
from __future__ import annotations

from itertools import combinations

from data.scene import geometry as g
from data.scene.derive.known import Known, common, edges, segment
from data.scene.types import Fact

ON = 1e-6
"""Pixels; what is clear is on a circle or far off it."""


def on_circles(known: Known) -> None:
    """The labelled points that lie on a drawn circle, as the picture shows them."""
    for o, radius in known.scene.circles:
        for p, place in known.points.items():
            if o in known.points and abs(g.distance(place, known.points[o]) - radius) < ON:
                known.show(Fact("on_circle", (p, o)), plain=True)
    for fact in known.facts("chord", "diameter", "inscribed"):
        for p in fact.args[0]:
            known.show(Fact("on_circle", (p, fact.args[1])), plain=True)


def points_of(known: Known) -> dict[str, list[str]]:
    """By centre, the points that lie on its circle."""
    found: dict[str, list[str]] = {}
    for fact in known.facts("on_circle"):
        found.setdefault(fact.args[1], []).append(fact.args[0])
    return {o: sorted(set(names)) for o, names in sorted(found.items())}


def radii(known: Known) -> None:
    """A diameter's middle is the centre; drawn radii are equal, those of a sector too."""
    for fact in known.facts("diameter"):
        if fact.args[1] in known.line(*fact.args[0]):
            known.show(Fact("midpoint", (fact.args[1], fact.args[0])), fact, plain=True)
    ends = [(o, names) for o, names in points_of(known).items()]
    ends += [(fact.args[0][1], list(fact.args[0][::2])) for fact in known.facts("sector")]
    for o, names in ends:
        for p, q in combinations(names, 2):
            if {segment(o + p), segment(o + q)} <= known.drawn:
                known.show(Fact("equal", (o + p, o + q)), f"{o}{p} and {o}{q} are radii", plain=True)


def incircles(known: Known) -> None:
    """The sides of a polygon are tangents of its incircle."""
    for fact in known.facts("incircle"):
        for side in edges(fact.args[1]):
            known.show(Fact("tangent", (side, fact.args[0])), fact, plain=True)


def tangents(known: Known) -> None:
    """Tangent and radius are perpendicular; two tangents from a point are equal; Thales."""
    on = points_of(known)
    touching: list[tuple[str, str, str, Fact]] = []
    for fact in known.facts("tangent"):
        line, o = fact.args
        for t in common(known.line(*line), on.get(o, ())):
            touching += [(t, p, o, fact) for p in line if p != t]
            if segment(o + t) in known.drawn:
                known.show(Fact("perpendicular", (o + t, line)), fact)
    for (t, p, o, one), (u, q, other, two) in combinations(touching, 2):
        if p == q and o == other and t != u:
            known.show(Fact("equal", (p + t, p + u)), one, two)
            if segment(p + o) in known.drawn:
                known.show(Fact("bisects", (p + o, t + p + u)), one, two)
    for fact in known.facts("diameter"):
        (a, b), o = fact.args
        for c in on[o]:
            if c not in (a, b) and {segment(a + c), segment(b + c)} <= known.drawn:
                known.show(Fact("perpendicular", (a + c, b + c)), fact, Fact("on_circle", (c, o)))


def chords(known: Known) -> None:
    """From the centre, the perpendicular to a chord and the line to its middle are the same."""
    for o, names in points_of(known).items():
        for a, b in combinations(names, 2):
            for m in known.line(a, b):
                if m in (a, b, o) or segment(o + m) not in known.drawn:
                    continue
                chord = Fact("chord", (a + b, o))
                middle, square = Fact("midpoint", (m, a + b)), Fact("perpendicular", (o + m, a + b))
                if known.holds(square):
                    known.show(middle, chord, square)
                elif known.holds(middle):
                    known.show(square, chord, middle)
