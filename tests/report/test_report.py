"""The report: complete, self-contained, the same bytes, and refused from a stale pipeline."""

import csv
import json
from html.parser import HTMLParser

import numpy as np
import pytest

from stages.report import chart
from stages.report import forest as report_envelope
from stages.report import tables as report_tables
from studies.sclc_liver import figures as report_figures

ALL = ("--fragile", "reports/sclc_liver/fragile.csv", "--contradictions", "reports/sclc_liver/contradictions.csv",
       "--checklists", "reports/sclc_liver/checklists.csv")
CORRECTED = "metrics/sclc_liver/results/corrected/2025-08/classification-notebook.json"
DECISION = "data/sclc_liver/corrected/2025-08/classification-notebook/decision.csv"
VOID = ("meta", "br", "input", "link", "img", "hr")


class Page(HTMLParser):
    """The elements of a page in their order, each with the names of those around it."""

    def __init__(self, text):
        super().__init__()
        self.elements, self.open, self.text = [], [], text
        self.feed(text)
        assert not self.open, f"never closed: {self.open}"

    def handle_starttag(self, tag, attributes):
        self.elements.append((tag, dict(attributes), tuple(self.open)))
        if tag not in VOID and not self.get_starttag_text().endswith("/>"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        if self.open and not (tag in VOID or tag not in self.open):
            assert self.open.pop() == tag, f"</{tag}> closes another element"

    def all(self, *tags):
        return [attributes for tag, attributes, _ in self.elements if tag in tags]


@pytest.fixture(scope="module")
def made(copy_repository, make_report):
    folder = copy_repository()
    result = make_report(folder, *ALL)
    assert result.returncode == 0, result.stderr
    return folder


def pages(folder):
    return {name: Page((folder / "reports" / name).read_text())
            for name in ("index.html", "checklists.html")}


def change(path, function):
    content = json.loads(path.read_text())
    function(content)
    path.write_text(json.dumps(content))


def refused(result, *words):
    assert result.returncode == 2
    assert result.stderr.startswith("error: ") and result.stderr.count("\n") == 1
    for word in words:
        assert word in result.stderr


def test_links_and_anchors_resolve(made):
    found = pages(made)
    ids = {name: [a["id"] for _, a, _ in page.elements if "id" in a]
           for name, page in found.items()}
    for name, page in found.items():
        assert len(ids[name]) == len(set(ids[name])), "an id stands twice"
        for link in page.all("a"):
            if link["href"].startswith("https://"):
                continue
            target, _, anchor = link["href"].partition("#")
            assert (made / "reports" / target).exists(), link["href"]
            if anchor:
                assert anchor in ids[target or name], link["href"]
        for label in ("aria-labelledby", "for"):
            for _, attributes, _ in page.elements:
                for wanted in attributes.get(label, "").split():
                    assert wanted in ids[name], wanted


def test_nothing_is_loaded(made):
    for page in pages(made).values():
        assert not page.all("script", "link", "img", "iframe", "object", "embed", "audio", "video")
        assert not any(key in ("src", "srcset", "style") and "url(" in (value or "") or key == "src"
                       for _, attributes, _ in page.elements for key, value in attributes.items())
        assert "url(" not in page.text and "@import" not in page.text
        outside = [a for tag, a, _ in page.elements if tag != "a"
                   and any("://" in (value or "") for value in a.values())]
        assert not outside


def test_pages_stay_small(made):
    for name in ("index.html", "checklists.html"):
        assert (made / "reports" / name).stat().st_size <= 3 * 1024 * 1024


def test_the_same_inputs_give_the_same_bytes(made, make_report):
    first = [(made / "reports" / name).read_bytes() for name in ("index.html", "checklists.html")]
    assert make_report(made, *ALL, seed="7").returncode == 0
    assert [(made / "reports" / name).read_bytes()
            for name in ("index.html", "checklists.html")] == first


def test_every_number_stands_in_a_list(made):
    with open(made / "reports/sclc_liver/ledger.csv", newline="") as stream:
        verdicts = [row["verdict"] for row in csv.DictReader(stream)]
    rows = [a["class"] for a in pages(made)["index.html"].all("tr") if "is-" in a.get("class", "")]
    assert sorted(rows) == sorted(f"is-{verdict}" for verdict in verdicts)


def test_pages_are_built_for_keyboard_and_screen_reader(made):
    for page in pages(made).values():
        assert page.all("html")[0]["lang"] == "en" and len(page.all("main")) == 1
        levels = [int(tag[1]) for tag, _, _ in page.elements if tag in ("h1", "h2", "h3", "h4")]
        assert levels.count(1) == 1 and levels[0] == 1
        assert all(after - before <= 1 for before, after in zip(levels, levels[1:]))
        assert page.all("a")[0] == {"class": "skip", "href": "#content"}
        assert all("scope" in cell for cell in page.all("th"))
        assert len(page.all("caption")) == len(page.all("table"))
        assert all(a.get("tabindex") == "0" and a.get("aria-label") for a in page.all("div")
                   if a.get("class") == "scroll")
        for drawing in page.all("svg"):
            named = drawing.get("role") == "img" and drawing.get("aria-labelledby")
            assert named or drawing.get("aria-hidden") == "true"


def test_every_verdict_has_its_own_mark_and_words():
    marks = {verdict.mark for verdict in report_tables.VERDICTS.values()}
    words = {verdict.short for verdict in report_tables.VERDICTS.values()}
    assert len(marks) == len(words) == len(report_tables.VERDICTS) == 6


def test_text_from_files_is_escaped(made):
    text = (made / "reports/sclc_liver/index.html").read_text()
    assert "Folds &lt;by&gt;" in text and "0.5 &amp; more" in text and "<by>" not in text


def test_checklists_link_what_answers_them(made):
    page = pages(made)["checklists.html"]
    assert {"href": "../stages/reporting/report.py"} in page.all("a")
    assert "not met" in page.text and "no calculation" in page.text


def test_an_answer_that_names_a_missing_file_is_refused(repository, make_report):
    path = repository / "reports/sclc_liver/checklists.csv"
    path.write_text(path.read_text().replace("README.md", "docs/READMI.md"))
    refused(make_report(repository, *ALL), "docs/READMI.md")


def test_a_point_of_unknown_weight_is_refused(repository, make_report):
    path = repository / "reports/sclc_liver/contradictions.csv"
    path.write_text(path.read_text().replace(",method", ",huge"))
    refused(make_report(repository, *ALL), "severity is 'huge'", "result, method, reporting")


def test_a_fragile_number_outside_the_ledger_is_refused(repository, make_report):
    path = repository / "reports/sclc_liver/fragile.csv"
    path.write_text(path.read_text().replace("Table4,RF,AUC,mean,0.58", "Table4,RF,AUC,mean,0.59"))
    refused(make_report(repository, *ALL), "reports/sclc_liver/fragile.csv", "Table4 / RF / AUC / mean / 0.59")


def test_without_the_optional_tables_the_report_says_so(repository, make_report):
    assert make_report(repository).returncode == 0
    assert "without a list of contradictions" in (repository / "reports/sclc_liver/index.html").read_text()
    assert not (repository / "reports/sclc_liver/checklists.html").exists()


@pytest.mark.parametrize("spoil, word", [
    (lambda text: text.replace(",exact,", ",envelope,", 1), "stale"),
    (lambda text: text.rsplit("\n", 2)[0] + "\n", "numbers")])
def test_a_stale_ledger_is_refused(repository, make_report, spoil, word):
    path = repository / "reports/sclc_liver/ledger.csv"
    path.write_text(spoil(path.read_text()))
    refused(make_report(repository), "reports/sclc_liver/ledger.csv", word)
    assert not (repository / "reports/sclc_liver/index.html").exists()


def test_a_number_added_to_the_published_ones_is_noticed(repository, make_report):
    with open(repository / "studies/sclc_liver/published/table4.csv", "a") as stream:
        stream.write('Table4,LR,Kappa,0.1,,,1,"Table 4"\n')
    refused(make_report(repository), "728 rows", "729 numbers")


def test_a_changed_metric_makes_the_pipeline_stale(repository, make_report):
    change(repository / "metrics/sclc_liver/results/bootstrap/as-released/2025-08/classification-notebook.json",
           lambda content: content["configurations"]["RF"]["AUC"].update(mean=0.9))
    refused(make_report(repository), "stale", "Table4 / RF")


def test_a_missing_metric_is_named_with_its_file(repository, make_report):
    change(repository / CORRECTED, lambda content: content["test"]["scores"].pop("RF"))
    refused(make_report(repository), CORRECTED, "test/scores/RF")


@pytest.mark.parametrize("path", [
    "data/sclc_liver/predictions/as-released/2025-08/classification-notebook/roc.csv", "reports/sclc_liver/ledger.csv",
    "containers/cohort/requirements.lock", "reports/sclc_liver/contradictions.csv"])
def test_a_missing_file_is_named(repository, make_report, path):
    (repository / path).unlink()
    refused(make_report(repository, *ALL), path, "no such file")


def test_a_table_without_a_column_is_named(repository, make_report):
    path = repository / "data/sclc_liver/burden/2025-08.csv"
    path.write_text(path.read_text().replace("volume_mm3", "volume"))
    refused(make_report(repository), "data/sclc_liver/burden/2025-08.csv", "volume_mm3")


@pytest.mark.parametrize("keep, said", [
    (lambda lines: lines[:1], "holds no rows"),
    (lambda lines: [*lines[:-1], lines[-1].replace("0.0,", "nothing,")],
     "holds something else than numbers in column 'all_positive'")])
def test_a_damaged_table_is_named(repository, make_report, keep, said):
    path = repository / DECISION
    path.write_text("\n".join(keep(path.read_text().splitlines())) + "\n")
    refused(make_report(repository), DECISION, said)


def test_a_table_that_was_cut_short_is_one_line(repository, make_report):
    path = repository / DECISION
    path.write_text("\n".join(path.read_text().splitlines()[:3]) + "\n")
    refused(make_report(repository), "reports/sclc_liver/index.html", "cannot be drawn from these results")


def test_the_reviewer_reads_what_the_results_say(repository, make_report):
    def text():
        assert make_report(repository).returncode == 0
        return (repository / "reports/sclc_liver/index.html").read_text()

    before = text()
    assert "it finds none" in before
    assert "headline stops before it converges" in before
    change(repository / "metrics/sclc_liver/results/models/as-released/2025-06/classification-notebook.json",
           lambda content: content["configurations"]["LR"]["warnings"].update(refit=[]))

    def surely(content):
        content["test"]["scores"]["RF"]["AUC"]["patients"]["low"] = 0.7
        content["permutation"]["RF"]["test_AUC"]["P"] = 0.01
    change(repository / CORRECTED, surely)
    after = text()
    assert "it finds RF;" in after and "headline converges" in after


def test_most_fragile_first():
    rows = [{"minimum": "0.1", "maximum": "0.9", "decimals": "2"},
            {"minimum": "0.1", "maximum": "0.2", "decimals": "3"}]
    assert [report_envelope.width(row) for row in rows] == pytest.approx([80, 100])


def test_roc_takes_ties_together_and_ends_in_the_corner():
    label = np.array([1, 0, 1, 0])
    points = report_figures.roc_points(label, np.array([0.9, 0.5, 0.5, 0.1]))
    assert points == [(0.0, 0.0), (0.0, 0.5), (0.5, 1.0), (1.0, 1.0)]


def test_an_axis_cuts_what_lies_outside():
    linear = chart.Axis(0, 2, [])
    assert [linear.share(value) for value in (-1, 1, 3)] == [0, 0.5, 1]
    assert chart.Axis(1, 100, [], log=True).share(10) == pytest.approx(0.5)


@pytest.mark.parametrize("shape", chart.SHAPES)
def test_marks_carry_their_series(shape):
    assert 'class="mark s2"' in chart.mark(10, 10, "s2", shape)
