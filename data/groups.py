"""Orders in which samples that are hard for each other come together, so that they meet in a batch.

What belongs together is a list of links per sample: to the other versions of its figure, or to the samples
whose captions are its retrieval negatives. An epoch goes through the samples at random; each that is still
free takes its free linked ones with it. So every sample comes once, and (seed, epoch) decides the order.
"""

from __future__ import annotations

import hashlib
from array import array
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from rich.progress import track

from configs.runtime import console
from data.loader import IndexedDataset
from data.order import GlobalBatchSampler
from data.sample import SampleError
from data.statements import digest
from data.unfold import GROUP


@dataclass(frozen=True)
class Links:
    """Which samples belong beside sample i, the nearest first: ``to[starts[i]:starts[i + 1]]``."""

    starts: np.ndarray
    to: np.ndarray

    @staticmethod
    def of(lists: Iterable[Sequence[int]]) -> Links:
        """Store lists of sample numbers."""
        starts, to = array("q", [0]), array("q")
        for one in lists:
            to.extend(one)
            starts.append(len(to))
        return Links(np.array(starts, dtype=np.int64), np.array(to, dtype=np.int64))

    def __len__(self) -> int:
        return len(self.starts) - 1


def grouped_order(links: Links, size: int, seed: int, epoch: int) -> np.ndarray:
    """Return the permutation of all samples for one epoch, int64 [samples], in groups of at most ``size``."""
    bits = np.random.PCG64(np.random.SeedSequence([seed, epoch]))
    starts, to = links.starts.tolist(), links.to.tolist()
    free = bytearray(b"\1") * len(links)
    order: list[int] = []
    for i in np.argsort(bits.random_raw(len(links)), kind="stable").tolist():
        if not free[i]:
            continue
        free[i], left = 0, size - 1
        order.append(i)
        for j in to[starts[i] : starts[i + 1]]:
            if left and free[j]:
                free[j] = 0
                left -= 1
                order.append(j)
    return np.array(order, dtype=np.int64)


class GroupSampler(GlobalBatchSampler):
    """A :class:`data.order.GlobalBatchSampler` whose order brings linked samples together.

    Groups lie one after the other and batches cut them where they end, on any number of ranks.
    """

    def __init__(self, shard_samples: Sequence[int], links: Links, size: int, **slices: Any) -> None:
        super().__init__(shard_samples, **slices)
        assert len(links) == self.samples
        self.links, self.size = links, size
        self.hash = hashlib.sha256(links.starts.tobytes() + links.to.tobytes()).hexdigest()[:12]

    def _numbers(self) -> np.ndarray:
        return grouped_order(self.links, self.size, self.seed, self.epoch)

    def _order(self) -> dict[str, Any]:
        return super()._order() | {"links": self.hash, "group_size": self.size}


def find_links(dataset: IndexedDataset, batch_of: str, *, show: bool = True) -> Links:
    """Return the links of ``batch_of`` (perturbed, neighbours) between the samples of ``dataset``.

    Reads the record of every sample, not its pictures. Raises ValueError for data without any link.
    """
    told = _records(dataset, show)
    links = _versions(told) if batch_of == "perturbed" else _neighbours(told)
    if len(links.to):
        return links
    advice = {
        "perturbed": "no two samples are versions of one figure; make them with python -m data.unfold",
        "neighbours": "no retrieval negative of these samples is the caption of another one of them; mine "
        "them with python -m data.retrieval",
    }
    raise ValueError(f"batch_of={batch_of}: {advice[batch_of]}, or use batch_of=random")


def _records(dataset: IndexedDataset, show: bool) -> Iterable[dict[str, Any]]:
    for i in track(range(len(dataset)), "reading records", console=console, disable=not show):
        try:
            yield dataset.record(i)
        except SampleError:  # it is counted when its turn comes
            yield {}


def _versions(told: Iterable[dict[str, Any]]) -> Links:
    """Link every sample with all of its group, itself included: it is never free when it looks."""
    groups: dict[Any, list[int]] = defaultdict(list)
    of = []
    for i, record in enumerate(told):
        of.append((record.get("meta") or {}).get(GROUP, i))
        groups[of[-1]].append(i)
    return Links.of(groups[group] if len(groups[group]) > 1 else [] for group in of)


def _neighbours(told: Iterable[dict[str, Any]]) -> Links:
    first: dict[int, int] = {}
    wanted: list[list[int]] = []
    for i, record in enumerate(told):
        first.setdefault(digest(str(record.get("caption"))), i)
        negatives = [n for n in record.get("negatives") or [] if n.get("kind") == "retrieval"]
        wanted.append([digest(str(n.get("text"))) for n in negatives])
    return Links.of([first[text] for text in texts if text in first] for texts in wanted)
