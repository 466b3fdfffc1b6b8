"""Options of the warm starts: an encoder that reads letters, digits and marks; an LM that knows figures."""

from __future__ import annotations

from dataclasses import dataclass, field

from omegaconf import MISSING

from configs.build import SceneConfig
from configs.geoclip import ClipShape
from configs.load import at_least, one_of
from configs.mmgeolm import LanguageModelConfig
from configs.trainer import OptimConfig, TrainerConfig

BATCHES = ("random", "template", "letters")


@dataclass
class WarmstartConfig:
    """What the warm start is, what it is trained on, and how its targets are weighted."""

    trainer: TrainerConfig = MISSING
    """Where and how long it trains."""
    optim: OptimConfig = MISSING
    """Optimiser and schedule."""
    clip: ClipShape = MISSING
    """The dual encoder."""
    scene: SceneConfig = field(default_factory=SceneConfig)
    """Figures."""
    start: str = ""
    """Folder of a dual encoder to go on from; empty makes one from ``clip``."""
    samples: int = 60000
    """Different scenes, drawn when the run starts."""
    batch_size: int = 192
    """Scenes per step."""
    batches: str = "random"
    """``random``; ``template``, every batch from one template, whose captions differ most in letters and
    numbers; or ``letters``, of these the scenes with the same letters side by side, which differ in their
    places."""
    vocabulary: int = 640
    """Tokens of the tokenizer that is trained on the captions."""
    least: int = 25
    """Scenes that must hold an atom for it to become a target."""
    contrast: float = 1.0
    """Weight of the in-batch loss."""
    atoms: float = 0.1
    """Weight of the atoms' binary cross-entropy, summed over atoms."""
    patches: float = 0.1
    """Weight of the patches' binary cross-entropy, summed over classes and averaged over patches."""

    def __post_init__(self) -> None:
        at_least(self, 1, "samples", "batch_size", "vocabulary", "least")
        at_least(self, 0, "contrast", "atoms", "patches")
        one_of("batches", self.batches, BATCHES)


@dataclass
class LanguageConfig:
    """A small language model that learns, from text alone, to describe figures and to answer questions."""

    trainer: TrainerConfig = MISSING
    """Where and how long it trains."""
    optim: OptimConfig = MISSING
    """Optimiser and schedule."""
    lm: LanguageModelConfig = MISSING
    """The language model; ``lm.tokenizer`` is trained first where it does not exist."""
    scene: SceneConfig = field(default_factory=SceneConfig)
    """Figures it is told of; they are not drawn."""
    samples: int = 40000
    """Different figures."""
    batch_size: int = 64
    """Chats per step."""
    vocabulary: int = 768
    """Tokens of the tokenizer that is trained on captions, questions and answers."""
    describe: float = 0.3
    """Share of chats that ask for a description; the others ask a question."""

    def __post_init__(self) -> None:
        at_least(self, 1, "samples", "batch_size", "vocabulary")
        if not 0 <= self.describe <= 1:
            raise ValueError(f"describe={self.describe} is not allowed; it is a share from 0 to 1")
