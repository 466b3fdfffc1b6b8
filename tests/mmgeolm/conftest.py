"""Tiny real models: two vision towers, two shapes of LM, a trained tokenizer, and LMMs made of them."""

import io
import shutil

import pytest
import torch
from PIL import Image, ImageDraw
from transformers import (
    CLIPImageProcessor,
    CLIPVisionConfig,
    CLIPVisionModel,
    SiglipImageProcessor,
    SiglipVisionConfig,
    SiglipVisionModel,
)

SIDE, PATCH = 32, 8
TEXTS = [
    "The diagram features △ABC, where AB = 6. Point D lies on BC, and CD = 4.",
    "What is the length of AB? The length is 12, so the answer is \\boxed{12}.",
    "Describe the diagram. Is AB ∥ CD? Yes. No. user assistant system",
] * 3
SIZES = {"hidden_size": 32, "layers": 2, "heads": 2, "kv_heads": 1, "intermediate_size": 64, "positions": 256}
PAIRS = {"clip-qwen2": ("clip", "qwen2", True), "siglip-mistral": ("siglip", "mistral", False)}


def picture(shade=255, size=(SIDE, SIDE)):
    """A grey PNG with a line across it."""
    image = Image.new("L", size, shade)
    ImageDraw.Draw(image).line((2, 2, size[0] - 3, size[1] - 5), fill=255 - shade, width=2)
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


def make_tower(kind, out):
    torch.manual_seed(1)
    shape = {
        "hidden_size": 24,
        "intermediate_size": 48,
        "num_hidden_layers": 3,
        "num_attention_heads": 2,
        "image_size": SIDE,
        "patch_size": PATCH,
    }
    size = {"height": SIDE, "width": SIDE}
    if kind == "clip":
        CLIPVisionModel(CLIPVisionConfig(**shape)).save_pretrained(out)
        CLIPImageProcessor(size={"shortest_edge": SIDE}, crop_size=size).save_pretrained(out)
    else:
        SiglipVisionModel(SiglipVisionConfig(**shape)).save_pretrained(out)
        SiglipImageProcessor(size=size).save_pretrained(out)
    return out


@pytest.fixture(scope="session")
def tokenizer_folder(tmp_path_factory):
    from data.tokenizer import train_tokenizer

    out = tmp_path_factory.mktemp("lmm") / "tokenizer"
    train_tokenizer(TEXTS, out, 420)
    return out


@pytest.fixture(scope="session")
def towers(tmp_path_factory):
    root = tmp_path_factory.mktemp("towers")
    return {kind: make_tower(kind, root / kind) for kind in ("clip", "siglip")}


@pytest.fixture
def tower_copy(towers, tmp_path):
    """Copy a tower's folder, to be damaged."""
    return lambda kind: shutil.copytree(towers[kind], tmp_path / kind)


@pytest.fixture(scope="session")
def lmm_folders(towers, tokenizer_folder, tmp_path_factory):
    """Exported LMMs by name; weights are large enough for answers that differ and are no near-ties."""
    from configs.mmgeolm import LanguageModelConfig
    from mmgeolm.assemble import assemble
    from mmgeolm.folder import save_lmm

    root, folders = tmp_path_factory.mktemp("lmms"), {}
    for name, (tower, shape, tied) in PAIRS.items():
        torch.manual_seed(2)
        lm = LanguageModelConfig(tokenizer=str(tokenizer_folder), shape=shape, tie_embeddings=tied, **SIZES)
        model, processor = assemble(towers[tower], lm)
        with torch.no_grad():
            for parameter in model.parameters():
                if parameter.ndim == 2:
                    parameter.mul_(8)
        folders[name] = root / name
        save_lmm(model, processor, folders[name])
    return folders


@pytest.fixture(params=list(PAIRS))
def lmm_folder(request, lmm_folders):
    return lmm_folders[request.param]


@pytest.fixture
def lmm(lmm_folder):
    """Model and processor of each pair, freshly loaded."""
    from mmgeolm.folder import load_lmm

    return load_lmm(lmm_folder)


@pytest.fixture(scope="session")
def png():
    """Make a grey PNG: ``png(shade, size)``."""
    return picture


@pytest.fixture
def optim():
    from configs.training import OptimConfig

    return OptimConfig(lr=1e-3)
