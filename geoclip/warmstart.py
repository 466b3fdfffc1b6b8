"""Train the warm start: ``python -m geoclip.warmstart CONFIG key=value``.

Hard negatives refine an encoder that already sees. The paper starts from AltCLIP; on a CPU nothing that reads
the letters of a diagram is at hand, so a small CLIP is trained on scenes of our engine: in-batch contrast,
the atoms of the facts from the pooled features of either tower (one linear head for both), and the glyphs
under every patch. The result is a stock ``CLIPModel`` folder.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import lightning
import numpy as np
import torch
import torch.nn.functional as F
from rich.progress import track
from torch import Tensor, nn
from torch.utils.data import BatchSampler, DataLoader, Dataset, RandomSampler, Sampler

from configs.load import load_config
from configs.runs import start_run
from configs.runtime import command, console, write_json
from configs.trainer import build_optimizer, build_trainer, find_resume, seed_everything
from configs.warmstart import WarmstartConfig
from data.parallel import ordered, processes
from data.scene.canonical import canonical_set
from data.scene.caption import STYLES, caption
from data.scene.dense import atoms, index_atoms, patch_classes, patch_targets
from data.scene.draw import draw_positive
from data.scene.render import render
from data.scene.types import Fact
from data.tokenizer import train_tokenizer
from geoclip.encoder import DualEncoder
from geoclip.losses import info_nce
from geoclip.towers import load_encoder, make_clip

CHUNK = 500


class Scenes(Dataset):
    """Drawn scenes: picture, patch masks, atoms, and captions in a wording drawn anew each time."""

    def __init__(self, chunks: list[dict[str, Any]], least: int, bits: int) -> None:
        self.images = torch.from_numpy(np.concatenate([c["images"] for c in chunks]))
        self.patches = torch.from_numpy(np.concatenate([c["patches"] for c in chunks]).astype(np.int64))
        self.facts = [tuple(Fact.from_json(fact) for fact in facts) for c in chunks for facts in c["facts"]]
        numbers: dict[Fact, int] = {}
        self.forms = [
            frozenset(numbers.setdefault(fact, len(numbers)) for fact in canonical_set(facts))
            for facts in self.facts
        ]
        self.letters = [
            "".join(sorted(set("".join(arg for fact in facts for arg in fact.args)))) for facts in self.facts
        ]
        names = [names for c in chunks for names in c["atoms"]]
        self.templates = [template for c in chunks for template in c["templates"]]
        self.atoms = index_atoms(names, least)
        self.held = [[self.atoms[n] for n in row if n in self.atoms] for row in names]
        self.bits = bits

    def __len__(self) -> int:
        return len(self.facts)

    def __getitem__(self, index: int) -> int:
        return index

    def text(self, index: int, wording: int) -> str:
        """Return the caption of scene ``index``."""
        return caption(self.facts[index], wording)

    def collate(self, indices: list[int]) -> dict[str, Any]:
        """Return the tensors of a batch; ``patches`` is ``[B, P, C]``, ``atoms`` is ``[B, A]``.

        ``ignore`` ``[B, B]`` is True where picture i shows all that caption j states: no negative.
        """
        held = torch.zeros(len(indices), len(self.atoms))
        for row, index in enumerate(indices):
            held[row, self.held[index]] = 1.0
        forms = [self.forms[i] for i in indices]
        ignore = torch.tensor([[other <= own for other in forms] for own in forms]).fill_diagonal_(False)
        masks = self.patches[indices][..., None] >> torch.arange(self.bits)
        wordings = torch.randint(STYLES, (len(indices),)).tolist()
        return {
            "images": self.images[indices][:, None],
            "texts": [self.text(i, w) for i, w in zip(indices, wordings, strict=True)],
            "atoms": held,
            "patches": (masks & 1).float(),
            "ignore": ignore,
        }


class NearBatches(Sampler[list[int]]):
    """Batches of one template each, in a new random order every epoch; what fills none is left out.

    With ``letters``, one string per scene, scenes of a template that share it stand side by side.
    """

    def __init__(
        self, templates: list[str], size: int, generator: torch.Generator, letters: list[str] | None = None
    ) -> None:
        self.size, self.generator, self.letters = size, generator, letters
        self.groups: dict[str, list[int]] = defaultdict(list)
        for index, template in enumerate(templates):
            self.groups[template].append(index)
        if not len(self):
            raise ValueError(f"batch_size={size}: no template has as many of the {len(templates)} scenes")

    def __len__(self) -> int:
        return sum(len(group) // self.size for group in self.groups.values())

    def __iter__(self) -> Iterator[list[int]]:
        batches = []
        for group in self.groups.values():
            mixed = self._mix(group)
            if letters := self.letters:
                place = {name: i for i, name in enumerate(self._mix(sorted(set(letters))))}
                mixed = sorted(mixed, key=lambda i: place[letters[i]])
            batches += [mixed[i : i + self.size] for i in range(0, len(mixed) - self.size + 1, self.size)]
        yield from self._mix(batches)

    def _mix(self, things: list[Any]) -> list[Any]:
        return [things[i] for i in torch.randperm(len(things), generator=self.generator).tolist()]


def draw_chunk(job: tuple[WarmstartConfig, int]) -> dict[str, Any]:
    """Draw ``CHUNK`` scenes; scene i depends on the seed and i alone."""
    cfg, start = job
    classes = patch_classes(cfg.scene.letters)
    size, grid = cfg.clip.image_size, cfg.clip.image_size // cfg.clip.patch_size
    chunk: dict[str, Any] = {"images": [], "patches": [], "facts": [], "atoms": [], "templates": []}
    for index in range(start, min(start + CHUNK, cfg.samples)):
        positive = draw_positive(cfg.scene, Random(f"warm/{cfg.trainer.seed}/{index}"), Counter())
        chunk["images"].append(render(positive.display, size))
        chunk["patches"].append(patch_targets(positive.display, grid, classes))
        chunk["facts"].append([fact.to_json() for fact in positive.built.stated])
        chunk["templates"].append(positive.template)
        chunk["atoms"].append(atoms(positive.built.stated, positive.built.scene))
    return {**chunk, "images": np.stack(chunk["images"]), "patches": np.stack(chunk["patches"])}


def draw_scenes(cfg: WarmstartConfig) -> Scenes:
    """Draw all scenes on all cores, with progress."""
    jobs = [(cfg, start) for start in range(0, cfg.samples, CHUNK)]
    with processes(0) as pool:
        work = ordered(pool, draw_chunk, jobs)
        chunks = list(track(work, "drawing scenes", total=len(jobs), console=console))
    return Scenes(chunks, cfg.least, len(patch_classes(cfg.scene.letters)))


class Warmstart(lightning.LightningModule):
    """Wiring of the three losses."""

    def __init__(self, cfg: WarmstartConfig, encoder: DualEncoder, scenes: Scenes) -> None:
        super().__init__()
        self.cfg, self.encoder = cfg, encoder
        self.atom_head = nn.Linear(cfg.clip.embed, len(scenes.atoms))
        self.patch_head = nn.Linear(cfg.clip.width, scenes.bits)
        nn.init.constant_(self.atom_head.bias, -4.0)
        nn.init.constant_(self.patch_head.bias, -4.0)

    def training_step(self, batch: dict[str, Any], index: int) -> Tensor:
        """Return the weighted sum of contrast, atoms of both towers, and patches."""
        ids, mask = self.encoder.tokenize(batch["texts"])
        seen = self.encoder.model.get_image_features(pixel_values=self.encoder.pixels(batch["images"]))
        image, text = F.normalize(seen.pooler_output.float(), dim=-1), self.encoder.encode_text(ids, mask)
        with torch.autocast("cpu", enabled=False):
            contrast = info_nce(image, text, self.encoder.logit_scale.exp(), ignore=batch["ignore"])
        dim = image.shape[-1] ** 0.5
        of_image, of_text = (
            F.binary_cross_entropy_with_logits(
                self.atom_head(f * dim).float(), batch["atoms"], reduction="none"
            )
            for f in (image, text)
        )
        tags = self.patch_head(seen.last_hidden_state[:, 1:]).float()
        patches = F.binary_cross_entropy_with_logits(tags, batch["patches"], reduction="none").sum(-1).mean()
        loss = (
            self.cfg.contrast * contrast
            + self.cfg.atoms * (of_image.sum(-1).mean() + of_text.sum(-1).mean())
            + self.cfg.patches * patches * tags.shape[1]
        )
        values = {"loss": loss, "contrast": contrast, "image_atoms": of_image.sum(-1).mean()}
        values |= {"text_atoms": of_text.sum(-1).mean(), "patches": patches * tags.shape[1]}
        near = (image @ text.T).masked_fill(batch["ignore"], -torch.inf)
        values["hit@1"] = (near.argmax(1) == torch.arange(len(image))).float().mean()
        self.log_dict(values, prog_bar=True)
        return loss

    def on_train_batch_end(self, *args: Any) -> None:
        """Keep the temperature in its range."""
        self.encoder.clamp_scale()

    def configure_optimizers(self) -> Any:
        """AdamW with warm-up and decay."""
        total = int(self.trainer.estimated_stepping_batches)
        optimizer, scheduler = build_optimizer(self.named_parameters(), self.cfg.optim, total)
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": scheduler, "interval": "step"}}


def _new_encoder(cfg: WarmstartConfig, scenes: Scenes) -> DualEncoder:
    if not Path(cfg.clip.tokenizer).exists():
        texts = (scenes.text(i, i % STYLES) for i in range(min(len(scenes), 20000)))
        train_tokenizer(texts, cfg.clip.tokenizer, cfg.vocabulary)
    return make_clip(cfg.clip)


@command
def main(argv: list[str]) -> None:
    """Draw scenes, train, and write ``run_dir/export/clip``."""
    cfg = load_config(WarmstartConfig, argv)
    run = start_run(cfg, cfg.trainer.run_dir, cfg.trainer.resume)
    seed_everything(cfg.trainer)
    scenes = draw_scenes(cfg)
    encoder = load_encoder(cfg.start) if cfg.start else _new_encoder(cfg, scenes)
    encoder.attend_eagerly()
    module = Warmstart(cfg, encoder.train(), scenes)
    generator = torch.Generator().manual_seed(cfg.trainer.seed)
    if cfg.batches == "random":
        order = RandomSampler(scenes, generator=generator)
        batches: Sampler[Any] = BatchSampler(order, cfg.batch_size, drop_last=True)
    else:
        letters = scenes.letters if cfg.batches == "letters" else None
        batches = NearBatches(scenes.templates, cfg.batch_size, generator, letters)
    loader = DataLoader(scenes, batch_sampler=batches, collate_fn=scenes.collate, generator=generator)
    trainer = build_trainer(cfg.trainer)
    trainer.fit(module, loader, ckpt_path=find_resume(cfg.trainer), weights_only=True)
    from geoclip.export import export_clip

    export_clip(encoder, run / "export" / "clip")
    write_json(run / "results.json", {k: float(v) for k, v in trainer.callback_metrics.items()})
    console.print(f"wrote {run / 'export' / 'clip'}")


if __name__ == "__main__":
    main()
