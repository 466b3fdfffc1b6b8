"""Position embeddings for longer captions and other picture sizes.

Shapes: ``L`` positions of the checkpoint, ``W`` wanted positions, ``G`` patches along a side, ``D`` width.
"""

from __future__ import annotations

import copy
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor
from transformers import AutoModel

from configs.strict import say
from data.tokenizer import text_window as window_of

KEPT = 20  # Long-CLIP, section 3.1: effective captions of CLIP's training had about 20 tokens
TABLE = "embeddings.position_embedding.weight"  # of CLIP, SigLIP and AltCLIP's vision tower


def stretch(table: Tensor, window: int, *, pinned_end: bool = False) -> Tensor:
    """Return position embeddings ``[W, D]`` for longer captions, made from a table ``[L, D]``.

    The first 20 stay, bit by bit; behind them new position p is old position 20 + (p - 20) (L - 20) / (W -
    20), interpolated linearly, and beyond the last one continued along the last step. For 77 to 248 these are
    exactly the numbers of Long-CLIP (knowledge-preserved stretching, arXiv 2403.15378, section 3.1).
    ``pinned_end`` instead keeps the last position the last: SigLIP reads a caption there. Raises ValueError
    for a table of at most 21 positions and for a window that is not longer.
    """
    length = len(table)
    if length <= KEPT + 1 or window <= length:
        raise ValueError(
            f"a text tower of {length} positions cannot be stretched to {window}: the first {KEPT} stay, and "
            "the new window has to be the longer one; leave text_window out to use the tower as it is"
        )
    steps = torch.arange(window - KEPT, device=table.device)
    old, new = (length - 1 - KEPT, window - 1 - KEPT) if pinned_end else (length - KEPT, window - KEPT)
    low = (KEPT + steps * old // new).clamp(max=length - 2)
    part = ((KEPT - low) + steps.double() * old / new)[:, None]  # above 1 beyond the last position
    rows = (1 - part) * table[low].double() + part * table[low + 1].double()
    return torch.cat([table[:KEPT], rows.to(table.dtype)])


def resize_grid(table: Tensor, grid: int) -> Tensor:
    """Return a ViT's position embeddings ``[P + grid², D]`` from ``[P + G², D]``, P one class token or none.

    Bicubic and without antialiasing, as ``interpolate_pos_encoding`` of ``transformers``; the class token's
    row stays.
    """
    side = int(len(table) ** 0.5)
    prefix, patches = table.split([len(table) - side**2, side**2])
    square = patches.T.reshape(1, -1, side, side)
    resized = F.interpolate(square, size=(grid, grid), mode="bicubic", align_corners=False)
    return torch.cat([prefix, resized.flatten(2)[0].T])


def with_sizes(
    model: Any, path: str, *, image_size: int | None = None, text_window: int | None = None
) -> Any:
    """Return the ``transformers`` model for another picture size or text window; itself where neither
    changes.

    ``model`` is a dual encoder or a text tower alone. It is made anew from its changed config, so that what
    is saved is a stock checkpoint of the new sizes. Raises ValueError naming ``path`` for a tower whose
    positions are not a table that can be interpolated.
    """
    config, state, made = copy.deepcopy(model.config), model.state_dict(), []
    vision, text = getattr(config, "vision_config", None), getattr(config, "text_config", config)
    if image_size is not None and vision is not None and image_size != vision.image_size:
        name = f"vision_model.{TABLE}"
        check_patches(image_size, vision.patch_size)
        if name not in state or len(state[name]) - (vision.image_size // vision.patch_size) ** 2 not in (
            0,
            1,
        ):
            raise ValueError(
                f"{path}: image_size={image_size}: the vision tower has no square position table"
            )
        state[name] = resize_grid(state[name], image_size // vision.patch_size)
        made.append(f"positions of {image_size} px from {vision.image_size} px")
        vision.image_size = image_size
    if text_window is not None and text_window != window_of(text):
        name = TABLE if text is config else f"text_model.{TABLE}"
        if name not in state:
            raise ValueError(
                f"{path}: text_window={text_window}: a {text.model_type} tower reads {window_of(text)} "
                "tokens, and only CLIP and SigLIP text towers can be stretched; leave text_window out"
            )
        state[name] = stretch(state[name], text_window, pinned_end=text.model_type.startswith("siglip"))
        made.append(f"positions of {text_window} tokens from {text.max_position_embeddings}")
        text.max_position_embeddings = text_window
    if not made:
        return model
    again = AutoModel.from_config(config, dtype=model.dtype)
    again.load_state_dict(state)
    say(f"interpolated for {path}: {', '.join(made)}")
    return again


def check_patches(image_size: int, patch_size: int) -> None:
    """Raise ValueError for a picture that is not made of whole patches."""
    if image_size % patch_size or image_size < patch_size:
        below = max(image_size // patch_size, 1) * patch_size
        raise ValueError(
            f"image_size={image_size} is no multiple of the patch size {patch_size}; use {below} or "
            f"{below + patch_size}"
        )
