import json
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from types import SimpleNamespace

import pytest
import torch
from PIL import Image
from safetensors.torch import load_file, save_file

from configs.build import BuildConfig, SceneConfig
from configs.build import NegativesConfig as SceneNegatives
from configs.data import UnfoldConfig
from configs.geoclip import GeoclipConfig, RetrievalConfig
from configs.load import load_config
from configs.objective import ObjectiveConfig
from configs.runs import read_metrics
from configs.training import OptimConfig
from data.recipes.mm_math_align import main as import_records
from data.sample import Negative
from data.scene import engine
from data.shards import write_shards
from data.unfold import unfold_shards
from geoclip.module import GeoclipModule
from geoclip.retrieval import run
from geoclip.towers import load_encoder
from geoclip.train import train

BASE = [
    "objective.in_batch=1.0",
    "objective.text=1.0",
    "objective.image=1.0",
    "optim.lr=1e-3",
    "trainer.accelerator=cpu",
    "trainer.devices=1",
    "trainer.max_epochs=-1",
    "trainer.max_steps=6",
    "trainer.log_every_steps=1",
    "trainer.checkpoint_every_steps=3",
    "trainer.keep_checkpoints=5",
    "trainer.progress=false",
    "train.batch_size=4",
    "train.num_workers=0",
]

SIGMOID = ["objective.in_batch=0", "objective.text=0", "objective.image=0", "objective.sigmoid_text=1"]


@pytest.fixture(scope="module")
def options(shards, clip_folder):
    """The options of a run in a folder."""

    def make(folder, *more):
        start = (
            [] if any(arg.startswith("encoder.") for arg in more) else [f"encoder.pretrained={clip_folder}"]
        )
        return [*BASE, f"train.shards=[{shards}]", *start, f"trainer.run_dir={folder}", *more]

    return make


@pytest.fixture(scope="module")
def finished(options, shards, tmp_path_factory):
    folder = tmp_path_factory.mktemp("run") / "run"
    val = ["val.batch_size=5", f"val.shards=[{shards}]", "val.num_workers=0", "trainer.val_every_steps=3"]
    return folder, train(load_config(GeoclipConfig, options(folder, *val)))


def weights(folder):
    return load_file(folder / "export" / "clip" / "model.safetensors")


def test_a_run_leaves_results_metrics_and_exports(finished):
    folder, results = finished
    assert results == json.loads((folder / "results.json").read_text())
    assert results["samples_seen"] == 24
    assert results["steps"] == 6
    assert results["seconds"] > 0
    assert set(results["last"]) >= {"loss", "in_batch", "text", "image", "accuracy/text"}
    assert results["validation"]["loss"] > 0
    assert {"hit@1/rule", "hit@1/image"} <= results["validation"].keys()
    page = (folder / "report.html").read_text()
    for name in ("hit@1/rule", "hit@1/image", "loss", "lr-AdamW", "samples_per_second"):
        assert f">{name}" in page
    card = (folder / "export" / "README.md").read_text()
    assert 'AutoModel.from_pretrained("clip")' in card
    assert 'CLIPVisionModel.from_pretrained("vision")' in card
    assert "| train | ragged | 0 | 12 |" in card
    assert results["export"]["vision"]["largest_difference"] <= 1e-4
    assert {"seed", "config_hash", "environment"} <= results.keys()
    rows = [row for row in read_metrics(folder) if "train/loss" in row]
    assert len(rows) == 6
    wanted = {"train/loss", "train/in_batch", "train/text", "train/image", "train/logit_scale"}
    assert wanted | {"train/samples_per_second", "train/accuracy/in_batch"} <= rows[-1].keys()
    assert any("train/grad_norm" in row for row in read_metrics(folder))
    assert any("lr-AdamW/pg1" in row or "lr-AdamW" in row for row in read_metrics(folder))


@torch.no_grad()
def test_held_out_hits_are_those_of_the_whole_evaluation(finished, shards, tmp_path):
    """What the last validation logged, against geoclip.retrieval on the exported weights."""
    folder, results = finished
    model = str(folder / "export")
    options = {"resamples": 10, "num_workers": 0, "accelerator": "cpu"}
    entry = run(RetrievalConfig(models=[model], data=shards, out=str(tmp_path), **options))["models"][model]
    for kind in ("rule", "image"):
        assert results["validation"][f"hit@1/{kind}"] == pytest.approx(entry["pools"][kind]["hit@1"])


def test_training_changed_the_weights_and_the_export_holds_them(finished, clip_folder):
    folder, _ = finished
    before = load_file(f"{clip_folder}/model.safetensors")
    after = weights(folder)
    assert before.keys() == after.keys()
    assert not torch.equal(before["logit_scale"], after["logit_scale"])
    vision = load_file(folder / "export" / "vision" / "model.safetensors")
    assert all(torch.equal(tensor, after[f"vision_model.{name}"]) for name, tensor in vision.items())


def test_a_resumed_run_equals_an_uninterrupted_one(options, tmp_path):
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    first = train(load_config(GeoclipConfig, options(whole)))
    (cut / "checkpoints").mkdir(parents=True)
    shutil.copy(whole / "checkpoints" / "step-00000003.ckpt", cut / "checkpoints")
    second = train(load_config(GeoclipConfig, options(cut)))
    ours, theirs = weights(whole), weights(cut)
    assert all(torch.equal(ours[name], theirs[name]) for name in ours)
    assert second["samples_seen"] == first["samples_seen"]
    assert second["last"] == first["last"]
    steps = [row["step"] for row in read_metrics(cut) if "train/loss" in row]
    assert steps == [3, 4, 5]


HYBRID = ["stages=[{until_step: 2, objective: {in_batch: 1.0}}]", "objective.in_batch=0"]


@pytest.mark.parametrize(
    "stop", [1, pytest.param(2, marks=pytest.mark.slow), pytest.param(3, marks=pytest.mark.slow)]
)
def test_a_hybrid_run_is_in_batch_first_and_resumes_exactly_in_either_part(
    options, hybrid, in_batch, tmp_path, stop
):
    whole, first = hybrid
    rows = [row for row in read_metrics(whole) if "train/loss" in row]
    assert ["train/in_batch" in row for row in rows] == [True, True, False, False]
    assert ["train/text" in row for row in rows] == [False, False, True, True]
    plain = [row["train/loss"] for row in read_metrics(in_batch) if "train/loss" in row]
    assert [row["train/loss"] for row in rows[:2]] == plain[:2]
    assert first["stages"] == [{"objective": {"in_batch": 1.0}, "until_step": 2}]
    cut = tmp_path / "cut"
    (cut / "checkpoints").mkdir(parents=True)
    shutil.copy(whole / "checkpoints" / f"step-{stop:08d}.ckpt", cut / "checkpoints")
    second = train(load_config(GeoclipConfig, options(cut, *HYBRID, *EVERY, "train.num_workers=1")))
    ours, theirs = weights(whole), weights(cut)
    assert all(torch.equal(ours[name], theirs[name]) for name in ours)
    assert second["last"] == first["last"]


EVERY = ["trainer.max_steps=4", "trainer.checkpoint_every_steps=1"]


@pytest.fixture(scope="module")
def hybrid(options, tmp_path_factory):
    folder = tmp_path_factory.mktemp("hybrid") / "run"
    return folder, train(load_config(GeoclipConfig, options(folder, *HYBRID, *EVERY)))


@pytest.fixture(scope="module")
def in_batch(options, tmp_path_factory):
    folder = tmp_path_factory.mktemp("plain") / "run"
    plain = ["objective.text=0", "objective.image=0", "negatives={rule: 0, retrieval: 0, image: 0}"]
    train(load_config(GeoclipConfig, options(folder, *plain, *EVERY)))
    return folder


def test_parts_may_end_with_an_epoch_and_take_the_hardest(options, tmp_path):
    """Twelve samples in batches of four: three steps an epoch."""
    parts = ["stages=[{until_epoch: 1, objective: {joint: 1.0}}]", "objective.in_batch=0"]
    parts += ["negatives={rule: 1, retrieval: 1, image: 1, choose: hardest}", "trainer.max_steps=5"]
    train(load_config(GeoclipConfig, options(tmp_path / "run", *parts)))
    rows = [row for row in read_metrics(tmp_path / "run") if "train/loss" in row]
    assert ["train/joint" in row for row in rows] == [True] * 3 + [False] * 2
    assert ["train/text" in row for row in rows] == [False] * 3 + [True] * 2


FRESH = ["train.shards=[]", "train.mode=scenes", "train.epoch_samples=12", "text_overflow=truncate"]
FRESH += ["train.recipe=[configs/data/fresh.yaml,scene.image_size=48,negatives.rule=2,negatives.image=1]"]


def test_a_run_on_fresh_scenes_resumes_in_the_middle_of_an_epoch(options, project, monkeypatch, tmp_path):
    monkeypatch.chdir(project)
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    steps = [*FRESH, "trainer.max_steps=4", "trainer.checkpoint_every_steps=2"]
    first = train(load_config(GeoclipConfig, options(whole, *steps)))
    assert first["last"]["text"] > 0
    assert first["last"]["image"] > 0
    assert first["drawn"]["samples"] == 16
    assert sum(first["drawn"]["rejected"].values()) > 0
    (cut / "checkpoints").mkdir(parents=True)
    shutil.copy(whole / "checkpoints" / "step-00000002.ckpt", cut / "checkpoints")
    second = train(load_config(GeoclipConfig, options(cut, *steps, "train.num_workers=1")))
    assert second["drawn"] == first["drawn"]
    again = train(load_config(GeoclipConfig, options(whole, *steps)))  # finished; only exports
    assert again["drawn"] == first["drawn"]
    ours, theirs = weights(whole), weights(cut)
    assert all(torch.equal(ours[name], theirs[name]) for name in ours)
    assert second["last"] == first["last"]
    saved = load_config(GeoclipConfig, [str(whole / "config.yaml")])
    asked = saved.train.recipe["negatives"]
    assert [asked[kind] for kind in ("rule", "image", "retrieval")] == [2, 1, 0]
    with pytest.raises(ValueError, match=r"train\.recipe\.negatives\.rule: 2 -> 3"):
        train(load_config(GeoclipConfig, options(whole, *steps, FRESH[-1].replace("rule=2", "rule=3"))))


def test_a_loss_term_whose_negatives_the_recipe_does_not_make_is_refused(
    options, project, monkeypatch, tmp_path
):
    monkeypatch.chdir(project)
    bare = [*FRESH, FRESH[-1].replace("image=1", "image=0")]
    with pytest.raises(
        ValueError, match=r"objective\.image needs image negatives, but train\.recipe asks for rule"
    ):
        train(load_config(GeoclipConfig, options(tmp_path / "run", *bare)))


def test_locked_layers_stay_and_rates_fall_with_depth_in_a_whole_run(options, clip_folder, tmp_path):
    """Also with half precision, recomputed blocks, a longer window and larger pictures."""
    more = ["optim.lock={vision: 0, text: all}", "optim.layer_decay=0.5", "trainer.precision=bf16-mixed"]
    more += [f"encoder.pretrained={clip_folder}", "encoder.gradient_checkpointing=true"]
    more += ["encoder.text_window=100", "encoder.image_size=40"]
    more += ["trainer.max_steps=2", "optim.warmup_fraction=0", "optim.schedule=constant"]
    results = train(load_config(GeoclipConfig, options(tmp_path / "run", *more)))
    assert results["export"]["vision"]["largest_difference"] <= 1e-4
    before, after = load_file(f"{clip_folder}/model.safetensors"), weights(tmp_path / "run")
    stayed = {name for name in after if before[name].shape == after[name].shape}
    stayed = {name for name in stayed if torch.equal(before[name], after[name])}
    locked = ("text_model.", "vision_model.embeddings.", "vision_model.pre_layrnorm.")
    trained = {name for name in after if not name.startswith(locked)}
    assert not stayed & {name for name in trained if not name.endswith("k_proj.bias")}
    positions = {"text_model.embeddings.position_embedding.weight"}  # stretched, and then locked
    positions |= {"vision_model.embeddings.position_embedding.weight"}
    assert after.keys() - trained - positions <= stayed
    rows = [row for row in read_metrics(tmp_path / "run") if "lr-AdamW/x1" in row]
    rates = {name: value for name, value in rows[-1].items() if name.startswith("lr-AdamW/x")}
    assert rates["lr-AdamW/x0.5"] == pytest.approx(0.5e-3)
    assert rates["lr-AdamW/x0.25 no decay"] == pytest.approx(0.25e-3)
    assert len(rates) == 6  # what would have 0.125, before the two blocks, is locked


def test_half_precision_on_a_cpu_is_refused_before_anything_is_written(options, tmp_path):
    with pytest.raises(ValueError, match="precision=16-mixed needs a GPU; use bf16-mixed or 32-true"):
        load_config(GeoclipConfig, options(tmp_path / "run", "trainer.precision=16-mixed"))


def test_a_finished_run_started_again_only_exports(finished, options, shards):
    folder, results = finished
    stamp = (folder / "checkpoints" / "step-00000006.ckpt").stat().st_mtime_ns
    val = ["val.batch_size=5", f"val.shards=[{shards}]", "val.num_workers=0", "trainer.val_every_steps=3"]
    again = train(load_config(GeoclipConfig, options(folder, *val)))
    assert (folder / "checkpoints" / "step-00000006.ckpt").stat().st_mtime_ns == stamp
    assert again["samples_seen"] == results["samples_seen"]
    assert again["seconds"] == pytest.approx(results["seconds"], abs=0.5)


@pytest.mark.parametrize(
    "objective",
    [
        SIGMOID,
        ["objective.in_batch=0", "objective.text=0", "objective.joint=1"],
        ["negatives.rule=0", "negatives.retrieval=0", "objective.text=0"],
    ],
)
def test_other_objectives_train(options, tmp_path, objective):
    results = train(load_config(GeoclipConfig, options(tmp_path / "run", "trainer.max_steps=2", *objective)))
    assert results["steps"] == 2
    load_encoder(str(tmp_path / "run" / "export" / "clip"))


def test_the_export_folder_of_a_run_can_be_named_as_a_model(finished):
    folder, _ = finished
    assert torch.equal(
        load_encoder(str(folder / "export")).logit_scale,
        load_encoder(str(folder / "export" / "clip")).logit_scale,
    )


def test_the_multiplier_of_a_softmax_objective_stays_below_100(options, clip_folder, tmp_path):
    hot = shutil.copytree(clip_folder, tmp_path / "hot")
    tensors = load_file(hot / "model.safetensors")
    tensors["logit_scale"].fill_(6.0)
    save_file(tensors, hot / "model.safetensors", metadata={"format": "pt"})
    found = {}
    for name, terms in {"softmax": [], "sigmoid": SIGMOID}.items():
        more = [f"encoder.pretrained={hot}", "optim.lr=1e-6", "trainer.max_steps=1"]
        train(load_config(GeoclipConfig, options(tmp_path / name, *more, *terms)))
        found[name] = float(weights(tmp_path / name)["logit_scale"])
    assert found == {"softmax": pytest.approx(4.605170, abs=1e-6), "sigmoid": pytest.approx(6.0, abs=1e-4)}


def clip_options(tokenizer, width):
    """Options of a tiny CLIP from config."""
    shape = {"tokenizer": tokenizer, "image_size": 32, "patch_size": 8, "layers": 2, "heads": 2, "embed": 16}
    shape |= {"width": width, "text_width": 32, "text_layers": 2, "text_heads": 2, "text_window": 64}
    return [f"encoder.clip.{name}={value}" for name, value in shape.items()]


def test_a_clip_from_config_learns_to_tell_twelve_samples_apart(options, tokenizer_folder, tmp_path):
    encoder = clip_options(tokenizer_folder, width=32)
    more = ["trainer.max_steps=90", "optim.lr=3e-3", "trainer.log_every_steps=15"]
    more += ["trainer.checkpoint_every_steps=90"]
    train(load_config(GeoclipConfig, options(tmp_path / "run", *encoder, *more)))
    losses = [row["train/loss"] for row in read_metrics(tmp_path / "run") if "train/loss" in row]
    assert losses[-1] < losses[0] / 2


def test_weights_that_are_not_numbers_stop_the_run_with_the_keys(options, clip_folder, tmp_path):
    broken = shutil.copytree(clip_folder, tmp_path / "broken")
    tensors = load_file(broken / "model.safetensors")
    tensors["visual_projection.weight"][0] = 3e38  # finite, but what it gives is not
    save_file(tensors, broken / "model.safetensors", metadata={"format": "pt"})
    cfg = load_config(GeoclipConfig, options(tmp_path / "run", f"encoder.pretrained={broken}"))
    with pytest.raises(ValueError, match=r"loss is nan at step 0; samples of this batch: s00\d\d, s00\d\d"):
        train(cfg)
    assert not (tmp_path / "run" / "export").exists()


def test_a_loss_term_without_any_negatives_is_refused(options, make_sample, tmp_path):
    samples = [make_sample(i, rule=0, retrieval=0, image=0) for i in range(8)]
    write_shards(samples, tmp_path / "bare", name="bare", shard_size=8, meta={"recipe": {}})
    bare = options(tmp_path / "run", f"train.shards=[{tmp_path / 'bare'}]")
    with pytest.raises(ValueError, match=r"objective\.text needs retrieval or rule negatives.*hold none"):
        train(load_config(GeoclipConfig, bare))
    assert not (tmp_path / "run").exists()


def test_captions_too_long_are_skipped_up_to_the_limit(options, make_sample, tmp_path):
    long = [make_sample(i, caption="Point D lies on BC. " * 12) for i in range(2)]
    samples = [*(make_sample(i) for i in range(2, 12)), *long]
    write_shards(
        samples, tmp_path / "data", name="long", shard_size=20, meta={"seed": 0, "recipe": {"n": 12}}
    )
    data = [f"train.shards=[{tmp_path / 'data'}]", "trainer.max_steps=3"]
    with pytest.raises(
        ValueError, match=r"a caption of .* tokens; the text tower reads 64; set text_overflow"
    ):
        train(load_config(GeoclipConfig, options(tmp_path / "a", *data)))
    with pytest.raises(ValueError, match="skip"):
        train(load_config(GeoclipConfig, options(tmp_path / "b", *data, "text_overflow=skip")))
    more = ["text_overflow=skip", "train.max_skipped=2"]
    assert train(load_config(GeoclipConfig, options(tmp_path / "c", *data, *more)))["steps"] == 3
    more = ["text_overflow=truncate"]
    assert train(load_config(GeoclipConfig, options(tmp_path / "d", *data, *more)))["steps"] == 3


def test_a_window_that_hides_every_edit_stops_the_run(options, make_sample, tmp_path):
    """Captions of more than 64 tokens that are edited at their end."""
    long = "Point D lies on BC. " * 12
    samples = []
    for i in range(8):
        sample = make_sample(i, caption=f"{long} AB = {i}.", rule=0, retrieval=0, image=0)
        samples.append(replace(sample, negatives=(Negative("rule", text=f"{long} AB = {i + 10}."),)))
    write_shards(samples, tmp_path / "data", name="late", shard_size=8, meta={"recipe": {}})
    late = [f"train.shards=[{tmp_path / 'data'}]", "text_overflow=truncate", "trainer.max_steps=30"]
    late += ["objective.image=0", "trainer.log_every_steps=5"]
    with pytest.raises(
        ValueError, match=r"no sample of 10 steps had a negative that objective\.text could use"
    ):
        train(load_config(GeoclipConfig, options(tmp_path / "run", *late)))


def test_a_term_that_meets_no_negatives_is_told_of_once(clip, capsys):
    objective = ObjectiveConfig(image=1.0, in_batch=1.0)
    module = GeoclipModule(clip, objective, OptimConfig(lr=1.0))
    module._trainer = SimpleNamespace(global_step=8, is_global_zero=True)
    for _ in range(4):  # the ninth to the twelfth step
        module.last = {"loss": 1.0, "accuracy/text": 0.5, "negatives_dropped": 0.0}
        module._miss_negatives()
        module._trainer.global_step += 1
    said = "".join(capsys.readouterr())
    assert said.count("no sample of 10 steps had a negative that objective.image could use") == 1
    assert "no sample of" not in said.replace("no sample of 10", "")


def test_a_checkpoint_of_another_architecture_is_refused(options, finished, tokenizer_folder, tmp_path):
    folder, _ = finished
    other = clip_options(tokenizer_folder, width=64)
    other += [f"trainer.resume={folder / 'checkpoints' / 'step-00000003.ckpt'}"]
    with pytest.raises(
        ValueError, match=r"holds another encoder: \d+ tensors differ, the first is encoder\."
    ):
        train(load_config(GeoclipConfig, options(tmp_path / "run", *other)))


def test_a_batch_of_perturbed_pictures_trains_on_them_as_pairs(options, project, tmp_path):
    scene = SceneConfig(image_size=48, questions=False)
    cfg = BuildConfig(name="t", splits={"t": 1}, scene=scene, negatives=SceneNegatives(0, 3, 0))
    samples = [engine.make_sample(cfg, i, "t")[0] for i in range(4)]
    write_shards(samples, tmp_path / "data", name="t", shard_size=4, meta={"recipe": {}})
    unfold_shards(tmp_path / "data", UnfoldConfig(out=str(tmp_path / "pairs")))
    pairs = [f"train.shards=[{tmp_path / 'pairs'}]", "train.batch_of=perturbed", "text_overflow=truncate"]
    pairs += ["objective.text=0", "objective.image=0", "trainer.max_steps=3", "train.batch_size=4"]
    results = train(load_config(GeoclipConfig, options(tmp_path / "run", *pairs)))
    assert results["last"]["in_batch"] > 0


@pytest.mark.slow
@pytest.mark.parametrize(
    ("strategy", "precision", "tolerance"), [("ddp", "64-true", 1e-7), ("fsdp", "32-true", 1e-4)]
)
def test_two_ranks_train_like_one_with_the_same_global_batch(
    options, clip_folder, project, tmp_path, strategy, precision, tolerance
):
    """Six steps of the whole command, clipping included; FSDP2 has no float64."""
    env = {**os.environ, "PYTHONPATH": str(project), "OMP_NUM_THREADS": "1"}
    common = [f"trainer.precision={precision}", "trainer.gradient_clip_val=0.5", "optim.eps=1e-4"]
    common += ["stages=[{until_step: 2, objective: {in_batch: 1}}]", "negatives={rule: 1, choose: hardest}"]
    two = ["trainer.devices=2", f"trainer.strategy={strategy}", "train.batch_size=2"]
    for name, more in (("one", []), ("two", two)):
        command = [sys.executable, "-m", "geoclip.train", *options(tmp_path / name, *common), *more]
        subprocess.run(command, env=env, cwd=project, check=True, timeout=600)
    one, two = weights(tmp_path / "one"), weights(tmp_path / "two")
    assert one.keys() == two.keys()
    start = load_file(f"{clip_folder}/model.safetensors")["visual_projection.weight"]
    assert (one["visual_projection.weight"] - start).abs().max() > 10 * tolerance
    for name in one:
        torch.testing.assert_close(one[name], two[name], rtol=0, atol=tolerance, msg=name)


@pytest.mark.slow
@pytest.mark.parametrize("strategy", ["ddp", "fsdp"])
def test_two_ranks_log_the_hits_of_one(options, shards, project, tmp_path, strategy):
    env = {**os.environ, "PYTHONPATH": str(project), "OMP_NUM_THREADS": "1"}
    val = ["val.batch_size=2", f"val.shards=[{shards}]", "val.num_workers=0", "trainer.max_steps=1"]
    val += ["trainer.val_every_steps=1", "optim.lr=1e-9"]
    found = []
    for name, more in (("one", []), ("two", ["trainer.devices=2", f"trainer.strategy={strategy}"])):
        batch = f"train.batch_size={2 if more else 4}"
        command = [sys.executable, "-m", "geoclip.train", *options(tmp_path / name, *val, *more), batch]
        subprocess.run(command, env=env, cwd=project, check=True, timeout=600)
        found.append(json.loads((tmp_path / name / "results.json").read_text())["validation"])
    hits = {name for name in found[0] if name.startswith("hit@1")}
    assert hits == {"hit@1/rule", "hit@1/image"}
    for name in hits:
        assert found[1][name] == pytest.approx(found[0][name], abs=1e-6)


def test_imported_records_of_both_layouts_train_an_encoder(options, tmp_path):
    """The reference project's JSON files, from import to results, counts ragged."""
    (tmp_path / "images").mkdir()
    for i in range(8):
        Image.new("L", (40, 30), 30 * i).save(tmp_path / "images" / f"p{i}.png")

    def record(i, **negatives):
        told = [{"from": "human", "value": "<image>"}, {"from": "gpt", "value": f"△ABC has AB = {i}."}]
        return {"positive_image_path": f"p{i}.png", "conversations": told, **negatives}

    pictures = [record(i, negative_image_path=[f"p{j}.png" for j in range(i)]) for i in range(4)]
    texts = [record(i, negative_captions=[f"△ABC has AB = {n}." for n in range(i)]) for i in range(4, 8)]
    shards = []
    for name, records in (("image", pictures), ("text", texts)):
        file = tmp_path / f"{name}.json"
        file.write_text(json.dumps(records))
        shards.append(str(tmp_path / name))
        import_records([str(file), f"root={tmp_path / 'images'}", f"out={shards[-1]}"])
    listed = f"train.shards=[{','.join(shards)}]"
    results = train(load_config(GeoclipConfig, options(tmp_path / "run", listed, "train.batch_size=8")))
    assert results["samples_seen"] == 48
    assert results["last"]["text"] > 0
    assert results["last"]["image"] > 0
