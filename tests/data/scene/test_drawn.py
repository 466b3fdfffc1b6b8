"""Layout of dashed lines, arcs of circles, axes, graphs, arrows and coordinates, on figures made by hand."""

import math
from collections import Counter
from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
from scipy.ndimage import maximum_filter

from configs.build import FONTS
from data.scene.display import Style
from data.scene.layout import layout
from data.scene.render import render
from data.scene.types import Axes, Curve, Mark, Scene

NAMES = (
    *("parallels", "dashed", "sector", "line on axes", "parabola", "hyperbola", "circles", "crowded"),
    *("hexagon", "octagon", "diagonals"),
)
STYLES = (
    Style(font_px=26, line_px=2.5),
    Style(font_px=24, line_px=4.0, font="DejaVu Serif", scale=0.9),
    Style(font_px=26, line_px=1.5, font="STIXGeneral", offset_px=3),
    Style(font_px=22, line_px=2.5, font="DejaVu Sans Mono", scale=0.85),
)


def drawn(scene, style=STYLES[0]):
    display = layout(scene, style)
    assert display is not None
    return display


def middle(text):
    return (text.box[0] + text.box[2]) / 2, (text.box[1] + text.box[3]) / 2


def box_to(point, box):
    return math.dist(point, (min(max(point[0], box[0]), box[2]), min(max(point[1], box[1]), box[3])))


def test_every_sketch_is_tested(sketches):
    assert tuple(sketches) == NAMES


@pytest.mark.parametrize("style", STYLES, ids=lambda style: style.font)
@pytest.mark.parametrize("name", NAMES)
def test_no_ink_of_a_text_touches_other_ink(sketches, name, style):
    display = drawn(sketches[name], style)
    bare = replace(display, texts=())
    layers = [render(bare, 336) < 250]
    for text in display.texts:
        alone = replace(display, strokes=(), arcs=(), dots=(), texts=(text,))
        layers.append(maximum_filter(render(alone, 336) < 250, 5))  # two pixels of white around it
    assert np.sum(layers, axis=0).max() == 1
    edges = np.logical_or.reduce(layers[1:])
    assert not edges[[0, -1]].any()
    assert not edges[:, [0, -1]].any()


@pytest.mark.parametrize("style", STYLES, ids=lambda style: style.font)
@pytest.mark.parametrize("name", NAMES)
def test_text_boxes_are_the_ink(sketches, name, style):
    display = drawn(sketches[name], style)
    for text in display.texts:
        alone = replace(display, strokes=(), arcs=(), dots=(), texts=(text,))
        rows, columns = np.nonzero(render(alone, 336) < 200)
        ink = (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1)
        assert ink == pytest.approx(text.box, abs=1.5)


@pytest.mark.parametrize("name", NAMES)
def test_every_text_is_there_once_and_letters_are_nearest_to_their_point(sketches, name):
    scene = sketches[name]
    display = drawn(scene)
    told = {
        m.at: m.at + m.text.replace("-", "\N{MINUS SIGN}") for m in scene.marks if m.kind == "coordinates"
    }
    letters = [text for text in display.texts if text.kind in ("point", "coordinates")]
    assert sorted(t.text for t in letters) == sorted(told.get(n, n) for n in scene.points if n.isupper())
    for text in letters:
        away = {point: box_to(at, text.box) for point, at in scene.points.items()}
        assert min(away, key=away.__getitem__) == text.owner
    axes = [text.text for text in display.texts if text.kind == "axis"]
    assert axes == (["x", "y"] if scene.axes else [])


def test_dashed_segments_are_dashed_and_no_others(sketches):
    scene = sketches["dashed"]
    kinds = {stroke.owner: stroke.kind for stroke in drawn(scene).strokes if stroke.owner in scene.segments}
    assert kinds == {s: "dashed" if s in ("AH", "AM") else "segment" for s in scene.segments}


@pytest.mark.parametrize("at", ["AOB", "BOA"])
def test_a_sector_has_the_shorter_arc_between_its_points(sketches, at):
    scene = replace(sketches["sector"], arcs=(at,))
    (arc,) = (arc for arc in drawn(scene).arcs if arc.kind == "sector")
    assert arc.stop - arc.start == pytest.approx(60)
    ends = [
        (
            arc.centre[0] + arc.radius * math.cos(math.radians(turn)),
            arc.centre[1] + arc.radius * math.sin(math.radians(turn)),
        )
        for turn in (arc.start, arc.stop)
    ]
    for end, point in zip(sorted(ends), sorted([scene.points["A"], scene.points["B"]]), strict=True):
        assert end == pytest.approx(point)


def test_the_arc_of_a_sector_is_an_obstacle(sketches):
    """A letter that stands where the arc would pass has to leave it."""
    scene = sketches["sector"]
    display = drawn(scene)
    for text in display.texts:
        nearest = []
        for x in np.linspace(text.box[0], text.box[2], 20):
            for y in np.linspace(text.box[1], text.box[3], 20):
                turn = math.degrees(math.atan2(250 - y, x - 80))
                if 0 < turn < 60:
                    nearest.append(abs(math.hypot(x - 80, y - 250) - 200))
        assert min(nearest, default=9) > 4


def test_points_that_only_a_curve_shows_have_dots(sketches):
    dots = {dot.owner for dot in drawn(sketches["sector"]).dots}
    assert ("C" in dots, "O" in dots) == (True, False)  # two radii meet at O
    assert {dot.owner for dot in drawn(sketches["line on axes"]).dots} == set()  # crossings show them


def test_axes_end_in_arrow_heads_with_their_names(sketches):
    scene = sketches["line on axes"]
    display = drawn(scene)
    axes = {stroke.owner: stroke.points for stroke in display.strokes if stroke.kind == "axis"}
    assert axes == {"x": ((40, 210), (310, 210)), "y": ((130, 290), (130, 40))}
    heads = {stroke.owner: stroke.points for stroke in display.strokes if stroke.kind == "head"}
    assert {name: points[1] for name, points in heads.items()} == {"x": (310, 210), "y": (130, 40)}
    for name, (one, tip, two) in heads.items():
        start, end = axes[name]
        for corner in (one, two):  # both behind the tip, one on each side
            along = (corner[0] - tip[0]) * (end[0] - start[0]) + (corner[1] - tip[1]) * (end[1] - start[1])
            assert along < 0
        assert math.dist(one, tip) == pytest.approx(math.dist(two, tip))
    for text in display.texts:
        if text.kind == "axis":
            others = [point for other, (_, point) in axes.items() if other != text.owner]
            assert box_to(axes[text.owner][1], text.box) < 30 < box_to(others[0], text.box)


def test_a_graph_is_drawn_through_its_points(sketches):
    scene = sketches["parabola"]
    (stroke,) = (stroke for stroke in drawn(scene).strokes if stroke.kind == "curve")
    assert stroke.owner == "y = x² - 4"
    assert stroke.points == scene.curves[0].points


def test_letters_keep_off_a_graph():
    """The only free place of P is right of it; a graph there leaves none."""
    points = {"P": (168.0, 168.0), "p": (168.0, 20.0), "q": (168.0, 316.0), "r": (20.0, 168.0)}
    scene = Scene(points, ("pq", "Pr"))
    free = drawn(scene).texts[0]
    assert free.box[0] > 168
    wall = Curve("x = 176", tuple((176.0, float(y)) for y in range(20, 317, 2)))
    moved = layout(replace(scene, curves=(wall,)), STYLES[0])
    assert moved is None or moved.texts[0].box[0] > 176 or moved.texts[0].box[2] < 168


@pytest.mark.parametrize("turn", [0, 37, 90, 143, 180, 270, 331])
def test_arrows_of_parallel_lines_point_the_same_way(turn):
    t = math.radians(turn)

    def at(x, y):
        return 168 + x * math.cos(t) - y * math.sin(t), 168 + x * math.sin(t) + y * math.cos(t)

    points = {"A": at(-100, -50), "B": at(100, -50), "C": at(-90, 60), "D": at(95, 60), "E": at(20, -50)}
    scene = Scene(points, ("AB", "CD", "EC"), (), (Mark("arrow", "AB", "", 2), Mark("arrow", "DC", "", 2)))
    chevrons = [stroke for stroke in drawn(scene).strokes if stroke.kind == "arrow"]
    assert Counter(frozenset(chevron.owner) for chevron in chevrons) == {
        frozenset("AB"): 2,
        frozenset("CD"): 2,
    }
    directions = []
    for one, tip, two in (chevron.points for chevron in chevrons):
        back = (one[0] + two[0]) / 2, (one[1] + two[1]) / 2
        length = math.dist(back, tip)
        directions.append(((tip[0] - back[0]) / length, (tip[1] - back[1]) / length))
        assert math.dist(one, tip) == pytest.approx(math.dist(two, tip))
    for direction in directions:
        assert direction == pytest.approx(directions[0], abs=1e-6)
        assert abs(direction[0] * math.cos(t) + direction[1] * math.sin(t)) == pytest.approx(1)
    for stroke, (name, _) in zip(chevrons, [("E", 0)] * 4, strict=True):  # off the point that cuts the line
        assert min(math.dist(points[name], p) for p in stroke.points) > 8


def test_arrows_and_ticks_of_one_segment_keep_apart():
    points = {"A": (40.0, 168.0), "B": (296.0, 168.0)}
    scene = Scene(points, ("AB",), (), (Mark("tick", "AB", "", 2), Mark("arrow", "AB")))
    ticks = [p for s in drawn(scene).strokes if s.kind == "tick" for p in s.points]
    arrow = [p for s in drawn(scene).strokes if s.kind == "arrow" for p in s.points]
    assert min(abs(p[0] - q[0]) for p in ticks for q in arrow) > 4


def test_an_arrow_without_room_rejects_the_scene():
    points = {"A": (160.0, 168.0), "B": (178.0, 168.0)}
    assert layout(Scene(points, ("AB",), (), (Mark("arrow", "AB"),)), STYLES[0]) is None


def test_several_arcs_of_one_mark_are_evenly_apart(sketches):
    arcs = [arc for arc in drawn(sketches["diagonals"]).arcs if arc.owner == "ABC"]
    radii = sorted(arc.radius for arc in arcs)
    assert np.diff(radii) == pytest.approx([9, 9])
    assert len({(arc.centre, arc.start, arc.stop) for arc in arcs}) == 1


def test_an_axis_through_an_angle_splits_it():
    points = {"O": (100.0, 200.0), "A": (250.0, 120.0), "B": (250.0, 260.0)}
    scene = Scene(points, ("OA", "OB"), (), (Mark("angle", "AOB", "50"),))
    assert layout(scene, STYLES[0]) is not None
    axes = Axes((100.0, 200.0), (40.0, 300.0), (300.0, 40.0))
    assert layout(replace(scene, axes=axes), STYLES[0]) is None


@pytest.mark.parametrize("corners", [5, 6, 7, 8, 9])
def test_regular_polygons_are_labelled_at_any_turn(corners):
    names = "ABCDEFGHK"[:corners]
    for turn in range(0, 360, 24):
        step = 360 / corners
        at = [math.radians(turn + i * step) for i in range(corners)]
        points = {
            n: (168 + 110 * math.cos(t), 168 + 110 * math.sin(t)) for n, t in zip(names, at, strict=True)
        }
        sides = tuple(a + b for a, b in zip(names, names[1:] + names[0], strict=True))
        scene = Scene(points, sides, (), (Mark("tick", "AB"), Mark("tick", "BC"), Mark("length", "CD", "12")))
        assert layout(scene, Style(font_px=30)) is not None


def test_the_scale_of_a_style_shrinks_the_figure_and_not_its_letters(sketches):
    for name in ("sector", "parabola", "circles"):
        whole, small = (drawn(sketches[name], Style(font_px=22, scale=scale)) for scale in (1.0, 0.8))
        for point, (x, y) in whole.points.items():
            assert small.points[point] == pytest.approx((168 + 0.8 * (x - 168), 168 + 0.8 * (y - 168)))
        big = [arc.radius for arc in whole.arcs if arc.kind in ("circle", "sector")]
        assert [a.radius for a in small.arcs if a.kind in ("circle", "sector")] == pytest.approx(
            [0.8 * radius for radius in big]
        )
        sizes = [
            sorted((t.text, t.box[2] - t.box[0], t.box[3] - t.box[1]) for t in display.texts)
            for display in (whole, small)
        ]
        for one, two in zip(*sizes, strict=True):
            assert one[0] == two[0]
            assert one[1:] == pytest.approx(two[1:])


def test_the_offset_of_a_style_moves_letters_away(sketches):
    for name in ("octagon", "sector"):
        scene = sketches[name]
        near, far = (drawn(scene, Style(font_px=22, offset_px=offset)) for offset in (0, 6))
        gaps = [
            [box_to(scene.points[t.owner], t.box) for t in display.texts if t.kind == "point"]
            for display in (near, far)
        ]
        assert np.mean(gaps[1]) > np.mean(gaps[0]) + 3


def test_fonts_look_different():
    pictures = [render(drawn(Scene({"A": (168.0, 168.0)}, ()), Style(font=font)), 336) for font in FONTS]
    assert all((one != two).any() for one, two in combinations(pictures, 2))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"font": "Comic Sans"}, "Style.font='Comic Sans'"),
        ({"scale": 0.2}, "Style.scale=0.2; expected 0.7 to 1"),
    ],
)
def test_impossible_styles_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        Style(**options)
