"""The nearest vectors against all scores, for dense and sparse vectors, with ties and repeated vectors."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_matrix

from data.nearest import inner, nearest


def unit(n, d, seed=0):
    vectors = np.random.default_rng(seed).normal(size=(n, d)).astype(np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def by_hand(queries, base, k, own=None):
    """All scores in float64, sorted; ties by the lower row."""
    scores = queries.astype(np.float64) @ base.astype(np.float64).T
    if own is not None:
        scores[np.arange(len(queries)), own] = -np.inf
    rows = np.lexsort((np.broadcast_to(np.arange(len(base)), scores.shape), -scores.round(9)), axis=1)[:, :k]
    return np.take_along_axis(scores, rows, 1), rows


@pytest.mark.parametrize(("n", "k"), [(300, 1), (300, 7), (300, 120), (30, 29)])
def test_it_finds_what_sorting_all_scores_finds(n, k):
    vectors = unit(n, 16)
    scores, rows = nearest(vectors, vectors, k, np.arange(n))
    want, order = by_hand(vectors, vectors, k, np.arange(n))
    assert np.array_equal(rows, order)
    assert scores == pytest.approx(want, abs=1e-6)
    assert scores.dtype == np.float32


def test_queries_of_another_set():
    queries, base = unit(5, 8, seed=1), unit(50, 8, seed=2)
    assert np.array_equal(nearest(queries, base, 3)[1], by_hand(queries, base, 3)[1])


def test_of_equal_vectors_the_lowest_rows_are_found():
    """Forty copies of three vectors: more copies than are fetched beyond k."""
    vectors = np.repeat(unit(3, 8), 40, axis=0)[np.random.default_rng(0).permutation(120)]
    _, rows = nearest(vectors, vectors, 5, np.arange(120))
    for i in range(120):
        equal = np.flatnonzero((vectors == vectors[i]).all(1))
        assert rows[i].tolist() == equal[equal != i][:5].tolist()


def test_all_vectors_equal():
    vectors = np.repeat(unit(1, 8), 30, axis=0)
    scores, rows = nearest(vectors, vectors, 3, np.arange(30))
    assert rows[:4].tolist() == [[1, 2, 3], [0, 2, 3], [0, 1, 3], [0, 1, 2]]
    assert scores == pytest.approx(np.ones((30, 3)), abs=1e-6)


def test_the_result_does_not_depend_on_how_queries_are_split():
    vectors = unit(200, 32)
    whole = nearest(vectors, vectors, 9, np.arange(200))
    parts = [nearest(vectors[a : a + 7], vectors, 9, np.arange(a, min(a + 7, 200))) for a in range(0, 200, 7)]
    for one, other in zip(whole, map(np.concatenate, zip(*parts, strict=True)), strict=True):
        assert np.array_equal(one, other)


@settings(max_examples=10)
@given(st.integers(1, 1 << 16), st.integers(1, 19))
def test_sparse_vectors_in_blocks_of_any_size(block_bytes, k):
    vectors = np.where(np.random.default_rng(5).random((20, 12)) < 0.3, 1.0, 0.0).astype(np.float32)
    sparse = csr_matrix(vectors)
    scores, rows = nearest(sparse, sparse, k, np.arange(20), block_bytes)
    want, order = by_hand(vectors, vectors, k, np.arange(20))
    assert np.array_equal(rows, order)
    assert scores == pytest.approx(want)


def test_scores_of_pairs():
    queries, base = unit(4, 8), unit(9, 8, seed=3)
    rows = np.array([[0, 8], [3, 3], [7, 1], [2, 5]])
    want = np.einsum("bd,bkd->bk", queries, base[rows])
    assert inner(queries, base, rows) == pytest.approx(want, abs=1e-6)
