"""Rules in a coordinate system: coordinates from graphs and axes, lengths and areas from coordinates."""

# mypy: disable-error-code="str-unpack"
# Names of segments and polygons are taken apart into their letters.
from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

from data.scene.derive.exact import Exact, sqrt
from data.scene.derive.formulas import Formula
from data.scene.derive.known import Known, Link, Quantity, length, link, segment, turns
from data.scene.equations import function
from data.scene.types import Fact

Whole = tuple[int, int]


def pair(text: str) -> Whole:
    """Read ``(3, -1)``."""
    x, y = text.strip("()").split(", ")
    return int(x), int(y)


def coefficients(equation: str) -> tuple[float, float, float] | None:
    """Return a, b, c of y = ax² + bx + c, or None for another equation."""
    rule = function(equation)
    if rule is None or "/x" in equation:
        return None
    up, here, down = rule(1), rule(0), rule(-1)
    return (up + down) / 2 - here, (up - down) / 2, here


def places(known: Known) -> None:
    """Show coordinates: of the origin, of points where graphs cut the axes, of middles."""
    axes = known.scene.axes
    if axes is None:
        return
    for name, point in known.points.items():
        if max(abs(a - b) for a, b in zip(point, axes.origin, strict=True)) < 1e-6:
            known.show(Fact("coordinates", (name,), "(0, 0)"), f"{name} is the origin", plain=True)
    for graph in known.facts("graph"):
        for meets in known.facts("intercept"):
            _cut(known, str(graph.value), meets)
    for fact in known.facts("midpoint"):
        m, (a, b) = fact.args
        at = known_places(known)
        if a in at and b in at and m not in at:
            (x, y), (u, v) = at[a][0], at[b][0]
            if (x + u) % 2 == (y + v) % 2 == 0:
                middle = Fact("coordinates", (m,), f"({(x + u) // 2}, {(y + v) // 2})")
                why = f"({_number(x)} + {_number(u)}) ÷ 2 = {(x + u) // 2}"
                other = f"({_number(y)} + {_number(v)}) ÷ 2 = {(y + v) // 2}"
                known.show(middle, fact, at[a][1], at[b][1], why, other)


def known_places(known: Known) -> dict[str, tuple[Whole, Fact]]:
    """All coordinates that are labelled or shown, with the fact that says so."""
    return {fact.args[0]: (pair(str(fact.value)), fact) for fact in reversed(known.facts("coordinates"))}


def _cut(known: Known, equation: str, meets: Fact) -> None:
    """Show where a graph cuts an axis; of two places, the picture tells which one it is."""
    name = meets.args[0]
    terms = coefficients(equation)
    if terms is None or name in known_places(known):
        return
    a, b, c = (round(term) for term in terms)
    if meets.value == "y":
        known.show(Fact("coordinates", (name,), f"(0, {c})"), meets, f"{equation} is {c} at x = 0")
        return
    roots = [x for x in range(-30, 31) if a * x * x + b * x + c == 0]
    if len(roots) != (2 if a and b * b > 4 * a * c else 1):
        return  # not whole
    if len(roots) == 2:
        others = [f.args[0] for f in known.facts("intercept") if f.value == "x" and f != meets]
        if len(others) != 1:
            return
        is_right = known.points[name][0] > known.points[others[0]][0]
        roots = roots[1:] if is_right else roots[:1]
    why = f"{equation} is 0 at x = {roots[0]}"
    known.show(Fact("coordinates", (name,), f"({roots[0]}, 0)"), meets, why)


def _number(n: int) -> str:
    return f"({n})" if n < 0 else str(n)


def _fixed(text: str, value: Exact, *slips: int) -> Formula:
    """A formula whose numbers are read off coordinates."""
    return Formula(text, lambda: value, tuple(lambda n=n: Exact(n) for n in slips))


def distances(known: Known) -> Iterator[Link]:
    """The length of a drawn segment between two places."""
    at = known_places(known)
    for (a, ((x, y), one)), (b, ((u, v), two)) in combinations(sorted(at.items()), 2):
        if segment(a + b) not in known.drawn:
            continue
        dx, dy = abs(u - x), abs(v - y)
        if dx and dy:
            formula = _fixed(f"√({dx}² + {dy}²)", sqrt(Exact(dx * dx + dy * dy)), dx + dy, dx * dy)
        else:
            low, high = sorted((x, u) if dx else (y, v))
            text = f"{_number(high)} - {_number(low)}"
            formula = _fixed(text, Exact(dx + dy), abs(high + low), 2 * (dx + dy))
        yield from link("distance", length(a, b), (), formula, one, two)


def triangles(known: Known) -> Iterator[Link]:
    """The area of a triangle with a side along or parallel to an axis."""
    at = known_places(known)
    for name in known.triangles:
        for corners in turns(name) if set(name) <= at.keys() else ():
            p, q, r = (at[corner][0] for corner in corners)
            for i in (0, 1):
                base, high = abs(p[1 - i] - q[1 - i]), abs(r[i] - p[i])
                if p[i] == q[i] and base * high % 2 == 0:
                    area = Exact(base * high // 2)
                    formula = _fixed(f"{base} × {high} ÷ 2", area, base * high, base + high)
                    facts = (at[corner][1] for corner in corners)
                    yield from link("area from coordinates", Quantity("area", name), (), formula, *facts)


def rectangles(known: Known) -> Iterator[Link]:
    """The rectangle between the axes and a point of y = k/x has the area of k."""
    at = known_places(known)
    for shape in known.facts("shape"):
        for graph in known.facts("on_graph") if shape.value in ("rectangle", "square") else ():
            name, p = shape.args[0], graph.args[0]
            equation = next((str(fact.value) for fact in known.facts("graph")), "")
            if "/x" not in equation or p not in name:
                continue
            opposite = name[(name.index(p) + 2) % 4]
            if opposite in at and at[opposite][0] == (0, 0):
                told = equation.removeprefix("y = ").removesuffix("/x")
                k = abs(int(told))
                formula = _fixed("", Exact(k), 2 * k, k // 2)
                why = f"{equation} means x × y = {told}"
                target = Quantity("area", name)
                yield from link("hyperbola", target, (), formula, shape, graph, at[opposite][1], why)


GRAPHS = (distances, triangles, rectangles)
