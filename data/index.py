"""Reading and verifying the index of a shard folder."""

from __future__ import annotations

import hashlib
import io
import json
import os
import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

INDEX = "index.json"
OFFSETS = "offsets.npy"
FILE = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9_.-]*\.tar")
_verified: set[tuple[str, int, int, str]] = set()


@dataclass(frozen=True)
class ShardFolder:
    """A shard folder that is ready to read: ``offsets`` is int64 [samples, 2], byte offset and length."""

    path: Path
    index: dict[str, Any]
    offsets: np.ndarray


def read_index(folder: str | Path) -> dict[str, Any]:
    """Return the ``index.json`` of a shard folder, or raise ValueError that says what is missing or wrong."""
    folder = Path(folder)
    if not folder.is_dir():
        raise ValueError(f"shard folder {folder} does not exist; make one with python -m data.build CONFIG")
    path = folder / INDEX
    if not path.is_file():
        inside = [str(p.parent) for p in sorted(folder.glob(f"*/{INDEX}"))]
        hint = (
            f"did you mean {' or '.join(inside)}?" if inside else "it is empty, unfinished, or something else"
        )
        raise ValueError(f"shard folder {folder} has no {INDEX}; {hint}")
    try:
        index = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{path} is not valid JSON ({error}); build the folder again") from error
    _check(path, index)
    return index


def shard_folders(path: Path) -> list[Path]:
    """Return ``path`` if it is a shard folder, else those in it; raises ValueError for neither."""
    splits = sorted((index.parent for index in path.glob(f"*/{INDEX}")), key=lambda p: (p.name != "train", p))
    if (path / INDEX).is_file() or not splits:
        read_index(path)
        return [path]
    return splits


def open_folder(folder: str | Path, *, verify: bool = True) -> ShardFolder:
    """Read index and offsets of a shard folder and, unless told otherwise, check every byte of its shards.

    Raises ValueError that names the shard which is missing, cut short or changed since it was written.
    """
    path, index = Path(folder), read_index(folder)
    try:
        raw = (path / OFFSETS).read_bytes()
    except FileNotFoundError:
        raise ValueError(f"shard folder {path} has no {OFFSETS}; build the folder again") from None
    if hashlib.sha256(raw).hexdigest() != index["offsets_sha256"]:
        raise ValueError(f"{path / OFFSETS} does not match {INDEX} (sha256); build the folder again")
    offsets = np.load(io.BytesIO(raw), allow_pickle=False)
    if offsets.shape != (index["samples"], 2) or offsets.dtype != np.int64:
        raise ValueError(f"{path / OFFSETS} is {offsets.dtype} {offsets.shape}; expected int64 [samples, 2]")
    _check_counts(path, index, offsets)
    if verify:
        verify_shards(path, index)
    return ShardFolder(path, index, offsets)


def verify_shards(folder: Path, index: dict[str, Any]) -> None:
    """Compare size and sha256 of every shard with the index; once per process and unchanged file."""
    with ThreadPoolExecutor(os.cpu_count()) as pool:  # hashing releases the interpreter lock
        list(pool.map(lambda shard: _verify(folder / shard["file"], shard), index["shards"]))


def _verify(path: Path, shard: dict[str, Any]) -> None:
    try:
        found = path.stat()
    except FileNotFoundError:
        raise ValueError(
            f"shard {path} is missing; {INDEX} lists it. Build or copy the folder again"
        ) from None
    if found.st_size != shard["bytes"]:
        raise ValueError(
            f"shard {path} has {found.st_size} bytes, {INDEX} says {shard['bytes']}: it was cut short or "
            "changed. Build or copy the folder again"
        )
    mark = (str(path), found.st_size, found.st_mtime_ns, shard["sha256"])
    if mark in _verified:
        return
    with open(path, "rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    if digest != shard["sha256"]:
        raise ValueError(
            f"shard {path} is damaged: sha256 {digest[:12]}…, {INDEX} says {shard['sha256'][:12]}…. "
            "Build or copy the folder again"
        )
    _verified.add(mark)


def _check(path: Path, index: Any) -> None:
    if not isinstance(index, dict) or index.get("format") != 1:
        found = index.get("format") if isinstance(index, dict) else type(index).__name__
        raise ValueError(f"{path}: format is {found!r}; this version reads format 1: build the folder again")
    shards = index.get("shards")
    if not isinstance(shards, list) or not shards:
        raise ValueError(f"{path}, field shards: expected a list of at least one shard, got {shards!r:.80}")
    for at, shard in enumerate(shards):
        fields = {"file": str, "samples": int, "bytes": int, "sha256": str}
        if not isinstance(shard, dict) or any(not isinstance(shard.get(k), t) for k, t in fields.items()):
            raise ValueError(
                f"{path}, field shards[{at}]: expected {{{', '.join(fields)}}}, got {shard!r:.120}"
            )
        if not FILE.fullmatch(shard["file"]):  # no path is built from a name that could leave the folder
            raise ValueError(f"{path}, field shards[{at}].file: {shard['file']!r} is no plain file name")
    if index.get("samples") != sum(shard["samples"] for shard in shards):
        raise ValueError(f"{path}, field samples: {index.get('samples')!r} is not the sum over its shards")
    if not isinstance(index.get("offsets_sha256"), str):
        raise ValueError(f"{path}, field offsets_sha256: missing; build the folder again")


def _check_counts(path: Path, index: dict[str, Any], offsets: np.ndarray) -> None:
    """Samples of a shard must follow each other without a gap, from its first byte to its end marker."""
    row = 0
    for shard in index["shards"]:
        rows = offsets[row : row + shard["samples"]]
        ends = np.cumsum([0, *(length for _, length in rows)])
        if [at for at, _ in rows] != ends[:-1].tolist() or ends[-1] + 1024 != shard["bytes"]:
            raise ValueError(
                f"{path / OFFSETS}: {shard['samples']} samples do not cover shard {shard['file']}; "
                "build the folder again"
            )
        row += shard["samples"]
