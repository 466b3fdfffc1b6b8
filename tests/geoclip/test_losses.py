import json

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from geoclip.losses import (
    contrast,
    hard_negative_info_nce,
    has_negatives,
    info_nce,
    joint_info_nce,
    owners,
    sigmoid_hard_negative,
    sigmoid_in_batch,
)


def unit(rows):
    return rows / rows.norm(dim=-1, keepdim=True)


def offsets_of(counts):
    return torch.tensor([0, *counts]).cumsum(0)


def draw(counts, dim=8, seed=0, dtype=torch.float64):
    """Anchors, positives, negatives and offsets."""
    generator = torch.Generator().manual_seed(seed)
    sizes = (len(counts), len(counts), sum(counts))
    rows = [unit(torch.randn(size, dim, generator=generator, dtype=dtype)) for size in sizes]
    return *rows, offsets_of(counts)


@pytest.fixture(params=[torch.float64, torch.float32])
def dtype(request):
    return request.param


@pytest.fixture(params=["A", "B"])
def case(request, shared, dtype):
    path = shared / "samples" / "losses.json"
    if not path.is_file():
        pytest.skip(f"no {path}")
    case = next(c for c in json.loads(path.read_text())["cases"] if c["name"] == request.param)
    rng = np.random.Generator(np.random.PCG64(case["seed"]))
    sizes = (case["n"], case["n"], sum(case["text_counts"]), sum(case["image_counts"]))
    raw = [torch.from_numpy(rng.standard_normal((m, case["d"]))).to(dtype) for m in sizes]
    raw[0].requires_grad_()
    log_scale = torch.tensor(np.log(case["scale"]), dtype=dtype, requires_grad=True)
    features = [row / row.norm(dim=1, keepdim=True) if len(row) else row for row in raw]
    offsets = offsets_of(case["text_counts"]), offsets_of(case["image_counts"])
    return case["expected"], raw[0], features, offsets, log_scale, case["bias"]


def test_every_loss_equals_the_independent_oracle(case, dtype):
    expected, raw, (image, text, text_neg, image_neg), (text_at, image_at), log_scale, bias = case
    scale = log_scale.exp()
    text_loss = hard_negative_info_nce(image, text, text_neg, text_at, scale)
    image_loss = hard_negative_info_nce(text, image, image_neg, image_at, scale)
    in_batch = info_nce(image, text, scale)
    to_raw, to_scale = torch.autograd.grad(text_loss, (raw, log_scale), retain_graph=True)
    found = {
        "in_batch(sum)": in_batch,
        "in_batch(average)": in_batch / 2,
        "text_neg(none)": hard_negative_info_nce(image, text, text_neg, text_at, scale, reduction="none"),
        "text_neg(mean)": text_loss,
        "text_neg(mean_all)": hard_negative_info_nce(
            image, text, text_neg, text_at, scale, reduction="mean_all"
        ),
        "image_neg(mean)": image_loss,
        "sigmoid_text(mean)": sigmoid_hard_negative(image, text, text_neg, text_at, scale, bias),
        "sigmoid_image(mean)": sigmoid_hard_negative(text, image, image_neg, image_at, scale, bias),
        "joint(all)": joint_info_nce(image, text, text_neg, text_at, scale),
        "joint(own)": joint_info_nce(image, text, text_neg, text_at, scale, own_only=True),
        "ib + text_neg + image_neg": in_batch + text_loss + image_loss,
        "d text_neg(mean)/d log_scale": to_scale,
        "|d text_neg(mean)/d image|_F": to_raw.norm(),
    }
    tolerance = 1e-6 if dtype == torch.float64 else 1e-4
    for name, value in found.items():
        want = torch.tensor(expected[name], dtype=torch.float64)
        torch.testing.assert_close(value.detach().double(), want, rtol=0, atol=tolerance, msg=name)


def test_gradients_equal_the_closed_form_of_the_text_loss():
    anchor, positive, negatives, offsets = draw([4])
    good = (anchor @ positive.T).flatten().requires_grad_()
    bad = (anchor @ negatives.T).flatten().requires_grad_()
    # Feed similarities through unit vectors that carry them: cos(e1, (s, sqrt(1 - s^2))) = s.
    axis = torch.tensor([[1.0, 0.0]], dtype=torch.float64)
    carry = lambda s: torch.stack([s, (1 - s**2).sqrt()], dim=1)  # noqa: E731
    hard_negative_info_nce(axis, carry(good), carry(bad), offsets, 1.0).backward()
    z = good.exp() + bad.exp().sum()
    torch.testing.assert_close(good.grad, -bad.exp().sum() / z)
    torch.testing.assert_close(bad.grad, bad.exp() / z)


def naive_hard_negative(anchor, positive, negatives, counts, scale):
    losses, at = [], 0
    for i, count in enumerate(counts):
        logits = [scale * anchor[i] @ positive[i]]
        logits += [scale * anchor[i] @ negatives[at + n] for n in range(count)]
        losses.append(-torch.log_softmax(torch.stack(logits), 0)[0])
        at += count
    return torch.stack(losses)


@settings(max_examples=40, deadline=None)
@given(
    counts=st.lists(st.integers(0, 5), min_size=1, max_size=6),
    scale=st.floats(0.1, 100),
    seed=st.integers(0, 1000),
)
def test_ragged_equals_a_loop_over_samples(counts, scale, seed):
    anchor, positive, negatives, offsets = draw(counts, seed=seed)
    rows = [anchor.requires_grad_(), positive.requires_grad_(), negatives.requires_grad_()]
    ours = hard_negative_info_nce(*rows, offsets, scale, reduction="none")
    theirs = naive_hard_negative(*rows, counts, scale)
    torch.testing.assert_close(ours, theirs, rtol=1e-9, atol=1e-12)
    for a, b in zip(
        torch.autograd.grad(ours.sum(), rows),
        torch.autograd.grad(theirs.sum(), rows, allow_unused=True),
        strict=True,
    ):
        torch.testing.assert_close(a, torch.zeros_like(a) if b is None else b, rtol=1e-7, atol=1e-9)


@settings(max_examples=25, deadline=None)
@given(counts=st.lists(st.integers(0, 4), min_size=2, max_size=5), seed=st.integers(0, 1000))
def test_order_of_samples_and_of_negatives_does_not_matter(counts, seed):
    anchor, positive, negatives, offsets = draw(counts, seed=seed)
    blocks = list(negatives.split(counts))
    back = torch.arange(len(counts) - 1, -1, -1)
    flipped = torch.cat([block.flip(0) for block in blocks[::-1]])
    args = (anchor[back], positive[back], flipped, offsets_of(counts[::-1]), 7.0)
    for loss in (hard_negative_info_nce, joint_info_nce):
        one = loss(anchor, positive, negatives, offsets, 7.0)
        torch.testing.assert_close(one, loss(*args))
    assert (hard_negative_info_nce(anchor, positive, negatives, offsets, 7.0, reduction="none") >= 0).all()


@pytest.mark.parametrize("loss", [hard_negative_info_nce, joint_info_nce])
def test_a_batch_without_negatives_has_a_live_graph(loss):
    anchor, positive, negatives, offsets = draw([0, 0])
    for rows in (anchor, positive, negatives):
        rows.requires_grad_()
    value = loss(anchor, positive, negatives, offsets, torch.tensor(5.0, requires_grad=True))
    value.backward()
    assert anchor.grad.isfinite().all()
    if loss is hard_negative_info_nce:
        assert value == 0
        assert not anchor.grad.any()
    else:
        torch.testing.assert_close(value, info_nce(anchor, positive, 5.0))


def test_the_sigmoid_loss_of_a_sample_without_negatives_is_its_positive_pair():
    anchor, positive, negatives, offsets = draw([0])
    value = sigmoid_hard_negative(anchor, positive, negatives, offsets, 3.0, -1.0)
    pair = 3.0 * (anchor * positive).sum() - 1.0
    torch.testing.assert_close(value, -torch.nn.functional.logsigmoid(pair))


def test_the_sigmoid_loss_of_a_batch_equals_a_loop_over_all_pairs():
    image, text, *_ = draw([0, 0, 0, 0])
    image.requires_grad_()
    true = torch.zeros(4, 4, dtype=torch.bool)
    true[0, 2] = true[3, 1] = True
    for ignore in (None, true, true | torch.eye(4, dtype=torch.bool)):
        total = torch.zeros((), dtype=torch.float64)
        for i in range(4):
            for j in range(4):
                sign = 1.0 if i == j else -1.0
                if i == j or ignore is None or not true[i, j]:
                    total = total + torch.log1p(torch.exp(-sign * (7.0 * image[i] @ text[j] - 3.0)))
        ours = sigmoid_in_batch(image, text, 7.0, -3.0, ignore=ignore)
        torch.testing.assert_close(ours, total / 4, rtol=1e-12, atol=1e-12)
        grads = [torch.autograd.grad(loss, image, retain_graph=True)[0] for loss in (ours, total / 4)]
        torch.testing.assert_close(*grads, rtol=1e-10, atol=1e-12)


def test_negatives_equal_to_the_positive_are_masked_out():
    anchor, positive, negatives, offsets = draw([2, 3])
    doubled = torch.cat([negatives[:2], positive[:1], negatives[2:]])
    ignore = torch.tensor([False, False, True, False, False, False])
    with_mask = hard_negative_info_nce(anchor, positive, doubled, offsets_of([3, 3]), 9.0, ignore=ignore)
    torch.testing.assert_close(with_mask, hard_negative_info_nce(anchor, positive, negatives, offsets, 9.0))
    sigmoid = sigmoid_hard_negative(anchor, positive, doubled, offsets_of([3, 3]), 9.0, -9.0, ignore=ignore)
    without = sigmoid_hard_negative(anchor, positive, negatives, offsets, 9.0, -9.0)
    torch.testing.assert_close(sigmoid, without)


def test_a_sample_whose_negatives_are_all_masked_counts_as_one_without():
    anchor, positive, negatives, offsets = draw([2, 1])
    anchor.requires_grad_()
    ignore = torch.tensor([True, True, False])
    losses = hard_negative_info_nce(
        anchor, positive, negatives, offsets, 9.0, reduction="none", ignore=ignore
    )
    assert losses[0] == 0
    mean = hard_negative_info_nce(anchor, positive, negatives, offsets, 9.0, ignore=ignore)
    torch.testing.assert_close(mean, losses[1])
    assert has_negatives(offsets, 3, ignore).tolist() == [False, True]
    everything = hard_negative_info_nce(anchor, positive, negatives, offsets, 9.0, ignore=ignore | True)
    everything.backward()
    assert everything == 0
    assert not anchor.grad.any()


def test_true_pairs_of_the_batch_are_masked_out():
    image, text, *_ = draw([0, 0, 0])
    text[2] = text[0]
    same = torch.tensor([[0, 0, 1], [0, 0, 0], [1, 0, 0]], dtype=torch.bool)
    value = info_nce(image, text, 8.0, reduction="none", ignore=same)
    logits = 8.0 * image @ text.T
    rows = -torch.log_softmax(logits[0, :2], 0)[0] - torch.log_softmax(logits[:2, 0], 0)[0]
    torch.testing.assert_close(value[0], rows)
    # A mask over the pair itself is not obeyed: the positive always counts.
    torch.testing.assert_close(
        value, info_nce(image, text, 8.0, reduction="none", ignore=same | torch.eye(3).bool())
    )


def test_joint_masks_negatives_that_are_true_of_an_image():
    image, text, negatives, offsets = draw([1, 1])
    hide = torch.tensor([[False, True], [False, False]])
    value = joint_info_nce(image, text, negatives, offsets, 4.0, reduction="none", ignore_negatives=hide)
    logits = 4.0 * image @ torch.cat([text, negatives[:1]]).T
    column = -torch.log_softmax(4.0 * image @ text[0], 0)[0]
    torch.testing.assert_close(value[0], -torch.log_softmax(logits[0], 0)[0] + column)


@pytest.mark.parametrize("gap", [1e-3, 1.0, 2.0])
def test_no_overflow_and_no_lost_digits_at_the_largest_scale(gap):
    anchor = torch.tensor([[1.0, 0.0]])
    other = torch.tensor([[1 - gap, (1 - (1 - gap) ** 2) ** 0.5]])
    offsets = torch.tensor([0, 1])
    hit = hard_negative_info_nce(anchor, anchor, other, offsets, 100.0)
    miss = hard_negative_info_nce(anchor, other, anchor, offsets, 100.0)
    exact = np.log1p(np.exp(-100.0 * gap))
    assert float(hit) == pytest.approx(exact, rel=1e-4)
    assert float(miss) == pytest.approx(100.0 * gap + exact, rel=1e-4)


def test_similarity_is_full_precision_inside_autocast():
    anchor, positive, negatives, offsets = draw([3, 4], dim=64, dtype=torch.float32)
    outside = [info_nce(anchor, positive, 50.0), joint_info_nce(anchor, positive, negatives, offsets, 50.0)]
    with torch.autocast("cpu", dtype=torch.bfloat16):
        inside = [
            info_nce(anchor, positive, 50.0),
            joint_info_nce(anchor, positive, negatives, offsets, 50.0),
        ]
    assert [float(v) for v in inside] == [float(v) for v in outside]
    assert info_nce(anchor.bfloat16(), positive.bfloat16(), 50.0).dtype == torch.float32


def test_not_a_number_is_not_hidden():
    anchor, positive, negatives, offsets = draw([2, 2])
    negatives[3, 0] = torch.nan
    losses = hard_negative_info_nce(anchor, positive, negatives, offsets, 5.0, reduction="none")
    assert losses.isfinite().tolist() == [True, False]
    anchor[0, 0] = torch.nan
    assert info_nce(anchor, positive, 5.0).isnan()


def test_one_direction_over_more_keys_than_queries():
    query, _, keys, _ = draw([3, 2])
    value = contrast(query, keys, torch.tensor([4, 0]), 6.0)
    expected = torch.nn.functional.cross_entropy(6.0 * query @ keys.T, torch.tensor([4, 0]), reduction="none")
    torch.testing.assert_close(value, expected)


@pytest.mark.parametrize(
    ("offsets", "says"),
    [
        ([0, 2], r"shape \(2,\); expected \(3,\)"),
        ([0, 3, 2], "must rise"),
        ([0, 1, 5], "number of negatives, 3"),
    ],
)
def test_wrong_offsets_are_refused(offsets, says):
    with pytest.raises(ValueError, match=says):
        owners(torch.tensor(offsets), 2, 3)


def test_wrong_shapes_and_reductions_are_refused():
    anchor, positive, negatives, offsets = draw([1, 2])
    with pytest.raises(ValueError, match="not allowed"):
        info_nce(anchor, positive, 1.0, reduction="sum")
    with pytest.raises(ValueError, match=r"expected \[B, D\] twice"):
        info_nce(anchor, positive[:1], 1.0)
    with pytest.raises(ValueError, match=r"negatives have shape"):
        hard_negative_info_nce(anchor, positive, negatives[:, :2], offsets, 1.0)
