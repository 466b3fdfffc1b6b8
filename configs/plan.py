"""From the options of an ablation to its steps: what is built, trained and scored, each once.

A step is named by what decides its result: the resolved options of its command, the steps that it reads, and
the weights that rows start from. Folders are not part of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from configs.ablations import AblationConfig, RowConfig
from configs.build import BuildConfig
from configs.demo import fingerprint
from configs.geoclip import GeoclipConfig, RetrievalConfig
from configs.load import flatten, load_config, to_plain
from configs.objective import needed_kinds
from configs.runs import FREE
from configs.runtime import runs_root
from configs.steps import Step, key_of

Schema = TypeVar("Schema")


@dataclass(frozen=True)
class Cell:
    """One row with one seed: the steps that train it, and the one that scores it."""

    seed: int
    data: Step
    trainings: tuple[Step, ...]
    evaluation: Step
    options: GeoclipConfig | None
    """Of the last training; None for a row that is not trained."""


@dataclass(frozen=True)
class Plan:
    """The cells of every row, and all their steps, each once and after those it needs."""

    cells: dict[str, list[Cell]]
    steps: list[Step]


def plan(cfg: AblationConfig) -> Plan:
    """Return what a table needs; nothing is read but configs and the weights that rows start from.

    Every row's options are loaded strictly: ConfigError names table, row and key.
    """
    planner = _Planner(cfg)
    cells = {
        name: [planner.cell(name, seed) for seed in range(cfg.seeds if row.train is not None else 1)]
        for name, row in cfg.rows.items()
    }
    return Plan(cells, list(planner.steps.values()))


def uses(options: GeoclipConfig) -> dict[str, int | None]:
    """Return how many negatives of each kind the loss terms of a training use; None: all there are."""
    kinds = {kind for part, term in options.terms() for kind in needed_kinds(term, part.negatives)}
    return {
        kind: getattr(options.negatives, kind) for kind in ("retrieval", "rule", "image") if kind in kinds
    }


class _Planner:
    """Makes the steps of a table; equal ones are one."""

    def __init__(self, cfg: AblationConfig) -> None:
        self.cfg, self.scale = cfg, cfg.scales[cfg.scale]
        self.root = Path(cfg.steps) if cfg.steps else runs_root() / "ablations" / "steps"
        self.steps: dict[str, Step] = {}
        self.loaded: dict[tuple[str, ...], Any] = {}  # 30 ms each, and equal for all seeds and many rows
        self.start = _known_start(self.scale.start)
        self.offline = Path(self.scale.start).is_dir()

    def cell(self, name: str, seed: int) -> Cell:
        row = self.cfg.rows[name]
        test, _ = self._build(name, "test", row.test)
        trainings: list[Step] = []
        options, data = None, test
        for link in self.cfg.chain(name):
            data, recipe = self._build(link, "data", self.cfg.rows[link].data)
            if self.cfg.rows[link].unfold:
                data = self._unfold(data)
            before = trainings[-1] if trainings else None
            step, options = self._train(link, seed, data, recipe, before)
            trainings.append(step)
        evaluation = self._evaluate(name, seed, row, trainings[-1] if trainings else None, test)
        return Cell(seed, data, tuple(trainings), evaluation, options)

    def _build(self, name: str, section: str, more: Sequence[str]) -> tuple[Step, BuildConfig]:
        words = [*self.scale.data, *self.cfg.data, *more]
        recipe = self._load(BuildConfig, name, section, words)
        if missing := {"train", "test"} - recipe.splits.keys():
            raise ValueError(f"{self._where(name, section)}: the recipe has no split {missing.pop()}")
        decides = {k: v for k, v in to_plain(recipe).items() if k not in ("out", "workers", "name")}
        decides["embedder"] = fingerprint([recipe.negatives.mining.embedder])
        told = f"shards {' '.join(more)}" if more else "shards"
        return self._step("data", told, decides, ["data.build", *words, "out={out}"]), recipe

    def _unfold(self, data: Step) -> Step:
        words = ["data.unfold", str(data.out / "train"), "out={out}/train"]
        return self._step("unfold", f"unfold {data.what}", {"data": data.key}, words, [data])

    def _train(
        self, name: str, seed: int, data: Step, recipe: BuildConfig, before: Step | None
    ) -> tuple[Step, GeoclipConfig]:
        row = self.cfg.rows[name]
        words = [*self.scale.train, *self.cfg.train, *(row.train or ())]
        words += row.scales.get(self.cfg.scale, [])
        start = str(before.out / "export" / "clip") if before else self.scale.start
        places = ["encoder.pretrained=any", "train.shards=[any]", "trainer.run_dir=any"]
        options = self._load(GeoclipConfig, name, "train", [*words, *places])
        words += [f"encoder.pretrained={start}", f"train.shards=[{data.out / 'train'}]"]
        words += [f"trainer.seed={seed}", f"train.seed={seed}"]
        self._check_kinds(name, options, recipe)
        plain = flatten(to_plain(options)).items()
        decides = {key: value for key, value in plain if key.rsplit(".", 1)[-1] not in FREE}
        decides |= {"encoder.pretrained": before.key if before else self.start, "train.shards": data.key}
        decides |= {"trainer.seed": seed, "train.seed": seed}
        step = self._step(
            "train",
            f"train {name}, seed {seed}",
            decides,
            ["geoclip.train", *words, "trainer.run_dir={out}"],
            [data, *([before] if before else [])],
        )
        return step, options

    def _evaluate(self, name: str, seed: int, row: RowConfig, trained: Step | None, test: Step) -> Step:
        model = str(trained.out / "export" / "clip") if trained else self.scale.start
        words = [*self.scale.evaluate, *self.cfg.evaluate, *row.evaluate]
        places = ["models=[any]", "data=any", "out=any"]
        options = self._load(RetrievalConfig, name, "evaluate", [*words, *places])
        free = ("out", "num_workers", "accelerator")
        decides = {key: value for key, value in to_plain(options).items() if key not in free}
        decides |= {"models": trained.key if trained else self.start, "data": test.key}
        told = f"score {name}, seed {seed}" if trained else f"score {name}"
        run = ["geoclip.retrieval", model, *words, f"data={test.out / 'test'}", "out={out}"]
        return self._step("score", told, decides, run, [test, *([trained] if trained else [])])

    def _step(
        self, kind: str, what: str, decides: dict[str, Any], words: list[str], needs: Sequence[Step] = ()
    ) -> Step:
        key = key_of(kind, decides)
        out = self.root / f"{kind}-{key}"
        words = [word.replace("{out}", str(out)) for word in words]
        step = Step(key, what, tuple(words), out, tuple(need.key for need in needs), self.offline)
        return self.steps.setdefault(key, step)

    def _load(self, schema: type[Schema], name: str, section: str, words: list[str]) -> Schema:
        known = (schema.__name__, *words)
        if known not in self.loaded:
            try:
                self.loaded[known] = load_config(schema, words)
            except ValueError as error:
                raise ValueError(f"{self._where(name, section)}: {error}") from error
        return self.loaded[known]

    def _check_kinds(self, name: str, options: GeoclipConfig, recipe: BuildConfig) -> None:
        """Refuse a row that asks for negatives its samples do not have: it would train with fewer, unseen."""
        for kind, asked in uses(options).items():
            made = getattr(recipe.negatives, kind)
            if (1 if asked is None else asked) > made:
                raise ValueError(
                    f"{self._where(name, 'train')}: negatives.{kind}={asked}, but its samples are built with "
                    f"at most {made}; raise negatives.{kind} in data, or ask for fewer"
                )

    def _where(self, name: str, section: str) -> str:
        return f"table {self.cfg.name}, row {name}, {section}"


def _known_start(start: str) -> str:
    """Return what identifies the encoder that rows start from: a digest of its weights, or its hub id."""
    folder = Path(start)
    if (folder / "config.json").is_file():
        return fingerprint([start])
    if folder.is_absolute() or folder.parent.is_dir():
        raise ValueError(f"start={start} is no encoder folder; use one that geoclip exported, or a hub id")
    return start
