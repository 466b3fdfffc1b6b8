import numpy as np
import pytest
import torch

from data.scene import engine
from geoclip.hits import Hits, compare, compare_pairs, operator_accuracy, summary
from geoclip.pools import Pools, Scores, all_hits, operator_hits, pool_hits, score


def scores_of(**fields):
    """Scores of two-dimensional features: sample i's picture is e_i's angle, captions are given."""
    empty = Scores()
    for name, value in fields.items():
        setattr(empty, name, value)
    return empty


def hits(ahead, negatives, tied=None):
    keys = [f"s{i}" for i in range(len(ahead))]
    return Hits(keys, list(ahead), list(tied or [False] * len(ahead)), list(negatives))


def test_a_tie_is_a_miss_and_is_reported():
    pool = Hits()
    pool.add("better", 0.9, np.array([0.8, 0.1]))
    pool.add("level", 0.9, np.array([0.9, 0.1]))
    pool.add("worse", 0.9, np.array([0.95, 0.93]))
    assert pool.at(1).tolist() == [1.0, 0.0, 0.0]
    assert pool.at(5).tolist() == [1.0, 1.0, 1.0]
    found = summary(pool, 5, resamples=200, seed=0)
    assert found["hit@1"] == pytest.approx(1 / 3)
    assert found["tie_rate"] == pytest.approx(1 / 3)
    assert (found["n"], found["left_out"]) == (3, 2)


def test_chance_follows_the_size_of_each_pool():
    found = summary(hits([0, 0], [10, 4]), 2, resamples=50, seed=0)
    assert found["chance"]["hit@1"] == pytest.approx((1 / 11 + 1 / 5) / 2)
    assert found["chance"]["hit@5"] == pytest.approx((5 / 11 + 1.0) / 2)
    assert found["negatives"] == {"min": 4, "mean": 7.0, "max": 10}


def test_a_random_scorer_is_at_chance_and_its_interval_covers_it():
    rng = np.random.default_rng(0)
    pool = Hits()
    for i in range(2000):
        pool.add(str(i), rng.random(), rng.random(10))
    found = summary(pool, 2000, resamples=400, seed=0)
    low, high = found["ci95"]["hit@1"]
    assert low < 1 / 11 < high
    assert high - low < 0.04


def test_a_pool_that_no_sample_has_is_counted_not_scored():
    assert summary(Hits(), 7, resamples=10, seed=0) == {"n": 0, "left_out": 7}


def test_samples_without_a_kind_are_left_out_of_that_pool_alone(clip, ragged, batch_of):
    scores = score(clip, [batch_of(clip, ragged[:7]), batch_of(clip, ragged[7:])])
    pools = pool_hits(scores, negatives=10, seed=0)
    for kind in ("rule", "retrieval", "image"):
        expected = [s.key for s in ragged if any(n.kind == kind for n in s.negatives)]
        assert pools[kind].keys == expected
        counts = [sum(n.kind == kind for n in s.negatives) for s in ragged if s.key in expected]
        assert pools[kind].negatives == counts
    assert pools["random"].keys == [s.key for s in ragged]
    assert set(pools["random"].negatives) == {10}


def test_scores_equal_cosines_of_single_encodings(clip, ragged, batch_of):
    scores = score(clip, [batch_of(clip, ragged)])
    for i, sample in enumerate(ragged):
        batch = batch_of(clip, [sample])
        image, text, *_ = clip(batch.images, batch.input_ids, batch.attention_mask)
        own = float((image[0] @ text[batch.caption[0]]).detach())
        assert scores.own[i] == pytest.approx(own, abs=1e-6)
        expected = {}
        for row, (kind, _) in zip(batch.text_negative, batch.text_labels, strict=True):
            expected.setdefault(kind, []).append(float((image[0] @ text[row]).detach()))
        for row, (kind, _) in enumerate(batch.image_labels):
            expected.setdefault(kind, []).append(float((image[1 + row] @ text[batch.caption[0]]).detach()))
        found = {kind: [value for _, value in rows] for kind, rows in scores.negatives[i].items()}
        assert found.keys() == expected.keys()
        for kind, values in expected.items():
            assert found[kind] == pytest.approx(values, abs=1e-6)


def test_the_random_pool_never_holds_the_samples_own_caption():
    captions = ["same", "same", "other", "third"]
    texts = torch.eye(4)[[0, 0, 1, 2]].double()
    scores = scores_of(
        keys=list("abcd"),
        captions=captions,
        own=[0.5, 0.5, 0.5, 0.5],
        negatives=[{}] * 4,
        images=[texts.clone()],
        texts=[texts],
    )
    pool = pool_hits(scores, negatives=3, seed=0)["random"]
    # A drawn caption equal to the sample's own would score 1 and be ahead.
    assert pool.ahead == [0, 0, 0, 0]
    assert pool.negatives == [2, 2, 2, 2]


def test_the_random_pool_is_the_same_for_every_model_and_depends_on_the_seed():
    generator = torch.Generator().manual_seed(0)
    texts = torch.nn.functional.normalize(torch.randn(40, 6, generator=generator).double(), dim=1)

    def ahead(seed):
        fields = {"keys": [str(i) for i in range(40)], "captions": [str(i) for i in range(40)]}
        scores = scores_of(
            **fields, own=[0.3] * 40, negatives=[{}] * 40, images=[texts.flip(0)], texts=[texts]
        )
        return pool_hits(scores, negatives=10, seed=seed)["random"].ahead

    assert ahead(0) == ahead(0)
    assert ahead(0) != ahead(1)


def test_pairwise_accuracy_per_operator_averages_within_a_sample():
    rows = [
        {"rule": [("letters", 0.1), ("letters", 0.9), ("number", 0.5)]},
        {"rule": [("letters", 0.1)], "image": [("", 0.2)]},
    ]
    scores = scores_of(keys=["a", "b"], own=[0.5, 0.5], negatives=rows)
    found = operator_accuracy(operator_hits(scores), resamples=50, seed=0)
    assert found["rule/letters"]["accuracy"] == pytest.approx((0.5 + 1.0) / 2)
    assert (found["rule/letters"]["n"], found["rule/letters"]["pairs"]) == (2, 3)
    assert found["rule/letters"]["pool"]["hit@1"] == 0.5
    assert found["rule/letters"]["pool"]["hit@5"] == 1.0
    assert found["rule/letters"]["pool"]["chance"]["hit@1"] == pytest.approx((1 / 3 + 1 / 2) / 2)
    assert found["rule/number"]["accuracy"] == 0.0  # a tie
    assert found["rule/number"]["pool"]["hit@1"] == 0.0
    assert found["image/unknown"]["accuracy"] == 1.0


def test_comparison_is_paired_by_key():
    order = np.random.default_rng(1).permutation(300)
    base = np.random.default_rng(0).integers(0, 3, 300)
    better = np.where(np.arange(300) < 30, 0, base)
    a, b = hits(better, [10] * 300), hits(base, [10] * 300)
    b = Hits([b.keys[i] for i in order], [b.ahead[i] for i in order], [False] * 300, [10] * 300)
    empty = {name: Hits() for name in ("retrieval", "rule", "image")}
    found = compare({"random": a, **empty}, {"random": b, **empty})
    assert found.keys() == {"random"}
    gain = (better == 0).mean() - (base == 0).mean()
    assert found["random"]["difference"] == pytest.approx(gain)
    assert 0 < found["random"]["low"] < gain < found["random"]["high"]
    assert found["random"]["n"] == 300


def test_features_that_are_not_numbers_name_the_sample(clip, ragged, batch_of):
    with torch.no_grad():
        clip.model.visual_projection.weight[0] = torch.nan
    with pytest.raises(ValueError, match="not numbers for samples s0000, s0001"):
        score(clip, [batch_of(clip, ragged[:2])])


def test_pools_from_text_to_picture_hold_the_pictures_of_the_same_samples():
    """Brute force: sample 0's retrieval negatives are the captions of 2 and 3, and one that is nobody's."""
    generator = torch.Generator().manual_seed(1)
    images, texts = torch.nn.functional.normalize(torch.randn(2, 5, 4, generator=generator).double(), dim=-1)
    scores = scores_of(
        keys=list("abcde"),
        captions=list("vwxyz"),
        own=(images * texts).sum(-1).tolist(),
        negatives=[{}] * 5,
        images=[images[:2], images[2:]],
        texts=[texts[:2], texts[2:]],
        text_ids=[10, 11, 12, 13, 14],
        retrieved=[[12, 99, 13], [], [10], [13], []],
    )
    pools = Pools(scores, negatives=2, seed=0)
    cosines, members = pools.candidates("retrieval_t2i", 0)
    assert members == [2, 3]
    assert cosines.tolist() == pytest.approx([float(images[j] @ texts[0]) for j in (2, 3)])
    for i in range(5):
        (to_text, captions), (to_image, pictures) = (pools.candidates(p, i) for p in ("random", "random_t2i"))
        assert captions == pictures
        assert to_text.tolist() == pytest.approx([float(images[i] @ texts[j]) for j in captions])
        assert to_image.tolist() == pytest.approx([float(images[j] @ texts[i]) for j in captions])
    found = all_hits(pools)
    assert found["retrieval_t2i"].keys == ["a", "c"]  # d retrieved only its own caption
    assert found["retrieval_t2i"].negatives == [2, 1]


def test_no_candidate_of_a_random_pool_is_true(clip, scenes, batch_of):
    """Scenes over six letters, of which some captions are true of other pictures, in one direction only."""
    scores = score(
        clip, [batch_of(clip, part, text_overflow="truncate") for part in (scenes[:5], scenes[5:])]
    )
    pools = Pools(scores, negatives=11, seed=0)
    built = [engine.scene_of(sample.meta) for sample in scenes]

    def wrong(picture, caption):
        told = engine.truth_of_caption(built[picture], scenes[caption].facts)
        return told.verdict == "false" and scenes[picture].caption != scenes[caption].caption

    left_out = 0
    for i in range(len(scenes)):
        others = {j for j in range(len(scenes)) if scenes[j].caption != scenes[i].caption}
        to_text, to_image = (set(pools.candidates(p, i)[1]) for p in ("random", "random_t2i"))
        assert to_text == {j for j in others if wrong(i, j)}
        assert to_image == {j for j in others if wrong(j, i)}
        left_out += len(others - to_text) + len(others - to_image)
    assert left_out > 0


def test_operators_are_compared_by_pairs_won():
    a = {"rule/number": hits([0, 1, 2], [2, 2, 2]), "rule/letters": hits([0], [1])}
    b = {"rule/number": hits([2, 1, 2], [2, 2, 4])}
    found = compare_pairs(a, b, resamples=50)
    assert found.keys() == {"rule/number"}
    assert found["rule/number"]["difference"] == pytest.approx((1.0 + 0.0 - 0.5) / 3)
