"""Options of the loader that feeds both training stages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException

from configs.build import BuildConfig
from configs.load import at_least, check_seed, load_config, one_of, to_plain

MODES = ("indexed", "stream", "scenes")
SHARDS_ONLY = ("name", "splits", "seed", "out", "shard_size", "workers")
"""Options of ``data.build`` that say which samples are written where, not what a sample is."""


@dataclass(kw_only=True)
class LoaderConfig:
    """Which samples are read or made, in which order, and how many make a batch."""

    shards: list[str] = field(default_factory=list)
    """Shard folders (each with its index.json), read as one set; stream mode also takes webdataset URLs
    (``https://host/name-{000000..000041}.tar``, ``pipe:aws s3 cp s3://... -``). Not for mode=scenes."""
    mode: str = "indexed"
    """indexed: files on a file system, exact order and exact resume; stream: webdataset's own resampled
    pipeline for object stores and pipes, where a resume is only statistically the same; scenes: no files,
    every sample is a new scene with new negatives, made in the loading processes; exact resume."""
    recipe: Any = None
    """Scenes only, required there: what ``python -m data.build`` takes, a YAML file or a list of files and
    key=value (``[configs/data/scenes.yaml,negatives.retrieval=0]``), or the section itself. Its seed is
    this loader's. The run's config.yaml holds what it says, so that a changed file is noticed."""
    batch_size: int
    """Samples per rank and batch."""
    num_workers: int = 2
    """Loading processes per rank; 0 loads in the training process. Order and content do not depend on it."""
    shuffle: bool = True
    """Draw a new order every epoch; false: stored order. A stream is always shuffled."""
    window: int = 64
    """Shards whose samples are shuffled together: reads stay within this many files at a time."""
    batch_of: str = "random"
    """Which samples come one after the other, and so meet in a batch. random: any. perturbed: the versions of
    one figure that ``data.unfold`` writes. neighbours: a sample and those whose captions are its retrieval
    negatives. Every sample comes once an epoch all the same. The last two read every record at the start, and
    do not keep reads within a window."""
    group_size: int = 11
    """Most samples that come together with perturbed and neighbours."""
    seed: int = 0
    """Seed of the order, epoch e is a function of (seed, e) alone; with mode=scenes of the samples."""
    limit: int | None = None
    """Read only the first this many samples; null: all."""
    max_skipped: int = 0
    """Distinct unusable samples (no caption, damaged picture, over a limit) that each rank may pass over
    before the run stops and names them."""
    epoch_samples: int | None = None
    """Stream and scenes only, required there: samples of all ranks that make one epoch."""

    def __post_init__(self) -> None:
        one_of("mode", self.mode, MODES)
        named = bool(self.shards) and all(isinstance(name, str) and name.strip() for name in self.shards)
        if self.mode != "scenes" and not named:
            raise ValueError(f"shards={self.shards!r} is not allowed; name at least one shard folder")
        at_least(self, 1, "batch_size", "window", "limit", "epoch_samples")
        at_least(self, 0, "num_workers", "max_skipped")
        check_seed(self.seed)
        if (self.mode != "indexed") != (self.epoch_samples is not None):
            raise ValueError(
                f"mode={self.mode} with epoch_samples={self.epoch_samples} is not possible: what has no "
                "end (stream, scenes) needs epoch_samples, an indexed epoch is every sample once"
            )
        if self.mode != "indexed" and (self.limit is not None or not self.shuffle):
            raise ValueError(
                f"mode={self.mode} with limit or shuffle=false is not possible; use mode=indexed"
            )
        one_of("batch_of", self.batch_of, ("random", "perturbed", "neighbours"))
        at_least(self, 2, "group_size")
        if self.batch_of != "random" and (self.mode != "indexed" or not self.shuffle):
            raise ValueError(
                f"batch_of={self.batch_of} with mode={self.mode}, shuffle={self.shuffle} is not possible: it "
                "needs samples that can be read in any order; use mode=indexed with shuffle=true"
            )
        self._check_recipe()

    def _check_recipe(self) -> None:
        if (self.mode == "scenes") != (self.recipe is not None):
            raise ValueError(
                f"recipe={self.recipe!r} with mode={self.mode} is not possible: mode=scenes needs a recipe "
                "(recipe=configs/data/fresh.yaml), the other modes read shards"
            )
        if self.mode != "scenes":
            return
        if self.shards:
            raise ValueError(f"shards={self.shards!r} with mode=scenes is not possible; leave shards out")
        self.recipe = _resolved(self.recipe)
        if found := self.recipe["negatives"]["retrieval"]:
            raise ValueError(
                f"recipe asks for negatives.retrieval={found}, and mode=scenes has none: they are captions "
                "of other samples, which do not exist yet. Set negatives.retrieval=0 in the recipe "
                "(recipe=[FILE.yaml,negatives.retrieval=0]), or build shards and use mode=indexed"
            )

    def build_config(self) -> BuildConfig:
        """Return the recipe of mode=scenes as the scene engine takes it, with this loader's seed."""
        return _build_config(self.recipe, self.seed)


@dataclass(kw_only=True)
class UnfoldConfig:
    """``python -m data.unfold SHARDS out=FOLDER``: perturbed pictures as samples of their own."""

    out: str
    """Shard folder to write."""
    shard_size: int = 1000
    """Samples per tar file."""

    def __post_init__(self) -> None:
        at_least(self, 1, "shard_size")


def _resolved(recipe: Any) -> dict[str, Any]:
    """Return a recipe, given in any of its forms, as a plain section with every option."""
    if not isinstance(recipe, str | list | Mapping):
        raise ValueError(f"recipe={recipe!r} is not allowed; use a YAML file, a list of them, or a section")
    try:
        if isinstance(recipe, Mapping):
            made = _build_config(recipe, seed=0)
        else:
            given = [recipe] if isinstance(recipe, str) else map(str, recipe)
            made = load_config(BuildConfig, [*given, "splits={any: 1}", "name=any"])
    except ValueError as error:
        raise ValueError(f"recipe: {error}") from error
    return {key: value for key, value in to_plain(made).items() if key not in SHARDS_ONLY}


def _build_config(recipe: Mapping[str, Any], seed: int) -> BuildConfig:
    if wrong := [key for key in recipe if key in SHARDS_ONLY]:
        raise ValueError(f"{wrong[0]} does not belong here; a recipe says how samples are, not which")
    rest = {"name": "any", "splits": {"any": 1}, "seed": seed}
    try:
        merged = OmegaConf.merge(OmegaConf.structured(BuildConfig), dict(recipe), rest)
        made = OmegaConf.to_object(merged)
    except OmegaConfBaseException as error:
        raise ValueError(str(error).splitlines()[0]) from error
    assert isinstance(made, BuildConfig)
    return made
