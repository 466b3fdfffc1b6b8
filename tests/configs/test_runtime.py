"""Atomic files, clean errors, and the record of the environment."""

import json
import os
import shlex
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from torch.utils.data import DataLoader

from configs.runtime import atomic_write, command, environment, runs_root, write_json


def test_an_exception_leaves_the_old_file_and_no_other(tmp_path):
    path = tmp_path / "deep" / "file.txt"
    with atomic_write(path) as file:
        file.write("old ∠")

    def fail_in_the_middle():
        with atomic_write(path) as file:
            file.write("new")
            raise RuntimeError("stop")

    with pytest.raises(RuntimeError, match="stop"):
        fail_in_the_middle()
    assert path.read_text("utf-8") == "old ∠"
    assert os.listdir(path.parent) == ["file.txt"]


def test_a_kill_in_the_middle_leaves_the_old_file(tmp_path):
    path = tmp_path / "file.bin"
    path.write_bytes(b"old")
    code = f"""
        import os, signal
        from configs.runtime import atomic_write
        with atomic_write({str(path)!r}, "wb") as file:
            file.write(b"new" * 10**6)
            file.flush()
            os.kill(os.getpid(), signal.SIGKILL)
    """
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(code)])
    assert done.returncode == -signal.SIGKILL
    assert path.read_bytes() == b"old"


def test_json_that_cannot_be_written_touches_nothing(tmp_path):
    write_json(tmp_path / "a.json", {"name": "△ABC", "n": 1})
    with pytest.raises(TypeError):
        write_json(tmp_path / "a.json", {"n": object()})
    assert json.loads((tmp_path / "a.json").read_text("utf-8")) == {"name": "△ABC", "n": 1}


def test_the_runs_folder_follows_the_environment(monkeypatch, tmp_path):
    monkeypatch.setenv("MMGEOLM_ROOT", str(tmp_path))
    assert runs_root() == tmp_path
    monkeypatch.delenv("MMGEOLM_ROOT")
    assert str(runs_root()) == "runs"


@pytest.mark.parametrize(
    "error", [ValueError("lr=-1 is not allowed"), FileNotFoundError("no index.json"), NotADirectoryError("x")]
)
def test_a_users_error_is_one_message_and_exit_code_2(error, capsys):
    @command
    def main(argv):
        raise error

    with pytest.raises(SystemExit) as caught:
        main([])
    assert caught.value.code == 2
    assert capsys.readouterr().err.strip() == f"error: {error}"


def test_of_an_error_in_a_loading_process_the_message_is_told_and_not_the_traceback(capsys):
    def fail(_):
        raise ValueError("caption 'k7' is too long")

    loader = DataLoader([0], num_workers=1, collate_fn=fail)
    with pytest.raises(SystemExit):
        command(lambda argv: list(loader))([])
    assert capsys.readouterr().err.strip() == "error: caption 'k7' is too long"


def test_foreign_text_in_a_message_does_not_steer_the_terminal(capsys):
    def main(argv):
        raise ValueError("caption 'A\x1b[31mB\x07'\n  second line")

    with pytest.raises(SystemExit):
        command(main)([])
    assert capsys.readouterr().err.strip() == r"error: caption 'A\x1b[31mB\x07'" + "\n  second line"


@pytest.mark.parametrize("word", ["--help", "-h"])
def test_help_tells_the_usage_and_where_the_options_are(word, tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", os.getcwd())
    done = subprocess.run(
        [sys.executable, "-m", "data.draw", word], capture_output=True, text=True, cwd=tmp_path, check=True
    )
    assert "python -m data.draw SHARDS [keys=[...]]" in done.stdout
    assert "Options are the fields of DrawConfig in data/draw.py" in done.stdout
    assert not any(tmp_path.iterdir())


def test_a_bug_keeps_its_traceback():
    @command
    def main(argv):
        raise KeyError("bug")

    with pytest.raises(KeyError):
        main([])


def lightning_style_interrupt():
    try:
        raise KeyboardInterrupt
    except KeyboardInterrupt:
        sys.exit(1)


def plain_interrupt():
    raise KeyboardInterrupt


@pytest.mark.parametrize("stop", [plain_interrupt, lightning_style_interrupt])
def test_ctrl_c_is_exit_code_130_and_says_what_is_safe(stop, capsys):
    main = command(lambda argv: stop())
    with pytest.raises(SystemExit) as caught:
        main([])
    assert caught.value.code == 130
    assert "complete" in capsys.readouterr().err


def test_a_command_reads_the_command_line_and_passes_other_exit_codes(monkeypatch):
    seen = []
    monkeypatch.setattr(sys, "argv", ["prog", "a.yaml", "k=v"])
    command(seen.append)()
    assert seen == [["a.yaml", "k=v"]]
    with pytest.raises(SystemExit) as caught:
        command(lambda argv: sys.exit(3))([])
    assert caught.value.code == 3


def test_a_command_line_can_be_typed_again():
    code = "from configs.runtime import command_line; print(command_line())"
    done = subprocess.run(
        [sys.executable, "-c", code, "a b", "k='v'"], capture_output=True, text=True, check=True
    )
    name, *words = shlex.split(done.stdout)
    assert (Path(sys.executable).name, ["-c", code, "a b", "k='v'"]) == (name, words)


def test_the_environment_is_json_and_knows_torch():
    found = json.loads(json.dumps(environment()))
    assert found["versions"]["torch"]
    assert found["cores"] >= 1
    assert found["memory_gib"] > 0
