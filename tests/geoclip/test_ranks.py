"""Two processes, uneven in samples and negatives, have the loss and gradients of one on the global batch."""

import importlib.util
import os
import pickle
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from configs.geoclip import NegativesConfig
from data.scene.pairs import true_pairs
from geoclip.collate import ContrastiveTransform
from geoclip.towers import make_clip

HERE = Path(__file__).parent
OBJECTIVES = {
    "in_batch": {"in_batch": 1.0},
    "text": {"text": 1.0},
    "image": {"image": 1.0},
    "sum": {"in_batch": 1.0, "text": 0.5, "image": 2.0},
    "joint": {"joint": 1.0},
    "joint_own": {"joint_own": 1.0},
    "scenes": {"in_batch": 1.0, "joint": 0.5, "joint_own": 0.5},
    "sigmoid": {"sigmoid_text": 1.0, "sigmoid_image": 0.5, "sigmoid_in_batch": 0.3},
    "hardest": {"in_batch": 1.0, "text": 1.0, "image": 1.0},
}
NEGATIVES = {"hardest": NegativesConfig(rule=1, retrieval=1, image=1, choose="hardest")}
# Rank 0 gets the first so many of twelve ragged samples; sample 1 alone has no negatives at all.
SPLITS = {"in_batch": (0, 4, 12), "sum": (0, 9, 12), "text": (1, 2, 6)}


def worker():
    spec = importlib.util.spec_from_file_location("two_ranks", HERE / "two_ranks.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def job(shape, ragged, scenes):
    torch.manual_seed(0)
    encoder = make_clip(shape).double()
    transform = ContrastiveTransform(encoder, NegativesConfig(), "truncate")
    cases = {}
    for name, weights in OBJECTIVES.items():
        # One foreign sample in each rank's part: of it nothing but the caption is known.
        samples = [ragged[0], *scenes[:10], ragged[1]] if name == "scenes" else ragged
        items = [transform(sample) for sample in samples]
        a, b, c = SPLITS.get(name, (0, 5, 12))
        cases[name] = (weights, (items[a:b], items[b:c]), NEGATIVES.get(name))
    return {"encoder": encoder, "cases": cases}


@pytest.fixture(scope="module")
def found(job, project, tmp_path_factory):
    folder = tmp_path_factory.mktemp("ranks")
    (folder / "job.pkl").write_bytes(pickle.dumps(job))
    env = {**os.environ, "PYTHONPATH": str(project), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, str(HERE / "two_ranks.py")]
    ranks = [subprocess.Popen([*command, str(rank), str(folder)], env=env, cwd=project) for rank in (0, 1)]
    assert [rank.wait(timeout=600) for rank in ranks] == [0, 0]
    return [torch.load(folder / f"found-{rank}.pt", weights_only=False) for rank in (0, 1)]


@pytest.mark.parametrize("name", OBJECTIVES)
def test_two_uneven_ranks_equal_one_process(job, found, name):
    weights, halves, negatives = job["cases"][name]
    loss, grads = worker().step(job["encoder"], weights, halves[0] + halves[1], negatives)
    losses = [rank[name][0] for rank in found]
    torch.testing.assert_close(torch.stack(losses).mean(), loss, rtol=1e-9, atol=1e-9)
    assert losses[0] != losses[1]  # the halves do differ
    for rank in found:
        assert rank[name][1].keys() == grads.keys()
        for parameter, grad in grads.items():
            torch.testing.assert_close(rank[name][1][parameter], grad, rtol=1e-6, atol=1e-9)
    assert any(grad.abs().max() > 1e-3 for grad in grads.values())


def test_two_ranks_with_locked_layers_equal_one_process(job, found):
    loss, grads = worker().locked_step(job["encoder"], *job["cases"]["sum"], None)
    torch.testing.assert_close(torch.stack([rank["locked"][0] for rank in found]).mean(), loss)
    assert not [name for name in grads if "text_model" in name or "layers.0" in name or "embeddings" in name]
    assert any("vision_model.encoder.layers.1" in name for name in grads)
    for rank in found:
        assert rank["locked"][1].keys() == grads.keys()
        for parameter, grad in grads.items():
            torch.testing.assert_close(rank["locked"][1][parameter], grad, rtol=1e-6, atol=1e-9)


def test_some_pairs_of_the_scenes_are_true_across_ranks(job):
    first, second = job["cases"]["scenes"][1]
    pairs = true_pairs([item.told for item in first + second]).tolist()
    assert [pair for pair in pairs if (pair[0] < len(first)) != (pair[1] < len(first))]
    assert [pair for pair in pairs if pair[::-1] not in pairs]


def test_rows_of_uneven_ranks_are_gathered_with_gradient(found):
    rows = torch.arange(6.0).view(3, 2)
    for gathered, sizes, _ in (rank["gather"] for rank in found):
        assert torch.equal(gathered, rows)
        assert sizes == [0, 3]
    assert found[0]["gather"][2].shape == (0, 2)
    assert torch.equal(
        found[1]["gather"][2], torch.full((3, 2), 3.0)
    )  # wanted once by rank 0, twice by rank 1


def test_all_ranks_stop_when_one_loss_is_not_a_number(found, job):
    halves = job["cases"]["text"][1]
    for rank in (0, 1):
        assert "at step 7" in found[rank]["nan"]
        assert all(item.key in found[rank]["nan"] for item in halves[rank])
