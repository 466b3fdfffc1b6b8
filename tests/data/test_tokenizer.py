import json
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers import AutoTokenizer

from data.sample import parse_sample
from data.tokenizer import SPECIAL, SYMBOLS, sample_texts, train_tokenizer

TEXTS = [
    "The diagram features △ABC, where AB = 6. Point D lies on BC, and CD = 14.",
    "In the diagram, AB ∥ CD and ∠ABC = 124°.",
    "What is the length of AB? Answer: \\boxed{12}",
] * 3


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    out = tmp_path_factory.mktemp("tokenizer") / "out"
    train_tokenizer(TEXTS, out, 400)
    return out


@pytest.fixture(scope="module")
def tokenizer(folder):
    return AutoTokenizer.from_pretrained(folder)


def pieces(tokenizer, text):
    return [tokenizer.decode([i]) for i in tokenizer(text, add_special_tokens=False).input_ids]


def test_names_and_numbers_are_read_one_letter_and_one_digit_at_a_time(tokenizer):
    assert pieces(tokenizer, "△ABC = 12") == ["△", "A", "B", "C", " = ", "1", "2"]


@pytest.mark.parametrize("symbol", SYMBOLS)
def test_every_geometric_symbol_is_one_token_even_when_never_seen_in_training(tokenizer, symbol):
    assert pieces(tokenizer, f"of {symbol}A{symbol}").count(symbol) == 2


@pytest.mark.parametrize("text", ["AB", "point A", "(A)", "∠A", "on A, A. A", "A=A", "xA"])
def test_a_letter_has_the_same_token_wherever_it_stands(tokenizer, text):
    (letter,) = tokenizer("A", add_special_tokens=False).input_ids
    assert tokenizer(text, add_special_tokens=False).input_ids.count(letter) == text.count("A")


@settings(max_examples=200, deadline=None)
@given(text=st.text(max_size=40))
def test_decoding_gives_any_text_back(tokenizer, text):
    assert (
        tokenizer.decode(tokenizer(text, add_special_tokens=False, split_special_tokens=True).input_ids)
        == text
    )


def test_words_of_the_training_text_are_single_tokens(tokenizer):
    assert pieces(tokenizer, "The diagram features") == ["The", " diagram", " features"]


def test_special_tokens_frame_a_text_as_clips_text_tower_expects(tokenizer):
    ids = tokenizer("AB").input_ids
    assert (ids[0], ids[-1], len(ids)) == (tokenizer.bos_token_id, tokenizer.eos_token_id, 4)
    assert tokenizer.eos_token_id != 2  # CLIPTextModel pools by argmax for that id
    assert tokenizer.decode(ids, skip_special_tokens=True) == "AB"
    batch = tokenizer(["A", "ABC"], padding=True)
    assert batch.attention_mask == [[1, 1, 1, 0, 0], [1, 1, 1, 1, 1]]


def test_chat_tokens_are_special_and_single(tokenizer):
    for token in SPECIAL:
        assert len(tokenizer(token, add_special_tokens=False).input_ids) == 1
        assert token in tokenizer.all_special_tokens


def test_training_depends_on_the_texts_and_not_on_their_order(folder, tmp_path):
    train_tokenizer(random.Random(0).sample(TEXTS, len(TEXTS)), tmp_path / "again", 400)
    for name in ("tokenizer.json", "tokenizer_config.json"):
        assert (tmp_path / "again" / name).read_bytes() == (folder / name).read_bytes()


def test_vocabulary_keeps_its_bound_with_contiguous_ids(tmp_path):
    words = [f"word{i:x} lorem{i % 7}" for i in range(300)] * 3
    tokenizer = train_tokenizer(words, tmp_path / "out", 330)
    assert len(tokenizer) <= 330
    assert sorted(tokenizer.get_vocab().values()) == list(range(len(tokenizer)))


def test_misuse_is_refused_and_leaves_nothing_behind(folder, tmp_path):
    with pytest.raises(ValueError, match="vocab_size=100 cannot hold"):
        train_tokenizer(TEXTS, tmp_path / "small", 100)
    with pytest.raises(ValueError, match="no text"):
        train_tokenizer([], tmp_path / "none", 400)
    with pytest.raises(ValueError, match="exists already"):
        train_tokenizer(TEXTS, folder, 400)
    assert list(tmp_path.iterdir()) == []


def test_every_text_of_a_sample_is_read():
    record = {
        "caption": "one",
        "negatives": [{"kind": "rule", "text": "two"}, {"kind": "image", "image": "neg00.png"}],
        "messages": [
            {"role": "user", "content": [{"type": "image"}, {"type": "text", "text": "three"}]},
            {"role": "assistant", "content": "four"},
        ],
    }
    sample = parse_sample("a", {"json": json.dumps(record).encode(), "png": b"x", "neg00.png": b"x"})
    assert list(sample_texts(sample)) == ["one", "two", "three", "four"]
