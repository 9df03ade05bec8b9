"""The report: complete, self-contained, the same bytes, and refused from damaged files."""

import csv
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from stages.common import canonical
from stages.report import plain, tables
from stages.report.page import stage
from stages.verdicts import names
from tests.made_up import JUDGED, NAME, put
from tests.report.pages import Page

ROOT = Path(__file__).resolve().parents[2]
REPORTS = f"reports/{NAME}"
PAGES = ("index.html", "checklists.html")


@pytest.fixture(scope="module")
def made(judged, tmp_path_factory):
    """The small repository with its pages."""
    folder = tmp_path_factory.mktemp("made")
    shutil.copytree(judged, folder, dirs_exist_ok=True)
    make(folder)
    return folder


def make(folder, seed="0"):
    """Run the stage in a folder, as the pipeline does."""
    variables = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-m", "stages.report.page", *JUDGED], cwd=folder,
                          env=variables, capture_output=True, text=True)
    assert done.returncode == 0 and not done.stderr, done.stderr


def pages(folder):
    return {name: Page((folder / REPORTS / name).read_text()) for name in PAGES}


@pytest.fixture
def line(reported, refused):
    """Return the line that the stage refuses its input with."""
    def run(*words):
        error = refused(stage, *JUDGED)
        for word in words:
            assert word in error
        assert not any((reported / REPORTS / name).exists() for name in PAGES)
    return run


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
            assert (made / REPORTS / target).exists(), link["href"]
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
        assert (made / REPORTS / name).stat().st_size <= 3 * 1024 * 1024


def test_the_same_inputs_give_the_same_bytes(made):
    first = [(made / REPORTS / name).read_bytes() for name in PAGES]
    make(made, seed="7")
    assert [(made / REPORTS / name).read_bytes() for name in PAGES] == first


def test_every_number_stands_in_a_list(made):
    with open(made / REPORTS / "ledger.csv", newline="") as stream:
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
    found = tables.VERDICTS
    marks = {verdict.mark for verdict in found.values()}
    words = {verdict.short for verdict in found.values()}
    assert len(marks) == len(words) == len(found) == 10 and tuple(found) == names.ALL
    css = (ROOT / "stages/report/templates/style.css").read_text()
    for name in names.ALL:
        assert f".v-{name} " in css or f".v-{name}," in css, name


def test_counts_of_other_verdicts_are_refused(reported, line):
    put(reported / REPORTS / "verdicts.json", "verdicts/all/exact", 99)
    line(f"{REPORTS}/verdicts.json: counts other verdicts than ledger.csv holds")


def test_text_from_files_is_escaped(made):
    text = (made / REPORTS / "index.html").read_text()
    assert "Folds &lt;by&gt;" in text and "226 &amp; more" in text and "<by>" not in text


def test_checklists_link_what_answers_them(made):
    found = pages(made)["checklists.html"]
    assert {"href": f"../../studies/{NAME}/params/seed.yaml"} in found.all("a")
    assert {"href": "../../README.md"} in found.all("a")
    assert "not met" in found.text and "no calculation" in found.text


def test_checklists_are_answered_twice_side_by_side(made):
    page = (made / REPORTS / "checklists.html").read_text()
    assert page.count("As published</th>") == page.count("As re-analysed</th>") == 2
    text = " ".join(pages(made)["checklists.html"].text.split())
    assert "Test fails: studies/made_up/params/seed.yaml::seed = 8" in text
    for shown in (text, " ".join(pages(made)["index.html"].text.split())):
        assert "Weighted, as re-analysed" in shown and "25.0 %, at most 100.0 %" in shown
    assert "Methods, page 2" in text and "Methods, page 2</a>" not in page  # it is no link


def test_the_study_adds_what_is_its_own(made):
    found = pages(made)["index.html"]
    for said in ("The study says so itself.", "drawn by the study", "own words", "other words",
                 "Tables by commit", "1,000", "data/made_up.csv", "0" * 32):
        assert said in found.text, said
    order = [found.text.index(f'<h2 id="{anchor}"') for anchor in
             ("text", "first", "envelopes", "second", "contradictions")]
    assert order == sorted(order)
    listed = [a["href"] for a in found.all("a") if a["href"] in ("#first", "#second")]
    assert listed == ["#first", "#second"]


def test_the_most_fragile_number_is_drawn_and_listed(made):
    text = " ".join((made / REPORTS / "index.html").read_text().split())
    assert text.count("of 80") > 5 and "Grid, Model A: AUC" in text
    assert "old: ran Haswell; Zen not run (no such CPU)." in text and "new: ran" not in text


def test_an_answer_that_names_a_missing_file_is_refused(reported, line):
    path = reported / REPORTS / "checklists.csv"
    path.write_text(path.read_text().replace("README.md;", "docs/READMI.md;"))
    line("docs/READMI.md", f"{REPORTS}/checklists.csv")


@pytest.mark.parametrize("column, value, valid", [
    ("severity", "huge", "result, method, reporting"),
    ("status", "maybe", "confirmed, text-only, not-confirmed")])
def test_a_point_of_unknown_weight_or_status_is_refused(reported, line, column, value, valid):
    path = reported / REPORTS / "contradictions.csv"
    table = canonical.read_csv(path, dtype=str).assign(**{column: value})
    canonical.write_csv(path, table)
    line(f"folds: {column} is '{value}'", valid, f"{REPORTS}/contradictions.csv")


def test_a_fragile_number_outside_the_ledger_is_refused(reported, line):
    path = reported / REPORTS / "fragile.csv"
    text = path.read_text()
    assert "Grid,B,AUC,mean,0.65" in text
    path.write_text(text.replace("Grid,B,AUC,mean,0.65", "Grid,B,AUC,mean,0.66"))
    line(f"{REPORTS}/fragile.csv", "Grid / B / AUC / mean / 0.66")


def test_a_study_without_claims_sweeps_checklists_and_own_sections(reported, call):
    put(reported / "studies" / NAME / "study.yaml", "variations", [])
    put(reported / "studies" / NAME / "study.yaml", "single_runs", {})
    for name in ("contradictions", "checklists", "fragile"):
        path = reported / REPORTS / f"{name}.csv"
        path.write_text(path.read_text().splitlines(keepends=True)[0])
    assert call(plain.stage, "--out", f"{REPORTS}/sections.json")[0] == 0
    assert call(stage, *JUDGED) == (0, "", "")
    text = Page((reported / REPORTS / "index.html").read_text()).text
    assert "No contradiction is claimed." in text and "No checklist is answered" in text
    assert "No numerical variations of this study were computed." in text


def test_a_ledger_of_fewer_rows_is_refused(reported, line):
    path = reported / REPORTS / "ledger.csv"
    path.write_text(path.read_text().rsplit("\n", 2)[0] + "\n")
    line(f"{REPORTS}/ledger.csv", "has 13 rows where the paper has 14 numbers")


def test_a_number_added_to_the_published_ones_is_noticed(reported, line):
    study = reported / "studies" / NAME
    with open(study / "published" / "grid.csv", "a") as stream:
        stream.write("Grid,A,Kappa,0.1,,,1,here\n")
    line("holds 7 numbers")
    put(study / "study.yaml", "numbers/grid.csv", 7)
    line("14 rows", "15 numbers")


@pytest.mark.parametrize("path", [
    *(f"{REPORTS}/{name}" for name in ("ledger.csv", "contradictions.csv", "checklists.csv",
                                       "checklists.json", "fragile.csv", "rows.csv",
                                       "sections.json", "verdicts.json")),
    "containers/old/requirements.lock", f"metrics/{NAME}/results/wobble/old.json"])
def test_a_missing_file_is_named(reported, line, path):
    (reported / path).unlink()
    line(path, "no such file")


@pytest.mark.parametrize("name, column", [
    ("ledger", "verdict"), ("fragile", "q25"), ("rows", "as_many"), ("contradictions", "size"),
    ("checklists", "published_by")])
def test_a_table_without_a_column_is_named(reported, line, name, column):
    path = reported / REPORTS / f"{name}.csv"
    head, *rest = path.read_text().splitlines(keepends=True)
    path.write_text(head.replace(column, "other", 1) + "".join(rest))
    line(f"{REPORTS}/{name}.csv", column)


@pytest.mark.parametrize("key, value, said", [
    ("sections", [{"anchor": "a"}], "is not complete"), ("sections", 3, "is not complete"),
    ("sentences", None, "is not complete"), ("drawn", 3, "is not complete"),
    ("sections/0/after", "tables", "section 'first' stands after 'tables'; valid: text, envelopes")])
def test_damaged_sections_are_named(reported, line, key, value, said):
    path = reported / REPORTS / "sections.json"
    content = canonical.read_json(path)
    node, keys = content, key.split("/")
    for part in keys[:-1]:
        node = node[int(part) if part.isdigit() else part]
    node[keys[-1]] = value
    canonical.write_json(path, content)
    line(f"{REPORTS}/sections.json", said)


@pytest.mark.parametrize("content", ["[]", "3", "null", "{}", "{"])
def test_sections_that_are_none(reported, line, content):
    (reported / REPORTS / "sections.json").write_text(content)
    line(f"{REPORTS}/sections.json")


@pytest.mark.parametrize("column, value", [("minimum", "low"), ("decimals", "two")])
def test_a_ledger_of_other_values_is_one_line(reported, line, column, value):
    path = reported / REPORTS / "ledger.csv"
    table = canonical.read_csv(path, dtype=str, keep_default_na=False)
    table.loc[0, column] = value
    canonical.write_csv(path, table)
    line(f"{REPORTS}/index.html: cannot be drawn from these results")


def test_a_verdict_of_no_known_name_is_one_line(reported, line):
    path = reported / REPORTS / "ledger.csv"
    table = canonical.read_csv(path, dtype=str, keep_default_na=False)
    table.loc[0, "verdict"] = "not-checked"
    canonical.write_csv(path, table)
    line(f"{REPORTS}/ledger.csv: 'not-checked' is no verdict")


def test_a_page_that_is_too_large(reported, line, monkeypatch):
    monkeypatch.setattr("stages.report.page.LIMIT", 1000)
    line("more than 1,000")


def test_how_many_wrong_numbers_pass(made):
    text = " ".join((made / REPORTS / "index.html").read_text().split())
    assert "Would a wrong number be noticed?" in text
    assert "by one unit of the last digit, 25% passed all the same; by five units, 5%" in text
    assert "12.5% of those wrong by one unit passed" in text
    assert "12.5<small> 4 to 36, n 16</small>" in text and "before" not in text
