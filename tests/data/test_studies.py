"""The two studies on vectors small enough to check by hand, and their commands on files."""

import json

import numpy as np
import pytest

from configs.studies import ContaminationConfig, SimilarityConfig
from data import contamination, similarity
from data.contamination import below, closest, study
from data.reporting.charts import Look
from data.reporting.scatter import scatter
from data.similarity import above, plane, separation
from data.texts import Texts


def angle(*degrees):
    """Unit vectors in the plane."""
    at = np.radians(degrees)
    return np.stack([np.cos(at), np.sin(at)], axis=1).astype(np.float32)


def test_the_closest_by_hand():
    """cos 60° = 0.5, cos 0° = 1; of two equal rows the lower one."""
    scores, rows = closest(angle(0, 90), angle(60, 60, 30, 90))
    assert scores == pytest.approx([np.cos(np.pi / 6), 1.0])
    assert rows.tolist() == [2, 3]


def test_levels_are_strict():
    assert below(np.array([0.995, 0.994, 0.985, 0.5])) == {
        "0.995": 75.0,
        "0.990": 50.0,
        "0.980": 25.0,
        "0.970": 25.0,
    }
    assert above(np.array([0.95, 0.90, 0.86, 0.65])) == {
        "0.90": 0.25,
        "0.85": 0.75,
        "0.70": 0.75,
        "0.60": 1.0,
    }


def texts(*words):
    return Texts([f"r{i}" for i in range(len(words))], list(words))


def test_filtering_drops_training_texts_that_are_too_near(monkeypatch):
    """Question at 0°, training at 2° (cosine 0.9994) and 25° (0.906): dropping the first leaves 0.906."""
    monkeypatch.setattr(contamination, "embed", lambda name, *groups: [angle(0), angle(2, 25)])
    found = study(texts("q"), texts("near", "far"), "any", 0.995)
    assert found["kept"].tolist() == [False, True]
    assert found["scores"] == pytest.approx([np.cos(np.radians(2))])
    assert found["after"] == pytest.approx([np.cos(np.radians(25))], abs=1e-6)
    assert study(texts("q"), texts("near", "far"), "any", 0.5)["after"] is None


def test_separation_of_two_clusters_and_one_that_is_mixed():
    """Two tight bundles at 0° and 90°: all told apart. One text of each on the other side: 6 of 8."""
    vectors = angle(0, 1, 2, 3, 87, 88, 89, 90)
    found = separation(vectors, np.array([0, 0, 0, 0, 1, 1, 1, 1]), seed=0)
    assert (found["accuracy"], found["chance"]) == (1.0, 0.5)
    assert found["silhouette_kinds"] == found["silhouette_clusters"] > 0.95
    mixed = separation(vectors, np.array([0, 0, 0, 1, 0, 1, 1, 1]), seed=0)
    assert mixed["accuracy"] == 0.75
    assert mixed["silhouette_kinds"] < mixed["silhouette_clusters"]


def test_the_silhouette_of_two_pairs_by_hand():
    """Pairs at 0° and 90°, equal within: a = 0, b = 1 - cos 90° = 1, so the silhouette is 1."""
    found = separation(angle(0, 0, 90, 90), np.array([0, 0, 1, 1]), seed=0)
    assert found["silhouette_kinds"] == pytest.approx(1.0, abs=1e-4)


def test_principal_components_keep_distances_of_a_plane():
    vectors = np.pad(angle(0, 30, 100, 200), ((0, 0), (0, 3)))
    flat = plane(vectors, "pca", 0)

    def distances(points):
        return np.linalg.norm(points[:, None] - points[None], axis=-1)

    assert distances(flat) == pytest.approx(distances(vectors), abs=1e-5)
    assert plane(vectors, "tsne", 0).shape == (4, 2)
    assert np.array_equal(plane(vectors, "tsne", 0), plane(vectors, "tsne", 0))


def test_points_are_drawn_in_turns_and_names_escaped():
    svg = scatter([(Look("A", "#111"), np.eye(2)), (Look("B", "#222"), np.zeros((1, 2)))], "<label>")
    assert [part[:4] for part in svg.split('fill="')[2:]] == ["#111", "#222", "#111"]
    assert "&lt;label&gt;" in svg


@pytest.fixture
def files(tmp_path):
    """Test and training questions as files; one is in both."""
    asked = ["In △ABC, AB = 5. Find BC.", "A circle has radius 3.", "How long is the chord DE?"]
    train = ["In △ABC, AB = 5. Find BC.", "The square has side 7 cm.", "A circle has radius 4."]
    test = tmp_path / "test.jsonl"
    test.write_text("\n".join(json.dumps({"question": text}) for text in asked))
    (tmp_path / "train.json").write_text(json.dumps([{"conversations": [{"value": text}]} for text in train]))
    return tmp_path


def test_the_contamination_command_writes_table_lists_and_report(files, capsys):
    contamination.main(
        [
            f"{files}/test.jsonl",
            f"train=[{files}/train.json]",
            "train_field=conversations.0.value",
            f"out={files}/out",
        ]
    )
    results = json.loads((files / "out" / "results.json").read_text())
    assert (results["questions"], results["training_texts"], results["dropped"]) == (3, 3, 1)
    assert results["below_percent"]["before"]["0.995"] == 66.67
    assert results["below_percent"]["after"]["0.995"] == 100.0
    pairs = [json.loads(line) for line in (files / "out" / "questions.jsonl").read_text().splitlines()]
    assert pairs[0]["cosine"] == pytest.approx(1.0, abs=1e-4)
    assert pairs[0]["nearest"] == "train.json[0]"
    assert pairs[1]["nearest"] == "train.json[2]"
    kept = [
        json.loads(line)["name"] for line in (files / "out" / "train_kept.jsonl").read_text().splitlines()
    ]
    assert kept == ["train.json[1]", "train.json[2]"]
    dropped = json.loads((files / "out" / "train_dropped.jsonl").read_text())
    assert (dropped["name"], dropped["nearest"]) == ("train.json[0]", "test.jsonl:1")
    report = (files / "out" / "report.html").read_text()
    assert report.count("<svg") > 1
    assert "Highest cosine" in report
    assert "66.67" in capsys.readouterr().err


def test_the_similarity_command_writes_tables_and_pictures(files, sample, write, capsys):
    shards = write(files / "shards", 12)
    argv = [
        f"negatives={{rule: {shards}, exam: {files}/train.json}}",
        "fields={exam: conversations.0.value}",
        f"questions=[{files}/test.jsonl]",
        f"out={files}/out",
    ]
    similarity.main(argv)
    results = json.loads((files / "out" / "results.json").read_text())
    assert results["negatives"] == {"rule": 12, "exam": 3}
    assert results["sampled_per_kind"] == 3
    assert results["share_above"]["exam"]["0.90"] == 0.3333
    assert results["separation"]["chance"] == 0.5
    assert (files / "out" / "report.html").read_text().count("<circle") == 6
    similarity.main([*argv, "picture=tsne", f"out={files}/again"])
    assert "told apart by k-means" in capsys.readouterr().err
    again = json.loads((files / "again" / "results.json").read_text())
    assert again["separation"] == results["separation"]


def test_options_without_meaning_are_refused(files, capsys):
    for options, message in (
        ({"train": []}, "train is empty"),
        ({"train": ["x"], "threshold": 2.0}, "threshold=2.0"),
    ):
        with pytest.raises(ValueError, match=message):
            ContaminationConfig(**options)
    good = {"negatives": {"a": "x"}, "questions": ["y"]}
    for options, message in (
        ({"questions": []}, "questions is empty"),
        ({"negatives": {}}, "negatives is empty"),
        ({"fields": {"b": "z"}}, "fields names 'b'"),
        ({"picture": "umap"}, "picture='umap'"),
        ({"sample": 1}, "sample=1"),
    ):
        with pytest.raises(ValueError, match=message):
            SimilarityConfig(**(good | options))
    with pytest.raises(SystemExit):
        contamination.main([f"train=[{files}/train.json]"])
    assert "no test set given" in capsys.readouterr().err
