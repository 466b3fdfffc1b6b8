"""One foreign record on its way to a sample: its pictures and chats, and what had to be taken off it."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from data.images import MAX_PIXELS, encode, open_grey
from data.sample import Sample, SampleError, parse_sample

MAX_BYTES = 64 << 20
"""Most bytes of a picture file."""
ROLES = {"gpt": "assistant", "assistant": "assistant", "system": "system"}
NOTES = {
    "Chinese text": re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff]+"),
    "Greek letters": re.compile(r"(?!π)[\u0370-\u03ff]"),
    "letters with primes": re.compile(r"[A-Z]['’′″](?![a-z])|(?<![A-Za-z])[a-z][′″]"),
    "letters with subscripts": re.compile(r"[A-Za-z](?:[₀-₉]+|_\{?\d+\}?)|\b[A-Z]\d+\b"),
    "letters of other alphabets": re.compile(
        r"(?![A-Za-zª-¾\u0370-\u03ff\u2070-\u209f\u2150-\u218f\u2460-\u24ff\u3400-\u9fff])[^\W\d_]"
    ),
}
"""What names of points may look like beyond A to Z, and text that is not English: kept, counted, named."""


@dataclass
class Entry:
    """A record's key, where its pictures are, and what is told of it; :meth:`sample` makes the sample.

    ``dropped`` and ``notes`` are pairs of reason and detail: parts that were taken off, and remarks.
    """

    key: str
    root: Path
    strip: str = ""
    source: str = ""
    licence: str = ""
    split: str = "train"
    dropped: list[tuple[str, str]] = field(default_factory=list)
    notes: list[tuple[str, str]] = field(default_factory=list)

    def picture(self, given: Any) -> bytes:
        """Return a picture below ``root``, or the bytes that parquet holds, as grey PNG.

        Raises :class:`data.sample.SampleError` with the reason alone.
        """
        if isinstance(given, Mapping):  # Hugging Face stores {bytes, path}
            given = given.get("bytes") or given.get("path")
        data = given if isinstance(given, bytes) else self._read(given)
        if len(data) > MAX_BYTES:
            raise SampleError(f"picture file has more than {MAX_BYTES} bytes")
        try:
            return encode(open_grey(data))
        except SampleError as error:
            raise SampleError(f"picture is no PNG or JPEG of at most {MAX_PIXELS} pixels") from error

    def text_file(self, path: str) -> str:
        """Return a text below ``root``."""
        try:
            return self._read(path, "text file").decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise SampleError("text file is no UTF-8") from error

    def _read(self, path: Any, what: str = "picture") -> bytes:
        if not (isinstance(path, str) and path.strip() and "\0" not in path):
            raise SampleError(f"{what} path is empty or no path")
        if self.strip and path.startswith(self.strip):
            path = path.removeprefix(self.strip).lstrip("/")
        try:
            found = (self.root / path).resolve()  # follows links: what counts is where the bytes are
            if not found.is_relative_to(self.root):
                raise SampleError(f"{what} path leads out of root")
            if not found.is_file():
                raise SampleError(f"{what} does not exist")
            with open(found, "rb") as file:
                return file.read(MAX_BYTES + 1)
        except OSError as error:
            raise SampleError(f"{what} cannot be read") from error

    def sample(self, *, identity: Any = None, **fields: Any) -> Sample:
        """Return the sample of these fields; ``identity`` is the record's own id, kept in ``meta.id``.

        Raises :class:`data.sample.SampleError` for what could not be stored.
        """
        meta = {"id": identity, **fields.pop("meta", {})}
        about = {"source": self.source, "licence": self.licence, "split": self.split}
        sample = Sample(key=self.key, meta=meta, **(about | fields))
        try:
            parse_sample(self.key, sample.members())
        except UnicodeEncodeError as error:
            raise SampleError("text is no valid Unicode") from error
        except TypeError as error:  # parquet holds dates, bytes and decimals
            raise SampleError(f"sample cannot be stored: {error}") from error
        except SampleError as error:
            raise SampleError(f"sample cannot be stored: {str(error).partition(', ')[2]}") from error
        said = "\n".join([sample.caption, *texts(sample.messages or ())])
        for reason, pattern in NOTES.items():
            if match := pattern.search(said):
                self.notes.append((reason, match[0][:20]))
        return sample


def record_of(value: Any, *required: str) -> Mapping[str, Any]:
    """Return a record that is an object with the required fields."""
    if not isinstance(value, dict):
        raise SampleError("record is no object")
    if missing := [name for name in required if name not in value]:
        raise SampleError(f"record has no field {missing[0]}; is this the file of another set?")
    return value


def text_of(record: Mapping[str, Any], name: str, what: str = "") -> str:
    """Return a field that must be text, without white space around it."""
    value = record.get(name)
    if not (isinstance(value, str) and value.strip()):
        raise SampleError(f"{what or name} is empty or missing")
    return value.strip()


def chat(turns: Any) -> tuple[dict[str, Any], ...]:
    """Return LLaVA turns ``{from, value}`` as messages; the picture stands in the turn with ``<image>``,
    else in the first."""
    if not (isinstance(turns, list) and turns and all(isinstance(turn, dict) for turn in turns)):
        raise SampleError("conversations is no list of turns {from, value}")
    if not all(isinstance(turn.get("value"), str) for turn in turns):
        raise SampleError("conversations has a turn whose value is no text")
    roles = [ROLES.get(str(turn.get("from")), "user") for turn in turns]
    if "assistant" not in roles:
        raise SampleError("conversations has no gpt turn")
    asked = [at for at, role in enumerate(roles) if role == "user"]
    shown = next((at for at in asked if "<image>" in turns[at]["value"]), asked[0] if asked else -1)
    return tuple(
        {"role": role, "content": _parts(turn["value"], picture=at == shown)}
        for at, (role, turn) in enumerate(zip(roles, turns, strict=True))
    )


def _parts(text: str, *, picture: bool) -> list[dict[str, Any]]:
    part = {"type": "text", "text": text.replace("<image>", "").strip()}
    return [{"type": "image"}, part] if picture else [part]


def trainable(messages: Sequence[Mapping[str, Any]]) -> tuple[Mapping[str, Any], ...]:
    """Return a chat that stage 3 can read: user and assistant take turns, nobody is silent."""
    said = [message["role"] for message in messages if message["role"] != "system"]
    if said != ["user", "assistant"] * (len(said) // 2) or messages[0]["role"] not in ("system", "user"):
        raise SampleError("conversations is no exchange of user and assistant in turn")
    if any(message["role"] == "system" for message in messages[1:]):
        raise SampleError("conversations is no exchange of user and assistant in turn")
    kept = []
    for message in messages:
        parts = [part for part in message["content"] if part["type"] == "image" or part["text"]]
        if not parts or (message["role"] == "assistant" and parts[0]["type"] == "image"):
            raise SampleError("conversations has an empty turn")
        kept.append({**message, "content": parts})
    return tuple(kept)


def exchange(question: str, answer: str | None) -> tuple[dict[str, Any], ...]:
    """Return a question about the picture and, if there is one, its answer as messages."""
    asked = {"role": "user", "content": [{"type": "image"}, {"type": "text", "text": question}]}
    if answer is None:
        return (asked,)
    return asked, {"role": "assistant", "content": [{"type": "text", "text": answer}]}


def texts(messages: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return every text of a chat."""
    return [part["text"] for message in messages for part in message["content"] if "text" in part]


def fingerprint(sample: Sample) -> str:
    """Return 16 hex digits that are equal for equal picture, caption and chat."""
    said = "\0".join([sample.caption, *texts(sample.messages or ())])
    return hashlib.sha256(sample.image + said.encode()).hexdigest()[:16]
