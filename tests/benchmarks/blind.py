"""Can a positive be told from its ten negatives without looking? ``python tests/benchmarks/blind.py``

Options: ``scenes=20000``. Three readers are trained on three quarters of the scenes and pick the positive on
the rest: tf-idf with a logistic regression and a small transformer read captions only; boosted trees see
what a picture looks like (ink, stroke width, sizes of its parts) but not its geometry. Chance is the mean of
1 / (1 + negatives). A table, and ``runs/bench/blind.json``.
"""

from __future__ import annotations

import re
import sys
from functools import partial

import numpy as np
import torch
from rich.table import Table
from scipy import ndimage
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from torch.nn.utils.rnn import pad_sequence
from transformers import BertConfig, BertModel

from configs.build import BuildConfig, NegativesConfig, SceneConfig
from configs.runtime import command, console, runs_root, write_json
from data.images import decode
from data.parallel import ordered, processes
from data.scene.engine import make_sample

NEGATIVES = 10
CHUNK = 50
WORDS = re.compile(r"[^\W\d_]+|\d+|[^\w\s]")
CFG = BuildConfig(
    name="blind",
    splits={"blind": 1},
    scene=SceneConfig(image_size=168, questions=False),
    negatives=NegativesConfig(rule=NEGATIVES, image=NEGATIVES, retrieval=0),
)


def look(png: bytes) -> list[float]:
    """What a picture looks like: ink, grey, stroke width, number and sizes of its connected parts."""
    picture = np.asarray(decode(png)[0])
    ink = picture < 128
    _, count = ndimage.label(ink)
    sizes = np.sort(np.bincount(ndimage.label(ink)[0].ravel())[1:])[::-1] if count else np.zeros(1)
    width = ndimage.distance_transform_edt(ink)
    rows, columns = np.flatnonzero(ink.any(1)), np.flatnonzero(ink.any(0))
    extent = [np.ptp(rows), np.ptp(columns)] if len(rows) else [0, 0]
    parts = [count, *np.quantile(sizes, [0, 0.25, 0.5, 0.75]), sizes[0]]
    return [
        ink.mean(),
        picture.mean(),
        picture.std(),
        width.mean() * 2,
        width.max(),
        *extent,
        *map(float, parts),
    ]


def draw(cfg: BuildConfig, start: int) -> list[tuple[list[str], list[list[float]]]]:
    """Per scene the captions and the looks of the positive (first) and its negatives."""
    found = []
    for index in range(start, start + CHUNK):
        sample, _ = make_sample(cfg, index, "blind")
        texts = [sample.caption, *(n.text for n in sample.negatives if n.text)]
        looks = [look(sample.image), *(look(sample.images[n.image]) for n in sample.negatives if n.image)]
        found.append((texts, looks))
    return found


def hit_at_1(scores: list[np.ndarray]) -> tuple[float, float]:
    """Share of pools whose first score is the highest (ties shared), and chance."""
    hits = [float(s[0] == s.max()) / np.sum(s == s.max()) for s in scores]
    return float(np.mean(hits)), float(np.mean([1 / len(s) for s in scores]))


def split(scores: np.ndarray, pools: list[list]) -> list[np.ndarray]:
    """Cut flat scores into pools."""
    return np.split(scores, np.cumsum([len(pool) for pool in pools])[:-1])


def tfidf(train: list[list[str]], test: list[list[str]]) -> list[np.ndarray]:
    """Scores of a logistic regression on words and pairs of words."""
    words = TfidfVectorizer(token_pattern=WORDS.pattern, lowercase=False, ngram_range=(1, 2), min_df=3)
    labels = [i == 0 for pool in train for i in range(len(pool))]
    model = LogisticRegression(C=3.0, class_weight="balanced", max_iter=1000)
    model.fit(words.fit_transform([text for pool in train for text in pool]), labels)
    return split(model.decision_function(words.transform([text for pool in test for text in pool])), test)


def transformer(train: list[list[str]], test: list[list[str]], epochs: int = 3) -> list[np.ndarray]:
    """Scores of a two-layer BERT, trained to give the positive the highest score of its pool."""
    torch.manual_seed(0)
    vocabulary = {
        word: i + 1 for i, word in enumerate(sorted({w for p in train for t in p for w in WORDS.findall(t)}))
    }
    config = BertConfig(
        vocab_size=len(vocabulary) + 2,
        hidden_size=128,
        num_hidden_layers=2,
        num_attention_heads=4,
        intermediate_size=256,
    )
    body, head = BertModel(config), torch.nn.Linear(128, 1)
    steps = epochs * (len(train) // 16)
    optimizer = torch.optim.AdamW([*body.parameters(), *head.parameters()], 5e-4)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 5e-4, steps + 1)

    def score(pools: list[list[str]]) -> torch.Tensor:
        ids = [
            [vocabulary.get(w, len(vocabulary) + 1) for w in WORDS.findall(t)][:120] for p in pools for t in p
        ]
        tokens = pad_sequence([torch.tensor(i) for i in ids], batch_first=True)
        return head(body(tokens, attention_mask=(tokens > 0).long()).last_hidden_state[:, 0])[:, 0]

    order = np.random.default_rng(0)
    for _ in range(epochs):
        for chosen in np.array_split(order.permutation(len(train)), len(train) // 16):
            pools = [train[i] for i in chosen]
            losses = [-s.log_softmax(0)[0] for s in score(pools).split([len(p) for p in pools])]
            optimizer.zero_grad()
            torch.stack(losses).mean().backward()
            optimizer.step()
            schedule.step()
    body.eval()
    with torch.no_grad():
        return [
            s.numpy()
            for k in range(0, len(test), 32)
            for s in score(test[k : k + 32]).split([len(p) for p in test[k : k + 32]])
        ]


def trees(train: list[list[list[float]]], test: list[list[list[float]]]) -> list[np.ndarray]:
    """Scores of gradient-boosted trees on looks, and on how they differ from their pool's mean."""

    def features(pools: list[list[list[float]]]) -> np.ndarray:
        rows = [np.concatenate([a := np.array(pool), a - a.mean(0)], 1) for pool in pools]
        return np.concatenate(rows)

    labels = [i == 0 for pool in train for i in range(len(pool))]
    model = HistGradientBoostingClassifier(class_weight="balanced", random_state=0).fit(
        features(train), labels
    )
    return split(model.decision_function(features(test)), test)


@command
def main(argv: list[str]) -> None:
    """Draw, train, pick, print and write."""
    scenes = int(dict(word.split("=") for word in argv).get("scenes", 20000))
    pools = []
    with processes(0) as pool:
        for found in ordered(pool, partial(draw, CFG), range(0, scenes, CHUNK)):
            pools += found
    cut = 3 * len(pools) // 4
    captions, looks = [texts for texts, _ in pools], [seen for _, seen in pools]
    table = Table("reader", "Hit@1, %", "chance, %", "above chance", "95 % ±", title=f"{scenes} scenes")
    results = {}
    for name, reader, data in (
        ("tf-idf + logistic regression", tfidf, captions),
        ("small transformer", transformer, captions),
        ("trees on the look of pictures", trees, looks),
    ):
        hits, chance = hit_at_1(reader(data[:cut], data[cut:]))
        error = 1.96 * (hits * (1 - hits) / (len(data) - cut)) ** 0.5
        results[name] = {
            "hit@1": hits,
            "chance": chance,
            "ci95": error,
            "train": cut,
            "test": len(data) - cut,
        }
        table.add_row(name, *(f"{100 * v:.1f}" for v in (hits, chance, hits - chance, error)))
    console.print(table)
    write_json(out := runs_root() / "bench" / "blind.json", results)
    console.print(f"wrote {out}", markup=False, soft_wrap=True)


if __name__ == "__main__":
    main(sys.argv[1:])
