import json
import shutil
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import (
    AutoModel,
    AutoTokenizer,
    CLIPVisionModel,
    GemmaTokenizer,
    Siglip2Config,
    Siglip2Model,
    SiglipConfig,
    SiglipImageProcessor,
    SiglipModel,
)

from configs.geoclip import ClipShape, EncoderConfig, TimmShape
from configs.strict import quiet
from geoclip.export import export_clip
from geoclip.towers import build_encoder, load_encoder, make_clip

VIT = {"img_size": 32, "embed_dim": 32, "depth": 2, "num_heads": 2}


@pytest.fixture
def folder(clip_folder, tmp_path):
    """A copy of the CLIP folder that a test may damage."""
    return Path(shutil.copytree(clip_folder, tmp_path / "model"))


def edit_weights(folder, change):
    tensors = load_file(folder / "model.safetensors")
    change(tensors)
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda t: t.pop("text_projection.weight"), "1 missing: text_projection.weight"),
        (lambda t: t.update(extra=torch.zeros(2)), "1 unexpected: extra"),
        (
            lambda t: t.update({"visual_projection.weight": torch.zeros(3, 3)}),
            "1 mismatched: visual_projection",
        ),
    ],
)
def test_a_model_folder_whose_tensors_do_not_fit_names_them(folder, change, says):
    edit_weights(folder, change)
    with pytest.raises(ValueError, match=says):
        load_encoder(str(folder))


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("config.json", "no folder or hub id with a model"),
        ("model.safetensors", "cannot be loaded"),
        ("preprocessor_config.json", "an image processor"),
        ("tokenizer.json", "tokenizer"),
    ],
)
def test_a_model_folder_without_one_of_its_files_says_which(folder, name, says):
    (folder / name).unlink()
    with pytest.raises(ValueError, match=says) as error:
        load_encoder(str(folder))
    assert str(folder) in str(error.value)


def test_a_truncated_weights_file_is_one_clear_error(folder):
    data = (folder / "model.safetensors").read_bytes()
    (folder / "model.safetensors").write_bytes(data[: len(data) // 2])
    with pytest.raises(ValueError, match="cannot be loaded"):
        load_encoder(str(folder))


def test_a_model_of_another_architecture_is_refused(clip, text_folder, tmp_path):
    with quiet():
        CLIPVisionModel(clip.vision.config).save_pretrained(tmp_path / "vision")
    with pytest.raises(ValueError, match="type 'clip_vision_model', not a dual encoder"):
        load_encoder(str(tmp_path / "vision"))
    with pytest.raises(ValueError, match="not a dual encoder"):
        load_encoder(text_folder)


def test_a_tokenizer_that_ends_captions_elsewhere_is_refused(folder):
    config = json.loads((folder / "config.json").read_text())
    config["text_config"]["eos_token_id"] = 7
    (folder / "config.json").write_text(json.dumps(config))
    with pytest.raises(ValueError, match="reads a caption at token 7, but the tokenizer ends captions with"):
        load_encoder(str(folder))


def test_a_tokenizer_with_more_tokens_than_the_tower_is_refused(shape, folder):
    tokenizer = AutoTokenizer.from_pretrained(str(folder))
    tokenizer.add_tokens([f"<{i}>" for i in range(400)])
    with quiet():
        tokenizer.save_pretrained(folder)
    with pytest.raises(ValueError, match="tokens, the text tower"):
        load_encoder(str(folder))


def test_altclip_saved_by_transformers_loads_whole(altclip_folder):
    encoder = load_encoder(altclip_folder)
    assert encoder.text_window == 63
    assert type(encoder.model).__name__ == "AltCLIPModel"


def test_a_new_clip_depends_on_the_seed_alone(shape):
    torch.manual_seed(5)
    one = make_clip(shape).state_dict()
    torch.manual_seed(5)
    two = make_clip(shape).state_dict()
    assert all(torch.equal(one[name], two[name]) for name in one)


def test_timm_with_a_text_tower_trains_every_parameter(text_folder):
    shape = TimmShape(vision="vit_base_patch16_clip_224", vision_options=VIT, text=text_folder, embed=16)
    encoder = build_encoder(EncoderConfig(timm=shape))
    assert encoder.training
    images = torch.randint(0, 256, (2, 1, 32, 32), dtype=torch.uint8)
    image, text, scale, _ = encoder(images, *encoder.tokenize(["AB = 6.", "D lies on BC and CD = 4."]))
    (scale * image @ text.T).square().sum().backward()
    # The positional row of a BERT caption longer than the batch has no gradient, but the tensor has one.
    assert [name for name, p in encoder.named_parameters() if p.grad is None] == []


def test_timm_weights_can_come_from_a_file_that_fits_exactly(text_folder, tmp_path):
    shape = TimmShape(vision="vit_base_patch16_clip_224", vision_options=VIT, text=text_folder, embed=16)
    first = build_encoder(EncoderConfig(timm=shape))
    tensors = {name: t.contiguous() for name, t in first.vision.state_dict().items()}
    save_file(tensors, tmp_path / "vision.safetensors")
    shape.vision_weights = str(tmp_path / "vision.safetensors")
    second = build_encoder(EncoderConfig(timm=shape))
    assert all(torch.equal(tensors[name], t) for name, t in second.vision.state_dict().items())
    tensors.pop("cls_token")
    save_file(tensors, tmp_path / "vision.safetensors")
    with pytest.raises(ValueError, match="1 missing: cls_token"):
        build_encoder(EncoderConfig(timm=shape))


def test_a_convolutional_timm_tower_takes_part(text_folder):
    options = {"depths": [1] * 4, "dims": [8] * 4, "pretrained_cfg_overlay": {"input_size": [3, 64, 64]}}
    shape = TimmShape(
        vision="convnext_tiny", vision_options=options, text=text_folder, text_weights=False, embed=8
    )
    encoder = build_encoder(EncoderConfig(timm=shape))
    assert encoder.image_size == 64
    assert encoder.encode_image(torch.zeros(2, 1, 64, 64, dtype=torch.uint8)).shape == (2, 8)


def test_unknown_timm_model_and_wrong_text_tower_are_refused(text_folder, clip_folder):
    with pytest.raises(ValueError, match="timm has no model 'vit_basic'"):
        build_encoder(EncoderConfig(timm=TimmShape(vision="vit_basic", text=text_folder)))
    with pytest.raises(ValueError, match="give the folder of a text encoder"):
        build_encoder(EncoderConfig(timm=TimmShape(vision="resnet18", text=clip_folder)))


def test_an_encoder_has_exactly_one_origin(tokenizer_folder):
    with pytest.raises(ValueError, match="exactly one of pretrained, clip, timm"):
        EncoderConfig()
    with pytest.raises(ValueError, match="exactly one"):
        EncoderConfig(pretrained="x", clip=ClipShape(tokenizer=tokenizer_folder))
    with pytest.raises(ValueError, match="does not divide"):
        ClipShape(tokenizer=tokenizer_folder, image_size=96, patch_size=10)


@pytest.fixture(scope="module")
def siglip2_folder(tmp_path_factory):
    """SigLIP 2 of one size as the hub has it: SigLIP's classes, Gemma's tokenizer, no word on capitals."""
    folder = tmp_path_factory.mktemp("siglip2")
    pieces = ["<pad>", "<eos>", "<bos>", "<unk>", "<mask>", *"▁.,=△0123456789abcdefghijklmnopqrstuvwxyz"]
    pieces += [*"ABCDEFGHIJKLMNOPQRSTUVWXYZ"]
    vocab = {piece: i for i, piece in enumerate(pieces)}
    tokenizer = GemmaTokenizer(vocab=vocab, merges=[], add_bos_token=False, add_eos_token=True)
    text = {"vocab_size": 100, "hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2}
    text |= {"num_attention_heads": 2, "projection_size": 32, "bos_token_id": 2, "eos_token_id": 1}
    vision = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 2}
    config = SiglipConfig(text_config=text, vision_config={**vision, "image_size": 32, "patch_size": 8})
    torch.manual_seed(0)
    with quiet():
        SiglipModel(config).save_pretrained(folder)
        tokenizer.save_pretrained(folder)
        SiglipImageProcessor(size={"height": 32, "width": 32}).save_pretrained(folder)
    assert json.loads((folder / "tokenizer_config.json").read_text())["tokenizer_class"] == "GemmaTokenizer"
    return folder


@torch.no_grad()
def test_siglip_2_of_one_size_reads_lower_case_and_exports_to_stock_classes(siglip2_folder, tmp_path):
    encoder = load_encoder(str(siglip2_folder)).eval()
    assert type(encoder.model).__name__ == "SiglipModel"
    ids, _ = encoder.tokenize(["△ABC", "△abc", "AB = 6."])
    assert torch.equal(ids[0], ids[1])
    vocab = encoder.tokenizer.get_vocab()
    expected = [*(vocab[piece] for piece in "ab▁=▁6."), vocab["<eos>"]]
    assert ids[2].tolist() == expected + [0] * (64 - len(expected))
    export_clip(encoder, tmp_path / "clip")
    stock = AutoModel.from_pretrained(tmp_path / "clip").eval()
    tokenizer = AutoTokenizer.from_pretrained(tmp_path / "clip")
    inputs = tokenizer(["AB = 6."], padding="max_length", return_tensors="pt")
    assert torch.equal(inputs.input_ids, ids[2:])
    theirs = stock.get_text_features(input_ids=inputs.input_ids).pooler_output
    ours = encoder.encode_text(*encoder.tokenize(["AB = 6."]))
    torch.testing.assert_close(ours, torch.nn.functional.normalize(theirs), rtol=0, atol=1e-6)
    again = load_encoder(str(tmp_path / "clip"))
    assert torch.equal(again.tokenize(["AB = 6."])[0], ids[2:])


def test_siglip_2_for_any_shape_of_picture_is_refused(siglip2_folder, tmp_path):
    folder = shutil.copytree(siglip2_folder, tmp_path / "naflex")
    size = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 1, "num_attention_heads": 2}
    text = {**size, "vocab_size": 100}
    with quiet():
        Siglip2Model(
            Siglip2Config(text_config=text, vision_config={**size, "num_patches": 16})
        ).save_pretrained(folder)
    with pytest.raises(ValueError, match=r"SigLIP 2 model of the NaFlex kind.*use one of a fixed size"):
        load_encoder(str(folder))


def test_every_load_says_in_one_line_what_was_loaded(clip_folder, text_folder, capsys):
    load_encoder(clip_folder)
    tensors = load_file(f"{clip_folder}/model.safetensors")
    millions = sum(tensor.numel() for tensor in tensors.values()) / 1e6
    assert capsys.readouterr().err.splitlines() == [
        f"loaded CLIPModel from {clip_folder}: {len(tensors)} tensors, {millions:.3f} M parameters, float32"
    ]
    shape = TimmShape(vision="vit_base_patch16_clip_224", vision_options=VIT, text=text_folder, embed=16)
    build_encoder(EncoderConfig(timm=shape))
    lines = capsys.readouterr().err.splitlines()
    assert f"Model from {text_folder}: " in lines[0]
    assert lines[1] == "newly made: visual_projection.weight, text_projection.weight"


def test_what_a_text_checkpoint_lacks_is_said_to_be_new(text_folder, tmp_path, capsys):
    folder = Path(shutil.copytree(text_folder, tmp_path / "text"))
    edit_weights(folder, lambda t: (t.pop("pooler.dense.weight"), t.update({"cls.bias": torch.zeros(2)})))
    shape = TimmShape(vision="vit_base_patch16_clip_224", vision_options=VIT, text=str(folder), embed=16)
    build_encoder(EncoderConfig(timm=shape))
    line = capsys.readouterr().err.splitlines()[0]
    assert "; newly made: pooler.dense.weight" in line
    assert line.endswith("; left out: cls.bias")
