"""Rules in a coordinate system: coordinates from graphs and axes, lengths and areas from coordinates."""

from __future__ import annotations

from collections.abc import Iterator

from data.scene.derive.exact import Exact, sqrt
from data.scene.derive.formulas import Formula, Solve
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
    for graph in known.facts("on_graph"):
        for axis in known.facts("on_axis"):
            if axis.args == graph.args:
                _cut(known, graph, axis)
    for fact in known.facts("midpoint"):
        m, (a, b) = fact.args
        at = known_places(known)
        if a in at and b in at:
            x, y = at[a][0][0] + at[b][0][0], at[a][0][1] + at[b][0][1]
            if x % 2 == y % 2 == 0:
                why = f"the middle is at (({at[a][0][0]} + {at[b][0][0]}) ÷ 2, ({at[a][0][1]} + {at[b][0][1]}) ÷ 2)"
                middle = Fact("coordinates", (m,), f"({x // 2}, {y // 2})")
                if not known_place(known, m):
                    known.show(middle, fact, at[a][1], at[b][1], why)


def known_place(known: Known, name: str) -> Whole | None:
    """The coordinates of a point that are labelled or shown."""
    return next((at for p, (at, _) in known_places(known).items() if p == name), None)


def known_places(known: Known) -> dict[str, tuple[Whole, Fact]]:
    """All coordinates that are labelled or shown, with the fact that says so."""
    return {fact.args[0]: (pair(str(fact.value)), fact) for fact in reversed(known.facts("coordinates"))}


def _cut(known: Known, graph: Fact, axis: Fact) -> None:
    """Show where a graph cuts an axis; of two places, the picture tells which one it is."""
    name, equation = graph.args[0], str(graph.value)
    terms = coefficients(equation)
    if terms is None or known_place(known, name):
        return
    a, b, c = (round(term) for term in terms)
    if axis.value == "y":
        known.show(Fact("coordinates", (name,), f"(0, {c})"), graph, axis, f"x = 0 gives y = {c}")
        return
    roots = [x for x in range(-30, 31) if a * x * x + b * x + c == 0]
    if len(roots) != (2 if a and b * b > 4 * a * c else 1):
        return
    if len(roots) == 2:
        here = known.points[name][0]
        others = [
            known.points[f.args[0]][0]
            for f in known.facts("on_axis")
            if f.value == "x" and f.args != graph.args and known.holds(Fact("on_graph", f.args, equation))
        ]
        if len(others) != 1:
            return
        roots = [max(roots) if here > others[0] else min(roots)]
    why = f"y = 0 at x = {roots[0]}"
    known.show(Fact("coordinates", (name,), f"({roots[0]}, 0)"), graph, axis, why)


def _number(n: int) -> str:
    return f"({n})" if n < 0 else str(n)


def _fixed(text: str, solve: Solve, *slips: Solve) -> Formula:
    return Formula(text, solve, slips)


def distances(known: Known) -> Iterator[Link]:
    """The length of a drawn segment between two places."""
    at = known_places(known)
    for a in at:
        for b in at:
            if a < b and segment(a + b) in known.drawn:
                (x, y), (u, v) = at[a][0], at[b][0]
                dx, dy = abs(u - x), abs(v - y)
                slips = (lambda dx=dx, dy=dy: Exact(dx + dy), lambda dx=dx, dy=dy: Exact(2 * (dx + dy)))
                if dx and dy:
                    formula = _fixed(f"√({dx}² + {dy}²)", lambda dx=dx, dy=dy: sqrt(Exact(dx * dx + dy * dy)), *slips)
                else:
                    high, low = (max(x, u), min(x, u)) if dx else (max(y, v), min(y, v))
                    slips = (*slips, lambda high=high, low=low: Exact(abs(high + low)))
                    formula = _fixed(f"{_number(high)} - {_number(low)}", lambda d=dx + dy: Exact(d), *slips)
                yield from link("distance", length(a, b), (), formula, at[a][1], at[b][1])


def triangles(known: Known) -> Iterator[Link]:
    """The area of a triangle with a side along or parallel to an axis."""
    at = known_places(known)
    for name in known.triangles():
        if not set(name) <= at.keys():
            continue
        for a, b, c in turns(name):
            for i in (0, 1):
                if at[a][0][i] == at[b][0][i]:
                    base, high = abs(at[a][0][1 - i] - at[b][0][1 - i]), abs(at[c][0][i] - at[a][0][i])
                    if base * high % 2 == 0:
                        formula = _fixed(
                            f"{base} × {high} ÷ 2",
                            lambda n=base * high // 2: Exact(n),
                            lambda n=base * high: Exact(n),
                            lambda n=base + high: Exact(n),
                        )
                        facts = (at[p][1] for p in (a, b, c))
                        yield from link("area from coordinates", Quantity("area", name), (), formula, *facts)


def rectangles(known: Known) -> Iterator[Link]:
    """The rectangle between the axes and a point of y = k/x has the area of k."""
    for shape in known.facts("shape"):
        if shape.value not in ("rectangle", "square"):
            continue
        for graph in known.facts("on_graph"):
            p, equation = graph.args[0], str(graph.value)
            name = shape.args[0]
            if "/x" in equation and p in name:
                opposite = name[(name.index(p) + 2) % 4]
                if known_place(known, opposite) == (0, 0):
                    k = abs(round((function(equation) or float)(1)))
                    formula = _fixed("", lambda k=k: Exact(k), lambda k=k: Exact(2 * k), lambda k=k: Exact(k) / Exact(2))
                    why = f"x × y = {equation.removeprefix('y = ').removesuffix('/x')} on the graph"
                    place = known_places(known)[opposite][1]
                    yield from link("area under a hyperbola", Quantity("area", name), (), formula, shape, graph, place, why)


GRAPHS = (distances, triangles, rectangles)
