"""G-LLaVA's Geo170K: ``python -m data.recipes gllava_align alignment.json root=images`` and ``gllava_qa``.

Download: https://huggingface.co/datasets/Luckyjhg/Geo170K, the files ``alignment.json`` (60,252 records),
``qa_tuning.json`` (117,205) and ``images.zip``, unpacked to ``images/geo3k/`` and ``images/geoqa_plus/``.
Records are ``{image, conversations}`` without ids. In the alignment part some instructions ask for a
description, and their answer is the caption; others ask about elements of the figure, and their record has a
chat and no caption (``keep=captions`` leaves those out for stage 1). Questions of the qa part end in
``Answer: X``; an answer that cannot be graded is noted and left null.
"""

from __future__ import annotations

import re
from typing import Any

from data.recipes.answers import final_answer, lettered
from data.recipes.entry import Entry, record_of, texts
from data.recipes.frame import Recipe
from data.recipes.llava import Messages, first_answer, messages_of, picture_field
from data.sample import Sample

DESCRIBE = re.compile(
    r"\b(?:descri(?:be|ption)|caption|summar(?:y|ize)|(?:explanation|interpretation|account) of|narrative|"
    r"depict|portray)",
    re.IGNORECASE,
)
"""Words of the instructions that ask for a description (those of LLaVA's pretraining)."""


def convert_align(value: Any, entry: Entry, cfg: Any) -> Sample:
    """A description, or a short question about the figure."""
    record = record_of(value, "image", "conversations")
    messages = messages_of(record)
    described = len(messages) == 2 and DESCRIBE.search(" ".join(texts(messages[:1])))
    return entry.sample(
        identity=record.get("id"),
        caption=first_answer(messages) if described else "",
        images={"png": entry.picture(picture_field(record))},
        messages=messages,
    )


def convert_qa(value: Any, entry: Entry, cfg: Any) -> Sample:
    """A question with its worked answer."""
    record = record_of(value, "image", "conversations")
    messages = messages_of(record)
    return entry.sample(
        identity=record.get("id"),
        caption="",
        images={"png": entry.picture(picture_field(record))},
        messages=messages,
        answer=graded(messages, entry),
    )


def graded(messages: Messages, entry: Entry) -> dict[str, Any] | None:
    """Return the answer that a single exchange ends with; note it where there is none to grade."""
    question, reply = " ".join(texts(messages[:1])), texts(messages[-1:])[0]
    _, listed, options = question.partition("Choices:")
    answer = final_answer(reply, lettered(options) if listed else {}) if len(messages) == 2 else None
    if answer is None:
        entry.notes.append(("no answer that can be graded", repr(reply[-20:])))
    return answer


ALIGN = Recipe(
    "gllava_align",
    "G-LLaVA align",
    "unknown",
    "alignment.json of Geo170K",
    convert_align,
    published={"alignment.json": 60252},
)
QA = Recipe(
    "gllava_qa",
    "G-LLaVA qa",
    "unknown",
    "qa_tuning.json of Geo170K",
    convert_qa,
    published={"qa_tuning.json": 117205},
)
