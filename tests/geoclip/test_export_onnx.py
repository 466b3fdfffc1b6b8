import importlib.util

import pytest
import torch

from configs.geoclip import EncoderConfig, TimmShape
from geoclip import export_onnx as module
from geoclip.export_onnx import OUTPUTS, export_onnx, main
from geoclip.towers import build_encoder, load_encoder
from geoclip.vision import tower_outputs

needs_onnx = pytest.mark.skipif(
    any(importlib.util.find_spec(name) is None for name in module.PACKAGES), reason="needs the onnx extra"
)


def timm_encoder(text_folder, name, **options):
    torch.manual_seed(0)
    shape = TimmShape(vision=name, vision_options=options, text=text_folder, embed=16)
    return build_encoder(EncoderConfig(timm=shape)).eval()


def run(path, pixels):
    import onnxruntime

    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    return dict(zip(OUTPUTS, session.run(list(OUTPUTS), {"pixel_values": pixels.numpy()}), strict=True))


@torch.no_grad()
def test_patches_are_those_that_an_lmm_reads(family):
    images = torch.randint(0, 256, (2, 1, 32, 32), dtype=torch.uint8)
    pixels = family.pixels(images)
    pooled, patches = tower_outputs(family, pixels)
    states = family.vision(pixel_values=pixels, output_hidden_states=True)
    siglip = type(family.model).__name__ == "SiglipModel"
    expected = states.hidden_states[1]  # of two layers, after the first
    torch.testing.assert_close(patches, expected if siglip else expected[:, 1:])
    torch.testing.assert_close(pooled, states.pooler_output)


@torch.no_grad()
@pytest.mark.parametrize(
    ("name", "options", "shape"),
    [
        ("vit_base_patch16_clip_224", {"img_size": 32, "embed_dim": 32, "depth": 3, "num_heads": 2}, (4, 32)),
        ("convnext_tiny", {"depths": [1] * 4, "dims": [8, 8, 16, 16]}, (4, 16)),
    ],
)
def test_timm_towers_give_their_second_last_layer(text_folder, name, options, shape):
    encoder = timm_encoder(text_folder, name, **options)
    images = torch.randint(0, 256, (2, 1, 32, 32), dtype=torch.uint8)
    pixels = encoder.pixels(images)
    pooled, patches = tower_outputs(encoder, pixels)
    assert patches.shape[1:] == shape
    torch.testing.assert_close(pooled, encoder.vision(pixels))
    if name.startswith("vit"):
        seen = []
        encoder.vision.blocks[-1].register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
        encoder.vision(pixels)
        torch.testing.assert_close(patches, seen[0][:, 1:])


@needs_onnx
@pytest.mark.slow
@torch.no_grad()
def test_the_file_of_every_family_computes_what_the_tower_does_at_any_batch_size(family, tmp_path):
    found = export_onnx(family, tmp_path / "onnx")
    assert max(found.values()) <= 1e-5
    assert sorted(path.name for path in (tmp_path / "onnx").iterdir()) == [
        "model.onnx",
        "preprocessor_config.json",
    ]
    for size in (1, 2, 7):
        images = torch.randint(0, 256, (size, 1, 32, 32), dtype=torch.uint8)
        made = run(tmp_path / "onnx" / "model.onnx", family.pixels(images))
        embeds = family.encode_image(images)
        assert made["image_embeds"].shape == embeds.shape
        torch.testing.assert_close(torch.from_numpy(made["image_embeds"]), embeds, rtol=0, atol=1e-5)


@needs_onnx
@pytest.mark.slow
def test_the_command_writes_beside_the_model_and_refuses_what_is_inexact(
    clip_folder, tmp_path, monkeypatch, capsys
):
    model = tmp_path / "export"
    model.mkdir()
    (model / "clip").symlink_to(clip_folder)
    main([str(model)])
    file = model / "onnx" / "model.onnx"
    before = file.read_bytes()
    assert "largest differences image_embeds" in capsys.readouterr().err
    monkeypatch.setattr(module, "differences", lambda *_: dict.fromkeys(OUTPUTS, float("nan")))
    with pytest.raises(ValueError, match=r"ONNX file differs .*image_embeds nan.*nothing was exported"):
        export_onnx(load_encoder(str(model)), model / "onnx")
    assert file.read_bytes() == before
    assert sorted(path.name for path in model.iterdir()) == ["clip", "onnx"]


def test_without_the_packages_the_command_says_what_to_install(clip, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "PACKAGES", ("onnx_that_is_not_there",))
    with pytest.raises(
        ValueError, match=r"onnx_that_is_not_there not installed; use pip install 'mmgeolm\[onnx\]'"
    ):
        export_onnx(clip, tmp_path / "onnx")


@pytest.mark.parametrize(("argv", "says"), [([], "name one model"), (["some/hub-id"], "out=FOLDER")])
def test_a_model_and_a_place_are_needed(argv, says, capsys):
    with pytest.raises(SystemExit):
        main(argv)
    assert says in capsys.readouterr().err
