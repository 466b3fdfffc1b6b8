"""Rule negatives for captions without a scene: ``python -m data.foreign SHARDS [out=FOLDER count=10]``.

SHARDS is a shard folder, or a folder of splits, made by any recipe; a copy with more negatives is written.
What a caption's sentences state is read (:mod:`data.foreign.read`), and only what is understood is edited,
in ways that the caption itself rules out (:mod:`data.foreign.edits`). The verdict is ``unverified`` all the
same: it is false of every picture that the caption is true of, but nobody has compared this caption with
its picture.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from rich.markup import escape
from rich.progress import track
from rich.table import Table

from configs.load import check_seed, load_config, split_words
from configs.runtime import command, console, printable, runs_root
from data.foreign.proposals import Vocabulary
from data.foreign.work import NAMED, VERSION, Tally, edit, words_of
from data.gallery import shard_folders
from data.index import read_index
from data.loader import IndexedDataset
from data.parallel import ordered, processes
from data.sample import Sample
from data.shards import complete, write_shards

CHUNK = 50
FIRST = 100
"""Captions that are read before their share of unusable ones can stop the command."""


@dataclass(kw_only=True)
class ForeignConfig:
    """How many negatives, and when to stop."""

    out: str = ""
    """Shard folder to write; empty: runs/data/NAME_rule, with the name of the folder that is read."""
    count: int = 10
    """Rule negatives per caption at most; fewer where the caption allows no more."""
    seed: int = 0
    """Seed of the edits."""
    shard_size: int = 1000
    """Samples per tar file."""
    workers: int = 0
    """Processes; 0 means one per core. The result does not depend on it."""
    max_unusable: float = 0.5
    """Share of captions of which nothing can be used, beyond which the command stops."""

    def __post_init__(self) -> None:
        check_seed(self.seed)
        if not 1 <= self.count <= 99:
            raise ValueError(f"count={self.count} is not allowed; use 1 to 99")
        if self.shard_size < 1 or self.workers < 0:
            raise ValueError(f"shard_size={self.shard_size}, workers={self.workers}: use at least 1 and 0")
        if not 0 <= self.max_unusable <= 1:
            raise ValueError(f"max_unusable={self.max_unusable} is not allowed; use a share from 0 to 1")


def add_negatives(folder: Path, out: Path, cfg: ForeignConfig, pool: Executor) -> dict[str, Any]:
    """Write a copy of a shard folder with negatives added; return its index. A complete copy is reused."""
    source = read_index(folder)
    content = hashlib.sha256("".join(shard["sha256"] for shard in source["shards"]).encode()).hexdigest()
    recipe = {"source": content, "count": cfg.count, "seed": cfg.seed, "foreign_version": VERSION}
    name = source["name"]
    if index := complete(out, {"name": name, "shard_size": cfg.shard_size, **recipe}):
        console.print(f"{out}: complete, reused", markup=False, soft_wrap=True)
        return index
    samples = IndexedDataset([folder])
    told: dict[str, Any] = {}
    rejected: Counter[str] = Counter()
    meta = {"recipe": recipe, "seed": cfg.seed, "foreign": told, "rejected": rejected}
    made = _samples(samples, cfg, pool, told, rejected)
    return write_shards(made, out, name=name, shard_size=cfg.shard_size, meta=meta)


def _samples(
    samples: IndexedDataset,
    cfg: ForeignConfig,
    pool: Executor,
    told: dict[str, Any],
    rejected: Counter[str],
) -> Iterator[Sample]:
    """Yield all samples in order, each with its new negatives; fill ``told`` and ``rejected`` at the end."""
    chunks = range(0, len(samples), CHUNK)
    reading = ordered(pool, words_of, _captions(samples))
    counts = Counter[str]()
    for part in track(reading, "reading", len(chunks), console=console):
        counts.update(part)
    vocabulary = Vocabulary.of(counts)
    work = ordered(pool, partial(edit, cfg.count, cfg.seed, vocabulary), _captions(samples))
    tally = Tally()
    for start, made in zip(chunks, track(work, "editing", len(chunks), console=console), strict=True):
        for i, (new, tally_of) in enumerate(made, start):
            sample = samples[i]
            old = {sample.caption, *(negative.text for negative in sample.negatives)}
            fresh = tuple(negative for negative in new if negative.text not in old)
            tally.add(tally_of, len(fresh))
            _check(tally, cfg, last=i + 1 == len(samples))
            yield replace(sample, negatives=sample.negatives + fresh)
    told.update(tally.to_json())
    rejected.update(dict(sorted(tally.refused.items())))


def _captions(samples: IndexedDataset) -> Iterator[list[tuple[str, str]]]:
    """Yield keys and captions in chunks."""
    for start in range(0, len(samples), CHUNK):
        found = [samples[i] for i in range(start, min(start + CHUNK, len(samples)))]
        yield [(sample.key, sample.caption) for sample in found]


def _check(tally: Tally, cfg: ForeignConfig, *, last: bool) -> None:
    """Stop where too much cannot be used: the captions are of a kind that the grammar does not know."""
    enough = tally.captions >= FIRST or last
    if enough and len(tally.unusable) > cfg.max_unusable * tally.captions:
        examples = "\n  ".join(sentence for sentence, _ in tally.unread.most_common(3))
        raise ValueError(
            f"{len(tally.unusable)} of {tally.captions} captions cannot be used, more than "
            f"max_unusable={cfg.max_unusable} of them; nothing was written. The first: "
            f"{', '.join(tally.unusable[:NAMED])}. Sentences that are not understood, as\n  {examples}\n"
            "Add their wordings to data/foreign/clauses.py, or raise max_unusable to leave them as they are"
        )


def _summary(name: str, index: dict[str, Any]) -> Table:
    told = index["foreign"]
    table = Table(title=name)
    table.add_column("", min_width=34)
    table.add_column("count", no_wrap=True, min_width=11)
    table.add_column("examples", no_wrap=True, overflow="ellipsis")
    table.add_row("captions read", str(told["captions"]), "")
    table.add_row(
        "without use", str(told["captions_without_use"]), escape(", ".join(told["without_use"][:3]))
    )
    table.add_row("sentences", str(told["sentences"]), "")
    share = f"{told['understood']} ({told['share_understood']:.1%})"
    table.add_row("understood", share, escape(printable("not: " + " | ".join(told["not_understood"][:2]))))
    table.add_row("negatives added", str(told["negatives_added"]), "")
    for reason, count in index["rejected"].items():
        table.add_row(f"refused: {reason}", str(count), "")
    return table


@command
def main(argv: list[str]) -> None:
    """Add the negatives and print what was read, added and refused."""
    named, options = split_words(argv)
    cfg = load_config(ForeignConfig, options)
    if len(named) != 1:
        raise ValueError("name one shard folder; use python -m data.foreign SHARDS out=FOLDER")
    source = Path(named[0])
    out = Path(cfg.out) if cfg.out else runs_root() / "data" / f"{source.resolve().name}_rule"
    folders = shard_folders(source)
    with processes(cfg.workers) as pool:
        for folder in folders:
            target = out if folder == source else out / folder.name
            console.print(_summary(str(target), add_negatives(folder, target, cfg, pool)))
    console.print(f"wrote {out}", markup=False, soft_wrap=True)


if __name__ == "__main__":
    main()
