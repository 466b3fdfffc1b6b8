"""What the files of a sentence-transformers folder say, so that plain ``transformers`` can do the same."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

KNOWN = (["Transformer", "Pooling"], ["Transformer", "Pooling", "Normalize"])
POOLINGS = {"mean_tokens": "mean", "cls_token": "cls", "mean": "mean", "cls": "cls"}
PART = re.compile(r"[A-Za-z0-9_-]*")


@dataclass(frozen=True)
class SentenceModel:
    """Folder of the transformer, ``mean`` or ``cls`` pooling, window in tokens, what is done to a text."""

    transformer: Path
    pooling: str
    window: int | None
    lower: bool
    prompt: str


def read_sentence_model(folder: Path) -> SentenceModel:
    """Read ``modules.json`` and what it names; ValueError for a module or pooling that is not known here."""
    path = folder / "modules.json"
    modules = _json(path, list)
    if bad := [m for m in modules if not isinstance(m, dict) or not PART.fullmatch(str(m.get("path", "")))]:
        raise ValueError(f"{path}: {bad[0]!r:.100} is no module with a plain folder name as path")
    kinds = [str(module.get("type")).rpartition(".")[2] for module in modules]
    if kinds not in KNOWN:
        raise ValueError(
            f"{path}: modules are {', '.join(kinds)}; known is Transformer, Pooling, and Normalize after "
            "them. Use another model"
        )
    paths = [folder / str(module.get("path", "")) for module in modules]
    settings = _json(paths[0] / "sentence_bert_config.json", dict, {})
    window = settings.get("max_seq_length")
    if window is not None and not (isinstance(window, int) and window > 0):
        raise ValueError(f"{paths[0] / 'sentence_bert_config.json'}: max_seq_length is {window!r}")
    about = _json(folder / "config_sentence_transformers.json", dict, {})
    prompt = (about.get("prompts") or {}).get(about.get("default_prompt_name") or "", "")
    pooling = _pooling(paths[1] / "config.json")
    return SentenceModel(paths[0], pooling, window, bool(settings.get("do_lower_case")), prompt)


def _pooling(path: Path) -> str:
    """Read how tokens are pooled, in the old form (a flag per way) and in the new one (its name)."""
    config = _json(path, dict)
    mark = "pooling_mode_"
    modes = {key.removeprefix(mark) for key, on in config.items() if key.startswith(mark) and on}
    named = config.get("pooling_mode")
    if isinstance(named, str):
        modes = {named}
    if len(modes) != 1 or not modes <= POOLINGS.keys():
        raise ValueError(
            f"{path}: pooling is {', '.join(sorted(modes)) or 'not given'}; known are mean and cls"
        )
    if config.get("include_prompt") is False:
        raise ValueError(f"{path}: include_prompt=false is not known here; use another model")
    return POOLINGS[modes.pop()]


def _json(path: Path, kind: type, default: Any = None) -> Any:
    """Return a JSON file of one type, or ``default`` where there is none; ValueError names the file."""
    if default is not None and not path.is_file():
        return default
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ValueError(f"{path} cannot be read as JSON: {error}") from error
    if not isinstance(found, kind):
        raise ValueError(f"{path} holds a {type(found).__name__}; expected a {kind.__name__}")
    return found
