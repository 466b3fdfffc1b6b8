"""A sample as data of the gallery: nothing is lost, and every picture is where it is said to be."""

import io

import numpy as np
import pytest
from PIL import Image

from data.images import encode, open_grey
from data.reporting.entries import COLUMNS, MOST, SIDE, counts, entry, traits
from data.sample import Edit, Negative


def cell(made, strip, place):
    sheet = Image.open(io.BytesIO(strip)).convert("L")
    assert sheet.size == tuple(made["sheet"])
    x, y, width, height = place["box"]
    return np.array(sheet.crop((x, y, x + width, y + height)))


def noise(seed, width=30, height=20):
    return encode(np.random.default_rng(seed).integers(0, 256, (height, width), dtype=np.uint8))


def test_every_picture_is_in_its_place_on_the_sheet(sample):
    names = [f"neg{n:02d}.png" for n in range(COLUMNS + 3)]  # more than one row
    images = {"png": noise(0), **{name: noise(i + 1) for i, name in enumerate(names)}}
    negatives = tuple(Negative("image", image=name) for name in names)
    made, strip = entry(sample(0, images=images, negatives=negatives))
    places = [made["picture"], *(n["picture"] for n in made["negatives"])]
    for name, place in zip(["png", *names], places, strict=True):
        want = np.array(open_grey(images[name])).astype(int)
        assert np.abs(cell(made, strip, place) - want).max() <= 9  # half a step of 16 grey values
    assert Image.open(io.BytesIO(strip)).mode == "P"


def test_large_pictures_are_made_small(sample):
    made, _ = entry(sample(0, images={"png": noise(0, 900, 450)}, negatives=()))
    assert made["picture"] == {"box": [0, 0, SIDE, SIDE // 2]}


def test_several_edits_are_told_and_found_under_each_of_their_operators(sample):
    edits = (
        Edit("letters", "AB = 3", "BA = 3"),
        Edit("drop", "", "M is a midpoint"),
        Edit("letters", "x", ""),
    )
    negatives = (
        Negative("rule", "One.", None, edits, "false", 2.0),
        Negative("rule", "Two.", None, edits[:1], "unverified"),
        Negative("retrieval", "Three."),
    )
    given = sample(0, negatives=negatives)
    assert traits(given) == {
        ("rule", "letters", "false"),
        ("rule", "drop", "false"),
        ("rule", "letters", "unverified"),
        ("retrieval", "no edit", "unverified"),
    }
    assert counts(given) == {
        ("kind", "rule"): 2,
        ("kind", "retrieval"): 1,
        ("operator", "letters"): 2,
        ("operator", "drop"): 1,
        ("operator", "no edit"): 1,
        ("verdict", "false"): 1,
        ("verdict", "unverified"): 2,
    }
    made, _ = entry(given)
    assert made["negatives"][0]["edits"] == [
        "letters: AB = 3 → BA = 3",
        "drop: — → M is a midpoint",
        "letters: x → —",
    ]
    assert made["negatives"][0]["operators"] == ["drop", "letters"]
    assert made["negatives"][0]["proof"] == "false of the diagram, residual 2"


def test_changed_words_are_marked_with_what_they_replaced(sample):
    caption = "In △ABC, AB = 4 and AB ∥ CD."
    negatives = (
        Negative("rule", "In △ABC, AB = 9 and AB ⊥ CD."),
        Negative("retrieval", "In △ABC, AB = 4 and BC ∥ CD."),
        Negative("retrieval", "A circle with centre O."),  # all of it differs: no mark would help
    )
    made, _ = entry(sample(0, caption=caption, negatives=negatives))
    assert [negative["text"] for negative in made["negatives"]] == [
        ["In △ABC, AB = ", ["9", "4"], " and AB ", ["⊥", "∥"], " CD."],
        ["In △ABC, AB = 4 and ", ["BC", "AB"], " ∥ CD."],
        ["A circle with centre O."],
    ]


def test_outlines_belong_to_the_negative_they_are_drawn_on(sample):
    positive = np.full((100, 100), 255, np.uint8)
    positive[10:13, 10:90] = 0
    edited, redrawn = positive.copy(), positive.T.copy()
    edited[50:60, 50:60] = 0
    images = {"png": positive, "neg00.png": edited, "neg01.png": positive, "neg02.png": redrawn}
    images = {name: encode(pixels) for name, pixels in images.items()}
    negatives = tuple(Negative("image", image=name) for name in list(images)[1:])
    made, _ = entry(sample(0, images=images, negatives=negatives))
    first, second, third = made["negatives"]
    ((outline),) = first["outlines"]
    assert all(40 <= x <= 70 and 40 <= y <= 70 for x, y in outline)
    assert (first["note"], first["outlines"] != []) == ("", True)
    assert (second["note"], second["outlines"]) == ("no difference from the positive to be seen", [])
    assert (third["note"], third["outlines"]) == ("figure drawn anew, not outlined", [])


def test_pictures_that_cannot_be_shown_are_explained(sample):
    good = encode(np.full((40, 40), 255, np.uint8))
    negative = Negative("image", image="neg00.png")
    for images in ({"png": b"broken", "neg00.png": good}, {"png": good, "neg00.png": b"broken"}):
        made, strip = entry(sample(0, images=images, negatives=(negative,)))
        places = [made["picture"], made["negatives"][0]["picture"]]
        assert sorted(len(place.get("error", "")) > 0 for place in places) == [False, True]
        (shown,) = [place for place in places if "box" in place]
        assert cell(made, strip, shown).shape == (40, 40)
        assert made["negatives"][0]["note"] == ""
    made, _ = entry(sample(0, images={"png": b"broken"}, negatives=()))
    assert "not a usable PNG or JPEG picture" in made["picture"]["error"]


def test_a_sample_without_negatives_is_found_under_none(sample):
    bare = sample(0, negatives=(), facts=({"odd": 1},), source="", licence="")
    assert (traits(bare), counts(bare)) == ({("none", "", "")}, {("kind", "none"): 1})
    made, _ = entry(bare)
    assert (made["negatives"], made["about"], made["facts"]) == ([], [], ["{'odd': 1}"])


def test_negatives_beyond_the_limit_are_counted(sample):
    made, _ = entry(sample(0, negatives=tuple(Negative("rule", f"No. {n}") for n in range(MOST + 7))))
    assert (len(made["negatives"]), made["left"]) == (MOST, {"rule": 7})


@pytest.mark.parametrize("evidence", [("label", "mark"), ()])
def test_facts_are_told_with_what_shows_them(sample, evidence):
    given = ({"kind": "length", "args": ["AB"], "value": 5}, {"kind": "parallel", "args": ["AB", "CD"]})
    made, _ = entry(sample(0, facts=given, evidence=evidence))
    shown = (
        ("length AB = 5 (label)", "parallel AB, CD (mark)")
        if evidence
        else ("length AB = 5", "parallel AB, CD")
    )
    assert made["facts"] == [*shown]
