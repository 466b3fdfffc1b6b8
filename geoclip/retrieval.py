"""Hit@1 and Hit@5 on four pools: ``python -m geoclip.retrieval MODEL... data=SHARDS out=DIR``.

Any contrastive ``transformers`` folder or hub id can be a MODEL. Leaves ``results.json`` (Hit@k with
intervals, per pool and edit operator, and paired comparisons of all models) and ``hits.json`` (per sample,
for later comparisons).
"""

from __future__ import annotations

import json
import time
from dataclasses import asdict
from itertools import combinations
from pathlib import Path
from typing import Any

import torch
from rich.table import Table
from torch.utils.data import DataLoader, Dataset

from configs.geoclip import NegativesConfig, RetrievalConfig
from configs.load import OVERRIDE, config_hash, load_config, to_plain
from configs.runs import refuse_run_folder
from configs.runtime import command, console, environment, write_json
from data.loader import IndexedDataset
from data.sample import SampleError
from geoclip.collate import Batch, Collate, ContrastiveTransform, Item
from geoclip.encoder import DualEncoder
from geoclip.pools import KS, POOLS, Hits, compare, operator_accuracy, pool_hits, score, summary
from geoclip.towers import load_encoder


class _Items(Dataset[Item | str]):
    """Items of the first samples; the message of a sample that cannot be used."""

    def __init__(self, samples: IndexedDataset, transform: ContrastiveTransform, limit: int | None) -> None:
        self.samples, self.transform = samples, transform
        self.length = min(len(samples), limit or len(samples))

    def __len__(self) -> int:
        return self.length

    def __getitem__(self, i: int) -> Item | str:
        try:
            return self.transform(self.samples[i])
        except SampleError as error:
            return str(error)


class _Reader:
    """Batches of an encoder's test samples, and what was skipped on the way."""

    def __init__(self, encoder: DualEncoder, samples: IndexedDataset, cfg: RetrievalConfig) -> None:
        most = NegativesConfig(rule=cfg.negatives, retrieval=cfg.negatives, image=cfg.negatives)
        items = _Items(samples, ContrastiveTransform(encoder, most, cfg.text_overflow), cfg.limit)
        workers = min(cfg.num_workers, len(items))
        self.loader = DataLoader(items, cfg.batch_size, num_workers=workers, collate_fn=list)
        self.collate = Collate(encoder)
        self.skipped: list[str] = []
        self.dropped = 0

    def __iter__(self) -> Any:
        for found in self.loader:
            self.skipped += [item for item in found if isinstance(item, str)]
            if items := [item for item in found if not isinstance(item, str)]:
                batch: Batch = self.collate(items)["pairs"]
                self.dropped += batch.dropped
                yield batch


def evaluate(
    encoder: DualEncoder, samples: IndexedDataset, cfg: RetrievalConfig
) -> tuple[dict[str, Any], dict[str, Hits]]:
    """Return an encoder's entry of results.json and its per-sample hits.

    Raises ValueError when no sample can be used, and for features that are not numbers.
    """
    start = time.perf_counter()
    reader = _Reader(encoder, samples, cfg)
    device = cfg.accelerator if cfg.accelerator != "auto" else "cuda" if torch.cuda.is_available() else "cpu"
    scores = score(encoder, reader, device)
    if not scores.keys:
        raise ValueError(
            f"no sample of {cfg.data} can be used; the first: {(reader.skipped or ['it is empty'])[0]}"
        )
    if len(reader.skipped) > cfg.max_skipped:
        raise ValueError(
            f"{len(reader.skipped)} samples of {cfg.data} cannot be used, more than "
            f"max_skipped={cfg.max_skipped}; the first: {reader.skipped[0]}. Repair them or raise max_skipped"
        )
    pools = pool_hits(scores, negatives=cfg.negatives, seed=cfg.seed)
    options = {"resamples": cfg.resamples, "seed": cfg.seed}
    entry = {
        "n": len(scores.keys),
        "skipped": {"n": len(reader.skipped), "first": reader.skipped[:5]},
        "negatives_dropped": reader.dropped,
        "pools": {name: summary(hits, len(scores.keys), **options) for name, hits in pools.items()},
        "operators": operator_accuracy(scores, **options),
        "seconds": time.perf_counter() - start,
    }
    return entry, pools


def load_hits(path: str | Path) -> dict[str, dict[str, Hits]]:
    """Return model, pool, :class:`geoclip.pools.Hits` of a hits.json, for :func:`geoclip.pools.compare`."""
    stored = json.loads(Path(path).read_text())["models"]
    return {model: {name: Hits(**rows) for name, rows in pools.items()} for model, pools in stored.items()}


def run(cfg: RetrievalConfig) -> dict[str, Any]:
    """Evaluate every model, compare them in pairs, write both files, and return what results.json holds."""
    refuse_run_folder(cfg.out)
    if cfg.accelerator == "cuda" and not torch.cuda.is_available():
        raise ValueError("accelerator=cuda, but torch finds no GPU; use cpu or auto")
    Path(cfg.out).mkdir(parents=True, exist_ok=True)  # an impossible folder shows before the work
    samples = IndexedDataset([cfg.data])
    entries, hits = {}, {}
    for model in cfg.models:
        entries[model], hits[model] = evaluate(load_encoder(model), samples, cfg)
        console.print(_table(model, entries[model]))
    results = {
        "models": entries,
        "comparisons": [
            {"a": a, "b": b, "hit@1": compare(hits[a], hits[b], resamples=cfg.resamples, seed=cfg.seed)}
            for a, b in combinations(cfg.models, 2)
        ],
        "config": to_plain(cfg),
        "config_hash": config_hash(cfg),
        "seed": cfg.seed,
        "environment": environment(),
    }
    stored = {model: {pool: asdict(rows) for pool, rows in pools.items()} for model, pools in hits.items()}
    write_json(Path(cfg.out) / "hits.json", {"models": stored, "config_hash": results["config_hash"]})
    write_json(Path(cfg.out) / "results.json", results)
    return results


def _table(model: str, entry: dict[str, Any]) -> Table:
    table = Table("pool", *(f"hit@{k}" for k in KS), "chance@1", "ties", "n", "left out", title=model)
    for name in POOLS:
        pool = entry["pools"][name]
        if pool["n"]:
            low, high = pool["ci95"]["hit@1"]
            first = f"{pool['hit@1']:.3f} [{low:.3f}, {high:.3f}]"
            rest = (f"{pool['hit@5']:.3f}", f"{pool['chance']['hit@1']:.3f}", f"{pool['tie_rate']:.3f}")
            table.add_row(name, first, *rest, str(pool["n"]), str(pool["left_out"]))
    return table


@command
def main(argv: list[str]) -> None:
    """Evaluate the models named by the bare arguments."""
    bare = [arg for arg in argv if not OVERRIDE.fullmatch(arg) and not arg.endswith((".yaml", ".yml"))]
    rest = [arg for arg in argv if arg not in bare]
    run(load_config(RetrievalConfig, [*rest, f"models={json.dumps(bare)}"] if bare else rest))


if __name__ == "__main__":
    main()
