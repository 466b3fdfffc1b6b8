"""From (seed, split, index) to a verified sample: positive, caption, hard negatives with proof, question.

Sample i depends on the configuration, the seed, the split and i alone, never on workers or order.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
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
VERSION = 3
"""Raised whenever the same seed gives another sample."""


def balance_hash() -> str:
    """Return 12 hex digits of the weights of the edits: with others the same seed gives other negatives."""
    return hashlib.sha256(json.dumps(BALANCE, sort_keys=True).encode()).hexdigest()[:12]


def make_sample(cfg: BuildConfig, index: int, split: str) -> tuple[Sample, Counter[str]]:
    """Make sample ``index`` of ``split``; also return how often which reason rejected a scene or an edit."""
    seed = f"{VERSION}/{cfg.seed}/{split}/{index}"
    rng = Random(seed)
    rejected: Counter[str] = Counter()
    positive = draw_positive(cfg.scene, rng, rejected)
    images = {"png": picture(positive.display, cfg.scene)}
    negatives = _rule(cfg, positive, Random(f"{seed}/rule"), rejected)
    negatives += _image(cfg, positive, Random(f"{seed}/image"), images, rejected)
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


def _rule(cfg: BuildConfig, positive: Positive, rng: Random, rejected: Counter[str]) -> list[Negative]:
    """Return up to ``negatives.rule`` captions of edited programs."""
    found = islice(_edits("rule", cfg.negatives.rule, positive, rng, rejected), cfg.negatives.rule)
    return [
        _negative("rule", positive, edited, text=caption(edited.built.stated, positive.wording))
        for edited in found
    ]


def _image(
    cfg: BuildConfig, positive: Positive, rng: Random, images: dict[str, bytes], rejected: Counter[str]
) -> list[Negative]:
    """Return up to ``negatives.image`` pictures of edited programs, and put them into ``images``."""
    found: list[Negative] = []
    for edited in _edits("image", cfg.negatives.image, positive, rng, rejected):
        display = layout(edited.built.scene, positive.display.style)
        if display is None:
            rejected["edit: labels collide"] += 1
            continue
        member = f"neg{len(found):02d}.png"
        images[member] = picture(display, cfg.scene)
        found.append(_negative("image", positive, edited, image=member))
        if len(found) == cfg.negatives.image:
            break
    return found


def _edits(
    kind: str, count: int, positive: Positive, rng: Random, rejected: Counter[str]
) -> Iterator[Edited]:
    """Yield edits that give negatives of ``kind``, and count why others do not."""
    for edited in edits(positive.program, positive.built, rng, EDIT_ATTEMPTS * count, kind):
        if isinstance(edited, Rejected):
            rejected[f"edit: {edited}"] += 1
        else:
            yield edited


def _negative(kind: Any, positive: Positive, edited: Edited, **content: str) -> Negative:
    before, after = difference(positive.built.stated, edited.built.stated)
    edit = Edit("+".join(sorted(edited.operators)), before, after)
    return Negative(
        kind, edits=(edit,), verdict=edited.proof.verdict, residual=round(edited.proof.residual, 3), **content
    )


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
