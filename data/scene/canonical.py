"""One form for all names of the same statement.

A polygon may be turned and reversed; the ends of a segment and the sides of a symmetric relation exchanged.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from data.scene.types import Fact

SYMMETRIC = ("parallel", "perpendicular", "equal", "equal_angle")


@lru_cache(1 << 14)
def canonical(fact: Fact) -> Fact:
    """Return the representative of all ways to write ``fact``."""
    kind, args = fact.kind, fact.args
    if kind in ("congruent", "similar"):
        order = sorted(range(len(args[0])), key=lambda i: args[0][i])
        forms = [("".join(x[i] for i in order), "".join(y[i] for i in order)) for x, y in (args,)]
        order = sorted(range(len(args[1])), key=lambda i: args[1][i])
        forms += [("".join(args[1][i] for i in order), "".join(args[0][i] for i in order))]
        return Fact(kind, min(forms), fact.value)
    named = tuple(_name(arg) for arg in args)
    if kind == "shape" or kind in ("median", "altitude", "midsegment"):
        named = tuple("".join(sorted(arg)) if len(arg) == 3 else _name(arg) for arg in args)
    if kind in SYMMETRIC:
        named = tuple(sorted(named))
    elif kind == "intersection":
        named = (named[0], *sorted(named[1:]))
    return Fact(kind, named, fact.value)


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
