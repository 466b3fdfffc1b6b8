"""Options that cannot be meant, in the words of the refusal."""

from typing import Any

import pytest

from configs.build import BuildConfig
from configs.geoclip import ClipShape
from configs.load import ConfigError, load_config
from configs.mmgeolm import MmgeolmConfig
from configs.warmstart import LanguageConfig, WarmstartConfig

ENCODER = "configs/geoclip/warmstart.yaml"
LANGUAGE = "configs/mmgeolm/warmstart.yaml"
SFT = "configs/mmgeolm/mini_sft.yaml"


@pytest.mark.parametrize(
    ("schema", "argv", "match"),
    [
        (BuildConfig, ["name=x", "splits={}"], "splits is empty"),
        (BuildConfig, ["name=x", "splits={a: 1}", "scene.letters=ΑΒΓΔΕΖΗΘ"], "6 different letters A-Z"),
        (BuildConfig, ["name=x", "splits={a: 1}", "scene.letters=ABCDÉF"], "6 different letters A-Z"),
        (ClipShape, ["tokenizer=x", "layers=0"], "layers=0"),
        (WarmstartConfig, [ENCODER, "batch_size=0"], "batch_size=0"),
        (WarmstartConfig, [ENCODER, "atoms=-1"], "atoms=-1"),
        (LanguageConfig, [LANGUAGE, "describe=5"], "describe=5"),
        (LanguageConfig, [LANGUAGE, "samples=0"], "samples=0"),
        (
            MmgeolmConfig,
            [SFT, "train.shards=[x]", "start=x", "lm.path=y"],
            "leave lm and vision_feature_layer out",
        ),
        (MmgeolmConfig, [SFT, "train.shards=[x]", "start=x", "vision_feature_layer=-1"], "leave lm and"),
    ],
)
def test_what_cannot_be_meant_is_refused(
    schema: Any, argv: list[str], match: str, project: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(project)
    with pytest.raises(ConfigError, match=match):
        load_config(schema, argv)
