"""Fresh scenes: a sample is a function of (recipe, seed, number), on any ranks and workers, and resumable."""

import json
import pickle
import tracemalloc
from collections import Counter
from dataclasses import replace

import pytest

from configs.data import LoaderConfig
from data.fresh import FreshReader, FreshSampler, FreshScenes, fresh_loader
from data.module import ShardDataModule
from data.sample import SampleError, parse_sample
from data.scene.engine import make_sample

RECIPE = {
    "scene": {"image_size": 48, "letters": "ABCDEFGH", "questions": False},
    "negatives": {"rule": 1, "image": 0, "retrieval": 0},
}


def config(**options):
    values = {"mode": "scenes", "recipe": RECIPE, "epoch_samples": 12, "batch_size": 4, "num_workers": 0}
    return LoaderConfig(**(values | options))


def caption(sample):
    return sample.caption


def collate(items):
    return {"captions": items}


def loader(cfg=None, transform=caption, **ranks):
    return fresh_loader(cfg or config(), transform, collate, **ranks)


def epoch(batches):
    return [pair for b in batches for pair in zip(b["keys"], b["captions"], strict=True)]


@pytest.fixture(scope="module")
def two_epochs():
    whole = loader()
    return [epoch(whole), epoch(whole)]


def test_epochs_are_the_next_samples_of_one_sequence_and_none_comes_twice(two_epochs):
    scenes = FreshScenes(config().build_config())
    expected = [(f"fresh{n:08d}", scenes[n].caption) for n in range(24)]
    assert two_epochs[0] + two_epochs[1] == expected
    assert len({text for _, text in expected}) == 24


def test_negatives_that_a_batch_does_not_bring_are_not_drawn_and_change_nothing_else():
    recipe = {**RECIPE, "negatives": {"rule": 2, "image": 1, "retrieval": 0}}

    class Takes:
        def __init__(self, kinds=frozenset()):
            self.kinds = kinds

        def __call__(self, sample):
            return sample

        def at(self, place):
            return Takes([{}, {"image"}, {"rule", "image"}][place.step])

    batches = [batch["captions"] for batch in loader(config(recipe=recipe), Takes())]
    whole = [batch["captions"] for batch in loader(config(recipe=recipe), lambda sample: sample)]
    for at, kinds in enumerate([{}, {"image"}, {"rule", "image"}]):
        for found, full in zip(batches[at], whole[at], strict=True):
            left = tuple(n for n in full.negatives if n.kind in kinds)
            pictures = {k: v for k, v in full.images.items() if k == "png" or "image" in kinds}
            assert found == replace(full, negatives=left, images=pictures)


def test_a_sample_is_what_shards_would_give_back(two_epochs):
    recipe = {**RECIPE, "negatives": {"rule": 2, "image": 1, "retrieval": 0}}
    sample = FreshScenes(config(recipe=recipe).build_config())[10**6]
    assert parse_sample(sample.key, sample.members()) == sample
    assert (sample.key, sample.split) == ("fresh01000000", "train")
    assert Counter(n.kind for n in sample.negatives) == {"rule": 2, "image": 1}
    assert {n.verdict for n in sample.negatives} == {"false"}


def test_no_shards_of_the_same_recipe_and_seed_hold_a_fresh_sample(two_epochs):
    cfg = config().build_config()
    for split in ("train", "val", "fresh"):
        assert make_sample(cfg, 0, split)[0].caption != two_epochs[0][0][1]


def test_seed_and_recipe_each_give_other_samples(two_epochs):
    other = {**RECIPE, "scene": {**RECIPE["scene"], "templates": ["square"]}}
    for cfg in (config(seed=1), config(recipe=other)):
        assert loader(cfg).source.dataset.dataset[0].caption != two_epochs[0][0][1]


def test_workers_and_ranks_change_nothing(two_epochs):
    parallel = loader(config(num_workers=2))
    assert [epoch(parallel), epoch(parallel)] == two_epochs
    ranks = [list(loader(config(batch_size=2), rank=rank, world_size=2)) for rank in (0, 1)]
    assert [pair for both in zip(*ranks, strict=True) for pair in epoch(both)] == two_epochs[0]


@pytest.mark.parametrize("stop", [0, 2, 3, 4])
def test_a_stopped_run_goes_on_with_the_next_sample_also_on_other_ranks(two_epochs, stop):
    first = loader()
    seen, state = [], first.state_dict()
    while len(seen) < 4 * stop:
        for batch in first:
            seen += epoch([batch])
            state = first.state_dict()
            if len(seen) == 4 * stop:
                break
    ranks = [loader(config(batch_size=2), rank=rank, world_size=2) for rank in (0, 1)]
    for rank in ranks:
        rank.load_state_dict(json.loads(json.dumps(state)))
    while len(seen) < 24:
        seen += [pair for both in zip(*ranks, strict=True) for pair in epoch(both)]
    assert seen == two_epochs[0] + two_epochs[1]


@pytest.mark.parametrize(
    ("other", "name"),
    [
        ({"seed": 2}, "seed"),
        ({"epoch_samples": 16}, "samples"),
        ({"recipe": {**RECIPE, "negatives": {"rule": 2, "image": 0, "retrieval": 0}}}, "recipe"),
    ],
)
def test_a_state_of_other_samples_is_refused(other, name):
    with pytest.raises(ValueError, match=f"reading with {name}="):
        loader(config(**other)).load_state_dict(loader().state_dict())


def test_a_state_of_another_engine_or_of_shards_is_refused(monkeypatch):
    state = loader().state_dict()
    with pytest.raises(ValueError, match="reading with recipe=None"):
        loader().load_state_dict({k: v for k, v in state.items() if k != "recipe"})
    monkeypatch.setattr("data.fresh.VERSION", -1)
    with pytest.raises(ValueError, match="reading with recipe="):
        loader().load_state_dict(state)


def test_a_curriculum_goes_on_over_epochs():
    stages = [{"samples": 16, "levels": {"easy": 1}}, {"samples": 8, "levels": {"hard": 1}}]
    whole = config(recipe={**RECIPE, "curriculum": stages}).build_config()
    level = {
        level: replace(whole, curriculum=[], scene=replace(whole.scene, levels={level: 1.0}))
        for level in ("easy", "hard")
    }
    scenes = FreshScenes(whole)
    assert scenes[15] == FreshScenes(level["easy"])[15]  # of the second epoch of twelve
    assert scenes[16] == FreshScenes(level["hard"])[16]


def test_what_was_refused_is_counted_with_the_batches_that_were_given():
    expected = Counter()
    for n in range(8):
        expected += make_sample(config().build_config(), n, "on the fly")[1]
    for workers in (0, 2):
        some = loader(config(num_workers=workers))
        batches = iter(some)
        assert "rejected" not in next(batches)
        next(batches)
        again = loader()
        again.load_state_dict(json.loads(json.dumps(some.state_dict())))
        assert (again.samples, again.rejected) == (some.samples, some.rejected) == (8, expected)
    assert expected.total() > 0


def picky(sample):
    if int(sample.key[-2:]) in (1, 4, 5, 6, 7):
        raise SampleError("too long")
    return sample.caption


def test_a_sample_that_cannot_be_used_is_skipped_and_an_empty_batch_takes_the_next():
    some = loader(config(max_skipped=5), picky)
    keys = [[int(key[5:]) for key in batch["keys"]] for batch in some]
    assert keys == [[0, 2, 3], [8], [8, 9, 10, 11]]
    with pytest.raises(ValueError, match=r"max_skipped=1(.|\n)*scene 4 of seed 0: sample 'fresh0+4': too"):
        epoch(loader(config(max_skipped=1), picky))


def test_a_recipe_that_cannot_be_drawn_is_refused_before_training():
    recipe = {**RECIPE, "scene": {"templates": ["sqare"]}}
    module = ShardDataModule(config(recipe=recipe), None, caption, collate)
    with pytest.raises(ValueError, match=r"scene\.templates: unknown \['sqare'\]"):
        module.prepare_data()


def test_the_module_reports_what_was_drawn_and_refuses_to_validate_on_it(capsys):
    module = ShardDataModule(config(), None, caption, collate)
    module.prepare_data()
    assert module.drawn() is None
    assert len(list(module.train_dataloader())) == 3
    drawn = module.drawn()
    assert drawn["samples"] == 12
    assert sum(drawn["rejected"].values()) > 0
    with pytest.raises(ValueError, match="validation with mode=scenes"):
        ShardDataModule(config(), config(), caption, collate)


# What keeps cost and memory flat


def test_no_order_is_kept_so_that_an_epoch_of_any_length_begins_at_once():
    tracemalloc.start()
    sampler = FreshSampler(10**15, "", batch_size=4, rank=1, world_size=2)
    sampler.epoch, sampler.position = 3, 80
    assert next(iter(sampler)) == [3 * 10**15 + 80 + 4 + i for i in range(4)]
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 20_000


def test_a_reader_that_has_made_many_samples_holds_nothing_of_them():
    reader = FreshReader(FreshScenes(config().build_config()), caption, collate)
    reader[[0, 1]]
    before = len(pickle.dumps(reader))
    for n in (10**6, 10**9):
        assert reader[[n, n + 1]][0]["keys"] == [f"fresh{n:08d}", f"fresh{n + 1:08d}"]
    assert abs(len(pickle.dumps(reader)) - before) < 500
