"""Model folders: strict loading, and saving an LMM so that plain ``transformers`` opens it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from transformers import (
    AutoImageProcessor,
    AutoProcessor,
    AutoTokenizer,
    LlavaForConditionalGeneration,
    LlavaProcessor,
    PreTrainedConfig,
    PreTrainedTokenizerBase,
    PreTrainedTokenizerFast,
)
from transformers.utils import cached_file

from configs.runtime import fresh_folder
from configs.strict import load_part, load_strict


def read_config(path: str | Path, field: str) -> dict[str, Any]:
    """Return ``config.json`` of a folder or hub id, or raise ValueError that names ``field``."""
    if Path(path).exists() and not (Path(path) / "config.json").is_file():
        raise ValueError(f"{field}={path} holds no config.json; give a folder written by save_pretrained")
    try:
        config, _ = PreTrainedConfig.get_config_dict(path)
        return dict(config)
    except Exception as error:  # hub errors, damaged JSON, JSON that is no object
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise ValueError(
            f"{field}={path} is neither a model folder nor a reachable hub id ({reason})"
        ) from error


def read_image_processor(folder: str | Path) -> Any:
    """Return the image processor saved beside a tower; ValueError without one that normalises."""
    try:
        processor = AutoImageProcessor.from_pretrained(folder)
    except (OSError, ValueError) as error:
        raise ValueError(f"tower={folder} holds no readable preprocessor_config.json") from error
    if not (processor.do_rescale and processor.do_normalize):
        raise ValueError(f"tower={folder}: preprocessor_config.json must rescale and normalise the pixels")
    return processor


def load_tokenizer(path: str | Path) -> PreTrainedTokenizerBase:
    """Return the tokenizer of a folder or hub id as its ``tokenizer.json`` describes it.

    ``AutoTokenizer`` goes by the model's type: in a Qwen2 folder it keeps the vocabulary of tokenizer.json
    and silently replaces how that splits text. It serves folders without that file only.
    """
    try:
        own = cached_file(path, "tokenizer.json", _raise_exceptions_for_missing_entries=False)
    except OSError:
        own = None  # load_part says what is wrong with the folder or hub id
    return load_part(PreTrainedTokenizerFast if own else AutoTokenizer, str(path), "a tokenizer")


def load_lmm(
    folder: str | Path, dtype: torch.dtype = torch.float32
) -> tuple[LlavaForConditionalGeneration, LlavaProcessor]:
    """Load an LMM and its processor from a folder; ValueError says what is wrong with the folder."""
    kind = read_config(folder, "model").get("model_type")
    if kind != "llava":
        raise ValueError(f"{folder} is a {kind!r} model; expected a llava folder, such as runs/NAME/export")
    model = load_strict(LlavaForConditionalGeneration, folder, dtype=dtype)
    processor = load_part(AutoProcessor, str(folder), "a processor")
    if not isinstance(processor, LlavaProcessor) or not processor.chat_template:
        raise ValueError(f"{folder} holds no LlavaProcessor with a chat template; export the model again")
    return model, processor


def save_lmm(model: LlavaForConditionalGeneration, processor: LlavaProcessor, folder: str | Path) -> None:
    """Write model, processor and chat template to ``folder``, whole or not at all; an old one is replaced."""
    with fresh_folder(Path(folder)) as scratch:
        model.save_pretrained(scratch)
        processor.save_pretrained(scratch)
