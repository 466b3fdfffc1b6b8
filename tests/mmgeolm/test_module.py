import json
import math

import pytest
import torch
from torch.nn import functional as F
from torch.utils.data import DataLoader

from configs.trainer import build_trainer
from configs.training import OptimConfig, TrainerConfig
from data.sample import parse_sample
from mmgeolm.collate import ChatCollate, ChatTransform
from mmgeolm.module import MmgeolmModule

# Frozen parts are in eval mode on purpose, and not every run validates.
pytestmark = [
    pytest.mark.filterwarnings(r"ignore:.*module\(s\) in eval mode"),
    pytest.mark.filterwarnings("ignore:.*have no `val_dataloader`"),
]
ANSWERS = ["12", "It is 12 and AB ∥ CD.", "Yes", "The length is 4, so D lies on BC."]


@pytest.fixture
def batches(lmm, png):
    """Make batches of the given sizes from four samples with answers of very different length."""
    transform, collate = (
        ChatTransform(lmm[1], "sft", 200),
        ChatCollate(lmm[1].tokenizer.pad_token_id),
    )
    items = []
    for n, answer in enumerate(ANSWERS):
        content = [{"type": "image"}, {"type": "text", "text": "What is AB?"}]
        chat = [{"role": "user", "content": content}, {"role": "assistant", "content": answer}]
        record = json.dumps({"caption": "x", "messages": chat}).encode()
        items.append(transform(parse_sample(f"s{n}", {"json": record, "png": png(shade=60 * n)})))

    def make(*sizes):
        at, made = 0, []
        for size in sizes:
            keys = [f"s{n}" for n in range(at, at + size)]
            made.append({**collate(items[at : at + size]), "keys": keys})
            at += size
        return made

    return make


def fit(module, batches, tmp_path, val=None, **options):
    cfg = TrainerConfig(
        run_dir=str(tmp_path),
        accelerator="cpu",
        devices=1,
        progress=False,
        log_every_steps=1,
        **{"gradient_clip_val": 0.0, "precision": "64-true", **options},
    )
    loaders = [DataLoader(part, batch_size=None) if part else None for part in (batches, val)]
    build_trainer(cfg).fit(module, *loaders)
    return module


class Recorded(MmgeolmModule):
    """Keeps the gradient of the last step as the optimiser sees it."""

    def on_before_optimizer_step(self, optimizer):
        super().on_before_optimizer_step(optimizer)
        self.seen = {name: p.grad.clone() for name, p in self.named_parameters() if p.grad is not None}


@pytest.mark.parametrize("sizes", [(4,), (1, 3), (2, 1, 1)])
def test_accumulated_batches_have_the_gradient_of_one_large_batch(lmm, batches, optim, tmp_path, sizes):
    module = Recorded(lmm[0].double(), "sft", optim)
    (whole,) = batches(4)
    output = module.model(**{k: v for k, v in whole.items() if k not in ("keys", "labels")})
    targets = whole["labels"][:, 1:]
    loss = F.cross_entropy(output.logits[:, :-1].flatten(0, 1), targets.flatten())  # a mean over all tokens
    loss.backward()
    expected = {name: p.grad.clone() for name, p in module.named_parameters() if p.grad is not None}
    module.zero_grad()
    fit(module, batches(*sizes), tmp_path, accumulate_grad_batches=len(sizes), max_steps=1)
    assert module.seen.keys() == expected.keys()
    for name, gradient in module.seen.items():
        torch.testing.assert_close(gradient, expected[name], rtol=1e-4, atol=1e-8)  # norms are float32 inside


def changed(module, before):
    return {name for name, value in module.state_dict().items() if not torch.equal(value, before[name])}


def snapshot(module):
    return {name: value.clone() for name, value in module.state_dict().items()}


def test_align_changes_the_adapter_and_nothing_else(lmm, batches, optim, tmp_path):
    module = MmgeolmModule(lmm[0].double(), "align", optim)
    before = snapshot(module)
    fit(module, batches(4), tmp_path)
    adapter = {name for name in before if "multi_modal_projector" in name}
    assert changed(module, before) == adapter
    assert len(adapter) == 4


def test_sft_changes_adapter_and_lm_and_keeps_a_frozen_tower(lmm, batches, optim, tmp_path):
    module = MmgeolmModule(lmm[0].double(), "sft", optim, freeze_tower=True)
    before = snapshot(module)
    fit(module, batches(4), tmp_path)
    assert changed(module, before) == {name for name in before if "vision_tower" not in name}


def test_an_open_tower_learns_up_to_the_layer_that_is_read(lmm, batches, optim, tmp_path):
    module = Recorded(lmm[0].double(), "sft", optim, freeze_tower=False)
    fit(module, batches(4), tmp_path)
    trainable = {name for name, p in module.named_parameters() if p.requires_grad}
    assert set(module.seen) == trainable  # a parameter without gradient would stall DDP
    assert any("vision_tower.encoder.layers.1." in name for name in trainable)
    behind = ("layers.2.", "post_layernorm", "vision_tower.head")
    assert not [name for name in trainable if "vision_tower" in name and any(part in name for part in behind)]


def test_frozen_parts_stay_in_eval_mode(lmm, optim):
    align = MmgeolmModule(lmm[0], "align", optim).train()
    parts = align.model.model
    assert (parts.vision_tower.training, parts.language_model.training) == (False, False)
    assert parts.multi_modal_projector.training
    sft = MmgeolmModule(lmm[0], "sft", optim).train()
    assert (parts.vision_tower.training, parts.language_model.training) == (False, True)
    assert not sft.eval().model.model.multi_modal_projector.training


def test_a_loss_that_is_not_finite_stops_and_names_the_samples(lmm, batches, optim, tmp_path):
    module = MmgeolmModule(lmm[0].double(), "align", optim)
    with torch.no_grad():
        module.model.model.multi_modal_projector.linear_1.weight[0, 0] = float("nan")
    with pytest.raises(ValueError, match=r"step 0: loss is nan with the samples s0, s1; lower optim\.lr"):
        fit(module, batches(2, 2), tmp_path)


def test_a_gradient_that_is_not_finite_stops_before_the_weights_change(lmm, batches, optim, tmp_path):
    module = MmgeolmModule(lmm[0].double(), "align", optim)
    before = snapshot(module)
    weight = module.model.model.multi_modal_projector.linear_2.weight
    weight.register_hook(lambda gradient: gradient * float("inf"))
    with pytest.raises(
        ValueError, match=r"step 0: gradient norm is (inf|nan) with the samples s0, s1, s2, s3"
    ):
        fit(module, batches(4), tmp_path)
    assert changed(module, before) == set()


def test_what_was_spent_counts_samples_tokens_and_seconds(lmm, batches, optim, tmp_path):
    module = MmgeolmModule(lmm[0].double(), "align", optim)
    tokens = sum(int((batch["labels"] != -100).sum()) for batch in batches(4))
    fit(module, batches(1, 3), tmp_path, max_epochs=2)
    assert module.spent["samples"] == 8
    assert module.spent["tokens"] == 2 * tokens
    assert module.spent["seconds"] > 0


def test_validation_loss_is_the_mean_over_tokens_not_over_batches(lmm, batches, optim, tmp_path):
    module = MmgeolmModule(lmm[0].double(), "align", optim)
    fit(module, batches(4), tmp_path, val=batches(1, 3))
    module.eval()
    with torch.no_grad():
        loss, tokens = module.loss(batches(4)[0])
    assert module.trainer.callback_metrics["val/loss"].item() == pytest.approx(loss.item() / tokens, rel=1e-6)


@pytest.mark.parametrize("lmm_folder", ["clip-qwen2"], indirect=True)
def test_an_lmm_learns_to_answer_by_what_it_sees(lmm, batches, tmp_path):
    module = MmgeolmModule(lmm[0], "sft", OptimConfig(lr=1e-2))
    fit(module, batches(4) * 100, tmp_path, precision="32-true", gradient_clip_val=1.0)
    loss, _ = module.loss(batches(4)[0])
    # The questions are equal: who does not see cannot go below 4 ln(4), the choice of the answer's beginning.
    assert loss.item() < 0.5 * 4 * math.log(4)
