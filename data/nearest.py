"""The nearest vectors by inner product, exactly: blocks of one matrix product, and the best of every row.

Dense vectors go through FAISS, which joins the product with the selection; sparse ones (tf-idf) through a
sparse times dense product. Memory for scores is bounded, however many vectors there are.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from os import cpu_count
from typing import TypeAlias

import faiss
import numpy as np
from scipy.sparse import csr_matrix

Vectors: TypeAlias = np.ndarray | csr_matrix
BLOCK_BYTES = 1 << 26
SPARE = 4
"""Neighbours fetched beyond those asked for, to see where the last place is shared."""
ROUNDING = 2e-6
"""By how much a score of a matrix product may differ from the same score computed alone, for unit vectors."""


def nearest(
    queries: Vectors, base: Vectors, k: int, own: np.ndarray | None = None, block_bytes: int = BLOCK_BYTES
) -> tuple[np.ndarray, np.ndarray]:
    """Return scores, float32 [q, k], and rows of ``base``, int64 [q, k], best first; ties by the lower row.

    ``own`` int64 [q] is the row of ``base`` that a query must not find: itself. ``k`` is at most the number
    of rows that can be found. Neither threads nor blocks change the result: scores are computed pair by pair
    after the selection, and a row whose last place is shared within rounding is searched again.
    """
    if not isinstance(queries, np.ndarray):
        return _sparse(queries, base, k, own, block_bytes)
    return _dense(np.ascontiguousarray(queries), base, k, own)


def inner(queries: np.ndarray, base: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Return the inner products of each query [q, d] with its ``rows`` [q, k] of ``base``, float32 [q, k].

    Equal pairs of vectors give equal numbers, wherever they stand. ``rows`` below zero give rubbish.
    """
    found = np.empty(rows.shape, np.float32)
    rows = np.ascontiguousarray(rows, np.int64)
    pointers = (faiss.swig_ptr(array) for array in (found, queries, base, rows))
    by_row = faiss.fvec_inner_products_by_idx  # type: ignore[attr-defined]
    by_row(*pointers, queries.shape[1], *rows.shape)
    return found


def _dense(
    queries: np.ndarray, base: np.ndarray, k: int, own: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray]:
    # A tile of 1024 × 4096 scores stays in the cache between product and selection.
    faiss.cvar.distance_compute_blas_query_bs, faiss.cvar.distance_compute_blas_database_bs = 1024, 4096
    wanted = min(k + SPARE + (own is not None), len(base))
    rough, rows = faiss.knn(queries, base, wanted, metric=faiss.METRIC_INNER_PRODUCT)
    scores, rows = _ranked(inner(queries, base, rows), rows, k, own)
    if wanted < len(base):
        for i in np.flatnonzero(rough[:, -1] >= scores[:, -1] - ROUNDING):
            near = np.flatnonzero(base @ queries[i] >= scores[i, -1] - ROUNDING)[None]
            exact = inner(queries[i : i + 1], base, near)
            found = _ranked(exact, near, k, None if own is None else own[i : i + 1])
            scores[i], rows[i] = found[0][0], found[1][0]
    return scores, rows


def _ranked(
    scores: np.ndarray, rows: np.ndarray, k: int, own: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray]:
    if own is not None:
        scores[rows == own[:, None]] = -np.inf
    order = np.lexsort((rows, -scores), axis=1)[:, :k]
    return np.take_along_axis(scores, order, 1), np.take_along_axis(rows, order, 1)


def _sparse(
    queries: csr_matrix, base: csr_matrix, k: int, own: np.ndarray | None, block_bytes: int
) -> tuple[np.ndarray, np.ndarray]:
    # A sparse matrix times a dense block of rows is three times as fast as sparse times sparse, and as exact.
    rows = max(1, block_bytes // (4 * (3 * base.shape[0] + base.shape[1])))

    def block(start: int) -> tuple[np.ndarray, np.ndarray]:
        dense = queries[start : start + rows].T.toarray(order="C")
        scores = np.ascontiguousarray((base @ dense).T)
        if own is not None:
            scores[np.arange(len(scores)), own[start : start + rows]] = -1.0
        return _best(scores, k)

    return _joined(block, range(0, queries.shape[0], rows))


def _joined(
    block: Callable[[int], tuple[np.ndarray, np.ndarray]], starts: range
) -> tuple[np.ndarray, np.ndarray]:
    with ThreadPoolExecutor(cpu_count()) as pool:
        scores, rows = zip(*pool.map(block, starts), strict=True)
    return np.concatenate(scores), np.concatenate(rows)


def _best(scores: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """Top ``k`` of each row, [rows, k], best first; equal scores by lower column."""
    threshold = -np.partition(-scores, k - 1, axis=1)[:, k - 1]
    best = np.empty((len(scores), k), np.int64)
    for row, least in enumerate(threshold):
        near = np.flatnonzero(scores[row] >= least)  # at least k, more where the last place is shared
        best[row] = near[np.argsort(-scores[row, near], kind="stable")][:k]
    return np.take_along_axis(scores, best, axis=1), best
