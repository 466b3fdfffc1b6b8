"""One display list in three formats: PNG, SVG and matplotlib script show the same picture."""

import ast
import io
import math
import re
import runpy
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ET
from dataclasses import replace
from random import Random

import numpy as np
import pytest
from PIL import Image, ImageDraw
from scipy.ndimage import minimum_filter

from configs.build import FONTS, SceneConfig
from data.scene.display import Display, Stroke, Style
from data.scene.draw import draw_figure
from data.scene.layout import layout
from data.scene.render import render
from data.scene.script import to_script
from data.scene.svg import to_svg
from data.scene.templates import TEMPLATES

MEAN, SHARE, FAR = 3.0, 0.015, 1
"""Two drawings are the same where their grey differs by less than MEAN of 255 on average, by more than 64 in
less than SHARE of the pixels, and no dark pixel is farther than FAR pixels from a grey one of the other."""
STROKE = re.compile(r"([MLAQCZ])([^MLAQCZ]*)")


def differences(one, two):
    one, two = (picture.astype(int) for picture in (one, two))
    apart = np.abs(one - two)
    strays = sum(
        int(((a < 80) & (minimum_filter(b, 2 * FAR + 1) > 160)).sum()) for a, b in ((one, two), (two, one))
    )
    return apart.mean(), (apart > 64).mean(), strays


def assert_same(one, two):
    mean, share, strays = differences(one, two)
    assert (mean < MEAN, share < SHARE, strays) == (True, True, 0), (mean, share, strays)


@pytest.fixture(scope="module")
def displays(sketches):
    """All sketches, and a figure of every template, in changing styles."""
    styles = [
        Style(font_px=24, line_px=line, font=font, scale=scale)
        for line, font, scale in zip((2.5, 1.5, 4.0, 2.5), FONTS, (1.0, 0.9, 1.0, 0.85), strict=True)
    ]
    scenes = dict(sketches)
    for name in TEMPLATES:
        scenes |= {
            f"{name}/{i}": draw_figure(name, SceneConfig(), Random(f"{name}/{i}"))[1].scene for i in range(6)
        }
    found = {}
    for i, (name, scene) in enumerate(scenes.items()):
        short = name.rstrip("0123456789")
        if short not in found and (display := layout(scene, styles[i % len(styles)])):
            found[short] = display
    assert len(found) == len(sketches) + len(TEMPLATES)
    return found


def run_script(code, tmp_path, size=336):
    """Run a script in this interpreter, as ``python FILE OUT SIZE`` would."""
    file, out = tmp_path / "figure.py", tmp_path / "figure.png"
    file.write_text(code, encoding="utf-8")
    given, sys.argv = sys.argv, [str(file), str(out), str(size)]
    try:
        ran = runpy.run_path(str(file), run_name="__main__")
    finally:
        sys.argv = given
    ran["plt"].close("all")
    picture = Image.open(out).convert("RGB")
    assert picture.size == (size, size)
    return np.asarray(picture)


def points(numbers):
    values = [float(v) for v in numbers.replace(",", " ").split()]
    return list(zip(values[::2], values[1::2], strict=True))


def rasterise(svg, zoom=4):
    """Draw the SVG that :func:`to_svg` writes: lines, arcs, circles, dashes, outlines, and nothing else."""
    root = ET.fromstring(svg)
    side = 336 * zoom
    page = Image.new("L", (side, side), 255)
    draw = ImageDraw.Draw(page)
    width = 0.0
    for element in root.iter():
        kind, have = element.tag.split("}")[1], element.attrib
        width = float(have["stroke-width"]) * zoom if "stroke-width" in have else width
        if kind == "circle":
            x, y, r = (float(have[name]) * zoom for name in ("cx", "cy", "r"))
            if have["class"] == "dot":
                draw.ellipse((x - r, y - r, x + r, y + r), fill=0)
            else:
                r += width / 2
                draw.arc((x - r, y - r, x + r, y + r), 0, 360, fill=0, width=round(width))
        elif kind == "path" and "aria-label" in have:
            fill_outline(page, have["d"], zoom)
        elif kind == "path":
            stroke(draw, have, width, zoom)
    return np.asarray(page.reduce(zoom))


def stroke(draw, have, width, zoom):
    if " A" in have["d"]:
        start, arc = have["d"].split(" A")
        r, _, _, large, sweep, x, y = map(float, arc.split())
        (p,), q = points(start[1:]), (x, y)
        assert (large, sweep) == (0, 1)
        away = math.sqrt(r * r - math.dist(p, q) ** 2 / 4) / math.dist(p, q)
        # clockwise on the screen: the centre lies to the right of the way from p to q
        c = (p[0] + q[0]) / 2 - away * (q[1] - p[1]), (p[1] + q[1]) / 2 + away * (q[0] - p[0])
        turns = [math.degrees(math.atan2(e[1] - c[1], e[0] - c[0])) for e in (p, q)]
        cx, cy, outer = c[0] * zoom, c[1] * zoom, r * zoom + width / 2
        draw.arc((cx - outer, cy - outer, cx + outer, cy + outer), *turns, fill=0, width=round(width))
        return
    path = points(re.sub("[ML]", " ", have["d"]))
    if "stroke-dasharray" in have:
        dash, space = map(float, have["stroke-dasharray"].split())
        (p, q), length = path, math.dist(*path)
        at = [i * (dash + space) for i in range(math.ceil(length / (dash + space)))]
        path = None
        for begin in at:
            ends = [begin / length, min(begin + dash, length) / length]
            line = [((p[0] + t * (q[0] - p[0])) * zoom, (p[1] + t * (q[1] - p[1])) * zoom) for t in ends]
            draw.line(line, fill=0, width=round(width))
        return
    scaled = [(x * zoom, y * zoom) for x, y in path]
    draw.line(scaled, fill=0, width=round(width))
    for x, y in scaled if have.get("stroke-linecap") == "round" else scaled[1:-1]:
        draw.ellipse((x - width / 2, y - width / 2, x + width / 2, y + width / 2), fill=0)


def fill_outline(page, d, zoom):
    """Fill closed contours by their parity; curves become lines."""
    inside = np.zeros((page.height, page.width), bool)
    contour = []
    for name, numbers in STROKE.findall(d):
        ends = points(numbers)
        if name == "Q":
            (p, (q, r)) = contour[-1], ends
            steps = [i / 6 for i in range(1, 7)]
            contour += [
                tuple((1 - t) ** 2 * p[k] + 2 * t * (1 - t) * q[k] + t * t * r[k] for k in (0, 1))
                for t in steps
            ]
        elif name in "ML":
            contour += ends
        else:
            assert name == "Z"
            shape = Image.new("1", page.size)
            ImageDraw.Draw(shape).polygon([(x * zoom, y * zoom) for x, y in contour], fill=1)
            inside ^= np.asarray(shape)
            contour = []
    page.paste(0, (0, 0), Image.fromarray(inside))


def test_scripts_draw_the_picture(displays, tmp_path):
    for name, display in displays.items():
        picture = run_script(to_script(display), tmp_path)
        assert (picture == picture[:, :, :1]).all(), name  # black, white and the grey between them
        assert_same(render(display, 336), picture[:, :, 0])


@pytest.mark.parametrize("size", [96, 500])
def test_scripts_draw_the_picture_in_other_sizes(displays, tmp_path, size):
    for name in ("sector", "dashed", "line on axes"):
        picture = run_script(to_script(displays[name]), tmp_path, size)[:, :, 0]
        assert_same(render(displays[name], size), picture)


def test_svgs_draw_the_picture(displays):
    for display in displays.values():
        assert_same(render(display, 336), rasterise(to_svg(display)))


def without(display, kind):
    """The same figure with one thing less."""
    if kind == "text":
        return replace(display, texts=display.texts[1:])
    if kind == "arc":
        return replace(display, arcs=display.arcs[:-1])
    first = next(stroke for stroke in display.strokes if stroke.kind == kind)
    return replace(display, strokes=tuple(s for s in display.strokes if s is not first))


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("dashed", "tick"),
        ("dashed", "right"),
        ("dashed", "dashed"),
        ("dashed", "arc"),
        ("parallels", "arrow"),
        ("line on axes", "head"),
        ("sector", "text"),
    ],
)
def test_the_comparison_notices_anything_that_is_missing(displays, name, kind):
    display = displays[name]
    assert differences(render(display, 336), render(without(display, kind), 336))[2] > 0


def test_the_comparison_notices_another_letter_and_one_that_moved(displays):
    display = displays["sector"]
    first = display.texts[0]
    x0, y0, x1, y1 = first.box
    for changed in (replace(first, text="Q"), replace(first, box=(x0 + 6, y0, x1 + 6, y1))):
        other = replace(display, texts=(changed, *display.texts[1:]))
        assert differences(render(display, 336), render(other, 336))[2] > 0


def test_a_script_names_points_and_what_they_make(displays):
    values = {}
    for node in ast.parse(to_script(displays["dashed"])).body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            try:
                values[node.targets[0].id] = ast.literal_eval(node.value)
            except ValueError:
                continue  # computed
    assert set(values["points"]) == set("ABCHM")
    assert values["segments"] == ["AB", "BC", "CA"]
    assert values["dashed"] == ["AH", "AM"]
    assert [at for at, _ in values["ticks"]] == ["MC"] * 3
    assert [at for at, _ in values["angle_arcs"]] == ["ABC", "ACB", "ACB"]
    assert [at for at, _ in values["right_angles"]] == ["AHB"]
    assert [(text, at) for text, at, _, _ in values["labels"]] == [(n, n) for n in "ABCHM"]


def test_what_belongs_to_a_point_moves_with_it_in_a_script(displays, tmp_path):
    code = to_script(displays["sector"])
    x, y = displays["sector"].points["C"]
    moved = re.sub(r'"C": \(.*\)', f'"C": ({x - 60:.2f}, {y - 60:.2f})', code)
    assert moved != code
    before, after = (run_script(text, tmp_path)[:, :, 0] for text in (code, moved))
    left = (before < 128) & (minimum_filter(after, 5) > 160)
    rows, columns = np.nonzero(left)
    assert left.sum() > 60  # the dot and the letter
    assert abs(columns.mean() - x) < 25
    assert abs(rows.mean() - y) < 25


def test_scripts_import_matplotlib_and_the_standard_library_only(displays):
    for display in displays.values():
        names = {
            (node.module if isinstance(node, ast.ImportFrom) else node.names[0].name).split(".")[0]
            for node in ast.walk(ast.parse(to_script(display)))
            if isinstance(node, ast.Import | ast.ImportFrom)
        }
        assert names == {"math", "sys", "matplotlib"}


def test_a_script_runs_alone(displays, tmp_path):
    file = tmp_path / "figure.py"
    file.write_text(to_script(displays["sector"]), encoding="utf-8")
    subprocess.run([sys.executable, "-I", file, tmp_path / "out.png", "200"], check=True, cwd=tmp_path)
    picture = np.asarray(Image.open(tmp_path / "out.png").convert("L"))
    assert_same(render(displays["sector"], 200), picture)


def test_hostile_names_stay_text():
    """Display lists come from programs of shards: an owner is quoted wherever it is written."""
    evil = '"]); import os; ("<x y=\'&'
    display = Display(Style(), (Stroke("curve", evil, ((10.0, 10.0), (90.0, 90.0))),), (), (), ())
    tree = ast.parse(to_script(display))
    assert {node.names[0].name for node in ast.walk(tree) if isinstance(node, ast.Import)} == {
        "math",
        "sys",
        "matplotlib",
    }
    paths = [element for element in ET.fromstring(to_svg(display)).iter() if element.tag.endswith("path")]
    assert [path.attrib["data-of"] for path in paths] == [evil]


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("chromium") is None, reason="needs chromium")
def test_a_browser_draws_the_picture(displays, tmp_path):
    """All figures on one page, photographed by a headless browser."""
    size, columns = 336, 6
    rows = math.ceil(len(displays) / columns)
    body = "".join(to_svg(display, size) for display in displays.values())
    style = f"margin:0;font-size:0;line-height:0;width:{columns * size}px"
    (tmp_path / "all.html").write_text(f"<body style='{style}'>{body}", encoding="utf-8")
    options = ["--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"]
    window = f"--window-size={columns * size},{rows * size}"
    shot = f"--screenshot={tmp_path / 'all.png'}"
    subprocess.run(
        ["chromium", *options, window, shot, tmp_path / "all.html"], check=True, capture_output=True
    )
    page = np.asarray(Image.open(io.BytesIO((tmp_path / "all.png").read_bytes())).convert("L"))
    for i, display in enumerate(displays.values()):
        y, x = i // columns * size, i % columns * size
        assert_same(render(display, size), page[y : y + size, x : x + size])
