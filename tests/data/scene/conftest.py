"""Scenes for the tests: drawn ones and ones made by hand."""

from random import Random

import pytest

from configs.build import SceneConfig
from data.scene.build import Rejected, build
from data.scene.draw import draw_program, draw_variant
from data.scene.templates import TEMPLATES
from data.scene.types import Scene


@pytest.fixture(scope="session")
def draw():
    """``draw(template, seed)``: the first clear scene of a template as (program, built)."""

    def draw(template, seed, **options):
        rng = Random(f"{template}/{seed}")
        variant = draw_variant(template, rng)
        while True:
            try:
                program = draw_program(template, variant, SceneConfig(**options), rng)
                return program, build(program)
            except Rejected:
                continue

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
