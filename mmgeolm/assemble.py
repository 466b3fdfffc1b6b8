"""Join an exported vision tower and a causal LM to a stock ``LlavaForConditionalGeneration`` with its
processor.

Weights are loaded strictly: a missing or unexpected tensor is an error that names it, because a tower with
random layers still trains and only scores worse.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import torch
from transformers import (
    AutoModelForCausalLM,
    CLIPVisionModel,
    GenerationConfig,
    LlavaConfig,
    LlavaForConditionalGeneration,
    LlavaImageProcessor,
    LlavaProcessor,
    MistralConfig,
    MistralForCausalLM,
    PreTrainedTokenizerBase,
    Qwen2Config,
    Qwen2ForCausalLM,
    SiglipVisionModel,
)
from transformers.models.llava.modeling_llava import LlavaMultiModalProjector

from configs.mmgeolm import LanguageModelConfig
from configs.strict import load_strict
from mmgeolm.chat import TURN_END, TURN_START, chat_template
from mmgeolm.folder import load_tokenizer, read_config, read_image_processor

TOWERS = {"clip_vision_model": CLIPVisionModel, "siglip_vision_model": SiglipVisionModel}
LANGUAGE_MODELS = {"qwen2": (Qwen2Config, Qwen2ForCausalLM), "mistral": (MistralConfig, MistralForCausalLM)}
IMAGE_TOKENS = ("<image>", "<|image_pad|>", "[IMG]")


def assemble(
    tower: str | Path,
    lm: LanguageModelConfig,
    vision_feature_layer: int = -2,
    dtype: torch.dtype = torch.float32,
) -> tuple[LlavaForConditionalGeneration, LlavaProcessor]:
    """Return model and processor: ``tower`` and ``lm`` with their weights, a new 2-layer GELU MLP between
    them.

    The adapter's weights, and those of an LM made from sizes, come from torch's global generator. Raises
    ValueError for a folder that is no tower or no LM of a known shape, and for missing or unexpected tensors.
    """
    vision, image_processor = load_tower(tower)
    language, tokenizer = load_lm(lm)
    image_token, image_token_id = prepare_tokens(language, tokenizer)
    siglip = vision.config.model_type == "siglip_vision_model"
    strategy: Literal["full", "default"] = (
        "full" if siglip else "default"
    )  # SigLIP has no class token to leave out
    layers = vision.config.num_hidden_layers
    if not -layers - 1 <= vision_feature_layer <= layers:
        raise ValueError(
            f"vision_feature_layer={vision_feature_layer} does not exist: {tower} has {layers} layers; "
            f"use {-layers - 1} to {layers}"
        )
    config = LlavaConfig(
        vision_config=vision.config,
        text_config=language.config,
        image_token_index=image_token_id,
        image_seq_length=(vision.config.image_size // vision.config.patch_size) ** 2,
        projector_hidden_act="gelu",
        vision_feature_layer=vision_feature_layer,
        vision_feature_select_strategy=strategy,
        tie_word_embeddings=language.config.tie_word_embeddings,
    )
    processor = LlavaProcessor(
        image_processor=image_processor,
        tokenizer=tokenizer,
        patch_size=vision.config.patch_size,
        vision_feature_select_strategy=strategy,
        num_additional_image_tokens=0 if siglip else 1,
        image_token=image_token,
        chat_template=chat_template(image_token),
    )
    with torch.device("meta"):  # the parts bring their own weights; only the adapter is new
        model: Any = LlavaForConditionalGeneration(config)
    model.model.vision_tower = vision
    model.model.language_model = language.model
    model.model.multi_modal_projector = LlavaMultiModalProjector(config)
    model.lm_head = language.lm_head
    model.generation_config = GenerationConfig(
        do_sample=False,
        bos_token_id=tokenizer.bos_token_id,
        pad_token_id=tokenizer.pad_token_id,
        eos_token_id=sorted({tokenizer.convert_tokens_to_ids(TURN_END), tokenizer.eos_token_id} - {None}),
    )
    return model.to(dtype), processor


def load_tower(folder: str | Path) -> tuple[Any, LlavaImageProcessor]:
    """Load an exported tower and the image processor that feeds it: padded square, at the tower's size."""
    kind = read_config(folder, "tower").get("model_type")
    if kind not in TOWERS:
        raise ValueError(
            f"tower={folder} is a {kind!r} model; expected {' or '.join(TOWERS)}, "
            "a vision tower saved alone, as geoclip exports it"
        )
    vision = load_strict(TOWERS[kind], folder)
    stored, size = read_image_processor(folder), vision.config.image_size
    return vision, LlavaImageProcessor(
        size={"shortest_edge": size},
        crop_size={"height": size, "width": size},
        image_mean=list(stored.image_mean),
        image_std=list(stored.image_std),
        do_pad=True,
    )


def load_lm(cfg: LanguageModelConfig) -> tuple[Any, PreTrainedTokenizerBase]:
    """Load the causal LM at ``cfg.path``, or make one from ``cfg``'s sizes and its tokenizer."""
    if cfg.path:
        kind = read_config(cfg.path, "lm.path").get("model_type")
        if kind not in LANGUAGE_MODELS:
            raise ValueError(
                f"lm.path={cfg.path} is a {kind!r} model; expected {' or '.join(LANGUAGE_MODELS)}"
            )
        return load_strict(AutoModelForCausalLM, cfg.path), load_tokenizer(cfg.path)
    if not (Path(cfg.tokenizer or "") / "tokenizer.json").is_file():
        raise ValueError(
            f"lm.tokenizer={cfg.tokenizer} holds no tokenizer.json; run python -m data.tokenizer"
        )
    tokenizer = load_tokenizer(str(cfg.tokenizer))
    make_config, make_model = LANGUAGE_MODELS[cfg.shape]
    config = make_config(
        vocab_size=len(tokenizer),
        hidden_size=cfg.hidden_size,
        intermediate_size=cfg.intermediate_size,
        num_hidden_layers=cfg.layers,
        num_attention_heads=cfg.heads,
        num_key_value_heads=cfg.kv_heads,
        max_position_embeddings=cfg.positions,
        tie_word_embeddings=cfg.tie_embeddings,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    return make_model(config), tokenizer


def prepare_tokens(lm: Any, tokenizer: PreTrainedTokenizerBase) -> tuple[str, int]:
    """Give LM and tokenizer the image token, the chat tokens and a pad token; return the image token and its
    id.

    What the LM has is reused, an image placeholder of any usual name included. New rows of the embeddings,
    tied or not, are the mean of the old ones, so that they start neither loud nor random.
    """
    vocabulary = tokenizer.get_vocab()
    image_token = next((token for token in IMAGE_TOKENS if token in vocabulary), IMAGE_TOKENS[0])
    wanted = [TURN_START, TURN_END, image_token]
    special = [*tokenizer.all_special_tokens, *(t for t in wanted if t not in tokenizer.all_special_tokens)]
    named = set(tokenizer.special_tokens_map.values())
    tokenizer.add_special_tokens({"extra_special_tokens": [token for token in special if token not in named]})
    if tokenizer.pad_token is None:
        tokenizer.pad_token = tokenizer.eos_token
    old = lm.get_input_embeddings().weight.shape[0]
    if len(tokenizer) > old:
        lm.resize_token_embeddings(len(tokenizer), mean_resizing=False)
        with torch.no_grad():
            for module in (lm.get_input_embeddings(), lm.get_output_embeddings()):
                _mean_rows(module, old)
    return image_token, tokenizer.get_vocab()[image_token]


def _mean_rows(module: Any, old: int) -> None:
    module.weight[old:] = module.weight[:old].mean(0)
