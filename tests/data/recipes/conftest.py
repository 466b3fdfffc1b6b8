"""Pictures to import, and commands run as a user runs them."""

import json

import pytest
from PIL import Image

from data.images import decode
from data.index import read_index
from data.loader import IndexedDataset
from data.recipes.__main__ import main


@pytest.fixture
def pictures(tmp_path):
    """Ten pictures p0.png to p9.png in ``images``, of grey value 20 times their number, and a JPEG."""
    root = tmp_path / "images"
    (root / "sub").mkdir(parents=True)
    for i in range(10):
        Image.new("RGB", (20, 10), (i * 20,) * 3).save(root / f"p{i}.png")
    Image.new("L", (9, 9), 33).save(root / "sub" / "j.jpg")
    return root


@pytest.fixture
def save(tmp_path):
    """Write records as a JSON list, or as JSON lines by the name's ending; or a text as it is."""

    def save(records, name="records.json"):
        file = tmp_path / name
        if isinstance(records, str):
            file.write_text(records)
        elif name.endswith(".jsonl"):
            file.write_text("".join(json.dumps(r, ensure_ascii=False) + "\n" for r in records))
        else:
            file.write_text(json.dumps(records, ensure_ascii=False))
        return file

    return save


@pytest.fixture
def imported(tmp_path, pictures):
    """Run a recipe; return the samples that the loader yields, and the index."""

    def imported(name, *args):
        out = tmp_path / "out"
        main([name, *map(str, args), f"root={pictures}", f"out={out}"])
        dataset = IndexedDataset([out])
        return [dataset[i] for i in range(len(dataset))], read_index(out)

    return imported


@pytest.fixture
def fails(capsys):
    """Run a recipe that must stop; return what it says."""

    def fails(*args):
        capsys.readouterr()
        with pytest.raises(SystemExit) as error:
            main(list(map(str, args)))
        assert error.value.code == 2
        return capsys.readouterr().err

    return fails


@pytest.fixture
def talk():
    """LLaVA turns: question and answer in turn."""

    def talk(*said):
        return [{"from": ("human", "gpt")[i % 2], "value": text} for i, text in enumerate(said)]

    return talk


@pytest.fixture
def said():
    """Roles and texts of a sample's chat; [image] where the picture stands."""

    def said(sample):
        shown = {"image": "[image]"}
        return [
            (turn["role"], *(shown.get(part["type"]) or part["text"] for part in turn["content"]))
            for turn in sample.messages
        ]

    return said


@pytest.fixture
def grey():
    """The grey value of a sample's picture."""
    return lambda sample: int(decode(sample.image).median())


@pytest.fixture
def move(pictures):
    """Give pictures the paths of a public set."""

    def move(**paths):
        for number, path in paths.items():
            (pictures / path).parent.mkdir(parents=True, exist_ok=True)
            (pictures / f"{number}.png").rename(pictures / path)

    return move
