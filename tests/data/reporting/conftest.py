"""The results of a run with every part, every number of it different."""

import copy
from itertools import count

import pytest

POOLS = ("random", "retrieval", "rule", "image")


def _results():
    step = count(1)

    def share(low, high):
        """A share that no other place has, even when rounded to a tenth of a percent."""
        return round(low + (high - low) * (next(step) * 0.6180339887 % 1), 4)

    def interval(value):
        return [round(value - share(0.01, 0.03), 4), round(value + share(0.01, 0.03), 4)]

    def scored(names):
        values = {name: share(0.05, 0.95) for name in names}
        return values, {name: interval(value) for name, value in values.items()}

    encoders = {}
    for i, arm in enumerate(("untrained", "start", "C", "B", "A")):
        hits, ci95 = scored(POOLS)
        encoders[arm] = {
            "arm": arm,
            "objective": f"in_batch={i + 1}",
            "train_seconds": 61.0 * i,
            "samples_seen": 12_345 * i,
            "hit@1": hits,
            "ci95": ci95,
            "hit@5": scored(POOLS)[0],
            "tie_rate": {pool: share(0.0, 0.02) for pool in POOLS},
            "pool_size": {"random": 11, "retrieval": 10, "rule": 9.5, "image": 8},
            "n": 1000 + i,
            "per_operator": {
                pool: {
                    operator: {
                        "accuracy": (a := share(0.5, 0.95)),
                        "ci95": interval(a),
                        "n": 100 + next(step),
                        "hits": {
                            "hit@1": (h := share(0.5, 0.95)),
                            "ci95": interval(h),
                            "chance": 0.3,
                            "n": 90,
                        },
                    }
                    for operator in ("letters", "number")
                }
                for pool in ("rule", "image")
            },
        }
    lmms = {}
    for name in ("untrained", "B", "A"):
        accuracy, ci95 = scored(("shape", "read length", "overall"))
        lmms[name] = {
            "accuracy": accuracy,
            "ci95": ci95,
            "n": 900,
            "n_per_type": {"shape": 400, "read length": 500},
        }
    score = share(0.2, 0.4)
    return {
        "encoders": encoders,
        "lmms": lmms,
        "benchmarks": {
            "We-Math S2": {
                "accuracy": score,
                "ci95": interval(score),
                "n": 40,
                "chance": 0.2375,
                "unread": 17,
            }
        },
        "comparisons": [
            {
                "what": "encoders",
                "a": "B",
                "b": "A",
                "pool": "rule",
                "difference": 0.041,
                "low": 0.012,
                "high": 0.07,
            },
            {
                "what": "encoders",
                "a": "A",
                "b": "B",
                "pool": "image",
                "difference": -0.052,
                "low": -0.08,
                "high": -0.02,
            },
            {
                "what": "encoders",
                "a": "B",
                "b": "A",
                "pool": "random",
                "difference": -0.013,
                "low": -0.02,
                "high": -0.006,
            },
            {
                "what": "encoders",
                "a": "B",
                "b": "C",
                "pool": "rule",
                "difference": 0.007,
                "low": -0.015,
                "high": 0.033,
            },
            {"what": "lmms", "a": "B", "b": "A", "difference": 0.034, "low": 0.001, "high": 0.067},
            {"what": "lmms", "a": "A", "b": "untrained", "difference": 0.18, "low": 0.15, "high": 0.21},
            {"what": "lmms", "a": "B", "b": "untrained", "difference": 0.22, "low": 0.19, "high": 0.25},
        ],
        "data": {
            "samples": 9012,
            "negatives": {"rule": 81_234, "image": 71_235},
            "rejected": {"points too close": 321, "labels collide": 4567},
            "verified_false": 1.0,
        },
        "settings": {"seed": 3, "config_hash": "0123456789ab", "config": {"warmstart": "geoclip/mini"}},
        "environment": {"cpu": "two cores", "gpus": [], "versions": {"torch": "2.14.1"}},
        "seconds": {"data": 75.0, "encoder A": 130.0, "encoder B": 3675.0},
        "notes": ["We-Math has 60 composites here."],
    }


@pytest.fixture
def results():
    """A fresh copy that a test may change."""
    return copy.deepcopy(_results())
