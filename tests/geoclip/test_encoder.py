import io
import pickle
import shutil

import numpy as np
import pytest
import torch
from PIL import Image
from transformers import (
    AutoImageProcessor,
    AutoModel,
    AutoTokenizer,
    CLIPModel,
    CLIPProcessor,
    XLMRobertaConfig,
)

from configs.geoclip import EncoderConfig, TimmShape
from data.images import decode
from geoclip.encoder import MAX_LOG_SCALE, WASTE, DualEncoder
from geoclip.towers import build_encoder, load_encoder

TEXTS = [
    "AB = 6.",
    "The diagram features △ABC, where AB = 6. Point D lies on BC, and CD = 4.",
    "Point D lies on BC.",
    "△DEF has AB = 12.",
    "E",
    "Point E is the midpoint of AC, where AC ∥ DF, and ∠ABC = 40°.",
]


@pytest.fixture
def timm_encoder(text_folder) -> DualEncoder:
    options = {"img_size": 32, "embed_dim": 32, "depth": 2, "num_heads": 2}
    shape = TimmShape(vision="vit_base_patch16_clip_224", vision_options=options, text=text_folder, embed=16)
    torch.manual_seed(0)
    return build_encoder(EncoderConfig(timm=shape)).eval()


def one_by_one(encoder, texts):
    return torch.cat([encoder.encode_text(*encoder.tokenize([text])) for text in texts])


@torch.no_grad()
def test_bucketed_captions_equal_captions_encoded_one_by_one(family):
    together = family.encode_text(*family.tokenize(TEXTS))
    torch.testing.assert_close(together, one_by_one(family, TEXTS), rtol=0, atol=1e-6)
    assert (together[:, None] - together[None]).abs().amax(-1).fill_diagonal_(1).min() > 1e-4


@torch.no_grad()
def test_bucketed_captions_equal_one_by_one_for_other_text_towers(timm_encoder):
    together = timm_encoder.encode_text(*timm_encoder.tokenize(TEXTS))
    torch.testing.assert_close(together, one_by_one(timm_encoder, TEXTS), rtol=0, atol=1e-6)


@torch.no_grad()
def test_roberta_positions_count_from_the_padding_id_of_the_model(tokenizer_folder, tmp_path):
    """XLM-R's padding id is 1; here the tokenizer pads with 0 and starts captions with 1."""
    sizes = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 1, "num_attention_heads": 2}
    XLMRobertaConfig(**sizes, vocab_size=400, max_position_embeddings=20, pad_token_id=1).save_pretrained(
        tmp_path
    )
    AutoTokenizer.from_pretrained(tokenizer_folder).save_pretrained(tmp_path)
    options = {"img_size": 32, "embed_dim": 32, "depth": 1, "num_heads": 2}
    shape = TimmShape(
        vision="vit_base_patch16_clip_224", vision_options=options, text=str(tmp_path), text_weights=False
    )
    encoder = build_encoder(EncoderConfig(timm=shape))
    assert encoder.text_window == 18
    seen = []
    encoder.text.embeddings.position_embeddings.register_forward_pre_hook(lambda _, ids: seen.append(ids[0]))
    ids = torch.tensor([[1, 50, 60, 70, 4], [1, 50, 4, 0, 0]])
    encoder._text(ids, (torch.arange(5) < torch.tensor([[5], [3]])).long())
    assert seen[0].tolist() == [[2, 3, 4, 5, 6], [2, 3, 4, 1, 1]]


@torch.no_grad()
@pytest.mark.parametrize("count", range(1, len(TEXTS) + 1))
def test_small_batches_keep_their_order(clip, count):
    together = clip.encode_text(*clip.tokenize(TEXTS[:count]))
    torch.testing.assert_close(together, one_by_one(clip, TEXTS[:count]), rtol=0, atol=1e-6)


def test_captions_share_a_call_where_that_costs_little_padding(clip):
    shapes = []
    clip.text.register_forward_hook(lambda _, __, output: shapes.append(output[0].shape[:2]))

    def calls_of(lengths):
        ids = torch.full((len(lengths), max(lengths)), 5)
        mask = (torch.arange(max(lengths)) < torch.tensor(lengths)[:, None]).long()
        ids[range(len(lengths)), [length - 1 for length in lengths]] = clip.tokenizer.eos_token_id
        shapes.clear()
        with torch.no_grad():
            clip.encode_text(ids, mask)
        return [tuple(shape) for shape in shapes]

    assert calls_of([30] * 50) == [(50, 30)]
    assert calls_of([60, 10] * 50) == [(50, 10), (50, 60)]
    lengths = [10 + i % 50 for i in range(500)]
    calls = calls_of(lengths)
    padded = sum(rows * longest for rows, longest in calls)
    assert len(calls) < 20
    assert sum(lengths) <= padded <= sum(lengths) + len(calls) * WASTE


@torch.no_grad()
def test_features_equal_the_stock_model_with_its_own_processor(clip_folder):
    encoder = load_encoder(clip_folder).eval()
    stock, processor = (
        CLIPModel.from_pretrained(clip_folder).eval(),
        CLIPProcessor.from_pretrained(clip_folder),
    )
    picture = Image.effect_noise((32, 32), 60)
    buffer = io.BytesIO()
    picture.save(buffer, "PNG")
    inputs = processor(text=TEXTS, images=picture.convert("RGB"), return_tensors="pt", padding=True)
    theirs = stock(**inputs)
    image, text, scale, bias = encoder(decode(buffer.getvalue(), 32)[None], *encoder.tokenize(TEXTS))
    torch.testing.assert_close(image, theirs.image_embeds, rtol=0, atol=1e-5)
    torch.testing.assert_close(text, theirs.text_embeds, rtol=0, atol=1e-5)
    torch.testing.assert_close(scale * image @ text.T, theirs.logits_per_image, rtol=1e-4, atol=1e-4)
    assert bias is None


@torch.no_grad()
@pytest.mark.parametrize("name", ["siglip", "altclip"])
def test_features_equal_the_stock_model_for_siglip_and_altclip(name, request):
    folder = request.getfixturevalue(f"{name}_folder")
    encoder, stock = load_encoder(folder).eval(), AutoModel.from_pretrained(folder).eval()
    processor = AutoImageProcessor.from_pretrained(folder)
    picture = Image.effect_noise((32, 32), 60)
    pixels = processor(images=picture.convert("RGB"), return_tensors="pt").pixel_values
    ids, mask = encoder.tokenize(TEXTS)
    inputs = {"input_ids": ids} if name == "siglip" else {"input_ids": ids, "attention_mask": mask}
    theirs = stock(pixel_values=pixels, **inputs)
    grey = torch.from_numpy(np.array(picture))[None, None]
    image, text, *_ = encoder(grey, ids, mask)
    torch.testing.assert_close(image, theirs.image_embeds, rtol=0, atol=1e-5)
    torch.testing.assert_close(text, theirs.text_embeds, rtol=0, atol=1e-5)


def test_siglip_captions_are_padded_to_the_window_and_others_are_not(siglip_folder, clip):
    siglip = load_encoder(siglip_folder)
    assert siglip.tokenize(TEXTS[:1])[0].shape == (1, siglip.text_window)
    assert clip.tokenize(TEXTS[:1])[0].shape[1] < clip.text_window


@torch.no_grad()
def test_captions_up_to_the_whole_window_are_read(altclip_folder):
    encoder = load_encoder(altclip_folder).eval()
    assert encoder.text_window == 64 - 1  # positions start at padding id 0 + 1
    ids = torch.randint(5, 100, (1, encoder.text_window))
    long = encoder.encode_text(ids, torch.ones_like(ids))
    changed = ids.clone()
    changed[0, -1] += 1
    assert not torch.equal(long, encoder.encode_text(changed, torch.ones_like(ids)))


def test_a_caption_beyond_the_window_is_refused(clip):
    with pytest.raises(ValueError, match=r"caption of \d+ tokens, but the text tower reads 64"):
        clip.tokenize(["AB = 6. " * 40])


def test_features_are_normalised_float32_also_under_autocast(clip):
    images = torch.randint(0, 256, (3, 1, 32, 32), dtype=torch.uint8)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        image, text, *_ = clip(images, *clip.tokenize(TEXTS))
    for features in (image, text):
        assert features.dtype == torch.float32
        torch.testing.assert_close(features.norm(dim=1), torch.ones(len(features)))


def test_recomputed_chunks_give_the_same_gradients(clip):
    images = torch.randint(0, 256, (5, 1, 32, 32), dtype=torch.uint8)

    def gradients(rows):
        clip.recompute_rows = rows
        clip.zero_grad()
        image, text, *_ = clip(images, *clip.tokenize(TEXTS))
        (image[:, :3].sum() + (text**3).sum()).backward()
        return [p.grad.clone() for p in clip.parameters() if p.grad is not None]

    for whole, chunked in zip(gradients(0), gradients(2), strict=True):
        torch.testing.assert_close(chunked, whole, rtol=1e-4, atol=1e-6)


def gradients_of(encoder):
    """Every gradient of one step, by name; the same pictures, captions and dropout each time."""
    torch.manual_seed(0)
    encoder.zero_grad()
    images = torch.randint(0, 256, (5, 1, 32, 32), dtype=torch.uint8)
    image, text, scale, _ = encoder(images, *encoder.tokenize(TEXTS))
    ((image[:, :3] ** 3).sum() + (scale * image @ text[:5].T).square().mean()).backward()
    return {name: p.grad.clone() for name, p in encoder.named_parameters() if p.grad is not None}


def check_recomputed_blocks(encoder):
    """Blocks are computed twice, with the same dropout, to the same gradients."""
    inner = [
        next(m for m in block.modules() if isinstance(m, torch.nn.LayerNorm)) for block in encoder.blocks()
    ]
    for norm in inner:
        norm.register_forward_hook(lambda *_: calls.append(1))
    calls = []
    plain = gradients_of(encoder.double().train())
    once, calls = len(calls), []
    encoder.checkpoint_blocks()
    recomputed = gradients_of(encoder)
    assert len(calls) == 2 * once > 0
    assert recomputed.keys() == plain.keys()
    for name, grad in plain.items():
        torch.testing.assert_close(recomputed[name], grad, rtol=1e-9, atol=1e-12)
    for part in encoder.modules():
        if isinstance(part, torch.nn.Dropout):
            part.p = 0.0  # chunks of rows draw other numbers
    plain = gradients_of(encoder)
    encoder.recompute_rows = 2  # a chunk of rows, and in it block by block
    for name, grad in gradients_of(encoder).items():
        torch.testing.assert_close(grad, plain[name], rtol=1e-6, atol=1e-9)


def test_recomputed_blocks_give_the_same_gradients(family):
    check_recomputed_blocks(family)


@pytest.mark.parametrize("name", ["vit_base_patch16_clip_224", "convnext_tiny"])
def test_recomputed_blocks_of_timm_towers_give_the_same_gradients(text_folder, name):
    small = {"img_size": 32, "embed_dim": 32, "depth": 2, "num_heads": 2}
    if name == "convnext_tiny":
        small = {"depths": [1] * 4, "dims": [8] * 4, "pretrained_cfg_overlay": {"input_size": [3, 32, 32]}}
    shape = TimmShape(vision=name, vision_options=small, text=text_folder, embed=16)
    encoder = build_encoder(EncoderConfig(timm=shape))
    check_recomputed_blocks(encoder)


def test_a_tower_whose_blocks_cannot_be_recomputed_is_refused(clip):
    clip.text.encoder.layers = torch.nn.ModuleList([torch.nn.Identity()])
    with pytest.raises(
        ValueError, match=r"CLIPTextModel has no blocks that can; use encoder\.recompute_rows"
    ):
        clip.checkpoint_blocks()


@pytest.mark.slow
@pytest.mark.parametrize("recompute", [False, True])
def test_compiled_blocks_give_the_same_gradients_for_every_length_with_few_compilations(
    clip_folder, recompute
):
    if shutil.which("g++") is None:
        pytest.skip("torch.compile needs a C++ compiler")
    torch._dynamo.reset()
    cfg = {"pretrained": clip_folder, "gradient_checkpointing": recompute}
    plain, fast = build_encoder(EncoderConfig(**cfg)), build_encoder(EncoderConfig(**cfg, compile=True))
    ours, theirs = gradients_of(fast), gradients_of(plain)
    assert ours.keys() == theirs.keys()
    for name, grad in theirs.items():
        torch.testing.assert_close(ours[name], grad, rtol=1e-3, atol=2e-5)
    ours, theirs = fast.state_dict(), plain.state_dict()
    assert all(torch.equal(ours[name], theirs[name]) for name in theirs)
    compiled = torch._dynamo.utils.counters["stats"]["unique_graphs"]
    pickle.dumps(fast)
    for texts in (TEXTS[:3], TEXTS * 2, ["AB = 6. " * n for n in (1, 2, 3, 5, 8)]):
        with torch.no_grad():
            images = torch.randint(0, 256, (len(texts), 1, 32, 32), dtype=torch.uint8)
            for a, b in zip(
                fast(images, *fast.tokenize(texts))[:2],
                plain(images, *plain.tokenize(texts))[:2],
                strict=True,
            ):
                torch.testing.assert_close(a, b, rtol=0, atol=1e-5)
    # Once more without gradients, and for a caption alone in its call, but not for every length of a call.
    assert torch._dynamo.utils.counters["stats"]["unique_graphs"] <= 3 * compiled


def test_the_scale_is_clamped_and_the_bias_belongs_to_the_sigmoid_alone(clip, siglip_folder):
    with torch.no_grad():
        clip.logit_scale.fill_(9.0)
    clip.clamp_scale()
    assert float(clip.logit_scale.detach()) == pytest.approx(MAX_LOG_SCALE)
    clip.train_bias(False)
    assert clip.logit_bias is None
    clip.train_bias(True)
    assert clip.logit_bias.requires_grad
    siglip = load_encoder(siglip_folder)
    siglip.train_bias(False)
    assert not siglip.logit_bias.requires_grad


def test_an_encoder_can_be_pickled_for_spawned_workers(clip):
    again = pickle.loads(pickle.dumps(clip))
    assert torch.equal(again.logit_scale, clip.logit_scale)
