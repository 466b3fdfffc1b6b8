"""The words of geometry captions that are understood: names, figures, relations, numbers.

Clauses (:mod:`data.foreign.clauses`) are words with slots. The letter of a slot says what stands there:
``<p1>`` a point, ``<s1>`` a segment ("side AB"), ``<e1>`` a segment that is not called a line, ``<a1>`` an
angle, ``<t1>`` a triangle ("△ABC"), ``<q1>`` the bare name of a polygon, ``<c1>`` a circle by its centre,
``<n1>`` a number, ``<d1>`` degrees, ``<k1>`` the class of a polygon and ``<j1>`` that of a triangle, with
its article, ``<v1>`` the corner of an angle, ``<r1>`` a relation. A name ends only where nothing follows
that would make it another name: A₁ is never A.
"""

from __future__ import annotations

import re

TRIANGLES = {
    "right-angled": "right triangle",
    "right": "right triangle",
    "isosceles": "isosceles triangle",
    "equilateral": "equilateral triangle",
}
"""Words before "triangle", and the class they make it."""
POLYGONS = (
    "isosceles trapezoid",
    "right trapezoid",
    "regular pentagon",
    "regular hexagon",
    "regular octagon",
    "quadrilateral",
    "kite",
    "trapezoid",
    "parallelogram",
    "rectangle",
    "rhombus",
    "square",
    "pentagon",
    "hexagon",
    "octagon",
)
SHAPES = TRIANGLES | {name: name for name in POLYGONS}

RELATIONS: tuple[dict[str, str], ...] = (
    {"∥": "parallel", "⊥": "perpendicular"},
    {"//": "parallel", "⊥": "perpendicular"},
    {"\\parallel": "parallel", "\\perp": "perpendicular"},
    {"=": "equal", "∥": "parallel", "⊥": "perpendicular"},
    {"is parallel to": "parallel", "is perpendicular to": "perpendicular", "is equal to": "equal"},
    {"equals": "equal", "is parallel to": "parallel", "is perpendicular to": "perpendicular"},
    {"are parallel": "parallel", "are perpendicular": "perpendicular", "are equal": "equal"},
    {"parallel": "parallel", "perpendicular": "perpendicular"},
    {"≅": "congruent", "∼": "similar"},
    {"≅": "congruent", "~": "similar"},
    {"is congruent to": "congruent", "is similar to": "similar"},
    {"congruent": "congruent", "similar": "similar"},
    {"is a median": "median", "is an altitude": "altitude"},
    {"is the median": "median", "is the altitude": "altitude"},
    {"is a chord of": "chord", "is a diameter of": "diameter", "is tangent to": "tangent"},
    {"is a tangent to": "tangent", "is a chord of": "chord", "is a diameter of": "diameter"},
    {"is the diameter of": "diameter", "is the chord of": "chord", "is tangent to": "tangent"},
    {"is a chord in": "chord", "is a diameter in": "diameter"},
    {"touches": "tangent", "is a diameter of": "diameter", "is a chord of": "chord"},
)
"""Phrases that may stand for each other in a sentence, each with the kind of fact it states."""
KINDS = {phrase: kind for row in RELATIONS for phrase, kind in row.items()}

_END = r"(?![\w'′’″`^])"
_NUMBER = r"(?P<NAME>\d+(?:\.\d+)?)(?![\w.]*\d)"
_ALONE = r"(?!\s*[√π/^*+×·\\-])"  # not a part of 3√2, 5/2, 2^3
_UNITS = r"(?:\s*(?i:cm|mm|m|units?(?:\s+long)?|centimet(?:er|re)s?|met(?:er|re)s?|inches)\b)?"
_DEGREES = r"\s*(?:°|º|\^\s*\\circ|\^\{\\circ\}|(?i:degrees?)\b)"
_SEGMENT = r"(?:(?:line\s+)?segments?|sides?|edges?|base|legs?|diagonals?|chords?|radius|radii)\s+"
_CENTRE = r"(?:with\s+(?:its\s+)?cent(?:er|re)\s+(?:at\s+)?(?:point\s+)?)?"
SLOTS = {
    "p": r"(?i:(?:the\s+)?(?:points?|vertex|vertices)\s+)?(?P<NAME>[A-Z])" + _END,
    "s": rf"(?i:(?:the\s+)?(?:{_SEGMENT}|(?:straight\s+)?lines?\s+))?(?P<NAME>[A-Z]{{2}})" + _END,
    "v": r"(?i:(?:the\s+)?(?:point|vertex)\s+)?(?P<NAME>[A-Z])" + _END,
    "e": rf"(?i:(?:the\s+)?{_SEGMENT})?(?P<NAME>[A-Z]{{2}})" + _END,
    "a": r"(?:∠|\\angle|(?i:(?:the\s+)?angle\b))\s*(?P<NAME>[A-Z]{3}|[A-Z])" + _END,
    "t": r"(?:△|Δ|\\triangle|(?i:(?:the\s+)?triangle\b))\s*(?P<NAME>[A-Z]{3})" + _END,
    "q": r"(?P<NAME>[A-Z]{3,8})" + _END,
    "c": rf"(?:⊙\s*|\\odot\s*|(?i:(?:the\s+|a\s+)?circle\s+(?:⊙\s*)?{_CENTRE}))(?P<NAME>[A-Z])" + _END,
    "n": _NUMBER + _ALONE + _UNITS,
    "d": _NUMBER + f"(?:{_DEGREES}|{_ALONE})",
    "k": rf"(?P<NAME>(?i:(?:an?\s+)?(?:{'|'.join(POLYGONS)})))\b",
    "j": rf"(?P<NAME>(?i:(?:an?\s+)?(?:{'|'.join(TRIANGLES)})))\b",
    "r": "(?P<NAME>{})".format(
        "|".join(
            re.escape(phrase).replace(r"\ ", r"\s+") + (r"\b" if phrase[-1].isalpha() else "")
            for phrase in sorted(KINDS, key=len, reverse=True)
        )
    ),
}
ROLES = dict.fromkeys("pvseatqc", "letters") | dict.fromkeys("nd", "number")
ROLES |= dict.fromkeys("kj", "shape") | {"r": "relation"}
"""What kind of edit a slot takes."""

FILLER = re.compile(
    r"(?:[\s,;:]|(?i:(?:and|where|with|whose|while|in which|such that|so that|which has|that has|has|having|"
    r"also|additionally|moreover|furthermore|it is given that|it is known that|given that|given|known that|"
    r"we have|it has|there is|there are|containing|contains|including|as shown|"
    r"(?:as )?shown in the (?:figure|diagram|picture|image)|"
    r"in the (?:given )?(?:figure|diagram|image)(?: above| below| shown)?|"
    r"(?:the|this) (?:given )?(?:figure|diagram|image|picture) "
    r"(?:features|shows|depicts|illustrates|presents|displays|consists of|contains|is)|"
    r"this is|shown is|here is|consider|let|in)\b))+".replace(" ", r"\s+")
)
"""Words between clauses, which state nothing by themselves."""
_AFTER = (
    "and|where|with|whose|while|in which|such that|so that|which has|that has|has|having|containing|including"
)
BOUNDARY = r"(?=\s*(?:[,;:.]|$)|\s+(?i:" + _AFTER.replace(" ", r"\s+") + r")\b)"
"""What may follow a clause."""


def compile_clause(words: str) -> re.Pattern[str]:
    """Turn a clause into a pattern: words in either case, any white space, slots, and a boundary after it."""
    pattern = ""
    for piece in re.split(r"(<[a-z]\d>)", words):
        if piece.startswith("<"):
            pattern += SLOTS[piece[1]].replace("NAME", piece[1:-1])
        elif piece:
            pattern += (
                "(?i:" + piece.replace(" = ", r"\s*=\s*").replace(" ?", r"\s*").replace(" ", r"\s+") + ")"
            )
    return re.compile(pattern + BOUNDARY)
