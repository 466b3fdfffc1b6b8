"""The training step beside its peers: ``python tests/benchmarks/step.py [key=value]``, some minutes.

One thread, random weights, random captions, all in one run; sides take turns, and the median of the rounds'
ratios of process time counts. A step is loss, backward and AdamW, without Lightning around it.

1. Against the reference's step as released: every caption padded to the longest of the batch, no length
   grouping, no mask, all captions in one call, a Python loop over samples for their similarities; same
   AltCLIP, same batch, attention as ``transformers`` sets it. The losses are compared with a mask, where
   both are defined. A second line gives the reference a call per sample, which is faster on a CPU, as its
   tensors are smaller; it has no goal. The column "padding" is the number of padded tokens over that of real
   ones: what leaving the padding out gains if every token costs the same. Beyond it there are only
   attention, which grows with the square of the length, and the size of tensors.
2. Peak memory of both, each in a process of its own: what two steps add to what the process held before.
   Chunked (``encoder.recompute_rows``): 10 negatives against 50.
3. In-batch against open_clip's model and ``ClipLoss`` with the same weights and batch; ours is twice theirs.
4. Step time over real tokens, 0 to 50 negatives, beside a straight line.
5. One process against two on the same global batch (DDP, gloo), wall time.
"""

from __future__ import annotations

import os
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch
import torch.distributed as dist
from step_parts import draw_lengths, make_altclip, make_batch, memory, our_loss, stepper, tokens
from step_peers import open_clip_step, reference_loss
from torch.nn.parallel import DistributedDataParallel

from configs.geoclip import ClipShape
from configs.load import at_least, load_config
from configs.runtime import PROJECT, command, console, environment, runs_root, write_json
from data.parallel import ordered, processes
from data.reporting.page import Sheet, terminal
from geoclip.collate import Batch
from geoclip.encoder import DualEncoder
from geoclip.towers import make_clip

TEXT = {"text": 1.0}
BOTH = {"in_batch": 1.0, "text": 1.0}
SPREADS = ("falling", "uniform")
SPEED = {10: 2.2, 30: 2.5}
WINDOW = 77


@dataclass(kw_only=True)
class StepBench:
    """What is measured."""

    samples: int = 8
    """Samples of a batch; four times as many pairs against open_clip."""
    width: int = 192
    """Width of both towers; heads are 64 wide."""
    layers: int = 3
    """Blocks of both towers."""
    shortest: int = 20
    """Tokens of the shortest caption."""
    longest: int = 200
    """Tokens of the longest caption."""
    rounds: int = 3
    """Rounds of which the median counts, after one to warm up."""
    parts: list[str] | None = None
    """Some of reference, memory, open_clip, linear, processes; null: all."""

    def __post_init__(self) -> None:
        at_least(self, 1, "width", "layers", "rounds")
        at_least(self, 2, "samples", "shortest", "longest")


Row = dict[str, Any]


def encoder_of(cfg: StepBench, *, eager: bool) -> DualEncoder:
    """Return the AltCLIP of the benchmark; ours attends as ``geoclip.train`` does on a CPU."""
    shared = {"hidden_size": cfg.width, "intermediate_size": 4 * cfg.width, "num_hidden_layers": cfg.layers}
    shared["num_attention_heads"] = max(1, cfg.width // 64)
    text = {
        **shared,
        "max_position_embeddings": cfg.longest + 8,
        "vocab_size": 1000,
        "project_dim": cfg.width,
    }
    encoder = make_altclip(text, {**shared, "image_size": 96, "patch_size": 12}, 128)
    if eager:
        encoder.attend_eagerly()
    return encoder


def batch_of(cfg: StepBench, negatives: int, spread: str = "falling") -> Batch:
    """Return the batch that both sides get."""
    return make_batch(cfg.samples, negatives, draw_lengths(cfg.samples, cfg.shortest, cfg.longest, spread))


def in_turns(ways: dict[str, Callable[[], Any]], rounds: int) -> dict[str, list[float]]:
    """Return the process seconds of every round, the sides in turn."""
    spent: dict[str, list[float]] = {name: [] for name in ways}
    for lap in range(rounds + 1):
        for name, work in ways.items():
            begun = time.process_time()
            work()
            if lap:
                spent[name].append(time.process_time() - begun)
    return spent


def row(what: str, spent: dict[str, list[float]], peer: str, goal: float | None, **more: Any) -> Row:
    """Return the row of one comparison; the ratio is how many times as long the peer takes. None: no goal."""
    ratio = statistics.median(a / b for a, b in zip(spent[peer], spent["ours"], strict=True))
    ours, theirs = (statistics.median(spent[name]) for name in ("ours", peer))
    return {"what": what, "ours": ours, "peer": theirs, "ratio": ratio, "goal": goal, "unit": "s", **more}


def against_reference(cfg: StepBench) -> list[Row]:
    """Time both on the same batches, and compare the losses before any step."""
    rows = []
    for negatives, goal in SPEED.items():
        for spread in SPREADS:
            batch = batch_of(cfg, negatives, spread)
            ours, theirs = encoder_of(cfg, eager=True), encoder_of(cfg, eager=False)
            loss = our_loss(ours, TEXT)
            with torch.no_grad():
                mine = float(loss(batch))
                masked, released = (float(reference_loss(theirs, batch, mask=m)()) for m in (True, False))
            ways = {"ours": stepper(lambda: loss(batch), ours.parameters())}  # noqa: B023 (run at once)
            for name, by_sample in (("reference", False), ("a call per sample", True)):
                peer = reference_loss(theirs, batch, mask=False, by_sample=by_sample)
                ways[name] = stepper(peer, theirs.parameters())
            spent = in_turns(ways, cfg.rounds)
            told = {"tokens": tokens(batch), "padded": batch.attention_mask.numel(), "loss": mine}
            told |= {"difference": abs(mine - masked), "difference_as_released": abs(mine - released)}
            told |= {"padding": told["padded"] / told["tokens"]}
            what = f"N = {negatives}, {spread} lengths"
            rows.append(row(f"reference, {what}", spent, "reference", goal, **told))
            rows.append(row(f"a call per sample, {what}", spent, "a call per sample", None, **told))
    return rows


def peak(job: tuple[StepBench, str, int, str, int]) -> tuple[float, float]:
    """Return MB that two steps of one side add, and all that the process ever held."""
    cfg, side, negatives, spread, recompute = job
    torch.set_num_threads(1)
    batch = batch_of(cfg, negatives, spread)
    encoder = encoder_of(cfg, eager=side == "ours")
    encoder.recompute_rows = recompute
    loss = our_loss(encoder, TEXT)
    theirs = reference_loss(encoder, batch, mask=False)
    step = stepper((lambda: loss(batch)) if side == "ours" else theirs, encoder.parameters())
    before = memory("VmRSS")
    step(), step()
    return memory("VmHWM") - before, memory("VmHWM")


def memories(cfg: StepBench) -> list[Row]:
    """Peak memory, every figure from a fresh process that gives freed tensors back at once.

    Left to itself glibc raises its thresholds and keeps them: 256 MB against 444 for 10 and 50 chunked
    negatives, where the tensors take 142 and 151.
    """
    os.environ |= {"MALLOC_MMAP_THRESHOLD_": "65536", "MALLOC_TRIM_THRESHOLD_": "65536"}
    pairs: list[tuple[str, float, tuple[Any, ...], tuple[Any, ...]]] = [
        (f"memory, N = {n}, {spread} lengths", 0.6, ("ours", n, spread, 0), ("reference", n, spread, 0))
        for n in SPEED
        for spread in SPREADS
    ]
    # Chunks of 8: with 10 negatives of one length each, larger ones would not be full there.
    chunked = [("ours", n, "uniform", 8) for n in (50, 10)]
    pairs.append(("memory in chunks of 8, N = 50 against 10", 1.15, chunked[0], chunked[1]))
    rows = []
    for what, goal, ours, peer in pairs:
        found = []
        for side in (ours, peer):
            with processes(1) as pool:
                found += ordered(pool, peak, [(cfg, *side)])
        (mine, mine_all), (theirs, theirs_all) = found
        rows.append(
            {"what": what, "ours": mine, "peer": theirs, "ratio": mine / theirs, "goal": goal, "unit": "MB"}
            | {"most": True, "process": [mine_all, theirs_all]}
        )
    return rows


def against_open_clip(cfg: StepBench) -> list[Row]:
    """Time in-batch steps of equal towers, captions full and of mixed length."""
    size = 4 * cfg.samples
    width = {"width": cfg.width, "text_width": cfg.width, "layers": cfg.layers, "text_layers": cfg.layers}
    heads = {"heads": max(1, cfg.width // 64), "text_heads": max(1, cfg.width // 64)}
    shape = ClipShape(tokenizer=str(PROJECT / "geoclip" / "mini"), text_window=WINDOW, **width, **heads)
    rows = []
    for what, lengths in (
        ("captions of 77 tokens", [WINDOW] * size),
        ("captions of 20 to 77", draw_lengths(size, 20, WINDOW, "uniform")),
    ):
        batch = make_batch(size, 0, lengths)
        torch.manual_seed(0)
        encoder = make_clip(shape).train()
        encoder.attend_eagerly()
        loss = our_loss(encoder, {"in_batch": 1.0})
        model, theirs = open_clip_step(encoder, batch, WINDOW)
        with torch.no_grad():
            off = abs(float(loss(batch)) / 2 - float(theirs()))
        ways = {
            "ours": stepper(lambda: loss(batch), encoder.parameters()),  # noqa: B023 (run at once)
            "open_clip": stepper(theirs, model.parameters()),
        }
        spent = in_turns(ways, 3 * cfg.rounds)
        rows.append(row(f"open_clip, {what}", spent, "open_clip", 1.0, difference=off, tokens=tokens(batch)))
    return rows


def linear(cfg: StepBench) -> list[Row]:
    """Time steps of 0 to 50 negatives; how far they are from a straight line over real tokens."""
    encoder = encoder_of(cfg, eager=True)
    loss = our_loss(encoder, BOTH)
    batches = {str(n): batch_of(cfg, n) for n in (0, 10, 20, 30, 40, 50)}
    ways = {n: stepper(lambda b=batch: loss(b), encoder.parameters()) for n, batch in batches.items()}
    spent = {n: statistics.median(times) for n, times in in_turns(ways, cfg.rounds).items()}
    counts, times = np.array([tokens(b) for b in batches.values()]), np.array([*spent.values()])
    slope, start = np.polyfit(counts, times, 1)
    fitted = start + slope * counts
    r2 = 1 - ((times - fitted) ** 2).sum() / ((times - times.mean()) ** 2).sum()
    points = [
        {"negatives": int(n), "tokens": int(c), "s": t} for n, c, t in zip(spent, counts, times, strict=True)
    ]
    worst = float(np.abs(times / fitted - 1).max())
    return [
        {"what": "R² of time over tokens, N = 0 to 50", "ratio": float(r2), "goal": 0.99, "unit": "s"}
        | {"ours": times[-1], "peer": fitted[-1], "points": points, "largest_deviation": worst}
    ]


class _Step(torch.nn.Module):
    """The loss as a forward, so that DDP sees it."""

    def __init__(self, encoder: DualEncoder) -> None:
        super().__init__()
        self.encoder, self.loss = encoder, our_loss(encoder, BOTH)

    def forward(self, batch: Batch) -> torch.Tensor:
        """Return the loss."""
        return self.loss(batch)


def rank(job: tuple[StepBench, int, int, str]) -> list[float]:
    """Wall seconds of the steps of one of ``world`` processes; each has its part of the same samples."""
    cfg, number, world, store = job
    torch.set_num_threads(1)
    lengths = draw_lengths(cfg.samples, cfg.shortest, cfg.longest, "falling")
    mine = sorted(lengths)[number::world]
    batch = make_batch(len(mine), 10, mine, seed=number)
    step: torch.nn.Module = _Step(encoder_of(cfg, eager=True))
    if world > 1:
        dist.init_process_group("gloo", init_method=f"file://{store}", rank=number, world_size=world)
        step = DistributedDataParallel(step)
    run = stepper(lambda: step(batch), step.parameters())
    times = []
    for _ in range(cfg.rounds + 1):
        begun = time.perf_counter()
        run()
        times.append(time.perf_counter() - begun)
    if world > 1:
        dist.destroy_process_group()
    return times[1:]


def two_processes(cfg: StepBench) -> list[Row]:
    """Time one process and two; where there is one core, two cannot be faster."""
    spent = {}
    for name, world in (("peer", 1), ("ours", 2)):
        with tempfile.TemporaryDirectory() as folder, processes(world) as pool:
            jobs = [(cfg, number, world, f"{folder}/store") for number in range(world)]
            spent[name] = [max(times) for times in zip(*ordered(pool, rank, jobs), strict=True)]
    return [row("two processes against one, wall", spent, "peer", 1.6)]


PARTS = {
    "reference": against_reference,
    "open_clip": against_open_clip,
    "linear": linear,
    "processes": two_processes,
    "memory": memories,  # last: it sets how later processes allocate
}


def met(found: Row) -> bool | None:
    """True where a row reaches its goal; a memory ratio is at most that. None where there is no goal."""
    if found["goal"] is None:
        return None
    return found["ratio"] <= found["goal"] if found.get("most") else found["ratio"] >= found["goal"]


def sheet(cfg: StepBench, rows: list[Row]) -> Sheet:
    """Return the table."""
    head = ("", "ours", "peer", "ratio", "padding", "goal", "met", "loss off by")
    lines = [
        (
            one["what"],
            *(f"{one[side]:.3g} {one['unit']}" for side in ("ours", "peer")),
            f"{one['ratio']:.3f}",
            f"{one['padding']:.3f}" if "padding" in one else "",
            f"{'at most' if one.get('most') else 'at least'} {one['goal']}" if one["goal"] else "",
            {True: "yes", False: "NO", None: ""}[met(one)],
            f"{one['difference']:.1e}" if "difference" in one else "",
        )
        for one in rows
    ]
    lengths = f"captions of {cfg.shortest} to {cfg.longest} tokens"
    title = f"{cfg.samples} samples, towers {cfg.layers} × {cfg.width}, {lengths}"
    return Sheet(title, head, "lrrrrrlr", tuple(lines))


@command
def main(argv: list[str]) -> None:
    """Measure, print, write."""
    cfg = load_config(StepBench, argv)
    torch.set_num_threads(1)
    rows = []
    for part in cfg.parts or PARTS:
        console.print(f"{part} …")
        found = PARTS[part](cfg)
        console.print(terminal(sheet(cfg, found)))
        rows += found
    write_json(
        out := runs_root() / "bench" / "step.json",
        {**asdict(cfg), "rows": [one | {"met": met(one)} for one in rows], "environment": environment()},
    )
    console.print(f"wrote {out}", markup=False, soft_wrap=True)


if __name__ == "__main__":
    main()
