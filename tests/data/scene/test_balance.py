"""Words or a look alone do not tell a positive from its negatives: edits lead to a class as often as away."""

import json
import re
from collections import Counter, defaultdict
from copy import deepcopy
from itertools import islice
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
    """By kind, per scene the positive and its negatives: each a program, a figure and the operators."""
    found = {"rule": [], "image": []}
    for i in range(SCENES):
        program, positive = draw(Random(f"pool/{i}").choice(list(TEMPLATES)), f"pool/{i}")
        for kind, mine in found.items():
            changes = edits(program, positive, Random(f"pool/{i}/{kind}"), 6 * NEGATIVES, kind)
            negatives = list(islice((e for e in changes if isinstance(e, Edited)), NEGATIVES))
            mine.append((program, positive, negatives))
    return found


def masked(text):
    """The caption with an X for every letter that names a point."""
    return re.sub(r"(?<![A-Za-z])[A-Z]{1,6}(?![a-z])", lambda match: "X" * len(match[0]), text)


@pytest.mark.parametrize("view", [str, masked], ids=["as written", "letters masked"])
def test_a_classifier_that_reads_captions_only_is_at_chance(pools, view):
    told = []
    for i, (_, positive, negatives) in enumerate(pools["rule"]):
        style = i % STYLES
        texts = [view(caption(edited.built.stated, style)) for edited in negatives]
        told.append((view(caption(positive.stated, style)), texts))
    train, test = told[:TRAIN], told[TRAIN:]
    texts = [positive for positive, _ in train]
    texts += [text for _, negatives in train for text in negatives]
    is_positive = [i < len(train) for i in range(len(texts))]
    words = TfidfVectorizer(
        token_pattern=r"[^\W\d_]+|\d+|[^\w\s]", lowercase=False, ngram_range=(1, 2), min_df=3
    )
    model = LogisticRegression(C=3.0, class_weight="balanced", max_iter=500)
    model.fit(words.fit_transform(texts), is_positive)
    scores = [model.decision_function(words.transform([own, *others])) for own, others in test]
    assert_at_chance(scores, [[e.operators for e in negatives] for _, _, negatives in pools["rule"][TRAIN:]])


def test_the_class_of_a_drawn_figure_does_not_tell_the_positive_from_its_image_negatives(pools):
    """A reader of pictures that knows the class alone: its odds among the positives and the negatives."""
    shown = [
        [figure_class(p.template, p.params) for p in (program, *(edited.program for edited in negatives))]
        for program, _, negatives in pools["image"]
    ]
    own = Counter(names[0] for names in shown[:TRAIN])
    others = Counter(name for names in shown[:TRAIN] for name in names[1:])
    scores = [np.array([(own[n] + 1) / (others[n] + NEGATIVES) for n in names]) for names in shown[TRAIN:]]
    assert_at_chance(scores, [[e.operators for e in negatives] for _, _, negatives in pools["image"][TRAIN:]])


def assert_at_chance(scores, operators):
    """Hit@1 of scores (the positive's first) within 3 points of chance, pairs of each operator up to 65 %."""
    hits, chance, pairs = 0.0, 0.0, defaultdict(list)
    for (own, *others), names in zip(scores, operators, strict=True):
        best = max(others)
        hits += 1.0 if own > best else (own == best) / (1 + others.count(own))
        chance += 1 / (1 + len(others))
        for name, other in zip(names, others, strict=True):
            pairs["+".join(name)].append((own > other) + 0.5 * (own == other))
    assert hits / len(scores) <= chance / len(scores) + 0.03
    for operator in ("letters", "number", "shape", "relation"):
        assert np.mean(pairs[operator]) <= 0.65, operator  # shape words alone told 83 % before balancing


def test_every_class_that_a_template_draws_has_a_weight_and_no_other():
    for weights in (BALANCE["rule"], BALANCE["image"]):
        assert sorted(weights) == classes()
        assert all(weight > 0 for weight in weights.values())


def test_edits_lead_only_to_figures_that_some_template_draws(draw):
    for template in TEMPLATES:
        program, positive = draw(template, "closed")
        for edited in edits(program, positive, Random(0), 30, "rule"):
            if isinstance(edited, Edited):
                assert figure_class(edited.program.template, edited.program.params) in BALANCE["rule"]


def test_a_round_raises_the_weight_of_what_negatives_name_too_seldom(monkeypatch, tmp_path):
    monkeypatch.setattr(balance, "FILE", tmp_path / "balance.json")
    monkeypatch.setattr(balance, "ordered", lambda pool, count, starts: [count(start) for start in starts])
    stored = deepcopy(BALANCE)
    try:
        skewed = deepcopy(stored)
        skewed["image"]["circle/chord"] /= 20
        positive, negative = balance.count(skewed, 0)
        assert negative["image"]["circle/chord"] < positive["circle/chord"]
        BALANCE.update(skewed)
        balance.main(["scenes=300", "rounds=1"])
    finally:
        BALANCE.update(stored)
    written = json.loads((tmp_path / "balance.json").read_text())
    assert written["image"]["circle/chord"] > skewed["image"]["circle/chord"]
    assert json.loads((PROJECT / "data/scene/templates/balance.json").read_text()) == stored


@pytest.mark.parametrize("word", ["scenes=none", "rounds=0", "turns=3", "configs/data/scenes.yaml"])
def test_an_option_that_is_not_understood_is_named(word, capsys):
    with pytest.raises(SystemExit):
        balance.main([word])
    assert "usage: python -m data.balance" in capsys.readouterr().err
