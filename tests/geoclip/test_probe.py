import json
from dataclasses import replace

import numpy as np
import pytest

from configs.probe import ProbeConfig
from data.sample import Sample
from data.shards import write_shards
from geoclip.probe import attributes, label_table, main, probe, split


def options(**more):
    return ProbeConfig(**{"models": ["m"], "data": "d", "out": "o", "resamples": 50, "least": 2, **more})


def test_attributes_are_those_of_the_scene(scenes):
    for sample in scenes:
        found = attributes(sample)
        assert found["main shape"] == sample.meta["template"].replace("_", " ")
        assert found["number of circles"] == "0"
        stated = {fact["kind"] for fact in sample.facts}
        told = {name.removeprefix("relation ") for name in found if name.startswith("relation ")}
        assert told == stated - {"shape", "length", "angle"}


def test_a_circle_is_counted_and_need_not_be_a_shape():
    facts = ({"kind": "circle", "args": ["O"]}, {"kind": "tangent", "args": ["AB", "O"]})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            "geoclip.probe.scene_of_sample", lambda _: type("S", (), {"circles": (("O", 9.0), ("P", 4.0))})
        )
        found = attributes(Sample("a", "A circle.", {"png": b""}, facts=facts, meta={"program": {}}))
    assert found == {"number of circles": "2", "relation tangent": "yes"}
    table = label_table([found, {"main shape": "square", "number of circles": "0"}])
    assert table["relation tangent"].tolist() == ["yes", "no"]
    assert table["main shape"].tolist() == ["", "square"]


def test_samples_without_scenes_are_refused(make_sample):
    with pytest.raises(ValueError, match=r"sample 's0000' has no scene .*python -m data\.build"):
        attributes(make_sample(0))


def test_a_scene_of_another_version_is_named(scenes):
    program = {**scenes[0].meta["program"], "params": {}}
    strange = replace(scenes[0], meta={**scenes[0].meta, "program": program})
    with pytest.raises(ValueError, match=f"sample {strange.key} holds no program of this version"):
        attributes(strange)


def test_the_split_is_a_partition_that_depends_on_the_seed_alone():
    train, test = split(100, options())
    assert (len(train), len(test)) == (70, 30)
    assert sorted([*train, *test]) == list(range(100))
    assert split(100, options())[1].tolist() == test.tolist() != split(100, options(seed=1))[1].tolist()
    with pytest.raises(ValueError, match=r"1 samples with held_out=0\.3 leave none"):
        split(1, options())


def test_a_probe_finds_what_is_linear_and_its_control_does_not():
    rng = np.random.default_rng(0)
    labels = rng.choice(["a", "b", "c", "rare", ""], 600, p=[0.5, 0.2, 0.2, 0.005, 0.095])
    means = {"a": [4, 0], "b": [0, 4], "c": [-4, -4], "rare": [9, 9], "": [0, 0]}
    values = np.array([means[name] for name in labels]) + rng.normal(size=(600, 2))
    train, test = split(600, options())
    found, right = probe(values, labels, train, test, options(least=10))
    assert found["accuracy"] > 0.95
    assert found["balanced_accuracy"] > 0.95
    kept = [i for i in test if labels[i] in "abc" and labels[i]]
    assert sorted(right) == kept
    assert found["n"] == len(kept)
    assert found["majority"] == pytest.approx(np.mean([labels[i] == "a" for i in kept]))
    assert found["control"] == pytest.approx(found["majority"], abs=0.12)
    assert found["control_balanced_accuracy"] == pytest.approx(1 / 3, abs=0.1)
    assert found["chance"] == pytest.approx(1 / 3)
    assert found["classes"].keys() == {"a", "b", "c"}
    assert found["left_out"] == {"rare": int((labels[train] == "rare").sum())}
    assert found["over_majority"]["low"] > 0


def test_noise_is_at_the_majority_class_and_one_class_is_no_probe():
    rng = np.random.default_rng(0)
    labels = rng.choice(["no", "yes"], 400, p=[0.8, 0.2])
    train, test = split(400, options())
    found, _ = probe(rng.normal(size=(400, 5)), labels, train, test, options())
    assert found["accuracy"] == pytest.approx(found["majority"], abs=0.05)
    assert found["balanced_accuracy"] == pytest.approx(0.5, abs=0.05)
    assert probe(rng.normal(size=(400, 5)), np.full(400, "no"), train, test, options()) is None


def test_the_command_probes_and_compares_models(clip_folder, siglip_folder, scenes, tmp_path):
    write_shards(scenes, tmp_path / "data", name="s", shard_size=20, meta={"recipe": {}})
    rest = [f"data={tmp_path / 'data'}", f"out={tmp_path / 'out'}", "least=1", "resamples=20", "held_out=0.5"]
    main([clip_folder, siglip_folder, *rest, "accelerator=cpu"])
    results = json.loads((tmp_path / "out" / "results.json").read_text())
    assert list(results["models"]) == [clip_folder, siglip_folder]
    assert results["samples"] == {"n": 12, "train": 6, "test": 6}
    assert "number of circles" in results["not_probed"]
    probed = results["models"][clip_folder]
    assert probed["pooled"].keys() == probed["patches"].keys()
    assert len(results["comparisons"]) == 2 * len(probed["pooled"])
    page = (tmp_path / "out" / "report.html").read_text()
    assert "main shape" in page
    assert "<script" not in page
