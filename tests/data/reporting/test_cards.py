"""A sample as HTML: nothing of it is lost, changed, or let loose."""

import base64
import io
import re

import numpy as np
import pytest
from PIL import Image

from data.images import encode
from data.reporting.cards import card, changed, pick
from data.sample import Edit, Negative, Sample


def pictures(html):
    found = re.findall(r'src="data:image/png;base64,([^"]+)"', html)
    return [Image.open(io.BytesIO(base64.b64decode(data))) for data in found]


def plain(html):
    return re.sub(r"<[^>]+>", "", html)


@pytest.mark.parametrize(
    ("new", "old", "marked"),
    [
        ("AB = 6.", "AB = 4.", ["6"]),
        ("AB = 4.", "AB = 4.", []),
        ("rhombus ABCD, AC ⊥ BD", "square ABCD, AC ∥ BD", ["rhombus", "⊥"]),
        ("△ACB has ∠CAB = 30°", "△ABC has ∠CAB = 30°", ["ACB"]),
        ("a <b> & c", "a <i> & c", ["b"]),
    ],
)
def test_exactly_the_changed_words_are_marked(new, old, marked):
    html = changed(new, old)
    assert re.findall(r"<mark[^>]*>(.*?)</mark>", html) == marked
    assert plain(html).replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&") == new


def test_words_that_were_left_out_leave_a_mark():
    assert 'title="left out: and isosceles"' in changed("△ABC is right.", "△ABC is right and isosceles.")


def test_a_card_shows_every_negative_with_edit_verdict_and_residual(sample):
    shown = sample(7, texts=2, pictures=1)
    html = card(shown)
    assert shown.caption in html
    assert "Edited captions (rule), 2" in html
    assert "letters: AB = 7 → BA = 7" in html
    assert "false of the diagram, residual 2" in html
    assert "the caption is false of it, residual 1.5" in html
    assert "(retrieval): none" in html


def test_pictures_are_inlined_as_grey_png_with_their_own_pixels(sample):
    positive, negative = pictures(card(sample(7)))
    assert (positive.format, positive.mode, negative.mode) == ("PNG", "L", "L")
    assert np.unique(positive).tolist() == [7]
    assert np.unique(negative).tolist() == [248]


def test_large_or_colour_pictures_become_small_grey_ones():
    buffer = io.BytesIO()
    Image.new("RGB", (900, 450), (255, 0, 0)).save(buffer, "JPEG")
    (shown,) = pictures(card(Sample("a", "A figure.", {"jpg": buffer.getvalue()})))
    assert (shown.mode, shown.size) == ("L", (336, 168))


def test_a_damaged_picture_is_told_and_the_rest_is_shown():
    negative = Negative("image", image="neg00.png", verdict="false", residual=1.0)
    images = {"png": encode(np.zeros((8, 8), np.uint8)), "neg00.png": b"not a picture"}
    html = card(Sample("a", "A figure.", images, (negative,)))
    assert len(pictures(html)) == 1
    assert "not a usable PNG or JPEG picture" in html


def test_what_is_left_out_is_counted(sample):
    html = card(sample(1, texts=5, pictures=0), most=2)
    assert "Edited captions (rule), 2 of 5" in html
    assert plain(html).count("Not figure") == 2


def test_foreign_negatives_are_called_unverified(sample):
    foreign = sample(1, negatives=(Negative("retrieval", "Another figure."),))
    assert '<small class="unverified">unverified</small>' in card(foreign)


def test_a_retrieved_caption_is_told_once(sample):
    found = Negative("retrieval", "Another figure.", None, (Edit("retrieval", "Mine.", "Another figure."),))
    assert card(sample(1, negatives=(found,))).count("Another figure.") == 1


def test_hostile_text_stays_text(sample):
    evil = '<script>alert(1)</script>" onload="x'
    edits = (Edit(evil, evil, evil),)
    hostile = sample(
        1,
        caption=evil,
        source=evil,
        negatives=(Negative("rule", evil + " changed", None, edits, "false", 1.0),),
        meta={"template": evil},
        messages=({"role": "user", "content": [{"type": "text", "text": evil}]},),
        answer={"kind": "text", "value": evil},
    )
    html = card(hostile)
    assert "<script" not in html
    assert 'onload="' not in html


def test_examples_take_templates_in_turn_and_prefer_all_kinds_of_negatives(sample):
    full = (Negative("rule", "x"), Negative("retrieval", "y"), Negative("image", image="neg00.png"))
    samples = [
        sample(i, negatives=full[: 2 if i == 1 else 3], meta={"template": "circle" if i < 4 else "square"})
        for i in range(6)
    ]
    chosen = pick(samples, 3)
    assert [s.meta["template"] for s in chosen[:2]] == ["circle", "square"]
    assert samples[1] not in chosen
    assert pick(samples, 99)[-1] is samples[1]
