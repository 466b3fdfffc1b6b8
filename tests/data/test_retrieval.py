"""Mining similar captions: against a naive computation, for any block size, and with the truth check."""

import itertools
import math
import random
import re
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.retrieval import TOKEN, choose, mine

WORDS = ["triangle", "square", "AB", "CD", "BC", "∥", "=", "5", "5.5", "°", "∠ABC", "Point", "point"]


def captions(count, seed=0):
    rng = random.Random(seed)
    return [" ".join(rng.choices(WORDS, k=6)) + f" {n}" for n in range(count)]


def naive(texts):
    """Cosine of (1 + ln tf) * (1 + ln((1 + n) / (1 + df))), written out."""
    grams = []
    for text in texts:
        tokens = re.findall(TOKEN, text)
        grams.append(Counter([*tokens, *(" ".join(pair) for pair in itertools.pairwise(tokens))]))
    df = Counter(gram for counts in grams for gram in counts)
    vectors = [
        {g: (1 + math.log(c)) * (1 + math.log((1 + len(texts)) / (1 + df[g]))) for g, c in counts.items()}
        for counts in grams
    ]
    norms = [math.sqrt(sum(value**2 for value in vector.values())) for vector in vectors]
    cosine = np.array([[sum(a[g] * b.get(g, 0) for g in a) for b in vectors] for a in vectors])
    return cosine / np.outer(norms, norms)


def test_it_finds_what_a_naive_search_finds():
    texts = captions(40)
    cosine = naive(texts)
    np.fill_diagonal(cosine, -1)
    scores, found = mine(texts, top=5)
    for row in range(40):
        assert scores[row] == pytest.approx(np.sort(cosine[row])[::-1][:5], abs=1e-5)
        assert cosine[row, found[row]] == pytest.approx(scores[row], abs=1e-5)
        assert row not in found[row]


@settings(max_examples=10)
@given(st.integers(1, 1 << 16), st.integers(1, 30))
def test_the_result_does_not_depend_on_the_block_size(block_bytes, top):
    texts = captions(20, seed=3)
    for one, other in zip(mine(texts, top=top), mine(texts, top=top, block_bytes=block_bytes), strict=True):
        assert np.array_equal(one, other)


def test_the_nearest_caption_is_the_one_with_most_words_in_common():
    texts = ["In △ABC, AB ∥ CD.", "A circle with centre O.", "In △ABC, AB ∥ CE.", "In △XYZ, XY = 4."]
    _, found = mine(texts, top=1)
    assert found[0] == 2
    assert found[2] == 0


def test_letters_keep_their_case():
    scores, _ = mine(["AB CD", "ab cd"], top=1)
    assert scores[0, 0] == 0


def test_equal_captions_are_no_negatives_of_each_other():
    texts = ["x y z", "x y z", "x y w", "x y w", "x v w"]
    scores, found = mine(texts, top=9)
    assert found.shape == scores.shape == (5, 2)
    assert found.tolist() == [[2, 4], [2, 4], [0, 4], [0, 4], [2, 0]]


def test_few_captions_and_bad_counts():
    assert mine(["same", "same"], top=3)[1].shape == (2, 0)
    with pytest.raises(ValueError, match="top=0"):
        mine(["a b", "b c"], top=0)


def test_only_candidates_proved_false_are_chosen_in_order():
    truth = {3: (False, 0.2), 1: (True, 2.5), 7: (True, 1.5), 2: (True, 9.0)}
    chosen, refused = choose([3, 1, 7, 2], 2, truth.__getitem__)
    assert chosen == [(1, 2.5), (7, 1.5)]
    assert refused == 1
    assert choose([3], 2, truth.__getitem__) == ([], 1)
