"""Answers of a model folder: batched greedy decoding, equal to asking one prompt at a time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from mmgeolm.chat import encode, image_parts, normalise, pixels
from mmgeolm.folder import load_lmm


@dataclass(frozen=True)
class Prompt:
    """One question: chat turns that end with the user's, and a picture (bytes) per ``{type: image}`` part."""

    key: str
    messages: Sequence[Mapping[str, Any]]
    images: Sequence[bytes] = ()


def ask(key: str, text: str, *images: bytes) -> Prompt:
    """Return the prompt of one user turn: the pictures, then ``text``."""
    parts = [*({"type": "image"} for _ in images), {"type": "text", "text": text}]
    return Prompt(key, ({"role": "user", "content": parts},), images)


class Generator:
    """A loaded LMM that answers prompts.

    ``device`` is a torch device, by default the GPU where there is one; weights are bfloat16 there and
    float32 on a CPU. ``batch_size`` bounds the prompts decoded together.
    """

    def __init__(self, folder: str | Path, *, batch_size: int = 16, device: str | None = None):
        self.device = torch.device(device or ("cuda" if torch.cuda.is_available() else "cpu"))
        dtype = torch.float32 if self.device.type == "cpu" else torch.bfloat16
        self.model: Any
        self.model, self.processor = load_lmm(folder, dtype)
        self.model.to(self.device).eval()
        self.batch_size = batch_size

    def answer(self, prompts: Sequence[Prompt], max_new_tokens: int) -> list[str]:
        """Return the greedy answer to every prompt, in order, without special tokens.

        Raises ValueError (:class:`data.sample.SampleError`) that names the prompt when its chat is malformed,
        a picture is missing or unreadable, or prompt and answer exceed the LM's context.
        """
        answers = [""] * len(prompts)
        for indices, texts in self.answer_batches(prompts, max_new_tokens):
            for index, text in zip(indices, texts, strict=True):
                answers[index] = text
        return answers

    def answer_batches(
        self, prompts: Sequence[Prompt], max_new_tokens: int
    ) -> Iterator[tuple[list[int], list[str]]]:
        """Yield (indices into ``prompts``, their answers) batch by batch, prompts of like length together."""
        tokens = [self._tokens(prompt, max_new_tokens) for prompt in prompts]
        order = sorted(range(len(prompts)), key=lambda index: (len(tokens[index]), index))
        for start in range(0, len(order), self.batch_size):
            chosen = order[start : start + self.batch_size]
            images = [image for index in chosen for image in prompts[index].images]
            yield chosen, self._generate([tokens[index] for index in chosen], images, max_new_tokens)

    def _tokens(self, prompt: Prompt, max_new_tokens: int) -> list[int]:
        turns = normalise(prompt.messages, prompt.key, answered=False)
        if (count := len(image_parts(turns))) != len(prompt.images):
            raise ValueError(
                f"prompt {prompt.key!r} has {count} image parts and {len(prompt.images)} pictures"
            )
        tokens = encode(self.processor, turns, prompt.key, answered=False).input_ids
        context = self.model.config.text_config.max_position_embeddings
        if len(tokens) + max_new_tokens > context:
            raise ValueError(
                f"prompt {prompt.key!r}: {len(tokens)} tokens and an answer of up to {max_new_tokens} exceed "
                f"the LM's context of {context}; shorten the prompt or lower max_new_tokens"
            )
        return tokens

    @torch.inference_mode()
    def _generate(self, tokens: list[list[int]], images: list[bytes], max_new_tokens: int) -> list[str]:
        longest = max(len(row) for row in tokens)
        pad = self.processor.tokenizer.pad_token_id
        ids = torch.tensor([[pad] * (longest - len(row)) + row for row in tokens])
        mask = torch.tensor([[0] * (longest - len(row)) + [1] * len(row) for row in tokens])
        inputs = {"input_ids": ids, "attention_mask": mask}
        if images:
            inputs["pixel_values"] = pixels(self.processor, images).to(self.model.dtype)
        output = self.model.generate(
            **{name: value.to(self.device) for name, value in inputs.items()},
            max_new_tokens=max_new_tokens,
            do_sample=False,
        )
        texts = self.processor.tokenizer.batch_decode(output[:, longest:], skip_special_tokens=True)
        return [text.strip() for text in texts]
