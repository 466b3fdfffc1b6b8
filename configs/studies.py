"""Options of the studies of similarity: test questions in training data, negatives beside exam questions."""

from __future__ import annotations

from dataclasses import dataclass, field

from configs.load import at_least, check_seed, one_of

PICTURES = ("pca", "tsne")


@dataclass(kw_only=True)
class ContaminationConfig:
    """``python -m data.contamination TEST... train=[...]``: is a test question in the training data?"""

    train: list[str]
    """Training sets: shard folders, or files of records (JSON, JSON lines, CSV, parquet)."""
    test_field: str = "question"
    """Text of a test record: of a shard caption, question, rule or retrieval; of a record a field, dotted
    where it is nested (``conversations.0.value``)."""
    train_field: str = "question"
    """Text of a training record, likewise."""
    embedder: str = "tfidf"
    """tfidf, or the folder (or hub id) of a text encoder."""
    threshold: float = 0.995
    """Training texts with a higher cosine to any test question are left out of the filtered list."""
    max_refused: int = 0
    """Records without the text that are left out and named before the study stops."""
    out: str = ""
    """Folder of the results; empty: runs/contamination."""

    def __post_init__(self) -> None:
        at_least(self, 0, "max_refused")
        if not self.train:
            raise ValueError("train is empty; name at least one training set")
        if not -1 <= self.threshold <= 1:
            raise ValueError(f"threshold={self.threshold} is no cosine; use a number from -1 to 1")


@dataclass(kw_only=True)
class SimilarityConfig:
    """``python -m data.similarity negatives={rule: SHARDS, ...} questions=[...]``: how near are negatives?"""

    negatives: dict[str, str]
    """Kinds of negatives by name, each a shard folder or a file of records."""
    fields: dict[str, str] = field(default_factory=dict)
    """Text of each kind by its name; a kind that is not named here has its own name as field."""
    questions: list[str]
    """Exam questions that negatives are compared with: shard folders or files of records."""
    questions_field: str = "question"
    """Text of a question: of a shard caption, question, rule or retrieval; of a record a field."""
    embedder: str = "tfidf"
    """tfidf, or the folder (or hub id) of a text encoder."""
    sample: int = 2000
    """Captions per kind, at most, for clusters and picture; as many of each kind. Shares are of all."""
    picture: str = "pca"
    """How the picture is made: pca or tsne."""
    max_refused: int = 0
    """Records without the text that are left out and named before the study stops."""
    seed: int = 0
    """Seed of the sample, of k-means and of t-SNE."""
    out: str = ""
    """Folder of the results; empty: runs/similarity."""

    def __post_init__(self) -> None:
        at_least(self, 0, "max_refused")
        at_least(self, 2, "sample")
        one_of("picture", self.picture, PICTURES)
        check_seed(self.seed)
        if not self.questions:
            raise ValueError("questions is empty; name at least one set of questions")
        if not self.negatives:
            raise ValueError("negatives is empty; name at least one kind, as {rule: SHARDS}")
        if unknown := sorted(self.fields.keys() - self.negatives.keys()):
            raise ValueError(f"fields names {unknown[0]!r}, which is none of {', '.join(self.negatives)}")
