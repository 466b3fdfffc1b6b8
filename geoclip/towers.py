"""Where dual encoders come from: a ``transformers`` checkpoint, a new small CLIP, timm with a text tower."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from transformers import (
    MODEL_MAPPING,
    AutoImageProcessor,
    AutoModel,
    AutoTokenizer,
    CLIPConfig,
    CLIPModel,
    GemmaTokenizer,
    Siglip2Tokenizer,
)

from configs.geoclip import ClipShape, EncoderConfig
from configs.strict import load_part, load_strict
from geoclip.encoder import DualEncoder
from geoclip.joined import OWN_CONFIG, load_timm, make_timm
from geoclip.positions import with_sizes

GREY = [0.5, 0.5, 0.5]  # mean and std of a new CLIP: pixels in [-1, 1]


def build_encoder(cfg: EncoderConfig) -> DualEncoder:
    """Return the dual encoder that ``cfg`` describes, in float32 and training mode.

    Raises ValueError for whatever cannot be loaded completely, naming the folder and the tensors.
    """
    sizes = {"image_size": cfg.image_size, "text_window": cfg.text_window}
    if cfg.pretrained is not None:
        encoder = load_encoder(cfg.pretrained, **sizes)
    elif cfg.clip is not None:
        encoder = make_clip(cfg.clip)
    else:
        assert cfg.timm is not None
        encoder = make_timm(cfg.timm, **sizes)
    encoder.recompute_rows = cfg.recompute_rows
    if cfg.gradient_checkpointing:
        encoder.checkpoint_blocks()
    if cfg.compile:
        encoder.compile_blocks()
    return encoder.train()


def load_encoder(path: str, *, image_size: int | None = None, text_window: int | None = None) -> DualEncoder:
    """Load a whole dual encoder: a contrastive ``transformers`` folder or hub id, or an export of
    :func:`geoclip.joined.save_timm`.

    Any model of ``AutoModel`` with image and text features, one picture size and a logit scale will do (CLIP,
    SigLIP, AltCLIP and their relatives; of SigLIP 2 the checkpoints of one size, whose class is SigLIP's, not
    NaFlex). A run's ``export`` folder stands for its ``clip``. ``image_size`` and ``text_window`` other than
    the checkpoint's interpolate its positions. Raises ValueError naming what is wrong with the folder.
    """
    if not (Path(path) / "config.json").is_file() and (Path(path) / "clip").is_dir():
        path = str(Path(path) / "clip")
    if (Path(path) / OWN_CONFIG).is_file():
        return load_timm(Path(path), image_size=image_size, text_window=text_window)
    model = load_strict(AutoModel, path, check=_check_contrastive)
    model = with_sizes(model, path, image_size=image_size, text_window=text_window)
    processor = load_part(AutoImageProcessor, path, "an image processor (preprocessor_config.json)")
    return DualEncoder(
        model,
        _load_tokenizer(model, path),
        image_size=model.config.vision_config.image_size,
        mean=list(processor.image_mean),
        std=list(processor.image_std),
    )


def device_of(accelerator: str) -> str:
    """Return cpu or cuda for ``cpu``, ``cuda`` or ``auto``; ValueError for cuda where torch finds no GPU."""
    if accelerator == "cuda" and not torch.cuda.is_available():
        raise ValueError("accelerator=cuda, but torch finds no GPU; use cpu or auto")
    return accelerator if accelerator != "auto" else "cuda" if torch.cuda.is_available() else "cpu"


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


def _load_tokenizer(model: Any, path: str) -> Any:
    if not model.config.text_config.model_type.startswith("siglip"):
        return load_part(AutoTokenizer, path, "a tokenizer")
    # SigLIP reads padding, which stands on the right; Gemma's tokenizer puts it on the left unless told.
    tokenizer = load_part(AutoTokenizer, path, "a tokenizer", padding_side="right")
    if type(tokenizer) is not GemmaTokenizer:
        return tokenizer
    # SigLIP 2 learned from lower-case captions. Folders of one size name Gemma's tokenizer, which keeps
    # capitals: tokens that the text tower has never seen.
    return load_part(Siglip2Tokenizer, path, "a tokenizer", padding_side="right")


def _check_contrastive(config: Any, path: str) -> None:
    if config.model_type == "siglip2":
        raise ValueError(
            f"{path} is a SigLIP 2 model of the NaFlex kind, which reads pictures of any shape as bags of "
            "patches; use one of a fixed size, for example google/siglip2-base-patch16-256"
        )
    cls = MODEL_MAPPING.get(type(config), None)
    text, vision = getattr(config, "text_config", None), getattr(config, "vision_config", None)
    whole = hasattr(cls, "get_image_features") and hasattr(cls, "get_text_features")
    if not whole or text is None or not isinstance(getattr(vision, "image_size", None), int):
        raise ValueError(
            f"{path} is a model of type {config.model_type!r}, not a dual encoder with one picture size; "
            "use a CLIP, SigLIP, AltCLIP or related checkpoint with both towers"
        )
