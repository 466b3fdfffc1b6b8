"""The commands that the README shows fill their schemas; running them is the demo's part."""

import re
import shlex

import pytest

from configs.build import BuildConfig
from configs.evaluate import EvaluateConfig
from configs.geoclip import GeoclipConfig, RetrievalConfig
from configs.load import load_config
from configs.mmgeolm import MmgeolmConfig
from configs.runtime import PROJECT

LINES = re.findall(
    r"^make (?:data|geoclip|align|sft|retrieval|evaluate) .*$", (PROJECT / "README.md").read_text(), re.M
)


def schema_and_words(line):
    """What the target of the Makefile hands to its command."""
    _, target, *given = shlex.split(line)
    value = dict(word.split("=", 1) for word in given)
    args = value.get("ARGS", "").split()
    if target == "data":
        return BuildConfig, [value["RECIPE"], *args]
    if target in ("retrieval", "evaluate"):
        models = f"models=[{','.join(value['MODEL'].split())}]"
        words = [models, f"data={value['DATA']}", "out=x", *args]
        if target == "retrieval":
            return RetrievalConfig, words
        return EvaluateConfig, [*words, f"benchmark={value['BENCHMARK']}"]
    stage = [] if target == "geoclip" else [f"stage={target}"]
    return (MmgeolmConfig if stage else GeoclipConfig), [*value["CONFIG"].split(), *stage, *args]


def test_the_readme_shows_every_stage():
    assert [line.split()[1] for line in LINES] == ["data", "geoclip", "retrieval", "align", "sft", "evaluate"]


@pytest.mark.parametrize("line", LINES, ids=lambda line: line.split()[1])
def test_a_command_of_the_readme_fills_its_schema(line, monkeypatch):
    monkeypatch.chdir(PROJECT)
    schema, words = schema_and_words(line)
    assert isinstance(load_config(schema, words), schema)


def test_every_command_of_the_readme_reads_what_an_earlier_one_wrote(monkeypatch):
    """Exports are named in the packages' own docs: ``export/vision`` and ``export/clip``, or ``export``."""
    monkeypatch.chdir(PROJECT)
    monkeypatch.delenv("MMGEOLM_ROOT")
    data, geoclip, retrieval, align, sft, evaluate = (load_config(*schema_and_words(line)) for line in LINES)
    shards = f"runs/data/{data.name}"
    assert {"train", "test"} <= set(data.splits)
    assert geoclip.train.shards == align.train.shards == sft.train.shards == [f"{shards}/train"]
    assert retrieval.data == evaluate.data == f"{shards}/test"
    assert retrieval.models == [geoclip.encoder.pretrained, f"{geoclip.trainer.run_dir}/export"]
    assert align.tower == f"{geoclip.trainer.run_dir}/export/vision"
    assert sft.start == f"{align.trainer.run_dir}/export"
    assert evaluate.models == [f"{sft.trainer.run_dir}/export"]
