"""Scenes for the tests: drawn ones and ones made by hand."""

from random import Random

import pytest

from configs.build import SceneConfig
from data.scene.draw import draw_figure
from data.scene.templates import TEMPLATES
from data.scene.types import Scene


@pytest.fixture(scope="session")
def draw():
    """``draw(template, seed)``: the first clear scene of a template as (program, built)."""

    def draw(template, seed, **options):
        return draw_figure(template, SceneConfig(**options), Random(f"{template}/{seed}"))

    return draw


@pytest.fixture(scope="session")
def scenes(draw):
    """Ten figures of every template."""
    return [draw(template, seed)[1] for template in TEMPLATES for seed in range(10)]


@pytest.fixture(scope="session")
def sketch():
    """``sketch("AB BC CA", A=(0, 0), ...)``: a scene made by hand from segments and points in px."""

    def sketch(segments, circles=(), marks=(), unit=1.0, **points):
        points = {name: (float(x), float(y)) for name, (x, y) in points.items()}
        return Scene(points, tuple(segments.split()), tuple(circles), tuple(marks), unit)

    return sketch
