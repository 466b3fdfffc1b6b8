"""Which of its negatives a sample brings into a batch: the first, drawn ones, or all to choose from."""

from __future__ import annotations

import hashlib
import random

import numpy as np

from configs.objective import KINDS, NegativesConfig
from data.sample import Negative, Sample


def choose(sample: Sample, cfg: NegativesConfig, epoch: int = 0) -> list[Negative]:
    """Return the negatives a sample brings: per kind all, or as many as ``cfg`` says, by its rule.

    What is drawn depends on (seed, key, kind), and with ``fresh`` and ``simans`` on the epoch. For
    ``hardest`` all candidates are returned: :func:`geoclip.hardest.keep_hardest` chooses. Raises ValueError
    for retrieval negatives without the scores that ``simans`` needs.
    """
    chosen: list[Negative] = []
    for kind in KINDS:
        found = [negative for negative in sample.negatives if negative.kind == kind]
        most = getattr(cfg, kind)
        if most is not None and most < len(found) and not (most and cfg.choose == "hardest"):
            found = [found[i] for i in sorted(_picks(sample.key, kind, found, cfg, epoch)[:most])]
        chosen += found
    return chosen


def _picks(key: str, kind: str, found: list[Negative], cfg: NegativesConfig, epoch: int) -> list[int]:
    """Return the places of the candidates in the order in which they are taken."""
    places = list(range(len(found)))
    if cfg.choose == "simans" and kind == "retrieval":
        return _simans(key, found, cfg, epoch)
    if cfg.choose in ("random", "fresh", "simans"):
        again = "" if cfg.choose == "random" else f"/{epoch}"
        return random.Random(f"{cfg.seed}/{key}/{kind}{again}").sample(places, getattr(cfg, kind))
    return places


def _simans(key: str, found: list[Negative], cfg: NegativesConfig, epoch: int) -> list[int]:
    from data.mining import simans  # what mines is slow to import, and seldom needed here

    if cfg.peak is None or any(negative.score is None for negative in found):
        raise ValueError(
            f"sample {key!r}: retrieval negatives without scores, and choose=simans draws by them; mine them "
            "again with python -m data.retrieval or data.build, or use choose=fresh"
        )
    scores = np.array([negative.score for negative in found], dtype=np.float64)
    digest = hashlib.blake2b(f"{cfg.seed}/{key}/simans/{epoch}".encode(), digest_size=8).digest()
    rng = np.random.Generator(np.random.PCG64(int.from_bytes(digest)))
    return simans(scores, a=cfg.a, peak=cfg.peak, rng=rng).tolist()
