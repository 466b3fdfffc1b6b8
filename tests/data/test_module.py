"""The data module under a real Lightning trainer: kill, resume, several ranks, validation, skips."""

import json

import lightning
import pytest
import torch
from lightning.pytorch.callbacks import ModelCheckpoint

from configs.data import LoaderConfig
from data.images import decode
from data.index import INDEX
from data.module import ShardDataModule
from data.sample import SampleError


def transform(sample):
    return decode(sample.image).float().flatten() / 255


def collate(items):
    return {"x": torch.stack(items)}


class Tiny(lightning.LightningModule):
    """Learns something that depends on every sample's place in the order; writes down the keys it gets."""

    def __init__(self, log, fail_at=None):
        super().__init__()
        torch.manual_seed(0)
        self.net = torch.nn.Sequential(torch.nn.Linear(64, 4), torch.nn.Tanh(), torch.nn.Linear(4, 1))
        self.log_file, self.fail_at, self.steps = log, fail_at, 0

    def write(self, name, batch):
        with open(f"{self.log_file}.{name}{self.global_rank}", "a") as file:
            file.write(json.dumps(batch["keys"]) + "\n")

    def training_step(self, batch, index):
        if self.steps == self.fail_at:
            raise RuntimeError("killed")
        self.steps += 1
        self.write("train", batch)
        return ((self.net(batch["x"]) - 0.3) ** 2).mean()

    def validation_step(self, batch, index):
        self.write("val", batch)

    def configure_optimizers(self):
        return torch.optim.Adam(self.parameters(), 0.05)


def seen(log, name="train", rank=0):
    with open(f"{log}.{name}{rank}") as file:
        return [json.loads(line) for line in file]


def module(folder, val=None, **options):
    values = {"shards": [str(folder)], "batch_size": 4, "num_workers": 0, "seed": 1} | options
    train = LoaderConfig(**values)
    return ShardDataModule(train, val and LoaderConfig(**(values | val)), transform, collate)


def trainer(root, every=None, on_exception=False, **options):
    keep = {"every_n_train_steps": every, "save_top_k": -1, "save_on_exception": on_exception}
    save = ModelCheckpoint(root, filename="{step}", **keep)
    quiet = {"logger": False, "enable_progress_bar": False, "enable_model_summary": False, "max_epochs": 2}
    local = {"accelerator": "cpu", "devices": 1, "use_distributed_sampler": False, "num_sanity_val_steps": 0}
    return lightning.Trainer(callbacks=[save], default_root_dir=root, **(quiet | local | options))


def fit(root, log, data, ckpt=None, fail_at=None, **options):
    model = Tiny(log, fail_at)
    trainer(root, **options).fit(model, data, ckpt_path=ckpt)
    return model


def test_batches_carry_keys_and_validation_reads_every_sample_once(folder, tmp_path):
    data = module(folder, val={"batch_size": 16, "limit": 37})
    fit(tmp_path, tmp_path / "log", data, max_epochs=1)
    assert len(seen(tmp_path / "log")) == 10
    assert [key for keys in seen(tmp_path / "log", "val") for key in keys] == [f"{i:06d}" for i in range(37)]


def test_it_works_without_a_trainer_and_without_validation(folder):
    data = module(folder)
    data.prepare_data()
    assert len(list(data.train_dataloader())) == 10
    assert data.val_dataloader() == []
    assert data.state_dict()["train"]["position"] == 40


@pytest.mark.parametrize(
    ("workers", "accumulate", "resume_at"),
    [(0, 1, 2), (0, 1, 6), (2, 2, 4), (0, 4, 1), (0, 4, 2)],
)
def test_a_killed_run_ends_like_an_uninterrupted_one(folder, tmp_path, workers, accumulate, resume_at):
    options = {"accumulate_grad_batches": accumulate, "every": resume_at}

    def data():
        return module(folder, num_workers=workers, limit=24)

    whole = fit(tmp_path / "a", tmp_path / "whole", data(), **options)
    batches = seen(tmp_path / "whole")
    assert len(batches) == 12
    # Optimiser steps of an epoch of six batches; Lightning steps on its last batch, too.
    per_epoch = -(-6 // accumulate)
    done = (resume_at // per_epoch) * 6 + (resume_at % per_epoch) * accumulate
    with pytest.raises(RuntimeError, match="killed"):
        fit(tmp_path / "b", tmp_path / "killed", data(), fail_at=done + 1, **options)
    ckpt = tmp_path / "b" / f"step={resume_at}.ckpt"
    again = fit(tmp_path / "c", tmp_path / "again", data(), ckpt, **options)
    assert seen(tmp_path / "killed")[:done] + seen(tmp_path / "again") == batches
    for name, weight in whole.state_dict().items():
        assert torch.equal(weight, again.state_dict()[name]), name


def test_the_batch_of_a_step_that_raised_is_read_again(folder, tmp_path):
    with pytest.raises(RuntimeError, match="killed"):
        fit(tmp_path, tmp_path / "killed", module(folder), fail_at=13, on_exception=True)
    ckpt = tmp_path / "step=13.ckpt"
    assert torch.load(ckpt, weights_only=True)["ShardDataModule"]["train"]["position"] == 12
    fit(tmp_path / "c", tmp_path / "again", module(folder), ckpt)
    fit(tmp_path / "a", tmp_path / "whole", module(folder))
    assert seen(tmp_path / "killed") + seen(tmp_path / "again") == seen(tmp_path / "whole")


def flat(batches):
    return [key for batch in batches for key in batch]


def together(log):
    """The order of samples over two ranks."""
    return [
        key
        for pair in zip(seen(log, rank=0), seen(log, rank=1), strict=True)
        for keys in pair
        for key in keys
    ]


@pytest.mark.parametrize("stop", [3, 5])
def test_a_run_of_two_ranks_goes_on_with_one(folder, tmp_path, stop):
    two = {"devices": 2, "strategy": "ddp_fork", "max_epochs": -1, "max_steps": stop, "every": stop}
    trainer(tmp_path, **two).fit(Tiny(tmp_path / "two"), module(folder))
    ckpt = tmp_path / f"step={stop}.ckpt"
    one = fit(tmp_path / "c", tmp_path / "one", module(folder), ckpt, accumulate_grad_batches=2)
    fit(tmp_path / "a", tmp_path / "whole", module(folder, batch_size=8))
    assert together(tmp_path / "two") + flat(seen(tmp_path / "one")) == flat(seen(tmp_path / "whole"))
    assert one.trainer.current_epoch == 2


@pytest.mark.parametrize("stop", [8, 9])
def test_one_rank_goes_on_with_two(folder, tmp_path, stop):
    with pytest.raises(RuntimeError, match="killed"):
        fit(tmp_path, tmp_path / "one", module(folder), fail_at=stop + 1, every=stop)
    pair = trainer(tmp_path / "b", devices=2, strategy="ddp_fork")
    pair.fit(Tiny(tmp_path / "two"), module(folder), ckpt_path=tmp_path / f"step={stop}.ckpt")
    fit(tmp_path / "a", tmp_path / "whole", module(folder))
    whole = flat(seen(tmp_path / "whole"))
    # After nine batches four samples are left, which no longer fill a batch of eight.
    assert together(tmp_path / "two") == whole[32 if stop == 8 else 40 :]


def test_an_epoch_that_two_ranks_ended_is_not_gone_on_with_by_one(folder, tmp_path):
    two = {"devices": 2, "strategy": "ddp_fork", "max_epochs": -1, "max_steps": 4, "every": 4}
    trainer(tmp_path, **two).fit(Tiny(tmp_path / "two"), module(folder, limit=38))  # six samples stay over
    one = fit(tmp_path / "c", tmp_path / "one", module(folder, limit=38), tmp_path / "step=4.ckpt")
    fit(tmp_path / "a", tmp_path / "whole", module(folder, limit=38))
    assert seen(tmp_path / "one") == seen(tmp_path / "whole")[9:]
    assert one.trainer.current_epoch == 2


def test_a_checkpoint_of_other_data_is_refused(folder, write, tmp_path):
    fit(tmp_path, tmp_path / "log", module(folder), max_steps=2, max_epochs=-1, every=2)
    other = write(tmp_path / "other", 36)
    with pytest.raises(ValueError, match="reading with samples=40, this run has 36"):
        fit(tmp_path, tmp_path / "log", module(other), tmp_path / "step=2.ckpt")


def test_a_sample_error_of_the_transform_is_a_counted_skip(folder, tmp_path):
    def picky(sample):
        if sample.key in ("000007", "000021"):
            raise SampleError("caption is longer than the window")
        return transform(sample)

    data = module(folder, max_skipped=2, num_workers=2)
    data.transform = picky
    fit(tmp_path, tmp_path / "log", data)
    keys = flat(seen(tmp_path / "log"))
    assert len(keys) == 76
    assert not {"000007", "000021"} & set(keys)
    strict = module(folder, max_skipped=1)
    strict.transform = picky
    with pytest.raises(ValueError, match=r"max_skipped=1(.|\n)*tar: sample '0000(07|21)': caption is longer"):
        fit(tmp_path, tmp_path / "log", strict)


def test_shards_are_verified_before_the_first_step(write, tmp_path):
    folder = write(tmp_path / "bad", 12)
    damaged = sorted(folder.glob("*.tar"))[2]
    damaged.write_bytes(damaged.read_bytes().replace(b"Figure", b"figure", 1))
    with pytest.raises(ValueError, match=r"tiny-000002\.tar is damaged"):
        fit(tmp_path, tmp_path / "log", module(folder))
    assert not (tmp_path / "log.train0").exists()
    (folder / INDEX).unlink()
    with pytest.raises(ValueError, match=r"no index\.json"):
        fit(tmp_path, tmp_path / "log", module(folder))


def test_a_streamed_run_resumes_at_its_position(folder, tmp_path):
    options = {"mode": "stream", "epoch_samples": 24}
    fit(tmp_path, tmp_path / "log", module(folder, **options), max_steps=8, max_epochs=-1, every=8)
    ckpt = tmp_path / "step=8.ckpt"
    assert torch.load(ckpt, weights_only=True)["ShardDataModule"]["train"]["epoch"] == 1
    fit(tmp_path, tmp_path / "rest", module(folder, **options), ckpt)
    assert len(seen(tmp_path / "log")) == 8
    assert len(seen(tmp_path / "rest")) == 4
    with pytest.raises(ValueError, match="validation with mode=stream"):
        module(folder, val=options, **options)
