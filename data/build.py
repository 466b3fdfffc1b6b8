"""Make shards with the scene engine: ``python -m data.build configs/data/NAME.yaml key=value``.

One folder per split. Sample i of a split depends on the recipe alone, so any number of workers gives the same
bytes. Samples are drawn in parallel and laid aside on disk; then every caption is compared with all others of
the split, and similar ones that are false of the scene become retrieval negatives. A stopped build goes on
where it was, and memory grows by some bytes per sample. At the end the card of the set is written beside its
splits (``data.card``).
"""

from __future__ import annotations

import json
import shutil
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import Executor
from dataclasses import replace
from functools import cache, partial
from itertools import accumulate
from pathlib import Path
from typing import Any

from rich.progress import track
from rich.table import Table

from configs.build import BuildConfig
from configs.load import load_config, to_plain
from configs.runtime import atomic_write, command, console, locked, runs_root, write_json
from data.card import up_to_date, write_card
from data.embed import fingerprint
from data.loader import parse_members
from data.mining import (
    Neighbours,
    looked_at,
    mine,
    retrieval_negatives,
)
from data.parallel import ordered, processes
from data.resumable import resume_shards
from data.sample import Sample
from data.scene.engine import VERSION, make_sample
from data.shards import complete, recipe_hash
from data.statements import Statements, open_statements, statement_id, write_statements
from data.tar import pack, unpack

CHUNK = 50


def build_split(cfg: BuildConfig, split: str, out: Path, pool: Executor) -> dict[str, Any]:
    """Write the shards of one split to ``out`` and return their index; a complete folder is reused.

    What a stopped build has drawn, mined and written lies in hidden folders beside ``out``, and is taken up.
    """
    recipe = {
        **to_plain(cfg),
        "splits": cfg.splits[split],
        "split": split,
        "version": VERSION,
    }
    for free in ("out", "workers", "name", "shard_size"):
        del recipe[free]
    recipe["negatives"]["mining"]["embedder"] = fingerprint(cfg.negatives.mining.embedder)
    if index := complete(out, {"name": cfg.name, "shard_size": cfg.shard_size, **recipe}):
        console.print(f"{out}: complete, reused", markup=False, soft_wrap=True)
        return index
    scratch = out.with_name(f".{out.name}.{recipe_hash({**recipe, 'chunk': CHUNK})}.drawn.partial")
    scratch.mkdir(parents=True, exist_ok=True)
    with locked(scratch):
        said, rejected = _draw(cfg, split, scratch, pool)
        meta = {"recipe": recipe, "seed": cfg.seed, "rejected": rejected}
        passed: Counter[str] = Counter()
        written = [0]

        def make(done: list[Any]) -> Iterator[Sample]:
            passed.update(done[-1] if done else {})
            written[0] = len(done) * cfg.shard_size
            for sample, reasons in _with_retrieval(cfg, split, scratch, said, pool, written[0]):
                passed.update(reasons)
                written[0] += 1
                yield sample
            rejected.update(passed)

        def journal() -> dict[str, int]:
            done = max(0, written[0] - cfg.shard_size) // CHUNK * CHUNK
            for start in range(done, written[0] - CHUNK + 1, CHUNK):  # drawn again where it is missed
                (scratch / f"{start:08d}.tar").unlink(missing_ok=True)
            return dict(passed)

        index = resume_shards(make, out, name=cfg.name, shard_size=cfg.shard_size, meta=meta, journal=journal)
        shutil.rmtree(scratch, ignore_errors=True)
    return index


def _draw(cfg: BuildConfig, split: str, scratch: Path, pool: Executor) -> tuple[Statements, Counter[str]]:
    """Draw all samples that are not drawn yet; return what all state, and what was rejected meanwhile."""
    told = scratch / "rejected.json"
    if (said := open_statements(scratch)) and told.is_file():
        return said, Counter(json.loads(told.read_text()))
    rejected: Counter[str] = Counter()
    starts = range(0, cfg.splits[split], CHUNK)
    work = ordered(pool, partial(_draw_chunk, cfg, split, scratch), starts)

    def statements() -> Iterator[tuple[str, Any, int]]:
        for notes in track(work, f"{split}: drawing", len(starts), console=console):
            rejected.update(notes["rejected"])
            yield from notes["said"]

    said = write_statements(scratch, statements())
    write_json(told, rejected)
    return said, rejected


def _draw_chunk(cfg: BuildConfig, split: str, scratch: Path, start: int) -> dict[str, Any]:
    """Lay a chunk of samples aside; return its notes: lengths in the file, statements, rejections."""
    path = scratch / f"{start:08d}.tar"
    if path.with_suffix(".json").is_file():
        return json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
    samples, rejected = _make_chunk(cfg, split, start)
    blocks = [pack(sample.key, sample.members()) for sample in samples]
    with atomic_write(path, "wb") as file:
        file.write(b"".join(blocks))
    said = [(sample.caption, sample.facts, statement_id(sample)) for sample in samples]
    notes = {"rejected": rejected, "said": said, "lengths": [*map(len, blocks)]}
    with atomic_write(path.with_suffix(".json")) as file:  # the last: it says that the chunk is there
        json.dump(notes, file, ensure_ascii=False)
    return notes


def _make_chunk(cfg: BuildConfig, split: str, start: int) -> tuple[list[Sample], Counter[str]]:
    samples, rejected = [], Counter[str]()
    for index in range(start, min(start + CHUNK, cfg.splits[split])):
        sample, reasons = make_sample(cfg, index, split)
        samples.append(sample)
        rejected.update(reasons)
    return samples, rejected


def _with_retrieval(
    cfg: BuildConfig, split: str, scratch: Path, said: Statements, pool: Executor, begin: int
) -> Iterator[tuple[Sample, Counter[str]]]:
    """Yield the samples from ``begin`` on, each with its retrieval negatives, and what was passed over."""
    mining, count = cfg.negatives.mining, cfg.negatives.retrieval
    near: Neighbours | None = None
    if count:
        top = looked_at(mining, count)
        near = mine(said.captions, top=top, embedder=mining.embedder, store=scratch)
    starts = range(begin // CHUNK * CHUNK, len(said.ids), CHUNK)
    jobs = ((start, near and near[start : start + CHUNK]) for start in starts)
    work = ordered(pool, partial(_retrieve_chunk, cfg, split, scratch), jobs)
    for start, found in zip(
        starts, track(work, f"{split}: retrieval", len(starts), console=console), strict=True
    ):
        yield from found[max(0, begin - start) :]


def _retrieve_chunk(
    cfg: BuildConfig, split: str, scratch: Path, job: tuple[int, tuple[Any, Any] | None]
) -> list[tuple[Sample, Counter[str]]]:
    start, near = job
    samples = _read_chunk(cfg, split, scratch, start)
    if near is None:
        return [(sample, Counter()) for sample in samples]
    said, found = _statements(scratch), []
    options: dict[str, Any] = {
        "count": cfg.negatives.retrieval,
        "cfg": cfg.negatives.mining,
        "seed": cfg.seed,
    }
    for at, (sample, scores, rows) in enumerate(zip(samples, *near, strict=True), start):
        negatives, passed = retrieval_negatives(sample, at, scores, rows, said, **options)
        found.append((replace(sample, negatives=sample.negatives + negatives), passed))
    return found


def _read_chunk(cfg: BuildConfig, split: str, scratch: Path, start: int) -> list[Sample]:
    """Return the samples of a chunk that was laid aside, or draw them again where it is gone."""
    path = scratch / f"{start:08d}.tar"
    if not path.is_file():
        return _make_chunk(cfg, split, start)[0]
    lengths = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))["lengths"]
    data, ends = path.read_bytes(), [*accumulate(lengths)]
    return [parse_members(unpack(data[end - n : end])) for n, end in zip(lengths, ends, strict=True)]


@cache
def _statements(scratch: Path) -> Statements:
    said = open_statements(scratch)
    assert said is not None
    return said


def _summary(name: str, indices: dict[str, dict[str, Any]]) -> Table:
    table = Table("split", "samples", "rule", "image", "retrieval", "rejected", title=name)
    for split, index in indices.items():
        kinds = index["counts"]["kinds"]
        counts = [str(kinds.get(kind, 0)) for kind in ("rule", "image", "retrieval")]
        table.add_row(split, str(index["samples"]), *counts, str(sum(index["rejected"].values())))
    return table


@command
def main(argv: list[str]) -> None:
    """Build every split of the recipe."""
    cfg = load_config(BuildConfig, argv)
    out = Path(cfg.out) if cfg.out else runs_root() / "data" / cfg.name
    with processes(cfg.workers) as pool:
        indices = {split: build_split(cfg, split, out / split, pool) for split in cfg.splits}
        folders = [out / split for split in cfg.splits]
        if not up_to_date(folders, out):
            write_card(folders, out, "", pool)
    console.print(_summary(cfg.name, indices))
    console.print(f"wrote {out}", markup=False, soft_wrap=True)


if __name__ == "__main__":
    main()
