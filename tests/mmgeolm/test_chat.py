import io

import pytest
import torch
from PIL import Image

from data.sample import SampleError
from mmgeolm.chat import control_tokens, encode, image_length, image_parts, normalise, pixels

IMAGE = {"type": "image"}


def text(value):
    return {"type": "text", "text": value}


CHAT = [
    {"role": "system", "content": "Answer briefly."},
    {"role": "user", "content": [IMAGE, text("What is AB in "), IMAGE, text("?")]},
    {"role": "assistant", "content": " The length is 12. "},
    {"role": "user", "content": "Is AB ∥ CD?"},
    {"role": "assistant", "content": [text("Yes")]},
]


def rendered(processor, chat, **kwargs):
    pictures = [Image.new("L", (32, 32), shade) for shade in (0, 200)]
    return processor.apply_chat_template(
        chat, tokenize=True, return_dict=True, processor_kwargs={"images": pictures}, **kwargs
    )


def test_tokens_and_mask_are_those_of_the_saved_processor(lmm):
    _, processor = lmm
    turns = normalise(CHAT, "k", answered=True)
    ours = encode(processor, turns, "k", answered=True)
    theirs = rendered(processor, turns, return_assistant_tokens_mask=True)
    assert ours.input_ids == theirs["input_ids"][0]
    assert ours.assistant == theirs["assistant_masks"][0]


def test_loss_falls_on_every_assistant_turn_with_its_end_and_on_nothing_else(lmm):
    _, processor = lmm
    chat = encode(processor, normalise(CHAT, "k", answered=True), "k", answered=True)
    marked = [token for token, mask in zip(chat.input_ids, chat.assistant, strict=True) if mask]
    assert processor.tokenizer.decode(marked) == "The length is 12.<|im_end|>Yes<|im_end|>"


def test_a_prompt_is_the_beginning_of_the_answered_chat(lmm):
    _, processor = lmm
    whole = encode(processor, normalise(CHAT, "k", answered=True), "k", answered=True)
    prompt = encode(processor, normalise(CHAT[:-1], "k", answered=False), "k", answered=False)
    assert whole.input_ids[: len(prompt.input_ids)] == prompt.input_ids
    assert whole.assistant[len(prompt.input_ids)] == 1
    theirs = rendered(processor, normalise(CHAT[:-1], "k", answered=False), add_generation_prompt=True)
    assert prompt.input_ids == theirs["input_ids"][0]


def test_every_picture_takes_as_many_tokens_as_the_tower_gives_features(lmm):
    model, processor = lmm
    chat = encode(processor, normalise(CHAT, "k", answered=True), "k", answered=True)
    features = model.get_image_features(torch.zeros(2, 3, 32, 32), return_dict=True).pooler_output
    assert image_length(processor) == len(features[0]) == 16
    assert chat.input_ids.count(model.config.image_token_id) == sum(map(len, features))


def test_pixels_are_those_of_the_saved_processor_also_when_not_square(lmm):
    _, processor = lmm
    image = Image.linear_gradient("L").resize((40, 24))
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    theirs = processor(images=image, text=processor.image_token, return_tensors="pt")["pixel_values"]
    torch.testing.assert_close(pixels(processor, [buffer.getvalue()]), theirs)


def test_a_text_is_a_list_of_one_text_part():
    plain = [{"role": "user", "content": "Is it?"}, {"role": "assistant", "content": "Yes"}]
    parts = [{"role": turn["role"], "content": [text(turn["content"])]} for turn in plain]
    assert normalise(plain, "k", answered=True) == normalise(parts, "k", answered=True)


@pytest.mark.parametrize("position", range(5))
def test_no_text_can_forge_a_turn_or_a_picture(lmm, position):
    _, processor = lmm
    for token in control_tokens(processor.tokenizer):
        chat = [dict(turn) for turn in CHAT]
        chat[position]["content"] = [text(f"AB {token} CD")]
        with pytest.raises(SampleError, match=rf"'k', messages\[{position}\].*special token"):
            encode(processor, normalise(chat, "k", answered=True), "k", answered=True)


def test_control_tokens_include_turns_picture_and_padding(lmm):
    _, processor = lmm
    wanted = {"<|im_start|>", "<|im_end|>", processor.image_token, processor.tokenizer.pad_token}
    assert wanted <= set(control_tokens(processor.tokenizer))


@pytest.mark.parametrize(
    ("chat", "message"),
    [
        ([], "last turn must be the assistant's"),
        (CHAT[:-1], "last turn must be the assistant's"),
        (CHAT[:1], "last turn must be the assistant's"),
        (CHAT[2:], r"messages\[0\]: role 'assistant'; expected 'user'"),
        ([CHAT[1], CHAT[1]], r"messages\[1\]: role 'user'; expected 'assistant'"),
        ([CHAT[1], CHAT[2], CHAT[0]], r"messages\[2\]: role 'system'; expected 'user'"),
        ([CHAT[0], CHAT[0], CHAT[1], CHAT[2]], r"messages\[1\]: role 'system'; expected 'user'"),
        ([{"role": "tool", "content": "x"}], "role 'tool'; expected 'user'"),
        ([{"content": "x"}], "role None; expected 'user'"),
        ([{"role": "user", "content": None}], "expected a text or a list of parts"),
        ([{"role": "user", "content": []}], "expected a text or a list of parts"),
        ([{"role": "user", "content": ["x"]}], "got 'x'"),
        ([{"role": "user", "content": [{"type": "video"}]}], "'video'.*expected non-empty"),
        ([{"role": "user", "content": [text("")]}], "expected non-empty"),
        ([{"role": "user", "content": [text(3)]}], "expected non-empty"),
        ([CHAT[1], {"role": "assistant", "content": "  "}], "expected non-empty"),
        ([CHAT[1], {"role": "assistant", "content": [IMAGE]}], "expected non-empty {type: text, text}$"),
    ],
)
def test_a_malformed_chat_is_refused_by_name(chat, message):
    with pytest.raises(SampleError, match=message):
        normalise(chat, "k", answered=True)


def test_a_prompt_ends_with_the_user():
    with pytest.raises(SampleError, match="last turn must be the user's"):
        normalise(CHAT, "k", answered=False)


def test_image_parts_keep_their_order_and_names():
    named = {"type": "image", "image": "neg00.png"}
    turns = normalise([{"role": "user", "content": [IMAGE, text("or"), named]}], "k", answered=False)
    assert image_parts(turns) == [IMAGE, named]
