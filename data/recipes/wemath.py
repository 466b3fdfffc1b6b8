r"""We-Math: ``python -m data.recipes wemath testmini.json root=FOLDER``.

Download: https://huggingface.co/datasets/We-Math/We-Math, ``testmini.json`` (1,740 records) and
``testmini.zip``, unpacked beside it to ``2steps/image/`` and the like, which is where ``image_path`` points.
A record is ``{ID, key, question, option, answer, image_path, knowledge concept, ...}``; ID and key together
name it.

There are no captions and no worked solutions: a sample has the question, the assistant says
``\boxed{letter}`` alone. It is a benchmark (CC BY-NC 4.0): for evaluation and contamination studies.
Scores by the published prompt and rule are those of ``mmgeolm.evaluate`` with ``benchmark=wemath``, which
reads the same folder.
"""

from __future__ import annotations

from typing import Any

from data.recipes.answers import choice, lettered
from data.recipes.entry import Entry, exchange, record_of, text_of
from data.recipes.frame import Recipe
from data.sample import Sample, SampleError


def convert(value: Any, entry: Entry, cfg: Any) -> Sample:
    """A question with lettered options."""
    record = record_of(value, "ID", "key", "question", "option", "answer", "image_path")
    question, option = text_of(record, "question"), text_of(record, "option")
    answer = choice(text_of(record, "answer"), lettered(option))
    if answer is None:
        raise SampleError("answer is none of the options")
    return entry.sample(
        identity=f"{record['ID']}/{record['key']}",
        caption="",
        images={"png": entry.picture(record["image_path"])},
        messages=exchange(f"{question} Option: {option}", rf"\boxed{{{answer['value']}}}"),
        answer=answer,
        meta={"question_type": record["key"], "concept": record.get("knowledge concept")},
    )


RECIPE = Recipe(
    "wemath",
    "We-Math",
    "CC BY-NC 4.0",
    "testmini.json of We-Math/We-Math",
    convert,
    split="test",
    published={"testmini": 1740},
)
