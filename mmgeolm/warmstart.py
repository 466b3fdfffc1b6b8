"""Train the demo's language model: ``python -m mmgeolm.warmstart CONFIG key=value``.

An LMM starts from a language model that has its subject's words and reasoning; the paper takes Qwen2.5-7B. On
a CPU a small one learns them from text alone: it is told the facts of a figure, each in some wording and in
any order, and describes the figure or answers a question about it. No picture is involved. The result is a
stock ``Qwen2ForCausalLM`` or ``MistralForCausalLM`` folder with its tokenizer.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from random import Random
from typing import Any

import lightning
import torch
from rich.progress import track
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence
from torch.utils.data import DataLoader, Dataset
from transformers import LlavaImageProcessor, LlavaProcessor

from configs.load import load_config
from configs.runs import start_run
from configs.runtime import command, console, fresh_folder, write_json
from configs.trainer import build_optimizer, build_trainer, find_resume, seed_everything
from configs.warmstart import LanguageConfig
from data.parallel import ordered, processes
from data.scene.caption import STYLES, caption, phrase
from data.scene.choices import with_options
from data.scene.draw import draw_figure
from data.scene.engine import CHOICE_SHARE
from data.scene.questions import ask
from data.scene.templates import TEMPLATES
from data.scene.types import Fact
from data.tokenizer import train_tokenizer
from mmgeolm.assemble import load_lm, prepare_tokens
from mmgeolm.chat import chat_template, encode
from mmgeolm.collate import INSTRUCTION
from mmgeolm.loss import IGNORE, chunked_cross_entropy, next_token_targets

CHUNK = 500
QUESTIONS = 2
"""Questions drawn per figure."""
Told = tuple[list[dict[str, Any]], list[tuple[str, str]]]
"""The stated facts of a figure, and questions with their worked answers."""


def draw_chunk(job: tuple[LanguageConfig, int]) -> list[Told]:
    """Build ``CHUNK`` figures; figure i depends on the seed and i alone."""
    cfg, start = job
    return [_figure(cfg, index) for index in range(start, min(start + CHUNK, cfg.samples))]


def _figure(cfg: LanguageConfig, index: int) -> Told:
    rng = Random(f"language/{cfg.trainer.seed}/{index}")
    template = rng.choice(cfg.scene.templates or list(TEMPLATES))
    _, built = draw_figure(template, cfg.scene, rng)
    asked = []
    for _ in range(QUESTIONS):
        if question := ask(built, rng):
            if rng.random() < CHOICE_SHARE:
                question = with_options(question, rng) or question
            user, assistant = question.messages
            asked.append((user["content"][-1]["text"], assistant["content"][0]["text"]))
    return [fact.to_json() for fact in built.stated], asked


def told(facts: Sequence[Fact], rng: Random) -> str:
    """Say the facts in any order, each in a wording of its own."""
    sentences = [phrase(fact, rng.randrange(STYLES)) for fact in facts]
    rng.shuffle(sentences)
    return ". ".join(sentences) + "."


class Chats(Dataset):
    """One chat per figure, worded anew each time: its facts and a request, then the answer."""

    def __init__(self, cfg: LanguageConfig, figures: Sequence[Told], processor: LlavaProcessor) -> None:
        self.describe, self.figures, self.processor = cfg.describe, figures, processor

    def __len__(self) -> int:
        return len(self.figures)

    def texts(self, index: int, rng: Random) -> tuple[str, str]:
        """Return what the user says and what the assistant answers."""
        raw, questions = self.figures[index]
        facts = [Fact.from_json(fact) for fact in raw]
        if questions and rng.random() >= self.describe:
            request, answer = rng.choice(questions)
        else:
            request, answer = INSTRUCTION, caption(facts, rng.randrange(STYLES))
        return f"{told(facts, rng)}\n{request}", answer

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor]:
        """Return ``input_ids`` and ``labels`` ``[L]``."""
        user, answer = self.texts(index, Random(int(torch.randint(1 << 62, ()))))
        turns = [
            {"role": role, "content": [{"type": "text", "text": text}]}
            for role, text in (("user", user), ("assistant", answer))
        ]
        chat = encode(self.processor, turns, str(index), answered=True)
        input_ids = torch.tensor(chat.input_ids)
        return input_ids, torch.where(torch.tensor(chat.assistant).bool(), input_ids, IGNORE)

    def collate(self, rows: list[tuple[Tensor, Tensor]]) -> dict[str, Tensor]:
        """Pad on the right."""
        ids, labels = zip(*rows, strict=True)
        pad = self.processor.tokenizer.pad_token_id
        lengths = torch.tensor([len(row) for row in ids])
        return {
            "input_ids": pad_sequence(list(ids), batch_first=True, padding_value=pad),
            "attention_mask": (torch.arange(int(lengths.max())) < lengths[:, None]).long(),
            "labels": pad_sequence(list(labels), batch_first=True, padding_value=IGNORE),
        }


class Language(lightning.LightningModule):
    """Next-token loss on the assistant's words."""

    def __init__(self, cfg: LanguageConfig, lm: Any) -> None:
        super().__init__()
        self.cfg, self.lm = cfg, lm

    def training_step(self, batch: dict[str, Tensor], index: int) -> Tensor:
        """Return the mean loss per token of an answer, in nats."""
        inputs = {name: batch[name] for name in ("input_ids", "attention_mask")}
        states = self.lm.model(**inputs, use_cache=False).last_hidden_state
        hidden, targets = next_token_targets(states, batch["labels"])
        loss = chunked_cross_entropy(hidden, self.lm.lm_head.weight, targets) / len(targets)
        self.log("train/loss", loss)
        return loss

    def configure_optimizers(self) -> Any:
        """AdamW with warm-up and decay."""
        total = int(self.trainer.estimated_stepping_batches)
        optimizer, scheduler = build_optimizer(self.named_parameters(), self.cfg.optim, total)
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": scheduler, "interval": "step"}}


def draw_figures(cfg: LanguageConfig) -> list[Told]:
    """Build all figures on all cores, with progress."""
    jobs = [(cfg, start) for start in range(0, cfg.samples, CHUNK)]
    with processes(0) as pool:
        work = ordered(pool, draw_chunk, jobs)
        chunks = track(work, "building figures", total=len(jobs), console=console)
        return [figure for chunk in chunks for figure in chunk]


def make_tokenizer(cfg: LanguageConfig, figures: Sequence[Told]) -> None:
    """Train ``lm.tokenizer`` on the words of the first figures, unless it exists or the LM has its own."""
    if cfg.lm.tokenizer is None or Path(cfg.lm.tokenizer).exists():
        return
    texts = [INSTRUCTION, "system user assistant"]
    for index, (raw, questions) in enumerate(figures[:10000]):
        texts.append(caption([Fact.from_json(fact) for fact in raw], index % STYLES))
        texts += [text for question in questions for text in question]
    train_tokenizer(texts, cfg.lm.tokenizer, cfg.vocabulary)


def make_processor(tokenizer: Any, image_token: str) -> LlavaProcessor:
    """Return a processor for chats without pictures, in the one chat format of all stages."""
    return LlavaProcessor(
        LlavaImageProcessor(), tokenizer, patch_size=14, chat_template=chat_template(image_token)
    )


@command
def main(argv: list[str]) -> None:
    """Build figures, train on their words, and write ``run_dir/export``."""
    cfg = load_config(LanguageConfig, argv)
    run = start_run(cfg, cfg.trainer.run_dir, cfg.trainer.resume)
    seed_everything(cfg.trainer)
    figures = draw_figures(cfg)
    make_tokenizer(cfg, figures)
    lm, tokenizer = load_lm(cfg.lm)
    image_token, _ = prepare_tokens(lm, tokenizer)
    processor = make_processor(tokenizer, image_token)
    chats = Chats(cfg, figures, processor)
    loader: DataLoader = DataLoader(
        chats,
        cfg.batch_size,
        shuffle=True,
        drop_last=True,
        num_workers=1,
        collate_fn=chats.collate,
        generator=torch.Generator().manual_seed(cfg.trainer.seed),
    )
    trainer = build_trainer(cfg.trainer)
    trainer.fit(Language(cfg, lm), loader, ckpt_path=find_resume(cfg.trainer), weights_only=True)
    with fresh_folder(run / "export") as folder:
        lm.save_pretrained(folder)
        tokenizer.save_pretrained(folder)
    write_json(run / "results.json", {k: float(v) for k, v in trainer.callback_metrics.items()})
    console.print(f"wrote {run / 'export'}")


if __name__ == "__main__":
    main()
