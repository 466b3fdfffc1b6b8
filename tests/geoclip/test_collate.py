import pickle
from dataclasses import replace

import numpy as np
import pytest
import torch

from configs.objective import NegativesConfig, ObjectiveConfig, Part
from data.images import decode
from data.order import Place
from data.sample import Edit, Negative, SampleError
from geoclip.collate import Collate, ContrastiveTransform, choose, join, label
from geoclip.encoder import token_rows


def decode_rows(encoder, batch, rows):
    """The captions that rows of a batch hold."""
    return [
        encoder.tokenizer.decode(
            batch.input_ids[row][batch.attention_mask[row].bool()], skip_special_tokens=True
        )
        for row in rows.tolist()
    ]


def test_a_ragged_batch_holds_every_sample_and_its_own_negatives(clip, ragged, batch_of):
    batch = batch_of(clip, ragged)
    texts = [[n.text for n in sample.negatives if n.text] for sample in ragged]
    pictures = [[n.image for n in sample.negatives if n.image] for sample in ragged]
    assert batch.text_offsets.diff().tolist() == [len(t) for t in texts]
    assert batch.image_offsets.diff().tolist() == [len(p) for p in pictures]
    assert decode_rows(clip, batch, batch.caption) == [sample.caption for sample in ragged]
    assert decode_rows(clip, batch, batch.text_negative) == [t for own in texts for t in own]
    flat = [s.images[name] for s, own in zip(ragged, pictures, strict=True) for name in own]
    expected = torch.stack([decode(data, 32) for data in [*(s.image for s in ragged), *flat]])
    assert torch.equal(batch.images, expected)
    assert len(batch.text_labels) == len(batch.text_negative)
    assert batch.keys == [sample.key for sample in ragged]


def test_every_distinct_caption_is_in_a_batch_once(clip, make_sample, batch_of):
    same = [make_sample(i, caption="AB = 6.", rule=2, retrieval=0, image=0) for i in range(3)]
    batch = batch_of(clip, same)
    assert len(batch.input_ids) == 3  # the caption and its two edits
    assert batch.caption.tolist() == [0, 0, 0]
    assert len(set(batch.text_ids.tolist())) == 3


def test_equal_pictures_have_equal_ids_and_others_not(clip, make_sample, batch_of):
    batch = batch_of(clip, [make_sample(1), make_sample(1), make_sample(2)])
    ids = batch.image_ids[:3].tolist()
    assert ids[0] == ids[1] != ids[2]


@pytest.mark.parametrize(
    ("cfg", "kinds"),
    [
        (NegativesConfig(), {"rule": 5, "retrieval": 4, "image": 3}),
        (NegativesConfig(rule=2, retrieval=0), {"rule": 2, "image": 3}),
        (NegativesConfig(rule=0, retrieval=0, image=1), {"image": 1}),
    ],
)
def test_caps_limit_each_kind_to_its_first(make_sample, cfg, kinds):
    sample = make_sample(rule=5, retrieval=4, image=3)
    chosen = choose(sample, cfg)
    assert {k: sum(n.kind == k for n in chosen) for k in kinds} == kinds
    assert len(chosen) == sum(kinds.values())
    for kind, count in kinds.items():
        assert [n for n in chosen if n.kind == kind] == [n for n in sample.negatives if n.kind == kind][
            :count
        ]


def test_random_choice_depends_on_seed_and_key_alone(make_sample):
    samples = [make_sample(i, rule=8, retrieval=0, image=0) for i in range(6)]

    def picks(seed):
        cfg = NegativesConfig(rule=3, choose="random", seed=seed)
        return [[int(n.edits[0].after.split()[-1]) for n in choose(sample, cfg)] for sample in samples]

    assert picks(1) == picks(1)
    assert picks(1) != picks(2)
    assert all(len(set(pick)) == 3 and pick == sorted(pick) for pick in picks(1))
    assert len({tuple(pick) for pick in picks(1)}) > 1


def drawn(samples, epoch, **options):
    cfg = NegativesConfig(**options)
    return [[n.text or n.image for n in choose(sample, cfg, epoch)] for sample in samples]


def test_a_fresh_choice_is_another_one_in_every_epoch(make_sample):
    samples = [make_sample(i, rule=8, retrieval=0, image=4) for i in range(6)]
    epochs = [drawn(samples, epoch, rule=3, image=2, choose="fresh") for epoch in range(3)]
    assert epochs[0] != epochs[1] != epochs[2]
    assert epochs[1] == drawn(samples, 1, rule=3, image=2, choose="fresh")
    assert epochs[1] != drawn(samples, 1, rule=3, image=2, choose="fresh", seed=5)
    assert {len(set(picks)) for epoch in epochs for picks in epoch} == {5}
    assert drawn(samples, 0, rule=3, choose="random") == drawn(samples, 1, rule=3, choose="random")


def test_simans_draws_retrieval_negatives_as_often_as_their_scores_say(make_sample):
    """One of three: p is proportional to exp(-a (score - peak)^2); 1000 epochs, four standard deviations."""
    plain = make_sample(rule=0, retrieval=3, image=0)
    scores = (0.95, 0.8, 0.6)
    told = [replace(n, score=score) for n, score in zip(plain.negatives, scores, strict=True)]
    sample = replace(plain, negatives=tuple(told))
    cfg = NegativesConfig(retrieval=1, choose="simans", a=20.0, peak=0.8)
    found = [choose(sample, cfg, epoch)[0].score for epoch in range(1000)]
    weights = np.exp(-20.0 * (np.array(scores) - 0.8) ** 2)
    for score, share in zip(scores, weights / weights.sum(), strict=True):
        assert abs(found.count(score) / 1000 - share) < 4 * (share * (1 - share) / 1000) ** 0.5
    assert found[:50] == [choose(sample, cfg, epoch)[0].score for epoch in range(50)]


def test_simans_without_scores_says_where_they_come_from(make_sample):
    cfg = NegativesConfig(retrieval=1, choose="simans", peak=0.8)
    with pytest.raises(ValueError, match=r"'s0000': retrieval negatives without scores.*data\.retrieval"):
        choose(make_sample(), cfg)
    assert len(choose(make_sample(retrieval=1), cfg)) == 5  # nothing to draw


def test_all_candidates_come_along_where_the_hardest_are_to_be_chosen(make_sample):
    cfg = NegativesConfig(rule=1, retrieval=0, choose="hardest")
    assert [n.kind for n in choose(make_sample(rule=3), cfg)] == ["rule"] * 3 + ["image"] * 2


def test_a_part_that_brings_no_negatives_neither_decodes_nor_tokenizes_any(clip, make_sample, monkeypatch):
    parts = [
        Part(ObjectiveConfig(in_batch=1.0), NegativesConfig(rule=0, retrieval=0, image=0), until_step=2),
        Part(ObjectiveConfig(text=1.0, image=1.0), NegativesConfig()),
    ]
    transform = pickle.loads(pickle.dumps(ContrastiveTransform(clip, parts[-1].negatives, "error", parts)))
    decoded = []
    monkeypatch.setattr("geoclip.collate.decode", lambda *args: decoded.append(args) or decode(*args))
    items = [transform.at(Place(epoch=0, step=step))(make_sample()) for step in (0, 1, 2)]
    assert [item.part for item in items] == [0, 0, 1]
    assert [(len(item.images), len(item.rows)) for item in items] == [(1, 1), (1, 1), (3, 5)]
    assert len(decoded) == 5
    assert join(items[2:], clip.pad_id, None).part == 1
    assert transform(make_sample()).part == -1  # validation


def test_the_transform_survives_pickling(clip, make_sample):
    transform = pickle.loads(pickle.dumps(ContrastiveTransform(clip, NegativesConfig(), "error")))
    assert (
        transform(make_sample(3)).rows
        == ContrastiveTransform(clip, NegativesConfig(), "error")(make_sample(3)).rows
    )


LONG = "Point D lies on BC. " * 12


def test_a_long_caption_stops_the_run_or_is_a_counted_skip(clip, make_sample):
    sample = make_sample(caption=LONG)
    with pytest.raises(
        ValueError, match=r"'s0000': a caption of \d+ tokens; .* reads 64; set text_overflow"
    ) as error:
        ContrastiveTransform(clip, NegativesConfig(), "error")(sample)
    assert not isinstance(error.value, SampleError)
    with pytest.raises(SampleError, match=r"'s0000': a caption of \d+ tokens"):
        ContrastiveTransform(clip, NegativesConfig(), "skip")(sample)
    with pytest.raises(ValueError, match="text_overflow='cut' is not allowed; use one of error"):
        ContrastiveTransform(clip, NegativesConfig(), "cut")


def test_skip_leaves_out_only_the_negative_that_is_too_long(clip, make_sample):
    sample = make_sample(rule=1, retrieval=0, image=1)
    negatives = (Negative("rule", text=LONG), *sample.negatives)
    item = ContrastiveTransform(clip, NegativesConfig(), "skip")(
        type(sample)(sample.key, sample.caption, sample.images, negatives)
    )
    assert (len(item.rows), len(item.images), item.dropped) == (2, 2, 1)
    assert item.text_labels == [("rule", "number")]


def test_truncation_keeps_only_negatives_whose_edit_is_fully_visible(clip, make_sample):
    start, end = "AB = 5, and " + LONG, LONG + "and AB = 5."
    early = Negative(
        "rule", text=start.replace("AB = 5", "AB = 7"), edits=(Edit("number", "AB = 5", "AB = 7"),)
    )
    late = Negative("rule", text=start + "and CD = 9.", edits=(Edit("number", "CD = 4", "CD = 9"),))
    seen = Negative("image", image="neg00.png", edits=(Edit("number", "AB = 5", "AB = 7"),))
    unseen = Negative("image", image="neg01.png", edits=(Edit("number", "CD = 4", "CD = 9"),))
    sample = make_sample(rule=0, retrieval=0, image=2)
    sample = type(sample)(sample.key, start, sample.images, (early, late, seen, unseen))
    item = ContrastiveTransform(clip, NegativesConfig(), "truncate")(sample)
    assert (len(item.rows), len(item.images), item.dropped) == (2, 2, 2)
    assert torch.equal(item.images[1], decode(sample.images["neg00.png"], 32))
    full = token_rows(clip.tokenizer, [start])[0]
    assert item.rows[0] == [*full[:63], full[-1]]
    assert item.rows[0] != item.rows[1]
    sample = type(sample)(sample.key, end, sample.images, (Negative("rule", text=end.replace("5", "7")),))
    assert ContrastiveTransform(clip, NegativesConfig(), "truncate")(sample).dropped == 1


def test_an_edit_cut_in_half_is_not_visible(clip, make_sample):
    """Digits are single tokens: at some window the first digit of the edit stays and the second is cut."""
    caption = "AB = 12, and " + LONG
    negative = Negative("rule", text=caption.replace("12", "34"))
    sample = type(make_sample())("k", caption, make_sample().images, (negative,))
    kept = {}
    for window in range(5, 12):
        clip.text_window = window
        kept[window] = ContrastiveTransform(clip, NegativesConfig(), "truncate")(sample).dropped == 0
    ids = token_rows(clip.tokenizer, [caption])[0]
    last = max(i for i, t in enumerate(ids[:12]) if clip.tokenizer.decode([t]) == "2")
    assert kept == {window: window - 1 > last for window in kept}
    assert True in kept.values()
    assert False in kept.values()


def test_a_damaged_picture_is_a_counted_skip(clip, make_sample):
    sample = make_sample()
    broken = {**sample.images, "neg01.png": sample.images["neg01.png"][:40]}
    with pytest.raises(SampleError, match="not a usable"):
        ContrastiveTransform(clip, NegativesConfig(), "error")(
            type(sample)(sample.key, sample.caption, broken, sample.negatives)
        )


def test_labels_name_kind_and_operator():
    one, two = Edit("letters", "AB", "AC"), Edit("number", "5", "6")
    assert label(Negative("rule", text="x", edits=(one, one))) == ("rule", "letters")
    assert label(Negative("rule", text="x", edits=(one, two))) == ("rule", "mixed")
    assert label(Negative("retrieval", text="x")) == ("retrieval", "")


def test_the_collate_pads_as_the_encoder_asks(siglip_folder, clip, make_sample):
    from geoclip.towers import load_encoder

    siglip = load_encoder(siglip_folder)
    item = ContrastiveTransform(siglip, NegativesConfig(), "error")(make_sample())
    assert Collate(siglip)([item])["pairs"].input_ids.shape[1] == siglip.text_window
    batch = Collate(clip)([item])["pairs"]
    assert batch.input_ids.shape[1] == max(map(len, item.rows))
    moved = batch.to("cpu")
    assert torch.equal(moved.images, join([item], 0, None).images)
    assert len(moved) == 1
