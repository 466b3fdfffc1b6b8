"""An ablation of the encoder: ``python -m configs.ablate configs/ablations/NAME.yaml scale=mini seeds=3``.

Builds the shards, trains every row over all seeds and scores it on the four pools, each by the project's own
commands. What is done is not done again, also where another table did it; rows whose options have changed
are. Leaves results.json, table.md and report.html in ``runs/ablations/NAME/SCALE``. ``dry=true`` prints the
commands and runs nothing.
"""

from __future__ import annotations

import sys
from pathlib import Path

from configs.ablations import AblationConfig
from configs.load import config_hash, load_config, to_plain
from configs.plan import Plan, plan
from configs.runtime import call, command, console, environment, locked, runs_root, write_json
from configs.steps import LOG, mark, run_steps
from configs.table import gather

HERE = Path(__file__).parent / "ablations"


@command
def main(argv: list[str]) -> None:
    """Run a table, or print its commands."""
    cfg = load_config(AblationConfig, [str(HERE / "scales.yaml"), *argv])
    found = plan(cfg)
    if cfg.dry:
        print(listing(found))
        return
    out = Path(cfg.out) if cfg.out else runs_root() / "ablations" / cfg.name / cfg.scale
    steps = found.steps[0].out.parent
    steps.mkdir(parents=True, exist_ok=True)
    with locked(steps):
        failed = run_steps(found.steps)
    about = {"config": to_plain(cfg), "config_hash": config_hash(cfg), "environment": environment()}
    write_json(out / "results.json", {**gather(cfg, found, failed), **about})
    if code := call([sys.executable, "-m", "data.ablation", str(out)]):
        raise ValueError(f"the report failed with exit code {code}; run python -m data.ablation {out}")
    if failed:
        raise ValueError(_failures(found, failed))
    console.print(f"table: {out / 'table.md'}\nreport: {out / 'report.html'}", markup=False, soft_wrap=True)


def listing(found: Plan) -> str:
    """Return all commands in order, each after a line that says what it does and whether it is done."""
    lines = []
    for step in found.steps:
        lines += [f"# {step.what}{' (done before)' if mark(step) else ''}", step.line]
    return "\n".join(lines)


def _failures(found: Plan, failed: dict[str, str]) -> str:
    rows = [
        f"{name}, seed {cell.seed}"
        for name, cells in found.cells.items()
        for cell in cells
        if cell.evaluation.key in failed
    ]
    first = next(step for step in found.steps if step.key in failed)
    return (
        f"{len(rows)} of {sum(map(len, found.cells.values()))} runs are not complete ({'; '.join(rows)}). "
        f"The first to fail: {first.what}, see {first.out / LOG}. The others are in the table; the same "
        "command tries the failed ones again"
    )


if __name__ == "__main__":
    main()
