"""One form for all names of the same statement.

A polygon may be turned and reversed; the ends of a segment and the sides of a symmetric relation exchanged.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from data.scene.types import Fact

SYMMETRIC = ("parallel", "perpendicular", "equal", "equal_angle", "tangent_circles")


TRIANGLES = ("median", "altitude", "midsegment", "inscribed", "incircle", "shape")
"""Kinds whose triangles may be named from any corner."""


def canonical(fact: Fact) -> Fact:
    """Return the representative of all ways to write ``fact``."""
    return Fact(fact.kind, _args(fact.kind, fact.args), fact.value)


@lru_cache(1 << 14)
def _args(kind: str, args: tuple[str, ...]) -> tuple[str, ...]:
    if kind in ("congruent", "similar"):
        order = sorted(range(len(args[0])), key=lambda i: args[0][i])
        forms = [("".join(x[i] for i in order), "".join(y[i] for i in order)) for x, y in (args,)]
        order = sorted(range(len(args[1])), key=lambda i: args[1][i])
        forms += [("".join(args[1][i] for i in order), "".join(args[0][i] for i in order))]
        return min(forms)
    named = tuple(_name(arg) for arg in args)
    if kind in TRIANGLES:
        named = tuple("".join(sorted(arg)) if len(arg) == 3 else _name(arg) for arg in args)
    if kind in SYMMETRIC:
        return tuple(sorted(named))
    if kind == "intersection":
        return (named[0], *sorted(named[1:]))
    if kind == "folded":
        return (min(named[0], named[2]), named[1], max(named[0], named[2]))
    return named


def canonical_set(facts: Iterable[Fact]) -> frozenset[Fact]:
    """Return the canonical forms of a caption's facts."""
    return frozenset(canonical(fact) for fact in facts)


def _name(arg: str) -> str:
    """Points and segments sorted, three letters by the middle one, polygons up to rotation and reversal."""
    if len(arg) <= 2:
        return "".join(sorted(arg))
    if len(arg) == 3:
        return min(arg, arg[::-1])
    turns = [arg[i:] + arg[:i] for i in range(len(arg))]
    return min(min(turns), min(turn[::-1] for turn in turns))
