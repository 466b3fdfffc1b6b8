"""What is it: figures, angles, lines in a triangle or a circle."""

# mypy: disable-error-code="str-unpack"
# Names of segments and polygons are taken apart into their letters.
from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from random import Random

from data.scene import geometry as g
from data.scene.caption import phrase
from data.scene.derive.known import edges, turns
from data.scene.derive.words import article
from data.scene.questions.draft import Draft, View, spell, word
from data.scene.shapes import ANGLE_MARGIN, IMPLIED, SHAPES, Polygon
from data.scene.truth import EXACT, evaluate
from data.scene.types import Fact, Scene

SHAPE = ("What kind of figure is {}?", "What shape is {}?", "Which figure is {}?")
ANGLE = ("Is ∠{} acute, right or obtuse?", "What kind of angle is ∠{}: acute, right or obtuse?")
IN_TRIANGLE = ("What is {} in △{}?", "What kind of line is {} in △{}?")
IN_CIRCLE = ("What is {} in relation to circle {}?", "What kind of line is {} for the circle with centre {}?")
TRIANGLE_LINES = ("median", "altitude", "angle bisector", "mid-segment")
CIRCLE_LINES = ("radius", "chord", "diameter", "tangent")


def shape(view: View, rng: Random) -> Draft | None:
    """Ask for the figure itself every second time, else for any polygon of its lines."""
    polygons = list(view.polygons)
    rng.shuffle(polygons)
    if rng.random() < 0.5:
        polygons = [fact.args[0] for fact in view.built.stated if fact.kind == "shape"] + polygons
    convex = (polygon for polygon in polygons if _is_convex(polygon, view))  # a dart is no kite to everyone
    found = ((polygon, most_specific(polygon, view.scene)) for polygon in convex)
    polygon, value = next(((p, c) for p, c in found if c), ("", None))
    if value is None:
        return None
    polygon = spell(polygon, rng)
    worked = f"{_reason(polygon, value, view.scene)}, so {polygon} is {article(value).split()[0]}"
    fact = Fact("shape", (polygon,), value)
    return Draft(word(SHAPE, rng, polygon), worked, "text", value, SHAPES[len(polygon)], facts=(fact,))


def _is_convex(polygon: str, view: View) -> bool:
    known = view.derivation.known
    sides = [known.side(*(polygon + polygon)[i : i + 3]) > 0 for i in range(len(polygon))]
    return len(set(sides)) == 1


def most_specific(polygon: str, scene: Scene) -> str | None:
    """Return the one class of :data:`SHAPES` that a drawn polygon is, and that implies all others it is.

    None when there is no single one (right and isosceles), or when another is too near to tell by eye.
    """
    seen = Polygon([scene.points[name] for name in polygon])
    if not seen.simple or seen.flat < ANGLE_MARGIN:
        return None
    for name in reversed(SHAPES[len(polygon)]):
        others = seen.misses.keys() - {name, *IMPLIED[name]}
        if seen.misses[name] <= EXACT and all(seen.misses[other] > 1 for other in others):
            return name
    return None


def _reason(polygon: str, value: str, scene: Scene) -> str:
    """Say what makes a polygon what it is."""
    sides = edges(polygon)
    ring = list(pairwise([*sides, sides[0]]))
    opposite = [(sides[0], sides[2]), (sides[1], sides[3])] if len(sides) == 4 else []

    def true(kind: str, pairs: list[tuple[str, str]]) -> list[str]:
        facts = [Fact(kind, pair) for pair in pairs]
        return [phrase(fact) for fact in facts if evaluate(fact, scene).verdict == "true"]

    if value in ("rhombus", "square", "equilateral triangle") or value.startswith("regular"):
        corner = f" and {true('perpendicular', ring)[0]}" if value == "square" else ""
        angles = " and all angles are equal" if value.startswith("regular") else ""
        return " = ".join(sides) + corner + angles
    if value == "rectangle":
        return "all angles are right angles"
    if value in ("parallelogram", "trapezoid"):
        return " and ".join(true("parallel", opposite))
    if value == "right trapezoid":
        return f"{true('parallel', opposite)[0]} and {true('perpendicular', ring)[0]}"
    if value == "isosceles trapezoid":
        return f"{true('parallel', opposite)[0]} and {true('equal', opposite)[0]}"
    if value in ("right triangle", "isosceles triangle", "kite"):
        return " and ".join(true("perpendicular" if value == "right triangle" else "equal", ring)[:2])
    if len(polygon) > 4:
        return f"it has {len(polygon)} sides that are not all equal"
    return "no sides are parallel" if value == "quadrilateral" else "all sides differ and no angle is right"


def angle(view: View, rng: Random) -> Draft | None:
    """Acute, right or obtuse; first the answer is drawn, so that it cannot be guessed."""
    found: dict[str, list[str]] = {}
    for name in view.angles:
        over = g.angle(*(view.scene.points[c] for c in name)) - 90
        if abs(over) < 1e-6:
            found.setdefault("right", []).append(name)
        elif abs(over) > ANGLE_MARGIN:
            found.setdefault("acute" if over < 0 else "obtuse", []).append(name)
    if len(found) < 2:
        return None
    value = rng.choice(sorted(found))
    name = spell(rng.choice(found[value]), rng)
    a, v, b = name
    reason = {
        "right": f"{v}{a} ⊥ {v}{b}",
        "acute": f"∠{name} is less than 90°",
        "obtuse": f"∠{name} is more than 90°",
    }[value]
    facts = (Fact("perpendicular", (v + a, v + b)),) if value == "right" else ()
    worked = f"{reason}, so the angle is"
    return Draft(word(ANGLE, rng, name), worked, "text", value, ("acute", "right", "obtuse"), facts=facts)


def line(view: View, rng: Random) -> Draft | None:
    """What a line is in a triangle or a circle, where it is one thing only."""
    found: dict[str, list[tuple[Fact, tuple[str, ...]]]] = {}
    for value, fact, choices in (*_triangle_lines(view), *_circle_lines(view)):
        found.setdefault(value, []).append((fact, choices))
    if not found:
        return None
    value = rng.choice(sorted(found))
    fact, choices = rng.choice(found[value])
    name, where = fact.args
    name = spell(where + name if value == "radius" else name, rng)
    if fact.kind == "bisects":  # the triangle is asked about, the angle bisected
        where = "".join(sorted(where))
    question = word(IN_TRIANGLE if choices is TRIANGLE_LINES else IN_CIRCLE, rng, name, where)
    worked = f"{LINE_REASONS[value](fact, name, view)}, so it is {article(value).split()[0]}"
    return Draft(question, worked, "text", value, choices, facts=(fact,))


LINE_REASONS = {
    "median": lambda fact, name, view: f"{name} ends in the middle of a side",
    "altitude": lambda fact, name, view: f"{name} is perpendicular to a side",
    "angle bisector": lambda fact, name, view: f"{name} bisects ∠{fact.args[1]}",
    "mid-segment": lambda fact, name, view: f"{name} joins the middles of two sides",
    "radius": lambda fact, name, view: f"{name} goes from the centre to the circle",
    "chord": lambda fact, name, view: f"{name} has both ends on the circle and misses the centre",
    "diameter": lambda fact, name, view: f"{name} has both ends on the circle and passes through the centre",
    "tangent": lambda fact, name, view: f"{name} touches the circle in one point",
}


def _triangle_lines(view: View) -> Iterator[tuple[str, Fact, tuple[str, ...]]]:
    known = view.derivation.known
    for name in known.triangles:
        for top, b, c in turns(name):
            for d in known.line(b, c).strip(b + c):
                if (
                    not known.line(top, d)
                    or d not in known.line(b, c)[1:-1]
                    or not known.inside(b, top, c, d)
                ):
                    continue
                facts = {
                    "median": Fact("midpoint", (d, b + c)),
                    "altitude": Fact("perpendicular", (top + d, b + c)),
                    "angle bisector": Fact("bisects", (top + d, b + top + c)),
                }
                verdicts = {value: view.verdict(fact) for value, fact in facts.items()}
                if sorted(verdicts.values()) == ["false", "false", "true"]:
                    value = next(v for v, verdict in verdicts.items() if verdict == "true")
                    kind = "bisects" if value == "angle bisector" else value
                    where = b + top + c if kind == "bisects" else name
                    yield value, Fact(kind, (top + d, where)), TRIANGLE_LINES
            for d in known.line(top, b)[1:-1]:
                for e in known.line(top, c)[1:-1]:
                    fact = Fact("midsegment", (d + e, name))
                    if known.line(d, e) and view.verdict(fact) == "true":
                        yield "mid-segment", fact, TRIANGLE_LINES


def _circle_lines(view: View) -> Iterator[tuple[str, Fact, tuple[str, ...]]]:
    for centre, _ in view.scene.circles:
        if not centre.isupper():
            continue
        for piece in view.pieces:
            if centre in piece:
                end = piece.replace(centre, "")
                if view.verdict(Fact("on_circle", (end, centre))) == "true":
                    yield "radius", Fact("on_circle", (end, centre)), CIRCLE_LINES
            elif view.verdict(Fact("diameter", (piece, centre))) == "true":
                yield "diameter", Fact("diameter", (piece, centre)), CIRCLE_LINES
            elif view.verdict(Fact("chord", (piece, centre))) == "true":
                if view.verdict(Fact("diameter", (piece, centre))) == "false":
                    yield "chord", Fact("chord", (piece, centre)), CIRCLE_LINES
            elif view.verdict(Fact("tangent", (piece, centre))) == "true":
                yield "tangent", Fact("tangent", (piece, centre)), CIRCLE_LINES
