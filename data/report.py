"""The report of a run: ``python -m data.report RUN_FOLDER`` prints its tables and writes report.html.

Reads ``results.json``, the shards in ``data/test`` (or ``data/train``) and the logs in ``encoders/NAME`` and
``lmm/NAME/STAGE`` beside it. The page is one file that fetches nothing.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from html import escape
from pathlib import Path
from typing import Any

from rich.console import Console

from configs.runtime import atomic_write, command, console
from data.loader import IndexedDataset
from data.reporting import cards, charts, figures
from data.reporting.claims import CLAIM, claims, summary
from data.reporting.page import page, paragraph, section, table, terminal
from data.reporting.results import Results, parse_results, read_results
from data.reporting.sheets import sheets

TITLE = "Hard against random negatives"
EXAMPLES = 6
"""Diagrams shown, out of the first :data:`SEARCHED`, with at most :data:`SHOWN` negatives of each kind."""
SEARCHED, SHOWN = 120, 5
STYLE = """
.claims { list-style: none; padding: 0; margin: 1.2rem 0; border-bottom: 1px solid #e4e4e4; }
.claims li { display: grid; grid-template-columns: 8.5rem 1fr; }
.claims li { padding: .4rem 0; border-top: 1px solid #e4e4e4; }
.claims b { color: #8f2d00; }
.claims b.holds { color: #00603f; }
.claims b.not.measured { color: #555; }
.claims small { display: block; color: #555; font-size: .875rem; }
"""


def print_tables(results: Results | Mapping[str, Any], out: Console = console) -> None:
    """Print claims and tables of a run; settings and environment stand on the page only."""
    results = results if isinstance(results, Results) else parse_results(results)
    for part, found in sheets(results).items():
        for sheet in found if part not in ("settings", "environment") else ():
            out.print(terminal(sheet))
    out.print(*summary(results), markup=False)


def write_report(folder: str | Path, results: Results) -> Path:
    """Write ``folder/report.html`` and return its path; raises ValueError for shards that are damaged."""
    run = Path(folder)
    tables = {section: "".join(map(table, found)) for section, found in sheets(results).items()}
    absent = "The results hold no {}."
    parts = [
        _claim(results),
        section("Retrieval: Hit@1 on four pools", figures.hits(results), tables["encoders"]),
        section("Which edits are seen", figures.operators(results), tables["operators"]),
        section("Paired differences", figures.differences(results), tables["differences"]),
        section("Answers of the LMM", figures.lmms(results), tables["lmms"]),
        section("Public benchmarks", figures.benchmarks(results), tables["benchmarks"]),
        section("Loss curves", figures.curves(run, results)),
        section("Examples", _examples(run, results)),
        section("Cost", tables["seconds"] or paragraph(absent.format("times"))),
        section("Data", tables["data"] or paragraph(absent.format("counts of the data"))),
        section("Settings", tables["settings"] or paragraph(absent.format("settings"))),
        section("Environment", tables["environment"] or paragraph(absent.format("environment"))),
    ]
    path = run / "report.html"
    text = page(TITLE, "".join(parts), charts.STYLE + cards.STYLE + STYLE)
    with atomic_write(path) as file:
        file.write(text)
    return path


def _claim(results: Results) -> str:
    items = "".join(
        f'<li><b class="{claim.verdict}">{claim.verdict}</b><span>{escape(claim.text)}'
        f"<small>{escape(claim.numbers)}</small></span></li>\n"
        for claim in claims(results)
    )
    notes = "".join(f"<li>{escape(note)}</li>\n" for note in results.notes)
    told = f"<h3>Notes of the run</h3>\n<ul>{notes}</ul>\n" if notes else ""
    verdict, *more = summary(results)
    first = f"<p>{escape(CLAIM)} <strong>{escape(verdict)}</strong></p>\n"
    return first + paragraph(" ".join(more)) + f'<ul class="claims">{items}</ul>\n{told}'


def _examples(run: Path, results: Results) -> str:
    """Show held-out samples; words where no shards lie beside the results."""
    data = Path(str((results.raw.get("data") or {}).get("shards") or run / "data"))
    folder = next((data / split for split in ("test", "train") if (data / split).is_dir()), None)
    if folder is None:
        return paragraph(f"No examples: there are no shards in {data.name}/test or {data.name}/train.")
    samples = IndexedDataset([folder], limit=SEARCHED)
    chosen = cards.pick([samples[i] for i in range(len(samples))], EXAMPLES)
    told = (
        f"{len(chosen)} of the first {len(samples)} {folder.name} samples, one template after the other, at "
        f"most {SHOWN} negatives of each kind. Words that were changed are marked. The residual says by how "
        "many visible margins the decisive statement misses the truth: 1 is the least that a person can see, "
        "99 a statement about something that is not there."
    )
    return paragraph(told, "muted") + "".join(cards.card(sample, most=SHOWN) for sample in chosen)


@command
def main(argv: list[str]) -> None:
    """Print the tables of a run and write its page."""
    parser = argparse.ArgumentParser(prog="python -m data.report", description=__doc__)
    parser.add_argument("run", type=Path, help="folder of a run, with its results.json")
    run = parser.parse_args(argv).run
    results = read_results(run)
    print_tables(results)
    console.print(f"report: {write_report(run, results)}", markup=False, soft_wrap=True)


if __name__ == "__main__":
    main()
