"""The command that draws samples of shards again."""

import io
import xml.etree.ElementTree as ET
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from configs.build import BuildConfig, NegativesConfig, SceneConfig, StyleConfig
from data.draw import DrawConfig, display_of, draw_all, main
from data.index import shard_folders
from data.loader import IndexedDataset
from data.sample import Sample
from data.scene.engine import make_sample
from data.shards import write_shards


@pytest.fixture(scope="module")
def drawn_set(tmp_path_factory):
    """Two splits of the engine's samples in varying styles."""
    style = StyleConfig(font_px=[20, 28], scale=[0.8, 1.0])
    cfg = BuildConfig(
        name="tiny",
        splits={"train": 5, "test": 3},
        scene=SceneConfig(style=style, image_size=128, questions=False),
        negatives=NegativesConfig(1, 0, 0),
    )
    root = tmp_path_factory.mktemp("drawn") / "tiny"
    for split, count in cfg.splits.items():
        samples = [make_sample(cfg, i, split)[0] for i in range(count)]
        write_shards(samples, root / split, name="tiny", shard_size=4, meta={"recipe": {}})
    return root


def test_the_picture_of_a_sample_is_drawn_again(drawn_set, tmp_path):
    main([str(drawn_set), "formats=[png]", "size=128", "limit=2", f"out={tmp_path / 'out'}"])
    found = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert found == ["test-000000.png", "test-000001.png", "train-000000.png", "train-000001.png"]
    cfg = BuildConfig(
        name="tiny",
        splits={"train": 5},
        scene=SceneConfig(
            style=StyleConfig(font_px=[20, 28], scale=[0.8, 1.0]), image_size=128, questions=False
        ),
        negatives=NegativesConfig(1, 0, 0),
    )
    stored = make_sample(cfg, 1, "train")[0].images["png"]
    again = Image.open(tmp_path / "out" / "train-000001.png")
    assert np.array_equal(np.asarray(again), np.asarray(Image.open(io.BytesIO(stored))))


def test_all_formats_of_chosen_keys(drawn_set, tmp_path, capsys):
    main([str(drawn_set), "keys=[train00000003,test00000001]", f"out={tmp_path}"])
    stems = ("test-000001", "train-000003")
    assert sorted(p.name for p in tmp_path.iterdir()) == [
        f"{s}.{kind}" for s in stems for kind in ("png", "py", "svg")
    ]
    assert Image.open(tmp_path / "train-000003.png").size == (336, 336)
    assert ET.parse(tmp_path / "train-000003.svg").getroot().attrib["width"] == "336"
    compile((tmp_path / "train-000003.py").read_text(encoding="utf-8"), "figure", "exec")
    assert "train00000003" in capsys.readouterr().err


def test_unknown_keys_are_named(drawn_set, tmp_path):
    with pytest.raises(ValueError, match=r"no sample has the keys \['train9'\]"):
        draw_all(shard_folders(drawn_set), tmp_path, DrawConfig(keys=["train9", "train00000000"]))


def test_samples_of_other_origin_are_refused(sample):
    foreign: Sample = sample(1)
    with pytest.raises(ValueError, match=f"sample {foreign.key} holds no program and style"):
        display_of(foreign)
    with pytest.raises(ValueError, match="holds no program and style"):
        display_of(replace(foreign, meta={"program": {"template": "none"}, "style": {"colour": "red"}}))


def test_a_style_beyond_the_limits_names_its_sample(drawn_set):
    drawn = IndexedDataset([drawn_set / "train"])[0]
    huge = {**drawn.meta, "style": {**drawn.meta["style"], "font_px": 1e9}}
    with pytest.raises(ValueError, match=f"sample {drawn.key} holds no program and style.*font_px"):
        display_of(replace(drawn, meta=huge))


def test_a_command_that_fails_leaves_no_folder(tmp_path, capsys):
    with pytest.raises(SystemExit):
        main([str(tmp_path / "none"), f"out={tmp_path / 'out'}"])
    assert "does not exist" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ("formats=[pdf]", "formats='pdf'"),
        ("formats=[]", "name a format"),
        ("size=9", "size=9"),
        ("limit=0", "limit=0"),
    ],
)
def test_impossible_options_are_refused(drawn_set, option, message, capsys):
    with pytest.raises(SystemExit):
        main([str(drawn_set), option])
    assert message in capsys.readouterr().err


def test_files_are_never_named_after_keys(tmp_path):
    cfg = BuildConfig(name="t", splits={"train": 1}, negatives=NegativesConfig(0, 0, 0))
    made = replace(make_sample(cfg, 0, "train")[0], key="evil_key")
    write_shards([made], tmp_path / "set", name="t", shard_size=4, meta={"recipe": {}})
    main([str(tmp_path / "set"), "formats=[svg]", f"out={tmp_path / 'out'}"])
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["set-000000.svg"]
