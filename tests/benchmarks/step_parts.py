"""What the step benchmarks share: encoders with random weights, batches of random captions, peak memory."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from transformers import AltCLIPConfig, AltCLIPModel, AutoTokenizer

from configs.geoclip import ObjectiveConfig
from configs.runtime import PROJECT
from configs.strict import quiet
from configs.training import OptimConfig
from data.scene.pairs import Told
from geoclip.collate import Batch, Item, join
from geoclip.encoder import DualEncoder
from geoclip.module import GeoclipModule
from geoclip.ranks import Meter

BOS, EOS, FIRST = 1, 4, 5  # ids of the committed tokenizer; words start at FIRST
EDITED = 4  # tokens in which a negative differs from its caption


def make_altclip(text: dict[str, Any], vision: dict[str, Any], embed: int, seed: int = 0) -> DualEncoder:
    """Return an AltCLIP (ViT and XLM-R) with random weights; ``text`` and ``vision`` go to its config."""
    tokenizer = AutoTokenizer.from_pretrained(PROJECT / "geoclip" / "mini")
    torch.manual_seed(seed)
    special = {"pad_token_id": 0, "bos_token_id": BOS, "eos_token_id": EOS, "hidden_dropout_prob": 0.0}
    special |= {"attention_probs_dropout_prob": 0.0, "initializer_factor": 1.0}
    with quiet():
        config = AltCLIPConfig(text_config=special | text, vision_config=vision, projection_dim=embed)
        model = AltCLIPModel(config)
    return DualEncoder(
        model, tokenizer, image_size=vision["image_size"], mean=[0.5] * 3, std=[0.5] * 3
    ).train()


def draw_lengths(count: int, shortest: int, longest: int, spread: str, seed: int = 0) -> list[int]:
    """Return caption lengths; the shortest and the longest occur.

    ``uniform``, or ``falling``: their density falls linearly to 0, which is between uniform and the captions
    of our scenes (median 42, mean 46, longest of 150: 126 tokens).
    """
    rng = random.Random(seed)
    draws = {"uniform": rng.uniform, "falling": lambda low, high: rng.triangular(low, high, low)}
    return [shortest, longest, *(round(draws[spread](shortest, longest)) for _ in range(count - 2))]


def make_batch(
    samples: int, negatives: int, lengths: list[int], *, words: int = 450, image_size: int = 96, seed: int = 0
) -> Batch:
    """Return a batch of random pictures and captions of so many tokens, ``negatives`` edited captions each.

    A negative has the length of its caption, as an edit leaves it.
    """
    rng = random.Random(seed)
    items = []
    for number, length in enumerate(lengths[:samples]):
        caption = [BOS, *(rng.randrange(FIRST, words) for _ in range(length - 2)), EOS]
        rows = [caption]
        for _ in range(negatives):
            edited = list(caption)
            for place in rng.sample(range(1, length - 1), EDITED):
                edited[place] = rng.randrange(FIRST, words)
            rows.append(edited)
        pixels = torch.randint(
            0, 256, (1, 1, image_size, image_size), generator=torch.Generator().manual_seed(number)
        )
        labels = [("rule", "")] * negatives
        items.append(
            Item(f"s{number}", f"{number}", pixels.to(torch.uint8), rows, [], labels, 0, Told(f"{number}"))
        )
    return join(items, 0, None)


def tokens(batch: Batch) -> int:
    """Real tokens of a batch: each distinct caption once, without padding."""
    return int(batch.attention_mask.sum())


def our_loss(encoder: DualEncoder, weights: dict[str, float]) -> Callable[[Batch], Tensor]:
    """Return the project's training loss of a batch, as ``geoclip.train`` computes it."""
    module = GeoclipModule(encoder, ObjectiveConfig(**weights), OptimConfig(lr=1e-4))
    return lambda batch: module.compute(batch, Meter())[0]


def stepper(loss: Callable[[], Tensor], parameters: Any) -> Callable[[], float]:
    """Return a whole step: gradients set to none, loss, backward, AdamW."""
    optimizer = torch.optim.AdamW(parameters, lr=1e-4)

    def step() -> float:
        optimizer.zero_grad(set_to_none=True)
        value = loss()
        value.backward()
        optimizer.step()
        return float(value.detach())

    return step


def memory(field: str) -> float:
    """MB of this process: ``VmRSS`` is resident now, ``VmHWM`` the most since it started.

    getrusage would also count what the parent process held.
    """
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(field)) / 1e3
