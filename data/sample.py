"""The sample: what shards store, what the loader yields, what both stages read (DESIGN: shards).

A sample is one JSON record and its pictures. In a tar shard its members share a key::

    000042.json        caption, facts, negatives, messages, answer ...
    000042.png         the positive diagram
    000042.neg00.png   the picture of an image negative, named in ``negatives[i].image``
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal

NegativeKind = Literal["image", "rule", "retrieval"]
NEGATIVE_KINDS = ("image", "rule", "retrieval")
VERDICTS = ("false", "unverified")
KEY = re.compile(r"[A-Za-z0-9_-]{1,128}")
MEMBER = re.compile(r"json|png|jpg|jpeg|neg[0-9]{2,4}\.(?:png|jpg|jpeg)")
POSITIVE = ("png", "jpg", "jpeg")


class SampleError(ValueError):
    """A record that cannot be used; the message names the key, the field and what is allowed."""


@dataclass(frozen=True)
class Edit:
    """One typed change: the operator and the statement before and after it, in words."""

    operator: str
    before: str
    after: str


@dataclass(frozen=True)
class Negative:
    """One hard negative and its proof.

    ``text`` holds a negative caption (rule, retrieval), ``image`` the member name of a negative picture;
    exactly one of them is set. ``verdict`` is ``false`` when the scene proves the mismatch and
    ``unverified`` for foreign data; ``residual`` says by how many visible margins the decisive statement
    misses the truth (1 is the margin).

    ``score`` is the cosine at which a retrieval negative was mined. ``shows`` tells of an image negative what
    its picture shows, ``{caption, facts, program}`` as a sample would, facts and program only of the scene
    engine. Both are left out of the record where nothing is known.
    """

    kind: NegativeKind
    text: str | None = None
    image: str | None = None
    edits: tuple[Edit, ...] = ()
    verdict: str = "unverified"
    residual: float | None = None
    score: float | None = None
    shows: Mapping[str, Any] | None = None

    def record(self) -> dict[str, Any]:
        """Return the JSON record."""
        record = asdict(self)
        return {k: v for k, v in record.items() if v is not None or k not in ("score", "shows")}


@dataclass(frozen=True)
class Sample:
    """One sample. ``images`` maps member names (``png``, ``neg00.png``) to undecoded bytes.

    ``messages`` is a list of chat turns ``{role, content: [{type: image} | {type: text, text}]}`` and
    ``answer`` is ``{kind: choice|number|expression|list|text, value, choices, unit, precision}``; either
    may be None. ``caption`` is empty where a set has questions only: such a sample has messages, serves
    stages 2 and 3, and is a counted skip in stage 1. ``meta`` holds what only its writer reads (template,
    question type, program of the scene).
    """

    key: str
    caption: str
    images: Mapping[str, bytes]
    negatives: tuple[Negative, ...] = ()
    facts: tuple[Mapping[str, Any], ...] = ()
    evidence: tuple[str, ...] = ()
    split: str = "train"
    source: str = ""
    licence: str = ""
    messages: tuple[Mapping[str, Any], ...] | None = None
    answer: Mapping[str, Any] | None = None
    meta: Mapping[str, Any] = field(default_factory=dict)

    @property
    def image(self) -> bytes:
        """Bytes of the positive diagram."""
        return next(self.images[name] for name in POSITIVE if name in self.images)

    def record(self) -> dict[str, Any]:
        """Return the JSON record: every field but the key and the pictures."""
        record = asdict(replace(self, images={}, negatives=()))
        del record["key"], record["images"]
        return record | {"negatives": [negative.record() for negative in self.negatives]}

    def members(self) -> dict[str, bytes]:
        """Return all tar members by name (without the key), the record first; NaN is a ValueError."""
        text = json.dumps(self.record(), ensure_ascii=False, sort_keys=True, allow_nan=False)
        return {"json": text.encode(), **self.images}


def _fail(key: str, name: str, value: object, allowed: str) -> SampleError:
    return SampleError(f"sample {key!r}, field {name}: got {value!r:.120}; expected {allowed}")


def _negative(key: str, index: int, raw: Any, images: Mapping[str, bytes]) -> Negative:
    name = f"negatives[{index}]"
    if not isinstance(raw, dict):
        raise _fail(key, name, raw, "an object {kind, text | image, edits, verdict, residual}")
    if raw.get("kind") not in NEGATIVE_KINDS:
        raise _fail(key, f"{name}.kind", raw.get("kind"), f"one of {', '.join(NEGATIVE_KINDS)}")
    text, image = raw.get("text"), raw.get("image")
    if (text is None) == (image is None):
        raise _fail(key, name, raw, "exactly one of text and image")
    if text is not None and not (isinstance(text, str) and text.strip()):
        raise _fail(key, f"{name}.text", text, "a non-empty caption")
    if (raw["kind"] == "image") != (image is not None):
        raise _fail(key, name, raw, "an image for kind image, a text for the other kinds")
    if image is not None and not (isinstance(image, str) and image in images and image not in POSITIVE):
        others = sorted(set(images) - set(POSITIVE))
        raise _fail(key, f"{name}.image", image, f"one of the sample's pictures ({', '.join(others)})")
    if raw.get("verdict", "unverified") not in VERDICTS:
        raise _fail(key, f"{name}.verdict", raw.get("verdict"), f"one of {', '.join(VERDICTS)}")
    residual, score = (_number(key, f"{name}.{field}", raw.get(field)) for field in ("residual", "score"))
    edits = _edits(key, f"{name}.edits", raw.get("edits") or [])
    shows = _shows(key, f"{name}.shows", raw)
    verdict = raw.get("verdict", "unverified")
    return Negative(raw["kind"], text, image, edits, verdict, residual, score, shows)


def _number(key: str, name: str, value: Any) -> float | None:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if value is not None and not (is_number and math.isfinite(value)):
        raise _fail(key, name, value, "a number or null")
    return value


def _shows(key: str, name: str, raw: Mapping[str, Any]) -> Mapping[str, Any] | None:
    shows = raw.get("shows")
    if shows is None:
        return None
    caption = shows.get("caption") if isinstance(shows, dict) else None
    if raw["kind"] != "image" or not (isinstance(caption, str) and caption.strip()):
        raise _fail(key, name, shows, "null, or of an image negative an object {caption, facts, program}")
    _check_types(key, {"facts": shows.get("facts"), "meta": shows.get("program")})
    return shows


def _edits(key: str, name: str, raw: Any) -> tuple[Edit, ...]:
    fields = {"operator", "before", "after"}
    good = isinstance(raw, list) and all(
        isinstance(edit, dict) and edit.keys() == fields and all(isinstance(v, str) for v in edit.values())
        for edit in raw
    )
    if not good:
        raise _fail(key, name, raw, "a list of {operator, before, after}, all strings")
    return tuple(Edit(**edit) for edit in raw)


def _check_types(key: str, raw: Mapping[str, Any]) -> None:
    """Refuse optional fields of another type."""
    for name in ("split", "source", "licence"):
        if not isinstance(raw.get(name) or "", str):
            raise _fail(key, name, raw[name], "a string")
    for name, kind, allowed in (("facts", dict, "a list of objects"), ("evidence", str, "a list of strings")):
        value = raw.get(name) or []
        if not (isinstance(value, list) and all(isinstance(item, kind) for item in value)):
            raise _fail(key, name, value, allowed)
    if not isinstance(raw.get("meta") or {}, dict):
        raise _fail(key, "meta", raw["meta"], "an object")


def parse_sample(key: str, members: Mapping[str, bytes]) -> Sample:
    """Build a sample from tar members, or raise :class:`SampleError` that names the key and the field."""
    if not KEY.fullmatch(key):
        raise _fail(key, "key", key, "letters, digits, '_' and '-' only (no dots, no slashes)")
    if unknown := [name for name in members if not MEMBER.fullmatch(name)]:
        raise _fail(key, "members", unknown, "json, png|jpg|jpeg and negNN.png|jpg|jpeg")
    if "json" not in members:
        raise _fail(key, "members", sorted(members), "a json member")
    images = {name: data for name, data in members.items() if name != "json"}
    if not any(name in images for name in POSITIVE):
        raise _fail(key, "members", sorted(members), "a picture png, jpg or jpeg")
    try:
        raw = json.loads(members["json"])
        if b"\\u" in members["json"]:  # half a surrogate pair can be escaped in JSON, but is no text
            json.dumps(raw, ensure_ascii=False).encode()
    except (ValueError, RecursionError) as error:
        raise _fail(key, "json", members["json"][:80], f"valid JSON ({error})") from error
    if not isinstance(raw, dict):
        raise _fail(key, "json", raw, "an object")
    _check_types(key, raw)
    caption = raw.get("caption")
    if not (isinstance(caption, str) and (caption.strip() or (caption == "" and raw.get("messages")))):
        raise _fail(key, "caption", caption, "a non-empty string, or an empty one beside messages")
    negatives = raw.get("negatives", [])
    if not isinstance(negatives, list):
        raise _fail(key, "negatives", negatives, "a list")
    messages = raw.get("messages")
    if messages is not None and not (
        isinstance(messages, list) and all(isinstance(m, dict) for m in messages)
    ):
        raise _fail(key, "messages", messages, "a list of chat turns, or null")
    answer = raw.get("answer")
    if answer is not None and not (isinstance(answer, dict) and "kind" in answer and "value" in answer):
        raise _fail(key, "answer", answer, "an object with kind and value, or null")
    return Sample(
        key=key,
        caption=caption,
        images=images,
        negatives=tuple(_negative(key, i, n, images) for i, n in enumerate(negatives)),
        facts=tuple(raw.get("facts") or ()),
        evidence=tuple(raw.get("evidence") or ()),
        split=raw.get("split") or "train",
        source=raw.get("source") or "",
        licence=raw.get("licence") or "",
        messages=None if messages is None else tuple(messages),
        answer=answer,
        meta=raw.get("meta") or {},
    )
