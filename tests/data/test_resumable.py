"""Writing that outlives a stop: the same bytes as without one, whatever was lost on the way."""

import json
import os
import signal

import pytest

from data.index import open_folder, read_index
from data.resumable import partial_folder, resume_shards
from data.shards import full_recipe, write_shards

META = {"recipe": {"made": "by a test"}}


@pytest.fixture
def write(tmp_path, sample):
    """Write ten samples in shards of three; ``stop`` raises, or calls, at a sample."""

    def write(out="out", stop=None, error=None, shard_size=3, meta=META):
        taken = []
        position = [0]

        def make(done):
            position[0] = done[-1] if done else 0
            for i in range(position[0], 10):
                if i == stop:
                    error()
                position[0] = i + 1
                taken.append(i)
                yield sample(i)

        index = resume_shards(
            make, tmp_path / out, name="tiny", shard_size=shard_size, meta=meta, journal=lambda: position[0]
        )
        return index, taken

    return write


def interrupt():
    raise KeyboardInterrupt


def content(folder):
    kept = {path.name: path.read_bytes() for path in folder.iterdir() if path.name != "index.json"}
    index = json.loads((folder / "index.json").read_text())
    return kept, {name: value for name, value in index.items() if name != "git_revision"}


def partial(tmp_path):
    return partial_folder(tmp_path / "out", full_recipe("tiny", 3, META))


def test_it_writes_what_write_shards_writes(write, tmp_path, sample):
    index, _ = write()
    write_shards(map(sample, range(10)), tmp_path / "plain", name="tiny", shard_size=3, meta=META)
    assert content(tmp_path / "out") == content(tmp_path / "plain")
    assert index == read_index(tmp_path / "out")
    open_folder(tmp_path / "out")


@pytest.mark.parametrize(("stop", "kept"), [(3, 3), (8, 6), (9, 9)])
def test_a_stopped_run_goes_on_after_its_full_shards(write, tmp_path, capsys, stop, kept):
    write(out="whole")
    with pytest.raises(KeyboardInterrupt):
        write(stop=stop, error=interrupt)
    assert f"{kept} samples are safely written in {partial(tmp_path)}" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
    _, taken = write()
    assert taken == list(range(kept, 10))
    assert f"going on after {kept} samples" in capsys.readouterr().err
    assert content(tmp_path / "out") == content(tmp_path / "whole")
    assert not list(tmp_path.glob(".out*"))


def test_a_killed_run_goes_on_as_well(write, tmp_path):
    child = os.fork()
    if not child:
        write(stop=7, error=lambda: os.kill(os.getpid(), signal.SIGKILL))
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
    (partial(tmp_path) / ".tiny-000002.tar.1.tmp").write_text("half a shard")
    _, taken = write()
    write(out="whole")
    assert taken == [6, 7, 8, 9]
    assert content(tmp_path / "out") == content(tmp_path / "whole")


def test_a_stop_before_the_first_full_shard_leaves_nothing(write, tmp_path):
    with pytest.raises(KeyboardInterrupt):
        write(stop=2, error=interrupt)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("damage", ["tiny-000001.tar", "tiny-000001.page.json"])
def test_a_shard_that_does_not_fit_its_page_is_written_again(write, tmp_path, damage):
    with pytest.raises(KeyboardInterrupt):
        write(stop=9, error=interrupt)
    file = partial(tmp_path) / damage
    if damage.endswith("tar"):
        data = bytearray(file.read_bytes())
        data[700] ^= 1
        file.write_bytes(data)
    else:
        file.unlink()
    _, taken = write()
    write(out="whole")
    assert taken == list(range(3, 10))
    assert content(tmp_path / "out") == content(tmp_path / "whole")


def test_another_recipe_does_not_go_on_there(write, tmp_path):
    with pytest.raises(KeyboardInterrupt):
        write(stop=9, error=interrupt)
    _, taken = write(meta={"recipe": {"made": "otherwise"}})
    assert taken == list(range(10))
    assert not list(tmp_path.glob(".out*"))  # the other partial folder could never become out


def test_a_complete_folder_is_reused_and_another_recipe_is_refused(write):
    assert write()[1] == list(range(10))
    assert write()[1] == []
    with pytest.raises(ValueError, match="another recipe"):
        write(meta={"recipe": {"made": "otherwise"}})


def test_two_processes_do_not_write_one_folder(write):
    with pytest.raises(ValueError, match="another process is writing"):
        write(stop=4, error=write)


def test_a_file_system_without_locks_is_used_all_the_same(write, monkeypatch, capsys):
    def no_locks(*args):
        raise OSError(38, "Function not implemented")

    monkeypatch.setattr("fcntl.flock", no_locks)
    assert write()[1] == list(range(10))
    assert "no lock" in capsys.readouterr().err


def test_a_key_of_a_shard_that_was_taken_up_is_still_unique(write, tmp_path, sample):
    with pytest.raises(KeyboardInterrupt):
        write(stop=8, error=interrupt)
    with pytest.raises(ValueError, match="'000001' appears twice"):
        resume_shards(
            lambda done: [sample(1)], tmp_path / "out", name="tiny", shard_size=3, meta=META, journal=list
        )
