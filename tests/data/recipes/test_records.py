"""Reading foreign files: against json and csv of the standard library, with broken and hostile input."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.recipes import records
from data.recipes.records import digest, read_records, read_table

SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=9)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
)


def values(path):
    return [row.error or row.value for row in read_records([path])]


@given(
    found=st.lists(VALUES, max_size=6),
    block=st.integers(1, 7),
    indent=st.sampled_from([None, 1]),
    bom=st.booleans(),
    ascii_only=st.booleans(),
)
def test_a_list_read_in_pieces_is_the_list_that_json_reads(found, block, indent, bom, ascii_only):
    import tempfile
    from pathlib import Path

    with pytest.MonkeyPatch.context() as patch, tempfile.TemporaryDirectory() as folder:
        patch.setattr(records, "BLOCK", block)
        path = Path(folder) / "a.json"
        text = json.dumps(found, indent=indent, ensure_ascii=ascii_only)
        path.write_bytes(b"\xef\xbb\xbf" * bom + text.encode("utf-8", "surrogatepass"))
        if not ascii_only and any("\ud800" <= char <= "\udfff" for char in text):
            return
        assert [row.value for row in read_records([path])] == found


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is not valid JSON"),
        ("[1, 2", "after record 1: expected a comma or ], got ''"),
        ("[1 2]", "after record 0: expected a comma or ], got '2'"),
        ("[1,]", "is not valid JSON: record 1"),
        ("[,1]", "is not valid JSON: record 0"),
        ("[1] 2", "after the list: got '2'"),
        ('[{"a": 1}, {"a": }]', "is not valid JSON: record 1"),
        ("[" * 100_000, "is not valid JSON: record 0"),
        ('{"a": 1}', "holds a dict; expected a list of records"),
        ('"text"', "holds a str; expected a list"),
        ('{"a": 1}\n{"a": 2}', "a file with one record per line ends in .jsonl"),
    ],
)
def test_a_broken_list_is_one_clear_line(tmp_path, text, message):
    path = tmp_path / "a.json"
    path.write_text(text)
    with pytest.raises(ValueError, match=r"a\.json") as error:
        values(path)
    assert message in str(error.value)
    assert len(str(error.value).splitlines()) == 1


def test_records_before_the_broken_one_are_read(tmp_path):
    path = tmp_path / "a.json"
    path.write_text('[{"a": 1}, {"b": 2}, {oops}]')
    rows = read_records([path])
    assert [next(rows).value, next(rows).value] == [{"a": 1}, {"b": 2}]
    with pytest.raises(ValueError, match="record 2"):
        next(rows)


def test_a_broken_record_does_not_read_the_rest_of_a_large_file(tmp_path, monkeypatch):
    monkeypatch.setattr(records, "BLOCK", 100)
    monkeypatch.setattr(records, "MAX_RECORD", 1000)
    path = tmp_path / "a.json"
    path.write_text('[{"a": "' + "x" * 100_000 + '"}]')
    with pytest.raises(ValueError, match="record 0"):
        values(path)


def test_no_utf8_is_told(tmp_path):
    for name, message in (("a.json", "no UTF-8"), ("a.csv", "after line 0: no valid CSV in UTF-8")):
        path = tmp_path / name
        path.write_bytes(b'["\xff\xfe"]' if name == "a.json" else b"image,caption\n\xff\xfe,x\n")
        with pytest.raises(ValueError, match=message):
            values(path)


def test_lines_go_on_after_a_broken_one(tmp_path):
    path = tmp_path / "a.jsonl"
    deep = b"[" * 100_000
    path.write_bytes(b'\xef\xbb\xbf{"a": 1}\r\n\n{"a": \n"\xff"\n' + deep + b'\n{"a": 2}')
    broken = "line is not valid JSON"
    assert values(path) == [{"a": 1}, broken, broken, broken, {"a": 2}]
    rows = list(read_records([path]))
    assert [row.name for row in rows] == [f"a.jsonl:{n}" for n in (1, 3, 4, 5, 6)]
    assert rows[-1].done == 1.0


def test_tables_by_their_ending(tmp_path):
    (tmp_path / "a.csv").write_bytes('\ufeffimage,caption\np.png,"one, ""two""\nthree"\n'.encode())
    assert values(tmp_path / "a.csv") == [{"image": "p.png", "caption": 'one, "two"\nthree'}]
    (tmp_path / "a.tsv").write_text("filepath\ttitle\np.png\ta, b\nq.png\n\nr.png\tc\td\n")
    odd = "row has another number of fields than the header"
    assert values(tmp_path / "a.tsv") == [{"filepath": "p.png", "title": "a, b"}, odd, odd]


def test_folders_are_read_by_name(tmp_path):
    for name in ("b/2.png", "a.JPG", "b/1.jpeg", "c.txt", "b/2.txt"):
        (tmp_path / "set" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "set" / name).write_text("x")
    names = [row.name for row in read_records([tmp_path / "set"])]
    assert names == ["set/a.JPG", "set/b/1.jpeg", "set/b/2.png"]


def test_a_folder_has_another_digest_when_a_caption_changes(tmp_path):
    (tmp_path / "a.png").write_text("x")
    (tmp_path / "a.txt").write_text("one")
    before = digest(tmp_path)
    (tmp_path / "a.txt").write_text("two")
    assert digest(tmp_path) != before


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("a.pk", "a pickle runs code when it is read; use .json"),
        ("a.xml", "a.xml cannot be read: use .json, .jsonl, .csv, .tsv, .parquet or a folder of pictures"),
    ],
)
def test_other_files_are_refused(tmp_path, name, message):
    (tmp_path / name).write_text("x")
    with pytest.raises(ValueError, match=message):
        values(tmp_path / name)


def test_parquet_needs_pyarrow(tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "pyarrow", None)
    (tmp_path / "a.parquet").write_text("x")
    with pytest.raises(ValueError, match=r"a.parquet: reading parquet needs pyarrow"):
        values(tmp_path / "a.parquet")


def test_parquet_rows(tmp_path):
    pyarrow = pytest.importorskip("pyarrow", reason="pyarrow is optional")
    parquet = pytest.importorskip("pyarrow.parquet")
    rows = [{"pid": str(i), "decoded_image": {"bytes": bytes([i]), "path": None}} for i in range(130)]
    parquet.write_table(pyarrow.Table.from_pylist(rows), tmp_path / "a.parquet")
    assert values(tmp_path / "a.parquet") == rows
    (tmp_path / "b.parquet").write_text("no parquet")
    with pytest.raises(ValueError, match=r"b\.parquet is no parquet file"):
        values(tmp_path / "b.parquet")


def test_an_object_by_id(tmp_path):
    (tmp_path / "a.json").write_text('\ufeff{"7": {"a": 1}}')
    assert read_table(tmp_path / "a.json") == {"7": {"a": 1}}
    (tmp_path / "b.json").write_text("[]")
    with pytest.raises(ValueError, match="holds a list; expected an object of records by id"):
        read_table(tmp_path / "b.json")
