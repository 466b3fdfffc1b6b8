"""MM-Math-Align, the reference data: ``python -m data.recipes.mm_math_align FILE.json ... root=IMAGES``.

Download: https://huggingface.co/datasets/THU-KEG/MM-Math-Align (4,021 samples of ten negatives each); the
layout is that of https://github.com/THU-KEG/MMGeoLM, "Hard Negative Training". A file is a JSON list of
records with ``positive_image_path``, hard negatives in ``negative_image_path`` or ``negative_captions``
(lists of any length, or both), and ``conversations``, LLaVA turns ``{from, value}`` whose gpt turn is the
caption (else ``positive_caption`` or ``caption``). Nothing proves these negatives false: their verdict is
``unverified``. A negative that cannot be used is taken off its record, and counted.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from configs.load import one_of
from configs.runtime import command
from data.recipes.entry import Entry, chat, record_of, texts
from data.recipes.frame import ImportConfig, Recipe, run
from data.sample import Negative, NegativeKind, Sample, SampleError


@dataclass(kw_only=True)
class AlignConfig(ImportConfig):
    """An import with negatives."""

    text_kind: str = "rule"
    """How the negative captions were made: rule (edited) or retrieval."""

    def __post_init__(self) -> None:
        super().__post_init__()
        one_of("text_kind", self.text_kind, ("rule", "retrieval"))


def convert(value: Any, entry: Entry, cfg: AlignConfig) -> Sample:
    """Turn one record into a sample."""
    record = record_of(value)
    for name in ("negative_image_path", "negative_captions"):
        if not isinstance(record.get(name, []), list):
            raise SampleError(f"{name} is no list")
    caption, messages = _caption(record)
    images = {"png": entry.picture(record.get("positive_image_path"))}
    negatives = _pictures(record.get("negative_image_path", []), images, entry)
    for at, text in enumerate(record.get("negative_captions", [])):
        if not (isinstance(text, str) and text.strip()):
            entry.dropped.append(("negative caption is empty or no text", f"negative_captions[{at}]"))
        elif text.strip() == caption:
            entry.dropped.append(("negative caption equals the caption", f"negative_captions[{at}]"))
        else:
            negatives.append(Negative(cast(NegativeKind, cfg.text_kind), text=text.strip()))
    return entry.sample(
        identity=record.get("id"),
        caption=caption,
        images=images,
        negatives=tuple(negatives),
        messages=messages,
        meta={"positive_image_path": record["positive_image_path"]},
    )


def _caption(record: Mapping[str, Any]) -> tuple[str, tuple[dict[str, Any], ...] | None]:
    """Return the caption, and the conversation as chat turns if there is one."""
    if record.get("conversations") is None:
        caption, messages = record.get("positive_caption", record.get("caption")), None
    else:
        messages = chat(record["conversations"])
        caption = texts([message for message in messages if message["role"] == "assistant"])[0]
    if not (isinstance(caption, str) and caption.replace("<image>", "").strip()):
        raise SampleError("caption is empty or missing")
    return caption.replace("<image>", "").strip(), messages


def _pictures(paths: list[Any], images: dict[str, bytes], entry: Entry) -> list[Negative]:
    """Return the image negatives, and put their pictures into ``images``."""
    negatives = []
    for at, path in enumerate(paths):
        try:
            picture = entry.picture(path)
            if picture == images["png"]:
                raise SampleError("negative picture equals the positive one")
        except SampleError as error:
            entry.dropped.append((str(error), f"negative_image_path[{at}] {path!r:.80}"))
            continue
        member = f"neg{len(images) - 1:02d}.png"
        images[member] = picture
        negatives.append(Negative("image", image=member))
    return negatives


RECIPE = Recipe(
    name="mm_math_align",
    source="MM-Math-Align",
    licence="unknown",
    files="JSON lists of records with positive_image_path",
    convert=convert,
    config=AlignConfig,
    published={"all": 4021},
)


@command
def main(argv: list[str]) -> None:
    """Import the files and print what was read, written and refused."""
    run(RECIPE, argv)


if __name__ == "__main__":
    main()
