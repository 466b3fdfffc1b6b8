"""Work on all cores, results in order: bounded look-ahead, clean Ctrl-C, an error when a worker dies."""

from __future__ import annotations

import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing import active_children, get_context, parent_process
from typing import TypeVar

Job = TypeVar("Job")
Result = TypeVar("Result")


@contextmanager
def processes(count: int) -> Iterator[ProcessPoolExecutor]:
    """A pool of ``count`` fresh processes, 0: one per core. An exception ends them at once."""
    context = get_context("spawn")  # forking a process that has threads, as numpy's, can hang
    count = count or os.cpu_count() or 1
    pool = ProcessPoolExecutor(count, mp_context=context, initializer=_follow_the_parent)
    try:
        yield pool
    except BaseException:
        for child in active_children():
            child.terminate()
        raise
    finally:
        # Once only: a second shutdown, as at the end of `with pool`, would take the cancelling back.
        pool.shutdown(cancel_futures=True)


def ordered(
    pool: Executor, function: Callable[[Job], Result], jobs: Iterable[Job], ahead: int = 64
) -> Iterator[Result]:
    """Yield ``function(job)`` for all jobs in their order, at most ``ahead`` of them begun and not yet taken.

    Raises ValueError when a worker process dies, where multiprocessing's own pool would wait for ever.
    """
    waiting: deque[Future[Result]] = deque()
    try:
        for job in jobs:
            waiting.append(pool.submit(function, job))
            if len(waiting) == ahead:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    except BrokenProcessPool as error:
        raise ValueError("a worker process died, most likely out of memory; use fewer workers") from error


def _follow_the_parent() -> None:
    """Leave interrupts to the parent, and end when it is killed: the pool's workers would wait for ever."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_the_parent, daemon=True).start()


def _end_with_the_parent() -> None:
    if parent := parent_process():
        parent.join()
        os._exit(1)
