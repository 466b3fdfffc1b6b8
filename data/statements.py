"""What all samples of a set say, on disk: captions and facts by number, and which of them say the same."""

from __future__ import annotations

import hashlib
import json
from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from configs.runtime import atomic_write
from data.ondisk import Lines, write_lines
from data.sample import Sample, SampleError
from data.scene.build import Rejected
from data.scene.canonical import canonical_set
from data.scene.engine import scene_of
from data.scene.types import Fact, Scene

IDS = "statements.ids.npy"
UNREADABLE = (AttributeError, KeyError, IndexError, TypeError, ValueError)
"""What reading facts and programs raises that another program, or another version, wrote."""


@dataclass(frozen=True)
class Statements:
    """What all samples of a set say: caption and facts by number, on disk, and a number for the statement.

    Equal ``ids`` [n] mean equal canonical facts, or equal captions where there are no facts of the engine.
    """

    lines: Lines
    ids: np.ndarray

    def __getitem__(self, i: int) -> tuple[str, list[dict[str, Any]]]:
        caption, facts = json.loads(self.lines[i])
        return caption, facts

    @property
    def captions(self) -> Sequence[str]:
        """The captions alone."""
        return _Captions(self.lines)


def write_statements(folder: Path, said: Iterable[tuple[str, Sequence[Any], int]]) -> Statements:
    """Write captions, facts and :func:`statement_id` of all samples, in order, and open them."""
    ids = array("q")

    def lines() -> Iterable[str]:
        for caption, facts, number in said:
            ids.append(number)
            yield json.dumps([caption, list(facts)], ensure_ascii=False)

    write_lines(folder / "statements", lines())
    with atomic_write(folder / IDS, "wb") as file:  # the last: it says that all is there
        np.save(file, np.frombuffer(ids, np.int64) if ids else np.zeros(0, np.int64))
    found = open_statements(folder)
    assert found is not None
    return found


def open_statements(folder: Path) -> Statements | None:
    """Open the statements of a folder; None where they are not complete."""
    if not (folder / IDS).is_file():
        return None
    return Statements(Lines(folder / "statements"), np.load(folder / IDS, allow_pickle=False))


def scene_of_sample(sample: Sample) -> Scene:
    """Return the scene that a sample's program describes; SampleError where this version cannot build it."""
    try:
        return scene_of(sample.meta)
    except (*UNREADABLE, Rejected) as error:
        raise SampleError(
            f"sample {sample.key} holds no program of this version ({error!r:.80}), so nothing can be proven "
            "of its figure; build the set anew"
        ) from error


def statement_id(sample: Sample) -> int:
    """Return a number that is equal for samples which state the same, whatever the order and names of it.

    Only facts of the scene engine are compared; another sample is its caption, without regard to spaces.
    Raises :class:`data.sample.SampleError` for facts beside a program that cannot be read.
    """
    said = " ".join(sample.caption.split())
    if "program" in sample.meta and sample.facts:
        try:
            facts = canonical_set(Fact.from_json(fact) for fact in sample.facts)
        except UNREADABLE as error:
            raise SampleError(
                f"sample {sample.key} holds facts that this version cannot read ({error!r:.80}); build the "
                "set anew"
            ) from error
        said = json.dumps(sorted(json.dumps(fact.to_json(), sort_keys=True) for fact in facts))
    return digest(said)


def digest(text: str) -> int:
    """Return 64 bits of a hash of a text, signed."""
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big", signed=True)


class _Captions(Sequence[str]):
    """The captions of lines of statements."""

    def __init__(self, lines: Lines) -> None:
        self.lines = lines

    def __len__(self) -> int:
        return len(self.lines)

    def __getitem__(self, i: Any) -> Any:
        if isinstance(i, slice):
            return [json.loads(line)[0] for line in self.lines[i]]
        return json.loads(self.lines[i])[0]
