"""Charts: what is drawn is where the numbers say, whatever the layout."""

import re
import xml.etree.ElementTree as ET
from itertools import pairwise

import pytest

from data.reporting.charts import (
    Bar,
    Curve,
    Difference,
    Group,
    Look,
    bars,
    curves,
    differences,
    histogram,
    legend,
)

BLUE, RED = Look("A", "#0000ff"), Look("B", "#ff0000", "4 2")


def svgs(text):
    return [ET.fromstring(part) for part in re.findall(r"<svg.*?</svg>", text, re.DOTALL)]


def rects(svg, fill):
    return [
        {k: float(r.get(k)) for k in ("x", "y", "width", "height")}
        for r in svg.iter("rect")
        if r.get("fill") == fill
    ]


def numbers(path):
    return [float(n) for n in re.findall(r"-?\d+\.?\d*", path)]


def words(svg):
    return [t.text for t in svg.iter("text")]


def test_a_bar_is_as_high_as_its_value_and_its_whisker_spans_the_interval():
    (svg,) = svgs(bars([Group("rule", (Bar(BLUE, 0.25, (0.2, 0.35)), Bar(RED, 0.5)))], "x"))
    (blue,), (red,) = rects(svg, "#0000ff"), rects(svg, "#ff0000")
    assert red["height"] / blue["height"] == pytest.approx(2, rel=0.01)
    (whisker,) = [p.get("d") for p in svg.iter("path") if p.get("class") == "interval"]
    _, low, high, *_ = numbers(whisker)
    assert low - high == pytest.approx(0.15 / 0.25 * blue["height"], rel=0.01)
    foot = blue["y"] + blue["height"]
    assert foot - high == pytest.approx(0.35 / 0.25 * blue["height"], rel=0.01)
    assert {"25.0", "50.0", "A", "B", "rule"} <= set(words(svg))


def test_chance_is_a_dashed_line_at_its_height_inside_the_chart():
    for chance in (0.1, 0.9):
        (svg,) = svgs(bars([Group("g", (Bar(BLUE, 0.2),), chance=chance)], "x"))
        (dashed,) = [p.get("d") for p in svg.iter("path") if p.get("stroke-dasharray") == "5 3"]
        (bar,) = rects(svg, "#0000ff")
        height = bar["y"] + bar["height"] - numbers(dashed)[1]
        assert height == pytest.approx(chance / 0.2 * bar["height"], rel=0.01)
        assert numbers(dashed)[1] > 0


@pytest.mark.parametrize("count", [1, 4, 9, 23])
def test_many_groups_go_on_in_rows_that_fit_and_none_is_lost(count):
    groups = [Group(f"g{i}", tuple(Bar(BLUE, 0.5) for _ in range(5))) for i in range(count)]
    rows = svgs(bars(groups, "x"))
    shown = [word for svg in rows for word in words(svg) if word.startswith("g")]
    assert shown == [f"g{i}" for i in range(count)]
    for svg in rows:
        assert float(svg.get("width")) <= 720
        found = rects(svg, "#0000ff")
        assert all(a["x"] + a["width"] <= b["x"] for a, b in pairwise(found))
        assert found[-1]["x"] + found[-1]["width"] < float(svg.get("width"))


@pytest.mark.parametrize("high", [0.004, 0.07, 0.42, 0.999, 1.0])
def test_the_axis_ends_above_the_highest_whisker_and_never_beyond_all(high):
    (svg,) = svgs(bars([Group("g", (Bar(BLUE, high / 2, (0.0, high)),))], "x"))
    (whisker,) = [p.get("d") for p in svg.iter("path") if p.get("class") == "interval"]
    assert numbers(whisker)[2] >= 19.9
    assert float(max(words(svg), key=lambda w: float(w) if w.replace(".", "").isdigit() else -1)) <= 100


def test_a_difference_is_filled_only_where_zero_lies_outside_its_interval():
    rows = [
        Difference("up", 0.04, 0.01, 0.07, "+4"),
        Difference("open", 0.02, -0.01, 0.05, "+2"),
        Difference("down", -0.04, -0.06, -0.02, "-4"),
    ]
    (svg,) = svgs(differences(rows, "x"))
    circles = list(svg.iter("circle"))
    assert [c.get("fill") != "#fff" for c in circles] == [True, False, True]
    up, middle, down = (float(c.get("cx")) for c in circles)
    assert up - middle == pytest.approx((middle - down) / 3, rel=0.02)
    spans = [numbers(p.get("d")) for p in svg.iter("path") if p.get("class") == "interval"]
    for (low, _, high), row in zip(spans, rows, strict=True):
        assert (high - low) / (up - down) == pytest.approx((row.high - row.low) / 0.08, rel=0.02)


def curve_points(svg, colour):
    (path,) = [p.get("d") for p in svg.iter("path") if p.get("stroke") == colour]
    flat = numbers(path.removesuffix("h0"))
    return list(zip(flat[::2], flat[1::2], strict=True))


def test_equal_factors_are_equal_steps_of_a_curve():
    (svg,) = svgs(curves([Curve(BLUE, ((0, 4.0), (10, 0.4), (20, 0.04)))], "loss", "steps"))
    (x0, y0), (x1, y1), (x2, y2) = curve_points(svg, "#0000ff")
    assert y1 - y0 == pytest.approx(y2 - y1, abs=0.2)
    assert x1 - x0 == pytest.approx(x2 - x1, abs=0.2)


def test_a_long_curve_is_thinned_and_keeps_its_level():
    points = tuple((float(i), 2.0 if i % 2 else 4.0) for i in range(10_000))
    (svg,) = svgs(curves([Curve(BLUE, points), Curve(RED, ((0.0, 3.0), (9999.0, 3.0)))], "loss", "steps"))
    thinned = curve_points(svg, "#0000ff")
    assert len(thinned) <= 120
    level = curve_points(svg, "#ff0000")[0][1]
    assert [y for _, y in thinned] == pytest.approx([level] * len(thinned), abs=0.5)


@pytest.mark.parametrize("values", [(0.7,), (2.0, 2.0), (1e-4, 30.0), (3e-7, 9e5)])
def test_any_range_of_losses_is_drawn_inside_its_panel_with_few_ticks(values):
    (svg,) = svgs(curves([Curve(BLUE, tuple(enumerate(values)))], "loss", "steps"))
    assert all(0 <= x <= 352 and 0 <= y <= 236 for x, y in curve_points(svg, "#0000ff"))
    assert 2 <= sum(line.get("stroke") == "#e0e0e0" for line in svg.iter("path")) <= 14


def test_names_are_escaped_and_cut_to_their_place():
    name = '<b>"&' + "long" * 50
    text = bars([Group(name, (Bar(BLUE, 0.5),))], name) + legend([(BLUE, name)], inline=True)
    text += differences([Difference(name, 0.1, 0.0, 0.2, name)], name)
    assert "<b>" not in text.replace("<b>A</b>", "")
    for svg in svgs(text):
        assert all(len(word) <= 40 for word in words(svg))


def test_a_histogram_counts_every_number_in_its_bin():
    (svg,) = svgs(histogram({0: 4, 9: 2, 95: 1}, "captions", "tokens", limit=50))
    found = rects(svg, "#0072b2")
    assert len(found) == 3  # bins of five: at most 40 of them up to 95
    tallest = found[0]["height"]
    assert [r["height"] / tallest for r in found] == pytest.approx([1, 0.5, 0.25], abs=0.01)
    left, width = found[0]["x"], found[1]["x"] - found[0]["x"]
    assert found[2]["x"] == pytest.approx(left + 19 * width, abs=1)
    (limit,) = [p.get("d") for p in svg.iter("path") if p.get("stroke-dasharray") == "5 3"]
    assert numbers(limit)[0] == pytest.approx(left + 10 * width, abs=1)
    assert {"captions", "tokens", "4", "2", "0", "100"} <= set(words(svg))


def test_the_axis_of_a_histogram_tells_whole_numbers_where_they_are():
    (svg,) = svgs(histogram({1: 7, 2: 4}, "x", "y"))
    assert {"0", "4", "8"} <= set(words(svg))
    seven, four = rects(svg, "#0072b2")
    (half,) = [t for t in svg.iter("text") if t.text == "4"]
    assert float(half.get("y")) - 4 == pytest.approx(four["y"], abs=0.2)
    assert seven["height"] / four["height"] == pytest.approx(7 / 4, abs=0.02)


def test_a_histogram_of_one_number_and_a_far_limit_stays_inside():
    for counts, limit in (({0: 1}, None), ({7: 10**6}, 100_000), ({10**7: 3}, 1)):
        (svg,) = svgs(histogram(counts, "x", "y", limit=limit))
        width = float(svg.get("width"))
        (bar,) = rects(svg, "#0072b2")
        assert 0 <= bar["x"] <= bar["x"] + bar["width"] <= width
