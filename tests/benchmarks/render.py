"""Pictures per second on one core: layout, drawing, PNG; and the reference's way, one script per process.

``python tests/benchmarks/render.py figures=1000 scripts=8``: figures of all templates in turn at 336 px. The
display list, its picture and the file are timed apart; then, in the same run, the scripts of some of them,
each in a fresh interpreter as the paper's route has it, and once more in this one with matplotlib loaded. A
table, and ``runs/bench/render.json``.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from random import Random
from statistics import median
from typing import TypeVar

from rich.table import Table

from configs.build import SceneConfig
from configs.runtime import command, console, environment, runs_root, write_json
from data.scene.display import Display, Style
from data.scene.draw import draw_figure
from data.scene.layout import layout
from data.scene.render import render, to_png
from data.scene.script import to_script
from data.scene.svg import to_svg
from data.scene.templates import TEMPLATES

SIZE = 336
GOAL = 300.0
GOAL_RATIO = 200.0
ROUNDS = 3
"""Every part is timed so often, and the quickest round counts: other work on the machine only adds."""

Given = TypeVar("Given")
Made = TypeVar("Made")


def timed(function: Callable[[Given], Made], items: Iterable[Given]) -> tuple[list[Made], float]:
    """Return all results and the seconds of processor time that one of them takes."""
    items, best, made = list(items), float("inf"), []
    for _ in range(ROUNDS):
        begun = time.process_time()
        made = [function(item) for item in items]
        best = min(best, time.process_time() - begun)
    return made, best / len(items)


def by_process(displays: list[Display]) -> float:
    """Return the median seconds of wall time that a script takes in a fresh interpreter."""
    seconds = []
    with tempfile.TemporaryDirectory() as folder:
        for i, display in enumerate(displays):
            file = Path(folder, f"{i}.py")
            file.write_text(to_script(display), encoding="utf-8")
            begun = time.perf_counter()
            words = [sys.executable, str(file), str(file.with_suffix(".png")), str(SIZE)]
            subprocess.run(words, check=True, env={**os.environ, "OMP_NUM_THREADS": "1"})
            seconds.append(time.perf_counter() - begun)
    return median(seconds)


@command
def main(argv: list[str]) -> None:
    """Time every part over ``figures`` scenes, and ``scripts`` scripts."""
    options = {"figures": "1000", "scripts": "8"} | dict(word.split("=") for word in argv)
    cfg, names = SceneConfig(), [*TEMPLATES]
    scenes = []
    for i in range(int(options["figures"])):
        scenes.append(draw_figure(names[i % len(names)], cfg, Random(f"render/{i}"))[1].scene)
    style = Style(font_px=cfg.font_px, line_px=cfg.line_px)
    laid, layout_s = timed(lambda scene: layout(scene, style), scenes)
    displays = [display for display in laid if display]
    pictures, render_s = timed(lambda display: render(display, SIZE), displays)
    files, png_s = timed(to_png, pictures)
    _, svg_s = timed(to_svg, displays)
    _, script_s = timed(to_script, displays)
    process_s = by_process(displays[: int(options["scripts"])])
    draw_s = render_s + png_s
    table = Table(
        "part",
        "ms",
        "a second",
        title=f"{len(scenes):,} scenes of {len(names)} templates, {SIZE} px, one core",
    )
    rows = {
        "scene to display list": layout_s,
        "display list to picture": render_s,
        "picture to PNG": png_s,
        "display list to PNG": draw_s,
        "scene to PNG": layout_s + draw_s,
        "display list to SVG": svg_s,
        "display list to script": script_s,
        "script in a fresh interpreter (wall)": process_s,
    }
    for name, seconds in rows.items():
        table.add_row(name, f"{1000 * seconds:.2f}", f"{1 / seconds:,.0f}")
    console.print(table)
    console.print(
        f"labels fit in {len(displays) / len(scenes):.0%} of scenes; "
        f"PNG of {sum(map(len, files)) / len(files):,.0f} bytes"
    )
    console.print(
        f"goal {GOAL:.0f} pictures/s: {1 / draw_s:,.0f} drawn, {1 / (layout_s + draw_s):,.0f} with layout"
    )
    console.print(
        f"goal {GOAL_RATIO:.0f} times a script per process: {process_s / draw_s:,.0f} drawn, "
        f"{process_s / (layout_s + draw_s):,.0f} with layout"
    )
    result = {"seconds": rows, "labels_fit": len(displays) / len(scenes), "ratio": process_s / draw_s}
    result |= {"ratio_with_layout": process_s / (layout_s + draw_s), "environment": environment()}
    write_json(out := runs_root() / "bench" / "render.json", result)
    console.print(f"wrote {out}", markup=False, soft_wrap=True)


if __name__ == "__main__":
    main()
