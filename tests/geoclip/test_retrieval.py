import json
from dataclasses import replace

import pytest
from transformers import ChineseCLIPConfig, ChineseCLIPModel, CLIPImageProcessor

from configs.geoclip import RetrievalConfig
from configs.strict import quiet
from data.shards import write_shards
from geoclip.hits import compare
from geoclip.retrieval import load_hits, main, run
from geoclip.towers import load_encoder


def options(models, data, out, **more):
    given = {"resamples": 100, "num_workers": 0, "accelerator": "cpu", "batch_size": 5, **more}
    return RetrievalConfig(models=models, data=data, out=str(out), **given)


def test_the_command_scores_and_compares_several_families(clip_folder, siglip_folder, shards, tmp_path):
    out = tmp_path / "out"
    rest = ["resamples=100", "num_workers=0", "accelerator=cpu", "negatives=3", "batch_size=5"]
    main([clip_folder, siglip_folder, f"data={shards}", f"out={out}", *rest])
    results = json.loads((out / "results.json").read_text())
    assert list(results["models"]) == [clip_folder, siglip_folder]
    for entry in results["models"].values():
        assert entry["n"] == 12
        assert {name: entry["pools"][name]["n"] for name in ("random", "retrieval", "rule", "image")} == {
            "random": 12,
            "retrieval": 6,
            "rule": 6,
            "image": 8,
        }
        assert entry["pools"]["random"]["chance"]["hit@1"] == pytest.approx(1 / 4)
        assert {"rule/number", "image/letters", "retrieval/unknown"} == set(entry["operators"])
    assert {"config_hash", "seed", "environment", "config"} <= results.keys()
    (pair,) = results["comparisons"]
    assert (pair["a"], pair["b"]) == (clip_folder, siglip_folder)
    stored = load_hits(out / "hits.json")
    again = compare(stored[clip_folder], stored[siglip_folder], resamples=100)
    assert again == pair["hit@1"]


def test_a_second_run_gives_the_same_numbers(clip_folder, shards, tmp_path):
    found = [run(options([clip_folder], shards, tmp_path / name))["models"][clip_folder] for name in "ab"]
    for entry in found:
        del entry["seconds"]
    assert found[0] == found[1]


def test_batch_size_does_not_change_the_hits(clip_folder, shards, tmp_path):
    for name, size in (("a", 1), ("b", 12)):
        run(options([clip_folder], shards, tmp_path / name, batch_size=size))
    one, two = (load_hits(tmp_path / name / "hits.json")[clip_folder] for name in "ab")
    assert one.keys() == two.keys()
    for pool, hits in one.items():
        assert hits.margin == pytest.approx(two[pool].margin, abs=1e-6)
        assert replace(hits, margin=[]) == replace(two[pool], margin=[])


def test_another_stock_contrastive_model_works_untouched(clip_folder, shards, tmp_path):
    """Chinese-CLIP has a BERT text tower and is named nowhere in this project."""
    sizes = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 2}
    text = {**sizes, "vocab_size": 400, "max_position_embeddings": 64, "pad_token_id": 0}
    vision = {**sizes, "image_size": 32, "patch_size": 8}
    with quiet():
        ChineseCLIPModel(
            ChineseCLIPConfig(text_config=text, vision_config=vision, projection_dim=8)
        ).save_pretrained(tmp_path / "model")
        load_encoder(clip_folder).tokenizer.save_pretrained(tmp_path / "model")
        CLIPImageProcessor(size={"shortest_edge": 32}).save_pretrained(tmp_path / "model")
    model = str(tmp_path / "model")
    entry = run(options([model], shards, tmp_path / "out"))["models"][model]
    assert entry["pools"]["rule"]["n"] == 6


def test_samples_that_cannot_be_used_are_counted(clip_folder, make_sample, tmp_path):
    samples = [make_sample(0), make_sample(1, caption="Point D lies on BC. " * 12), make_sample(2)]
    write_shards(samples, tmp_path / "data", name="x", shard_size=5, meta={"seed": 0, "recipe": {}})
    data = str(tmp_path / "data")
    with pytest.raises(ValueError, match=r"a caption of .* set text_overflow"):
        run(options([clip_folder], data, tmp_path / "out"))
    with pytest.raises(ValueError, match=r"1 samples of .* more than max_skipped=0"):
        run(options([clip_folder], data, tmp_path / "out", text_overflow="skip"))
    allowed = options([clip_folder], data, tmp_path / "out", text_overflow="skip", max_skipped=1)
    entry = run(allowed)["models"][clip_folder]
    assert entry["skipped"]["n"] == 1
    assert "s0001" in entry["skipped"]["first"][0]
    assert entry["n"] == 2


def test_errors_end_the_command_with_one_line(capsys, clip_folder, tmp_path):
    with pytest.raises(SystemExit) as stop:
        main([clip_folder, f"data={tmp_path / 'nowhere'}", f"out={tmp_path}"])
    assert stop.value.code == 2
    with pytest.raises(SystemExit) as stop:
        main([f"data={tmp_path}", f"out={tmp_path}"])
    assert stop.value.code == 2
