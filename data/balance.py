"""Balance the edits: ``python -m data.balance [scenes=N rounds=N]`` writes the templates' ``balance.json``.

"Square" read as "rectangle" stays true and is refused, "rectangle" read as "square" is accepted: left alone,
special figures stand in negatives more often than in positives, and a model that reads captions only gets
better than chance. So every class of figure has a weight with which edits lead to it. Each round draws scenes
and their rule negatives, counts every class among positives and among negatives, and raises the weights of
classes that negatives name too seldom.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from functools import partial
from pathlib import Path
from random import Random

from rich.table import Table

from configs.build import SceneConfig
from configs.load import OVERRIDE
from configs.runtime import command, console, write_json
from data.parallel import ordered, processes
from data.scene.draw import draw_figure
from data.scene.edits import Edited, edits
from data.scene.engine import EDIT_ATTEMPTS
from data.scene.templates import BALANCE, TEMPLATES, classes, figure_class

FILE = Path(__file__).parent / "scene" / "templates" / "balance.json"
NEGATIVES = 10
CHUNK = 100
STEP = 0.7
"""Power of the ratio by which a round corrects a weight."""


def count(weights: dict[str, float], start: int) -> tuple[Counter[str], dict[str, float]]:
    """Return how often positives and negatives of ``CHUNK`` scenes name each class; negatives sum to one."""
    BALANCE.update(weights)
    positive: Counter[str] = Counter()
    negative: dict[str, float] = defaultdict(float)
    for index in range(start, start + CHUNK):
        rng = Random(f"balance/{index}")
        template = rng.choice(list(TEMPLATES))
        program, built = draw_figure(template, SceneConfig(), rng)
        found = []
        for edited in edits(program, built, rng, EDIT_ATTEMPTS * NEGATIVES):
            if isinstance(edited, Edited) and edited.text.verdict == "false":
                found.append(figure_class(edited.program.template, edited.program.params))
            if len(found) == NEGATIVES:
                break
        positive[figure_class(program.template, program.params)] += 1
        for name in found:
            negative[name] += 1 / len(found)
    return positive, negative


def balance(scenes: int, rounds: int) -> dict[str, float]:
    """Return the weight of every class after ``rounds`` corrections, starting from the stored ones."""
    weights = {name: BALANCE.get(name, 1.0) for name in classes()}
    with processes(0) as pool:
        for turn in range(rounds):
            positive: Counter[str] = Counter()
            negative: dict[str, float] = defaultdict(float)
            starts = range(turn * scenes, (turn + 1) * scenes, CHUNK)
            for one, other in ordered(pool, partial(count, weights), starts):
                positive.update(one)
                for name, share in other.items():
                    negative[name] += share
            ratios = {name: (positive[name] + 2) / (negative[name] + 2) for name in weights}
            off = sum(abs(positive[name] - negative[name]) for name in weights) / sum(positive.values())
            console.print(f"round {turn + 1}: {100 * off:.1f} % of negatives in the wrong class")
            weights = {name: round(weights[name] * ratios[name] ** STEP, 4) for name in weights}
    table = Table("class", "positives", "negatives", "weight")
    for name in sorted(weights):
        table.add_row(name, str(positive[name]), f"{negative[name]:.0f}", f"{weights[name]:g}")
    console.print(table)
    return weights


@command
def main(argv: list[str]) -> None:
    """Correct the weights and write them beside the templates."""
    options = {"scenes": 3000, "rounds": 10}
    for word in argv:
        name, _, value = word.partition("=")
        if not OVERRIDE.fullmatch(word) or name not in options or not value.isdigit() or int(value) < 1:
            raise ValueError(f"{word!r} is not understood; usage: python -m data.balance [scenes=N rounds=N]")
        options[name] = int(value)
    write_json(FILE, balance(**options))
    console.print(f"wrote {FILE}", markup=False, soft_wrap=True)


if __name__ == "__main__":
    main()
