"""Draw a positive: a template's program whose scene is clear, true to its caption and can be labelled."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from random import Random

from configs.build import SceneConfig
from data.scene.build import Rejected, available_numbers, build
from data.scene.caption import STYLES, caption
from data.scene.display import Display, Style
from data.scene.layout import layout
from data.scene.render import render, to_png
from data.scene.templates import FAMILIES, TEMPLATES
from data.scene.types import Built, Program

ATTEMPTS = 500
"""Programs tried for one positive before the configuration is called impossible."""


@dataclass(frozen=True)
class Positive:
    """A scene that can be drawn clearly: its template, program, figure, display list and wording."""

    template: str
    program: Program
    built: Built
    display: Display
    wording: int

    @property
    def caption(self) -> str:
        """The caption, in the sample's wording."""
        return caption(self.built.stated, self.wording)


def draw_positive(cfg: SceneConfig, rng: Random, rejected: Counter[str]) -> Positive:
    """Draw programs until one gives a clear, labelled scene whose stated facts are all true."""
    names = cfg.templates or list(TEMPLATES)
    if unknown := set(names) - set(TEMPLATES):
        raise ValueError(f"scene.templates: unknown {sorted(unknown)}; known are {', '.join(TEMPLATES)}")
    template = rng.choice(names)
    for _ in range(ATTEMPTS):
        try:
            program = draw_program(template, cfg, rng)
            built = build(program)
        except Rejected as reason:
            rejected[f"scene: {reason}"] += 1
            continue
        if (display := layout(built.scene, _style(cfg))) is not None:
            return Positive(template, program, built, display, rng.randrange(STYLES))
        rejected["scene: labels collide"] += 1
    raise ValueError(
        f"template {template}: no clear scene in {ATTEMPTS} attempts with font_px={cfg.font_px}; "
        "use a smaller font"
    )


def draw_program(template: str, cfg: SceneConfig, rng: Random) -> Program:
    """Draw parameters, letters, turn and told numbers for a template; the figure may still be rejected."""
    family_name, fixed = TEMPLATES[template]
    family = FAMILIES[family_name]
    params = family.sample({name: rng.choice(values) for name, values in fixed.items()}, rng)
    names = "".join(rng.sample(cfg.letters, len(family.letters)))
    turn = float(rng.randint(-cfg.max_turn, cfg.max_turn))
    program = Program(family_name, params, names, turn=turn, flip=rng.random() < 0.5)
    slots = list(available_numbers(program))
    count = min(len(slots), rng.randint(min(1, cfg.numbers), cfg.numbers))
    return replace(program, given=tuple(rng.sample(slots, count)))


def _style(cfg: SceneConfig) -> Style:
    return Style(font_px=cfg.font_px, line_px=cfg.line_px)


def picture(display: Display, cfg: SceneConfig) -> bytes:
    """Render a display list as grey PNG bytes of the configured size."""
    return to_png(render(display, cfg.image_size))
