"""Options of what the encoder minimises and against which negatives, and of stages in which these change."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from configs.load import at_least, check_seed, one_of

TEXT_KINDS = ("rule", "retrieval")
KINDS = (*TEXT_KINDS, "image")
CHOICES = ("first", "random", "fresh", "hardest", "simans")


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
    sigmoid_in_batch: float = 0.0
    """SigLIP's own loss: the sigmoid over every pair of an image and a caption of the global batch."""
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
    """Which, where there are more than that. first: as stored. random: drawn, the same in every epoch. fresh:
    drawn anew in every epoch. hardest: those that the current model takes most for the positive; every step
    first encodes all of them without gradients, which costs one more forward pass of the candidates and saves
    both passes of those not chosen. simans: retrieval negatives drawn anew in every epoch by their scores,
    the other kinds as with fresh."""
    seed: int = 0
    """Seed of what is drawn; together with the sample's key."""
    a: float = 200.0
    """simans: how narrow the density exp(−a(score − peak)²) is."""
    peak: float | None = None
    """simans, required there: the score (a cosine of the embedder that mined) at which candidates are
    best."""

    def __post_init__(self) -> None:
        one_of("choose", self.choose, CHOICES)
        check_seed(self.seed)
        for name in KINDS:
            if (value := getattr(self, name)) is not None and value < 0:
                raise ValueError(f"{name}={value} is not allowed; use null for all, or at least 0")
        if (self.choose == "simans") != (self.peak is not None):
            raise ValueError(
                f"choose={self.choose} with peak={self.peak} is not possible: simans needs a peak, below the "
                "scores of the nearest captions, and nothing else has one"
            )
        if self.a <= 0 or (self.peak is not None and not -1 <= self.peak < 1):
            raise ValueError(f"a={self.a}, peak={self.peak}: use a above 0 and a peak in [-1, 1)")
        if self.choose in ("hardest", "simans") and all(getattr(self, kind) in (None, 0) for kind in KINDS):
            raise ValueError(
                f"choose={self.choose} without a number has nothing to choose: give rule, retrieval or image "
                "the number that a sample is to bring"
            )


@dataclass(kw_only=True)
class StageConfig:
    """A part of the run with its own objective and negatives, from the end of the stage before to its own."""

    until_step: int | None = None
    """Batches (optimiser steps) from the start of the run, all stages counted, after which it ends."""
    until_epoch: int | None = None
    """Epochs from the start of the run, all stages counted, after which it ends."""
    objective: ObjectiveConfig
    """What is minimised."""
    negatives: NegativesConfig | None = None
    """Which negatives the samples bring; null: those of the run that this objective uses, no others."""

    def __post_init__(self) -> None:
        at_least(self, 1, "until_step", "until_epoch")


@dataclass(frozen=True)
class Part:
    """One part of a run, complete: what is minimised against which negatives; the last has no end."""

    objective: ObjectiveConfig
    negatives: NegativesConfig = field(default_factory=NegativesConfig)
    until_step: int | None = None
    until_epoch: int | None = None

    def over(self, epoch: int, step: int) -> bool:
        """Whether the part has ended before the batch that ``step`` others came before, in ``epoch``."""
        return (self.until_step is not None and step >= self.until_step) or (
            self.until_epoch is not None and epoch >= self.until_epoch
        )


def part_at(parts: Sequence[Part], epoch: int, step: int) -> int:
    """Return the number of the part that is on; what is over stays over, as both counts only grow."""
    return next((i for i, part in enumerate(parts) if not part.over(epoch, step)), len(parts) - 1)


def parts_of(
    stages: Sequence[StageConfig], objective: ObjectiveConfig, negatives: NegativesConfig
) -> list[Part]:
    """Return the stages and, after them, ``objective`` with ``negatives``, which hold to the end.

    Raises ValueError for stages that no batch can be in, or that mix softmax and sigmoid.
    """
    ends: dict[str, int] = {}
    for at, stage in enumerate(stages):
        given = [name for name in ("until_step", "until_epoch") if getattr(stage, name) is not None]
        if len(given) != 1:
            has = " and ".join(given) or "no end"
            raise ValueError(f"stages[{at}] has {has}; give one of until_step and until_epoch")
        end = getattr(stage, given[0])
        if end <= ends.get(given[0], 0):
            raise ValueError(f"stages[{at}].{given[0]}={end} is not after the stage before; ends must rise")
        ends[given[0]] = end
        if stage.objective.sigmoid != objective.sigmoid:
            raise ValueError(
                f"stages[{at}].objective ({', '.join(stage.objective.active())}) and objective "
                f"({', '.join(objective.active())}) mix sigmoid and softmax terms, which have another scale "
                "and bias; make them two runs, the second with encoder.pretrained=RUN/export/clip"
            )
    return [
        *(
            Part(s.objective, s.negatives or only_used(s.objective, negatives), s.until_step, s.until_epoch)
            for s in stages
        ),
        Part(objective, negatives),
    ]


def needed_kinds(term: str, negatives: NegativesConfig) -> set[str]:
    """Return the kinds of negatives, of those that ``negatives`` lets in, that a loss term can use."""
    kinds = {"in_batch": (), "sigmoid_in_batch": (), "image": ("image",), "sigmoid_image": ("image",)}
    return {kind for kind in kinds.get(term, TEXT_KINDS) if getattr(negatives, kind) != 0}


def only_used(objective: ObjectiveConfig, negatives: NegativesConfig) -> NegativesConfig:
    """Return ``negatives`` without the kinds that no term of ``objective`` uses: they cost and teach
    nothing."""
    used = {kind for term in objective.active() for kind in needed_kinds(term, negatives)}
    counts: dict[str, Any] = {kind: getattr(negatives, kind) if kind in used else 0 for kind in KINDS}
    if not any(counts.values()):  # nothing is left to choose from
        return NegativesConfig(**counts)
    return replace(negatives, **counts)
