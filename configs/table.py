"""Gather what the steps of an ablation left into one table: scores over seeds, differences, costs, doubts."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from configs.ablations import AblationConfig
from configs.plan import Cell, Plan, uses
from configs.seeds import Hits, compare
from configs.steps import mark
from configs.summary import POOLS


def gather(cfg: AblationConfig, plan: Plan, failed: Mapping[str, str]) -> dict[str, Any]:
    """Return the content of results.json: rows with scores and costs, paired differences, notes.

    A row that failed for some seeds is scored over the others; its entry says which are missing.
    """
    good = {
        name: [cell for cell in cells if cell.evaluation.key not in failed]
        for name, cells in plan.cells.items()
    }
    hits = {
        name: {cell.seed: _hits(name, cell, cfg.rows[name].disturbed) for cell in cells}
        for name, cells in good.items()
    }
    return {
        "table": cfg.name,
        "scale": cfg.scale,
        "title": cfg.title,
        "finding": cfg.finding,
        "note": cfg.note,
        "seeds": list(range(cfg.seeds)),
        "baseline": cfg.baseline,
        "rows": {name: _row(cfg, name, good[name], hits[name], plan, failed) for name in cfg.rows},
        "differences": [
            found
            for name, row in cfg.rows.items()
            for found in _differences(plan, hits, name, row.against or cfg.baseline)
        ],
        "notes": _notes(plan, good),
    }


def _row(
    cfg: AblationConfig,
    name: str,
    cells: Sequence[Cell],
    hits: Mapping[int, Hits],
    plan: Plan,
    failed: Mapping[str, str],
) -> dict[str, Any]:
    lost = {c.seed: failed[c.evaluation.key] for c in plan.cells[name] if c.evaluation.key in failed}
    trained = [[_read(step.out / "results.json") for step in cell.trainings] for cell in cells]
    options = plan.cells[name][0].options
    scores = compare(list(hits.values()), pairs=())["systems"][name] if hits else {}
    pools = [_pools(cell, cfg.rows[name].disturbed) for cell in cells]
    for pool, score in scores.items():
        score["chance"] = pools[0][pool]["chance"]["hit@1"]
        score["tie_rate"] = _mean([found[pool]["tie_rate"] for found in pools])
    return {
        "paper": dict(cfg.rows[name].paper),
        "start": cfg.rows[name].start,
        "objective": options.objective.active() if options else {},
        "negatives": asked(plan.cells[name][0]),
        "seeds": list(hits) if options else [],
        "failed": {str(seed): reason for seed, reason in lost.items()},
        "hit@1": scores,
        "seconds": _mean([sum(run["seconds"] for run in runs) for runs in trained]),
        "samples_seen": _mean([sum(run["samples_seen"] for run in runs) for runs in trained]),
        "steps": _mean([sum(run["steps"] for run in runs) for runs in trained]),
        "folders": {str(c.seed): str((c.trainings[-1] if c.trainings else c.evaluation).out) for c in cells},
    }


def asked(cell: Cell) -> dict[str, int | None]:
    """Return how many negatives of each kind, its batch included, a positive has; None: all there are."""
    if cell.options is None:
        return {}
    batch = {}
    if "in_batch" in cell.options.objective.active():
        batch = {cell.options.train.batch_of: cell.options.train.batch_size - 1}
    return {**batch, **uses(cell.options)}


def _differences(plan: Plan, hits: Mapping[str, Mapping[int, Hits]], a: str, b: str) -> list[dict[str, Any]]:
    """Compare two rows over the seeds that both have; a row that is not trained is the same for all seeds."""
    fixed = {name for name in (a, b) if plan.cells[name][0].options is None}
    found = [hits[name] for name in (a, b) if name not in fixed] or [hits[a]]
    if a == b or not hits[a] or not hits[b]:
        return []
    seeds = sorted(set.intersection(*(set(one) for one in found)))
    runs = [hits[a][0 if a in fixed else seed] | hits[b][0 if b in fixed else seed] for seed in seeds]
    return compare(runs, [(a, b)])["differences"] if runs else []


def _notes(plan: Plan, good: Mapping[str, Sequence[Cell]]) -> list[str]:
    """Say what a reader must know of the runs themselves."""
    notes = []
    for name, cells in good.items():
        for kind, count in asked(cells[0]).items() if cells else ():
            held = _held(cells[0]).get(kind)
            if held is not None and count is not None and held < 0.98 * count:
                notes.append(
                    f"Row {name} asks for {count} {kind} negatives; its samples have {held:.1f} on average."
                )
        skipped = max((_evaluated(cell)["skipped"]["n"] for cell in cells), default=0)
        if skipped:
            notes.append(f"Row {name}: {skipped} test samples could not be used and were left out.")
    marks = [found for step in plan.steps if (found := mark(step))]
    revisions = sorted({str(found["git"]) for found in marks})
    if len(revisions) > 1:
        notes.append(f"The steps were run at different revisions of the code: {', '.join(revisions)}.")
    elif any(revision.endswith("-dirty") for revision in revisions):
        notes.append("The steps were run with changes that are not committed.")
    return notes


def _held(cell: Cell) -> dict[str, float]:
    """Return how many negatives of each kind a training sample has on average."""
    index = _read(cell.data.out / "train" / "index.json")
    return {kind: count / index["samples"] for kind, count in index["counts"]["kinds"].items()}


def _hits(name: str, cell: Cell, disturbed: str) -> Hits:
    stored = _read(cell.evaluation.out / "hits.json")
    if disturbed and disturbed not in stored.get("disturbed", {}):
        known = ", ".join(stored.get("disturbed", {})) or "none"
        raise ValueError(f"rows.{name}.disturbed={disturbed!r} was not measured; there is: {known}")
    (pools,) = (stored["disturbed"][disturbed] if disturbed else stored["models"]).values()
    return {
        (name, pool): {k: float(ahead == 0) for k, ahead in zip(rows["keys"], rows["ahead"], strict=True)}
        for pool, rows in pools.items()
        if pool in POOLS and rows["keys"]
    }


def _pools(cell: Cell, disturbed: str) -> dict[str, Any]:
    if not disturbed:
        return _evaluated(cell)["pools"]
    entries = _read(cell.evaluation.out / "results.json")["disturbances"]
    return next(entry["pools"] for entry in entries if entry["name"] == disturbed)


def _evaluated(cell: Cell) -> dict[str, Any]:
    (entry,) = _read(cell.evaluation.out / "results.json")["models"].values()
    return entry


def _mean(values: Sequence[float]) -> float | None:
    return sum(values) / len(values) if values else None


def _read(path: Path) -> dict[str, Any]:
    return json.loads(path.read_text(encoding="utf-8"))
