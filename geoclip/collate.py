"""From samples to batches: which negatives a sample brings, its tokens, its pictures, and one flat batch.

A sample becomes an :class:`Item` in the loader's worker and a list of items a :class:`Batch`. Nothing is
padded to a common number of negatives: positives come first, negatives of all samples follow, ``offsets``
tell them apart. Every distinct caption of a batch is in it once.
"""

from __future__ import annotations

import copy
import functools
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from configs.geoclip import check_overflow
from configs.objective import KINDS, NegativesConfig, Part, part_at
from data.images import decode
from data.order import Place
from data.sample import Negative, Sample, SampleError
from data.scene.pairs import Told, true_pairs
from geoclip.choose import choose
from geoclip.encoder import DualEncoder, pad_rows, token_rows

Label = tuple[
    str, str
]  # kind of a negative and its operator: the one of its edits, "mixed", or "" without edits


@dataclass
class Item:
    """One sample, ready to be batched: ``images`` is uint8 ``[1 + M, 1, H, W]``, ``rows`` holds 1 + N
    captions."""

    key: str
    caption: str
    images: Tensor
    rows: list[list[int]]
    image_labels: list[Label]
    text_labels: list[Label]
    dropped: int
    told: Told
    part: int = -1


@dataclass
class Batch:
    """A batch of B samples with N text and M image negatives in all, T distinct captions of at most L tokens.

    ``images`` uint8 ``[B + M, 1, H, W]``, positives first; ``image_offsets`` and ``text_offsets`` ``[B +
    1]``; ``caption`` ``[B]`` and ``text_negative`` ``[N]`` are rows of ``input_ids`` and ``attention_mask``
    ``[T, L]``; ``image_ids`` ``[B + M]`` and ``text_ids`` ``[T]`` are hashes of the content, so equal means
    the same. ``true_pairs`` ``[K, 2]`` are pairs (i, j), i != j, whose caption j is not false of picture i,
    and ``told`` uint8 ``[B, W]`` is what other ranks need to find theirs (0 wide without scenes). ``dropped``
    counts negatives left out because the text window would hide their edit. ``part`` is the number of the
    part of the run that the batch was made for, -1 the last.
    """

    keys: list[str]
    captions: list[str]
    images: Tensor
    image_offsets: Tensor
    image_ids: Tensor
    input_ids: Tensor
    attention_mask: Tensor
    text_ids: Tensor
    caption: Tensor
    text_negative: Tensor
    text_offsets: Tensor
    true_pairs: Tensor
    told: Tensor
    image_labels: list[Label] = field(default_factory=list)
    text_labels: list[Label] = field(default_factory=list)
    dropped: int = 0
    part: int = -1

    def __len__(self) -> int:
        return len(self.keys)

    def to(self, device: Any, **kwargs: Any) -> Batch:
        """Return the batch with its tensors on ``device``."""
        return self._map(lambda tensor: tensor.to(device, non_blocking=True, **kwargs))

    def pin_memory(self) -> Batch:
        """Return the batch with its tensors in page-locked memory."""
        return self._map(lambda tensor: tensor.pin_memory())

    def _map(self, change: Any) -> Batch:
        tensors = {f.name: getattr(self, f.name) for f in fields(self)}
        return replace(self, **{k: change(v) for k, v in tensors.items() if isinstance(v, Tensor)})


class ContrastiveTransform:
    """``Sample`` to :class:`Item`; picklable, depends on nothing but its arguments and the sample.

    ``parts`` are those of a run whose negatives change; :meth:`at` gives the transform for a place in it.

    ``text_overflow`` says what happens to a caption longer than the text window: ``error`` stops, ``skip``
    raises :class:`SampleError` (a counted skip) or leaves out the one negative caption, ``truncate`` cuts it,
    and leaves out every negative whose edit would not be fully visible inside the window.
    """

    def __init__(
        self, encoder: DualEncoder, negatives: NegativesConfig, text_overflow: str, parts: Sequence[Part] = ()
    ) -> None:
        check_overflow(text_overflow)
        self.tokenizer = encoder.tokenizer
        self.window = encoder.text_window
        self.image_size = encoder.image_size
        self.negatives = negatives
        self.overflow = text_overflow
        self.parts, self.part, self.epoch = parts, -1, 0

    @property
    def kinds(self) -> set[str]:
        """Kinds of negatives that samples bring."""
        return {kind for kind in KINDS if getattr(self.negatives, kind) != 0}

    def at(self, place: Place) -> ContrastiveTransform:
        """Return the transform of the batch at ``place``: the negatives of its part, drawn for its epoch."""
        found = copy.copy(self)
        found.epoch = place.epoch
        if self.parts:
            found.part = part_at(self.parts, place.epoch, place.step)
            found.negatives = self.parts[found.part].negatives
        return found

    def __call__(self, sample: Sample) -> Item:
        """Return the item of ``sample``; :class:`SampleError` for a picture or caption that cannot be
        used."""
        if not sample.caption:
            raise SampleError(
                "no caption, and stage 1 pairs pictures with captions; import with keep=captions, or raise "
                "max_skipped to pass over samples that only have a chat"
            )
        chosen = choose(sample, self.negatives, self.epoch)
        texts = [n for n in chosen if n.text is not None]
        images = [n for n in chosen if n.image is not None]
        rows = token_rows(self.tokenizer, [sample.caption, *(str(n.text) for n in texts)])
        if any(len(row) > self.window for row in rows):
            rows, texts, images = self._fit(sample, rows, texts, images)
        pictures = [sample.image, *(sample.images[str(n.image)] for n in images)]
        decoded = torch.stack([decode(picture, self.image_size) for picture in pictures])
        dropped = len(chosen) - len(texts) - len(images)
        return Item(
            sample.key,
            sample.caption,
            decoded,
            rows,
            [*map(label, images)],
            [*map(label, texts)],
            dropped,
            Told.of(sample),
            self.part,
        )

    def _fit(
        self, sample: Sample, rows: list[list[int]], texts: list[Negative], images: list[Negative]
    ) -> tuple[list[list[int]], list[Negative], list[Negative]]:
        longest = max(map(len, rows))
        message = f"sample {sample.key!r}: a caption of {longest} tokens; the text tower reads {self.window}"
        if self.overflow == "error":
            raise ValueError(f"{message}; set text_overflow to skip or truncate, or use a tower with more")
        if self.overflow == "skip":
            if len(rows[0]) > self.window:
                raise SampleError(message)
            kept = [i for i, row in enumerate(rows[1:]) if len(row) <= self.window]
            return [rows[0], *(rows[1 + i] for i in kept)], [texts[i] for i in kept], images
        special = set(self.tokenizer.all_special_ids)
        cut = [_cut(row, self.window, special) for row in rows]
        seen = [i for i, row in enumerate(rows[1:]) if _visible(rows[0], row, self.window, special)]
        if len(rows[0]) > self.window:
            shown = _squash(self.tokenizer.decode(cut[0], skip_special_tokens=True))
            images = [n for n in images if all(_squash(edit.before) in shown for edit in n.edits)]
        return [cut[0], *(cut[1 + i] for i in seen)], [texts[i] for i in seen], images


class Collate:
    """A list of items to ``{"pairs": Batch}``, the form that the loader adds its ``keys`` to."""

    def __init__(self, encoder: DualEncoder) -> None:
        self.pad_id = encoder.pad_id
        self.width = encoder.text_window if encoder.pads_text else None

    def __call__(self, items: list[Item]) -> dict[str, Batch]:
        """Join the items of one batch."""
        return {"pairs": join(items, self.pad_id, self.width)}


def join(items: list[Item], pad_id: int, width: int | None) -> Batch:
    """Return the batch of ``items``; captions are padded to the longest, or to ``width``."""
    images = torch.cat([item.images[:1] for item in items] + [item.images[1:] for item in items])
    place: dict[tuple[int, ...], int] = {}
    rows = [[place.setdefault(tuple(row), len(place)) for row in item.rows] for item in items]
    ids, mask = pad_rows([list(row) for row in place], pad_id, width)
    return Batch(
        keys=[item.key for item in items],
        captions=[item.caption for item in items],
        images=images,
        image_offsets=_offsets([len(item.images) - 1 for item in items]),
        image_ids=_picture_ids(images),
        input_ids=ids,
        attention_mask=mask,
        text_ids=_hashes([",".join(map(str, row)).encode() for row in place]),
        caption=torch.tensor([row[0] for row in rows], dtype=torch.long),
        text_negative=torch.tensor([i for row in rows for i in row[1:]], dtype=torch.long),
        text_offsets=_offsets([len(row) - 1 for row in rows]),
        true_pairs=torch.from_numpy(true_pairs([item.told for item in items])),
        told=_padded([item.told.to_bytes() for item in items]),
        image_labels=[one for item in items for one in item.image_labels],
        text_labels=[one for item in items for one in item.text_labels],
        dropped=sum(item.dropped for item in items),
        part=items[0].part if items else -1,
    )


def label(negative: Negative) -> Label:
    """Return kind and operator of a negative; ``mixed`` where its edits have several operators."""
    operators = {edit.operator for edit in negative.edits}
    return negative.kind, "mixed" if len(operators) > 1 else next(iter(operators), "")


def _padded(rows: list[bytes]) -> Tensor:
    """Return uint8 ``[rows, longest]``, filled up with 0."""
    width = max(map(len, rows), default=0)
    filled = b"".join(row.ljust(width, b"\0") for row in rows)
    return torch.from_numpy(np.frombuffer(filled, np.uint8).reshape(len(rows), width).copy())


def _offsets(counts: list[int]) -> Tensor:
    return torch.tensor([0, *counts]).cumsum(0)


def _hashes(contents: list[bytes]) -> Tensor:
    digests = (hashlib.blake2b(content, digest_size=8).digest() for content in contents)
    return torch.tensor([int.from_bytes(digest, "big", signed=True) for digest in digests], dtype=torch.long)


def _picture_ids(images: Tensor) -> Tensor:
    """Return a 64-bit hash of the pixels of each uint8 picture, int64 ``[B + M]``.

    The sum of 32-bit words times fixed random numbers: six times as fast as a hash that withstands attacks.
    """
    pixels = images.flatten(1).numpy()
    if spare := -pixels.shape[1] % 4:
        pixels = np.pad(pixels, ((0, 0), (0, spare)))
    words = pixels.view(np.uint32)
    factors = _factors(words.shape[1])
    sums = [np.dot(row.astype(np.uint64), factors) for row in words]
    return torch.from_numpy(np.array(sums, dtype=np.uint64).view(np.int64))


@functools.cache
def _factors(count: int) -> np.ndarray:
    return np.random.PCG64(0).random_raw(count) | np.uint64(1)  # odd: no single word is without effect


def _tail(row: list[int], special: set[int]) -> int:
    """Return how many special tokens end a row."""
    return next((i for i, token in enumerate(reversed(row)) if token not in special), len(row))


def _cut(row: list[int], window: int, special: set[int]) -> list[int]:
    if len(row) <= window:
        return row
    tail = _tail(row, special)
    return row[: window - tail] + row[len(row) - tail :]


def _visible(caption: list[int], negative: list[int], window: int, special: set[int]) -> bool:
    """True if everything in which the two token rows differ stays when both are cut to the window."""
    shorter = min(len(caption), len(negative))
    start = next((i for i in range(shorter) if caption[i] != negative[i]), shorter)
    end = next((i for i in range(shorter - start) if caption[-1 - i] != negative[-1 - i]), shorter - start)
    return all(
        len(row) <= window or len(row) - end <= window - _tail(row, special) for row in (caption, negative)
    )


def _squash(text: str) -> str:
    return "".join(text.split()).lower()
