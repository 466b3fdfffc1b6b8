"""What a vision tower gives besides features of the common space: its pooled picture and its patches."""

from __future__ import annotations

from typing import Any

from torch import Tensor
from transformers import PreTrainedModel

from geoclip.encoder import DualEncoder


def tower_outputs(encoder: DualEncoder, pixels: Tensor) -> tuple[Tensor, Tensor]:
    """Return the pooled picture ``[B, W]`` and the patch tokens ``[B, P, W']`` of the second-last layer.

    ``pixels`` are normalised, ``[B, 3, H, W]``. The patches are what the LMM reads: before the last block,
    without norm, class token and registers. Of a timm tower without blocks it is the second-last stage.
    """
    tower: Any = encoder.vision
    if isinstance(tower, PreTrainedModel):
        output = tower(pixel_values=pixels, output_hidden_states=True)
        hidden = output.hidden_states[-2]
        count = (encoder.image_size // tower.config.patch_size) ** 2
        return output.pooler_output, hidden[:, hidden.shape[1] - count :]
    last, stages = tower.forward_intermediates(pixels, indices=[-2], norm=False, output_fmt="NCHW")
    return tower.forward_head(last, pre_logits=True), stages[0].flatten(2).transpose(1, 2)


def project(encoder: DualEncoder, pooled: Tensor) -> Tensor:
    """Return pooled pictures ``[B, W]`` in the common space ``[B, D]``, not normalised.

    SigLIP has no projection of its own.
    """
    projection = getattr(encoder.model, "visual_projection", None)
    return pooled if projection is None else projection(pooled)
