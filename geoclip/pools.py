"""Hit@k over candidate pools: the positive against negatives of one kind, sample by sample.

Pools ``rule`` and ``retrieval`` put a picture's caption against negative captions, ``random`` against
captions of other samples, ``image`` a caption's picture against edited pictures. A negative that scores as
high as the positive counts as ahead of it: ties are misses.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor

from configs.stats import bootstrap_interval, paired_bootstrap
from geoclip.collate import Batch
from geoclip.encoder import DualEncoder
from geoclip.losses import owners

POOLS = ("random", "retrieval", "rule", "image")
KS = (1, 5)


@dataclass
class Hits:
    """One pool, a row per sample that has it: candidates ahead of the positive or level with it."""

    keys: list[str] = field(default_factory=list)
    ahead: list[int] = field(default_factory=list)
    tied: list[bool] = field(default_factory=list)
    negatives: list[int] = field(default_factory=list)

    def add(self, key: str, own: float, others: np.ndarray) -> None:
        """Add a sample with its positive's score and its negatives' scores."""
        self.keys.append(key)
        self.ahead.append(int((others >= own).sum()))
        self.tied.append(bool((others == own).any()))
        self.negatives.append(len(others))

    def at(self, k: int) -> np.ndarray:
        """Return 1.0 for samples whose positive is among the first k, 0.0 for others, ``[n]``."""
        return (np.array(self.ahead) < k).astype(float)


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
        negatives: list[dict[str, list[tuple[str, float]]]] = [defaultdict(list) for _ in range(size)]
        for anchor, other, offsets, labels in (
            (picture, texts[batch.text_negative], batch.text_offsets, batch.text_labels),
            (caption, images[size:], batch.image_offsets, batch.image_labels),
        ):
            owner = owners(offsets, size, len(other))
            values = (anchor[owner] * other).sum(-1).tolist()
            for i, (kind, operator), value in zip(owner.tolist(), labels, values, strict=True):
                negatives[i][kind].append((operator, value))
        scores.keys += batch.keys
        scores.captions += batch.captions
        scores.own += (picture * caption).sum(-1).tolist()
        scores.negatives += negatives
        scores.images.append(picture)
        scores.texts.append(caption)
    return scores


def pool_hits(scores: Scores, *, negatives: int, seed: int) -> dict[str, Hits]:
    """Return the four pools with at most ``negatives`` candidates beside the positive.

    A sample without negatives of a kind is left out of that pool. The random pool draws, from (seed,
    position), different captions of other samples that don't equal the sample's own.
    """
    pools = {name: Hits() for name in POOLS}
    distinct = {caption: i for i, caption in reversed([*enumerate(scores.captions)])}
    first_use = np.array(sorted(distinct.values()), dtype=int)
    images, texts = torch.cat(scores.images), torch.cat(scores.texts)
    for i, (key, own) in enumerate(zip(scores.keys, scores.own, strict=True)):
        for kind in POOLS[1:]:
            if found := scores.negatives[i].get(kind):
                pools[kind].add(key, own, np.array([value for _, value in found[:negatives]]))
        others = first_use[first_use != distinct[scores.captions[i]]]
        picks = np.random.default_rng([seed, i]).choice(others, min(negatives, len(others)), replace=False)
        if len(picks):
            pools["random"].add(key, own, (images[i] * texts[picks]).sum(-1).numpy())
    return pools


def summary(hits: Hits, samples: int, *, resamples: int, seed: int) -> dict[str, Any]:
    """Return Hit@k with 95 % intervals, tie rate, chance, sizes, and how many samples were left out."""
    n = len(hits.keys)
    if not n:
        return {"n": 0, "left_out": samples}
    sizes = np.array(hits.negatives)
    result: dict[str, Any] = {"n": n, "left_out": samples - n, "tie_rate": float(np.mean(hits.tied))}
    result["negatives"] = {"min": int(sizes.min()), "mean": float(sizes.mean()), "max": int(sizes.max())}
    result["ci95"], result["chance"] = {}, {}
    for k in KS:
        values = hits.at(k)
        result[f"hit@{k}"] = float(values.mean())
        result["ci95"][f"hit@{k}"] = list(bootstrap_interval(values, samples=resamples, seed=seed))
        result["chance"][f"hit@{k}"] = float(np.minimum(1.0, k / (1 + sizes)).mean())
    return result


def operator_accuracy(scores: Scores, *, resamples: int, seed: int) -> dict[str, dict[str, Any]]:
    """Return, per ``kind/operator``, pairwise accuracy, and Hit@k among that operator's negatives alone.

    Accuracy is how often the positive scores above the negative (a tie is a miss), a sample's negatives
    averaged first, as the intervals resample samples; its chance is 0.5. Samples have different numbers of an
    operator's negatives, so Hit@k has the chance that stands beside it.
    """
    pools: dict[str, Hits] = defaultdict(Hits)
    for key, own, kinds in zip(scores.keys, scores.own, scores.negatives, strict=True):
        others: dict[str, list[float]] = defaultdict(list)
        for kind, found in kinds.items():
            for operator, value in found:
                others[f"{kind}/{operator or 'unknown'}"].append(value)
        for name, values in others.items():
            pools[name].add(key, own, np.array(values))
    result = {}
    for name, hits in sorted(pools.items()):
        rates = 1.0 - np.array(hits.ahead) / np.array(hits.negatives)
        result[name] = {
            "accuracy": float(rates.mean()),
            "ci95": list(bootstrap_interval(rates, samples=resamples, seed=seed)),
            "n": len(rates),
            "pairs": sum(hits.negatives),
            "pool": summary(hits, len(rates), resamples=resamples, seed=seed),
        }
    return result


def compare(
    a: dict[str, Hits], b: dict[str, Hits], *, k: int = 1, resamples: int = 2000, seed: int = 0
) -> dict[str, dict[str, float]]:
    """Return per pool Hit@k of ``a`` minus that of ``b`` with its paired interval, on the samples of both."""
    result = {}
    for pool in POOLS:
        ours = dict(zip(a[pool].keys, a[pool].at(k).tolist(), strict=True))
        theirs = dict(zip(b[pool].keys, b[pool].at(k).tolist(), strict=True))
        if keys := [key for key in ours if key in theirs]:
            first, second = (np.array([hits[key] for key in keys]) for hits in (ours, theirs))
            found = paired_bootstrap(first, second, samples=resamples, seed=seed)
            result[pool] = {**found, "n": len(keys)}
    return result


def _refuse_nan(keys: list[str], *features: Tensor) -> None:
    rows = torch.stack([f.isfinite().all(1) for f in features]).all(0)
    if bad := [key for key, good in zip(keys, rows.tolist(), strict=True) if not good]:
        raise ValueError(f"features are not numbers for samples {', '.join(bad)}; the model is damaged")
