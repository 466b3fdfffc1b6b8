"""Writing shard folders: whole or not at all, reused or refused, the same bytes every time."""

import json
import multiprocessing
import tarfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.index import INDEX, read_index
from data.sample import Negative, SampleError
from data.shards import write_shards
from data.tar import pack, unpack


def files(folder):
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def test_the_index_tells_what_is_inside(write, tmp_path):
    index = read_index(write(tmp_path / "a", 10, seed=7, rejections={"overlap": 3}))
    assert index["samples"] == 10
    assert [(s["file"], s["samples"]) for s in index["shards"]] == [
        ("tiny-000000.tar", 4),
        ("tiny-000001.tar", 4),
        ("tiny-000002.tar", 2),
    ]
    assert index["counts"]["kinds"] == {"image": 10, "rule": 10}
    assert index["counts"]["operators"] == {"letters": 20}
    assert index["counts"]["verdicts"] == {"false": 20}
    assert index["lengths"]["negatives"] == {"mean": 2.0, "max": 2}
    assert index["seed"] == 7
    assert index["rejections"] == {"overlap": 3}
    assert {"git_revision", "recipe", "recipe_hash"} <= index.keys()


def test_the_shards_are_plain_tar_files(write, tmp_path):
    folder = write(tmp_path / "a", 5)
    with tarfile.open(folder / "tiny-000001.tar") as tar:
        assert tar.getnames() == ["000004.json", "000004.png", "000004.neg00.png"]
        assert json.load(tar.extractfile("000004.json"))["caption"].startswith("Figure 4")


def test_equal_samples_give_equal_bytes(write, tmp_path):
    assert files(write(tmp_path / "a", 9)) == files(write(tmp_path / "b", 9))


def test_a_complete_folder_is_reused_and_another_recipe_refused(sample, tmp_path):
    def never():
        raise AssertionError("samples are not read again")
        yield

    meta = {"recipe": {"seed": 1, "scene": {"size": 336}}}
    options = {"name": "n", "shard_size": 4}
    first = write_shards([sample(0)], tmp_path / "a", meta=meta, **options)
    assert write_shards(never(), tmp_path / "a", meta=meta, **options) == first
    before = files(tmp_path / "a")
    with pytest.raises(ValueError, match=r"another recipe \(scene\.size: 336 -> 224\)"):
        write_shards(never(), tmp_path / "a", meta={"recipe": {"seed": 1, "scene": {"size": 224}}}, **options)
    with pytest.raises(ValueError, match="shard_size: 4 -> 8"):
        write_shards(never(), tmp_path / "a", name="n", shard_size=8, meta=meta)
    assert files(tmp_path / "a") == before


def test_a_folder_of_something_else_is_left_alone(sample, tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(ValueError, match="is no shard folder"):
        write_shards([sample(0)], tmp_path, name="n", shard_size=4, meta={})
    (tmp_path / "empty").mkdir()
    assert write_shards([sample(0)], tmp_path / "empty", name="n", shard_size=4, meta={})["samples"] == 1


@pytest.mark.parametrize("error", [KeyboardInterrupt, RuntimeError])
def test_an_interrupted_writer_leaves_nothing(sample, tmp_path, error):
    def samples():
        for i in range(9):
            yield sample(i)
        raise error

    with pytest.raises(error):
        write_shards(samples(), tmp_path / "a", name="n", shard_size=2, meta={})
    assert list(tmp_path.iterdir()) == []


def test_bad_samples_are_refused_before_they_are_written(sample, tmp_path):
    cases = [
        ([sample(1), sample(1)], "'000001' appears twice"),
        ([sample(1, caption=" ")], "field caption"),
        ([sample(1, negatives=(Negative("image", None, "neg09.png"),))], r"negatives\[0\].image"),
        ([], "no sample"),
    ]
    for samples, match in cases:
        with pytest.raises(ValueError, match=match):
            write_shards(samples, tmp_path / "a", name="n", shard_size=2, meta={})
    with pytest.raises(ValueError, match="at least 1"):
        write_shards([sample(1)], tmp_path / "a", name="n", shard_size=0, meta={})
    with pytest.raises(ValueError, match="name='a/b'"):
        write_shards([sample(1)], tmp_path / "a", name="a/b", shard_size=1, meta={})
    with pytest.raises(SampleError):
        write_shards([sample(1, caption="")], tmp_path / "a", name="n", shard_size=2, meta={})


def _write(args):
    samples, out = args
    return write_shards(samples, out, name="n", shard_size=2, meta={})["samples"]


def test_two_processes_may_write_the_same_folder(sample, tmp_path):
    jobs = [([sample(i) for i in range(20)], tmp_path / "a")] * 2
    with multiprocessing.get_context("fork").Pool(2) as pool:
        assert pool.map(_write, jobs, chunksize=1) == [20, 20]
    assert [path.name for path in tmp_path.iterdir()] == ["a"]
    assert (tmp_path / "a" / INDEX).is_file()


names = st.text("abcdefgh0123456789.-_", min_size=1, max_size=20)


@given(st.dictionaries(names, st.binary(max_size=1500), min_size=1, max_size=5))
def test_tar_members_survive_packing(members):
    block = pack("key", members)
    assert len(block) % 512 == 0
    assert unpack(block) == {f"key.{name}": data for name, data in members.items()}


@given(st.integers(0, 511), st.integers(0, 7))
def test_a_flipped_bit_of_a_header_is_found(byte, bit):
    block = bytearray(pack("key", {"json": b"{}", "png": b"x" * 600}))
    block[1024 + byte] ^= 1 << bit
    with pytest.raises(ValueError, match="damaged tar header at byte 1024"):
        unpack(bytes(block))


@given(st.integers(1, 2047))
def test_a_short_block_is_found(length):
    block = pack("key", {"json": b"{}", "png": b"x" * 500})
    if length != 1024:  # a border between members; there parse_sample misses the picture
        with pytest.raises(ValueError, match=r"damaged|ends after"):
            unpack(block[:length])


def test_long_names_are_refused():
    with pytest.raises(ValueError, match="exceeds 100 characters"):
        pack("k" * 97, {"json": b""})
