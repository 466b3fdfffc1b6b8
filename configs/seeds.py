"""The demo over several seeds: ``python -m configs.seeds configs/demo/demo.yaml out=runs/seeds``.

Runs the demo once per seed on the same shards, then compares its arms over all seeds: per test sample the
hits of the seeds are averaged, and the samples are resampled as pairs. Leaves ``OUT/seeds.json`` and a report
in Markdown.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from configs.demo import DemoConfig
from configs.load import check_seed, config_hash, load_config, to_plain
from configs.runtime import atomic_write, call, command, console, environment, write_json
from configs.stats import bootstrap_interval, paired_bootstrap
from configs.summary import POOLS, encoder_folders

PAIRS = (("B", "A"), ("B", "C"), ("B", "start"), ("A", "start"), ("A", "untrained"), ("B", "untrained"))
Hits = dict[tuple[str, str], dict[str, float]]
"""Per system and pool: the hit (0 or 1) of every test sample."""


@dataclass
class SeedsConfig(DemoConfig):
    """The demo's options, and the seeds; ``seed`` is not used."""

    seeds: list[int] = field(default_factory=lambda: [0, 1, 2])
    """Seeds of data order, initialisation and intervals."""

    def __post_init__(self) -> None:
        super().__post_init__()
        for seed in self.seeds:
            check_seed(seed)
        if not self.seeds or len(set(self.seeds)) < len(self.seeds):
            raise ValueError(f"seeds={self.seeds}; expected one or more different seeds")


def read_hits(run: Path) -> Hits:
    """Return what the encoders and the LMMs of one demo run hit."""
    results = json.loads((run / "results.json").read_text())
    made = results["settings"]["config"]  # a run may have been moved since
    names = encoder_folders(Path(made["out"]), made["warmstart"])
    found: Hits = {}
    for folder, pools in json.loads((run / "retrieval" / "hits.json").read_text())["models"].items():
        for pool, rows in pools.items():
            hits = zip(rows["keys"], rows["ahead"], strict=True)
            found[names[folder], pool] = {key: float(ahead == 0) for key, ahead in hits}
    labels = json.loads((run / "answers" / "results.json").read_text())["models"]
    for label, name in zip(labels, results["lmms"], strict=True):
        lines = (run / "answers" / label / "graded.jsonl").read_text().splitlines()
        graded = [json.loads(line) for line in lines]
        found[name, "answers"] = {line["id"]: float(line["official"]["correct"]) for line in graded}
    return found


def average(runs: list[Hits]) -> dict[tuple[str, str], Mapping[str, float]]:
    """Return per system and pool the mean hit of every sample over the runs."""
    return {
        what: {key: float(np.mean([run[what][key] for run in runs])) for key in runs[0][what]}
        for what in runs[0]
    }


def compare(runs: list[Hits], pairs: Iterable[tuple[str, str]] = PAIRS) -> dict[str, Any]:
    """Return every system's score and the paired differences, over all runs and in each.

    A difference is taken over the test samples that both systems were scored on.
    """
    means = average(runs)
    systems: dict[str, Any] = {}
    for (name, pool), hits in means.items():
        values = np.array(list(hits.values()))
        each = [float(np.mean(list(run[name, pool].values()))) for run in runs]
        entry = {"mean": float(values.mean()), "ci95": list(bootstrap_interval(values)), "seeds": each}
        systems.setdefault(name, {})[pool] = {**entry, "n": len(values)}
    differences = []
    for a, b in pairs:
        for pool in (*POOLS, "answers"):
            first, second = means.get((a, pool), {}), means.get((b, pool), {})
            if not (keys := [key for key in first if key in second]):
                continue
            pair = [np.array([scores[key] for key in keys]) for scores in (first, second)]
            each = [float(np.mean([run[a, pool][k] - run[b, pool][k] for k in keys])) for run in runs]
            found = {**paired_bootstrap(*pair), "seeds": each, "n": len(keys)}
            differences.append({"a": a, "b": b, "pool": pool, **found})
    return {"systems": systems, "differences": differences}


def report(found: dict[str, Any], seeds: list[int], where: dict[str, Any]) -> str:
    """Return the comparison as a Markdown page; numbers are percent and points."""
    pools = (*POOLS, "answers")
    lines = [
        f"# The demo over seeds {', '.join(map(str, seeds))}",
        "",
        f"Commit {where['git']}, {where['cores']} cores of {where['cpu']}. Hits in percent, in brackets "
        "every seed. An interval is the 95 % bootstrap over test samples, the seeds averaged per sample.",
        "",
        "| | " + " | ".join(pools) + " |",
        "|---" * (1 + len(pools)) + "|",
    ]
    for name, scores in found["systems"].items():
        cells = [_score(scores[pool]) if pool in scores else "" for pool in pools]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    lines += ["", "| difference | of | points | 95 % interval | each seed |", "|---|---|---|---|---|"]
    for d in found["differences"]:
        each = ", ".join(f"{100 * value:+.1f}" for value in d["seeds"])
        interval = f"{100 * d['low']:+.1f} to {100 * d['high']:+.1f}"
        cells = [f"{d['a']} − {d['b']}", d["pool"], f"{100 * d['difference']:+.1f}", interval, each]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def _score(entry: dict[str, Any]) -> str:
    each = ", ".join(f"{100 * value:.1f}" for value in entry["seeds"])
    return f"{100 * entry['mean']:.1f} ({each})"


@command
def main(argv: list[str]) -> None:
    """Run the demo for every seed and compare."""
    cfg = load_config(SeedsConfig, argv)
    plain, out = to_plain(cfg), Path(cfg.out)
    shards = cfg.shards or str(out / f"seed-{cfg.seeds[0]}" / "data")
    for seed in cfg.seeds:
        run = out / f"seed-{seed}"
        first = seed == cfg.seeds[0]
        own = {"out": str(run), "seed": seed, "shards": cfg.shards if first else shards}
        options = {key: value for key, value in plain.items() if key != "seeds"} | own
        words = [f"{key}={json.dumps(value)}" for key, value in options.items()]
        console.print(f"seed {seed}: {run}", markup=False, soft_wrap=True)
        if code := call([sys.executable, "-m", "configs.demo", *words]):
            raise ValueError(f"the demo of seed {seed} failed with exit code {code}; see above")
    found = compare([read_hits(out / f"seed-{seed}") for seed in cfg.seeds])
    where = environment()
    about = {"seeds": cfg.seeds, "config": plain, "config_hash": config_hash(cfg), "environment": where}
    write_json(out / "seeds.json", {**found, **about})
    page = report(found, cfg.seeds, where)
    with atomic_write(out / "seeds.md") as file:
        file.write(page)
    print(page)
    console.print(f"wrote {out / 'seeds.json'} and {out / 'seeds.md'}", markup=False, soft_wrap=True)


if __name__ == "__main__":
    main()
