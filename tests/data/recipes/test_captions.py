"""Folders and tables of pictures with captions."""

import pytest


def test_folder(imported, pictures, grey):
    (pictures / "p1.txt").write_text("\ufeffOne. \n", encoding="utf-8")
    (pictures / "sub" / "j.txt").write_text("A JPEG: 三角形.")
    (pictures / "p2.txt").write_text(" ")
    (pictures / "p3.txt").write_bytes(b"\xff")
    samples, index = imported("folder", pictures)
    assert [s.caption for s in samples] == ["One.", "A JPEG: 三角形."]
    assert grey(samples[1]) == 33
    assert index["rejected"] == {
        "text file does not exist": 7,
        "caption is empty or missing": 1,
        "text file is no UTF-8": 1,
    }
    assert index["names"]["text file is no UTF-8"] == ["images/p3.png"]
    assert index["notes"] == {"Chinese text": 1}


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.csv", 'image,caption,id\np1.png,"One, two.",7\nsub/j.jpg,Three.,8\n,Four.,9\np1.png,Five.,7\n'),
        ("a.tsv", "filepath\ttitle\np1.png\tOne, two.\nsub/j.jpg\tThree.\n\tFour.\np2.png\t\n"),
        (
            "metadata.jsonl",
            '{"file_name": "p1.png", "text": "One, two."}\n{"file_name": "sub/j.jpg", "text": "Three."}\n'
            '{"file_name": "", "text": "Four."}\n{"file_name": "p1.png"}\n',
        ),
    ],
)
def test_table(imported, save, name, text, grey):
    samples, index = imported("table", save(text, name))
    assert [(s.caption, grey(s)) for s in samples] == [("One, two.", 20), ("Three.", 33)]
    assert (index["records"], index["refused_records"]) == (4, 2)
    assert index["rejected"]["picture path is empty or no path"] == 1
