"""Words or a look alone do not tell a positive from its negatives: edits leave the distribution as it is."""

import re
from collections import Counter, defaultdict
from random import Random

import numpy as np
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression

from configs.build import SceneConfig
from data.scene.caption import STYLES, caption
from data.scene.draw import draw_figure, frequencies, template_weights
from data.scene.edits import Edited, Editor
from data.scene.templates import FAMILIES, TEMPLATES, figure_class, shares

SCENES, TRAIN = 900, 600
NEGATIVES = 10
CFG = SceneConfig()
WEIGHTS = template_weights(CFG)
SHARES = frequencies(tuple(WEIGHTS.items()))


@pytest.fixture(scope="module")
def pools():
    """By kind, per scene the positive and its negatives: program, statements, edits."""
    found = {"rule": [], "image": []}
    for i in range(SCENES):
        rng = Random(f"pool/{i}")
        program, positive = draw_figure(rng.choice(list(TEMPLATES)), CFG, rng)
        for kind, mine in found.items():
            editor = Editor(kind, SHARES, CFG.letters if kind == "image" else "")
            changes = editor.edits(program, positive, Random(f"pool/{i}/{kind}"), NEGATIVES)
            mine.append((program, positive, [e for e in changes if isinstance(e, Edited)]))
    return found


def masked(text):
    """The caption with an X for every letter that names a point."""
    return re.sub(r"(?<![A-Za-z])[A-Z]{1,8}(?![a-z])", lambda match: "X" * len(match[0]), text)


@pytest.mark.parametrize("view", [str, masked], ids=["as written", "letters masked"])
def test_a_classifier_that_reads_captions_only_is_at_chance(pools, view):
    told = []
    for i, (_, positive, negatives) in enumerate(pools["rule"]):
        texts = [view(caption(edited.stated, i % STYLES)) for edited in negatives]
        told.append((view(caption(positive.stated, i % STYLES)), texts))
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
    assert_at_chance(scores, operators(pools["rule"][TRAIN:]))


def test_the_class_of_a_drawn_figure_does_not_tell_the_positive_from_its_image_negatives(pools):
    """A reader of pictures that knows the class alone: its odds among the positives and the negatives."""
    shown = [
        [figure_class(p.template, p.params) for p in (program, *(edited.program for edited in negatives))]
        for program, _, negatives in pools["image"]
    ]
    own = Counter(names[0] for names in shown[:TRAIN])
    others = Counter(name for names in shown[:TRAIN] for name in names[1:])
    scores = [np.array([(own[n] + 1) / (others[n] + NEGATIVES) for n in names]) for names in shown[TRAIN:]]
    assert_at_chance(scores, operators(pools["image"][TRAIN:]))


def operators(pool):
    return [[{edit.operator for edit in e.edits} for e in negatives] for _, _, negatives in pool]


def assert_at_chance(scores, names_of_pools):
    """Hit@1 of scores (the positive's first) within 3 points of chance; pairs within 10, but for noise."""
    hits, chance, pairs = 0.0, 0.0, defaultdict(list)
    for (own, *others), names in zip(scores, names_of_pools, strict=True):
        best = max(others)
        hits += 1.0 if own > best else (own == best) / (1 + others.count(own))
        chance += 1 / (1 + len(others))
        for operators_of, other in zip(names, others, strict=True):
            for name in operators_of:
                pairs[name].append((own > other) + 0.5 * (own == other))
    assert hits / len(scores) <= chance / len(scores) + 0.03
    assert len(pairs) >= 5
    for operator, wins in pairs.items():
        assert np.mean(wins) - 2 * np.std(wins) / len(wins) ** 0.5 <= 0.6, operator


@pytest.mark.parametrize("kind", ["rule", "image"])
def test_every_class_is_as_frequent_among_negatives_as_among_positives(pools, kind):
    found = Counter()
    for _, _, negatives in pools[kind]:
        for edited in negatives:
            found[figure_class(edited.program.template, edited.program.params)] += 1 / len(negatives)
    own = Counter(figure_class(p.template, p.params) for p, _, _ in pools[kind])
    assert set(found) <= set(SHARES)
    off = sum(abs(found[name] - own[name]) for name in SHARES) / 2 / SCENES
    assert off < 0.15  # two samples of the same distribution differ by 0.09


def test_every_choice_can_be_taken_back():
    for family in FAMILIES.values():
        for choice in family.choices:
            for value, ways in choice.following.items():
                assert value not in ways
                assert all(value in choice.following[way] for way in ways), (family.name, choice.parameter)


def test_shares_sum_to_one_and_follow_the_weights():
    found = shares([("square", 3.0), ("circle_inscribed_angle", 1.0)])
    assert sum(found.values()) == pytest.approx(1.0)
    assert found["circle", "diameter"] == found["circle", "chord"] == pytest.approx(0.125)
    assert sum(share for name, share in found.items() if "square" in name) == pytest.approx(0.75)


def test_levels_draw_each_level_as_often_as_asked():
    weights = template_weights(SceneConfig(levels={"easy": 3.0, "hard": 1.0}))
    of_level = defaultdict(float)
    for name, weight in weights.items():
        of_level[TEMPLATES[name].level] += weight
    assert dict(of_level) == pytest.approx({"easy": 3.0, "hard": 1.0})


def test_a_level_that_no_template_has_is_an_error():
    with pytest.raises(ValueError, match=r"scene.levels=.*'hard'"):
        template_weights(SceneConfig(templates=["square"], levels={"hard": 1.0}))
