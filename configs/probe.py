"""Options of linear probes."""

from __future__ import annotations

from dataclasses import dataclass

from configs.load import at_least, check_models, check_seed, one_of


@dataclass(kw_only=True)
class ProbeConfig:
    """Linear probes: ``python -m geoclip.probe MODEL... data=SHARDS out=DIR``."""

    models: list[str]
    """Dual encoders to probe, folders or hub ids; the bare arguments of the command."""
    data: str
    """Shard folder with scenes of the engine."""
    out: str
    """Folder for results.json and report.html."""
    limit: int | None = None
    """Use only the first this many samples; null: all."""
    held_out: float = 0.3
    """Part of the samples that probes are tested on; the others train them."""
    least: int = 20
    """Training samples that a class needs; a rarer class is left out, an attribute with one class too."""
    c: float = 0.1
    """Inverse strength of the L2 penalty on standardised features, the same for every probe."""
    seed: int = 0
    """Seed of the split, of the shuffled labels and of the intervals."""
    resamples: int = 2000
    """Bootstrap resamples of every interval."""
    batch_size: int = 64
    """Pictures encoded at a time."""
    accelerator: str = "auto"
    """cpu, cuda, or auto: a GPU where there is one."""

    def __post_init__(self) -> None:
        one_of("accelerator", self.accelerator, ("auto", "cpu", "cuda"))
        check_seed(self.seed)
        at_least(self, 1, "limit", "least", "resamples", "batch_size")
        if not 0 < self.held_out < 1:
            raise ValueError(f"held_out={self.held_out} is not allowed; use a part between 0 and 1")
        if not self.c > 0:
            raise ValueError(f"c={self.c} is not allowed; use a positive number")
        check_models(self.models)
