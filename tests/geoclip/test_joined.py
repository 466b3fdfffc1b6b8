"""timm vision towers with ``transformers`` text towers: any two, with real padding and strict weights."""

import pytest
import timm
import torch
from safetensors.torch import load_file, save_file
from transformers import (
    AutoTokenizer,
    CLIPTextConfig,
    CLIPTextModel,
    ModernBertConfig,
    ModernBertModel,
    MPNetConfig,
    MPNetModel,
    RobertaConfig,
    RobertaModel,
    T5Config,
)

from configs.geoclip import EncoderConfig, TimmShape
from configs.strict import quiet
from geoclip.export import export_clip
from geoclip.towers import build_encoder, load_encoder

VIT = {"img_size": 32, "embed_dim": 32, "depth": 2, "num_heads": 2}
CONVNEXT = {"depths": [1] * 4, "dims": [8] * 4, "pretrained_cfg_overlay": {"input_size": [3, 32, 32]}}
TEXT = {"vocab_size": 400, "hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2}
TEXT |= {"num_attention_heads": 2, "max_position_embeddings": 64, "pad_token_id": 0}
ENDS = {"bos_token_id": 1, "eos_token_id": 4}
TEXTS = ["AB = 6.", "Point E is the midpoint of AC, where AC ∥ DF, and ∠ABC = 40°.", "D lies on BC.", "E"]

PAIRS = {
    "vit and modernbert": ("vit_base_patch16_siglip_224", VIT, ModernBertModel, ModernBertConfig, ENDS),
    "convnext and roberta": ("convnext_tiny", CONVNEXT, RobertaModel, RobertaConfig, ENDS),
    "vit and clip text": ("vit_base_patch16_clip_224", VIT, CLIPTextModel, CLIPTextConfig, ENDS),
    "convnextv2 and mpnet": ("convnextv2_tiny", CONVNEXT, MPNetModel, MPNetConfig, {"pad_token_id": 1}),
}


@pytest.fixture
def save_text(tokenizer_folder, tmp_path):
    def save(model, config, **more):
        torch.manual_seed(3)
        with quiet():
            model(config(**{**TEXT, **more})).save_pretrained(tmp_path / "text")
            AutoTokenizer.from_pretrained(tokenizer_folder).save_pretrained(tmp_path / "text")
        return str(tmp_path / "text")

    return save


@torch.no_grad()
@pytest.mark.parametrize("name", PAIRS)
def test_a_caption_has_one_feature_whatever_batch_it_is_in_and_survives_export(name, save_text, tmp_path):
    vision, options, model, config, more = PAIRS[name]
    shape = TimmShape(vision=vision, vision_options=options, text=save_text(model, config, **more), embed=16)
    encoder = build_encoder(EncoderConfig(timm=shape)).eval()
    images = torch.randint(0, 256, (3, 1, 32, 32), dtype=torch.uint8)
    together = encoder.encode_text(*encoder.tokenize(TEXTS))
    ids, mask = encoder.tokenize(TEXTS)
    padded = encoder._text(ids, mask)  # all padded to the longest, without buckets
    alone = torch.cat([encoder.encode_text(*encoder.tokenize([text])) for text in TEXTS])
    torch.testing.assert_close(together, alone, rtol=0, atol=1e-6)
    torch.testing.assert_close(padded, alone, rtol=0, atol=1e-6)
    ids[mask == 0] = 77  # what stands in the padding is not read
    torch.testing.assert_close(encoder._text(ids, mask), alone, rtol=0, atol=1e-6)
    export_clip(encoder, tmp_path / "own")
    again = load_encoder(str(tmp_path / "own")).eval()
    torch.testing.assert_close(again.encode_text(*again.tokenize(TEXTS)), together, rtol=0, atol=1e-6)
    torch.testing.assert_close(again.encode_image(images), encoder.encode_image(images), rtol=0, atol=1e-6)


@pytest.mark.parametrize("name", ["vit and modernbert", "convnext and roberta"])
def test_every_parameter_of_a_pair_has_a_gradient(name, save_text):
    vision, options, model, config, more = PAIRS[name]
    shape = TimmShape(vision=vision, vision_options=options, text=save_text(model, config, **more), embed=16)
    encoder = build_encoder(EncoderConfig(timm=shape))
    images = torch.randint(0, 256, (2, 1, 32, 32), dtype=torch.uint8)
    image, text, scale, _ = encoder(images, *encoder.tokenize(TEXTS[:2]))
    (scale * image @ text.T).square().sum().backward()
    assert [name for name, p in encoder.named_parameters() if p.grad is None] == []


def test_what_counts_positions_from_its_padding_has_a_smaller_window(save_text):
    name, options, model, config, more = PAIRS["convnextv2 and mpnet"]
    shape = TimmShape(vision=name, vision_options=options, text=save_text(model, config, **more), embed=16)
    encoder = build_encoder(EncoderConfig(timm=shape)).eval()
    assert encoder.text_window == 64 - 2
    ids = torch.full((1, 62), 50)
    assert encoder.encode_text(ids, torch.ones_like(ids)).isfinite().all()


def test_a_text_model_with_a_decoder_is_refused(tmp_path):
    T5Config(d_model=32, num_layers=1).save_pretrained(tmp_path)
    shape = TimmShape(vision="convnext_tiny", vision_options=CONVNEXT, text=str(tmp_path))
    with pytest.raises(ValueError, match="type 't5'; give the folder of a text encoder, for example BERT"):
        build_encoder(EncoderConfig(timm=shape))


def test_timms_own_weights_are_loaded_as_strictly_as_ours(save_text, tmp_path, capsys):
    name, options, model, config, more = PAIRS["vit and clip text"]
    file = tmp_path / "timm.safetensors"
    save_file(timm.create_model(name, num_classes=7, **options).state_dict(), file)
    options = {**options, "pretrained_cfg_overlay": {"file": str(file), "num_classes": 7}}
    shape = TimmShape(vision=name, vision_weights="hub", vision_options=options, embed=16, text="")
    shape.text = save_text(model, config, **more)
    encoder = build_encoder(EncoderConfig(timm=shape))
    tensors = load_file(file)
    assert torch.equal(encoder.vision.cls_token, tensors["cls_token"])
    assert "loaded VisionTransformer from timm" in capsys.readouterr().err
    save_file({key: t for key, t in tensors.items() if key != "blocks.1.norm2.bias"}, file)
    with pytest.raises(ValueError, match=r"do not fit: Missing keys \(blocks\.1\.norm2\.bias\)"):
        build_encoder(EncoderConfig(timm=shape))
    save_file({**tensors, "extra": torch.zeros(2)}, file)
    with pytest.raises(ValueError, match=r"do not fit: Unexpected keys \(extra\)"):
        build_encoder(EncoderConfig(timm=shape))
