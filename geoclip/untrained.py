"""The control that has learned nothing: ``python -m geoclip.untrained MODEL OUT seed=N``.

Writes the export folders of an encoder with the architecture, tokenizer and image processor of MODEL and
random weights.
"""

from __future__ import annotations

import sys
from pathlib import Path

import torch
from transformers import AutoModel

from configs.runtime import command, console
from geoclip.encoder import DualEncoder
from geoclip.towers import load_encoder
from geoclip.train import export


def untrained(path: str, seed: int) -> DualEncoder:
    """Return the dual encoder of ``path`` with weights drawn from ``seed``."""
    known = load_encoder(path)
    torch.manual_seed(seed)
    return DualEncoder(
        AutoModel.from_config(known.model.config),
        known.tokenizer,
        image_size=known.image_size,
        mean=list(known.mean),
        std=list(known.std),
    )


@command
def main(argv: list[str]) -> None:
    """Write ``OUT/export/clip`` and ``OUT/export/vision``."""
    seeds = [word.removeprefix("seed=") for word in argv if word.startswith("seed=")] or ["0"]
    paths = [word for word in argv if not word.startswith("seed=")]
    if len(paths) != 2 or not seeds[-1].isdigit():
        raise ValueError(f"got {' '.join(argv)}; use python -m geoclip.untrained MODEL OUT seed=N")
    export(untrained(paths[0], int(seeds[-1])), Path(paths[1]) / "export")
    console.print(f"wrote {Path(paths[1]) / 'export'}", markup=False, soft_wrap=True)


if __name__ == "__main__":
    main(sys.argv[1:])
