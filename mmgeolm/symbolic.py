"""Math-Verify behind a process that can be killed: equality of two expressions within a bounded time.

Math-Verify's own time-out is an alarm signal, which works in the main thread only and cannot interrupt a
long integer power. Here it runs in one child process with a memory limit and a limit of processor time per
question, so that a verdict does not depend on how busy the machine is. A question that takes too long ends
the child, and the next question starts another.
"""

from __future__ import annotations

import atexit
import json
import os
import re
import select
import signal
import subprocess
import sys
from functools import lru_cache
from pathlib import Path
from typing import Any

LENGTH = 200  # characters of either side
SECONDS = 3.0  # processor time per question
WALL_SECONDS = 120.0  # against a child that sleeps or a machine that swaps
START_SECONDS = 120.0  # importing sympy on a busy machine
MEMORY = 4 * 2**30  # bytes of address space
_TOWER = re.compile(r"\^.{0,40}\^|!|\d{12}|\^\s*\{?\s*\d{4}")  # what sympy evaluates at any cost


class _Child:
    """One Math-Verify process: a JSON line in, a JSON line out."""

    def __init__(self) -> None:
        environment = {**os.environ, "OMP_NUM_THREADS": "1"}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "mmgeolm.symbolic"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=Path(__file__).resolve().parent.parent,
            env=environment,
        )
        if self.receive(START_SECONDS) != "ready":
            self.stop()
            raise RuntimeError("math-verify did not start; is it installed? (pip install math-verify)")

    def receive(self, seconds: float) -> Any:
        """Return the child's next line, or None when it does not come in time."""
        assert self.process.stdout is not None
        ready, _, _ = select.select([self.process.stdout], [], [], seconds)
        line = self.process.stdout.readline() if ready else b""
        return json.loads(line) if line else None

    def ask(self, gold: str, prediction: str) -> bool | None:
        assert self.process.stdin is not None
        try:
            self.process.stdin.write(json.dumps([gold, prediction, SECONDS]).encode() + b"\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            return None
        return self.receive(WALL_SECONDS)

    def stop(self) -> None:
        self.process.kill()
        self.process.communicate()


_child: _Child | None = None


def _stop() -> None:
    global _child
    if _child is not None:
        _child.stop()
        _child = None


atexit.register(_stop)


@lru_cache(maxsize=4096)
def symbolically_equal(gold: str, prediction: str) -> bool | None:
    """Return whether two expressions in text or LaTeX are equal; None: too long or too hard to tell.

    Numbers are compared after rounding to two decimals, as in 6.93 for 4√3.
    """
    global _child
    if not (0 < len(gold) <= LENGTH and 0 < len(prediction) <= LENGTH) or _TOWER.search(
        gold + "\n" + prediction
    ):
        return None
    if _child is None:
        _child = _Child()
    answer = _child.ask(gold, prediction)
    if answer is None:
        _stop()  # it hangs or has died: the next question gets a fresh one
    return answer


def _serve() -> None:
    import resource

    from math_verify import parse, verify

    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    print(json.dumps("ready"), flush=True)
    for line in sys.stdin:
        try:
            *texts, seconds = json.loads(line)
            signal.setitimer(signal.ITIMER_PROF, seconds)  # its signal ends the process, whatever it does
            gold, prediction = (parse(f"${text}$", parsing_timeout=None) for text in texts)
            equal = bool(
                gold and prediction and verify(gold, prediction, float_rounding=2, timeout_seconds=None)
            )
        except Exception:  # any failure of a parser on foreign text means: not shown to be equal
            equal = False
        signal.setitimer(signal.ITIMER_PROF, 0)
        print(json.dumps(equal), flush=True)


if __name__ == "__main__":
    _serve()
