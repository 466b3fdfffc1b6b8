import json
import subprocess
import sys

import pytest
import torch
from safetensors.torch import load_file

from configs.data import LoaderConfig
from configs.load import load_config
from configs.mmgeolm import MmgeolmConfig
from data.fresh import FreshScenes
from data.sample import parse_sample
from data.shards import write_shards
from mmgeolm.folder import load_lmm
from mmgeolm.generate import Generator, ask
from mmgeolm.module import MmgeolmModule
from mmgeolm.train import main, train

SAMPLES = 12


@pytest.fixture(scope="module")
def shards(tmp_path_factory, png):
    """Twelve samples with a caption and a chat whose answers differ in length."""
    samples = []
    for n in range(SAMPLES):
        content = [{"type": "image"}, {"type": "text", "text": "What is AB?"}]
        answer = "It is 12. " * (1 + n % 3) + str(n)
        chat = [{"role": "user", "content": content}, {"role": "assistant", "content": answer}]
        record = {"caption": f"Point D lies on BC, and CD = {n}.", "messages": chat if n else None}
        samples.append(parse_sample(f"s{n}", {"json": json.dumps(record).encode(), "png": png(shade=20 * n)}))
    out = tmp_path_factory.mktemp("shards") / "train"
    write_shards(samples, out, name="train", shard_size=5, meta={"recipe": {"by": "test"}, "seed": 0})
    return out


@pytest.fixture
def options(shards, tmp_path):
    """Return ``key=value`` overrides of a run, from the mini config of its stage."""

    def make(config, name, /, **more):
        base = {
            "train.shards": f"[{shards}]",
            "train.batch_size": 2,
            "train.num_workers": 0,
            "train.max_skipped": 1,
            "trainer.run_dir": tmp_path / name,
            "trainer.accelerator": "cpu",
            "trainer.devices": 1,
            "trainer.progress": "false",
            "trainer.log_every_steps": 1,
            "window": 128,
        }
        pairs = base | {key.replace("__", "."): value for key, value in more.items()}
        return [f"configs/mmgeolm/mini_{config}.yaml", *(f"{key}={value}" for key, value in pairs.items())]

    return make


@pytest.fixture
def in_project(project, monkeypatch):
    monkeypatch.chdir(project)


@pytest.fixture
def new_lmm(towers, tokenizer_folder):
    lm = {
        "hidden_size": 32,
        "layers": 1,
        "heads": 2,
        "kv_heads": 1,
        "intermediate_size": 48,
        "positions": 128,
    }
    return {
        "tower": towers["clip"],
        "lm__tokenizer": tokenizer_folder,
        **{f"lm__{key}": value for key, value in lm.items()},
    }


def weights(folder):
    return load_file(folder / "model.safetensors")


def test_align_then_sft_leave_a_model_that_answers_and_a_record_of_the_run(
    options, new_lmm, in_project, tmp_path, png
):
    main(options("align", "align", **new_lmm))
    main(
        options(
            "sft",
            "sft",
            start=tmp_path / "align/export",
            val__shards="${train.shards}",
            val__batch_size=4,
            val__max_skipped=1,
        )
    )
    assert Generator(tmp_path / "sft/export", device="cpu").answer([ask("q", "AB?", png())], 4)
    align, sft = (json.loads((tmp_path / name / "results.json").read_text()) for name in ("align", "sft"))
    assert (align["stage"], align["steps"], align["samples_seen"]) == ("align", 6, 12)
    assert (sft["stage"], sft["samples_seen"]) == ("sft", 11)  # one has no chat
    assert align["parameters"]["trained"] == 24 * 32 + 32 + 32 * 32 + 32
    assert sft["parameters"]["trained"] > align["parameters"]["trained"]
    assert align["loss"]["validation"] is None
    assert sft["loss"]["last"] < sft["loss"]["first"]
    assert sft["loss"]["validation"] > 0
    assert sft["train_seconds"] > 0
    assert {"seed", "config_hash", "environment"} <= sft.keys()
    saved = load_config(MmgeolmConfig, [str(tmp_path / "sft/config.yaml")])
    assert saved.start == str(tmp_path / "align/export")
    before, after = weights(tmp_path / "align/export"), weights(tmp_path / "sft/export")
    same = {name for name in before if torch.equal(before[name], after[name])}
    assert same == {name for name in before if "vision_tower" in name}


def test_a_resumed_run_equals_an_uninterrupted_one(options, lmm_folders, in_project, tmp_path, monkeypatch):
    shared = {
        "start": lmm_folders["clip-qwen2"],
        "trainer__checkpoint_every_steps": 2,
        "trainer__max_epochs": 2,
    }
    whole = train(load_config(MmgeolmConfig, options("sft", "whole", **shared)))
    stopped = options("sft", "stopped", **shared)
    step = MmgeolmModule.training_step

    def killed(self, batch, index):
        if self.global_step == 9:
            raise KeyError("power cut")
        return step(self, batch, index)

    with monkeypatch.context() as patch:
        patch.setattr(MmgeolmModule, "training_step", killed)
        with pytest.raises(KeyError, match="power cut"):
            train(load_config(MmgeolmConfig, stopped))
    resumed = train(load_config(MmgeolmConfig, stopped))
    expected, found = weights(whole), weights(resumed)
    assert all(torch.equal(found[name], value) for name, value in expected.items())
    one, two = (json.loads((folder.parent / "results.json").read_text()) for folder in (whole, resumed))
    for name in ("steps", "samples_seen", "tokens_seen", "loss"):
        assert one[name] == two[name]


@pytest.mark.parametrize("stage", ["align", "sft"])
def test_a_stage_on_fresh_scenes_equals_one_on_shards_of_the_same_samples(
    options, lmm_folders, in_project, tmp_path, stage
):
    recipe = {"scene": {"image_size": 48}, "negatives": {"rule": 0, "image": 0, "retrieval": 0}}
    fresh = {
        "train__shards": "[]",
        "train__mode": "scenes",
        "train__epoch_samples": 4,
        "train__recipe": recipe,
    }
    shared = {"start": lmm_folders["clip-qwen2"], "window": 256, "trainer__max_epochs": 1}
    scenes = FreshScenes(
        LoaderConfig(mode="scenes", batch_size=2, epoch_samples=4, recipe=recipe).build_config()
    )
    out = tmp_path / "stored"
    write_shards([scenes[n] for n in range(4)], out, name="s", shard_size=4, meta={"recipe": {}})
    stored = {"train__shards": f"[{out}]", "train__shuffle": "false"}
    folders = [
        train(load_config(MmgeolmConfig, options(stage, name, **shared, **more)))
        for name, more in (("fresh", fresh), ("shards", stored))
    ]
    one, two = map(weights, folders)
    assert all(torch.equal(two[name], value) for name, value in one.items())
    results = json.loads((folders[0].parent / "results.json").read_text())
    assert (results["steps"], results["drawn"]["samples"]) == (2, 4)


def test_a_finished_run_is_exported_again_without_training(options, lmm_folders, in_project, tmp_path):
    command = options("align", "run", start=lmm_folders["clip-qwen2"])
    main(command)
    first = json.loads((tmp_path / "run/results.json").read_text())
    expected = weights(tmp_path / "run/export")
    main(command)
    again = json.loads((tmp_path / "run/results.json").read_text())
    assert {**again, "environment": None} == {**first, "environment": None}
    assert all(torch.equal(weights(tmp_path / "run/export")[name], value) for name, value in expected.items())


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"start": "nowhere"}, "nowhere is neither a model folder"),
        ({"train__shards": "[nowhere]"}, "shard folder nowhere does not exist"),
        ({"window": 4096}, "window=4096 exceeds the LM's context of 256"),
        ({"window": 20}, "exceed the window of 20"),
        ({"train__max_skipped": 0, "stage": "sft"}, "field messages: null"),
        ({"tower": "x"}, "already holds a tower"),
        ({"stage": "pretrain"}, "stage='pretrain' is not allowed; use one of align, sft"),
        ({"trainer__strategy": "fsdp"}, "fsdp is not available"),
        ({"freeze_towers": "true"}, "did you mean freeze_tower"),
    ],
)
def test_what_cannot_run_is_refused_with_the_reason(
    options, lmm_folders, in_project, capsys, tmp_path, change, message
):
    with pytest.raises(SystemExit) as exit_:
        main(options("align", "run", **{"start": lmm_folders["clip-qwen2"], **change}))
    assert exit_.value.code == 2
    assert message in " ".join(capsys.readouterr().err.split())
    assert not (tmp_path / "run/export").exists()


def test_a_config_without_any_model_is_refused(options, in_project, capsys):
    with pytest.raises(SystemExit):
        main(options("align", "run"))
    assert "give start=FOLDER" in " ".join(capsys.readouterr().err.split())


def test_every_config_of_the_stage_fills_the_schema(project):
    for path in sorted((project / "configs/mmgeolm").glob("*_*.yaml")):
        if path.stem.startswith("warmstart"):
            continue
        source = ["start=x"] if "sft" in path.stem else ["tower=x"]
        if path.stem == "mini_align":
            source.append("lm.tokenizer=x")
        cfg = load_config(MmgeolmConfig, [str(path), "train.shards=[x]", *source])
        assert cfg.stage in path.stem


@pytest.mark.slow
def test_two_processes_train_as_one_does(options, lmm_folders, project, tmp_path):
    shared = {
        "start": lmm_folders["siglip-mistral"],
        "freeze_tower": "false",
        "trainer__precision": "64-true",
        "trainer__max_steps": 3,
    }
    runs = {
        "one": options("sft", "one", **shared, train__batch_size=4),
        "two": options(
            "sft", "two", **shared, train__batch_size=2, **{"trainer__devices": 2, "trainer__strategy": "ddp"}
        ),
    }
    for command in runs.values():
        subprocess.run(
            [sys.executable, "-m", "mmgeolm.train", *command], cwd=project, check=True, timeout=300
        )
    one, two = (load_lmm(tmp_path / name / "export", torch.float64)[0].state_dict() for name in runs)
    for name, value in one.items():
        torch.testing.assert_close(two[name], value, rtol=1e-5, atol=1e-7)
    results = [json.loads((tmp_path / name / "results.json").read_text()) for name in runs]
    assert results[0]["tokens_seen"] == results[1]["tokens_seen"]
    assert results[0]["loss"]["last"] == pytest.approx(results[1]["loss"]["last"], rel=1e-6)
