"""The loader's options: what is refused, and in which words."""

import pytest

from configs.data import LoaderConfig
from configs.load import load_config


@pytest.mark.parametrize(
    ("argv", "match"),
    [
        (["shards=[a]"], "required but not set: batch_size"),
        (["batch_size=4"], "name at least one shard folder"),
        (["shards=[]", "batch_size=4"], "name at least one shard folder"),
        (["shards=[a]", "batch_size=0"], "batch_size=0"),
        (["shards=[a]", "batch_size=4", "num_workers=-1"], "num_workers=-1"),
        (["shards=[a]", "batch_size=4", "window=0"], "window=0"),
        (["shards=[a]", "batch_size=4", "limit=0"], "limit=0"),
        (["shards=[a]", "batch_size=4", "max_skipped=-1"], "max_skipped=-1"),
        (["shards=[a]", "batch_size=4", "mode=strem"], "did you mean stream"),
        (["shards=[a]", "batch_size=4", "mode=stream"], "needs epoch_samples"),
        (["shards=[a]", "batch_size=4", "epoch_samples=9"], "an indexed epoch is every sample once"),
        (["shards=[a]", "batch_size=4", "mode=stream", "epoch_samples=9", "limit=3"], "use mode=indexed"),
    ],
)
def test_what_cannot_be_loaded_is_refused(argv, match):
    with pytest.raises(ValueError, match=match):
        load_config(LoaderConfig, argv)


def test_a_list_of_folders_and_the_defaults():
    cfg = load_config(LoaderConfig, ["shards=[a,b]", "batch_size=4"])
    assert (cfg.shards, cfg.mode, cfg.shuffle, cfg.max_skipped) == (["a", "b"], "indexed", True, 0)
