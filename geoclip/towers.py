"""Where dual encoders come from: a ``transformers`` checkpoint, a new small CLIP, timm with a text tower."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import timm
import torch
from safetensors.torch import save_file
from torch import Tensor, nn
from transformers import (
    MODEL_MAPPING,
    AutoConfig,
    AutoImageProcessor,
    AutoModel,
    AutoTokenizer,
    CLIPConfig,
    CLIPModel,
)
from transformers.modeling_outputs import BaseModelOutputWithPooling

from configs.geoclip import ClipShape, EncoderConfig, TimmShape
from configs.runtime import write_json
from configs.strict import load_part, load_strict, load_tensors
from geoclip.encoder import DualEncoder

OWN_CONFIG = "geoclip.json"  # marks a folder that only this project reads (timm towers)
TEXT_HEADS = ("pooler.", "cls.", "lm_head.")  # of text checkpoints; never used here
GREY = [0.5, 0.5, 0.5]  # mean and std of a new CLIP: pixels in [-1, 1]


def build_encoder(cfg: EncoderConfig) -> DualEncoder:
    """Return the dual encoder that ``cfg`` describes, in float32 and training mode.

    Raises ValueError for whatever cannot be loaded completely, naming the folder and the tensors.
    """
    if cfg.pretrained is not None:
        encoder = load_encoder(cfg.pretrained)
    elif cfg.clip is not None:
        encoder = make_clip(cfg.clip)
    else:
        assert cfg.timm is not None
        encoder = make_timm(cfg.timm)
    encoder.recompute_rows = cfg.recompute_rows
    return encoder.train()


def load_encoder(path: str) -> DualEncoder:
    """Load a whole dual encoder: a contrastive ``transformers`` folder or hub id, or an export of
    :func:`save_timm`.

    Any model of ``AutoModel`` with image and text features, one picture size and a logit scale will do (CLIP,
    SigLIP, AltCLIP and their relatives). A run's ``export`` folder stands for its ``clip``. Raises ValueError
    naming what is wrong with the folder.
    """
    if not (Path(path) / "config.json").is_file() and (Path(path) / "clip").is_dir():
        path = str(Path(path) / "clip")
    if (Path(path) / OWN_CONFIG).is_file():
        return _load_timm(Path(path))
    model = load_strict(AutoModel, path, check=_check_contrastive)
    processor = load_part(AutoImageProcessor, path, "an image processor (preprocessor_config.json)")
    return DualEncoder(
        model,
        load_part(AutoTokenizer, path, "a tokenizer"),
        image_size=model.config.vision_config.image_size,
        mean=list(processor.image_mean),
        std=list(processor.image_std),
    )


def make_clip(shape: ClipShape) -> DualEncoder:
    """Return a CLIP with random weights; :meth:`save_pretrained` of its ``model`` is a stock checkpoint."""
    tokenizer = load_part(AutoTokenizer, shape.tokenizer, "a tokenizer")
    text = {
        "vocab_size": len(tokenizer),
        "hidden_size": shape.text_width,
        "intermediate_size": 4 * shape.text_width,
        "num_hidden_layers": shape.text_layers,
        "num_attention_heads": shape.text_heads,
        "max_position_embeddings": shape.text_window,
        "bos_token_id": tokenizer.bos_token_id,
        "eos_token_id": tokenizer.eos_token_id,
        "pad_token_id": tokenizer.pad_token_id,
        "projection_dim": shape.embed,
    }
    vision = {
        "hidden_size": shape.width,
        "intermediate_size": 4 * shape.width,
        "num_hidden_layers": shape.layers,
        "num_attention_heads": shape.heads,
        "image_size": shape.image_size,
        "patch_size": shape.patch_size,
        "projection_dim": shape.embed,
    }
    model = CLIPModel(CLIPConfig(text_config=text, vision_config=vision, projection_dim=shape.embed))
    return DualEncoder(model, tokenizer, image_size=shape.image_size, mean=GREY, std=GREY)


class TimmText(nn.Module):
    """A timm vision tower and a ``transformers`` text tower with projections, under the names of
    ``CLIPModel``.

    A CLIP text tower gives its pooled end token; other text towers the mean of their last hidden states over
    the real tokens. timm towers are used without a head.
    """

    def __init__(self, vision: Any, text: Any, recipe: dict[str, Any]) -> None:
        super().__init__()
        embed, self.recipe = recipe["embed"], recipe
        self.vision_model, self.text_model = vision, text
        if hasattr(text, "pooler"):
            text.pooler = None  # unused parameters would stop DDP
        self.visual_projection = nn.Linear(vision.num_features, embed, bias=False)
        self.text_projection = nn.Linear(text.config.hidden_size, embed, bias=False)
        self.logit_scale = nn.Parameter(torch.tensor(2.6592))  # ln(1 / 0.07), as CLIP
        for projection in (self.visual_projection, self.text_projection):
            nn.init.normal_(projection.weight, std=projection.in_features**-0.5)
        self.config = SimpleNamespace(text_config=text.config)

    def get_image_features(self, pixel_values: Tensor) -> BaseModelOutputWithPooling:
        """Return the projected pooled picture and timm's last features."""
        features = self.vision_model.forward_features(pixel_values)
        pooled = self.vision_model.forward_head(features, pre_logits=True)
        return BaseModelOutputWithPooling(features, self.visual_projection(pooled))

    def get_text_features(
        self, input_ids: Tensor, attention_mask: Tensor, **positions: Tensor
    ) -> BaseModelOutputWithPooling:
        """Return the projected pooled caption and the last hidden states."""
        output = self.text_model(input_ids=input_ids, attention_mask=attention_mask, **positions)
        if self.text_model.config.model_type == "clip_text_model":
            pooled = output.pooler_output
        else:
            real = attention_mask[..., None].to(output.last_hidden_state.dtype)
            pooled = (output.last_hidden_state * real).sum(1) / real.sum(1)
        return BaseModelOutputWithPooling(output.last_hidden_state, self.text_projection(pooled))


def make_timm(shape: TimmShape) -> DualEncoder:
    """Return a dual encoder from timm and ``transformers`` towers with new projections."""
    if not timm.is_model(shape.vision):
        near = ", ".join(timm.list_models(f"{shape.vision[:6]}*")[:8])
        hint = f"; it has {near}" if near else ""
        raise ValueError(f"timm has no model {shape.vision!r}{hint}; timm.list_models() lists all")
    from_hub = shape.vision_weights == "hub"
    vision = timm.create_model(shape.vision, pretrained=from_hub, num_classes=0, **shape.vision_options)
    if shape.vision_weights not in ("none", "hub"):
        load_tensors(vision, Path(shape.vision_weights))
    if shape.text_weights:
        text = load_strict(AutoModel, shape.text, check=_check_text, ignore=TEXT_HEADS)
    else:
        text = AutoModel.from_config(_check_text(load_part(AutoConfig, shape.text, "a config"), shape.text))
    tokenizer = load_part(AutoTokenizer, shape.text, "a tokenizer")
    recipe = {"vision": shape.vision, "options": dict(shape.vision_options), "embed": shape.embed}
    return _join(vision, text, tokenizer, recipe)


def save_model(encoder: DualEncoder, out: Path) -> None:
    """Write the stock model into the existing folder ``out``, under the names of its hub checkpoints."""
    state = encoder.model.state_dict()
    state["logit_scale"] = state["logit_scale"].reshape(encoder.scale_shape)
    altclip = encoder.model.config.model_type == "altclip"
    if altclip:
        # transformers would also rename the layers of the vision tower, which then loads as random numbers.
        state = {
            name.replace("roberta.encoder.layers.", "roberta.encoder.layer."): t for name, t in state.items()
        }
    encoder.model.save_pretrained(out, state_dict=state, save_original_format=not altclip)


def save_timm(encoder: DualEncoder, out: Path) -> None:
    """Write a timm encoder into the existing folder ``out``, in a form that :func:`load_encoder` reads."""
    model = encoder.model
    save_file(
        {name: tensor.contiguous() for name, tensor in model.state_dict().items()}, out / "model.safetensors"
    )
    model.text_model.config.save_pretrained(out / "text")
    encoder.tokenizer.save_pretrained(out)
    write_json(out / OWN_CONFIG, model.recipe)


def _load_timm(folder: Path) -> DualEncoder:
    recipe = json.loads((folder / OWN_CONFIG).read_text())
    vision = timm.create_model(recipe["vision"], num_classes=0, **recipe["options"])
    text = AutoModel.from_config(load_part(AutoConfig, str(folder / "text"), "the text tower's config"))
    encoder = _join(vision, text, load_part(AutoTokenizer, str(folder), "a tokenizer"), recipe)
    load_tensors(encoder.model, folder / "model.safetensors")
    return encoder


def _join(vision: Any, text: Any, tokenizer: Any, recipe: dict[str, Any]) -> DualEncoder:
    data = timm.data.resolve_model_data_config(vision)
    size = vision.patch_embed.img_size[0] if hasattr(vision, "patch_embed") else data["input_size"][-1]
    model = TimmText(vision, text, recipe)
    return DualEncoder(model, tokenizer, image_size=size, mean=list(data["mean"]), std=list(data["std"]))


def _check_contrastive(config: Any, path: str) -> None:
    cls = MODEL_MAPPING.get(type(config), None)
    text, vision = getattr(config, "text_config", None), getattr(config, "vision_config", None)
    whole = hasattr(cls, "get_image_features") and hasattr(cls, "get_text_features")
    if not whole or text is None or not isinstance(getattr(vision, "image_size", None), int):
        raise ValueError(
            f"{path} is a model of type {config.model_type!r}, not a dual encoder with one picture size; "
            "use a CLIP, SigLIP, AltCLIP or related checkpoint with both towers"
        )


def _check_text(config: Any, path: str) -> Any:
    if not all(isinstance(getattr(config, name, None), int) for name in ("vocab_size", "hidden_size")):
        raise ValueError(
            f"{path} is a model of type {config.model_type!r}; give the folder of a text encoder"
        )
    return config
