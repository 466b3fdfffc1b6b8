"""Order, slices, resume, skips and bad shards of the loader."""

import hashlib
import json
import os
import pickle
import tarfile

import numpy as np
import pytest
import torch
import webdataset
from hypothesis import given
from hypothesis import strategies as st

from configs.data import LoaderConfig
from data.images import decode
from data.index import INDEX, OFFSETS, open_folder
from data.loader import IndexedDataset, indexed_loader
from data.order import EvenBatchSampler, GlobalBatchSampler, epoch_order
from data.sample import SampleError
from data.stream import stream_loader
from data.tar import END, pack


def number(sample):
    return int(sample.key)


def tensor(sample):
    return decode(sample.image)


def collate(items):
    return {"items": items}


def config(folder, **options):
    values = {"shards": [str(folder)], "batch_size": 4, "num_workers": 0, "seed": 1}
    return LoaderConfig(**(values | options))


def epoch(loader):
    return [key for batch in loader for key in batch["keys"]]


# The order


@given(st.lists(st.integers(1, 9), min_size=1, max_size=12), st.integers(0, 2**40), st.integers(1, 12))
def test_an_epoch_is_a_permutation_and_windows_keep_reads_local(shards, seed, window):
    order = epoch_order(shards, seed, 3, window)
    assert sorted(order) == list(range(sum(shards)))
    shard_of = np.repeat(np.arange(len(shards)), shards)[order]
    at = 0
    while at < len(
        order
    ):  # a window: the next samples, taken from at most `window` shards, which then are used up
        inside = set()
        while at < len(order) and (shard_of[at] in inside or len(inside) < window):
            inside.add(shard_of[at])
            at += 1
        assert not inside & set(shard_of[at:])


def test_the_order_is_known_for_ever():
    assert epoch_order([3, 3, 2], 5, 1, 2).tolist() == [7, 6, 5, 4, 3, 0, 2, 1]
    assert epoch_order([8], 5, 0, 64).tolist() == [6, 7, 3, 2, 4, 5, 1, 0]


def test_epochs_and_seeds_differ_and_repeat():
    orders = {(s, e): tuple(epoch_order([10] * 6, s, e, 64)) for s in range(3) for e in range(3)}
    assert len(set(orders.values())) == len(orders)
    assert tuple(epoch_order([10] * 6, 2, 1, 64)) == orders[2, 1]


@given(st.integers(1, 5), st.integers(1, 4), st.integers(0, 60), st.booleans())
def test_rank_slices_partition_every_global_batch(batch_size, world, extra, shuffle):
    shards = [5, 7, batch_size * world + extra]
    options = {"batch_size": batch_size, "shuffle": shuffle, "seed": 3, "window": 2}
    ranks = [GlobalBatchSampler(shards, rank=r, world_size=world, **options) for r in range(world)]
    single = GlobalBatchSampler(shards, **(options | {"batch_size": batch_size * world}))
    assert len({len(rank) for rank in ranks}) == 1
    for together, *slices in zip(single, *ranks, strict=True):
        assert [i for part in slices for i in part] == together


@given(st.integers(1, 9), st.integers(1, 5), st.integers(1, 200))
def test_evaluation_reads_every_sample_once_in_equally_many_batches(batch_size, world, samples):
    samples = max(samples, world)
    ranks = [
        list(EvenBatchSampler(samples, batch_size=batch_size, rank=r, world_size=world)) for r in range(world)
    ]
    assert sorted(i for rank in ranks for batch in rank for i in batch) == list(range(samples))
    assert len({len(rank) for rank in ranks}) == 1
    assert {1 <= len(batch) <= max(2, batch_size) for rank in ranks for batch in rank} == {True}


@given(st.data())
def test_a_state_goes_on_anywhere_with_nothing_lost_or_repeated(data):
    shards, total = [6] * 4, 24
    done, epoch, position = [], 0, 0
    state = None
    while (
        epoch == 0 and position < total
    ):  # any sequence of ranks and batch sizes reads epoch 0 once, in order
        world, size = data.draw(st.sampled_from([(1, 1), (1, 2), (2, 1), (3, 1)]))
        ranks = [GlobalBatchSampler(shards, batch_size=size, rank=r, world_size=world) for r in range(world)]
        for rank in ranks:
            if state:
                rank.load_state_dict(state)
        steps = data.draw(st.integers(1, 4))
        if ranks[0].remaining == 0:
            break
        for _, *parts in zip(range(steps), *ranks, strict=False):
            done += [i for part in parts for i in part]
            ranks[0].position += ranks[0].global_batch
        state = ranks[0].state_dict()
        epoch, position = state["epoch"], state["position"]
    assert done == epoch_order(shards, 0, 0, 64)[: len(done)].tolist()
    assert len(done) >= total - 2


def test_an_unfinished_batch_is_read_again():
    sampler = GlobalBatchSampler([12], batch_size=4)
    sampler.position = 8
    assert sampler.state_dict(unfinished=1)["position"] == 4
    sampler.position = 12
    assert sampler.state_dict(unfinished=1)["position"] == 8


@pytest.mark.parametrize("other", [{"seed": 9}, {"window": 9}, {"shuffle": False}])
def test_a_state_of_another_order_is_refused(other):
    state = GlobalBatchSampler([6, 6], batch_size=2).state_dict()
    with pytest.raises(ValueError, match=next(iter(other))):
        GlobalBatchSampler([6, 6], batch_size=2, **other).load_state_dict(state)
    with pytest.raises(ValueError, match="shards"):
        GlobalBatchSampler([4, 8], batch_size=2).load_state_dict(state)


def test_too_few_samples_for_one_batch_is_an_error(folder):
    with pytest.raises(ValueError, match="40 samples do not fill a global batch"):
        indexed_loader(config(folder, batch_size=21), number, collate, train=True, world_size=2)


# Reading


def test_what_was_written_is_read_back(folder, sample):
    dataset = IndexedDataset([folder])
    assert len(dataset) == 40
    for i in (0, 3, 4, 17, 39):
        assert dataset[i] == sample(i)
    with pytest.raises(IndexError):
        dataset[40]
    assert pickle.loads(pickle.dumps(dataset))[5] == sample(5)


def test_folders_are_read_one_after_the_other_up_to_the_limit(folder, write, tmp_path):
    more = write(tmp_path / "more", 3)
    assert [number(s) for s in IndexedDataset([more, folder])][:5] == [0, 1, 2, 0, 1]
    assert len(IndexedDataset([folder, more], limit=41)) == 41
    short = IndexedDataset([folder], limit=6)
    assert short.shard_samples[:3] == [4, 2, 0]
    assert [number(s) for s in short] == list(range(6))


def test_few_files_are_open_at_a_time(folder, monkeypatch):
    monkeypatch.setattr("data.loader.OPEN_FILES", 3)
    before = len(os.listdir("/proc/self/fd"))
    dataset = IndexedDataset([folder])
    assert [number(s) for s in dataset] == list(range(40))
    assert len(os.listdir("/proc/self/fd")) - before <= 3
    del dataset
    assert len(os.listdir("/proc/self/fd")) == before


@pytest.mark.parametrize("size", [8, 200])
def test_a_sample_is_one_read_of_its_own_bytes_and_16_bytes_of_memory(size, write, tmp_path, monkeypatch):
    """What keeps cost and memory per sample flat; tests/benchmarks/loader.py measures it up to a million."""
    dataset = IndexedDataset([write(tmp_path / "some", size, 50)])
    reads = []
    pread = os.pread
    monkeypatch.setattr(os, "pread", lambda *where: reads.append(where[1]) or pread(*where))
    numbers = [size - 1, 0, size // 2]
    samples = [dataset[i] for i in numbers]
    assert reads == [sum(512 - -len(data) // 512 * 512 for data in s.members().values()) for s in samples]
    held = [value for value in vars(dataset).values() if hasattr(value, "nbytes")]
    assert sum(value.nbytes for value in held) == 16 * size
    assert len(pickle.dumps(dataset)) - 16 * size < 2000  # all else grows by shards, not by samples


def test_the_order_does_not_depend_on_workers(folder):
    runs = []
    for workers in (0, 1, 3):
        loader = indexed_loader(config(folder, num_workers=workers), number, collate, train=True)
        runs.append([epoch(loader), epoch(loader)])
        assert len(loader) == 10
    assert runs[0] == runs[1] == runs[2]
    assert runs[0][0] != runs[0][1]
    assert sorted(runs[0][0]) == sorted(runs[0][1]) == [f"{i:06d}" for i in range(40)]


@pytest.mark.parametrize(("workers", "stops"), [(0, (0, 1, 9, 10, 13)), (2, (13,))])
def test_a_killed_loader_goes_on_with_the_next_sample(folder, workers, stops):
    cfg = config(folder, num_workers=workers)
    whole = indexed_loader(cfg, number, collate, train=True)
    expected = [batch["keys"] for _ in range(2) for batch in whole]
    for stop in stops:
        first = indexed_loader(cfg, number, collate, train=True)
        seen, state = [], first.state_dict()
        while len(seen) < stop:
            for batch in first:
                seen.append(batch["keys"])
                state = first.state_dict()  # workers have fetched further than this
                if len(seen) == stop:
                    break
        second = indexed_loader(cfg, number, collate, train=True)
        second.load_state_dict(json.loads(json.dumps(state)))
        while len(seen) < len(expected):
            seen += [batch["keys"] for batch in second]
        assert seen == expected


def test_loading_leaves_the_global_random_state_alone(folder):
    state = torch.get_rng_state()
    for workers in (0, 1):
        epoch(indexed_loader(config(folder, num_workers=workers), number, collate, train=True))
    assert torch.equal(torch.get_rng_state(), state)


# Skips


def corrupt(sample, i, what):
    good = sample(i)
    return {
        "no caption": good.members() | {"json": b'{"caption": ""}'},
        "no image": good.members() | {"png": b"not a picture"},
        "no json": {"png": good.image},
    }[what]


def raw_folder(path, blocks):
    """Write a consistent folder of blocks that our own writer would refuse."""
    path.mkdir()
    data = b"".join([*blocks, END])
    (path / "raw-000000.tar").write_bytes(data)
    lengths = [len(block) for block in blocks]
    starts = np.cumsum([0, *lengths[:-1]])
    np.save(path / OFFSETS, np.stack([starts, lengths], axis=1).astype(np.int64))
    shard = {"file": "raw-000000.tar", "samples": len(blocks), "bytes": len(data)}
    index = {
        "format": 1,
        "samples": len(blocks),
        "shards": [shard | {"sha256": hashlib.sha256(data).hexdigest()}],
        "offsets_sha256": hashlib.sha256((path / OFFSETS).read_bytes()).hexdigest(),
    }
    (path / INDEX).write_text(json.dumps(index))
    return path


@pytest.fixture
def damaged(tmp_path, sample):
    """Twelve samples; 2, 5 and 8 to 11 cannot be used."""
    blocks = [pack(f"{i:06d}", sample(i).members()) for i in range(12)]
    blocks[2] = pack("000002", corrupt(sample, 2, "no caption"))
    blocks[5] = pack("000005", corrupt(sample, 5, "no image"))
    for i in range(8, 12):
        blocks[i] = pack(f"{i:06d}", corrupt(sample, i, "no json"))
    return raw_folder(tmp_path / "damaged", blocks)


@pytest.mark.parametrize("workers", [0, 2])
def test_skips_shrink_the_batch_and_an_empty_batch_borrows_the_next_sample(damaged, workers):
    cfg = config(damaged, shuffle=False, max_skipped=6, num_workers=workers)
    loader = indexed_loader(cfg, tensor, collate, train=True)
    batches = [[int(key) for key in batch["keys"]] for batch in loader]
    assert batches == [[0, 1, 3], [4, 6, 7], [0]]
    assert len(loader.skipped) == 6
    assert loader.state_dict()["position"] == 12
    assert [[int(key) for key in batch["keys"]] for batch in loader] == batches  # known skips count once


@pytest.mark.parametrize("workers", [0, 2])
def test_too_many_skips_stop_the_run_and_are_named(damaged, workers):
    cfg = config(damaged, shuffle=False, max_skipped=1, num_workers=workers)
    loader = indexed_loader(cfg, tensor, collate, train=True)
    with pytest.raises(ValueError, match="2 unusable samples, max_skipped=1") as error:
        epoch(loader)
    message = str(error.value)
    assert "raw-000000.tar" in message
    assert "'000002', field caption" in message
    assert "'000005': not a usable PNG or JPEG" in message


def test_a_folder_without_any_usable_sample_is_an_error(tmp_path, sample):
    block = pack("000000", corrupt(sample, 0, "no caption"))
    folder = raw_folder(tmp_path / "none", [block])
    with pytest.raises(ValueError, match="no usable sample"):
        epoch(indexed_loader(config(folder, batch_size=1, max_skipped=3), number, collate, train=True))


@pytest.mark.parametrize(
    ("members", "match"),
    [
        ({"a.b.json": b"{}", "a.b.png": b""}, "members"),
        ({"../x.json": b"{}", "../x.png": b""}, "are not one sample"),
        ({"a.json": b"{}", "b.png": b""}, "'a.json', 'b.png' are not one sample"),
        ({"a.json": b'{"caption": "c"}'}, "'a', field members"),
        ({"a.png": b""}, "expected a json member"),
        ({"a.json": b"{", "a.png": b""}, "valid JSON"),
        ({"a.json": b'{"caption": 3}', "a.png": b""}, "'a', field caption"),
        ({"a.json": b'{"caption": "c", "negatives": "n"}', "a.png": b""}, "'a', field negatives"),
        (
            {
                "a.json": b'{"caption": "c", "negatives": [{"kind": "image", "image": "neg00.png"}]}',
                "a.png": b"",
            },
            r"negatives\[0\].image",
        ),
    ],
)
def test_a_hostile_sample_is_refused_with_shard_and_key(tmp_path, members, match):
    block = b""
    for name, data in members.items():
        key, _, member = name.rpartition(".")
        block += pack(key, {member: data})
    dataset = IndexedDataset([raw_folder(tmp_path / "hostile", [block])])
    with pytest.raises(SampleError, match=match) as error:
        dataset[0]
    assert "raw-000000.tar" in str(error.value)


# Bad folders


def test_a_missing_or_empty_folder_is_an_error(tmp_path, folder):
    with pytest.raises(ValueError, match=r"nowhere does not exist; make one with python -m data\.build"):
        IndexedDataset([tmp_path / "nowhere"])
    (tmp_path / "empty").mkdir()
    with pytest.raises(ValueError, match=r"empty has no index\.json"):
        IndexedDataset([tmp_path / "empty"])
    with pytest.raises(ValueError, match=r"did you mean .*forty"):
        IndexedDataset([folder.parent])


def shard(folder):
    return sorted(folder.glob("*.tar"))[1]


def truncate(folder):
    os.truncate(shard(folder), 700)


def flip(folder):
    data = bytearray(shard(folder).read_bytes())
    data[3] ^= 4
    shard(folder).write_bytes(data)


def remove(folder):
    shard(folder).unlink()


def flip_offsets(folder):
    data = bytearray((folder / OFFSETS).read_bytes())
    data[-1] ^= 1
    (folder / OFFSETS).write_bytes(data)


def edit_index(**change):
    def edit(folder):
        index = json.loads((folder / INDEX).read_text())
        index["shards"][1] |= change
        (folder / INDEX).write_text(json.dumps(index))

    return edit


@pytest.mark.parametrize(
    ("damage", "match"),
    [
        (truncate, r"tiny-000001\.tar has 700 bytes, index\.json says \d+: it was cut short"),
        (flip, r"tiny-000001\.tar is damaged: sha256"),
        (remove, r"tiny-000001\.tar is missing"),
        (flip_offsets, r"offsets\.npy does not match"),
        (lambda folder: (folder / OFFSETS).unlink(), r"no offsets\.npy"),
        (lambda folder: (folder / INDEX).write_text("{"), "not valid JSON"),
        (lambda folder: (folder / INDEX).write_text("[]"), "format is 'list'"),
        (
            edit_index(file="../tiny-000001.tar"),
            r"shards\[1\].file: '../tiny-000001.tar' is no plain file name",
        ),
        (edit_index(samples=5), "not the sum"),
        (edit_index(bytes="many"), r"shards\[1\]: expected"),
    ],
)
def test_a_damaged_folder_is_refused_before_use(tmp_path, write, damage, match):
    folder = write(tmp_path / "bad", 12)
    damage(folder)
    with pytest.raises(ValueError, match=match):
        indexed_loader(config(folder), number, collate, train=True)


def test_checksums_are_computed_once_per_unchanged_file(tmp_path, write, monkeypatch):
    folder = write(tmp_path / "once", 12)
    calls = []
    digest = hashlib.file_digest
    monkeypatch.setattr("hashlib.file_digest", lambda *a: calls.append(1) or digest(*a))
    open_folder(folder)
    open_folder(folder)
    assert len(calls) == 3
    os.utime(shard(folder))
    open_folder(folder)
    assert len(calls) == 4


# Stream


@pytest.mark.parametrize("workers", [0, 2])
def test_a_stream_has_the_length_it_is_told_and_repeats_with_its_seed(folder, workers):
    cfg = config(folder, mode="stream", epoch_samples=24, num_workers=workers)
    loader = stream_loader(cfg, number, collate)
    first, second = epoch(loader), epoch(loader)
    assert len(first) == len(second) == 24
    assert len(loader) == 6
    assert first != second
    assert epoch(stream_loader(cfg, number, collate)) == first
    assert (
        epoch(stream_loader(config(folder, mode="stream", epoch_samples=24, seed=2), number, collate))
        != first
    )


@pytest.mark.parametrize("workers", [0, 2])
def test_batches_of_a_stream_know_their_place_on_any_number_of_workers(folder, workers):
    class Placed:
        def __init__(self, place=None):
            self.place = place

        def __call__(self, sample):
            return self.place

        def at(self, place):
            return Placed((place.epoch, place.step))

    loader = stream_loader(
        config(folder, mode="stream", epoch_samples=24, num_workers=workers), Placed(), collate
    )
    found = [batch["items"] for _ in range(2) for batch in loader]
    assert found == [[(step // 6, step)] * 4 for step in range(12)]


def test_a_state_without_steps_goes_on_at_the_step_that_its_position_tells(folder):
    sampler = GlobalBatchSampler([12], batch_size=4)
    sampler.epoch, sampler.position, sampler.step = 2, 8, 8
    state = sampler.state_dict()
    assert state["step"] == 8
    del state["step"]
    older = GlobalBatchSampler([12], batch_size=2)
    older.load_state_dict(state)
    assert older.step == 8


def test_a_resumed_stream_reads_the_rest_of_the_epoch_on_every_rank(folder):
    cfg = config(folder, mode="stream", epoch_samples=48)
    loader = stream_loader(cfg, number, collate, world_size=2)
    batches = iter(loader)
    before = [next(batches)["keys"] for _ in range(2)]
    again = [stream_loader(cfg, number, collate, rank=r, world_size=2) for r in range(2)]
    for other in again:
        other.load_state_dict(loader.state_dict())
    rests = [[batch["keys"] for batch in other] for other in again]
    assert [len(rest) for rest in rests] == [4, 4]
    assert rests[0] != rests[1]
    assert before[0] != rests[0][0]


def test_a_stream_reads_url_patterns_and_verifies_folders(folder, tmp_path, write):
    pattern = f"{folder}/tiny-{{000000..000001}}.tar"
    cfg = config(pattern, mode="stream", epoch_samples=16)
    assert {int(key) for key in epoch(stream_loader(cfg, number, collate))} <= set(range(8))
    bad = write(tmp_path / "bad", 12)
    truncate(bad)
    with pytest.raises(ValueError, match="cut short"):
        stream_loader(config(bad, mode="stream", epoch_samples=16), number, collate)
    cut = config(str(shard(bad)), mode="stream", epoch_samples=16)
    with pytest.raises(ValueError, match=r"cannot be read to its end|unusable samples"):
        epoch(stream_loader(cut, number, collate))


def test_a_stream_of_shards_without_samples_ends_with_an_error(folder, tmp_path):
    empty = tmp_path / "none-000000.tar"
    tarfile.open(empty, "w").close()
    with pytest.raises(ValueError, match=f"hold no sample; the last one read is {empty}"):
        epoch(stream_loader(config(str(empty), mode="stream", epoch_samples=16), number, collate))
    both = config(str(empty), mode="stream", epoch_samples=16)
    both.shards.append(str(folder))
    assert len(epoch(stream_loader(both, number, collate))) > 0


def test_a_stream_replaces_what_it_skips(damaged):
    cfg = config(damaged, mode="stream", epoch_samples=16, max_skipped=6)
    loader = stream_loader(cfg, tensor, collate)
    assert {int(key) for key in epoch(loader)} <= {0, 1, 3, 4, 6, 7}
    assert all(len(batch["keys"]) == 4 for batch in loader)
    with pytest.raises(ValueError, match="max_skipped=0"):
        epoch(stream_loader(config(damaged, mode="stream", epoch_samples=160), tensor, collate))


def test_write_shards_result_reads_with_plain_webdataset(folder):
    urls = [str(path) for path in sorted(folder.glob("*.tar"))]
    keys = [s["__key__"] for s in webdataset.WebDataset(urls, shardshuffle=False)]
    assert keys == [f"{i:06d}" for i in range(40)]
