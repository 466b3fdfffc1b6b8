"""Shard folders that are written across several runs: what a stopped run has finished, the next takes up.

Beside every full shard lies ``NAME-%06d.page.json``: its index entry, the offsets of its samples, and what
the writer of the samples noted. Both are in the hidden folder ``.OUT.RECIPE.partial`` until all is written.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from configs.runtime import LOCK, atomic_write, console, locked
from data.sample import Sample, parse_sample
from data.shards import ShardWriter, complete, full_recipe, publish, recipe_hash
from data.tar import unpack


def resume_shards(
    make: Callable[[list[Any]], Iterable[Sample]],
    out: str | Path,
    *,
    name: str,
    shard_size: int,
    meta: Mapping[str, Any],
    journal: Callable[[], Any],
) -> dict[str, Any]:
    """As :func:`data.shards.write_shards`, but full shards outlive a stop, and the next run goes on there.

    ``journal()`` is called when a shard is full, while ``make`` waits at the ``yield`` of its last sample; it
    returns plain JSON. ``make`` gets what it returned for every shard that is there, in order, and yields
    the samples that follow. A run with stops gives the same bytes as one without.

    Raises ValueError also when another process is writing the folder.
    """
    out = Path(out)
    recipe = full_recipe(name, shard_size, meta)
    if index := complete(out, recipe):
        return index
    folder = partial_folder(out, recipe)
    folder.mkdir(parents=True, exist_ok=True)
    with locked(folder):
        writer = ShardWriter(folder, name, shard_size, _page_writer(folder, journal))
        try:
            for sample in make(_take_up(writer)):
                writer.add(sample)
            index = writer.finish(meta, recipe)
        except BaseException:
            _leave(writer)
            raise
        published = publish(folder, out)
    _clear(out)
    return index if published else complete(out, recipe) or index


def partial_folder(out: Path, recipe: Mapping[str, Any]) -> Path:
    """Return the hidden folder in which ``out`` is written."""
    return out.with_name(f".{out.name}.{recipe_hash(recipe)}.partial")


def _page_writer(folder: Path, journal: Callable[[], Any]) -> Callable[[dict[str, Any], Any], None]:
    def write(entry: dict[str, Any], offsets: list[tuple[int, int]]) -> None:
        with atomic_write((folder / entry["file"]).with_suffix(".page.json")) as file:
            json.dump({"entry": entry, "offsets": offsets, "journal": journal()}, file)

    return write


def _take_up(writer: ShardWriter) -> list[Any]:
    """Enter the shards that are there, and return what their journals say."""
    for left in writer.folder.glob(".*.tmp"):  # of a run that was killed while it wrote
        left.unlink()
    journals = []
    while page := _read_page(writer.folder / f"{writer.name}-{len(writer.shards):06d}.tar"):
        entry, samples, journal = page
        writer.take_up(entry, samples)
        journals.append(journal)
    if journals:
        _tell(f"going on after {len(writer.offsets)} samples that are safely written in {writer.folder}")
    return journals


def _read_page(shard: Path) -> tuple[dict[str, Any], list[tuple[Sample, bytes]], Any] | None:
    """Return index entry, samples with their tar blocks, and journal; None unless shard and page fit."""
    try:
        page = json.loads(shard.with_suffix(".page.json").read_text(encoding="utf-8"))
        data = shard.read_bytes()
    except FileNotFoundError:
        return None
    if hashlib.sha256(data).hexdigest() != page["entry"]["sha256"]:
        _tell(f"{shard} was changed after it was written; it is written again")
        return None
    blocks = [data[at : at + length] for at, length in page["offsets"]]
    return page["entry"], [(_sample(block), block) for block in blocks], page["journal"]


def _sample(block: bytes) -> Sample:
    named = unpack(block)
    members = {name.partition(".")[2]: data for name, data in named.items()}
    return parse_sample(next(iter(named)).partition(".")[0], members)


def _leave(writer: ShardWriter) -> None:
    """After a stop: say what is kept, or remove a folder that holds no full shard."""
    full = [shard for shard in writer.shards if shard["samples"] == writer.shard_size]
    if not full:
        shutil.rmtree(writer.folder, ignore_errors=True)
        return
    count = len(full) * writer.shard_size
    _tell(f"{count} samples are safely written in {writer.folder}; the same command goes on after them")


def _clear(out: Path) -> None:
    """Remove the pages, and partial folders that nobody is writing: they can no longer become ``out``."""
    for left in (*out.glob("*.page.json"), out / LOCK):
        left.unlink(missing_ok=True)
    for folder in out.parent.glob(f".{out.name}.*.partial"):
        with suppress(ValueError, FileNotFoundError), locked(folder):
            shutil.rmtree(folder, ignore_errors=True)


def _tell(text: str) -> None:
    console.print(text, style="yellow", markup=False, soft_wrap=True)
