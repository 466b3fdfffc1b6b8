"""The loss terms of training over all ranks: what each compares, and which samples it counts.

A term returns a loss per local sample and which samples have it. The trainer divides the sum by the count
over all ranks, so that the gradient is that of one process with the whole batch, however uneven the ranks
are.

Shapes: ``B`` local samples, ``N`` and ``M`` local text and image negatives (flat), ``D`` width; the ``all_``
fields hold the same of every rank, in rank order.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from geoclip.collate import Batch
from geoclip.losses import (
    contrast,
    hard_negative_info_nce,
    has_negatives,
    owners,
    sigmoid_contrast,
    sigmoid_hard_negative,
)
from geoclip.ranks import gather_rows, rank, rank_sizes
from geoclip.truth import truth_masks


@dataclass
class Features:
    """Normalised features of a batch, what belongs to whom, and what must not count as a negative."""

    image: Tensor
    text: Tensor
    image_negatives: Tensor
    text_negatives: Tensor
    image_offsets: Tensor
    text_offsets: Tensor
    same_images: Tensor
    """``[M]``, True for a negative picture equal to its sample's own."""
    same_texts: Tensor
    """``[N]``, True for a negative caption whose tokens equal its sample's own."""
    scale: Tensor
    bias: Tensor | None
    all_image: Tensor
    all_text: Tensor
    all_text_negatives: Tensor
    true_pairs: Tensor
    """``[B, B_all]``, True where that caption is, or may be, true of this rank's picture: no negative."""
    true_images: Tensor
    """``[B, B_all]``, True where this rank's caption is, or may be, true of that picture."""
    true_negatives: Tensor
    """``[B, N_all]``, True where a negative caption equals a caption of the batch that is, or may be, true of
    this picture, such as its own. An edited caption of *another* sample that is no caption of the batch is
    not judged: shards hold its words, not its facts."""
    first: int
    """Row of this rank's first sample in the ``all_`` fields."""

    @property
    def target(self) -> Tensor:
        """Column of each sample's own pair, ``[B]``."""
        return torch.arange(len(self.image), device=self.image.device) + self.first


def gather_features(
    batch: Batch, image: Tensor, text: Tensor, scale: Tensor, bias: Tensor | None, *, everyone: bool
) -> Features:
    """Arrange the towers' outputs (``[B + M, D]``, ``[T, D]``); ``everyone`` adds the other ranks."""
    size = len(batch)
    caption_ids, negative_ids = batch.text_ids[batch.caption], batch.text_ids[batch.text_negative]
    image_owner = owners(batch.image_offsets, size, len(image) - size)
    text_owner = owners(batch.text_offsets, size, len(negative_ids))
    own, negatives = text.index_select(0, batch.caption), text.index_select(0, batch.text_negative)
    counts = [size, len(negatives), batch.told.shape[1]]
    samples, hard, told = rank_sizes(counts, image.device) if everyone else [[count] for count in counts]
    all_caption_ids = gather_rows(caption_ids, samples)
    same = caption_ids[:, None] == all_caption_ids
    same |= batch.image_ids[:size, None] == gather_rows(batch.image_ids[:size], samples)
    true_captions, true_images = truth_masks(batch.true_pairs, batch.told, samples, max(told))
    all_negative_ids = gather_rows(negative_ids, hard)
    # Few captions are true of a picture, so only these are held against all negatives.
    pictures, captions = (same | true_captions).nonzero(as_tuple=True)
    repeats = all_caption_ids[captions, None] == all_negative_ids
    true_negatives = torch.zeros(size, len(all_negative_ids), dtype=torch.int32, device=image.device)
    true_negatives.index_add_(0, pictures, repeats.int())
    return Features(
        image=image[:size],
        text=own,
        image_negatives=image[size:],
        text_negatives=negatives,
        image_offsets=batch.image_offsets,
        text_offsets=batch.text_offsets,
        same_images=batch.image_ids[size:] == batch.image_ids[:size][image_owner],
        same_texts=negative_ids == caption_ids[text_owner],
        scale=scale,
        bias=bias,
        all_image=gather_rows(image[:size], samples),
        all_text=gather_rows(own, samples),
        all_text_negatives=gather_rows(negatives, hard),
        true_pairs=same | true_captions,
        true_images=same | true_images,
        true_negatives=true_negatives > 0,
        first=sum(samples[: rank()]) if everyone else 0,
    )


Term = Callable[[Features], tuple[Tensor, Tensor]]


def in_batch(f: Features) -> tuple[Tensor, Tensor]:
    """Both directions of the in-batch loss, added."""
    rows = contrast(f.image, f.all_text, f.target, f.scale, ignore=f.true_pairs)
    return rows + _columns(f), _everybody(f)


def text(f: Features) -> tuple[Tensor, Tensor]:
    """MMCLIP with a sample's own negative captions."""
    loss = hard_negative_info_nce(
        f.image, f.text, f.text_negatives, f.text_offsets, f.scale, reduction="none", ignore=f.same_texts
    )
    return loss, has_negatives(f.text_offsets, len(f.text_negatives), f.same_texts)


def image(f: Features) -> tuple[Tensor, Tensor]:
    """MMCLIP with a sample's own negative pictures."""
    loss = hard_negative_info_nce(
        f.text, f.image, f.image_negatives, f.image_offsets, f.scale, reduction="none", ignore=f.same_images
    )
    return loss, has_negatives(f.image_offsets, len(f.image_negatives), f.same_images)


def joint(f: Features) -> tuple[Tensor, Tensor]:
    """In-batch with all negative captions of all ranks in the rows."""
    keys, ignore = (
        torch.cat([f.all_text, f.all_text_negatives]),
        torch.cat([f.true_pairs, f.true_negatives], 1),
    )
    return contrast(f.image, keys, f.target, f.scale, ignore=ignore) + _columns(f), _everybody(f)


def joint_own(f: Features) -> tuple[Tensor, Tensor]:
    """In-batch with a sample's own negative captions in its row."""
    owner = owners(f.text_offsets, len(f.image), len(f.text_negatives))
    other = torch.arange(len(f.image), device=owner.device)[:, None] != owner
    keys, ignore = (
        torch.cat([f.all_text, f.text_negatives]),
        torch.cat([f.true_pairs, other | f.same_texts], 1),
    )
    return contrast(f.image, keys, f.target, f.scale, ignore=ignore) + _columns(f), _everybody(f)


def sigmoid_in_batch(f: Features) -> tuple[Tensor, Tensor]:
    """SigLIP's loss: every pair of a picture of this rank and a caption of any."""
    assert f.bias is not None
    loss = sigmoid_contrast(f.image, f.all_text, f.target, f.scale, f.bias, ignore=f.true_pairs)
    return loss, _everybody(f)


def sigmoid_text(f: Features) -> tuple[Tensor, Tensor]:
    """SigLIP's pairwise loss with a sample's own negative captions."""
    assert f.bias is not None
    loss = sigmoid_hard_negative(
        f.image,
        f.text,
        f.text_negatives,
        f.text_offsets,
        f.scale,
        f.bias,
        reduction="none",
        ignore=f.same_texts,
    )
    return loss, _everybody(f)


def sigmoid_image(f: Features) -> tuple[Tensor, Tensor]:
    """SigLIP's pairwise loss with a sample's own negative pictures."""
    assert f.bias is not None
    loss = sigmoid_hard_negative(
        f.text,
        f.image,
        f.image_negatives,
        f.image_offsets,
        f.scale,
        f.bias,
        reduction="none",
        ignore=f.same_images,
    )
    return loss, _everybody(f)


TERMS: dict[str, Term] = {
    term.__name__: term
    for term in (in_batch, text, image, joint, joint_own, sigmoid_in_batch, sigmoid_text, sigmoid_image)
}
GLOBAL = ("in_batch", "joint", "joint_own", "sigmoid_in_batch")  # terms that need the other ranks' features


def accuracies(f: Features) -> dict[str, tuple[Tensor, Tensor]]:
    """Return per kind who puts the positive above all candidates (a tie is a miss), and who has some."""
    found: dict[str, tuple[Tensor, Tensor]] = {}
    with torch.no_grad(), torch.autocast(f.image.device.type, enabled=False):
        own = (f.image * f.text).sum(-1)
        others = (f.image @ f.all_text.T).masked_fill(f.true_pairs, -2.0)  # below any cosine
        found["in_batch"] = own > others.amax(1), (~f.true_pairs).any(1)
        for name, anchor, negatives, offsets, same in (
            ("text", f.image, f.text_negatives, f.text_offsets, f.same_texts),
            ("image", f.text, f.image_negatives, f.image_offsets, f.same_images),
        ):
            owner = owners(offsets, len(anchor), len(negatives))
            scores = (anchor[owner] * negatives).sum(-1).masked_fill(same, -2.0)
            best = scores.new_full((len(anchor),), -2.0).scatter_reduce(0, owner, scores, "amax")
            found[name] = own > best, has_negatives(offsets, len(negatives), same)
    return {f"accuracy/{name}": (hit & counted, counted) for name, (hit, counted) in found.items()}


def _columns(f: Features) -> Tensor:
    return contrast(f.text, f.all_image, f.target, f.scale, ignore=f.true_images)


def _everybody(f: Features) -> Tensor:
    return torch.ones(len(f.image), dtype=torch.bool, device=f.image.device)
