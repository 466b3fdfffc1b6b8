"""Worker processes end with the process that started them."""

import os
import signal
import subprocess
import sys
import time

SCRIPT = """
import os, sys
from data.parallel import ordered, processes
if __name__ == "__main__":
    with processes(2) as pool:
        print(*ordered(pool, os.path.abspath, "abc"), *pool._processes, flush=True)
        sys.stdin.read()
"""


def alive(pid):
    try:
        with open(f"/proc/{pid}/stat") as stat:
            return stat.read().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_workers_end_when_their_parent_is_killed(tmp_path):
    script = tmp_path / "start.py"
    script.write_text(SCRIPT)
    pythonpath = os.pathsep.join(sys.path)
    parent = subprocess.Popen(
        [sys.executable, script],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": pythonpath},
    )
    workers = [int(word) for word in parent.stdout.readline().split()[3:]]
    assert len(workers) == 2
    assert all(map(alive, workers))
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    end = time.monotonic() + 20
    while any(map(alive, workers)) and time.monotonic() < end:
        time.sleep(0.05)
    assert not any(map(alive, workers))
