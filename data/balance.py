"""Balance the edits: ``python -m data.balance [scenes=N rounds=N]`` writes the templates' ``balance.json``.

"Square" read as "rectangle" stays true and is refused, "rectangle" read as "square" is accepted: left alone,
special figures stand in negative captions more often than in positives, and a model that reads captions only
gets better than chance. With edited pictures it is the other way round. So every class of figure has, for
each kind of negative, a weight with which edits lead to it. Each round draws scenes and their negatives,
counts every class among positives and among negatives, and raises the weights of classes that negatives show
too seldom.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from functools import partial
from itertools import islice
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

Weights = dict[str, dict[str, float]]
"""Kind of negative, class of figure, weight."""
Shares = dict[str, dict[str, float]]
"""Kind of negative, class of figure, how many scenes' worth of negatives show it."""


def count(weights: Weights, start: int) -> tuple[Counter[str], Shares]:
    """Return how often positives and negatives of ``CHUNK`` scenes show each class; negatives sum to one."""
    BALANCE.update(weights)
    positive: Counter[str] = Counter()
    shares: Shares = {kind: defaultdict(float) for kind in weights}
    for index in range(start, start + CHUNK):
        rng = Random(f"balance/{index}")
        template = rng.choice(list(TEMPLATES))
        program, built = draw_figure(template, SceneConfig(), rng)
        positive[figure_class(program.template, program.params)] += 1
        for kind, negative in shares.items():
            tried = edits(program, built, rng, EDIT_ATTEMPTS * NEGATIVES, kind)
            found = list(islice((e.program for e in tried if isinstance(e, Edited)), NEGATIVES))
            for edited in found:
                negative[figure_class(edited.template, edited.params)] += 1 / len(found)
    return positive, shares


def balance(scenes: int, rounds: int) -> Weights:
    """Return the weights after ``rounds`` corrections, starting from the stored ones."""
    weights = {kind: {name: stored.get(name, 1.0) for name in classes()} for kind, stored in BALANCE.items()}
    with processes(0) as pool:
        for turn in range(rounds):
            positive: Counter[str] = Counter()
            negative: Shares = {kind: defaultdict(float) for kind in weights}
            starts = range(turn * scenes, (turn + 1) * scenes, CHUNK)
            for shown, shares in ordered(pool, partial(count, weights), starts):
                positive.update(shown)
                for kind, found in shares.items():
                    for name, share in found.items():
                        negative[kind][name] += share
            for kind, found in negative.items():
                off = sum(abs(positive[name] - found[name]) for name in classes()) / sum(positive.values())
                console.print(f"round {turn + 1}, {kind}: {100 * off:.1f} % of negatives in the wrong class")
                for name, weight in weights[kind].items():
                    ratio = (positive[name] + 2) / (found[name] + 2)
                    weights[kind][name] = round(weight * ratio**STEP, 4)
    table = Table("kind", "class", "positives", "negatives", "weight")
    for kind, found in weights.items():
        for name, weight in sorted(found.items()):
            table.add_row(kind, name, str(positive[name]), f"{negative[kind][name]:.0f}", f"{weight:g}")
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
