"""Loading options: merging, overrides, every error with its message, and what is written back."""

import re
import subprocess
import sys
from dataclasses import dataclass, field
from typing import Any

import pytest

from configs.geoclip import GeoclipConfig
from configs.load import ConfigError, config_hash, flatten, load_config, one_of, save_config, to_plain
from configs.mmgeolm import MmgeolmConfig


@dataclass(kw_only=True)
class Optim:
    lr: float
    betas: tuple[float, float] = (0.9, 0.98)
    schedule: str = "cosine"

    def __post_init__(self):
        one_of("schedule", self.schedule, ("cosine", "constant"))
        if self.lr <= 0:
            raise ValueError(f"lr={self.lr} is not allowed")


@dataclass(kw_only=True)
class Loader:
    shards: list[str]
    batch_size: int = 8


@dataclass(kw_only=True)
class Train:
    name: str
    optim: Optim
    data: Loader | None = None
    steps: int | None = None
    devices: int | str = "auto"
    weights: dict[str, float] = field(default_factory=dict)
    parts: list[Optim] = field(default_factory=list)
    extra: dict[str, Any] = field(default_factory=dict)


@pytest.fixture
def write(tmp_path):
    def write(name, text):
        path = tmp_path / name
        path.write_text(text)
        return str(path)

    return write


@pytest.fixture
def base(write):
    return write("base.yaml", "name: base\noptim:\n  lr: 1e-3\nweights: {text: 1, image: 2}\n")


def failure(*argv):
    with pytest.raises(ConfigError) as caught:
        load_config(Train, argv)
    return str(caught.value)


def test_files_merge_left_to_right_and_overrides_win_wherever_they_stand(write, base):
    second = write("second.yaml", "name: second\nweights: {image: 3}\ndata: {shards: [a, b]}\n")
    config = load_config(Train, ["optim.schedule=constant", base, second, "data.shards=[c]", "steps=7"])
    assert config == Train(
        name="second",
        optim=Optim(lr=1e-3, schedule="constant"),
        data=Loader(shards=["c"]),
        steps=7,
        weights={"text": 1.0, "image": 3.0},
    )
    assert isinstance(config.optim, Optim)


@pytest.mark.parametrize(
    ("override", "expected"),
    [
        ("name=a=b", {"name": "a=b"}),
        ("name='1e-3'", {"name": "1e-3"}),
        ("steps=null", {"steps": None}),
        ("devices=2", {"devices": 2}),
        ("optim.betas=[0.5,0.6]", {"optim.betas": [0.5, 0.6]}),
        ("parts=[{lr: 2}]", {"parts": [{"lr": 2.0, "betas": [0.9, 0.98], "schedule": "cosine"}]}),
        ("extra={a: {b: [1, x]}}", {"extra.a.b": [1, "x"]}),
        ("name=${optim.schedule}-run", {"name": "cosine-run"}),
    ],
)
def test_overrides_have_yaml_values_of_the_fields_type(base, override, expected):
    flat = flatten(to_plain(load_config(Train, [base, override])))
    assert {key: flat[key] for key in expected} == expected
    assert [type(flat[key]) for key in expected] == [type(value) for value in expected.values()]


def test_an_override_gives_a_dict_anew_and_its_entries_and_files_add_to_it(base, write):
    more = write("more.yaml", "weights: {image: 3}")
    assert load_config(Train, [base, more]).weights == {"text": 1.0, "image": 3.0}
    assert load_config(Train, [base, "weights.text=5"]).weights == {"text": 5.0, "image": 2.0}
    assert load_config(Train, [base, "weights={text: 5}"]).weights == {"text": 5.0}
    assert load_config(Train, [base, "weights={}"]).weights == {}
    assert load_config(
        Train, [base, "optim={lr: 2}", "optim.schedule=constant", "optim={lr: 3}"]
    ).optim == Optim(lr=3.0, schedule="constant")  # a section keeps what it has


def test_the_environment_can_be_referred_to(base, monkeypatch):
    monkeypatch.setenv("SOME_ROOT", "/data")
    assert load_config(Train, [base, "name=${oc.env:SOME_ROOT}/x"]).name == "/data/x"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("nam: x", ["bad.yaml: unknown key nam; did you mean name?"]),
        ("optim: {lrr: 1}", ["unknown key optim.lrr; did you mean lr?", "allowed here: lr, betas, schedule"]),
        ("lr: 0.1", ["unknown key lr; did you mean optim.lr?"]),
        ("data: {batchsize: 1}", ["unknown key data.batchsize; did you mean batch_size?"]),
        ("parts: [{lr: 1, beta: 2}]", ["unknown key parts[...].beta; did you mean betas?"]),
        ("optim: {lr: fast}", ["bad.yaml: optim.lr: ", "'fast'", "Float"]),
        ("optim: 3", ["bad.yaml: optim: ", "Optim", "3"]),
        ("steps: 1.5", ["bad.yaml: steps: ", "'1.5'", "Integer"]),
        ("steps: true", ["bad.yaml: steps: ", "'True'"]),
        ("name: null", ["bad.yaml: name: ", "None"]),
        ("data: {shards: abc}", ["bad.yaml: data.shards: "]),
        ("weights: {text: much}", ["bad.yaml: weights.text: ", "'much'"]),
        ("devices: [1]", ["bad.yaml: devices: ", "[1]"]),
        ("optim: {betas: [1, 2, 3]}", ["bad.yaml: optim: ", "3"]),
        ("1: x", ["bad.yaml: ", "1"]),
        ("- a\n- b", ["bad.yaml must hold `key: value` lines", "list"]),
        ("name: [a", ["bad.yaml is not valid YAML", "line"]),
        ("name: a\nname: b", ["bad.yaml is not valid YAML", "duplicate key name", "line 2"]),
        ("name: !!python/object/apply:os.getcwd []", ["bad.yaml is not valid YAML", "python/object"]),
    ],
)
def test_a_bad_file_is_named_with_key_value_and_remedy(write, base, text, words):
    message = failure(base, write("bad.yaml", text))
    assert all(word in message for word in words), message


def test_a_bad_override_is_named(base):
    assert failure(base, "optim.lrr=1").startswith("optim.lrr=1: unknown key optim.lrr; did you mean lr?")
    assert "'name=[a' is not key=value" in failure(base, "name=[a")
    assert "'steps' is neither a YAML file nor an override" in failure(base, "steps")
    assert "the fields of Train in " in failure(base, "--steps=1")


def test_missing_required_fields_are_all_named(write):
    message = failure(write("empty.yaml", ""))
    assert "required but not set: name, optim (a section of lr, betas, schedule); set it in" in message
    assert "required but not set: optim.lr;" in failure("name=x", "optim.schedule=constant")
    assert failure().startswith("no config given: required but not set: ")


def test_a_missing_file_suggests_the_nearest_one(base, tmp_path):
    assert failure(str(tmp_path / "bse.yaml")).endswith(f"bse.yaml does not exist; did you mean {base}?")


@pytest.mark.parametrize(
    ("override", "words"),
    [
        ("lm.heads=3", "lm.hidden_size=256 must be an even multiple of heads=3"),
        ("trainer.max_steps=0", "trainer.max_steps=0 is not allowed"),
        ("train.batch_size=0", "train.batch_size=0 is not allowed"),
        ("val.batch_size=0", "val.batch_size=0 is not allowed"),
    ],
)
def test_a_value_that_a_section_refuses_is_named_with_its_section(override, words):
    given = ["stage=align", "tower=t", "lm.path=l", "train.shards=[a]", "trainer.run_dir=r", "optim.lr=1e-3"]
    given += ["val.shards=[b]"] if override.startswith("val") else []
    with pytest.raises(ConfigError, match=rf": {re.escape(words)}"):
        load_config(MmgeolmConfig, [*given, "trainer.max_steps=1", "train.batch_size=1", override])


def test_a_section_stands_before_a_message_that_names_no_field_of_its_own():
    given = ["train.shards=[a]", "trainer.run_dir=r", "trainer.max_steps=1", "optim.lr=1e-3"]
    given += ["objective.in_batch=1", "train.batch_size=1"]
    with pytest.raises(ConfigError, match=r": encoder: give exactly one of pretrained, clip, timm"):
        load_config(GeoclipConfig, [*given, "encoder.pretrained=x", "encoder.timm={vision: v, text: t}"])


def test_a_refused_combination_names_the_sources_and_the_schemas_words(base):
    assert failure(base, "optim.lr=-1") == f"{base}, optim.lr=-1: optim.lr=-1.0 is not allowed"
    message = failure(base, "optim.schedule=cosin")
    assert "schedule='cosin' is not allowed; use one of cosine, constant; did you mean cosine?" in message


def test_a_dangling_reference_is_named(base):
    assert "name: Interpolation key 'nowhere' not found" in failure(base, "name=${nowhere}")


def test_what_is_saved_loads_to_an_equal_config_with_the_same_hash(base, tmp_path):
    config = load_config(Train, [base, "name='1e-3'", "parts=[{lr: 2e-5}]", "data.shards=['on', 'ü: x']"])
    save_config(config, tmp_path / "saved.yaml")
    again = load_config(Train, [str(tmp_path / "saved.yaml")])
    assert again == config
    assert config_hash(again) == config_hash(config)


def test_the_hash_depends_on_values_alone_and_never_changes():
    one = Train(name="a", optim=Optim(lr=1e-3), weights={"x": 1.0, "y": 2.0})
    other = Train(optim=Optim(lr=0.001), name="a", weights={"y": 2.0, "x": 1.0})
    assert config_hash(one) == config_hash(other) == "42e45e337691"
    assert config_hash(Train(name="a", optim=Optim(lr=2e-3))) != config_hash(one)


def test_loading_does_not_import_torch(project):
    code = "import sys, configs.load, configs.runs, configs.training; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=project).returncode == 0
