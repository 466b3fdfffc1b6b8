"""The pages of an ablation: ``python -m data.ablation FOLDER`` prints tables, writes table.md, report.html.

Reads ``FOLDER/results.json`` as ``configs.ablate`` leaves it. The page is one file that fetches nothing.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from configs.load import flatten
from configs.runtime import atomic_write, command, console
from data.reporting import charts
from data.reporting.ablations import SCORES, differences, every_seed, main_table, rows_table
from data.reporting.claims import percent, points
from data.reporting.looks import look
from data.reporting.page import Sheet, figure, markdown, page, paragraph, table, terminal
from data.reporting.results import POOLS, load_results


def read_table(folder: Path) -> dict[str, Any]:
    """Return ``folder/results.json``; raises ValueError for a file that an ablation did not write."""
    give = "the folder of a table that configs.ablate has run"
    path, found = load_results(folder, give=give, again="run configs.ablate again")
    if not isinstance(found, dict) or not {"table", "rows", "differences", "baseline"} <= found.keys():
        raise ValueError(
            f"{path} is not the table of an ablation; give a folder that configs.ablate has written"
        )
    return found


def sheets(found: Mapping[str, Any]) -> list[Sheet]:
    """Return the tables of an ablation, those without rows left out."""
    made = [main_table(found), differences(found), every_seed(found), rows_table(found)]
    return [sheet for sheet in made if sheet.rows]


def words(found: Mapping[str, Any]) -> list[str]:
    """Return what is said before the tables: finding, note, what failed, notes of the runs."""
    seeds = ", ".join(map(str, found["seeds"]))
    said = [f"The paper: {found['finding']}"] if found["finding"] else []
    said += [found["note"]] if found["note"] else []
    said.append(f"Scale {found['scale']}, seeds {seeds}. {SCORES}")
    for name, row in found["rows"].items():
        for seed, reason in row["failed"].items():
            lines = reason.strip().splitlines()
            why = f"{lines[0].partition(';')[0]}: {lines[-1]}"  # without the path of the log
            said.append(f"Not complete: row {name}, seed {seed}. {why}")
    return said + list(found["notes"])


def write_pages(folder: Path, found: Mapping[str, Any]) -> None:
    """Write ``folder/table.md`` and ``folder/report.html``."""
    made = sheets(found)
    text = "\n\n".join([f"# {found['title']}", *words(found), *map(markdown, made)])
    with atomic_write(folder / "table.md") as file:
        file.write(text + "\n")
    about = {**flatten({"settings": found["config"], "environment": found["environment"]})}
    settings = Sheet("Settings", ("option", "value"), "ll", tuple((k, str(v)) for k, v in about.items()))
    parts = [*map(paragraph, words(found)), _hits(found), table(made[0]), _chart(found)]
    body = "".join([*parts, *map(table, made[1:]), table(settings)])
    with atomic_write(folder / "report.html") as file:
        file.write(page(found["title"], body, charts.STYLE))


def _hits(found: Mapping[str, Any]) -> str:
    """Hit@1 per pool, one bar per row."""
    looks = {name: look(i) for i, name in enumerate(found["rows"])}
    groups = []
    for pool in POOLS:
        scores = {n: row["hit@1"][pool] for n, row in found["rows"].items() if pool in row["hit@1"]}
        if scores:
            bars = tuple(charts.Bar(looks[n], s["mean"], tuple(s["ci95"])) for n, s in scores.items())
            one = next(iter(scores.values()))
            remark = f"n {one['n']} · chance {percent(one['chance'])}"
            groups.append(charts.Group(pool, bars, remark, one["chance"]))
    if not groups:
        return paragraph("No row is complete yet.")
    legend = charts.legend([(look, name) for name, look in looks.items()], inline=True)
    text = "Whiskers: 95 % bootstrap intervals over test samples. Dashed: chance."
    return legend + figure(charts.bars(groups, "Hit@1 per pool and row"), text)


def _chart(found: Mapping[str, Any]) -> str:
    """Differences, one chart per pool."""
    parts = []
    for pool in POOLS:
        rows = [
            charts.Difference(
                f"{d['a']} − {d['b']}", d["difference"], d["low"], d["high"], points(d["difference"])
            )
            for d in found["differences"]
            if d["pool"] == pool
        ]
        if rows:
            about = f"Differences in Hit@1 on the {pool} pool, points, 95 % interval of a paired bootstrap"
            parts.append(figure(charts.differences(rows, about), f"{about}; filled where zero is outside."))
    return "".join(parts)


@command
def main(argv: list[str]) -> None:
    """Print the tables of an ablation and write its pages."""
    parser = argparse.ArgumentParser(prog="python -m data.ablation", description=__doc__)
    parser.add_argument("folder", type=Path, help="folder of a table, with its results.json")
    folder = parser.parse_args(argv).folder
    found = read_table(folder)
    for sheet in sheets(found)[:2]:
        console.print(terminal(sheet))
    write_pages(folder, found)


if __name__ == "__main__":
    main()
