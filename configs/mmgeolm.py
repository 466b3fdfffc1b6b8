"""Options of stages 2 and 3: which tower and language model are joined, and how the result is trained."""

from __future__ import annotations

from dataclasses import dataclass, field

from configs.data import LoaderConfig
from configs.load import at_least, one_of
from configs.training import OptimConfig, TrainerConfig

STAGES = ("align", "sft")
SHAPES = ("qwen2", "mistral")


@dataclass(kw_only=True)
class LanguageModelConfig:
    """A causal LM: pretrained (``path``), or with random weights from the sizes below (``tokenizer``)."""

    path: str | None = None
    """Hub id or folder of a pretrained causal LM of one of the shapes; its tokenizer is used."""
    tokenizer: str | None = None
    """Folder of a fast tokenizer (python -m data.tokenizer) for an LM that is made here; null with path."""
    shape: str = "qwen2"
    """Architecture of an LM that is made here: qwen2 or mistral."""
    hidden_size: int = 256
    """Width of an LM that is made here."""
    layers: int = 4
    """Transformer blocks of an LM that is made here."""
    heads: int = 4
    """Attention heads of an LM that is made here; they divide hidden_size."""
    kv_heads: int = 4
    """Key and value heads of an LM that is made here; they divide heads."""
    intermediate_size: int = 704
    """Width of the gated MLP of an LM that is made here."""
    positions: int = 1024
    """Longest sequence of an LM that is made here, in tokens with image tokens."""
    tie_embeddings: bool = True
    """Share input and output embeddings of an LM that is made here."""

    def __post_init__(self) -> None:
        one_of("shape", self.shape, SHAPES)
        if self.path and self.tokenizer:
            raise ValueError(f"path={self.path} brings its own tokenizer; leave tokenizer out")
        at_least(self, 1, "hidden_size", "layers", "heads", "kv_heads", "intermediate_size", "positions")
        if self.hidden_size % self.heads or (self.hidden_size // self.heads) % 2:
            raise ValueError(
                f"hidden_size={self.hidden_size} must be an even multiple of heads={self.heads}: "
                "rotary positions need heads of even width"
            )
        if self.heads % self.kv_heads:
            raise ValueError(f"kv_heads={self.kv_heads} must divide heads={self.heads}")


@dataclass(kw_only=True)
class MmgeolmConfig:
    """One training run of the LMM."""

    stage: str
    """align: only the adapter learns; sft: adapter and LM learn, the tower too unless it is frozen."""
    train: LoaderConfig
    """Training samples: their captions in align, their messages in sft."""
    trainer: TrainerConfig
    """How the run is executed."""
    optim: OptimConfig
    """Optimiser and schedule."""
    val: LoaderConfig | None = None
    """Validation samples; null: none."""
    start: str | None = None
    """Folder of the LMM to go on from, such as runs/ALIGN/export; null: assemble one from tower and lm."""
    tower: str | None = None
    """Folder of an exported vision tower (CLIPVisionModel or SiglipVisionModel with its image processor)."""
    lm: LanguageModelConfig = field(default_factory=LanguageModelConfig)
    """Language model to join with the tower."""
    vision_feature_layer: int = -2
    """Hidden state of the tower that the adapter reads; -2: the second-last layer, as in the paper (4.1)."""
    window: int = 2048
    """Longest sample in tokens, image tokens included; a longer one is dropped and counted, never cut."""
    freeze_tower: bool = True
    """Keep the vision tower fixed in sft; align always does."""

    def __post_init__(self) -> None:
        one_of("stage", self.stage, STAGES)
        if self.window < 2:
            raise ValueError(f"window={self.window} is not allowed; use the LM's context length in tokens")
        if self.start and self.tower:
            raise ValueError(f"start={self.start} already holds a tower; leave tower={self.tower} out")
        if self.start:
            if self.lm != LanguageModelConfig() or self.vision_feature_layer != -2:
                raise ValueError(
                    f"start={self.start} already holds a language model and the layer its adapter reads; "
                    "leave lm and vision_feature_layer out"
                )
            return
        if not self.tower:
            raise ValueError(
                "give start=FOLDER of an LMM to go on from (sft: the align run's export), or tower=FOLDER"
            )
        if not (self.lm.path or self.lm.tokenizer):
            raise ValueError("no language model: give lm.path, or lm.tokenizer to make one from lm's sizes")
