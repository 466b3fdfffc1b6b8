"""Hit@k over candidate pools: the positive against negatives of one kind, sample by sample.

From picture to text, pools ``rule`` and ``retrieval`` put a picture's caption against negative captions,
``random`` against captions of other samples. From text to picture, ``image`` puts a caption's picture against
edited pictures, ``random_t2i`` and ``retrieval_t2i`` against the pictures of those other samples. A negative
that scores as high as the positive counts as ahead of it: ties are misses.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from torch import Tensor

from data.scene.pairs import Told, true_of
from geoclip.collate import Batch
from geoclip.encoder import DualEncoder
from geoclip.hits import Hits
from geoclip.losses import owners

POOLS = ("random", "retrieval", "rule", "image")
"""The paper's four, in its order."""
T2I = ("random_t2i", "retrieval_t2i")
"""The first two from text to picture; ``rule`` has no pictures of its negatives, ``image`` no captions."""


@dataclass
class Scores:
    """Cosines of one encoder on a set of samples, float64."""

    keys: list[str] = field(default_factory=list)
    captions: list[str] = field(default_factory=list)
    own: list[float] = field(default_factory=list)
    negatives: list[dict[str, list[tuple[str, float]]]] = field(default_factory=list)
    """Per sample and kind (rule, retrieval, image) the operator and score of each negative."""
    images: list[Tensor] = field(default_factory=list)
    texts: list[Tensor] = field(default_factory=list)
    text_ids: list[int] = field(default_factory=list)
    """Hash of each caption's tokens."""
    retrieved: list[list[int]] = field(default_factory=list)
    """Per sample the hashes of its retrieval negatives, in their order."""
    told: list[bytes] = field(default_factory=list)
    """Per sample what decides which captions are true of it, as :meth:`data.scene.pairs.Told.to_bytes`."""


@torch.inference_mode()
def score(encoder: DualEncoder, batches: Iterable[Batch], device: Any = "cpu") -> Scores:
    """Encode ``batches`` and score every sample against its own negatives.

    Raises ValueError naming the samples whose features are not numbers.
    """
    encoder = encoder.to(device).eval()
    scores = Scores()
    for batch in batches:
        images, texts, *_ = encoder(
            *(t.to(device) for t in (batch.images, batch.input_ids, batch.attention_mask))
        )
        images, texts = images.double().cpu(), texts.double().cpu()
        size = len(batch)
        picture, caption = images[:size], texts[batch.caption]
        _refuse_nan(batch.keys, picture, caption)
        scores.keys += batch.keys
        scores.captions += batch.captions
        scores.own += (picture * caption).sum(-1).tolist()
        scores.negatives += own_negatives(batch, images, texts)
        scores.images.append(picture)
        scores.texts.append(caption)
        scores.text_ids += batch.text_ids[batch.caption].tolist()
        scores.retrieved += _retrieved(batch)
        scores.told += [bytes(row).rstrip(b"\0") for row in batch.told.numpy()]
    return scores


def own_negatives(batch: Batch, images: Tensor, texts: Tensor) -> list[dict[str, list[tuple[str, float]]]]:
    """Return per sample and kind the operator and cosine of each of its negatives.

    ``images`` ``[B + M, D]`` and ``texts`` ``[T, D]`` are the features of the batch, in its order.
    """
    size = len(batch)
    found: list[dict[str, list[tuple[str, float]]]] = [defaultdict(list) for _ in range(size)]
    for anchor, other, offsets, labels in (
        (images[:size], texts[batch.text_negative], batch.text_offsets, batch.text_labels),
        (texts[batch.caption], images[size:], batch.image_offsets, batch.image_labels),
    ):
        owner = owners(offsets, size, len(other))
        values = (anchor[owner] * other).sum(-1).tolist()
        for i, (kind, operator), value in zip(owner.tolist(), labels, values, strict=True):
            found[i][kind].append((operator, value))
    return found


def _retrieved(batch: Batch) -> list[list[int]]:
    ids, ends = batch.text_ids[batch.text_negative].tolist(), batch.text_offsets.tolist()
    rows = [range(start, end) for start, end in pairwise(ends)]
    return [[ids[at] for at in row if batch.text_labels[at][0] == "retrieval"] for row in rows]


class Pools:
    """The candidates beside each sample's positive, at most ``negatives`` of them.

    The random pools draw, from (seed, position), samples with another caption. ``retrieval_t2i`` takes the
    samples whose captions are the retrieval negatives, as far as they are in the set. Of other samples, those
    whose scene or caption shows that they are not wrong are left out.
    """

    def __init__(self, scores: Scores, *, negatives: int, seed: int) -> None:
        self.scores, self.negatives, self.seed = scores, negatives, seed
        self.images, self.texts = torch.cat(scores.images), torch.cat(scores.texts)
        self._first = {caption: i for i, caption in reversed([*enumerate(scores.captions)])}
        self._distinct = np.array(sorted(self._first.values()), dtype=int)
        self._place = {hash_: i for i, hash_ in reversed([*enumerate(scores.text_ids)])}
        told = scores.told or [b""] * len(scores.keys)
        both = zip(told, scores.captions, strict=True)
        self._told = [Told.from_bytes(raw) if raw else Told(caption) for raw, caption in both]

    def candidates(self, pool: str, i: int) -> tuple[np.ndarray, list[int]]:
        """Return cosines of sample ``i``'s candidates, and which they are: the place among its negatives of
        that kind, or the position of another sample."""
        if pool in POOLS[1:]:
            found = self.scores.negatives[i].get(pool, [])[: self.negatives]
            return np.array([value for _, value in found]), [*range(len(found))]
        others = self._random(i) if pool.startswith("random") else self._similar(i)
        if pool in T2I:
            others = self._wrong(others, [(j, i) for j in others])
            return (self.images[others] * self.texts[i]).sum(-1).numpy(), others
        others = self._wrong(others, [(i, j) for j in others])
        return (self.images[i] * self.texts[others]).sum(-1).numpy(), others

    def _random(self, i: int) -> list[int]:
        others = self._distinct[self._distinct != self._first[self.scores.captions[i]]]
        count = min(self.negatives, len(others))
        return np.random.default_rng([self.seed, i]).choice(others, count, replace=False).tolist()

    def _similar(self, i: int) -> list[int]:
        ids = self.scores.retrieved[i] if self.scores.retrieved else []
        found = dict.fromkeys(self._place[one] for one in ids if one in self._place)
        return [j for j in found if j != i][: self.negatives]

    def _wrong(self, others: Sequence[int], pairs: Sequence[tuple[int, int]]) -> list[int]:
        """Return those whose pair (picture, caption) is not known to match."""
        told = self._told
        return [
            j
            for j, (scene, caption) in zip(others, pairs, strict=True)
            if not len(true_of([told[scene]], [told[caption]]))
        ]


def pool_hits(scores: Scores, *, negatives: int, seed: int) -> dict[str, Hits]:
    """Return all pools of :class:`Pools`; a sample without candidates is left out of that pool."""
    return all_hits(Pools(scores, negatives=negatives, seed=seed))


def all_hits(pools: Pools) -> dict[str, Hits]:
    """Return the hits of every pool, the paper's four first."""
    found = {name: Hits() for name in (*POOLS, *T2I)}
    for name, hits in found.items():
        for i, (key, own) in enumerate(zip(pools.scores.keys, pools.scores.own, strict=True)):
            cosines, _ = pools.candidates(name, i)
            if len(cosines):
                hits.add(key, own, cosines)
    return found


def operator_hits(scores: Scores) -> dict[str, Hits]:
    """Return per ``kind/operator`` the positives against that operator's negatives alone."""
    pools: dict[str, Hits] = defaultdict(Hits)
    for key, own, kinds in zip(scores.keys, scores.own, scores.negatives, strict=True):
        others: dict[str, list[float]] = defaultdict(list)
        for kind, found in kinds.items():
            for operator, value in found:
                others[f"{kind}/{operator or 'unknown'}"].append(value)
        for name, values in others.items():
            pools[name].add(key, own, np.array(values))
    return dict(sorted(pools.items()))


def _refuse_nan(keys: list[str], *features: Tensor) -> None:
    rows = torch.stack([f.isfinite().all(1) for f in features]).all(0)
    if bad := [key for key, good in zip(keys, rows.tolist(), strict=True) if not good]:
        raise ValueError(f"features are not numbers for samples {', '.join(bad)}; the model is damaged")
