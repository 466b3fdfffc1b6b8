import json
import re
import shutil

import pytest
import yaml

from configs.geoclip import GeoclipConfig, RetrievalConfig
from configs.load import load_config, save_config
from configs.runtime import write_json
from geoclip.card import main, write_card
from geoclip.retrieval import run


@pytest.fixture
def trained(clip_folder, shards, tmp_path):
    """What a run leaves that a card is made from."""
    folder = tmp_path / "run"
    shutil.copytree(clip_folder, folder / "export" / "clip")
    options = ["objective.text=1", "optim.lr=1e-3", "train.batch_size=4", f"trainer.run_dir={folder}"]
    options += [f"train.shards=[{shards}]", f"encoder.pretrained={clip_folder}"]
    save_config(load_config(GeoclipConfig, options), folder / "config.yaml")
    results = {"steps": 1234, "samples_seen": 5678, "seconds": 9.0, "config_hash": "abc123"}
    results |= {"environment": {"git": "f00"}, "validation": {"hit@1/rule": 0.625}}
    write_json(folder / "results.json", results)
    return folder


def test_the_card_tells_data_settings_and_how_to_load(trained):
    text = write_card(trained).read_text()
    front = yaml.safe_load(re.match(r"---\n(.*?)---\n", text, re.DOTALL).group(1))
    assert front["library_name"] == "transformers"
    assert "base_model" not in front  # a local folder
    assert "| train | ragged | 0 | 12 |" in text
    assert "1,234 optimiser steps, 5,678 samples, 9 s; config abc123, commit f00" in text
    assert "| `optim.lr` | 0.001 |" in text
    assert "| `objective.text` | 1.0 |" in text
    assert "objective.in_batch" not in text  # a weight of 0
    assert "| hit@1/rule | 0.6250 |" in text
    assert "Not evaluated" in text
    assert "| `encoder.pretrained` | clip |" in text  # no path of this machine


def test_the_code_of_the_card_runs_in_plain_transformers(trained, monkeypatch):
    code = re.search(r"```python\n(.*?)```", write_card(trained).read_text(), re.DOTALL).group(1)
    assert "geoclip" not in code
    monkeypatch.chdir(trained / "export")
    made = {}
    exec(code, made)
    assert type(made["model"]).__name__ == "CLIPModel"


def test_scores_are_added_and_stay_when_the_card_is_written_again(trained, shards, tmp_path):
    out = tmp_path / "retrieval"
    options = {"resamples": 20, "num_workers": 0, "accelerator": "cpu"}
    found = run(RetrievalConfig(models=[str(trained / "export")], data=shards, out=str(out), **options))
    main([str(trained), f"retrieval={out}"])
    pool = found["models"][str(trained / "export")]["pools"]["rule"]
    text = write_card(trained).read_text()
    assert f"| rule, image to text | {100 * pool['hit@1']:.1f} (" in text
    assert "12 samples of ragged" in text
    assert "Not evaluated" not in text


def test_scores_of_another_model_and_unfinished_runs_are_refused(
    trained, shards, clip_folder, tmp_path, capsys
):
    out = tmp_path / "retrieval"
    options = {"resamples": 20, "num_workers": 0, "accelerator": "cpu"}
    run(RetrievalConfig(models=[clip_folder], data=shards, out=str(out), **options))
    for argv, says in (
        ([str(trained), f"retrieval={out}"], "has no scores of"),
        ([str(trained), f"retrieval={tmp_path}"], "does not exist"),
        ([f"retrieval={out}"], "name one run"),
    ):
        with pytest.raises(SystemExit):
            main(argv)
        assert says in capsys.readouterr().err
    with pytest.raises(ValueError, match=r"has no config\.yaml; give the folder of a finished run"):
        write_card(tmp_path)


def test_shards_that_are_gone_are_said_to_be_not_at_hand(trained):
    config = yaml.safe_load((trained / "config.yaml").read_text())
    config["train"]["shards"] = ["/nowhere/sets/geo|metry"]
    (trained / "config.yaml").write_text(json.dumps(config))
    text = write_card(trained).read_text()
    assert "| train | geo\\|metry | not at hand |" in text
    assert "/nowhere" not in text
