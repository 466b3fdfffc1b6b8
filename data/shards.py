"""Shard folders: tar files, ``index.json`` and ``offsets.npy``, written whole or not at all.

``index.json`` holds name, number of samples, per shard its samples, bytes and sha256, counts by kind and
operator, lengths, seed, git revision, command, versions and recipe. ``offsets.npy`` is int64 [samples, 2]:
byte offset and length of every sample within its shard, so that a sample is one read. Everything is written
into a hidden folder beside the final one, which is then renamed: a folder that can be seen is complete.
Writing that goes on after a stop is in ``data.resumable``.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

from configs.load import flatten
from configs.runtime import atomic_write, command_line, git_revision, versions, write_json
from data.index import INDEX, OFFSETS, read_index
from data.sample import KEY, Sample, parse_sample
from data.tar import END, pack


def write_shards(
    samples: Iterable[Sample], out: str | Path, *, name: str, shard_size: int, meta: Mapping[str, Any]
) -> dict[str, Any]:
    """Write ``samples`` in their order to the folder ``out`` and return its index.

    Shards are ``NAME-%06d.tar`` of ``shard_size`` samples. ``meta`` joins the index: ``recipe`` (everything
    the samples depend on, a dict), ``seed`` and whatever else should be told; it is read after the last
    sample, so that counts may grow meanwhile. A complete ``out`` of the same recipe is reused and ``samples``
    is not read. Several processes may write the same folder: the first to finish wins.

    Raises ValueError for a folder that is taken, a repeated key, no samples, and
    :class:`data.sample.SampleError` for a sample that could not be read back.
    """
    out = Path(out)
    recipe = full_recipe(name, shard_size, meta)
    if index := complete(out, recipe):
        return index
    folder = out.with_name(f".{out.name}.{os.getpid()}.partial")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    try:
        writer = ShardWriter(folder, name, shard_size)
        for sample in samples:
            writer.add(sample)
        index = writer.finish(meta, recipe)
        return index if publish(folder, out) else complete(out, recipe) or index
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def full_recipe(name: str, shard_size: int, meta: Mapping[str, Any]) -> dict[str, Any]:
    """Return everything that the bytes of the shards depend on; ValueError for a name or size without use."""
    if shard_size < 1 or not KEY.fullmatch(name):
        raise ValueError(
            f"name={name!r}, shard_size={shard_size}: use letters, digits, '_', '-', and at least 1"
        )
    return {"name": name, "shard_size": shard_size, **meta.get("recipe", {})}


def complete(out: Path, recipe: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the index of ``out`` if it is complete and has this recipe, None if nothing is there.

    Raises ValueError for another recipe, with the differing fields, and for a folder of something else.
    """
    if not out.exists() or (out.is_dir() and not any(out.iterdir())):
        return None
    if not (out / INDEX).is_file():
        raise ValueError(
            f"{out} exists and is no shard folder (no {INDEX}); choose another folder, or remove it"
        )
    index = read_index(out)
    if index.get("recipe_hash") == recipe_hash(recipe):
        return index
    old, new = flatten(index.get("recipe") or {}), flatten(json.loads(json.dumps(recipe)))
    differ = [
        f"{k}: {old.get(k)!r} -> {new.get(k)!r}" for k in sorted({*old, *new}) if old.get(k) != new.get(k)
    ]
    raise ValueError(
        f"{out} holds shards of another recipe ({'; '.join(differ)}); choose another folder, or remove it"
    )


def recipe_hash(recipe: Mapping[str, Any]) -> str:
    """Return 12 hex digits of the sha256 of the recipe as sorted JSON."""
    return hashlib.sha256(json.dumps(recipe, sort_keys=True).encode()).hexdigest()[:12]


class ShardWriter:
    """Collects samples, writes one shard at a time and keeps the books.

    ``on_full`` is called with the index entry of every full shard and the offsets of its samples.
    """

    def __init__(
        self,
        folder: Path,
        name: str,
        shard_size: int,
        on_full: Callable[[dict[str, Any], list[tuple[int, int]]], None] | None = None,
    ) -> None:
        self.folder, self.name, self.shard_size, self.on_full = folder, name, shard_size, on_full
        self.shards: list[dict[str, Any]] = []
        self.blocks: list[bytes] = []
        self.at = 0
        self.offsets: list[tuple[int, int]] = []
        self.keys: set[str] = set()
        self.counts: dict[str, Counter[str]] = {
            k: Counter() for k in ("kinds", "operators", "verdicts", "sources", "licences", "texts")
        }
        self.lengths: dict[str, list[int]] = {k: [] for k in ("caption_characters", "negatives", "bytes")}

    def add(self, sample: Sample) -> None:
        members = sample.members()
        parse_sample(sample.key, members)  # what cannot be read back is refused before it is written
        if sample.key in self.keys:
            raise ValueError(f"sample key {sample.key!r} appears twice; keys are unique within a folder")
        self._enter(sample, pack(sample.key, members))
        if len(self.blocks) == self.shard_size:
            self._write_shard()

    def take_up(self, entry: dict[str, Any], samples: Iterable[tuple[Sample, bytes]]) -> None:
        """Enter a shard that is there already: its index entry, and its samples with their tar blocks."""
        for sample, block in samples:
            self._enter(sample, block)
        self.shards.append(entry)
        self.blocks, self.at = [], 0

    def finish(self, meta: Mapping[str, Any], recipe: Mapping[str, Any]) -> dict[str, Any]:
        """Write what is left, the offsets and the index, and return the index."""
        index = {**meta, **self._books(), "seed": meta.get("seed"), "git_revision": git_revision()}
        index |= {"recipe": recipe, "recipe_hash": recipe_hash(recipe)}
        index |= {"command": command_line(), "versions": versions()}
        write_json(self.folder / INDEX, index)
        return index

    def _books(self) -> dict[str, Any]:
        if not self.offsets:
            raise ValueError("no sample to write: a shard folder holds at least one")
        if self.blocks:
            self._write_shard()
        np.save(self.folder / OFFSETS, np.array(self.offsets, dtype=np.int64))
        lengths = {k: {"mean": round(sum(v) / len(v), 1), "max": max(v)} for k, v in self.lengths.items()}
        return {
            "format": 1,
            "name": self.name,
            "samples": len(self.offsets),
            "shards": self.shards,
            "offsets_sha256": hashlib.sha256((self.folder / OFFSETS).read_bytes()).hexdigest(),
            "counts": {k: dict(sorted(v.items())) for k, v in self.counts.items()},
            "lengths": lengths,
        }

    def _enter(self, sample: Sample, block: bytes) -> None:
        self.keys.add(sample.key)
        self.offsets.append((self.at, len(block)))
        self.blocks.append(block)
        self.at += len(block)
        self._count(sample, len(block))

    def _write_shard(self) -> None:
        data = b"".join([*self.blocks, END])
        file = f"{self.name}-{len(self.shards):06d}.tar"
        with atomic_write(self.folder / file, "wb") as shard:
            shard.write(data)
        entry: dict[str, Any] = {"file": file, "samples": len(self.blocks), "bytes": len(data)}
        entry["sha256"] = hashlib.sha256(data).hexdigest()
        if self.on_full is not None and len(self.blocks) == self.shard_size:
            self.on_full(entry, self.offsets[-self.shard_size :])
        self.shards.append(entry)
        self.blocks, self.at = [], 0

    def _count(self, sample: Sample, size: int) -> None:
        for negative in sample.negatives:
            self.counts["kinds"][negative.kind] += 1
            self.counts["verdicts"][negative.verdict] += 1
            self.counts["operators"].update(edit.operator for edit in negative.edits)
        self.counts["sources"][sample.source] += 1
        self.counts["licences"][sample.licence] += 1
        texts = {"captions": sample.caption, "chats": sample.messages, "answers": sample.answer}
        self.counts["texts"].update(name for name, value in texts.items() if value)
        self.lengths["caption_characters"].append(len(sample.caption))
        self.lengths["negatives"].append(len(sample.negatives))
        self.lengths["bytes"].append(size)


def publish(folder: Path, out: Path) -> bool:
    """Rename ``folder`` to ``out``; False if another process has filled ``out`` meanwhile."""
    with suppress(OSError):
        folder.rename(out)  # also onto an empty folder
        return True
    if not (out / INDEX).is_file():
        raise ValueError(f"cannot rename {folder} to {out}; is {out.parent} writable?")
    return False
