"""The card of a data set: ``python -m data.card SHARDS... [tower=FOLDER] [out=FOLDER]``.

SHARDS is a shard folder, or a folder of splits. Prints the card and writes it there as ``card.json`` and
``card.html``: what is in the set, what was rejected while it was built and how often, how long captions are
in the tokens of a tower and what its window cuts off, how operators are balanced, and where the data come
from.
``data.build`` writes a card without a tower, which counts words.
"""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.progress import track

from configs.load import load_config, split_words
from configs.runtime import atomic_write, command, console, write_json
from data.index import INDEX, open_folder, shard_folders
from data.parallel import ordered, processes
from data.reporting.datacard import card_page, card_sheets
from data.reporting.lengths import Ruler, quantiles, ruler
from data.reporting.page import terminal
from data.reporting.tally import Tally, tally
from data.sample import NEGATIVE_KINDS

CHUNK = 500
GROUPS = {"scene": "scenes", "edit": "edits", "retrieval": "retrieved captions"}
"""What a reason of rejection is about: the word before its colon."""


@dataclass(kw_only=True)
class CardConfig:
    """What the card is measured with."""

    tower: str = ""
    """A save_pretrained folder with tokenizer (and config.json, for the window); empty: lengths in words."""
    out: str = ""
    """Folder of card.json and card.html; empty: SHARDS, of which there must be one then."""
    workers: int = 0
    """Processes; 0 means one per core."""


def write_card(folders: Sequence[Path], out: Path, tower: str, pool: Executor) -> dict[str, Any]:
    """Write ``card.json`` and ``card.html`` of some shard folders to ``out``, and return the card.

    The checksums of the shards are verified first; ``tower`` may be empty.
    """
    rule = ruler(tower)
    indices = [open_folder(folder).index for folder in folders]
    size = sum(index["samples"] for index in indices)
    jobs = [range(at, min(at + CHUNK, size)) for at in range(0, size, CHUNK)]
    work = ordered(pool, functools.partial(tally, tuple(folders), tower), jobs)
    total: Tally = Counter()
    for part in track(work, "card", len(jobs), console=console):
        total.update(part)
    card = summary(folders, indices, total, rule, tower)
    write_json(out / "card.json", card)
    with atomic_write(out / "card.html") as file:
        file.write(card_page(card))
    return card


def up_to_date(folders: Sequence[Path], out: Path) -> bool:
    """True if ``out`` has a card that was written after all of these folders."""
    card = out / "card.json"
    return card.is_file() and all((f / INDEX).stat().st_mtime <= card.stat().st_mtime for f in folders)


def summary(
    folders: Sequence[Path], indices: Sequence[Mapping[str, Any]], total: Tally, rule: Ruler, tower: str
) -> dict[str, Any]:
    """Return the card as plain JSON values."""
    kinds = [kind for kind in NEGATIVE_KINDS if total["kind", kind]]
    return {
        "name": ", ".join(dict.fromkeys(str(index.get("name")) for index in indices)),
        "samples": total["sample",],
        "unreadable": total["unreadable",],
        **{f"{name}s": _part(total, name) for name in ("split", "template", "question", "answer")},
        "negatives_per_sample": quantiles({n: count for n, count in _part(total, "negatives").items()}),
        "negatives": {
            kind: {
                "count": total["kind", kind],
                **{f"{n}s": _part(total, n, kind) for n in ("verdict", "operator")},
            }
            | {"edits": {str(n): count for n, count in sorted(_part(total, "edits", kind).items())}}
            for kind in kinds
        },
        "rejected": rejected(indices),
        "lengths": _lengths(total, rule, tower),
        **{f"{name}s": _part(total, name) for name in ("source", "licence")},
        "shards": [_origin(folder, index) for folder, index in zip(folders, indices, strict=True)],
    }


def rejected(indices: Sequence[Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """Return per group of reasons what was accepted, what not, the rate, and the counts of the reasons.

    The rate is rejected / (accepted + rejected): of scenes drawn, of edits tried, of captions looked at.
    Reasons of imported data are counted beside the samples that were written.
    """
    reasons: Counter[str] = Counter()
    kinds: Counter[str] = Counter()
    for index in indices:
        reasons.update(_whole_numbers(index.get("rejected")))
        kinds.update(_whole_numbers((index.get("counts") or {}).get("kinds")))
    samples = sum(index["samples"] for index in indices)
    accepted = {"scene": samples, "edit": kinds["rule"] + kinds["image"], "retrieval": kinds["retrieval"]}
    found: dict[str, dict[str, Any]] = {}
    for reason, count in sorted(reasons.items(), key=lambda item: (-item[1], item[0])):
        group, colon, words = reason.partition(": ")
        known = bool(colon) and group in GROUPS
        name = GROUPS[group] if known else "records"
        part = found.setdefault(name, {"accepted": accepted[group] if known else samples, "reasons": {}})
        part["reasons"][words if known else reason] = count
    for part in found.values():
        part["rejected"] = sum(part["reasons"].values())
        part["rate"] = part["rejected"] / ((part["rejected"] + part["accepted"]) or 1)
    return found


def _part(total: Tally, *start: Any) -> dict[Any, int]:
    """Return the counts under the keys that begin with ``start``, most frequent first."""
    found = {key[-1]: n for key, n in total.items() if key[:-1] == start}
    return dict(sorted(found.items(), key=lambda item: (-item[1], str(item[0]))))


def _lengths(total: Tally, rule: Ruler, tower: str) -> dict[str, Any]:
    made: dict[str, Any] = {"unit": rule.unit, "window": rule.window, "tower": tower or None}
    texts = {}
    for kind in ("caption", *NEGATIVE_KINDS):
        if counts := _part(total, "length", kind):
            texts[kind] = {**quantiles(counts), "counts": {str(n): counts[n] for n in sorted(counts)}}
            if rule.window is not None:
                texts[kind]["over_window"] = sum(c for n, c in counts.items() if n > rule.window)
            if rule.window is not None and kind != "caption":
                texts[kind] |= {
                    "edited_words": total["words", kind],
                    "edited_words_beyond": total["beyond", kind],
                    "with_edited_word_beyond": total["hidden", kind],
                    "same_as_caption_within": total["twin", kind],
                }
    return made | {"texts": texts}


def _origin(folder: Path, index: Mapping[str, Any]) -> dict[str, Any]:
    told = {
        key: index.get(key)
        for key in ("name", "samples", "seed", "command", "git_revision", "versions", "recipe")
    }
    shards = index["shards"]
    return {"folder": str(folder), **told, "files": len(shards), "bytes": sum(s["bytes"] for s in shards)}


def _whole_numbers(group: Any) -> dict[str, int]:
    """Return what can be counted of a part of a foreign index."""
    return {str(k): v for k, v in group.items() if isinstance(v, int)} if isinstance(group, dict) else {}


@command
def main(argv: list[str]) -> None:
    """Write and print the card."""
    words, options = split_words(argv)
    paths, cfg = [*map(Path, words)], load_config(CardConfig, options)
    if not paths or (len(paths) > 1 and not cfg.out):
        raise ValueError(
            "name one shard folder, or several and out=FOLDER; "
            "use python -m data.card SHARDS... [tower=FOLDER] [out=FOLDER]"
        )
    folders = [folder for path in paths for folder in shard_folders(path)]
    out = Path(cfg.out) if cfg.out else paths[0]
    with processes(cfg.workers) as pool:
        card = write_card(folders, out, cfg.tower, pool)
    for sheet in card_sheets(card):
        console.print(terminal(sheet))
    console.print(f"wrote {out / 'card.html'} and card.json", markup=False, soft_wrap=True)


if __name__ == "__main__":
    main()
