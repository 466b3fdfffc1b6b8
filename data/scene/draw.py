"""Draw a positive: a template's program whose scene is clear, true to its caption and can be labelled."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from random import Random

from configs.build import SceneConfig
from data.scene.build import Rejected, build, choose_numbers
from data.scene.caption import STYLES, caption
from data.scene.display import Display, Style
from data.scene.layout import layout
from data.scene.render import render, to_png
from data.scene.templates import FAMILIES, TEMPLATES
from data.scene.types import Built, Program

ATTEMPTS = 2000
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
    variant = draw_variant(template, rng)  # once: what is hard to draw shall not be rare
    for _ in range(ATTEMPTS):
        try:
            program = draw_program(template, variant, cfg, rng)
            built = build(program)
        except Rejected as reason:
            rejected[f"scene: {reason}"] += 1
            continue
        if (display := layout(built.scene, _style(cfg))) is not None:
            return Positive(template, program, built, display, rng.randrange(STYLES))
        rejected["scene: labels collide"] += 1
    raise ValueError(
        f"template {template} {variant}: no clear scene in {ATTEMPTS} attempts with font_px={cfg.font_px}; "
        "use a smaller font"
    )


def draw_variant(template: str, rng: Random) -> dict[str, str]:
    """Draw which of its figures a template shows."""
    return {name: rng.choice(values) for name, values in TEMPLATES[template][1].items()}


def draw_program(template: str, variant: Mapping[str, str], cfg: SceneConfig, rng: Random) -> Program:
    """Draw parameters, letters, turn and told numbers for a template; the figure may still be rejected."""
    family_name, _ = TEMPLATES[template]
    family = FAMILIES[family_name]
    params = family.sample(variant, rng)
    names = "".join(rng.sample(cfg.letters, len(family.letters)))
    turn = float(rng.randint(-cfg.max_turn, cfg.max_turn))
    return choose_numbers(
        Program(
            family_name,
            params,
            names,
            numbers=rng.randint(min(1, cfg.numbers), cfg.numbers),
            order=rng.randrange(1 << 32),
            turn=turn,
            flip=rng.random() < 0.5,
        )
    )


def draw_figure(template: str, cfg: SceneConfig, rng: Random) -> tuple[Program, Built]:
    """Draw programs of one variant until one gives a clear figure; whether its labels fit is not asked."""
    variant = draw_variant(template, rng)
    while True:
        try:
            program = draw_program(template, variant, cfg, rng)
            return program, build(program)
        except Rejected:
            continue


def _style(cfg: SceneConfig) -> Style:
    return Style(font_px=cfg.font_px, line_px=cfg.line_px)


def picture(display: Display, cfg: SceneConfig) -> bytes:
    """Render a display list as grey PNG bytes of the configured size."""
    return to_png(render(display, cfg.image_size))
