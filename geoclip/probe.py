"""What a frozen tower shows to a linear probe: ``python -m geoclip.probe MODEL... data=SHARDS out=DIR``.

Logistic regression on the pooled picture and on the mean patch of the second-last layer (what an LMM reads),
for attributes of the scene: class of the main shape, number of circles, and for every kind of relation
whether it is stated. Beside each stand chance, the majority class, and a control: the same probe trained on
shuffled labels. Leaves ``results.json`` and ``report.html``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import torch
from rich.progress import track
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from configs.load import config_hash, load_for_models, to_plain
from configs.probe import ProbeConfig
from configs.runs import refuse_run_folder
from configs.runtime import atomic_write, command, console, environment, write_json
from configs.stats import bootstrap_interval, paired_bootstrap
from data.images import decode
from data.loader import IndexedDataset
from data.reporting.page import terminal
from data.reporting.probes import probe_page, probe_sheets
from data.sample import Sample
from data.statements import scene_of_sample
from geoclip.encoder import DualEncoder
from geoclip.towers import device_of, load_encoder
from geoclip.vision import tower_outputs

FEATURES = ("pooled", "patches")
NOT_RELATIONS = ("shape", "circle", "length", "angle", "coordinates", "graph")
"""Kinds of facts that name a thing or a number instead of relating things."""


def attributes(sample: Sample) -> dict[str, str]:
    """Return the attributes of a sample's scene by name; ValueError where it has none.

    Every stated kind of relation is an attribute ``relation KIND`` with the value ``yes``.
    """
    if not (isinstance(sample.meta.get("program"), Mapping) and sample.facts):
        raise ValueError(
            f"sample {sample.key!r} has no scene (meta.program and facts), so its attributes are not known; "
            "probes need a set of the scene engine (python -m data.build)"
        )
    shapes = [str(fact.get("value")) for fact in sample.facts if fact.get("kind") == "shape"]
    found = {"main shape": shapes[0]} if shapes else {}
    found["number of circles"] = str(len(scene_of_sample(sample).circles))
    kinds = {str(fact.get("kind")) for fact in sample.facts} - {*NOT_RELATIONS}
    return found | {f"relation {kind}": "yes" for kind in sorted(kinds)}


def label_table(rows: Sequence[Mapping[str, str]]) -> dict[str, np.ndarray]:
    """Return per attribute the labels of all samples, ``[n]`` strings; empty where a sample has none.

    A relation that is not stated is ``no``.
    """
    names = dict.fromkeys(name for row in rows for name in row)
    return {
        name: np.array([row.get(name, "no" if name.startswith("relation ") else "") for row in rows])
        for name in sorted(names)
    }


@torch.inference_mode()
def features(encoder: DualEncoder, samples: Sequence[bytes], cfg: ProbeConfig) -> dict[str, np.ndarray]:
    """Return per kind of :data:`FEATURES` the features ``[n, W]`` of pictures, float32."""
    device = device_of(cfg.accelerator)
    encoder = encoder.to(device).eval()
    found: dict[str, list[np.ndarray]] = {name: [] for name in FEATURES}
    starts = range(0, len(samples), cfg.batch_size)
    for start in track(starts, "features", console=console):
        part = samples[start : start + cfg.batch_size]
        images = torch.stack([decode(data, encoder.image_size) for data in part]).to(device)
        pooled, patches = tower_outputs(encoder, encoder.pixels(images))
        for name, values in zip(FEATURES, (pooled, patches.mean(1)), strict=True):
            found[name].append(values.float().cpu().numpy())
    made = {name: np.concatenate(parts) for name, parts in found.items()}
    if wrong := [name for name, values in made.items() if not np.isfinite(values).all()]:
        raise ValueError(f"the {wrong[0]} features hold NaN or infinity; the tower is damaged")
    return made


def split(n: int, cfg: ProbeConfig) -> tuple[np.ndarray, np.ndarray]:
    """Return the numbers of training and of test samples, drawn from the seed; ValueError for too few."""
    order = np.random.default_rng(cfg.seed).permutation(n)
    held_out = round(n * cfg.held_out)
    if not 0 < held_out < n:
        raise ValueError(f"{n} samples with held_out={cfg.held_out} leave none on one side; use more samples")
    return np.sort(order[held_out:]), np.sort(order[:held_out])


def probe(
    values: np.ndarray, labels: np.ndarray, train: np.ndarray, test: np.ndarray, cfg: ProbeConfig
) -> tuple[dict[str, Any], dict[int, float]] | None:
    """Train and test one probe; return its scores, and per test sample whether it was right.

    Classes with fewer than ``cfg.least`` training samples are left out on both sides; None where fewer than
    two are left, or none of them is tested.
    """
    counts = Counter(labels[train].tolist())
    classes = sorted(name for name, count in counts.items() if name and count >= cfg.least)
    train, test = (part[np.isin(labels[part], classes)] for part in (train, test))
    if len(classes) < 2 or not len(test):
        return None
    scaler = StandardScaler().fit(values[train])
    known, asked = scaler.transform(values[train]), scaler.transform(values[test])
    guesses = _regression(cfg).fit(known, labels[train]).predict(asked)
    shuffled = np.random.default_rng(cfg.seed).permutation(labels[train])
    control = _regression(cfg).fit(known, shuffled).predict(asked)
    right = (guesses == labels[test]).astype(float)
    majority = max(classes, key=lambda name: (counts[name], name))
    options = {"samples": cfg.resamples, "seed": cfg.seed}
    found = {
        "accuracy": float(right.mean()),
        "ci95": list(bootstrap_interval(right, **options)),
        "balanced_accuracy": _balanced(labels[test], guesses),
        "control": float((control == labels[test]).mean()),
        "control_balanced_accuracy": _balanced(labels[test], control),
        "majority": float((labels[test] == majority).mean()),
        "chance": 1 / len(classes),
        "over_majority": paired_bootstrap(right, (labels[test] == majority).astype(float), **options),
        "n_train": len(train),
        "n": len(test),
        "classes": {name: counts[name] for name in classes},
        "left_out": {name: n for name, n in sorted(counts.items()) if name and name not in classes},
    }
    return found, dict(zip(test.tolist(), right.tolist(), strict=True))


def _regression(cfg: ProbeConfig) -> LogisticRegression:
    return LogisticRegression(C=cfg.c, max_iter=2000)


def _balanced(truth: np.ndarray, guesses: np.ndarray) -> float:
    """Return the mean, over the classes that are tested, of how many of it are found."""
    return float(np.mean([(guesses[truth == name] == name).mean() for name in np.unique(truth)]))


def run(cfg: ProbeConfig) -> dict[str, Any]:
    """Probe every model, compare them in pairs, write both files, and return what results.json holds."""
    refuse_run_folder(cfg.out)
    device_of(cfg.accelerator)  # an impossible one shows before the work
    out = Path(cfg.out)
    out.mkdir(parents=True, exist_ok=True)
    samples = IndexedDataset([cfg.data], limit=cfg.limit)
    rows, pictures = [], []
    for i in range(len(samples)):
        sample = samples[i]
        rows.append(attributes(sample))
        pictures.append(sample.image)
    labels, (train, test) = label_table(rows), split(len(rows), cfg)
    models: dict[str, Any] = {}
    rights: dict[tuple[str, str, str], dict[int, float]] = {}
    for model in cfg.models:
        made = features(load_encoder(model), pictures, cfg)
        models[model] = {name: {} for name in FEATURES}
        jobs = [(name, attribute) for name in FEATURES for attribute in labels]
        for name, attribute in track(jobs, "probes", console=console):
            if found := probe(made[name], labels[attribute], train, test, cfg):
                models[model][name][attribute], rights[model, name, attribute] = found
    probed = next(iter(models.values()))["pooled"]
    results = {
        "models": models,
        "comparisons": _comparisons(cfg, rights),
        "not_probed": [name for name in labels if name not in probed],
        "samples": {"n": len(rows), "train": len(train), "test": len(test)},
        "config": to_plain(cfg),
        "config_hash": config_hash(cfg),
        "seed": cfg.seed,
        "environment": environment(),
    }
    if not probed:
        raise ValueError(
            f"no attribute of {cfg.data} has two classes with least={cfg.least} training samples; "
            "use more samples"
        )
    write_json(out / "results.json", results)
    with atomic_write(out / "report.html") as file:
        file.write(probe_page(results))
    return results


def _comparisons(
    cfg: ProbeConfig, rights: Mapping[tuple[str, str, str], Mapping[int, float]]
) -> list[dict[str, Any]]:
    """Return accuracy of a less that of b with paired intervals; all are tested on the same samples."""
    found = []
    for a, b in combinations(cfg.models, 2):
        for (model, name, attribute), first in rights.items():
            if model == a:
                pair = (np.array(list(part.values())) for part in (first, rights[b, name, attribute]))
                told = paired_bootstrap(*pair, samples=cfg.resamples, seed=cfg.seed)
                found.append({"a": a, "b": b, "features": name, "attribute": attribute, **told})
    return found


@command
def main(argv: list[str]) -> None:
    """Probe the models named by the bare arguments."""
    cfg = load_for_models(ProbeConfig, argv)
    for sheet in probe_sheets(run(cfg)):
        console.print(terminal(sheet))
    console.print(f"wrote {Path(cfg.out) / 'report.html'}", markup=False, soft_wrap=True)


if __name__ == "__main__":
    main()
