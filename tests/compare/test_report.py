"""The report of a comparison: one page that needs nothing else, with the numbers of the stored runs."""

import csv
import re
import tomllib
from html.parser import HTMLParser

import numpy as np
import pytest
from typer.testing import CliRunner

import evornn
from evornn import EvornnError
from evornn.cli import app
from evornn.compare.cells import Cell
from evornn.compare.report.data import gather
from evornn.compare.report.page import METHODS_CSV, PAIRS_CSV, REPORT, page, write_report
from evornn.compare.report.published import NAMES, QUOTED, published, published_means
from evornn.compare.results import Results
from evornn.compare.table import Row
from evornn.spec.comparison import Comparison
from tests.compare.grids import written

VOID = {"meta", "br", "hr", "img", "link", "wbr"}


class Page(HTMLParser):
    """Headings, tables by their captions, and whether every element is closed in turn."""

    def __init__(self, text):
        super().__init__()
        self.stack, self.tables, self.headings, self.cell, self.links = [], [], [], None, []
        self.feed(text)
        assert not self.stack

    def handle_starttag(self, tag, attributes):
        self.links += [value for key, value in attributes if key in ("src", "href", "xlink:href")]
        if tag not in VOID:
            self.stack.append(tag)
        if tag == "table":
            self.tables.append(["", []])
        elif tag == "tr":
            self.tables[-1][1].append([])
        elif tag in ("td", "th", "caption", "h2"):
            self.cell = ""

    def handle_startendtag(self, tag, attributes):
        self.links += [value for key, value in attributes if key in ("src", "href", "xlink:href")]

    def handle_data(self, data):
        if self.cell is not None:
            self.cell += (" " if self.stack[-1] == "small" else "") + data

    def handle_endtag(self, tag):
        assert self.stack.pop() == tag, tag
        if tag in ("td", "th"):
            self.tables[-1][1][-1].append(self.cell)
        elif tag == "caption":
            self.tables[-1][0] = self.cell
        elif tag == "h2":
            self.headings.append(self.cell)
        if tag in ("td", "th", "caption", "h2"):
            self.cell = None


def timeless(text):
    """A page without wall times."""
    return re.sub(r'<td class="time">[^<]*</td>', "", text)


def without_seconds(path):
    lines = [line.split(",") for line in path.read_text().splitlines()]
    assert lines[0][-1] == "seconds"
    return [line[:-1] for line in lines]


@pytest.fixture(scope="module")
def twice(tmp_path_factory):
    """The same comparison carried out two times; the report is the command's own."""
    outs = []
    for number in "12":
        folder = tmp_path_factory.mktemp(f"reported{number}")
        spec = written(folder / "small.toml", seeds=3, evaluations=30, steps=3)
        said = CliRunner().invoke(app, ["compare", str(spec), "--out", str(folder / "small")])
        assert said.exit_code == 0, said.output
        assert "report.html" in said.output.replace("\n", "")
        outs.append(folder / "small")
    return outs


def test_same_seeds_same_page(twice):
    one, other = twice
    pages = [(out / REPORT).read_text() for out in twice]
    assert timeless(pages[0]) == timeless(pages[1])
    assert pages[0].count('class="time"') == 4
    assert (one / PAIRS_CSV).read_bytes() == (other / PAIRS_CSV).read_bytes()
    assert without_seconds(one / METHODS_CSV) == without_seconds(other / METHODS_CSV)
    (one / REPORT).unlink()
    said = CliRunner().invoke(app, ["compare", "small.toml", "--out", str(one), "--report"])
    assert said.exit_code == 0, said.output
    assert (one / REPORT).read_text() == pages[0]


def test_page_needs_nothing_but_itself(twice):
    text = (twice[0] / REPORT).read_text()
    found = Page(text)
    assert "<script" not in text
    assert "@import" not in text
    assert "@font-face" not in text
    assert all(link.startswith("#") for link in found.links)
    assert all(target.startswith("#") for target in re.findall(r"url\(([^)]*)\)", text))
    ids = re.findall(r' id="([^"]+)"', text)
    assert len(ids) == len(set(ids))
    assert {link[1:] for link in found.links} <= set(ids)
    assert text.count("<figure>") == text.count('role="img"') >= 4
    assert found.headings[:4] == [
        "At a glance",
        "What can and what cannot be concluded",
        "Results on each problem",
        "Pairwise tests",
    ]
    assert found.headings[-1] == "How it was made"
    assert evornn.compare.load(twice[0]).comparison.text().splitlines()[0] in text


def test_numbers_are_those_of_the_runs(twice):
    results = evornn.compare.load(twice[0])
    tables = Page((twice[0] / REPORT).read_text()).tables
    glance = tables[0][1]
    assert [row[0] for row in glance] == ["problem", "swing up", "short"]
    pairs = list(csv.DictReader((twice[0] / PAIRS_CSV).open()))
    assert [(pair["first"], pair["second"]) for pair in pairs] == [("GA", "guess")] * 2
    for row, pair in zip(glance[1:], pairs, strict=True):
        shown = float(pair["p_holm"]) <= 0.05
        assert row[1] == (pair["better"] if shown else "GA, guess")
    (performance,) = [rows for caption, rows in tables if caption == "short" and rows[0][1] == "solved"]
    heads = performance[0]
    lines = list(csv.DictReader((twice[0] / METHODS_CSV).open()))
    assert [(line["problem"], line["method"]) for line in lines] == [
        (p, m) for p in ("swing up", "short") for m in ("GA", "guess")
    ]
    for row in performance[1:]:
        shown, method = dict(zip(heads, row, strict=True)), row[0]
        spent, solved = results.runs("short", method)
        assert shown["solved"].startswith(f"{solved.sum()} / {len(solved)} ")
        line = next(line for line in lines if (line["problem"], line["method"]) == ("short", method))
        ert = spent.sum() / solved.sum() if solved.any() else np.inf
        assert float(line["ert"]) == ert
        assert shown["ERT"].split()[0] == (f"{ert:,.0f}" if solved.any() else "∞")
        for name in ("steps", "restarts", "reevaluations"):
            assert float(line[name]) == results.column(name, "short", method).mean()
        assert shown["verified"] == f"{solved.sum()} / {solved.sum()}"


def foreign(problems=("one", "two", "three"), methods=("<a> & $b$", "_b", "c"), seeds=6):
    rng = np.random.default_rng(7)
    rows = []
    for problem in problems:
        for place, method in enumerate(methods):
            for seed in range(seeds):
                at = int(rng.integers(10, 60)) * 4**place
                rows.append(Row(problem=problem, method=method, seed=seed, solved=at <= 500, evaluations=min(at, 500)))
    return Results(rows)


def test_results_from_elsewhere_alone(tmp_path):
    """Without curves; names that need escaping; enough problems for ranks."""
    results = foreign()
    with pytest.raises(EvornnError, match="say where the report is to be written"):
        write_report(results)
    text = write_report(results, tmp_path / "new")[0].read_text()
    found = Page(text)
    assert "All problems together" in found.headings
    assert "Best fitness within a budget" not in found.headings
    assert "<a>" not in text
    assert "&lt;a&gt; &amp; $b$" in text
    assert "critical difference" in text
    ranks = next(rows for _, rows in found.tables if rows[0] == ["method", "average rank"])
    assert [row[0] for row in ranks[1:]] == ["<a> & $b$", "_b", "c"]
    assert all(row[1] == "<a> & $b$" for row in found.tables[0][1][1:])  # ahead of both others everywhere
    means = gather(results).interquartile_means()
    assert means["<a> & $b$"].value > means["_b"].value > means["c"].value
    assert not gather(foreign(problems=("one",))).interquartile_means()
    assert gather(Results(results.rows[1:])).interquartile_means() == {}  # not the same number of runs everywhere


POLES = """
[compare]
seeds = 2
evaluations = 9000
[[problems]]
name = "damping"
network = { name = "FullyRecurrent", units = 2 }
task = { name = "DoublePole", velocities = false }
[[problems]]
name = "steps"
network = { name = "FullyRecurrent", units = 2 }
task = { name = "DoublePole", velocities = false, fitness = "steps" }
[[problems]]
name = "swing up"
network = { name = "Elman", units = 2 }
task = { name = "Pendulum" }
[[problems]]
name = "by gradient"
network = { name = "LSTM", units = 2 }
task = { name = "EmbeddedReber" }
[[methods]]
name = "CoSyNE"
search = { name = "CoSyNE" }
[[methods]]
name = "ours"
search = { name = "SNES" }
[[methods]]
name = "guessing"
search = { name = "RandomGuessing" }
on = { steps = { search = { name = "CMAES" } } }
[[methods]]
name = "ESP"
search = { name = "GeneticAlgorithm" }
"""


def test_means_stand_beside_published_ones():
    """Counted up to the champion; unsolved runs' evaluations count, too. Problems without such figures are left out, as
    are those whose figures count sequences.
    """
    ends = {("damping", "CoSyNE"): [3000, 3832], ("damping", "ours"): [400, None], ("steps", "CoSyNE"): [1000, 1498]}
    rows = [
        Row(problem=p, method=m, seed=seed, solved=at is not None, evaluations=9000, solved_at=at, verified=bool(at))
        for (p, m), found in {**ends, ("swing up", "ours"): [1, 2], ("by gradient", "ours"): [3, 4]}.items()
        for seed, at in enumerate(found, 1)
    ]
    damping, steps = published(gather(Results(rows, Comparison.of(tomllib.loads(POLES)))))
    shown = {t.title: {row[0].main: [cell.main for cell in row[1:]] for row in t.rows} for t in (damping, steps)}
    assert shown["damping"]["CoSyNE"] == ["3,416", "3,416", "1.00", "3,416", "2 / 2", "2 / 2"]
    assert shown["damping"]["ours"] == ["3,416", "9,400", "2.75", "∞", "1 / 2", "1 / 1"]
    assert damping.rows[-1][1].note == "best: CoSyNE"
    assert [row[0].main for row in damping.rows] == ["CoSyNE", "ours"]
    assert shown["steps"]["CoSyNE"][:3] == ["1,249", "1,249", "1.00"]
    assert all(row[1].note == "quoted" for row in steps.rows)


def test_a_method_stands_beside_the_published_one_that_its_search_is():
    """Whatever it is called; only the name of another published method as its label says otherwise."""
    rows = [
        Row(problem=p, method=m, seed=1, solved=True, evaluations=9, solved_at=9)
        for p in ("damping", "steps")
        for m in ("guessing", "ESP", "ours", "from elsewhere", "CNE")
    ]
    damping, steps = published(gather(Results(rows, Comparison.of(tomllib.loads(POLES)))))
    beside = [{row[0].main: (row[1].main, row[1].note) for row in table.rows} for table in (damping, steps)]
    assert beside[0]["guessing"] == ("1,232,296", "random guessing")
    assert beside[1]["guessing"] == ("3,521", "CMA-ES, quoted")
    assert beside[0]["ESP"] == ("26,342", "by its label; the search is GeneticAlgorithm")
    assert beside[0]["ours"] == beside[0]["from elsewhere"] == ("3,416", "best: CoSyNE")
    assert beside[0]["CNE"] == ("87,623", "")


def test_published_methods_are_found_by_their_class():
    """All that suites have published means of, but NEAT, which is not here."""
    named = {NAMES.get(cls, cls) for cls in (*evornn.search.REGISTRY, *evornn.gradient.REGISTRY)}
    for entry in (*evornn.suites.poles, *evornn.suites.sequences):
        assert {name.removesuffix(QUOTED) for name in published_means(entry)} - named <= {"NEAT"}


def test_targets_are_reached_by_runs_and_shares_grow(twice):
    report_data = gather(evornn.compare.load(twice[0]))
    at = np.geomspace(1, 100, 30)
    for problem in report_data.runs:
        targets = report_data.targets(problem)
        best = max(best[-1] for curves in report_data.curves[problem].values() for _, best in curves)
        assert (np.diff(targets) > 0).all()
        assert targets[-1] <= best
        for shares in report_data.target_shares(problem, at).values():
            assert (np.diff(shares) >= 0).all()
            assert shares[-1] > 0


def test_what_is_missing_is_named(tmp_path):
    spec = written(tmp_path / "s.toml", seeds=2, evaluations=10, steps=2)
    evornn.compare.run(spec, tmp_path / "out", only=["short"])
    results = evornn.compare.load(tmp_path / "out")
    broken = Cell("swing up", "GA", 2)
    broken.error_file(tmp_path / "out").parent.mkdir()
    broken.error_file(tmp_path / "out").write_text("Traceback\n  line\nValueError: <no> such luck\n")
    text = page(gather(results))
    assert "GA on swing up, seed 2 broke off: ValueError: &lt;no&gt; such luck" in text
    assert "GA on swing up: seeds 1 have not ended" in text
    assert "guess on swing up: seeds 1, 2 have not ended" in text
    assert "Not all runs have ended" in text


def test_refusals(tmp_path):
    (tmp_path / "out").mkdir()
    spec = written(tmp_path / "s.toml", seeds=1)
    (tmp_path / "out" / "compare.toml").write_text(evornn.compare.Comparison.load(spec).text())
    for arguments, words in [
        ([], "no run of this comparison has ended"),
        (["--seeds", "3"], "--seeds does not go with --report"),
    ]:
        said = CliRunner().invoke(app, ["compare", str(spec), "--out", str(tmp_path / "out"), "--report", *arguments])
        assert said.exit_code != 0
        assert words in f"{said.output} {said.exception}"
