"""Questions read back from their words and answered again from coordinates, and every step of the worked answers."""

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
    rf"Is {SEGMENT} perpendicular to {SEGMENT}\?|Are {SEGMENT} and {SEGMENT} perpendicular\?": "perpendicular",
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
def asked(draw):
    """A hundred questions of every template as (built, question)."""
    figures = [draw(template, seed)[1] for template in TEMPLATES for seed in range(100)]
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
            assert not any(set(m.at) == set(names[0]) for m in built.scene.marks if m.text)


def test_a_question_names_letters_and_gives_nothing_away(asked):
    for _, question in asked:
        text = words(question)[0]
        assert not re.search(r"\d", text)
        assert not re.search(r"triangle|square|rectangle|rhombus|trapezoid|parallelogram|△|=|∥|⊥", text)


def arithmetic(text):
    """The value of ``2 × (3 + 4)`` and the like."""
    assert re.fullmatch(r"[\d ×÷+()-]+", text), text
    return eval(text.replace("×", "*").replace("÷", "/"))


def is_step(step, scene, brute, question):
    """Whether one clause of a worked answer is true of the scene."""
    kind, names = read_question(words(question)[0])
    z = brute.place(scene)

    def holds(kind, *args, value=None):
        return brute.holds(Fact(kind, args, value), scene)

    def number(name, value):
        return holds("length" if len(name) == 2 else "angle", name, value=float(value))

    def same_sides(polygon):
        return all(
            holds("equal", one, two)
            for one in brute.edges(polygon)
            for two in brute.edges(polygon)
            if one != two
        )

    figure = names[0]
    rules = {
        r"∠?([A-Z]{2,3}) (?:=|is marked) (\d+)°?": lambda m: number(m[1], m[2]),
        r"([A-Z]{2}(?: = [A-Z]{2})+)": lambda m: all(
            holds("equal", m[1][:2], other) for other in m[1].split(" = ")[1:]
        ),
        r"([A-Z]{2}) ∥ ([A-Z]{2})": lambda m: holds("parallel", m[1], m[2]),
        r"([A-Z]{2}) ⊥ ([A-Z]{2})": lambda m: holds("perpendicular", m[1], m[2]),
        r"([A-Z]) is the midpoint of ([A-Z]{2})": lambda m: holds("midpoint", m[1], m[2]),
        r"[Pp]oint ([A-Z]) lies on ([A-Z]{2})": lambda m: holds("on", m[1], m[2]),
        r"([A-Z]{2}) bisects ∠([A-Z]{3})": lambda m: holds("bisects", m[1], m[2]),
        r"([A-Z]{2}) is a diameter(?: of circle ([A-Z]))?": lambda m: holds(
            "diameter", m[1], m[2] or scene.circles[0][0]
        ),
        r"([A-Z]{2}) is not parallel to ([A-Z]{2})": lambda m: not holds("parallel", m[1], m[2]),
        r"([A-Z]{2}) is not perpendicular to ([A-Z]{2})": lambda m: not holds("perpendicular", m[1], m[2]),
        r"([A-Z]{2}) is not equal to ([A-Z]{2})": lambda m: not holds("equal", m[1], m[2]),
        r"([A-Z]) is not the midpoint of ([A-Z]{2})": lambda m: not holds("midpoint", m[1], m[2]),
        r"([A-Z]{2}) does not bisect ∠([A-Z]{3})": lambda m: not holds("bisects", m[1], m[2]),
        r"([A-Z]) is not on ([A-Z]{2})": lambda m: not holds("on", m[1], m[2]),
        r"([A-Z]{2}) is not a diameter of circle ([A-Z])": lambda m: not holds("diameter", m[1], m[2]),
        r"∠([A-Z]{3}) \+ ∠([A-Z]{3}) = 180°": lambda m: (
            abs(brute.size(m[1], z) + brute.size(m[2], z) - 180) < 1e-6
        ),
        r"∠([A-Z]{3}) = 2 × ∠([A-Z]{3})": lambda m: abs(brute.size(m[1], z) - 2 * brute.size(m[2], z)) < 1e-6,
        r"([A-Z])": lambda m: is_step(f"{m[1]} are midpoints", scene, brute, question),
        r"([A-Z]) are midpoints": lambda m: any(
            abs(2 * z[m[1]] - z[p] - z[q]) < 1e-6 for p in z for q in z if p < q and m[1] not in (p, q)
        ),
        r"[Aa]ll sides are equal": lambda m: same_sides(figure),
        r"opposite angles are equal": lambda m: holds(
            "shape", polygon_of(scene, brute), value="parallelogram"
        ),
        r"[Aa]ll angles are right angles": lambda m: holds("shape", figure, value="rectangle"),
        r"[Nn]o sides are parallel": lambda m: not holds("shape", figure, value="trapezoid"),
        r"[Aa]ll sides differ": lambda m: not holds("shape", figure, value="isosceles triangle"),
        r"no angle is right": lambda m: not holds("shape", figure, value="right triangle"),
        rf"{figure} is an?|the answer is|∠?{figure} =(?: [\d ×÷+()-]+ =)?": lambda m: True,
        r"the (?:perimeter|area)(?: of the square)? is [\d ×÷+()-]+ =": lambda m: True,
    }
    results = [rule(m) for pattern, rule in rules.items() if (m := re.fullmatch(pattern, step))]
    assert len(results) == 1, (step, words(question))
    return results[0]


def polygon_of(scene, brute):
    """The drawn quadrilateral, as its segments lie in a ring."""
    ring = [s for s in scene.segments if s.isupper()][:4]
    return "".join(s[0] for s in ring)


def test_every_step_of_a_worked_answer_is_a_fact_of_the_scene(asked, brute):
    for built, question in asked:
        worked, boxed = words(question)[1].split(" \\boxed{")
        for step in re.split(r", so |, | and ", worked):
            assert is_step(step, built.scene, brute, question), (step, words(question))
        if sums := re.findall(r"(?:=|is) ([\d(][\d ×÷+()-]*) =$", worked):
            assert arithmetic(sums[0]) == question.answer["value"]
        assert boxed == f"{question.answer['value']}{question.answer['unit'] or ''}}}"


def test_the_grader_takes_the_worked_answer_and_refuses_another(asked):
    for (_, question), (_, other) in zip(asked, asked[1:] + asked[:1], strict=True):
        assert grade(words(question)[1], question.answer).correct
        if question.answer["value"] != other.answer["value"]:
            assert not grade(words(other)[1], question.answer).correct


def test_worked_answers_are_short(asked):
    """At most 50 pieces as the tokenizer cuts: a capital, a digit, a sign or a word; half of them far fewer."""
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


def test_yes_and_no_are_balanced_also_within_each_kind_of_statement(draw):
    """A reader of the words alone must stay near chance."""
    counts: dict[str, Counter] = {}
    for i in range(300 * len(TEMPLATES)):
        template = list(TEMPLATES)[i % len(TEMPLATES)]
        built = draw(template, i // len(TEMPLATES) % 100)[1] if i < 100 * len(TEMPLATES) else None
        for seed in range(3) if built else ():
            draft = TYPES["relation"](built, Random(f"{i}/{seed}"))
            if draft:
                counts.setdefault(read_question(draft.question)[0], Counter())[draft.value] += 1
    total = sum(counts.values(), Counter())
    assert 0.47 < total["yes"] / total.total() < 0.53
    guessed = sum(max(count.values()) for count in counts.values())
    assert guessed / total.total() < 0.58
    assert set(counts) == {"parallel", "perpendicular", "equal", "midpoint", "bisects", "on", "diameter"}


def test_shapes_are_asked_with_many_answers(asked):
    answers = Counter(q.answer["value"] for _, q in asked if q.question_type == "shape")
    assert set(answers) == set(MORE_GENERAL)
    assert max(answers.values()) < 0.35 * answers.total()


def test_every_derivation_rule_is_used(draw):
    used = Counter()
    for template in TEMPLATES:
        for seed in range(60):
            known = Known(draw(template, seed)[1])
            used.update(rule.__name__ for rule in RULES if any(True for _ in rule(known)))
    assert set(used) == {rule.__name__ for rule in RULES}


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
