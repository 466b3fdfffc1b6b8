"""Train the LMM in one stage and export it as a folder that plain ``transformers`` opens.

python -m mmgeolm.train configs/mmgeolm/mini_align.yaml tower=runs/NAME/export lm.tokenizer=DIR
python -m mmgeolm.train configs/mmgeolm/mini_sft.yaml start=runs/ALIGN/export
"""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

from transformers import LlavaProcessor

from configs.load import config_hash, load_config
from configs.mmgeolm import MmgeolmConfig
from configs.runs import read_metrics, start_run
from configs.runtime import command, console, environment, is_rank_zero, write_json
from configs.trainer import build_trainer, find_resume, seed_everything
from data.module import ShardDataModule
from mmgeolm.assemble import assemble
from mmgeolm.collate import ChatCollate, ChatTransform
from mmgeolm.folder import load_lmm, save_lmm
from mmgeolm.module import MmgeolmModule


def train(cfg: MmgeolmConfig) -> Path:
    """Run the stage, or what is left of it, and return ``run_dir/export``.

    Also leaves checkpoints, logs, the resolved config and ``results.json`` in ``run_dir``.
    """
    if cfg.trainer.strategy == "fsdp":
        raise ValueError("trainer.strategy=fsdp is not available for the LMM yet; use auto or ddp")
    seed_everything(cfg.trainer)
    model, processor = start_model(cfg)
    context = model.config.text_config.max_position_embeddings
    if cfg.window > context:
        raise ValueError(f"window={cfg.window} exceeds the LM's context of {context} tokens")
    module = MmgeolmModule(model, cfg.stage, cfg.optim, cfg.freeze_tower)
    data = ShardDataModule(
        cfg.train,
        cfg.val,
        ChatTransform(processor, cfg.stage, cfg.window),
        ChatCollate(processor.tokenizer.pad_token_id),
    )
    if is_rank_zero():
        data.prepare_data()
    # After all that can refuse the config, so that a corrected command finds no run with other options.
    run = start_run(cfg, cfg.trainer.run_dir, cfg.trainer.resume)
    trainer = build_trainer(cfg.trainer)
    for message in (r".*module\(s\) in eval mode", r".*have no `val_dataloader`"):  # both are meant
        warnings.filterwarnings("ignore", message)
    trainer.fit(module, datamodule=data, ckpt_path=find_resume(cfg.trainer), weights_only=True)
    if trainer.is_global_zero:
        save_lmm(model, processor, run / "export")
        found = results(cfg, module, trainer.global_step) | {"drawn": data.drawn()}
        write_json(run / "results.json", found)
        console.print(f"exported to {run / 'export'}", markup=False, soft_wrap=True)
    return run / "export"


def start_model(cfg: MmgeolmConfig) -> tuple[Any, LlavaProcessor]:
    """Return the model and processor that the stage starts from: an export, or tower and LM joined."""
    if cfg.start:
        return load_lmm(cfg.start)
    assert cfg.tower is not None  # the schema requires one of the two
    return assemble(cfg.tower, cfg.lm, cfg.vision_feature_layer)


def results(cfg: MmgeolmConfig, module: MmgeolmModule, steps: int) -> dict[str, Any]:
    """Return what the run cost and reached; losses are in nats per assistant token."""
    rows = read_metrics(cfg.trainer.run_dir)
    losses = [row["train/loss"] for row in rows if "train/loss" in row]
    validation = [row["val/loss"] for row in rows if "val/loss" in row]
    recent = losses[-10:]
    return {
        "stage": cfg.stage,
        "steps": steps,
        "train_seconds": round(module.spent["seconds"], 2),
        "samples_seen": module.spent["samples"],
        "tokens_seen": module.spent["tokens"],
        "loss": {
            "first": losses[0] if losses else None,
            "last": sum(recent) / len(recent) if recent else None,
            "validation": validation[-1] if validation else None,
        },
        "parameters": {
            "all": sum(p.numel() for p in module.parameters()),
            "trained": sum(p.numel() for p in module.parameters() if p.requires_grad),
        },
        "seed": cfg.trainer.seed,
        "config_hash": config_hash(cfg),
        "environment": environment(),
    }


@command
def main(argv: list[str]) -> None:
    """Train one stage from YAML files and ``key=value`` overrides."""
    train(load_config(MmgeolmConfig, argv))


if __name__ == "__main__":
    main(None)
