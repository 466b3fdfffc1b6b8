"""From (seed, split, index) to a verified sample: positive, caption, hard negatives with proof, question.

Sample i depends on the configuration, the seed, the split and i alone, never on workers or order.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Mapping
from random import Random
from typing import Any

from configs.build import BuildConfig
from data.sample import Edit, Negative, Sample
from data.scene.build import Rejected, build
from data.scene.caption import caption
from data.scene.choices import with_options
from data.scene.draw import Positive, draw_positive, picture
from data.scene.edits import Edited, difference, edits
from data.scene.layout import layout
from data.scene.questions import ask
from data.scene.templates import BALANCE
from data.scene.truth import Truth, judge
from data.scene.types import Built, Fact, Program, Scene

EDIT_ATTEMPTS = 6
"""Edits tried per negative asked for."""
CHOICE_SHARE = 0.2
"""Share of questions that are asked with options, where the answer allows it."""
VERSION = 2
"""Raised whenever the same seed gives another sample."""


def balance_hash() -> str:
    """Return 12 hex digits of the weights of the edits: with others the same seed gives other negatives."""
    return hashlib.sha256(json.dumps(BALANCE, sort_keys=True).encode()).hexdigest()[:12]


def make_sample(cfg: BuildConfig, index: int, split: str) -> tuple[Sample, Counter[str]]:
    """Make sample ``index`` of ``split``; also return how often which reason rejected a scene or an edit."""
    rng = Random(f"{VERSION}/{cfg.seed}/{split}/{index}")
    rejected: Counter[str] = Counter()
    positive = draw_positive(cfg.scene, rng, rejected)
    images = {"png": picture(positive.display, cfg.scene)}
    negatives = _negatives(cfg, positive, rng, images, rejected)
    question = ask(positive.built, rng) if cfg.scene.questions else None
    if question and rng.random() < CHOICE_SHARE:
        question = with_options(question, rng) or question
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
            "wording": positive.wording,
            "question_type": question.question_type if question else None,
        },
    )
    return sample, rejected


def _negatives(
    cfg: BuildConfig, positive: Positive, rng: Random, images: dict[str, bytes], rejected: Counter[str]
) -> list[Negative]:
    """Collect rule and image negatives from one stream of edits until both quotas are full."""
    rule: list[Negative] = []
    image: list[Negative] = []
    attempts = EDIT_ATTEMPTS * max(cfg.negatives.rule, cfg.negatives.image)
    for edited in edits(positive.program, positive.built, rng, attempts):
        if isinstance(edited, Rejected):
            rejected[f"edit: {edited}"] += 1
            continue
        if len(rule) < cfg.negatives.rule and edited.text.verdict == "false":
            text = caption(edited.built.stated, positive.wording)
            rule.append(_negative("rule", positive, edited, edited.text, text=text))
        if len(image) < cfg.negatives.image and edited.image.verdict == "false":
            display = layout(edited.built.scene, positive.display.style)
            if display is None:
                rejected["edit: labels collide"] += 1
            else:
                member = f"neg{len(image):02d}.png"
                images[member] = picture(display, cfg.scene)
                image.append(_negative("image", positive, edited, edited.image, image=member))
        if len(rule) == cfg.negatives.rule and len(image) == cfg.negatives.image:
            break
    return rule + image


def _negative(kind: Any, positive: Positive, edited: Edited, proof: Truth, **content: str) -> Negative:
    before, after = difference(positive.built.stated, edited.built.stated)
    edit = Edit("+".join(sorted(edited.operators)), before, after)
    return Negative(kind, edits=(edit,), verdict=proof.verdict, residual=round(proof.residual, 3), **content)


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
