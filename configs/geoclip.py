"""Options of the encoder stage: the dual encoder, the objective, which negatives a sample brings,
retrieval."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from configs.load import one_of


@dataclass(kw_only=True)
class ClipShape:
    """A CLIP made from these numbers: a ViT and a causal text transformer, both read by stock
    ``transformers``."""

    tokenizer: str
    """Folder of the tokenizer."""
    image_size: int = 96
    """Side of the square picture, pixels."""
    patch_size: int = 12
    """Side of a patch, pixels; divides image_size."""
    width: int = 192
    """Width of the image transformer."""
    layers: int = 6
    """Blocks of the image transformer."""
    heads: int = 3
    """Attention heads of the image transformer; divides width."""
    text_width: int = 128
    """Width of the text transformer."""
    text_layers: int = 4
    """Blocks of the text transformer."""
    text_heads: int = 2
    """Attention heads of the text transformer; divides text_width."""
    text_window: int = 160
    """Longest caption, tokens with the start and end token."""
    embed: int = 128
    """Width of the common space."""

    def __post_init__(self) -> None:
        if self.image_size % self.patch_size:
            raise ValueError(f"patch_size={self.patch_size} does not divide image_size={self.image_size}")
        if self.width % self.heads or self.text_width % self.text_heads:
            raise ValueError("heads must divide width, and text_heads must divide text_width")


@dataclass(kw_only=True)
class TimmShape:
    """A timm vision tower and a ``transformers`` text tower, joined by two new projections."""

    vision: str
    """timm model name, for example vit_base_patch16_clip_224.openai or convnext_tiny."""
    vision_weights: str = "none"
    """none: random; hub: timm's pretrained weights; or the path of a .safetensors file that fits exactly."""
    vision_options: dict[str, Any] = field(default_factory=dict)
    """Further arguments of timm.create_model, for example {img_size: 336}."""
    text: str
    """Folder or hub id of the text tower and its tokenizer."""
    text_weights: bool = True
    """Load the text tower's weights; false: only its config, weights are random."""
    embed: int = 512
    """Width of the common space."""


@dataclass(kw_only=True)
class EncoderConfig:
    """Where the dual encoder comes from: exactly one of the three."""

    pretrained: str | None = None
    """Folder or hub id of a contrastive transformers model (CLIP, SigLIP, AltCLIP), or an export of ours."""
    clip: ClipShape | None = None
    """A small CLIP with random weights."""
    timm: TimmShape | None = None
    """A timm vision tower with a transformers text tower."""
    recompute_rows: int = 0
    """Pictures or captions per recomputed chunk, which saves memory as GradCache does; 0: keep all
    activations."""

    def __post_init__(self) -> None:
        given = [name for name in ("pretrained", "clip", "timm") if getattr(self, name) is not None]
        if len(given) != 1:
            raise ValueError(f"encoder needs exactly one of pretrained, clip, timm; got {given or 'none'}")
        if self.recompute_rows < 0:
            raise ValueError(f"recompute_rows={self.recompute_rows} is not allowed; use at least 0")


OVERFLOWS = ("error", "skip", "truncate")


def check_overflow(value: str) -> None:
    """Raise ValueError unless ``value`` is a policy for captions longer than the text tower's window."""
    one_of("text_overflow", value, OVERFLOWS)
