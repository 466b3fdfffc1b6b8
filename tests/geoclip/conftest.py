"""Tiny real models and shards: every family from config, pictures with text on them, ragged negatives."""

import random
from dataclasses import replace

import pytest
import torch
from PIL import Image, ImageDraw
from transformers import (
    AltCLIPConfig,
    AltCLIPModel,
    AutoTokenizer,
    BertConfig,
    BertModel,
    CLIPImageProcessor,
    SiglipConfig,
    SiglipImageProcessor,
    SiglipModel,
    XLMRobertaConfig,
    XLMRobertaModel,
)

from configs.build import BuildConfig, SceneConfig
from configs.build import NegativesConfig as SceneNegatives
from configs.geoclip import ClipShape, NegativesConfig
from configs.strict import quiet
from data.images import encode
from data.sample import Edit, Negative, Sample
from data.scene import engine
from data.shards import write_shards
from data.tokenizer import train_tokenizer
from geoclip.collate import ContrastiveTransform, join
from geoclip.encoder import DualEncoder
from geoclip.export import export_clip
from geoclip.towers import load_encoder, make_clip

LETTERS = "ABCDEFGH"
VISION = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 2}
TEXT = {**VISION, "vocab_size": 400, "max_position_embeddings": 64}
PICTURE = {"image_size": 32, "patch_size": 8}


def captions(seed: int = 0, n: int = 40) -> list[str]:
    """Captions of very different lengths."""
    rng = random.Random(seed)
    one = [f"△{''.join(rng.sample(LETTERS, 3))} has AB = {rng.randrange(2, 99)}." for _ in range(n)]
    more = [
        "",
        " Point D lies on BC, and CD = 4.",
        " Point E is the midpoint of AC, where AC ∥ DF, and ∠ABC = 40°.",
    ]
    return [text + rng.choice(more) for text in one]


@pytest.fixture(scope="session")
def tokenizer_folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tokenizer") / "tokenizer"
    train_tokenizer(captions(), folder, 400)
    return str(folder)


@pytest.fixture(scope="session")
def shape(tokenizer_folder) -> ClipShape:
    return ClipShape(
        tokenizer=tokenizer_folder,
        **PICTURE,
        width=32,
        layers=2,
        heads=2,
        text_width=32,
        text_layers=2,
        text_heads=2,
        text_window=64,
        embed=16,
    )


@pytest.fixture
def clip(shape) -> DualEncoder:
    """A CLIP with random weights, the same in every test."""
    torch.manual_seed(0)
    return make_clip(shape)


def _save(model, tokenizer, processor, folder):
    """Save with the family's own commands, as a hub checkpoint would be."""
    with quiet():
        model.save_pretrained(folder)
        tokenizer.save_pretrained(folder)
        processor.save_pretrained(folder)
    return str(folder)


@pytest.fixture(scope="session")
def siglip_folder(tokenizer_folder, tmp_path_factory):
    torch.manual_seed(1)
    text = {**TEXT, "projection_size": 32, "pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 4}
    model = SiglipModel(SiglipConfig(text_config=text, vision_config={**VISION, **PICTURE}))
    processor = SiglipImageProcessor(size={"height": 32, "width": 32})
    tokenizer = AutoTokenizer.from_pretrained(tokenizer_folder)
    return _save(model, tokenizer, processor, tmp_path_factory.mktemp("siglip"))


@pytest.fixture(scope="session")
def altclip_folder(tokenizer_folder, tmp_path_factory):
    torch.manual_seed(2)
    text = {**TEXT, "project_dim": 24, "pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 4}
    text |= {"initializer_factor": 1.0, "hidden_dropout_prob": 0.0}
    config = AltCLIPConfig(text_config=text, vision_config={**VISION, **PICTURE}, projection_dim=16)
    processor = CLIPImageProcessor(size={"shortest_edge": 32}, crop_size={"height": 32, "width": 32})
    tokenizer = AutoTokenizer.from_pretrained(tokenizer_folder)
    return _save(AltCLIPModel(config), tokenizer, processor, tmp_path_factory.mktemp("altclip"))


@pytest.fixture(scope="session")
def clip_folder(shape, tmp_path_factory):
    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("clip") / "clip"
    export_clip(make_clip(shape), folder)
    return str(folder)


@pytest.fixture(scope="session", params=["bert", "xlm-roberta"])
def text_folder(request, tokenizer_folder, tmp_path_factory):
    torch.manual_seed(3)
    folder = tmp_path_factory.mktemp(request.param)
    config, model = {"bert": (BertConfig, BertModel), "xlm-roberta": (XLMRobertaConfig, XLMRobertaModel)}[
        request.param
    ]
    with quiet():
        model(config(**TEXT, pad_token_id=0, initializer_range=0.2)).save_pretrained(folder)
        AutoTokenizer.from_pretrained(tokenizer_folder).save_pretrained(folder)
    return str(folder)


@pytest.fixture(params=["clip", "siglip", "altclip"])
def family(request) -> DualEncoder:
    """A loaded encoder of every stock family."""
    return load_encoder(request.getfixturevalue(f"{request.param}_folder")).eval()


def draw(text: str, size: int = 48) -> bytes:
    picture = Image.new("L", (size, size), 255)
    ImageDraw.Draw(picture).text((2, 2), text[:16], fill=0)
    ImageDraw.Draw(picture).line((0, size - 1, (hash_of(text) % size), 20), fill=0)
    return encode(picture)


def hash_of(text: str) -> int:
    return sum(ord(letter) * (i + 1) for i, letter in enumerate(text))


@pytest.fixture(scope="session")
def make_sample():
    """A sample with the wanted number of negatives of each kind."""

    def make(
        i: int = 0, *, rule: int = 2, retrieval: int = 2, image: int = 2, caption: str | None = None
    ) -> Sample:
        text = caption or captions(i, 1)[0] + f" Figure {i}."
        images = {"png": draw(text)} | {f"neg{n:02d}.png": draw(f"{n} {text}") for n in range(image)}
        edits = [(Edit("number", "AB = 5", f"AB = {n}"),) for n in range(rule)]
        negatives = [Negative("rule", text=f"{text} AB = {n}.", edits=edits[n]) for n in range(rule)]
        negatives += [
            Negative("retrieval", text=f"{t} Figure {i}/{n}.")
            for n, t in enumerate(captions(i + 99, retrieval))
        ]
        negatives += [
            Negative("image", image=f"neg{n:02d}.png", edits=(Edit("letters", "AB", "AC"),))
            for n in range(image)
        ]
        return Sample(f"s{i:04d}", text, images, tuple(negatives))

    return make


@pytest.fixture(scope="session")
def ragged(make_sample):
    """Twelve samples: every mixture of kinds and counts, none included."""
    counts = [(2, 1, 2), (0, 0, 0), (3, 0, 1), (0, 2, 0), (1, 1, 3), (0, 0, 2)] * 2
    return [make_sample(i, rule=r, retrieval=t, image=m) for i, (r, t, m) in enumerate(counts)]


@pytest.fixture(scope="session")
def scenes():
    """Twelve scenes over six letters: captions of the last ones are true of scenes of the first, not always
    the other way round."""
    figures = ["isosceles_triangle", "right_triangle", "rectangle", "square", "rhombus"]
    scene = SceneConfig(letters="ABCDEF", templates=figures, image_size=48, questions=False)
    bare = BuildConfig(name="t", splits={"t": 1}, scene=scene, negatives=SceneNegatives(0, 0, 0))
    drawn = [engine.make_sample(bare, i, "t")[0] for i in range(60)]
    built = [engine.scene_of(sample.meta) for sample in drawn]

    def holds(i, j):
        return engine.truth_of_caption(built[i], drawn[j].facts).verdict != "false"

    one_way = [(i, j) for i in range(60) for j in range(60) if holds(i, j) and not holds(j, i)]
    first = list(dict.fromkeys(i for i, _ in one_way))[:6]
    last = list(dict.fromkeys(j for i, j in one_way if i in first and j not in first))[:6]
    rest = [i for i in range(60) if i not in first + last][: 12 - len(first + last)]
    cfg = replace(bare, negatives=SceneNegatives(1, 1, 0))
    return [engine.make_sample(cfg, i, "t")[0] for i in first + rest + last]


@pytest.fixture(scope="session")
def shards(ragged, tmp_path_factory):
    folder = tmp_path_factory.mktemp("shards") / "ragged"
    write_shards(ragged, folder, name="ragged", shard_size=5, meta={"seed": 0, "recipe": {"name": "test"}})
    return str(folder)


@pytest.fixture(scope="session")
def batch_of():
    """The batch that an encoder would be given for these samples."""

    def batch(encoder: DualEncoder, samples, negatives: NegativesConfig | None = None, text_overflow="error"):
        transform = ContrastiveTransform(encoder, negatives or NegativesConfig(), text_overflow)
        return join(
            [transform(s) for s in samples],
            encoder.pad_id,
            encoder.text_window if encoder.pads_text else None,
        )

    return batch
