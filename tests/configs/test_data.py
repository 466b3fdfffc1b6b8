"""The loader's options: what is refused, and in which words."""

import pytest

from configs.data import LoaderConfig
from configs.load import load_config, save_config


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


FRESH = ["mode=scenes", "batch_size=4", "epoch_samples=8"]
RECIPE = "recipe=[configs/data/scenes.yaml,negatives.retrieval=0]"


@pytest.mark.parametrize(
    ("argv", "match"),
    [
        ([], r"recipe=None with mode=scenes .*needs a recipe"),
        (["mode=indexed", "shards=[a]", "epoch_samples=null", RECIPE], "with mode=indexed is not possible"),
        ([RECIPE, "shards=[a]"], "leave shards out"),
        ([RECIPE, "epoch_samples=null"], "needs epoch_samples"),
        ([RECIPE, "limit=3"], "mode=scenes with limit"),
        ([RECIPE, "shuffle=false"], "mode=scenes with limit or shuffle=false"),
        (
            ["recipe=configs/data/scenes.yaml"],
            r"negatives\.retrieval=10.*Set negatives\.retrieval=0 in the recipe",
        ),
        (["recipe={}"], r"negatives\.retrieval=10"),
        (
            ["recipe=configs/data/scene.yaml"],
            r"recipe: .*scene\.yaml does not exist; did you mean .*scenes\.yaml",
        ),
        (["recipe=[configs/data/scenes.yaml,negatives.rul=3]"], "recipe: .*did you mean rule"),
        (["recipe=3"], "recipe=3 is not allowed; use a YAML file"),
        (["recipe.scene.leters=A"], "recipe: Key 'leters' not in 'SceneConfig'"),
        (["recipe.scene.letters=ABC"], "recipe: letters='ABC'"),
        (["recipe.seed=3"], "recipe: seed does not belong here"),
    ],
)
def test_fresh_scenes_that_cannot_be_made_are_refused(argv, match, project, monkeypatch):
    monkeypatch.chdir(project)
    with pytest.raises(ValueError, match=match):
        load_config(LoaderConfig, [*FRESH, *argv])


def test_a_recipe_is_kept_with_all_it_says_and_loads_back(project, monkeypatch, tmp_path):
    monkeypatch.chdir(project)
    cfg = load_config(LoaderConfig, [*FRESH, "seed=7", "recipe=configs/data/fresh.yaml"])
    counts = {kind: cfg.recipe["negatives"][kind] for kind in ("rule", "image", "retrieval")}
    assert counts == {"rule": 10, "image": 10, "retrieval": 0}
    assert not {"name", "splits", "seed", "out", "workers"} & cfg.recipe.keys()
    save_config(cfg, tmp_path / "config.yaml")
    again = load_config(LoaderConfig, [str(tmp_path / "config.yaml")])
    assert again == cfg
    assert again.build_config() == cfg.build_config()
    assert cfg.build_config().seed == 7
