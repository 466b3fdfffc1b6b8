"""Scenes for the tests of foreign captions, which know them by their captions only."""

from random import Random

import pytest

from configs.build import SceneConfig
from data.scene.draw import draw_figure


@pytest.fixture(scope="session")
def draw():
    """``draw(template, seed)``: the first clear scene of a template as (program, built)."""

    def draw(template, seed):
        return draw_figure(template, SceneConfig(), Random(f"{template}/{seed}"))

    return draw
