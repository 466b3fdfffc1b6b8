"""Train a small tokenizer on captions and chats, saved as a folder that plain ``transformers`` loads.

Reading letters is what the method is about, so a capital, a digit and a geometric symbol are one token each,
the same one wherever they stand: ``△ABC = 12`` becomes ``△ A B C = 1 2``. Everything else is byte-level BPE:
no text is unknown and decoding gives the text back.

    python -m data.tokenizer SHARDS... out=DIR vocab_size=N
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, processors, trainers
from transformers import PreTrainedTokenizerFast

from configs.runtime import command, console, fresh_folder
from data.sample import Sample, SampleError

PAD, BOS, EOS = "<|pad|>", "<|startoftext|>", "<|endoftext|>"
TURN_START, TURN_END = "<|im_start|>", "<|im_end|>"
# eos must not get id 2: CLIPTextModel reads that id as "old checkpoint" and pools elsewhere.
SPECIAL = (PAD, BOS, TURN_START, TURN_END, EOS)
ROBERTA_LIKE = (
    *("altclip_text_model", "xlm-roberta", "xlm-roberta-xl", "roberta", "camembert"),
    *("roberta-prelayernorm", "data2vec-text", "xmod", "mpnet"),
)
"""Text towers that count positions from the padding id on: token 0 has position ``pad_token_id + 1``."""
SYMBOLS = "△∠∥⊥°≅∼⊙√×÷π±≤≥≠²³□▱"
# A space belongs to the word after it; before a letter name, a digit or a symbol it belongs to the
# punctuation before it or stands alone, so that those have one form only.
PIECES = (
    rf"\p{{N}}|[{SYMBOLS}]"
    r"| ?\p{Lu}?[\p{Ll}\p{Lt}\p{Lm}\p{Lo}\p{M}]+"
    r"|\p{Lu}"
    rf"| ?[^\s\p{{L}}\p{{M}}\p{{N}}{SYMBOLS}]+(?: (?=[\p{{Lu}}\p{{N}}{SYMBOLS}]))?"
    r"|\s+"
)


def train_tokenizer(texts: Iterable[str], out: Path | str, vocab_size: int) -> PreTrainedTokenizerFast:
    """Train on ``texts``, save the folder ``out`` (it must not exist) and return the tokenizer.

    ``vocab_size`` bounds the whole vocabulary: 5 special tokens, 256 bytes, the geometric symbols, BPE
    merges. It depends on the multiset of texts alone, not on their order. With special tokens a text becomes
    bos ... eos, as CLIP's text tower reads it; the chat tokens are ``<|im_start|>`` and ``<|im_end|>``.

    Raises ValueError when there is no text, when ``vocab_size`` cannot hold the fixed tokens, or when ``out``
    exists.
    """
    out = Path(out)
    symbols = _symbol_merges()
    fixed = len(SPECIAL) + len(symbols) + 256
    if vocab_size < fixed:
        raise ValueError(f"vocab_size={vocab_size} cannot hold the {fixed} fixed tokens; use {fixed} or more")
    if out.exists():
        raise ValueError(f"out={out} exists already; remove it or choose another folder")
    core = Tokenizer(models.BPE())
    core.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(PIECES), behavior="isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    core.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocab_size - len(symbols),
        special_tokens=list(SPECIAL),
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        min_frequency=2,
        show_progress=False,
    )
    seen = _Counted(texts)
    core.train_from_iterator(seen, trainer)
    if not seen.count:
        raise ValueError("no text to train on: give captions, or shards that hold some")
    core = _with_merges(core, symbols)
    core.post_processor = processors.TemplateProcessing(
        single=f"{BOS} $A {EOS}",
        pair=f"{BOS} $A {EOS} {BOS} $B {EOS}",
        special_tokens=[(token, core.token_to_id(token)) for token in (BOS, EOS)],
    )
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=core,
        bos_token=BOS,
        eos_token=EOS,
        pad_token=PAD,
        additional_special_tokens=[TURN_START, TURN_END],
        clean_up_tokenization_spaces=False,
    )
    with fresh_folder(out) as folder:
        tokenizer.save_pretrained(folder)
    return tokenizer


def sample_texts(sample: Sample) -> Iterator[str]:
    """Yield every text of a sample: caption, negative captions, chat turns."""
    if sample.caption:
        yield sample.caption
    yield from (negative.text for negative in sample.negatives if negative.text is not None)
    for message in sample.messages or ():
        parts = message.get("content")
        if isinstance(parts, str):
            parts = [{"type": "text", "text": parts}]
        if not isinstance(parts, list) or not all(isinstance(part, dict) for part in parts):
            raise SampleError(
                f"sample {sample.key!r}, field messages: got content {parts!r:.80}; expected parts"
            )
        yield from (str(part["text"]) for part in parts if part.get("type") == "text" and "text" in part)


def text_window(text: Any) -> int:
    """Return how many tokens, special ones included, a text tower with this config reads."""
    unused = text.pad_token_id + 1 if text.model_type in ROBERTA_LIKE else 0
    return text.max_position_embeddings - unused


def _symbol_merges() -> list[tuple[str, str]]:
    """Return the byte merges that make each symbol one token, in the alphabet of byte-level BPE."""
    spell = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    merges: dict[tuple[str, str], None] = {}
    for symbol in SYMBOLS:
        spelled = spell.pre_tokenize_str(symbol)[0][0]
        merges.update({(spelled[:end], spelled[end]): None for end in range(1, len(spelled))})
    return list(merges)


def _with_merges(core: Tokenizer, merges: list[tuple[str, str]]) -> Tokenizer:
    """Return ``core`` with ``merges`` first in rank.

    Added tokens would not do: the byte-level decoder reads an added ``°`` as a byte.
    """
    state = json.loads(core.to_str())
    vocabulary = state["model"]["vocab"]
    for left, right in merges:
        vocabulary.setdefault(left + right, len(vocabulary))
    learned = [tuple(merge) for merge in state["model"]["merges"]]
    state["model"]["merges"] = merges + [merge for merge in learned if merge not in set(merges)]
    return Tokenizer.from_str(json.dumps(state))


class _Counted:
    def __init__(self, texts: Iterable[str]):
        self.texts, self.count = texts, 0

    def __iter__(self) -> Iterator[str]:
        for text in self.texts:
            self.count += 1
            yield text


USAGE = "usage: python -m data.tokenizer SHARDS... out=DIR vocab_size=N"


def _arguments(argv: list[str]) -> tuple[list[str], Path, int]:
    shards = [argument for argument in argv if "=" not in argument]
    options = dict(argument.split("=", 1) for argument in argv if "=" in argument)
    if unknown := options.keys() - {"out", "vocab_size"}:
        raise ValueError(f"unknown option {', '.join(sorted(unknown))}; {USAGE}")
    if not shards or options.keys() != {"out", "vocab_size"}:
        raise ValueError(f"shard folders, out= and vocab_size= are all needed; {USAGE}")
    if not options["vocab_size"].isdigit():
        raise ValueError(f"vocab_size={options['vocab_size']!r} is not a positive whole number; {USAGE}")
    return shards, Path(options["out"]), int(options["vocab_size"])


@command
def main(argv: list[str]) -> None:
    """Train a tokenizer on every text of the shard folders."""
    # Imported here: the library half of this module is used without the loader and its torch.
    from data.loader import IndexedDataset

    shards, out, vocab_size = _arguments(argv)
    dataset = IndexedDataset(shards)
    texts = (text for index in range(len(dataset)) for text in sample_texts(dataset[index]))
    tokenizer = train_tokenizer(texts, out, vocab_size)
    console.print(f"{len(tokenizer)} tokens from {len(dataset)} samples: {out}")


if __name__ == "__main__":
    main(None)
