"""Hit@1 and Hit@5 on candidate pools: ``python -m geoclip.retrieval MODEL... data=SHARDS out=DIR``.

Any contrastive ``transformers`` folder or hub id can be a MODEL. ``rotate=[30] downscale=[0.5]
other_data=SHARDS`` score disturbed pictures too. Leaves ``results.json`` (Hit@k with intervals, per pool and
edit operator, and paired comparisons of all models and disturbances), ``hits.json`` (per sample, for later
comparisons) and ``report.html`` with the hardest mistakes.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

from torch.utils.data import DataLoader, Dataset

from configs.geoclip import NegativesConfig, RetrievalConfig
from configs.load import config_hash, load_for_models, to_plain
from configs.runs import refuse_run_folder
from configs.runtime import atomic_write, command, console, environment, write_json
from data.loader import IndexedDataset
from data.reporting.misses import Miss
from data.reporting.page import terminal
from data.reporting.retrieval import retrieval_page, retrieval_sheets
from data.sample import SampleError
from geoclip.collate import Batch, Collate, ContrastiveTransform, Item
from geoclip.encoder import DualEncoder
from geoclip.hits import Hits, compare, compare_pairs, operator_accuracy, summary
from geoclip.mistakes import hardest, shown
from geoclip.pools import Pools, all_hits, operator_hits, score
from geoclip.robustness import Change, disturbances, same_scenes
from geoclip.towers import device_of, load_encoder


@dataclass
class Evaluation:
    """One encoder on one set: its entry of results.json, hits per pool and per operator, mistakes."""

    entry: dict[str, Any]
    pools: dict[str, Hits]
    operators: dict[str, Hits]
    mistakes: list[Miss]


class _Items(Dataset[Item | str]):
    """Items of the first samples; the message of a sample that cannot be used."""

    def __init__(
        self,
        samples: IndexedDataset,
        transform: ContrastiveTransform,
        limit: int | None,
        change: Change | None = None,
    ) -> None:
        self.samples, self.transform, self.change = samples, transform, change
        self.length = min(len(samples), limit or len(samples))

    def __len__(self) -> int:
        return self.length

    def __getitem__(self, i: int) -> Item | str:
        try:
            sample = self.samples[i]
            return self.transform(self.change(sample) if self.change else sample)
        except SampleError as error:
            return str(error)


class Reader:
    """Batches of an encoder's test samples; what was skipped on the way, and the numbers of what was used."""

    def __init__(
        self,
        encoder: DualEncoder,
        samples: IndexedDataset,
        cfg: RetrievalConfig,
        change: Change | None = None,
    ) -> None:
        most = NegativesConfig(rule=cfg.negatives, retrieval=cfg.negatives, image=cfg.negatives)
        self.transform = ContrastiveTransform(encoder, most, cfg.text_overflow)
        items = _Items(samples, self.transform, cfg.limit, change)
        workers = min(cfg.num_workers, len(items))
        self.loader = DataLoader(items, cfg.batch_size, num_workers=workers, collate_fn=list)
        self.collate = Collate(encoder)
        self.skipped: list[str] = []
        self.used: list[int] = []
        self.dropped = 0

    def __iter__(self) -> Any:
        start = 0
        for found in self.loader:
            self.skipped += [item for item in found if isinstance(item, str)]
            self.used += [start + at for at, item in enumerate(found) if not isinstance(item, str)]
            start += len(found)
            if items := [item for item in found if not isinstance(item, str)]:
                batch: Batch = self.collate(items)["pairs"]
                self.dropped += batch.dropped
                yield batch


def evaluate(
    encoder: DualEncoder,
    samples: IndexedDataset,
    cfg: RetrievalConfig,
    change: Change | None = None,
    mistakes: int = 0,
) -> Evaluation:
    """Score one encoder on ``samples``, each of them passed through ``change`` first.

    Raises ValueError when no sample can be used, and for features that are not numbers.
    """
    start = time.perf_counter()
    reader = Reader(encoder, samples, cfg, change)
    device = device_of(cfg.accelerator)
    scores = score(encoder, reader, device)
    _check_skipped(reader, len(scores.keys), samples, cfg)
    pools = Pools(scores, negatives=cfg.negatives, seed=cfg.seed)
    hits, operators = all_hits(pools), operator_hits(scores)
    options = {"resamples": cfg.resamples, "seed": cfg.seed}
    worst = [
        shown(one, lambda at: samples[reader.used[at]], reader.transform)
        for one in hardest(pools, hits, mistakes)
    ]
    entry = {
        "n": len(scores.keys),
        "skipped": {"n": len(reader.skipped), "first": reader.skipped[:5]},
        "negatives_dropped": reader.dropped,
        "pools": {name: summary(found, len(scores.keys), **options) for name, found in hits.items()},
        "operators": operator_accuracy(operators, **options),
        "mistakes": [miss.record() for miss in worst],
        "seconds": time.perf_counter() - start,
    }
    return Evaluation(entry, hits, operators, worst)


def _check_skipped(reader: Reader, used: int, samples: IndexedDataset, cfg: RetrievalConfig) -> None:
    folder = samples.files[0].parent
    if not used:
        first = (reader.skipped or ["it is empty"])[0]
        raise ValueError(f"no sample of {folder} can be used; the first: {first}")
    if len(reader.skipped) > cfg.max_skipped:
        raise ValueError(
            f"{len(reader.skipped)} samples of {folder} cannot be used, more than "
            f"max_skipped={cfg.max_skipped}; the first: {reader.skipped[0]}. Repair them or raise max_skipped"
        )


def load_hits(path: str | Path) -> dict[str, dict[str, Hits]]:
    """Return model, pool, :class:`geoclip.hits.Hits` of a hits.json, for :func:`geoclip.hits.compare`."""
    stored = json.loads(Path(path).read_text())["models"]
    return {model: {name: Hits(**rows) for name, rows in pools.items()} for model, pools in stored.items()}


def run(cfg: RetrievalConfig) -> dict[str, Any]:
    """Evaluate every model, compare them in pairs, write all files, and return what results.json holds."""
    refuse_run_folder(cfg.out)
    device_of(cfg.accelerator)  # an impossible one shows before the work
    out = Path(cfg.out)
    out.mkdir(parents=True, exist_ok=True)  # an impossible folder shows before the work
    samples = IndexedDataset([cfg.data])
    other = IndexedDataset([cfg.other_data]) if cfg.other_data else None
    same = same_scenes(samples, other, cfg.limit) if other else set()
    plain: dict[str, Evaluation] = {}
    disturbed: dict[str, dict[str, Evaluation]] = {}
    for model in cfg.models:
        encoder = load_encoder(model)
        plain[model] = evaluate(encoder, samples, cfg, mistakes=cfg.mistakes)
        for name, change in disturbances(cfg, encoder.image_size).items():
            disturbed.setdefault(name, {})[model] = evaluate(encoder, samples, cfg, change)
        if other:
            disturbed.setdefault("other data", {})[model] = _only(evaluate(encoder, other, cfg), same)
    results = {
        "models": {model: found.entry for model, found in plain.items()},
        "comparisons": [
            {"a": a, "b": b, **_differences(plain[a], plain[b], cfg)} for a, b in combinations(cfg.models, 2)
        ],
        "disturbances": [
            {"name": name, "model": model, **_disturbed(found, plain[model], cfg)}
            for name, of_model in disturbed.items()
            for model, found in of_model.items()
        ],
        "config": to_plain(cfg),
        "config_hash": config_hash(cfg),
        "seed": cfg.seed,
        "environment": environment(),
    }
    write_json(out / "hits.json", {**_stored(plain, disturbed), "config_hash": results["config_hash"]})
    write_json(out / "results.json", results)
    with atomic_write(out / "report.html") as file:
        file.write(retrieval_page(results, {model: found.mistakes for model, found in plain.items()}))
    return results


def _differences(a: Evaluation, b: Evaluation, cfg: RetrievalConfig) -> dict[str, Any]:
    options = {"resamples": cfg.resamples, "seed": cfg.seed}
    pairs = compare_pairs(a.operators, b.operators, **options)
    return {"hit@1": compare(a.pools, b.pools, **options), "operators": pairs}


def _disturbed(found: Evaluation, plain: Evaluation, cfg: RetrievalConfig) -> dict[str, Any]:
    kept = {
        name: found.entry[name] for name in ("n", "same_scenes", "pools", "operators") if name in found.entry
    }
    return kept | {"differences": _differences(found, plain, cfg)}


def _only(found: Evaluation, keys: set[str]) -> Evaluation:
    """Return an evaluation whose hits are those of ``keys``; its entry is still about all samples."""
    pools, operators = (
        {name: hits.only(keys) for name, hits in part.items()} for part in (found.pools, found.operators)
    )
    return Evaluation({**found.entry, "same_scenes": len(keys)}, pools, operators, found.mistakes)


def _stored(
    plain: Mapping[str, Evaluation], disturbed: Mapping[str, Mapping[str, Evaluation]]
) -> dict[str, Any]:
    def rows(found: Mapping[str, Hits]) -> dict[str, Any]:
        return {name: asdict(hits) for name, hits in found.items()}

    return {
        "models": {model: rows(found.pools) for model, found in plain.items()},
        "operators": {model: rows(found.operators) for model, found in plain.items()},
        "disturbed": {
            name: {model: rows(found.pools) for model, found in of_model.items()}
            for name, of_model in disturbed.items()
        },
    }


@command
def main(argv: list[str]) -> None:
    """Evaluate the models named by the bare arguments."""
    cfg = load_for_models(RetrievalConfig, argv)
    results = run(cfg)
    for sheet in retrieval_sheets(results):
        console.print(terminal(sheet))
    console.print(f"wrote {Path(cfg.out) / 'report.html'}", markup=False, soft_wrap=True)


if __name__ == "__main__":
    main()
