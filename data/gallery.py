"""Look at shards: ``python -m data.gallery SHARDS... [limit=10000] [first=0] [out=FOLDER]`` writes a gallery.

SHARDS is a shard folder, or a folder of splits. Open ``FOLDER/index.html``: pages of samples, each with its
diagram, caption and facts, and beside it every negative with its changed words marked, the changed part of
the diagram outlined, its edits and what was proved. Menus filter by template, kind, operator and verdict, a
field by words; the address keeps the choice. It opens from the disk, without a server, and fetches nothing
from elsewhere::

    index.html              the page with its script
    tables.js               names and counts of what can be filtered
    rows/000000.js          per sample what the filters need, 1000 samples a file
    samples/000000.js       what is shown of 20 samples
    pictures/000000/…png    all pictures of one sample
"""

from __future__ import annotations

import base64
import functools
import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from itertools import accumulate, islice
from pathlib import Path
from typing import Any

from rich.progress import track

from configs.load import at_least, load_config, split_words
from configs.runtime import command, console, fresh_folder, runs_root
from data.index import read_index, shard_folders
from data.loader import IndexedDataset
from data.parallel import ordered, processes
from data.reporting.entries import MENUS, Trait, counts, entry, traits
from data.reporting.page import STYLE
from data.sample import SampleError

PAGE = Path(__file__).parent / "reporting" / "gallery.html"
STEP = 20
"""Samples per page, and per file of what is shown."""
PART = 1000
"""Samples per file of what the filters need."""

Row = tuple[int, str, set[Trait], str, Counter[tuple[str, str]]]
"""Folder, template, traits of the negatives, the text that is searched, and the counts of the negatives."""
UNREADABLE = "unreadable"
"""Kind under which samples are found that cannot be read."""


@dataclass(kw_only=True)
class GalleryConfig:
    """What the gallery shows."""

    limit: int = 10_000
    """Samples per folder; about 36 kB of disk and 25 ms of a core each with 30 negatives."""
    first: int = 0
    """Number of the first sample shown of each folder."""
    out: str = ""
    """The folder; empty: runs/gallery/NAME, with the name of the shards."""
    workers: int = 0
    """Processes; 0 means one per core."""

    def __post_init__(self) -> None:
        at_least(self, 1, "limit")
        at_least(self, 0, "first", "workers")


def write_gallery(folders: Sequence[Path], out: Path, cfg: GalleryConfig, pool: Executor) -> tuple[int, int]:
    """Write the gallery of some shard folders, whose checksums are verified first.

    The folder ``out`` appears when it is complete; a gallery that was there is replaced, anything else is
    refused. A sample that cannot be read is shown as the reason. Returns how many samples are shown, and
    how many of them cannot be read.
    """
    if out.exists() and any(out.iterdir() if out.is_dir() else [out]) and not (out / "tables.js").is_file():
        raise ValueError(f"out={out} exists and is no gallery; choose another folder, or remove it")
    sizes = [read_index(folder)["samples"] for folder in folders]
    for path, size in zip(folders, sizes, strict=True):
        if cfg.first >= size:
            raise ValueError(f"{path} has {size} samples; first={cfg.first} is beyond the last")
    IndexedDataset(folders)  # verifies every shard, once
    shown = sum(min(cfg.limit, size - cfg.first) for size in sizes)
    with fresh_folder(out) as folder:
        work = ordered(pool, functools.partial(_read_page, tuple(folders)), _pages(sizes, cfg), ahead=16)
        pages = track(work, "gallery", -(-shown // STEP), console=console)
        tables, totals = _write_rows(_write_pages(pages, folder), folder)
        names = [path.name for path in folders]
        names = names if len({*names}) == len(names) else list(map(str, folders))
        tables["menus"]["folder"] = [[name, totals["folder", at]] for at, name in enumerate(names)]
        tables |= {
            "folders": names,
            "about": _about(folders, sizes, cfg),
            "step": STEP,
        }
        _call(folder / "tables.js", "tables", tables)
        (folder / "index.html").write_text(page(), encoding="utf-8")
    return shown, totals["kind", UNREADABLE]


def page() -> str:
    """Return ``index.html``: only its own script may run, and what that loads."""
    text = PAGE.read_text(encoding="utf-8").replace("/*STYLE*/", STYLE)
    script = text.partition("<script>")[2].partition("</script>")[0]
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return text.replace("sha256-HASH", f"sha256-{digest}")


def _pages(sizes: Sequence[int], cfg: GalleryConfig) -> Iterator[list[tuple[int, int]]]:
    """Yield page by page folder and number of every sample; numbers go on from folder to folder."""
    starts = accumulate([0, *sizes[:-1]])
    places = (
        (folder, start + i)
        for folder, (start, size) in enumerate(zip(starts, sizes, strict=True))
        for i in range(cfg.first, min(cfg.first + cfg.limit, size))
    )
    while chunk := list(islice(places, STEP)):
        yield chunk


@functools.cache
def _dataset(folders: tuple[Path, ...]) -> IndexedDataset:
    return IndexedDataset(folders, verify=False)


def _read_page(
    folders: tuple[Path, ...], places: list[tuple[int, int]]
) -> list[tuple[Row, dict[str, Any], bytes | None]]:
    """Return row, entry and pictures of every sample of a page; runs in the workers."""
    dataset = _dataset(folders)
    return [_read_sample(dataset, folder, i) for folder, i in places]


def _read_sample(dataset: IndexedDataset, folder: int, i: int) -> tuple[Row, dict[str, Any], bytes | None]:
    try:
        sample = dataset[i]
    except SampleError as error:
        count = Counter([("kind", UNREADABLE)])
        return (folder, "", {(UNREADABLE, "", "")}, str(error).lower(), count), {"error": str(error)}, None
    template = str(sample.meta.get("template") or "")
    text = " ".join([sample.key, sample.caption, template, sample.source])
    return (folder, template, traits(sample), text.lower(), counts(sample)), *entry(sample)


def _write_pages(pages: Iterable[list[tuple[Row, dict[str, Any], bytes | None]]], out: Path) -> Iterator[Row]:
    """Write what is shown page by page, and yield the rows; one process writes and cleans up after Ctrl-C."""
    for chunk, found in enumerate(pages):
        pictures = out / "pictures" / f"{chunk:06d}"
        pictures.mkdir(parents=True)
        for at, (_, _, strip) in enumerate(found):
            if strip is not None:
                (pictures / f"{at:06d}.png").write_bytes(strip)
        _call(out / "samples" / f"{chunk:06d}.js", "samples", chunk, [made for _, made, _ in found])
        yield from (row for row, _, _ in found)


def _write_rows(rows: Iterable[Row], out: Path) -> tuple[dict[str, Any], Counter[tuple[str, Any]]]:
    """Write the rows file by file; return the tables that they point into, and the counts."""
    templates: dict[str, int] = {}
    traits: dict[Trait, int] = {}
    totals: Counter[tuple[str, Any]] = Counter()
    waiting: list[list[Any]] = []
    parts = 0
    for folder, template, found, text, count in rows:
        totals.update(count)
        totals.update([("folder", folder), ("template", template)])
        numbers = [traits.setdefault(trait, len(traits)) for trait in sorted(found)]
        waiting.append([folder, templates.setdefault(template, len(templates)), numbers, text])
        if len(waiting) == PART:
            parts = _write_part(out, parts, waiting)
    if waiting:
        parts = _write_part(out, parts, waiting)
    tables = {"parts": parts, "templates": list(templates), "traits": list(traits)}
    menus = {
        name: [[k, n] for (menu, k), n in totals.items() if menu == name] for name in (*MENUS, "template")
    }
    return tables | {"menus": menus}, totals


def _write_part(out: Path, part: int, rows: list[list[Any]]) -> int:
    _call(out / "rows" / f"{part:06d}.js", "rows", PART * part, rows)
    rows.clear()
    return part + 1


def _call(path: Path, function: str, *arguments: Any) -> None:
    """Write a script of one call; JSON in ASCII is a safe part of any script."""
    values = ", ".join(json.dumps(value, separators=(",", ":")) for value in arguments)
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"{function}({values});\n", encoding="ascii")


def _about(folders: Sequence[Path], sizes: Sequence[int], cfg: GalleryConfig) -> str:
    told = []
    for folder, size in zip(folders, sizes, strict=True):
        last = min(cfg.first + cfg.limit, size) - 1
        told.append(f"{folder}: samples {cfg.first:,} to {last:,} of {size:,}")
    return (
        f"{'; '.join(told)}. Words of a negative that are not in the caption are marked (point at one to "
        "read what it replaced). What differs between two pictures is outlined, dashed where ink is missing, "
        "unless the edit moved the whole figure; click a picture to enlarge it. The residual says by how "
        "many visible margins the decisive statement misses the truth."
    )


@command
def main(argv: list[str]) -> None:
    """Write the gallery."""
    words, options = split_words(argv)
    paths, cfg = [*map(Path, words)], load_config(GalleryConfig, options)
    if not paths:
        raise ValueError(
            "no shard folder given; use python -m data.gallery SHARDS... [limit=10000] [out=FOLDER]"
        )
    folders = [folder for path in paths for folder in shard_folders(path)]
    out = Path(cfg.out) if cfg.out else runs_root() / "gallery" / paths[0].resolve().name
    with processes(cfg.workers) as pool:
        shown, unreadable = write_gallery(folders, out, cfg, pool)
    if unreadable:
        console.print(f"{unreadable} samples cannot be read; the page lists them under kind {UNREADABLE}")
    console.print(f"wrote {out / 'index.html'}: {shown} samples", markup=False, soft_wrap=True)


if __name__ == "__main__":
    main()
