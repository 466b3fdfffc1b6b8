"""The main job on one machine: ``python -m configs.demo configs/demo/demo.yaml``.

Runs the project's own commands one after another: shards, three encoder arms from one warm start, Hit@k on
four pools, the same small LMM on three towers, its answers, We-Math, and the report. A step that is done is
not done again; the run continues where it stopped.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from omegaconf import MISSING

from configs.load import check_seed, config_hash, load_config, one_of, to_plain
from configs.runtime import call, call_logged, command, console, environment, write_json
from configs.summary import ARMS, summarise

HERE = Path(__file__).parent / "demo"
PYTHON = sys.executable
TIMING_STEPS = 30
"""Steps by which C's speed is measured."""


@dataclass
class DemoConfig:
    """Sizes of the demo; what each arm does stands in ``configs/demo/*.yaml``."""

    out: str = MISSING
    """Folder for everything the demo writes."""
    warmstart: str = MISSING
    """Folder of the encoder that every arm starts from."""
    language: str = MISSING
    """Folder of the language model that every LMM starts from."""
    seed: int = 0
    """Seed of data order, initialisation and intervals; the shards are the same for every seed."""
    data: list[str] = field(default_factory=list)
    """Overrides of the shard recipe."""
    shards: str = ""
    """Folder of shards to use instead of building them; empty builds them in OUT/data."""
    lmms: list[str] = field(default_factory=lambda: ["untrained", "A", "B"])
    """Encoders that get an LMM."""
    wemath: str = "../shared/samples/wemath/data"
    """Folder of We-Math in its public layout; skipped with a word when it is not there."""

    def __post_init__(self) -> None:
        check_seed(self.seed)
        if not self.lmms or len(set(self.lmms)) < len(self.lmms):
            raise ValueError(f"lmms={self.lmms}: name at least one encoder, and none twice")
        for name in self.lmms:
            one_of("lmms", name, ARMS)


class Demo:
    """The steps, their logs and their times; ``steps.json`` remembers what is done and with which command."""

    def __init__(self, cfg: DemoConfig) -> None:
        self.cfg = cfg
        self.out = Path(cfg.out)
        self.done_file = self.out / "steps.json"
        self.done: dict[str, Any] = {}
        if self.done_file.exists():
            try:
                self.done = json.loads(self.done_file.read_text())
            except ValueError as error:
                raise ValueError(f"{self.done_file} is damaged ({error}); remove it to start over") from error
        self.notes: list[str] = []

    def step(self, name: str, module: str, *args: str) -> None:
        """Run one command unless it is done; its output goes to ``logs/NAME.log``."""
        words = [module, *args]
        inputs = fingerprint(args)
        before = self.done.get(name, {})
        if before.get("command") == words and before.get("inputs") == inputs:
            console.print(f"[green]done before[/green] {name}", highlight=False)
            return
        self._forget_from(name)
        log = self.out / "logs" / f"{name}.log"
        seconds = call_logged(name, words, log, HF_HUB_OFFLINE="1")
        self.done[name] = {"command": words, "inputs": inputs, "seconds": seconds}
        write_json(self.done_file, self.done)
        console.print(f"[green]{self.done[name]['seconds']:6.0f} s[/green] {name}", highlight=False)

    def _forget_from(self, name: str) -> None:
        """Forget the step and all that came after it: they were made from what is made anew."""
        if name in self.done:
            names = list(self.done)
            for later in names[names.index(name) :]:
                del self.done[later]
            write_json(self.done_file, self.done)

    def train_seconds(self, arm: str) -> float:
        """Seconds that an arm spent in training."""
        return json.loads((self.out / "encoders" / arm / "results.json").read_text())["seconds"]


def fingerprint(args: Sequence[str]) -> str:
    """Return 12 hex digits over what the arguments name: recipes, and the weights of model folders."""
    digest = hashlib.sha256()
    for arg in args:
        for name in (arg.partition("=")[2] or arg).strip("[]").split(","):
            path = Path(name.strip())
            for file in (path, path / "model.safetensors", path / "index.json"):
                if file.is_file():
                    digest.update(file.read_bytes())
    return digest.hexdigest()[:12]


def encoders(demo: Demo) -> None:
    """Train arms A and B on the same positives, then C for as long as B took."""
    common = [f"encoder.pretrained={demo.cfg.warmstart}", *training_data(demo)]

    def arm(name: str, run: str, *more: str) -> None:
        files = [str(HERE / "encoder.yaml"), str(HERE / f"arm_{name.lower()}.yaml")]
        run_dir = f"trainer.run_dir={demo.out / 'encoders' / run}"
        demo.step(f"encoder {run}", "geoclip.train", *files, *common, run_dir, *more)

    arm("A", "A")
    arm("B", "B")
    arm("C", "C-timing", f"trainer.max_steps={TIMING_STEPS}")
    per_step = demo.train_seconds("C-timing") / TIMING_STEPS
    steps = demo.done.get("encoder C", {}).get("steps") or max(20, round(demo.train_seconds("B") / per_step))
    arm("C", "C", f"trainer.max_steps={steps}")
    demo.done["encoder C"]["steps"] = steps
    write_json(demo.done_file, demo.done)
    spent = {name: demo.train_seconds(name) for name in ("B", "C")}
    demo.notes.append(f"C trained {steps} steps in {spent['C']:.0f} s; B took {spent['B']:.0f} s.")


def shards(demo: Demo) -> Path:
    """Return the folder with the train and test shards."""
    return Path(demo.cfg.shards) if demo.cfg.shards else demo.out / "data"


def training_data(demo: Demo) -> list[str]:
    """Return the options of every training: which shards it reads, and the seed of their order."""
    seed = demo.cfg.seed
    return [f"train.shards=[{shards(demo) / 'train'}]", f"trainer.seed={seed}", f"train.seed={seed}"]


def retrieval(demo: Demo) -> None:
    """Score every encoder on the four pools."""
    start, seed, folder = demo.cfg.warmstart, f"seed={demo.cfg.seed}", demo.out / "encoders"
    demo.step("encoder untrained", "geoclip.untrained", start, str(folder / "untrained"), seed)
    models = [str(folder / arm / "export" / "clip") for arm in ("A", "B", "C", "untrained")]
    data, out = f"data={shards(demo) / 'test'}", f"out={demo.out / 'retrieval'}"
    demo.step("retrieval", "geoclip.retrieval", start, *models, data, out, seed)


def lmms(demo: Demo) -> None:
    """Align and fine-tune the same small LMM on each tower, and let it answer."""
    data = training_data(demo)
    for name in demo.cfg.lmms:
        tower = demo.out / "encoders" / name / "export" / "vision"
        align, sft = demo.out / "lmm" / name / "align", demo.out / "lmm" / name / "sft"
        start = [f"tower={tower}", f"lm.path={demo.cfg.language}", f"trainer.run_dir={align}"]
        demo.step(f"align {name}", "mmgeolm.train", str(HERE / "align.yaml"), *data, *start)
        start = [f"start={align / 'export'}", f"trainer.run_dir={sft}"]
        demo.step(f"sft {name}", "mmgeolm.train", str(HERE / "sft.yaml"), *data, *start)
    models = [str(demo.out / "lmm" / name / "sft" / "export") for name in demo.cfg.lmms]
    test, out = f"data={shards(demo) / 'test'}", f"out={demo.out / 'answers'}"
    options = [test, "max_new_tokens=64", "batch_size=50", out]
    demo.step("answers", "mmgeolm.evaluate", *models, "benchmark=synthetic", *options)
    best = demo.cfg.lmms[-1]
    if Path(demo.cfg.wemath).is_dir():
        model, data_arg = str(demo.out / "lmm" / best / "sft" / "export"), f"data={demo.cfg.wemath}"
        options = ["max_new_tokens=64", f"out={demo.out / 'wemath'}"]
        demo.step("wemath", "mmgeolm.evaluate", model, "benchmark=wemath", data_arg, *options)
    else:
        demo.notes.append(f"We-Math was skipped: {demo.cfg.wemath} does not exist.")
        console.print(demo.notes[-1], style="yellow", markup=False, soft_wrap=True)


@command
def main(argv: list[str]) -> None:
    """Run the demo with the options of ``argv``."""
    cfg = load_config(DemoConfig, argv)
    if not (Path(cfg.warmstart) / "config.json").is_file():
        raise ValueError(f"warmstart={cfg.warmstart} is no encoder folder; train one with geoclip.warmstart")
    if not (Path(cfg.language) / "config.json").is_file():
        raise ValueError(f"language={cfg.language} is no language model; train one with mmgeolm.warmstart")
    demo = Demo(cfg)
    if not cfg.shards:
        recipe = [str(HERE / "data.yaml"), f"out={demo.out / 'data'}", *cfg.data]
        demo.step("data", "data.build", *recipe)
    encoders(demo)
    retrieval(demo)
    lmms(demo)
    recipes = sorted(HERE.glob("*.yaml"))
    settings = {
        "seed": cfg.seed,
        "config": to_plain(cfg),
        "recipes": {path.stem: yaml.safe_load(path.read_text()) for path in recipes},
        "config_hash": config_hash(cfg),
        "recipes_hash": fingerprint([str(path) for path in recipes]),
    }
    results = summarise(demo.out, shards(demo), cfg.warmstart, cfg.lmms, demo.done, demo.notes)
    write_json(demo.out / "results.json", {**results, "settings": settings, "environment": environment()})
    if code := call([PYTHON, "-m", "data.report", str(demo.out)]):
        raise ValueError(f"the report failed with exit code {code}; run python -m data.report {demo.out}")
    console.print(f"results: {demo.out / 'results.json'}\nreport:  {demo.out / 'report.html'}")


if __name__ == "__main__":
    main()
