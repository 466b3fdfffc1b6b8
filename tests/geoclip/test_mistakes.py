import json

import numpy as np
import pytest

from configs.geoclip import NegativesConfig, RetrievalConfig
from data.shards import write_shards
from geoclip.collate import ContrastiveTransform
from geoclip.mistakes import Mistake, hardest, shown
from geoclip.pools import Pools, all_hits, score
from geoclip.retrieval import load_hits, run
from geoclip.robustness import same_scenes


def options(model, data, out, **more):
    given = {"resamples": 20, "num_workers": 0, "accelerator": "cpu", "text_overflow": "truncate", **more}
    return RetrievalConfig(models=[model], data=str(data), out=str(out), **given)


def test_the_hardest_mistakes_are_those_of_brute_force(clip, ragged, batch_of):
    pools = Pools(score(clip, [batch_of(clip, ragged)]), negatives=10, seed=0)
    found = hardest(pools, all_hits(pools), 1000)
    expected = {}
    for i in range(len(ragged)):
        for kind, rows in pools.scores.negatives[i].items():
            values = [value for _, value in rows]
            if max(values) >= pools.scores.own[i]:
                expected[kind, i] = (int(np.argmax(values)), pools.scores.own[i] - max(values))
    own = {
        (m.pool, m.position): (m.member, m.own - m.best)
        for m in found
        if m.pool in ("rule", "retrieval", "image")
    }
    assert own == expected
    margins = [m.own - m.best for m in found]
    assert margins == sorted(margins)
    few = hardest(pools, all_hits(pools), 4)
    assert len(few) == 4
    assert len({m.pool for m in few}) == 4  # every pool that has mistakes has its turn
    assert min(margins) in [m.own - m.best for m in few]


def test_what_won_is_found_again_although_the_transform_left_negatives_out(clip, make_sample):
    """The first retrieval negative is too long and left out, so the first that counts is the second."""
    sample = make_sample(0, rule=1, retrieval=3, image=2)
    at = [i for i, negative in enumerate(sample.negatives) if negative.kind == "retrieval"]
    long = type(sample.negatives[0])("retrieval", text="Point D lies on BC. " * 12)
    negatives = [long if i == at[0] else negative for i, negative in enumerate(sample.negatives)]
    sample = type(sample)(**{**sample.__dict__, "negatives": tuple(negatives)})
    transform = ContrastiveTransform(clip, NegativesConfig(), "skip")
    for member, place in ((0, at[1]), (1, at[2])):
        miss = shown(Mistake("retrieval", 0, member, 0.1, 0.2), lambda _: sample, transform)
        assert miss.negative is sample.negatives[place]
        assert miss.record()["negative"] == place
    other = make_sample(1)
    miss = shown(Mistake("random_t2i", 0, 1, 0.1, 0.2), [sample, other].__getitem__, transform)
    assert miss.other is other
    assert miss.record()["other"] == other.key


@pytest.fixture(scope="module")
def evaluated(clip_folder, scenes, tmp_path_factory):
    folder = tmp_path_factory.mktemp("robust")
    write_shards(scenes, folder / "data", name="s", shard_size=20, meta={"recipe": {}})
    write_shards(scenes[:8], folder / "other", name="o", shard_size=20, meta={"recipe": {}})
    more = {"rotate": [30.0], "downscale": [0.5], "other_data": str(folder / "other"), "mistakes": 6}
    return folder, run(options(clip_folder, folder / "data", folder / "out", **more))


def test_disturbed_runs_are_compared_with_the_undisturbed_one(evaluated, clip_folder):
    folder, results = evaluated
    named = {one["name"]: one for one in results["disturbances"]}
    assert named.keys() == {"turned by 30°", "scaled down by 0.5", "other data"}
    plain = results["models"][clip_folder]["pools"]
    turned = named["turned by 30°"]
    stored = json.loads((folder / "out" / "hits.json").read_text())["disturbed"]["turned by 30°"][clip_folder]
    for pool, d in turned["differences"]["hit@1"].items():
        assert d["difference"] == pytest.approx(turned["pools"][pool]["hit@1"] - plain[pool]["hit@1"])
    before = load_hits(folder / "out" / "hits.json")[clip_folder]["rule"]
    assert stored["rule"]["margin"] != before.margin  # other pixels, other scores
    same = named["other data"]
    assert same["same_scenes"] == 8
    counts = {pool: d["n"] for pool, d in same["differences"]["hit@1"].items()}
    assert counts["random"] == 8 == max(counts.values())
    assert same["differences"]["hit@1"]["rule"]["difference"] == 0.0
    assert "same_scenes" not in turned


def test_the_report_shows_tables_plots_and_mistakes_in_one_file(evaluated, clip_folder):
    folder, results = evaluated
    page = (folder / "out" / "report.html").read_text()
    mistakes = results["models"][clip_folder]["mistakes"]
    assert 0 < len(mistakes) <= 6
    assert page.count('<article class="miss">') == len(mistakes)
    for mistake in mistakes:
        assert f"cosine {mistake['own']:.4f}" in page
        assert mistake["margin"] == pytest.approx(mistake["own"] - mistake["best"])
    for words in ("rule, image to text", "random, text to image", "turned by 30°", "data:image/png;base64"):
        assert words in page
    assert "<script" not in page
    assert "http" not in page.replace("http-equiv", "").replace("http://www.w3.org", "")


def test_other_data_must_show_the_same_scenes(clip_folder, scenes, ragged, tmp_path):
    from data.loader import IndexedDataset

    swapped = [
        type(s)(**{**s.__dict__, "key": o.key}) for s, o in zip(scenes, scenes[1:] + scenes[:1], strict=True)
    ]
    for name, samples in (("a", scenes), ("b", swapped), ("foreign", ragged)):
        write_shards(samples, tmp_path / name, name=name, shard_size=20, meta={"recipe": {}})
    sets = {name: IndexedDataset([tmp_path / name]) for name in ("a", "b", "foreign")}
    assert same_scenes(sets["a"], sets["a"], 5) == {sample.key for sample in scenes[:5]}
    with pytest.raises(ValueError, match=r"no scene in common.*only scene\.markings different"):
        same_scenes(sets["a"], sets["b"], None)
    with pytest.raises(ValueError, match="has no scene"):
        same_scenes(sets["a"], sets["foreign"], None)


@pytest.mark.parametrize(
    ("wrong", "says"), [({"rotate": [0.0]}, "rotate=0.0"), ({"downscale": [1.0]}, "downscale=1.0")]
)
def test_disturbances_that_do_nothing_are_refused(wrong, says):
    with pytest.raises(ValueError, match=says):
        options("m", "d", "o", **wrong)
