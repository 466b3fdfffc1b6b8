"""results.json in, claims and tables out: what is wrong is named, what is absent is never guessed."""

import json

import pytest

from data.reporting.claims import claims, points, summary
from data.reporting.results import parse_results, read_results
from data.reporting.sheets import duration, sheets


def verdicts(raw):
    return [claim.verdict for claim in claims(parse_results(raw))]


def rows(raw, section, number=0):
    return sheets(parse_results(raw))[section][number].rows


def test_all_claims_hold_where_every_interval_is_clear_of_zero(results):
    assert verdicts(results) == ["holds"] * 6
    assert "holds in all of its 6 parts" in summary(parse_results(results))[0]


@pytest.mark.parametrize(
    ("difference", "low", "high", "verdict"),
    [
        (0.04, 0.001, 0.08, "holds"),
        (0.04, 0.0, 0.08, "does not hold"),
        (0.04, -0.01, 0.09, "does not hold"),
        (-0.04, -0.08, -0.01, "does not hold"),
    ],
)
def test_an_advantage_holds_only_with_its_whole_interval_above_zero(results, difference, low, high, verdict):
    results["comparisons"][0] |= {"difference": difference, "low": low, "high": high}
    assert verdicts(results)[0] == verdict


@pytest.mark.parametrize(("loss", "verdict"), [(0.05, "holds"), (0.051, "does not hold"), (-0.2, "holds")])
def test_b_may_lose_five_points_on_the_random_pool(results, loss, verdict):
    results["comparisons"][2] |= {"difference": -loss, "low": -loss - 0.01, "high": -loss + 0.01}
    assert verdicts(results)[2] == verdict


def test_a_difference_stored_the_other_way_round_is_turned(results):
    claim = claims(parse_results(results))[1]
    assert claim.verdict == "holds"
    assert claim.numbers.endswith("+5.2 points, 95 % interval +2.0 to +8.0")


def test_systems_are_found_by_arm_whatever_their_names(results):
    for old, new in (("A", "random10"), ("B", "hard10")):
        results["encoders"][new] = results["encoders"].pop(old)
        results["lmms"][new] = results["lmms"].pop(old)
        for pair in results["comparisons"]:
            pair |= {side: new for side in "ab" if pair[side] == old}
    assert verdicts(results) == ["holds"] * 6
    assert [name for name, *_ in rows(results, "encoders")][:2] == ["random10 (A)", "hard10 (B)"]


def test_what_was_not_compared_is_not_measured_and_the_rest_is_judged(results):
    results["comparisons"] = results["comparisons"][:3]
    assert verdicts(results) == ["holds"] * 3 + ["not measured"] * 3
    assert "in the 3 parts that were measured, of 6" in summary(parse_results(results))[0]
    results["comparisons"][0]["low"] = -0.01
    expected = "holds in 2 of its 6 parts and does not hold in 1; 3 not measured"
    assert expected in summary(parse_results(results))[0]


def test_without_comparisons_nothing_is_claimed():
    assert "was not measured" in summary(parse_results({}))[0]


def test_b_against_c_is_told_as_it_falls(results):
    assert "not told apart" in summary(parse_results(results))[1]
    results["comparisons"][3] |= {"difference": -0.04, "low": -0.06, "high": -0.02}
    assert "C is above" in summary(parse_results(results))[1]


def test_chance_comes_from_the_pool_size_unless_it_is_told(results):
    assert parse_results(results).encoders["A"].hits["image"].chance == 1 / 8
    results["encoders"]["A"] |= {"chance": {"image": 0.3}, "pool_size": 20}
    hits = parse_results(results).encoders["A"].hits
    assert (hits["image"].chance, hits["rule"].chance) == (0.3, 1 / 20)


def test_one_count_of_an_lmm_is_that_of_all_questions_only(results):
    del results["lmms"]["A"]["n_per_type"]
    found = parse_results(results).lmms
    assert {kind: score.n for kind, score in found["A"].items()} == {
        "overall": 900,
        "shape": None,
        "read length": None,
    }
    assert found["B"]["shape"].n == 400


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda r: r["encoders"]["A"].update(arm="D"), "encoders.A.arm: got 'D'; expected one of A, B, C"),
        (lambda r: r["encoders"]["A"]["hit@1"].update(rule="27"), "encoders.A.hit@1.rule: got '27'"),
        (lambda r: r["encoders"]["A"]["hit@1"].update(rule=27.0), "expected a number from 0 to 1"),
        (lambda r: r["encoders"]["A"]["hit@1"].update(rule=None), "encoders.A.hit@1.rule: got None"),
        (lambda r: r["encoders"]["A"]["ci95"].update(rule=[0.1]), "encoders.A.ci95.rule: got [0.1]"),
        (lambda r: r["encoders"].update(A=[1]), "encoders.A: got [1]; expected an object"),
        (lambda r: r["encoders"]["A"].update(pool_size=0), "encoders.A.pool_size: got 0"),
        (lambda r: r["lmms"].update(D=r["lmms"]["A"]), "lmms.D: got 'D'; expected the name of an encoder"),
        (lambda r: r["lmms"]["A"].update(accuracy=0.5), "lmms.A.accuracy: got 0.5; expected an object"),
        (lambda r: r["benchmarks"].update(x={}), "benchmarks.x.accuracy: got None"),
        (lambda r: r["comparisons"][1].update(what="x"), "comparisons[1].what: got 'x'"),
        (lambda r: r["comparisons"][1].pop("low"), "comparisons[1].low: got None"),
        (lambda r: r.update(comparisons={}), "comparisons: got {}; expected a list"),
        (lambda r: r["seconds"].update(data=float("nan")), "seconds.data: got nan"),
        (lambda r: r["data"]["rejected"].update(x=True), "data.rejected.x: got True"),
        (lambda r: r["data"].update(samples="many"), "data.samples: got 'many'"),
    ],
)
def test_a_wrong_field_is_named_with_file_and_value(results, change, words, tmp_path):
    change(results)
    path = tmp_path / "results.json"
    path.write_text(json.dumps(results))
    with pytest.raises(ValueError, match="field") as error:
        read_results(tmp_path)
    assert str(error.value).startswith(f"{path}, field ")
    assert words in str(error.value)


def test_a_missing_or_broken_file_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"results\.json does not exist; give the folder of a run"):
        read_results(tmp_path)
    (tmp_path / "results.json").write_text('{"encoders": ')
    with pytest.raises(ValueError, match=r"results\.json is not valid JSON"):
        read_results(tmp_path)


def test_tables_keep_one_order_of_systems_and_pools(results):
    hits = rows(results, "encoders", 1)
    assert [row[1] for row in hits[:5]] == ["A", "B", "C", "start", "untrained"]
    assert list(dict.fromkeys(row[0] for row in hits)) == ["random", "retrieval", "rule", "image"]
    assert rows(results, "lmms")[0][0] == "overall"
    assert rows(results, "data", 1) == (("labels collide", "4,567"), ("points too close", "321"))


@pytest.mark.parametrize(
    ("value", "text"), [(0.0412, "+4.1"), (-0.1, "−10.0"), (0.0, "0.0"), (-0.0004, "0.0"), (0.0005, "+0.1")]
)
def test_points_are_signed_and_zero_is_not(value, text):
    assert points(value) == text


@pytest.mark.parametrize(
    ("seconds", "text"), [(None, "–"), (0.4, "0:00"), (59.6, "1:00"), (75, "1:15"), (3675, "1:01:15")]
)
def test_durations_read_like_a_clock(seconds, text):
    assert duration(seconds) == text
