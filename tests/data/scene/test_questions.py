"""Questions are read back from their words and answered again from coordinates; so is every worked step."""

import os
import re
import subprocess
import sys
from collections import Counter, defaultdict
from random import Random

import pytest

from data.scene.questions import LEVELS, TYPES, ask, difficulty
from data.scene.questions.draft import View
from data.scene.templates import TEMPLATES
from data.scene.types import Built, Fact
from mmgeolm.grading import grade


def words(question):
    """The question and the worked answer."""
    user, assistant = question.messages
    return user["content"][1]["text"], assistant["content"][0]["text"]


@pytest.fixture(scope="module")
def figures(draw):
    """Twelve figures of every template, every third without numbers."""
    return [
        draw(template, seed, numbers=0 if seed % 3 == 2 else 2)[1]
        for template in TEMPLATES
        for seed in range(12)
    ]


@pytest.fixture(scope="module")
def drafts(figures):
    """One draft of every type about every figure that allows it, as (built, type, draft)."""
    found = []
    for i, built in enumerate(figures):
        view = View(built)
        found += [
            (built, name, d) for name, make in TYPES.items() if (d := make(view, Random(f"{i}/{name}")))
        ]
    return found


@pytest.fixture(scope="module")
def asked(figures):
    """A question about each figure, as (built, question)."""
    return [(built, ask(built, Random(i))) for i, built in enumerate(figures)]


class Each(dict):
    """One judge per figure, made when first asked for."""

    def __init__(self, make):
        super().__init__()
        self.make = make

    def of(self, built):
        if id(built) not in self:
            self[id(built)] = self.make(built)
        return self[id(built)]


def test_there_are_at_least_fifteen_types_and_every_one_is_asked(drafts):
    assert len(TYPES) >= 15
    anywhere = {name for name in TYPES if "coordinates" not in name}  # those need axes
    assert anywhere <= {name for _, name, _ in drafts} <= set(TYPES)


def test_every_answer_is_the_one_that_coordinates_give(drafts, answers, judge):
    each = Each(lambda built: answers.Answers(built, judge(built.scene)))
    for built, name, draft in drafts:
        assert each.of(built).answer(name, draft), (name, draft, built)


def test_every_step_of_a_worked_answer_is_a_fact_of_the_scene(drafts, judge):
    each = Each(lambda built: judge(built.scene))
    for built, name, draft in drafts:
        check = each.of(built)
        if name == "true_statement":
            assert check.holds(draft.worked.split(". <")[0])
            continue
        check.about = draft.question.split()[-1].rstrip("?") if name == "identify_shape" else ""
        *before, last = re.split(r"(?<!\d)\. |(?<=\d)\. (?=\D)", draft.worked)
        assert all(check.sentence(step) for step in before), draft
        because, so = last.rsplit(", so ", 1)
        assert check.holds(because), draft
        if name.startswith("compute") and name != "compute_share":
            assert check.holds(f"{so} {draft.value}{draft.unit}"), draft
        for fact in draft.facts:
            assert_true(fact, built, check)


def assert_true(fact, built, check):
    """The recorded conclusions, where the judge has a word for them."""
    if fact.kind in ("length", "angle", "perimeter", "area"):
        assert getattr(check, fact.kind)(fact.args[0]) == pytest.approx(fact.value)
    elif fact.kind in check.brute.RELATIONS:
        assert check.relation(fact.kind, *fact.args)
    elif fact.kind == "shape":
        assert check.shape(*fact.args, fact.value)


def test_computed_numbers_are_not_labelled(drafts, answers):
    for built, name, draft in drafts:
        if name in ("compute_length", "compute_angle"):
            asked = answers.read(draft.question, answers.READINGS)[1][0]
            assert not any(
                m.at in (asked, asked[::-1]) for m in built.scene.marks if m.text or m.kind == "right"
            )


def test_a_question_names_letters_and_gives_nothing_away(drafts, answers):
    for _, name, draft in drafts:
        text = answers.GIVEN.sub("", draft.question.partition(" Option:")[0])
        assert not re.search(r"\d", text)
        assert not re.search(
            r"square|rectangle|rhombus|trapezoid|parallelogram|isosceles|right tri|=|∥|⊥", text
        )
        assert "triangle" not in text or "How many" in text, name


def test_what_a_derivation_uses_and_no_label_shows_is_told_in_the_question(drafts, answers):
    """Equations and angles of rotations are not drawn; each is told if, and only if, it is used."""
    told = Counter()
    for built, _, draft in drafts:
        hidden = [
            f"The graph is {f.value}. " for f in built.stated if f.kind == "graph" and f.value in draft.worked
        ]
        hidden += [
            f"△{f.args[0]} is rotated about {f.args[2]} by {f.value}° to △{f.args[1]}. "
            for f in built.stated
            if f.kind == "rotated" and "is rotated" in draft.worked
        ]
        assert answers.GIVEN.findall(draft.question) == hidden
        told[len(hidden)] += 1
    assert told[1] > 10


def test_the_grader_takes_the_worked_answer_and_refuses_another(asked):
    for (_, question), (_, other) in zip(asked, asked[1:] + asked[:1], strict=True):
        assert grade(words(question)[1], question.answer).correct
        same = {str(question.answer["value"]), question.answer["kind"]} & {str(other.answer["value"])}
        if not same and question.answer["kind"] == other.answer["kind"]:
            assert not grade(words(other)[1], question.answer).correct


def test_the_grader_takes_every_type(drafts):
    for _, name, draft in drafts:
        answer = {
            "kind": draft.kind,
            "value": draft.value,
            "choices": draft.choices,
            "unit": draft.unit or None,
        }
        assert grade(f"{draft.worked} \\boxed{{{draft.value}{draft.unit}}}", answer).correct, (name, draft)


def test_worked_answers_are_short(asked):
    """In pieces as the tokenizer cuts them: a capital, a digit, a sign or a word."""
    lengths = sorted(
        len(re.findall(r"[A-Z](?![a-z])|\d|[A-Za-z]+|[^\sA-Za-z\d]", words(q)[1])) for _, q in asked
    )
    assert lengths[-1] <= 220
    assert lengths[len(lengths) // 2] <= 25


def test_messages_are_a_picture_and_a_question_then_an_answer(asked):
    for _, question in asked:
        user, assistant = question.messages
        assert [user["role"], assistant["role"]] == ["user", "assistant"]
        assert [part["type"] for part in user["content"]] == ["image", "text"]
        assert [part["type"] for part in assistant["content"]] == ["text"]
        assert re.search(r"\\boxed\{[^{}]+\}$", words(question)[1])
        assert set(question.answer) == {"kind", "value", "choices", "unit", "precision"}
        assert question.steps >= 1


def test_every_figure_gets_a_question(asked):
    assert all(question for _, question in asked)


def test_types_are_balanced_as_far_as_templates_allow(asked):
    counts = Counter(question.question_type for _, question in asked)
    assert max(counts.values()) < 0.2 * len(asked)
    assert sum(counts[name] for name in counts if name.startswith("compute")) > 0.2 * len(asked)


def test_yes_and_no_are_balanced_within_each_kind_and_form_of_statement(figures, answers):
    """A reader of the words alone, also of which letters repeat, must stay near chance."""
    counts: dict[tuple, Counter] = defaultdict(Counter)
    for i, built in enumerate(6 * figures):
        if draft := TYPES["relation"](View(built), Random(i)):
            kind, names = answers.read(draft.question, answers.RELATIONS)
            letters = "".join(names)
            counts[kind, len(letters) - len(set(letters))][draft.value] += 1
    total = sum(counts.values(), Counter())
    assert 0.47 < total["yes"] / total.total() < 0.53
    guessed = sum(max(count.values()) for count in counts.values())
    assert guessed / total.total() < 0.55
    assert {kind for kind, _ in counts} >= set(answers.RELATIONS) - {
        "tangent",
        "on_circle",
    }  # those need such circles


def test_other_answers_cannot_be_guessed_from_the_words_either(drafts):
    """The commonest answer to each wording, with all names masked, is right hardly more often than chance."""
    told: dict[str, dict[str, Counter]] = defaultdict(lambda: defaultdict(Counter))
    for _, name, draft in drafts:
        if (
            draft.kind == "text"
            and draft.choices
            and name not in ("relation", "identify_shape", "identify_line")
        ):
            value = draft.choices.index(draft.value) if name != "identify_angle" else draft.value
            told[name][re.sub(r"∠?[A-Z]{1,3}(?![a-z])", "X", draft.question)][value] += 1
    for name, wordings in told.items():
        guessed = sum(max(count.values()) for count in wordings.values())
        total = sum(count.total() for count in wordings.values())
        choices = {"name_point": 4, "missing_name": 3, "identify_angle": 2}.get(name, 2)
        assert guessed / total < 1 / choices + 0.12, (name, guessed / total)


def test_true_statements_are_spread_over_the_letters(figures):
    letters = Counter(
        draft.value
        for i, built in enumerate(figures)
        if (draft := TYPES["true_statement"](View(built), Random(i)))
    )
    assert letters.total() > 100
    assert set(letters) == set("ABCD")
    assert max(letters.values()) < 0.32 * letters.total()


def test_shapes_are_asked_with_many_answers(drafts, answers):
    shapes = Counter(draft.value for _, name, draft in drafts if name == "identify_shape")
    seldom = {name for name in answers.MORE_GENERAL if name.endswith("gon")}  # one template draws all of them
    assert set(shapes) >= set(answers.MORE_GENERAL) - {"quadrilateral"} - seldom
    assert set(shapes) & seldom
    assert max(shapes.values()) < 0.35 * shapes.total()


def test_difficulty_grows_with_steps_and_with_the_level_of_the_figure():
    assert [difficulty(steps, "easy") for steps in (1, 2, 3, 4)] == ["easy", "medium", "medium", "medium"]
    assert [difficulty(steps, "hard") for steps in (1, 2, 3, 4)] == ["medium", "hard", "hard", "hard"]
    for steps in (1, 2, 3, 4):
        levels = [LEVELS.index(difficulty(steps, level)) for level in LEVELS]
        assert levels == sorted(levels)


def test_the_same_generator_asks_the_same_question(scenes):
    for i, built in enumerate(scenes):
        assert ask(built, Random(i)) == ask(built, Random(i))


def test_a_figure_of_two_classes_is_not_asked_for(sketch):
    """A right isosceles triangle has no single most specific class; neither has one that is nearly right."""
    for apex in ((0, 100), (2, 70)):
        scene = sketch("AB BC CA", A=(0, 0), B=(100, 0), C=apex)
        view = View(Built(scene, (Fact("shape", ("ABC",), "triangle"),)))
        assert TYPES["identify_shape"](view, Random(0)) is None


def test_questions_do_not_depend_on_how_python_hashes(project):
    """Sets of letters come in another order in every process."""
    script = (
        "from random import Random; from configs.build import SceneConfig;"
        "from data.scene.questions import ask;"
        "from data.scene.draw import draw_figure; from data.scene.templates import TEMPLATES;"
        "figures = [draw_figure(t, SceneConfig(numbers=3), Random(t))[1] for t in TEMPLATES];"
        "print([ask(built, Random(i)).messages for i, built in enumerate(figures)])"
    )
    told = {
        subprocess.run(
            [sys.executable, "-c", script],
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(project)},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(told) == 1
