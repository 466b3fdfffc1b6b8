"""Draw a positive: a template's program whose scene is clear, true to its caption and can be labelled."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from random import Random

from configs.build import SceneConfig
from data.scene.build import Rejected, build, choose_numbers
from data.scene.caption import STYLES, caption
from data.scene.display import Display, Style
from data.scene.layout import layout
from data.scene.render import render, to_png
from data.scene.templates import FAMILIES, TEMPLATES, shares
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
    weights = template_weights(cfg)
    template = rng.choices([*weights], [*weights.values()])[0]
    variant = draw_variant(template, rng)  # once: what is hard to draw shall not be rare
    style = draw_style(cfg, rng)
    for _ in range(ATTEMPTS):
        try:
            program = draw_program(template, variant, cfg, rng)
            built = build(program)
        except Rejected as reason:
            rejected[f"scene: {reason}"] += 1
            continue
        if (display := layout(built.scene, style)) is not None:
            wording = rng.randrange(STYLES)
            if cfg.markings:
                return Positive(template, program, built, display, wording)
            bare = replace(program, numbers=0, given=())
            if (display := layout(build(bare).scene, style)) is not None:
                return Positive(template, bare, build(bare), display, wording)
        rejected["scene: labels collide"] += 1
    raise ValueError(
        f"template {template} {variant}: no clear scene in {ATTEMPTS} attempts with font_px={cfg.font_px}; "
        "use a smaller font"
    )


def template_weights(cfg: SceneConfig) -> dict[str, float]:
    """Return how often each template is drawn; raises ValueError at unknown names and where none is left."""
    names = cfg.templates or list(TEMPLATES)
    if unknown := set(names) - set(TEMPLATES):
        raise ValueError(f"scene.templates: unknown {sorted(unknown)}; known are {', '.join(TEMPLATES)}")
    if not cfg.levels:
        return dict.fromkeys(names, 1.0)
    of_level = Counter(TEMPLATES[name].level for name in names)
    weights = {name: cfg.levels.get(TEMPLATES[name].level, 0.0) for name in names}
    weights = {name: w / of_level[TEMPLATES[name].level] for name, w in weights.items() if w}
    if not weights:
        raise ValueError(f"scene.levels={cfg.levels}: none of scene.templates has such a level")
    return weights


@cache
def frequencies(weights: tuple[tuple[str, float], ...]) -> dict[tuple[str, ...], float]:
    """Return by class of figure its share among positives, given (template, weight)."""
    return shares(weights)


def draw_variant(template: str, rng: Random) -> dict[str, str]:
    """Draw which of its figures a template shows."""
    return {name: rng.choice(values) for name, values in TEMPLATES[template].shows.items()}


def draw_program(template: str, variant: Mapping[str, str], cfg: SceneConfig, rng: Random) -> Program:
    """Draw parameters, letters, turn and told numbers for a template; the figure may still be rejected."""
    family = FAMILIES[TEMPLATES[template].family]
    if len(family.letters) > len(cfg.letters):
        raise ValueError(
            f"scene.letters={cfg.letters!r}: template {template} needs {len(family.letters)} letters; "
            "give more letters or leave it out of scene.templates"
        )
    params = family.sample(variant, rng)
    names = "".join(rng.sample(cfg.letters, len(family.letters)))
    turn = float(rng.randint(-cfg.max_turn, cfg.max_turn))
    return choose_numbers(
        Program(
            family.name,
            params,
            names,
            numbers=rng.randint(min(1, cfg.numbers), cfg.numbers),
            order=rng.randrange(1 << 32),
            turn=0.0 if family.upright else turn,
            flip=rng.random() < 0.5 and not family.upright,
        )
    )


def draw_figure(template: str, cfg: SceneConfig, rng: Random) -> tuple[Program, Built]:
    """Draw programs of one variant until one gives a clear figure; whether its labels fit is not asked."""
    variant = draw_variant(template, rng)
    for _ in range(ATTEMPTS):
        try:
            program = draw_program(template, variant, cfg, rng)
            return program, build(program)
        except Rejected:
            continue
    raise ValueError(f"template {template} {variant}: no clear figure in {ATTEMPTS} attempts")


def draw_style(cfg: SceneConfig, rng: Random) -> Style:
    """Draw a look from a stream of its own: ``rng`` goes on as if there were no style to draw."""
    ahead = Random()
    ahead.setstate(rng.getstate())
    own, ranges = Random(f"style/{ahead.getrandbits(64)}"), cfg.style

    def draw(name: str, fixed: float, steps: int) -> float:
        bounds = getattr(ranges, name)
        return round(own.uniform(*bounds) * steps) / steps if bounds else fixed

    return Style(
        font_px=draw("font_px", cfg.font_px, 1),  # whole px: glyphs are kept by their size
        line_px=draw("line_px", cfg.line_px, 10),
        offset_px=draw("offset_px", 0.0, 10),
        scale=draw("scale", 1.0, 100),
        font=own.choice(ranges.fonts or ["DejaVu Sans"]),
    )


def picture(display: Display, cfg: SceneConfig) -> bytes:
    """Render a display list as grey PNG bytes of the configured size."""
    return to_png(render(display, cfg.image_size))
