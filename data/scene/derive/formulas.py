"""How a step computes its number: the arithmetic in words, the same in exact numbers, and usual slips.

``{}`` in ``text`` stands for the inputs in order. A slip is what comes out when the step goes wrong: the
halving forgotten, the sum instead of the difference. A new formula is a line here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

from data.scene.derive.exact import PI, Exact, Inexact, sqrt

Solve = Callable[..., Exact]


@dataclass(frozen=True)
class Formula:
    """``text`` is empty where nothing is computed."""

    text: str
    solve: Solve
    slips: tuple[Solve, ...] = ()


@cache
def whole(n: int) -> Exact:
    """A whole number."""
    return Exact(n)


_90, _180, _360, _2, _3 = (whole(n) for n in (90, 180, 360, 2, 3))


def _only(size: int, result: Solve) -> Solve:
    """A result that holds for one size of an angle, the first input."""

    def solve(angle: Exact, length: Exact) -> Exact:
        if angle.n != size:
            raise Inexact
        return result(length)

    return solve


SAME = Formula("", lambda a: a, (lambda a: _2 * a, lambda a: a / _2))
SAME_ANGLE = Formula("", lambda a: a, (lambda a: _180 - a, lambda a: _90 - a, lambda a: a / _2))
DOUBLE = Formula("2 × {}", lambda a: _2 * a, (lambda a: a, lambda a: a / _2, lambda a: a * a))
HALF = Formula("{} ÷ 2", lambda a: a / _2, (lambda a: a, lambda a: _2 * a, lambda a: a - _2))
SUM = Formula("{} + {}", lambda a, b: a + b, (lambda a, b: a * b, lambda a, b: a - b, lambda a, b: b - a))
LESS = Formula("{} - {}", lambda a, b: a - b, (lambda a, b: a + b, lambda a, b: b, lambda a, b: a))
TO_90 = Formula("90 - {}", lambda a: _90 - a, (lambda a: _180 - a, lambda a: a, lambda a: _2 * a))
TO_180 = Formula("180 - {}", lambda a: _180 - a, (lambda a: a, lambda a: _90 - a, lambda a: _360 - a))
TO_180_OF_3 = Formula(
    "180 - {} - {}",
    lambda a, b: _180 - a - b,
    (lambda a, b: a + b, lambda a, b: _180 - a, lambda a, b: _180 - b, lambda a, b: a - b),
)
TO_360_OF_4 = Formula(
    "360 - {} - {} - {}", lambda a, b, c: _360 - a - b - c, (lambda a, b, c: _180 - a, lambda a, b, c: a)
)
BASE_ANGLE = Formula(
    "(180 - {}) ÷ 2", lambda a: (_180 - a) / _2, (lambda a: _180 - a, lambda a: a, lambda a: _90 - a)
)
APEX_ANGLE = Formula(
    "180 - 2 × {}", lambda a: _180 - _2 * a, (lambda a: _180 - a, lambda a: a, lambda a: _90 - a)
)
HYPOTENUSE = Formula(
    "√({}² + {}²)", lambda a, b: sqrt(a * a + b * b), (lambda a, b: a + b, lambda a, b: sqrt(a * b))
)
LEG = Formula(
    "√({}² - {}²)", lambda c, a: sqrt(c * c - a * a), (lambda c, a: c - a, lambda c, a: sqrt(c * c + a * a))
)
SCALED = Formula(
    "{} × {} ÷ {}",
    lambda a, b, c: a * b / c,
    (lambda a, b, c: a * c / b, lambda a, b, c: a + b - c, lambda a, b, c: b * c / a, lambda a, b, c: b),
)
MEAN = Formula("√({} × {})", lambda a, b: sqrt(a * b), (lambda a, b: a * b, lambda a, b: (a + b) / _2))
MIDDLE = Formula("({} + {}) ÷ 2", lambda a, b: (a + b) / _2, (lambda a, b: a + b, lambda a, b: a - b))
FROM_MIDDLE = Formula("2 × {} - {}", lambda m, a: _2 * m - a, (lambda m, a: m - a, lambda m, a: m + a))

SHORT_30 = Formula(
    "{1} ÷ 2", _only(30, lambda c: c / _2), (lambda w, c: c, lambda w, c: c * Exact(1, 3) / _2)
)
LONG_30 = Formula("2 × {1}", _only(30, lambda a: _2 * a), (lambda w, a: a, lambda w, a: a * Exact(1, 3)))
OTHER_LEG_30 = Formula(
    "{1} × √3", _only(30, lambda a: a * Exact(1, 3)), (lambda w, a: _2 * a, lambda w, a: a * Exact(1, 2))
)
SHORT_LEG_30 = Formula(
    "{1} ÷ √3", _only(30, lambda b: b / Exact(1, 3)), (lambda w, b: b / _2, lambda w, b: b * Exact(1, 3))
)
LEG_45 = Formula("{1}", _only(45, lambda a: a), (lambda w, a: _2 * a, lambda w, a: a * Exact(1, 2)))
HYPOTENUSE_45 = Formula(
    "{1} × √2", _only(45, lambda a: a * Exact(1, 2)), (lambda w, a: _2 * a, lambda w, a: a * Exact(1, 3))
)

PRODUCT = Formula("{} × {}", lambda a, b: a * b, (lambda a, b: _2 * (a + b), lambda a, b: a * b / _2))
HALF_PRODUCT = Formula("{} × {} ÷ 2", lambda a, b: a * b / _2, (lambda a, b: a * b, lambda a, b: a + b))
SQUARE = Formula("{0} × {0}", lambda a: a * a, (lambda a: whole(4) * a, lambda a: _2 * a))
TRAPEZOID = Formula(
    "({} + {}) × {} ÷ 2",
    lambda a, b, h: (a + b) * h / _2,
    (lambda a, b, h: (a + b) * h, lambda a, b, h: a * h, lambda a, b, h: a * b * h / _2),
)
EQUILATERAL = Formula(
    "{0} × {0} × √3 ÷ 4",
    lambda a: a * a * Exact(1, 3) / whole(4),
    (lambda a: a * a * Exact(1, 3) / _2, lambda a: a * a / _2, lambda a: a * a * Exact(1, 3)),
)
AROUND = Formula("2 × ({} + {})", lambda a, b: _2 * (a + b), (lambda a, b: a + b, lambda a, b: a * b))
SUM_OF_3 = Formula("{} + {} + {}", lambda a, b, c: a + b + c, (lambda a, b, c: a + b, lambda a, b, c: b + c))
SUM_OF_4 = Formula(
    "{} + {} + {} + {}",
    lambda a, b, c, d: a + b + c + d,
    (lambda a, b, c, d: a + b + c, lambda *x: x[0] * _2),
)
CIRCUMFERENCE = Formula("2 × π × {}", lambda r: _2 * PI * r, (lambda r: PI * r, lambda r: PI * r * r))
DISC = Formula("π × {0} × {0}", lambda r: PI * r * r, (lambda r: _2 * PI * r, lambda r: PI * r))
ARC = Formula(
    "2 × π × {1} × {0} ÷ 360",
    lambda w, r: _2 * PI * r * w / _360,
    (lambda w, r: PI * r * w / _360, lambda w, r: PI * r * r * w / _360, lambda w, r: _2 * PI * r),
)
SECTOR = Formula(
    "π × {1} × {1} × {0} ÷ 360",
    lambda w, r: PI * r * r * w / _360,
    (lambda w, r: _2 * PI * r * w / _360, lambda w, r: PI * r * r, lambda w, r: PI * r * r * w / _180),
)


@cache
def constant(size: int) -> Formula:
    """A number that a figure has by its kind: a right angle, the angles of an equilateral triangle."""
    slips = {90: (60, 45, 180), 60: (90, 45, 30)}.get(size, (180 - size, size // 2, 90))
    return Formula("", lambda: whole(size), tuple(lambda n=n: whole(n) for n in slips))


@cache
def times(n: int) -> Formula:
    """``n`` times a number."""
    return Formula(f"{n} × {{}}", lambda a: whole(n) * a, (lambda a: a * a, lambda a: whole(n - 1) * a))


@cache
def interior(n: int) -> Formula:
    """The angle of a regular polygon."""
    size = 180 * (n - 2) // n
    return Formula(
        f"({n} - 2) × 180 ÷ {n}", lambda: whole(size), (lambda: whole(360 // n), lambda: whole(60))
    )
