"""Which other captions and pictures of the global batch are true of each other, as masks for the loss.

Within a rank's batch the loading process has found the pairs. Across ranks every rank sends what its samples
tell (half a kilobyte each) and judges the pairs that it is part of, so that two ranks leave out the same
pairs as one process with the whole batch.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from data.scene.pairs import Told, true_of
from geoclip.ranks import gather_rows, rank


def truth_masks(pairs: Tensor, told: Tensor, samples: list[int], width: int) -> tuple[Tensor, Tensor]:
    """Return two ``[B, B_all]`` masks: whether that caption may be true of this picture, and this caption of
    that picture.

    ``pairs`` ``[K, 2]`` (picture, caption) and ``told`` ``[B, W]`` are those of the rank's
    :class:`geoclip.collate.Batch`, ``samples`` counts the samples of every rank that takes part, ``width`` is
    the largest W of all.
    """
    size, first = len(told), sum(samples[: rank()]) if len(samples) > 1 else 0
    captions = torch.zeros(size, sum(samples), dtype=torch.bool, device=pairs.device)
    pictures = captions.clone()
    captions[pairs[:, 0], first + pairs[:, 1]] = True
    pictures[pairs[:, 1], first + pairs[:, 0]] = True
    if len(samples) > 1 and width:
        rows = torch.nn.functional.pad(told, (0, width - told.shape[1]))
        everyone = gather_rows(rows, samples).cpu().numpy()
        for mask, found in zip((captions, pictures), _across(everyone, first, size), strict=True):
            here, there = torch.from_numpy(found).to(mask.device).unbind(1)
            mask[here, there] = True
    return captions, pictures


def _across(rows: np.ndarray, first: int, size: int) -> tuple[np.ndarray, np.ndarray]:
    """Return both kinds of pairs between the samples ``first`` to ``first + size`` and the others, int64
    [K, 2]: (own sample, counted from 0, row of the other one)."""
    texts = [row.tobytes().rstrip(b"\0") for row in rows]
    known = {at: Told.from_bytes(text) for at, text in enumerate(texts) if text}
    own = [at for at in known if first <= at < first + size]
    other = [at for at in known if not first <= at < first + size]
    here, there = [known[at] for at in own], [known[at] for at in other]
    places = np.array(own, dtype=np.int64) - first, np.array(other, dtype=np.int64)

    def numbered(i: np.ndarray, j: np.ndarray) -> np.ndarray:
        return np.stack([places[0][i], places[1][j]], axis=1)

    return numbered(*true_of(here, there).T), numbered(*true_of(there, here).T[::-1])
