"""The command that adds retrieval negatives to shards: foreign ones, engine's own, after a stop."""

from dataclasses import replace

import pytest

from configs.build import BuildConfig, NegativesConfig, SceneConfig
from configs.retrieval import RetrieveConfig
from data import retrieval
from data.index import read_index
from data.loader import IndexedDataset
from data.retrieval import add_negatives, main
from data.scene.engine import make_sample


@pytest.fixture
def shards(tmp_path, sample, write):
    """Twelve samples without scenes, with a rule negative and a picture each; the last has no caption."""
    asked = {"caption": "", "messages": [{"role": "user", "content": "?"}]}
    return write(tmp_path / "shards", [*(sample(i) for i in range(11)), sample(11, **asked)])


def config(folder, **options):
    return RetrieveConfig(**({"out": str(folder), "count": 3, "shard_size": 4} | options))


def texts(folder):
    found = IndexedDataset([folder])
    return [[n.text for n in found[i].negatives if n.kind == "retrieval"] for i in range(len(found))]


def files(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_samples_get_the_nearest_captions_of_others_and_stay_what_they_were(shards, tmp_path, capsys):
    main([str(shards), f"out={tmp_path}/out", "count=3", "shard_size=4"])
    before, after = IndexedDataset([shards]), IndexedDataset([tmp_path / "out"])
    captions = {before[i].caption for i in range(11)}
    for i in range(11):
        assert (after[i].key, after[i].caption) == (before[i].key, before[i].caption)
        assert dict(after[i].images) == dict(before[i].images)
        assert after[i].negatives[:2] == before[i].negatives
        new = after[i].negatives[2:]
        assert len({n.text for n in new}) == 3
        assert {n.text for n in new} <= captions - {before[i].caption}
        assert {(n.kind, n.verdict) for n in new} == {("retrieval", "unverified")}
    assert after[11].negatives == before[11].negatives
    index = read_index(tmp_path / "out")
    assert index["counts"]["kinds"] == {"image": 12, "retrieval": 33, "rule": 12}
    assert index["rejected"]["retrieval: sample without a caption"] == 1
    told = capsys.readouterr().err
    assert "retrieval negatives" in told
    assert "wrote" in told
    main([str(shards), f"out={tmp_path}/out", "count=3", "shard_size=4"])
    assert "complete, reused" in capsys.readouterr().err


def test_a_stopped_run_goes_on_and_gives_the_same_bytes(shards, tmp_path, monkeypatch):
    for options in ({}, {"sampling": "simans", "b": 0.2, "top": 11}):
        add_negatives(shards, config(tmp_path / "whole", **options))
        real, calls = retrieval.retrieval_negatives, []

        def stopping(*args, real=real, calls=calls, **kwargs):
            calls.append(args)
            if len(calls) == 6:
                raise KeyboardInterrupt
            return real(*args, **kwargs)

        monkeypatch.setattr(retrieval, "retrieval_negatives", stopping)
        with pytest.raises(KeyboardInterrupt):
            add_negatives(shards, config(tmp_path / "out", **options))
        add_negatives(shards, config(tmp_path / "out", **options))
        assert len(calls) == 6 + 7  # the shard of the first four samples was kept
        assert files(tmp_path / "out") == files(tmp_path / "whole")
        monkeypatch.setattr(retrieval, "retrieval_negatives", real)
        for name in ("out", "whole"):
            for path in (tmp_path / name).iterdir():
                path.unlink()


def test_seeds_draw_differently(shards, tmp_path):
    found = []
    for seed in (0, 0, 1):
        out = tmp_path / f"out{len(found)}"
        add_negatives(shards, config(out, sampling="simans", peak=0.5, a=1.0, seed=seed))
        found.append(texts(out))
    assert found[0] == found[1] != found[2]


def test_a_scene_is_asked_where_there_is_one(tmp_path, monkeypatch, sample, write):
    """Samples with a program: only captions that the judge calls false are taken, and are proved."""
    samples = [
        sample(i, texts=0, pictures=0, caption=f"Figure {i}.", facts=({"at": i},), meta={"program": i})
        for i in range(6)
    ]
    folder = write(tmp_path / "shards", samples)
    monkeypatch.setattr("data.statements.Fact.from_json", staticmethod(lambda fact: fact["at"]))
    monkeypatch.setattr("data.statements.canonical_set", lambda facts: [Said(at) for at in facts])
    monkeypatch.setattr("data.statements.scene_of", lambda meta: meta["program"])
    monkeypatch.setattr("data.mining.truth_of_caption", judge)
    index = add_negatives(folder, config(tmp_path / "out", count=5))
    assert texts(tmp_path / "out")[0] == ["Figure 1.", "Figure 3.", "Figure 5."]
    assert texts(tmp_path / "out")[1] == ["Figure 0.", "Figure 2.", "Figure 4."]
    assert index["counts"]["verdicts"] == {"false": 18}
    assert index["rejected"]["retrieval: not false of the scene"] == 12


class Said:
    def __init__(self, at):
        self.at = at

    def to_json(self):
        return {"at": self.at}


def judge(scene, facts):
    """An even figure is true of even scenes, an odd one of odd scenes."""
    false = (facts[0]["at"] - scene) % 2 == 1
    return type("Truth", (), {"verdict": "false" if false else "true", "residual": 2.0})


@pytest.fixture(scope="module")
def drawn():
    """Three samples of the scene engine."""
    scene = SceneConfig(templates=["triangle_median"], image_size=96)
    cfg = BuildConfig(name="t", splits={"train": 3}, scene=scene, negatives=NegativesConfig(0, 0, 0))
    return [make_sample(cfg, i, "train")[0] for i in range(3)]


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("meta", {"program": {"template": "triangle_median"}}, "holds no program of this version"),
        ("meta", {"program": "triangle"}, "holds no program of this version"),
        ("facts", ({"kind": "length", "args": [1]},), "holds facts that this version cannot read"),
    ],
)
def test_a_scene_that_cannot_be_read_is_named(drawn, tmp_path, write, capsys, field, value, message):
    """What another version or program wrote is no reason for a traceback, nor for negatives without proof."""
    folder = write(tmp_path / "shards", [drawn[0], replace(drawn[1], **{field: value}), drawn[2]])
    with pytest.raises(SystemExit):
        main([str(folder), f"out={tmp_path / 'out'}"])
    assert f"sample {drawn[1].key} {message}" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("kind", ["colour", "parallel"])
def test_facts_that_cannot_be_judged_are_counted_and_their_caption_is_not_taken(
    drawn, tmp_path, write, sample, kind
):
    name = drawn[0].facts[0]["args"][0][:2]  # of letters that a scene lacks everything is false
    strange = sample(9, caption="Red.", facts=({"kind": kind, "args": [name]},))
    folder = write(tmp_path / "shards", [*drawn, strange])
    index = add_negatives(folder, config(tmp_path / "out"))
    assert "Red." not in texts(tmp_path / "out")[0]
    assert index["rejected"]["retrieval: facts that the engine does not know"] >= 1


def test_a_caption_is_no_negative_twice(shards, tmp_path):
    add_negatives(shards, config(tmp_path / "once"))
    index = add_negatives(tmp_path / "once", config(tmp_path / "twice", count=9))
    for found in texts(tmp_path / "twice")[:11]:
        assert len(set(found)) == len(found) == 10  # three, and all others
    assert index["rejected"]["retrieval: empty, or a negative of the sample already"] >= 33
    assert index["rejected"]["retrieval: samples with fewer negatives than asked for"] == 11


def test_bad_input_is_a_clear_error(tmp_path, sample, write, capsys):
    same = write(tmp_path / "same", [sample(i, caption="The same.") for i in range(3)])
    for argv, message in (
        ([f"out={tmp_path}/out"], "give one shard folder"),
        ([str(tmp_path / "none"), "out=x"], "does not exist"),
        ([str(same), f"out={tmp_path}/out"], "fewer than two different captions"),
        ([str(same)], "required but not set: out"),
        ([str(same), f"out={tmp_path}/out", "embedder=/nowhere"], "embedder=/nowhere"),
        ([str(same), f"out={tmp_path}/out", "sampling=simans"], "needs b or peak"),
    ):
        with pytest.raises(SystemExit) as error:
            main(argv)
        assert error.value.code == 2
        assert message in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
