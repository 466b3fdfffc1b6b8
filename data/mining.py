"""Similar captions of other samples: mined exactly, sampled, and each made sure of.

The paper takes the nearest captions as they are (arXiv 2505.20152). A near caption is often a true one, so
each is checked against the scene of the sample where there is one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from configs.retrieval import MiningConfig
from data.embed import TFIDF, embed
from data.nearest import nearest
from data.ondisk import fill
from data.sample import Edit, Negative, Sample
from data.scene.engine import truth_of_caption
from data.statements import UNREADABLE, Statements, digest, scene_of_sample

CANDIDATES = 5
"""Similar captions looked at per retrieval negative asked for; many are true of the scene."""
STEP = 4096
"""Captions searched between two savings."""
NEIGHBOUR = np.dtype([("score", np.float32), ("row", np.int64)])
NOT_FALSE = "retrieval: not false of the scene"
USELESS = "retrieval: empty, or a negative of the sample already"
STRANGE = "retrieval: facts that the engine does not know"
SAME = "retrieval: states the same as the caption or a nearer candidate"


@dataclass(frozen=True)
class Neighbours:
    """The most similar other captions of every caption: ``found[i]`` are scores and numbers, best first.

    ``table`` [distinct captions, k] holds numbers of distinct captions, ``first`` the number of the first
    caption of each, ``own`` which one a caption is.
    """

    table: np.ndarray
    first: np.ndarray
    own: np.ndarray

    def __getitem__(self, i: int | slice) -> tuple[np.ndarray, np.ndarray]:
        rows = self.table[self.own[i]]
        return rows["score"], self.first[rows["row"]]


def mine(
    captions: Sequence[str], *, top: int, embedder: str = TFIDF, store: Path | None = None
) -> Neighbours:
    """Return the ``top`` most similar other captions of each by cosine, exactly; ties by lower number.

    A caption equal to the sample's own is never returned, and of equal captions only the first; there are
    fewer than ``top`` if there are no more others. With a folder ``store``, whose name must stand for
    captions and options, vectors and neighbours are files there: memory does not grow with them, and a
    stopped run goes on.
    """
    if top < 1:
        raise ValueError(f"top={top} is not allowed; use at least 1")
    first, own = _distinct(captions)
    k = min(top, len(first) - 1)
    if k < 1:
        return Neighbours(np.zeros((len(first), 0), NEIGHBOUR), first, own)
    (vectors,) = embed(embedder, _Picked(captions, first), store=store)

    def block(start: int, stop: int) -> np.ndarray:
        found = np.empty((stop - start, k), NEIGHBOUR)
        found["score"], found["row"] = nearest(vectors[start:stop], vectors, k, np.arange(start, stop))
        return found

    path = None if store is None else store / "neighbours.npy"
    return Neighbours(fill(path, (len(first), k), NEIGHBOUR, block, step=STEP, label="mining"), first, own)


def simans(scores: np.ndarray, *, a: float, peak: float, rng: np.random.Generator) -> np.ndarray:
    """Return candidates in the order of a SimANS draw without replacement, p ∝ exp(−a(s − peak)²).

    ``peak`` is s⁺ − b of the formula; see :class:`configs.retrieval.MiningConfig` for its degenerate case.
    Computed in log space: the largest of log p + Gumbel noise is a draw from p, the next largest are draws
    from what is left, however small p is.
    """
    weights = -a * (scores.astype(np.float64) - peak) ** 2
    return np.argsort(-(weights + rng.gumbel(size=len(scores))), kind="stable")


def choose(
    candidates: Iterable[int], count: int, is_false: Callable[[int], tuple[bool, float | None]]
) -> list[tuple[int, float | None]]:
    """Return the first ``count`` false candidates with their residuals; no more are asked about."""
    judged = ((candidate, *is_false(candidate)) for candidate in candidates)
    return list(islice(((candidate, residual) for candidate, false, residual in judged if false), count))


def retrieval_negatives(
    sample: Sample,
    own: int,
    scores: np.ndarray,
    rows: np.ndarray,
    said: Statements,
    *,
    count: int,
    cfg: MiningConfig,
    seed: int,
) -> tuple[tuple[Negative, ...], Counter[str]]:
    """Return up to ``count`` negatives from a sample's neighbours, and how many candidates fell out, and why.

    ``own`` is the sample's number in ``said``, ``scores`` and ``rows`` its neighbours, best first. A
    statement counts once, in its nearest wording. Where the sample has a scene, a candidate that is not false
    of it is passed over; else the verdict is ``unverified``. The draw depends on (seed, key) alone.
    """
    kept = once(said.ids[rows], int(said.ids[own]))
    order = kept
    if cfg.sampling == "simans":
        rng = np.random.default_rng(digest(f"{seed}/{sample.key}/simans") % 2**63)
        order = kept[simans(scores[kept], a=cfg.a, peak=cfg.peak_score, rng=rng)]
    scene = scene_of_sample(sample) if "program" in sample.meta else None
    taken = {"", *(negative.text for negative in sample.negatives)}
    reasons = Counter({SAME: len(rows) - len(kept)})

    def is_false(at: int) -> tuple[bool, float | None]:
        caption, facts = said[int(rows[at])]
        if caption in taken:
            reasons[USELESS] += 1
            return False, None
        if scene is None:
            return True, None
        try:
            truth = truth_of_caption(scene, facts)
        except UNREADABLE:  # of a set that writes facts in a way of its own
            reasons[STRANGE] += 1
            return False, None
        reasons[NOT_FALSE] += truth.verdict != "false"
        return truth.verdict == "false", round(truth.residual, 3)

    chosen = choose(order.tolist(), count, is_false)
    verdict = "unverified" if scene is None else "false"
    found = []
    for at, residual in chosen:
        text = said[int(rows[at])][0]
        edits = (Edit("retrieval", sample.caption, text),)
        score = round(float(scores[at]), 4)
        found.append(Negative("retrieval", text, None, edits, verdict, residual, score))
    return tuple(found), +reasons


def once(ids: np.ndarray, own: int) -> np.ndarray:
    """Return the places of candidates that state neither what the sample nor what a nearer one states."""
    places = np.sort(np.unique(ids, return_index=True)[1])
    return places[ids[places] != own]


def looked_at(cfg: MiningConfig, count: int) -> int:
    """Return how many candidates are mined for ``count`` negatives."""
    return CANDIDATES * count if cfg.top is None else cfg.top


def _distinct(texts: Iterable[str]) -> tuple[np.ndarray, np.ndarray]:
    """Return the first place of every distinct text, in order, and per text which one it is."""
    digests = np.fromiter(map(digest, texts), np.int64)
    _, first, inverse = np.unique(digests, return_index=True, return_inverse=True)
    order = np.argsort(first)
    rank = np.empty_like(order)
    rank[order] = np.arange(len(order))
    return first[order].astype(np.int64), rank[inverse].astype(np.int64)


class _Picked(Sequence[str]):
    """Some of many texts, by their numbers."""

    def __init__(self, texts: Sequence[str], rows: np.ndarray) -> None:
        self.texts, self.rows = texts, rows

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, i: Any) -> Any:
        if isinstance(i, slice):
            return [self.texts[row] for row in self.rows[i].tolist()]
        return self.texts[int(self.rows[i])]
