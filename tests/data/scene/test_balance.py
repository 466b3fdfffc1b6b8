"""Words alone do not tell a positive from its rule negatives: edits lead to every class as often as away."""

import json
import re
from collections import defaultdict
from random import Random

import numpy as np
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression

from configs.runtime import PROJECT
from data import balance
from data.scene.caption import STYLES, caption
from data.scene.edits import Edited, edits
from data.scene.templates import BALANCE, TEMPLATES, classes, figure_class

SCENES, TRAIN = 1600, 1200
NEGATIVES = 10


@pytest.fixture(scope="module")
def pools(draw):
    """Per scene the caption and its rule negatives, as (operators, caption)."""
    found = []
    for i in range(SCENES):
        rng = Random(f"pool/{i}")
        program, positive = draw(rng.choice(list(TEMPLATES)), f"pool/{i}")
        style, negatives = rng.randrange(STYLES), []
        for edited in edits(program, positive, rng, attempts=6 * NEGATIVES):
            if isinstance(edited, Edited) and edited.text.verdict == "false":
                negatives.append((edited.operators, caption(edited.built.stated, style)))
            if len(negatives) == NEGATIVES:
                break
        found.append((caption(positive.stated, style), negatives))
    return found


def masked(text):
    """The caption with an X for every letter that names a point."""
    return re.sub(r"(?<![A-Za-z])[A-Z]{1,6}(?![a-z])", lambda match: "X" * len(match[0]), text)


@pytest.mark.parametrize("view", [str, masked], ids=["as written", "letters masked"])
def test_a_classifier_that_reads_captions_only_is_at_chance(pools, view):
    train, test = pools[:TRAIN], pools[TRAIN:]
    texts = [view(positive) for positive, _ in train]
    texts += [view(text) for _, negatives in train for _, text in negatives]
    is_positive = [i < len(train) for i in range(len(texts))]
    words = TfidfVectorizer(
        token_pattern=r"[^\W\d_]+|\d+|[^\w\s]", lowercase=False, ngram_range=(1, 2), min_df=3
    )
    model = LogisticRegression(C=3.0, class_weight="balanced", max_iter=500)
    model.fit(words.fit_transform(texts), is_positive)
    hits, chance, pairs = 0.0, 0.0, defaultdict(list)
    for positive, negatives in test:
        rows = words.transform([view(positive), *(view(text) for _, text in negatives)])
        own, *others = model.decision_function(rows)
        best = max(others)
        hits += 1.0 if own > best else (own == best) / (1 + others.count(own))
        chance += 1 / (1 + len(negatives))
        for (operators, _), other in zip(negatives, others, strict=True):
            pairs["+".join(operators)].append((own > other) + 0.5 * (own == other))
    assert hits / len(test) <= chance / len(test) + 0.03
    for operator in ("letters", "number", "shape", "relation"):
        assert np.mean(pairs[operator]) <= 0.65, operator  # shape words alone told 83 % before balancing


def test_every_class_that_a_template_draws_has_a_weight_and_no_other():
    assert sorted(BALANCE) == classes()
    assert all(weight > 0 for weight in BALANCE.values())


def test_edits_lead_only_to_figures_that_some_template_draws(draw):
    for template in TEMPLATES:
        program, positive = draw(template, "closed")
        for edited in edits(program, positive, Random(0), attempts=30):
            if isinstance(edited, Edited):
                assert figure_class(edited.program.template, edited.program.params) in BALANCE


def test_a_round_raises_the_weight_of_what_negatives_name_too_seldom(monkeypatch, tmp_path):
    monkeypatch.setattr(balance, "FILE", tmp_path / "balance.json")
    monkeypatch.setattr(balance, "ordered", lambda pool, count, starts: [count(start) for start in starts])
    stored = dict(BALANCE)
    try:
        skewed = {**stored, "circle/chord": stored["circle/chord"] / 20}
        positive, negative = balance.count(skewed, 0)
        assert negative["circle/chord"] < positive["circle/chord"]
        BALANCE.update(skewed)
        balance.main(["scenes=300", "rounds=1"])
    finally:
        BALANCE.update(stored)
    written = json.loads((tmp_path / "balance.json").read_text())
    assert written["circle/chord"] > skewed["circle/chord"]
    assert json.loads((PROJECT / "data/scene/templates/balance.json").read_text()) == stored


@pytest.mark.parametrize("word", ["scenes=none", "rounds=0", "turns=3", "configs/data/scenes.yaml"])
def test_an_option_that_is_not_understood_is_named(word, capsys):
    with pytest.raises(SystemExit):
        balance.main([word])
    assert "usage: python -m data.balance" in capsys.readouterr().err
