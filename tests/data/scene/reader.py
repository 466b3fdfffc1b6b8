"""Reads captions back into facts, so that what is tested is what a reader is told."""

import re

from data.scene.types import Fact

OPENING = re.compile(r"^(?:The diagram features|The figure shows|This is|Shown is) ")
# Clauses are joined by commas and "and", but "AC and BD intersect at E" is one clause.
JOINT = re.compile(r", where |, and |, (?![^()]*\))| and (?=[A-Z]{2} (?:=|∥|⊥|is|has|equals)|∠)")
PATTERNS = {
    r"an? (?P<value>[a-z]+(?: [a-z]+)?) (?P<a>[A-Z]{3,8})": "shape",
    r"(?P<a>[A-Z]{3,8}) is an? (?P<value>(?!sector)[a-z]+(?: [a-z]+)?)": "shape",
    r"△(?P<a>[A-Z]{3})": "triangle",
    r"circle (?P<a>[A-Z])": "circle",
    r"(?P<a>[A-Z]{2}) (?:∥|is parallel to) (?P<b>[A-Z]{2})": "parallel",
    r"(?P<a>[A-Z]{2}) (?:⊥|is perpendicular to) (?P<b>[A-Z]{2})": "perpendicular",
    r"(?P<a>[A-Z]{2}) (?:=|equals) (?P<b>[A-Z]{2})": "equal",
    r"(?P<a>[A-Z]) is the midpoint of (?P<b>[A-Z]{2})": "midpoint",
    r"point (?P<a>[A-Z]) bisects (?P<b>[A-Z]{2})": "midpoint",
    r"point (?P<a>[A-Z]) lies on (?P<b>[A-Z]{2})": "on",
    r"(?P<a>[A-Z]) is a point on (?P<b>[A-Z]{2})": "on",
    r"(?P<b>[A-Z]{2}) and (?P<c>[A-Z]{2}) intersect at (?P<a>[A-Z])": "intersection",
    r"(?P<b>[A-Z]{2}) meets (?P<c>[A-Z]{2}) at (?P<a>[A-Z])": "intersection",
    r"(?P<a>[A-Z]{2}) (?:bisects|is the bisector of) ∠(?P<b>[A-Z]{3})": "bisects",
    r"(?P<a>[A-Z]{2}) is a median (?:of|in) △(?P<b>[A-Z]{3})": "median",
    r"(?P<a>[A-Z]{2}) is an altitude (?:of|in) △(?P<b>[A-Z]{3})": "altitude",
    r"(?P<a>[A-Z]{2}) is the perpendicular bisector of (segment )?(?P<b>[A-Z]{2})": "perpendicular_bisector",
    r"(?P<a>[A-Z]{2}) is a diagonal (?:of|in) (?P<b>[A-Z]{4,8})": "diagonal",
    r"△(?P<a>[A-Z]{3}) (?:≅|is congruent to) △(?P<b>[A-Z]{3})": "congruent",
    r"△(?P<a>[A-Z]{3}) (?:∼|is similar to) △(?P<b>[A-Z]{3})": "similar",
    r"(?P<a>[A-Z]) is folded along (?P<b>[A-Z]{2}) onto (?P<c>[A-Z])": "folded",
    r"folding along (?P<b>[A-Z]{2}) takes (?P<a>[A-Z]) to (?P<c>[A-Z])": "folded",
    r"△(?P<a>[A-Z]{3}) is rotated about (?P<c>[A-Z]) by (?P<value>\d+)° to △(?P<b>[A-Z]{3})": "rotated",
    r"rotating △(?P<a>[A-Z]{3}) by (?P<value>\d+)° about (?P<c>[A-Z]) gives △(?P<b>[A-Z]{3})": "rotated",
    r"(?P<a>[A-Z]{2}) (?:is tangent to|touches) circle (?P<b>[A-Z])": "tangent",
    r"(?P<a>[A-Z]{2}) (?:cuts|intersects) circle (?P<b>[A-Z])": "secant",
    r"(?P<a>[A-Z]{3,8}) is inscribed in circle (?P<b>[A-Z])": "inscribed",
    r"circle (?P<b>[A-Z]) passes through the vertices of (?P<a>[A-Z]{3,8})": "inscribed",
    r"circle (?P<a>[A-Z]) (?:is inscribed in|touches the sides of) (?P<b>[A-Z]{3,8})": "incircle",
    r"circles (?P<a>[A-Z]) and (?P<b>[A-Z]) are (?P<value>(?:ex|in)ternally) tangent": "tangent_circles",
    r"circle (?P<a>[A-Z]) is (?P<value>(?:ex|in)ternally) tangent to circle (?P<b>[A-Z])": "tangent_circles",
    r"(?P<a>[A-Z]{3}) is a sector (?:with centre|of a circle around) (?P<centre>[A-Z])": "sector",
    r"(?P<a>[A-Z]) is the centre of a circle": "circle",
    r"the (?:line|parabola|hyperbola) (?P<value>y = .+)": "graph",
    r"point (?P<a>[A-Z]) lies on the graph": "on_graph",
    r"(?P<a>[A-Z]) is a point on the graph": "on_graph",
    r"point (?P<a>[A-Z]) lies on the (?P<value>[xy])-axis": "on_axis",
    r"(?P<a>[A-Z]) is a point on the (?P<value>[xy])-axis": "on_axis",
    r"the graph (?:meets|crosses) the (?P<value>[xy])-axis at (?P<a>[A-Z])": "intercept",
    r"(?P<a>[A-Z]) is at (?P<value>\(-?\d+, -?\d+\))": "coordinates",
    r"point (?P<a>[A-Z]) has coordinates (?P<value>\(-?\d+, -?\d+\))": "coordinates",
    r"(?P<a>[A-Z]{2}) is a mid-segment of △(?P<b>[A-Z]{3})": "midsegment",
    r"(?P<a>[A-Z]{2}) (?:=|has length) (?P<value>\d+)": "length",
    r"∠(?P<a>[A-Z]{3}) (?:=|measures) (?P<value>\d+)°": "angle",
    r"point (?P<a>[A-Z]) lies on circle (?P<b>[A-Z])": "on_circle",
    r"(?P<a>[A-Z]) is a point on circle (?P<b>[A-Z])": "on_circle",
    r"(?P<a>[A-Z]{2}) is a chord (?:of|in) circle (?P<b>[A-Z])": "chord",
    r"(?P<a>[A-Z]{2}) is a diameter (?:of|in) circle (?P<b>[A-Z])": "diameter",
}


def read_caption(text: str) -> list[Fact]:
    """Return the facts a caption states, in order; raise ValueError at words that say none, or two things."""
    facts = []
    for sentence in text.removesuffix(".").split(". "):
        plain = OPENING.sub("", sentence)
        plain = plain if plain[:2].isupper() or plain[1] == " " else plain[0].lower() + plain[1:]
        facts += [read_clause(clause, text) for clause in JOINT.split(plain)]
    return facts


def read_clause(words: str, text: str) -> Fact:
    """Return the one fact that a clause states."""
    found = [
        (kind, m.groupdict()) for pattern, kind in PATTERNS.items() if (m := re.fullmatch(pattern, words))
    ]
    if len(found) != 1:
        raise ValueError(f"{len(found)} readings of {words!r} in {text!r}")
    kind, parts = found[0]
    args = tuple(parts[name] for name in "abc" if name in parts)
    value = parts.get("value")
    if kind == "triangle":
        return Fact("shape", args, "triangle")
    if kind == "sector" and parts["centre"] != args[0][1]:
        raise ValueError(f"{words!r} names another centre")
    return Fact(kind, args, int(value) if value and value.isdigit() else value)
