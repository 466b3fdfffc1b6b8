"""How near negatives are to exam questions: ``python -m data.similarity negatives={...} questions=[...]``.

Written are ``results.json`` and ``report.html``: the share of negative captions of each kind whose highest
cosine to a question is above 0.90, 0.85, 0.70 and 0.60 (paper, Table 10); how well k-means tells the kinds
apart, and their silhouette (Table 11); and a picture in two dimensions (Figure 8).
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from scipy.optimize import linear_sum_assignment
from scipy.sparse import vstack
from sklearn.cluster import KMeans
from sklearn.decomposition import PCA
from sklearn.manifold import TSNE
from sklearn.metrics import silhouette_score
from threadpoolctl import threadpool_limits

from configs.load import load_config, to_plain
from configs.runtime import atomic_write, command, console, environment, runs_root, write_json
from configs.studies import SimilarityConfig
from data.contamination import closest
from data.embed import dense, embed
from data.reporting import charts
from data.reporting.looks import look
from data.reporting.page import Sheet, figure, page, paragraph, table, terminal
from data.reporting.scatter import scatter
from data.texts import read_texts

LEVELS = (0.90, 0.85, 0.70, 0.60)


def above(scores: np.ndarray) -> dict[str, float]:
    """Return the share of scores above each of :data:`LEVELS`."""
    return {f"{level:.2f}": round(float((scores > level).mean()), 4) for level in LEVELS}


def separation(vectors: np.ndarray, kinds: np.ndarray, seed: int) -> dict[str, float]:
    """Return how well k-means, with as many clusters as there are kinds, finds the kinds.

    ``vectors`` [n, d], ``kinds`` int [n] from 0 on. ``accuracy`` is the share of texts in the cluster of
    their kind under the best matching of clusters and kinds, ``chance`` that of one cluster for all; the
    silhouettes, by cosine, are of the kinds and of the clusters, from -1 to 1. One thread: sums in another
    order could move a text.
    """
    count = int(kinds.max()) + 1
    with threadpool_limits(1):
        clusters = KMeans(count, n_init=10, random_state=seed).fit_predict(vectors)
        together = np.zeros((count, count), int)
        np.add.at(together, (clusters, kinds), 1)
        matched = together[linear_sum_assignment(-together)].sum()
        labels = {"kinds": kinds, "clusters": clusters}
        found = {
            f"silhouette_{name}": round(float(silhouette_score(vectors, label, metric="cosine")), 4)
            for name, label in labels.items()
            if 1 < len(np.unique(label)) < len(vectors)
        }
    chance = np.bincount(kinds).max() / len(kinds)
    return {"accuracy": round(float(matched / len(kinds)), 4), "chance": round(float(chance), 4), **found}


def plane(vectors: np.ndarray, how: str, seed: int) -> np.ndarray:
    """Return the vectors in two dimensions, float [n, 2]: their principal components, or t-SNE."""
    with threadpool_limits(1):
        if how == "tsne":
            perplexity = min(30.0, (len(vectors) - 1) / 3)
            return TSNE(2, random_state=seed, init="random", perplexity=perplexity).fit_transform(vectors)
        found = PCA(min(2, *vectors.shape), random_state=seed).fit_transform(vectors)
    return np.pad(found, ((0, 0), (0, 2 - found.shape[1])))


def run(cfg: SimilarityConfig, out: Path) -> dict[str, Any]:
    """Read, compare, and write results and report to ``out``; return the results."""
    kinds = {
        name: read_texts([path], cfg.fields.get(name, name), max_refused=cfg.max_refused)
        for name, path in cfg.negatives.items()
    }
    questions = read_texts(cfg.questions, cfg.questions_field, max_refused=cfg.max_refused)
    asked, *vectors = embed(cfg.embedder, questions.texts, *(texts.texts for texts in kinds.values()))
    scores = {name: closest(v, asked)[0] for name, v in zip(kinds, vectors, strict=True)}
    count = min(cfg.sample, *map(len, kinds.values()))
    chosen = [_some(len(texts), count, cfg.seed) for texts in kinds.values()]
    points = dense(_stacked([v[rows] for v, rows in zip(vectors, chosen, strict=True)]))
    labels = np.repeat(np.arange(len(kinds)), count)
    results = {
        "questions": len(questions),
        "negatives": {name: len(texts) for name, texts in kinds.items()},
        "share_above": {name: above(found) for name, found in scores.items()},
        "mean_highest_cosine": {name: round(float(found.mean()), 4) for name, found in scores.items()},
        "separation": separation(points, labels, cfg.seed) if len(kinds) > 1 and count > 1 else None,
        "sampled_per_kind": count,
        "refused": {"questions": questions.refused} | {name: texts.refused for name, texts in kinds.items()},
        "config": to_plain(cfg),
        "environment": environment(),
    }
    write_json(out / "results.json", results)
    flat = plane(points, cfg.picture, cfg.seed) if len(points) > 3 else None
    with atomic_write(out / "report.html") as file:
        file.write(_report(results, flat, labels))
    return results


def _some(n: int, count: int, seed: int) -> np.ndarray:
    return np.sort(np.random.default_rng(seed).choice(n, count, replace=False))


def _stacked(parts: list[Any]) -> Any:
    if isinstance(parts[0], np.ndarray):
        return np.concatenate(parts)
    return vstack(parts).tocsr()


def sheets(results: Mapping[str, Any]) -> list[Sheet]:
    """Return the tables: shares above each level, and how the kinds are told apart."""
    head = ("negatives", "n", *(f"> {level:.2f}" for level in LEVELS), "mean")
    rows = tuple(
        (
            name,
            f"{results['negatives'][name]:,}",
            *(f"{100 * found[f'{level:.2f}']:.2f}" for level in LEVELS),
            f"{results['mean_highest_cosine'][name]:.3f}",
        )
        for name, found in results["share_above"].items()
    )
    title = "Negative captions by their highest cosine to a question, %"
    made = [Sheet(title, head, "l" + "r" * (len(LEVELS) + 2), rows)]
    if found := results["separation"]:
        told = tuple((name.replace("_", " of "), f"{value:.3f}") for name, value in found.items())
        made.append(Sheet("Kinds told apart by k-means", ("", ""), "lr", told))
    return made


def _report(results: Mapping[str, Any], flat: np.ndarray | None, labels: np.ndarray) -> str:
    names = list(results["negatives"])
    looks = [look(at) for at in range(len(names))]
    legend = charts.legend(list(zip(looks, names, strict=True)), inline=True)
    groups = []
    for level in LEVELS:
        shares = [results["share_above"][name][f"{level:.2f}"] for name in names]
        bars = tuple(charts.Bar(look, share) for look, share in zip(looks, shares, strict=True))
        groups.append(charts.Group(f"> {level:.2f}", bars))
    label = "Share of negative captions whose highest cosine to a question is above a level"
    parts = [
        paragraph(f"{results['questions']:,} questions, embedder {results['config']['embedder']}."),
        *map(table, sheets(results)),
        legend,
        figure(charts.bars(groups, label), f"{label}."),
    ]
    if flat is not None:
        how = {"pca": "the first two principal components", "tsne": "t-SNE"}[results["config"]["picture"]]
        about = f"Negative captions in the plane by {how}, {results['sampled_per_kind']:,} of each kind"
        drawn = scatter([(look, flat[labels == at]) for at, look in enumerate(looks)], about)
        parts += [legend, figure(drawn, f"{about}.")]
    return page("Negatives beside exam questions", "".join(parts), charts.STYLE)


@command
def main(argv: list[str]) -> None:
    """Run the study and print its tables."""
    cfg = load_config(SimilarityConfig, argv)
    out = Path(cfg.out) if cfg.out else runs_root() / "similarity"
    for sheet in sheets(run(cfg, out)):
        console.print(terminal(sheet))
    console.print(f"wrote {out}", markup=False, soft_wrap=True)


if __name__ == "__main__":
    main()
