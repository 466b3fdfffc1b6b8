from dataclasses import replace

import pytest
import torch

from configs.objective import NegativesConfig, ObjectiveConfig, Part
from configs.training import OptimConfig
from geoclip.hardest import keep_hardest
from geoclip.module import GeoclipModule
from geoclip.ranks import Meter

KINDS = ("rule", "retrieval", "image")


def similarities(encoder, sample, batch_of):
    """Per kind the similarity of each negative of one sample, encoded alone."""
    found = {kind: [] for kind in KINDS}
    for negative in sample.negatives:
        batch = batch_of(encoder, [replace(sample, negatives=(negative,))])
        with torch.no_grad():
            image, text, *_ = encoder(batch.images, batch.input_ids, batch.attention_mask)
        pair = (text[0], image[1]) if negative.kind == "image" else (image[0], text[-1])
        found[negative.kind].append(float(pair[0] @ pair[1]))
    return found


@pytest.mark.parametrize(
    ("rule", "retrieval", "image"), [(2, 1, 1), (1, None, 0), (0, 0, 2), (None, 2, None)]
)
def test_the_most_similar_of_every_sample_and_kind_are_kept(
    clip, make_sample, batch_of, rule, retrieval, image
):
    counts = [(4, 3, 3), (0, 0, 0), (1, 4, 0), (3, 0, 4)]
    samples = [make_sample(i, rule=r, retrieval=t, image=m) for i, (r, t, m) in enumerate(counts)]
    cfg = NegativesConfig(rule=rule, retrieval=retrieval, image=image, choose="hardest")
    best = []
    for sample in samples:
        scores = similarities(clip, sample, batch_of)
        of = {kind: [n for n in sample.negatives if n.kind == kind] for kind in KINDS}
        keep = []
        for kind in KINDS:
            most = getattr(cfg, kind)
            ranked = sorted(range(len(of[kind])), key=lambda at: -scores[kind][at])
            keep += [of[kind][at] for at in sorted(ranked[:most])]
        best.append(replace(sample, negatives=tuple(keep)))
    found, wanted = keep_hardest(clip, batch_of(clip, samples, cfg), cfg), batch_of(clip, best)
    assert torch.equal(found.images, wanted.images)
    assert torch.equal(found.image_offsets, wanted.image_offsets)
    assert torch.equal(found.text_offsets, wanted.text_offsets)
    assert (found.text_labels, found.image_labels) == (wanted.text_labels, wanted.image_labels)
    for name in ("caption", "text_negative"):
        assert torch.equal(found.text_ids[getattr(found, name)], wanted.text_ids[getattr(wanted, name)])
    assert len(found.input_ids) == len(wanted.input_ids)  # what was not chosen is not encoded again
    module = GeoclipModule(clip, ObjectiveConfig(text=1.0, image=1.0), OptimConfig(lr=1.0))
    losses = [module.compute(batch, Meter())[0] for batch in (found, wanted)]
    torch.testing.assert_close(*losses)


def test_of_equal_scores_the_first_is_kept_and_a_copy_of_the_positive_never(clip, make_sample, batch_of):
    sample = make_sample(rule=3, retrieval=0, image=0)
    one, two, _ = sample.negatives
    copy = replace(one, text=sample.caption)
    cfg = NegativesConfig(rule=1, choose="hardest")
    twice = replace(sample, negatives=(copy, replace(one, edits=two.edits), one))
    batch = batch_of(clip, [twice], cfg)
    kept = keep_hardest(clip, batch, cfg)
    assert kept.text_ids[kept.text_negative].tolist() == [int(batch.text_ids[batch.text_negative[1]])]
    assert (
        len(keep_hardest(clip, batch_of(clip, [replace(sample, negatives=(copy,))], cfg), cfg).text_negative)
        == 1
    )


def test_scores_have_no_dropout_and_modes_stay_as_they_were(clip, make_sample, batch_of):
    clip.train()
    clip.vision.eval()
    modes = [module.training for module in clip.modules()]
    cfg = NegativesConfig(rule=1, choose="hardest")
    batch = batch_of(clip, [make_sample(i, rule=5) for i in range(3)], cfg)
    seen = []
    clip.text.register_forward_hook(
        lambda module, *_: seen.append((module.training, torch.is_grad_enabled()))
    )
    module = GeoclipModule(
        clip, ObjectiveConfig(text=1.0), OptimConfig(lr=1.0), [Part(ObjectiveConfig(text=1.0), cfg)]
    )
    loss, _ = module.compute(batch, Meter())
    loss.backward()
    assert [module.training for module in clip.modules()] == modes
    assert seen == sorted(seen)  # the scores, in one call or more, then the step
    assert set(seen) == {(False, False), (True, True)}
