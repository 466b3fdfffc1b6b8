"""Export: the vision tower as a stock folder for the LMM, and the whole dual encoder for retrieval.

The vision tower is always written as a ``CLIPVisionModel`` or ``SiglipVisionModel`` with its image processor,
read back, and compared with the tower in memory. A tower that neither class can hold exactly is refused.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from timm.models.vision_transformer import VisionTransformer
from torch import Tensor, nn
from transformers import (
    CLIPImageProcessor,
    CLIPVisionConfig,
    CLIPVisionModel,
    SiglipImageProcessor,
    SiglipVisionModel,
)

from configs.runtime import console, fresh_folder
from configs.strict import load_strict, quiet
from geoclip.encoder import DualEncoder
from geoclip.joined import OWN_CONFIG, TimmText, save_timm
from geoclip.towers import load_encoder, save_model

TOLERANCE = 1e-4  # largest allowed difference of a hidden state after the round trip, float32
CLIP_SHAPED = ("clip_vision_model", "altclip_vision_model")


def export_vision(encoder: DualEncoder, out: str | Path) -> float:
    """Write the vision tower to ``out``; return the largest difference of its outputs after reading it back.

    A present ``out`` is replaced, atomically. Raises ValueError for a tower without an exact stock form and
    for a difference above :data:`TOLERANCE`.
    """
    stock = stock_vision(encoder)
    processor = image_processor(encoder)
    with fresh_folder(Path(out)) as folder, quiet():
        stock.save_pretrained(folder)
        processor.save_pretrained(folder)
        again = load_strict(type(stock), str(folder)).to(stock.device)
        difference = _difference(encoder, again)
    console.print(f"vision tower {out}: {type(stock).__name__}, largest difference {difference:.1e}")
    return difference


def export_clip(encoder: DualEncoder, out: str | Path) -> float:
    """Write the whole dual encoder with tokenizer and image processor; return its largest feature difference.

    The folder is that of its stock ``transformers`` class; a timm encoder, which has none, is written in a
    form that :func:`geoclip.towers.load_encoder` alone reads. A bias that the class has no place for is left
    out: rankings don't depend on it. Raises ValueError when the features change by more than
    :data:`TOLERANCE`.
    """
    with fresh_folder(Path(out)) as folder, quiet():
        if isinstance(encoder.model, TimmText):
            save_timm(encoder, folder)
        else:
            save_model(encoder, folder)
            encoder.tokenizer.save_pretrained(folder)
            image_processor(encoder).save_pretrained(folder)
        again = load_encoder(str(folder)).to(encoder.logit_scale.device)
        difference = _feature_difference(encoder, again)
    own = f"only this project reads it ({OWN_CONFIG})" if isinstance(encoder.model, TimmText) else "stock"
    console.print(f"dual encoder {out}: {own}, largest difference {difference:.1e}", markup=False)
    return difference


def has_stock_vision(encoder: DualEncoder) -> str | None:
    """Return None if the vision tower has an exact stock form, else the reason why not."""
    tower = encoder.vision
    if isinstance(tower, SiglipVisionModel) or _model_type(tower) in CLIP_SHAPED:
        return None
    if not isinstance(tower, VisionTransformer):
        return f"{type(tower).__name__} is neither a CLIP nor a SigLIP vision transformer"
    return _not_clip_shaped(tower)


def stock_vision(encoder: DualEncoder) -> Any:
    """Return the tower as a stock model with the same weights; ValueError where none holds it exactly."""
    tower: Any = encoder.vision
    if reason := has_stock_vision(encoder):
        raise ValueError(
            f"the vision tower has no exact stock form: {reason}. It serves retrieval and probing; the LMM "
            "stages need a CLIP, SigLIP or AltCLIP tower or a timm vit_*_clip_* model"
        )
    if isinstance(tower, SiglipVisionModel):
        return tower
    if isinstance(tower, VisionTransformer):
        return _from_timm(tower, encoder.image_size)
    if isinstance(tower, CLIPVisionModel):
        return tower
    config = {**tower.config.to_dict(), "model_type": "clip_vision_model", "architectures": None}
    stock = CLIPVisionModel(CLIPVisionConfig(**config)).to(tower.device, tower.dtype)
    stock.load_state_dict(tower.state_dict())  # strict: AltCLIP's tower has CLIP's names
    return stock.eval()


def image_processor(encoder: DualEncoder) -> Any:
    """Return the processor for the tower's picture size and its mean and std."""
    size = encoder.image_size
    common: dict[str, Any] = {"image_mean": list(encoder.mean), "image_std": list(encoder.std)}
    if isinstance(encoder.vision, SiglipVisionModel):
        return SiglipImageProcessor(size={"height": size, "width": size}, **common)
    square = {"height": size, "width": size}
    return CLIPImageProcessor(size={"shortest_edge": size}, crop_size=square, **common)


def _model_type(tower: Any) -> str | None:
    return getattr(getattr(tower, "config", None), "model_type", None)


def _not_clip_shaped(tower: Any) -> str | None:
    """Return what a timm ViT has that CLIPVisionModel lacks, or lacks that it has."""
    block = tower.blocks[0]
    needs = {
        "a class token and no other prefix": tower.num_prefix_tokens == 1 and tower.cls_token is not None,
        "positions for class token and patches": tower.pos_embed is not None and not tower.no_embed_class,
        "a norm before the blocks": isinstance(tower.norm_pre, nn.LayerNorm),
        "a norm after the blocks": isinstance(tower.norm, nn.LayerNorm),
        "pooling by the class token": tower.global_pool == "token" and isinstance(tower.fc_norm, nn.Identity),
        "no bias and norm in the patch embedding": tower.patch_embed.proj.bias is None
        and isinstance(tower.patch_embed.norm, nn.Identity),
        "biased attention without norms": block.attn.qkv.bias is not None
        and isinstance(getattr(block.attn, "q_norm", nn.Identity()), nn.Identity)
        and isinstance(getattr(block.attn, "norm", nn.Identity()), nn.Identity),
        "no layer scale": isinstance(getattr(block, "ls1", nn.Identity()), nn.Identity),
        "a plain MLP with GELU": hasattr(block.mlp, "fc1")
        and isinstance(getattr(block.mlp, "norm", nn.Identity()), nn.Identity)
        and _activation(block.mlp.act) is not None,
    }
    missing = [need for need, met in needs.items() if not met]
    return f"CLIPVisionModel needs {', '.join(missing)}" if missing else None


def _activation(act: nn.Module) -> str | None:
    if isinstance(act, nn.GELU):
        return "gelu" if act.approximate == "none" else "gelu_pytorch_tanh"
    return "quick_gelu" if type(act).__name__.lower() == "quickgelu" else None


def _from_timm(tower: Any, image_size: int) -> CLIPVisionModel:
    """Return the CLIPVisionModel of a CLIP-shaped timm ViT: the same tensors, with qkv split in three."""
    block = tower.blocks[0]
    config = CLIPVisionConfig(
        hidden_size=tower.embed_dim,
        intermediate_size=block.mlp.fc1.out_features,
        num_hidden_layers=len(tower.blocks),
        num_attention_heads=block.attn.num_heads,
        image_size=image_size,
        patch_size=tower.patch_embed.patch_size[0],
        hidden_act=_activation(block.mlp.act) or "",
        layer_norm_eps=tower.norm.eps,
    )
    stock = CLIPVisionModel(config)
    stock.load_state_dict(_clip_names(tower.state_dict(), len(tower.blocks)))
    return stock.to(tower.pos_embed.device, tower.pos_embed.dtype).eval()


def _clip_names(timm_state: dict[str, Tensor], blocks: int) -> dict[str, Tensor]:
    state = {
        "embeddings.class_embedding": timm_state["cls_token"].flatten(),
        "embeddings.patch_embedding.weight": timm_state["patch_embed.proj.weight"],
        "embeddings.position_embedding.weight": timm_state["pos_embed"][0],
    }
    parts = {"norm1": "layer_norm1", "norm2": "layer_norm2", "mlp.fc1": "mlp.fc1", "mlp.fc2": "mlp.fc2"}
    parts["attn.proj"] = "self_attn.out_proj"
    for kind in ("weight", "bias"):
        state[f"pre_layrnorm.{kind}"] = timm_state[f"norm_pre.{kind}"]
        state[f"post_layernorm.{kind}"] = timm_state[f"norm.{kind}"]
        for i in range(blocks):
            old, new = f"blocks.{i}", f"encoder.layers.{i}"
            for theirs, stock in parts.items():
                state[f"{new}.{stock}.{kind}"] = timm_state[f"{old}.{theirs}.{kind}"]
            qkv = timm_state[f"{old}.attn.qkv.{kind}"].chunk(3)
            for name, value in zip("qkv", qkv, strict=True):
                state[f"{new}.self_attn.{name}_proj.{kind}"] = value.clone()
    return state


@torch.no_grad()
def _difference(encoder: DualEncoder, stock: Any) -> float:
    """Compare all tokens after the last norm, and the pooled picture, on random pictures."""
    pixels = encoder.pixels(_pictures(encoder)).to(stock.dtype)
    tower, training = encoder.vision, encoder.training
    encoder.eval()
    output = stock(pixel_values=pixels)
    if isinstance(tower, VisionTransformer):
        theirs = tower.forward_features(pixels)
        ours = stock.post_layernorm(output.last_hidden_state)
    else:
        theirs, ours = tower(pixel_values=pixels).last_hidden_state, output.last_hidden_state
    encoder.train(training)
    return _check(float((theirs.float() - ours.float()).abs().max()), "vision tower")


@torch.no_grad()
def _feature_difference(encoder: DualEncoder, again: DualEncoder) -> float:
    images = _pictures(encoder)
    ids, mask = (part.to(images.device) for part in encoder.tokenize(["AB = 5", "Point D lies on BC."]))
    training = encoder.training
    ours, theirs = encoder.eval()(images, ids, mask), again.eval()(images, ids, mask)
    encoder.train(training)
    difference = max(float((a - b).abs().max()) for a, b in zip(ours[:3], theirs[:3], strict=True))
    return _check(difference, "dual encoder")


def _pictures(encoder: DualEncoder) -> Tensor:
    generator = torch.Generator().manual_seed(0)
    size = (2, 1, encoder.image_size, encoder.image_size)
    return torch.randint(0, 256, size, dtype=torch.uint8, generator=generator).to(encoder.logit_scale.device)


def _check(difference: float, what: str) -> float:
    if not difference <= TOLERANCE:  # also for not-a-number
        raise ValueError(
            f"the {what} read back differs by {difference:.1e} (allowed: {TOLERANCE:.0e}); "
            "nothing was exported"
        )
    return difference
