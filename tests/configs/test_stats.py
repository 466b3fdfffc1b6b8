"""Bootstrap intervals against independent numbers."""

import numpy as np
import pytest

from configs.stats import bootstrap_interval, paired_bootstrap


def test_interval_is_close_to_the_normal_approximation():
    hits = np.arange(1000) < 300
    low, high = bootstrap_interval(hits)
    margin = 1.96 * np.sqrt(0.3 * 0.7 / 1000)
    assert low == pytest.approx(0.3 - margin, abs=0.004)
    assert high == pytest.approx(0.3 + margin, abs=0.004)


def test_same_seed_gives_the_same_interval_and_another_seed_another():
    values = np.random.default_rng(1).normal(size=200)
    assert bootstrap_interval(values, seed=3) == bootstrap_interval(values, seed=3)
    assert bootstrap_interval(values, seed=3) != bootstrap_interval(values, seed=4)


def test_interval_covers_the_truth_about_95_times_in_100():
    rng = np.random.default_rng(0)
    intervals = [bootstrap_interval(rng.random(200) < 0.4, samples=400, seed=i) for i in range(300)]
    assert 0.90 <= np.mean([low <= 0.4 <= high for low, high in intervals]) <= 0.99


def test_paired_interval_is_narrower_than_unpaired_when_systems_agree():
    rng = np.random.default_rng(0)
    hard = rng.random(1000)
    a, b = hard < 0.52, hard < 0.50
    result = paired_bootstrap(a, b)
    assert result["difference"] == pytest.approx(a.mean() - b.mean())
    assert 0 < result["low"] < result["difference"] < result["high"]
    assert result["p"] < 0.05
    low, high = bootstrap_interval(a)
    assert result["high"] - result["low"] < (high - low) / 2


def test_identical_systems_have_no_difference():
    hits = np.arange(50) % 2
    assert paired_bootstrap(hits, hits) == {"difference": 0.0, "low": 0.0, "high": 0.0, "p": 1.0}


def test_swapping_the_systems_mirrors_the_interval():
    rng = np.random.default_rng(0)
    a, b = rng.random(100), rng.random(100)
    there, back = paired_bootstrap(a, b), paired_bootstrap(b, a)
    assert there["difference"] == pytest.approx(-back["difference"])
    assert there["low"] == pytest.approx(-back["high"])
    assert there["p"] == pytest.approx(back["p"])


def test_large_inputs_are_resampled_in_bounded_memory():
    low, high = bootstrap_interval(np.arange(300_000) % 2, samples=50)
    assert 0.49 < low < high < 0.51


@pytest.mark.parametrize("bad", [np.array([]), np.ones((2, 2)), np.array([1.0, np.nan])])
def test_unusable_values_are_refused(bad):
    with pytest.raises(ValueError, match="non-empty 1-d array of finite numbers"):
        bootstrap_interval(bad)


def test_unequal_lengths_and_no_resamples_are_refused():
    with pytest.raises(ValueError, match="same samples"):
        paired_bootstrap(np.ones(3), np.ones(4))
    with pytest.raises(ValueError, match="at least 1"):
        bootstrap_interval(np.ones(3), samples=0)
