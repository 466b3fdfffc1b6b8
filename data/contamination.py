"""Test questions in training data: ``python -m data.contamination TEST... train=[SET, ...] [embedder=...]``.

Every test question gets its most similar training text, by cosine. Written are ``results.json`` (percentages
of questions below 0.995, 0.990, 0.980 and 0.970, before and after training texts above ``threshold`` are left
out; paper, Table 12), ``report.html``, ``questions.jsonl`` (each question with its nearest training text),
and the filtered list: ``train_kept.jsonl`` and ``train_dropped.jsonl``.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from rich.progress import track

from configs.load import load_config, split_words, to_plain
from configs.runtime import atomic_write, command, console, environment, runs_root, write_json
from configs.studies import ContaminationConfig
from data.embed import embed
from data.nearest import Vectors, nearest
from data.reporting import charts
from data.reporting.page import Sheet, figure, page, paragraph, table, terminal
from data.texts import Texts, read_texts

LEVELS = (0.995, 0.990, 0.980, 0.970)
BINS = (-1.0, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.97, 0.98, 0.99, 0.995, 2.0)
STEP = 4096
SHOWN = 30


def closest(queries: Vectors, base: Vectors) -> tuple[np.ndarray, np.ndarray]:
    """Return every query's highest cosine to ``base``, float32 [q], and its row; ties to the lower row."""
    starts = range(0, queries.shape[0], STEP)
    shown = track(starts, "comparing", console=console, transient=True, disable=len(starts) < 2)
    parts = [nearest(queries[start : start + STEP], base, 1) for start in shown]
    scores, rows = (np.concatenate(part)[:, 0] for part in zip(*parts, strict=True))
    return scores, rows


def below(scores: np.ndarray) -> dict[str, float]:
    """Return the percentage of scores below each of :data:`LEVELS`."""
    return {f"{level:.3f}": round(100 * float((scores < level).mean()), 2) for level in LEVELS}


def study(test: Texts, train: Texts, embedder: str, threshold: float) -> dict[str, Any]:
    """Return cosines and rows of the nearest training text per question, before and after filtering.

    ``kept`` is bool [train]: texts whose cosine to every question is at most ``threshold``. ``after`` is None
    where none is kept.
    """
    questions, texts = embed(embedder, test.texts, train.texts)
    scores, rows = closest(questions, texts)
    reverse, asked = closest(texts, questions)
    kept = reverse <= threshold
    after = closest(questions, texts[np.flatnonzero(kept)])[0] if kept.any() else None
    return {"scores": scores, "rows": rows, "reverse": reverse, "asked": asked, "kept": kept, "after": after}


def run(tests: list[str], cfg: ContaminationConfig, out: Path) -> dict[str, Any]:
    """Read, compare, and write everything to ``out``; return the results."""
    test = read_texts(tests, cfg.test_field, max_refused=cfg.max_refused)
    train = read_texts(cfg.train, cfg.train_field, max_refused=cfg.max_refused)
    found = study(test, train, cfg.embedder, cfg.threshold)
    scores, kept, after = found["scores"], found["kept"], found["after"]
    _write_lists(out, test, train, found)
    results = {
        "questions": len(test),
        "training_texts": len(train),
        "dropped": int((~kept).sum()),
        "below_percent": {"before": below(scores), "after": None if after is None else below(after)},
        "mean": round(float(scores.mean()), 4),
        "highest": round(float(scores.max()), 4),
        "refused": {"test": test.refused, "train": train.refused},
        "config": {"test": tests, **to_plain(cfg)},
        "environment": environment(),
    }
    write_json(out / "results.json", results)
    with atomic_write(out / "report.html") as file:
        file.write(_report(results, scores, after, _nearest_pairs(test, train, found)))
    return results


def _write_lists(out: Path, test: Texts, train: Texts, found: Mapping[str, Any]) -> None:
    pairs = zip(test.names, test.texts, found["scores"].tolist(), found["rows"].tolist(), strict=True)
    _lines(
        out / "questions.jsonl",
        (
            {
                "name": name,
                "text": text,
                "cosine": round(s, 5),
                "nearest": train.names[r],
                "its_text": train.texts[r],
            }
            for name, text, s, r in pairs
        ),
    )
    entries = [
        {"name": name, "cosine": round(s, 5), "nearest": test.names[r]}
        for name, s, r in zip(train.names, found["reverse"].tolist(), found["asked"].tolist(), strict=True)
    ]
    for name, wanted in (("kept", True), ("dropped", False)):
        chosen = (e for e, keep in zip(entries, found["kept"].tolist(), strict=True) if keep is wanted)
        _lines(out / f"train_{name}.jsonl", chosen)


def _lines(path: Path, records: Iterable[Mapping[str, Any]]) -> None:
    with atomic_write(path) as file:
        file.writelines(json.dumps(record, ensure_ascii=False) + "\n" for record in records)


def _nearest_pairs(test: Texts, train: Texts, found: Mapping[str, Any]) -> Sheet:
    order = np.argsort(-found["scores"], kind="stable")[:SHOWN].tolist()
    rows = [
        (
            f"{found['scores'][i]:.4f}",
            test.names[i],
            test.texts[i][:200],
            train.texts[int(found["rows"][i])][:200],
        )
        for i in order
    ]
    return Sheet("The nearest pairs", ("cosine", "record", "question", "training text"), "rlll", tuple(rows))


def percentages(results: Mapping[str, Any]) -> Sheet:
    """Return the table of the paper: percentages below each level, before and after filtering."""
    shares = {name: found for name, found in results["below_percent"].items() if found is not None}
    head = ("questions below", *(f"{level:.3f}" for level in LEVELS))
    rows = tuple(
        (name, *(f"{found[f'{level:.3f}']:.2f}" for level in LEVELS)) for name, found in shares.items()
    )
    return Sheet(
        "Highest cosine of test questions to the training set, %", head, "l" + "r" * len(LEVELS), rows
    )


def _report(results: Mapping[str, Any], scores: np.ndarray, after: np.ndarray | None, pairs: Sheet) -> str:
    looks = {"before": charts.Look("B", "#0072b2"), "after": charts.Look("A", "#d55e00")}
    series = {"before": scores} if after is None else {"before": scores, "after": after}
    groups = []
    for low, high in pairwise(BINS):
        name = f"< {high:g}" if low < 0 else f"≥ {low:g}"
        shares = {key: float(((s >= low) & (s < high)).mean()) for key, s in series.items()}
        groups.append(
            charts.Group(name, tuple(charts.Bar(looks[key], share) for key, share in shares.items()))
        )
    config = results["config"]
    told = (
        f"{results['questions']:,} test questions, {results['training_texts']:,} training texts, embedder "
        f"{config['embedder']}. {results['dropped']:,} training texts have a cosine above "
        f"{config['threshold']} to a question and are left out of train_kept.jsonl."
    )
    label = "Questions by the highest cosine to the training set, in percent"
    legend = charts.legend([(looks[key], f"{key} filtering") for key in series], inline=True)
    drawn = figure(charts.bars(groups, label), f"{label}.")
    body = paragraph(told) + table(percentages(results)) + legend + drawn + table(pairs)
    return page("Test questions in training data", body, charts.STYLE)


@command
def main(argv: list[str]) -> None:
    """Run the study and print the table."""
    tests, options = split_words(argv, files=True)
    cfg = load_config(ContaminationConfig, options)
    if not tests:
        raise ValueError("no test set given; use python -m data.contamination TEST... train=[SET]")
    out = Path(cfg.out) if cfg.out else runs_root() / "contamination"
    console.print(terminal(percentages(run(tests, cfg, out))))
    console.print(f"wrote {out}", markup=False, soft_wrap=True)


if __name__ == "__main__":
    main()
