"""Import the reference data: ``python -m data.recipes.mm_math_align FILE.json ... root=IMAGES [out=...]``.

A file is a JSON list of records with ``positive_image_path``, hard negatives in ``negative_image_path`` or
``negative_captions`` (lists of any length, or both), and ``conversations``, LLaVA turns ``{from, value}``
whose gpt turn is the caption (else ``positive_caption`` or ``caption``). Nothing proves these negatives
false: their verdict is ``unverified``. A record that cannot be used is left out, a negative that cannot be
used is taken off its record; both are counted and named, and more than ``max_refused`` of them stop the
import.
"""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from rich.markup import escape
from rich.progress import track
from rich.table import Table

from configs.load import OVERRIDE, load_config, one_of
from configs.runtime import command, console, runs_root
from data.images import MAX_PIXELS, encode, open_grey
from data.sample import Negative, NegativeKind, Sample, SampleError
from data.shards import write_shards

CHUNK = 256  # records in memory at a time
NAMED = 5


@dataclass(kw_only=True)
class ImportConfig:
    """Where the pictures are and where the shards go."""

    root: str
    """Folder of the pictures. Relative paths start here; a path that leads out of it is refused."""
    strip: str = ""
    """Beginning of absolute paths in the file that ``root`` stands for, e.g. /home/authors/images."""
    out: str = ""
    """Shard folder to write; empty: runs/data/mm_math_align/train."""
    text_kind: str = "rule"
    """How the negative captions were made: rule (edited) or retrieval."""
    shard_size: int = 1000
    """Samples per tar file."""
    max_refused: int = 20
    """Records and negatives that may be refused before the import stops."""

    def __post_init__(self) -> None:
        one_of("text_kind", self.text_kind, ("rule", "retrieval"))
        if self.shard_size < 1 or self.max_refused < 0:
            raise ValueError(
                f"shard_size={self.shard_size}, max_refused={self.max_refused}: at least 1 and 0"
            )


class Refusals:
    """What could not be used: reason and name, with a limit."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.names: dict[str, list[str]] = defaultdict(list)

    def add(self, reason: str, name: str) -> None:
        """Count one; raises ValueError with all names beyond the limit."""
        self.names[reason].append(name)
        if sum(map(len, self.names.values())) > self.limit:
            raise ValueError(
                f"more than max_refused={self.limit} records or negatives cannot be used; nothing was "
                f"written. Repair the input, or raise max_refused to leave them out:\n  {self.told()}"
            )

    def told(self) -> str:
        """All reasons with their counts and first names."""
        return "\n  ".join(
            f"{reason}: {len(names)} ({', '.join(names[:NAMED])}{', ...' if len(names) > NAMED else ''})"
            for reason, names in self.names.items()
        )


def import_records(files: list[Path], cfg: ImportConfig) -> tuple[dict[str, Any], int, Refusals]:
    """Write the shards; return their index, the number of records read, and what was refused."""
    root = Path(cfg.root).resolve()
    if not root.is_dir():
        raise ValueError(f"root={cfg.root} is no folder; name the folder of the pictures")
    records = [(f"{path.name}[{at}]", record) for path in files for at, record in enumerate(_read(path))]
    refusals = Refusals(cfg.max_refused)
    digests = [hashlib.sha256(path.read_bytes()).hexdigest() for path in files]
    if not records:
        raise ValueError(f"{', '.join(map(str, files))} hold no record")
    recipe = {"files": digests, "root": str(root), "strip": cfg.strip, "text_kind": cfg.text_kind}
    rejected: dict[str, int] = {}
    index = write_shards(
        _samples(records, root, cfg, refusals, rejected),
        Path(cfg.out) if cfg.out else runs_root() / "data" / "mm_math_align" / "train",
        name="mm_math_align",
        shard_size=cfg.shard_size,
        meta={"recipe": recipe, "records": len(records), "rejected": rejected},
    )
    return index, len(records), refusals


def convert(key: str, record: Any, root: Path, cfg: ImportConfig) -> tuple[Sample, list[tuple[str, str]]]:
    """Turn one record into a sample; also return reason and detail of every negative that was taken off.

    Raises :class:`data.sample.SampleError`, with the reason alone as its message, for a record without use.
    """
    if not isinstance(record, dict):
        raise SampleError("record is no object")
    for name in ("negative_image_path", "negative_captions"):
        if not isinstance(record.get(name, []), list):
            raise SampleError(f"{name} is no list")
    caption, messages = _caption(record)
    images = {"png": _picture(record.get("positive_image_path"), root, cfg)}
    negatives: list[Negative] = []
    off: list[tuple[str, str]] = []
    for at, path in enumerate(record.get("negative_image_path", [])):
        try:
            picture = _picture(path, root, cfg)
            if picture == images["png"]:
                raise SampleError("negative picture equals the positive one")
        except SampleError as error:
            off.append((str(error), f"negative_image_path[{at}] {path!r:.80}"))
            continue
        member = f"neg{len(images) - 1:02d}.png"
        images[member] = picture
        negatives.append(Negative("image", image=member))
    for at, text in enumerate(record.get("negative_captions", [])):
        if not (isinstance(text, str) and text.strip()):
            off.append(("negative caption is empty or no text", f"negative_captions[{at}]"))
        elif text.strip() == caption:
            off.append(("negative caption equals the caption", f"negative_captions[{at}]"))
        else:
            negatives.append(Negative(cast(NegativeKind, cfg.text_kind), text=text.strip()))
    sample = Sample(
        key=key,
        caption=caption,
        images=images,
        negatives=tuple(negatives),
        source="MM-Math-Align",
        licence="unknown",
        messages=messages,
        meta={"id": record.get("id"), "positive_image_path": record["positive_image_path"]},
    )
    return sample, off


def _read(path: Path) -> list[Any]:
    try:
        records = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ValueError(f"{path} does not exist; name a JSON file of records") from None
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{path} is not valid JSON: {error}") from error
    except OSError as error:
        raise ValueError(f"{path} cannot be read ({error}); name a JSON file of records") from error
    if not isinstance(records, list):
        raise ValueError(f"{path} holds a {type(records).__name__}; expected a list of records")
    return records


def _samples(
    records: list[tuple[str, Any]],
    root: Path,
    cfg: ImportConfig,
    refusals: Refusals,
    rejected: dict[str, int],
) -> Iterator[Sample]:
    def one(at: int) -> tuple[Sample, list[tuple[str, str]]] | str:
        try:
            return convert(f"{at:08d}", records[at][1], root, cfg)
        except SampleError as error:
            return str(error)

    seen: set[str] = set()
    used = 0
    with ThreadPoolExecutor() as pool:  # Pillow releases the interpreter lock
        for start in track(range(0, len(records), CHUNK), "importing", console=console):
            places = range(start, min(start + CHUNK, len(records)))
            for at, made in zip(places, pool.map(one, places), strict=True):
                name = records[at][0]
                if isinstance(made, str):
                    refusals.add(made, name)
                    continue
                sample, off = made
                for reason, detail in off:
                    refusals.add(reason, f"{name}.{detail}")
                if (given := sample.meta["id"]) is not None:
                    if str(given) in seen:
                        refusals.add("id appears twice", f"{name} {given!r:.80}")
                        continue
                    seen.add(str(given))
                used += 1
                yield sample
    if not used:
        raise ValueError(f"no record can be used:\n  {refusals.told()}")
    rejected.update({reason: len(names) for reason, names in refusals.names.items()})


def _caption(record: dict[str, Any]) -> tuple[str, tuple[dict[str, Any], ...] | None]:
    """Return the caption, and the conversation as chat turns if there is one."""
    turns = record.get("conversations")
    if turns is None:
        caption, messages = record.get("positive_caption", record.get("caption")), None
    else:
        if not (isinstance(turns, list) and turns and all(isinstance(turn, dict) for turn in turns)):
            raise SampleError("conversations is no list of turns {from, value}")
        if not all(isinstance(turn.get("value"), str) for turn in turns):
            raise SampleError("conversations has a turn whose value is no text")
        answers = [turn["value"] for turn in turns if turn.get("from") == "gpt"]
        if not answers:
            raise SampleError("conversations has no gpt turn")
        caption = answers[0]
        messages = tuple(_message(turn, first=at == 0) for at, turn in enumerate(turns))
    if not (isinstance(caption, str) and caption.replace("<image>", "").strip()):
        raise SampleError("caption is empty or missing")
    return caption.replace("<image>", "").strip(), messages


def _message(turn: dict[str, Any], *, first: bool) -> dict[str, Any]:
    text = {"type": "text", "text": turn["value"].replace("<image>", "").strip()}
    if turn.get("from") == "gpt":
        return {"role": "assistant", "content": [text]}
    return {"role": "user", "content": [{"type": "image"}, text] if first else [text]}


def _picture(path: Any, root: Path, cfg: ImportConfig) -> bytes:
    """Read a picture below ``root`` and return it as grey PNG."""
    if not (isinstance(path, str) and path.strip() and "\0" not in path):
        raise SampleError("picture path is empty or no path")
    if cfg.strip and path.startswith(cfg.strip):
        path = path.removeprefix(cfg.strip).lstrip("/")
    try:
        found = (root / path).resolve()  # follows links: what counts is where the bytes are
        if not found.is_relative_to(root):
            raise SampleError("picture path leads out of root")
        if not found.is_file():
            raise SampleError("picture does not exist")
        data = found.read_bytes()
    except OSError as error:
        raise SampleError("picture cannot be read") from error
    try:
        return encode(open_grey(data))
    except SampleError as error:
        raise SampleError(f"picture is no PNG or JPEG of at most {MAX_PIXELS} pixels") from error


def _summary(index: dict[str, Any], read: int, refusals: Refusals) -> Table:
    table = Table("", "count", "examples", title="mm_math_align")
    table.add_row("records read", str(read), "")
    table.add_row("samples written", str(index["samples"]), "")
    for kind, count in index["counts"]["kinds"].items():
        table.add_row(f"{kind} negatives", str(count), "")
    for reason, count in index["rejected"].items():
        names = refusals.names.get(reason, [])  # none where a complete folder was reused
        table.add_row(f"refused: {reason}", str(count), escape(", ".join(names[:NAMED])))
    return table


@command
def main(argv: list[str]) -> None:
    """Import the files and print what was read, written and refused."""
    files = [Path(arg) for arg in argv if not OVERRIDE.fullmatch(arg)]
    cfg = load_config(ImportConfig, [arg for arg in argv if OVERRIDE.fullmatch(arg)])
    if not files:
        raise ValueError("no file given; use python -m data.recipes.mm_math_align FILE.json root=IMAGES")
    console.print(_summary(*import_records(files, cfg)))


if __name__ == "__main__":
    main()
