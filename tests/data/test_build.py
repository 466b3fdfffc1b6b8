"""The build command: the same bytes for any number of workers, negatives proved, nothing half-written."""

import json
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from configs.build import BuildConfig, NegativesConfig
from configs.retrieval import MiningConfig
from data import build, resumable
from data.build import build_split, main
from data.index import read_index
from data.loader import IndexedDataset
from data.parallel import ordered, processes
from data.scene.engine import scene_of, truth_of_caption


def config(**options):
    values = {"name": "tiny", "splits": {"train": 14}, "shard_size": 5}
    return BuildConfig(**(values | {"negatives": NegativesConfig(rule=2, image=1, retrieval=2)} | options))


def files(folder):
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """Fourteen samples, three of them per chunk."""
    out = tmp_path_factory.mktemp("build") / "train"
    with pytest.MonkeyPatch.context() as patch, ThreadPoolExecutor(1) as pool:
        patch.setattr("data.build.CHUNK", 3)
        build_split(config(), "train", out, pool)
    return out


def test_workers_and_chunks_do_not_change_a_byte(built, tmp_path, monkeypatch):
    with processes(2) as pool:  # fresh interpreters, each with its own hash seed; one chunk of 14
        build_split(config(workers=2), "train", tmp_path / "processes", pool)
    monkeypatch.setattr("data.build.CHUNK", 4)
    with ThreadPoolExecutor(3) as pool:
        build_split(config(workers=3, out="elsewhere"), "train", tmp_path / "threads", pool)
    assert files(tmp_path / "processes") == files(tmp_path / "threads") == files(built)


def test_a_sample_does_not_depend_on_how_many_there_are(built, tmp_path):
    with ThreadPoolExecutor(1) as pool:
        build_split(config(splits={"train": 3}), "train", tmp_path / "train", pool)
    few, many = IndexedDataset([tmp_path / "train"]), IndexedDataset([built])
    for i in range(3):
        assert (few[i].key, few[i].caption, few[i].image) == (many[i].key, many[i].caption, many[i].image)


def test_retrieval_negatives_are_captions_of_others_that_are_false_here(built, brute, read_caption):
    samples = list(IndexedDataset([built]))
    facts = {sample.caption: sample.facts for sample in samples}
    found = [(s, n) for s in samples for n in s.negatives if n.kind == "retrieval"]
    assert len(found) >= 14
    for sample, negative in found:
        assert negative.text in facts
        assert negative.text != sample.caption
        assert truth_of_caption(scene_of(sample.meta), facts[negative.text]).verdict == "false"
        scene = scene_of(sample.meta)
        said = read_caption(negative.text)
        known = [fact for fact in said if set("".join(fact.args)) <= set(scene.points)]
        assert len(known) < len(said) or any(brute.visibly_false(fact, scene) for fact in known)
        assert negative.verdict == "false"
        assert negative.residual >= 1


def test_the_index_counts_negatives_and_rejections(built):
    index = read_index(built)
    assert index["samples"] == 14
    assert index["counts"]["verdicts"] == {"false": sum(index["counts"]["kinds"].values())}
    assert index["counts"]["kinds"]["rule"] == sum(
        n.kind == "rule" for s in IndexedDataset([built]) for n in s.negatives
    )
    assert all(isinstance(count, int) for count in index["rejected"].values())
    assert index["seed"] == 0


def test_another_recipe_does_not_overwrite(built):
    before = files(built)
    with ThreadPoolExecutor(1) as pool:
        build_split(config(), "train", built, pool)  # the same: reused
        with pytest.raises(ValueError, match=r"another recipe \(seed: 0 -> 1\)"):
            build_split(config(seed=1), "train", built, pool)
    assert files(built) == before


@pytest.mark.parametrize("stop", ["drawing", "mining", "choosing"])
def test_a_stopped_build_goes_on_and_gives_the_same_bytes(built, tmp_path, monkeypatch, stop):
    """Fourteen samples in chunks of three, shards of five; stopped at the third chunk or before mining."""
    monkeypatch.setattr(build, "CHUNK", 3)
    made, make_sample = [], build.make_sample
    function = {"drawing": "_draw_chunk", "mining": "mine", "choosing": "_retrieve_chunk"}[stop]
    calls, real = [], getattr(build, function)

    def stopping(*args, **options):
        calls.append(args)
        if len(calls) == (1 if stop == "mining" else 3):
            raise KeyboardInterrupt
        return real(*args, **options)

    def counted(cfg, index, split):
        made.append(index)
        return make_sample(cfg, index, split)

    monkeypatch.setattr(build, "make_sample", counted)
    monkeypatch.setattr(build, function, stopping)
    with ThreadPoolExecutor(1) as pool, pytest.raises(KeyboardInterrupt):
        build_split(config(), "train", tmp_path / "train", pool)
    assert not (tmp_path / "train").exists()
    monkeypatch.setattr(build, function, real)
    with ThreadPoolExecutor(1) as pool:
        build_split(config(), "train", tmp_path / "train", pool)
    assert files(tmp_path / "train") == files(built)
    assert sorted(made) == list(range(14))  # nothing is drawn twice
    assert [path.name for path in tmp_path.iterdir()] == ["train"]


def test_chunks_of_written_shards_are_removed_and_drawn_again_where_they_are_missed(
    built, tmp_path, monkeypatch
):
    """Shards hold five: at samples 5 and 10 one and three chunks of three are done with."""
    monkeypatch.setattr(build, "CHUNK", 3)
    left, journal = [], resumable._page_writer

    def watched(folder, told):
        write = journal(folder, told)

        def page(entry, offsets):
            write(entry, offsets)
            left.append(len(list(tmp_path.glob(".train.*.drawn.partial/*.tar"))))
            for path in tmp_path.glob(".train.*.drawn.partial/*.tar"):
                path.unlink()  # as if the journal had been written and the shard lost

        return page

    monkeypatch.setattr(resumable, "_page_writer", watched)
    with ThreadPoolExecutor(1) as pool:
        build_split(config(), "train", tmp_path / "train", pool)
    assert left[0] == 4
    assert files(tmp_path / "train") == files(built)


def test_simans_and_an_encoder_choose_other_captions_that_are_false_too(built, tmp_path):
    mining = MiningConfig(sampling="simans", peak=0.2, top=13)
    negatives = NegativesConfig(rule=0, image=0, retrieval=2, mining=mining)
    folders = [tmp_path / "one", tmp_path / "two"]
    for folder, workers in zip(folders, (1, 3), strict=True):
        with ThreadPoolExecutor(workers) as pool:
            build_split(config(negatives=negatives, workers=workers), "train", folder, pool)
    assert files(folders[0]) == files(folders[1])
    drawn, nearest = ([found_in(s) for s in IndexedDataset([f])] for f in (folders[0], built))
    assert sum(a != b for a, b in zip(drawn, nearest, strict=True)) > 7
    facts = {sample.caption: sample.facts for sample in IndexedDataset([built])}
    for sample in IndexedDataset([folders[0]]):
        for text in found_in(sample):
            assert truth_of_caption(scene_of(sample.meta), facts[text]).verdict == "false"


def found_in(sample):
    return [n.text for n in sample.negatives if n.kind == "retrieval"]


def test_the_command_builds_every_split_in_fresh_processes(tmp_path, capsys):
    recipe = tmp_path / "recipe.yaml"
    recipe.write_text(
        "name: cli\nsplits: {train: 2, test: 1}\nnegatives: {rule: 1, image: 1, retrieval: 1}\n"
    )
    main([str(recipe), f"out={tmp_path}/set", "workers=1"])
    written = {path.name: path.stat().st_mtime_ns for path in (tmp_path / "set").iterdir()}
    assert sorted(written) == ["card.html", "card.json", "test", "train"]
    assert read_index(tmp_path / "set" / "train")["samples"] == 2
    card = json.loads((tmp_path / "set" / "card.json").read_text())
    assert (card["splits"], card["unreadable"]) == ({"train": 2, "test": 1}, 0)
    assert "wrote" in capsys.readouterr().err
    main([str(recipe), f"out={tmp_path}/set", "workers=1"])  # all complete: the card stays, with its tower
    assert {path.name: path.stat().st_mtime_ns for path in (tmp_path / "set").iterdir()} == written


def test_ctrl_c_leaves_no_shard_and_says_so(tmp_path, project):
    argv = [
        sys.executable,
        "-m",
        "data.build",
        "name=big",
        "splits={train: 100000}",
        "workers=1",
        f"out={tmp_path}/set",
    ]
    run = subprocess.Popen(argv, cwd=project, stderr=subprocess.PIPE, text=True, start_new_session=True)
    while not (tmp_path / "set").exists():
        assert run.poll() is None
        time.sleep(0.1)
    time.sleep(1)
    os.killpg(run.pid, signal.SIGINT)  # as a terminal does: to parent and workers
    try:
        _, told = run.communicate(timeout=60)
    finally:
        if run.poll() is None:  # as where SIGINT is ignored, in a background job
            os.killpg(run.pid, signal.SIGKILL)
    assert run.returncode == 130
    assert "Interrupted" in told
    assert "Process Spawn" not in told
    assert [path for path in (tmp_path / "set").iterdir() if not path.name.startswith(".")] == []


def double(n):
    return 2 * n


def test_results_come_in_order_with_a_bounded_look_ahead():
    taken = []

    def jobs():
        for n in range(50):
            taken.append(n)
            yield n

    with ThreadPoolExecutor(4) as pool:
        results = ordered(pool, double, jobs(), ahead=5)
        assert next(results) == 0
        assert len(taken) == 5
        assert list(results) == [2 * n for n in range(1, 50)]


def test_a_dead_worker_is_an_error():
    with pytest.raises(ValueError, match="a worker process died"), processes(1) as pool:
        list(ordered(pool, os._exit, range(3)))
