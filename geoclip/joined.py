"""A timm vision tower and a ``transformers`` text tower, joined by two projections."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import timm
import torch
from safetensors.torch import save_file
from torch import Tensor, nn
from transformers import AutoConfig, AutoModel, AutoTokenizer
from transformers.modeling_outputs import BaseModelOutputWithPooling

from configs.geoclip import TimmShape
from configs.runtime import write_json
from configs.strict import load_part, load_strict, load_tensors, report, say
from geoclip.encoder import DualEncoder
from geoclip.positions import check_patches, with_sizes

OWN_CONFIG = "geoclip.json"  # marks a folder that only this project reads (timm towers)
POOLS_ITSELF = ("clip_text_model", "siglip_text_model")
TEXT_HEADS = ("pooler.", "cls.", "lm_head.")  # of text checkpoints; never used here


class TimmText(nn.Module):
    """A timm vision tower and a ``transformers`` text tower with projections, under the names of
    ``CLIPModel``.

    A CLIP or SigLIP text tower gives what it pools itself; other text towers the mean of their last hidden
    states over the real tokens. timm towers are used without a head.
    """

    def __init__(self, vision: Any, text: Any, recipe: dict[str, Any]) -> None:
        super().__init__()
        embed, self.recipe = recipe["embed"], recipe
        self.vision_model, self.text_model = vision, text
        if hasattr(text, "pooler"):
            text.pooler = None  # unused parameters would stop DDP
        self.visual_projection = nn.Linear(vision.num_features, embed, bias=False)
        width = getattr(text.config, "projection_size", None) or text.config.hidden_size  # SigLIP's head
        self.text_projection = nn.Linear(width, embed, bias=False)
        self.logit_scale = nn.Parameter(torch.tensor([2.6592]))  # ln(1 / 0.07), as CLIP
        for projection in (self.visual_projection, self.text_projection):
            nn.init.normal_(projection.weight, std=projection.in_features**-0.5)
        self.config = SimpleNamespace(text_config=text.config)

    def get_image_features(self, pixel_values: Tensor) -> BaseModelOutputWithPooling:
        """Return the projected pooled picture and timm's last features."""
        features = self.vision_model.forward_features(pixel_values)
        pooled = self.vision_model.forward_head(features, pre_logits=True)
        return BaseModelOutputWithPooling(features, self.visual_projection(pooled))

    def get_text_features(
        self, input_ids: Tensor, attention_mask: Tensor | None = None, **positions: Tensor
    ) -> BaseModelOutputWithPooling:
        """Return the projected pooled caption and the last hidden states."""
        output = self.text_model(input_ids=input_ids, attention_mask=attention_mask, **positions)
        if attention_mask is None or self.text_model.config.model_type in POOLS_ITSELF:
            pooled = output.pooler_output
        else:
            real = attention_mask[..., None].to(output.last_hidden_state.dtype)
            pooled = (output.last_hidden_state * real).sum(1) / real.sum(1)
        return BaseModelOutputWithPooling(output.last_hidden_state, self.text_projection(pooled))


def make_timm(
    shape: TimmShape, *, image_size: int | None = None, text_window: int | None = None
) -> DualEncoder:
    """Return a dual encoder from timm and ``transformers`` towers with new projections.

    ``image_size`` and ``text_window`` interpolate positions after the weights are loaded.
    """
    if not timm.is_model(shape.vision):
        near = ", ".join(timm.list_models(f"{shape.vision[:6]}*")[:8])
        hint = f"; it has {near}" if near else ""
        raise ValueError(f"timm has no model {shape.vision!r}{hint}; timm.list_models() lists all")
    vision = _make_vision(shape)
    if shape.text_weights:
        text = load_strict(AutoModel, shape.text, check=_check_text, ignore=TEXT_HEADS)
    else:
        text = AutoModel.from_config(_check_text(load_part(AutoConfig, shape.text, "a config"), shape.text))
    recipe = {"vision": shape.vision, "options": dict(shape.vision_options), "embed": shape.embed}
    model = TimmText(vision, text, recipe)
    say("newly made: visual_projection.weight, text_projection.weight")
    return _finish(model, shape.text, image_size, text_window)


def save_timm(encoder: DualEncoder, out: Path) -> None:
    """Write a timm encoder into the existing folder ``out``, in a form that :func:`load_timm` reads."""
    model = encoder.model
    save_file(
        {name: tensor.contiguous() for name, tensor in model.state_dict().items()}, out / "model.safetensors"
    )
    model.text_model.config.save_pretrained(out / "text")
    encoder.tokenizer.save_pretrained(out)
    write_json(out / OWN_CONFIG, model.recipe)


def load_timm(folder: Path, *, image_size: int | None = None, text_window: int | None = None) -> DualEncoder:
    """Load what :func:`save_timm` wrote, at its own sizes or interpolated to others."""
    recipe = json.loads((folder / OWN_CONFIG).read_text())
    vision = timm.create_model(recipe["vision"], num_classes=0, **recipe["options"])
    _resize(vision, recipe.get("image_size"))  # folders of the first version lack it
    text = AutoModel.from_config(load_part(AutoConfig, str(folder / "text"), "the text tower's config"))
    model = TimmText(vision, text, recipe)
    load_tensors(model, folder / "model.safetensors")
    return _finish(model, str(folder), image_size or recipe.get("image_size"), text_window)


def _make_vision(shape: TimmShape) -> Any:
    """Return the timm tower; timm itself only logs what a pretrained checkpoint lacks."""
    said = _Said()
    logger = logging.getLogger("timm.models._builder")
    level = logger.level
    logger.addHandler(said)
    logger.setLevel(logging.INFO)
    try:
        from_hub = shape.vision_weights == "hub"
        vision: Any = timm.create_model(
            shape.vision, pretrained=from_hub, num_classes=0, **shape.vision_options
        )
    finally:
        logger.removeHandler(said)
        logger.setLevel(level)
    if said.wrong:
        raise ValueError(
            f"timm's weights of {shape.vision} do not fit: {' '.join(said.wrong)} Set vision_options so that "
            "the tower is the one that the weights are of"
        )
    if from_hub:
        report(vision, f"timm ({vision.pretrained_cfg.get('hf_hub_id') or shape.vision})")
    elif shape.vision_weights != "none":
        load_tensors(vision, Path(shape.vision_weights))
    return vision


class _Said(logging.Handler):
    """Collects what timm says about tensors that do not fit."""

    def __init__(self) -> None:
        super().__init__()
        self.wrong: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep the sentence that lists names."""
        message = record.getMessage()
        if message.startswith(("Missing keys", "Unexpected keys", "Unable to convert")):
            self.wrong.append(message.split(" This ")[0])


def _own_size(vision: Any) -> int:
    """Return the side of the pictures that the tower was made for, pixels."""
    if hasattr(vision, "patch_embed"):
        return vision.patch_embed.img_size[0]
    return timm.data.resolve_model_data_config(vision)["input_size"][-1]


def _resize(vision: Any, size: int | None) -> None:
    """Interpolate the positions of a tower that has a grid of patches; others take any size."""
    if size is None or size == _own_size(vision) or not hasattr(vision, "patch_embed"):
        return
    if not hasattr(vision, "set_input_size"):
        raise ValueError(f"image_size={size}: timm cannot change the size of {type(vision).__name__}")
    check_patches(size, vision.patch_embed.patch_size[0])
    vision.set_input_size(img_size=(size, size))  # bicubic with antialiasing


def _finish(model: TimmText, path: str, image_size: int | None, text_window: int | None) -> DualEncoder:
    """Return the encoder of loaded towers at the wanted sizes; ``path`` holds the tokenizer."""
    vision: Any = model.vision_model
    if hasattr(vision, "patch_embed") and image_size not in (None, _own_size(vision)):
        say(f"interpolated for {path}: positions of {image_size} px from {_own_size(vision)} px")
    _resize(vision, image_size)
    model.text_model = with_sizes(model.text_model, path, text_window=text_window)
    model.config = SimpleNamespace(text_config=model.text_model.config)
    size = image_size or _own_size(vision)
    model.recipe["image_size"] = size
    data = timm.data.resolve_model_data_config(vision)
    tokenizer = load_part(AutoTokenizer, path, "a tokenizer")
    return DualEncoder(model, tokenizer, image_size=size, mean=list(data["mean"]), std=list(data["std"]))


def _check_text(config: Any, path: str) -> Any:
    sizes = ("vocab_size", "hidden_size", "max_position_embeddings")
    one_stack = not getattr(config, "is_encoder_decoder", False)
    if not one_stack or not all(isinstance(getattr(config, name, None), int) for name in sizes):
        raise ValueError(
            f"{path} is a model of type {config.model_type!r}; give the folder of a text encoder, for "
            "example BERT, XLM-R, ModernBERT or a CLIP text model"
        )
    return config
