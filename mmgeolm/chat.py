"""The one chat format of training, evaluation and serving: ChatML with a generation mask.

The template travels with the processor, so what plain ``transformers`` renders is what the model was trained
on. Only tokens inside ``{% generation %}`` carry loss: an assistant's text and the token that ends its turn.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from transformers import LlavaProcessor, PreTrainedTokenizerBase

from data.images import decode
from data.sample import SampleError

TURN_START, TURN_END = "<|im_start|>", "<|im_end|>"
# One line without a blank between the tags: engines differ in how they trim white space.
_TEMPLATE = (
    "{{ bos_token | default('', true) }}"
    "{% for message in messages %}"
    "{% set text = message['content'] %}"
    "{% set parts = [{'type': 'text', 'text': text}] if text is string else text %}"
    "{{ 'TURN_START' + message['role'] + '\n' }}"
    "{% if message['role'] == 'assistant' %}"
    "{% generation %}{% for part in parts %}{{ part['text'] }}{% endfor %}{{ 'TURN_END' }}{% endgeneration %}"
    "{% else %}"
    "{% for part in parts %}"
    "{% if part['type'] == 'image' %}{{ 'IMAGE_TOKEN\n' }}{% else %}{{ part['text'] }}{% endif %}"
    "{% endfor %}{{ 'TURN_END' }}"
    "{% endif %}{{ '\n' }}"
    "{% endfor %}"
    "{% if add_generation_prompt %}{{ 'TURN_STARTassistant\n' }}{% endif %}"
)


def chat_template(image_token: str) -> str:
    """Return the Jinja chat template; a picture stands on a line of its own, before what is said about it."""
    names = {"TURN_START": TURN_START, "TURN_END": TURN_END, "IMAGE_TOKEN": image_token}
    template = _TEMPLATE.replace("\n", "\\n")
    for name, token in names.items():
        template = template.replace(name, token)
    return template


@dataclass(frozen=True)
class Encoded:
    """One chat as tokens; ``assistant`` marks the tokens that carry loss. Image tokens are expanded."""

    input_ids: list[int]
    assistant: list[int]


def normalise(messages: Sequence[Mapping[str, Any]], key: str, *, answered: bool) -> list[dict[str, Any]]:
    """Return the chat as ``{role, content: [parts]}`` after checking it.

    Roles are an optional system turn, then user and assistant in turn; with ``answered`` the assistant has
    the last word, otherwise the user. Raises SampleError that names ``key``, the turn and what is allowed.
    """
    turns = []
    for index, message in enumerate(messages):
        where = f"sample {key!r}, messages[{index}]"
        first_is_system = bool(messages) and messages[0].get("role") == "system"
        said = index - first_is_system
        expected = "system" if said < 0 else ("user", "assistant")[said % 2]
        if message.get("role") != expected:
            raise SampleError(f"{where}: role {message.get('role')!r}; expected {expected!r} here")
        content = message.get("content")
        parts = [{"type": "text", "text": content}] if isinstance(content, str) else content
        if not isinstance(parts, list | tuple) or not parts:
            raise SampleError(f"{where}.content: got {content!r:.80}; expected a text or a list of parts")
        turns.append({"role": expected, "content": [_part(part, where, expected) for part in parts]})
    last = "assistant" if answered else "user"
    if not turns or turns[-1]["role"] != last:
        raise SampleError(f"sample {key!r}, messages: the last turn must be the {last}'s")
    return turns


def _part(part: Any, where: str, role: str) -> dict[str, Any]:
    kind = part.get("type") if isinstance(part, Mapping) else None
    if kind == "image" and role == "user":
        return dict(part)
    if kind == "text" and isinstance(part.get("text"), str):
        text = part["text"].strip() if role == "assistant" else part["text"]
        if text:
            return {"type": "text", "text": text}
    allowed = "non-empty {type: text, text}" + (" or {type: image}" if role == "user" else "")
    raise SampleError(f"{where}.content: got {part!r:.80}; expected {allowed}")


def image_parts(turns: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the image parts of a chat from :func:`normalise`, in order."""
    return [part for turn in turns for part in turn["content"] if part["type"] == "image"]


def encode(processor: LlavaProcessor, turns: list[dict[str, Any]], key: str, *, answered: bool) -> Encoded:
    """Return the tokens of a chat from :func:`normalise`; without ``answered`` they end where the answer
    begins.

    Raises SampleError when a text contains a special token, which would forge a turn or a picture.
    """
    tokenizer = processor.tokenizer
    control = control_tokens(tokenizer)
    for index, turn in enumerate(turns):
        for part in turn["content"]:
            if found := [token for token in control if token in part.get("text", "")]:
                raise SampleError(
                    f"sample {key!r}, messages[{index}]: the text contains {found[0]!r}, a special token "
                    "of the model; a picture is a part {type: image}, write anything else differently"
                )
    output = tokenizer.apply_chat_template(
        turns,
        chat_template=processor.chat_template,
        add_generation_prompt=not answered,
        tokenize=True,
        return_dict=True,
        return_assistant_tokens_mask=True,
    )
    expanded = Encoded([], [])
    length = image_length(processor)
    for token, mask in zip(output["input_ids"], output["assistant_masks"], strict=True):
        count = length if token == processor.image_token_id else 1
        expanded.input_ids.extend([token] * count)
        expanded.assistant.extend([mask] * count)
    return expanded


def control_tokens(tokenizer: PreTrainedTokenizerBase) -> list[str]:
    """Return every text that the tokenizer reads as a special token."""
    return sorted(token.content for token in tokenizer.added_tokens_decoder.values() if token.special)


def image_length(processor: LlavaProcessor) -> int:
    """Return how many tokens one picture takes."""
    crop = processor.image_processor.crop_size
    patches = (crop["height"] // processor.patch_size) * (crop["width"] // processor.patch_size)
    left_out = 1 if processor.vision_feature_select_strategy == "default" else 0
    return patches + processor.num_additional_image_tokens - left_out


def pixels(processor: LlavaProcessor, images: Sequence[bytes]) -> torch.Tensor:
    """Decode pictures to float32 [I, 3, S, S], by the image processor that is saved with the model."""
    grey = [decode(image).expand(3, -1, -1) for image in images]
    return processor.image_processor(grey, return_tensors="pt")["pixel_values"]
