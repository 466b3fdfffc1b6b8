"""Retrieval negatives: the most similar captions of other samples (arXiv 2505.20152), each made sure of.

The paper takes the nearest captions as they are. A near caption is often a true one, so each is checked
against the scene of the sample before it is used.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from os import cpu_count

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer

TOKEN = r"[^\W\d_]+|\d+(?:\.\d+)?|[^\w\s]"  # words and letter names, numbers, symbols such as ∥, °, √
BLOCK_BYTES = 1 << 26


def mine(captions: list[str], *, top: int, block_bytes: int = BLOCK_BYTES) -> tuple[np.ndarray, np.ndarray]:
    """Return the ``top`` most similar other captions of every caption, best first.

    Similarity is the cosine of tf-idf vectors over tokens and pairs of neighbouring tokens, case kept,
    because letters name points. A caption equal to the sample's own is never returned, and of equal captions
    only the first.

    Returns:
        scores, float32 [samples, k], and indices into ``captions``, int64 [samples, k]; k is ``top``, or the
        number of other distinct captions if that is less. Ties go to the lower index. A thread needs
        ``block_bytes`` of memory for scores, however many captions there are.
    """
    if top < 1:
        raise ValueError(f"top={top} is not allowed; use at least 1")
    first: dict[str, int] = {}
    for at, caption in enumerate(captions):
        first.setdefault(caption, at)
    k = min(top, len(first) - 1)
    if k < 1:
        return np.zeros((len(captions), 0), np.float32), np.zeros((len(captions), 0), np.int64)
    vectorizer = TfidfVectorizer(
        token_pattern=TOKEN, lowercase=False, ngram_range=(1, 2), sublinear_tf=True, dtype=np.float32
    )
    vectors = vectorizer.fit_transform(first)
    # A sparse matrix times a dense block of rows is three times as fast as sparse times sparse, and as exact.
    rows = max(1, block_bytes // (4 * (3 * len(first) + vectors.shape[1])))

    def block(start: int) -> tuple[np.ndarray, np.ndarray]:
        dense = vectors[start : start + rows].T.toarray(order="C")
        scores = np.ascontiguousarray((vectors @ dense).T)
        scores[np.arange(len(scores)), start + np.arange(len(scores))] = -1.0  # not itself
        return _best(scores, k)

    with ThreadPoolExecutor(cpu_count()) as pool:
        parts = list(pool.map(block, range(0, len(first), rows)))
    scores, found = (np.concatenate(part) for part in zip(*parts, strict=True))
    place = {caption: row for row, caption in enumerate(first)}
    own = np.array([place[caption] for caption in captions])
    return scores[own], np.array(list(first.values()))[found][own]


def choose(
    candidates: Iterable[int], count: int, is_false: Callable[[int], tuple[bool, float | None]]
) -> tuple[list[tuple[int, float | None]], int]:
    """Return the first ``count`` false candidates with their residuals, and how many were passed over."""
    chosen: list[tuple[int, float | None]] = []
    refused = 0
    for candidate in candidates:
        if len(chosen) == count:
            break
        false, residual = is_false(candidate)
        if false:
            chosen.append((candidate, residual))
        else:
            refused += 1
    return chosen, refused


def _best(scores: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """Top ``k`` of each row, [rows, k], best first; equal scores by lower column."""
    threshold = -np.partition(-scores, k - 1, axis=1)[:, k - 1]
    best = np.empty((len(scores), k), np.int64)
    for row, least in enumerate(threshold):
        near = np.flatnonzero(scores[row] >= least)  # at least k, more where the last place is shared
        best[row] = near[np.argsort(-scores[row, near], kind="stable")][:k]
    return np.take_along_axis(scores, best, axis=1), best
