"""What every command needs: the runs folder, atomic files, clean errors, and a record of the environment.

Nothing here imports torch, so that a command with a typing error in its config answers at once.
"""

from __future__ import annotations

import fcntl
import functools
import inspect
import json
import os
import platform
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import is_dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import IO, Any, Protocol

from rich.console import Console
from rich.markup import escape

console = Console(stderr=True, highlight=False)

LOCK = ".lock"
PROJECT = Path(__file__).resolve().parent.parent
PACKAGES = "torch torchvision lightning transformers timm webdataset omegaconf peft numpy pillow scikit-learn"


def runs_root() -> Path:
    """Return the folder under which everything is written: ``$MMGEOLM_ROOT``, or ``runs`` here."""
    return Path(os.environ.get("MMGEOLM_ROOT") or "runs")


def is_rank_zero() -> bool:
    """True in the process that may write shared files, before and after torch.distributed is up."""
    ranks = (os.environ.get(name) for name in ("RANK", "SLURM_PROCID", "LOCAL_RANK"))
    return next((int(rank) for rank in ranks if rank), 0) == 0


@contextmanager
def atomic_write(path: str | Path, mode: str = "w") -> Iterator[IO[Any]]:
    """Open a temporary file beside ``path``, and rename it onto ``path`` when the block ends.

    ``mode`` is ``"w"`` (UTF-8 text) or ``"wb"``. Missing parent folders are made. After an exception ``path``
    is what it was and the temporary file is gone; a kill may leave a hidden ``.NAME.PID.tmp`` behind.
    """
    assert mode in ("w", "wb"), mode
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with open(temporary, mode, encoding=None if "b" in mode else "utf-8") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())  # otherwise a power cut can leave a renamed but empty file
        os.replace(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


@contextmanager
def fresh_folder(out: Path) -> Iterator[Path]:
    """Fill a hidden folder beside ``out`` and put it in its place when the block ends well."""
    out.parent.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix=f".{out.name}.", dir=out.parent))
    try:
        yield folder
        folder.chmod(0o755)
        if out.exists():
            old = folder.with_name(f"{folder.name}.old")
            os.replace(out, old)
            os.replace(folder, out)
            shutil.rmtree(old)
        else:
            os.replace(folder, out)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold a folder for this process; the lock ends with the process, however that ends.

    A file system that knows no locks is used without.
    """
    with open(folder / LOCK, "w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ValueError(f"another process is writing {folder}; wait for it, or stop it") from None
        except OSError as error:
            text = f"{folder}: no lock ({error}); make sure that no other process writes it"
            console.print(text, style="yellow", markup=False, soft_wrap=True)
        yield


def write_json(path: str | Path, obj: Any) -> None:
    """Write ``obj`` as indented UTF-8 JSON, atomically."""
    text = json.dumps(obj, indent=2, ensure_ascii=False)  # before opening: a bad object touches no file
    with atomic_write(path) as file:
        file.write(text + "\n")


def _output(*command: str) -> str | None:
    try:
        done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, timeout=10, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()


def git_revision() -> str | None:
    """Return the project's commit, with ``-dirty`` when tracked files are changed; None outside a clone."""
    revision = _output("git", "rev-parse", "HEAD")
    return revision and revision + ("-dirty" if _output("git", "status", "--porcelain", "-uno") else "")


def command_line() -> str:
    """Return the command that this process was started with, as one would type it."""
    return shlex.join([Path(sys.executable).name, *sys.orig_argv[1:]])


def versions() -> dict[str, str | None]:
    """Return the versions of Python and of what results depend on; None where it is not installed."""
    found: dict[str, str | None] = {"python": platform.python_version()}
    for package in PACKAGES.split():
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = None
    return found


def _cpu_name() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), "unknown")


def environment() -> dict[str, Any]:
    """Return versions, hardware and git revision as plain JSON values; memory is in GiB."""
    gpus = _output("nvidia-smi", "--query-gpu=name,memory.total", "--format=csv,noheader")
    return {
        "versions": versions(),
        "platform": platform.platform(),
        "cpu": _cpu_name(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "memory_gib": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1),
        "gpus": gpus.splitlines() if gpus else [],
        "git": git_revision(),
    }


def call(words: Sequence[str], **options: Any) -> int:
    """Run a command and return its exit code.

    After Ctrl-C the command has a minute to finish what it is writing (subprocess.call gives it 0.25 s).
    """
    with subprocess.Popen(words, **options) as process:
        try:
            return process.wait()
        except KeyboardInterrupt:
            try:
                process.wait(60)
            except subprocess.TimeoutExpired:
                process.terminate()
            raise


def call_logged(name: str, words: Sequence[str], log: Path, **variables: str) -> float:
    """Run ``python -m WORDS`` with its output in ``log``, and return the seconds that it took.

    ``variables`` are added to its environment. Raises ValueError with the end of the log when it fails.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    start = time.perf_counter()
    with log.open("w") as stream, console.status(f"{escape(name)}: {words[0]} ... (log: {escape(str(log))})"):
        environ = {**os.environ, "OMP_WAIT_POLICY": "PASSIVE", **variables}
        code = call([sys.executable, "-m", *words], stdout=stream, stderr=subprocess.STDOUT, env=environ)
    if code:
        tail = "\n".join(log.read_text(errors="replace").splitlines()[-15:])
        raise ValueError(f"step {name} failed with exit code {code}; the end of {log}:\n{tail}")
    return time.perf_counter() - start


def printable(text: str) -> str:
    """Return a text with its control characters written out: foreign data must not steer the terminal."""
    return re.sub(r"[\0-\x08\x0b-\x1f\x7f-\x9f]", lambda found: repr(found[0])[1:-1], text)


def die(error: BaseException) -> None:
    """Print ``error`` as one clear red message and exit with code 2.

    Of an error in a loading process torch hands on the traceback as text; its last words are the message.
    """
    message = re.sub(r"(?s)^Caught .*\nOriginal Traceback .*\n[\w.]+: ", "", str(error))
    console.print("error:", printable(message), style="bold red", markup=False, soft_wrap=True)
    raise SystemExit(2) from error


class Command(Protocol):
    """A command line as a function: ``main()`` reads ``sys.argv``."""

    def __call__(self, argv: list[str] | None = None) -> None: ...


def command(main: Callable[[list[str]], Any]) -> Command:
    """Wrap ``main(argv)`` as a command: ``main(None)`` reads ``sys.argv``.

    ValueError and OSError become one message and exit code 2 (``python -X dev`` shows the traceback); Ctrl-C
    becomes exit code 130. ``--help`` prints the text at the head of the module.
    """

    @functools.wraps(main)
    def wrapped(argv: list[str] | None = None) -> None:
        argv = sys.argv[1:] if argv is None else argv
        if {"--help", "-h"} & {*argv}:
            print(_usage(main))
            return
        try:
            main(argv)
        except (ValueError, OSError) as error:
            if sys.flags.dev_mode:
                raise
            die(error)
        except KeyboardInterrupt:
            _interrupted()
        except SystemExit as error:
            # Lightning turns Ctrl-C into exit(1) after its callbacks have run.
            if isinstance(error.__context__, KeyboardInterrupt):
                _interrupted()
            raise

    return wrapped


def _usage(main: Callable[..., Any]) -> str:
    """Return what the module of a command says of it, and where its options are."""
    module = sys.modules[main.__module__]
    told = [inspect.cleandoc(module.__doc__ or "")]
    for name, schema in vars(module).items():
        if name.endswith("Config") and is_dataclass(schema):
            spec = module.__spec__ if schema.__module__ == "__main__" else None
            place = (spec.name if spec else schema.__module__).replace(".", "/")
            told.append(f"Options are the fields of {name} in {place}.py, as key=value.")
    return "\n\n".join(told)


def _interrupted() -> None:
    safe = "Interrupted. Every file already written is complete; the same command goes on after the last one."
    console.print(safe, style="yellow")
    raise SystemExit(130)
