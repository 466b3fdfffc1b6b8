"""Official rules against plain re-statements of them, against published labels, and at their edges."""

import json
import random
import re
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.images import encode
from data.sample import Sample
from mmgeolm.benchmarks import BENCHMARKS, find_benchmark, geoqa, mathvista, synthetic, wemath

SAMPLES = Path(__file__).resolve().parents[3] / "shared" / "samples"
needs_samples = pytest.mark.skipif(
    not SAMPLES.is_dir(), reason=f"the folder of real samples {SAMPLES} is absent"
)


def picture():
    return encode(np.full((8, 8), 255, np.uint8))


def lines(name):
    return [json.loads(line) for line in (SAMPLES / name).read_text(encoding="utf-8").splitlines()]


def test_an_unknown_benchmark_is_an_error_that_suggests_the_nearest():
    with pytest.raises(ValueError, match="did you mean wemath"):
        find_benchmark("we-math")
    assert all(find_benchmark(name).name == name for name in BENCHMARKS)


# We-Math


@needs_samples
def test_wemath_official_letters_and_hits_are_the_published_codes():
    for row in lines("wemath/responses_official.jsonl"):
        verdict = wemath.grade(row, row["response"]).official
        assert (verdict.value, verdict.correct) == (row["official_letter"], row["official_hit"]), row


@needs_samples
def test_wemath_strict_reads_what_is_meant_in_every_style_that_gives_a_letter():
    for row in lines("wemath/responses_official.jsonl"):
        meant = None if row["format"] in ("refusal", "empty") else row["meant"]
        verdict = wemath.grade(row, row["response"]).strict
        assert (verdict.value, verdict.correct) == (meant, meant == row["answer"]), row


@settings(max_examples=200, deadline=None)
@given(
    st.lists(
        st.sampled_from(
            ["Answer", "answer", " ", "\n", ":", ">", "<", ".", "B", "H", "I", "(", "x", "\u3000"]
        )
    )
)
def test_wemath_rule_is_the_string_operations_of_the_published_code(parts):
    response = "".join(parts)
    text = re.sub(r"[>><<:.]", "", response.split("Answer")[-1].strip()).strip()
    expected = text[0] if text and text[0] in "ABCDEFGH" else None
    reading = wemath.official(response)
    assert reading.value == expected
    if expected:
        assert response[reading.start : reading.end] == expected


@pytest.mark.parametrize(
    ("option", "texts"),
    [
        ("A. 30°; B. 60°; C. No correct answer", ["30°", "60°", "No correct answer"]),
        ("A. 5;B. 10;C. 12", ["5", "10", "12"]),
        ("A. Uncertain; B. B; C. C; D. D", ["Uncertain", "B", "C", "D"]),
        ("A. 6cm, 2cm B. 1cm, 3cm ;C. 1cm, 4cm; D. No", ["6cm, 2cm", "1cm, 3cm", "1cm, 4cm", "No"]),
        ("A. Point C. ; B. Point B", ["Point C.", "Point B"]),
        ("", []),
        ("no letters here", []),
    ],
)
def test_wemath_options_are_split_by_their_letters(option, texts):
    assert list(wemath.split_options(option).values()) == texts


def test_wemath_chance_is_one_over_the_number_of_options():
    record = {"ID": "2steps_1", "key": "2steps_1", "option": "A. 1; B. 2; C. 3; D. 4", "answer": "A"}
    assert wemath.chance(record) == 0.25
    assert wemath.chance(record | {"option": "?"}) == 0


def test_wemath_four_dimensions_by_hand():
    composites = {
        "2steps_1": {"2steps_1": True, "2steps_2": True, "2steps_multi": True},  # complete mastery
        "2steps_2": {"2steps_1": True, "2steps_2": True, "2steps_multi": False},  # inadequate generalisation
        "2steps_3": {"2steps_1": True, "2steps_2": False, "2steps_multi": True},  # CM loose, RM strict
        "3steps_1": {"3steps_1": False, "3steps_2": False, "3steps_3": False, "3steps_multi": True},  # RM
        "3steps_2": {"3steps_1": True, "3steps_2": True, "3steps_multi": False},  # a missing part: IK
    }
    result = wemath.four_dimensions(composites)
    assert result["strict"] == {
        "score": pytest.approx((5 - 0.5 - 2 - 1) / 5),
        "IK": 0.2,
        "IG": 0.2,
        "CM": 0.2,
        "RM": pytest.approx(2 / 3),
        "n": 5,
    }
    assert result["loose"] == {
        "score": pytest.approx((5 - 0.5 - 1 - 1) / 5),
        "IK": 0.2,
        "IG": 0.2,
        "CM": 0.4,
        "RM": pytest.approx(1 / 3),
        "n": 5,
    }
    assert wemath.four_dimensions({"2steps_1": {"2steps_1": False}})["strict"]["RM"] is None


def make_wemath(folder, **change):
    record = {
        "ID": "2steps_7", "key": "2steps_1", "option": "A. 1; B. 2", "answer": "A",
        "question": "How many?", "image_path": "2steps/image/7-1.png",
    }  # fmt: skip
    folder.mkdir(exist_ok=True)
    (folder / "testmini.json").write_text(json.dumps([record | change]))
    return folder


def test_wemath_reader_gives_the_published_prompt_and_the_picture(tmp_path):
    folder = make_wemath(tmp_path / "w")
    image = folder / "2steps" / "image" / "7-1.png"
    image.parent.mkdir(parents=True)
    image.write_bytes(picture())
    (question,) = wemath.read(folder)
    assert question.id == "2steps_7/2steps_1"
    assert "Question: How many?\nOption: A. 1; B. 2\n" in question.prompt
    assert question.load() == [picture()]
    assert question.files == (image,)
    assert wemath.grade(question.record, "Answer: A").official.correct


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"answer": None}, "record 0: answer missing or not text"),
        ({"image_path": "../../secret.png"}, "leaves the folder"),
        ({"key": "4steps_1"}, "field key"),
    ],
)
def test_wemath_reader_names_record_and_field(tmp_path, change, message):
    with pytest.raises(ValueError, match=message):
        wemath.read(make_wemath(tmp_path / "w", **change))


def test_wemath_reader_says_where_the_data_is_when_it_is_missing(tmp_path):
    with pytest.raises(ValueError, match=r"testmini\.json does not exist.*huggingface\.co/datasets/We-Math"):
        wemath.read(tmp_path)
    (tmp_path / "testmini.json").write_text("[")
    with pytest.raises(ValueError, match="not valid JSON"):
        wemath.read(tmp_path)
    (tmp_path / "testmini.json").write_text("[]")
    with pytest.raises(ValueError, match="list of records"):
        wemath.read(tmp_path)


@needs_samples
def test_wemath_reader_reads_the_real_layout():
    questions = wemath.read(SAMPLES / "wemath" / "data")
    assert len({question.id for question in questions}) == 200
    assert all(question.files[0].is_file() for question in questions)
    assert {wemath.groups(question.record) for question in questions} == {("S1",), ("S2",), ("S3",)}
    assert all(0.2 <= wemath.chance(question.record) <= 1 / 3 for question in questions)


# GeoQA


@needs_samples
def test_geoqa_official_choices_are_the_published_ones():
    for row in lines("geoqa/gllava_first200.jsonl"):
        verdict = geoqa.grade(row, row["response"]).official
        assert (verdict.value, verdict.correct) == (row["official_choice"], row["official_correct"]), row[
            "id"
        ]


def plain_geoqa(answer):
    for phrase in (
        "Answer:",
        "the correct answer is option ",
        "option {} is selected",
        "the answer is option ",
        "the answer is ({})",
    ):
        pattern = (
            (re.escape(phrase) if "{}" in phrase else phrase + "{}").replace(r"\{\}", "{}").format("([A-D])")
        )
        if match := re.search(pattern, answer):
            return match.group(1)
    sentences = answer.split(".")
    match = re.search("is ([A-D])", sentences[-2].strip()) if len(sentences) > 1 else None
    return match.group(1) if match else None


GEOQA_PARTS = [
    "Answer:",
    "the correct answer is option ",
    "option ",
    " is selected",
    "the answer is ",
    "option A",
    "(C)",
]


@settings(max_examples=200, deadline=None)
@given(st.lists(st.sampled_from([*GEOQA_PARTS, "A", "B", "E", ".", " ", "\n", "it is D", "x"]), max_size=12))
def test_geoqa_rule_is_the_published_patterns_in_their_order(parts):
    response = "".join(parts)
    reading = geoqa.official(response)
    assert reading.value == plain_geoqa(response)
    if reading.value:
        assert response[reading.start : reading.end] == reading.value


# MathVista

CHOICES = {
    "pid": "1", "question_type": "multi_choice", "answer_type": "text", "precision": None,
    "choices": ["yes", "no", "34m"], "answer": "34m",
}  # fmt: skip
FLOAT = {
    "pid": "2",
    "question_type": "free_form",
    "answer_type": "float",
    "precision": 1,
    "choices": None,
    "answer": "1.2",
}
INTEGER = FLOAT | {"answer_type": "integer", "precision": None, "answer": "3"}


@needs_samples
@pytest.mark.parametrize("name", ["gpt4_2shot_solution", "llava_llama_2_13b"])
def test_mathvista_labels_are_those_of_the_current_official_code(name):
    rows = lines(f"mathvista/{name}.jsonl")
    verdicts = [mathvista.grade(row, row["official_extraction"], True) for row in rows]
    assert [v.official.correct for v in verdicts] == [row["current_rule_true_false"] for row in rows]
    assert all(set(mathvista.groups(row)) == set(row["subsets"]) for row in rows)
    lottery = [
        v for v, row in zip(verdicts, rows, strict=True) if row["official_extraction"] in ("N/A", "None", "")
    ]
    assert not any(v.strict.correct for v in lottery)


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=40), st.text(max_size=40))
def test_edit_distance_is_levenshtein(first, second):
    row = list(range(len(second) + 1))
    for i, a in enumerate(first, start=1):
        previous, row[0] = row[0], i
        for j, b in enumerate(second, start=1):
            previous, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, previous + (a != b))
    assert mathvista.edit_distance(first, second) == row[-1]


@pytest.mark.parametrize(
    ("extraction", "value", "rule"),
    [
        ("C", "34m", "letter"),
        (" B ", "no", "letter"),
        ("(c) text", "34m", "bracketed letter"),
        ("no", "no", "choice text"),
        ("No", "no", "nearest choice"),
        ("34", "34m", "nearest choice"),
        ("N/A", "yes", "nearest choice"),
        ("", "no", "nearest choice"),
        (None, "no", "nearest choice"),
        ("D", "no", "nearest choice"),
    ],
)
def test_mathvista_choices_by_letter_else_by_distance(extraction, value, rule):
    official = mathvista.grade(CHOICES, extraction, True).official
    assert (official.value, official.reading.rule) == (value, f"given extraction; {rule}")


@pytest.mark.parametrize(
    ("record", "extraction", "value"),
    [
        (FLOAT, "1.25", "1.2"),
        (FLOAT, " 1.19 ", "1.2"),
        (FLOAT, 1.2, "1.2"),
        (FLOAT, "1,2", None),
        (FLOAT, "1.2 cm", None),
        (FLOAT | {"precision": None}, "1.2", None),
        (INTEGER, "3.9", "3"),
        (INTEGER, "1e2", "100"),
        (INTEGER, "inf", None),
        (INTEGER, "nan", None),
        (INTEGER, "9" * 5000, None),
        (INTEGER, None, None),
        (INTEGER | {"answer_type": "list"}, [1, 2], "[1, 2]"),
    ],
)
def test_mathvista_numbers_are_converted_as_published(record, extraction, value):
    assert mathvista.grade(record, extraction, True).official.value == value


def test_mathvista_strict_is_more_honest_where_the_official_rule_is_lucky_or_literal():
    assert not mathvista.grade(CHOICES | {"answer": "no"}, "N/A", True).strict.correct
    assert mathvista.grade(CHOICES, "34", True).strict.correct
    assert not mathvista.grade(INTEGER, "3.9", True).strict.correct
    assert mathvista.grade(INTEGER, "3 apples", True).strict.correct
    assert mathvista.grade(INTEGER | {"answer_type": "list", "answer": "[1, 2]"}, "1, 2", True).strict.correct


@pytest.mark.parametrize(
    ("record", "response", "value"),
    [
        (CHOICES, "34m", "34m"),
        (CHOICES, 'Well. The answer is "no".', "no"),
        (CHOICES, "So the correct answer is (A).", "yes"),
        (INTEGER, "3", "3"),
        (FLOAT, "1.23", "1.2"),
        (INTEGER, "There are 3 cats.", None),
        (INTEGER, "The answer is 3.", "3"),
        (INTEGER, None, None),
    ],
)
def test_mathvista_reads_responses_without_an_llm(record, response, value):
    assert mathvista.grade(record, response).official.value == value


@settings(max_examples=150, deadline=None)
@given(st.lists(st.sampled_from(['The answer is "', '".', '"', ".", "\n", "x", " "]), max_size=12))
def test_the_quoted_answer_is_the_official_pattern(parts):
    text = "".join(parts)
    expected = re.search(r'The answer is "(.*)"\.', text)
    found = mathvista._quoted(text)
    assert (found and found.value) == (expected and expected.group(1))


# All of them


@pytest.mark.parametrize(
    ("module", "record", "message"),
    [
        (wemath, {"ID": "x", "key": "2steps_1", "option": "A. 1; B. 2", "answer": 3}, "field answer"),
        (wemath, {"ID": "x", "key": "2steps_1", "option": None, "answer": "A"}, "field option"),
        (geoqa, {"id": 1, "choices": [], "gold": "A"}, "field choices"),
        (geoqa, {"id": 1, "choices": {"A": "1"}, "gold": "B"}, "field gold"),
        (mathvista, CHOICES | {"choices": None}, "field choices"),
        (mathvista, FLOAT | {"answer": None}, "field answer"),
        (
            synthetic,
            {"id": "a", "question_type": "q", "answer": {"kind": "nubmer", "value": 1}},
            "record a: answer.kind",
        ),
        (
            synthetic,
            {"id": "a", "question_type": "q", "answer": {"kind": "choice", "value": "A"}},
            "record a",
        ),
    ],
)
def test_an_unusable_record_is_an_error_that_names_it(module, record, message):
    with pytest.raises(ValueError, match=message):
        module.grade(record, "A")


HOSTILE = [
    "Answer" * 50_000,
    "\\boxed{" * 40_000,
    'The answer is "' * 20_000,
    "(" * 300_000,
    "\ud800" * 30_000,
    "." * 300_000,
]


@pytest.mark.parametrize(
    "response", [*HOSTILE, None, 5, [], "", "\u202e B"], ids=lambda text: repr(text)[:12]
)
def test_no_response_makes_a_benchmark_raise_or_hang(response):
    start = time.process_time()
    wemath.grade({"ID": "x", "key": "2steps_1", "option": "A. 1; B. 2", "answer": "A"}, response)
    geoqa.grade({"id": 1, "choices": {"A": "1", "B": "2"}, "gold": "A"}, response)
    for record in (CHOICES, FLOAT, INTEGER, INTEGER | {"answer_type": "list"}):
        mathvista.grade(record, response)
        mathvista.grade(record, response, True)
    synthetic.grade({"id": "a", "question_type": "q", "answer": {"kind": "number", "value": 1}}, response)
    assert time.process_time() - start < 3.0


def test_choice_questions_are_graded_at_two_thousand_a_second():
    rng = random.Random(0)
    responses = [
        "The figure shows two lines. " * 10 + rng.choice(["Answer: B", "so (C)", "no", ""])
        for _ in range(2000)
    ]
    start = time.process_time()
    for response in responses:
        mathvista.grade(CHOICES, response)
    assert time.process_time() - start < 1.0


# Our own shards


def sample(key, **change):
    content = [{"type": "image"}, {"type": "text", "text": f"What is AB in {key}?"}]
    fields = {
        "caption": "A line AB.",
        "images": {"png": picture()},
        "messages": ({"role": "user", "content": content}, {"role": "assistant", "content": "\\boxed{4}"}),
        "answer": {"kind": "number", "value": 4, "choices": None, "unit": None, "precision": None},
        "meta": {"question_type": "length"},
    }  # fmt: skip
    return Sample(key=key, **(fields | change))


def write(folder, samples):
    from data.shards import write_shards

    write_shards(samples, folder, name="test", shard_size=2, meta={"recipe": {}, "seed": 0})
    return folder


def test_synthetic_reads_questions_pictures_and_types_from_shards(tmp_path):
    yes_no = {"kind": "text", "value": "yes", "choices": ["yes", "no"], "unit": None, "precision": None}
    samples = [sample("a"), sample("b", messages=None, answer=None), sample("c", answer=yes_no, meta={})]
    first, last = synthetic.read(write(tmp_path / "s", samples))
    assert (first.id, first.prompt, last.id) == ("a", "What is AB in a?", "c")
    assert first.load() == [picture()]
    assert synthetic.BENCHMARK.groups(first.record) == ("length",)
    assert synthetic.BENCHMARK.groups(last.record) == ("text",)
    assert (synthetic.chance(first.record), synthetic.chance(last.record)) == (0, 0.5)
    assert synthetic.grade(first.record, "\\boxed{4}").official.correct
    assert json.loads(json.dumps(first.record)) == first.record


def test_synthetic_says_what_is_missing(tmp_path):
    with pytest.raises(ValueError, match=r"index\.json does not exist.*make data"):
        synthetic.read(tmp_path)
    with pytest.raises(ValueError, match="none of 1 samples has both messages and answer"):
        synthetic.read(write(tmp_path / "s", [sample("a", messages=None, answer=None)]))
    with pytest.raises(ValueError, match="sample 'a', field messages"):
        synthetic.read(write(tmp_path / "t", [sample("a", messages=({"role": "assistant", "content": []},))]))
