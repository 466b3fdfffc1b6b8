"""Texts to vectors of length one, by tf-idf or by any text encoder on disk: ``embed(name, texts, ...)``.

``tfidf`` gives sparse vectors over tokens and pairs of neighbouring tokens, case kept, because letters name
points; it is fitted on all texts of the call together. Any other name is a folder (or hub id) of a text
encoder, see :mod:`data.text_encoder`, and gives dense ones. The same texts give the same vectors.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from itertools import chain
from pathlib import Path

import numpy as np
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import TfidfVectorizer

from configs.runtime import console
from data.nearest import Vectors
from data.ondisk import fill

TFIDF = "tfidf"
TOKEN = r"[^\W\d_]+|\d+(?:\.\d+)?|[^\w\s]"  # words and letter names, numbers, symbols such as ∥, °, √
STEP = 1024
"""Texts encoded between two savings."""


def embed(name: str, *groups: Sequence[str], store: Path | None = None) -> list[Vectors]:
    """Return the vectors of each group of texts, float32 [n, d] or sparse, in one space, rows of length one.

    With a folder ``store`` dense vectors are kept there, memory does not grow with the texts, and a stopped
    run goes on. Texts beyond the window of an encoder are cut, and their number is told. Raises ValueError
    for an encoder that cannot be loaded completely, naming the reason, and for vectors that are not numbers,
    naming the text. A text without any token has the zero vector under tf-idf: it is similar to nothing.
    """
    if name == TFIDF:
        return _tfidf(groups)
    from data.text_encoder import TextEncoder, open_encoder  # torch is slow to import, and not for tf-idf

    encoder: TextEncoder = open_encoder(name)
    vectors = []
    for at, texts in enumerate(groups):

        def make(start: int, stop: int, texts: Sequence[str] = texts) -> np.ndarray:
            return encoder(texts[start:stop])

        path = None if store is None else store / f"vectors-{at}.npy"
        vectors.append(fill(path, (len(texts), encoder.width), np.float32, make, step=STEP, label="encoding"))
    if encoder.cut:
        told = f"{encoder.cut} texts exceed the {encoder.window} tokens that {name} reads; they were cut"
        console.print(told, style="yellow", markup=False, soft_wrap=True)
    return vectors


def fingerprint(name: str) -> str:
    """Return what vectors depend on beside the texts: tfidf, or 12 digits of a hash of the encoder's files.

    Raises ValueError for an encoder that is not there.
    """
    if name == TFIDF:
        return name
    from data.text_encoder import encoder_folder

    folder = encoder_folder(name)
    told = hashlib.sha256()
    for path in sorted(
        p for p in folder.rglob("*") if p.suffix in (".json", ".safetensors", ".txt", ".model")
    ):
        with open(path, "rb") as file:
            content = hashlib.file_digest(file, "sha256").hexdigest()
        told.update(f"{path.relative_to(folder)}\0{content}\0".encode())
    return told.hexdigest()[:12]


def dense(vectors: Vectors, width: int = 64) -> np.ndarray:
    """Return dense vectors as they are, of sparse ones the ``width`` largest components, rows of length one.

    For what needs dense vectors (k-means, a picture), not for similarities: those of components differ.
    """
    if isinstance(vectors, np.ndarray):
        return vectors
    width = min(width, min(vectors.shape) - 1)
    if width < 1:
        return vectors.toarray()
    found = TruncatedSVD(width, random_state=0).fit_transform(vectors).astype(np.float32)
    return found / np.maximum(np.linalg.norm(found, axis=1, keepdims=True), 1e-12)


def _tfidf(groups: Sequence[Sequence[str]]) -> list[Vectors]:
    vectorizer = TfidfVectorizer(
        token_pattern=TOKEN, lowercase=False, ngram_range=(1, 2), sublinear_tf=True, dtype=np.float32
    )
    try:
        vectorizer.fit(chain.from_iterable(groups))
    except ValueError as error:  # an empty vocabulary
        raise ValueError(
            f"tf-idf finds no word, number or symbol in {sum(map(len, groups))} texts"
        ) from error
    return [vectorizer.transform(texts) for texts in groups]
