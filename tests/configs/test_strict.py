"""Strict loading: what does not fit is named, and nothing is allocated for what no file holds."""

import json

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import CLIPVisionConfig, CLIPVisionModel

from configs.strict import load_strict, quiet

SHAPE = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 2}


@pytest.fixture
def folder(tmp_path):
    with quiet():
        CLIPVisionModel(CLIPVisionConfig(**SHAPE, image_size=32, patch_size=8)).save_pretrained(tmp_path)
    return tmp_path


def change(folder, **tensors):
    file = folder / "model.safetensors"
    save_file({**load_file(file), **tensors}, file, metadata={"format": "pt"})


def configure(folder, **values):
    file = folder / "config.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), **values}))


def test_a_whole_folder_is_loaded_in_the_dtype_that_is_asked_for(folder):
    model = load_strict(CLIPVisionModel, folder, dtype=torch.bfloat16)
    assert {tensor.dtype for tensor in model.parameters()} == {torch.bfloat16}


def test_a_tensor_of_another_shape_is_named_with_both_shapes(folder):
    configure(folder, intermediate_size=48)
    with pytest.raises(ValueError, match=r"mismatched: .*mlp\.fc1\.bias.*\[64\].*\[48\]"):
        load_strict(CLIPVisionModel, folder)


def test_weights_that_are_not_numbers_are_named(folder):
    name = "vision_model.post_layernorm.bias"
    name = name if name in load_file(folder / "model.safetensors") else "post_layernorm.bias"
    change(folder, **{name: torch.full((32,), torch.nan)})
    with pytest.raises(ValueError, match=r"post_layernorm\.bias holds NaN or infinity"):
        load_strict(CLIPVisionModel, folder)


def test_a_config_of_a_giant_is_refused_before_it_is_allocated(folder):
    configure(folder, hidden_size=65536, intermediate_size=262144, num_hidden_layers=100)  # 20 TB
    with pytest.raises(ValueError, match=r"config\.json describes [\d,]+ parameters, but the weights are"):
        load_strict(CLIPVisionModel, folder)
