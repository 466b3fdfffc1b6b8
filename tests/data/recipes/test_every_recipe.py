"""What holds for every recipe: no record stops it, and its module says where the set is."""

import importlib

import pytest

from data.index import read_index
from data.loader import IndexedDataset
from data.recipes.__main__ import RECIPES, main

CHAT = [
    {"from": "human", "value": "<image>\nDescribe.\nChoices:\nA: 1\nB: 2"},
    {"from": "gpt", "value": "Answer: A"},
]
VISTA = {"pid": "1", "question": "d?", "image": "p1.png", "answer": "2", "question_type": "multi_choice"}
VISTA |= {
    "choices": ["1", "2"],
    "answer_type": "text",
    "unit": "m",
    "precision": 1,
    "metadata": {"task": "t"},
}
WE = {
    "ID": "1",
    "key": "2steps_1",
    "question": "q",
    "option": "A. 1; B. 2",
    "answer": "A",
    "image_path": "p1.png",
}
EXAM = {
    "question": "q",
    "file_name": "p1.png",
    "solution": r"\boxed{1}",
    "difficult": "easy",
    "knowledge": {},
}
ALIGN = {"positive_image_path": "p1.png", "negative_image_path": ["p2.png"], "negative_captions": ["n"]}
GOOD = {
    "mm_math_align": {"id": "1", "conversations": CHAT, **ALIGN},
    "geoqa": {"question_id": 1, "image": "p1.png", "text": "Which?\nChoices:\nA:1\nB:2", "gold": "A"},
    "mathvista": VISTA,
    "wemath": WE,
    "mm_math": {"year": "nine", **EXAM},
    "table": {"id": "1", "image": "p1.png", "caption": "c"},
}
ODD = [
    None,
    True,
    7,
    -1.5,
    "",
    " ",
    "x" * 5000,
    "A",
    [],
    [[]],
    ["A", 1],
    {},
    {"bytes": "A"},
    {"a": {"b": []}},
]


@pytest.mark.parametrize("name", [name for name in RECIPES if name != "folder"])
def test_fields_of_any_type_are_refused_or_used_and_never_stop_the_import(name, save, tmp_path, pictures):
    good = GOOD.get(name, {"id": "1", "image": "p1.png", "conversations": CHAT, "question_type": "open"})
    records = [{**good, field: odd} for field in good for odd in ODD]
    records += [{k: v for k, v in good.items() if k != field} for field in good] + ODD
    if "conversations" in good:
        odd_turns = [[{**CHAT[0], key: odd}, CHAT[1]] for key in ("from", "value") for odd in ODD]
        records += [{**good, "conversations": turns} for turns in odd_turns]
    if name == "geoqa":
        records.append({"question_id": 1, "text": "A"})
    if name == "mathvista":
        file = save({str(i): record for i, record in enumerate(records)}, "testmini.json")
    else:
        file = save(records, "records.json")
    main([name, str(file), f"root={pictures}", f"out={tmp_path / 'out'}", "max_refused=10000"])
    index = read_index(tmp_path / "out")
    answers = name == "geoqa"  # whose answers are no records
    assert index["records"] == len(records) - answers
    assert index["samples"] > 0
    assert index["records"] == index["samples"] + index["refused_records"]
    dataset = IndexedDataset([tmp_path / "out"])
    assert len([dataset[i] for i in range(len(dataset))]) == index["samples"]


def test_every_recipe_says_where_to_download_and_how_it_is_called():
    for name, recipe in RECIPES.items():
        doc = importlib.import_module(recipe.convert.__module__).__doc__
        assert name in doc
        assert "https://" in doc or name in ("folder", "table")
