"""What the step is measured against: the reference's step, written anew, and open_clip's model and loss."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from geoclip.collate import Batch
from geoclip.encoder import DualEncoder


def padded(batch: Batch) -> tuple[Tensor, Tensor]:
    """Return ``input_ids`` and ``attention_mask`` ``[B, 1 + N, L]`` of a batch with equal counts.

    This is the reference's collate: every caption is padded to the longest of the batch.
    """
    rows = torch.cat([batch.caption[:, None], batch.text_negative.view(len(batch), -1)], dim=1)
    return batch.input_ids[rows], batch.attention_mask[rows]


def reference_loss(
    encoder: DualEncoder, batch: Batch, *, mask: bool, by_sample: bool = False
) -> Callable[[], Tensor]:
    """Return the reference's step up to the loss.

    As released (Text_Negative_Sigclip_training.py, ``collate_fn`` and ``forward``): all captions of the
    batch, padded to one length, in one call of the text tower, then a Python loop over samples for their
    similarities. ``mask``: the released code gives its text tower none, so that captions attend to their
    padding; with one the loss is the method's. ``by_sample``: a call of the text tower per sample, in the
    loop.
    """
    ids, attended = padded(batch)

    def encode(rows: Tensor, real: Tensor) -> Tensor:
        output = encoder.model.get_text_features(
            input_ids=rows, attention_mask=real if mask else torch.ones_like(real)
        )
        return F.normalize(output.pooler_output, dim=-1)

    def loss() -> Tensor:
        pixels = encoder.pixels(batch.images)
        image = F.normalize(encoder.model.get_image_features(pixel_values=pixels).pooler_output, dim=-1)
        texts = (
            None
            if by_sample
            else encode(ids.flatten(0, 1), attended.flatten(0, 1)).unflatten(0, ids.shape[:2])
        )
        losses = []
        for i in range(len(batch)):
            text = encode(ids[i], attended[i]) if texts is None else texts[i]
            logits = encoder.logit_scale.exp() * image[i] @ text.T
            losses.append(F.cross_entropy(logits[None], torch.zeros(1, dtype=torch.long)))
        return torch.stack(losses).mean()

    return loss


def open_clip_step(encoder: DualEncoder, batch: Batch, window: int) -> tuple[Any, Callable[[], Tensor]]:
    """Return open_clip's model with the weights of a CLIP ``encoder``, and its loss of the batch.

    It reads what its own data pipeline would give: float pictures of three channels, and captions padded to
    ``window`` tokens. Raises ValueError where open_clip_torch is not installed.
    """
    try:
        from open_clip import ClipLoss
        from open_clip.model import CLIP
    except ImportError as error:
        raise ValueError(
            f"open_clip is not installed: {sys.executable} -m pip install open_clip_torch"
        ) from error
    vision, text = encoder.model.config.vision_config, encoder.model.config.text_config
    model = CLIP(
        encoder.model.config.projection_dim,
        {
            "layers": vision.num_hidden_layers,
            "width": vision.hidden_size,
            "head_width": vision.hidden_size // vision.num_attention_heads,
            "patch_size": vision.patch_size,
            "image_size": vision.image_size,
        },
        {
            "context_length": window,
            "vocab_size": text.vocab_size,
            "width": text.hidden_size,
            "heads": text.num_attention_heads,
            "layers": text.num_hidden_layers,
            "pool_type": "eos",
            "eos_id": text.eos_token_id,
        },
        quick_gelu=True,
    )
    model.load_state_dict(_renamed(encoder.model.state_dict(), window), strict=False)
    pixels = encoder.pixels(batch.images).expand(-1, 3, -1, -1).contiguous()
    ids = F.pad(batch.input_ids, (0, window - batch.input_ids.shape[1]))[batch.caption]
    criterion = ClipLoss()
    return model, lambda: criterion(*model(pixels, ids))


def _renamed(state: dict[str, Tensor], window: int) -> dict[str, Tensor]:
    """Return the weights of ``transformers``' CLIP under open_clip's names."""
    found = {
        "logit_scale": state["logit_scale"].reshape(()),
        "text_projection": state["text_projection.weight"].T,
        "token_embedding.weight": state["text_model.embeddings.token_embedding.weight"],
        "positional_embedding": state["text_model.embeddings.position_embedding.weight"][:window],
        "visual.class_embedding": state["vision_model.embeddings.class_embedding"],
        "visual.positional_embedding": state["vision_model.embeddings.position_embedding.weight"],
        "visual.conv1.weight": state["vision_model.embeddings.patch_embedding.weight"],
        "visual.proj": state["visual_projection.weight"].T,
    }
    norms = {"visual.ln_pre": "vision_model.pre_layrnorm", "visual.ln_post": "vision_model.post_layernorm"}
    for theirs, ours in {**norms, "ln_final": "text_model.final_layer_norm"}.items():
        found |= {f"{theirs}.{part}": state[f"{ours}.{part}"] for part in ("weight", "bias")}
    for tower, place in (("vision_model", "visual.transformer"), ("text_model", "transformer")):
        blocks = {int(name.split(".")[3]) for name in state if name.startswith(f"{tower}.encoder.layers.")}
        for block in blocks:
            found |= _block(state, f"{tower}.encoder.layers.{block}.", f"{place}.resblocks.{block}.")
    return found


def _block(state: dict[str, Tensor], ours: str, theirs: str) -> dict[str, Tensor]:
    names = {"attn.out_proj": "self_attn.out_proj", "ln_1": "layer_norm1", "ln_2": "layer_norm2"}
    names |= {"mlp.c_fc": "mlp.fc1", "mlp.c_proj": "mlp.fc2"}
    found = {}
    for part in ("weight", "bias"):
        found |= {f"{theirs}{new}.{part}": state[f"{ours}{old}.{part}"] for new, old in names.items()}
        qkv = [state[f"{ours}self_attn.{one}_proj.{part}"] for one in "qkv"]
        found[f"{theirs}attn.in_proj_{part}"] = torch.cat(qkv)
    return found
