"""The whole page and the terminal tables of a run."""

import io
import json
import re
from html.parser import HTMLParser

import pytest
from rich.console import Console

from data.report import main, print_tables, write_report
from data.reporting.results import parse_results

SECTIONS = [
    "Retrieval: Hit@1 on four pools",
    "Which edits are seen",
    "Paired differences",
    "Answers of the LMM",
    "Public benchmarks",
    "Loss curves",
    "Examples",
    "Cost",
    "Data",
    "Settings",
    "Environment",
]
VOID = {"meta", "img"}


class Page(HTMLParser):
    """A page as sections of text and tables; fails on tags that do not match."""

    def __init__(self, text):
        super().__init__()
        self.open, self.attributes, self.sections, self.rows = [], [], {"": ""}, []
        self.tags, self.name = [], ""
        self.feed(text)
        assert not self.open

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, self.name))
        self.attributes += attrs
        if tag not in VOID:
            self.open.append(tag)
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self.rows[-1].append("")

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, self.name))
        self.attributes += attrs

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] == "h2":
            self.name = data
        if self.open and self.open[-1] in ("td", "th"):
            self.rows[-1][-1] += data
        if "style" not in self.open:
            self.sections[self.name] = self.sections.get(self.name, "") + data + "\n"

    def count(self, tag, section):
        return self.tags.count((tag, section))


def log(folder, column, steps):
    (folder / "logs" / "version_0").mkdir(parents=True)
    lines = [f"{step},{8 / (step + 1)}" for step in range(0, steps, 10)]
    (folder / "logs" / "version_0" / "metrics.csv").write_text("\n".join([f"step,{column}", *lines, ""]))


@pytest.fixture
def run(tmp_path, results, write):
    """A run folder with results, shards and logs."""
    write(tmp_path / "data" / "test", 7)
    for arm in "AB":
        log(tmp_path / "encoders" / arm, "train/loss", 50)
        log(tmp_path / "lmm" / arm / "sft", "train/loss", 50)
    (tmp_path / "results.json").write_text(json.dumps(results))
    return tmp_path


def read(folder):
    return (folder / "report.html").read_text(encoding="utf-8")


def tenth(share):
    return f"{100 * share:.1f}"


def around(interval):
    return "–".join(map(tenth, interval))


def test_the_command_writes_one_page_with_every_section_in_order(run, capsys):
    main([str(run)])
    page = Page(read(run))
    assert list(page.sections)[1:] == SECTIONS
    assert all(text.strip() for text in page.sections.values())
    assert "report.html" in capsys.readouterr().err
    assert not list(run.glob(".*")), "nothing temporary is left"


def test_the_page_fetches_nothing_and_runs_nothing(run):
    main([str(run)])
    text = read(run)
    page = Page(text)
    assert not re.findall(r"https?://|//[a-z]|url\(|@import|javascript:", text)
    assert not {tag for tag, _ in page.tags} & {"script", "link", "iframe", "object", "base", "form", "image"}
    sources = [
        value for name, value in page.attributes if name in ("src", "href", "xlink:href", "srcset", "data")
    ]
    assert len(sources) == 12
    assert all(source.startswith("data:image/png;base64,") for source in sources)
    assert not [name for name, _ in page.attributes if name.startswith("on")]


def test_every_number_of_the_encoders_stands_in_its_row_and_over_its_bar(run, results):
    main([str(run)])
    page = Page(read(run))
    rows = {tuple(row[:2]): row[2:] for row in page.rows}
    for name, encoder in results["encoders"].items():
        for pool, hit in encoder["hit@1"].items():
            size = encoder["pool_size"][pool]
            expected = [tenth(hit), around(encoder["ci95"][pool]), tenth(encoder["hit@5"][pool])]
            expected += [tenth(encoder["tie_rate"][pool]), tenth(1 / size), f"{size:g}", f"{encoder['n']:,}"]
            assert rows[pool, name] == expected
            assert f"\n{tenth(hit)}\n" in page.sections[SECTIONS[0]]
        place = ["A", "B", "C", "start", "untrained"].index(name)
        for pool, operators in encoder["per_operator"].items():
            for operator, score in operators.items():
                shown = [f"{tenth(score['accuracy'])} ({around(score['ci95'])})"]
                hits = score["hits"]
                shown += [f"{tenth(hits['hit@1'])} ({around(hits['ci95'])})"]
                found = [row[2 + place] for row in page.rows if row[:2] == [pool, operator]]
                assert sorted(found) == sorted(shown)
                assert f"\n{tenth(hits['hit@1'])}\n" in page.sections[SECTIONS[1]]


def test_every_number_of_the_lmms_benchmarks_and_steps_is_shown(run, results):
    main([str(run)])
    page = Page(read(run))
    rows = {row[0]: row[1:] for row in page.rows}
    for name, lmm in results["lmms"].items():
        for kind, accuracy in lmm["accuracy"].items():
            shown = rows[kind][2 + ["A", "B", "untrained"].index(name)]
            assert shown == f"{tenth(accuracy)} ({around(lmm['ci95'][kind])})"
            assert f"\n{tenth(accuracy)}\n" in page.sections["Answers of the LMM"]
    assert rows["shape"][0] == "400"
    score = results["benchmarks"]["We-Math S2"]
    assert rows["We-Math S2"] == ["40", tenth(score["accuracy"]), around(score["ci95"]), "23.8", "17"]
    assert (rows["encoder A"], rows["total"]) == (["2:10", "3"], ["1:04:40", "100"])
    assert rows["config_hash"] == ["0123456789ab"]
    assert rows["versions.torch"] == ["2.14.1"]
    assert rows["labels collide"] == ["4,567"]


def test_intervals_are_drawn_for_every_bar_and_difference(run, results):
    main([str(run)])
    sections = re.split(r"<h2>", read(run))
    drawn = {part.split("</h2>")[0]: part.count('class="interval"') for part in sections[1:]}
    assert drawn["Retrieval: Hit@1 on four pools"] == 20
    assert drawn["Which edits are seen"] == 20
    assert drawn["Paired differences"] == len(results["comparisons"])
    assert drawn["Answers of the LMM"] == 9
    assert drawn["Public benchmarks"] == 1


def test_examples_and_curves_come_from_the_folders_beside_the_results(run):
    main([str(run)])
    page = Page(read(run))
    assert page.count("article", "Examples") == 6
    assert "Figure 3 shows △ABC, where AB = 3." in page.sections["Examples"]
    assert page.count("svg", "Loss curves") == 2 + 2  # two panels, two keys in the legend
    assert "LMM: loss per token, sft" in page.sections["Loss curves"]
    assert "align" not in page.sections["Loss curves"]


def test_missing_parts_are_said_in_words_and_nothing_empty_is_drawn(tmp_path):
    (tmp_path / "results.json").write_text("{}")
    main([str(tmp_path)])
    page = Page(read(tmp_path))
    assert not [tag for tag, _ in page.tags if tag in ("svg", "table", "figure", "img")]
    for section in SECTIONS:
        assert re.search(r"\b(no|No|hold no)\b", page.sections[section]), section
    assert "We-Math was not found" in page.sections["Public benchmarks"]
    assert "not measured" in page.sections[""]


def test_every_part_may_be_missing_alone(results, tmp_path):
    for part in results:
        (tmp_path / part).mkdir()
        write_report(tmp_path / part, parse_results({k: v for k, v in results.items() if k != part}))
        assert list(Page(read(tmp_path / part)).sections)[1:] == SECTIONS


def test_hostile_strings_are_shown_as_they_are_and_do_nothing(run, results):
    evil = '"><script>alert(1)</script><img src=x onerror=y>[red]&amp;'
    for part in ("encoders", "lmms"):
        results[part][evil] = results[part].pop("A")
    for pair in results["comparisons"]:
        pair |= {side: evil for side in "ab" if pair[side] == "A"}
    results["encoders"][evil]["objective"] = evil
    results["encoders"][evil]["per_operator"]["rule"][evil] = {"accuracy": 0.5}
    results["encoders"][evil]["hit@1"][evil] = 0.5
    results["lmms"][evil]["accuracy"][evil] = 0.5
    results["benchmarks"][evil] = {"accuracy": 0.5}
    for part in ("seconds", "settings", "environment"):
        results[part][evil] = 1
    results["data"]["rejected"][evil] = 1
    results["notes"] = [evil]
    (run / "results.json").write_text(json.dumps(results))
    main([str(run)])
    page = Page(read(run))
    assert not [tag for tag, _ in page.tags if tag == "script"]
    assert not [value for name, value in page.attributes if name == "src" and value == "x"]
    shown = [section for section, text in page.sections.items() if evil in text]
    assert shown == ["", *(name for name in SECTIONS if name not in ("Loss curves", "Examples"))]


def test_damaged_shards_are_an_error_and_leave_the_old_page(run):
    main([str(run)])
    before = read(run)
    shard = next((run / "data" / "test").glob("*.tar"))
    shard.write_bytes(shard.read_bytes()[:-2000])
    with pytest.raises(SystemExit) as stopped:
        main([str(run)])
    assert stopped.value.code == 2
    assert read(run) == before


def test_a_folder_without_results_ends_the_command_with_a_clear_error(tmp_path, capsys):
    with pytest.raises(SystemExit) as stopped:
        main([str(tmp_path)])
    assert stopped.value.code == 2
    assert "results.json does not exist" in capsys.readouterr().err


def test_the_terminal_shows_the_same_numbers_and_no_markup_of_names(results):
    results["encoders"]["[red]A[/red]"] = results["encoders"].pop("A")
    out = Console(file=io.StringIO(), width=200)
    print_tables(results, out)
    text = out.file.getvalue()
    assert "[red]A[/red]" in text
    for encoder in results["encoders"].values():
        for pool, hit in encoder["hit@1"].items():
            assert f"│ {tenth(hit):>5} │ {around(encoder['ci95'][pool]):>13} │" in text
    assert "the claim holds in all of its 6 parts" in text
