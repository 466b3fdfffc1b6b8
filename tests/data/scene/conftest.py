"""Helpers of the scene tests; tests are no packages, so the two helper files are loaded by path."""

import importlib.util
from pathlib import Path
from random import Random

import pytest

from configs.build import SceneConfig
from data.scene.build import Rejected, build
from data.scene.draw import draw_program, draw_variant
from data.scene.templates import TEMPLATES
from data.scene.types import Scene


def load(name):
    spec = importlib.util.spec_from_file_location(f"scene_{name}", Path(__file__).with_name(f"{name}.py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def brute():
    """The independent judge of facts, brute.py."""
    return load("brute")


@pytest.fixture(scope="session")
def read_caption():
    """The reader that turns a caption back into facts, reader.py."""
    return load("reader").read_caption


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
