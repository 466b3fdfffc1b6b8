"""Vectors of texts: tf-idf, sentence-transformers folders, plain encoders, and our own dual encoders."""

import json
import shutil

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from sklearn.metrics.pairwise import cosine_similarity
from transformers import AutoModel, AutoTokenizer, BertConfig, BertModel

from configs.geoclip import ClipShape, TimmShape
from configs.strict import quiet
from data import embed as embed_module
from data.embed import dense, embed, fingerprint
from data.text_encoder import open_encoder
from data.tokenizer import train_tokenizer
from geoclip.export import export_clip
from geoclip.towers import load_encoder, make_clip, make_timm

TEXTS = [
    "△ABC has AB = 5.",
    "Point D lies on BC, and CD = 4. " * 2,
    "AB ∥ CD",
    "∠ABC = 40°",
    "A",
]
TEXT = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 2}


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tokenizer") / "tokenizer"
    train_tokenizer(TEXTS * 5, folder, 300)
    return str(folder)


@pytest.fixture(scope="module")
def bert(tokenizer, tmp_path_factory):
    """A BERT with random weights, as its own commands save it."""
    folder = tmp_path_factory.mktemp("bert") / "model"
    torch.manual_seed(0)
    config = BertConfig(**TEXT, vocab_size=300, max_position_embeddings=64, pad_token_id=0)
    with quiet():
        BertModel(config).save_pretrained(folder)
        AutoTokenizer.from_pretrained(tokenizer).save_pretrained(folder)
    return folder


def sentence(bert, folder, *, pooling, modules=("Transformer", "Pooling"), **settings):
    """Dress a BERT folder as a sentence-transformers model."""
    shutil.copytree(bert, folder)
    entries = [
        {
            "idx": i,
            "name": str(i),
            "path": "" if i == 0 else f"{i}_{m}",
            "type": f"sentence_transformers.models.{m}",
        }
        for i, m in enumerate(modules)
    ]
    (folder / "modules.json").write_text(json.dumps(entries))
    (folder / "1_Pooling").mkdir()
    (folder / "1_Pooling" / "config.json").write_text(json.dumps(pooling))
    if settings:
        (folder / "sentence_bert_config.json").write_text(json.dumps(settings))
    return str(folder)


def one_by_one(folder, pooling):
    """Each text alone, without padding, pooled in plain torch."""
    model, tokenizer = AutoModel.from_pretrained(folder).eval(), AutoTokenizer.from_pretrained(folder)
    found = []
    for text in TEXTS:
        with torch.no_grad():
            states = model(input_ids=torch.tensor([tokenizer(text)["input_ids"]])).last_hidden_state[0]
        vector = states[0] if pooling == "cls" else states.mean(0)
        found.append((vector / vector.norm()).numpy())
    return np.stack(found)


OLD_MEAN = {"word_embedding_dimension": 32, "pooling_mode_mean_tokens": True, "pooling_mode_cls_token": False}
OLD_CLS = {"word_embedding_dimension": 32, "pooling_mode_mean_tokens": False, "pooling_mode_cls_token": True}


@pytest.mark.parametrize(
    ("config", "pooling"),
    [
        (OLD_MEAN, "mean"),
        (OLD_CLS, "cls"),
        ({"pooling_mode": "mean"}, "mean"),
        ({"pooling_mode": "cls"}, "cls"),
    ],
)
def test_pooling_is_what_the_sentence_transformers_files_say(bert, tmp_path, config, pooling):
    folder = sentence(bert, tmp_path / "st", pooling=config, modules=("Transformer", "Pooling", "Normalize"))
    (vectors,) = embed(folder, TEXTS)
    assert vectors.dtype == np.float32
    assert vectors == pytest.approx(one_by_one(bert, pooling), abs=1e-5)


def test_a_plain_encoder_is_averaged(bert):
    (vectors,) = embed(str(bert), TEXTS)
    assert vectors == pytest.approx(one_by_one(bert, "mean"), abs=1e-5)


def test_window_case_and_prompt_are_followed(bert, tmp_path, capsys):
    folder = sentence(bert, tmp_path / "st", pooling=OLD_MEAN, max_seq_length=6, do_lower_case=True)
    prompts = {"prompts": {"query": "A "}, "default_prompt_name": "query"}
    (tmp_path / "st" / "config_sentence_transformers.json").write_text(json.dumps(prompts))
    encoder = open_encoder(folder)
    assert (encoder.window, encoder.lower, encoder.prompt) == (6, True, "A ")
    tokens = encoder.tokenizer("A " + TEXTS[1].lower())["input_ids"]
    assert np.array_equal(encoder([TEXTS[1]]), encoder([TEXTS[1] + " and more"]))
    assert encoder._fit(tokens) == [*tokens[:5], tokens[-1]]
    embed(folder, TEXTS)
    assert "texts exceed the 6 tokens" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("pooling", "modules", "message"),
    [
        (OLD_MEAN, ("Transformer", "Pooling", "Dense"), "modules are Transformer, Pooling, Dense"),
        (OLD_MEAN, ("Transformer",), "modules are Transformer;"),
        (
            {**OLD_MEAN, "pooling_mode_cls_token": True},
            ("Transformer", "Pooling"),
            "pooling is cls_token, mean_tokens",
        ),
        ({"pooling_mode": "lasttoken"}, ("Transformer", "Pooling"), "pooling is lasttoken"),
        ({}, ("Transformer", "Pooling"), "pooling is not given"),
        ([], ("Transformer", "Pooling"), "holds a list"),
        ({**OLD_MEAN, "include_prompt": False}, ("Transformer", "Pooling"), "include_prompt=false"),
    ],
)
def test_what_is_not_known_is_refused(bert, tmp_path, pooling, modules, message):
    folder = sentence(bert, tmp_path / "st", pooling=pooling, modules=modules)
    with pytest.raises(ValueError, match=message):
        embed(folder, TEXTS)


def test_a_module_path_that_leads_elsewhere_is_refused(bert, tmp_path):
    folder = sentence(bert, tmp_path / "st", pooling=OLD_MEAN)
    modules = json.loads((tmp_path / "st" / "modules.json").read_text())
    modules[1]["path"] = "../1_Pooling"
    (tmp_path / "st" / "modules.json").write_text(json.dumps(modules))
    with pytest.raises(ValueError, match="no module with a plain folder name"):
        embed(folder, TEXTS)


def test_missing_folders_and_incomplete_weights_are_refused(bert, tmp_path):
    with pytest.raises(ValueError, match="embedder=/nowhere/model: no such folder"):
        embed("/nowhere/model", TEXTS)
    broken = tmp_path / "broken"
    shutil.copytree(bert, broken)
    tensors = load_file(broken / "model.safetensors")
    del tensors["encoder.layer.1.output.dense.weight"]
    save_file(tensors, broken / "model.safetensors", {"format": "pt"})
    with pytest.raises(ValueError, match=r"1 missing: encoder\.layer\.1\.output\.dense\.weight"):
        embed(str(broken), TEXTS)


def test_vectors_that_are_not_numbers_are_refused(bert, tmp_path):
    encoder = open_encoder(str(bert))
    features = encoder.features
    encoder.features = lambda ids, mask: features(ids, mask) * float("nan")
    with pytest.raises(ValueError, match=r"no usable vector .* for 5 texts, the first is '△ABC has AB = 5.'"):
        encoder(TEXTS)
    encoder.features = lambda ids, mask: features(ids, mask) * 0
    with pytest.raises(ValueError, match="no usable vector"):
        encoder(TEXTS)


def exported(encoder, folder):
    export_clip(encoder, folder / "clip")
    return encoder.eval()


SHAPE = {"image_size": 32, "patch_size": 8, "width": 32, "layers": 1, "heads": 2, "text_width": 32}


def test_our_own_encoder_gives_its_own_text_features(tokenizer, bert, tmp_path):
    torch.manual_seed(0)
    shape = ClipShape(tokenizer=tokenizer, **SHAPE, text_layers=2, text_heads=2, text_window=64, embed=16)
    vision = {"img_size": 32, "patch_size": 8, "embed_dim": 32, "depth": 1, "num_heads": 2}
    timm = TimmShape(vision="vit_tiny_patch16_224", vision_options=vision, text=str(bert), embed=16)
    for name, made in (("stock", make_clip(shape)), ("timm", make_timm(timm))):
        encoder = exported(made, tmp_path / name)
        with torch.no_grad():
            want = encoder.encode_text(*encoder.tokenize(TEXTS)).numpy()
        (vectors,) = embed(str(tmp_path / name), TEXTS)  # the run's export folder stands for its clip
        assert vectors == pytest.approx(want, abs=1e-5), name
        assert isinstance(load_encoder(str(tmp_path / name)), type(encoder))


def test_a_stopped_run_goes_on(bert, tmp_path, monkeypatch):
    monkeypatch.setattr(embed_module, "STEP", 2)
    (whole,) = embed(str(bert), TEXTS)
    (stored,) = embed(str(bert), TEXTS, store=tmp_path)
    assert whole == pytest.approx(stored, abs=1e-6)
    monkeypatch.setattr(
        "data.text_encoder.TextEncoder.__call__", lambda self, texts: pytest.fail("encoded again")
    )
    assert np.array_equal(embed(str(bert), TEXTS, store=tmp_path)[0], stored)


def test_groups_share_one_space():
    one, other = embed("tfidf", ["AB ∥ CD", "AB = 5"], ["AB ∥ CD"])
    assert (one @ other.T).toarray().ravel() == pytest.approx([1.0, cosine_similarity(one)[0, 1]], abs=1e-6)
    with pytest.raises(ValueError, match="no word, number or symbol"):
        embed("tfidf", ["", " "])


def test_dense_vectors_for_clusters_and_pictures():
    (sparse,) = embed("tfidf", TEXTS)
    found = dense(sparse, 3)
    assert found.shape == (5, 3)
    assert np.linalg.norm(found, axis=1) == pytest.approx(np.ones(5), abs=1e-5)
    assert np.array_equal(found, dense(sparse, 3))
    assert dense(found) is found


def test_the_fingerprint_follows_the_content(bert, tmp_path):
    assert fingerprint("tfidf") == "tfidf"
    shutil.copytree(bert, tmp_path / "same")
    assert fingerprint(str(tmp_path / "same")) == fingerprint(str(bert))
    (tmp_path / "same" / "config.json").write_text("{}")
    assert fingerprint(str(tmp_path / "same")) != fingerprint(str(bert))
