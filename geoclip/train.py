"""Train the encoder: ``python -m geoclip.train CONFIG... key=value``.

Leaves in ``trainer.run_dir``: config.yaml, checkpoints/, logs/, tensorboard/, ``export/vision`` (the stock
vision tower that the LMM stages start from), ``export/clip`` (the whole dual encoder),
``export/README.md`` (its card), results.json and report.html. The same command goes on where it stopped.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import lightning
from torch.distributed.checkpoint.state_dict import StateDictOptions, get_model_state_dict

from configs.geoclip import GeoclipConfig
from configs.load import config_hash, load_config, to_plain
from configs.objective import Part, needed_kinds
from configs.runs import start_run
from configs.runtime import atomic_write, command, console, environment, write_json
from configs.trainer import build_trainer, find_resume, seed_everything
from data.index import read_index
from data.reporting.training import training_page
from data.sample import NEGATIVE_KINDS
from geoclip.card import write_card
from geoclip.depth import lock
from geoclip.encoder import DualEncoder
from geoclip.export import export_clip, export_vision, has_stock_vision
from geoclip.held_out import GeoclipData
from geoclip.module import GeoclipModule
from geoclip.towers import build_encoder


def train(cfg: GeoclipConfig) -> dict[str, Any] | None:
    """Train, or go on training, export, and return what results.json holds (None on ranks but the first)."""
    check_negatives(cfg)
    run = start_run(cfg, cfg.trainer.run_dir, cfg.trainer.resume)
    seed_everything(cfg.trainer)
    encoder = build_encoder(cfg.encoder)
    lock(encoder, cfg.optim.lock)
    module = GeoclipModule(encoder, cfg.objective, cfg.optim, cfg.parts())
    module.save_hyperparameters(to_plain(cfg), logger=False)
    data = GeoclipData(cfg, encoder)
    trainer = build_trainer(cfg.trainer)
    if trainer.strategy.root_device.type == "cpu":
        encoder.attend_eagerly()
    trainer.fit(module, datamodule=data, ckpt_path=find_resume(cfg.trainer), weights_only=True)
    trained = _whole(cfg, module)
    if not trainer.is_global_zero:
        return None
    results = {
        "objective": cfg.objective.active(),
        "stages": [_stage(part) for part in cfg.parts()[:-1]],
        "seconds": module.seconds,
        "samples_seen": module.samples_seen,
        "steps": trainer.global_step,
        "last": module.last,
        "drawn": data.drawn(),
        "validation": _validation(trainer),
        "export": export(trained, run / "export"),
        "seed": cfg.trainer.seed,
        "config_hash": config_hash(cfg),
        "environment": environment(),
    }
    write_json(run / "results.json", results)
    with atomic_write(run / "report.html") as file:
        file.write(training_page(run, results, to_plain(cfg)))
    write_card(run)
    console.print(f"trained {trainer.global_step} steps, {module.seconds:.0f} s: {run / 'results.json'}")
    return results


def check_negatives(cfg: GeoclipConfig) -> None:
    """Raise ValueError for a loss term whose kinds of negatives the training set has none of."""
    if cfg.train.mode == "stream":
        return  # of a stream nothing is known beforehand
    held: set[str] = set()
    if cfg.train.mode == "scenes":
        asked = cfg.train.recipe["negatives"]
        held = {kind for kind in NEGATIVE_KINDS if asked.get(kind)}
    for folder in cfg.train.shards:
        held |= read_index(folder)["counts"]["kinds"].keys()
    source = "train.recipe asks for" if cfg.train.mode == "scenes" else "train.shards hold"
    for part, term in cfg.terms():
        kinds = needed_kinds(term, part.negatives)
        if kinds and not held & kinds:
            raise ValueError(
                f"objective.{term} needs {' or '.join(sorted(kinds))} negatives, but {source} "
                f"{', '.join(sorted(held)) or 'none'}; set its weight to 0 or use other data"
            )


def export(encoder: DualEncoder, folder: Path) -> dict[str, Any]:
    """Write ``folder/clip`` and, where the tower has an exact stock form, ``folder/vision``; report both."""
    encoder = encoder.float().cpu()
    done: dict[str, Any] = {"clip": {"largest_difference": export_clip(encoder, folder / "clip")}}
    if reason := has_stock_vision(encoder):
        console.print(f"no export/vision: {reason}", style="yellow", markup=False, soft_wrap=True)
        return done | {"vision": {"refused": reason}}
    return done | {"vision": {"largest_difference": export_vision(encoder, folder / "vision")}}


def _whole(cfg: GeoclipConfig, module: GeoclipModule) -> DualEncoder:
    """Return the trained encoder with unsharded parameters; collective under FSDP."""
    if cfg.trainer.strategy != "fsdp":
        return module.encoder
    whole = StateDictOptions(full_state_dict=True, cpu_offload=True)
    state = get_model_state_dict(module.encoder, options=whole)
    if not module.trainer.is_global_zero:
        return module.encoder
    encoder = build_encoder(cfg.encoder)
    encoder.train_bias(cfg.objective.sigmoid)
    encoder.load_state_dict(state)
    return encoder


def _stage(part: Part) -> dict[str, Any]:
    ends = {"until_step": part.until_step, "until_epoch": part.until_epoch}
    return {"objective": part.objective.active()} | {unit: at for unit, at in ends.items() if at is not None}


def _validation(trainer: lightning.Trainer) -> dict[str, float]:
    metrics = trainer.callback_metrics.items()
    return {name[4:]: float(value) for name, value in metrics if name.startswith("val/")}


@command
def main(argv: list[str]) -> None:
    """Train with the options of ``argv``."""
    train(load_config(GeoclipConfig, argv))


if __name__ == "__main__":
    main()
