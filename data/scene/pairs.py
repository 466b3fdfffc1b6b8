"""Which captions of a batch are true of which other samples' scenes: pairs that no loss may push apart.

Letters decide nearly all pairs: a caption that names a point which a scene lacks is false of it. Only for the
few pairs that are left scenes are built and facts evaluated.
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from data.sample import Sample
from data.scene.engine import scene_of, truth_of_caption
from data.scene.truth import evaluate
from data.scene.types import Fact, Scene

SLOW_OR_VAGUE = {"shape": 1, "diagonal": 1, "inscribed": 1, "length": 2, "angle": 2}
"""Kinds of facts that are judged after all others: they take long, or are seldom false of another scene."""
LONGEST = 4096
"""Most bytes that are sent of a sample, five times what the scene engine writes of one; a bound on memory."""
HELPERS = "abcdefghijklmnopqrstuvwxyz"
"""Names of points without a letter in the picture; every scene may have them."""


@dataclass(frozen=True)
class Told:
    """What a sample tells of its figure, small enough to be sent to other ranks.

    ``facts`` and ``program`` are those of the scene engine; a sample from elsewhere has no program, and of it
    only the caption is known.
    """

    caption: str
    facts: Sequence[Mapping[str, Any]] = ()
    program: Mapping[str, Any] | None = None

    @staticmethod
    def of(sample: Sample) -> Told:
        """Take from ``sample`` what is needed."""
        program = sample.meta.get("program")
        if not (sample.facts and isinstance(program, Mapping)):
            return Told(sample.caption)
        return Told(sample.caption, sample.facts, program)

    def to_bytes(self) -> bytes:
        """Return UTF-8 JSON that :meth:`from_bytes` reads; nothing where there is no scene, or more than
        :data:`LONGEST` bytes of it."""
        if self.program is None:
            return b""
        text = json.dumps([self.caption, list(self.facts), self.program], ensure_ascii=False).encode()
        return text if len(text) <= LONGEST else b""

    @staticmethod
    def from_bytes(data: bytes) -> Told:
        """Rebuild what :meth:`to_bytes` wrote."""
        return Told(*json.loads(data))

    @cached_property
    def figure(self) -> tuple[Scene, tuple[Fact, ...]] | None:
        """Scene and facts, those quick to refute first; None where there is none, or none that this version
        can build."""
        if self.program is None:
            return None
        try:
            scene = scene_of({"program": self.program})
            if truth_of_caption(scene, self.facts).verdict == "true":
                facts = map(Fact.from_json, self.facts)
                return scene, tuple(sorted(facts, key=lambda fact: SLOW_OR_VAGUE.get(fact.kind, 0)))
            reason = "its own caption is not true of it"
        except Exception as error:  # shards are from outside, and may be of another version
            reason = f"{type(error).__name__}: {error}"
        warnings.warn(
            f"scenes of this data cannot be built again ({reason:.200}); captions of other samples that are "
            "true of them count as negatives in the in-batch loss. Build the data with this version",
            stacklevel=2,
        )
        return None

    @cached_property
    def letters(self) -> tuple[int, int]:
        """Bit masks: letters that the caption needs, and letters that the scene may have."""
        if self.program is None:
            return 0, 0
        try:
            # A name with a letter twice is never false for lack of it.
            needs = [arg for f in self.facts for arg in f["args"] if len(set(arg)) == len(arg)]
            return _mask(needs), _mask([*self.program["names"], HELPERS])
        except (KeyError, TypeError):
            return 0, _mask([HELPERS])  # figure will say what is wrong


def true_pairs(told: Sequence[Told]) -> np.ndarray:
    """Return the pairs ``(i, j)`` of a batch, i != j, whose caption j is not false of scene i; int64 [K, 2].

    *Not false* is true or ambiguous. Equal captions are pairs, also where no scene is known.
    """
    pairs = true_of(told, told)
    return pairs[pairs[:, 0] != pairs[:, 1]]


def true_of(scenes: Sequence[Told], captions: Sequence[Told]) -> np.ndarray:
    """Return the pairs ``(i, j)``, sorted, whose caption j is not false of scene i; int64 [K, 2].

    Without a scene on both sides only equal captions are pairs.
    """
    place: dict[str, int] = {}
    rows = np.array([place.setdefault(one.caption, len(place)) for one in scenes], dtype=np.int64)
    columns = np.array([place.setdefault(one.caption, len(place)) for one in captions], dtype=np.int64)
    found = rows[:, None] == columns
    has = np.array([one.letters[1] for one in scenes], dtype=np.uint64)
    needs = np.array([one.letters[0] for one in captions], dtype=np.uint64)
    known = [np.array([one.program is not None for one in side], dtype=bool) for side in (scenes, captions)]
    possible = ((needs & ~has[:, None]) == 0) & known[0][:, None] & known[1] & ~found
    for i, j in np.argwhere(possible).tolist():
        found[i, j] = _may_hold(scenes[i], captions[j])
    return np.argwhere(found).astype(np.int64)


def _may_hold(scene: Told, caption: Told) -> bool:
    """Whether no fact of the caption is false of the scene."""
    if scene.figure is None or caption.figure is None:
        return False
    return all(evaluate(fact, scene.figure[0]).verdict != "false" for fact in caption.figure[1])


def _mask(names: Iterable[str]) -> int:
    mask = 0
    for name in names:
        for letter in name:
            mask |= 1 << ord(letter) % 64  # letters that share a bit leave more pairs to be evaluated
    return mask
