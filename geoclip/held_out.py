"""Hit@1 while training: held-out samples against their own rule and image negatives, at every validation."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from configs.geoclip import GeoclipConfig
from configs.objective import NegativesConfig
from data.loader import indexed_loader
from data.module import ShardDataModule
from geoclip.collate import Batch, Collate, ContrastiveTransform
from geoclip.encoder import DualEncoder
from geoclip.pools import own_negatives

KINDS = ("rule", "image")
POOL = 10
"""Negatives of each kind in a pool, where a sample has that many, whatever the run trains with."""


class GeoclipData(ShardDataModule):
    """The data of stage 1; validation has a second loader, of ``cfg.val_pools`` samples with their pools."""

    def __init__(self, cfg: GeoclipConfig, encoder: DualEncoder) -> None:
        transform = ContrastiveTransform(encoder, cfg.negatives, cfg.text_overflow, cfg.parts())
        super().__init__(cfg.train, cfg.val, transform, Collate(encoder))
        self.val_pools = cfg.val_pools
        pool = NegativesConfig(rule=POOL, retrieval=0, image=POOL)
        self.pool_transform = ContrastiveTransform(encoder, pool, cfg.text_overflow)

    def val_dataloader(self) -> Any:
        """Return this rank's loader for the loss, and behind it the one of the pools."""
        loss = super().val_dataloader()
        if self.val is None or not self.val_pools:
            return loss
        few = replace(self.val, limit=min(self.val_pools, self.val.limit or self.val_pools))
        ranks = self._ranks()
        return [loss, indexed_loader(few, self.pool_transform, self.collate, train=False, **ranks)]


def own_hits(batch: Batch, images: Tensor, texts: Tensor) -> dict[str, tuple[Tensor, Tensor]]:
    """Return per kind, bool ``[B]``, whose positive scores above all own negatives, and who has some.

    ``images`` ``[B + M, D]`` and ``texts`` ``[T, D]`` are the features of the batch. A tie is a miss.
    """
    own = (images[: len(batch)] * texts[batch.caption]).sum(-1).tolist()
    rows = own_negatives(batch, images, texts)
    found = {}
    for kind in KINDS:
        best = [max((value for _, value in row.get(kind, [])), default=None) for row in rows]
        hit = [top is not None and mine > top for mine, top in zip(own, best, strict=True)]
        has = [top is not None for top in best]
        found[kind] = (torch.tensor(hit, device=images.device), torch.tensor(has, device=images.device))
    return found
