"""What all recipes share: exact counts, refusals with names and a limit, resume, hostile pictures, notes."""

import json
import os
import signal
import struct
import zlib

import pytest
from PIL import Image

from data.images import decode
from data.index import read_index
from data.loader import IndexedDataset
from data.recipes import frame
from data.recipes.__main__ import RECIPES, main
from data.recipes.entry import NOTES, Entry


def rows(*captions, **more):
    return [{"image": f"p{i % 10}.png", "caption": text, **more} for i, text in enumerate(captions)]


def png(width, height):
    """The header of a PNG of any size, a few bytes long."""
    head = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    chunk = struct.pack(">I", 13) + head + struct.pack(">I", zlib.crc32(head))
    return b"\x89PNG\r\n\x1a\n" + chunk


def told(capsys):
    """The rows of the printed summary, one line each."""
    lines = capsys.readouterr().err.replace("│", " ").splitlines()
    return {" ".join(line.split()) for line in lines if "━" not in line and "/" not in line}


def test_counts_agree_with_what_the_loader_yields(imported, save, capsys):
    records = rows(*(f"caption {i}" for i in range(30)))
    records[3]["image"], records[7]["caption"] = "gone.png", " "
    for i in (5, 6):
        records[i]["id"] = "twice"
    records[9]["caption"] = "the angle α of △A₁BC"
    samples, index = imported("table", save(records), "shard_size=8")
    assert [sample.key for sample in samples] == [f"{i:08d}" for i in range(30) if i not in (3, 6, 7)]
    assert (index["records"], index["refused_records"], index["samples"]) == (30, 3, 27)
    assert index["samples"] == len(samples) == sum(shard["samples"] for shard in index["shards"])
    assert index["rejected"] == {
        "picture does not exist": 1,
        "caption is empty or missing": 1,
        "id appears twice": 1,
    }
    assert index["counts"]["texts"] == {"captions": sum(bool(s.caption) for s in samples)} == {"captions": 27}
    assert index["notes"] == {"Greek letters": 1, "letters with subscripts": 1}
    lines = told(capsys)
    assert {"records read 30", "samples written 27", "with captions 27", "records refused 3"} <= lines
    assert "refused: picture does not exist 1 records.json[3]" in lines
    assert "refused: id appears twice 1 records.json[6] 'twice'" in lines
    assert "note: letters with subscripts 1 records.json[9] A₁" in lines


def test_a_complete_folder_is_reused_and_tells_the_same(imported, save, capsys, monkeypatch):
    file = save(rows("one", "", "three"))
    imported("table", file)
    first = told(capsys)
    monkeypatch.setattr(Entry, "picture", None)  # nothing is converted again
    imported("table", file)
    assert told(capsys) == first
    imported("table", file)
    assert f"{file.parent / 'out'}: complete, reused" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda root: "../secret.png", "picture path leads out of root"),
        (lambda root: "/etc/passwd", "picture path leads out of root"),
        (lambda root: "link.png", "picture path leads out of root"),
        (lambda root: "sub", "picture does not exist"),
        (lambda root: "a\0.png", "picture path is empty or no path"),
        (lambda root: 7, "picture path is empty or no path"),
        (lambda root: "x" * 5000, "picture cannot be read"),
        (lambda root: "huge.png", "picture is no PNG or JPEG of at most 16777216 pixels"),
        (lambda root: "wide.png", "picture is no PNG or JPEG of at most 16777216 pixels"),
        (lambda root: "cut.png", "picture is no PNG or JPEG of at most 16777216 pixels"),
        (lambda root: "large.png", "picture file has more than 2000 bytes"),
    ],
)
def test_a_hostile_picture_is_refused_by_name(imported, save, pictures, monkeypatch, make, reason):
    Image.new("L", (9, 9)).save(pictures.parent / "secret.png")
    (pictures / "link.png").symlink_to(pictures.parent / "secret.png")
    (pictures / "huge.png").write_bytes(png(100_000, 100_000))
    (pictures / "wide.png").write_bytes(png(9000, 10))
    (pictures / "cut.png").write_bytes((pictures / "p1.png").read_bytes()[:50])
    (pictures / "large.png").write_bytes(bytes(2001))
    monkeypatch.setattr("data.recipes.entry.MAX_BYTES", 2000)
    records = rows("good", "bad", "last")
    records[1]["image"] = make(pictures)
    samples, index = imported("table", save(records))
    assert [sample.caption for sample in samples] == ["good", "last"]
    assert index["rejected"] == {reason: 1}
    assert index["names"][reason] == ["records.json[1]"]


def test_text_that_cannot_be_stored_is_refused(imported, tmp_path):
    file = tmp_path / "a.jsonl"
    texts = ("half \\ud800", "whole \\ud83d\\ude00")
    file.write_text("".join(f'{{"image": "p1.png", "caption": "{text}"}}\n' for text in texts))
    samples, index = imported("table", file)
    assert [sample.caption for sample in samples] == ["whole 😀"]
    assert index["rejected"] == {"text is no valid Unicode": 1}


def test_numbers_that_are_no_json_are_refused(imported, tmp_path):
    file = tmp_path / "a.jsonl"
    file.write_text(
        "".join(f'{{"image": "p1.png", "caption": "{v}", "id": {v}}}\n' for v in ("NaN", 1, "1e999"))
    )
    samples, index = imported("table", file)
    assert [sample.caption for sample in samples] == ["1"]
    (reason,) = index["rejected"]
    assert "not JSON compliant" in reason


def test_names_cannot_steer_the_terminal(imported, save, capsys):
    imported("table", save(rows("good", "", name="x"), name="\x1b[31ma.json"))
    err = capsys.readouterr().err
    assert r"\x1b[31ma.json[1]" in err
    assert "\x1b[31ma" not in err


def test_shards_may_lie_in_the_folder_they_are_made_of(pictures, capsys):
    for i in range(10):
        (pictures / f"p{i}.txt").write_text(f"caption {i}")
    for _ in range(2):
        main(["folder", str(pictures), f"root={pictures}", f"out={pictures / 'shards'}"])
    assert "complete, reused" in capsys.readouterr().err


def test_broken_lines_count_as_records(imported, save):
    lines = [json.dumps(record) for record in rows("one", "two")]
    samples, index = imported("table", save("\ufeff" + lines[0] + "\n{broken\n\n" + lines[1], "a.jsonl"))
    assert [sample.caption for sample in samples] == ["one", "two"]
    assert (index["records"], index["rejected"]) == (3, {"line is not valid JSON": 1})
    assert index["names"] == {"line is not valid JSON": ["a.jsonl:2"]}


@pytest.mark.parametrize(
    ("text", "name", "message"),
    [
        ("{", "a.json", "a.json is not valid JSON"),
        ('{"image": "p1.png"}', "a.json", "a.json holds a dict; expected a list of records"),
        ("[]", "a.json", "a.json hold no record"),
        ("", "a.jsonl", "a.jsonl hold no record"),
        ("image,caption\n", "a.csv", "a.csv hold no record"),
        ('[{"picture": 1}]', "a.json", "no record can be used"),
        ("x", "a.pkl", "a.pkl cannot be read: a pickle runs code when it is read"),
    ],
)
def test_a_wrong_file_is_one_clear_message_and_nothing_written(
    fails, save, tmp_path, pictures, text, name, message
):
    said = fails("table", save(text, name), f"root={pictures}", f"out={tmp_path / 'out'}")
    assert message in said
    assert "Traceback" not in said
    assert not list(tmp_path.glob("*out*"))


def test_the_file_of_another_set_is_told_by_its_missing_field(fails, save, tmp_path, pictures):
    file = save(rows(*"abcdef"))
    said = fails("wemath", file, f"root={pictures}", f"out={tmp_path / 'out'}", "max_refused=3")
    assert "more than max_refused=3 records or negatives cannot be used; nothing was written" in said
    assert "record has no field ID; is this the file of another set?: 4 (records.json[0]" in said


def test_an_empty_folder_and_missing_input(fails, tmp_path, pictures):
    (tmp_path / "empty").mkdir()
    assert "empty hold no record; expected folders of pictures" in fails(
        "folder", tmp_path / "empty", f"root={pictures}", f"out={tmp_path}/o"
    )
    assert "no.json does not exist" in fails("table", tmp_path / "no.json", f"root={pictures}")
    assert "root=/nowhere is no folder" in fails("table", tmp_path / "no.json", "root=/nowhere")
    assert "no file given; use python -m data.recipes table FILE" in fails("table", f"root={pictures}")
    assert "root" in fails("table", tmp_path / "no.json")
    assert "keep='none'" in fails("table", tmp_path / "no.json", f"root={pictures}", "keep=none")
    assert "did you mean wemath?" in fails("wemaths", tmp_path / "no.json")


def stopped(records, save, pictures, tmp_path):
    """Options of an import in shards of two that meets a bad record at every tenth place."""
    for at in range(9, len(records), 10):
        records[at]["image"] = "gone.png"
    return ["table", save(records), f"root={pictures}", "shard_size=2"]


def content(folder):
    index = json.loads((folder / "index.json").read_text())
    index = {name: value for name, value in index.items() if name != "git_revision"}
    return {p.name: p.read_bytes() for p in folder.iterdir() if p.name != "index.json"}, index


def test_beyond_the_limit_what_is_written_stays_and_the_next_run_goes_on(
    fails, save, pictures, tmp_path, monkeypatch
):
    monkeypatch.setattr(frame, "CHUNK", 3)
    argv = stopped(rows(*(f"caption {i} of △A₁BC" for i in range(40)), id=None), save, pictures, tmp_path)
    said = fails(*argv, f"out={tmp_path / 'out'}", "max_refused=1")
    assert (
        "more than max_refused=1 records or negatives cannot be used; 18 samples are safely written" in said
    )
    assert "picture does not exist: 2 (records.json[9], records.json[19])" in said
    assert "18 samples are safely written in" in said
    assert not (tmp_path / "out").exists()
    read = []
    picture = Entry.picture
    monkeypatch.setattr(
        Entry, "picture", lambda entry, given: read.append(entry.key) or picture(entry, given)
    )
    main([*map(str, argv), f"out={tmp_path / 'out'}"])
    assert min(read) == "00000019"  # 18 samples and the refused record 9 were not read again
    main([*map(str, argv), f"out={tmp_path / 'whole'}"])
    assert content(tmp_path / "out") == content(tmp_path / "whole")
    index = read_index(tmp_path / "out")
    assert (index["records"], index["samples"], index["rejected"]) == (40, 36, {"picture does not exist": 4})
    assert index["notes"]["letters with subscripts"] == 36
    assert not list(tmp_path.glob(".out*"))


def test_a_killed_import_resumes_and_still_knows_every_id(save, pictures, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(frame, "CHUNK", 2)
    records = rows(*(f"caption {i}" for i in range(12)))
    for at, record in enumerate(records):
        record["id"] = at % 8  # 8 to 11 repeat the ids of 0 to 3, which the killed run has seen
    argv = ["table", str(save(records)), f"root={pictures}", "shard_size=2"]
    child = os.fork()
    if not child:
        picture = Entry.picture

        def die(entry, given):
            if entry.key == "00000007":
                os.kill(os.getpid(), signal.SIGKILL)
            return picture(entry, given)

        Entry.picture = die
        main([*argv, f"out={tmp_path / 'out'}"])
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
    assert not (tmp_path / "out").exists()
    main([*argv, f"out={tmp_path / 'out'}"])
    assert "going on after 6 samples" in capsys.readouterr().err.replace("\n", " ")
    main([*argv, f"out={tmp_path / 'whole'}"])
    assert content(tmp_path / "out") == content(tmp_path / "whole")
    assert read_index(tmp_path / "out")["rejected"] == {"id appears twice": 4}


def test_the_result_does_not_depend_on_how_many_records_are_in_memory(save, pictures, tmp_path, monkeypatch):
    file = save(rows(*(f"caption {i}" for i in range(9))))
    for size in (2, 100):
        monkeypatch.setattr(frame, "CHUNK", size)
        main(["table", str(file), f"root={pictures}", f"out={tmp_path / str(size)}", "shard_size=4"])
    assert content(tmp_path / "2") == content(tmp_path / "100")


def test_samples_without_a_caption_are_left_out_on_request(imported, save, talk):
    records = [
        {"image": "p1.png", "conversations": talk("<image>\nDescribe the diagram.", "A triangle.")},
        {"image": "p2.png", "conversations": talk("<image>\nIs AB longer than BC?", "Yes.")},
    ]
    samples, index = imported("gllava_align", save(records), "keep=captions", "max_refused=0")
    assert [sample.caption for sample in samples] == ["A triangle."]
    assert (index["records"], index["samples"], index["left_out"], index["rejected"]) == (2, 1, 1, {})


def test_shared_ids_may_come_again_with_another_chat(imported, save, talk):
    chats = [
        talk("<image>\nWhat?", "This."),
        talk("<image>\nWhat?", "That."),
        talk("<image>\nWhat?", "This."),
    ]
    records = [{"id": "0001", "image": "p1.png", "conversations": chat} for chat in chats]
    samples, index = imported("llava_chat", save(records))
    assert len(samples) == 2
    assert index["rejected"] == {"id appears twice": 1}
    assert index["notes"] == {"id is used again with other content": 1}


def test_the_same_content_again_is_noted(imported, save):
    _, index = imported("table", save([*rows("one"), *rows("one")]))
    assert (index["samples"], index["notes"]) == (2, {"picture and text as in an earlier record": 1})


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("△ABC has AB = 5 cm² and ∠A = 90°, ½ of ① is 2πx³.", set()),
        ("The triangle's sides, AB's midpoint and the circles' centres.", set()),
        ("如图，在△ABC中", {"Chinese text"}),
        ("angle α is 30°", {"Greek letters"}),
        ("△A'B'C'", {"letters with primes"}),
        ("l′ ∥ m", {"letters with primes"}),
        ("AA″ and BB’", {"letters with primes"}),
        ("A₁ and B₂", {"letters with subscripts"}),
        ("A_1 and B_{12}", {"letters with subscripts"}),
        ("A1 lies on BC", {"letters with subscripts"}),
        ("△АВС", {"letters of other alphabets"}),
        ("café", {"letters of other alphabets"}),
    ],
)
def test_names_beyond_a_to_z_are_told_apart(text, kinds):
    assert {kind for kind, pattern in NOTES.items() if pattern.search(text)} == kinds


def test_pictures_of_another_machine_and_their_grey(imported, save):
    records = [{"image": "/home/authors/images/p3.png", "caption": "c"}]
    samples, _ = imported("table", save(records), "strip=/home/authors/images")
    assert decode(samples[0].image).unique().tolist() == [60]


def test_all_recipes_are_listed_with_their_names(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    main([])
    said = capsys.readouterr().err
    assert all(name in said for name in RECIPES)
    assert all(recipe.name == name for name, recipe in RECIPES.items())


def test_the_default_folder_is_named_after_set_and_split(save, pictures, tmp_path, monkeypatch):
    monkeypatch.setenv("MMGEOLM_ROOT", str(tmp_path / "runs"))
    main(["table", str(save(rows("one"))), f"root={pictures}"])
    assert len(IndexedDataset([tmp_path / "runs" / "data" / "table" / "train"])) == 1


def test_names_are_kept_up_to_a_number_and_all_are_counted(imported, save, monkeypatch):
    monkeypatch.setattr("data.recipes.tally.KEPT", 3)
    _, index = imported("table", save(rows(*(f"angle α{i}" for i in range(8)))), "shard_size=2")
    assert index["notes"] == {"Greek letters": 8}
    assert index["names"] == {"Greek letters": [f"records.json[{i}] α" for i in range(3)]}
