"""How often positives come first: hits per sample, Hit@k with intervals, paired differences."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any

import numpy as np

from configs.stats import bootstrap_interval, paired_bootstrap

KS = (1, 5)


@dataclass
class Hits:
    """One pool, a row per sample that has it: candidates ahead of the positive or level with it."""

    keys: list[str] = field(default_factory=list)
    ahead: list[int] = field(default_factory=list)
    tied: list[bool] = field(default_factory=list)
    negatives: list[int] = field(default_factory=list)
    margin: list[float] = field(default_factory=list)
    """Score of the positive less that of the best negative."""

    def add(self, key: str, own: float, others: np.ndarray) -> None:
        """Add a sample with its positive's score and its negatives' scores."""
        self.keys.append(key)
        self.ahead.append(int((others >= own).sum()))
        self.tied.append(bool((others == own).any()))
        self.negatives.append(len(others))
        self.margin.append(float(own - others.max()))

    def at(self, k: int) -> np.ndarray:
        """Return 1.0 for samples whose positive is among the first k, 0.0 for others, ``[n]``."""
        return (np.array(self.ahead) < k).astype(float)

    def won(self) -> np.ndarray:
        """Return the share of its negatives that each positive scores above, ``[n]``."""
        return 1.0 - np.array(self.ahead) / np.array(self.negatives)

    def only(self, keys: set[str]) -> Hits:
        """Return the rows of these samples."""
        kept = [i for i, key in enumerate(self.keys) if key in keys]
        columns = {
            column.name: [values[i] for i in kept] if (values := getattr(self, column.name)) else []
            for column in fields(self)
        }
        return Hits(**columns)


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


def operator_accuracy(found: Mapping[str, Hits], *, resamples: int, seed: int) -> dict[str, dict[str, Any]]:
    """Return, per ``kind/operator`` of :func:`operator_hits`, pairwise accuracy and Hit@k.

    Accuracy is how often the positive scores above the negative (a tie is a miss), a sample's negatives
    averaged first, as the intervals resample samples; its chance is 0.5. Samples have different numbers of an
    operator's negatives, so Hit@k has the chance that stands beside it.
    """
    return {
        name: {
            "accuracy": float(hits.won().mean()),
            "ci95": list(bootstrap_interval(hits.won(), samples=resamples, seed=seed)),
            "n": len(hits.keys),
            "pairs": sum(hits.negatives),
            "pool": summary(hits, len(hits.keys), resamples=resamples, seed=seed),
        }
        for name, hits in found.items()
    }


def compare(
    a: Mapping[str, Hits], b: Mapping[str, Hits], *, k: int = 1, resamples: int = 2000, seed: int = 0
) -> dict[str, dict[str, float]]:
    """Return per pool Hit@k of ``a`` minus that of ``b`` with its paired interval, on the samples of both."""
    return _paired(a, b, lambda hits: hits.at(k), resamples, seed)


def compare_pairs(
    a: Mapping[str, Hits], b: Mapping[str, Hits], *, resamples: int = 2000, seed: int = 0
) -> dict[str, dict[str, float]]:
    """Return per operator the pairwise accuracy of ``a`` minus that of ``b``, as :func:`compare` does."""
    return _paired(a, b, Hits.won, resamples, seed)


def _paired(
    a: Mapping[str, Hits],
    b: Mapping[str, Hits],
    value: Callable[[Hits], np.ndarray],
    resamples: int,
    seed: int,
) -> dict[str, dict[str, float]]:
    result = {}
    for pool in a:
        if pool not in b:
            continue  # hits that were stored before there was this pool
        ours, theirs = (dict(zip(h.keys, value(h).tolist(), strict=True)) for h in (a[pool], b[pool]))
        if keys := [key for key in ours if key in theirs]:
            first, second = (np.array([hits[key] for key in keys]) for hits in (ours, theirs))
            found = paired_bootstrap(first, second, samples=resamples, seed=seed)
            result[pool] = {**found, "n": len(keys)}
    return result
