"""From samples to batches: one chat per sample, tokens with labels on the assistant's words, pixels.

B samples, L tokens of the longest sample, I pictures of all samples, S side of the tower's picture.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from transformers import LlavaProcessor

from data.sample import Sample, SampleError
from mmgeolm.chat import encode, image_parts, normalise, pixels
from mmgeolm.loss import IGNORE

INSTRUCTION = "Describe the diagram."


@dataclass
class ChatTransform:
    """Turn a sample into ``{input_ids [L], labels [L], pixel_values [I, 3, S, S]}``.

    In ``stage`` align the chat is the instruction "Describe the diagram." answered by the caption, or the
    sample's own messages where it has no caption; in sft it is the messages, and a sample without is
    refused. Raises SampleError for a malformed chat, a picture that is missing or
    unreadable, and a sample longer than ``window`` tokens: cutting it would lose the answer at its end.
    """

    processor: LlavaProcessor
    stage: str
    window: int

    def __call__(self, sample: Sample) -> dict[str, Any]:
        turns = normalise(self._messages(sample), sample.key, answered=True)
        parts = image_parts(turns)
        if not parts:
            raise SampleError(f"sample {sample.key!r}, messages: no part {{type: image}} shows the diagram")
        images = [_picture(sample, part) for part in parts]
        chat = encode(self.processor, turns, sample.key, answered=True)
        if len(chat.input_ids) > self.window:
            raise SampleError(
                f"sample {sample.key!r}: {len(chat.input_ids)} tokens exceed the window of {self.window}; "
                "raise window, or max_skipped to leave such samples out"
            )
        input_ids = torch.tensor(chat.input_ids)
        labels = torch.where(torch.tensor(chat.assistant).bool(), input_ids, IGNORE)
        return {
            "input_ids": input_ids,
            "labels": labels,
            "pixel_values": pixels(self.processor, images),
        }

    def _messages(self, sample: Sample) -> Sequence[Mapping[str, Any]]:
        if self.stage == "sft" or not sample.caption:
            if sample.messages is None:
                raise SampleError(f"sample {sample.key!r}, field messages: null; stage=sft needs a chat")
            return sample.messages
        question = [{"type": "image"}, {"type": "text", "text": INSTRUCTION}]
        return ({"role": "user", "content": question}, {"role": "assistant", "content": sample.caption})


def _picture(sample: Sample, part: Mapping[str, Any]) -> bytes:
    """Return the picture of an image part: the diagram, or the member that its field ``image`` names."""
    name = part.get("image")
    if name is None:
        return sample.image
    if not (isinstance(name, str) and name in sample.images):
        raise SampleError(
            f"sample {sample.key!r}: no picture {name!r}; there are {', '.join(sorted(sample.images))}"
        )
    return sample.images[name]


@dataclass
class ChatCollate:
    """Stack items of :class:`ChatTransform`, padded on the right with ``pad_token_id``.

    Returns ``{input_ids [B, L], attention_mask [B, L], labels [B, L], pixel_values [I, 3, S, S]}``.
    """

    pad_token_id: int

    def __call__(self, items: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        lengths = torch.tensor([len(item["input_ids"]) for item in items])
        return {
            "input_ids": _pad(items, "input_ids", self.pad_token_id),
            "attention_mask": (torch.arange(int(lengths.max())) < lengths[:, None]).long(),
            "labels": _pad(items, "labels", IGNORE),
            "pixel_values": torch.cat([item["pixel_values"] for item in items]),
        }


def _pad(items: Sequence[Mapping[str, Any]], name: str, value: int) -> torch.Tensor:
    rows = [item[name] for item in items]
    return torch.nn.utils.rnn.pad_sequence(rows, batch_first=True, padding_value=value)
