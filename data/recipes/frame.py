"""The frame of every recipe: records in, verified samples out, everything else counted and named.

A recipe says in one file how one public layout becomes samples (:class:`Recipe`); the frame reads its files,
keeps pictures below ``root``, leaves out what cannot be used up to a limit, writes resumable shards, and
tells what was read, written and refused. Letters outside A to Z and Chinese text are kept and noted. Pictures
become grey, as all of the project's: a question about colours can no longer be answered.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

from rich.markup import escape
from rich.progress import Progress, TextColumn
from rich.table import Table

from configs.load import at_least, load_config, one_of, split_words
from configs.runtime import console, printable, runs_root
from data.recipes.entry import Entry, fingerprint
from data.recipes.records import Row, digest, read_records
from data.recipes.tally import NAMED, Tally, TooManyRefused
from data.resumable import resume_shards
from data.sample import Sample, SampleError

CHUNK = 256  # records in memory at a time


@dataclass(kw_only=True)
class ImportConfig:
    """Where the pictures are and where the shards go."""

    root: str
    """Folder of the pictures. Relative paths start here; a path that leads out of it is refused."""
    strip: str = ""
    """Beginning of absolute paths in the file that ``root`` stands for, e.g. /home/authors/images."""
    out: str = ""
    """Shard folder to write; empty: runs/data/NAME/train, or .../test for a benchmark."""
    keep: str = "all"
    """all, or captions: leave out samples without a caption, which stage 1 could not use."""
    shard_size: int = 1000
    """Samples per tar file."""
    max_refused: int = 20
    """Records and negatives that may be refused before the import stops."""

    def __post_init__(self) -> None:
        one_of("keep", self.keep, ("all", "captions"))
        at_least(self, 1, "shard_size")
        at_least(self, 0, "max_refused")


@dataclass(frozen=True)
class Recipe:
    """How one public set becomes samples.

    ``convert(record, entry, config)`` returns :meth:`data.recipes.entry.Entry.sample`, or raises
    :class:`data.sample.SampleError` with the reason alone. ``published`` are the numbers of records its
    authors give, by name of the part. With ``shared_ids`` records may share an id, as LLaVA's do, which name
    pictures.
    """

    name: str
    source: str
    licence: str
    files: str
    convert: Callable[[Any, Entry, Any], Sample]
    read: Callable[[Sequence[Path]], Iterator[Row]] = read_records
    config: type[ImportConfig] = ImportConfig
    split: str = "train"
    published: Mapping[str, int] | None = None
    shared_ids: bool = False


def import_records(recipe: Recipe, files: Sequence[Path], cfg: ImportConfig) -> dict[str, Any]:
    """Write the shards of a set and return their index; a complete folder of the same input is reused.

    ``index`` tells ``records``, ``refused_records``, ``left_out``, ``rejected`` and ``notes`` by reason, and
    the first names of each in ``names``. Raises ValueError for input of another layout, and beyond
    ``max_refused``: full shards are kept then, and the next run goes on after them.
    """
    root = Path(cfg.root).resolve()
    if not root.is_dir():
        raise ValueError(f"root={cfg.root} is no folder; name the folder of the pictures")
    made_from = {"files": [digest(path) for path in files], "root": str(root), **_settings(cfg)}
    tally = Tally(cfg.max_refused)
    told: dict[str, Any] = {"recipe": made_from}
    entry = partial(
        Entry, root=root, strip=cfg.strip, source=recipe.source, licence=recipe.licence, split=recipe.split
    )
    out = Path(cfg.out) if cfg.out else runs_root() / "data" / recipe.name / recipe.split

    def make(done: list[Any]) -> Iterator[Sample]:
        tally.restore(done)
        yield from _samples(recipe, recipe.read(files), entry, cfg, tally)
        if not tally.records["read"]:
            raise ValueError(f"{', '.join(map(str, files))} hold no record; expected {recipe.files}")
        if not tally.records["written"]:
            raise ValueError(f"no record can be used:\n  {tally.told()}")
        told.update(_told(tally))

    named: dict[str, Any] = {"name": recipe.name, "shard_size": cfg.shard_size}
    try:
        index = resume_shards(make, out, **named, meta=told, journal=tally.journal)
    except TooManyRefused as error:
        kept, again = "nothing was written", ""
        if tally.safe:
            kept = f"{tally.safe} samples are safely written"
            again = " (what was refused among them stays so; to read it again, remove that folder)"
        raise ValueError(
            f"more than max_refused={cfg.max_refused} records or negatives cannot be used; {kept}. "
            f"Repair the input{again}, or raise max_refused to leave them out:\n  {error}"
        ) from error
    done = "written" if tally.records["read"] else "complete, reused"
    console.print(f"{out}: {done}", markup=False, soft_wrap=True)
    return index


def _settings(cfg: ImportConfig) -> dict[str, Any]:
    """Options that change what is written; without ``keep=all``, so that folders of older imports fit."""
    free = ("root", "out", "shard_size", "max_refused")
    return {k: v for k, v in asdict(cfg).items() if k not in free and (k, v) != ("keep", "all")}


def _told(tally: Tally) -> dict[str, Any]:
    return {
        "records": tally.records["read"],
        "refused_records": tally.records["refused"],
        "left_out": tally.records["left out"],
        "rejected": dict(tally.refused),
        "notes": dict(tally.notes),
        "names": dict(tally.names),
    }


@dataclass(frozen=True)
class _Converted:
    """A record after its recipe: the sample and the fingerprint of its content, or why there is none."""

    row: Row
    entry: Entry
    sample: Sample | None = None
    content: str = ""
    error: str = ""


def _samples(
    recipe: Recipe, rows: Iterator[Row], entry: Callable[[str], Entry], cfg: ImportConfig, tally: Tally
) -> Iterator[Sample]:
    """Yield the usable samples after those that the tally knows, converted by threads, in order."""

    def convert(job: tuple[int, Row]) -> _Converted:
        at, row = job
        made = entry(f"{at:08d}")
        if row.error is not None:
            return _Converted(row, made, error=row.error)
        try:
            sample = recipe.convert(row.value, made, cfg)
            return _Converted(row, made, sample, fingerprint(sample))
        except SampleError as error:
            return _Converted(row, made, error=str(error))
        except (TypeError, ValueError, LookupError, AttributeError) as error:  # a field of another type
            told = f"record cannot be read ({type(error).__name__}: {error})"
            return _Converted(row, made, error=told[:120])

    columns = (*Progress.get_default_columns(), TextColumn("{task.fields[told]}"))
    jobs = islice(enumerate(rows), tally.records["read"], None)
    with ThreadPoolExecutor() as pool, Progress(*columns, console=console) as bar:  # Pillow lets threads run
        task = bar.add_task(recipe.name, total=1.0, told="")
        while chunk := list(islice(jobs, CHUNK)):
            for converted in pool.map(convert, chunk):
                tally.count("read")
                if sample := _accepted(converted, recipe.shared_ids, cfg.keep, tally):
                    tally.count("written")
                    yield sample
            bar.update(task, completed=chunk[-1][1].done, told=_counts(tally))


def _counts(tally: Tally) -> str:
    refused = f", {tally.refused.total():,} refused" if tally.refused else ""
    return f"{tally.records['read']:,} read, {tally.records['written']:,} written{refused}"


def _accepted(made: _Converted, shared_ids: bool, keep: str, tally: Tally) -> Sample | None:
    """Return the sample if it is to be written; count and name all that is wrong or remarkable with it."""
    name, sample = made.row.name, made.sample
    if sample is None:
        tally.refuse(made.error, name)
        return None
    for reason, detail in made.entry.dropped:
        tally.refuse(reason, f"{name}.{detail}", record=False)
    content_is_new = tally.is_new(f"content {made.content}")
    if (given := sample.meta.get("id")) is not None and not tally.is_new(f"id {given}"):
        if not (shared_ids and content_is_new):
            tally.refuse("id appears twice", f"{name} {given!r:.80}")
            return None
        tally.note("id is used again with other content", f"{name} {given!r:.80}")
    elif not content_is_new:
        tally.note("picture and text as in an earlier record", name)
    if keep == "captions" and not sample.caption:
        tally.count("left out")
        return None
    for reason, detail in made.entry.notes:
        tally.note(reason, f"{name} {detail}")
    return sample


def summary(recipe: Recipe, index: Mapping[str, Any]) -> Table:
    """Return what an index tells, as a table: read, written, refused and why, and remarks."""
    table = Table("", "count", "examples", title=recipe.name)
    for part, count in (recipe.published or {}).items():
        table.add_row(f"records published, {part}", str(count), "")
    table.add_row("records read", str(index["records"]), "")
    table.add_row("samples written", str(index["samples"]), "")
    for what, count in index["counts"].get("texts", {}).items():
        table.add_row(f"  with {what}", str(count), "")
    for kind, count in index["counts"]["kinds"].items():
        table.add_row(f"{kind} negatives", str(count), "")
    for name, what in (("refused_records", "records refused"), ("left_out", "left out: no caption")):
        if index.get(name):
            table.add_row(what, str(index[name]), "")
    for prefix, counts in (("refused", index["rejected"]), ("note", index.get("notes", {}))):
        for reason, count in counts.items():
            named = index.get("names", {}).get(reason, [])
            table.add_row(f"{prefix}: {reason}", str(count), escape(printable(", ".join(named[:NAMED]))))
    return table


def run(recipe: Recipe, argv: Sequence[str]) -> None:
    """Import the files of a command line, ``FILE ... key=value ...``, and print the summary."""
    words, options = split_words(argv)
    files, cfg = [*map(Path, words)], load_config(recipe.config, options)
    if not files:
        raise ValueError(
            f"no file given; use python -m data.recipes {recipe.name} FILE ... root=IMAGES ({recipe.files})"
        )
    console.print(summary(recipe, import_records(recipe, files, cfg)))
