"""Add retrieval negatives to shards: ``python -m data.retrieval SHARDS out=FOLDER [top=100] [count=10]``.

Every caption of SHARDS is compared with all others, by tf-idf or any text encoder (``embedder=FOLDER``), and
the nearest ones of other statements become negatives of kind ``retrieval``. What no scene can prove is
``unverified``. A stopped run goes on where it was.
"""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from rich.progress import track

from configs.load import load_config, split_words, to_plain
from configs.retrieval import RetrieveConfig
from configs.runtime import command, console, locked
from data.embed import fingerprint
from data.index import read_index
from data.loader import IndexedDataset
from data.mining import (
    looked_at,
    mine,
    retrieval_negatives,
)
from data.reporting.page import Sheet, terminal
from data.resumable import resume_shards
from data.sample import Sample
from data.shards import complete, full_recipe, recipe_hash
from data.statements import Statements, open_statements, statement_id, write_statements


def add_negatives(shards: Path, cfg: RetrieveConfig) -> dict[str, Any]:
    """Write the samples of ``shards`` with their retrieval negatives to ``cfg.out``; return its index.

    Samples without a caption are neither given negatives nor candidates; they are counted. Raises ValueError
    for a folder that cannot be read, fewer than two different captions, and an encoder that cannot be used.
    """
    source, out = read_index(shards), Path(cfg.out)
    options = {k: v for k, v in to_plain(cfg).items() if k not in ("out", "shard_size", "embedder")}
    made_from = {"source": source["offsets_sha256"], "shards": [s["sha256"] for s in source["shards"]]}
    recipe = {**options, "embedder": fingerprint(cfg.embedder), **made_from}
    meta: dict[str, Any] = {"recipe": recipe, "seed": cfg.seed, "rejected": Counter()}
    named: dict[str, Any] = {"name": source["name"], "shard_size": cfg.shard_size}
    if index := complete(out, full_recipe(source["name"], cfg.shard_size, meta)):
        console.print(f"{out}: complete, reused", markup=False, soft_wrap=True)
        return index
    dataset = IndexedDataset([shards])
    scratch = out.with_name(f".{out.name}.{recipe_hash(recipe)}.mined.partial")
    scratch.mkdir(parents=True, exist_ok=True)
    with locked(scratch):
        said = open_statements(scratch) or write_statements(scratch, _statements(dataset))
        passed: Counter[str] = Counter()

        def make(done: list[Any]) -> Iterator[Sample]:
            passed.update(done[-1] if done else {})
            yield from _samples(dataset, said, cfg, scratch, len(done) * cfg.shard_size, passed)
            meta["rejected"].update(passed)

        index = resume_shards(make, out, **named, meta=meta, journal=lambda: dict(passed))
        shutil.rmtree(scratch, ignore_errors=True)
    return index


def _statements(dataset: IndexedDataset) -> Iterator[tuple[str, Any, int]]:
    for i in track(range(len(dataset)), "reading captions", console=console):
        sample = dataset[i]
        yield sample.caption, sample.facts, statement_id(sample)


def _samples(
    dataset: IndexedDataset,
    said: Statements,
    cfg: RetrieveConfig,
    scratch: Path,
    begin: int,
    passed: Counter[str],
) -> Iterator[Sample]:
    near = mine(said.captions, top=looked_at(cfg, cfg.count), embedder=cfg.embedder, store=scratch)
    if near.table.shape[1] == 0:
        raise ValueError("the shards hold fewer than two different captions; there is nothing to retrieve")
    for i in track(range(begin, len(dataset)), "choosing negatives", console=console):
        sample = dataset[i]
        if not sample.caption:
            passed["retrieval: sample without a caption"] += 1
            yield sample
            continue
        scores, rows = near[i]
        found, reasons = retrieval_negatives(
            sample, i, scores, rows, said, count=cfg.count, cfg=cfg, seed=cfg.seed
        )
        passed.update(reasons)
        if len(found) < cfg.count:
            passed["retrieval: samples with fewer negatives than asked for"] += 1
        yield replace(sample, negatives=sample.negatives + found)


def _summary(index: dict[str, Any]) -> Sheet:
    counts = {"samples": index["samples"]}
    counts |= {f"{kind} negatives": n for kind, n in index["counts"]["kinds"].items()}
    counts |= {f"verdict {verdict}": n for verdict, n in index["counts"]["verdicts"].items()}
    counts |= index["rejected"]
    return Sheet("Retrieval negatives", ("", "count"), "lr", tuple((k, f"{n:,}") for k, n in counts.items()))


@command
def main(argv: list[str]) -> None:
    """Write the shards and print what is in them."""
    words, options = split_words(argv)
    paths, cfg = [*map(Path, words)], load_config(RetrieveConfig, options)
    if len(paths) != 1:
        raise ValueError(
            "give one shard folder; use python -m data.retrieval SHARDS out=FOLDER [embedder=...]"
        )
    console.print(terminal(_summary(add_negatives(paths[0], cfg))))
    console.print(f"wrote {cfg.out}", markup=False, soft_wrap=True)


if __name__ == "__main__":
    main()
