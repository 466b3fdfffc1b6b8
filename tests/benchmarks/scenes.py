"""Verified scenes per second on one core, and whether a scene costs the same whatever its number.

``python tests/benchmarks/scenes.py scenes=1000``: positives with their caption and ten rule negatives, each
proved false, before anything is drawn; at sample numbers around 10³, 10⁴, 10⁵ and 10⁶, with the memory held
after each. Told apart: a positive alone, its negatives. A table, and ``runs/bench/scenes.json``.
"""

from __future__ import annotations

import resource
import time
from collections import Counter
from random import Random

from rich.table import Table

from configs.build import SceneConfig
from configs.runtime import command, console, environment, runs_root, write_json
from data.scene.caption import STYLES, caption
from data.scene.draw import draw_figure, template_weights
from data.scene.engine import rule_negatives

NEGATIVES = 10
GOAL = 250.0


@command
def main(argv: list[str]) -> None:
    """Time ``scenes`` scenes from each starting number."""
    scenes = int(dict(word.split("=") for word in argv).get("scenes", 1000))
    cfg = SceneConfig()
    weights = template_weights(cfg)
    table = Table("from sample", "scenes/s", "positive, ms", "10 negatives, ms", "negatives", "resident, MB")
    rows = []
    for start in (0, 10**3, 10**4, 10**5, 10**6):
        spent, found = [0.0, 0.0], 0
        for index in range(start, start + scenes):
            rng, begun = Random(f"bench/{index}"), time.process_time()
            template = rng.choices([*weights], [*weights.values()])[0]
            program, positive = draw_figure(template, cfg, rng)
            caption(positive.stated, index % STYLES)
            between = time.process_time()
            found += len(rule_negatives(cfg, program, positive, index % STYLES, rng, NEGATIVES, Counter()))
            spent[0] += between - begun
            spent[1] += time.process_time() - between
        resident = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000
        rate, parts = scenes / sum(spent), [1000 * part / scenes for part in spent]
        rows.append(
            {"start": start, "scenes_per_s": rate, "ms": parts, "negatives": found, "resident_mb": resident}
        )
        counts = f"{found / scenes:.2f}", f"{resident:.0f}"
        table.add_row(f"{start:,}", f"{rate:.0f}", *(f"{part:.2f}" for part in parts), *counts)
    console.print(table)
    rates = [row["scenes_per_s"] for row in rows[1:]]  # the first warms up
    console.print(f"goal {GOAL:.0f} scenes/s: {min(rates):.0f} to {max(rates):.0f}")
    write_json(out := runs_root() / "bench" / "scenes.json", {"rows": rows, "environment": environment()})
    console.print(f"wrote {out}", markup=False, soft_wrap=True)


if __name__ == "__main__":
    main()
