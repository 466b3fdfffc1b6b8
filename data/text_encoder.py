"""Text encoders from disk, opened with plain ``transformers`` and strictly: every tensor in its place.

A folder (or hub id, of which only JSON, text and safetensors are fetched) is one of

- a sentence-transformers model: ``modules.json`` and the pooling configuration say how tokens become one
  vector; mean and CLS pooling and normalisation are known, every other module is refused;
- a dual encoder (CLIP, SigLIP, AltCLIP), as ``geoclip`` exports: the projected features of its text tower;
- any other encoder of ``transformers``: the mean over its tokens, as sentence-transformers takes it.

Code from a model's repository is never run.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from huggingface_hub import snapshot_download
from safetensors.torch import load_file
from torch import Tensor, nn
from transformers import AutoConfig, AutoModel, AutoTokenizer

from configs.strict import load_part, load_strict, refuse_wrong_keys
from data.sentence import read_sentence_model

BATCH = 64
FILES = ["*.json", "*.safetensors", "*.txt", "*.model"]
OWN = "geoclip.json"
HEADS = ("pooler.", "cls.", "lm_head.", "embeddings.position_ids")  # of text checkpoints; not used here
ROBERTA_LIKE = ("altclip_text_model", "xlm-roberta", "xlm-roberta-xl", "roberta", "camembert")
Features = Callable[[Tensor, Tensor], Tensor]


@dataclass
class TextEncoder:
    """Texts to float32 [n, width], rows of length one. ``cut`` counts texts that exceeded ``window`` tokens.

    ``features`` turns ``input_ids`` and ``attention_mask`` [n, L] into one vector per text; with ``pad_all``
    every text is padded to the window, as SigLIP was trained.
    """

    features: Features
    tokenizer: Any
    window: int
    width: int
    device: torch.device
    pad_all: bool = False
    prompt: str = ""
    lower: bool = False
    cut: int = 0

    @torch.inference_mode()
    def __call__(self, texts: Sequence[str]) -> np.ndarray:
        """Encode texts in batches of similar length; ValueError names a text whose vector is no number."""
        asked = [self.prompt + (text.lower() if self.lower else text) for text in texts]
        rows = [self._fit(row) for row in self._tokens(asked)]
        order = sorted(range(len(rows)), key=lambda i: len(rows[i]))
        found = np.empty((len(rows), self.width), np.float32)
        for start in range(0, len(order), BATCH):
            batch = order[start : start + BATCH]
            found[batch] = self._encode([rows[i] for i in batch])
        if len(bad := np.flatnonzero(~np.isclose(np.linalg.norm(found, axis=1), 1.0, atol=1e-3))):
            raise ValueError(
                f"the encoder gives no usable vector (NaN, infinite or zero) for {len(bad)} texts, the "
                f"first is {texts[bad[0]]!r:.100}; the model is damaged"
            )
        return found

    def _tokens(self, texts: list[str]) -> list[list[int]]:
        return (
            self.tokenizer(texts, padding=False, truncation=False, verbose=False)["input_ids"]
            if texts
            else []
        )

    def _fit(self, row: list[int]) -> list[int]:
        """Cut a row to the window, before the special tokens that end it."""
        if len(row) <= self.window:
            return row
        self.cut += 1
        special = set(self.tokenizer.all_special_ids)
        tail = next((i for i, token in enumerate(reversed(row)) if token not in special), 0)
        return row[: self.window - tail] + row[len(row) - tail :]

    def _encode(self, rows: list[list[int]]) -> np.ndarray:
        width = self.window if self.pad_all else max(1, max(map(len, rows)))
        ids = torch.full((len(rows), width), self.tokenizer.pad_token_id)
        mask = torch.zeros((len(rows), width), dtype=torch.long)
        for i, row in enumerate(rows):
            ids[i, : len(row)] = torch.tensor(row, dtype=torch.long)
            mask[i, : len(row)] = 1
        features = self.features(ids.to(self.device), mask.to(self.device))
        return F.normalize(features.float(), dim=-1).cpu().numpy()


def open_encoder(name: str) -> TextEncoder:
    """Open the encoder of a folder or hub id; ValueError says what is missing or not known."""
    folder = encoder_folder(name)
    if not (folder / "config.json").is_file() and (folder / "clip").is_dir():
        folder = folder / "clip"  # a run's export holds its dual encoder there
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    if (folder / OWN).is_file():
        return _own_timm(folder, device)
    if (folder / "modules.json").is_file():
        return _sentence(folder, device)
    config = load_part(AutoConfig, str(folder), "a text encoder (config.json)")
    if hasattr(config, "text_config") and hasattr(config, "vision_config"):
        return _dual(folder, device)
    return _pooled(folder, "mean", device)


def encoder_folder(name: str) -> Path:
    """Return the folder of an encoder, which is fetched if it is a hub id; ValueError where there is none."""
    if Path(name).is_dir():
        return Path(name)
    if Path(name).is_absolute() or name.startswith((".", "~")) or name.count("/") > 1:
        raise ValueError(
            f"embedder={name}: no such folder; give tfidf, the folder of a text encoder, or a hub id"
        )
    try:
        return Path(snapshot_download(name, allow_patterns=FILES))
    except Exception as error:  # hub and network errors of many types
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise ValueError(
            f"embedder={name}: neither tfidf nor a folder, and no hub id that can be fetched: {reason}"
        ) from error


def _pooled(
    folder: Path, pooling: str, device: torch.device, window: int | None = None, **more: Any
) -> TextEncoder:
    """An encoder whose last hidden states are pooled: ``mean`` over real tokens, ``cls``: the first one."""
    model = load_strict(AutoModel, folder, check=_check_encoder, ignore=HEADS).to(device).eval()
    call = _positioned(model, model.config)

    def features(ids: Tensor, mask: Tensor) -> Tensor:
        return pool(call(ids, mask).last_hidden_state, mask, pooling)

    tokenizer = _tokenizer(folder, model.config.vocab_size)
    limit = min(_window(model.config), tokenizer.model_max_length, window or 10**9)
    return TextEncoder(features, tokenizer, limit, model.config.hidden_size, device, **more)


def pool(states: Tensor, mask: Tensor, pooling: str) -> Tensor:
    """Return one vector per text, [n, d], of hidden states [n, L, d] of which ``mask`` [n, L] are real."""
    if pooling == "cls":
        return states[:, 0]
    real = mask[..., None].to(states.dtype)
    return (states * real).sum(1) / real.sum(1).clamp(min=1)


def _sentence(folder: Path, device: torch.device) -> TextEncoder:
    found = read_sentence_model(folder)
    options = {"lower": found.lower, "prompt": found.prompt}
    return _pooled(found.transformer, found.pooling, device, found.window, **options)


def _dual(folder: Path, device: torch.device) -> TextEncoder:
    """The text features of a contrastive model, as :class:`geoclip.encoder.DualEncoder` computes them."""
    model = load_strict(AutoModel, folder, check=_check_dual).to(device).eval()
    text = model.config.text_config
    pads = text.model_type.startswith("siglip")
    positions = _positions(text)

    def features(ids: Tensor, mask: Tensor) -> Tensor:
        if pads:
            return model.get_text_features(input_ids=ids).pooler_output
        return model.get_text_features(input_ids=ids, attention_mask=mask, **positions(mask)).pooler_output

    tokenizer = _tokenizer(folder, text.vocab_size)
    with torch.inference_mode():
        ids = torch.tensor([tokenizer("A")["input_ids"]], device=device)
        width = features(ids, torch.ones_like(ids)).shape[1]
    return TextEncoder(features, tokenizer, _window(text), width, device, pad_all=pads)


def _own_timm(folder: Path, device: torch.device) -> TextEncoder:
    """The text half of a dual encoder with a timm vision tower, which has a form of its own."""
    config = load_part(AutoConfig, str(folder / "text"), "the text tower's config")
    model = AutoModel.from_config(config)
    if hasattr(model, "pooler"):
        model.pooler = None
    try:
        tensors = load_file(folder / "model.safetensors")
    except Exception as error:
        raise ValueError(f"{folder / 'model.safetensors'} cannot be read: {error}") from error
    half = nn.ModuleDict({"text_model": model})
    width = len(tensors.get("text_projection.weight", ()))
    half["text_projection"] = nn.Linear(config.hidden_size, width, bias=False)
    wanted = {
        key: value for key, value in tensors.items() if key.startswith(("text_model.", "text_projection."))
    }
    own = half.state_dict()
    report = {
        "missing_keys": own.keys() - wanted.keys(),
        "unexpected_keys": wanted.keys() - own.keys(),
        "mismatched_keys": {
            (key, tuple(wanted[key].shape), tuple(own[key].shape))
            for key in own.keys() & wanted.keys()
            if wanted[key].shape != own[key].shape
        },
    }
    refuse_wrong_keys(str(folder), report)
    half.load_state_dict(wanted)
    half.to(device).eval()
    call = _positioned(model, config)

    def features(ids: Tensor, mask: Tensor) -> Tensor:
        output = call(ids, mask)
        is_clip = config.model_type == "clip_text_model"
        pooled = output.pooler_output if is_clip else pool(output.last_hidden_state, mask, "mean")
        return half["text_projection"](pooled)

    return TextEncoder(features, _tokenizer(folder, config.vocab_size), _window(config), width, device)


def _positions(text: Any) -> Callable[[Tensor], dict[str, Tensor]]:
    """RoBERTa counts positions from the padding id on: token 0 of a text has position pad_token_id + 1."""
    if text.model_type not in ROBERTA_LIKE:
        return lambda mask: {}
    return lambda mask: {"position_ids": mask.cumsum(1) * mask + text.pad_token_id}


def _positioned(model: Any, config: Any) -> Callable[[Tensor, Tensor], Any]:
    positions = _positions(config)
    return lambda ids, mask: model(input_ids=ids, attention_mask=mask, **positions(mask))


def _window(text: Any) -> int:
    unused = text.pad_token_id + 1 if text.model_type in ROBERTA_LIKE else 0
    return getattr(text, "max_position_embeddings", 10**9) - unused


def _tokenizer(folder: Path, vocabulary: int) -> Any:
    tokenizer = load_part(AutoTokenizer, str(folder), "a tokenizer")
    if tokenizer.pad_token_id is None:
        raise ValueError(
            f"{folder}: the tokenizer has no padding token; set pad_token in tokenizer_config.json"
        )
    if len(tokenizer) > vocabulary:
        raise ValueError(f"{folder}: the tokenizer has {len(tokenizer)} tokens, the model {vocabulary}")
    return tokenizer


def _check_encoder(config: Any, path: str) -> None:
    if getattr(config, "is_encoder_decoder", False) or not isinstance(
        getattr(config, "hidden_size", None), int
    ):
        raise ValueError(
            f"{path} is a model of type {config.model_type!r}; give the folder of a text encoder"
        )


def _check_dual(config: Any, path: str) -> None:
    if not hasattr(config.text_config, "max_position_embeddings"):
        raise ValueError(f"{path} is a model of type {config.model_type!r}; no text tower is known for it")
