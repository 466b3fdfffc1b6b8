"""Two processes, uneven in samples and negatives, have the loss and gradients of one on the global batch.

One pair of gloo processes runs all cases: every loss term, kinds of negatives that one rank alone has, ranks
without any, truth across ranks, the hardest negatives, recomputed chunks, locked layers, three families of
towers; each by DDP without a search for unused parameters, and by Lightning's ModelParallelStrategy (FSDP2).
"""

import functools
import importlib.util
import os
import pickle
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from configs.geoclip import NegativesConfig
from configs.objective import ObjectiveConfig, Part
from data.scene.pairs import true_pairs
from geoclip.collate import ContrastiveTransform
from geoclip.depth import lock
from geoclip.towers import load_encoder, make_clip

HERE = Path(__file__).parent
SUM = {"in_batch": 1.0, "text": 0.5, "image": 2.0}
EVERY = {**SUM, "joint": 0.5, "joint_own": 0.25}
SIGMOID = {"sigmoid_text": 1.0, "sigmoid_image": 0.5, "sigmoid_in_batch": 0.3}
# name: family, weights, samples, how many of them rank 0 has, rows per recomputed chunk
CASES = {
    "in_batch": ("clip", {"in_batch": 1.0}, "ragged", 4, 0),
    "text": ("clip", {"text": 1.0}, "half", 2, 0),
    "image": ("clip", {"image": 1.0}, "ragged", 5, 0),
    "sum": ("clip", SUM, "ragged", 9, 0),
    "joint": ("clip", {"joint": 1.0}, "ragged", 5, 0),
    "joint_own": ("clip", {"joint_own": 1.0}, "ragged", 5, 0),
    "scenes": ("clip", {"in_batch": 1.0, "joint": 0.5, "joint_own": 0.5}, "scenes", 5, 0),
    "one sample on a rank": ("clip", EVERY, "ragged", 1, 0),
    "captions here, pictures there": ("clip", EVERY, "apart", 3, 0),
    "negatives on one rank": ("clip", EVERY, "lonely", 2, 0),
    "own negatives on one rank": ("clip", {"text": 1.0, "image": 0.5}, "lonely", 2, 0),
    "no negatives": ("clip", {"text": 1.0, "image": 1.0}, "bare", 2, 0),
    "chunks": ("clip", EVERY, "ragged", 2, 2),
    "chunks of scenes": ("clip", {"in_batch": 1.0}, "scenes", 9, 3),
    "altclip": ("altclip", EVERY, "ragged", 5, 0),
    "hardest": ("clip", {"in_batch": 1.0, "text": 1.0, "image": 1.0}, "ragged", 5, 0),
    "locked": ("locked", SUM, "ragged", 9, 0),
    "altclip, chunks": ("altclip", EVERY, "ragged", 10, 3),
    "sigmoid_text": ("siglip", {"sigmoid_text": 1.0}, "ragged", 4, 0),
    "sigmoid_image": ("siglip", {"sigmoid_image": 1.0}, "ragged", 7, 0),
    "sigmoid_in_batch": ("siglip", {"sigmoid_in_batch": 1.0}, "ragged", 5, 0),
    "sigmoid": ("siglip", SIGMOID, "apart", 3, 0),
    "sigmoid, chunks": ("siglip", SIGMOID, "lonely", 2, 2),
}
HARDEST = NegativesConfig(rule=1, retrieval=1, image=1, choose="hardest")


def worker():
    spec = importlib.util.spec_from_file_location("two_ranks", HERE / "two_ranks.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def samples(ragged, scenes, make_sample):
    def with_negatives(*counts):
        return [make_sample(i, rule=r, retrieval=t, image=m) for i, (r, t, m) in enumerate(counts)]

    return {
        "ragged": ragged,
        "half": ragged[1:6],  # of the two samples of rank 0 one has no negatives
        # One foreign sample in each rank's part: of it nothing but the caption is known.
        "scenes": [ragged[0], *scenes[:10], ragged[1]],
        "apart": with_negatives((2, 1, 0), (0, 3, 0), (1, 0, 0), (0, 0, 2), (0, 0, 1)),
        "lonely": with_negatives((0, 0, 0), (0, 0, 0), (2, 1, 3), (0, 0, 0), (1, 1, 1)),
        "bare": with_negatives(*[(0, 0, 0)] * 5),
    }


@pytest.fixture(scope="module")
def job(shape, samples, altclip_folder, siglip_folder):
    torch.manual_seed(0)
    encoders = {
        "clip": make_clip(shape).double(),
        "locked": make_clip(shape).double(),
        "altclip": load_encoder(altclip_folder).double(),
        "siglip": load_encoder(siglip_folder).double(),
    }
    lock(encoders["locked"], {"vision": 1, "text": "all"})
    cases = {}
    for name, (family, weights, of, first, rows) in CASES.items():
        transform = ContrastiveTransform(encoders[family], NegativesConfig(), "truncate")
        items = [transform(sample) for sample in samples[of]]
        part = Part(ObjectiveConfig(**weights), HARDEST if name == "hardest" else NegativesConfig())
        cases[name] = (family, part, (items[:first], items[first:]), rows)
    return {"encoders": encoders, "cases": cases}


@pytest.fixture(scope="module")
def run_ranks(job, project, tmp_path_factory):
    """What both ranks found by one strategy."""

    @functools.cache
    def run(strategy):
        folder = tmp_path_factory.mktemp(strategy)
        (folder / "job.pkl").write_bytes(pickle.dumps(job))
        env = {**os.environ, "PYTHONPATH": str(project), "OMP_NUM_THREADS": "1"}
        command = [sys.executable, str(HERE / "two_ranks.py")]
        ranks = [
            subprocess.Popen([*command, str(rank), str(folder), strategy], env=env, cwd=project)
            for rank in (0, 1)
        ]
        try:
            assert [rank.wait(timeout=120) for rank in ranks] == [0, 0]
        finally:
            for rank in ranks:
                rank.kill()  # the other one waits for a rank that failed
        return [torch.load(folder / f"found-{rank}.pt", weights_only=False) for rank in (0, 1)]

    return run


@pytest.fixture(scope="module")
def alone(job):
    """Loss and gradients of every case in one process, without chunks."""
    return {
        name: worker().step(job["encoders"][family], part, halves[0] + halves[1])
        for name, (family, part, halves, _) in job["cases"].items()
    }


@pytest.mark.parametrize("strategy", ["ddp", pytest.param("fsdp", marks=pytest.mark.slow)])
@pytest.mark.parametrize("name", CASES)
def test_two_uneven_ranks_equal_one_process(alone, run_ranks, name, strategy):
    loss, grads = alone[name]
    found = [rank[name] for rank in run_ranks(strategy)]
    losses = [rank[0] for rank in found]
    assert loss.dtype == torch.float64
    torch.testing.assert_close(torch.stack(losses).mean(), loss, rtol=1e-9, atol=1e-9)
    for _, theirs in found:
        assert theirs.keys() == grads.keys()
        for parameter, grad in grads.items():
            torch.testing.assert_close(theirs[parameter], grad, rtol=1e-6, atol=1e-9, msg=parameter)
    if name == "no negatives":
        assert loss == 0
        assert not any(grad.any() for grad in grads.values())
    else:
        assert losses[0] != losses[1]  # the halves do differ
        assert any(grad.abs().max() > 1e-3 for grad in grads.values())


def test_locked_layers_have_no_gradient(alone):
    grads = alone["locked"][1]
    assert not [name for name in grads if "text_model" in name or "layers.0" in name or "embeddings" in name]
    assert any("vision_model.encoder.layers.1" in name for name in grads)


def test_some_pairs_of_the_scenes_are_true_across_ranks(job):
    first, second = job["cases"]["scenes"][2]
    pairs = true_pairs([item.told for item in first + second]).tolist()
    assert [pair for pair in pairs if (pair[0] < len(first)) != (pair[1] < len(first))]
    assert [pair for pair in pairs if pair[::-1] not in pairs]


@pytest.mark.parametrize("name", ["in_batch", "sum"])
def test_accumulated_halves_are_another_loss_and_recomputed_chunks_the_same(job, alone, name):
    """Why trainer.accumulate_grad_batches is refused, and what is offered in its place."""
    family, part, halves, _ = job["cases"][name]
    encoder, (loss, whole) = job["encoders"][family], alone[name]
    of_halves = [worker().step(encoder, part, half) for half in halves]
    off = max(
        float((0.5 * (of_halves[0][1][p] + of_halves[1][1][p]) - grad).norm() / grad.norm())
        for p, grad in whole.items()
        if grad.norm() > 1e-6
    )
    assert off > 0.3
    chunked_loss, chunked = worker().step(encoder, part, halves[0] + halves[1], recompute_rows=2)
    torch.testing.assert_close(chunked_loss, loss, rtol=1e-12, atol=0)
    for parameter, grad in whole.items():
        torch.testing.assert_close(chunked[parameter], grad, rtol=1e-6, atol=1e-12, msg=parameter)


def test_rows_of_uneven_ranks_are_gathered_with_gradient(run_ranks):
    found = run_ranks("ddp")
    rows = torch.arange(6.0).view(3, 2)
    for gathered, sizes, _ in (rank["gather"] for rank in found):
        assert torch.equal(gathered, rows)
        assert sizes == [0, 3]
    assert found[0]["gather"][2].shape == (0, 2)
    assert torch.equal(
        found[1]["gather"][2], torch.full((3, 2), 3.0)
    )  # wanted once by rank 0, twice by rank 1


def test_all_ranks_stop_when_one_loss_is_not_a_number(run_ranks, job):
    found = run_ranks("ddp")
    halves = job["cases"]["text"][2]
    for rank in (0, 1):
        assert "at step 7" in found[rank]["nan"]
        assert all(item.key in found[rank]["nan"] for item in halves[rank])
