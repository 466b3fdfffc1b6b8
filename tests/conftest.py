"""Shared by all tests: one thread, fixed seeds, no network, runs under a temporary folder."""

import os

# Before torch is imported anywhere: tiny tensors are slower, and sums less repeatable, with more threads.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ["HF_HUB_OFFLINE"] = os.environ["TRANSFORMERS_OFFLINE"] = "1"
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")

import random
import shutil
import socket
from pathlib import Path

import numpy as np
import pytest
import torch

PROJECT = Path(__file__).resolve().parent.parent
LOCAL = ("127.", "::1", "localhost", "0.0.0.0")


def pytest_collection_modifyitems(items):
    missing = {
        "gpu": None if torch.cuda.is_available() else "needs a CUDA device",
        "slurm": None if shutil.which("slurmctld") else "needs slurmctld (apt install slurm-wlm)",
    }
    for item in items:
        for marker, reason in missing.items():
            if reason and marker in item.keywords:
                item.add_marker(pytest.mark.skip(reason=reason))


@pytest.fixture(scope="session", autouse=True)
def _one_thread():
    torch.set_num_threads(1)


@pytest.fixture(autouse=True)
def _isolated(monkeypatch, tmp_path_factory):
    """Seed every generator, keep outputs out of the checkout, and restore deterministic mode afterwards."""
    random.seed(0)
    np.random.seed(0)
    torch.manual_seed(0)
    monkeypatch.setenv("MMGEOLM_ROOT", str(tmp_path_factory.getbasetemp() / "runs"))
    deterministic = torch.are_deterministic_algorithms_enabled()
    yield
    torch.use_deterministic_algorithms(deterministic)


@pytest.fixture(scope="session", autouse=True)
def _no_network():
    """Let sockets reach this machine only, so that a test that needs a hub fails everywhere."""
    connect = socket.socket.connect

    def local_only(self, address):
        if isinstance(address, tuple) and not str(address[0]).startswith(LOCAL):
            raise OSError(f"tests use no network: connection to {address} refused")
        return connect(self, address)

    socket.socket.connect = local_only
    yield
    socket.socket.connect = connect


@pytest.fixture(scope="session")
def project() -> Path:
    """The checkout."""
    return PROJECT


@pytest.fixture(scope="session")
def shared() -> Path:
    """Real samples and oracles kept outside the repository; the test is skipped where they are absent."""
    folder = PROJECT.parent / "shared"
    if not (folder / "samples").is_dir():
        pytest.skip(f"no {folder}/samples on this machine")
    return folder
