"""Longer captions and other picture sizes, against the published rule and what the libraries do."""

import json

import pytest
import timm
import torch
from safetensors.torch import save_file
from transformers import AutoImageProcessor, AutoModel, AutoTokenizer, CLIPVisionModel, SiglipVisionModel

from configs.geoclip import EncoderConfig, TimmShape
from geoclip.export import export_clip, export_vision
from geoclip.positions import resize_grid, stretch
from geoclip.towers import build_encoder, load_encoder

SHORT = ["AB = 6.", "E lies on F."]
LONG = "Point D lies on BC. " * 8 + "AB = 6."


def long_clip(table):
    """The positions of Long-CLIP, one at a time: three new ones between two old ones, three past the end."""
    rows = list(table[:20])
    for i in range(20, len(table)):
        a, b = (table[i], table[i + 1]) if i + 1 < len(table) else (table[i], 2 * table[i] - table[i - 1])
        rows += [a + k / 4 * (b - a) for k in range(4)]
    return torch.stack(rows)


def test_77_positions_become_the_248_of_long_clip():
    table = torch.randn(77, 5)
    stretched = stretch(table, 248)
    torch.testing.assert_close(stretched, long_clip(table), rtol=0, atol=1e-6)
    assert torch.equal(stretched[:20], table[:20])
    assert torch.equal(stretched[20::4], table[20:])


def test_positions_on_a_line_stay_on_a_line_for_any_window():
    line = torch.arange(64.0)[:, None]
    for window in (65, 100, 511):
        behind = stretch(line, window)[20:, 0]
        expected = 20 + torch.arange(window - 20) * (44 / (window - 20))
        torch.testing.assert_close(behind, expected, rtol=0, atol=1e-4)


def test_a_pinned_end_keeps_the_last_position_the_last():
    table = torch.randn(64, 5)
    stretched = stretch(table, 100, pinned_end=True)
    assert torch.equal(stretched[:20], table[:20])
    assert torch.equal(stretched[-1], table[-1])


@pytest.mark.parametrize(("length", "window"), [(77, 77), (77, 64), (21, 40)])
def test_a_table_that_cannot_be_stretched_is_refused(length, window):
    with pytest.raises(ValueError, match=f"{length} positions cannot be stretched to {window}: the first 20"):
        stretch(torch.zeros(length, 2), window)


def test_a_grid_of_its_own_size_stays_and_the_class_token_always():
    table = torch.randn(1 + 16, 5)
    torch.testing.assert_close(resize_grid(table, 4), table, rtol=0, atol=1e-6)
    assert torch.equal(resize_grid(table, 6)[0], table[0])
    assert resize_grid(table[1:], 3).shape == (9, 5)


@torch.no_grad()
def test_a_longer_clip_reads_short_captions_as_before_and_long_ones_like_the_stock_model(
    clip_folder, tmp_path
):
    before, after = load_encoder(clip_folder).eval(), load_encoder(clip_folder, text_window=100).eval()
    assert (before.text_window, after.text_window) == (64, 100)
    for a, b in zip(before.tokenize(SHORT), after.tokenize(SHORT), strict=True):
        assert torch.equal(a, b)
    torch.testing.assert_close(
        after.encode_text(*after.tokenize(SHORT)), before.encode_text(*before.tokenize(SHORT))
    )
    with pytest.raises(ValueError, match="the text tower reads 64"):
        before.tokenize([LONG])
    export_clip(after, tmp_path / "clip")
    assert load_encoder(str(tmp_path / "clip")).text_window == 100
    tokenizer, stock = (
        AutoTokenizer.from_pretrained(tmp_path / "clip"),
        AutoModel.from_pretrained(tmp_path / "clip"),
    )
    inputs = tokenizer([LONG], truncation=True, return_tensors="pt")
    assert 64 < inputs.input_ids.shape[1] <= 100
    theirs = stock.eval().get_text_features(**inputs).pooler_output
    ours = after.encode_text(*after.tokenize([LONG]))
    torch.testing.assert_close(ours, torch.nn.functional.normalize(theirs), rtol=0, atol=1e-6)


@torch.no_grad()
def test_a_longer_siglip_is_padded_to_its_new_window_by_the_stock_tokenizer(siglip_folder, tmp_path):
    encoder = load_encoder(siglip_folder, text_window=96).eval()
    export_clip(encoder, tmp_path / "clip")
    tokenizer, stock = (
        AutoTokenizer.from_pretrained(tmp_path / "clip"),
        AutoModel.from_pretrained(tmp_path / "clip"),
    )
    inputs = tokenizer([*SHORT, LONG], padding="max_length", truncation=True, return_tensors="pt")
    assert torch.equal(inputs.input_ids, encoder.tokenize([*SHORT, LONG])[0])
    theirs = stock.eval().get_text_features(input_ids=inputs.input_ids).pooler_output
    ours = encoder.encode_text(*encoder.tokenize([*SHORT, LONG]))
    torch.testing.assert_close(ours, torch.nn.functional.normalize(theirs), rtol=0, atol=1e-6)


def test_a_text_tower_that_counts_from_its_padding_is_not_stretched(altclip_folder):
    with pytest.raises(
        ValueError, match="altclip_text_model tower reads 63 tokens, and only CLIP and SigLIP"
    ):
        load_encoder(altclip_folder, text_window=100)
    assert load_encoder(altclip_folder, text_window=63).text_window == 63


@torch.no_grad()
@pytest.mark.parametrize(("name", "size"), [("clip", 48), ("siglip", 24), ("altclip", 48)])
def test_another_picture_size_equals_what_transformers_interpolates_and_exports(
    request, tmp_path, name, size
):
    folder = request.getfixturevalue(f"{name}_folder")
    stock, encoder = AutoModel.from_pretrained(folder).eval(), load_encoder(folder, image_size=size).eval()
    images = torch.randint(0, 256, (2, 1, size, size), dtype=torch.uint8)
    pixels = encoder.pixels(images)
    theirs = stock.get_image_features(pixel_values=pixels, interpolate_pos_encoding=True).pooler_output
    ours = encoder.encode_image(images)
    torch.testing.assert_close(ours, torch.nn.functional.normalize(theirs), rtol=0, atol=1e-6)
    export_vision(encoder, tmp_path / "vision")
    export_clip(encoder, tmp_path / "clip")
    again = load_encoder(str(tmp_path / "clip")).eval()
    assert again.image_size == size
    torch.testing.assert_close(again.encode_image(images), ours, rtol=0, atol=1e-6)
    cls = SiglipVisionModel if name == "siglip" else CLIPVisionModel
    vision = cls.from_pretrained(tmp_path / "vision").eval()
    assert vision.config.image_size == size
    processor = AutoImageProcessor.from_pretrained(tmp_path / "vision")
    grey = torch.randint(0, 256, (1, 60, 60), dtype=torch.uint8)
    prepared = processor(images=grey.expand(3, -1, -1), return_tensors="pt").pixel_values
    assert prepared.shape[-2:] == (size, size)
    torch.testing.assert_close(
        vision(pixel_values=pixels).last_hidden_state,
        encoder.vision(pixel_values=pixels).last_hidden_state,
        rtol=0,
        atol=1e-6,
    )


def test_the_size_of_the_checkpoint_changes_nothing_and_half_patches_are_refused(clip_folder, capsys):
    plain, same = load_encoder(clip_folder), load_encoder(clip_folder, image_size=32, text_window=64)
    assert "interpolated" not in capsys.readouterr().err
    ours, theirs = same.state_dict(), plain.state_dict()
    assert all(torch.equal(ours[name], theirs[name]) for name in ours)
    with pytest.raises(ValueError, match="image_size=50 is no multiple of the patch size 8; use 48 or 56"):
        load_encoder(clip_folder, image_size=50)
    with pytest.raises(ValueError, match=r"set clip\.image_size"):
        EncoderConfig(clip={}, image_size=48)


@torch.no_grad()
def test_a_timm_vit_of_another_size_is_what_timm_makes_of_its_weights(clip_folder, tmp_path):
    vit = {"embed_dim": 32, "depth": 2, "num_heads": 2}
    name = "vit_base_patch16_clip_224"
    torch.manual_seed(0)
    small = timm.create_model(name, num_classes=0, img_size=32, **vit)
    save_file(small.state_dict(), tmp_path / "vision.safetensors")
    shape = TimmShape(
        vision=name,
        vision_weights=str(tmp_path / "vision.safetensors"),
        vision_options={"img_size": 32, **vit},
        text=_clip_text(clip_folder, tmp_path / "text"),
        embed=16,
    )
    encoder = build_encoder(EncoderConfig(timm=shape, image_size=64, text_window=100)).eval()
    file = {"file": str(tmp_path / "vision.safetensors")}
    theirs = timm.create_model(name, True, num_classes=0, img_size=64, pretrained_cfg_overlay=file, **vit)
    torch.testing.assert_close(encoder.vision.pos_embed, theirs.pos_embed, rtol=0, atol=1e-6)
    assert (encoder.image_size, encoder.text_window) == (64, 100)
    export_vision(encoder, tmp_path / "stock")
    assert CLIPVisionModel.from_pretrained(tmp_path / "stock").config.image_size == 64
    export_clip(encoder, tmp_path / "own")
    again = load_encoder(str(tmp_path / "own"))
    assert (again.image_size, again.text_window) == (64, 100)
    assert load_encoder(str(tmp_path / "own"), image_size=32, text_window=120).text_window == 120


def _clip_text(clip_folder, folder):
    """The text tower of a CLIP alone, with its tokenizer."""
    model = load_encoder(clip_folder)
    model.text.save_pretrained(folder)
    model.tokenizer.save_pretrained(folder)
    assert json.loads((folder / "config.json").read_text())["model_type"] == "clip_text_model"
    return str(folder)
