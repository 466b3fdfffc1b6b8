"""Are any of our negatives true? ``python tests/benchmarks/negatives.py negatives=1000000``

Draws scenes evenly over all templates with ten rule and ten image negatives each, and judges every negative
with the independent judge of the tests (``tests/data/scene/brute.py``: complex numbers, nothing shared with
the engine's predicates). A rule negative's words are read back into statements (``reader.py``) and held
against the positive's picture, an image negative's picture against the words of the positive's caption.
Counted by template and operator: negatives, those that are true, those that nobody could see to be false. A
table, ``runs/bench/negatives.json``, and exit code 1 if one is true.
"""

from __future__ import annotations

import importlib.util
import sys
from collections import Counter
from functools import partial
from pathlib import Path
from random import Random

from rich.progress import track
from rich.table import Table

from configs.build import SceneConfig
from configs.runtime import command, console, environment, runs_root, write_json
from data.parallel import ordered, processes
from data.scene.build import build
from data.scene.caption import STYLES, caption
from data.scene.draw import draw_figure, frequencies, template_weights
from data.scene.edits import Edited, Editor
from data.scene.engine import VERSION
from data.scene.templates import TEMPLATES

CHUNK = 100
NEGATIVES = 10
KEPT = 20
"""Captions of true negatives that are kept to be looked at."""


def _load(name: str):
    path = Path(__file__).parents[1] / "data" / "scene" / f"{name}.py"
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def judge(start: int) -> tuple[Counter[tuple[str, str, str]], list[str]]:
    """Judge the negatives of ``CHUNK`` scenes: counts by (template, operator, verdict), and true ones."""
    brute, read = _load("brute"), _load("reader").read_caption
    cfg = SceneConfig()
    shares = frequencies(tuple(template_weights(cfg).items()))
    counts: Counter[tuple[str, str, str]] = Counter()
    wrong = []
    for index in range(start, start + CHUNK):
        rng = Random(f"negatives/{index}")
        template = list(TEMPLATES)[index % len(TEMPLATES)]
        program, positive = draw_figure(template, cfg, rng)
        style = index % STYLES
        for kind in ("rule", "image"):
            editor = Editor(kind, shares, cfg.letters if kind == "image" or index % 2 else "")
            for edited in editor.edits(program, positive, rng, NEGATIVES):
                if not isinstance(edited, Edited):
                    continue
                said = edited.stated if kind == "rule" else positive.stated
                scene = positive.scene if kind == "rule" else build(edited.program).scene
                facts = read(text := caption(said, style))
                if any(brute.visibly_false(fact, scene) for fact in facts):
                    verdict = "false"
                elif all(brute.holds(fact, scene) for fact in facts):
                    verdict = "true"
                else:
                    verdict = "not visible"
                for operator in {edit.operator for edit in edited.edits}:
                    counts[template, f"{kind} {operator}", verdict] += 1
                counts["", kind, verdict] += 1
                if verdict != "false":
                    wrong.append(f"{verdict}: {template} {index} {kind}: {text}")
    return counts, wrong


@command
def main(argv: list[str]) -> None:
    """Judge at least ``negatives`` negatives on all cores."""
    wanted = int(dict(word.split("=") for word in argv).get("negatives", 1_000_000))
    counts: Counter[tuple[str, str, str]] = Counter()
    wrong: list[str] = []
    starts = range(0, -(-wanted // (2 * NEGATIVES - 1)), CHUNK)
    with processes(0) as pool:
        for found, true in track(
            ordered(pool, partial(judge), starts), "judging", len(starts), console=console
        ):
            counts.update(found)
            wrong += true[: KEPT - len(wrong)]
    verdicts = ("false", "true", "not visible")
    names = sorted({name for template, name, _ in counts if template})
    table = Table("kind and operator", *verdicts, "templates", title=f"engine version {VERSION}")
    rows = {}
    for name in ("rule", "image", *names):
        rows[name] = {
            v: sum(n for (_, other, verdict), n in counts.items() if (other, verdict) == (name, v))
            for v in verdicts
        }
        templates = len({template for template, other, _ in counts if other == name and template}) or len(
            TEMPLATES
        )
        table.add_row(name, *(f"{count:,}" for count in rows[name].values()), str(templates))
    console.print(table)
    for line in wrong:
        console.print(line, markup=False, soft_wrap=True)
    result = {"rows": rows, "wrong": wrong, "version": VERSION, "environment": environment()}
    result["by_template"] = {f"{t}: {name}: {v}": n for (t, name, v), n in sorted(counts.items()) if t}
    write_json(out := runs_root() / "bench" / "negatives.json", result)
    console.print(f"wrote {out}", markup=False, soft_wrap=True)
    if any(row["true"] or row["not visible"] for row in rows.values()):
        sys.exit(1)


if __name__ == "__main__":
    main()
