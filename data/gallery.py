"""Look at shards: ``python -m data.gallery SHARDS [limit=50] [first=0] [out=PAGE.html]`` writes a page.

SHARDS is a shard folder, or a folder of splits. The page shows every sample with its diagram, caption and
facts, and every negative with what was changed, verdict and residual. It fetches nothing and runs nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

from configs.load import OVERRIDE, load_config
from configs.runtime import atomic_write, command, console, runs_root
from data.index import INDEX, read_index
from data.loader import IndexedDataset
from data.reporting import cards
from data.reporting.page import Sheet, page, paragraph, table
from data.sample import Sample, SampleError

STYLE = """
.counts { display: flex; flex-wrap: wrap; gap: 0 3rem; }
.card { padding-top: 0; }
.card > header { position: sticky; top: 0; background: #fff; padding: 1rem 0 .6rem; z-index: 1; }
.card > header { box-shadow: 0 6px 6px -7px #0005; }
.facts { color: #555; font-size: .8rem; margin: -.5rem 0 1.5rem; }
.facts b { color: #1b1b1b; font-weight: 600; }
.broken { border-top: 2px solid #333; padding: 1rem 0; color: #8a4b00; }
"""


@dataclass(kw_only=True)
class GalleryConfig:
    """What the page shows."""

    limit: int = 50
    """Samples per folder; about 60 kB of page each."""
    first: int = 0
    """Number of the first sample shown."""
    out: str = ""
    """The page; empty: runs/gallery/NAME.html, with the name of the folder."""

    def __post_init__(self) -> None:
        if self.limit < 1 or self.first < 0:
            raise ValueError(f"limit={self.limit}, first={self.first}: show at least 1 sample, from 0 on")


def gallery(folders: Sequence[Path], cfg: GalleryConfig) -> str:
    """Return the page of some shard folders, whose checksums are verified first."""
    body = "".join(_section(folder, cfg) for folder in folders)
    return page("Samples and their hard negatives", body, cards.STYLE + STYLE)


def shard_folders(path: Path) -> list[Path]:
    """Return ``path`` if it is a shard folder, else those in it; raises ValueError for neither."""
    splits = sorted((index.parent for index in path.glob(f"*/{INDEX}")), key=lambda p: (p.name != "train", p))
    if (path / INDEX).is_file() or not splits:
        read_index(path)
        return [path]
    return splits


def _section(folder: Path, cfg: GalleryConfig) -> str:
    dataset = IndexedDataset([folder])
    shown = range(cfg.first, min(cfg.first + cfg.limit, len(dataset)))
    if not shown:
        raise ValueError(f"{folder} has {len(dataset)} samples; first={cfg.first} is beyond the last")
    index = read_index(folder)
    parts = [f"<h2>{escape(folder.name)}</h2>\n"]
    parts.append(paragraph(f"Samples {shown[0]} to {shown[-1]} of {len(dataset)} in {folder}.", "muted"))
    parts.append(f'<div class="counts">{"".join(map(table, _counts(index)))}</div>\n')
    parts += [_sample(dataset, i) for i in shown]
    return "".join(parts)


def _counts(index: Mapping[str, Any]) -> list[Sheet]:
    counts = index.get("counts") or {}
    groups = {
        "Negatives by kind": counts.get("kinds"),
        "Negatives by operator": counts.get("operators"),
        "Verdicts": counts.get("verdicts"),
        "Rejected, by reason": index.get("rejected"),
    }
    return [
        Sheet(title, ("", ""), "lr", tuple((str(k), f"{v:,}") for k, v in _most_first(group)))
        for title, group in groups.items()
        if isinstance(group, dict) and group and all(isinstance(v, int) for v in group.values())
    ]


def _most_first(group: Mapping[str, int]) -> list[tuple[str, int]]:
    return sorted(group.items(), key=lambda entry: (-entry[1], entry[0]))


def _sample(dataset: IndexedDataset, i: int) -> str:
    try:
        sample = dataset[i]
    except SampleError as error:
        return f'<article class="broken">{escape(str(error))}</article>\n'
    return cards.card(sample) + _facts(sample)


def _facts(sample: Sample) -> str:
    shown = sample.evidence if len(sample.evidence) == len(sample.facts) else ("",) * len(sample.facts)
    facts = [
        f"<b>{escape(_fact(fact))}</b>{escape(f' ({evidence})' if evidence else '')}"
        for fact, evidence in zip(sample.facts, shown, strict=True)
    ]
    return f'<p class="facts">Facts: {" · ".join(facts)}</p>\n' if facts else ""


def _fact(fact: Any) -> str:
    """A fact in words, or as it stands where it is of a foreign form."""
    if not (isinstance(fact, dict) and isinstance(fact.get("args"), list)):
        return str(fact)
    value = "" if fact.get("value") is None else f" = {fact['value']}"
    return f"{fact.get('kind')} {', '.join(map(str, fact['args']))}{value}"


@command
def main(argv: list[str]) -> None:
    """Write the page."""
    paths = [Path(arg) for arg in argv if not OVERRIDE.fullmatch(arg)]
    cfg = load_config(GalleryConfig, [arg for arg in argv if OVERRIDE.fullmatch(arg)])
    if not paths:
        raise ValueError(
            "no shard folder given; use python -m data.gallery SHARDS [limit=50] [out=PAGE.html]"
        )
    folders = [folder for path in paths for folder in shard_folders(path)]
    out = Path(cfg.out) if cfg.out else runs_root() / "gallery" / f"{paths[0].resolve().name}.html"
    text = gallery(folders, cfg)
    with atomic_write(out) as file:
        file.write(text)
    console.print(f"wrote {out}", markup=False, soft_wrap=True)


if __name__ == "__main__":
    main()
