"""Arrays that are filled across runs, and texts fetched by number."""

import pickle

import numpy as np
import pytest

from data.ondisk import Lines, fill, write_lines


def rows(start, stop):
    return np.arange(start, stop, dtype=np.int64)[:, None] * [1, 10]


def test_an_array_in_memory_and_on_disk(tmp_path):
    for path in (None, tmp_path / "array.npy"):
        array = fill(path, (10, 2), np.int64, rows, step=4, label="")
        assert np.array_equal(array, rows(0, 10))


def test_what_is_done_is_not_made_again(tmp_path):
    made = []

    def make(start, stop):
        made.append((start, stop))
        if made == [(0, 4), (4, 8)]:
            raise OSError("disk full")
        return rows(start, stop)

    with pytest.raises(OSError, match="disk full"):
        fill(tmp_path / "array.npy", (10, 2), np.int64, make, step=4, label="")
    for _ in range(2):
        assert np.array_equal(
            fill(tmp_path / "array.npy", (10, 2), np.int64, make, step=4, label=""), rows(0, 10)
        )
    assert made == [(0, 4), (4, 8), (4, 8), (8, 10)]


def test_an_array_of_another_shape_or_a_broken_one_is_made_anew(tmp_path):
    path = tmp_path / "array.npy"
    fill(path, (4, 2), np.int64, rows, step=4, label="")
    assert np.array_equal(fill(path, (6, 2), np.int64, rows, step=4, label=""), rows(0, 6))
    path.write_bytes(b"no array")
    assert np.array_equal(fill(path, (6, 2), np.int64, rows, step=4, label=""), rows(0, 6))
    assert fill(tmp_path / "none.npy", (0, 2), np.int64, rows, step=4, label="").shape == (0, 2)


def test_texts_by_number(tmp_path):
    texts = ["", "△ABC", "two\nlines", "中文", ""]
    lines = write_lines(tmp_path / "texts", texts)
    assert list(lines) == texts
    assert lines[1:4] == texts[1:4]
    again = pickle.loads(pickle.dumps(lines))
    assert (len(again), again[3]) == (5, "中文")
    with pytest.raises(IndexError, match="text 5 of 5"):
        lines[5]
    assert list(write_lines(tmp_path / "none", [])) == []
    assert list(Lines(tmp_path / "none")) == []
