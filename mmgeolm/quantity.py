"""Read a number with its unit from text or LaTeX: ``4√3 cm²``, ``\\frac{1}{2}\\pi``, ``x = 12.5^\\circ``.

A small parser of its own: no ``eval``, no symbols, bounded length and depth, so that it can neither hang nor
raise.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from functools import lru_cache

LENGTH = 200  # characters; longer texts are not quantities
DEPTH = 20

_UNIT_NAMES = {
    "°": ("degree", "degrees", "deg"),
    "%": ("percent", "per cent"),
    "mm": ("millimeter", "millimeters", "millimetre", "millimetres"),
    "cm": ("centimeter", "centimeters", "centimetre", "centimetres"),
    "dm": ("decimeter", "decimeters", "decimetre", "decimetres"),
    "m": ("meter", "meters", "metre", "metres"),
    "km": ("kilometer", "kilometers", "kilometre", "kilometres"),
    "in": ("inch", "inches"),
    "ft": ("foot", "feet"),
    "yd": ("yard", "yards"),
    "mi": ("mile", "miles"),
    "g": ("gram", "grams"),
    "kg": ("kilogram", "kilograms"),
    "s": ("sec", "second", "seconds"),
    "min": ("minute", "minutes"),
    "h": ("hour", "hours"),
    "years": ("year", "years old"),
    "ml": ("milliliter", "milliliters", "mL"),
    "l": ("liter", "liters", "litre", "litres", "L"),
    "units": ("unit",),
    "rad": ("radian", "radians"),
}
UNITS = {name: unit for unit, names in _UNIT_NAMES.items() for name in (unit, *names)}
_UNIT = re.compile(
    r"(?:(square|sq\.?|cubic|cu\.?)\s*)?("
    + "|".join(sorted(map(re.escape, UNITS), key=len, reverse=True))
    + r")"
    r"(?:\s*\^?\s*\{?\s*([23²³])\s*\}?)?\.?"
)
_POWERS = {
    None: "",
    "square": "2",
    "sq": "2",
    "cubic": "3",
    "cu": "3",
    "2": "2",
    "²": "2",
    "3": "3",
    "³": "3",
}

_WRAPPED = re.compile(
    r"\\(?:text|textbf|textrm|textit|mathrm|mathbf|mathit|operatorname|mbox)\s?\{([^{}]{0,80})\}"
)
_REWRITES = (
    (re.compile(r"\\[dt]frac"), r"\\frac"),
    (re.compile(r"\\(?:left|right|displaystyle|quad|qquad)(?![a-zA-Z])|\\[,;:! ()\[\]]|[$*]{2}|\$"), " "),
    (re.compile(r"\\(?:cdot|times)(?![a-zA-Z])|[×·⋅]"), "*"),
    (re.compile(r"\\div(?![a-zA-Z])|÷"), "/"),
    (re.compile(r"\\pi(?![a-zA-Z])|π"), "π"),
    (re.compile(r"\\sqrt(?![a-zA-Z])"), "√"),
    (re.compile(r"\^\s*\{?\s*\\circ\s*\}?|\\degree(?![a-zA-Z])|\\circ(?![a-zA-Z])|º|˚"), "°"),
    (re.compile(r"\\approx(?![a-zA-Z])|\\thickapprox|≈|≒"), "="),
    (re.compile(r"\b(?:approximately|about|around|roughly)\b", re.IGNORECASE), ""),
    (re.compile(r"[−–—]"), "-"),
    (re.compile(r"\\%|％"), "%"),
    (re.compile(r"\\(?:angle|triangle)(?![a-zA-Z])"), "∠"),
    (re.compile(r"(?<=\d)(?:,|\\?\{,\})(?=\d{3}(?!\d))"), ""),
)
_TOKEN = re.compile(r"\s*(\d+\.?\d*(?:[eE][+-]?\d{1,3}(?![\da-zA-Z]))?|\.\d+|\\frac|[-+*/^√π(){}\[\]])")
_FRACTION = re.compile(r"\s*\\frac\s*\{?\s*\d+\s*\}?\s*\{?\s*\d+")
_INTEGER = re.compile(r"\d+")
_DECIMALS = re.compile(r"[-+]?\d+\.(\d+)")


@dataclass(frozen=True)
class Quantity:
    """A value, its unit in one spelling ('': none), and the decimals it was written with (or None)."""

    value: float
    unit: str = ""
    decimals: int | None = None

    def equals(self, other: Quantity, tolerance: float | None = None) -> bool:
        """True when value and unit agree; a missing unit agrees with every unit.

        ``tolerance`` is absolute. Without it the values agree to 1e-6 relative, or to the decimals of a side
        that is written as a decimal with at least two of them (6.93 for 4√3).
        """
        if (
            self.unit
            and other.unit
            and self.unit != other.unit
            and "units" not in (self.unit[:5], other.unit[:5])
        ):
            return False
        gap = abs(self.value - other.value)
        if tolerance is not None:
            return gap <= tolerance + 1e-9 * max(1.0, abs(other.value))
        if gap <= 1e-6 * max(abs(self.value), abs(other.value)) or gap <= 1e-12:
            return True
        if self.decimals is not None and other.decimals is not None:
            return False  # two written decimals are compared as they stand
        decimals = self.decimals if self.decimals is not None else other.decimals
        return decimals is not None and decimals >= 2 and gap <= 0.5 * 10.0**-decimals + 1e-12


@lru_cache(maxsize=4096)
def plain(text: str) -> str:
    """Return text in one spelling for comparison: no LaTeX wrappers, spaces, case or closing period."""
    return re.sub(r"\s+", "", _rewrite(text[: 2 * LENGTH])).strip("*_`\"'“”‘’").rstrip(".。;,").casefold()


def _rewrite(text: str) -> str:
    text = _WRAPPED.sub(r" \1 ", text)
    for pattern, replacement in _REWRITES:
        text = pattern.sub(replacement, text)
    return text.strip()


class _Parser:
    """Recursive descent over ``text``; every method returns a float or raises ValueError."""

    def __init__(self, text: str) -> None:
        self.text, self.at, self.depth = text, 0, 0

    def peek(self) -> str:
        match = _TOKEN.match(self.text, self.at)
        return match[1] if match else ""

    def take(self, token: str) -> None:
        match = _TOKEN.match(self.text, self.at)
        if match is None or match[1] != token:
            raise ValueError(f"expected {token!r} at {self.at}")
        self.at = match.end()

    def sum(self) -> float:
        self.depth += 1
        if self.depth > DEPTH:
            raise ValueError("nested too deeply")
        value = self.product()
        while (sign := self.peek()) in ("+", "-") and sign:
            self.take(sign)
            value += self.product() if sign == "+" else -self.product()
        self.depth -= 1
        return value

    def product(self) -> float:
        value = self.signed()
        while token := self.peek():
            if token in "*/":
                self.take(token)
                value = value * self.signed() if token == "*" else value / self.signed()
            elif token in ("√", "π", "(", "\\frac"):
                value *= self.power()
            else:
                break
        return value

    def signed(self) -> float:
        if (token := self.peek()) in ("+", "-") and token:
            self.take(token)
            return -self.power() if token == "-" else self.power()
        return self.power()

    def power(self) -> float:
        base = self.atom()
        if self.peek() != "^":
            return base
        self.take("^")
        exponent = self.group() if self.peek() == "{" else self.signed_atom()
        if abs(exponent) > 64:
            raise ValueError("exponent too large")
        value = base**exponent
        if isinstance(value, complex):
            raise ValueError("complex")
        return value

    def signed_atom(self) -> float:
        if self.peek() == "-":
            self.take("-")
            return -self.atom()
        return self.atom()

    def group(self) -> float:
        opening = self.peek()
        if opening not in ("(", "{", "["):
            raise ValueError("expected a group")
        self.take(opening)
        value = self.sum()
        self.take({"(": ")", "{": "}", "[": "]"}[opening])
        return value

    def argument(self) -> float:
        """The argument of a root or a fraction: a group, or one token."""
        return self.group() if self.peek() in ("(", "{") else self.atom()

    def atom(self) -> float:
        token = self.peek()
        if token in ("(", "{"):
            return self.group()
        if not token or token in "+-*/^)}[]":
            raise ValueError(f"expected a number at {self.at}")
        self.take(token)
        if token == "π":
            return math.pi
        if token == "√":
            degree = self.group() if self.peek() == "[" else 2.0
            return self.argument() ** (1 / degree)
        if token == "\\frac":
            above = self.argument()
            return above / self.argument()
        if _INTEGER.fullmatch(token) and _FRACTION.match(self.text, self.at):
            return float(token) + self.atom()  # a mixed number: 2\frac{1}{3} is 7/3
        return float(token)


@lru_cache(maxsize=4096)
def parse_quantity(text: str) -> Quantity | None:
    """Return the quantity that ``text`` is (after its last ``=``), or None; never raises."""
    if len(text) > LENGTH:
        return None
    before, _, body = _rewrite(text).rstrip(".。 ").rpartition("=")
    if "," in before:
        return None  # "x = 5, y = 6" is two quantities
    body = body.strip()
    parser = _Parser(body)
    try:
        value = parser.sum()
        if not math.isfinite(value):
            return None
    except (ValueError, ArithmeticError, TypeError):  # TypeError: the root of a negative number is complex
        return None
    rest = body[parser.at :].strip()
    unit = _UNIT.fullmatch(rest)
    if rest and not unit:
        return None
    name = UNITS[unit[2]] + (_POWERS[(unit[1] or "").rstrip(".") or None] or _POWERS[unit[3]]) if unit else ""
    decimal = _DECIMALS.fullmatch(body[: parser.at].strip())
    return Quantity(float(value), name, len(decimal[1]) if decimal else None)
