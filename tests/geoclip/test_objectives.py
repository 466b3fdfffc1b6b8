from dataclasses import replace

import pytest
import torch

from configs.geoclip import NegativesConfig, ObjectiveConfig
from configs.trainer import OptimConfig
from data.scene.engine import scene_of, truth_of_caption
from geoclip.losses import (
    hard_negative_info_nce,
    info_nce,
    joint_info_nce,
    sigmoid_hard_negative,
    sigmoid_in_batch,
)
from geoclip.module import GeoclipModule
from geoclip.objectives import TERMS, accuracies, gather_features
from geoclip.ranks import Meter, global_means

OWN_LOSSES = {
    "in_batch": lambda f, a: info_nce(f.image, f.text, f.scale),
    "text": lambda f, a: hard_negative_info_nce(f.image, f.text, f.text_negatives, f.text_offsets, f.scale),
    "image": lambda f, a: hard_negative_info_nce(
        f.text, f.image, f.image_negatives, f.image_offsets, f.scale
    ),
    "joint": lambda f, a: joint_info_nce(f.image, f.text, f.text_negatives, f.text_offsets, f.scale),
    "joint_own": lambda f, a: joint_info_nce(
        f.image, f.text, f.text_negatives, f.text_offsets, f.scale, own_only=True
    ),
    "sigmoid_in_batch": lambda f, a: sigmoid_in_batch(f.image, f.text, f.scale, f.bias),
    "sigmoid_text": lambda f, a: sigmoid_hard_negative(
        f.image, f.text, f.text_negatives, f.text_offsets, f.scale, f.bias
    ),
    "sigmoid_image": lambda f, a: sigmoid_hard_negative(
        f.text, f.image, f.image_negatives, f.image_offsets, f.scale, f.bias
    ),
}


def module_of(encoder, **weights):
    return GeoclipModule(encoder, ObjectiveConfig(**weights), OptimConfig(lr=1e-3))


def features_of(encoder, batch):
    outputs = encoder(batch.images, batch.input_ids, batch.attention_mask)
    return gather_features(batch, *outputs, everyone=True)


@pytest.mark.parametrize("name", TERMS)
def test_a_term_in_one_process_is_its_public_loss(clip, ragged, batch_of, name):
    clip.train_bias(name.startswith("sigmoid"))
    batch = batch_of(clip, ragged[:6])
    features = features_of(clip, batch)
    found = global_means({name: TERMS[name](features)})[name]
    torch.testing.assert_close(found, OWN_LOSSES[name](features, batch))


@pytest.mark.parametrize(
    "kinds", [{"rule": 0, "retrieval": 0}, {"image": 0}, {}, {"rule": 0, "retrieval": 0, "image": 0}]
)
def test_text_only_image_only_mixed_and_no_negatives_reach_every_parameter(clip, ragged, batch_of, kinds):
    """What find_unused_parameters=False asks of a step."""
    module = module_of(clip, in_batch=1.0, text=1.0, image=1.0)
    loss, _ = module.compute(batch_of(clip, ragged, NegativesConfig(**kinds)), Meter())
    loss.backward()
    assert [name for name, p in module.named_parameters() if p.requires_grad and p.grad is None] == []


def test_mmclip_alone_without_any_negative_is_zero_with_zero_gradients(clip, ragged, batch_of):
    module = module_of(clip, text=1.0, image=1.0)
    nothing = NegativesConfig(rule=0, retrieval=0, image=0)
    loss, _ = module.compute(batch_of(clip, ragged, nothing), Meter())
    loss.backward()
    assert loss == 0
    assert not any(p.grad.any() for p in clip.parameters() if p.grad is not None)
    assert [name for name, p in clip.named_parameters() if p.grad is None] == []


def test_equal_captions_and_equal_pictures_are_no_negatives(clip, make_sample, batch_of):
    one, two, other, third = (make_sample(i) for i in (1, 2, 3, 4))
    same_caption = replace(two, caption=one.caption, negatives=())
    same_picture = replace(other, images={**other.images, "png": one.image})
    features = features_of(clip, batch_of(clip, [one, same_caption, same_picture, third]))
    assert features.true_pairs.int().tolist() == [[1, 1, 1, 0], [1, 1, 0, 0], [1, 0, 1, 0], [0, 0, 0, 1]]
    loss, _ = TERMS["in_batch"](features)
    both = torch.tensor([0, 3])
    alone = info_nce(features.image[both], features.text[both], features.scale, reduction="none")
    torch.testing.assert_close(loss[0], alone[0])


def judged(samples):
    """[B, B], True where caption j is not false of picture i, by judging every pair."""
    scenes = [scene_of(sample.meta) for sample in samples]
    return torch.tensor(
        [[truth_of_caption(scene, other.facts).verdict != "false" for other in samples] for scene in scenes]
    )


def test_captions_that_are_true_of_other_scenes_are_no_negatives_in_either_direction(clip, scenes, batch_of):
    batch = batch_of(clip, scenes, text_overflow="truncate")
    expected = judged(scenes)
    assert batch.true_pairs.tolist() == (expected & ~torch.eye(12, dtype=torch.bool)).nonzero().tolist()
    assert (expected != expected.T).any()
    features = features_of(clip, batch)
    assert torch.equal(features.true_pairs, expected)
    assert torch.equal(features.true_images, expected.T)
    found, _ = TERMS["in_batch"](features)
    logits = features.scale * features.image @ features.text.T
    for i in range(12):  # -log softmax over the pictures and captions that are false, and the own one
        own = torch.arange(12) == i
        rows = logits[i][~expected[i] | own].logsumexp(0) - logits[i, i]
        columns = logits[:, i][~expected[:, i] | own].logsumexp(0) - logits[i, i]
        torch.testing.assert_close(found[i], rows + columns)


def test_a_masked_pair_has_no_gradient(clip, scenes, batch_of):
    expected = judged(scenes)
    features = features_of(clip, batch_of(clip, scenes, text_overflow="truncate"))
    i, j = ((expected & ~expected.T).nonzero()).tolist()[0]
    image, text = features.image.detach(), features.text.detach()
    for term in ("in_batch", "joint", "joint_own"):
        # Picture i alone against captions: row i. Caption j alone against pictures: column j.
        all_text, all_image = text.clone().requires_grad_(), image.clone().requires_grad_()
        case = replace(features, image=image, text=text, all_text=all_text, all_image=all_image)
        loss, _ = TERMS[term](case)
        of_captions = torch.autograd.grad(loss[i], all_text, retain_graph=True)[0]
        of_pictures = torch.autograd.grad(loss[j], all_image)[0]
        assert not of_captions[j].any()
        assert not of_pictures[i].any()
        assert of_captions[~expected[i]].abs().amax(1).min() > 0
        assert of_pictures[~expected[:, j]].abs().amax(1).min() > 0


def test_without_true_pairs_the_loss_is_that_of_foreign_samples(clip, scenes, batch_of):
    expected = judged(scenes)
    apart = [0]
    for i in range(1, 12):
        if not (expected[i, apart].any() or expected[apart, i].any()):
            apart.append(i)
    assert len(apart) > 3
    told = [scenes[i] for i in apart]
    untold = [replace(sample, meta={}, facts=()) for sample in told]
    losses = []
    for samples in (told, untold):
        batch = batch_of(clip, samples, text_overflow="truncate")
        assert batch.true_pairs.shape == (0, 2)
        losses.append(TERMS["in_batch"](features_of(clip, batch))[0])
    assert torch.equal(*losses)


def test_a_negative_equal_to_the_positive_is_masked(clip, make_sample, batch_of):
    plain = make_sample(rule=2, retrieval=0, image=1)
    copy = type(plain.negatives[0])("rule", text=plain.caption)
    picture = {**plain.images, "neg05.png": plain.image}
    same = type(plain.negatives[0])("image", image="neg05.png")
    doubled = type(plain)(plain.key, plain.caption, picture, (copy, *plain.negatives, same))
    before, after = (features_of(clip, batch_of(clip, [sample])) for sample in (plain, doubled))
    assert after.same_texts.tolist() == [True, False, False]
    assert after.same_images.tolist() == [False, True]
    for name in ("text", "image", "joint", "joint_own"):
        torch.testing.assert_close(TERMS[name](after)[0], TERMS[name](before)[0], msg=name)


def test_a_negative_that_is_the_caption_of_another_sample_counts_for_its_owner_only(
    clip, make_sample, batch_of
):
    first, second = make_sample(1, rule=0, retrieval=0, image=0), make_sample(2, rule=0, retrieval=0, image=0)
    borrowed = type(make_sample().negatives[0])("retrieval", text=second.caption)
    first = type(first)(first.key, first.caption, first.images, (borrowed,))
    features = features_of(clip, batch_of(clip, [first, second]))
    assert features.true_negatives.tolist() == [[False], [True]]
    _, counted = TERMS["text"](features)
    assert counted.tolist() == [True, False]


def test_joint_masks_the_negatives_that_repeat_a_caption_true_of_the_picture(clip, scenes, batch_of):
    expected = judged(scenes)
    i, j = ((expected & ~torch.eye(12, dtype=torch.bool)).nonzero()).tolist()[0]
    other = next(k for k in range(12) if k not in (i, j) and not expected[k, j])
    borrowed = type(scenes[0].negatives[0])("retrieval", text=f"Figure {j}.")
    samples = [
        replace(s, caption=f"Figure {at}.", negatives=(borrowed,) if at == other else ())
        for at, s in enumerate(scenes)
    ]
    features = features_of(clip, batch_of(clip, samples))
    assert torch.equal(features.true_negatives[:, 0], expected[:, j])
    assert features.true_negatives[i, 0]
    assert not features.true_negatives[other, 0]


def test_a_sample_whose_negatives_all_equal_its_positive_counts_as_one_without(clip, make_sample, batch_of):
    plain, other = make_sample(1), make_sample(2, rule=0, retrieval=0, image=0)
    text, image = type(plain.negatives[0])("rule", text=other.caption), {"neg00.png": other.image}
    picture = type(plain.negatives[0])("image", image="neg00.png")
    masked = replace(other, images={**other.images, **image}, negatives=(text, text, picture))
    module = module_of(clip, text=1.0, image=1.0)
    losses = [module.compute(batch_of(clip, [plain, last]), Meter())[0] for last in (masked, other)]
    torch.testing.assert_close(*losses)
    alone, _ = module.compute(batch_of(clip, [masked]), Meter())
    alone.backward()
    assert alone == 0
    assert all(p.grad.isfinite().all() for p in clip.parameters() if p.grad is not None)


def test_accuracies_count_ties_as_misses_and_only_samples_with_candidates(clip, make_sample, batch_of):
    samples = [make_sample(1), make_sample(2, rule=0, retrieval=0, image=0)]
    features = features_of(clip, batch_of(clip, samples))
    features.text_negatives = features.image[:1].expand(4, -1)
    features.text = features.image.clone()
    tied, counted = accuracies(features)["accuracy/text"]
    assert tied.tolist() == [False, False]
    assert counted.tolist() == [True, False]
    features.text_negatives = -features.text_negatives
    assert accuracies(features)["accuracy/text"][0].tolist() == [True, False]


def test_a_meter_averages_over_what_was_counted():
    meter = Meter()
    meter.add("x", torch.tensor([1.0, 5.0]), torch.tensor([True, True]))
    meter.add("x", torch.tensor([3.0, 0.0]), torch.tensor([True, False]))
    meter.add("empty", torch.zeros(2), torch.zeros(2))
    assert meter.read() == {"x": 3.0}
    assert meter.read() == {}


def test_objectives_that_cannot_be_minimised_are_refused():
    with pytest.raises(ValueError, match="at least one is above 0"):
        ObjectiveConfig()
    with pytest.raises(ValueError, match="use one kind"):
        ObjectiveConfig(in_batch=1.0, sigmoid_text=1.0)
    with pytest.raises(ValueError, match="at least 0"):
        ObjectiveConfig(in_batch=1.0, text=-1.0)
