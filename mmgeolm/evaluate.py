"""Ask models the questions of a benchmark and grade the answers.

``python -m mmgeolm.evaluate MODEL... [CONFIG.yaml] benchmark=NAME data=FOLDER out=FOLDER``. Every answer is
stored once in ``predictions.jsonl``, which :mod:`mmgeolm.grade` reads as well; a killed run goes on where it
stopped. A question without an answer stays in the denominator as wrong. Several models are compared in pairs.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from rich.progress import Progress

from configs.evaluate import EvaluateConfig
from configs.load import config_hash, load_for_models, save_config, to_plain
from configs.runs import refuse_run_folder
from configs.runtime import command, console, environment, write_json
from configs.stats import paired_bootstrap
from mmgeolm import predictions
from mmgeolm.benchmarks import find_benchmark
from mmgeolm.benchmarks.base import Benchmark, BenchmarkError, Question, check_record
from mmgeolm.grade import print_table, write_results

CHUNK = 16  # batches whose pictures are held at once; longer chunks group prompts of like length better


class Answerer(Protocol):
    """What answers: :class:`mmgeolm.generate.Generator`, or anything of its form."""

    def answer_batches(
        self, prompts: Sequence[Any], max_new_tokens: int
    ) -> Iterator[tuple[list[int], list[str]]]:
        """Yield (indices into ``prompts``, answers) batch by batch; ValueError for an unusable prompt."""
        ...


def answer_all(
    questions: Sequence[Question], folder: Path, cfg: EvaluateConfig, load: Callable[[], Answerer]
) -> list[dict[str, Any]]:
    """Answer what is not stored yet and return all stored lines, in the order of ``questions``.

    ``load`` is called only if something is left to ask. A question that cannot be asked (picture missing or
    damaged, prompt too long) is stored with ``response`` null and an ``error``; more than
    ``cfg.max_unreadable`` of them raise ``ValueError`` once they are stored.
    """
    answers = predictions.load(folder, (question.id for question in questions))
    left = [question for question in questions if question.id not in answers]
    if answers:
        console.print(f"{folder}: {len(answers)} answers are stored, {len(left)} questions are left")
    answerer = load() if left else None
    unreadable: list[str] = []
    with Progress(console=console, disable=not left) as progress:
        task = progress.add_task(str(folder.name), total=len(questions), completed=len(answers))
        for start in range(0, len(left), CHUNK * cfg.batch_size):
            assert answerer is not None
            for records in _answer_chunk(left[start : start + CHUNK * cfg.batch_size], cfg, answerer):
                predictions.append(folder, records)
                answers |= {record["id"]: record for record in records}
                progress.advance(task, len(records))
                unreadable += [
                    f"{record['id']}: {record['error']}" for record in records if "error" in record
                ]
                if len(unreadable) > cfg.max_unreadable:
                    raise _too_many(unreadable, cfg)
    return [answers[question.id] for question in questions]


def _too_many(unreadable: Sequence[str], cfg: EvaluateConfig) -> BenchmarkError:
    return BenchmarkError(
        f"{len(unreadable)} questions cannot be asked, more than max_unreadable={cfg.max_unreadable}: "
        f"{'; '.join(unreadable[:3])}{'; …' if len(unreadable) > 3 else ''}. Repair the data, or set "
        "max_unreadable to count them as wrong"
    )


def _answer_chunk(
    questions: Sequence[Question], cfg: EvaluateConfig, answerer: Answerer
) -> Iterator[list[dict[str, Any]]]:
    """Yield lines batch by batch; questions that cannot be asked come first."""
    from mmgeolm.generate import ask

    asked, prompts, failed = [], [], []
    for question in questions:
        try:
            prompt = ask(question.id, question.prompt, *question.load())
        except (OSError, ValueError) as error:
            failed.append({**question.record, "response": None, "error": _reason(error)})
            continue
        asked.append(question)
        prompts.append(prompt)
    if failed:
        yield failed
    yield from _answer_prompts(asked, prompts, cfg, answerer)


def _answer_prompts(
    questions: Sequence[Question], prompts: Sequence[Any], cfg: EvaluateConfig, answerer: Answerer
) -> Iterator[list[dict[str, Any]]]:
    """Yield lines batch by batch; an unusable prompt is found by halving what is left."""
    left = set(range(len(prompts)))
    try:
        for indices, texts in answerer.answer_batches(prompts, cfg.max_new_tokens):
            left -= set(indices)
            yield [{**questions[i].record, "response": t} for i, t in zip(indices, texts, strict=True)]
    except ValueError as error:
        if len(prompts) == 1:
            yield [{**questions[0].record, "response": None, "error": _reason(error)}]
            return
        rest = sorted(left)
        for half in (rest[: len(rest) // 2], rest[len(rest) // 2 :]):
            yield from _answer_prompts(
                [questions[i] for i in half], [prompts[i] for i in half], cfg, answerer
            )


def _reason(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"[:300]


def evaluate(
    model: str, folder: Path, benchmark: Benchmark, questions: Sequence[Question], cfg: EvaluateConfig
) -> Any:
    """Evaluate one model and write predictions, graded answers and results to ``folder``.

    Returns the results with the official hits under ``hits`` (bool [n], in the order of ``questions``).
    """
    setup = {
        "benchmark": benchmark.name,
        "questions": predictions.questions_hash(questions),
        "model": predictions.fingerprint(Path(model)) if Path(model).is_dir() else model,
        "max_new_tokens": cfg.max_new_tokens,
    }
    predictions.claim(folder, setup)

    def load() -> Answerer:
        from mmgeolm.generate import Generator  # torch and transformers: only when something is to be asked

        return Generator(model, batch_size=cfg.batch_size)

    started = time.perf_counter()
    records = answer_all(questions, folder, cfg, load)
    about = {
        "model": model,
        "setup": setup,
        "unreadable": sum("error" in record for record in records),
        "seconds": round(time.perf_counter() - started, 1),
        "config": to_plain(cfg),
        "config_hash": config_hash(cfg),
    }
    save_config(cfg, folder / "config.yaml")
    results, graded = write_results(folder, benchmark, records, seed=cfg.seed, about=about)
    print_table(f"{benchmark.name}: {model}", results)
    return results, np.array([verdict.official.correct for verdict in graded])


def labels(models: Sequence[str]) -> list[str]:
    """Return a short folder name per model: the last parts of its path that tell the models apart."""
    parts = [Path(model).resolve().parts for model in models]
    for depth in range(1, max(map(len, parts)) + 1):
        names = ["-".join(part[-depth:]).strip("/") for part in parts]
        if len(set(names)) == len(models):
            return names
    raise ValueError(f"models={list(models)} names a folder twice")


def read_questions(benchmark: Benchmark, cfg: EvaluateConfig) -> list[Question]:
    """Read the benchmark's folder; raises ``ValueError`` when it is missing, or too many pictures are."""
    if benchmark.read is None:
        raise ValueError(
            f"benchmark={benchmark.name} has no reader yet; grade stored responses with mmgeolm.grade"
        )
    if not Path(cfg.data).is_dir():
        raise FileNotFoundError(f"data={cfg.data} is not a folder. {benchmark.source}")
    questions = benchmark.read(Path(cfg.data))[: cfg.limit]
    if len({question.id for question in questions}) < len(questions):
        raise BenchmarkError(f"data={cfg.data}: a question's id occurs twice; repair the folder")
    for question in questions:
        check_record(benchmark, question.record, f"data={cfg.data}, question {question.id}")
    absent = [question.id for question in questions if not all(path.is_file() for path in question.files)]
    if absent:
        names = ", ".join(absent[:3]) + (", …" if len(absent) > 3 else "")
        text = f"data={cfg.data}: {len(absent)} of {len(questions)} questions lack a picture ({names})"
        if len(absent) > cfg.max_unreadable:
            hint = f"set max_unreadable={len(absent)} to count them as wrong, or complete the folder"
            raise BenchmarkError(
                f"{text}, more than max_unreadable={cfg.max_unreadable}; {hint}. {benchmark.source}"
            )
        console.print(f"{text}; they count as wrong", style="yellow")
    return questions


@command
def main(argv: list[str]) -> None:
    """Run the command: bare arguments are model folders, ``.yaml`` files and ``key=value`` are options."""
    cfg = load_for_models(EvaluateConfig, argv)
    benchmark = find_benchmark(cfg.benchmark)
    refuse_run_folder(cfg.out)
    questions = read_questions(benchmark, cfg)
    out, outcome = Path(cfg.out), {}
    folders = [out] if len(cfg.models) == 1 else [out / label for label in labels(cfg.models)]
    for model, folder in zip(cfg.models, folders, strict=True):
        outcome[folder.name] = evaluate(model, folder, benchmark, questions, cfg)
    if len(cfg.models) > 1:
        write_json(out / "results.json", compare(outcome, cfg))


def compare(outcome: dict[str, tuple[dict[str, Any], np.ndarray]], cfg: EvaluateConfig) -> dict[str, Any]:
    """Return the results of several models and a paired bootstrap of every pair's official hits."""
    pairs: list[dict[str, Any]] = []
    for (first, (_, a)), (second, (_, b)) in itertools.combinations(outcome.items(), 2):
        pairs.append({"a": first, "b": second, **paired_bootstrap(a, b, seed=cfg.seed)})
        low, high = (f"{100 * pairs[-1][key]:+.1f}" for key in ("low", "high"))
        console.print(f"{first} − {second}: {100 * pairs[-1]['difference']:+.1f} points ({low} to {high})")
    models = {name: results for name, (results, _) in outcome.items()}
    about = {"config": to_plain(cfg), "config_hash": config_hash(cfg), "environment": environment()}
    return {"benchmark": cfg.benchmark, "models": models, "comparisons": pairs, **about}


if __name__ == "__main__":
    main(None)
