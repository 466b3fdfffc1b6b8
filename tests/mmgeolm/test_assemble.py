import io
import json

import pytest
import torch
from PIL import Image
from safetensors.torch import load_file, save_file
from transformers import (
    AutoModelForImageTextToText,
    AutoProcessor,
    AutoTokenizer,
    CLIPConfig,
    CLIPModel,
    PreTrainedTokenizerFast,
    Qwen2Config,
    Qwen2ForCausalLM,
)

from configs.mmgeolm import LanguageModelConfig
from mmgeolm.assemble import assemble
from mmgeolm.chat import encode, normalise, pixels
from mmgeolm.folder import load_lmm, save_lmm

SIZES = {"hidden_size": 32, "layers": 1, "heads": 2, "kv_heads": 1, "intermediate_size": 48, "positions": 64}


def png(shade):
    buffer = io.BytesIO()
    Image.linear_gradient("L").resize((32, 32)).point(lambda value: value ^ shade).save(buffer, "PNG")
    return buffer.getvalue()


def question(processor, words="What is AB?"):
    turns = normalise(
        [{"role": "user", "content": [{"type": "image"}, {"type": "text", "text": words}]}],
        "k",
        answered=False,
    )
    ids = torch.tensor([encode(processor, turns, "k", answered=False).input_ids])
    return {"input_ids": ids, "pixel_values": pixels(processor, [png(0)])}


@pytest.fixture
def lm(tokenizer_folder):
    return LanguageModelConfig(tokenizer=str(tokenizer_folder), **SIZES)


@torch.no_grad()
def test_adapter_reads_the_second_last_layer_and_replaces_the_image_tokens(lmm):
    model, processor = lmm
    inputs = question(processor)
    tower = model.model.vision_tower
    hidden = tower(inputs["pixel_values"], output_hidden_states=True).hidden_states[-2]
    hidden = hidden[:, 1:] if "CLIP" in type(tower).__name__ else hidden  # the class token
    adapter = model.model.multi_modal_projector
    features = adapter.linear_2(torch.nn.functional.gelu(adapter.linear_1(hidden)))
    embedded = model.get_input_embeddings()(inputs["input_ids"])
    embedded[inputs["input_ids"] == processor.image_token_id] = features[0]
    states = model.model.language_model(inputs_embeds=embedded).last_hidden_state
    torch.testing.assert_close(model(**inputs).logits, states @ model.lm_head.weight.T)


@pytest.mark.parametrize("kind", ["clip", "siglip"])
def test_tower_weights_arrive_unchanged(towers, lm, kind):
    model, _ = assemble(towers[kind], lm)
    stored = load_file(towers[kind] / "model.safetensors")
    inside = model.model.vision_tower.state_dict()
    matched = {name: inside[name.removeprefix("vision_model.")] for name in stored}
    assert len(matched) == len(inside)
    assert all(torch.equal(matched[name], stored[name]) for name in stored)


def test_plain_transformers_opens_the_folder_and_says_the_same(lmm, lmm_folder):
    model, processor = lmm
    plain, info = AutoModelForImageTextToText.from_pretrained(lmm_folder, output_loading_info=True)
    assert not any(info[kind] for kind in ("missing_keys", "unexpected_keys", "mismatched_keys"))
    plain_processor = AutoProcessor.from_pretrained(lmm_folder)
    chat = [
        {
            "role": "user",
            "content": [
                {"type": "image", "image": Image.open(io.BytesIO(png(0)))},
                {"type": "text", "text": "AB?"},
            ],
        }
    ]
    theirs = plain_processor.apply_chat_template(
        chat, add_generation_prompt=True, tokenize=True, return_dict=True, return_tensors="pt"
    )
    ours = question(processor, "AB?")
    assert theirs["input_ids"].tolist() == ours["input_ids"].tolist()
    expected = model.generate(**ours, max_new_tokens=12)
    assert torch.equal(plain.generate(**theirs, max_new_tokens=12), expected)


def test_saving_again_replaces_the_folder_and_changes_nothing(lmm, tmp_path):
    model, processor = lmm
    for _ in range(2):
        save_lmm(model, processor, tmp_path / "export")
    again, _ = load_lmm(tmp_path / "export")
    assert all(torch.equal(value, again.state_dict()[name]) for name, value in model.state_dict().items())
    assert [path.name for path in tmp_path.iterdir()] == ["export"]


def test_equal_seeds_give_equal_models(towers, lm):
    def build():
        torch.manual_seed(5)
        return assemble(towers["clip"], lm)[0].state_dict()

    first, second = build(), build()
    assert all(torch.equal(first[name], second[name]) for name in first)


def damage(folder, change):
    tensors = load_file(folder / "model.safetensors")
    change(tensors)
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})


@pytest.mark.parametrize("kind", ["clip", "siglip"])
def test_a_tower_with_a_missing_or_unexpected_tensor_is_refused_by_its_name(tower_copy, lm, kind):
    folder = tower_copy(kind)
    name = next(name for name in load_file(folder / "model.safetensors") if "layers.1.mlp.fc1.weight" in name)
    damage(folder, lambda tensors: tensors.pop(name))
    with pytest.raises(ValueError, match=r"1 missing: .*layers\.1\.mlp\.fc1\.weight"):
        assemble(folder, lm)
    damage(
        folder, lambda tensors: tensors.update({name: torch.zeros(48, 24), "extra.weight": torch.zeros(1)})
    )
    with pytest.raises(ValueError, match=r"1 unexpected: .*extra\.weight"):
        assemble(folder, lm)


def test_a_damaged_weight_file_is_refused(tower_copy, lm):
    folder = tower_copy("clip")
    (folder / "model.safetensors").write_bytes(b"not a tensor")
    with pytest.raises(ValueError, match="cannot be loaded"):
        assemble(folder, lm)


def test_a_folder_that_is_no_tower_is_refused(towers, tower_copy, lm, lmm_folders, tmp_path):
    with pytest.raises(ValueError, match="neither a model folder nor a reachable hub id"):
        assemble(tmp_path / "absent", lm)
    with pytest.raises(ValueError, match=r"holds no config\.json"):
        assemble(tmp_path, lm)
    with pytest.raises(ValueError, match="is a 'llava' model; expected clip_vision_model or siglip"):
        assemble(lmm_folders["clip-qwen2"], lm)
    sizes = {"hidden_size": 8, "intermediate_size": 8, "num_hidden_layers": 1, "num_attention_heads": 1}
    whole = CLIPConfig(
        text_config={**sizes, "vocab_size": 9}, vision_config={**sizes, "image_size": 8, "patch_size": 4}
    )
    CLIPModel(whole).save_pretrained(tmp_path / "whole")
    with pytest.raises(ValueError, match=r"is a 'clip' model; .*saved alone"):
        assemble(tmp_path / "whole", lm)
    folder = tower_copy("clip")
    for path in folder.glob("*processor*.json"):
        path.unlink()
    with pytest.raises(ValueError, match=r"preprocessor_config\.json"):
        assemble(folder, lm)
    with pytest.raises(ValueError, match=r"vision_feature_layer=-9 .* 3 layers; use -4 to 3"):
        assemble(towers["clip"], lm, vision_feature_layer=-9)


def test_the_towers_normalisation_is_kept(tower_copy, lm):
    folder = tower_copy("siglip")
    path = folder / "preprocessor_config.json"
    path.write_text(
        json.dumps(json.loads(path.read_text()) | {"image_mean": [0.9] * 3, "image_std": [0.2] * 3})
    )
    _, processor = assemble(folder, lm)
    white = io.BytesIO()
    Image.new("L", (32, 32), 255).save(white, "PNG")
    assert pixels(processor, [white.getvalue()]).unique().tolist() == pytest.approx([0.5], abs=1e-5)


@pytest.fixture
def pretrained(tokenizer_folder, tmp_path):
    """Save a causal LM that knows no chat tokens, or has a placeholder for pictures already."""

    def make(tied, *tokens):
        tokenizer = AutoTokenizer.from_pretrained(tokenizer_folder)
        tokenizer.add_special_tokens({"extra_special_tokens": list(tokens)})
        config = Qwen2Config(
            vocab_size=len(tokenizer) + 3,  # as Qwen pads its embeddings
            hidden_size=32,
            intermediate_size=48,
            num_hidden_layers=1,
            num_attention_heads=2,
            num_key_value_heads=1,
            tie_word_embeddings=tied,
        )
        model = Qwen2ForCausalLM(config)
        model.save_pretrained(tmp_path / "lm")
        tokenizer.save_pretrained(tmp_path / "lm")
        return model, LanguageModelConfig(path=str(tmp_path / "lm"))

    return make


def test_a_language_model_keeps_the_splitting_of_its_own_tokenizer(
    towers, pretrained, tokenizer_folder, tmp_path
):
    """AutoTokenizer would give it Qwen2's: another split of the same words, and no error."""
    text = "This is △ABC, where AB = 6. Point D lies on BC, and ∠ABC = 120°."
    expected = PreTrainedTokenizerFast.from_pretrained(tokenizer_folder)(text)["input_ids"]
    _, cfg = pretrained(False)
    assert AutoTokenizer.from_pretrained(cfg.path)(text)["input_ids"] != expected
    model, processor = assemble(towers["clip"], cfg)
    assert processor.tokenizer(text)["input_ids"] == expected
    save_lmm(model, processor, tmp_path / "lmm")
    assert AutoProcessor.from_pretrained(tmp_path / "lmm").tokenizer(text)["input_ids"] == expected


def test_an_lms_own_placeholder_is_reused_and_no_row_is_added(towers, pretrained):
    before, cfg = pretrained(False, "<|im_start|>", "<|im_end|>", "<|image_pad|>")
    model, processor = assemble(towers["clip"], cfg)
    assert processor.image_token == "<|image_pad|>"
    assert "<image>" not in processor.tokenizer.get_vocab()
    assert torch.equal(model.lm_head.weight, before.lm_head.weight)
    assert torch.equal(model.get_input_embeddings().weight, before.get_input_embeddings().weight)


@pytest.mark.parametrize("tied", [True, False])
def test_new_tokens_start_at_the_mean_row_and_old_rows_stay(towers, pretrained, tied, tmp_path):
    before, cfg = pretrained(tied)
    before.resize_token_embeddings(before.config.vocab_size - 3, mean_resizing=False)  # no spare row
    before.save_pretrained(tmp_path / "lm")
    old = before.config.vocab_size
    model, processor = assemble(towers["clip"], cfg)
    assert processor.image_token == "<image>"
    assert processor.image_token_id == model.config.image_token_id == old
    assert model.config.text_config.vocab_size == old + 1
    assert (model.lm_head.weight is model.get_input_embeddings().weight) == tied
    for new, was in (
        (model.lm_head, before.lm_head),
        (model.get_input_embeddings(), before.get_input_embeddings()),
    ):
        assert torch.equal(new.weight[:old], was.weight)
        torch.testing.assert_close(new.weight[old], was.weight.mean(0))


def test_a_grown_lm_survives_its_export(towers, pretrained, tmp_path):
    before, cfg = pretrained(False)
    before.resize_token_embeddings(before.config.vocab_size - 3, mean_resizing=False)
    before.save_pretrained(tmp_path / "lm")
    model, processor = assemble(towers["clip"], cfg)
    save_lmm(model, processor, tmp_path / "export")
    again, _ = load_lmm(tmp_path / "export")
    assert again.lm_head.weight.shape == model.lm_head.weight.shape
    assert torch.equal(again.lm_head.weight, model.lm_head.weight)


def test_an_lm_that_cannot_be_used_is_refused(towers, tmp_path):
    with pytest.raises(ValueError, match=r"lm\.tokenizer=.*holds no tokenizer\.json"):
        assemble(towers["clip"], LanguageModelConfig(tokenizer=str(tmp_path)))
    with pytest.raises(ValueError, match=r"lm\.path=.*'clip_vision_model' model; expected qwen2 or mistral"):
        assemble(towers["clip"], LanguageModelConfig(path=str(towers["clip"])))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"shape": "gpt2"}, r"shape='gpt2' is not allowed; use one of qwen2, mistral"),
        ({"path": "a", "tokenizer": "b"}, "brings its own tokenizer"),
        ({"hidden_size": 30, "heads": 4}, "hidden_size=30 must be an even multiple of heads=4"),
        ({"hidden_size": 12, "heads": 4, "kv_heads": 2}, "even multiple"),
        ({"heads": 4, "kv_heads": 3}, "kv_heads=3 must divide heads=4"),
        ({"layers": 0}, "layers=0 is not allowed"),
    ],
)
def test_impossible_language_models_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        LanguageModelConfig(**options)


def test_a_folder_that_is_no_lmm_is_refused(towers, lmm_folders, tmp_path):
    with pytest.raises(ValueError, match="is a 'clip_vision_model' model; expected a llava folder"):
        load_lmm(towers["clip"])
    with pytest.raises(ValueError, match=r"holds no config\.json"):
        load_lmm(tmp_path)
