"""The model card of a run's export: ``python -m geoclip.card RUN retrieval=DIR``.

Training writes ``RUN/export/README.md`` with data, settings and how to load the folders. This command adds
the scores of an evaluation: DIR is the ``out`` of ``geoclip.retrieval``, which has scored ``RUN/export``.
They are kept in ``export/retrieval.json``, so that a card that is written again still has them.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from configs.load import flatten, load_config, split_words
from configs.runtime import atomic_write, command, console, write_json
from data.index import read_index
from data.reporting.claims import percent
from data.reporting.page import Sheet, markdown
from data.reporting.retrieval import in_words
from geoclip.towers import OWN_CONFIG

SETTINGS = ("objective", "negatives", "optim", "encoder", "text_overflow")
TRAINER = ("precision", "max_steps", "max_epochs", "strategy", "seed")
NOTE = (
    "Pictures are grey diagrams on white. Pad them with white to a square before the image processor scales "
    "them, and repeat the grey channel three times; it does the rest."
)


@dataclass(kw_only=True)
class CardConfig:
    """What the card says besides what the run left."""

    retrieval: str
    """Folder with the results.json of an evaluation of RUN/export."""


def write_card(run: str | Path) -> Path:
    """Write ``RUN/export/README.md`` from what lies in the folder of a finished run, and return its path.

    Raises ValueError for a folder without config.yaml, results.json and export/clip.
    """
    run = Path(run)
    export = run / "export"
    for name in ("config.yaml", "results.json", "export/clip"):
        if not (run / name).exists():
            raise ValueError(f"{run} has no {name}; give the folder of a finished run of geoclip.train")
    config = yaml.safe_load((run / "config.yaml").read_text())
    results = json.loads((run / "results.json").read_text())
    scores = export / "retrieval.json"
    parts = [
        _front(config),
        f"# {run.resolve().name}\n",
        "A dual encoder of diagrams and captions, trained with hard negatives (arXiv 2505.20152).\n",
        _section("Load", _load(export)),
        _section("Data", _data(config)),
        _section("Training", _training(config, results)),
        _section("Results", _results(results, json.loads(scores.read_text()) if scores.is_file() else None)),
    ]
    with atomic_write(export / "README.md") as file:
        file.write("\n".join(parts))
    return export / "README.md"


def add_retrieval(run: str | Path, folder: str | Path) -> None:
    """Keep the scores of ``run``'s export out of an evaluation's results.json; ValueError if it has none."""
    export = (Path(run) / "export").resolve()
    file = Path(folder) / "results.json"
    if not file.is_file():
        raise ValueError(f"{file} does not exist; give the out folder of geoclip.retrieval")
    found = json.loads(file.read_text())
    models = found.get("models") or {}
    name = next((m for m in models if Path(m).resolve() in (export, export / "clip")), None)
    if name is None:
        raise ValueError(f"{file} has no scores of {run}/export; it holds {', '.join(models) or 'no model'}")
    kept = {part: models[name][part] for part in ("n", "pools")}
    data = _index_facts(found["config"]["data"])
    write_json(export / "retrieval.json", {**kept, "data": data, "config_hash": found["config_hash"]})


def _front(config: Mapping[str, Any]) -> str:
    facts: dict[str, Any] = {"library_name": "transformers", "pipeline_tag": "zero-shot-image-classification"}
    facts["tags"] = ["clip", "geometry", "hard-negatives", "image-text-retrieval"]
    start = config["encoder"].get("pretrained")
    if start and not Path(start).exists():  # a hub id; a folder's name says nothing elsewhere
        facts["base_model"] = start
    return f"---\n{yaml.safe_dump(facts, sort_keys=False)}---\n"


def _load(export: Path) -> str:
    if (export / "clip" / OWN_CONFIG).is_file():
        lines = ["from geoclip.towers import load_encoder  # a timm tower has no stock class", ""]
        lines += ['encoder = load_encoder("clip")']
    else:
        lines = ["from transformers import AutoImageProcessor, AutoModel, AutoTokenizer", ""]
        lines += ['model = AutoModel.from_pretrained("clip").eval()']
        lines += ['tokenizer = AutoTokenizer.from_pretrained("clip")']
        lines += ['processor = AutoImageProcessor.from_pretrained("clip")']
    if (config := export / "vision" / "config.json").is_file():
        cls = json.loads(config.read_text())["architectures"][0]
        lines += ["", f"from transformers import {cls}  # the vision tower alone, as an LMM takes it", ""]
        lines += [f'tower = {cls}.from_pretrained("vision").eval()']
    return "```python\n" + "\n".join(lines) + f"\n```\n\n{NOTE}\n"


def _data(config: Mapping[str, Any]) -> str:
    rows: list[tuple[str, ...]] = []
    for part in ("train", "val"):
        loader = config.get(part)
        if loader and loader["mode"] == "scenes":
            rows.append(
                (
                    part,
                    "fresh scenes",
                    str(loader["seed"]),
                    "no end",
                    "recipe in config.yaml",
                    "Apache-2.0",
                    "",
                )
            )
        for folder in (loader or {}).get("shards") or []:
            facts = _index_facts(folder)
            rows.append(
                (
                    part,
                    *(str(facts[k]) for k in ("name", "seed", "samples", "recipe_hash", "licences", "kinds")),
                )
            )
    return _table(("part", "name", "seed", "samples", "recipe", "licences", "negatives"), rows)


def _index_facts(folder: str) -> dict[str, Any]:
    """Return what the index of a shard folder tells, dashes where it is not at hand (a stream, or moved)."""
    unknown = "not at hand"
    try:
        index = read_index(folder)
    except ValueError:
        name = Path(folder).name.split("?")[0]
        return {
            "name": name,
            **dict.fromkeys(("seed", "samples", "recipe_hash", "licences", "kinds"), unknown),
        }
    counts = index.get("counts") or {}
    kinds = ", ".join(f"{count} {kind}" for kind, count in (counts.get("kinds") or {}).items())
    licences = ", ".join(name or "not stated" for name in counts.get("licences") or {}) or "not stated"
    facts = {"name": index.get("name"), "seed": index.get("seed"), "samples": index["samples"]}
    return facts | {"recipe_hash": index.get("recipe_hash"), "licences": licences, "kinds": kinds or "none"}


def _training(config: Mapping[str, Any], results: Mapping[str, Any]) -> str:
    told = (
        f"{results['steps']:,} optimiser steps, {results['samples_seen']:,} samples, "
        f"{results['seconds']:,.0f} s; "
        f"config {results['config_hash']}, commit {results['environment'].get('git') or 'unknown'}.\n\n"
    )
    chosen = {part: config.get(part) for part in SETTINGS}
    chosen["trainer"] = {name: config["trainer"].get(name) for name in TRAINER}
    rows = [
        (f"`{key}`", Path(value).name if str(value).startswith("/") else str(value))  # no path of a machine
        for key, value in flatten(chosen).items()
        if value is not None and not (key.startswith("objective.") and value == 0)
    ]
    return told + _table(("option", "value"), rows)


def _results(results: Mapping[str, Any], scores: Mapping[str, Any] | None) -> str:
    parts = []
    if found := results.get("validation"):
        rows = [(name, f"{value:.4f}") for name, value in found.items()]
        parts.append("Held-out samples at the last validation:\n\n" + _table(("value", ""), rows))
    if scores is None:
        told = (
            "Not evaluated: `python -m geoclip.retrieval`, then `python -m geoclip.card` adds the scores.\n"
        )
        return "\n".join([*parts, told])
    scored: list[tuple[str, ...]] = []
    for name, pool in scores["pools"].items():
        if pool["n"]:
            low, high = (percent(end) for end in pool["ci95"]["hit@1"])
            chance, ties = percent(pool["chance"]["hit@1"]), percent(pool["tie_rate"])
            first = f"{percent(pool['hit@1'])} ({low} to {high})"
            scored.append((in_words(name), first, percent(pool["hit@5"]), chance, ties, str(pool["n"])))
    head = ("pool", "Hit@1 (95 % interval)", "Hit@5", "chance", "ties", "n")
    data = scores["data"]
    told = (
        f"In percent, a tie is a miss; {scores['n']} samples of {data['name']} (seed {data['seed']}, recipe "
        f"{data['recipe_hash']}):\n\n"
    )
    return "\n".join([*parts, told + _table(head, scored)])


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    return markdown(Sheet("", head, "l" * len(head), tuple(rows))) + "\n"


def _section(name: str, body: str) -> str:
    return f"## {name}\n\n{body}"


@command
def main(argv: list[str]) -> None:
    """Add an evaluation to the card of a run."""
    bare, options = split_words(argv)
    if len(bare) != 1:
        raise ValueError("name one run; use python -m geoclip.card RUN retrieval=DIR")
    cfg = load_config(CardConfig, options)
    add_retrieval(bare[0], cfg.retrieval)
    console.print(f"wrote {write_card(bare[0])}", markup=False, soft_wrap=True)


if __name__ == "__main__":
    main()
