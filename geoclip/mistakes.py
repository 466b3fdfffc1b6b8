"""The hardest mistakes of an encoder: the samples whose positive lost by most, and what won."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from data.reporting.misses import Miss
from data.sample import Edit, Sample
from geoclip.collate import ContrastiveTransform
from geoclip.hits import Hits
from geoclip.pools import T2I, Pools


@dataclass(frozen=True)
class Mistake:
    """Sample ``position`` lost in ``pool`` to candidate ``member`` (see :meth:`Pools.candidates`)."""

    pool: str
    position: int
    member: int
    own: float
    best: float


def hardest(pools: Pools, hits: Mapping[str, Hits], most: int) -> list[Mistake]:
    """Return ``most`` mistakes, as many of each pool that has some, the largest margin first."""
    place = {key: i for i, key in enumerate(pools.scores.keys)}
    wrong: dict[str, list[int]] = {}
    for pool, found in hits.items():
        order = np.argsort(found.margin, kind="stable")
        wrong[pool] = [place[found.keys[at]] for at in order if found.ahead[at]]
    turns = [(turn, pool, i) for pool, rows in wrong.items() for turn, i in enumerate(rows[:most])]
    chosen = sorted(turns, key=lambda one: one[0])[:most]
    made = [_mistake(pools, pool, i) for _, pool, i in chosen]
    return sorted(made, key=lambda one: one.own - one.best)


def _mistake(pools: Pools, pool: str, i: int) -> Mistake:
    cosines, members = pools.candidates(pool, i)
    best = int(cosines.argmax())
    return Mistake(pool, i, members[best], pools.scores.own[i], float(cosines[best]))


def shown(mistake: Mistake, read: Callable[[int], Sample], transform: ContrastiveTransform) -> Miss:
    """Return what there is to see of a mistake; ``read`` gives the sample at a position of the pools."""
    sample = read(mistake.position)
    about = (mistake.pool, sample, mistake.own, mistake.best)
    if mistake.pool == "random" or mistake.pool in T2I:
        return Miss(*about, other=read(mistake.member))
    numbers = _numbers(sample, mistake.pool, transform)
    return Miss(*about, negative=sample.negatives[numbers[mistake.member]])


def _numbers(sample: Sample, kind: str, transform: ContrastiveTransform) -> list[int]:
    """Return which negatives of ``kind`` the transform takes, in its order, as places in the sample.

    It may leave some out, so the sample is transformed once more with numbers as the names of its operators.
    """

    def edits(number: int) -> tuple[Edit, ...]:
        found = sample.negatives[number].edits or (Edit("", "", ""),)
        return tuple(replace(edit, operator=str(number)) for edit in found)

    numbered = tuple(replace(one, edits=edits(i)) for i, one in enumerate(sample.negatives))
    item = transform(replace(sample, negatives=numbered))
    return [int(number) for of, number in (*item.text_labels, *item.image_labels) if of == kind]
