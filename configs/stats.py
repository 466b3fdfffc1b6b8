"""Bootstrap intervals: how sure a mean, or the difference of two paired means, is. Plain numpy, no state."""

from __future__ import annotations

import numpy as np

_CELLS = 4_000_000  # resampled indices held at once (32 MB), so that memory does not grow with n × samples


def _finite(name: str, values: np.ndarray) -> np.ndarray:
    array = np.asarray(values, dtype=np.float64)
    if array.ndim != 1 or array.size == 0 or not np.isfinite(array).all():
        raise ValueError(f"{name}: got shape {array.shape}; expected a non-empty 1-d array of finite numbers")
    return array


def _resampled_means(values: np.ndarray, samples: int, seed: int) -> np.ndarray:
    """Return ``samples`` means of resamples of ``values`` with replacement, in a fixed order for a seed."""
    if samples < 1:
        raise ValueError(f"samples: got {samples}; expected at least 1 resample")
    rng = np.random.default_rng(seed)
    rows = max(1, _CELLS // values.size)
    means = [
        values[rng.integers(values.size, size=(min(rows, samples - start), values.size))].mean(axis=1)
        for start in range(0, samples, rows)
    ]
    return np.concatenate(means)


def bootstrap_interval(values: np.ndarray, *, samples: int = 2000, seed: int = 0) -> tuple[float, float]:
    """Return the 95 % percentile bootstrap interval of the mean of ``values``.

    ``values`` is ``[n]``: hits (0/1 or bool) or any per-sample score. The same input and seed give the same
    interval. Raises ``ValueError`` for an empty, non-finite or not one-dimensional input.
    """
    low, high = np.quantile(_resampled_means(_finite("values", values), samples, seed), (0.025, 0.975))
    return float(low), float(high)


def paired_bootstrap(a: np.ndarray, b: np.ndarray, *, samples: int = 2000, seed: int = 0) -> dict[str, float]:
    """Compare two systems on the same n samples: mean(a) − mean(b), its 95 % interval and a two-sided p.

    ``a`` and ``b`` are ``[n]`` scores in the same sample order; samples are resampled as pairs, so what both
    find hard cancels. ``p`` is twice the smaller share of resampled differences on either side of zero, with
    one added to both counts so that it is never 0. Raises ``ValueError`` when the shapes differ or the input
    is unusable.
    """
    first, second = _finite("a", a), _finite("b", b)
    if first.shape != second.shape:
        raise ValueError(
            f"a and b: got {first.size} and {second.size} values; a paired test needs the same samples"
        )
    gaps = first - second
    means = _resampled_means(gaps, samples, seed)
    low, high = np.quantile(means, (0.025, 0.975))
    tail = min((means <= 0).sum(), (means >= 0).sum())
    p = min(1.0, 2 * (tail + 1) / (samples + 1))
    return {"difference": float(gaps.mean()), "low": float(low), "high": float(high), "p": float(p)}
