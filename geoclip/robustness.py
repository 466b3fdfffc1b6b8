"""What an evaluation is repeated under: disturbed pictures, or the same scenes drawn otherwise."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import partial

from configs.geoclip import RetrievalConfig
from data.disturb import downscale_sample, rotate_sample
from data.loader import IndexedDataset
from data.sample import Sample

Change = Callable[[Sample], Sample]


def disturbances(cfg: RetrievalConfig, size: int) -> dict[str, Change]:
    """Return the disturbances of pictures that are asked for, by name; ``size`` is the tower's picture."""
    found: dict[str, Change] = {}
    for degrees in cfg.rotate:
        found[f"turned by {degrees:g}°"] = partial(rotate_sample, degrees=degrees)
    for factor in cfg.downscale:
        found[f"scaled down by {factor:g}"] = partial(downscale_sample, factor=factor, size=size)
    return found


def same_scenes(a: IndexedDataset, b: IndexedDataset, limit: int | None) -> set[str]:
    """Return the keys under which two sets hold the same scene, whatever numbers it tells.

    Raises ValueError where samples have no scene, or no two are the same.
    """
    scenes = [dict(_scene(data[i]) for i in range(min(len(data), limit or len(data)))) for data in (a, b)]
    same = {key for key, scene in scenes[0].items() if scenes[1].get(key) == scene}
    if not same:
        raise ValueError(
            f"other_data={b.files[0].parent} and {a.files[0].parent} have no scene in common; build both "
            "from one recipe, with the same seed and split, and only scene.markings different"
        )
    return same


def _scene(sample: Sample) -> tuple[str, str]:
    program = sample.meta.get("program")
    if not isinstance(program, Mapping):
        raise ValueError(
            f"other_data: sample {sample.key!r} has no scene (meta.program), so nothing says that two "
            "samples show the same; this comparison is for sets of the scene engine"
        )
    kept = {name: value for name, value in program.items() if name not in ("numbers", "given")}
    return sample.key, json.dumps(kept, sort_keys=True)
