"""The LMM as a LightningModule: what learns in which stage, and a loss per token of the whole step."""

from __future__ import annotations

import time
from typing import Any

import torch
from lightning import LightningModule
from transformers import LlavaForConditionalGeneration

from configs.trainer import build_optimizer
from configs.training import OptimConfig
from mmgeolm.loss import chunked_cross_entropy, next_token_targets


def choose_trainable(model: Any, stage: str, freeze_tower: bool) -> list[torch.nn.Module]:
    """Set ``requires_grad`` for a stage and return the frozen parts, which stay in eval mode.

    align: the adapter alone learns; sft: adapter and LM, and without ``freeze_tower`` the part of the tower
    that the adapter reads. What lies behind the selected layer gets no gradient and would stall distributed
    training.
    """
    parts = model.model
    model.requires_grad_(stage == "sft")
    parts.multi_modal_projector.requires_grad_(True)
    tower = parts.vision_tower
    if stage == "align" or freeze_tower:
        tower.requires_grad_(False)
        return [tower] if stage == "sft" else [tower, parts.language_model]
    layers = tower.encoder.layers
    selected = model.config.vision_feature_layer % (len(layers) + 1)  # hidden state 0 is the embedding
    for name, child in tower.named_children():
        child.requires_grad_(name in ("embeddings", "pre_layrnorm", "encoder"))
    for layer in layers[selected:]:
        layer.requires_grad_(False)
    return []


class MmgeolmModule(LightningModule):
    """Train an assembled LMM in one stage.

    The gradient of a step is that of the summed loss of all ranks and accumulated batches, divided by the
    number of their target tokens, so that it depends neither on how samples are split nor on how long they
    are. ``spent`` counts seconds (without validation), samples and target tokens of all optimiser steps and
    survives a resume.
    """

    def __init__(
        self, model: LlavaForConditionalGeneration, stage: str, optim: OptimConfig, freeze_tower: bool = True
    ):
        super().__init__()
        self.frozen = tuple(choose_trainable(model, stage, freeze_tower))  # a list would register them twice
        self.model: Any = model
        self.optim = optim
        self.spent: dict[str, float] = {"seconds": 0.0, "samples": 0, "tokens": 0}
        self._clock = 0.0
        self._reset_step()
        self._validation: list[torch.Tensor] = []
        self.train()  # Lightning starts from the modes it finds, and a loaded model is in eval mode

    def train(self, mode: bool = True) -> MmgeolmModule:
        super().train(mode)
        for part in self.frozen:
            part.eval()
        return self

    def loss(self, batch: dict[str, Any]) -> tuple[torch.Tensor, int]:
        """Return the summed cross-entropy over the assistants' tokens of a batch, and their number."""
        output = self.model.model(
            input_ids=batch["input_ids"],
            attention_mask=batch["attention_mask"],
            pixel_values=batch["pixel_values"].to(self.model.dtype),
            use_cache=False,
        )
        hidden, targets = next_token_targets(output.last_hidden_state, batch["labels"])
        return chunked_cross_entropy(hidden, self.model.lm_head.weight, targets), len(targets)

    def on_train_start(self) -> None:
        self._clock = time.monotonic()

    def training_step(self, batch: dict[str, Any], index: int) -> torch.Tensor:
        loss, tokens = self.loss(batch)
        self._keys += batch["keys"]
        if not torch.isfinite(loss):
            raise self._not_finite("loss", loss)
        self._step += torch.stack([loss.detach().double().cpu(), *_counts(tokens, len(batch["keys"]))])
        return loss

    def on_before_optimizer_step(self, optimizer: torch.optim.Optimizer) -> None:
        loss, tokens, samples = self._over_ranks(self._step)
        gradients = [p.grad for p in self.parameters() if p.grad is not None]
        # Lightning divided each batch's loss by the accumulation, and DDP the gradient by the ranks.
        parts = self.trainer.accumulate_grad_batches * self.trainer.world_size
        torch._foreach_mul_(gradients, parts / tokens)
        norm = torch.nn.utils.get_total_norm(gradients)
        if not torch.isfinite(norm) and self.trainer.precision != "16-mixed":  # whose scaler skips such steps
            raise self._not_finite("gradient norm", norm)
        self.log_dict({"train/loss": loss / tokens, "train/grad_norm": norm, "train/tokens": tokens})
        self._count_time()
        self.spent["samples"] += int(samples)
        self.spent["tokens"] += int(tokens)
        self._reset_step()

    def on_validation_epoch_start(self) -> None:
        self._count_time()

    def validation_step(self, batch: dict[str, Any], index: int) -> None:
        loss, tokens = self.loss(batch)
        self._validation.append(torch.stack([loss.double().cpu(), *_counts(tokens)]))

    def on_validation_epoch_end(self) -> None:
        loss, tokens = self._over_ranks(torch.stack(self._validation).sum(0))
        self._validation.clear()
        self._clock = time.monotonic()
        self.log("val/loss", loss / tokens)

    def configure_optimizers(self) -> Any:
        steps = self.trainer.estimated_stepping_batches
        optimizer, scheduler = build_optimizer(self.named_parameters(), self.optim, int(steps))
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": scheduler, "interval": "step"}}

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        checkpoint["spent"] = dict(self.spent)

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        if "spent" not in checkpoint:
            raise ValueError("the checkpoint to go on from is not one of mmgeolm.train")
        self.spent = dict(checkpoint["spent"])

    def _count_time(self) -> None:
        now = time.monotonic()
        self.spent["seconds"] += now - self._clock
        self._clock = now

    def _over_ranks(self, totals: torch.Tensor) -> list[float]:
        if self.trainer.world_size > 1:
            totals = self.trainer.strategy.reduce(totals.to(self.device), reduce_op="sum")
        return totals.tolist()

    def _reset_step(self) -> None:
        self._step = torch.zeros(3, dtype=torch.float64)
        self._keys: list[str] = []

    def _not_finite(self, what: str, value: torch.Tensor) -> ValueError:
        shown = ", ".join(self._keys[:16]) + (", ..." if len(self._keys) > 16 else "")
        return ValueError(
            f"step {self.global_step}: {what} is {value.item()} with the samples {shown}; lower optim.lr, "
            "raise optim.warmup_fraction, or look at these samples"
        )


def _counts(*values: int) -> tuple[torch.Tensor, ...]:
    return tuple(torch.tensor(float(value), dtype=torch.float64) for value in values)
