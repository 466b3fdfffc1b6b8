"""The clauses that are understood, and the facts each states; add one here.

A fact is a kind, the slots of its arguments, and where it has a value the slot of it, or ``=`` and the value.
A clause may state none.
The kind ``r1`` is that of the phrase in the slot; ``sides`` is the length of all sides of the last figure.
"""

from __future__ import annotations

import re

from data.foreign.grammar import compile_clause

_HAS = "is (?:labell?ed|marked|given|shown|indicated)(?: as| with)?(?: a length of)?|"
_HAS += "has (?:a )?(?:length|measure)(?: of)?|with (?:a )?length(?: of)?|of length"
_IS = f"(?:is|equals|measures|is equal to|{_HAS})"
_ON = "(?: lies| is| is located| is a point| is any point| lying| located)? on"
_ARE_ON = "(?: lie| are| are located| are (?:two |three |four )?points| are (?:both|all)| all lie)? on"
_SEP = "(?:,|,? and)"
_RESPECTIVELY = "(?:,? respectively)?"

WORDINGS: tuple[tuple[str, tuple[str, ...]], ...] = (
    # figures
    ("(?:the )?<k1> <q1>", ("shape q1 k1",)),
    ("(?:the )?(?:quadrilateral |figure |shape |polygon )?<q1> (?:is|forms) <k1>", ("shape q1 k1",)),
    ("(?:a )?<t1>", ("shape t1 =triangle",)),
    ("(?:the )?<j1> <t1>", ("shape t1 j1",)),
    ("<t1> is <j1>(?: triangle)?", ("shape t1 j1",)),
    ("(?:shape |figure )?<q1> is <j1> triangle", ("shape q1 j1",)),
    ("Rt ?<t1>", ("shape t1 =right triangle",)),
    (
        "(?:an? |the )?(?:isosceles right|right isosceles) <t1>",
        ("shape t1 =isosceles triangle", "shape t1 =right triangle"),
    ),
    # segments and angles
    ("<s1> ?<r1> ?<s2>", ("r1 s1 s2",)),
    ("<s1> and <s2> <r1>(?: to each other| in length)?", ("r1 s1 s2",)),
    ("<s1> ?<r1> ?<s2> at <p1>", ("r1 s1 s2",)),
    ("<s1> and <s2> (?:are of equal length|have equal lengths?|have the same length)", ("equal s1 s2",)),
    ("connect <s1>", ()),
    ("connect <s1> and <s2>", ()),
    ("<s1> is drawn", ()),
    ("<s1> = <s2> = <s3>", ("equal s1 s2", "equal s2 s3")),
    ("<s1> = <s2> = <s3> = <s4>", ("equal s1 s2", "equal s2 s3", "equal s3 s4")),
    ("<s1> = <s2> = <n1>", ("equal s1 s2", "length s1 n1")),
    ("<s1> = <s2> = <s3> = <n1>", ("equal s1 s2", "equal s2 s3", "length s1 n1")),
    ("<s1> = <n1>", ("length s1 n1",)),
    (f"<s1> {_IS} <n1>", ("length s1 n1",)),
    ("the length of <s1>(?: is| equals| measures| of) <n1>", ("length s1 n1",)),
    (
        "the (?:side length|length of each side) of (?:the )?<k1> <q1> (?:is|equals) <n1>",
        ("shape q1 k1", "sides n1"),
    ),
    ("(?:an? |the |each |its )?side lengths?(?: of| is| are| equal to)? <n1>", ("sides n1",)),
    ("<a1> = <a2>", ("equal_angle a1 a2",)),
    ("<a1> (?:equals|is equal to) <a2>", ("equal_angle a1 a2",)),
    ("<a1> = <a2> = <d1>", ("equal_angle a1 a2", "angle a1 d1")),
    ("<a1> = <d1>", ("angle a1 d1",)),
    (f"<a1> (?:of|{_IS[3:-1]}) <d1>", ("angle a1 d1",)),
    ("(?:the )?(?:measure|size) of <a1> (?:is|equals) <d1>", ("angle a1 d1",)),
    ("<a1> is a right angle", ("angle a1 =90",)),
    ("(?:a |the |its )?right angle at <v1>", ("angle v1 =90",)),
    # points
    ("<p1> (?:is|be|as|being|bisects)(?: the)? midpoint of <s1>", ("midpoint p1 s1",)),
    ("<p1> bisects <e1>", ("midpoint p1 e1",)),
    ("the midpoint of <s1> is <p1>", ("midpoint p1 s1",)),
    (
        f"<p1> and <p2> (?:are|be|being)(?: the)? midpoints of <s1> and <s2>{_RESPECTIVELY}",
        ("midpoint p1 s1", "midpoint p2 s2"),
    ),
    (f"(?:a )?<p1>{_ON} <e1>", ("on p1 e1",)),
    (f"<p1> and <p2>{_ARE_ON} <e1> and <e2>{_RESPECTIVELY}", ("on p1 e1", "on p2 e2")),
    (f"<p1> and <p2>{_ARE_ON} <e1>", ("on p1 e1", "on p2 e1")),
    ("<e1> and <e2> (?:intersect|meet|cross)(?: each other)? at <p1>", ("intersection p1 e1 e2",)),
    ("<e1> (?:intersects|meets|crosses) <e2> at <p1>", ("intersection p1 e1 e2",)),
    (
        "<p1> is the (?:intersection|intersection point|point of intersection) of <e1> and <e2>",
        ("intersection p1 e1 e2",),
    ),
    # segments of triangles, two triangles
    ("<s1> (?:bisects|is (?:the|a) (?:angle )?bisector of) <a1>", ("bisects s1 a1",)),
    ("<s1> <r1> (?:of|in) <t1>", ("r1 s1 t1",)),
    ("<s1> is (?:a|the) mid-?(?:segment|line) of <t1>", ("midsegment s1 t1",)),
    ("<t1> ?<r1> ?<t2>", ("r1 t1 t2",)),
    # circles
    ("<c1>", ("circle c1",)),
    ("<p1> is the cent(?:er|re) of the circle", ("circle p1",)),
    (f"(?:a )?<p1>{_ON} <c1>", ("on_circle p1 c1",)),
    (f"<p1>{_SEP} <p2>{_ARE_ON} <c1>", ("on_circle p1 c1", "on_circle p2 c1")),
    (
        f"<p1>{_SEP} <p2>{_SEP} <p3>{_ARE_ON} <c1>",
        ("on_circle p1 c1", "on_circle p2 c1", "on_circle p3 c1"),
    ),
    (
        f"<p1>{_SEP} <p2>{_SEP} <p3>{_SEP} <p4>{_ARE_ON} <c1>",
        ("on_circle p1 c1", "on_circle p2 c1", "on_circle p3 c1", "on_circle p4 c1"),
    ),
    ("<t1> is inscribed in <c1>", ("inscribed t1 c1",)),
    ("(?:quadrilateral |figure )?<q1> is inscribed in <c1>", ("inscribed q1 c1",)),
    ("<c1> is (?:inscribed in|the (?:incircle|inscribed circle) of) <t1>", ("incircle c1 t1",)),
    ("<s1> is the perpendicular bisector of <s2>", ("perpendicular_bisector s1 s2",)),
    ("<s1> <r1> <c1>", ("r1 s1 c1",)),
    (
        "<s1> (?:is tangent to|touches|is a tangent to) <c1> at <p1>",
        ("tangent s1 c1", "on_circle p1 c1"),
    ),
)
CLAUSES: tuple[tuple[re.Pattern[str], tuple[str, ...]], ...] = tuple(
    (compile_clause(words), facts) for words, facts in WORDINGS
)
