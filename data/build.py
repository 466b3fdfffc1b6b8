"""Make shards with the scene engine: ``python -m data.build configs/data/NAME.yaml key=value``.

One folder per split. Sample i of a split depends on the recipe alone, so any number of workers gives the same
bytes. Samples are drawn in parallel and laid aside on disk; then every caption is compared with all others of
the split, and the nearest ones that are false of the scene become retrieval negatives. At the end the card of
the set is written beside its splits (``data.card``).
"""

from __future__ import annotations

import pickle
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from rich.progress import track
from rich.table import Table

from configs.build import BuildConfig
from configs.load import load_config, to_plain
from configs.runtime import command, console, runs_root
from data.card import up_to_date, write_card
from data.parallel import ordered, processes
from data.retrieval import choose, mine
from data.sample import Edit, Negative, Sample
from data.scene.engine import VERSION, make_sample, scene_of, truth_of_caption
from data.shards import complete, write_shards

CHUNK = 50
CANDIDATES = 5
"""Similar captions looked at per retrieval negative asked for; many are true of the scene."""


def build_split(cfg: BuildConfig, split: str, out: Path, pool: Executor) -> dict[str, Any]:
    """Write the shards of one split to ``out`` and return their index; a complete folder is reused."""
    recipe = {
        **to_plain(cfg),
        "splits": cfg.splits[split],
        "split": split,
        "version": VERSION,
    }
    for free in ("out", "workers", "name", "shard_size"):
        del recipe[free]
    if index := complete(out, {"name": cfg.name, "shard_size": cfg.shard_size, **recipe}):
        console.print(f"{out}: complete, reused", markup=False, soft_wrap=True)
        return index
    out.parent.mkdir(parents=True, exist_ok=True)
    rejected: Counter[str] = Counter()
    meta = {"recipe": recipe, "seed": cfg.seed, "rejected": rejected}
    with tempfile.TemporaryDirectory(prefix=f".{out.name}.", dir=out.parent) as scratch:
        parts = _draw(cfg, split, Path(scratch), pool, rejected)
        samples = _with_retrieval(cfg, split, parts, pool, rejected)
        return write_shards(samples, out, name=cfg.name, shard_size=cfg.shard_size, meta=meta)


def _draw(
    cfg: BuildConfig, split: str, scratch: Path, pool: Executor, rejected: Counter[str]
) -> list[tuple[Path, list[str], list[Any]]]:
    """Draw all samples; return per chunk the file that holds them, their captions and their facts."""
    starts = range(0, cfg.splits[split], CHUNK)
    work = ordered(pool, partial(_draw_chunk, cfg, split, scratch), starts)
    parts = []
    for path, captions, facts, reasons in track(work, f"{split}: drawing", len(starts), console=console):
        rejected.update(reasons)
        parts.append((path, captions, facts))
    return parts


def _draw_chunk(
    cfg: BuildConfig, split: str, scratch: Path, start: int
) -> tuple[Path, list[str], list[Any], Counter[str]]:
    samples, rejected = [], Counter[str]()
    for index in range(start, min(start + CHUNK, cfg.splits[split])):
        sample, reasons = make_sample(cfg, index, split)
        samples.append(sample)
        rejected.update(reasons)
    path = scratch / f"{start}.pickle"
    path.write_bytes(pickle.dumps(samples))
    return path, [s.caption for s in samples], [s.facts for s in samples], rejected


def _with_retrieval(
    cfg: BuildConfig,
    split: str,
    parts: Sequence[tuple[Path, list[str], list[Any]]],
    pool: Executor,
    rejected: Counter[str],
) -> Iterator[Sample]:
    """Yield all samples in order, each with its retrieval negatives."""
    captions = [caption for _, texts, _ in parts for caption in texts]
    facts = [fact for _, _, found in parts for fact in found]
    near: list[list[int]] = [[] for _ in captions]
    if cfg.negatives.retrieval:
        near = mine(captions, top=CANDIDATES * cfg.negatives.retrieval)[1].tolist()
    jobs, at = [], 0
    for path, texts, _ in parts:
        rows = [[(captions[j], facts[j]) for j in near[at + i]] for i in range(len(texts))]
        jobs.append((path, rows))
        at += len(texts)
    work = ordered(pool, partial(_retrieve_chunk, cfg.negatives.retrieval), jobs)
    for samples, refused in track(work, f"{split}: retrieval", len(jobs), console=console):
        rejected["retrieval: not false of the scene"] += refused
        yield from samples


def _retrieve_chunk(count: int, job: tuple[Path, list[list[tuple[str, Any]]]]) -> tuple[list[Sample], int]:
    path, rows = job
    samples, refused = [], 0
    for sample, candidates in zip(pickle.loads(path.read_bytes()), rows, strict=True):
        scene = scene_of(sample.meta)

        def is_false(j: int, scene: Any = scene, candidates: Any = candidates) -> tuple[bool, float | None]:
            truth = truth_of_caption(scene, candidates[j][1])
            return truth.verdict == "false", truth.residual

        chosen, passed = choose(range(len(candidates)), count, is_false)
        refused += passed
        found = tuple(
            Negative(
                "retrieval",
                text=candidates[j][0],
                edits=(Edit("retrieval", sample.caption, candidates[j][0]),),
                verdict="false",
                residual=None if residual is None else round(residual, 3),
            )
            for j, residual in chosen
        )
        samples.append(replace(sample, negatives=sample.negatives + found))
    path.unlink()
    return samples, refused


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
