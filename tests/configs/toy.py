"""A tiny regression that trains in milliseconds, in one process or, run as a script, in several.

Its batches depend on the batch index and the rank alone, so a resumed run sees what an uninterrupted one
sees, and two ranks see halves of what one process sees.
"""

import sys

import lightning
import torch
from torch import nn
from torch.utils.data import DataLoader

from configs.trainer import (
    OptimConfig,
    TrainerConfig,
    build_optimizer,
    build_trainer,
    find_resume,
    seed_everything,
    shard,
)

BATCH = 8


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.blocks = nn.ModuleList(nn.Linear(4, 4) for _ in range(2))
        self.norm = nn.LayerNorm(4)
        self.logit_scale = nn.Parameter(torch.ones(1))

    def forward(self, x):
        for block in self.blocks:
            x = x + block(x).tanh()
        return self.norm(x).sum(-1) * self.logit_scale


class Toy(lightning.LightningModule):
    def __init__(self, fail_at=None, error=None, optim=None):
        super().__init__()
        self.net = Net()
        self.fail_at, self.error = fail_at, error or RuntimeError("stop")
        self.optim = optim or OptimConfig(lr=0.05, weight_decay=0.1)

    def configure_model(self):
        shard(self, self.net, self.net.blocks)

    def configure_optimizers(self):
        steps = int(self.trainer.estimated_stepping_batches)
        optimizer, schedule = build_optimizer(self.named_parameters(), self.optim, steps)
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}

    def training_step(self, batch, batch_idx):
        if self.fail_at == self.global_step:
            raise self.error
        x = torch.randn(BATCH, 4, generator=torch.Generator().manual_seed(batch_idx))
        x = x.chunk(self.trainer.world_size)[self.global_rank]
        loss = (self.net(x) - x[:, 0] * 2).square().mean()
        self.log("loss", loss)
        return loss

    def validation_step(self, batch, batch_idx):
        self.log("score", -float(self.global_step), sync_dist=True)  # worse at every validation

    def train_dataloader(self):
        return DataLoader(range(100))

    def val_dataloader(self):
        return DataLoader(range(1))


def config(run_dir, **options):
    defaults = {"accelerator": "cpu", "devices": 1, "log_every_steps": 1, "progress": False}
    return TrainerConfig(run_dir=str(run_dir), **(defaults | options))


def fit(cfg, monitor=None, **options):
    """Train a toy from a fixed start and return it with its trainer."""
    seed_everything(cfg)
    module, trainer = Toy(**options), build_trainer(cfg, monitor=monitor)
    trainer.fit(module, ckpt_path=find_resume(cfg), weights_only=True)
    return module, trainer


if __name__ == "__main__":
    run, strategy, steps = sys.argv[1], sys.argv[2], int(sys.argv[3])
    optim = OptimConfig(lr=0.05, weight_decay=0.1, schedule="constant", warmup_fraction=0)
    fit(config(run, devices=2, strategy=strategy, max_steps=steps, checkpoint_every_steps=3), optim=optim)
