"""The sample: what is written is read back, and every wrong field is named."""

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.sample import NEGATIVE_KINDS, Edit, Negative, Sample, SampleError, parse_sample

words = st.text(min_size=1, max_size=20).filter(str.strip)
scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=10)
objects = st.dictionaries(st.text(max_size=8), scalars, max_size=3)
edits = st.lists(st.builds(Edit, words, words, words), max_size=2).map(tuple)
residuals = st.none() | st.floats(0, 100)
verdicts = st.sampled_from(["false", "unverified"])


@st.composite
def samples(draw):
    pictures = [f"neg{n:02d}.{draw(st.sampled_from(['png', 'jpg']))}" for n in range(draw(st.integers(0, 3)))]
    images = {draw(st.sampled_from(["png", "jpg", "jpeg"])): b"+"} | {
        name: name.encode() for name in pictures
    }
    negatives = [
        Negative("image", None, name, draw(edits), draw(verdicts), draw(residuals)) for name in pictures
    ]
    for kind in draw(st.lists(st.sampled_from(["rule", "retrieval"]), max_size=3)):
        negatives.append(Negative(kind, draw(words), None, draw(edits), draw(verdicts), draw(residuals)))
    return Sample(
        key=draw(st.from_regex(r"[A-Za-z0-9_-]{1,128}", fullmatch=True)),
        caption=draw(words),
        images=images,
        negatives=tuple(negatives),
        facts=tuple(draw(st.lists(objects, max_size=2))),
        evidence=tuple(draw(st.lists(words, max_size=2))),
        split=draw(words),
        source=draw(st.text(max_size=5)),
        messages=draw(st.none() | st.lists(objects, max_size=2).map(tuple)),
        answer=draw(st.none() | st.just({"kind": "number", "value": 4.5})),
        meta=draw(objects),
    )


@given(samples())
def test_members_give_the_sample_back(sample):
    members = sample.members()
    assert parse_sample(sample.key, members) == sample
    assert sample.image == b"+"
    assert sample.members() == members
    assert not {"key", "images"} & json.loads(members["json"]).keys()


def members(**record):
    return {"json": json.dumps({"caption": "c", **record}).encode(), "png": b"+", "neg00.png": b"-"}


@pytest.mark.parametrize("key", ["", "a.b", "a/b", "../a", "a b", "é", "x" * 129])
def test_keys_are_plain(key):
    with pytest.raises(SampleError, match="field key"):
        parse_sample(key, members())


@pytest.mark.parametrize(
    ("raw", "match"),
    [
        ({"png": b"+"}, "field members.*json member"),
        ({"json": b"{}"}, "field members.*picture"),
        ({"json": b"{}", "neg00.png": b"-"}, "field members.*picture"),
        ({"json": b"{}", "png": b"+", "exe": b""}, "field members.*exe"),
        ({"json": b"{}", "png": b"+", "neg0.png": b""}, "field members.*neg0.png"),
        ({"json": b"\xff", "png": b"+"}, "field json"),
        ({"json": b"[]", "png": b"+"}, "field json.*an object"),
        (members(caption=None), "field caption.*a non-empty string"),
        (members(caption=" "), "field caption"),
        (members(caption=""), "field caption.*or an empty one beside messages"),
        (members(caption="", messages=[]), "field caption"),
        (members(caption=" ", messages=[{"role": "user"}]), "field caption"),
        (members(messages=[{"role": "user"}], caption=None), "field caption"),
        (members(negatives={}), "field negatives.*a list"),
        (members(negatives=["text"]), r"negatives\[0\]: got 'text'"),
        (members(negatives=[{"kind": "random", "text": "t"}]), f"kind.*{', '.join(NEGATIVE_KINDS)}"),
        (members(negatives=[{"kind": "rule"}]), "exactly one of text and image"),
        (members(negatives=[{"kind": "rule", "text": "t", "image": "neg00.png"}]), "exactly one"),
        (members(negatives=[{"kind": "rule", "text": " "}]), r"negatives\[0\].text.*non-empty caption"),
        (members(negatives=[{"kind": "image", "image": "neg01.png"}]), r"image.*\(neg00.png\)"),
        (members(negatives=[{"kind": "image", "image": "png"}]), r"image.*\(neg00.png\)"),
        (members(negatives=[{"kind": "image", "image": ["neg00.png"]}]), r"image.*\(neg00.png\)"),
        (members(negatives=[{"kind": "image", "text": "t"}]), "an image for kind image"),
        (members(negatives=[{"kind": "rule", "image": "neg00.png"}]), "a text for the other kinds"),
        (members(negatives=[{"kind": "rule", "text": "t", "residual": math.nan}]), "residual.*a number"),
        (members(caption="\ud800"), "field json.*surrogates"),
        ({"json": b"[" * 10**6, "png": b"+"}, "field json.*recursion"),
        (members(negatives=[{"kind": "rule", "text": "t", "verdict": "true"}]), "verdict.*false, unverified"),
        (members(negatives=[{"kind": "rule", "text": "t", "edits": [{"op": 1}]}]), "edits.*operator, before"),
        (members(messages="hello"), "field messages"),
        (members(messages=["hello"]), "field messages"),
        (members(answer={"value": 3}), "field answer.*kind and value"),
        (members(answer=3), "field answer"),
    ],
)
def test_a_wrong_field_is_named_with_key_and_what_is_allowed(raw, match):
    with pytest.raises(SampleError, match=match) as error:
        parse_sample("k7", raw)
    assert "'k7'" in str(error.value)
    assert len(str(error.value)) < 400


def test_a_sample_with_a_chat_may_have_no_caption():
    sample = Sample("k", "", {"png": b"+"}, messages=({"role": "user", "content": "AB?"},))
    assert parse_sample("k", sample.members()) == sample
