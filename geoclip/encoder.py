"""The dual encoder: an image tower and a text tower with one common space, whatever library they come from.

Shapes: ``B`` pictures, ``T`` captions, ``L`` tokens, ``D`` width of the common space, ``H W`` pixels.
"""

from __future__ import annotations

import itertools
import math
from functools import partial
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.distributed.fsdp import FSDPModule
from torch.utils.checkpoint import checkpoint
from transformers import PreTrainedModel
from transformers.modeling_layers import GradientCheckpointingLayer

from data.tokenizer import ROBERTA_LIKE, text_window
from geoclip.ranks import rank_sizes

WASTE = 256  # tokens of padding that cost about as much as one more call
BUCKETS = 8  # calls of a sharded text tower; every call gathers its weights, so ranks make the same number
MAX_LOG_SCALE = 4.605170185988092  # ln 100


class DualEncoder(nn.Module):
    """Pictures and captions to L2-normalised float32 features ``[*, D]`` (float64 in a float64 model).

    ``model`` is a contrastive ``transformers`` model or a :class:`geoclip.joined.TimmText`: it has
    ``vision_model``, ``text_model``, ``get_image_features``, ``get_text_features`` and ``logit_scale``.
    ``mean`` and ``std`` normalise pixels in [0, 1] per channel, as the model's image processor does.
    """

    model: Any
    _mean: Tensor
    _std: Tensor

    def __init__(
        self, model: Any, tokenizer: Any, *, image_size: int, mean: list[float], std: list[float]
    ) -> None:
        super().__init__()
        self.model = model
        self.tokenizer = tokenizer
        self.image_size = image_size
        self.mean, self.std = tuple(mean), tuple(std)
        self.recompute_rows = 0
        self.scale_shape = model.logit_scale.shape
        model.logit_scale = nn.Parameter(model.logit_scale.detach().reshape(1))  # FSDP2 shards no scalars
        self.register_buffer("_mean", torch.tensor(mean).view(1, -1, 1, 1), persistent=False)
        self.register_buffer("_std", torch.tensor(std).view(1, -1, 1, 1), persistent=False)
        self._own_bias: nn.Parameter | None = None
        text = model.config.text_config
        # RoBERTa counts positions from the padding id on: caption token 0 has position pad_token_id + 1.
        self._before_first = text.pad_token_id if text.model_type in ROBERTA_LIKE else None
        self.pads_text = text.model_type.startswith("siglip")
        self.text_window = text_window(text)
        self.pad_id = tokenizer.pad_token_id
        tokenizer.model_max_length = self.text_window  # where stock processors cut and pad
        self._check_tokenizer()

    @property
    def vision(self) -> nn.Module:
        """The image tower without the projection."""
        return self.model.vision_model

    @property
    def text(self) -> nn.Module:
        """The text tower without the projection."""
        return self.model.text_model

    @property
    def logit_scale(self) -> nn.Parameter:
        """Logarithm of what similarities are multiplied with."""
        return self.model.logit_scale

    @property
    def logit_bias(self) -> nn.Parameter | None:
        """What is added to scaled similarities; only the sigmoid loss has one."""
        return self._own_bias if self._own_bias is not None else getattr(self.model, "logit_bias", None)

    def train_bias(self, wanted: bool) -> None:
        """Make the bias trainable, adding one of -10 where the model has none, or freeze the model's own."""
        if wanted and self.logit_bias is None:
            self._own_bias = nn.Parameter(torch.tensor([-10.0]))
        if self.logit_bias is not None:
            self.logit_bias.requires_grad_(wanted)

    @torch.no_grad()
    def clamp_scale(self) -> None:
        """Keep the multiplier within [1, 100]; called after every optimiser step of a softmax loss."""
        self.logit_scale.clamp_(0.0, MAX_LOG_SCALE)

    def forward(
        self, images: Tensor, input_ids: Tensor, attention_mask: Tensor
    ) -> tuple[Tensor, Tensor, Tensor, Tensor | None]:
        """Return image features, text features, the multiplier ``exp(logit_scale)`` and the bias.

        One call per tower. A training step calls this and not the parts, because sharded parameters are whole
        only in here.
        """
        text = self.encode_text(input_ids, attention_mask)  # first: it reads lengths on the host
        return self.encode_image(images), text, self.logit_scale.exp(), self.logit_bias

    def blocks(self) -> list[nn.Module]:
        """Return the repeated blocks of both towers, the units that FSDP gathers one at a time."""
        return tower_blocks(self.vision) + tower_blocks(self.text)

    def checkpoint_blocks(self) -> None:
        """Keep only what enters each block and compute the rest again in the backward pass; ValueError for a
        tower that cannot."""
        towers: tuple[Any, Any] = (self.vision, self.text)
        for tower in towers:
            if hasattr(tower, "set_grad_checkpointing"):  # timm; not re-entrant
                tower.set_grad_checkpointing()
                continue
            blocks: list[Any] = tower_blocks(tower)
            for block in blocks:
                block.gradient_checkpointing = True
                block._gradient_checkpointing_func = partial(checkpoint, use_reentrant=False)
            if not blocks or not all(isinstance(block, GradientCheckpointingLayer) for block in blocks):
                raise ValueError(
                    f"encoder.gradient_checkpointing: {type(tower).__name__} has no blocks that can; use "
                    "encoder.recompute_rows"
                )

    def compile_blocks(self) -> None:
        """Compile every block in place, for any batch size and length; equal blocks share one compilation.

        What lies between the blocks, with its look-ups and masks, gains little and would be compiled again
        for every call. Names, checkpoints and exports stay as they are.
        """
        for block in self.blocks():
            block.compile(dynamic=True)

    def attend_eagerly(self) -> None:
        """Compute attention as plain matrix products: on a CPU torch's fused backward is slower."""
        for part in (self.model, self.vision, self.text):
            if isinstance(part, PreTrainedModel):
                part.set_attn_implementation("eager")

    def pixels(self, images: Tensor) -> Tensor:
        """Return ``[B, 3, H, W]`` normalised pixels of uint8 grey ``[B, 1, H, W]`` (or colour) pictures."""
        return (images.to(self._mean.dtype) / 255 - self._mean) / self._std

    def encode_image(self, images: Tensor) -> Tensor:
        """Return ``[B, D]`` features of uint8 ``[B, 1, H, W]`` pictures."""
        return self._in_calls(self._image, images)

    def encode_text(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        """Return ``[T, D]`` features of right-padded ``[T, L]`` captions, in their order.

        Captions are encoded in buckets of similar length, without the padding that a bucket does not need. A
        SigLIP text tower was trained on padding and reads all of it.
        """
        if self.pads_text:
            return self._in_calls(self._padded_text, input_ids)
        lengths = attention_mask.sum(1).tolist()
        groups = self._groups(lengths)
        features = []
        for rows in groups:
            longest = lengths[rows[-1]]
            features.append(self._call(self._text, input_ids[rows, :longest], attention_mask[rows, :longest]))
        place = {row: position for position, row in enumerate(itertools.chain(*groups))}
        return torch.cat(features)[[place[row] for row in range(len(lengths))]]

    def tokenize(self, texts: list[str]) -> tuple[Tensor, Tensor]:
        """Return ``input_ids`` and ``attention_mask`` ``[T, L]``; ValueError beyond the window."""
        rows = token_rows(self.tokenizer, texts)
        for text, row in zip(texts, rows, strict=True):
            if len(row) > self.text_window:
                raise ValueError(
                    f"caption of {len(row)} tokens, but the text tower reads {self.text_window}: {text}"
                )
        return self.pad(rows)

    def pad(self, rows: list[list[int]]) -> tuple[Tensor, Tensor]:
        """Pad token rows on the right: to the longest, or to the window for a SigLIP tower."""
        return pad_rows(rows, self.pad_id, self.text_window if self.pads_text else None)

    def _image(self, images: Tensor) -> Tensor:
        return _normalise(self.model.get_image_features(pixel_values=self.pixels(images)).pooler_output)

    def _text(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        extra = {}
        if self._before_first is not None:
            extra["position_ids"] = attention_mask.cumsum(1) * attention_mask + self._before_first
        output = self.model.get_text_features(input_ids=input_ids, attention_mask=attention_mask, **extra)
        return _normalise(output.pooler_output)

    def _padded_text(self, input_ids: Tensor) -> Tensor:
        return _normalise(self.model.get_text_features(input_ids=input_ids).pooler_output)

    def _in_calls(self, encode: Any, rows: Tensor) -> Tensor:
        calls = self._calls(len(rows), 1)
        filled = torch.cat([rows, rows[:1].expand(max(calls - len(rows), 0), *rows.shape[1:])])
        return torch.cat([self._call(encode, part) for part in filled.tensor_split(calls)])[: len(rows)]

    def _groups(self, lengths: list[int]) -> list[list[int]]:
        """Return the captions of each call, shorter ones first; a sharded tower has a fixed number of calls,
        filled up with the shortest caption."""
        order = sorted(range(len(lengths)), key=lengths.__getitem__)
        if isinstance(self, FSDPModule):
            calls = self._calls(len(order), BUCKETS)
            order += order[:1] * (calls - len(order))
            return [order[len(order) * i // calls : len(order) * (i + 1) // calls] for i in range(calls)]
        most = self.recompute_rows if self._recomputes() else len(order)
        groups, wasted = [order[:1]], 0
        for row in order[1:]:
            padding = len(groups[-1]) * (lengths[row] - lengths[groups[-1][-1]])
            if len(groups[-1]) == most or wasted + padding > WASTE:
                groups.append([row])
                wasted = 0
            else:
                groups[-1].append(row)
                wasted += padding
        return groups

    def _calls(self, rows: int, least: int) -> int:
        """Return how many calls encode so many rows, none of more than ``recompute_rows`` if that is set.

        Of a sharded tower every call gathers the weights from all ranks, so all ranks make the same number.
        """
        if not self._recomputes():
            return least
        calls = max(least, math.ceil(rows / self.recompute_rows))
        if isinstance(self, FSDPModule):
            (everywhere,) = rank_sizes([calls], self._mean.device)
            calls = max(everywhere)
        return calls

    def _call(self, encode: Any, *inputs: Tensor) -> Tensor:
        return checkpoint(encode, *inputs, use_reentrant=False) if self._recomputes() else encode(*inputs)

    def _recomputes(self) -> bool:
        return bool(self.recompute_rows) and torch.is_grad_enabled()

    def _check_tokenizer(self) -> None:
        """Refuse a tokenizer whose captions the text tower would pool at the wrong place, or could not
        embed."""
        text = self.model.config.text_config
        row = token_rows(self.tokenizer, ["A"])[0]
        if self.pad_id is None:
            raise ValueError("the tokenizer has no padding token; set pad_token in tokenizer_config.json")
        if len(self.tokenizer) > text.vocab_size:
            raise ValueError(
                f"the tokenizer has {len(self.tokenizer)} tokens, the text tower {text.vocab_size}"
            )
        if text.model_type == "clip_text_model":
            end = (
                max(row) if text.eos_token_id == 2 else text.eos_token_id
            )  # 2: CLIP's own rule for old checkpoints
            if row[-1] != end:
                raise ValueError(
                    f"the text tower reads a caption at token {end}, but the tokenizer ends captions with "
                    f"{row[-1]}; they do not belong together (eos_token_id in config.json)"
                )


def tower_blocks(tower: nn.Module) -> list[nn.Module]:
    """Return the repeated blocks of a tower in their order: ``transformers`` keeps them in a ModuleList, timm
    under the name ``blocks``, for ConvNeXt one such list per stage."""
    stacks: list[Any] = []
    inside: set[nn.Module] = set()
    for name, part in tower.named_modules():
        if part not in inside and (isinstance(part, nn.ModuleList) or name.rpartition(".")[2] == "blocks"):
            stacks.append(part)
            inside |= set(part.modules())
    return [block for stack in stacks for block in stack]


def token_rows(tokenizer: Any, texts: list[str]) -> list[list[int]]:
    """Return the token ids of each text, special tokens included, neither padded nor cut."""
    return tokenizer(texts, padding=False, truncation=False, verbose=False)["input_ids"] if texts else []


def pad_rows(rows: list[list[int]], pad_id: int, width: int | None = None) -> tuple[Tensor, Tensor]:
    """Return ``input_ids`` and ``attention_mask`` ``[T, L]``, L the longest row or ``width``."""
    width = width or max(map(len, rows), default=0)
    ids = torch.full((len(rows), width), pad_id)
    mask = torch.zeros((len(rows), width), dtype=torch.long)
    for i, row in enumerate(rows):
        ids[i, : len(row)] = torch.tensor(row)
        mask[i, : len(row)] = 1
    return ids, mask


def _normalise(features: Tensor) -> Tensor:
    return F.normalize(features if features.dtype == torch.float64 else features.float(), dim=-1)
