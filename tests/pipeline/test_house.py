"""The house knows no paper: what is about one stands in its study's folder."""

import ast
import json
import re
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
# The judge, the report and the launcher; and the tests of the first two.
HOUSE = ("stages/verdicts", "stages/report", "containers/launcher", "tests/verdicts", "tests/report",
         "tests/made_up.py")
SUFFIXES = (".py", ".j2", ".css")
# What no declaration says. The variables of the software begin with an M.
FIELD = re.compile(r"(?<![Mm])(SCLC|sclc)|\bNE(_\w|[- ](score|class|status|positive|negative))|"
                   r"[Nn]euroendocrine|\bLiTS\b|\bcfDNA\b|\b(Supp)?(Table|Fig|Figure) ?\d")
# Stages and sources of a study whose names are words of the house too: a kind of item, the file of a
# study's own sections, a key of it, one of the headline, a column of rules.csv, a folder of outputs.
SHARED = {"table", "sections", "corrected", "statistics", "models", "sensitivity", "second",
          "drawn"}


def files(*folders):
    """Return the files of some folders, with their lines."""
    for name in folders:
        path = ROOT / name
        for one in [path] if path.is_file() else sorted(path.rglob("*")):
            if one.suffix in SUFFIXES:
                yield one.relative_to(ROOT).as_posix(), one.read_text(encoding="utf-8")


def studies():
    """Return the folders of the studies that are more than an example."""
    return [path.parent for path in sorted(ROOT.glob("studies/*/study.yaml"))
            if path.parent.name != "template"]


def declared(folder):
    """Return the words of a paper in its declarations: those that no other text has by chance."""
    content = yaml.safe_load((folder / "study.yaml").read_text(encoding="utf-8"))
    telling = [*content["runs"]["releases"], *content["runs"]["environments"], *content["protocols"],
               *content["items"]]
    names = [folder.name, content["short"].split()[0], content["doi"],
             *(checklist["name"] for checklist in content["checklists"].values())]
    return names + [word for word in telling if len(word) > 3 and re.search(r"\d|-", word)]


def stages(folder):
    """Return the names of a study's own stages and sources."""
    content = yaml.safe_load((folder / "study.yaml").read_text(encoding="utf-8"))
    pipelines = (yaml.safe_load(path.read_text()) for path in folder.rglob("dvc.yaml"))
    return {name for one in pipelines for name in one["stages"]} | {*content["sources"]}


def found(text, pattern):
    """Return the lines of a text that a pattern is found in."""
    return [f"line {number}: {hit[0]}" for number, line in enumerate(text.splitlines(), 1)
            if (hit := pattern.search(line))]


def strings(text):
    """Return the texts of a module that are more than documentation, with their lines."""
    tree = ast.parse(text)
    documentation = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            if id(node) not in documentation:
                yield node.lineno, node.value


def named(text, names):
    """Return the lines of a module that name a stage: as a whole text or as a part of a path."""
    return [f"line {number}: {part}" for number, said in strings(text)
            for part in re.split(r"[/@]|dvc repro ", said) if part in names]


def test_there_is_something_to_look_for():
    words = {word for folder in studies() for word in declared(folder)}
    assert len(words) > 10 and len({name for one in studies() for name in stages(one)}) > 20
    assert len(list(files(*HOUSE))) > 50


@pytest.mark.parametrize("folder", HOUSE)
def test_the_house_names_no_paper_and_no_table(folder):
    words = {word for one in studies() for word in declared(one)}
    pattern = re.compile("|".join(rf"(?<![\w-]){re.escape(word)}(?![\w-])" for word in sorted(words)))
    for name, text in files(folder):
        assert not found(text, FIELD), name
        assert not found(text, pattern), name


@pytest.mark.parametrize("folder", HOUSE[:3])
def test_the_house_names_no_stage_of_a_study(folder):
    names = {name for one in studies() for name in stages(one)} - SHARED
    compound = re.compile("|".join(rf"\b{re.escape(name)}\b" for name in sorted(names)
                                   if re.search("[-_]", name)))
    for name, text in files(folder):
        assert not found(text, compound), name
        if name.endswith(".py"):
            assert not named(text, names), name


@pytest.mark.parametrize("text, words", [
    ("see SCLC", 1), ("MSCLC_ENGINE", 0), ("prefix='msclc-'", 0), ("NE_mean", 1), ("NE score", 1),
    ("ONE score", 0), ("Table 4", 1), ("Table4", 1), ("SuppTable2", 1), ("Table: models", 0),
    ("Figure 5a", 1), ("neuroendocrine", 1)])
def test_the_rule_catches_what_it_should(text, words):
    assert len(found(text, FIELD)) == words


@pytest.mark.parametrize("text, hits", [
    ("path = root / 'sensitivity'", 1), ("x = 'metrics/sensitivity/a.json'", 1),
    ("x = f'dvc repro sensitivity'", 1), ("x = f'{root}/sensitivity'", 1), ("'''sensitivity'''", 0),
    ("x = 'how great the sensitivity is'", 0), ("sensitivity = 3", 0)])
def test_the_rule_on_stages_catches_what_it_should(text, hits):
    assert len(named(text, {"sensitivity"})) == hits


def test_every_study_that_is_listed_has_the_same_headline():
    listed = yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"]["headline"]["matrix"]["study"]
    rows = {name: json.loads((ROOT / "metrics" / name / "headline.json").read_text())
            for name in listed}
    assert len({tuple(sorted(row)) for row in rows.values()}) == 1
    assert sorted(folder.name for folder in studies()) == sorted(listed)
