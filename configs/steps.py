"""Steps that are run once: a command, what it needs, and a folder named by what decides its result."""

from __future__ import annotations

import hashlib
import json
import shlex
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from configs.runtime import call_logged, console, git_revision, write_json

MARK, LOG = "step.json", "step.log"


@dataclass(frozen=True)
class Step:
    """One command of the project; equal steps of several rows, and of several tables, are one."""

    key: str
    """12 hex digits over everything that decides the result; the folder is named by them."""
    what: str
    """What it does, for people: ``train rule10, seed 0``."""
    words: tuple[str, ...]
    """Module and arguments."""
    out: Path
    """Folder of what it writes; its mark and its log lie there too."""
    needs: tuple[str, ...] = ()
    """Keys of the steps whose results it reads."""
    offline: bool = False
    """Keep the command from asking a hub."""

    @property
    def line(self) -> str:
        """The command as one would type it."""
        return shlex.join(["python", "-m", *self.words])


def key_of(kind: str, decides: Mapping[str, Any]) -> str:
    """Return 12 hex digits of the sha256 over a kind of step and what decides its result, plain JSON."""
    text = json.dumps([kind, decides], sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def mark(step: Step) -> dict[str, Any] | None:
    """Return what was noted when the step was done (seconds, git); None where it is still to be done."""
    try:
        found = json.loads((step.out / MARK).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except ValueError as error:
        raise ValueError(f"{step.out / MARK} is damaged ({error}); remove that folder") from error
    return found if found["key"] == step.key else None


def run_steps(steps: Iterable[Step]) -> dict[str, str]:
    """Run, in order, what is not done yet; return why steps failed, by key.

    A step that fails is told and the others go on; what needs it is left out. Ctrl-C stops between or inside
    steps, and the steps that are done stay done.
    """
    steps = list(steps)
    failed: dict[str, str] = {}
    for at, step in enumerate(steps, 1):
        place = f"[{at}/{len(steps)}]"
        if lacking := next((key for key in step.needs if key in failed), None):
            failed[step.key] = failed[lacking]
            _tell(f"{place} left out {step.what}: what it needs failed", "yellow")
        elif mark(step):
            _tell(f"{place} done before {step.what}", "green")
        else:
            _tell(f"{place} {step.what}")
            if reason := _run(step):
                failed[step.key] = reason
                _tell(f"{place} {reason}", "bold red")
    return failed


def _run(step: Step) -> str:
    """Run a step and leave its mark; return why it failed, or nothing."""
    variables = {"HF_HUB_OFFLINE": "1"} if step.offline else {}
    try:
        seconds = call_logged(step.what, step.words, step.out / LOG, **variables)
    except ValueError as error:
        return str(error)
    done = {"key": step.key, "what": step.what, "command": step.line, "seconds": seconds}
    write_json(step.out / MARK, {**done, "git": git_revision()})
    return ""


def _tell(text: str, style: str = "") -> None:
    console.print(text, style=style, markup=False, soft_wrap=True)
