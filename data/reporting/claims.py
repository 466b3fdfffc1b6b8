"""What a run was to show, judged by its paired intervals, in words and numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from data.reporting.results import ARMS, Difference, Results, Score

CLAIM = (
    "Claim (arXiv 2505.20152): an encoder trained with hard negatives (B) tells diagrams and captions that "
    "differ in a letter, number, shape or relation apart better than one trained with random in-batch "
    "negatives on the same positives (A), and an LMM that sees through B answers more questions correctly."
)
ALLOWED_LOSS = 0.05
"""What B may lose to A on the random pool."""
ABOVE = (
    ("encoders", "B", "A", "rule", "Rule pool: encoder B finds the caption more often than A"),
    ("encoders", "B", "A", "image", "Image pool: encoder B finds the diagram more often than A"),
    ("lmms", "B", "A", "overall", "Answers: the LMM on B is right more often than the LMM on A"),
    (
        "lmms",
        "A",
        "untrained",
        "overall",
        "Answers: the LMM on A is right more often than on an untrained tower",
    ),
    (
        "lmms",
        "B",
        "untrained",
        "overall",
        "Answers: the LMM on B is right more often than on an untrained tower",
    ),
)


@dataclass(frozen=True)
class Claim:
    """One part of what the run was to show; ``verdict`` is holds, does not hold or not measured."""

    text: str
    verdict: str
    numbers: str


def claims(results: Results) -> list[Claim]:
    """Judge every claim: an advantage holds when its 95 % interval lies above zero."""
    found = [_above(results, *claim) for claim in ABOVE]
    text = f"Random pool: encoder B loses at most {100 * ALLOWED_LOSS:g} points to A"
    loss = results.difference("encoders", "B", "A", "random")
    if loss is None:
        found.insert(2, Claim(text, "not measured", ""))
    else:
        verdict = "holds" if loss.value >= -ALLOWED_LOSS else "does not hold"
        found.insert(2, Claim(text, verdict, _numbers(results, loss)))
    return found


def summary(results: Results) -> list[str]:
    """Return what the claims come to as one sentence, then sentences on baseline C and on the seed."""
    verdicts = [claim.verdict for claim in claims(results)]
    parts, held, missing = len(verdicts), verdicts.count("holds"), verdicts.count("not measured")
    if missing == parts:
        verdict = "In this run the claim was not measured: there are no paired comparisons."
    elif held == parts:
        verdict = f"In this run the claim holds in all of its {parts} parts."
    elif held == parts - missing:
        verdict = f"In this run the claim holds in the {held} parts that were measured, of {parts}."
    else:
        failed = f"holds in {held} of its {parts} parts and does not hold in {parts - held - missing}"
        verdict = f"In this run the claim {failed}{f'; {missing} not measured' if missing else ''}."
    measured = [(pool, results.difference("encoders", "B", "C", pool)) for pool in ("rule", "image")]
    found = [f"{pool} pool {_numbers(results, d)} ({told_apart(d)})" for pool, d in measured if d]
    more = [f"B against C ({ARMS['C']}): {'; '.join(found)}."] if found else []
    seed = (results.raw.get("settings") or {}).get("seed")
    if seed is not None:
        more.append(
            f"One training seed ({seed}): intervals tell the spread over test samples, not over seeds."
        )
    return [verdict, *more]


def told_apart(d: Difference) -> str:
    """Say which side is above, or that the interval holds zero."""
    return f"{d.a} is above" if d.low > 0 else f"{d.b} is above" if d.high < 0 else "not told apart"


def _above(results: Results, what: str, a: str, b: str, pool: str, text: str) -> Claim:
    d = results.difference(what, a, b, pool)
    if d is None:
        return Claim(text, "not measured", "")
    reason = "" if d.low > 0 or d.high < 0 else ", zero included"
    return Claim(text, "holds" if d.low > 0 else "does not hold", _numbers(results, d) + reason)


def _numbers(results: Results, d: Difference) -> str:
    pair = [_value(results, d.what, name, d.pool) for name in (d.a, d.b)]
    values = f"{pair[0]} against {pair[1]} %: " if all(pair) else ""
    return f"{values}{points(d.value)} points, 95 % interval {points(d.low)} to {points(d.high)}"


def _value(results: Results, what: str, name: str, key: str) -> str:
    scores: Mapping[str, Score] = results.lmms.get(name, {})
    if what == "encoders":
        scores = results.encoders[name].hits if name in results.encoders else {}
    return percent(scores[key].value) if key in scores else ""


def percent(share: float | None) -> str:
    """Return a share in percent with one decimal, or a dash."""
    return "–" if share is None else f"{100 * share:.1f}"


def points(difference: float) -> str:
    """Return a difference of shares in points, signed; zero has no sign."""
    text = f"{100 * difference:+.1f}".replace("-", "−")
    return "0.0" if text.strip("+−") == "0.0" else text
