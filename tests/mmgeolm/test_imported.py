"""Stages 2 and 3 on imported sets: captions, chats without captions, questions with an answer to grade."""

import json

import pytest
import torch

from configs.data import LoaderConfig
from configs.load import load_config
from configs.mmgeolm import MmgeolmConfig
from data.index import read_index
from data.module import ShardDataModule
from data.recipes.__main__ import main
from mmgeolm.benchmarks import find_benchmark
from mmgeolm.collate import ChatCollate, ChatTransform
from mmgeolm.loss import IGNORE
from mmgeolm.train import train


def chat(question, answer):
    return [{"from": "human", "value": f"<image>\n{question}"}, {"from": "gpt", "value": answer}]


ALIGN = [chat("Describe the diagram.", f"CD = {n}.") for n in range(4)]
ALIGN += [chat("Is AB ∥ CD?", "Yes."), chat("What is AB?", "AB = 6.")]
QA = [chat(f"What is AB?\nChoices:\nA: {n}\nB: 12", f"The length is {n}.\nAnswer: A") for n in range(6)]


@pytest.fixture
def imported(tmp_path, png):
    """Import six chats, each about a picture of its own; return the shard folder."""

    def imported(name, chats):
        for n in range(len(chats)):
            (tmp_path / f"{n}.png").write_bytes(png(shade=20 * n))
        file = tmp_path / f"{name}.json"
        file.write_text(json.dumps([{"image": f"{n}.png", "conversations": c} for n, c in enumerate(chats)]))
        main([name, str(file), f"root={tmp_path}", f"out={tmp_path / name}"])
        return tmp_path / name

    return imported


def spoken(lmm, folder, stage):
    """What the loss is on, sample by sample."""
    processor = lmm[1]
    cfg = LoaderConfig(shards=[str(folder)], batch_size=2, num_workers=0, shuffle=False)
    collate = ChatCollate(processor.tokenizer.pad_token_id)
    data = ShardDataModule(cfg, None, ChatTransform(processor, stage, 200), collate)
    rows = [row for batch in data.train_dataloader() for row in batch["labels"]]
    return [processor.tokenizer.decode(row[row != IGNORE]).removesuffix("<|im_end|>") for row in rows]


def test_the_loss_is_on_captions_and_where_there_is_none_on_answers(lmm, imported):
    folder = imported("gllava_align", ALIGN)
    assert read_index(folder)["counts"]["texts"] == {"captions": 4, "chats": 6}
    said = ["CD = 0.", "CD = 1.", "CD = 2.", "CD = 3.", "Yes.", "AB = 6."]
    assert spoken(lmm, folder, "align") == spoken(lmm, folder, "sft") == said


def test_questions_are_trained_on_and_can_be_graded(lmm, imported):
    folder = imported("gllava_qa", QA)
    assert spoken(lmm, folder, "sft") == [turns[1]["value"] for turns in QA]
    benchmark = find_benchmark("synthetic")
    questions = benchmark.read(folder)
    assert len(questions) == read_index(folder)["counts"]["texts"]["answers"] == 6
    assert all(benchmark.grade(q.record, "so Answer: A", False).strict.correct for q in questions)
    assert not any(benchmark.grade(q.record, "Answer: B", False).strict.correct for q in questions)


@pytest.mark.parametrize(
    ("stage", "name", "chats"), [("align", "gllava_align", ALIGN), ("sft", "gllava_qa", QA)]
)
def test_both_stages_train_on_what_was_imported(imported, lmm_folders, project, tmp_path, stage, name, chats):
    folder = imported(name, chats)
    options = {"train.shards": f"[{folder}]", "train.batch_size": 2, "train.num_workers": 0, "window": 200}
    options |= {"trainer.run_dir": tmp_path / "run", "trainer.accelerator": "cpu", "trainer.devices": 1}
    options |= {"trainer.progress": "false", "trainer.log_every_steps": 1, "trainer.max_steps": 2}
    options |= {"start": lmm_folders["clip-qwen2"]}
    config = project / f"configs/mmgeolm/mini_{stage}.yaml"
    train(load_config(MmgeolmConfig, [str(config), *(f"{key}={value}" for key, value in options.items())]))
    results = json.loads((tmp_path / "run" / "results.json").read_text())
    assert (results["stage"], results["samples_seen"]) == (stage, 4)
    assert torch.tensor(results["loss"]["last"]).isfinite()
