"""Questions are read back from their words and answered again from coordinates; so is every worked step."""

import re
from collections import Counter
from random import Random

import pytest

from data.scene.derived import RULES, Known, derive
from data.scene.questions import TYPES, ask
from data.scene.templates import TEMPLATES
from data.scene.types import Built, Fact
from mmgeolm.grading import grade

SEGMENT, ANGLE, POINT, FIGURE = r"([A-Z]{2})", r"∠([A-Z]{3})", r"([A-Z])", r"([A-Z]{3,4})"
QUESTIONS = {
    rf"What kind of figure is {FIGURE}\?|What shape is {FIGURE}\?|Which figure is {FIGURE}\?": "shape",
    rf"What is the length of {SEGMENT}\?|How long is {SEGMENT}\?|Find {SEGMENT}\.": "length",
    rf"What is the measure of {ANGLE}\?|How large is {ANGLE}\?|Find {ANGLE}\.": "angle",
    rf"What is the perimeter of {FIGURE}\?|Find the perimeter of {FIGURE}\.": "perimeter",
    rf"What is the area of {FIGURE}\?|Find the area of {FIGURE}\.": "area",
    rf"Is {SEGMENT} parallel to {SEGMENT}\?|Are {SEGMENT} and {SEGMENT} parallel\?": "parallel",
    rf"Is {SEGMENT} perpendicular to {SEGMENT}\?": "perpendicular",
    rf"Are {SEGMENT} and {SEGMENT} perpendicular\?": "perpendicular",
    rf"Is {SEGMENT} as long as {SEGMENT}\?|Are {SEGMENT} and {SEGMENT} equal in length\?": "equal",
    rf"Is {POINT} the midpoint of {SEGMENT}\?|Does point {POINT} bisect {SEGMENT}\?": "midpoint",
    rf"Does {SEGMENT} bisect {ANGLE}\?|Is {SEGMENT} the bisector of {ANGLE}\?": "bisects",
    rf"Does point {POINT} lie on {SEGMENT}\?|Is {POINT} a point on {SEGMENT}\?": "on",
    rf"Is {SEGMENT} a diameter of (?:circle|the circle with centre) {POINT}\?": "diameter",
}
# Beside itself, what a figure is by definition.
MORE_GENERAL = {
    "triangle": {"triangle"},
    "right triangle": {"triangle", "right triangle"},
    "isosceles triangle": {"triangle", "isosceles triangle"},
    "equilateral triangle": {"triangle", "isosceles triangle", "equilateral triangle"},
    "quadrilateral": {"quadrilateral"},
    "trapezoid": {"quadrilateral", "trapezoid"},
    "parallelogram": {"quadrilateral", "trapezoid", "parallelogram"},
    "rectangle": {"quadrilateral", "trapezoid", "parallelogram", "rectangle"},
    "rhombus": {"quadrilateral", "trapezoid", "parallelogram", "rhombus"},
    "square": {"quadrilateral", "trapezoid", "parallelogram", "rectangle", "rhombus", "square"},
}


def words(question):
    """The question and the worked answer."""
    user, assistant = question.messages
    return user["content"][1]["text"], assistant["content"][0]["text"]


def read_question(text):
    """What is asked, and of which names."""
    found = [(kind, m) for pattern, kind in QUESTIONS.items() if (m := re.fullmatch(pattern, text))]
    assert len(found) == 1, text
    return found[0][0], tuple(group for group in found[0][1].groups() if group)


@pytest.fixture(scope="module")
def figures(draw):
    """A hundred figures of every template."""
    return [draw(template, seed)[1] for template in TEMPLATES for seed in range(100)]


@pytest.fixture(scope="module")
def asked(figures):
    """A question about each, as (built, question)."""
    return [(built, ask(built, Random(i))) for i, built in enumerate(figures)]


def measure(kind, name, scene, brute):
    """A length, an angle, a perimeter or an area from coordinates, in the figure's own units."""
    z = brute.place(scene)
    if kind == "angle":
        return brute.size(name, z)
    if kind == "area":
        pairs = [(z[p], z[q]) for p, q in brute.edges(name)]
        return abs(sum((p.conjugate() * q).imag for p, q in pairs)) / 2 * scene.unit**2
    sides = [name] if kind == "length" else brute.edges(name)
    return sum(abs(z[p] - z[q]) for p, q in sides) * scene.unit


def test_answers_follow_from_the_coordinates(asked, brute):
    for built, question in asked:
        kind, names = read_question(words(question)[0])
        value = question.answer["value"]
        if kind == "shape":
            true = {c for c in MORE_GENERAL if brute.holds(Fact("shape", names, c), built.scene)}
            assert value in true
            assert true == MORE_GENERAL[value]
            others = MORE_GENERAL.keys() - true
            assert all(brute.visibly_false(Fact("shape", names, c), built.scene) for c in others)
            assert all(brute.drawn(side, built.scene) for side in brute.edges(names[0]))
        elif question.question_type == "relation":
            statement = Fact(kind, names)
            assert value in ("yes", "no")
            check = brute.holds if value == "yes" else brute.visibly_false
            assert check(statement, built.scene), (words(question), built)
        else:
            assert value == pytest.approx(measure(kind, names[0], built.scene, brute), rel=1e-6)


def test_read_off_numbers_are_labelled_and_derived_ones_are_not(asked, brute):
    for built, question in asked:
        kind, names = read_question(words(question)[0])
        if question.question_type in ("read_length", "read_angle"):
            assert kind == question.question_type.removeprefix("read_")
            assert brute.labelled(names[0], built.scene)
        if question.question_type == "derived" and kind in ("length", "angle"):
            assert not any(m.at in (names[0], names[0][::-1]) for m in built.scene.marks if m.text), (
                built.stated,
                words(question),
            )


def test_a_question_names_letters_and_gives_nothing_away(asked):
    for _, question in asked:
        text = words(question)[0]
        assert not re.search(r"\d", text)
        assert not re.search(r"triangle|square|rectangle|rhombus|trapezoid|parallelogram|△|=|∥|⊥", text)


def arithmetic(text):
    """The value of ``2 × (3 + 4)`` and the like."""
    assert re.fullmatch(r"[\d ×÷+()-]+", text), text
    return eval(text.replace("×", "*").replace("÷", "/"))


# One clause of a worked answer says, or denies, one fact of these letters.
SAID = {
    rf"{SEGMENT} ∥ {SEGMENT}": "parallel",
    rf"{SEGMENT} ⊥ {SEGMENT}": "perpendicular",
    rf"{POINT} is the midpoint of {SEGMENT}": "midpoint",
    rf"[Pp]oint {POINT} lies on {SEGMENT}": "on",
    rf"{SEGMENT} bisects {ANGLE}": "bisects",
    rf"{SEGMENT} is a diameter of circle {POINT}": "diameter",
}
DENIED = {
    rf"{SEGMENT} is not parallel to {SEGMENT}": "parallel",
    rf"{SEGMENT} is not perpendicular to {SEGMENT}": "perpendicular",
    rf"{SEGMENT} is not equal to {SEGMENT}": "equal",
    rf"{POINT} is not the midpoint of {SEGMENT}": "midpoint",
    rf"{SEGMENT} does not bisect {ANGLE}": "bisects",
    rf"{POINT} is not on {SEGMENT}": "on",
    rf"{SEGMENT} is not a diameter of circle {POINT}": "diameter",
}
LEADS_TO_THE_BOX = (
    rf"{FIGURE} is an?|the answer is|∠?[A-Z]{{2,3}} =|(?:.* is|∠?[A-Z]{{2,3}} =) [\d ×÷+()-]+ ="
)


class Steps:
    """Judges the clauses of the worked answer to a question about the figure ``name``."""

    def __init__(self, brute, scene, name):
        self.brute, self.scene, self.name, self.z = brute, scene, name, brute.place(scene)

    def holds(self, kind, *args, value=None):
        return self.brute.holds(Fact(kind, args, value), self.scene)

    def size(self, angle):
        return self.brute.size(angle, self.z)

    def number(self, name, value):
        return self.holds("length" if len(name) == 2 else "angle", name, value=float(value))

    def equal(self, sides):
        return all(self.holds("equal", sides[0], side) for side in sides[1:])

    def halves_something(self, point):
        others = [name for name in self.z if name != point]
        return any(
            abs(2 * self.z[point] - self.z[p] - self.z[q]) < 1e-6 for p in others for q in others if p < q
        )

    def opposite_angles_are_equal(self):
        ring = "".join(s[0] for s in self.scene.segments[:4])
        return self.holds("shape", ring, value="parallelogram")

    def judge(self, clause):
        """Whether the clause is true; it must have exactly one reading."""
        rules = {pattern: lambda m, k=kind: self.holds(k, *m.groups()) for pattern, kind in SAID.items()}
        rules |= {
            pattern: lambda m, k=kind: not self.holds(k, *m.groups()) for pattern, kind in DENIED.items()
        }
        rules |= {
            r"∠?([A-Z]{2,3}) (?:=|is marked) (\d+)°?": lambda m: self.number(m[1], m[2]),
            r"[A-Z]{2}(?: = [A-Z]{2})+": lambda m: self.equal(m[0].split(" = ")),
            r"([A-Z]{2}) is a diameter": lambda m: self.holds("diameter", m[1], self.scene.circles[0][0]),
            rf"{ANGLE} \+ {ANGLE} = 180°": lambda m: self.size(m[1]) + self.size(m[2]) == pytest.approx(180),
            rf"{ANGLE} = 2 × {ANGLE}": lambda m: self.size(m[1]) == pytest.approx(2 * self.size(m[2])),
            r"([A-Z])(?: are midpoints)?": lambda m: self.halves_something(m[1]),
            "opposite angles are equal": lambda m: self.opposite_angles_are_equal(),
            "all sides are equal": lambda m: self.equal(self.brute.edges(self.name)),
            "All angles are right angles": lambda m: self.holds("shape", self.name, value="rectangle"),
            "No sides are parallel": lambda m: not self.holds("shape", self.name, value="trapezoid"),
            "All sides differ": lambda m: not self.holds("shape", self.name, value="isosceles triangle"),
            "no angle is right": lambda m: not self.holds("shape", self.name, value="right triangle"),
            LEADS_TO_THE_BOX: lambda m: True,
        }
        found = [rule(m) for pattern, rule in rules.items() if (m := re.fullmatch(pattern, clause))]
        assert len(found) == 1, (clause, len(found))
        return found[0]


def test_every_step_of_a_worked_answer_is_a_fact_of_the_scene(asked, brute):
    for built, question in asked:
        text, worked = words(question)
        steps, boxed = worked.split(" \\boxed{")
        judge = Steps(brute, built.scene, read_question(text)[1][0]).judge
        assert all(map(judge, re.split(r", so |, | and ", steps))), worked
        if sums := re.findall(r"(?:=|is) ([\d(][\d ×÷+()-]*) =$", steps):
            assert arithmetic(sums[0]) == question.answer["value"]
        assert boxed == f"{question.answer['value']}{question.answer['unit'] or ''}}}"


def test_the_grader_takes_the_worked_answer_and_refuses_another(asked):
    for (_, question), (_, other) in zip(asked, asked[1:] + asked[:1], strict=True):
        assert grade(words(question)[1], question.answer).correct
        if question.answer["value"] != other.answer["value"]:
            assert not grade(words(other)[1], question.answer).correct


def test_worked_answers_are_short(asked):
    """In pieces as the tokenizer cuts them: a capital, a digit, a sign or a word."""
    lengths = sorted(
        len(re.findall(r"[A-Z](?![a-z])|\d|[A-Za-z]+|[^\sA-Za-z\d]", words(q)[1])) for _, q in asked
    )
    assert lengths[-1] <= 50
    assert lengths[len(lengths) // 2] <= 25


def test_messages_are_a_picture_and_a_question_then_an_answer(asked):
    for _, question in asked:
        user, assistant = question.messages
        assert [user["role"], assistant["role"]] == ["user", "assistant"]
        assert [part["type"] for part in user["content"]] == ["image", "text"]
        assert [part["type"] for part in assistant["content"]] == ["text"]
        assert re.search(r"\\boxed\{[^{}]+\}$", words(question)[1])
        assert set(question.answer) == {"kind", "value", "choices", "unit", "precision"}


def test_types_are_balanced_as_far_as_templates_allow(asked):
    counts = Counter(question.question_type for _, question in asked)
    assert set(counts) == set(TYPES)
    assert min(counts.values()) > 0.07 * len(asked)
    assert max(counts.values()) < 0.35 * len(asked)


def test_yes_and_no_are_balanced_also_within_each_kind_of_statement(figures):
    """A reader of the words alone must stay near chance."""
    counts: dict[str, Counter] = {}
    for i, built in enumerate(3 * figures):
        if draft := TYPES["relation"](built, Random(i)):
            counts.setdefault(read_question(draft.question)[0], Counter())[draft.value] += 1
    total = sum(counts.values(), Counter())
    assert 0.47 < total["yes"] / total.total() < 0.53
    guessed = sum(max(count.values()) for count in counts.values())
    assert guessed / total.total() < 0.56
    assert set(counts) == {"parallel", "perpendicular", "equal", "midpoint", "bisects", "on", "diameter"}


def test_shapes_are_asked_with_many_answers(asked):
    answers = Counter(q.answer["value"] for _, q in asked if q.question_type == "shape")
    assert set(answers) == set(MORE_GENERAL)
    assert max(answers.values()) < 0.35 * answers.total()


def test_every_derivation_rule_is_used(figures):
    used = {rule.__name__ for built in figures for rule in RULES if any(True for _ in rule(Known(built)))}
    assert used == {rule.__name__ for rule in RULES}


def test_all_derived_numbers_are_right_not_only_the_asked_ones(scenes, brute):
    checked = 0
    for built in scenes:
        for one in (one for group in derive(built) for one in group):
            assert one.value == pytest.approx(measure(one.of, one.name, built.scene, brute), rel=1e-6), one
            checked += 1
    assert checked > 200


def test_the_same_generator_asks_the_same_question(scenes):
    for i, built in enumerate(scenes):
        assert ask(built, Random(i)) == ask(built, Random(i))


def test_a_scene_that_allows_no_question_gets_none(sketch):
    assert ask(Built(sketch("AB", A=(0, 0), B=(100, 0)), ()), Random(0)) is None


def test_a_figure_of_two_classes_is_not_asked_for(sketch):
    """A right isosceles triangle has no single most specific class; neither has one that is nearly right."""
    for apex in ((0, 100), (2, 70)):
        scene = sketch("AB BC CA", A=(0, 0), B=(100, 0), C=apex)
        assert TYPES["shape"](Built(scene, (Fact("shape", ("ABC",), "triangle"),)), Random(0)) is None
