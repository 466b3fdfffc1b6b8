import json

import pytest
import torch
from safetensors import safe_open
from transformers import (
    AltCLIPModel,
    AltCLIPVisionModel,
    AutoImageProcessor,
    AutoModel,
    CLIPVisionModel,
    SiglipVisionModel,
)

from configs.geoclip import EncoderConfig, TimmShape
from configs.strict import quiet
from geoclip.export import export_clip, export_vision, has_stock_vision, stock_vision
from geoclip.towers import OWN_CONFIG, build_encoder, load_encoder

VIT = {"img_size": 32, "embed_dim": 32, "depth": 3, "num_heads": 2}
TEXTS = ["AB = 6.", "Point D lies on BC, and CD = 4."]


def timm_encoder(text_folder, name, **options):
    torch.manual_seed(0)
    shape = TimmShape(vision=name, vision_options=options, text=text_folder, embed=16)
    encoder = build_encoder(EncoderConfig(timm=shape)).eval()
    for (
        name,
        parameter,
    ) in encoder.vision.named_parameters():  # norms and biases start at 1 and 0, which hides swaps
        with torch.no_grad():
            parameter.add_(torch.randn_like(parameter) * 0.1)
            assert name
    return encoder


def pictures(size=32):
    return torch.randint(0, 256, (3, 1, size, size), dtype=torch.uint8)


@torch.no_grad()
def test_the_vision_tower_of_every_family_reloads_as_a_stock_model(family, tmp_path):
    difference = export_vision(family, tmp_path / "vision")
    assert difference <= 1e-5
    siglip = type(family.model).__name__ == "SiglipModel"
    with quiet():
        stock, info = (SiglipVisionModel if siglip else CLIPVisionModel).from_pretrained(
            tmp_path / "vision", output_loading_info=True
        )
    assert not any(info[kind] for kind in ("missing_keys", "unexpected_keys", "mismatched_keys"))
    images = pictures()
    ours = stock.eval()(pixel_values=family.pixels(images), output_hidden_states=True)
    theirs = family.vision(pixel_values=family.pixels(images), output_hidden_states=True)
    for a, b in zip(ours.hidden_states, theirs.hidden_states, strict=True):
        torch.testing.assert_close(a, b, rtol=0, atol=1e-6)
    torch.testing.assert_close(ours.pooler_output, theirs.pooler_output, rtol=0, atol=1e-6)


@torch.no_grad()
def test_the_exported_image_processor_gives_the_pixels_of_training(family, tmp_path):
    export_vision(family, tmp_path / "vision")
    processor = AutoImageProcessor.from_pretrained(tmp_path / "vision")
    grey = pictures()[:1]
    theirs = processor(images=grey[0].expand(3, -1, -1), return_tensors="pt").pixel_values
    torch.testing.assert_close(family.pixels(grey), theirs, rtol=0, atol=1e-5)


@torch.no_grad()
def test_the_whole_encoder_of_every_family_reloads(family, tmp_path):
    family.logit_scale.fill_(2.0)
    export_clip(family, tmp_path / "clip")
    again = load_encoder(str(tmp_path / "clip")).eval()
    images = pictures()
    for a, b in zip(
        family(images, *family.tokenize(TEXTS)), again(images, *again.tokenize(TEXTS)), strict=True
    ):
        if a is not None:
            torch.testing.assert_close(a, b, rtol=0, atol=1e-6)
    with quiet():
        stock, info = AutoModel.from_pretrained(tmp_path / "clip", output_loading_info=True)
    assert not any(info[kind] for kind in ("missing_keys", "unexpected_keys", "mismatched_keys"))
    assert type(stock) is type(family.model)
    assert float(stock.logit_scale.detach()) == 2.0


def test_our_altclip_folder_also_holds_the_vision_tower_under_its_own_name(altclip_folder, tmp_path):
    """What transformers writes itself loses vision tensors here; ours none, under the hub's text names."""
    export_clip(load_encoder(altclip_folder), tmp_path / "clip")
    lost = {}
    for name, folder in (("theirs", altclip_folder), ("ours", tmp_path / "clip")):
        with quiet():
            _, info = AltCLIPVisionModel.from_pretrained(folder, output_loading_info=True)
        lost[name] = len(info["missing_keys"])
    assert lost["theirs"] > 0
    assert lost["ours"] == 0
    with safe_open(tmp_path / "clip" / "model.safetensors", "pt") as file:
        names = list(file.keys())
    assert "text_model.roberta.encoder.layer.0.attention.self.query.weight" in names
    assert "vision_model.encoder.layers.0.self_attn.q_proj.weight" in names
    with quiet():
        _, info = AltCLIPModel.from_pretrained(tmp_path / "clip", output_loading_info=True)
    assert not info["missing_keys"]


@torch.no_grad()
@pytest.mark.parametrize("name", ["vit_base_patch16_clip_224", "vit_base_patch16_clip_quickgelu_224"])
def test_a_timm_clip_vit_converts_exactly(text_folder, tmp_path, name):
    encoder = timm_encoder(text_folder, name, **VIT)
    assert export_vision(encoder, tmp_path / "vision") <= 1e-4
    stock = CLIPVisionModel.from_pretrained(tmp_path / "vision").eval()
    pixels = encoder.pixels(pictures())
    states = stock(pixel_values=pixels, output_hidden_states=True).hidden_states
    # The feature that the LMM reads, one block before the last, against timm's own blocks.
    seen = []
    encoder.vision.blocks[-1].register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    pooled = encoder.vision(pixels)
    torch.testing.assert_close(states[-2], seen[0], rtol=0, atol=1e-5)
    torch.testing.assert_close(stock(pixel_values=pixels).pooler_output, pooled, rtol=0, atol=1e-5)
    quick = json.loads((tmp_path / "vision" / "config.json").read_text())["hidden_act"] == "quick_gelu"
    assert quick == ("quickgelu" in name)


@pytest.mark.parametrize(
    ("name", "options", "says"),
    [
        ("vit_base_patch16_224", VIT, "a norm before the blocks"),
        ("vit_base_patch16_clip_224", {**VIT, "init_values": 0.1}, "no layer scale"),
        ("vit_base_patch16_clip_224", {**VIT, "reg_tokens": 2}, "a class token and no other prefix"),
        ("vit_base_patch16_clip_224", {**VIT, "global_pool": "avg"}, "pooling by the class token"),
        (
            "convnext_tiny",
            {"depths": [1] * 4, "dims": [8] * 4, "pretrained_cfg_overlay": {"input_size": [3, 32, 32]}},
            "ConvNeXt is neither a CLIP nor a SigLIP",
        ),
    ],
)
def test_towers_without_an_exact_stock_form_are_refused(text_folder, tmp_path, name, options, says):
    encoder = timm_encoder(text_folder, name, **options)
    assert says in has_stock_vision(encoder)
    with pytest.raises(ValueError, match=f"no exact stock form: .*{says}.*serves retrieval and probing"):
        export_vision(encoder, tmp_path / "vision")
    assert not (tmp_path / "vision").exists()


@torch.no_grad()
def test_a_timm_encoder_is_written_in_our_own_form(text_folder, tmp_path):
    encoder = timm_encoder(text_folder, "vit_base_patch16_224", **VIT)
    export_clip(encoder, tmp_path / "clip")
    assert (tmp_path / "clip" / OWN_CONFIG).is_file()
    again = load_encoder(str(tmp_path / "clip")).eval()
    images = pictures()
    for a, b in zip(
        encoder(images, *encoder.tokenize(TEXTS)), again(images, *again.tokenize(TEXTS)), strict=True
    ):
        if a is not None:
            torch.testing.assert_close(a, b, rtol=0, atol=1e-6)


def test_an_inexact_export_leaves_nothing_behind(clip, tmp_path):
    with torch.no_grad():
        clip.vision.embeddings.class_embedding[0] = torch.nan
    with pytest.raises(ValueError, match="class_embedding holds NaN or infinity"):
        export_vision(clip, tmp_path / "vision")
    assert list(tmp_path.iterdir()) == []


def test_exporting_again_replaces_the_folder(clip, tmp_path):
    export_vision(clip, tmp_path / "vision")
    (tmp_path / "vision" / "stale.txt").write_text("old")
    clip.train()
    export_vision(clip, tmp_path / "vision")
    assert clip.training
    assert sorted(path.name for path in (tmp_path / "vision").iterdir()) == [
        "config.json",
        "model.safetensors",
        "preprocessor_config.json",
    ]
    assert [path.name for path in tmp_path.iterdir()] == ["vision"]


def test_a_trained_bias_is_left_out_of_a_clip_folder(clip, tmp_path):
    clip.train_bias(True)
    export_clip(clip, tmp_path / "clip")
    assert load_encoder(str(tmp_path / "clip")).logit_bias is None


def test_stock_towers_share_the_weights_in_memory(clip):
    assert stock_vision(clip) is clip.vision
