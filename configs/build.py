"""Options of ``python -m data.build``: how many scenes, of which kind, with which negatives."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from string import ascii_uppercase

from omegaconf import MISSING

from configs.load import check_seed, one_of
from configs.retrieval import MiningConfig

NAME = re.compile(r"[A-Za-z0-9_-]+")


LEVELS = ("easy", "medium", "hard")
FONTS = {
    "DejaVu Sans": "DejaVuSans.ttf",
    "DejaVu Serif": "DejaVuSerif.ttf",
    "DejaVu Sans Mono": "DejaVuSansMono.ttf",
    "STIXGeneral": "STIXGeneral.ttf",
}
"""Fonts of figures by the name that matplotlib, which ships them, knows them by, and their files."""
STYLE_LIMITS = {
    "font_px": (8.0, 60.0),
    "line_px": (0.5, 8.0),
    "gap_px": (1.0, 20.0),
    "offset_px": (0.0, 12.0),
    "scale": (0.7, 1.0),
}
"""Least and greatest value of what makes the look of a figure, in pixels of a 336 px picture."""


def check_style(name: str, value: float, prefix: str = "") -> None:
    """Raise ValueError unless ``value`` is within the limits of the style field ``name``."""
    low, high = STYLE_LIMITS[name]
    if not low <= value <= high:
        raise ValueError(f"{prefix}{name}={value!r}; expected {low:g} to {high:g} (px of a 336 px picture)")


def _check_levels(name: str, levels: dict[str, float]) -> None:
    for level, weight in levels.items():
        one_of(name, level, LEVELS)
        if not 0 < weight < float("inf"):
            raise ValueError(f"{name}.{level}={weight}; expected a number above 0")


@dataclass
class StyleConfig:
    """Looks that vary from figure to figure, alike for a picture and its negatives, and tell nothing.

    A range is ``[least, greatest]``; what is empty does not vary.
    """

    font_px: list[float] = field(default_factory=list)
    """Height of letters and digits in pixels of a 336 px picture; empty: ``scene.font_px``."""
    line_px: list[float] = field(default_factory=list)
    """Line width in pixels of a 336 px picture; empty: ``scene.line_px``."""
    offset_px: list[float] = field(default_factory=list)
    """How much farther than needed letters and lengths are from what they name; empty: 0."""
    scale: list[float] = field(default_factory=list)
    """Size of the figure as a share of the room it has; empty: 1. Least distances shrink with it."""
    fonts: list[str] = field(default_factory=list)
    """Fonts to draw from; empty: DejaVu Sans."""

    def __post_init__(self) -> None:
        for name in ("font_px", "line_px", "offset_px", "scale"):
            values = getattr(self, name)
            if values and (len(values) != 2 or values[0] > values[1]):
                raise ValueError(f"{name}={list(values)}; expected [least, greatest], or [] for no range")
            for value in values:
                check_style(name, value)
        for font in self.fonts:
            one_of("fonts", font, list(FONTS))


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
    style: StyleConfig = field(default_factory=StyleConfig)
    """Looks that vary from figure to figure."""
    questions: bool = True
    """Whether every sample carries a question with a worked answer."""
    question_types: list[str] = field(default_factory=list)
    """Types of questions that are asked (``data.scene.questions.TYPES``); empty means all."""

    def __post_init__(self) -> None:
        _check_levels("levels", self.levels)
        if len(set(self.letters)) < 6 or not set(self.letters) <= set(ascii_uppercase):
            raise ValueError(f"letters={self.letters!r}; expected at least 6 different letters A-Z")
        if len(set(self.letters)) != len(self.letters):
            raise ValueError(f"letters={self.letters!r}; a letter stands there twice")
        if self.numbers < 0 or not 0 <= self.max_turn <= 180:
            raise ValueError("numbers must be 0 or more and max_turn between 0 and 180 degrees")
        check_style("font_px", self.font_px)
        check_style("line_px", self.line_px)
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
