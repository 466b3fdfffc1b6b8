"""Contrastive losses over in-batch pairs and over ragged hard negatives (arXiv 2505.20152, section 3).

Pure functions of L2-normalised features: no rank, no config, no state. With s = logit_scale * cosine, where
``logit_scale`` is the multiplier itself (``exp`` of the learned logarithm), as in open_clip's losses.

Shapes: ``B`` samples, ``N`` negatives (flat, all samples one after the other), ``K`` keys, ``D`` width. The
negatives of sample i are ``negatives[offsets[i]:offsets[i + 1]]``, so ``offsets`` is ``[B + 1]`` and starts
at 0.

Everything is computed in float32, or float64 for float64 features, also inside autocast: in bfloat16 one
sample in ten ties its positive. Every result keeps a graph, so a batch without negatives has loss 0 and
gradients 0.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

REDUCTIONS = ("mean", "mean_all", "none")


def info_nce(
    image: Tensor,
    text: Tensor,
    logit_scale: Tensor | float,
    *,
    reduction: str = "mean",
    ignore: Tensor | None = None,
) -> Tensor:
    """Return the in-batch (CLIP) loss of ``[B, D]`` images and captions: both directions *added*, not halved.

    Per sample -log softmax_j s(I_i, T_j)[i] - log softmax_j s(I_j, T_i)[i]. ``ignore`` is ``[B, B]``, True
    where image i and caption j != i are a true pair as well and must not count as negatives. ``mean`` and
    ``mean_all`` are the same here.
    """
    _check(image, text)
    target = torch.arange(len(image), device=image.device)
    rows = contrast(image, text, target, logit_scale, ignore=ignore)
    columns = contrast(text, image, target, logit_scale, ignore=None if ignore is None else ignore.T)
    return _reduce(rows + columns, None, reduction)


def hard_negative_info_nce(
    anchor: Tensor,
    positive: Tensor,
    negatives: Tensor,
    offsets: Tensor,
    logit_scale: Tensor | float,
    *,
    reduction: str = "mean",
    ignore: Tensor | None = None,
) -> Tensor:
    """Return the MMCLIP loss of ``[B, D]`` anchors against their own ``[N, D]`` negatives.

    Per sample -log[e^s+ / (e^s+ + sum_n e^s_n)]: the text form with images as anchors, the image form with
    captions as anchors. ``ignore`` is ``[N]``, True for negatives to leave out (equal to the positive).
    ``mean`` divides by the samples with at least one negative that counts, ``mean_all`` by all; ``none``
    gives ``[B]``, 0 for samples without negatives.
    """
    _check(anchor, positive, negatives)
    owner = owners(offsets, len(anchor), len(negatives))
    with torch.autocast(anchor.device.type, enabled=False):
        gaps = _gaps(anchor, positive, negatives, owner, logit_scale)
        return _reduce(
            _softmax_loss(gaps, owner, len(anchor), ignore), _counted(owner, len(anchor), ignore), reduction
        )


def sigmoid_hard_negative(
    anchor: Tensor,
    positive: Tensor,
    negatives: Tensor,
    offsets: Tensor,
    logit_scale: Tensor | float,
    logit_bias: Tensor | float,
    *,
    reduction: str = "mean",
    ignore: Tensor | None = None,
) -> Tensor:
    """Return the SigLIP loss over the 1 + N_i pairs of each sample: the sum over its pairs.

    Per sample -log sigmoid(s+ + bias) - sum_n log sigmoid(-(s_n + bias)). Shapes and ``ignore`` are those of
    :func:`hard_negative_info_nce`; as every sample has its positive pair, ``mean`` and ``mean_all`` are the
    same.
    """
    _check(anchor, positive, negatives)
    owner = owners(offsets, len(anchor), len(negatives))
    with torch.autocast(anchor.device.type, enabled=False):
        anchor, positive, negatives = _full(anchor), _full(positive), _full(negatives)
        good = logit_scale * (anchor * positive).sum(-1) + logit_bias
        bad = logit_scale * (anchor[owner] * negatives).sum(-1) + logit_bias
        pairs = F.softplus(bad)
        if ignore is not None:
            pairs = pairs.masked_fill(ignore, 0.0)
        return _reduce(F.softplus(-good).index_add(0, owner, pairs), None, reduction)


def sigmoid_in_batch(
    image: Tensor,
    text: Tensor,
    logit_scale: Tensor | float,
    logit_bias: Tensor | float,
    *,
    reduction: str = "mean",
    ignore: Tensor | None = None,
) -> Tensor:
    """Return SigLIP's loss of ``[B, D]`` images and captions (arXiv 2303.15343, equation 1).

    Per sample -log sigmoid(s_ii + bias) - sum_{j != i} log sigmoid(-(s_ij + bias)) over all captions j, and
    ``mean`` divides by the B samples. ``ignore`` is that of :func:`info_nce`.
    """
    _check(image, text)
    target = torch.arange(len(image), device=image.device)
    return _reduce(
        sigmoid_contrast(image, text, target, logit_scale, logit_bias, ignore=ignore), None, reduction
    )


def joint_info_nce(
    image: Tensor,
    text: Tensor,
    text_negatives: Tensor,
    offsets: Tensor,
    logit_scale: Tensor | float,
    *,
    own_only: bool = False,
    reduction: str = "mean",
    ignore: Tensor | None = None,
    ignore_negatives: Tensor | None = None,
) -> Tensor:
    """Return the in-batch loss whose image-to-text denominators also hold the text negatives.

    Every image sees all ``[B, D]`` captions and all ``[N, D]`` negatives of the batch, or with ``own_only``
    its own negatives only; text-to-image columns are those of :func:`info_nce`. ``ignore`` is ``[B, B]`` as
    there; ``ignore_negatives`` is ``[B, N]``, True where negative n is true of image i (``own_only`` reads
    the owner's row).
    """
    _check(image, text, text_negatives)
    owner = owners(offsets, len(image), len(text_negatives))
    target = torch.arange(len(image), device=image.device)
    others = torch.arange(len(image), device=image.device)[:, None] != owner if own_only else None
    if ignore_negatives is not None:
        others = ignore_negatives if others is None else others | ignore_negatives
    hidden = None
    if ignore is not None or others is not None:
        none = torch.zeros(len(image), 1, dtype=torch.bool, device=image.device)
        hidden = torch.cat([_or(ignore, none, len(text)), _or(others, none, len(text_negatives))], dim=1)
    keys = torch.cat([text, text_negatives])
    rows = contrast(image, keys, target, logit_scale, ignore=hidden)
    columns = contrast(text, image, target, logit_scale, ignore=None if ignore is None else ignore.T)
    return _reduce(rows + columns, None, reduction)


def contrast(
    query: Tensor, keys: Tensor, target: Tensor, logit_scale: Tensor | float, *, ignore: Tensor | None = None
) -> Tensor:
    """Return ``[B]`` losses -log softmax_k s(query_i, keys_k)[target_i] of ``[B, D]`` queries over ``[K, D]``
    keys.

    One direction of the in-batch loss; with keys gathered from all ranks it is the rank's share of the global
    one. ``ignore`` is ``[B, K]``, True for keys to leave out; a row's target always counts.
    """
    with torch.autocast(query.device.type, enabled=False):
        logits = logit_scale * (_full(query) @ _full(keys).T)
        if ignore is not None:
            logits = logits.masked_fill(ignore.scatter(1, target[:, None], False), -torch.inf)
        return F.cross_entropy(logits, target, reduction="none")


def sigmoid_contrast(
    query: Tensor,
    keys: Tensor,
    target: Tensor,
    logit_scale: Tensor | float,
    logit_bias: Tensor | float,
    *,
    ignore: Tensor | None = None,
) -> Tensor:
    """Return ``[B]`` sums of the sigmoid loss over all pairs of a query with ``[K, D]`` keys, ``target`` the
    one that is true; shapes and ``ignore`` are those of :func:`contrast`."""
    with torch.autocast(query.device.type, enabled=False):
        logits = logit_scale * (_full(query) @ _full(keys).T) + logit_bias
        own = torch.zeros_like(logits, dtype=torch.bool).scatter(1, target[:, None], True)
        pairs = F.softplus(torch.where(own, -logits, logits))
        if ignore is not None:
            pairs = pairs.masked_fill(ignore & ~own, 0.0)
        return pairs.sum(1)


def owners(offsets: Tensor, samples: int, negatives: int) -> Tensor:
    """Return for each of N flat negatives the index ``[N]`` of its sample.

    Raises ValueError for offsets that are not ``[B + 1]``; their content is checked where it costs no device
    sync.
    """
    if offsets.shape != (samples + 1,):
        raise ValueError(
            f"offsets has shape {tuple(offsets.shape)}; expected ({samples + 1},) for {samples} samples"
        )
    counts = offsets.diff()
    if offsets.device.type == "cpu" and (offsets[0] != 0 or offsets[-1] != negatives or (counts < 0).any()):
        raise ValueError(
            f"offsets {offsets.tolist()} must rise from 0 to the number of negatives, {negatives}"
        )
    return torch.repeat_interleave(counts, output_size=negatives)


def has_negatives(offsets: Tensor, negatives: int, ignore: Tensor | None = None) -> Tensor:
    """Return ``[B]``, True for samples with at least one negative that is not ignored."""
    return _counted(owners(offsets, len(offsets) - 1, negatives), len(offsets) - 1, ignore)


def _counted(owner: Tensor, samples: int, ignore: Tensor | None) -> Tensor:
    counted = torch.ones_like(owner) if ignore is None else (~ignore).to(owner.dtype)
    return owner.new_zeros(samples).index_add(0, owner, counted) > 0


def _softmax_loss(gaps: Tensor, owner: Tensor, samples: int, ignore: Tensor | None) -> Tensor:
    """Return log(1 + sum_n e^gap_n) per sample, exact for tiny sums and free of overflow for large gaps."""
    if ignore is not None:
        gaps = gaps.masked_fill(ignore, -torch.inf)
    zero = gaps.new_zeros(samples)
    peak = zero.scatter_reduce(0, owner, gaps.detach(), "amax")  # at least 0, the gap of the positive itself
    total = zero.index_add(0, owner, torch.exp(gaps - peak[owner]))
    return peak + torch.log1p(torch.expm1(-peak) + total)


def _gaps(
    anchor: Tensor, positive: Tensor, negatives: Tensor, owner: Tensor, logit_scale: Tensor | float
) -> Tensor:
    anchor, positive, negatives = _full(anchor), _full(positive), _full(negatives)
    good = (anchor * positive).sum(-1)
    return logit_scale * ((anchor[owner] * negatives).sum(-1) - good[owner])


def _reduce(losses: Tensor, has: Tensor | None, reduction: str) -> Tensor:
    if reduction not in REDUCTIONS:
        raise ValueError(f"reduction={reduction!r} is not allowed; use one of {', '.join(REDUCTIONS)}")
    if reduction == "none":
        return losses
    if reduction == "mean_all" or has is None:
        return losses.sum() / max(len(losses), 1)
    return losses.sum() / has.sum().clamp(min=1)


def _or(mask: Tensor | None, none: Tensor, width: int) -> Tensor:
    return none.expand(-1, width) if mask is None else mask


def _full(features: Tensor) -> Tensor:
    return features if features.dtype == torch.float64 else features.float()


def _check(first: Tensor, second: Tensor, negatives: Tensor | None = None) -> None:
    if first.ndim != 2 or first.shape != second.shape:
        raise ValueError(
            f"features have shapes {tuple(first.shape)} and {tuple(second.shape)}; expected [B, D] twice"
        )
    if negatives is not None and (negatives.ndim != 2 or negatives.shape[1] != first.shape[1]):
        raise ValueError(f"negatives have shape {tuple(negatives.shape)}; expected [N, {first.shape[1]}]")
