"""Exact numbers n√r and nπ with whole n: all that lengths, angles and areas of school figures need."""

from __future__ import annotations

import math
from dataclasses import dataclass


class Inexact(ArithmeticError):
    """A result that is no whole multiple of a root or of π, and is not used."""


@dataclass(frozen=True, slots=True)
class Exact:
    """The number n·√root·π^pi, with ``root`` free of squares and ``pi`` 0 or 1."""

    n: int
    root: int = 1
    pi: int = 0

    def __float__(self) -> float:
        return self.n * math.sqrt(self.root) * math.pi**self.pi

    def __str__(self) -> str:
        sign = (f"√{self.root}" if self.root > 1 else "") + "π" * self.pi
        return sign if sign and self.n == 1 else f"{self.n}{sign}"

    @property
    def whole(self) -> bool:
        """Whether it is a whole number."""
        return self.root == 1 and not self.pi

    def __add__(self, other: Exact) -> Exact:
        if (self.root, self.pi) != (other.root, other.pi):
            raise Inexact
        return Exact(self.n + other.n, self.root, self.pi)

    def __sub__(self, other: Exact) -> Exact:
        return self + Exact(-other.n, other.root, other.pi)

    def __mul__(self, other: Exact) -> Exact:
        if self.pi + other.pi > 1:
            raise Inexact
        shared = math.gcd(self.root, other.root)
        root = self.root // shared * (other.root // shared)
        return Exact(self.n * other.n * shared, root, self.pi + other.pi)

    def __truediv__(self, other: Exact) -> Exact:
        if other.n == 0 or other.pi > self.pi:
            raise Inexact
        over = self * Exact(1, other.root)  # a/(n√r) = a√r/(nr)
        n, rest = divmod(over.n, other.n * other.root)
        if rest:
            raise Inexact
        return Exact(n, over.root, self.pi - other.pi)


def sqrt(square: Exact) -> Exact:
    """The square root of a whole number, as n√r."""
    if not square.whole or not 0 < square.n < 10_000:
        raise Inexact
    n, root, factor = 1, square.n, 2
    while factor * factor <= root:
        while root % (factor * factor) == 0:
            n, root = n * factor, root // (factor * factor)
        factor += 1
    return Exact(n, root)


PI = Exact(1, 1, 1)
