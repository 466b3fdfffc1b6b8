"""Options of ``python -m data.build``: how many scenes, of which kind, with which negatives."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from omegaconf import MISSING

from configs.load import check_seed, one_of
from configs.retrieval import MiningConfig

NAME = re.compile(r"[A-Za-z0-9_-]+")


LEVELS = ("easy", "medium", "hard")


def _check_levels(name: str, levels: dict[str, float]) -> None:
    for level, weight in levels.items():
        one_of(name, level, LEVELS)
        if not 0 < weight < float("inf"):
            raise ValueError(f"{name}.{level}={weight}; expected a number above 0")


@dataclass
class SceneConfig:
    """Which figures are drawn and how they look."""

    templates: list[str] = field(default_factory=list)
    """Template names; empty means all."""
    levels: dict[str, float] = field(default_factory=dict)
    """How often each level of difficulty is drawn, e.g. ``{easy: 2, medium: 1}``; levels that are not named
    are left out. Empty: every template as often as any other."""
    letters: str = "ABCDEFGHKLMNPQRST"
    """Letters that name points; at least 6, and as many as the largest figure has points."""
    new_letters: bool = False
    """Whether a rule negative may name a letter that its caption does not have. The paper never does; the
    pictures of image negatives may have other letters in any case."""
    numbers: int = 2
    """Most lengths and angles that are told and labelled, 0 or more."""
    markings: bool = True
    """Whether lengths, angles and coordinates are labelled and told (paper, Table 5). The same seed gives the
    same scenes with and without them, in the same order."""
    max_turn: int = 20
    """Largest rotation of a figure in degrees."""
    image_size: int = 336
    """Side of the square picture in pixels."""
    font_px: float = 26.0
    """Height of letters and digits in pixels of a 336 px picture."""
    line_px: float = 2.5
    """Line width in pixels of a 336 px picture."""
    questions: bool = True
    """Whether every sample carries a question with a worked answer."""

    def __post_init__(self) -> None:
        _check_levels("levels", self.levels)
        if len(set(self.letters)) < 6 or not (self.letters.isalpha() and self.letters.isupper()):
            raise ValueError(f"letters={self.letters!r}; expected at least 6 different letters A-Z")
        if len(set(self.letters)) != len(self.letters):
            raise ValueError(f"letters={self.letters!r}; a letter stands there twice")
        if self.numbers < 0 or not 0 <= self.max_turn <= 180:
            raise ValueError("numbers must be 0 or more and max_turn between 0 and 180 degrees")
        if not 8 <= self.font_px <= 60 or not 0.5 <= self.line_px <= 8:
            raise ValueError(
                f"font_px={self.font_px} and line_px={self.line_px}: expected 8 to 60 and 0.5 to 8 px"
            )
        if not 48 <= self.image_size <= 2048:
            raise ValueError(f"image_size={self.image_size}; expected 48 to 2048 pixels")


@dataclass
class NegativesConfig:
    """How many hard negatives a sample gets at most, by kind. Fewer where the scene allows no more."""

    rule: int = 10
    """Edited captions."""
    image: int = 5
    """Pictures of edited scenes."""
    retrieval: int = 10
    """Captions of other samples that are false of the scene."""
    mining: MiningConfig = field(default_factory=MiningConfig)
    """How retrieval negatives are found and chosen; the default takes the nearest by tf-idf."""

    def __post_init__(self) -> None:
        for name in ("rule", "image", "retrieval"):
            if not 0 <= getattr(self, name) <= 99:
                raise ValueError(f"{name}={getattr(self, name)}; expected 0 to 99")


@dataclass
class Stage:
    """One stage of a curriculum: so many samples of these levels."""

    samples: int = MISSING
    """Samples of the stage."""
    levels: dict[str, float] = MISSING
    """How often each level of difficulty is drawn in it, as in ``scene.levels``."""

    def __post_init__(self) -> None:
        if self.samples != MISSING and self.samples < 1:
            raise ValueError(f"samples={self.samples}; expected at least 1")
        if isinstance(self.levels, dict):
            _check_levels("levels", self.levels)


@dataclass
class BuildConfig:
    """A data set made by the scene engine."""

    name: str = MISSING
    """Name of the shards and of the folder under ``runs/data``."""
    splits: dict[str, int] = MISSING
    """Samples per split, e.g. ``{train: 20000, test: 1000}``; sample i is the same for any count."""
    seed: int = 0
    """Seed of everything that is drawn."""
    out: str = ""
    """Output folder; empty means ``runs/data/NAME``."""
    shard_size: int = 1000
    """Samples per tar file."""
    workers: int = 0
    """Processes; 0 means one per core. The result does not depend on it."""
    scene: SceneConfig = field(default_factory=SceneConfig)
    """Figures."""
    curriculum: list[Stage] = field(default_factory=list)
    """Stages that the samples of a split pass through in order; after the last one ``scene.levels`` holds.
    Shards keep that order: train with ``shuffle=false`` or a small ``window``."""
    negatives: NegativesConfig = field(default_factory=NegativesConfig)
    """Hard negatives."""

    def __post_init__(self) -> None:
        check_seed(self.seed)
        if self.name != MISSING and not NAME.fullmatch(self.name):
            raise ValueError(f"name={self.name!r} is not allowed; use letters, digits, '_' and '-'")
        if self.shard_size < 1 or self.workers < 0:
            raise ValueError(
                f"shard_size={self.shard_size} and workers={self.workers}: expected >= 1 and >= 0"
            )
        if isinstance(self.splits, dict):  # not while it is missing
            if not self.splits:
                raise ValueError(
                    "splits is empty; name at least one split with its samples, as {train: 20000}"
                )
            if wrong := [split for split in self.splits if not NAME.fullmatch(split)]:
                raise ValueError(f"splits names {wrong[0]!r}; use letters, digits, '_' and '-'")
            if any(count < 1 for count in self.splits.values()):
                raise ValueError(f"splits is {self.splits}; every split needs at least one sample")
