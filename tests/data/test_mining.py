"""Mining similar captions: against a naive computation, sampled by hand-derived odds, checked for truth."""

import itertools
import math
import random
import re
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from configs.retrieval import MiningConfig
from data import mining
from data.embed import TOKEN
from data.mining import choose, looked_at, once, retrieval_negatives, simans
from data.sample import parse_sample
from data.statements import statement_id, write_statements

WORDS = ["triangle", "square", "AB", "CD", "BC", "∥", "=", "5", "5.5", "°", "∠ABC", "Point", "point"]


def mine(texts, **options):
    """Scores and numbers of all captions as two arrays."""
    found = mining.mine(texts, **options)
    return found[0 : len(texts)]


def captions(count, seed=0):
    rng = random.Random(seed)
    return [" ".join(rng.choices(WORDS, k=6)) + f" {n}" for n in range(count)]


def naive(texts):
    """Cosine of (1 + ln tf) * (1 + ln((1 + n) / (1 + df))), written out."""
    grams = []
    for text in texts:
        tokens = re.findall(TOKEN, text)
        grams.append(Counter([*tokens, *(" ".join(pair) for pair in itertools.pairwise(tokens))]))
    df = Counter(gram for counts in grams for gram in counts)
    vectors = [
        {g: (1 + math.log(c)) * (1 + math.log((1 + len(texts)) / (1 + df[g]))) for g, c in counts.items()}
        for counts in grams
    ]
    norms = [math.sqrt(sum(value**2 for value in vector.values())) for vector in vectors]
    cosine = np.array([[sum(a[g] * b.get(g, 0) for g in a) for b in vectors] for a in vectors])
    return cosine / np.outer(norms, norms)


def test_it_finds_what_a_naive_search_finds():
    texts = captions(40)
    cosine = naive(texts)
    np.fill_diagonal(cosine, -1)
    scores, found = mine(texts, top=5)
    for row in range(40):
        assert scores[row] == pytest.approx(np.sort(cosine[row])[::-1][:5], abs=1e-5)
        assert cosine[row, found[row]] == pytest.approx(scores[row], abs=1e-5)
        assert row not in found[row]


def test_a_stopped_run_goes_on_and_finds_the_same(tmp_path, monkeypatch):
    texts = captions(40)
    whole = mine(texts, top=5)
    monkeypatch.setattr(mining, "STEP", 16)
    searched = []
    nearest = mining.nearest

    def stopping(queries, *rest):
        searched.append(queries.shape[0])
        if len(searched) == 2:
            raise KeyboardInterrupt
        return nearest(queries, *rest)

    monkeypatch.setattr(mining, "nearest", stopping)
    with pytest.raises(KeyboardInterrupt):
        mine(texts, top=5, store=tmp_path)
    again = mine(texts, top=5, store=tmp_path)
    assert searched == [16, 16, 16, 8]  # the first sixteen were kept
    for one, other in zip(whole, again, strict=True):
        assert np.array_equal(one, other)
    mine(texts, top=5, store=tmp_path)
    assert len(searched) == 4


def test_the_nearest_caption_is_the_one_with_most_words_in_common():
    texts = ["In △ABC, AB ∥ CD.", "A circle with centre O.", "In △ABC, AB ∥ CE.", "In △XYZ, XY = 4."]
    _, found = mine(texts, top=1)
    assert found[0] == 2
    assert found[2] == 0


def test_letters_keep_their_case():
    scores, _ = mine(["AB CD", "ab cd"], top=1)
    assert scores[0, 0] == 0


def test_equal_captions_are_no_negatives_of_each_other():
    texts = ["x y z", "x y z", "x y w", "x y w", "x v w"]
    scores, found = mine(texts, top=9)
    assert found.shape == scores.shape == (5, 2)
    assert found.tolist() == [[2, 4], [2, 4], [0, 4], [0, 4], [2, 0]]


def test_few_captions_and_bad_counts():
    assert mine(["same", "same"], top=3)[1].shape == (2, 0)
    assert mine([], top=3)[1].shape == (0, 0)
    with pytest.raises(ValueError, match="top=0"):
        mine(["a b", "b c"], top=0)


def test_only_candidates_proved_false_are_chosen_in_order():
    truth = {3: (False, 0.2), 1: (True, 2.5), 7: (True, 1.5), 2: (True, 9.0)}
    asked = []

    def is_false(candidate):
        asked.append(candidate)
        return truth[candidate]

    assert choose([3, 1, 7, 2], 2, is_false) == [(1, 2.5), (7, 1.5)]
    assert asked == [3, 1, 7]
    assert choose([3], 2, is_false) == []


def first_drawn(scores, draws, **options):
    """How often each candidate is drawn first."""
    firsts = [
        simans(np.array(scores), rng=np.random.default_rng(seed), **options)[0] for seed in range(draws)
    ]
    return np.bincount(firsts, minlength=len(scores)) / draws


def test_simans_draws_by_its_density():
    """a = 100, peak 0.8: distances 0, 0.1, 0.2 weigh 1, e^-1, e^-4; the same on both sides of the peak."""
    weights = np.array([math.exp(-1), 1.0, math.exp(-1), math.exp(-4)])
    found = first_drawn([0.9, 0.8, 0.7, 0.6], 4000, a=100.0, peak=0.8)
    assert found == pytest.approx(weights / weights.sum(), abs=0.03)


def test_simans_draws_the_next_from_what_is_left():
    """Weights 1, e^-1, e^-4: P(second is 1 | first is 0) = e^-1 / (e^-1 + e^-4) = 1 / (1 + e^-3)."""
    orders = [
        simans(np.array([0.5, 0.6, 0.7]), a=100.0, peak=0.5, rng=np.random.default_rng(seed)).tolist()
        for seed in range(4000)
    ]
    second = [order[1] == 1 for order in orders if order[0] == 0]
    assert np.mean(second) == pytest.approx(1 / (1 + math.exp(-3)), abs=0.02)
    assert {tuple(sorted(order)) for order in orders} == {(0, 1, 2)}


def test_simans_ranks_weights_that_no_float_could_hold():
    """exp(-a · 0.01) and exp(-a · 0.04) are both 0 at a = 1e9; their logs still tell them apart."""
    order = simans(np.array([0.3, 0.4, 0.5], np.float32), a=1e9, peak=0.5, rng=np.random.default_rng(0))
    assert order.tolist() == [2, 1, 0]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"sampling": "simans"}, "needs b or peak"),
        ({"sampling": "simans", "b": 0.1, "peak": 0.9}, "needs b or peak"),
        ({"sampling": "simans", "b": 0.0}, "b=0.0 puts the peak at cosine 1"),
        ({"sampling": "simans", "b": -0.1}, "puts the peak at cosine 1.1"),
        ({"sampling": "simans", "peak": 1.0}, "the draw becomes the nearest"),
        ({"sampling": "simans", "b": 0.1, "a": 0.0}, "a=0.0"),
        ({"b": 0.1}, "b with sampling=nearest"),
        ({"sampling": "best"}, "sampling='best'"),
        ({"embedder": " "}, "embedder is empty"),
        ({"top": 0}, "top=0"),
    ],
)
def test_options_without_meaning_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        MiningConfig(**options)


def test_b_and_peak_say_the_same():
    assert MiningConfig(sampling="simans", b=0.25).peak_score == 0.75
    assert MiningConfig(sampling="simans", peak=0.75).peak_score == 0.75
    assert looked_at(MiningConfig(), 10) == 50
    assert looked_at(MiningConfig(top=100), 10) == 100


def test_a_statement_counts_once_and_never_the_samples_own():
    assert once(np.array([7, 5, 7, 9, 5, 3]), 9).tolist() == [0, 1, 5]


def shape(name, value="triangle"):
    return {"kind": "shape", "args": [name], "value": value}


def test_statements_are_compared_by_facts_where_the_engine_made_them(sample):
    def made(caption, *facts):
        return statement_id(sample(0, caption=caption, facts=facts, meta={"program": {}}))

    assert made("Triangle ABC.", shape("ABC")) == made("△BCA is given.", shape("BCA"))
    assert made("Triangle ABC.", shape("ABC")) != made("Triangle ABD.", shape("ABD"))
    foreign = statement_id(sample(0, caption="Triangle ABC.", facts=(shape("ABC"),)))
    assert foreign == statement_id(sample(1, caption="Triangle  ABC. "))
    assert foreign != made("Triangle ABC.", shape("ABC"))


@pytest.fixture
def foreign(tmp_path, sample):
    """Twelve samples without scenes, what they say, and their neighbours: all others, nearest first."""
    samples = [sample(i, texts=0, pictures=0, caption=f"Segment {i} is long.") for i in range(12)]
    samples[3] = sample(3, texts=0, pictures=0, caption="Segment 2  is long.")  # says what sample 2 says
    samples[4] = sample(4, texts=0, pictures=0, caption="", messages=[{"role": "user", "content": "?"}])
    said = write_statements(tmp_path, [(s.caption, s.facts, statement_id(s)) for s in samples])
    return samples, said


def test_foreign_negatives_are_unverified_and_state_different_things(foreign):
    samples, said = foreign
    scores, rows = np.linspace(0.9, 0.1, 11), np.arange(1, 12)
    found, reasons = retrieval_negatives(
        samples[0], 0, scores, rows, said, count=4, cfg=MiningConfig(), seed=0
    )
    assert [n.text for n in found] == [f"Segment {i} is long." for i in (1, 2, 5, 6)]
    assert {(n.kind, n.verdict, n.residual) for n in found} == {("retrieval", "unverified", None)}
    assert [n.score for n in found] == [0.9, 0.82, 0.58, 0.5]  # of rows 1, 2, 5 and 6
    written = parse_sample("k", replace(samples[0], negatives=found).members())
    assert [n.score for n in written.negatives] == [0.9, 0.82, 0.58, 0.5]
    assert reasons == {mining.SAME: 1, mining.USELESS: 1}


def test_a_draw_depends_on_seed_and_sample_alone(foreign):
    samples, said = foreign
    cfg = MiningConfig(sampling="simans", peak=0.5, a=10.0)
    scores, rows = np.linspace(0.9, 0.1, 11), np.arange(1, 12)

    def draw(seed, at=0):
        found, _ = retrieval_negatives(samples[at], at, scores, rows, said, count=4, cfg=cfg, seed=seed)
        return [n.text for n in found]

    assert draw(0) == draw(0)
    assert len({tuple(draw(seed)) for seed in range(5)}) > 1
    assert draw(0, at=11) != draw(0)
