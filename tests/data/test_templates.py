"""The table of templates: counts of drawn programs, everything in JSON, unknown options named."""

import json

import pytest

from data import templates
from data.scene.templates import FAMILIES, TEMPLATES


def test_accepted_and_rejected_programs_add_up():
    row = templates.describe(60, "trapezoid")
    assert row["accepted"] + sum(row["rejected"].values()) / 60 == pytest.approx(1)
    assert 0 < row["accepted"] < 1
    assert row["states"]["trapezoid"] == row["states"]["parallel"] == round(60 * row["accepted"])
    assert row["operators"] == [
        "letters",
        "number",
        "substitute",
        "attribute",
        "incidence",
        "relation",
        "shape",
    ]


def test_the_command_describes_every_template(monkeypatch, tmp_path):
    monkeypatch.setenv("MMGEOLM_ROOT", str(tmp_path))
    monkeypatch.setattr(templates, "ordered", lambda pool, describe, names: map(describe, names))
    templates.main(["programs=2"])
    rows = json.loads((tmp_path / "templates.json").read_text())
    assert [row["name"] for row in rows] == list(TEMPLATES)
    assert all(set(row["ranges"]) == set(FAMILIES[row["family"]].ranges) for row in rows)


@pytest.mark.parametrize("word", ["programs=0", "programs=many", "scenes=3", "trapezoid"])
def test_an_option_that_is_not_understood_is_named(word, capsys):
    with pytest.raises(SystemExit):
        templates.main([word])
    assert "usage: python -m data.templates" in capsys.readouterr().err
