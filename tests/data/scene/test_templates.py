"""The templates: each draws clear figures of its own kind, labelled as it tells, often enough to be quick."""

import math
from random import Random

import pytest

from configs.build import SceneConfig
from data.scene.build import Rejected, available_numbers, build
from data.scene.clear import MIN_ANGLE, MIN_DISTANCE
from data.scene.draw import draw_program, draw_variant
from data.scene.geometry import along_arc
from data.scene.templates import FAMILIES, TEMPLATES
from data.scene.types import CANVAS, Program

NUMBERS = ("length", "angle", "coordinates")

WHAT = {
    "triangle_cevian": {"on"},
    "right_triangle": {"right triangle", "perpendicular"},
    "isosceles_triangle": {"isosceles triangle", "equal"},
    "equilateral_triangle": {"equilateral triangle"},
    "triangle_median": {"median"},
    "triangle_altitude": {"on", "perpendicular"},
    "triangle_midsegment": set(),
    "parallelogram_diagonals": {"parallelogram", "intersection"},
    "rectangle": {"rectangle"},
    "rhombus": {"rhombus"},
    "square": {"square"},
    "trapezoid": {"trapezoid", "parallel"},
    "parallels_transversal": {"on"},
    "circle_inscribed_angle": {"circle", "on_circle"},
    "angle_bisector": {"on", "bisects"},
    "parallel_cut": {"on", "parallel"},
    "altitude_on_hypotenuse": {"right triangle", "perpendicular", "on"},
    "triangle_lines": {"shape"},
    "isosceles_trapezoid": {"isosceles trapezoid", "parallel"},
    "right_trapezoid": {"right trapezoid", "parallel"},
    "kite": {"kite"},
    "congruent_pair": set(),
    "similar_pair": set(),
    "similar_x": {"intersection"},
    "similar_a": {"triangle", "on"},
    "folded_rectangle": {"rectangle", "on"},
    "rotated_triangle": {"triangle"},
    "perpendicular_bisector": {"shape"},
    "parallel_zigzag": {"intersection"},
    "composite": {"shape"},
    "square_perpendiculars": {"square", "on", "intersection"},
    "one_tangent": {"circle", "on_circle"},
    "two_tangents": {"circle", "on_circle", "tangent"},
    "chord_distance": {"circle", "chord", "on"},
    "crossing_chords": {"circle", "chord", "intersection"},
    "two_circles": {"circle"},
    "inscribed_triangle": {"triangle"},
    "cyclic_quadrilateral": {"quadrilateral"},
    "incircle": {"triangle"},
    "sector": {"sector"},
    "regular_polygon": {"shape"},
    "line_on_axes": {"graph", "intercept"},
    "parabola_triangle": {"graph", "intercept"},
    "hyperbola_rectangle": {"graph", "on_graph", "on_axis"},
}


def test_templates_are_many_and_of_all_levels():
    assert set(TEMPLATES) == set(WHAT)
    assert len(TEMPLATES) >= 36
    assert {template.level for template in TEMPLATES.values()} == {"easy", "medium", "hard"}


@pytest.mark.parametrize("template", TEMPLATES)
def test_a_template_states_what_it_is_named_for(draw, template):
    for seed in range(5):
        _, built = draw(template, seed)
        said = {fact.kind for fact in built.stated} | {fact.value for fact in built.stated}
        assert said >= WHAT[template]


@pytest.mark.parametrize("template", TEMPLATES)
def test_more_than_one_in_twenty_programs_gives_a_clear_figure(template):
    rng, clear = Random(template), 0
    for _ in range(200):
        try:
            build(draw_program(template, draw_variant(template, rng), SceneConfig(), rng))
            clear += 1
        except Rejected:
            pass
    assert clear > 10


def test_figures_fill_the_canvas_and_leave_room_for_labels(scenes):
    for built in scenes:
        xy = list(built.scene.points.values())
        for centre, radius in built.scene.circles:
            x, y = built.scene.points[centre]
            xy += [(x - radius, y - radius), (x + radius, y + radius)]
        for a, o, b in built.scene.arcs:
            xy += along_arc(*(built.scene.points[name] for name in (a, o, b)))
        xy += [point for curve in built.scene.curves for point in curve.points]
        xy += [built.scene.axes.low, built.scene.axes.high] if built.scene.axes else []
        xs, ys = zip(*xy, strict=True)
        assert min(*xs, *ys) >= 45.9
        assert max(*xs, *ys) <= CANVAS - 45.9
        assert max(max(xs) - min(xs), max(ys) - min(ys)) == pytest.approx(244)


def test_points_and_lines_keep_apart(scenes, brute):
    for built in scenes:
        z = brute.place(built.scene)
        names = sorted(z)
        for i, p in enumerate(names):
            assert all(abs(z[p] - z[q]) >= MIN_DISTANCE for q in names[:i])
        for s in built.scene.segments:
            for t in built.scene.segments:
                shared = set(s) & set(t)
                if s != t and shared and len(set(s + t)) == 3:
                    (v,), (p, q) = shared, set(s) ^ set(t)
                    angle = brute.turn(z[p] - z[v], z[q] - z[v])
                    assert angle >= MIN_ANGLE - 1e-6 or angle < 1e-6


def test_no_line_runs_along_a_graph(draw):
    for seed in range(60):
        built = draw("parabola_triangle", seed)[1]
        (curve,) = built.scene.curves
        for segment in built.scene.segments:
            ends = [built.scene.points[name] for name in segment]
            middle = [sum(side) / 2 for side in zip(*ends, strict=True)]
            assert min(math.dist(middle, point) for point in curve.points) > 5


def test_told_numbers_are_labelled_and_labels_are_told(scenes):
    for built in scenes:
        told = {(f.kind, f.args[0], str(f.value)) for f in built.stated if f.kind in NUMBERS}
        labelled = {(m.kind, m.at, m.text) for m in built.scene.marks if m.text}
        assert told == labelled


def test_marks_are_true_of_the_figure(scenes, brute):
    """Ticks of one count join equal segments, a right mark stands at a right angle, arcs at equal angles."""
    for built in scenes:
        z, marks = brute.place(built.scene), built.scene.marks
        for count in (1, 2, 3):
            lengths = [abs(z[m.at[0]] - z[m.at[1]]) for m in marks if m.kind == "tick" and m.count == count]
            assert lengths == pytest.approx([lengths[0]] * len(lengths)) if lengths else True
            assert len(lengths) != 1
        for mark in marks:
            if mark.kind == "right":
                assert brute.size(mark.at, z) == pytest.approx(90)
        for count in (1, 2):
            arcs = [brute.size(m.at, z) for m in marks if m.kind == "arc" and m.count == count]
            assert not arcs or max(arcs) - min(arcs) < 1e-9
        arrows = [z[m.at[0]] - z[m.at[1]] for m in marks if m.kind == "arrow"]
        assert len(arrows) != 1
        assert all(brute.skew(arrows[0], arrow) < 1e-9 for arrow in arrows)


def test_at_most_as_many_numbers_as_asked_for(draw):
    for template in TEMPLATES:
        for numbers in (0, 1, 2):
            program, built = draw(template, f"numbers {numbers}", numbers=numbers)
            assert len(program.given) <= numbers
            assert sum(f.kind in NUMBERS for f in built.stated) == len(program.given)


def test_a_program_survives_json_and_rebuilds_the_same_figure(draw):
    for template in TEMPLATES:
        program, built = draw(template, "json")
        again = Program.from_json(program.to_json())
        assert again == program
        assert build(again) == built


@pytest.mark.parametrize("family", FAMILIES.values(), ids=list(FAMILIES))
def test_a_template_fixes_every_parameter_that_an_edit_may_change(family):
    for template in TEMPLATES.values():
        if template.family == family.name:
            assert {choice.parameter for choice in family.choices} <= set(template.shows)


def test_slots_depend_on_parameters_that_can_change(draw):
    for template in TEMPLATES:
        for seed in range(5):
            program, _ = draw(template, seed)
            for slot, parameter in available_numbers(program).items():
                assert len(slot) in (1, 2, 3)
                assert len(FAMILIES[program.template].ranges[parameter]) > 1
