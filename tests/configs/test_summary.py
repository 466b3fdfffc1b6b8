"""One results file from what the demo's steps leave, each number where it was."""

import json

import pytest

from configs.summary import summarise
from data.reporting.results import parse_results

ARMS = ("A", "B", "C", "untrained")
POOLS = ("random", "retrieval", "rule", "image")


def write(path, content):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content))


def pool(hit):
    found = {"n": 20, "left_out": 0, "tie_rate": 0.0, "negatives": {"min": 9, "mean": 9.5, "max": 10}}
    for part, value in (("ci95", [hit - 0.1, hit + 0.1]), ("chance", 0.1)):
        found[part] = {"hit@1": value, "hit@5": value}
    return {**found, "hit@1": hit, "hit@5": hit + 0.1}


@pytest.fixture
def out(tmp_path):
    """The folder of a demo: four arms and the start, two LMMs, We-Math, shards of two splits."""
    folders = {arm: str(tmp_path / "encoders" / arm / "export" / "clip") for arm in ARMS} | {"start": "mini"}
    models = {}
    for place, folder in enumerate(folders.values()):
        letters = {"accuracy": 0.9, "ci95": [0.8, 1.0], "n": 9, "pairs": 20, "pool": pool(0.3)}
        pools = {name: pool(0.2 + 0.1 * place + 0.01 * i) for i, name in enumerate(POOLS)}
        models[folder] = {"n": 20, "pools": pools, "operators": {"rule/letters": letters}}
    gap = {"difference": -0.2, "low": -0.3, "high": -0.1, "n": 20}
    pairs = [{"a": folders["A"], "b": folders["B"], "hit@1": {"rule": gap}}]
    write(tmp_path / "retrieval" / "results.json", {"models": models, "comparisons": pairs})
    run = {"objective": {"in_batch": 1.0, "text": 0.5}, "seconds": 7.0, "samples_seen": 88, "steps": 8}
    write(tmp_path / "encoders" / "B" / "results.json", run)
    length = {"accuracy": 0.5, "ci95": [0.4, 0.6], "n": 12, "chance": 0.0, "unread": 2}
    answers = {**length, "n": 20, "accuracy": 0.6, "groups": {"length": length}}
    pairs = [{"a": "lmm A", "b": "lmm B", **gap}]
    told = {"models": {"lmm A": answers, "lmm B": answers}, "comparisons": pairs}
    write(tmp_path / "answers" / "results.json", told)
    write(tmp_path / "wemath" / "results.json", {"groups": {"S2": length, "S3": length}})
    for split, samples in (("train", 30), ("test", 20)):
        counts = {"kinds": {"rule": samples, "retrieval": 2}, "verdicts": {"false": samples, "unverified": 2}}
        found = {"samples": samples, "counts": counts, "rejected": {"labels collide": 3}}
        write(tmp_path / "shards" / split / "index.json", found)
    return tmp_path


def test_every_number_arrives_under_its_arm(out):
    steps = {"data": {"seconds": 3.0}, "encoder B": {"seconds": 8.0, "steps": 8}}
    results = summarise(out, out / "shards", "mini", ["A", "B"], steps, ["a note"])
    assert [*results["encoders"]] == [*ARMS, "start"]
    trained = results["encoders"]["B"]
    assert trained["hit@1"] == {name: pytest.approx(0.3 + 0.01 * i) for i, name in enumerate(POOLS)}
    assert (trained["objective"], trained["train_seconds"], trained["steps"]) == (
        "in_batch + 0.5 text",
        7.0,
        8,
    )
    assert results["encoders"]["start"]["objective"] == "none"
    assert results["encoders"]["start"]["hit@1"]["random"] == pytest.approx(0.6)
    assert trained["per_operator"]["rule"]["letters"]["hits"]["hit@1"] == 0.3
    assert results["lmms"]["A"]["accuracy"] == {"length": 0.5, "overall": 0.6}
    assert results["benchmarks"]["wemath S2"]["unread"] == 2
    assert results["data"]["samples"] == 50
    assert results["data"]["negatives"] == {"rule": 50, "retrieval": 4}
    assert results["data"]["rejected"] == {"labels collide": 6}
    assert results["data"]["verified_false"] == pytest.approx(50 / 54)
    assert results["seconds"] == {"data": 3.0, "encoder B": 8.0}
    turned = {"a": "B", "b": "A", "difference": 0.2, "low": 0.1, "high": 0.3}
    for pair, (what, where) in zip(
        results["comparisons"], [("encoders", "rule"), ("lmms", "overall")], strict=True
    ):
        assert pair == {**turned, "what": what, "pool": where, "n": 20}
    assert parse_results(json.loads(json.dumps(results))).encoders["B"].hits["rule"].value == pytest.approx(
        0.32
    )


def test_without_we_math_there_is_no_benchmark(out):
    (out / "wemath" / "results.json").unlink()
    assert summarise(out, out / "shards", "mini", ["A", "B"], {}, [])["benchmarks"] == {}
