"""The report of linear probes: tables for page and terminal, and plots."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from data.reporting import charts
from data.reporting.charts import Bar, Group
from data.reporting.claims import percent, points
from data.reporting.looks import look
from data.reporting.page import Sheet, figure, page, paragraph, section, table

FEATURES = {
    "pooled": "Pooled picture",
    "patches": "Mean patch of the second-last layer",
}


def probe_sheets(results: Mapping[str, Any]) -> list[Sheet]:
    """Return the tables of a results.json of ``geoclip.probe``, those without rows left out."""
    sheets = [*(_scores(results, name) for name in FEATURES), _comparisons(results)]
    return [sheet for sheet in sheets if sheet.rows]


def probe_page(results: Mapping[str, Any]) -> str:
    """Return the page of the probes."""
    sheets = {sheet.title: table(sheet) for sheet in probe_sheets(results)}
    samples = results["samples"]
    told = (
        f"Logistic regression on frozen features of {samples['n']} scenes, {samples['train']} to train and "
        f"{samples['test']} to test. Balanced is the mean over classes of how many of each are found; of it, "
        "chance is also what the majority class gives. The control is trained on shuffled labels. Intervals "
        "are 95 % bootstrap intervals over test samples, not over splits, and not corrected for their number."
    )
    body = paragraph(told)
    if rare := results["not_probed"]:
        body += paragraph(f"Too rare, or always the same, and not probed: {', '.join(rare)}.", "muted")
    body += charts.legend([(look(i), model) for i, model in enumerate(results["models"])], inline=False)
    for name, title in FEATURES.items():
        body += section(title, _bars(results, name), sheets.pop(title, ""))
    if sheets:
        body += section("Models compared", *sheets.values())
    return page("Linear probes", body, charts.STYLE)


def _scores(results: Mapping[str, Any], name: str) -> Sheet:
    rows = []
    for attribute in _attributes(results, name):
        for i, model in enumerate(results["models"].values()):
            one = model[name][attribute]
            low, high = one["ci95"]
            gain = one["over_majority"]
            rows.append(
                (
                    attribute,
                    look(i).letter,
                    f"{percent(one['accuracy'])} ({percent(low)}–{percent(high)})",
                    percent(one["majority"]),
                    f"{points(gain['difference'])} ({points(gain['low'])} to {points(gain['high'])})",
                    percent(one["control"]),
                    percent(one["balanced_accuracy"]),
                    percent(one["control_balanced_accuracy"]),
                    percent(one["chance"]),
                    str(len(one["classes"])),
                    str(one["n"]),
                )
            )
    head = ("attribute", "", "accuracy", "majority", "over majority", "control", "balanced", "its control")
    return Sheet(FEATURES[name], (*head, "chance", "classes", "n"), "llrrrrrrrrr", tuple(rows))


def _comparisons(results: Mapping[str, Any]) -> Sheet:
    letters = {model: look(i).letter for i, model in enumerate(results["models"])}
    rows = tuple(
        (
            f"{letters[one['a']]} − {letters[one['b']]}",
            one["attribute"],
            one["features"],
            points(one["difference"]),
            f"{points(one['low'])} to {points(one['high'])}",
            f"{one['p']:.3f}",
        )
        for one in results["comparisons"]
    )
    head = ("models", "attribute", "features", "points", "95 % interval", "p")
    return Sheet("Accuracy of models, differences in points", head, "lllrrr", rows)


def _attributes(results: Mapping[str, Any], name: str) -> list[str]:
    return list(next(iter(results["models"].values()))[name])


def _bars(results: Mapping[str, Any], name: str) -> str:
    groups = []
    for attribute in _attributes(results, name):
        found = [model[name][attribute] for model in results["models"].values()]
        bars = tuple(Bar(look(i), one["accuracy"], tuple(one["ci95"])) for i, one in enumerate(found))
        shown = attribute.removeprefix("relation ")
        groups.append(Group(shown, bars, f"n {found[0]['n']}", found[0]["majority"]))
    text = "Accuracy; whiskers: 95 % intervals, dashed: the majority class."
    return figure(charts.bars(groups, text), text)
