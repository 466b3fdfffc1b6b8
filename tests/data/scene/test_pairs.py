"""In-batch truth: the pairs are those that judging every caption on every scene finds."""

import json
import warnings
from dataclasses import replace

import numpy as np
import pytest

from configs.build import BuildConfig, NegativesConfig, SceneConfig
from data.sample import Sample
from data.scene import pairs as pairs_module
from data.scene.engine import make_sample, scene_of, truth_of_caption
from data.scene.pairs import Told, true_of, true_pairs

SIMPLE = ["isosceles_triangle", "right_triangle", "rectangle", "square", "rhombus"]


def config(letters, templates=()):
    scene = SceneConfig(letters=letters, templates=list(templates), image_size=48, questions=False)
    return BuildConfig(name="t", splits={"t": 1}, scene=scene, negatives=NegativesConfig(0, 0, 0))


def drawn(cfg, count):
    return [make_sample(cfg, i, "t")[0] for i in range(count)]


@pytest.fixture(scope="module")
def crowded():
    """A hundred samples over few letters and simple figures, so that captions are true of other scenes."""
    return drawn(config("ABCDEF", SIMPLE), 100)


def brute(samples):
    """Judge all captions on all scenes, letters and all."""
    found = {}
    for i, sample in enumerate(samples):
        scene = scene_of(sample.meta)
        for j, other in enumerate(samples):
            verdict = truth_of_caption(scene, other.facts).verdict
            if i != j and (verdict != "false" or sample.caption == other.caption):
                found[i, j] = verdict
    return found


def listed(found):
    return [tuple(pair) for pair in found.tolist()]


def test_pairs_are_those_of_judging_every_caption_on_every_scene(crowded):
    expected = brute(crowded)
    found = true_pairs([Told.of(sample) for sample in crowded])
    assert found.dtype == np.int64
    assert listed(found) == sorted(expected)
    assert set(expected.values()) == {"true", "ambiguous"}
    one_way = [pair for pair in expected if pair[::-1] not in expected]
    assert one_way  # truth has a direction: a square is a rectangle


def test_with_all_templates_and_letters_too():
    samples = drawn(config("ABCDEFGHKLMN"), 50)
    samples.append(replace(samples[3], key="again"))
    found = true_pairs([Told.of(sample) for sample in samples])
    assert listed(found) == sorted(brute(samples))
    assert (3, 50) in listed(found)


def test_only_the_few_pairs_that_letters_leave_are_built(monkeypatch):
    samples = drawn(config("ABCDEFGHKLMNPQRST"), 40)
    built = []
    monkeypatch.setattr(pairs_module, "scene_of", lambda meta: built.append(meta) or scene_of(meta))
    told = [Told.of(sample) for sample in samples]
    true_pairs(told)
    assert len(built) < 20
    true_pairs(told)
    assert len(built) < 20  # once per sample


def test_foreign_samples_are_pairs_only_by_equal_captions(crowded):
    words = ["A square.", "A circle.", "A square.", "A rhombus.", crowded[0].caption]
    foreign = [Sample(f"f{i}", text, {"png": b""}) for i, text in enumerate(words)]
    foreign[3] = replace(foreign[3], facts=crowded[1].facts)  # facts, but no scene
    foreign[1] = replace(foreign[1], facts=crowded[1].facts, meta={"program": "plot(x)"})
    told = [Told.of(sample) for sample in [*crowded[:2], *foreign]]
    own = true_pairs(told[:2])
    assert listed(true_pairs(told)) == sorted([*listed(own), (0, 6), (6, 0), (2, 4), (4, 2)])
    assert true_pairs([]).shape == (0, 2)
    assert listed(true_pairs(told[2:4])) == []


BREAK = {
    "other figure": lambda s: {"meta": {"program": {**s.meta["program"], "names": "FEDCBA"}}},
    "unknown template": lambda s: {"meta": {"program": {**s.meta["program"], "template": "nonagon"}}},
    "no names": lambda s: {"meta": {"program": {"template": "triangle"}}},
    "names of another type": lambda s: {"meta": {"program": {**s.meta["program"], "names": 7}}},
    "unknown fact": lambda s: {"facts": ({**s.facts[0], "kind": "nice"}, *s.facts[1:])},
    "broken fact": lambda s: {"facts": ({"kind": "shape"},)},
    "args of another type": lambda s: {"facts": ({**s.facts[0], "args": [3]},)},
}


@pytest.mark.parametrize("name", BREAK)
def test_a_scene_that_cannot_be_built_again_has_no_pairs_and_says_so(crowded, name):
    good = [Told.of(sample) for sample in (crowded[0], replace(crowded[0], caption="Said otherwise."))]
    assert listed(true_pairs(good)) == [(0, 1), (1, 0)]
    bad = Told.of(replace(crowded[0], caption="Broken.", **BREAK[name](crowded[0])))
    with pytest.warns(UserWarning, match="cannot be built again"):
        assert listed(true_pairs([good[0], bad])) == []


def test_what_is_sent_to_other_ranks_gives_the_same_pairs(crowded):
    told = [Told.of(sample) for sample in crowded]
    sent = [one.to_bytes() for one in told]
    assert max(map(len, sent)) < 1500
    again = [Told.from_bytes(text) for text in sent]
    pairs = true_pairs(told)
    assert np.array_equal(true_pairs(again), pairs)
    across = true_of(again[:20], told[20:])
    assert listed(across) == [(i, j - 20) for i, j in listed(pairs) if i < 20 <= j]
    assert Told("words").to_bytes() == b""
    assert Told("words", told[0].facts, {**told[0].program, "more": "x" * 5000}).to_bytes() == b""
    assert json.loads(sent[0])[0] == crowded[0].caption


def test_pairs_of_usual_data_come_without_a_warning(crowded):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert len(true_pairs([Told.of(sample) for sample in crowded]))
