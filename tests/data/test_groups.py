from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from configs.build import BuildConfig, NegativesConfig, SceneConfig
from configs.data import LoaderConfig, UnfoldConfig
from data.groups import GroupSampler, Links, find_links, grouped_order
from data.loader import IndexedDataset, indexed_loader
from data.sample import Negative, Sample, parse_sample
from data.scene.engine import make_sample, scene_of, truth_of_caption
from data.shards import write_shards
from data.unfold import unfold, unfold_shards

META = {"seed": 0, "recipe": {}}


@pytest.fixture(scope="module")
def drawn():
    scene = SceneConfig(image_size=48, questions=False)
    cfg = BuildConfig(name="t", splits={"t": 1}, scene=scene, negatives=NegativesConfig(1, 4, 0))
    return [make_sample(cfg, i, "t")[0] for i in range(5)]


@pytest.fixture(scope="module")
def pairs(drawn, tmp_path_factory):
    folder = tmp_path_factory.mktemp("pairs")
    write_shards(drawn, folder / "data", name="t", shard_size=2, meta=META)
    index = unfold_shards(folder / "data", UnfoldConfig(out=str(folder / "pairs"), shard_size=4))
    return folder / "pairs", index


def test_every_perturbed_picture_becomes_a_sample_whose_caption_is_true_of_it(drawn, pairs):
    folder, index = pairs
    dataset = IndexedDataset([folder])
    found = [dataset[i] for i in range(len(dataset))]
    pictures = [s.images[name] for s in drawn for name in sorted(s.images, key=lambda n: (n != "png", n))]
    assert [sample.image for sample in found] == pictures
    assert index["rejected"]["perturbed"] == len(pictures) - 5
    for sample in found:
        assert sample.negatives == ()
        assert truth_of_caption(scene_of(sample.meta), sample.facts).verdict == "true"
    own = {s.key: s for s in drawn}
    for sample in found:
        if sample.key not in own:
            positive = own[sample.meta["group"]]
            assert truth_of_caption(scene_of(sample.meta), positive.facts).verdict == "false"
            assert sample.caption != positive.caption


def test_what_an_image_negative_shows_survives_writing_and_is_checked(drawn):
    sample = drawn[0]
    again = parse_sample(sample.key, sample.members())
    assert [n.shows for n in again.negatives] == [n.shows for n in sample.negatives]
    assert "shows" not in again.record()["negatives"][0]  # a rule negative
    bare = replace(sample, negatives=tuple(replace(n, shows={"caption": " "}) for n in sample.negatives[1:]))
    with pytest.raises(ValueError, match=r"negatives\[0\]\.shows: got .*of an image negative an object"):
        parse_sample(sample.key, bare.members())


def test_pictures_without_captions_cannot_be_unfolded(drawn, tmp_path):
    bare = [replace(s, negatives=tuple(replace(n, shows=None) for n in s.negatives)) for s in drawn]
    assert len(list(unfold(bare[0]))) == 1
    write_shards(bare, tmp_path / "data", name="t", shard_size=2, meta=META)
    with pytest.raises(ValueError, match=r"none of \d+ image negatives tells the caption.*no pairs"):
        unfold_shards(tmp_path / "data", UnfoldConfig(out=str(tmp_path / "out")))
    assert not (tmp_path / "out").exists()


def test_versions_of_a_figure_come_together_and_every_sample_once(pairs):
    folder, index = pairs
    dataset = IndexedDataset([folder])
    links = find_links(dataset, "perturbed", show=False)
    groups = np.array([dataset.record(i)["meta"]["group"] for i in range(len(dataset))])
    orders = [grouped_order(links, 11, 3, epoch) for epoch in (0, 1)]
    for order in orders:
        assert sorted(order.tolist()) == list(range(index["samples"]))
        changes = (groups[order][1:] != groups[order][:-1]).sum()
        assert changes == 4  # five groups, each in one piece
    assert orders[0].tolist() != orders[1].tolist()
    assert orders[0].tolist() == grouped_order(links, 11, 3, 0).tolist()
    assert max(np.diff(np.flatnonzero(np.diff(grouped_order(links, 2, 3, 0)) != 0)), default=0) <= 2


def test_groups_take_the_nearest_that_are_free_up_to_their_size():
    links = Links.of([[1, 2, 3], [0], [], [2, 2, 0]])
    for epoch in range(20):
        order = grouped_order(links, 3, 0, epoch).tolist()
        assert sorted(order) == [0, 1, 2, 3]
        if order[0] == 0:
            assert order[:3] == [0, 1, 2]
        if order[0] == 3:
            assert order[:3] == [3, 2, 0]
        if order[0] == 2:
            assert order[1] != 2


def captioned(i, *negatives):
    near = tuple(Negative("retrieval", text=text) for text in negatives)
    return Sample(f"k{i}", f"caption {i}", {"png": b"x" * 40}, near)


def test_neighbours_are_found_by_the_captions_of_retrieval_negatives(tmp_path):
    samples = [
        captioned(0, "caption 2", "elsewhere", "caption 1"),
        captioned(1),
        captioned(2, "caption 0"),
        captioned(3, "elsewhere"),
    ]
    for name, part in (("a", samples[:2]), ("b", samples[2:])):
        write_shards(part, tmp_path / name, name=name, shard_size=1, meta=META)
    links = find_links(IndexedDataset([tmp_path / "a", tmp_path / "b"]), "neighbours", show=False)
    assert [links.to[a:b].tolist() for a, b in pairwise(links.starts)] == [
        [2, 1],
        [],
        [0],
        [],
    ]
    with pytest.raises(ValueError, match=r"batch_of=neighbours: no retrieval negative.*data\.retrieval"):
        find_links(IndexedDataset([tmp_path / "b"], limit=1), "neighbours", show=False)
    with pytest.raises(ValueError, match=r"batch_of=perturbed: no two samples.*data\.unfold"):
        find_links(IndexedDataset([tmp_path / "a"]), "perturbed", show=False)


def test_ranks_share_the_groups_of_one_order_and_a_state_of_other_links_is_refused():
    links = Links.of([[(i + 1) % 12, (i + 2) % 12] for i in range(12)])
    one = list(GroupSampler([12], links, 3, batch_size=4))
    two = [list(GroupSampler([12], links, 3, batch_size=2, rank=rank, world_size=2)) for rank in (0, 1)]
    assert one == [a + b for a, b in zip(*two, strict=True)]
    sampler = GroupSampler([12], links, 3, batch_size=4)
    sampler.begin()
    sampler.advance()
    resumed = GroupSampler([12], links, 3, batch_size=2)
    resumed.load_state_dict(sampler.state_dict())
    assert [number for batch in resumed for number in batch] == [n for batch in one[1:] for n in batch]
    assert resumed.step == 1
    with pytest.raises(ValueError, match="was reading with links="):
        GroupSampler([12], Links.of([[]] * 12), 3, batch_size=4).load_state_dict(sampler.state_dict())


def test_the_loader_groups_by_config(pairs):
    folder, _ = pairs
    cfg = LoaderConfig(shards=[str(folder)], batch_size=5, num_workers=0, batch_of="perturbed")
    keys = lambda items: {"items": items}  # noqa: E731
    loader = indexed_loader(cfg, lambda sample: sample.meta["group"], keys, train=True)
    groups = [group for batch in loader for group in batch["items"]]
    assert len(list(dict.fromkeys(groups))) == 1 + sum(a != b for a, b in pairwise(groups))
    with pytest.raises(ValueError, match="use mode=indexed with shuffle=true"):
        LoaderConfig(shards=["d"], batch_size=5, batch_of="perturbed", shuffle=False)
    with pytest.raises(ValueError, match="use one of random, perturbed, neighbours"):
        LoaderConfig(shards=["d"], batch_size=5, batch_of="group")


def test_every_batch_knows_its_epoch_and_step(pairs):
    folder, _ = pairs

    class Placed:
        place = None

        def __call__(self, sample):
            return self.place

        def at(self, place):
            found = Placed()
            found.place = (place.epoch, place.step)
            return found

    cfg = LoaderConfig(shards=[str(folder)], batch_size=8, num_workers=0)
    loader = indexed_loader(cfg, Placed(), lambda items: {"items": items}, train=True)
    found = [batch["items"][0] for _ in range(2) for batch in loader]
    per_epoch = len(loader)
    assert found == [(step // per_epoch, step) for step in range(2 * per_epoch)]
    held_out = indexed_loader(cfg, Placed(), lambda items: {"items": items}, train=False)
    assert {item for batch in held_out for item in batch["items"]} == {None}
