import csv
import re

import pytest

from data.reporting.charts import Curve, Look, curves
from data.reporting.training import training_page

RESULTS = {"steps": 3, "samples_seen": 12, "seconds": 1.5, "validation": {"loss": 0.25}}


def logged(run, rows):
    folder = run / "logs" / "version_0"
    folder.mkdir(parents=True)
    names = list(dict.fromkeys(name for row in rows for name in row))
    with open(folder / "metrics.csv", "w", newline="") as file:
        writer = csv.DictWriter(file, names)
        writer.writeheader()
        writer.writerows(rows)


def test_every_logged_value_has_a_panel_and_held_out_values_share_that_of_training(tmp_path):
    rows = [
        {
            "step": i,
            "epoch": 0,
            "train/loss": 2.0 / (i + 1),
            "lr-AdamW": 1e-3,
            "val/loss": 1.0,
            "val/hit@1/rule": 0.0,
        }
        for i in range(3)
    ]
    logged(tmp_path / "run", rows)
    page = training_page(tmp_path / "run", RESULTS, {"optim": {"lr": 0.001}})
    titles = re.findall(r'aria-label="([^"]*)"', page)
    assert titles == ["hit@1/rule", "loss", "lr-AdamW"]
    loss = page.split('aria-label="loss"')[1].split("</svg>")[0]
    assert loss.count("stroke-linecap") == 2
    assert "optim.lr" in page
    assert "<script" not in page


def test_a_run_too_short_to_log_says_so(tmp_path):
    assert "Nothing was logged" in training_page(tmp_path, RESULTS, {})


@pytest.mark.parametrize("values", [(0.0, 0.5, 1.0), (0.0,), (0.03, 0.07)])
def test_shares_are_drawn_on_an_axis_from_zero(values):
    svg = curves([Curve(Look("a", "#123456"), tuple(enumerate(values)))], "hit", "steps", log=False)
    path = re.search(r'<path d="M([^"]*)" fill="none"', svg).group(1).removesuffix("h0")
    heights = [float(point.split()[1]) for point in path.split("L")]
    foot, ceiling = 236 - 32, 30
    top = next(t for t in (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.8, 1.0) if max(values) <= t)
    for height, value in zip(heights, values, strict=True):
        assert height == pytest.approx(foot - (foot - ceiling) * value / top, abs=0.1)
