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

from configs.load import OVERRIDE, at_least, load_config, one_of
from configs.runtime import console, runs_root
from data.recipes.entry import Entry, fingerprint
from data.recipes.records import Row, digest, read_records
from data.recipes.tally import KEPT, NAMED, Tally, TooManyRefused
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
        if not tally.counts["records"]:
            raise ValueError(f"{', '.join(map(str, files))} hold no record")
        if not tally.counts["written"]:
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
    done = "written" if tally.counts["records"] else "complete, reused"
    console.print(f"{out}: {done}", markup=False, soft_wrap=True)
    return index


def _settings(cfg: ImportConfig) -> dict[str, Any]:
    """Options that change what is written; one that is at its default of always is not told."""
    free = ("root", "out", "shard_size", "max_refused")
    return {k: v for k, v in asdict(cfg).items() if k not in free and (k, v) != ("keep", "all")}


def _told(tally: Tally) -> dict[str, Any]:
    named = {**tally.refused, **tally.notes}
    return {
        "records": tally.counts["records"],
        "refused_records": tally.counts["refused records"],
        "left_out": tally.counts["left out"],
        "rejected": {reason: len(names) for reason, names in tally.refused.items()},
        "notes": {reason: len(names) for reason, names in tally.notes.items()},
        "names": {reason: names[:KEPT] for reason, names in named.items()},
    }


def _samples(
    recipe: Recipe, rows: Iterator[Row], entry: Callable[[str], Entry], cfg: ImportConfig, tally: Tally
) -> Iterator[Sample]:
    """Yield the usable samples after those that the tally knows, converted by threads, in order."""

    def one(job: tuple[int, Row]) -> tuple[Row, Entry, Sample | str, str]:
        at, row = job
        made = entry(f"{at:08d}")
        try:
            if row.error is not None:
                return row, made, row.error, ""
            sample = recipe.convert(row.value, made, cfg)
            return row, made, sample, fingerprint(sample)
        except SampleError as error:
            return row, made, str(error), ""
        except (TypeError, ValueError, LookupError, AttributeError) as error:  # a field of another type
            return row, made, f"record cannot be read ({type(error).__name__}: {error})"[:120], ""

    columns = (*Progress.get_default_columns(), TextColumn("{task.fields[told]}"))
    jobs = islice(enumerate(rows), tally.counts["records"], None)
    # Pillow releases the interpreter lock
    with ThreadPoolExecutor() as pool, Progress(*columns, console=console) as bar:
        task = bar.add_task(recipe.name, total=1.0, told="")
        while chunk := list(islice(jobs, CHUNK)):
            for row, made, sample, mark in pool.map(one, chunk):
                tally.count("records")
                if _accepted(recipe, row, made, sample, mark, cfg, tally):
                    assert isinstance(sample, Sample)
                    tally.count("written")
                    yield sample
            counts = tally.counts
            refused = f"{tally.total():,} refused" if tally.total() else ""
            said = f"{counts['records']:,} read, {counts['written']:,} written {refused}"
            bar.update(task, completed=chunk[-1][1].done, told=said)


def _accepted(
    recipe: Recipe, row: Row, made: Entry, sample: Sample | str, mark: str, cfg: ImportConfig, tally: Tally
) -> bool:
    """True if a record becomes a sample; counts and names all that is wrong or remarkable with it."""
    if isinstance(sample, str):
        tally.refuse(sample, row.name)
        return False
    for reason, detail in made.dropped:
        tally.refuse(reason, f"{row.name}.{detail}", record=False)
    content_is_new = tally.is_new(f"content {mark}")
    if (given := sample.meta.get("id")) is not None and not tally.is_new(f"id {given}"):
        if not (recipe.shared_ids and content_is_new):
            tally.refuse("id appears twice", f"{row.name} {given!r:.80}")
            return False
        tally.note("id is used again with other content", f"{row.name} {given!r:.80}")
    elif not content_is_new:
        tally.note("picture and text as in an earlier record", row.name)
    if cfg.keep == "captions" and not sample.caption:
        tally.count("left out")
        return False
    for reason, detail in made.notes:
        tally.note(reason, f"{row.name} {detail}")
    return True


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
            table.add_row(f"{prefix}: {reason}", str(count), escape(", ".join(named[:NAMED])))
    return table


def run(recipe: Recipe, argv: Sequence[str]) -> None:
    """Import the files of a command line, ``FILE ... key=value ...``, and print the summary."""
    files = [Path(arg) for arg in argv if not OVERRIDE.fullmatch(arg)]
    cfg = load_config(recipe.config, [arg for arg in argv if OVERRIDE.fullmatch(arg)])
    if not files:
        raise ValueError(
            f"no file given; use python -m data.recipes {recipe.name} FILE ... root=IMAGES ({recipe.files})"
        )
    console.print(summary(recipe, import_records(recipe, files, cfg)))
