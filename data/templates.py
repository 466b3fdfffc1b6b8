"""The table of templates: ``python -m data.templates [programs=N]``.

For every template its level, version and family, what it shows, the parameters and their ranges, the kinds of
statements its captions make, and which share of drawn programs is accepted, with the most frequent reasons
against the others. A table in the terminal, and ``runs/templates.json``.
"""

from __future__ import annotations

from collections import Counter
from random import Random
from typing import Any

from rich.progress import track
from rich.table import Table

from configs.build import SceneConfig
from configs.load import OVERRIDE
from configs.runtime import command, console, runs_root, write_json
from data.scene.build import Rejected, build
from data.scene.draw import draw_program, draw_variant
from data.scene.entailment import closure
from data.scene.layout import layout
from data.scene.templates import FAMILIES, TEMPLATES

PROGRAMS = 400
REASONS = 3


def describe(name: str, programs: int) -> dict[str, Any]:
    """Draw ``programs`` programs of a template and say what it is and how many are accepted."""
    template, rng, cfg = TEMPLATES[name], Random(name), SceneConfig()
    family = FAMILIES[template.family]
    rejected: Counter[str] = Counter()
    stated: Counter[str] = Counter()
    follows: Counter[str] = Counter()
    for _ in range(programs):
        try:
            built = build(draw_program(name, draw_variant(name, rng), cfg, rng))
        except Rejected as reason:
            rejected[str(reason)] += 1
            continue
        if layout(built.scene, cfg.drawn_style()) is None:
            rejected["labels collide"] += 1
        kinds = {fact.kind for fact in built.stated}
        stated.update(kinds)
        follows.update({fact.kind for fact in closure(built.stated)} - kinds)
    return {
        "version": template.version,
        "level": template.level,
        "family": family.name,
        "shows": {parameter: sorted(set(values)) for parameter, values in template.shows.items()},
        "ranges": {parameter: [min(values), max(values)] for parameter, values in family.ranges.items()},
        "operators": sorted({choice.operator for choice in family.choices} | {"letters", "number", "substitute"}),
        "given": sorted(stated),
        "derived": sorted(follows),
        "accepted": 1 - sum(rejected.values()) / programs,
        "rejected": dict(rejected.most_common()),
    }
