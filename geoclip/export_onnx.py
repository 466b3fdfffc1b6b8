"""The vision tower as ONNX: ``python -m geoclip.export_onnx MODEL [out=FOLDER]``.

MODEL is a folder or hub id of a dual encoder, or the export folder of a run, which then is the place of
FOLDER too (``export/onnx``). Writes ``model.onnx`` and the image processor. Input ``pixel_values``
``[batch, 3, H, W]`` as the processor makes them; outputs ``image_embeds`` ``[batch, D]`` (L2-normalised, for
cosines with captions), ``pooler_output`` ``[batch, W]`` and ``patches`` ``[batch, P, W]`` (second-last layer,
what an LMM reads). The file is run by ``onnxruntime`` and compared before it is put in its place; needs
``pip install 'mmgeolm[onnx]'``.
"""

from __future__ import annotations

import importlib.util
import logging
import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from configs.load import load_config, split_words
from configs.runtime import command, console, fresh_folder
from configs.strict import quiet
from geoclip.encoder import DualEncoder
from geoclip.export import image_processor
from geoclip.towers import load_encoder
from geoclip.vision import project, tower_outputs

PACKAGES = ("onnx", "onnxscript", "onnxruntime")
OUTPUTS = ("image_embeds", "pooler_output", "patches")
TOLERANCE = 1e-4
"""Largest allowed difference, as a part of an output's largest value where that is above 1; float32."""
BATCHES = (1, 3, 4)
"""Batch sizes at which the file is compared; it was traced with another one."""
OPSET = 18


@dataclass(kw_only=True)
class OnnxConfig:
    """Where the file is written."""

    out: str = ""
    """Folder; empty: MODEL/onnx, where MODEL is a folder."""


class _Tower(nn.Module):
    """The dual encoder's image side as one function of pixels."""

    def __init__(self, encoder: DualEncoder) -> None:
        super().__init__()
        self.encoder = encoder

    def forward(self, pixel_values: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        pooled, patches = tower_outputs(self.encoder, pixel_values)
        embeds = nn.functional.normalize(project(self.encoder, pooled), dim=-1)
        return embeds, pooled, patches


def export_onnx(encoder: DualEncoder, out: str | Path) -> dict[str, float]:
    """Write ``out``; return per output the largest difference between ``onnxruntime`` and torch.

    A present ``out`` is replaced, atomically. Raises ValueError for a missing package and above
    :data:`TOLERANCE`.
    """
    if missing := [name for name in PACKAGES if importlib.util.find_spec(name) is None]:
        raise ValueError(f"{', '.join(missing)} not installed; use pip install 'mmgeolm[onnx]'")
    encoder = encoder.float().cpu().eval()
    encoder.attend_eagerly()
    tower = _Tower(encoder)
    _check_embeds(encoder, tower)
    with fresh_folder(Path(out)) as folder, quiet():
        _write(tower, encoder, folder / "model.onnx")
        image_processor(encoder).save_pretrained(folder)
        found = differences(tower, encoder, folder / "model.onnx")
        if wrong := {name: value for name, value in found.items() if not value <= TOLERANCE}:
            raise ValueError(
                f"the ONNX file differs from the tower: {_words(wrong)} (allowed: {TOLERANCE:.0e}); "
                "nothing was exported"
            )
    console.print(f"ONNX {out}: largest differences {_words(found)}", markup=False, soft_wrap=True)
    return found


def _write(tower: _Tower, encoder: DualEncoder, path: Path) -> None:
    loggers = [logging.getLogger(name) for name in ("torch.onnx", "onnxscript", "onnx_ir")]
    for logger in loggers:
        logger.setLevel(logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            tower,
            (_pixels(encoder, 2),),
            path,
            input_names=["pixel_values"],
            output_names=list(OUTPUTS),
            dynamic_shapes=({0: torch.export.Dim("batch", min=1)},),
            opset_version=OPSET,
            dynamo=True,
            external_data=_bytes(tower) > 1_900_000_000,  # a file of protobuf ends at 2 GB
            verbose=False,
        )


@torch.no_grad()
def differences(tower: nn.Module, encoder: DualEncoder, path: Path) -> dict[str, float]:
    """Return per output the largest difference of a file from the tower, over :data:`BATCHES`."""
    import onnxruntime

    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    worst = dict.fromkeys(OUTPUTS, 0.0)
    for size in BATCHES:
        pixels = _pixels(encoder, size)
        theirs = session.run(list(OUTPUTS), {"pixel_values": pixels.numpy()})
        for name, ours, other in zip(OUTPUTS, tower(pixels), theirs, strict=True):
            scale = max(1.0, float(ours.abs().max()))
            gap = float(np.abs(ours.numpy() - other).max()) / scale if ours.shape == other.shape else np.inf
            worst[name] = float(np.maximum(worst[name], gap))  # keeps not-a-number
    return worst


@torch.no_grad()
def _check_embeds(encoder: DualEncoder, tower: _Tower) -> None:
    """Raise ValueError for a model whose features are not a projection of its pooled picture."""
    images = torch.randint(0, 256, (2, 1, encoder.image_size, encoder.image_size), dtype=torch.uint8)
    gap = float((encoder.encode_image(images) - tower(encoder.pixels(images))[0]).abs().max())
    if not gap <= TOLERANCE:
        raise ValueError(
            f"{type(encoder.model).__name__}: its image features are not its projected pooled picture "
            f"(difference {gap:.1e}), so this export does not know the model"
        )


def _pixels(encoder: DualEncoder, size: int) -> Tensor:
    generator = torch.Generator().manual_seed(size)
    shape = (size, 1, encoder.image_size, encoder.image_size)
    return encoder.pixels(torch.randint(0, 256, shape, dtype=torch.uint8, generator=generator))


def _bytes(tower: nn.Module) -> int:
    return sum(part.numel() * part.element_size() for part in tower.parameters())


def _words(found: dict[str, float]) -> str:
    return ", ".join(f"{name} {value:.1e}" for name, value in found.items())


@command
def main(argv: list[str]) -> None:
    """Export the model named by the bare argument."""
    bare, options = split_words(argv)
    cfg = load_config(OnnxConfig, options)
    if len(bare) != 1:
        raise ValueError("name one model; use python -m geoclip.export_onnx MODEL [out=FOLDER]")
    if not cfg.out and not Path(bare[0]).is_dir():
        raise ValueError(f"{bare[0]} is no folder on this machine; say where to write with out=FOLDER")
    export_onnx(load_encoder(bare[0]), cfg.out or Path(bare[0]) / "onnx")


if __name__ == "__main__":
    main()
