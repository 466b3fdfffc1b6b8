"""The importer of the reference project's two JSON layouts."""

import json

import numpy as np
import pytest
from PIL import Image

from configs.data import LoaderConfig
from data.images import decode
from data.index import read_index
from data.loader import IndexedDataset
from data.module import ShardDataModule
from data.recipes.mm_math_align import main


def conversation(caption):
    ask = {"from": "humam", "value": "<image>\ndescribe the image"}  # the typing error is in the reference
    return [ask, {"from": "gpt", "value": caption}]


@pytest.fixture
def pictures(tmp_path):
    """Ten colour pictures, p0.png to p9.png; the grey value tells the number."""
    root = tmp_path / "images"
    (root / "sub").mkdir(parents=True)
    for i in range(10):
        Image.new("RGB", (20, 10), (i * 20,) * 3).save(root / f"p{i}.png")
    Image.new("L", (9, 9), 33).save(root / "sub" / "j.jpg")
    (root / "text.png").write_text("not a picture")
    return root


@pytest.fixture
def run(tmp_path, pictures):
    """Import records; returns the dataset and the index."""

    def run(records, *options, name="records.json"):
        file = tmp_path / name
        file.write_text(json.dumps(records, ensure_ascii=False))
        out = tmp_path / "out"
        main([str(file), f"root={pictures}", f"out={out}", *options])
        return IndexedDataset([out]), read_index(out)

    return run


def test_records_with_image_negatives(run):
    dataset, index = run(
        [
            {
                "positive_image_path": "p3.png",
                "negative_image_path": ["p4.png", "p5.png", "sub/j.jpg"],
                "conversations": conversation("△ABC with AB = 5. "),
            },
            {
                "positive_image_path": "p6.png",
                "negative_image_path": [],
                "conversations": conversation("A circle."),
            },
        ]
    )
    first, second = dataset
    assert first.caption == "△ABC with AB = 5."
    assert decode(first.image).unique().tolist() == [60]
    assert [n.image for n in first.negatives] == ["neg00.png", "neg01.png", "neg02.png"]
    assert [int(decode(first.images[n.image]).median()) for n in first.negatives] == [80, 100, 33]
    assert {(n.kind, n.verdict) for n in first.negatives} == {("image", "unverified")}
    assert second.negatives == ()
    assert first.messages[0]["content"] == [{"type": "image"}, {"type": "text", "text": "describe the image"}]
    assert first.messages[1]["role"] == "assistant"
    assert index["counts"]["kinds"] == {"image": 3}
    assert index["records"] == 2


def test_records_with_negative_captions_of_any_number(run):
    records = [
        {
            "positive_image_path": f"p{i}.png",
            "negative_captions": [f"not {i} {n}" for n in range(i)],
            "conversations": conversation(f"caption {i}"),
        }
        for i in range(4)
    ]
    dataset, _ = run(records, "text_kind=retrieval")
    assert [len(sample.negatives) for sample in dataset] == [0, 1, 2, 3]
    assert [n.text for n in dataset[2].negatives] == ["not 2 0", "not 2 1"]
    assert {n.kind for sample in dataset for n in sample.negatives} == {"retrieval"}


def test_both_kinds_and_plain_caption_fields(run):
    record = {
        "positive_image_path": "p1.png",
        "negative_image_path": ["p2.png"],
        "negative_captions": ["wrong"],
    }
    dataset, index = run([{**record, "positive_caption": "one"}, {**record, "caption": "two"}])
    assert [sample.caption for sample in dataset] == ["one", "two"]
    assert index["counts"]["kinds"] == {"image": 2, "rule": 2}
    assert dataset[0].messages is None


def test_paths_of_another_machine(run):
    record = {"positive_image_path": "/home/authors/images/p1.png", "caption": "c"}
    dataset, _ = run([record], "strip=/home/authors/images")
    assert decode(dataset[0].image).unique().tolist() == [20]


GOOD = {"positive_image_path": "p1.png", "caption": "good"}


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"positive_image_path": "none.png"}, "picture does not exist"),
        ({"positive_image_path": "sub"}, "picture does not exist"),
        ({"positive_image_path": "../secret.png"}, "picture path leads out of root"),
        ({"positive_image_path": "/etc/passwd"}, "picture path leads out of root"),
        ({"positive_image_path": "link.png"}, "picture path leads out of root"),
        ({"positive_image_path": "a\0.png"}, "picture path is empty or no path"),
        ({"positive_image_path": None}, "picture path is empty or no path"),
        ({"positive_image_path": "x" * 5000}, "picture cannot be read"),
        ({"positive_image_path": "text.png"}, "picture is no PNG or JPEG of at most 16777216 pixels"),
        ({"caption": "  "}, "caption is empty or missing"),
        ({"caption": None}, "caption is empty or missing"),
        ({"conversations": {"from": "gpt", "value": "x"}}, "conversations is no list of turns {from, value}"),
        ({"conversations": [{"from": "human", "value": "x"}]}, "conversations has no gpt turn"),
        ({"conversations": [{"from": "gpt", "value": 3}]}, "conversations has a turn whose value is no text"),
        ({"conversations": conversation("<image>")}, "caption is empty or missing"),
        ({"negative_captions": "one string"}, "negative_captions is no list"),
        ({"negative_image_path": {"a": 1}}, "negative_image_path is no list"),
        ({"id": 7}, "id appears twice"),
    ],
)
def test_a_record_without_use_is_counted_and_left_out(run, pictures, change, reason):
    Image.new("L", (9, 9)).save(pictures.parent / "secret.png")
    (pictures / "link.png").symlink_to(pictures.parent / "secret.png")
    dataset, index = run([{**GOOD, "id": 7}, {**GOOD, **change}, {**GOOD, "caption": "last", "id": "8"}])
    assert [sample.caption for sample in dataset] == ["good", "last"]
    assert index["rejected"] == {reason: 1}


def test_a_negative_without_use_is_taken_off_its_record(run):
    negatives = {
        "negative_image_path": ["p2.png", "none.png", "p1.png"],
        "negative_captions": ["good", "", 5, "bad"],
    }
    dataset, index = run([{**GOOD, **negatives}])
    assert [n.image or n.text for n in dataset[0].negatives] == ["neg00.png", "bad"]
    assert index["rejected"] == {
        "picture does not exist": 1,
        "negative picture equals the positive one": 1,
        "negative caption equals the caption": 1,
        "negative caption is empty or no text": 2,
    }


def fails(run, capsys, *args, **kwargs):
    with pytest.raises(SystemExit) as error:
        run(*args, **kwargs)
    assert error.value.code == 2
    return capsys.readouterr().err


def test_beyond_the_limit_it_stops_with_names_and_nothing_written(run, tmp_path, capsys):
    records = [GOOD, {**GOOD, "caption": ""}, GOOD, {**GOOD, "positive_image_path": "none.png"}]
    message = fails(run, capsys, records, "max_refused=1")
    assert "more than max_refused=1 records or negatives cannot be used; nothing was written" in message
    assert "caption is empty or missing: 1 (records.json[1])" in message
    assert "picture does not exist: 1 (records.json[3])" in message
    assert not (tmp_path / "out").exists()
    assert not list(tmp_path.glob(".out*"))


def test_bad_files_are_clear_errors(run, tmp_path, pictures, capsys):
    assert "holds a dict; expected a list of records" in fails(run, capsys, {"a": 1})
    assert "records.json hold no record" in fails(run, capsys, [])
    lost = fails(run, capsys, [{"positive_image_path": "gone.png", "caption": "c"}], "max_refused=9")
    assert "no record can be used" in lost
    assert "picture does not exist: 1 (records.json[0])" in lost
    (tmp_path / "bad.json").write_text("{")
    for argv, message in (
        ([str(tmp_path / "bad.json"), f"root={pictures}"], "bad.json is not valid JSON"),
        ([str(tmp_path / "no.json"), f"root={pictures}"], "no.json does not exist"),
        ([str(tmp_path / "bad.json")], "root"),
        ([str(tmp_path / "bad.json"), "root=/nowhere"], "root=/nowhere is no folder"),
        ([f"root={pictures}"], "no file given"),
        ([str(tmp_path / "bad.json"), f"root={pictures}", "text_kind=image"], "text_kind='image'"),
    ):
        assert message in fails(main, capsys, argv)


def test_the_summary_tells_what_was_read_written_and_refused(run, capsys):
    run([GOOD, {**GOOD, "caption": ""}, {**GOOD, "negative_captions": ["x", "y"]}])
    lines = capsys.readouterr().err.replace("│", " ").splitlines()
    told = {" ".join(line.split()) for line in lines}
    assert {"records read 3", "samples written 2", "rule negatives 2"} <= told
    assert "refused: caption is empty or missing 1 records.json[1]" in told


def transform(sample):
    texts = sum(n.text is not None for n in sample.negatives)
    return np.array([texts, len(sample.negatives) - texts])


def test_what_was_imported_feeds_the_loader_in_ragged_batches(run, tmp_path):
    records = [
        {
            **GOOD,
            "negative_captions": ["n"] * i,
            "negative_image_path": [f"p{n + 2}.png" for n in range(5 - i)],
        }
        for i in range(6)
    ]
    run(records)
    cfg = LoaderConfig(shards=[str(tmp_path / "out")], batch_size=3, num_workers=0, shuffle=False)
    data = ShardDataModule(cfg, None, transform, lambda items: {"counts": np.stack(items)})
    batches = list(data.train_dataloader())
    assert np.concatenate([b["counts"] for b in batches]).tolist() == [[i, 5 - i] for i in range(6)]
    assert batches[1]["keys"] == ["00000003", "00000004", "00000005"]
