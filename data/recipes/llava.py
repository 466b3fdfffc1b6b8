"""Any set in LLaVA's JSON: ``python -m data.recipes llava_caption | llava_chat FILE.json ... root=IMAGES``.

The layout is that of https://github.com/haotian-liu/LLaVA, "Finetune on custom datasets": a JSON list (or
JSON lines, or parquet with the picture's bytes inside) of records ``{id, image, conversations}``, turns
``{from: human | gpt, value}``, the picture shown by ``<image>``. LLaVA-Pretrain and ShareGPT4V are captions:
the first gpt turn is the caption (``llava_caption``). LLaVA-Instruct and most others are chats about a
picture (``llava_chat``): an answer to a question is no caption, so there is none. Such samples serve stage 3,
and stage 2 trains on their chat. Ids name pictures there and may come again with another chat. Records
without a picture, or with more than one, are refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from data.recipes.entry import Entry, chat, record_of, texts, trainable
from data.recipes.frame import Recipe
from data.sample import Sample, SampleError

Messages = tuple[Mapping[str, Any], ...]


def picture_field(record: Mapping[str, Any]) -> Any:
    """Return the one picture that a record names."""
    image = record.get("image")
    if isinstance(image, list):
        if len(image) > 1:
            raise SampleError("record has more than one picture")
        image = image[0] if image else None
    if image is None:
        raise SampleError("record has no picture")
    return image


def messages_of(record: Mapping[str, Any]) -> Messages:
    """Return the chat of a record; refuse one that shows more than one picture."""
    messages = trainable(chat(record["conversations"]))
    if sum(turn["value"].count("<image>") for turn in record["conversations"]) > 1:
        raise SampleError("record has more than one picture")
    return messages


def first_answer(messages: Messages) -> str:
    """Return the first text of the assistant."""
    return texts([message for message in messages if message["role"] == "assistant"])[0]


def convert_caption(value: Any, entry: Entry, cfg: Any) -> Sample:
    """A picture and its description."""
    record = record_of(value, "conversations")
    messages = messages_of(record)
    return entry.sample(
        identity=record.get("id"),
        caption=first_answer(messages),
        images={"png": entry.picture(picture_field(record))},
        messages=messages,
    )


def convert_chat(value: Any, entry: Entry, cfg: Any) -> Sample:
    """A picture and a chat about it."""
    record = record_of(value, "conversations")
    messages = messages_of(record)
    images = {"png": entry.picture(picture_field(record))}
    return entry.sample(identity=record.get("id"), caption="", images=images, messages=messages)


FILES = "JSON, JSON lines or parquet of {id, image, conversations}"
CAPTION = Recipe("llava_caption", "LLaVA", "unknown", FILES, convert_caption, shared_ids=True)
CHAT = Recipe("llava_chat", "LLaVA", "unknown", FILES, convert_chat, shared_ids=True)
