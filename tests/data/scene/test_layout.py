import math
from collections import Counter
from dataclasses import replace
from functools import cache
from random import Random

import numpy as np
import pytest
from scipy.ndimage import maximum_filter

from configs.build import SceneConfig
from data.scene.display import Display, Style
from data.scene.draw import Positive, draw_positive
from data.scene.layout import layout
from data.scene.render import render
from data.scene.templates import TEMPLATES
from data.scene.types import CANVAS, Mark, Point, Scene

SCENES = 4  # of every template, in each of two fonts


@cache
def positives(template: str, font_px: float = 30.0) -> list[Positive]:
    cfg = SceneConfig(templates=[template], font_px=font_px, line_px=3.0, max_turn=180)
    return [draw_positive(cfg, Random(f"{template}/{i}"), Counter()) for i in range(SCENES)]


def ink(display: Display, size: int = 336, dark: int = 250) -> np.ndarray:
    return render(display, size) < dark


def without_texts(display: Display) -> Display:
    return replace(display, texts=())


def only_text(display: Display, index: int) -> Display:
    return replace(display, strokes=(), arcs=(), dots=(), texts=(display.texts[index],))


def box_to(point: Point, box: tuple[float, float, float, float]) -> float:
    nearest = min(max(point[0], box[0]), box[2]), min(max(point[1], box[1]), box[3])
    return math.dist(point, nearest)


def middle(box: tuple[float, float, float, float]) -> Point:
    return (box[0] + box[2]) / 2, (box[1] + box[3]) / 2


def turn(p: Point, v: Point, q: Point) -> float:
    one, two = math.atan2(p[1] - v[1], p[0] - v[0]), math.atan2(q[1] - v[1], q[0] - v[0])
    return abs(math.degrees(math.remainder(one - two, math.tau)))


@pytest.mark.parametrize("font_px", [30.0, 36.0])
@pytest.mark.parametrize("template", TEMPLATES)
def test_no_ink_of_a_text_touches_other_ink(template: str, font_px: float) -> None:
    for positive in positives(template, font_px):
        display = positive.display
        layers = [
            ink(without_texts(display)),
            *(ink(only_text(display, i)) for i in range(len(display.texts))),
        ]
        # each text grown by one pixel: any pixel that two layers claim is a collision
        layers[1:] = [maximum_filter(text, 3) for text in layers[1:]]
        claimed = np.sum(layers, axis=0)
        assert claimed.max() == 1, (positive.program, display.texts)
        texts = np.logical_or.reduce(layers[1:])
        assert not texts[[0, -1]].any()
        assert not texts[:, [0, -1]].any()


@pytest.mark.parametrize(
    "template", ["parallels_transversal", "circle_inscribed_angle", "triangle_midsegment"]
)
def test_texts_stay_clear_at_demo_size(template: str) -> None:
    for positive in positives(template, 36.0):
        display = positive.display
        drawing = ink(without_texts(display), 96, 200)
        for i in range(len(display.texts)):
            assert not (ink(only_text(display, i), 96, 200) & drawing).any(), (
                positive.program,
                display.texts[i],
            )


@pytest.mark.parametrize("template", TEMPLATES)
def test_every_point_and_number_is_labelled_once(template: str) -> None:
    for positive in positives(template):
        scene, texts = positive.built.scene, positive.display.texts
        told = {m.at: m.text for m in scene.marks if m.kind == "coordinates"}
        named = sorted(name + told.get(name, "") for name in scene.points if name.isupper())
        letters = sorted(t.text.replace("−", "-") for t in texts if t.owner in scene.points)
        assert letters == named
        numbers = [t for t in texts if t.kind in ("length", "angle")]
        drawn = sorted((t.kind, t.owner, t.text.rstrip("°")) for t in numbers)
        assert drawn == sorted((m.kind, m.at, m.text) for m in scene.marks if m.kind in ("length", "angle"))
        assert all(t.text.endswith("°") == (t.kind == "angle") for t in texts)


@pytest.mark.parametrize("template", TEMPLATES)
def test_text_boxes_are_the_ink(template: str) -> None:
    for positive in positives(template)[:2]:
        for i, text in enumerate(positive.display.texts):
            rows, columns = np.nonzero(ink(only_text(positive.display, i), dark=128))
            drawn = (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1)
            assert drawn == pytest.approx(text.box, abs=1.5)


@pytest.mark.parametrize("template", TEMPLATES)
def test_labels_are_nearest_to_their_owner(template: str) -> None:
    for positive in positives(template):
        points = positive.built.scene.points
        for text in positive.display.texts:
            if text.kind == "point":
                near = sorted(points, key=lambda name: box_to(points[name], text.box))
                assert near[0] == text.owner
                assert box_to(points[text.owner], text.box) < 36
            if text.kind == "length":
                a, b = (points[name] for name in text.owner)
                centre = ((a[0] + b[0]) / 2, (a[1] + b[1]) / 2)
                assert math.dist(centre, middle(text.box)) < 0.25 * math.dist(a, b) + 45


@pytest.mark.parametrize("template", TEMPLATES)
def test_angle_numbers_lie_in_their_angle_behind_their_arc(template: str) -> None:
    for positive in positives(template):
        points = positive.built.scene.points
        for text in (t for t in positive.display.texts if t.kind == "angle"):
            p, v, q = (points[name] for name in text.owner)
            at = middle(text.box)
            assert turn(p, v, at) + turn(at, v, q) == pytest.approx(turn(p, v, q), abs=1e-6)
            (arc,) = (a for a in positive.display.arcs if a.kind == "arc" and a.owner == text.owner)
            assert arc.centre == v
            assert arc.stop - arc.start == pytest.approx(turn(p, v, q), abs=1e-6)
            assert 3 < box_to(v, text.box) - arc.radius < 15
            for other in positive.display.texts:
                o = middle(other.box)
                inside = turn(p, v, o) + turn(o, v, q) == pytest.approx(turn(p, v, q), abs=1e-6)
                assert not (inside and math.dist(o, v) < arc.radius), (positive.program, other)


@pytest.mark.parametrize("template", TEMPLATES)
def test_right_angle_squares_sit_at_their_vertex(template: str) -> None:
    for positive in positives(template):
        scene = positive.built.scene
        squares = {s.owner: s.points for s in positive.display.strokes if s.kind == "right"}
        assert squares.keys() == {m.at for m in scene.marks if m.kind == "right"}
        for owner, (one, corner, two) in squares.items():
            p, v, q = (scene.points[name] for name in owner)
            assert (one[0] + two[0] - corner[0], one[1] + two[1] - corner[1]) == pytest.approx(v)
            assert turn(one, v, p) < 1e-4
            assert turn(two, v, q) < 1e-4
            assert turn(one, corner, two) == pytest.approx(90, abs=1)


@pytest.mark.parametrize("template", TEMPLATES)
def test_ticks_cross_their_segment_as_often_as_marked(template: str) -> None:
    for positive in positives(template):
        scene = positive.built.scene
        ticks = [s for s in positive.display.strokes if s.kind == "tick"]
        marked = {m.at: m.count for m in scene.marks if m.kind == "tick"}
        assert Counter(t.owner for t in ticks) == marked
        for tick in ticks:
            a, b = (scene.points[name] for name in tick.owner)
            foot = middle((*tick.points[0], *tick.points[1]))
            assert math.dist(a, foot) + math.dist(foot, b) == pytest.approx(math.dist(a, b))
            assert turn(a, foot, tick.points[0]) == pytest.approx(90)


def test_letters_of_crowded_points_stay_nearest_to_their_own() -> None:
    rng, accepted = Random(0), 0
    for _ in range(100):
        points = {name: (rng.uniform(110, 226), rng.uniform(110, 226)) for name in "ABCDE"}
        display = layout(Scene(points, ("AB", "CD")), Style())
        for text in display.texts if display else ():
            accepted += 1
            own, *others = sorted(box_to(p, text.box) for p in points.values())
            assert own == box_to(points[text.owner], text.box)
            assert own + 3.9 < others[0]
    assert accepted > 100


def test_lengths_between_close_lines_stay_nearest_to_their_own() -> None:
    accepted = 0
    for gap in range(30, 80, 2):
        low = 22.0 + gap
        points = {"A": (60.0, 22.0), "B": (280.0, 22.0), "C": (60.0, low), "D": (280.0, low)}
        marks = (Mark("length", "AB", "5"),)  # no room above AB
        display = layout(Scene(points, ("AB", "CD"), (), marks), Style())
        for text in display.texts if display else ():
            if text.kind == "length":
                accepted += 1
                y = middle(text.box)[1]
                assert abs(y - 22) + 3.9 < abs(y - low)
    assert accepted > 10


def test_arcs_of_angle_numbers_cross_no_other_line() -> None:
    accepted = 0
    for x in range(76, 130, 3):
        points = {
            "V": (60.0, 168.0),
            "P": (280.0, 60.0),
            "Q": (280.0, 276.0),
            "p": (x, 164.0),
            "q": (x, 172.0),
        }
        display = layout(Scene(points, ("VP", "VQ", "pq"), (), (Mark("angle", "PVQ", "52"),)), Style())
        if display:
            accepted += 1
            assert not x - 64 < display.arcs[0].radius < x - 56
    assert accepted > 5


def triangle(*marks: Mark) -> Scene:
    points = {"A": (60.0, 260.0), "B": (280.0, 260.0), "C": (150.0, 70.0), "D": (170.0, 260.0)}
    return Scene(points, ("AB", "BC", "CA", "CD"), (), marks)


@pytest.mark.parametrize(
    ("mark", "clear"),
    [
        (Mark("length", "AD", "5"), True),
        (Mark("length", "AB", "5"), False),
        (Mark("tick", "DB"), True),
        (Mark("tick", "AB"), False),
        (Mark("angle", "ABC", "56"), True),
        (Mark("angle", "ACB", "60"), False),
        (Mark("length", "AC", "123456789"), False),
    ],
)
def test_marks_that_a_reader_could_misread_reject_the_scene(mark: Mark, clear: bool) -> None:
    assert (layout(triangle(mark), Style()) is not None) == clear


def test_crowded_scene_is_rejected() -> None:
    points = {name: (160.0 + 15.0 * (i % 3), 160.0 + 15.0 * (i // 3)) for i, name in enumerate("ABCDEFGHK")}
    assert layout(Scene(points, ()), Style(font_px=30)) is None


def test_hidden_points_get_neither_letter_nor_dot() -> None:
    scene = Scene({"A": (100.0, 100.0), "p": (200.0, 200.0)}, ("Ap",))
    display = layout(scene, Style())
    assert display is not None
    assert [t.text for t in display.texts] == ["A"]
    assert display.dots == ()


def test_dots_show_centres_and_points_that_no_line_shows() -> None:
    points = {"O": (168.0, 168.0), "A": (268.0, 168.0), "P": (168.0, 68.0), "M": (218.0, 168.0)}
    display = layout(Scene(points, ("OA",), (("O", 100.0),)), Style())
    assert display is not None
    assert {dot.owner for dot in display.dots} == {"O", "P", "M"}


def test_layout_is_a_function_of_the_scene() -> None:
    for positive in positives("parallelogram_diagonals"):
        assert layout(positive.built.scene, positive.display.style) == positive.display


@pytest.mark.parametrize(("font_px", "least"), [(26.0, 0.8), (30.0, 0.75), (36.0, 0.6)])
def test_most_scenes_can_be_labelled(font_px: float, least: float) -> None:
    rejected: Counter[str] = Counter()
    cfg = SceneConfig(font_px=font_px, line_px=3.0, max_turn=180)
    for i in range(100):
        draw_positive(cfg, Random(i), rejected)
    assert 100 / (100 + rejected["scene: labels collide"]) >= least


@pytest.mark.parametrize("option", [{"font_px": 0}, {"line_px": 99}, {"gap_px": -1}])
def test_impossible_style_names_the_field(option: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=f"Style.{next(iter(option))}"):
        Style(**option)


def test_boxes_are_inside_the_canvas() -> None:
    for template in TEMPLATES:
        for positive in positives(template, 36.0):
            for text in positive.display.texts:
                assert min(text.box) >= 0
                assert max(text.box) <= CANVAS
