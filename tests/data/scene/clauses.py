"""Reads worked answers clause by clause and judges each on coordinates, as complex numbers.

Nothing is shared with data/scene/derive: what a clause says is read from its words alone.
"""

import math
import re
from itertools import pairwise

S, A, P, F = r"([A-Z]{2})", r"∠([A-Z]{3})", r"([A-Z])", r"([A-Z]{3,8})"
CLOSE = 1e-6
TERM = (
    r"(?:the perimeter of [A-Z]{3,8}|the area of (?:circle |sector )?[A-Z]{1,8}"
    r"|the circumference of circle [A-Z]|the length of arc [A-Z]{2}|∠[A-Z]{3}|[A-Z]{2}²?"
    r"|\(-\d+\)|[\d.√π()²°/]+)"
)
EQUATION = rf"{TERM}(?: [×÷+:-] {TERM})*(?: (?:=|is) {TERM}(?: [×÷+:-] {TERM})*)+"


def near(x, y):
    """Whether two numbers are equal but for rounding."""
    return abs(x - y) <= CLOSE * max(1.0, abs(x), abs(y))


class Judge:
    """Judges clauses about one scene."""

    def __init__(self, brute, scene):
        self.brute, self.scene, self.z = brute, scene, brute.place(scene)
        self.about = ""  # the polygon that "all sides" and the like are about
        self.rules = [
            (re.compile(pattern), rule) for pattern, rule in (self.patterns() | self.looks()).items()
        ]

    # --- Numbers

    def length(self, name):
        return abs(self.z[name[0]] - self.z[name[1]]) * self.scene.unit

    def angle(self, name):
        return self.brute.size(name, self.z)

    def perimeter(self, name):
        return sum(self.length(side) for side in self.brute.edges(name))

    def area(self, name):
        twice = sum((self.z[p].conjugate() * self.z[q]).imag for p, q in self.brute.edges(name))
        return abs(twice) / 2 * self.scene.unit**2

    def radius(self, centre):
        return dict(self.scene.circles)[centre] * self.scene.unit

    def sector(self, name):
        radius = self.length(name[:2])
        assert near(radius, self.length(name[1:]))
        return radius, math.radians(self.angle(name))

    def arc(self, ends):
        name = next(a for a in self.scene.arcs if {a[0], a[2]} == set(ends))
        radius, angle = self.sector(name)
        return radius * angle

    def quantity(self, words):
        """The size of what ``words`` name."""
        name = words.split()[-1]
        if words.startswith("the perimeter"):
            return self.perimeter(name)
        if "circumference" in words:
            return 2 * math.pi * self.radius(name)
        if "circle" in words:
            return math.pi * self.radius(name) ** 2
        if "sector" in words:
            radius, angle = self.sector(name)
            return radius**2 * angle / 2
        if "arc" in words:
            return self.arc(name)
        if words.startswith("the area"):
            return self.area(name)
        return self.angle(name[1:]) if name.startswith("∠") else self.length(name)

    def value(self, side):
        """The value of one side of an equation."""
        name = r"the [a-z ]+?(?:circle |sector |arc )?[A-Z]{1,8}(?![A-Z])|∠[A-Z]{3}|[A-Z]{2}(?![A-Z])"
        text = (
            re.sub(name, lambda m: f"({self.quantity(m[0])!r})", side).replace("°", "").replace("(-", "(0 - ")
        )
        text = re.sub(r"(?<=[\d)])(?=[√π])", "*", text)
        text = re.sub(r"√(\d+)", r"math.sqrt(\1)", text).replace("√(", "math.sqrt(")
        for sign, python in (("²", "**2"), ("×", "*"), ("÷", "/"), (":", "/"), ("π", "math.pi")):
            text = text.replace(sign, python)
        assert re.fullmatch(r"(?:math\.(?:sqrt|pi)|[\d.e()* +/-])+", text), (side, text)
        return eval(text)

    def equation(self, text):
        """Whether all sides of ``a = b = c`` are equal."""
        sides = [self.value(side) for side in re.split(r" (?:=|is) ", text)]
        return all(near(a, b) for a, b in pairwise(sides))

    # --- Facts

    def line(self, *names):
        """Whether points are on one line."""
        a, b, *others = (self.z[name] for name in names)
        return all(self.brute.off_line(p, a, b) < CLOSE for p in others)

    def way(self, segment):
        return self.z[segment[1]] - self.z[segment[0]]

    def relation(self, kind, *args):
        return self.brute.RELATIONS[kind](self.z, *args) < CLOSE

    def round(self, segment, centre, kind):
        o, r = self.z[centre], dict(self.scene.circles)[centre]
        p, q = (self.z[name] for name in segment)
        if kind == "tangent":
            return abs(self.brute.off_line(o, p, q) - r) < CLOSE
        on = all(abs(abs(x - o) - r) < CLOSE for x in (p, q))
        return on and (kind == "chord" or abs(p + q - 2 * o) < CLOSE)

    def on_circle(self, point, centre):
        return abs(abs(self.z[point] - self.z[centre]) - dict(self.scene.circles)[centre]) < CLOSE

    def shape(self, name, value):
        """Every class inclusively, by vectors of the sides."""
        z = [self.z[c] for c in name]
        e = [q - p for p, q in zip(z, z[1:] + z[:1], strict=True)]
        n = len(e)
        spin = [(e[i - 1].conjugate() * e[i]).imag for i in range(n)]
        if not (all(s > CLOSE for s in spin) or all(s < -CLOSE for s in spin)):
            return False  # flat or crossing; none of our figures has a notch
        same = [near(abs(e[i - 1]), abs(e[i])) for i in range(n)]
        right = [near((e[i - 1].conjugate() * e[i]).real / abs(e[i - 1] * e[i]), 0) for i in range(n)]
        if value.endswith("triangle"):
            told = {"right": any(right), "isosceles": any(same), "equilateral": all(same)}
            return n == 3 and told.get(value.split()[0], True)
        if value.startswith("regular"):
            return all(same) and all(near(abs(s), abs(spin[0])) for s in spin)
        pair = [n == 4 and self.brute.skew(e[i], e[i + 2]) < CLOSE for i in (0, 1)] if n == 4 else []
        legs = n == 4 and (
            (pair[0] and near(abs(e[1]), abs(e[3]))) or (pair[1] and near(abs(e[0]), abs(e[2])))
        )
        return {
            "pentagon": n == 5,
            "hexagon": n == 6,
            "octagon": n == 8,
            "quadrilateral": n == 4,
            "trapezoid": any(pair),
            "right trapezoid": any(pair) and any(right),
            "isosceles trapezoid": bool(legs) and (not all(pair) or all(right)),
            "kite": n == 4 and ((same[0] and same[2]) or (same[1] and same[3])),
            "parallelogram": n == 4 and all(pair),
            "rectangle": n == 4 and all(right),
            "rhombus": n == 4 and all(same),
            "square": n == 4 and all(same) and all(right),
        }[value]

    def unlike(self, one, two, relation):
        """Whether two lines or segments clearly lack a relation: more than a margin apart."""
        return self.brute.RELATIONS[relation](self.z, one, two) > 1

    def inside(self, p, line, q):
        """Whether p and q are on the same side of a line."""
        a, b = (self.z[c] for c in line)
        return ((self.z[p] - a) / (b - a)).imag * ((self.z[q] - a) / (b - a)).imag > 0

    def transversal(self, one, two, kind):
        """Alternate angles open to different sides of the transversal, corresponding ones to the same."""
        v, w = one[1], two[1]
        arms = [next(p for p in (name[0], name[2]) if not self.line(v, w, p)) for name in (one, two)]
        same_side = self.inside(arms[0], v + w, arms[1])
        parallel = self.brute.skew(self.way(v + arms[0]), self.way(w + arms[1])) < CLOSE
        return parallel and same_side == (kind == "corresponding") and near(self.angle(one), self.angle(two))

    def vertical(self, one, two):
        (a, v, b), (c, w, d) = one, two
        crossed = [self.line(a, v, x) and self.line(b, v, y) for x, y in ((c, d), (d, c))]
        return v == w and any(crossed) and near(self.angle(one), self.angle(two))

    def exterior(self, name, triangle):
        a, v, b = name
        others = set(triangle) - {v}
        return v in triangle and any(
            self.line(x, v, y) and near(self.angle(x + v + other) + self.angle(name), 180)
            for x in others
            for other in others - {x}
            for y in (a, b)
        )

    def halves(self, segment, triangle):
        return self.relation("midsegment", segment, triangle)

    def xy(self, name):
        origin = complex(self.scene.axes.origin[0], -self.scene.axes.origin[1])
        p = (self.z[name] - origin) * self.scene.unit
        return p.real, p.imag

    def on_graph(self, name):
        x, y = self.xy(name)
        return any(near(self.height(curve.equation, x), y) for curve in self.scene.curves)

    def height(self, equation, x):
        text = equation.removeprefix("y = ").replace("x²", "x*x").replace("/x", "/ x")
        text = re.sub(r"(\d)x", r"\1*x", text)
        assert re.fullmatch(r"[\dx*/+ -]+", text)
        return eval(text, {"x": x})

    def patterns(self):
        b, z = self.brute, self.z
        numbers = r"(\(-?\d+, -?\d+\))"
        return {
            EQUATION: lambda m: self.equation(m[0]),
            rf"{S} ∥ {S}": lambda m: self.relation("parallel", *m.groups()),
            rf"{S} ⊥ {S}": lambda m: self.relation("perpendicular", *m.groups()),
            rf"{S}(?: = [A-Z]{{2}})+": lambda m: self.equation(m[0]),
            rf"{P} is the midpoint of {S}": lambda m: self.relation("midpoint", *m.groups()),
            rf"point {P} lies on {S}": lambda m: self.relation("on", *m.groups()),
            rf"{S} bisects {A}": lambda m: self.relation("bisects", *m.groups()),
            rf"{S} is a median of △{F}": lambda m: self.relation("median", *m.groups()),
            rf"{S} is an altitude of △{F}": lambda m: self.relation("altitude", *m.groups()),
            rf"{S} is a mid-segment of △{F}": lambda m: self.halves(*m.groups()),
            rf"{S} and {S} intersect at {P}": lambda m: self.relation("intersection", m[3], m[1], m[2]),
            rf"△{F} ≅ △{F}": lambda m: self.relation("congruent", *m.groups()),
            rf"△{F} ∼ △{F}": lambda m: self.relation("similar", *m.groups()),
            rf"{S} is the perpendicular bisector of {S}": lambda m: (
                self.relation("perpendicular", *m.groups())
                and b.off_line((z[m[2][0]] + z[m[2][1]]) / 2, z[m[1][0]], z[m[1][1]]) < CLOSE
            ),
            rf"{F} is an? ((?:[a-z]+ )?[a-z]+)": lambda m: self.shape(*m.groups()),
            rf"{S} is a (chord|diameter) of circle {P}": lambda m: self.round(m[1], m[3], m[2]),
            rf"{S} is tangent to circle {P}": lambda m: self.round(m[1], m[2], "tangent"),
            rf"point {P} lies on circle {P}": lambda m: self.on_circle(*m.groups()),
            rf"{F} is inscribed in circle {P}": lambda m: all(self.on_circle(c, m[2]) for c in m[1]),
            rf"circle {P} is inscribed in {F}": lambda m: all(
                self.round(side, m[1], "tangent") for side in b.edges(m[2])
            ),
            rf"{F} is a sector with centre {P}": lambda m: m[1][1] == m[2] and bool(self.sector(m[1])),
            rf"circles {P} and {P} are (externally|internally) tangent": lambda m: near(
                self.length(m[1] + m[2]),
                abs(self.radius(m[1]) + (1 if m[3] == "externally" else -1) * self.radius(m[2])),
            ),
            rf"{P} is folded along {S} onto {P}": lambda m: near(
                ((z[m[1]] - z[m[2][0]]) / (z[m[2][1]] - z[m[2][0]])).conjugate(),
                (z[m[3]] - z[m[2][0]]) / (z[m[2][1]] - z[m[2][0]]),
            ),
            rf"△{F} is rotated about {P} by (\d+)° to △{F}": lambda m: all(
                near(abs(z[p] - z[m[2]]), abs(z[q] - z[m[2]]))
                and (p == m[2] or near(b.turn(z[p] - z[m[2]], z[q] - z[m[2]]), float(m[3])))
                for p, q in zip(m[1], m[4], strict=True)
            ),
            # How things lie, and theorems.
            rf"{P}, {P} and {P} are on one line": lambda m: self.line(*m.groups()),
            rf"{A} and {A} are vertical angles": lambda m: self.vertical(*m.groups()),
            rf"{A} and {A} are (alternate|corresponding) angles": lambda m: self.transversal(*m.groups()),
            rf"{A} and {A} are inscribed angles over the same arc {S}": lambda m: (
                near(self.angle(m[1]), self.angle(m[2])) and self.inside(m[1][1], m[3], m[2][1])
            ),
            rf"({A} = 2 × {A}) over the chord {S}": lambda m: (
                self.equation(m[1]) and {m[2][0], m[2][2]} == {m[3][0], m[3][2]} == set(m[4])
            ),
            rf"({A} \+ {A} = 180°) in the inscribed quadrilateral {F}": lambda m: self.equation(m[1]),
            rf"{A} is an exterior angle of △{F}": lambda m: self.exterior(*m.groups()),
            rf"the angles of △{F} add up to 180°": lambda m: not self.line(*m[1]),
            rf"the angles of {F} add up to 360°": lambda m: near(
                sum(self.angle(m[1][i - 2] + m[1][i - 1] + m[1][i]) for i in range(4)), 360
            ),
            rf"△{F} has its right angle at {P}": lambda m: near(
                self.angle(m[2].join(c for c in m[1] if c != m[2])), 90
            ),
            rf"{S} and {S} are radii": lambda m: near(self.length(m[1]), self.length(m[2])),
            rf"{S} is the height on {S} in △{F}": lambda m: (
                self.relation("perpendicular", m[1], m[2])
                and set(m[2]) < set(m[3]) < set(m[1] + m[2])
                and any(self.line(*m[2], c) for c in m[1])
            ),
            rf"the diagonals of {F} are perpendicular": lambda m: self.relation(
                "perpendicular", m[1][::2], m[1][1::2]
            ),
            # Coordinates.
            rf"{P} is the origin": lambda m: near(abs(complex(*self.xy(m[1]))), 0),
            rf"{P} is at {numbers}": lambda m: all(map(near, self.xy(m[1]), eval(m[2]))),
            rf"point {P} lies on the graph": lambda m: self.on_graph(m[1]),
            rf"the graph meets the ([xy])-axis at {P}": lambda m: (
                self.on_graph(m[2]) and near(self.xy(m[2])[m[1] == "x"], 0)
            ),
            r"(y = [^,]+?) is (-?\d+) at x = (-?\d+)": lambda m: near(
                self.height(m[1], int(m[3])), int(m[2])
            ),
            rf"point {P} lies on the ([xy])-axis": lambda m: near(self.xy(m[1])[m[2] == "x"], 0),
            r"(y = -?\d+/x) means x × y = (-?\d+)": lambda m: near(self.height(m[1], 1), int(m[2])),
            r"\(\(?-?\d+\)? \+ \(?-?\d+\)?\) ÷ 2 = -?\d+": lambda m: self.equation(m[0]),
        }

    def looks(self):
        """What answers say that no derivation does: what is not so, what is seen, what is counted."""
        b, z = self.brute, self.z
        pairs = rf"{S} is not (parallel|perpendicular|equal) to {S}"
        return {
            pairs: lambda m: self.unlike(m[1], m[3], m[2]),
            rf"{A} is not equal to {A}": lambda m: abs(self.angle(m[1]) - self.angle(m[2])) > 5,
            rf"{P} is not the midpoint of {S}": lambda m: b.RELATIONS["midpoint"](z, *m.groups()) > 1,
            rf"{S} does not bisect {A}": lambda m: b.RELATIONS["bisects"](z, *m.groups()) > 1,
            rf"{P} is not on {S}": lambda m: b.RELATIONS["on"](z, *m.groups()) > 1,
            rf"{S} is not (?:a (diameter) of|(tangent) to) circle {P}": lambda m: (
                not self.round(m[1], m[4], m[2] or m[3])
            ),
            rf"{P} is not on circle {P}": lambda m: not self.on_circle(*m.groups()),
            rf"{A} is (less|more) than 90°": lambda m: (self.angle(m[1]) < 90) == (m[2] == "less"),
            rf"{S} is (longer|shorter) than {S}": lambda m: (
                (self.length(m[1]) > self.length(m[3])) == (m[2] == "longer")
            ),
            rf"{A} is larger than {A}": lambda m: self.angle(m[1]) > self.angle(m[2]),
            "all angles are right angles|all angles are equal": lambda m: self.shape(
                self.about, "rectangle" if len(self.about) == 4 else "regular"
            ),
            "no sides are parallel": lambda m: not self.shape(self.about, "trapezoid"),
            "all sides differ": lambda m: not self.shape(self.about, "isosceles triangle"),
            "no angle is right": lambda m: not self.shape(self.about, "right triangle"),
            r"it has (\d) sides that are not all equal": lambda m: len(self.about) == int(m[1]),
            rf"{A} is marked (\d+)°": lambda m: near(self.angle(m[1]), float(m[2])),
            rf"{S} is marked (\d+)": lambda m: near(self.length(m[1]), float(m[2])),
            rf"{P} is marked (\(.*?\))": lambda m: all(map(near, self.xy(m[1]), eval(m[2]))),
            rf"{S} goes from the centre to the circle": lambda m: any(
                c in m[1] and self.on_circle(m[1].replace(c, ""), c) for c, _ in self.scene.circles
            ),
            rf"{S} has both ends on the circle": lambda m: any(
                self.round(m[1], c, "chord") for c, _ in self.scene.circles
            ),
            "(misses|passes through) the centre": lambda m: True,  # the answer itself, judged by its word
            rf"{S} (?:touches the circle in one point|is perpendicular to a side)": lambda m: True,
            rf"{S} (?:ends in the middle of a side|joins the middles of two sides)": lambda m: True,
            r"(?:the (?:triangles|points) are|they are at|lines lead to) [A-Z∠, and]+": lambda m: True,
            "there is none|no line leaves it|no three lines form a triangle": lambda m: True,
            rf"{P} is on {S} and on {S}": lambda m: self.relation("intersection", *m.groups()),
            rf"{P} lies on {S}": lambda m: self.relation("on", *m.groups()),
            rf"the circle is drawn around {P}": lambda m: m[1] in dict(self.scene.circles),
        }

    def clauses(self, text):
        """Part ``text`` into clauses that are understood; raise ValueError where that is impossible."""
        for pattern, rule in self.rules:
            for end in self.ends(text):
                if (m := pattern.fullmatch(text[:end])) is None:
                    continue
                if end == len(text):
                    return [(m, rule)]
                rest = re.sub(r"^(?:, | and )", "", text[end:])
                try:
                    return [(m, rule), *self.clauses(rest)]
                except ValueError:
                    continue
        raise ValueError(f"not understood: {text!r}")

    @staticmethod
    def ends(text):
        """Where a clause may end."""
        return [*(m.start() for m in re.finditer(r", | and ", text)), len(text)]

    def holds(self, text):
        """Whether every clause of ``text`` is true."""
        text = text[0].lower() + text[1:] if re.match(r"[A-Z][a-z]", text) else text
        wrong = [m[0] for m, rule in self.clauses(text) if not rule(m)]
        assert not wrong, (wrong, text)
        return True

    def sentence(self, text):
        """Whether a step is true: what it leans on, and its conclusion."""
        because, so = text.removesuffix(".").rsplit(", so ", 1)
        return self.holds(because) and self.holds(so)
