"""Options of an ablation: a table of encoders that differ in one thing, at a scale, over seeds."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from omegaconf import MISSING

from configs.build import NAME
from configs.load import OVERRIDE, at_least, one_of

SEEDED = {"trainer.seed", "train.seed", "trainer.run_dir", "trainer.resume"}
GIVEN = {
    "data": {"out"},
    "test": {"out"},
    "train": {"encoder.pretrained", "train.shards", *SEEDED},
    "evaluate": {"models", "data", "out"},
}
"""Options that the runner sets, by section; a row that sets one of them is refused."""


@dataclass(kw_only=True)
class RowConfig:
    """One row of the table; arguments are added to those of the scale and of the table."""

    train: list[str] | None = field(default_factory=list)
    """Arguments of geoclip.train; null: the encoder that others start from, as it is."""
    start: str = ""
    """Row whose trained encoder this one goes on from; empty: the encoder of the scale."""
    data: list[str] = field(default_factory=list)
    """Arguments of data.build for the samples it is trained on."""
    test: list[str] = field(default_factory=list)
    """Arguments of data.build for the samples it is tested on."""
    evaluate: list[str] = field(default_factory=list)
    """Arguments of geoclip.retrieval."""
    unfold: bool = False
    """Train on perturbed pictures as samples of their own: the shards go through data.unfold."""
    disturbed: str = ""
    """Disturbance whose scores the row shows, as geoclip.retrieval names it (``turned by 30°``); empty: the
    pictures as they are."""
    against: str = ""
    """Row that this one is compared with; empty: the baseline of the table."""
    paper: dict[str, float] = field(default_factory=dict)
    """What the paper reports, percent, by column."""
    scales: dict[str, list[str]] = field(default_factory=dict)
    """Further arguments of geoclip.train at one scale."""


@dataclass(kw_only=True)
class ScaleConfig:
    """What all rows share: from which encoder, on which samples, how long, on which test samples."""

    start: str = MISSING
    """Folder or hub id of the dual encoder that rows start from."""
    data: list[str] = MISSING
    """Arguments of data.build; the recipe has the splits train and test."""
    train: list[str] = MISSING
    """Arguments of geoclip.train."""
    evaluate: list[str] = field(default_factory=list)
    """Arguments of geoclip.retrieval."""


@dataclass(kw_only=True)
class AblationConfig:
    """``python -m configs.ablate configs/ablations/NAME.yaml scale=mini seeds=3``.

    Arguments are those of the commands, YAML files and ``key=value``; files are read from the working folder.
    """

    name: str
    """Name of the table and of its folder."""
    title: str
    """Heading of the table."""
    finding: str = ""
    """What the paper finds, in words."""
    note: str = ""
    """What a reader must know: protocol, and what is ours where the paper tells less."""
    baseline: str
    """Row that the others are compared with."""
    rows: dict[str, RowConfig]
    """Rows by name, in the order of the table."""
    data: list[str] = field(default_factory=list)
    """Arguments of data.build for all rows, for training and test samples."""
    train: list[str] = field(default_factory=list)
    """Arguments of geoclip.train for all rows."""
    evaluate: list[str] = field(default_factory=list)
    """Arguments of geoclip.retrieval for all rows."""
    scales: dict[str, ScaleConfig]
    """Scales by name; ``configs/ablations/scales.yaml`` holds those that all tables have."""
    scale: str = "mini"
    """Scale to run."""
    seeds: int = 3
    """Seeds 0, 1, ...: of weights and of the order of samples. Data and test samples are the same for all."""
    out: str = ""
    """Folder of the table; empty: runs/ablations/NAME/SCALE."""
    steps: str = ""
    """Folder of what is trained, which all tables share; empty: runs/ablations/steps."""
    dry: bool = False
    """Print the commands and run nothing."""

    def __post_init__(self) -> None:
        at_least(self, 1, "seeds")
        if not re.fullmatch(NAME, self.name):
            raise ValueError(f"name={self.name!r} is not allowed; use letters, digits, '_' and '-'")
        one_of("scale", self.scale, list(self.scales))
        one_of("baseline", self.baseline, list(self.rows))
        for name, row in self.rows.items():
            for field_, other in (("start", row.start), ("against", row.against)):
                if other:
                    one_of(f"rows.{name}.{field_}", other, [key for key in self.rows if key != name])
            for scale in row.scales:
                one_of(f"rows.{name}.scales", scale, list(self.scales))
        for name in self.rows:
            self._check_start(name)
        self._refuse_given()

    def chain(self, name: str) -> list[str]:
        """Return the rows whose training leads to a row, the first one first; none for an untrained row."""
        found: list[str] = []
        while name and self.rows[name].train is not None:
            if name in found:
                raise ValueError(f"rows.{name}.start: the rows {', '.join(found)} start from each other")
            found.append(name)
            name = self.rows[name].start
        return found[::-1]

    def _check_start(self, name: str) -> None:
        row = self.rows[name]
        self.chain(name)
        if row.train is None and (row.start or row.data or row.scales or row.unfold):
            raise ValueError(
                f"rows.{name} is not trained (train: null), so it has no start, data, unfold or scales"
            )

    def _refuse_given(self) -> None:
        scale = self.scales[self.scale]
        parts = {"": self, f"scales.{self.scale}.": scale, **{f"rows.{n}.": r for n, r in self.rows.items()}}
        for where, part in parts.items():
            for section, given in GIVEN.items():
                for word in getattr(part, section, None) or ():
                    found = OVERRIDE.fullmatch(word)
                    if found and found[1] in given:
                        raise ValueError(f"{where}{section}: {word} is set by the runner; leave it out")
