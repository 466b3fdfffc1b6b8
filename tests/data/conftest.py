"""Tiny samples and shard folders; the grey value of a picture tells which sample it belongs to."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest
from hypothesis import settings

from data.images import encode
from data.sample import Edit, Negative, Sample
from data.shards import write_shards

settings.register_profile("data", deadline=None, max_examples=40, derandomize=True)  # shared machines stall
settings.load_profile("data")


def make_sample(i: int, texts: int = 1, pictures: int = 1, **fields) -> Sample:
    images = {"png": encode(np.full((8, 8), i % 256, np.uint8))}
    edits = (Edit("letters", f"AB = {i}", f"BA = {i}"),)
    negatives = [Negative("rule", f"Not figure {i}.{n}", None, edits, "false", 2.0) for n in range(texts)]
    for n in range(pictures):
        images[f"neg{n:02d}.png"] = encode(np.full((8, 8), 255 - i % 256, np.uint8))
        negatives.append(Negative("image", None, f"neg{n:02d}.png", edits, "false", 1.5))
    values = {"caption": f"Figure {i} shows △ABC, where AB = {i}.", "source": "test"}
    values |= {"key": f"{i:06d}", "images": images, "negatives": tuple(negatives)}
    return Sample(**(values | fields))


@pytest.fixture(scope="session")
def sample():
    """The factory of samples."""
    return make_sample


@pytest.fixture(scope="session")
def write():
    """The writer of folders: ``write(path, count, shard_size)`` or ``write(path, samples, shard_size)``."""

    def write(path, samples, shard_size=4, **meta):
        if isinstance(samples, int):
            samples = [make_sample(i) for i in range(samples)]
        write_shards(samples, path, name="tiny", shard_size=shard_size, meta={"recipe": {}, **meta})
        return path

    return write


@pytest.fixture(scope="session")
def folder(write, tmp_path_factory):
    """Forty samples in ten shards of four; read-only."""
    return write(tmp_path_factory.mktemp("shards") / "forty", 40)


def load(name):
    """Load a helper of the scene tests by its path; tests are no packages."""
    spec = importlib.util.spec_from_file_location(
        f"scene_{name}", Path(__file__).with_name("scene") / f"{name}.py"
    )
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def brute():
    """The independent judge of facts, brute.py."""
    return load("brute")


@pytest.fixture(scope="session")
def sketches():
    """Figures made by hand that have, between them, everything a figure can have; sketches.py."""
    return load("sketches").SKETCHES


@pytest.fixture(scope="session")
def read_caption():
    """The reader that turns a caption back into facts, reader.py."""
    return load("reader").read_caption


@pytest.fixture(scope="session")
def judge():
    """``judge(scene)`` reads worked answers clause by clause, clauses.py."""
    brute, judge = load("brute"), load("clauses").Judge
    return lambda scene: judge(brute, scene)


@pytest.fixture(scope="session")
def answers():
    """The reader of questions that answers them again, answers.py."""
    return load("answers")
