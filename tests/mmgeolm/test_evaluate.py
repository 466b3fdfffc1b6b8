"""Evaluation: every question answered once and counted, through kills, bad pictures and several models."""

import json
from pathlib import Path

import numpy as np
import pytest

from configs.evaluate import EvaluateConfig
from data.images import encode
from data.sample import Sample
from mmgeolm import evaluate as module
from mmgeolm import predictions
from mmgeolm.benchmarks import find_benchmark
from mmgeolm.evaluate import answer_all, labels, main, read_questions
from mmgeolm.grade import main as grade_main

SAMPLES = Path(__file__).resolve().parents[3] / "shared" / "samples"


def picture(shade=255):
    return encode(np.full((8, 8), shade, np.uint8))


class Parrot:
    """Answers with the first letter of the prompt's hash; refuses prompts that hold the word ``long``."""

    def __init__(self, batch_size=2, stop_after=None):
        self.batch_size, self.stop_after, self.asked = batch_size, stop_after, []

    def answer_batches(self, prompts, max_new_tokens):
        for prompt in prompts:
            if "long" in prompt.messages[0]["content"][-1]["text"]:
                raise ValueError(f"prompt {prompt.key!r} exceeds the context")
        order = sorted(range(len(prompts)), key=lambda i: prompts[i].key[::-1])
        for start in range(0, len(order), self.batch_size):
            if self.stop_after is not None and len(self.asked) >= self.stop_after:
                raise KeyboardInterrupt
            chosen = order[start : start + self.batch_size]
            self.asked += [prompts[i].key for i in chosen]
            yield (
                chosen,
                [f"Answer: {'AB'[int(prompts[i].key.split('_')[1].split('/')[0]) % 2]}" for i in chosen],
            )


@pytest.fixture
def wemath(tmp_path):
    """A We-Math folder of 5 two-step composites, 15 questions; the answer is always A."""
    folder = tmp_path / "wemath"
    records = []
    for i in range(5):
        for part in ("1", "2", "multi"):
            image = f"2steps/image/{i}-{part}.png"
            (folder / image).parent.mkdir(parents=True, exist_ok=True)
            (folder / image).write_bytes(picture())
            record = {"ID": f"2steps_{i}", "key": f"2steps_{part}", "option": "A. 1; B. 2", "answer": "A"}
            records.append({**record, "question": f"Question {i}?", "image_path": image})
    (folder / "testmini.json").write_text(json.dumps(records))
    return folder


def config(tmp_path, data, **change):
    fields = {
        "models": ["m"],
        "benchmark": "wemath",
        "data": str(data),
        "out": str(tmp_path / "out"),
        "batch_size": 2,
    }
    return EvaluateConfig(**(fields | change))


def stored(folder):
    return [json.loads(line) for line in (Path(folder) / predictions.PREDICTIONS).read_text().splitlines()]


def questions_of(cfg):
    return read_questions(find_benchmark(cfg.benchmark), cfg)


def test_answers_come_in_the_order_of_the_questions_and_are_stored_once(tmp_path, wemath):
    cfg = config(tmp_path, wemath)
    questions = questions_of(cfg)
    tmp_path.joinpath("out").mkdir()
    records = answer_all(questions, tmp_path / "out", cfg, Parrot)
    assert [record["id"] for record in records] == [question.id for question in questions]
    assert sorted(record["id"] for record in stored(cfg.out)) == sorted(question.id for question in questions)

    def unwanted():
        raise AssertionError("no model is loaded when every answer is stored")

    assert answer_all(questions, tmp_path / "out", cfg, unwanted) == records


@pytest.mark.parametrize("stop", [0, 2, 4, 8, 14])
def test_a_killed_run_goes_on_and_ends_as_an_uninterrupted_one(tmp_path, wemath, stop, monkeypatch):
    monkeypatch.setattr(module, "CHUNK", 2)
    cfg = config(tmp_path, wemath)
    questions = questions_of(cfg)
    for name in ("whole", "killed"):
        (tmp_path / name).mkdir()
    whole = answer_all(questions, tmp_path / "whole", cfg, Parrot)
    killed, rest = Parrot(stop_after=stop), Parrot()
    with pytest.raises(KeyboardInterrupt):
        answer_all(questions, tmp_path / "killed", cfg, lambda: killed)
    with open(tmp_path / "killed" / predictions.PREDICTIONS, "ab") as file:
        file.write(b'{"id": "2steps_0/2steps_1", "respo')  # torn by the kill
    assert answer_all(questions, tmp_path / "killed", cfg, lambda: rest) == whole
    assert sorted(killed.asked + rest.asked) == sorted(question.id for question in questions)
    assert len(stored(tmp_path / "killed")) == len(questions)


def test_missing_pictures_are_an_error_above_the_limit_and_wrong_below(tmp_path, wemath):
    for image in list((wemath / "2steps" / "image").iterdir())[:7]:
        image.unlink()
    with pytest.raises(ValueError, match=r"7 of 15 questions lack a picture.*max_unreadable=7.*huggingface"):
        questions_of(config(tmp_path, wemath))
    cfg = config(tmp_path, wemath, max_unreadable=7)
    (tmp_path / "out").mkdir()
    records = answer_all(questions_of(cfg), tmp_path / "out", cfg, Parrot)
    assert len(records) == 15
    assert sum(record["response"] is None for record in records) == 7
    assert all("No such file" in record["error"] for record in records if record["response"] is None)


def test_a_prompt_that_does_not_fit_is_found_among_its_neighbours(tmp_path, wemath):
    records = json.loads((wemath / "testmini.json").read_text())
    records[4]["question"] = "A long question?"
    (wemath / "testmini.json").write_text(json.dumps(records))
    (tmp_path / "out").mkdir()
    cfg = config(tmp_path, wemath, max_unreadable=1)
    answers = answer_all(questions_of(cfg), tmp_path / "out", cfg, Parrot)
    assert [record["id"] for record in answers if record["response"] is None] == ["2steps_1/2steps_2"]
    with pytest.raises(
        ValueError, match=r"1 questions cannot be asked, more than max_unreadable=0.*exceeds the context"
    ):
        answer_all(questions_of(cfg), tmp_path / "out", config(tmp_path, wemath), Parrot)
    assert len(stored(tmp_path / "out")) == 15, "what was answered stays"


def test_a_repeated_question_is_an_error(tmp_path, wemath):
    records = json.loads((wemath / "testmini.json").read_text())
    (wemath / "testmini.json").write_text(json.dumps(records + records[:1]))
    with pytest.raises(ValueError, match="id occurs twice"):
        questions_of(config(tmp_path, wemath))


def test_limit_asks_the_first_questions_only(tmp_path, wemath):
    assert len(questions_of(config(tmp_path, wemath, limit=4))) == 4


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["benchmark=wemath", "data=d", "out=o"], "models"),
        (["m", "benchmark=we_math", "data=d", "out=o"], "did you mean wemath"),
        (["m", "benchmark=mathvista", "data=d", "out=o"], "no reader yet"),
        (["m", "benchmark=wemath", "data=/nowhere", "out=o"], "huggingface.co/datasets/We-Math"),
        (["m", "benchmrk=wemath", "data=d", "out=o"], "did you mean benchmark"),
        (["m", "m", "benchmark=wemath", "data=d", "out=o"], "twice"),
        (["m", "benchmark=wemath", "data=d", "out=o", "batch_size=0"], "batch_size=0 is not allowed"),
    ],
)
def test_errors_are_clear(capsys, argv, message):
    with pytest.raises(SystemExit) as stop:
        main(argv)
    assert stop.value.code == 2
    assert message in " ".join(capsys.readouterr().err.split())


def test_models_get_the_shortest_distinct_names():
    assert labels(["runs/a/export", "runs/b/export"]) == ["a-export", "b-export"]
    assert labels(["runs/a/export", "runs/b/out"]) == ["export", "out"]


def write_scenes(folder, n=6):
    """A shard folder with short questions, whose answers are A or a length."""
    from data.shards import write_shards

    samples = []
    for i in range(n):
        content = [{"type": "image"}, {"type": "text", "text": "Is AB ∥ CD?"}]
        answer = {"kind": "text", "value": "Yes", "choices": ["Yes", "No"], "unit": None, "precision": None}
        samples.append(
            Sample(
                key=f"scene_{i}",
                caption="A line AB.",
                images={"png": picture(10 * i)},
                messages=({"role": "user", "content": content},),
                answer=answer,
                meta={"question_type": "relation" if i % 2 else "shape"},
            )
        )
    write_shards(samples, folder, name="test", shard_size=4, meta={"recipe": {}, "seed": 0})
    return folder


def test_tiny_models_are_evaluated_compared_and_resumed(tmp_path, lmm_folders, capsys):
    data = write_scenes(tmp_path / "scenes")
    argv = [*map(str, lmm_folders.values()), "benchmark=synthetic", f"data={data}", f"out={tmp_path / 'out'}"]
    argv += ["max_new_tokens=4", "batch_size=4"]
    main(argv)
    results = json.loads((tmp_path / "out" / "results.json").read_text())
    assert list(results["models"]) == [folder.name for folder in lmm_folders.values()]
    (pair,) = results["comparisons"]
    first, second = results["models"].values()
    assert pair["difference"] == pytest.approx(first["accuracy"] - second["accuracy"])
    assert (first["n"], first["chance"], first["unreadable"]) == (6, 0.5, 0)
    assert {name: group["n"] for name, group in first["groups"].items()} == {"relation": 3, "shape": 3}
    assert {"config_hash", "environment", "seconds", "setup", "seed", "ci95"} <= first.keys()
    folder = tmp_path / "out" / next(iter(results["models"]))
    names = {"config.yaml", "graded.jsonl", "predictions.jsonl", "results.json", "setup.json"}
    assert {path.name for path in folder.iterdir()} == names
    before = (folder / "predictions.jsonl").read_bytes()
    main(argv)
    assert (folder / "predictions.jsonl").read_bytes() == before
    assert "6 answers are stored, 0 questions are left" in " ".join(capsys.readouterr().err.split())
    with pytest.raises(SystemExit):
        main([*argv, "max_new_tokens=5"])
    assert "max_new_tokens 4 -> 5" in " ".join(capsys.readouterr().err.split())
    grade_main(["synthetic", str(folder / "predictions.jsonl"), "--out", str(tmp_path / "again")])
    again = json.loads((tmp_path / "again" / "results.json").read_text())
    assert again["accuracy"] == first["accuracy"], "the grading command reads our own predictions"


@pytest.mark.skipif(not SAMPLES.is_dir(), reason=f"the folder of real samples {SAMPLES} is absent")
def test_a_tiny_model_answers_real_wemath_questions(tmp_path, towers, tokenizer_folder):
    from configs.mmgeolm import LanguageModelConfig
    from mmgeolm.assemble import assemble
    from mmgeolm.folder import save_lmm

    sizes = {
        "hidden_size": 32,
        "layers": 1,
        "heads": 2,
        "kv_heads": 1,
        "intermediate_size": 64,
        "positions": 2048,
    }
    lm = LanguageModelConfig(tokenizer=str(tokenizer_folder), **sizes)
    save_lmm(*assemble(towers["clip"], lm), tmp_path / "lmm")
    data = SAMPLES / "wemath" / "data"
    main(
        [
            str(tmp_path / "lmm"),
            "benchmark=wemath",
            f"data={data}",
            f"out={tmp_path / 'out'}",
            "max_new_tokens=2",
            "limit=8",
        ]
    )
    results = json.loads((tmp_path / "out" / "results.json").read_text())
    assert (results["n"], results["unreadable"]) == (8, 0)
    assert 0.2 <= results["chance"] <= 1 / 3
    assert "four_dimensions" in results
