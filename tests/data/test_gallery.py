"""The gallery page: everything is on it, nothing of a hostile shard gets out of its text."""

import re
from html.parser import HTMLParser

import pytest

from data.gallery import GalleryConfig, gallery, main, shard_folders
from data.sample import Edit, Negative

EVIL = '<script>alert(1)</script><img src=x onerror="x">&"\''


class Tags(HTMLParser):
    """All tags with their attributes, and the text between them."""

    def __init__(self, page):
        super().__init__()
        self.tags, self.text = [], ""
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))

    def handle_data(self, data):
        self.text += data


def test_every_negative_is_shown_with_edit_verdict_and_residual(sample, write, tmp_path):
    samples = [sample(i, texts=2, pictures=3) for i in range(4)]
    facts = ({"kind": "length", "args": ["AB"], "value": 5}, {"kind": "parallel", "args": ["AB", "CD"]})
    samples[1] = sample(1, facts=facts, evidence=("label", "mark"))
    page = Tags(gallery([write(tmp_path / "a", samples)], GalleryConfig()))
    pictures = [a for tag, a in page.tags if tag == "img"]
    assert len(pictures) == 4 + 3 * 3 + 1
    assert all(a["src"].startswith("data:image/png;base64,") for a in pictures)
    for one in samples:
        assert one.caption in page.text
        for negative in one.negatives:
            assert (negative.text or "") in page.text
    assert "letters: AB = 3 → BA = 3" in page.text
    assert "residual 1.5" in page.text
    assert "Facts: length AB = 5 (label) · parallel AB, CD (mark)" in page.text


def test_changed_words_are_marked(sample, write, tmp_path):
    caption = "In △ABC, AB = 4 and AB ∥ CD."
    negative = Negative(
        "rule", "In △ABC, AB = 9 and AB ⊥ CD.", None, (Edit("number", "4", "9"),), "false", 3.0
    )
    samples = [sample(0, caption=caption, negatives=(negative,))]
    page = gallery([write(tmp_path / "a", samples)], GalleryConfig())
    assert re.findall(r"<mark>(.*?)</mark>", page) == ["9", "⊥"]


def test_a_hostile_shard_stays_text(sample, write, tmp_path):
    edit = Edit(EVIL, EVIL, EVIL)
    negatives = (Negative("rule", EVIL, None, (edit,), "false", 1.0),)
    fields = {
        "caption": EVIL,
        "source": EVIL,
        "facts": ({"kind": EVIL, "args": [EVIL]}, {"kind": EVIL, "args": [EVIL], "value": EVIL}),
        "meta": {"template": EVIL},
    }
    fields["messages"] = ({"role": "user", "content": [{"type": "text", "text": EVIL}]},)
    fields["answer"] = {"kind": "text", "value": EVIL}
    samples = [sample(0, negatives=negatives, **fields)]
    folder = write(tmp_path / "<b>a", samples, rejected={EVIL: 3})
    page = Tags(gallery([folder], GalleryConfig()))
    names = {tag for tag, _ in page.tags}
    assert not names & {"script", "b>a", "iframe"}
    assert all("onerror" not in a for _, a in page.tags)
    assert page.text.count("alert(1)") >= 8
    policy = next(
        a["content"] for tag, a in page.tags if tag == "meta" and "content" in a and "src" in a["content"]
    )
    assert policy == "default-src 'none'; img-src data:; style-src 'unsafe-inline'"


def test_pictures_that_cannot_be_shown_are_explained(sample, write, tmp_path):
    good = sample(0)
    broken = sample(0, images={**good.images, "neg00.png": b"no picture"})
    page = Tags(gallery([write(tmp_path / "a", [broken])], GalleryConfig()))
    assert "not a usable PNG or JPEG picture" in page.text


def test_limit_and_first_choose_the_samples(folder):
    page = gallery([folder], GalleryConfig(limit=3, first=30))
    assert re.findall(r'id="(\d+)"', page) == ["000030", "000031", "000032"]
    assert "Samples 30 to 32 of 40" in page
    with pytest.raises(ValueError, match="first=99 is beyond the last"):
        gallery([folder], GalleryConfig(first=99))
    with pytest.raises(ValueError, match="limit=0"):
        GalleryConfig(limit=0)


def test_the_command_writes_one_page_for_all_splits(write, tmp_path, capsys):
    for split in ("test", "train"):
        write(tmp_path / "set" / split, 3)
    assert [path.name for path in shard_folders(tmp_path / "set")] == ["train", "test"]
    out = tmp_path / "page.html"
    main([str(tmp_path / "set"), "limit=2", f"out={out}"])
    assert re.findall(r"<h2>(.*?)</h2>", out.read_text()) == ["train", "test"]
    for argv, message in (
        ([], "no shard folder given"),
        ([str(tmp_path / "no")], "does not exist"),
        (["x", "limt=3"], "limit"),
    ):
        with pytest.raises(SystemExit) as error:
            main(argv)
        assert error.value.code == 2
        assert message in capsys.readouterr().err
