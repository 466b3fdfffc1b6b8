"""One of two gloo processes: two_ranks.py RANK FOLDER STRATEGY. Started by test_ranks.py, which compares."""

import os
import pickle
import sys
from pathlib import Path

import lightning
import torch
import torch.distributed as dist
from torch.nn.parallel import DistributedDataParallel

from configs.geoclip import NegativesConfig
from configs.objective import ObjectiveConfig, Part
from configs.trainer import build_trainer
from configs.training import TowerOptimConfig, TrainerConfig
from geoclip.collate import join
from geoclip.module import GeoclipModule
from geoclip.ranks import Meter, gather_rows, rank_sizes


class Step(torch.nn.Module):
    """The training step as a forward, so that DDP sees it."""

    def __init__(self, module):
        super().__init__()
        self.module = module

    def forward(self, batch):
        return self.module.compute(batch, Meter())[0]


def batch_of(encoder, items):
    return join(items, encoder.pad_id, encoder.text_window if encoder.pads_text else None)


def module_of(encoder, part, **optim):
    return GeoclipModule(encoder, part.objective, TowerOptimConfig(**optim), [part])


def step(encoder, part, items, wrap=lambda module: module, recompute_rows=0):
    """Loss and gradients of one step on ``items``."""
    module = module_of(encoder, part, lr=1.0)
    encoder.recompute_rows = recompute_rows
    encoder.zero_grad()
    wrapped = wrap(Step(module))  # DDP averages gradients only as long as it lives
    loss = wrapped(batch_of(encoder, items))
    loss.backward()
    grads = {name: p.grad.clone() for name, p in encoder.named_parameters() if p.grad is not None}
    return loss.detach(), grads


class Recorder(lightning.Callback):
    """Gives every step the objective of its case and keeps loss and whole gradients."""

    def __init__(self, cases):
        self.cases, self.found = cases, []

    def on_train_batch_start(self, trainer, module, batch, batch_idx):
        part, _, module.encoder.recompute_rows = self.cases[batch_idx]
        module.objective, module.parts = part.objective, [part]

    def on_before_optimizer_step(self, trainer, module, optimizer):
        self.grads = {
            name: p.grad.full_tensor() for name, p in module.encoder.named_parameters() if p.grad is not None
        }

    def on_train_batch_end(self, trainer, module, outputs, batch, batch_idx):
        self.found.append((outputs["loss"].detach(), self.grads))


def sharded_steps(encoder, cases):
    """Loss and gradients of one step per case, by Lightning under FSDP2; the weights stay as they are."""
    cfg = TrainerConfig(run_dir="none", accelerator="cpu", devices=2, strategy="fsdp", gradient_clip_val=0.0)
    trainer, recorder = build_trainer(cfg), Recorder(cases)
    trainer.callbacks, trainer.loggers = [recorder], []  # nothing is written
    module = module_of(encoder, cases[0][0], lr=1e-30, eps=1.0)
    batches = [{"pairs": batch_of(encoder, halves[dist.get_rank()])} for _, halves, _ in cases]
    trainer.fit(module, torch.utils.data.DataLoader(batches, batch_size=None))
    return recorder.found


def ragged_gather(rank):
    """Rows of both ranks, one of them with none, and the gradient of a loss that differs per rank."""
    rows = torch.arange(6.0).view(3, 2)[: 3 * rank].requires_grad_()
    (sizes,) = rank_sizes([len(rows)], "cpu")
    gathered = gather_rows(rows, sizes)
    (gathered.sum() * (rank + 1)).backward()
    return gathered.detach(), sizes, rows.grad


def not_a_number(encoder, items):
    """The message with which a rank stops when the loss of some rank is not a number."""
    module = module_of(encoder, Part(ObjectiveConfig(text=1.0), NegativesConfig()), lr=1.0)
    batch = batch_of(encoder, items)
    loss, features = module.compute(batch, Meter())
    if dist.get_rank() == 1:
        loss = loss * float("nan")
    module._trainer = type("Trainer", (), {"global_step": 7})()
    try:
        module._stop_unless_finite(loss, batch, features)
    except ValueError as error:
        return str(error)


def averaged_steps(encoder, cases):
    """Loss and gradients of one step per case, by DDP."""
    rank = dist.get_rank()
    return [step(encoder, part, halves[rank], DistributedDataParallel, rows) for part, halves, rows in cases]


def main(rank, folder, strategy):
    job = pickle.loads((folder / "job.pkl").read_bytes())
    dist.init_process_group("gloo", init_method=f"file://{folder}/store", rank=rank, world_size=2)
    os.environ |= {"LOCAL_RANK": str(rank), "NODE_RANK": "0"}  # or Lightning would start a process itself
    steps = {"ddp": averaged_steps, "fsdp": sharded_steps}[strategy]
    found = {}
    for family, encoder in job["encoders"].items():
        cases = {name: case[1:] for name, case in job["cases"].items() if case[0] == family}
        found |= zip(cases, steps(encoder, [*cases.values()]), strict=True)
    if strategy == "ddp":
        found["gather"] = ragged_gather(rank)
        found["nan"] = not_a_number(job["encoders"]["clip"], job["cases"]["text"][2][rank])
    torch.save(found, folder / f"found-{rank}.pt")
    dist.destroy_process_group()


if __name__ == "__main__":
    torch.set_num_threads(1)
    main(int(sys.argv[1]), Path(sys.argv[2]), sys.argv[3])
