"""Options of retrieval negatives: what is similar, how many candidates, and which of them are taken."""

from __future__ import annotations

from dataclasses import dataclass

from configs.load import at_least, check_seed, one_of

SAMPLINGS = ("nearest", "simans")


@dataclass(kw_only=True)
class MiningConfig:
    """How similar captions are found and chosen.

    SimANS (Zhou et al., EMNLP 2022) draws candidate i with p ∝ exp(−a(sᵢ − s⁺ + b)²), s being cosines. Here
    s⁺ is the score of a caption with itself, 1: the density peaks at 1 − b. With b = 0 that peak is the
    caption itself, p only grows with s, and the draw degenerates to a noisy "nearest" that prefers exactly
    those captions which are most likely true; so b = 0, as a peak of 1, is refused.
    """

    embedder: str = "tfidf"
    """tfidf, or the folder (or hub id) of a text encoder: sentence-transformers, any encoder of transformers,
    or a dual encoder as ``geoclip`` exports."""
    top: int | None = None
    """Most similar captions looked at, per sample; null: 5 per negative asked for. The paper takes 100."""
    sampling: str = "nearest"
    """nearest: most similar first; simans: drawn by their scores, without replacement."""
    a: float = 200.0
    """SimANS: how narrow the density is; its standard deviation in cosine is 1/√(2a), 0.05 for 200."""
    b: float | None = None
    """SimANS: how far below s⁺ = 1 the density peaks, in cosine. Give b or peak."""
    peak: float | None = None
    """SimANS: the cosine at which the density peaks, 1 − b."""

    def __post_init__(self) -> None:
        at_least(self, 1, "top")
        one_of("sampling", self.sampling, SAMPLINGS)
        if not self.embedder.strip():
            raise ValueError("embedder is empty; use tfidf or the folder of a text encoder")
        if self.a <= 0:
            raise ValueError(f"a={self.a} is not allowed; use a number above 0")
        given = [name for name in ("b", "peak") if getattr(self, name) is not None]
        if self.sampling == "nearest" and given:
            raise ValueError(
                f"{given[0]} with sampling=nearest has no meaning; set sampling=simans or leave it out"
            )
        if self.sampling == "simans" and len(given) != 1:
            raise ValueError(
                "sampling=simans needs b or peak, and not both: the cosine where candidates are best "
                "depends on the embedder; set peak below the scores of the nearest captions"
            )
        if self.sampling == "simans" and not -1 <= self.peak_score < 1:
            raise ValueError(
                f"{given[0]}={getattr(self, given[0])} puts the peak at cosine {self.peak_score:g}; use b in "
                "(0, 2] or peak in [-1, 1). At 1 it is the caption itself: the draw becomes the nearest"
            )

    @property
    def peak_score(self) -> float:
        """The cosine at which SimANS peaks."""
        return self.peak if self.peak is not None else 1.0 - (self.b or 0.0)


@dataclass(kw_only=True)
class RetrieveConfig(MiningConfig):
    """``python -m data.retrieval SHARDS out=FOLDER``: retrieval negatives for shards that are there."""

    out: str
    """Shard folder to write."""
    top: int | None = 100
    """Most similar captions looked at, per sample; null: 5 per negative asked for."""
    count: int = 10
    """Retrieval negatives per sample, at most."""
    seed: int = 0
    """Seed of SimANS."""
    shard_size: int = 1000
    """Samples per tar file."""

    def __post_init__(self) -> None:
        super().__post_init__()
        at_least(self, 1, "count", "shard_size")
        check_seed(self.seed)
