"""Styles: drawn from a stream of their own, one for a picture and its negatives, and nothing else."""

from collections import Counter
from dataclasses import replace
from random import Random

import numpy as np
import pytest

from configs.build import FONTS, BuildConfig, NegativesConfig, SceneConfig, StyleConfig
from data.scene.build import build
from data.scene.display import Style
from data.scene.draw import draw_positive, draw_style
from data.scene.engine import make_sample
from data.scene.layout import layout
from data.scene.render import render
from data.scene.types import Program

VARIED = StyleConfig(
    font_px=[20, 28],
    line_px=[2.0, 3.5],
    offset_px=[0, 4],
    scale=[0.8, 1.0],
    fonts=["DejaVu Sans", "STIXGeneral"],
)


def test_without_ranges_every_figure_has_the_configured_look():
    cfg = SceneConfig(font_px=28, line_px=2.0)
    assert {draw_style(cfg, Random(i)) for i in range(20)} == {Style(font_px=28, line_px=2.0)}


def test_styles_fill_their_ranges_and_are_a_function_of_the_stream():
    cfg = SceneConfig(style=VARIED)
    styles = [draw_style(cfg, Random(i)) for i in range(400)]
    assert styles == [draw_style(cfg, Random(i)) for i in range(400)]
    for name, (low, high) in {
        "font_px": (20, 28),
        "line_px": (2, 3.5),
        "offset_px": (0, 4),
        "scale": (0.8, 1),
    }.items():
        values = [getattr(style, name) for style in styles]
        assert low <= min(values) < low + 0.05 * (high - low)
        assert high - 0.05 * (high - low) < max(values) <= high
        assert np.mean(values) == pytest.approx((low + high) / 2, abs=0.06 * (high - low))
    assert 0.4 < np.mean([style.font == "STIXGeneral" for style in styles]) < 0.6


def test_drawing_a_style_takes_nothing_from_the_stream_of_the_scene():
    plain, varied = SceneConfig(), SceneConfig(style=VARIED)
    for i in range(50):
        one, two = Random(i), Random(i)
        draw_style(plain, one)
        draw_style(varied, two)
        assert one.random() == two.random() == Random(i).random()


def test_the_same_seed_gives_the_same_scene_in_any_style_where_the_labels_fit():
    same = 0
    for i in range(60):
        one, two = (
            draw_positive(SceneConfig(style=style), Random(i), Counter()) for style in (StyleConfig(), VARIED)
        )
        assert one.template == two.template
        same += one.program == two.program
    assert same > 45


def test_style_and_scene_are_independent():
    """The next number of the scene's stream says nothing about the style: correlations near 0."""
    cfg = SceneConfig(style=VARIED)
    following, fonts = [], []
    for i in range(2000):
        rng = Random(i)
        fonts.append(draw_style(cfg, rng).font_px)
        following.append([rng.random() for _ in range(3)])
    for k in range(3):
        assert abs(np.corrcoef(fonts, [row[k] for row in following])[0, 1]) < 0.06


def test_a_picture_and_its_negatives_share_a_style_that_the_sample_records():
    cfg = BuildConfig(
        name="t", splits={"train": 9}, scene=SceneConfig(style=VARIED), negatives=NegativesConfig(0, 4, 0)
    )
    styles = set()
    for i in range(6):
        sample, _ = make_sample(cfg, i, "train")
        style = Style(**sample.meta["style"])
        styles.add(style)
        display = layout(build(Program.from_json(sample.meta["program"])).scene, style)
        picture = render(display, 336)
        assert picture.tobytes() == np.asarray(image(sample.images["png"])).tobytes()
        assert len(sample.images) > 1
        for name, data in sample.images.items():
            if name != "png":  # the same line width: no other one gives this much of the darkest grey
                assert thickness(image(data)) == pytest.approx(thickness(picture), rel=0.25)
    assert len(styles) == 6


def image(data):
    from io import BytesIO

    from PIL import Image

    return np.asarray(Image.open(BytesIO(data)))


def thickness(picture):
    """Twice the ink over its outline: about the width of lines."""
    ink = picture < 128
    inner = ink.copy()
    for axis in (0, 1):
        for step in (-1, 1):
            inner &= np.roll(ink, step, axis)
    return 2 * ink.sum() / (ink & ~inner).sum()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"font_px": [30, 22]}, r"font_px=\[30, 22\]; expected \[least, greatest\]"),
        ({"line_px": [2.0]}, r"line_px=\[2.0\]"),
        ({"font_px": [4, 30]}, "font_px=4; expected 8 to 60"),
        ({"scale": [0.5, 1]}, "scale=0.5; expected 0.7 to 1"),
        ({"fonts": ["Arial"]}, "fonts='Arial'"),
    ],
)
def test_impossible_ranges_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        StyleConfig(**options)


def test_all_fonts_have_all_signs():
    from data.scene.glyphs import ink_mask

    for font in FONTS:
        masks = {c: ink_mask(c, 40, font) for c in "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789°−(),xy"}
        assert len({(m.size, m.tobytes()) for m in masks.values()}) == len(masks), font
        assert replace(Style(), font=font).font == font
