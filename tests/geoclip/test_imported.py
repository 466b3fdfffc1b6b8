"""Stage 1 on imported sets: with negatives, without any, and with samples that have no caption."""

import json

import pytest
from PIL import Image

from configs.data import LoaderConfig
from configs.geoclip import GeoclipConfig, NegativesConfig
from configs.load import load_config
from configs.runs import read_metrics
from data.index import read_index
from data.module import ShardDataModule
from data.recipes.__main__ import main
from geoclip.collate import Collate, ContrastiveTransform
from geoclip.train import train


@pytest.fixture
def imported(tmp_path):
    """Import six records of each kind; return the shard folder."""
    for i in range(8):
        Image.new("RGB", (40, 30), (i * 30,) * 3).save(tmp_path / f"p{i}.png")

    def imported(name, records, *options):
        file = tmp_path / "records.json"
        file.write_text(json.dumps(records))
        out = tmp_path / name
        main([name, str(file), f"root={tmp_path}", f"out={out}", *options])
        return out

    return imported


def plain(n=6):
    return [{"image": f"p{i}.png", "caption": f"△ABC has AB = {i}."} for i in range(n)]


def with_negatives():
    more = [
        {
            "negative_captions": [f"△ABC has AB = {n + 20}." for n in range(i)],
            "negative_image_path": ["p7.png"][: i % 2],
        }
        for i in range(6)
    ]
    return [
        {"positive_image_path": r["image"], "caption": r["caption"], **m}
        for r, m in zip(plain(), more, strict=True)
    ]


def mixed():
    def chat(question, answer):
        return [{"from": "human", "value": f"<image>\n{question}"}, {"from": "gpt", "value": answer}]

    records = [{"image": r["image"], "conversations": chat("Describe it.", r["caption"])} for r in plain(4)]
    return [
        *records,
        *({"image": f"p{i}.png", "conversations": chat("Is AB longer?", "No.")} for i in (4, 5)),
    ]


def batches(clip, folder, batch_size=3, **options):
    options |= {"batch_size": batch_size, "num_workers": 0, "shuffle": False}
    cfg = LoaderConfig(shards=[str(folder)], **options)
    data = ShardDataModule(cfg, None, ContrastiveTransform(clip, NegativesConfig(), "error"), Collate(clip))
    return [batch["pairs"] for batch in data.train_dataloader()]


def test_batches_hold_exactly_what_the_index_counts(clip, imported):
    folder = imported("mm_math_align", with_negatives())
    index, found = read_index(folder), batches(clip, folder)
    assert sum(map(len, found)) == index["samples"] == 6
    kinds = index["counts"]["kinds"]
    assert sum(len(batch.text_negative) for batch in found) == kinds["rule"] == 15
    assert sum(len(batch.images) - len(batch) for batch in found) == kinds["image"] == 3
    assert [batch.text_offsets.tolist() for batch in found] == [[0, 0, 1, 3], [0, 3, 7, 12]]


def test_batches_of_a_set_without_negatives(clip, imported):
    found = batches(clip, imported("table", plain()))
    assert [batch.captions for batch in found] == [[r["caption"] for r in plain()[i : i + 3]] for i in (0, 3)]
    assert all(len(batch.text_negative) == 0 and len(batch.images) == 3 for batch in found)


def test_samples_without_a_caption_are_counted_skips(clip, imported, tmp_path):
    folder = imported("gllava_align", mixed())
    assert read_index(folder)["counts"]["texts"] == {"captions": 4, "chats": 6}
    assert sum(map(len, batches(clip, folder, max_skipped=2))) == 4
    with pytest.raises(ValueError, match=r"2 unusable samples.*\n.*no caption, and stage 1 pairs"):
        batches(clip, folder, max_skipped=1)
    main(
        [
            "gllava_align",
            str(tmp_path / "records.json"),
            f"root={tmp_path}",
            f"out={tmp_path / 'c'}",
            "keep=captions",
        ]
    )
    assert sum(map(len, batches(clip, tmp_path / "c", 2))) == read_index(tmp_path / "c")["samples"] == 4


NEGATIVES = ["objective.text=1.0", "objective.image=1.0"]


@pytest.mark.parametrize(
    ("name", "make", "more"), [("mm_math_align", with_negatives, NEGATIVES), ("table", plain, [])]
)
def test_stage_1_trains_on_what_was_imported(imported, clip_folder, tmp_path, name, make, more):
    folder, run = imported(name, make()), tmp_path / "run"
    options = ["objective.in_batch=1.0", "optim.lr=1e-3", "trainer.accelerator=cpu", "trainer.devices=1"]
    options += ["trainer.max_epochs=-1", "trainer.max_steps=2", "trainer.log_every_steps=1"]
    options += ["trainer.progress=false", "train.batch_size=3", "train.num_workers=0"]
    options += [f"train.shards=[{folder}]", f"encoder.pretrained={clip_folder}", f"trainer.run_dir={run}"]
    train(load_config(GeoclipConfig, [*options, *more]))
    losses = [row["train/loss"] for row in read_metrics(run) if "train/loss" in row]
    assert len(losses) == 2
    assert all(0 < loss < 20 for loss in losses)
