"""Perturbed pictures as samples of their own: ``python -m data.unfold SHARDS out=FOLDER``.

Every image negative that tells its own caption (``shows``, as the scene engine writes it) becomes a sample,
beside the positive; ``meta.group`` of all of them is the positive's key. Trained in-batch, once with
``train.batch_of=random`` and once with ``train.batch_of=perturbed``, they are the paper's comparison of a
random batch with a batch of perturbed images. Negatives are left out: here the others of a batch are that.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from rich.progress import track

from configs.data import UnfoldConfig
from configs.load import load_config, split_words
from configs.runtime import command, console
from data.index import read_index
from data.loader import IndexedDataset
from data.sample import Sample
from data.shards import write_shards

GROUP = "group"
"""Where ``meta`` names the figure that a sample is a version of."""


def unfold(sample: Sample) -> Iterator[Sample]:
    """Yield the positive without its negatives, and every perturbed picture that has a caption."""
    meta = {GROUP: sample.key}
    yield replace(sample, images={"png": sample.image}, negatives=(), meta={**sample.meta, **meta})
    for at, negative in enumerate(n for n in sample.negatives if n.image is not None):
        if negative.shows is None:
            continue
        told = {"program": negative.shows["program"]} if negative.shows.get("program") else {}
        yield Sample(
            key=f"{sample.key}-{at:02d}",
            caption=negative.shows["caption"],
            images={"png": sample.images[str(negative.image)]},
            facts=tuple(negative.shows.get("facts") or ()),
            split=sample.split,
            source=sample.source,
            licence=sample.licence,
            meta={**told, **meta},
        )


def unfold_shards(shards: Path, cfg: UnfoldConfig) -> dict[str, Any]:
    """Write the unfolded samples of ``shards`` to ``cfg.out`` and return its index.

    Raises ValueError for shards whose image negatives have no captions, so that no pair can be made.
    """
    source = read_index(shards)
    recipe = {"unfolded": source["offsets_sha256"], "shards": [s["sha256"] for s in source["shards"]]}
    counts: Counter[str] = Counter()
    dataset = IndexedDataset([shards])

    def samples() -> Iterator[Sample]:
        for i in track(range(len(dataset)), "unfolding", console=console):
            sample = dataset[i]
            if not sample.caption:
                counts["sample without a caption"] += 1
                continue
            pairs = list(unfold(sample))
            counts["perturbed"] += len(pairs) - 1
            counts["picture without a caption"] += sum(n.kind == "image" for n in sample.negatives)
            counts["picture without a caption"] -= len(pairs) - 1
            yield from pairs
        if not counts["perturbed"]:
            raise ValueError(
                f"{shards}: none of {counts['picture without a caption']} image negatives tells the caption "
                "of its picture (negatives[i].shows), so no pairs can be made of them; build the shards with "
                "this version of data.build and negatives.image above 0"
            )

    meta = {"recipe": recipe, "seed": source.get("seed"), "rejected": counts}
    return write_shards(samples(), cfg.out, name=source["name"], shard_size=cfg.shard_size, meta=meta)


@command
def main(argv: list[str]) -> None:
    """Write the shards and say how many samples they hold."""
    words, options = split_words(argv)
    paths, cfg = [*map(Path, words)], load_config(UnfoldConfig, options)
    if len(paths) != 1:
        raise ValueError("give one shard folder; use python -m data.unfold SHARDS out=FOLDER")
    index = unfold_shards(paths[0], cfg)
    told = ", ".join(f"{name} {count}" for name, count in index["rejected"].items() if count)
    console.print(f"wrote {index['samples']} samples ({told}): {cfg.out}", markup=False, soft_wrap=True)


if __name__ == "__main__":
    main()
