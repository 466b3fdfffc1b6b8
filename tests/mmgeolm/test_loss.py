import pytest
import torch
from torch.nn import functional as F
from torch.utils._python_dispatch import TorchDispatchMode

from mmgeolm.loss import IGNORE, chunked_cross_entropy, next_token_targets

T, D, V = 23, 8, 50


@pytest.fixture
def case():
    hidden = torch.randn(T, D, dtype=torch.float64, requires_grad=True)
    weight = torch.randn(V, D, dtype=torch.float64, requires_grad=True)
    return hidden, weight, torch.randint(V, (T,))


@pytest.mark.parametrize("chunk", [1, 7, 23, 1000])
def test_value_and_gradients_equal_the_plain_loss(case, chunk):
    hidden, weight, targets = case
    plain = F.cross_entropy(hidden @ weight.T, targets, reduction="sum")
    expected = torch.autograd.grad(plain, (hidden, weight))
    loss = chunked_cross_entropy(hidden, weight, targets, chunk)
    torch.testing.assert_close(loss, plain)
    torch.testing.assert_close(torch.autograd.grad(loss, (hidden, weight)), expected)


def test_two_equal_logits_cost_ln_2():
    loss = chunked_cross_entropy(torch.ones(3, 1), torch.ones(2, 1), torch.tensor([0, 1, 0]))
    assert loss.item() == pytest.approx(3 * 0.6931472)


def test_no_target_gives_zero_with_a_live_graph(case):
    hidden, weight, targets = case
    loss = chunked_cross_entropy(hidden[:0], weight, targets[:0])
    loss.backward()
    assert loss.item() == 0
    assert torch.equal(weight.grad, torch.zeros_like(weight))


class Largest(TorchDispatchMode):
    """Remembers the largest tensor any operator returned."""

    numel = 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        result = func(*args, **(kwargs or {}))
        for value in result if isinstance(result, tuple | list) else [result]:
            if isinstance(value, torch.Tensor):
                self.numel = max(self.numel, value.numel())
        return result


def test_logits_of_the_whole_batch_never_exist():
    hidden = torch.randn(64, 4, requires_grad=True)
    weight = torch.randn(100, 4, requires_grad=True)
    targets = torch.randint(100, (64,))
    with Largest() as plain:
        F.cross_entropy(hidden @ weight.T, targets).backward()
    with Largest() as chunked:
        chunked_cross_entropy(hidden, weight, targets, chunk=8).backward()
    assert plain.numel == 64 * 100
    assert chunked.numel == 8 * 100


def test_half_precision_states_are_scored_in_float32():
    hidden, weight, targets = torch.randn(T, D), torch.randn(V, D), torch.randint(V, (T,))
    loss = chunked_cross_entropy(hidden.bfloat16(), weight.bfloat16(), targets)
    logits = (hidden.bfloat16() @ weight.bfloat16().T).float()
    assert loss.dtype == torch.float32
    torch.testing.assert_close(loss, F.cross_entropy(logits, targets, reduction="sum"))


def test_a_position_is_scored_against_the_token_that_follows_it():
    hidden = torch.arange(8.0).view(2, 4, 1)
    labels = torch.tensor([[IGNORE, IGNORE, 5, 6], [7, IGNORE, IGNORE, 8]])
    states, targets = next_token_targets(hidden, labels)
    assert states.flatten().tolist() == [1, 2, 6]
    assert targets.tolist() == [5, 6, 8]  # 7 is the first token, which nothing predicts
