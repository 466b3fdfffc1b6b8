"""Cross-entropy over a large vocabulary, without the logits of a whole batch.

T target tokens, D width, V vocabulary.
"""

from __future__ import annotations

import torch
from torch.nn import functional as F
from torch.utils.checkpoint import checkpoint

IGNORE = -100
# 1,024 rows over 152,064 tokens are 0.6 GB of float32 logits; a batch of 16 x 2,048 tokens would be 20 GB.
CHUNK = 1024


def chunked_cross_entropy(
    hidden: torch.Tensor, weight: torch.Tensor, targets: torch.Tensor, chunk: int = CHUNK
) -> torch.Tensor:
    """Return the summed cross-entropy of ``hidden`` [T, D] @ ``weight`` [V, D].T against ``targets`` [T].

    Values and gradients are those of the plain loss: each chunk of rows computes its logits, in float32 or
    wider, and computes them again in the backward pass. T = 0 gives 0 with a live graph.
    """
    chunks = zip(hidden.split(chunk), targets.split(chunk), strict=True)
    losses = [
        checkpoint(_summed, rows, weight, labels, use_reentrant=False, preserve_rng_state=False)
        for rows, labels in chunks
    ]
    return torch.stack(losses).sum()


def _summed(rows: torch.Tensor, weight: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    logits = F.linear(rows, weight)
    return F.cross_entropy(
        logits.to(torch.promote_types(logits.dtype, torch.float32)), labels, reduction="sum"
    )


def next_token_targets(hidden: torch.Tensor, labels: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Select the positions whose next token carries loss.

    From states [B, L, D] and labels [B, L] (:data:`IGNORE`: no loss) to states [T, D] and their targets [T].
    """
    targets = labels[:, 1:]
    chosen = targets != IGNORE
    return hidden[:, :-1][chosen], targets[chosen]
