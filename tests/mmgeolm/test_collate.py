import json

import pytest
import torch

from data.sample import SampleError, parse_sample
from mmgeolm.collate import ChatCollate, ChatTransform
from mmgeolm.loss import IGNORE
from mmgeolm.module import MmgeolmModule

IMAGE = {"type": "image"}


def make_sample(png, messages=None, key="k", caption="Point D lies on BC.", **members):
    record = {"caption": caption, "messages": messages}
    return parse_sample(key, {"json": json.dumps(record).encode(), "png": png, **members})


def qa(question, answer, *images):
    content = [*(images or (IMAGE,)), {"type": "text", "text": question}]
    return [{"role": "user", "content": content}, {"role": "assistant", "content": answer}]


@pytest.fixture
def transform(lmm):
    return ChatTransform(lmm[1], "sft", 100)


@pytest.fixture
def collate(lmm):
    return ChatCollate(lmm[1].tokenizer.pad_token_id)


def words(transform, item):
    kept = item["input_ids"][item["labels"] != IGNORE]
    return transform.processor.tokenizer.decode(kept)


def test_labels_are_the_assistants_tokens_in_place(transform, png):
    item = transform(make_sample(png(), qa("What is AB?", "It is 12.")))
    assert words(transform, item) == "It is 12.<|im_end|>"
    marked = item["labels"] != IGNORE
    assert torch.equal(item["labels"][marked], item["input_ids"][marked])


def test_align_describes_the_diagram_with_or_without_a_chat(transform, png):
    align = ChatTransform(transform.processor, "align", 100)
    assert words(align, align(make_sample(png()))) == "Point D lies on BC.<|im_end|>"
    assert words(align, align(make_sample(png(), qa("AB?", "12")))) == "Point D lies on BC.<|im_end|>"
    text = transform.processor.tokenizer.decode(align(make_sample(png()))["input_ids"])
    assert "Describe the diagram." in text


def test_sft_refuses_a_sample_without_a_chat(transform, png):
    with pytest.raises(SampleError, match=r"'k', field messages: null; stage=sft"):
        transform(make_sample(png()))


def test_image_parts_show_the_diagram_or_the_picture_they_name(transform, png):
    named = {"type": "image", "image": "neg00.png"}
    members = {"neg00.png": png(shade=0)}
    both = transform(make_sample(png(), qa("Which?", "A", IMAGE, named), **members))
    swapped = transform(make_sample(png(), qa("Which?", "A", named, IMAGE), **members))
    assert both["pixel_values"].shape == (2, 3, 32, 32)
    assert torch.equal(both["pixel_values"], swapped["pixel_values"].flip(0))
    assert not torch.equal(both["pixel_values"][0], both["pixel_values"][1])


@pytest.mark.parametrize(
    ("images", "message"),
    [
        (({"type": "image", "image": "neg07.png"},), r"'k': no picture 'neg07\.png'; there are png"),
        (({"type": "text", "text": "no picture: "},), "no part {type: image}"),
    ],
)
def test_a_chat_without_its_picture_is_refused(transform, png, images, message):
    with pytest.raises(SampleError, match=message):
        transform(make_sample(png(), qa("AB?", "12", *images)))


def test_a_damaged_picture_is_refused(transform, png):
    with pytest.raises(SampleError, match="not a usable PNG"):
        transform(make_sample(png()[:60], qa("AB?", "12")))


def test_a_sample_longer_than_the_window_is_refused_and_never_cut(transform, png):
    sample = make_sample(png(), qa("What is AB?", "It is 12."))
    length = len(transform(sample)["input_ids"])
    exact = ChatTransform(transform.processor, "sft", length)
    assert len(exact(sample)["input_ids"]) == length
    short = ChatTransform(transform.processor, "sft", length - 1)
    with pytest.raises(SampleError, match=rf"'k': {length} tokens exceed the window of {length - 1}"):
        short(sample)


def test_batches_are_padded_on_the_right_with_a_real_mask(transform, collate, png):
    items = [transform(make_sample(png(), qa("AB?" * n, "12" * n))) for n in (1, 3)]
    batch = collate(items)
    for row, item in enumerate(items):
        length = len(item["input_ids"])
        assert batch["input_ids"][row, :length].tolist() == item["input_ids"].tolist()
        assert batch["attention_mask"][row].tolist() == [1] * length + [0] * (
            batch["labels"].shape[1] - length
        )
        assert (batch["labels"][row, length:] == IGNORE).all()
        assert batch["labels"][row, :length].tolist() == item["labels"].tolist()
    assert batch["pixel_values"].shape == (2, 3, 32, 32)


@torch.no_grad()
def test_the_loss_of_a_batch_is_the_sum_over_its_samples(lmm, transform, collate, png, optim):
    named = {"type": "image", "image": "neg00.png"}
    samples = [
        make_sample(png(), qa("What is AB?", "It is 12.")),
        make_sample(png(shade=90), qa("Which?", "A", IMAGE, named), **{"neg00.png": png(shade=0)}),
        make_sample(
            png(shade=30), qa("Is AB ∥ CD?", "Yes") + qa("Sure?", "No.", {"type": "text", "text": "A"})
        ),
    ]
    module = MmgeolmModule(lmm[0].double(), "sft", optim)
    items = [transform(sample) for sample in samples]
    total, tokens = module.loss(collate(items))
    alone = [module.loss(collate([item])) for item in items]
    torch.testing.assert_close(total, sum(loss for loss, _ in alone))
    assert tokens == sum(count for _, count in alone)
    plain = lmm[0](**collate(items)).loss  # the mean, by transformers itself
    torch.testing.assert_close(total / tokens, plain.double())


def test_a_sample_without_a_caption_is_trained_on_its_chat_in_both_stages(transform, png):
    sample = make_sample(png(), qa("What is AB?", "It is 12."), caption="")
    align = ChatTransform(transform.processor, "align", 100)
    assert words(align, align(sample)) == words(transform, transform(sample)) == "It is 12.<|im_end|>"
