"""A study folder that is not right: one line that names the file, exit code 2, nothing written."""

from pathlib import Path

import pytest
import yaml

from stages.common.errors import InputError
from stages.verdicts import claims, ledger, plausible
from stages.verdicts import study as studies
from tests.made_up import JUDGED, NAME, READ, STUDY, save


@pytest.fixture
def folder(repository):
    """The made-up study's folder."""
    return repository / "studies" / NAME


def test_the_made_up_study_is_read(folder):
    found = studies.read(Path("studies") / NAME)
    assert found == READ and found.name == NAME
    assert found.without_source == ("needs-private-images", "needs-private-labels", "not-a-result")
    assert found.private("needs-private-labels").short == "private labels"
    assert found.private("counts") is None and found.private("needs-private-x") is None
    assert found.order(["Unknown", "Text", "Grid"]) == ["Grid", "Text", "Unknown"]


def test_fits_variations_and_races_are_told_by_the_study():
    assert READ.fits("fits", "models/A/AUC/mean") and not READ.fits("fits", "models/A/several")
    assert not READ.fits("counts", "all/series")
    assert READ.varies("weights", "A/weight") and not READ.varies("weights", "B/weight")
    assert READ.races("models/C/AUC") and not READ.races("models/A/AUC")


def without(key):
    return lambda content: content.pop(key)


def with_(**more):
    return lambda content: content.update(more)


@pytest.mark.parametrize("change, said", [
    (with_(protocol=["code"]), "unknown parameter 'protocol'; did you mean 'protocols'?"),
    (lambda c: c["sources"]["fits"].update(fited=True),
     "unknown parameter 'sources.fits.fited'; did you mean 'fitted'?"),
    (lambda c: c["headline"]["corrected"].update(p="x::y"),
     "unknown parameter 'headline.corrected.p'"),
    (without("title"), "parameter 'title' is missing"),
    (without("headline"), "parameter 'headline' is missing"),
    (with_(doi=5), "parameter 'doi' must be a value of type str"),
    (with_(protocols=[]), "names no protocol"),
    (with_(headline={"number": ["Text", "A", "AUC"]}),
     "headline.number must be item, row, metric and statistic"),
    (with_(headline={"number": ["Text", "A", "AUC", "mean", "more"]}), "name the four"),
    (lambda c: c["items"]["Grid"].update(kind="grid"), "item 'Grid' is of kind 'grid'; valid: table"),
    (lambda c: c["sources"].update(exact=c["sources"]["fits"]),
     "source 'exact' has the name of a verdict"),
    (lambda c: c["sources"].update({"needs-private-images": c["sources"]["fits"]}),
     "source 'needs-private-images' has the name of a verdict"),
    (with_(plausible={"rank": [5, 1]}), "plausible.rank must be the lowest and the highest value"),
    (with_(plausible={"rank": [1, 1]}), "plausible.rank must be the lowest and the highest value"),
    (with_(plausible={"rank": [1]}), "give two numbers in that order"),
    (with_(plausible={"rank": [0, "many"]}), "'plausible.rank[1]' must be"),
    (with_(plausible={"rank": [0, float("inf")]}), "'plausible.rank[1]' must be a finite number"),
    (with_(single_runs={"wobble/old.json": "wobble/old-runs.csv"}),
     "'single_runs' names wobble/old.json, which 'variations' does not"),
    (with_(single_runs=["wobble/new-runs.csv"]), "'single_runs' must be"),
    (lambda c: c["numbers"].update({"grid.csv": "six"}), "'numbers.grid.csv' must be")])
def test_what_study_yaml_may_not_say(folder, refused, change, said):
    content = yaml.safe_load(yaml.safe_dump(STUDY))
    change(content)
    save(folder / "study.yaml", content)
    error = refused(ledger.stage, *JUDGED)
    assert error.startswith(f"error: studies/{NAME}/study.yaml: ") and said in error
    assert not Path("reports", NAME, "ledger.csv").exists()


@pytest.mark.parametrize("text, said", [
    ("items:\n  Grid: {title: a}\n  Text: {title: b}\n  Grid: {title: c}\n",
     "'Grid' stands twice, line 2"),
    ("title: a\ntitle: b\n", "'title' stands twice, line 1"),
    ("title: [", "is not readable YAML"), ("- a\n", "must be a mapping"), ("", "must be a mapping"),
    ("\x00", "is not readable YAML"), ("? [a]\n: b\n", "is not readable YAML"),
    ("? {a: b}\n: c\n", "is not readable YAML"),
    ("a: !!timestamp x\n", "is not readable YAML"), ("a: 2020-13-45\n", "is not readable YAML")])
def test_yaml_that_is_no_study(folder, refused, text, said):
    (folder / "study.yaml").write_text(text)
    error = refused(ledger.stage, *JUDGED)
    assert f"studies/{NAME}/study.yaml: " in error and said in error


def test_text_that_is_no_utf8(folder, refused):
    (folder / "study.yaml").write_bytes(b"title: \xff\n")
    assert "study.yaml: is not readable YAML" in refused(ledger.stage, *JUDGED)


def test_a_folder_without_study_yaml(folder, refused):
    (folder / "study.yaml").unlink()
    error = refused(ledger.stage, *JUDGED)
    assert "study.yaml: no such file" in error and "studies/template" in error
    assert "dvc.yaml" in error, "where the studies are listed"


@pytest.mark.parametrize("name", ["rules.csv", "published", "params"])
def test_a_part_that_is_missing(folder, refused, name):
    (folder / name).rename(folder / "away")
    error = refused(claims.stage, *JUDGED)
    assert f"studies/{NAME}/{name}: no such file or folder" in error and "study.yaml needs it" in error


@pytest.mark.parametrize("name", ["Made", "2made", "made-up", "made up", "_made", "mäde", "made$(id)"])
def test_a_folder_whose_name_is_no_name(repository, refused, name):
    (Path("studies") / NAME).rename(Path("studies") / name)
    error = refused(ledger.stage, "--study", f"studies/{name}", "--params", "params.yaml")
    assert f"studies/{name}: is no name of a study; use lower-case letters" in error


@pytest.mark.parametrize("path", ["..", "studies/..", "/"])
def test_a_path_that_ends_in_no_name(repository, path):
    with pytest.raises(InputError, match="is no name of a study"):
        studies.read(path)


@pytest.mark.parametrize("metric, found", [
    ("AUC", (0, 1)), ("F1", (0, 1)), ("Accuracy_mean_sd", (0, 1)), ("Accuracy %", (0, 100)),
    ("percent", (0, 100)), ("weight", (1, 5)), ("rank", (1, 100)), ("series", None)])
def test_what_a_number_can_plausibly_be(metric, found):
    assert plausible.values(READ, metric) == found
