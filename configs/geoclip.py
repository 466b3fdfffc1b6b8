"""Options of the encoder stage: the dual encoder, a training run, retrieval."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from typing import Any

from configs.data import LoaderConfig
from configs.load import at_least, check_models, check_seed, one_of
from configs.objective import NegativesConfig, ObjectiveConfig, Part, StageConfig, needed_kinds, parts_of
from configs.training import TowerOptimConfig, TrainerConfig


@dataclass(kw_only=True)
class ClipShape:
    """A CLIP made from these numbers: a ViT and a causal text transformer, both read by stock
    ``transformers``."""

    tokenizer: str
    """Folder of the tokenizer."""
    image_size: int = 96
    """Side of the square picture, pixels."""
    patch_size: int = 12
    """Side of a patch, pixels; divides image_size."""
    width: int = 192
    """Width of the image transformer."""
    layers: int = 6
    """Blocks of the image transformer."""
    heads: int = 3
    """Attention heads of the image transformer; divides width."""
    text_width: int = 128
    """Width of the text transformer."""
    text_layers: int = 4
    """Blocks of the text transformer."""
    text_heads: int = 2
    """Attention heads of the text transformer; divides text_width."""
    text_window: int = 160
    """Longest caption, tokens with the start and end token."""
    embed: int = 128
    """Width of the common space."""

    def __post_init__(self) -> None:
        at_least(self, 1, *(one.name for one in fields(self) if one.name != "tokenizer"))
        if self.image_size % self.patch_size:
            raise ValueError(f"patch_size={self.patch_size} does not divide image_size={self.image_size}")
        if self.width % self.heads or self.text_width % self.text_heads:
            raise ValueError("heads must divide width, and text_heads must divide text_width")


@dataclass(kw_only=True)
class TimmShape:
    """A timm vision tower and a ``transformers`` text tower, joined by two new projections."""

    vision: str
    """timm model name, for example vit_base_patch16_clip_224.openai or convnext_tiny."""
    vision_weights: str = "none"
    """none: random; hub: timm's pretrained weights; or the path of a .safetensors file that fits exactly."""
    vision_options: dict[str, Any] = field(default_factory=dict)
    """Further arguments of timm.create_model, for example {img_size: 336}; the weights are loaded at that
    size, which encoder.image_size then interpolates."""
    text: str
    """Folder or hub id of the text tower and its tokenizer."""
    text_weights: bool = True
    """Load the text tower's weights; false: only its config, weights are random."""
    embed: int = 512
    """Width of the common space."""


@dataclass(kw_only=True)
class EncoderConfig:
    """Where the dual encoder comes from: exactly one of the three."""

    pretrained: str | None = None
    """Folder or hub id of a contrastive transformers model (CLIP, SigLIP, AltCLIP), or an export of ours."""
    clip: ClipShape | None = None
    """A small CLIP with random weights."""
    timm: TimmShape | None = None
    """A timm vision tower with a transformers text tower."""
    image_size: int | None = None
    """Side of the square pictures, pixels; another one than the checkpoint's interpolates the positions of
    its patches (bicubic); null: the checkpoint's."""
    text_window: int | None = None
    """Longest caption, tokens with the special ones: more than the checkpoint's stretches the positions of a
    CLIP or SigLIP text tower, of which the first 20 stay (Long-CLIP: 248 for CLIP's 77); null: the
    checkpoint's."""
    recompute_rows: int = 0
    """Pictures or captions per recomputed chunk, which saves memory as GradCache does; 0: keep all
    activations."""
    gradient_checkpointing: bool = False
    """Keep only the input of every block and compute the rest again: less memory per picture and caption, a
    third more work."""
    compile: bool = False
    """Compile the blocks with torch.compile: pays on a GPU after some minutes; the first steps are slow."""

    def __post_init__(self) -> None:
        given = [name for name in ("pretrained", "clip", "timm") if getattr(self, name) is not None]
        if len(given) != 1:
            raise ValueError(f"give exactly one of pretrained, clip, timm; got {given or 'none'}")
        at_least(self, 0, "recompute_rows")
        at_least(self, 1, "image_size", "text_window")
        if self.clip is not None and (self.image_size or self.text_window):
            raise ValueError(
                "image_size and text_window change a checkpoint; set clip.image_size, clip.text_window"
            )


@dataclass(kw_only=True)
class GeoclipConfig:
    """One training run of the encoder: ``python -m geoclip.train CONFIG... key=value``."""

    trainer: TrainerConfig
    """How the run is executed."""
    optim: TowerOptimConfig
    """Optimiser and schedule."""
    train: LoaderConfig
    """Training samples."""
    val: LoaderConfig | None = None
    """Held-out samples for loss and accuracy; null: none."""
    encoder: EncoderConfig
    """Where the dual encoder comes from."""
    objective: ObjectiveConfig
    """What is minimised."""
    negatives: NegativesConfig = field(default_factory=NegativesConfig)
    """Which negatives the samples bring."""
    stages: list[StageConfig] = field(default_factory=list)
    """Stages that the run passes through in order; after the last one ``objective`` and ``negatives`` hold,
    and validation uses these all the time. ``{until_step: 2000, objective: {in_batch: 1.0}}`` before MMCLIP
    is the paper's hybrid in one run, with one learning rate schedule."""
    text_overflow: str = "error"
    """A caption beyond the text window: error stops, skip leaves it out and counts, truncate cuts it."""
    val_pools: int = 200
    """First samples of ``val`` whose Hit@1 among ten rule and ten image negatives is logged; 0: none."""

    def __post_init__(self) -> None:
        check_overflow(self.text_overflow)
        at_least(self, 0, "val_pools")
        if self.trainer.accumulate_grad_batches > 1:
            raise ValueError(
                "trainer.accumulate_grad_batches: a contrastive loss of small batches is not that of their "
                "union; use encoder.recompute_rows to fit a large batch"
            )
        if self.trainer.precision == "bf16-true":
            raise ValueError("trainer.precision=bf16-true rounds the logit scale to 8 bits; use bf16-mixed")
        for part, name in self.terms():
            if not (name.endswith("in_batch") or needed_kinds(name, part.negatives)):
                raise ValueError(
                    f"objective.{name} needs negatives, but the negatives section allows none for it"
                )
        for limit, unit in ((self.trainer.max_steps, "until_step"), (self.trainer.max_epochs, "until_epoch")):
            ends = [getattr(stage, unit) or 0 for stage in self.stages]
            if limit != -1 and max(ends, default=0) >= limit:
                raise ValueError(
                    f"stages[{ends.index(max(ends))}].{unit}={max(ends)}, but the run ends after {limit}: "
                    f"objective would never be minimised; raise trainer.max_{unit[6:]}s, or lower {unit}"
                )

    def parts(self) -> list[Part]:
        """Return the stages of the run, the last one without an end."""
        return parts_of(self.stages, self.objective, self.negatives)

    def terms(self) -> Iterator[tuple[Part, str]]:
        """Yield every loss term with the part of the run that it is in."""
        yield from ((part, name) for part in self.parts() for name in part.objective.active())


@dataclass(kw_only=True)
class RetrievalConfig:
    """Hit@k on four pools: ``python -m geoclip.retrieval MODEL... data=SHARDS out=DIR``."""

    models: list[str]
    """Dual encoders to compare, folders or hub ids; the bare arguments of the command."""
    data: str
    """Shard folder."""
    out: str
    """Folder for results.json, hits.json and report.html."""
    limit: int | None = None
    """Use only the first this many samples; null: all."""
    negatives: int = 10
    """Candidates beside the positive, where a sample has that many; chance is 1 / (1 + negatives)."""
    seed: int = 0
    """Seed of the random pool and of the bootstrap."""
    resamples: int = 2000
    """Bootstrap resamples of every interval."""
    batch_size: int = 32
    """Samples encoded at a time."""
    num_workers: int = 2
    """Processes that decode pictures."""
    rotate: list[float] = field(default_factory=list)
    """Angles in degrees: everything is scored again with all pictures turned by each (paper: 30)."""
    downscale: list[float] = field(default_factory=list)
    """Factors below 1: everything is scored again with all pictures scaled down by each, and back up to the
    tower's size (paper: 0.5)."""
    other_data: str | None = None
    """Shard folder of the same scenes drawn otherwise, as without numbers (the same recipe with
    scene.markings=false); scored too, and compared on the scenes of both."""
    mistakes: int = 20
    """Hardest mistakes of each model that the report shows."""
    max_skipped: int = 0
    """Samples that cannot be used and are left out before the run stops with an error."""
    accelerator: str = "auto"
    """cpu, cuda, or auto: a GPU where there is one."""
    text_overflow: str = "error"
    """A caption beyond the text window: error stops, skip leaves it out and counts, truncate cuts it."""

    def __post_init__(self) -> None:
        check_overflow(self.text_overflow)
        one_of("accelerator", self.accelerator, ("auto", "cpu", "cuda"))
        check_seed(self.seed)
        check_models(self.models)
        at_least(self, 1, "limit", "negatives", "resamples", "batch_size")
        at_least(self, 0, "max_skipped", "num_workers", "mistakes")
        if wrong := [degrees for degrees in self.rotate if not 0 < abs(degrees) <= 180]:
            raise ValueError(f"rotate={wrong[0]} is not allowed; use degrees from -180 to 180, not 0")
        if wrong := [factor for factor in self.downscale if not 0 < factor < 1]:
            raise ValueError(f"downscale={wrong[0]} is not allowed; use factors between 0 and 1, as 0.5")


OVERFLOWS = ("error", "skip", "truncate")


def check_overflow(value: str) -> None:
    """Raise ValueError unless ``value`` is a policy for captions longer than the text tower's window."""
    one_of("text_overflow", value, OVERFLOWS)
