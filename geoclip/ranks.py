"""What several processes share in a step: counts, sums and gathered features.

Ranks may hold different numbers of samples, and of samples with negatives. Each loss term is divided by its
count over all ranks, so that averaging the ranks' gradients gives that of one process with the whole batch; a
mean of local means is off by a third or more when ranks differ.
"""

from __future__ import annotations

from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor


class Meter:
    """Sums values over steps and ranks until they are read."""

    def __init__(self) -> None:
        self._sums: dict[str, Tensor] = {}

    def add(self, name: str, values: Tensor, counted: Tensor) -> None:
        """Add a sum and the count of what it sums; no device sync."""
        pair = torch.stack([values.detach().sum().double(), counted.sum().double()])
        self._sums[name] = self._sums[name] + pair if name in self._sums else pair

    def read(self) -> dict[str, float]:
        """Return the means over all ranks and forget them; names without a count are left out."""
        if not self._sums:
            return {}
        names, sums = list(self._sums), torch.stack(list(self._sums.values()))
        self._sums = {}
        if world_size() > 1:
            dist.all_reduce(sums)
        return {
            name: total / count for name, (total, count) in zip(names, sums.tolist(), strict=True) if count
        }


def global_means(parts: dict[str, tuple[Tensor, Tensor]]) -> dict[str, Tensor]:
    """Return per term ``local_sum * world / global_count``: averaged over ranks, the mean over all samples.

    A term that no sample of any rank has is 0 with a live graph.
    """
    counts = torch.stack([counted.sum() for _, counted in parts.values()])
    if world_size() > 1:
        dist.all_reduce(counts)
    return {
        name: loss.sum() * world_size() / count.clamp(min=1)
        for (name, (loss, _)), count in zip(parts.items(), counts, strict=True)
    }


def world_size() -> int:
    """Number of ranks, 1 where nothing is distributed."""
    return dist.get_world_size() if dist.is_available() and dist.is_initialized() else 1


def rank() -> int:
    """Number of this process, 0 where nothing is distributed."""
    return dist.get_rank() if world_size() > 1 else 0


def rank_sizes(sizes: list[int], device: Any) -> list[list[int]]:
    """Return for each of this rank's sizes those of all ranks, in rank order; one device sync."""
    table = torch.zeros(world_size(), len(sizes), dtype=torch.long, device=device)
    table[rank()] = torch.tensor(sizes, device=device)
    if world_size() > 1:
        dist.all_reduce(table)
    return table.T.tolist()


def gather_rows(rows: Tensor, sizes: list[int]) -> Tensor:
    """Return the rows of all ranks in rank order, with gradient; ``sizes`` says how many each has."""
    return _GatherRows.apply(rows, sizes) if len(sizes) > 1 else rows


class _GatherRows(torch.autograd.Function):
    """All-gather over padded blocks; backward sums what all ranks' losses want from this rank's rows."""

    @staticmethod
    def forward(ctx: Any, rows: Tensor, sizes: list[int]) -> Tensor:
        ctx.sizes = sizes
        padded = rows.new_zeros(max(sizes), *rows.shape[1:])
        padded[: len(rows)] = rows
        blocks = [torch.empty_like(padded) for _ in sizes]
        dist.all_gather(blocks, padded)
        return torch.cat([block[:size] for block, size in zip(blocks, sizes, strict=True)])

    @staticmethod
    def backward(ctx: Any, *grads: Any) -> tuple[Tensor, None]:
        total = grads[0].contiguous()
        dist.all_reduce(total)
        return total.split(ctx.sizes)[rank()], None
