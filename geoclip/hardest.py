"""The hardest negatives of a batch by the current model: all candidates are scored, a few are trained on.

Cost of a step with C candidates per sample of which k are kept: a forward pass over 1 + C without a graph,
then the usual step over 1 + k. Memory is that of 1 + k and of the largest activation of 1 + C.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from configs.objective import KINDS, NegativesConfig
from geoclip.collate import Batch, Label
from geoclip.losses import owners


def keep_hardest(encoder: Any, batch: Batch, cfg: NegativesConfig) -> Batch:
    """Return ``batch`` with, per sample and kind, the ``cfg`` many negatives of the highest similarity.

    A kind without a number is kept whole. A negative equal to the positive is chosen last. Of equal scores
    the one stored first is taken, and what is kept stays in stored order, so that equal weights choose
    equally. Dropout is off while scores are computed. Every rank calls the encoder once, whatever it holds.
    """
    if not any(getattr(cfg, kind) for kind in KINDS):
        return batch
    size = len(batch)
    drawn_images = bool(cfg.image)  # else only their captions' own pictures are scored
    images = batch.images if drawn_images else batch.images[:size]
    image, text = _features(encoder, images, batch.input_ids, batch.attention_mask)
    own_image, own_text = image[:size], text.index_select(0, batch.caption)
    caption_ids, negative_ids = batch.text_ids[batch.caption], batch.text_ids[batch.text_negative]
    owner = owners(batch.text_offsets, size, len(batch.text_negative))
    scores = (own_image[owner] * text.index_select(0, batch.text_negative)).sum(-1)
    scores = scores.masked_fill(negative_ids == caption_ids[owner], -torch.inf)
    texts = _hardest(scores, owner, batch.text_labels, cfg)
    pictures = torch.arange(len(batch.images) - size, device=owner.device)
    if drawn_images:
        owner = owners(batch.image_offsets, size, len(pictures))
        scores = (own_text[owner] * image[size:]).sum(-1)
        scores = scores.masked_fill(batch.image_ids[size:] == batch.image_ids[:size][owner], -torch.inf)
        pictures = _hardest(scores, owner, batch.image_labels, cfg)
    return _only(batch, texts, pictures)


def _features(encoder: Any, *inputs: Tensor) -> tuple[Tensor, Tensor]:
    modes = [(module, module.training) for module in encoder.modules()]
    encoder.eval()
    try:
        with torch.no_grad():
            image, text, *_ = encoder(*inputs)
    finally:
        for module, mode in modes:  # one by one: a locked tower may be in eval mode while others train
            module.training = mode
    return image, text


def _hardest(scores: Tensor, owner: Tensor, labels: Sequence[Label], cfg: NegativesConfig) -> Tensor:
    """Return the places of the hardest of every sample and kind, ascending."""
    most = {kind: getattr(cfg, kind) for kind in KINDS}
    kinds = torch.tensor([KINDS.index(kind) for kind, _ in labels], dtype=torch.long).to(owner.device)
    limits = torch.tensor([len(labels) if m is None else m for m in most.values()]).to(owner.device)
    group = owner * len(KINDS) + kinds
    order = scores.sort(descending=True, stable=True).indices
    order = order[group[order].sort(stable=True).indices]  # by group, the hardest first
    starts = torch.searchsorted(group[order], group[order])
    place = torch.arange(len(order), device=owner.device) - starts
    return order[place < limits[kinds[order]]].sort().values


def _only(batch: Batch, texts: Tensor, pictures: Tensor) -> Batch:
    """Return ``batch`` with these of its negative captions and pictures, and no caption that nothing uses."""
    size = len(batch)
    rows, place = torch.cat([batch.caption, batch.text_negative[texts]]).unique(return_inverse=True)
    images = torch.cat([torch.arange(size, device=pictures.device), size + pictures])
    return replace(
        batch,
        images=batch.images[images],
        image_ids=batch.image_ids[images],
        image_offsets=_offsets(batch.image_offsets, pictures),
        image_labels=[batch.image_labels[i] for i in pictures.tolist()],
        input_ids=batch.input_ids[rows],
        attention_mask=batch.attention_mask[rows],
        text_ids=batch.text_ids[rows],
        caption=place[:size],
        text_negative=place[size:],
        text_offsets=_offsets(batch.text_offsets, texts),
        text_labels=[batch.text_labels[i] for i in texts.tolist()],
    )


def _offsets(before: Tensor, kept: Tensor) -> Tensor:
    """Return where each sample's negatives start among those that are kept (places, ascending)."""
    return torch.searchsorted(kept, before)
