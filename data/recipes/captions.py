"""Pictures with captions: ``python -m data.recipes folder DIR root=DIR`` and ``table FILE.csv root=IMAGES``.

``folder`` takes every PNG and JPEG below DIR, with its caption in a text file of the same name (``a.png``,
``a.txt``). ``table`` takes a CSV, TSV, JSON, JSON lines or parquet file with a column for the picture (image,
filepath, file_name, image_path or path; parquet may hold its bytes) and one for the caption (caption, title
or text): open_clip's CSV, Hugging Face's ``metadata.csv`` and ``metadata.jsonl`` are such tables. A column
``id`` must be unique.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePath
from typing import Any

from data.recipes.entry import Entry, record_of, text_of
from data.recipes.frame import Recipe
from data.sample import Sample, SampleError

IMAGE = ("image", "filepath", "file_name", "image_path", "path")
CAPTION = ("caption", "title", "text")


def convert_folder(value: Any, entry: Entry, cfg: Any) -> Sample:
    """A picture, and the text file beside it."""
    path = record_of(value, "image")["image"]
    caption = entry.text_file(str(PurePath(path).with_suffix(".txt"))).strip()
    if not caption:
        raise SampleError("caption is empty or missing")
    return entry.sample(caption=caption, images={"png": entry.picture(path)})


def convert_table(value: Any, entry: Entry, cfg: Any) -> Sample:
    """A row with picture and caption."""
    record = record_of(value)
    image, caption = _column(record, IMAGE), _column(record, CAPTION)
    return entry.sample(
        identity=record.get("id") if record.get("id") != "" else None,
        caption=text_of(record, caption, "caption"),
        images={"png": entry.picture(record[image])},
    )


def _column(record: Mapping[str, Any], names: tuple[str, ...]) -> str:
    found = next((name for name in names if name in record), None)
    if found is None:
        raise SampleError(f"record has no field {', '.join(names[:-1])} or {names[-1]}")
    return found


FOLDER = Recipe("folder", "folder", "unknown", "folders of pictures with .txt files", convert_folder)
TABLE = Recipe("table", "table", "unknown", "CSV, TSV, JSON or parquet: picture, caption", convert_table)
