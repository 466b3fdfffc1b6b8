"""One of two gloo processes: python two_ranks.py RANK FOLDER. Started by test_ranks.py, which compares."""

import copy
import pickle
import sys
from pathlib import Path

import torch
import torch.distributed as dist
from torch.nn.parallel import DistributedDataParallel

from configs.objective import ObjectiveConfig, Part
from configs.trainer import OptimConfig
from geoclip.collate import join
from geoclip.depth import lock
from geoclip.module import GeoclipModule
from geoclip.ranks import Meter, gather_rows, rank_sizes


class Step(torch.nn.Module):
    """The training step as a forward, so that DDP sees it."""

    def __init__(self, module):
        super().__init__()
        self.module = module

    def forward(self, batch):
        return self.module.compute(batch, Meter())[0]


def step(encoder, weights, items, negatives=None, wrap=lambda module: module):
    """Loss and gradients of one step on ``items``."""
    objective = ObjectiveConfig(**weights)
    parts = [Part(objective, negatives)] if negatives else []
    module = GeoclipModule(encoder, objective, OptimConfig(lr=1.0), parts)
    encoder.zero_grad()
    wrapped = wrap(Step(module))  # DDP averages gradients only as long as it lives
    loss = wrapped(join(items, encoder.pad_id, None))
    loss.backward()
    grads = {name: p.grad.clone() for name, p in encoder.named_parameters() if p.grad is not None}
    return loss.detach(), grads


def locked_step(encoder, weights, halves, rank):
    """A step with frozen layers, under DDP without a search for unused parameters; None: the only process."""
    frozen = copy.deepcopy(encoder)
    lock(frozen, {"vision": 1, "text": "all"})
    if rank is None:
        return step(frozen, weights, halves[0] + halves[1])
    return step(frozen, weights, halves[rank], DistributedDataParallel)


def ragged_gather(rank):
    """Rows of both ranks, one of them with none, and the gradient of a loss that differs per rank."""
    rows = torch.arange(6.0).view(3, 2)[: 3 * rank].requires_grad_()
    (sizes,) = rank_sizes([len(rows)], "cpu")
    gathered = gather_rows(rows, sizes)
    (gathered.sum() * (rank + 1)).backward()
    return gathered.detach(), sizes, rows.grad


def not_a_number(encoder, items):
    """The message with which a rank stops when the loss of some rank is not a number."""
    module = GeoclipModule(encoder, ObjectiveConfig(text=1.0), OptimConfig(lr=1.0))
    batch = join(items, encoder.pad_id, None)
    loss, features = module.compute(batch, Meter())
    if dist.get_rank() == 1:
        loss = loss * float("nan")
    module._trainer = type("Trainer", (), {"global_step": 7})()
    try:
        module._stop_unless_finite(loss, batch, features)
    except ValueError as error:
        return str(error)


def main(rank, folder):
    job = pickle.loads((folder / "job.pkl").read_bytes())
    dist.init_process_group("gloo", init_method=f"file://{folder}/store", rank=rank, world_size=2)
    encoder, found = job["encoder"], {}
    for name, (weights, halves, negatives) in job["cases"].items():
        found[name] = step(encoder, weights, halves[rank], negatives, DistributedDataParallel)
    found["gather"] = ragged_gather(rank)
    found["locked"] = locked_step(encoder, *job["cases"]["sum"], rank)
    found["nan"] = not_a_number(encoder, job["cases"]["text"][1][rank])
    torch.save(found, folder / f"found-{rank}.pt")
    dist.destroy_process_group()


if __name__ == "__main__":
    torch.set_num_threads(1)
    main(int(sys.argv[1]), Path(sys.argv[2]))
