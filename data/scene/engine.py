"""From (seed, split, index) to a verified sample: positive, caption, hard negatives with proof, question.

Sample i depends on the configuration, the seed, the split and i alone, never on workers or order.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, replace
from random import Random
from typing import Any

from configs.build import BuildConfig, SceneConfig
from data.sample import Negative, Sample
from data.scene.build import Rejected, build
from data.scene.caption import caption
from data.scene.choices import with_options
from data.scene.draw import Positive, draw_positive, frequencies, picture, template_weights
from data.scene.edits import Edited, Editor
from data.scene.layout import layout
from data.scene.questions import ask, difficulty
from data.scene.templates import TEMPLATES
from data.scene.truth import Truth, judge
from data.scene.types import Built, Fact, Program, Scene

CHOICE_SHARE = 0.2
"""Share of questions that are asked with options, where the answer allows it."""
VERSION = 6
"""Raised whenever the same seed gives another sample."""


def scene_config(cfg: BuildConfig, index: int) -> SceneConfig:
    """Return the scene options of sample ``index``: those of its stage in the curriculum."""
    for stage in cfg.curriculum:
        if index < stage.samples:
            return replace(cfg.scene, levels=stage.levels)
        index -= stage.samples
    return cfg.scene


def make_sample(cfg: BuildConfig, index: int, split: str) -> tuple[Sample, Counter[str]]:
    """Make sample ``index`` of ``split``; also return how often which reason rejected a scene or an edit."""
    seed = f"{VERSION}/{cfg.seed}/{split}/{index}"
    rng = Random(seed)
    rejected: Counter[str] = Counter()
    scene = scene_config(cfg, index)
    positive = draw_positive(scene, rng, rejected)
    images = {"png": picture(positive.display, scene)}
    negatives = rule_negatives(
        scene,
        positive.program,
        positive.built,
        positive.wording,
        Random(f"{seed}/rule"),
        cfg.negatives.rule,
        rejected,
    )
    if cfg.negatives.image:
        negatives += _image(scene, positive, Random(f"{seed}/image"), cfg.negatives.image, images, rejected)
    question = ask(positive.built, rng, scene.question_types) if scene.questions else None
    if question and rng.random() < CHOICE_SHARE:
        question = with_options(question, rng) or question
    level = TEMPLATES[positive.template].level
    sample = Sample(
        key=f"{split}{index:08d}",
        caption=positive.caption,
        images=images,
        negatives=tuple(negatives),
        facts=tuple(fact.to_json() for fact in positive.built.stated),
        evidence=tuple(evidence(fact, positive.built) for fact in positive.built.stated),
        split=split,
        source="scene engine",
        licence="Apache-2.0",
        messages=question.messages if question else None,
        answer=question.answer if question else None,
        meta={
            "template": positive.template,
            "program": positive.program.to_json(),
            "style": asdict(positive.display.style),
            "wording": positive.wording,
            "question_type": question.question_type if question else None,
            "steps": question.steps if question else None,
            "difficulty": difficulty(question.steps, level) if question else None,
        },
    )
    return sample, rejected


def rule_negatives(
    scene: SceneConfig,
    program: Program,
    positive: Built,
    wording: int,
    rng: Random,
    count: int,
    rejected: Counter[str],
) -> list[Negative]:
    """Return up to ``count`` captions of edited programs, each false of ``positive``, with their proofs."""
    found = _edits(scene, "rule", program, positive, rng, count, rejected)
    return [_negative("rule", e, text=caption(e.stated, wording)) for e in found]


def _image(
    scene: SceneConfig,
    positive: Positive,
    rng: Random,
    count: int,
    images: dict[str, bytes],
    rejected: Counter[str],
) -> list[Negative]:
    """Return up to ``count`` pictures of edited programs, and put them into ``images``.

    Each tells its own caption, facts and program, so that it can be a positive of its own.
    """
    found: list[Negative] = []
    for edited in _edits(scene, "image", positive.program, positive.built, rng, 2 * count, rejected):
        display = layout(build(edited.program).scene, positive.display.style)
        if display is None:
            rejected["edit: labels collide"] += 1
            continue
        member = f"neg{len(found):02d}.png"
        images[member] = picture(display, scene)
        shows = {
            "caption": caption(edited.stated, positive.wording),
            "facts": [fact.to_json() for fact in edited.stated],
            "program": edited.program.to_json(),
        }
        found.append(_negative("image", edited, image=member, shows=shows))
        if len(found) == count:
            break
    return found


def _edits(
    scene: SceneConfig,
    kind: str,
    program: Program,
    positive: Built,
    rng: Random,
    count: int,
    rejected: Counter[str],
) -> Iterator[Edited]:
    """Yield edits that give negatives of ``kind``, and count why others do not."""
    letters = scene.letters if kind == "image" or scene.new_letters else ""
    editor = Editor(kind, frequencies(tuple(template_weights(scene).items())), letters)
    for edited in editor.edits(program, positive, rng, count):
        if isinstance(edited, Rejected):
            rejected[f"edit: {edited}"] += 1
        else:
            yield edited


def _negative(kind: Any, edited: Edited, **content: Any) -> Negative:
    residual = round(edited.proof.residual, 3)
    return Negative(kind, edits=edited.edits, verdict=edited.proof.verdict, residual=residual, **content)


def evidence(fact: Fact, built: Built) -> str:
    """Say what in the picture shows a stated fact: ``label``, ``mark`` or ``geometry``."""
    if fact.kind in ("length", "angle"):
        return "label"
    letters = set("".join(fact.args))
    marked = any(m.kind in ("tick", "right", "arc") and set(m.at) <= letters for m in built.scene.marks)
    return "mark" if marked and fact.kind not in ("on", "on_circle", "intersection") else "geometry"


def scene_of(meta: Mapping[str, Any]) -> Scene:
    """Build the scene that a sample's ``meta`` describes."""
    return build(Program.from_json(meta["program"])).scene


def truth_of_caption(scene: Scene, facts: Iterable[Mapping[str, Any]]) -> Truth:
    """Judge another sample's facts on a scene."""
    return judge([Fact.from_json(fact) for fact in facts], scene)
