"""The training step: both towers once, the loss terms, their global mean, and what is logged."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import lightning
import torch
import torch.distributed as dist
from torch import Tensor
from torch.nn.utils import get_total_norm

from configs.objective import NegativesConfig, ObjectiveConfig, Part
from configs.runtime import console
from configs.trainer import build_optimizer, shard
from configs.training import TowerOptimConfig
from geoclip.collate import Batch
from geoclip.depth import rate_factors
from geoclip.encoder import DualEncoder
from geoclip.hardest import keep_hardest
from geoclip.held_out import own_hits
from geoclip.objectives import GLOBAL, TERMS, Features, accuracies, gather_features
from geoclip.ranks import Meter, global_means, world_size

PATIENCE = 10
"""Steps after which a loss term that has met no negatives is told of."""


class GeoclipModule(lightning.LightningModule):
    """Wires encoder, objective and optimiser; batches are those of :class:`geoclip.collate.Collate`.

    ``parts`` are those of the run, the last with ``objective``; each batch says for which part it was made,
    so that data and loss change together, on all ranks. ``samples_seen`` (all ranks) and ``seconds`` (without
    validation) go on counting after a restart.
    """

    def __init__(
        self,
        encoder: DualEncoder,
        objective: ObjectiveConfig,
        optim: TowerOptimConfig,
        parts: Sequence[Part] = (),
    ) -> None:
        super().__init__()
        self.encoder, self.objective, self.optim = encoder, objective, optim
        self.parts = list(parts) or [Part(objective, NegativesConfig())]
        self._part: int | None = None
        self._began = 0  # step at which this process entered the part
        self._met: set[str] = set()  # what was measured since, and whether a negative was left out
        self._dropped = False
        encoder.train_bias(objective.sigmoid)
        self.samples_seen = 0
        self.last: dict[str, float] = {}
        self._seconds = 0.0
        self._started: float | None = None
        self._meter = Meter()
        self._logged = (0, 0.0)  # samples and seconds at the last log

    @property
    def seconds(self) -> float:
        """Seconds spent in training."""
        return self._seconds + (time.perf_counter() - self._started if self._started is not None else 0.0)

    def configure_model(self) -> None:
        """Shard the towers block by block under FSDP."""
        shard(self, self.encoder, self.encoder.blocks())

    def configure_optimizers(self) -> Any:
        """AdamW with its schedule over the whole run, with lower rates further down if so configured."""
        steps, factors = int(self.trainer.estimated_stepping_batches), None
        if self.optim.layer_decay < 1:
            rates = rate_factors(self.encoder, self.optim.layer_decay)
            factors = {f"encoder.{name}": factor for name, factor in rates.items()}
        optimizer, schedule = build_optimizer(self.named_parameters(), self.optim, steps, factors)
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}

    def compute(self, batch: Batch, meter: Meter) -> tuple[Tensor, Features]:
        """Return the loss, whose mean over ranks is the global one, and the features; feeds ``meter``."""
        part = self.parts[batch.part]
        weights = part.objective.active()
        if part.negatives.choose == "hardest":
            batch = keep_hardest(self.encoder, batch, part.negatives)
        outputs = self.encoder(batch.images, batch.input_ids, batch.attention_mask)
        features = gather_features(batch, *outputs, everyone=any(name in GLOBAL for name in weights))
        parts = {name: TERMS[name](features) for name in weights}
        means = global_means(parts)
        loss = torch.stack([weights[name] * means[name] for name in weights]).sum()
        meter.add("loss", loss, torch.ones_like(loss))
        for name, (values, counted) in {**parts, **accuracies(features)}.items():
            meter.add(name, values, counted)
        return loss, features

    def training_step(self, batch: dict[str, Any], batch_idx: int) -> Tensor:
        """Return the loss; ValueError with the keys of the batch when it is not a number."""
        pairs: Batch = batch["pairs"]
        self._enter(pairs.part)
        loss, features = self.compute(pairs, self._meter)
        self._stop_unless_finite(loss, pairs, features)
        dropped = torch.tensor(float(pairs.dropped), device=loss.device)
        self._meter.add("negatives_dropped", dropped, torch.ones_like(dropped))
        self.samples_seen += len(pairs) * world_size()
        if self._logs_now():
            self._log_training()
        return loss

    def on_before_optimizer_step(self, optimizer: Any) -> None:
        """Log the gradient norm before clipping."""
        if self._logs_now():
            norm = get_total_norm([p.grad for p in self.parameters() if p.grad is not None])
            self.log("train/grad_norm", norm.full_tensor() if hasattr(norm, "full_tensor") else norm)

    def optimizer_step(self, *args: Any, **kwargs: Any) -> None:
        """Step, then keep the multiplier of a softmax objective within [1, 100]."""
        super().optimizer_step(*args, **kwargs)
        if not self.objective.sigmoid:
            self.encoder.clamp_scale()

    def on_validation_epoch_start(self) -> None:
        """Stop the clock."""
        self._seconds, self._started = self.seconds, None
        self._val_meter = Meter()

    def validation_step(self, batch: dict[str, Any], batch_idx: int, dataloader_idx: int = 0) -> None:
        """Measure loss and accuracies on held-out samples; of the second loader Hit@1 on their pools."""
        pairs: Batch = batch["pairs"]
        if dataloader_idx == 0:
            self.compute(pairs, self._val_meter)
            return
        images, texts, *_ = self.encoder(pairs.images, pairs.input_ids, pairs.attention_mask)
        for kind, (hit, counted) in own_hits(pairs, images, texts).items():
            self._val_meter.add(f"hit@1/{kind}", hit, counted)

    def on_validation_epoch_end(self) -> None:
        """Log and show the means over all ranks, and go on with the clock."""
        found = self._val_meter.read()
        for name, value in found.items():
            self.log(f"val/{name}", value, prog_bar=name.startswith(("loss", "hit@1")))
        if self.trainer.is_global_zero and self.trainer.progress_bar_callback is None:
            shown = ", ".join(f"{k} {v:.4g}" for k, v in found.items() if k.startswith(("loss", "hit@1")))
            console.print(f"step {self.trainer.global_step}, held out: {shown}", markup=False)
        self._started = time.perf_counter()

    def on_train_start(self) -> None:
        """Start the clock."""
        self._started = time.perf_counter()
        self._logged = (self.samples_seen, self.seconds)

    def on_train_end(self) -> None:
        """Stop the clock; a run shorter than one log interval still has its means."""
        self._seconds, self._started = self.seconds, None
        self.last = self.last or self._meter.read()

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Keep the counters."""
        checkpoint["geoclip"] = {
            "seconds": self.seconds,
            "samples_seen": self.samples_seen,
            "last": self.last,
        }

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Go on from the counters."""
        if "geoclip" not in checkpoint:
            raise ValueError("the checkpoint to go on from is not one of geoclip.train")
        self._refuse_another_encoder(checkpoint.get("state_dict", {}))
        kept = checkpoint["geoclip"]
        self._seconds, self.samples_seen, self.last = kept["seconds"], kept["samples_seen"], kept["last"]

    def _refuse_another_encoder(self, saved: dict[str, Tensor]) -> None:
        own = {name: tuple(tensor.shape) for name, tensor in self.state_dict().items()}
        found = {name: tuple(tensor.shape) for name, tensor in saved.items()}
        if differ := sorted(name for name in own.keys() | found.keys() if own.get(name) != found.get(name)):
            name = differ[0]
            raise ValueError(
                f"the checkpoint to go on from holds another encoder: {len(differ)} tensors differ, the "
                f"first is {name}, {found.get(name, 'missing')} there and {own.get(name, 'missing')} here. "
                "Set encoder and objective to what it was trained with, or start a new run with "
                "encoder.pretrained"
            )

    def _enter(self, part: int) -> None:
        """Tell which part of the run begins; means over steps of two parts would mean nothing."""
        if part == self._part:
            return
        if self._part is not None:
            self._meter = Meter()
        self._part, self._began, self._met, self._dropped = part, self.trainer.global_step, set(), False
        if self.trainer.is_global_zero and len(self.parts) > 1:
            terms = " + ".join(
                f"{weight:g} {name}" for name, weight in self.parts[part].objective.active().items()
            )
            at = f"step {self.trainer.global_step}"
            console.print(
                f"{at}: part {part + 1} of {len(self.parts)}, {terms}", markup=False, soft_wrap=True
            )

    def _logs_now(self) -> bool:
        return (self.trainer.global_step + 1) % self.trainer.log_every_n_steps == 0  # type: ignore[attr-defined]

    def _log_training(self) -> None:
        samples, seconds = self._logged
        self._logged = (self.samples_seen, self.seconds)
        self.last = self._meter.read()
        self._miss_negatives()
        speed = (self.samples_seen - samples) / max(self.seconds - seconds, 1e-9)
        extra = {"samples_per_second": speed, "logit_scale": self._scale()}
        values = {f"train/{name}": value for name, value in {**self.last, **extra}.items()}
        for logger in self.loggers:  # not log_dict, which repeats what an earlier step had and this one lacks
            logger.log_metrics(values, step=self.trainer.global_step)
            logger.save()

    def _miss_negatives(self) -> None:
        """Raise ValueError where the text window hid every edit that a term needs; warn of other reasons."""
        self._met |= self.last.keys()
        self._dropped |= self.last.get("negatives_dropped", 0.0) > 0
        steps = self.trainer.global_step + 1 - self._began
        part = self.parts[-1 if self._part is None else self._part]
        for term in part.objective.active():
            needed = f"accuracy/{'image' if term.endswith('image') else 'text'}"
            if term.endswith("in_batch") or needed in self._met or steps < PATIENCE:
                continue
            told = f"no sample of {steps} steps had a negative that objective.{term} could use"
            if self._dropped:
                raise ValueError(
                    f"{told}: their edits lie beyond the {self.encoder.text_window} tokens that the text "
                    "tower reads; use a tower with a longer window, or set the weight of this term to 0"
                )
            self._met.add(needed)  # say it once
            if self.trainer.is_global_zero:
                console.print(told, style="yellow", markup=False, soft_wrap=True)

    def _scale(self) -> float:
        scale = self.encoder.logit_scale.detach().exp()
        return float(scale.full_tensor() if hasattr(scale, "full_tensor") else scale)

    def _stop_unless_finite(self, loss: Tensor, batch: Batch, features: Features) -> None:
        bad = (~loss.detach().isfinite()).long()
        if world_size() > 1:
            dist.all_reduce(bad)  # all ranks stop, or the others would wait for this one
        if not bad:
            return
        rows = ~(features.image.isfinite().all(1) & features.text.isfinite().all(1))
        worst = [key for key, row in zip(batch.keys, rows.tolist(), strict=True) if row]
        raise ValueError(
            f"the loss is {float(loss.detach())} at step {self.trainer.global_step}; samples of this batch: "
            f"{', '.join(batch.keys)}; with features that are not numbers: {', '.join(worst) or 'none'}. "
            "Look at these samples, lower optim.lr, or set trainer.gradient_clip_val"
        )
