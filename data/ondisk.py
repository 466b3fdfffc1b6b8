"""Arrays and records on disk: what is too much for memory, and what the next run takes up after a stop.

All functions trust their folder: its name carries a hash of whatever its content depends on.
"""

from __future__ import annotations

import json
import mmap
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, overload

import numpy as np
from rich.progress import track

from configs.runtime import atomic_write, console, write_json


def fill(
    path: Path | None,
    shape: tuple[int, ...],
    dtype: Any,
    make: Callable[[int, int], np.ndarray],
    *,
    step: int,
    label: str,
) -> np.ndarray:
    """Return the array whose rows ``a`` to ``b`` are ``make(a, b)``, made ``step`` rows at a time.

    With a ``path`` it is a file that is read page by page; rows which a stopped run has finished are not made
    again, and a finished array is opened as it is. Without one it is made in memory.
    """
    wanted = np.dtype(dtype)
    if path is None:
        array, done = np.empty(shape, wanted), 0
    else:
        array, done = _open(path, shape, wanted)
    starts = range(done, shape[0], step)
    for start in track(starts, label, console=console, transient=True, disable=len(starts) < 2):
        stop = min(start + step, shape[0])
        array[start:stop] = make(start, stop)
        if isinstance(array, np.memmap):
            array.flush()
            assert path is not None
            write_json(_progress(path), {"rows": stop})
    return array


def _open(path: Path, shape: tuple[int, ...], dtype: np.dtype) -> tuple[np.ndarray, int]:
    """Return the array of a file, a new one where there is none that fits, and how many rows are done."""
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        done = json.loads(_progress(path).read_text())["rows"]
        array = np.load(path, mmap_mode="r+", allow_pickle=False)
        if array.shape == shape and array.dtype == dtype and 0 <= done <= shape[0]:
            return array, done
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        pass
    _progress(path).unlink(missing_ok=True)
    if 0 in shape:  # nothing to map
        return np.empty(shape, dtype), shape[0]
    return np.lib.format.open_memmap(path, "w+", dtype, shape), 0


def _progress(path: Path) -> Path:
    return path.with_suffix(".done.json")


class Lines(Sequence[str]):
    """Texts in one file, fetched by number: ``lines[i]``, ``lines[a:b]``; only their offsets are in memory.

    Opened files are picklable by their path and may be read by several processes.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._offsets = np.load(path.with_suffix(".offsets.npy"), allow_pickle=False)
        self._bytes: mmap.mmap | bytes = b""
        if os.path.getsize(path):
            with open(path, "rb") as file:
                self._bytes = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)

    def __len__(self) -> int:
        return len(self._offsets) - 1

    @overload
    def __getitem__(self, i: int) -> str: ...
    @overload
    def __getitem__(self, i: slice) -> list[str]: ...
    def __getitem__(self, i: int | slice) -> str | list[str]:
        if isinstance(i, slice):
            return [self[at] for at in range(*i.indices(len(self)))]
        if not 0 <= i < len(self):
            raise IndexError(f"text {i} of {len(self)}")
        return self._bytes[self._offsets[i] : self._offsets[i + 1]].decode()

    def __iter__(self) -> Iterator[str]:
        return (self[i] for i in range(len(self)))

    def __reduce__(self) -> tuple[type[Lines], tuple[Path]]:
        return Lines, (self.path,)


def write_lines(path: Path, texts: Iterable[str]) -> Lines:
    """Write texts to a file of :class:`Lines`, whole or not at all."""
    offsets = [0]
    with atomic_write(path, "wb") as file:
        for text in texts:
            offsets.append(offsets[-1] + file.write(text.encode()))
    with atomic_write(path.with_suffix(".offsets.npy"), "wb") as file:
        np.save(file, np.array(offsets, np.int64))
    return Lines(path)
