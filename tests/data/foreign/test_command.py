"""The command: a copy of a shard folder with rule negatives, counted, resumable, the same for any workers."""

import json
from concurrent.futures import ThreadPoolExecutor

import pytest

from configs.runtime import write_json
from data.foreign import __main__ as foreign
from data.index import read_index
from data.loader import IndexedDataset
from data.parallel import processes

CAPTIONS = [
    "In △ABC, AB = AC, ∠BAC = 50°, D is the midpoint of BC.",
    "The diagram depicts a square ABCD with a side length of 10. It is blue.",
    "在△ABC中，AB = AC。",
    "AB = 5. AB = 6.",
    "AB ∥ CD, and AB = 7.",
    "A rectangle ABCD, where AB = 6 and BC = 8.",
]


@pytest.fixture
def shards(tmp_path, write, sample):
    """``shards(captions)``: a folder of foreign samples, each with one negative of its own."""

    def shards(captions, name="foreign"):
        samples = [sample(i, caption=caption, pictures=1) for i, caption in enumerate(captions)]
        return write(tmp_path / name, samples)

    return shards


@pytest.fixture
def here(monkeypatch):
    """Work in a thread: starting a process takes longer than all the rest."""
    monkeypatch.setattr(foreign, "processes", lambda count: ThreadPoolExecutor(1))


@pytest.fixture
def run(tmp_path, here):
    """``run(folder, *options)``: the command; returns samples and index."""

    def run(folder, *options, name="out"):
        foreign.main([str(folder), f"out={tmp_path / name}", *options])
        return list(IndexedDataset([tmp_path / name])), read_index(tmp_path / name)

    return run


def test_samples_are_kept_and_get_unverified_rule_negatives(run, shards):
    folder = shards(CAPTIONS)
    samples, index = run(folder, "count=4")
    before = list(IndexedDataset([folder]))
    assert [s.caption for s in samples] == CAPTIONS
    for old, new in zip(before, samples, strict=True):
        assert new.images == old.images
        assert new.negatives[: len(old.negatives)] == old.negatives
        fresh = new.negatives[len(old.negatives) :]
        assert {n.kind for n in fresh} <= {"rule"}
        assert {n.verdict for n in fresh} <= {"unverified"}
        assert new.caption not in {n.text for n in fresh}
    assert [len(s.negatives) - 2 for s in samples] == [4, 4, 0, 0, 4, 4]
    assert index["counts"]["verdicts"] == {"false": 12, "unverified": 16}


def test_coverage_and_refusals_are_counted_and_named(run, shards, capsys):
    _, index = run(shards(CAPTIONS), "count=4")
    told = index["foreign"]
    assert {k: told[k] for k in ("captions", "sentences", "understood", "share_understood")} == {
        "captions": 6,
        "sentences": 8,
        "understood": 6,
        "share_understood": 0.75,
    }
    assert (told["negatives_added"], told["captions_without_use"]) == (16, 2)
    assert told["without_use"] == ["000002", "000003"]
    assert set(told["not_understood"]) == {"It is blue.", "在△ABC中，AB = AC。"}
    assert index["rejected"]["caption: contradicts itself"] == 1
    assert index["rejected"]["caption: no sentence understood"] == 1
    assert index["rejected"]["caption: no negative"] == 2
    lines = {" ".join(line.replace("│", " ").split()) for line in capsys.readouterr().err.splitlines()}
    assert any(line.startswith("understood 6 (75.0%)") for line in lines)
    assert any(line.startswith("refused: letters: may stay true") for line in lines)


@pytest.mark.parametrize("width", ["40", "80"])
def test_counts_are_told_whole_in_a_narrow_terminal(run, shards, capsys, monkeypatch, width):
    monkeypatch.setenv("COLUMNS", width)
    run(shards([*CAPTIONS, "It \x1b[31m is red " + "and blue " * 40 + "."]), "count=4")
    err = capsys.readouterr().err
    assert "6 (66.7%)" in err
    assert "…" not in err
    assert "\x1b[31m is" not in err


def test_the_result_depends_on_the_captions_and_the_seed_alone(run, shards):
    folder = shards(CAPTIONS)
    one, two = run(folder, name="one")[0], run(folder, "shard_size=2", name="two")[0]
    other = run(folder, "seed=1", name="other")[0]
    assert one == two
    assert [s.negatives for s in one] != [s.negatives for s in other]


def test_other_processes_do_the_same_work(run, shards, tmp_path, monkeypatch):
    folder = shards(CAPTIONS)
    one = run(folder)[0]
    monkeypatch.setattr(foreign, "processes", processes)
    assert run(folder, "workers=2", name="two")[0] == one


def test_a_complete_folder_is_reused_and_another_recipe_refused(run, shards, tmp_path, capsys):
    folder = shards(CAPTIONS)
    run(folder)
    changed = (tmp_path / "out" / "index.json").stat().st_mtime_ns
    run(folder)
    assert "complete, reused" in capsys.readouterr().err
    assert (tmp_path / "out" / "index.json").stat().st_mtime_ns == changed
    with pytest.raises(SystemExit):
        run(folder, "count=3")
    assert "count: 10 -> 3" in capsys.readouterr().err


def test_beyond_the_limit_it_stops_with_names_and_nothing_written(run, shards, tmp_path, capsys):
    folder = shards(CAPTIONS[2:4] + CAPTIONS[:1])
    with pytest.raises(SystemExit) as stop:
        run(folder)
    assert stop.value.code == 2
    message = capsys.readouterr().err
    assert "2 of 3 captions cannot be used, more than max_unusable=0.5" in message
    assert "000000, 000001" in message
    assert "在△ABC中" in message
    assert not (tmp_path / "out").exists()
    assert not list(tmp_path.glob(".out*"))
    assert run(folder, "max_unusable=0.7")[1]["foreign"]["captions_without_use"] == 2


def test_a_hopeless_set_stops_early(run, shards, monkeypatch, capsys):
    monkeypatch.setattr(foreign, "FIRST", 3)
    with pytest.raises(SystemExit):
        run(shards([CAPTIONS[2]] * 3 + CAPTIONS[:1] * 9))
    assert "3 of 3 captions cannot be used" in capsys.readouterr().err


def test_splits_are_done_one_by_one(tmp_path, write, sample, here):
    for split in ("train", "test"):
        write(tmp_path / "set" / split, [sample(0, caption=CAPTIONS[0])])
    foreign.main([str(tmp_path / "set"), f"out={tmp_path / 'out'}"])
    assert read_index(tmp_path / "out" / "train")["foreign"]["captions"] == 1
    assert read_index(tmp_path / "out" / "test")["foreign"]["captions"] == 1


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        ([], "name one shard folder"),
        (["a", "b"], "name one shard folder"),
        (["nowhere"], "nowhere"),
        (["x", "count=0"], "count=0 is not allowed"),
        (["x", "max_unusable=2"], "max_unusable=2.0 is not allowed"),
        (["x", "shard_size=0"], "shard_size=0"),
        (["x", "cuont=3"], "did you mean count"),
    ],
)
def test_bad_options_are_clear_errors(argv, message, capsys, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as stop:
        foreign.main(argv)
    assert stop.value.code == 2
    assert message in capsys.readouterr().err


def test_a_damaged_folder_is_refused(run, shards, capsys):
    folder = shards(CAPTIONS)
    index = json.loads((folder / "index.json").read_text())
    index["shards"][0]["sha256"] = "0" * 64
    write_json(folder / "index.json", index)
    with pytest.raises(SystemExit):
        run(folder)
    assert "is damaged" in capsys.readouterr().err
