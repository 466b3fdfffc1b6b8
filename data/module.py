"""The LightningDataModule that both stages use, over shards or fresh scenes: a stage brings a transform and a
collate."""

from __future__ import annotations

import warnings
from typing import Any

import lightning

from configs.data import LoaderConfig
from configs.runtime import console
from data.fresh import FreshScenes, fresh_loader
from data.index import open_folder
from data.loader import Collate, ResumableLoader, ShardLoader, Transform, indexed_loader
from data.stream import stream_loader

NAMED = 6


class ShardDataModule(lightning.LightningDataModule):
    """Batches of ``collate([transform(sample), ...])``, a dict that also gets its samples' ``keys``.

    ``transform`` and ``collate`` run in the workers and must be picklable; a :class:`data.sample.SampleError`
    that the transform raises is a counted skip. Shards are verified once per node before training. The
    checkpoint holds the place in the order of samples, so that a killed run goes on with the very next
    sample, also on another number of ranks. Validation reads every sample exactly once, always of shards.
    """

    def __init__(
        self, train: LoaderConfig, val: LoaderConfig | None, transform: Transform, collate: Collate
    ) -> None:
        super().__init__()
        if val is not None and val.mode != "indexed":
            raise ValueError(f"validation with mode={val.mode} is not possible; use mode=indexed")
        if val is None:
            warnings.filterwarnings("ignore", "Total length of `list` across ranks is zero")
        self.train, self.val, self.transform, self.collate = train, val, transform, collate
        self._loader: ResumableLoader | None = None
        self._state: dict[str, Any] | None = None

    def prepare_data(self) -> None:
        """Verify the shards, or draw a first scene; Lightning calls this in one process per node."""
        for cfg in (self.train, self.val):
            if cfg is not None and cfg.mode == "indexed":
                for folder in cfg.shards:
                    open_folder(folder)
        if self.train.mode == "scenes":
            FreshScenes(self.train.build_config())[0]  # a recipe that cannot be drawn is refused here

    def train_dataloader(self) -> ResumableLoader:
        """Return this rank's loader, at the place of the loaded checkpoint if there is one."""
        make: Any = {"indexed": _indexed_train, "stream": stream_loader, "scenes": fresh_loader}
        loader = make[self.train.mode](self.train, self.transform, self.collate, **self._ranks())
        if self._state is not None:
            loader.load_state_dict(self._state)
            self._match_progress(loader)
            self._state = None
        if self.trainer is not None:
            loader.unfinished = self._unfinished
        self._loader = loader
        return loader

    def val_dataloader(self) -> ShardLoader | list[Any]:
        """Return this rank's loader over every validation sample, or no loader."""
        if self.val is None:
            return []
        return indexed_loader(self.val, self.transform, self.collate, train=False, **self._ranks())

    def state_dict(self) -> dict[str, Any]:
        """Return the place in the training data, equal on all ranks."""
        return {"train": self._loader.state_dict()} if self._loader is not None else {}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Keep the place for the training loader that is made next."""
        self._state = state_dict["train"]

    def drawn(self) -> dict[str, Any] | None:
        """Return of mode=scenes how many ``samples`` this rank was given, and why how many scenes and edits
        were ``rejected`` for them; None of other modes."""
        state = self._state if self._loader is None else self._loader.state_dict()
        return (state or {}).get("drawn")

    def teardown(self, stage: str) -> None:
        """Say what was refused while scenes were drawn."""
        if (drawn := self.drawn()) and self.trainer is not None and self.trainer.is_global_zero:
            counts = [f"{reason} {count}" for reason, count in drawn["rejected"].items()]
            more = f", {len(counts) - NAMED} further reasons" if len(counts) > NAMED else ""
            text = f"drew {drawn['samples']} samples; refused on the way: {', '.join(counts[:NAMED])}{more}"
            console.print(text, markup=False, soft_wrap=True)

    def _ranks(self) -> dict[str, Any]:
        trainer = self.trainer
        if trainer is None:
            return {"rank": 0, "world_size": 1}
        verify = trainer.local_rank == 0  # prepare_data has done it for the whole node
        return {"rank": trainer.global_rank, "world_size": trainer.world_size, "verify": verify}

    def _unfinished(self) -> int:
        current = _progress(self.trainer).current
        return current.ready - current.processed

    def _match_progress(self, loader: ResumableLoader) -> None:
        """Make Lightning's count of batches in this epoch agree with ours after a change of the global batch.

        Lightning counts batches of the run that wrote the checkpoint, and ends the epoch by that count.
        """
        assert self._state is not None
        sampler = loader.sampler
        if self.trainer is None or self._state["global_batch"] == sampler.global_batch:
            return
        progress = _progress(self.trainer)
        missing = len(sampler) - sampler.remaining - progress.current.processed
        for name in ("ready", "started", "processed", "completed"):
            setattr(progress.current, name, getattr(progress.current, name) + missing)
        progress.is_last_batch = sampler.remaining == 0


def _progress(trainer: Any) -> Any:
    return trainer.fit_loop.epoch_loop.batch_progress


def _indexed_train(*args: Any, **ranks: Any) -> ResumableLoader:
    loader = indexed_loader(*args, train=True, **ranks)
    assert isinstance(loader, ResumableLoader)
    return loader
