"""Fresh scenes instead of shards: every sample is drawn, with its negatives, when a worker is asked for it.

The samples are one sequence without end. Sample n depends on (recipe, seed, n) alone; an epoch is the next
``epoch_samples`` of it, so that no epoch repeats another and sample i of epoch e has the number
``e * epoch_samples + i``. The stages of a curriculum are counted along the sequence, over all epochs.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from typing import Any

from torch.utils.data import DataLoader, Dataset

from configs.build import BuildConfig
from configs.data import LoaderConfig
from data.loader import BatchReader, Collate, ResumableLoader, Transform, worker_options
from data.order import GlobalBatchSampler, transform_at
from data.sample import Sample
from data.scene.engine import VERSION, make_sample
from data.shards import recipe_hash

SPLIT = "on the fly"
"""Seeds the scenes; no split of ``data.build`` can have this name, so no shards hold the same samples."""


class FreshScenes(Dataset[Sample]):
    """Sample ``n`` of the endless sequence; ``rejected`` counts why scenes and edits were refused on the way.

    ``cfg.seed`` is the seed of the sequence. Of negatives only ``kinds`` are drawn (None: all that the recipe
    asks for), which changes nothing else of a sample. Raises ValueError for a recipe that cannot be drawn.
    """

    def __init__(self, cfg: BuildConfig) -> None:
        self.cfg = cfg
        self.rejected: Counter[str] = Counter()
        self.kinds: Collection[str] | None = None

    def __len__(self) -> int:
        return sys.maxsize

    def __getitem__(self, n: int) -> Sample:
        cfg = self.cfg
        if self.kinds is not None:
            none: dict[str, Any] = {kind: 0 for kind in ("rule", "image") if kind not in self.kinds}
            cfg = replace(cfg, negatives=replace(cfg.negatives, **none))
        sample, rejected = make_sample(cfg, n, SPLIT)
        self.rejected.update(rejected)
        return replace(sample, key=f"fresh{n:08d}", split="train")

    def file_of(self, n: int) -> str:
        """Return where sample ``n`` comes from, in words."""
        return f"scene {n} of seed {self.cfg.seed}"


class FreshReader(BatchReader):
    """A :class:`data.loader.BatchReader` whose batches also tell what was ``rejected`` for them.

    Negatives that the transform does not take (its ``kinds``, where it has that) are not drawn.
    """

    dataset: FreshScenes

    def __getitem__(self, numbers: list[int]) -> tuple[dict[str, Any] | None, list[str]]:
        self.dataset.rejected.clear()
        transform = transform_at(self.transform, getattr(numbers, "place", None))
        self.dataset.kinds = getattr(transform, "kinds", None)
        batch, skips = super().__getitem__(numbers)
        return batch and {**batch, "rejected": Counter(self.dataset.rejected)}, skips


class FreshSampler(GlobalBatchSampler):
    """A :class:`data.order.GlobalBatchSampler` over the endless sequence, in its own order.

    ``recipe`` is a hash of what the samples depend on besides the seed: a state of other samples is refused.
    """

    def __init__(self, epoch_samples: int, recipe: str, **slices: Any) -> None:
        super().__init__([epoch_samples], **slices)
        self.recipe = recipe

    def _numbers(self) -> Sequence[int]:
        return range(self.epoch * self.samples, (self.epoch + 1) * self.samples)

    def _order(self) -> dict[str, Any]:
        return {"samples": self.samples, "seed": self.seed, "recipe": self.recipe}


class FreshLoader(ResumableLoader):
    """A :class:`data.loader.ResumableLoader` that adds up, also over resumes, how many samples this rank was
    given and why how many scenes and edits were refused for them: ``drawn`` of its state."""

    def __init__(self, source: Any, sampler: GlobalBatchSampler, max_skipped: int) -> None:
        super().__init__(source, sampler, max_skipped)
        self.samples = 0
        self.rejected: Counter[str] = Counter()

    def __iter__(self) -> Iterator[dict[str, Any]]:
        for batch in super().__iter__():
            self.samples += len(batch["keys"])
            self.rejected.update(batch.pop("rejected"))
            yield batch

    def state_dict(self) -> dict[str, Any]:
        """Return the place and the counts."""
        drawn = {"samples": self.samples, "rejected": dict(self.rejected.most_common())}
        return {**super().state_dict(), "drawn": drawn}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Continue from a state, and go on counting."""
        super().load_state_dict(state)
        self.samples, self.rejected = state["drawn"]["samples"], Counter(state["drawn"]["rejected"])


def fresh_loader(
    cfg: LoaderConfig,
    transform: Transform,
    collate: Collate,
    *,
    rank: int = 0,
    world_size: int = 1,
    verify: bool = True,
) -> FreshLoader:
    """Return the training loader of one rank; there are no files, so ``verify`` has nothing to do."""
    assert cfg.epoch_samples is not None
    slices = {"batch_size": cfg.batch_size, "rank": rank, "world_size": world_size, "seed": cfg.seed}
    recipe = recipe_hash({**cfg.recipe, "version": VERSION})
    sampler = FreshSampler(cfg.epoch_samples, recipe, **slices)
    source = DataLoader(
        FreshReader(FreshScenes(cfg.build_config()), transform, collate, cfg.max_skipped),
        sampler=sampler,
        batch_size=None,
        **worker_options(cfg),
    )
    return FreshLoader(source, sampler, cfg.max_skipped)
