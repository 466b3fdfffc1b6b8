"""The folder of one run: started with its config, continued only with the same, read back for reports."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import yaml

from configs.load import config_hash, flatten, save_config, to_plain
from configs.runtime import console, is_rank_zero

CONFIG = "config.yaml"
OWN = (CONFIG, "checkpoints", "logs", "tensorboard", "export", "results.json", "report.html")
# Where and how visibly a run executes, by last part of the key; everything else decides what it computes.
FREE = {"run_dir", "resume", "accelerator", "devices", "num_nodes", "num_workers", "progress"}
FREE |= {"log_every_steps", "checkpoint_every_steps", "keep_checkpoints", "val_pools"}


def start_run(config: Any, run_dir: str | Path, resume: str = "auto") -> Path:
    """Save ``config`` as ``run_dir/config.yaml`` and return the folder; training commands call this first.

    A folder with checkpoints is continued only if its config differs in nothing but fields of :data:`FREE`;
    otherwise ValueError names the keys. With ``resume="never"``, and where nothing was trained yet, the old
    files move to ``run_dir/previous-N``; whatever else lies in the folder stays where it is.
    """
    run = Path(run_dir)
    if not is_rank_zero():
        return run
    changed = _changed(run / CONFIG, to_plain(config))
    if resume == "never" or (changed and not list((run / "checkpoints").glob("*.ckpt"))):
        _set_aside(run)
    elif changed:
        raise ValueError(
            f"{run / CONFIG} belongs to a run with other options ({'; '.join(changed)}); "
            "set another run_dir, or resume=never to set that run aside and start over"
        )
    for leftover in (run / "checkpoints").glob(".*.tmp"):
        leftover.unlink(missing_ok=True)  # of a run that was killed while it wrote
    save_config(config, run / CONFIG)
    console.print(f"run {run} (config {config_hash(config)})", markup=False, soft_wrap=True)
    return run


def _changed(path: Path, new: dict[str, Any]) -> list[str]:
    if not path.is_file():
        return []
    try:
        old = yaml.safe_load(path.read_text()) or {}
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ValueError(f"{path} is not valid YAML ({error}); set another run_dir") from error
    if not isinstance(old, dict):
        raise ValueError(f"{path} is not the config of a run; set another run_dir")
    before, after = flatten(old), flatten(new)
    return [
        f"{key}: {before.get(key, 'absent')!r} -> {after.get(key, 'absent')!r}"
        for key in sorted(before.keys() | after.keys())
        if before.get(key, "absent") != after.get(key, "absent") and key.rsplit(".", 1)[-1] not in FREE
    ]


def _set_aside(run: Path) -> None:
    old = [run / name for name in OWN if (run / name).exists()]
    if old and (run / CONFIG).is_file():
        target = run / f"previous-{1 + len(list(run.glob('previous-*')))}"
        target.mkdir()
        for path in old:
            path.rename(target / path.name)
        console.print(f"the old run is in {target}", markup=False, soft_wrap=True)


def refuse_run_folder(out: str | Path) -> None:
    """Raise ValueError if ``out`` holds a training run, whose results something else would overwrite."""
    if (Path(out) / "checkpoints").is_dir():
        raise ValueError(f"out={out} is the folder of a training run; choose another one")


def read_metrics(run_dir: str | Path) -> list[dict[str, float]]:
    """Return what a run logged, one row per optimiser step in order, joined over all its restarts.

    A row holds only the values logged at its step. Where a restart repeats steps, the later values count.
    """
    rows: dict[int, dict[str, float]] = {}
    files = (Path(run_dir) / "logs").glob("version_*/metrics.csv")
    for path in sorted(files, key=lambda path: int(path.parent.name.removeprefix("version_"))):
        with open(path, newline="") as file:
            for row in csv.DictReader(file):
                values = {key: float(value) for key, value in row.items() if value}
                rows.setdefault(int(values["step"]), {}).update(values)
    return [rows[step] for step in sorted(rows)]
