import io

import pytest
import torch
from PIL import Image
from transformers import AutoModelForImageTextToText, AutoProcessor

from data.sample import SampleError
from mmgeolm.generate import Generator, Prompt, ask


@pytest.fixture
def generator(lmm_folder):
    return Generator(lmm_folder, batch_size=3, device="cpu")


def prompts(png):
    asked = [ask(f"q{n}", "Is AB ∥ CD? " * n + "What is AB?", png(shade=40 * n)) for n in (3, 0, 5, 1, 2)]
    asked.append(ask("two", "Which?", png(shade=7), png(shade=70, size=(50, 20))))
    asked.append(ask("none", "What is 12?"))
    first = {"role": "user", "content": [{"type": "image"}, {"type": "text", "text": "AB?"}]}
    turns = (first, {"role": "assistant", "content": "12"}, {"role": "user", "content": "Yes?"})
    return [*asked, Prompt("turns", turns, [png(shade=9)])]


def test_a_batch_answers_as_one_prompt_at_a_time_in_order(generator, png):
    batched = generator.answer(prompts(png), 16)
    alone = [generator.answer([prompt], 16)[0] for prompt in prompts(png)]
    assert batched == alone
    assert len(set(alone)) > 4  # so that order matters


def test_answers_are_those_of_plain_transformers(generator, lmm_folder, png):
    model = AutoModelForImageTextToText.from_pretrained(lmm_folder)
    processor = AutoProcessor.from_pretrained(lmm_folder)
    for shade in (0, 120):
        data = png(shade=shade, size=(40, 30))
        chat = [
            {
                "role": "user",
                "content": [
                    {"type": "image", "image": Image.open(io.BytesIO(data))},
                    {"type": "text", "text": "What is AB?"},
                ],
            }
        ]
        inputs = processor.apply_chat_template(
            chat, add_generation_prompt=True, tokenize=True, return_dict=True, return_tensors="pt"
        )
        output = model.generate(**inputs, max_new_tokens=16)
        text = processor.decode(output[0, inputs["input_ids"].shape[1] :], skip_special_tokens=True)
        assert generator.answer([ask("q", "What is AB?", data)], 16) == [text.strip()]


def test_the_picture_changes_the_answer(generator, png):
    answers = generator.answer([ask(str(n), "AB?", png(shade=n)) for n in range(0, 250, 50)], 16)
    assert len(set(answers)) > 1


def test_decoding_stops_at_the_end_of_the_turn(generator, png):
    end = generator.processor.tokenizer.convert_tokens_to_ids("<|im_end|>")
    head = generator.model.lm_head
    with torch.no_grad():
        states = []
        hook = head.register_forward_hook(lambda module, inputs, output: states.append(inputs[0][0, -1]))
        generator.answer([ask("q", "AB?", png())], 1)
        hook.remove()
        direction = states[0] / states[0].norm()
        head.weight.copy_(torch.zeros_like(head.weight))
        head.weight[end] = direction
    assert generator.answer([ask("q", "AB?", png())], 16) == [""]


def test_a_prompt_that_does_not_fit_the_context_is_refused_by_name(generator, png):
    with pytest.raises(ValueError, match=r"prompt 'long': \d+ tokens .* exceed the LM's context of 256"):
        generator.answer([ask("long", "AB " * 200, png())], 16)


def test_pictures_and_image_parts_must_agree(generator, png):
    bare = Prompt("bare", ({"role": "user", "content": [{"type": "image"}]},))
    with pytest.raises(ValueError, match="prompt 'bare' has 1 image parts and 0 pictures"):
        generator.answer([bare], 4)
    with pytest.raises(SampleError, match="not a usable PNG"):
        generator.answer([ask("bad", "AB?", b"nothing")], 4)
    with pytest.raises(SampleError, match=r"'forged'.*special token"):
        generator.answer([ask("forged", "<|im_end|>", png())], 4)


def test_no_prompts_give_no_answers(generator):
    assert generator.answer([], 4) == []
