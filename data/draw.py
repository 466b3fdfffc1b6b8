"""Draw samples of the scene engine again: ``python -m data.draw SHARDS [keys=[...]] [formats=[png,svg,py]]``.

SHARDS is a shard folder, or a folder of splits. A sample keeps the program of its figure and its style: its
picture can be had in any size as PNG, as SVG for papers, and as a standalone matplotlib script, the paper's
diagram code, which a person or an LLM can edit (``python FILE.py OUT.png [SIZE]``). Files are named after
their folder and the number of the sample in it, never after its key.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from rich.table import Table

from configs.load import at_least, load_config, one_of, split_words
from configs.runtime import atomic_write, command, console, runs_root
from data.index import shard_folders
from data.loader import IndexedDataset
from data.sample import Sample
from data.scene.build import Rejected
from data.scene.display import Display, Style
from data.scene.engine import scene_of
from data.scene.layout import layout
from data.scene.render import render, to_png
from data.scene.script import to_script
from data.scene.svg import to_svg
from data.statements import UNREADABLE

FORMATS = ("png", "svg", "py")


@dataclass(kw_only=True)
class DrawConfig:
    """Which samples are drawn, and how."""

    keys: list[str] = field(default_factory=list)
    """Keys of the samples; empty: the first ones."""
    limit: int = 10
    """Samples per folder where no keys are given."""
    formats: list[str] = field(default_factory=lambda: list(FORMATS))
    """What is written of each: ``png``, ``svg``, ``py``."""
    size: int = 336
    """Side of PNG and SVG in pixels."""
    out: str = ""
    """The folder; empty: runs/drawings/NAME, with the name of the shards."""

    def __post_init__(self) -> None:
        at_least(self, 1, "limit")
        for name in self.formats:
            one_of("formats", name, FORMATS)
        if not self.formats or not 48 <= self.size <= 2048:
            raise ValueError(
                f"formats={self.formats}, size={self.size}: name a format, and 48 to 2048 pixels"
            )


def display_of(sample: Sample) -> Display:
    """Return the display list of a sample's figure; raises ValueError where it has none."""
    try:
        display = layout(scene_of(sample.meta), Style(**sample.meta["style"]))
    except (*UNREADABLE, Rejected) as error:
        raise ValueError(
            f"sample {sample.key} holds no program and style of this version ({error!r}); only sets that "
            "data.build wrote can be drawn again: build the set anew"
        ) from error
    if display is None:
        raise ValueError(f"sample {sample.key}: its figure cannot be labelled any more; build the set anew")
    return display


def draw(folder: Path, out: Path, cfg: DrawConfig) -> Iterator[tuple[Path, str]]:
    """Write the chosen samples of one folder; yield each file and the key of its sample."""
    dataset = IndexedDataset([folder])
    for number, sample in _chosen(dataset, cfg):
        display = display_of(sample)
        for kind in cfg.formats:
            path = out / f"{folder.name}-{number:06d}.{kind}"
            with atomic_write(path, "wb") as file:
                file.write(encoded(display, kind, cfg.size))
            yield path, sample.key


def encoded(display: Display, kind: str, size: int) -> bytes:
    """Return a display list as a file of the given kind."""
    if kind == "png":
        return to_png(render(display, size))
    return (to_svg(display, size) if kind == "svg" else to_script(display)).encode()


def _chosen(dataset: IndexedDataset, cfg: DrawConfig) -> Iterator[tuple[int, Sample]]:
    wanted = set(cfg.keys)
    for number in range(len(dataset) if wanted else min(cfg.limit, len(dataset))):
        sample = dataset[number]
        if not wanted or sample.key in wanted:
            yield number, sample


def draw_all(folders: Sequence[Path], out: Path, cfg: DrawConfig) -> Table:
    """Draw from all folders; returns what was written. Raises ValueError for keys that none of them has."""
    table, found = Table("sample", "file"), set()
    for folder in folders:
        for path, key in draw(folder, out, cfg):
            table.add_row(key, path.name)
            found.add(key)
    if missing := sorted(set(cfg.keys) - found):
        raise ValueError(f"no sample has the keys {missing}; the gallery shows the keys of a set")
    return table


@command
def main(argv: list[str]) -> None:
    """Draw the chosen samples."""
    words, options = split_words(argv)
    paths, cfg = [*map(Path, words)], load_config(DrawConfig, options)
    if not paths:
        raise ValueError("no shard folder given; use python -m data.draw SHARDS [keys=[...]] [formats=[svg]]")
    out = Path(cfg.out) if cfg.out else runs_root() / "drawings" / paths[0].resolve().name
    console.print(draw_all([folder for path in paths for folder in shard_folders(path)], out, cfg))
    console.print(f"wrote {out}", markup=False, soft_wrap=True)


if __name__ == "__main__":
    main()
