"""Equations of lines, parabolas and hyperbolas as text: write them, read them, evaluate them."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

_HYPERBOLA = re.compile(r"y = (-?\d+)/x")


def polynomial(coefficients: Sequence[int]) -> str:
    """Write a polynomial of whole ``coefficients``, highest power (at most 2) first: ``y = x² - 2x - 3``."""
    powers = ("x²", "x", "")[-len(coefficients) :]
    terms = ""
    for number, power in zip(coefficients, powers, strict=True):
        if number:
            size = "" if abs(number) == 1 and power else str(abs(number))
            sign = " - " if number < 0 else " + "
            terms += (sign if terms else "-" * (number < 0)) + size + power
    return f"y = {terms or '0'}"


def hyperbola(k: int) -> str:
    """Write ``y = k/x``."""
    return f"y = {k}/x"


def function(equation: str) -> Callable[[float], float] | None:
    """Return the function that an equation describes, or None when it is written in no known way."""
    if found := _HYPERBOLA.fullmatch(equation):
        k = int(found[1])
        return lambda x: k / x
    factors = {"x²": 0, "x": 0, None: 0}
    text = equation.removeprefix("y = ")
    for sign, number, power in re.findall(r"(-|\+|^) ?(\d*)(x²|x)?", text):
        factors[power or None] += int(number or (1 if power else 0)) * (-1 if sign == "-" else 1)
    a, b, c = factors.values()
    return (lambda x: a * x * x + b * x + c) if polynomial((a, b, c)) == equation else None


def kind(equation: str) -> str:
    """Return what the graph is called: ``line``, ``parabola`` or ``hyperbola``."""
    return "hyperbola" if "/x" in equation else "parabola" if "x²" in equation else "line"
