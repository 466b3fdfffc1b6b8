"""Options of an evaluation: which models answer which benchmark."""

from __future__ import annotations

from dataclasses import dataclass

from configs.load import at_least, check_seed


@dataclass(kw_only=True)
class EvaluateConfig:
    """One evaluation; a second run with the same options goes on where the first stopped."""

    models: list[str]
    """Model folders (save_pretrained, processor included); the bare arguments of the command."""
    benchmark: str
    """Name of a benchmark that has a reader: wemath or synthetic."""
    data: str
    """Folder of the benchmark in its public layout, or a shard folder for synthetic."""
    out: str
    """Folder for predictions, graded answers and results; with several models one folder each inside."""
    batch_size: int = 16
    """Questions answered together."""
    max_new_tokens: int = 256
    """Longest answer, in tokens."""
    limit: int | None = None
    """Ask only the first questions; null: all."""
    max_unreadable: int = 0
    """Questions with a missing or damaged picture, or too long for the model, that are counted as wrong
    before the run stops with an error."""
    seed: int = 0
    """Seed of the bootstrap intervals; answers are greedy."""

    def __post_init__(self) -> None:
        if not self.models:
            raise ValueError(
                "models: give at least one model folder, as in `evaluate runs/sft/export benchmark=…`"
            )
        if len(set(self.models)) < len(self.models):
            raise ValueError(f"models={self.models} names a folder twice")
        at_least(self, 1, "batch_size", "max_new_tokens", "limit")
        at_least(self, 0, "max_unreadable")
        check_seed(self.seed)
