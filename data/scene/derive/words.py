"""How facts, quantities and steps of a derivation are said."""

from __future__ import annotations

from data.scene.caption import phrase
from data.scene.derive.known import Quantity
from data.scene.types import Fact

NAMED = {
    "length": "{}",
    "angle": "∠{}",
    "perimeter": "the perimeter of {}",
    "area": "the area of {}",
    "circumference": "the circumference of circle {}",
    "disc": "the area of circle {}",
    "arc": "the length of arc {0[0]}{0[2]}",
    "sector": "the area of sector {}",
}


def named(quantity: Quantity) -> str:
    """``AB``, ``∠ABC``, ``the area of ABCD``."""
    return NAMED[quantity.of].format(quantity.name)


def unit(quantity: Quantity) -> str:
    """What stands behind its value."""
    return "°" if quantity.of == "angle" else ""


def article(name: str) -> str:
    """``a square``, ``an isosceles triangle``."""
    return ("an " if name[0] in "aeiou" else "a ") + name


def clause(fact: Fact) -> str:
    """Say a fact as a clause of its own."""
    if fact.kind == "shape":
        return f"{fact.args[0]} is {article(str(fact.value))}"
    if fact.kind == "circle":
        return f"{fact.args[0]} is the centre of a circle"
    return phrase(fact)


def listed(items: list[str]) -> str:
    """``A, B and C``."""
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} and {items[-1]}"


def capital(text: str) -> str:
    """A sentence's beginning."""
    return text[0].upper() + text[1:]
