"""Lengths against a window, by hand: ``<s>`` A B C D E F ``</s>`` are eight tokens."""

import json

import pytest

from data.reporting.lengths import Measured, beyond, edited_words, measure, quantiles, ruler
from data.tokenizer import train_tokenizer


@pytest.fixture(scope="module")
def tower(tmp_path_factory):
    """A tokenizer of single letters with the text config of a CLIP tower of 7 positions."""
    folder = tmp_path_factory.mktemp("towers") / "tower"
    train_tokenizer(["ABCDEF"], folder, 300)
    text = {"model_type": "clip_text_model", "max_position_embeddings": 7}
    (folder / "config.json").write_text(json.dumps({"model_type": "clip", "text_config": text}))
    return folder


def test_tokens_are_counted_with_the_special_ones_and_the_window_read_from_the_tower(tower):
    rule = ruler(str(tower))
    assert (rule.unit, rule.window) == ("tokens", 7)
    short, long = measure(["AB", "ABCDEF"], rule)
    assert (len(short.ids), len(long.ids), long.tail) == (4, 8, 1)
    assert long.places[1:3] == [(0, 1), (1, 2)]
    assert (short.kept(7), long.kept(7)) == (3, 6)
    assert short.cut(7) == short.ids
    assert long.cut(7) == [*long.ids[:6], long.ids[7]]


def test_words_of_which_a_token_is_cut_off_lie_beyond(tower):
    (text,) = measure(["AB CD EF"], ruler(str(tower)))  # <s> A B _ C D | _ E F </s> of which five are read
    assert [beyond([span], text, 7) for span in [(0, 2), (3, 5), (6, 8)]] == [0, 0, 1]
    assert beyond([(0, 2), (3, 5), (6, 8)], text, 6) == 2
    assert beyond([(0, 2), (6, 8)], text, 10) == 0


def test_edited_words_are_those_that_differ():
    text, original = "rhombus ABCD, AC = 5 and BD = 7.", "square ABCD, AC = 4 and BD = 7."
    assert [text[start:end] for start, end in edited_words(text, original)] == ["rhombus", "5"]
    assert edited_words("AB = 4.", "AB = 4.") == []
    assert edited_words("AB = 4.", "AB = 4 and BC = 5.") == []  # left out, so not in the text
    assert edited_words("𝔸 x", "𝔸 y") == [(2, 3)]


def test_without_a_tower_words_are_counted():
    rule = ruler("")
    assert (rule.unit, rule.window) == ("words", None)
    assert [len(m.ids) for m in measure(["In △ABC, AB = 4.", "x"], rule)] == [5, 1]


def test_the_window_may_come_from_the_tokenizer_alone(tower, tmp_path):
    folder = tmp_path / "tokenizer"
    train_tokenizer(["ABCDEF"], folder, 300)
    with pytest.raises(ValueError, match="tells no window"):
        ruler(str(folder))
    path = folder / "tokenizer_config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "model_max_length": 9}))
    assert ruler(str(folder)).window == 9


def test_a_folder_without_a_tower_is_refused(tmp_path):
    with pytest.raises(ValueError, match="is no folder"):
        ruler(str(tmp_path / "no"))
    with pytest.raises(ValueError, match="cannot be read"):
        ruler(str(tmp_path))


def test_quantiles_are_those_of_the_sorted_numbers():
    numbers = [1] * 10 + [2] * 9 + [50]
    counts = {n: numbers.count(n) for n in {*numbers}}
    assert quantiles(counts) == {"count": 20, "mean": 3.9, "median": 1, "p95": 2, "max": 50}


def test_a_text_of_special_tokens_only_has_nothing_to_cut():
    empty = Measured([1, 2], [(0, 0), (0, 0)], 2)
    assert (empty.kept(7), empty.cut(7), beyond([(0, 1)], empty, 7)) == (0, [1, 2], 0)
