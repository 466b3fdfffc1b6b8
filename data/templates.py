"""The table of templates: ``python -m data.templates [programs=400]``.

For every template its level, version and family, what it shows, its parameters and ranges, the kinds of
statements its captions make, and which share of drawn programs is accepted, with the reasons against the
others. A table in the terminal, and ``runs/templates.json`` with everything.
"""

from __future__ import annotations

from collections import Counter
from functools import partial
from random import Random
from typing import Any

from rich.progress import track
from rich.table import Table

from configs.build import SceneConfig
from configs.load import OVERRIDE
from configs.runtime import command, console, runs_root, write_json
from data.parallel import ordered, processes
from data.scene.build import Rejected, build
from data.scene.display import Style
from data.scene.draw import draw_program, draw_variant
from data.scene.layout import layout
from data.scene.templates import FAMILIES, TEMPLATES

PROGRAMS = 400
REASONS = 2


def describe(programs: int, name: str) -> dict[str, Any]:
    """Draw ``programs`` programs of a template; say what it is and how many are accepted, labels included."""
    template, rng, cfg = TEMPLATES[name], Random(name), SceneConfig()
    family = FAMILIES[template.family]
    rejected: Counter[str] = Counter()
    given: Counter[str] = Counter()
    for _ in range(programs):
        try:
            built = build(draw_program(name, draw_variant(name, rng), cfg, rng))
        except Rejected as reason:
            rejected[str(reason)] += 1
            continue
        if layout(built.scene, Style(font_px=cfg.font_px, line_px=cfg.line_px)) is None:
            rejected["labels collide"] += 1
            continue
        given.update({str(fact.value) if fact.kind == "shape" else fact.kind for fact in built.stated})
    return {
        "name": name,
        "version": template.version,
        "level": template.level,
        "family": family.name,
        "shows": {parameter: sorted(set(values)) for parameter, values in template.shows.items()},
        "ranges": {parameter: list(values) for parameter, values in family.ranges.items()},
        "operators": ["letters", "number", "substitute", *sorted({c.operator for c in family.choices})],
        "states": dict(given.most_common()),
        "accepted": 1 - sum(rejected.values()) / programs,
        "rejected": dict(rejected.most_common()),
    }


@command
def main(argv: list[str]) -> None:
    """Describe all templates."""
    options = {"programs": PROGRAMS}
    for word in argv:
        name, _, value = word.partition("=")
        if not OVERRIDE.fullmatch(word) or name not in options or not value.isdigit() or int(value) < 1:
            raise ValueError(f"{word!r} is not understood; usage: python -m data.templates [programs=400]")
        options[name] = int(value)
    table = Table("template", "level", "v", "states", "accepted", "rejected most", title="templates")
    rows = []
    with processes(0) as pool:
        work = ordered(pool, partial(describe, options["programs"]), TEMPLATES)
        for row in track(work, "drawing", len(TEMPLATES), console=console):
            rows.append(row)
            share = options["programs"] / 100
            why = [f"{reason} {n / share:.0f} %" for reason, n in list(row["rejected"].items())[:REASONS]]
            cells = row["name"], row["level"], str(row["version"]), ", ".join(row["states"])
            table.add_row(*cells, f"{100 * row['accepted']:.0f} %", ", ".join(why))
    console.print(table)
    write_json(out := runs_root() / "templates.json", rows)
    console.print(f"wrote {out}", markup=False, soft_wrap=True)


if __name__ == "__main__":
    main()
