"""One training step at AltCLIP size on a CUDA GPU: ``python tests/benchmarks/gpu_step.py [key=value]``.

ViT-L/14 and XLM-R-large with random weights, ``samples`` × (1 + ``negatives``) captions, bfloat16 autocast.

1. The card's rate: the best bfloat16 product of square matrices.
2. Useful FLOP of a step, counted from the shapes: products of both towers with real tokens only, forward and
   twice that for backward. Padding, softmax, norms and the optimiser are time without useful FLOP.
3. The share of that rate that a step reaches, and its peak memory.
4. What the loader gives on the same machine: samples per second and core, tokens and hashes included.
5. ``large_samples`` × (1 + ``large_negatives``) captions with recomputed chunks: does it fit, at which peak.

``tiny=true`` runs the same on a CPU with small towers: it shows that the script works, not what a GPU does.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import torch
from step_parts import draw_lengths, make_altclip, make_batch, memory, our_loss, stepper, tokens

from configs.data import LoaderConfig
from configs.geoclip import NegativesConfig
from configs.load import at_least, load_config
from configs.runtime import command, console, environment, runs_root, write_json
from data.fresh import fresh_loader
from data.reporting.page import Sheet, terminal
from geoclip.collate import Batch, Collate, ContrastiveTransform
from geoclip.encoder import DualEncoder

GOAL = 0.5
LARGE = {"hidden_size": 1024, "intermediate_size": 4096, "num_hidden_layers": 24, "num_attention_heads": 16}
SMALL = {"hidden_size": 64, "intermediate_size": 256, "num_hidden_layers": 2, "num_attention_heads": 2}
OBJECTIVE = {"in_batch": 1.0, "text": 1.0}


@dataclass(kw_only=True)
class GpuBench:
    """What is measured."""

    tiny: bool = False
    """Small towers on whatever there is, to try the script."""
    samples: int = 16
    """Samples of a batch."""
    negatives: int = 10
    """Negative captions of each."""
    shortest: int = 20
    """Tokens of the shortest caption."""
    longest: int = 116
    """Tokens of the longest caption; the mean is then 68, near the 29.2 TFLOP a step of the goal."""
    large_samples: int = 64
    """Samples of the batch that is to fit by recomputing."""
    large_negatives: int = 50
    """Negative captions of each there."""
    recompute_rows: int = 128
    """Captions or pictures per recomputed chunk there."""
    rounds: int = 10
    """Steps of which the median counts, after three to warm up."""
    loader_samples: int = 64
    """Fresh scenes that the loader makes to be timed, in one process."""

    def __post_init__(self) -> None:
        at_least(self, 1, "negatives", "large_negatives", "recompute_rows", "rounds", "loader_samples")
        at_least(self, 2, "samples", "large_samples", "shortest", "longest")


def encoder_of(cfg: GpuBench, device: str) -> DualEncoder:
    """Return an AltCLIP with random weights, made on the device."""
    shape, words, size, patch = (SMALL, 1000, 32, 8) if cfg.tiny else (LARGE, 250_002, 224, 14)
    text = {**shape, "vocab_size": words, "max_position_embeddings": 514, "project_dim": shape["hidden_size"]}
    with torch.device(device):
        encoder = make_altclip(text, {**shape, "image_size": size, "patch_size": patch}, 768)
    return encoder.to(device)


def step_flop(encoder: DualEncoder, batch: Batch) -> dict[str, float]:
    """Return the useful FLOP of forward and backward: products of both towers over real tokens and patches.

    Per layer and token 2 × (4 D² + 2 D F) for products with weights and 4 L D for the two of attention, L
    tokens that see each other, D the width and F that of the MLP; backward takes twice the forward.
    """

    def tower(shape: Any, lengths: list[int]) -> float:
        width, inner = shape.hidden_size, shape.intermediate_size
        products = 2 * (4 * width**2 + 2 * width * inner) * sum(lengths)
        attention = 4 * width * sum(length**2 for length in lengths)
        return 3.0 * shape.num_hidden_layers * (products + attention)

    vision, text = encoder.model.config.vision_config, encoder.model.config.text_config
    patches = (vision.image_size // vision.patch_size) ** 2 + 1
    found = {
        "vision": tower(vision, [patches] * len(batch.images)),
        "text": tower(text, batch.attention_mask.sum(1).tolist()),
    }
    return found | {"step": sum(found.values())}


def wait(device: str) -> None:
    """Wait for the device."""
    if device == "cuda":
        torch.cuda.synchronize()


def seconds(work: Callable[[], Any], device: str, rounds: int, warm: int = 3) -> float:
    """Median wall seconds of ``work``, the device awaited."""
    times = []
    for lap in range(warm + rounds):
        wait(device)
        begun = time.perf_counter()
        work()
        wait(device)
        if lap >= warm:
            times.append(time.perf_counter() - begun)
    return statistics.median(times)


def matmul_rate(device: str, sizes: tuple[int, ...]) -> float:
    """Return the best FLOP/s of a bfloat16 product of square matrices."""
    rates = []
    for size in sizes:
        a, b = (torch.randn(size, size, device=device, dtype=torch.bfloat16) for _ in "ab")
        rates.append(2 * size**3 / seconds(lambda a=a, b=b: a @ b, device, 20))
    return max(rates)


def autocast_step(encoder: DualEncoder, batch: Batch, device: str) -> Callable[[], float]:
    """Return a whole step in bfloat16 autocast, as ``trainer.precision=bf16-mixed`` runs it."""
    loss = our_loss(encoder, OBJECTIVE)

    def in_bf16() -> torch.Tensor:
        with torch.autocast(device, dtype=torch.bfloat16):
            return loss(batch)

    return stepper(in_bf16, encoder.parameters())


def held(device: str) -> float:
    """Peak memory in GB: of the card, or without one of the process."""
    return torch.cuda.max_memory_allocated() / 1e9 if device == "cuda" else memory("VmHWM") / 1e3


def batch_of(cfg: GpuBench, encoder: DualEncoder, samples: int, negatives: int, device: str) -> Batch:
    """Return a batch on the device."""
    lengths = draw_lengths(samples, cfg.shortest, cfg.longest, "uniform")
    return make_batch(samples, negatives, lengths, image_size=encoder.image_size).to(device)


def training(cfg: GpuBench, device: str) -> dict[str, Any]:
    """Measure the step and the share of the card's rate it reaches."""
    rate = matmul_rate(device, (256,) if cfg.tiny else (4096, 8192))
    encoder = encoder_of(cfg, device)
    batch = batch_of(cfg, encoder, cfg.samples, cfg.negatives, device)
    flop = step_flop(encoder, batch)
    taken = seconds(autocast_step(encoder, batch, device), device, cfg.rounds)
    share = flop["step"] / taken / rate
    return {"matmul_flops": rate, "flop": flop, "tokens": tokens(batch), "captions": len(batch.input_ids)} | {
        "step_s": taken,
        "samples_per_s": cfg.samples / taken,
        "share": share,
        "peak_gb": held(device),
        "met": share >= GOAL,
    }


def loading(cfg: GpuBench) -> dict[str, Any]:
    """Time fresh scenes from drawing to batch in one process; stored shards are faster (see loader.py)."""
    encoder = encoder_of(GpuBench(tiny=True), "cpu")
    transform = ContrastiveTransform(encoder, NegativesConfig(), "truncate")
    transform.image_size = 32 if cfg.tiny else 224
    recipe = {"negatives": {"rule": cfg.negatives, "image": 0, "retrieval": 0}}
    options = LoaderConfig(
        mode="scenes",
        recipe=recipe,
        batch_size=cfg.samples,
        epoch_samples=cfg.loader_samples,
        num_workers=0,
    )
    loader = fresh_loader(options, transform, Collate(encoder))
    begun = time.perf_counter()
    for _ in loader:
        pass
    return {"samples_per_s_and_core": cfg.loader_samples / (time.perf_counter() - begun)}


def large(cfg: GpuBench, device: str) -> dict[str, Any]:
    """Try the large batch with recomputed chunks."""
    encoder = encoder_of(cfg, device)
    encoder.recompute_rows = cfg.recompute_rows
    batch = batch_of(cfg, encoder, cfg.large_samples, cfg.large_negatives, device)
    if device == "cuda":
        torch.cuda.reset_peak_memory_stats()
    told = {"tokens": tokens(batch), "captions": len(batch.input_ids)}
    try:
        taken = seconds(autocast_step(encoder, batch, device), device, 2, warm=1)
    except torch.OutOfMemoryError as error:
        return {**told, "fits": False, "message": str(error), "peak_gb": held(device)}
    return {**told, "fits": True, "step_s": taken, "peak_gb": held(device)}


def sheet(cfg: GpuBench, found: dict[str, Any]) -> Sheet:
    """Return the table."""
    step, big = found["step"], found["large"]
    cores = step["samples_per_s"] / found["loader"]["samples_per_s_and_core"]
    flop = {name: f"{value / 1e12:.4g} TFLOP" for name, value in step["flop"].items()}
    rows = (
        ("matmul, bf16", f"{step['matmul_flops'] / 1e12:.4g} TFLOP/s", ""),
        ("real tokens, distinct captions", f"{step['tokens']:,} in {step['captions']:,}", ""),
        ("useful per step", flop["step"], f"vision {flop['vision']}, text {flop['text']}"),
        ("a step", f"{1e3 * step['step_s']:.1f} ms", f"{step['samples_per_s']:.1f} samples/s"),
        (
            "share of the matmul rate",
            f"{step['share']:.1%}",
            f"goal {GOAL:.0%}: {'met' if step['met'] else 'NOT met'}",
        ),
        ("peak memory", f"{step['peak_gb']:.2f} GB", ""),
        (
            "loader, fresh scenes",
            f"{found['loader']['samples_per_s_and_core']:.1f} samples/s and core",
            f"{cores:.1f} cores feed this step",
        ),
        (
            f"B = {cfg.large_samples}, N = {cfg.large_negatives}, recomputed",
            f"{big['peak_gb']:.2f} GB" if big["fits"] else "does not fit",
            f"{big['step_s']:.2f} s a step" if big["fits"] else "",
        ),
    )
    title = (
        f"{found['device']}, B = {cfg.samples}, N = {cfg.negatives}, {cfg.shortest} to {cfg.longest} tokens"
    )
    return Sheet(title, ("", "measured", ""), "lrl", rows)


@command
def main(argv: list[str]) -> None:
    """Measure, print, write."""
    cfg = load_config(GpuBench, argv)
    if not (cfg.tiny or torch.cuda.is_available()):
        raise ValueError("no CUDA GPU here; tiny=true tries the script on a CPU with small towers")
    device = "cuda" if torch.cuda.is_available() else "cpu"
    found: dict[str, Any] = {"device": torch.cuda.get_device_name() if device == "cuda" else "CPU, tiny"}
    found["step"] = training(cfg, device)
    found["loader"] = loading(cfg)
    if device == "cuda":
        torch.cuda.empty_cache()
    found["large"] = large(cfg, device)
    console.print(terminal(sheet(cfg, found)))
    out = runs_root() / "bench" / "gpu_step.json"
    write_json(out, {**asdict(cfg), **found, "environment": environment()})
    console.print(f"wrote {out}", markup=False, soft_wrap=True)


if __name__ == "__main__":
    main()
