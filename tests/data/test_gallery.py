"""The gallery: its data are those of the shards, its filters find what is there, hostile text stays text."""

import base64
import hashlib
import json
import re
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from configs.load import ConfigError
from data import gallery as module
from data.gallery import STEP, GalleryConfig, main, page, write_gallery
from data.images import encode
from data.index import INDEX, shard_folders
from data.sample import Edit, Negative

EVIL = (
    '</script><script>document.title="let loose"</script><img src=x onerror="document.title=1">&\u2028\u202e𝔸'
)


def make(folders, out, threads=1, **options):
    with ThreadPoolExecutor(threads) as pool:
        return write_gallery([*folders], out, GalleryConfig(**options), pool)


def call(path):
    """The arguments of the one call in a data file, checked to be JSON and ASCII."""
    name, values = re.fullmatch(r"(\w+)\((.*)\);\n", path.read_bytes().decode("ascii"), re.DOTALL).groups()
    assert name == ("tables" if path.name == "tables.js" else path.parent.name)
    return json.loads(f"[{values}]")


def read(out):
    """Everything that the page reads: tables, rows and entries by number."""
    (tables,) = call(out / "tables.js")
    rows, entries = {}, {}
    for part in range(tables["parts"]):
        first, given = call(out / "rows" / f"{part:06d}.js")
        rows.update(enumerate(given, first))
    for path in sorted((out / "samples").iterdir()):
        chunk, given = call(path)
        assert path.name == f"{chunk:06d}.js"
        entries.update(enumerate(given, tables["step"] * chunk))
    return tables, rows, entries


def tree(folder):
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


@pytest.fixture
def mixed(sample):
    """Fifty samples of all kinds, operators, verdicts and templates."""

    def negatives(i):
        edits = [Edit(name, "a", "b") for name in ("letters", "number", "drop", "letters")[: i % 5]]
        verdict = "false" if i % 2 else "unverified"
        made = [
            Negative("rule", f"Rule {i}.", None, tuple(edits), verdict, 1.0),
            Negative("retrieval", f"Another {i}."),
            Negative("image", None, "neg00.png", tuple(edits[:1]), "false", 2.0),
        ]
        return tuple(made[: i % 4])

    templates = ("square", "kite", None)
    return [sample(i, negatives=negatives(i), meta={"template": templates[i % 3]}) for i in range(50)]


def test_filters_find_exactly_what_is_there(mixed, write, tmp_path):
    make([write(tmp_path / "a", mixed)], tmp_path / "g")
    tables, rows, entries = read(tmp_path / "g")
    assert [*rows] == [*entries] == [*range(50)]
    for trait_number, trait in enumerate(tables["traits"]):
        kind, operator, verdict = trait
        found = {i for i, row in rows.items() if trait_number in row[2]}
        want = {
            i
            for i, given in enumerate(mixed)
            for n in given.negatives
            if (n.kind, n.verdict) == (kind, verdict)
            and (operator in {e.operator for e in n.edits} or (operator == "no edit" and not n.edits))
        }
        assert found == (want if kind != "none" else {i for i, s in enumerate(mixed) if not s.negatives})
    for i, given in enumerate(mixed):
        assert tables["templates"][rows[i][1]] == (given.meta["template"] or "")
        assert given.caption.lower() in rows[i][3]
        assert [n["kind"] for n in entries[i]["negatives"]] == [n.kind for n in given.negatives]
    menus = {name: dict(entries) for name, entries in tables["menus"].items()}
    negatives = [n for given in mixed for n in given.negatives]
    assert menus["kind"]["rule"] == sum(n.kind == "rule" for n in negatives)
    assert menus["operator"]["letters"] == sum("letters" in {e.operator for e in n.edits} for n in negatives)
    assert menus["verdict"]["unverified"] == sum(n.verdict == "unverified" for n in negatives)
    assert menus["template"] == {"square": 17, "kite": 17, "": 16}
    assert menus["folder"] == {"a": 50}


def test_pages_and_parts_are_small_and_leave_nothing_out(write, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "PART", 30)
    folders = [write(tmp_path / "x" / "train", 45), write(tmp_path / "x" / "test", 20)]
    assert make(folders, tmp_path / "g", limit=40, first=3) == (40 + 17, 0)
    tables, rows, entries = read(tmp_path / "g")
    assert (tables["parts"], tables["step"], tables["folders"]) == (2, STEP, ["train", "test"])
    assert [entry["key"] for entry in entries.values()] == [
        f"{i:06d}" for i in [*range(3, 43), *range(3, 20)]
    ]
    assert [row[0] for row in rows.values()] == [0] * 40 + [1] * 17
    assert len(list((tmp_path / "g" / "samples").iterdir())) == 3
    for i, entry in entries.items():
        strip = tmp_path / "g" / "pictures" / f"{i // STEP:06d}" / f"{i % STEP:06d}.png"
        assert Image.open(strip).size == tuple(entry["sheet"])
    assert "samples 3 to 42 of 45" in tables["about"]


def test_the_result_does_not_depend_on_the_workers(mixed, write, tmp_path):
    folder = write(tmp_path / "a", mixed)
    make([folder], tmp_path / "one")
    make([folder], tmp_path / "three", threads=3)
    assert tree(tmp_path / "one") == tree(tmp_path / "three")


def test_a_second_run_replaces_the_gallery_and_nothing_else(write, tmp_path):
    folder, out = write(tmp_path / "a", 25), tmp_path / "g"
    make([folder], out)
    first = tree(out)
    make([folder], out)
    assert tree(out) == first
    make([folder], out, limit=2)
    assert len(list((out / "samples").iterdir())) == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "g"]
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.tex").write_text("x")
    for taken in (tmp_path / "mine", folder, tmp_path / "mine" / "thesis.tex"):
        before = tree(tmp_path)
        with pytest.raises(ValueError, match="is no gallery; choose another folder"):
            make([folder], taken)
        assert tree(tmp_path) == before


def test_an_interrupt_leaves_the_old_gallery_and_nothing_half_written(write, tmp_path, monkeypatch):
    folder, out = write(tmp_path / "a", 45), tmp_path / "g"
    make([folder], out, limit=3)
    before, real = tree(tmp_path), module.entry

    def entry(sample):
        if sample.key == "000030":
            raise KeyboardInterrupt
        return real(sample)

    monkeypatch.setattr(module, "entry", entry)
    with pytest.raises(KeyboardInterrupt):
        make([folder], out)
    assert tree(tmp_path) == before


def test_a_sample_that_cannot_be_read_is_shown_as_the_reason(write, tmp_path):
    folder = write(tmp_path / "a", 3, shard_size=10)
    index = json.loads((folder / INDEX).read_text())
    (shard,) = index["shards"]
    data = bytearray((folder / shard["file"]).read_bytes())
    at = data.index(b'"caption"', 2000)  # of the second sample
    data[at + 1 : at + 8] = b"kaption"
    (folder / shard["file"]).write_bytes(data)
    shard["sha256"] = hashlib.sha256(data).hexdigest()
    (folder / INDEX).write_text(json.dumps(index))
    assert make([folder], tmp_path / "g") == (3, 1)
    tables, rows, entries = read(tmp_path / "g")
    (broken,) = [i for i, row in rows.items() if tables["traits"].index(["unreadable", "", ""]) in row[2]]
    assert "field caption" in entries[broken]["error"]


@pytest.fixture
def hostile(sample, write, tmp_path):
    """A shard folder whose every text tries to become part of the page."""
    edit = Edit(EVIL, EVIL, EVIL)
    images = {"png": encode(np.full((40, 60), 255, np.uint8)), "neg00.png": b"broken"}
    negatives = (Negative("rule", f"{EVIL} changed", None, (edit,)), Negative("image", image="neg00.png"))
    fields = {"caption": EVIL, "source": EVIL, "licence": EVIL, "meta": {"template": EVIL}, "images": images}
    fields |= {"facts": ({"kind": EVIL, "args": [EVIL]}, {EVIL: EVIL}), "negatives": negatives}
    fields["messages"] = ({"role": "user", "content": [{"type": "text", "text": EVIL}]},)
    fields["answer"] = {"kind": "text", "value": EVIL}
    return write(tmp_path / "<b>a", [sample(0, **fields), sample(1, negatives=())])


def test_a_hostile_shard_stays_data(hostile, tmp_path):
    make([hostile], tmp_path / "g")
    _, rows, entries = read(tmp_path / "g")  # which are ASCII and JSON
    assert (entries[0]["caption"], entries[0]["negatives"][0]["text"][0]) == (EVIL, EVIL)
    assert EVIL.lower() in rows[0][3]
    assert (tmp_path / "g" / "index.html").read_text(encoding="utf-8") == page()


def test_the_page_makes_no_html_of_data_and_runs_its_own_script_only():
    script = re.search(r"<script>(.*?)</script>", page(), re.DOTALL).group(1)
    assert not re.search(
        r"innerHTML|outerHTML|insertAdjacent|document\.write|\beval\b|new Function|setHTML", script
    )
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    policy = f"script-src 'sha256-{digest}' 'strict-dynamic'"
    assert policy in re.sub(r"\s+", " ", page())
    assert page().count("<script") == 1
    assert not re.search(r"https?://(?!www\.w3\.org/2000/svg)", page())


def test_the_command_writes_one_gallery_for_all_splits(write, tmp_path, capsys):
    for split in ("test", "train"):
        write(tmp_path / "set" / split, 3)
    assert [path.name for path in shard_folders(tmp_path / "set")] == ["train", "test"]
    out = tmp_path / "g"
    main([str(tmp_path / "set"), "limit=2", f"out={out}", "workers=1"])
    assert read(out)[0]["folders"] == ["train", "test"]
    assert "4 samples" in capsys.readouterr().err
    (tmp_path / "empty").mkdir()
    for argv, message in (
        ([], "no shard folder given"),
        ([str(tmp_path / "no")], "does not exist"),
        ([str(tmp_path / "empty")], "has no index.json"),
        (["x", "limt=3"], "limit"),
    ):
        with pytest.raises(SystemExit) as error:
            main(argv)
        assert error.value.code == 2
        assert message in capsys.readouterr().err


def test_nothing_to_show_is_an_error(folder, tmp_path):
    with pytest.raises(ValueError, match="first=99 is beyond the last"):
        make([folder], tmp_path / "g", first=99)
    assert not list(tmp_path.iterdir())
    for wrong in ({"limit": 0}, {"first": -1}, {"workers": -1}):
        with pytest.raises((ValueError, ConfigError), match=f"{next(iter(wrong))}="):
            GalleryConfig(**wrong)


CHROMIUM = next(
    (path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), ""
)


def browse(page_file: Path, profile: Path, hash_: str = "") -> str:
    """What the page has become in a browser after it was opened from the disk."""
    words = (
        "--headless --no-sandbox --disable-gpu --no-first-run --disable-background-networking --disable-sync"
    )
    options = [*words.split(), "--disable-component-update", "--virtual-time-budget=5000", "--dump-dom"]
    url = page_file.resolve().as_uri() + hash_
    done = subprocess.run(
        [CHROMIUM, *options, f"--user-data-dir={profile}", url], capture_output=True, text=True, timeout=120
    )
    return done.stdout


@pytest.mark.slow
@pytest.mark.skipif(not CHROMIUM, reason="no Chromium")
def test_a_browser_filters_and_lets_nothing_loose(mixed, hostile, write, tmp_path):
    make([write(tmp_path / "a", mixed)], tmp_path / "g")
    for hash_, want in {
        "": range(50),
        "#template=kite": [i for i in range(50) if i % 3 == 1],
        "#kind=image&operator=letters": [i for i in range(50) if i % 4 == 3 and i % 5],
        "#verdict=unverified&kind=rule": [i for i in range(50) if i % 4 and i % 2 == 0],
        "#text=figure+7.": range(7, 50, 10),
        "#kind=none": range(0, 50, 4),
    }.items():
        dom = browse(tmp_path / "g" / "index.html", tmp_path / "profile", hash_)
        assert f"{len(want)} of 50 samples" in dom
        assert re.findall(r"<h2>a · (\d+)</h2>", dom) == [f"{i:06d}" for i in want][:STEP]
    last = browse(tmp_path / "g" / "index.html", tmp_path / "profile", "#page=3")
    assert re.findall(r"<h2>a · (\d+)</h2>", last) == [f"{i:06d}" for i in range(40, 50)]
    make([hostile], tmp_path / "h")
    dom = browse(tmp_path / "h" / "index.html", tmp_path / "profile")
    assert "<title>Samples and their hard negatives</title>" in dom
    assert "2 of 2 samples" in dom
    assert "<img" not in dom
