"""Locked layers stay, the others move, and each has the learning rate of its depth."""

import pytest
import torch

from configs.geoclip import EncoderConfig, GeoclipConfig, TimmShape
from configs.load import load_config
from configs.trainer import build_optimizer
from configs.training import TowerOptimConfig
from geoclip.depth import depths, lock, rate_factors
from geoclip.encoder import tower_blocks
from geoclip.towers import build_encoder

VIT = {"img_size": 32, "embed_dim": 32, "depth": 3, "num_heads": 2}
CONVNEXT = {"depths": [1, 2, 1, 1], "dims": [8] * 4, "pretrained_cfg_overlay": {"input_size": [3, 32, 32]}}


def step(encoder):
    """Names of the parameters that one step with a large rate moves."""
    before = {name: p.detach().clone() for name, p in encoder.named_parameters()}
    optimizer, _ = build_optimizer(encoder.named_parameters(), TowerOptimConfig(lr=0.1), 10)
    images = torch.randint(0, 256, (3, 1, 32, 32), dtype=torch.uint8)
    image, text, scale, bias = encoder(images, *encoder.tokenize(["AB = 6.", "D lies on BC.", "E"]))
    logits = scale * image @ text.T + (0 if bias is None else bias)
    (logits.square().sum() + logits.sum()).backward()
    optimizer.step()
    return {name for name, p in encoder.named_parameters() if not torch.equal(p, before[name])}


def timm_encoder(text_folder, vision, options):
    torch.manual_seed(0)
    return build_encoder(
        EncoderConfig(timm=TimmShape(vision=vision, vision_options=options, text=text_folder, embed=8))
    )


def of_depth(tower, depth):
    return sorted({name.rsplit(".", 1)[0] for name, at in depths(tower).items() if at == depth})


def test_every_family_has_embeddings_below_its_blocks_and_norms_above(family):
    for tower in (family.vision, family.text):
        assert len(tower_blocks(tower)) == 2
        assert set(depths(tower).values()) == {0, 1, 2, 3}
        assert all("embeddings" in name or name == "pre_layrnorm" for name in of_depth(tower, 0))
        above = of_depth(tower, 3)
        assert above
        assert not any("embedding" in name or "encoder" in name for name in above)
        for i in (1, 2):
            assert all(f".{i - 1}." in name for name in of_depth(tower, i))


def test_stages_of_a_convnext_are_one_row_of_blocks_with_the_down_sampling_before_its_block(text_folder):
    encoder = timm_encoder(text_folder, "convnext_tiny", CONVNEXT)
    assert len(tower_blocks(encoder.vision)) == 5
    found = depths(encoder.vision)
    assert {name.split(".")[0] for name, at in found.items() if at == 0} == {"stem"}
    assert found["stages.0.blocks.0.conv_dw.weight"] == 1
    assert found["stages.1.downsample.1.weight"] == found["stages.1.blocks.0.conv_dw.weight"] == 2
    assert found["stages.1.blocks.1.gamma"] == 3
    assert found["stages.3.downsample.1.weight"] == found["stages.3.blocks.0.mlp.fc1.weight"] == 5
    assert {name.split(".")[0] for name, at in found.items() if at == 6} == {"head"}


def test_locked_depths_stay_and_everything_else_moves(clip):
    lock(clip, {"vision": 1, "text": "all"})
    moved = {name.removeprefix("model.") for name in step(clip)}
    every = {name.removeprefix("model.") for name, _ in clip.named_parameters()}
    stays = {name for name in every if name.startswith(("text_model.", "vision_model.embeddings."))}
    stays |= {
        n for n in every if n.startswith(("vision_model.pre_layrnorm.", "vision_model.encoder.layers.0."))
    }
    no_gradient = {n for n in every if n.endswith("k_proj.bias")}  # softmax does not see a shift of all keys
    assert moved | no_gradient == (every - stays) | no_gradient
    assert {"text_projection.weight", "visual_projection.weight", "logit_scale"} <= moved
    assert "vision_model.encoder.layers.1.mlp.fc1.weight" in moved


def test_zero_locks_the_embeddings_alone_and_timm_towers_lock_alike(text_folder):
    encoder = timm_encoder(text_folder, "vit_base_patch16_clip_224", VIT)
    lock(encoder, {"vision": 0, "text": 1})
    moved = step(encoder)
    vision = {name.removeprefix("model.vision_model.") for name in moved if "vision_model" in name}
    assert {name.split(".")[0] for name in vision} == {"blocks", "norm"}
    assert {name.split(".")[1] for name in vision if name.startswith("blocks")} == {"0", "1", "2"}
    assert {name.split(".")[4] for name in moved if "text_model" in name} == {"1"}


def test_too_many_blocks_and_batch_norms_are_refused(clip, text_folder):
    with pytest.raises(ValueError, match=r"optim\.lock\.vision=3, but the tower has 2 blocks"):
        lock(clip, {"vision": 3})
    resnet = timm_encoder(text_folder, "resnet10t", {"pretrained_cfg_overlay": {"input_size": [3, 32, 32]}})
    with pytest.raises(ValueError, match="batch norms, whose statistics would change"):
        lock(resnet, {"vision": "all"})


def test_learning_rates_fall_with_depth_in_each_tower(clip):
    cfg = TowerOptimConfig(lr=0.1, layer_decay=0.5, weight_decay=0.2, warmup_fraction=0)
    optimizer, _ = build_optimizer(clip.named_parameters(), cfg, 10, rate_factors(clip, cfg.layer_decay))
    names = {id(p): name.removeprefix("model.") for name, p in clip.named_parameters()}
    found = {names[id(p)]: (g["lr"], g["weight_decay"]) for g in optimizer.param_groups for p in g["params"]}
    assert len(found) == len(names)
    expected = {  # two blocks each: 0.1 above them, then half of it per step down
        "logit_scale": (0.1, 0.0),
        "visual_projection.weight": (0.1, 0.2),
        "vision_model.post_layernorm.weight": (0.1, 0.0),
        "vision_model.encoder.layers.1.mlp.fc1.weight": (0.05, 0.2),
        "vision_model.encoder.layers.1.mlp.fc1.bias": (0.05, 0.0),
        "vision_model.encoder.layers.0.self_attn.q_proj.weight": (0.025, 0.2),
        "vision_model.pre_layrnorm.weight": (0.0125, 0.0),
        "vision_model.embeddings.patch_embedding.weight": (0.0125, 0.2),
        "vision_model.embeddings.position_embedding.weight": (0.0125, 0.0),
        "text_model.final_layer_norm.bias": (0.1, 0.0),
        "text_model.encoder.layers.0.mlp.fc2.weight": (0.025, 0.2),
        "text_model.embeddings.token_embedding.weight": (0.0125, 0.2),
        "text_model.embeddings.position_embedding.weight": (0.0125, 0.0),
    }
    assert {name: found[name] for name in expected} == expected


def test_no_norm_bias_position_or_scale_of_any_family_is_decayed(family, text_folder):
    for encoder in (family, timm_encoder(text_folder, "vit_base_patch16_clip_224", VIT)):
        cfg = TowerOptimConfig(lr=0.1, weight_decay=0.2)
        optimizer, _ = build_optimizer(encoder.named_parameters(), cfg, 10)
        names = {id(p): name for name, p in encoder.named_parameters()}
        decayed = {names[id(p)] for g in optimizer.param_groups if g["weight_decay"] for p in g["params"]}
        assert decayed
        assert not [
            n for n in decayed if any(w in n.lower() for w in ("norm", "bias", "position", "pos_embed"))
        ]
        assert not [
            n for n in decayed if n.endswith(("logit_scale", "cls_token", "class_embedding", "probe"))
        ]


@pytest.mark.parametrize(
    ("option", "says"),
    [
        ("optim.lock.visual=1", "lock='visual' is not allowed; use one of vision, text"),
        ("optim.lock.text=-1", r"lock\.text=-1 is not allowed; use a number of blocks"),
        ("optim.lock.text=most", r"lock\.text='most' is not allowed"),
        ("optim.layer_decay=1.5", r"layer_decay=1\.5 is not allowed"),
        ("optim.layer_decay=0", r"layer_decay=0\.0 is not allowed"),
    ],
)
def test_wrong_options_say_what_to_do(option, says):
    base = ["trainer.run_dir=r", "train.batch_size=4", "train.shards=[d]", "objective.in_batch=1"]
    with pytest.raises(ValueError, match=says):
        load_config(GeoclipConfig, [*base, "encoder.pretrained=m", "optim.lr=1e-3", option])
