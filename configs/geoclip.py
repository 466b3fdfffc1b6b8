"""Options of the encoder stage: the dual encoder, the objective, which negatives a sample brings,
retrieval."""

from __future__ import annotations

import os
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from configs.data import LoaderConfig
from configs.load import at_least, check_seed, one_of
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
class ObjectiveConfig:
    """Weights of the loss terms, 0: left out. Softmax terms may be summed; sigmoid terms only with each
    other."""

    in_batch: float = 0.0
    """CLIP: images against all captions and captions against all images of the global batch, both added."""
    text: float = 0.0
    """MMCLIP, an image against its caption and its own negative captions."""
    image: float = 0.0
    """MMCLIP, a caption against its image and its own negative images."""
    joint: float = 0.0
    """In-batch with every negative caption of the global batch in the image-to-text denominators."""
    joint_own: float = 0.0
    """In-batch with a sample's own negative captions in its image-to-text denominator."""
    sigmoid_text: float = 0.0
    """SigLIP's sigmoid over an image's caption and its own negative captions."""
    sigmoid_image: float = 0.0
    """SigLIP's sigmoid over a caption's image and its own negative images."""

    def __post_init__(self) -> None:
        weights = self.active()
        if any(weight < 0 for weight in asdict(self).values()) or not weights:
            raise ValueError(f"{asdict(self)}: weights are at least 0, and at least one is above 0")
        if self.sigmoid and not all(name.startswith("sigmoid") for name in weights):
            raise ValueError(
                f"{', '.join(weights)} are summed: sigmoid terms have a bias and another scale than "
                "softmax terms; use one kind"
            )

    @property
    def sigmoid(self) -> bool:
        """True for the sigmoid objective."""
        return any(name.startswith("sigmoid") for name in self.active())

    def active(self) -> dict[str, float]:
        """Return the weights above 0 by name."""
        return {name: weight for name, weight in asdict(self).items() if weight > 0}


@dataclass(kw_only=True)
class NegativesConfig:
    """How many negatives a sample brings; a sample that has fewer brings those."""

    rule: int | None = None
    """At most this many edited captions; null: all, 0: none."""
    retrieval: int | None = None
    """At most this many similar captions of other pictures; null: all, 0: none."""
    image: int | None = None
    """At most this many edited pictures; null: all, 0: none."""
    choose: str = "first"
    """Which, where there are more: the first, or random ones, the same in every epoch."""
    seed: int = 0
    """Seed of the random choice; together with the sample's key."""

    def __post_init__(self) -> None:
        one_of("choose", self.choose, ("first", "random"))
        for name in ("rule", "retrieval", "image"):
            if (value := getattr(self, name)) is not None and value < 0:
                raise ValueError(f"{name}={value} is not allowed; use null for all, or at least 0")


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
    text_overflow: str = "error"
    """A caption beyond the text window: error stops, skip leaves it out and counts, truncate cuts it."""

    def __post_init__(self) -> None:
        check_overflow(self.text_overflow)
        if self.trainer.accumulate_grad_batches > 1:
            raise ValueError(
                "trainer.accumulate_grad_batches: a contrastive loss of small batches is not that of their "
                "union; use encoder.recompute_rows to fit a large batch"
            )
        if self.trainer.precision == "bf16-true":
            raise ValueError("trainer.precision=bf16-true rounds the logit scale to 8 bits; use bf16-mixed")
        self._need_negatives()

    def needed_kinds(self, term: str) -> set[str]:
        """Return the kinds of negatives, of those that ``negatives`` lets in, that a loss term can use."""
        kinds = {"in_batch": (), "image": ("image",), "sigmoid_image": ("image",)}.get(term, TEXT_KINDS)
        return {kind for kind in kinds if getattr(self.negatives, kind) != 0}

    def _need_negatives(self) -> None:
        for name in self.objective.active():
            if name != "in_batch" and not self.needed_kinds(name):
                raise ValueError(
                    f"objective.{name} needs negatives, but the negatives section allows none for it"
                )


@dataclass(kw_only=True)
class RetrievalConfig:
    """Hit@k on four pools: ``python -m geoclip.retrieval MODEL... data=SHARDS out=DIR``."""

    models: list[str]
    """Dual encoders to compare, folders or hub ids; the bare arguments of the command."""
    data: str
    """Shard folder."""
    out: str
    """Folder for results.json and hits.json."""
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
        if not self.models or len({os.path.normpath(model) for model in self.models}) < len(self.models):
            raise ValueError(f"models={self.models}: name at least one model, and none twice")
        at_least(self, 1, "limit", "negatives", "resamples", "batch_size")
        at_least(self, 0, "max_skipped", "num_workers")


TEXT_KINDS = ("rule", "retrieval")
OVERFLOWS = ("error", "skip", "truncate")


def check_overflow(value: str) -> None:
    """Raise ValueError unless ``value`` is a policy for captions longer than the text tower's window."""
    one_of("text_overflow", value, OVERFLOWS)
