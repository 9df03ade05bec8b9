"""Metrics, tables and summaries that are damaged: one line that names the file, and exit code 2."""

import json

import pytest

from stages.common.errors import InputError
from stages.verdicts import envelope, evidence, gather, ledger, published, stored
from stages.verdicts.consistency import evaluate
from tests.made_up import ARGUMENTS, JUDGED, NAME, READ, SETTINGS, put

RUN = "code/r2/new.json"


@pytest.fixture
def results(repository):
    """The made-up evidence, to be damaged."""
    return repository / "metrics" / NAME / "results"


@pytest.fixture
def study(repository):
    """The made-up study's folder."""
    return repository / "studies" / NAME


@pytest.fixture
def line(repository, refused):
    """Make the ledger of the damaged evidence; return the one line that it is refused with."""
    def run():
        error = refused(ledger.stage, *JUDGED)
        assert not (repository / "reports" / NAME / "ledger.csv").exists()
        return error
    return run


def change(path, old, new):
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


@pytest.mark.parametrize("content", ["{}", "[]", "3", "null", '{"run": 1}', '{"run": {"x": 1}}',
                                     '{"run": {"protocol": "code"', ""])
def test_metrics_of_no_run(results, line, content):
    (results / "fits" / RUN).write_text(content)
    assert f"fits/{RUN}: " in line()


@pytest.mark.parametrize("key, value", [
    ("protocol", None), ("protocol", "another"), ("protocol", "text"), ("release", []),
    ("release", "r1"), ("environment", "old"), ("kernel", 3)])
def test_a_run_that_is_another_one(results, line, key, value):
    put(results / "fits" / RUN, f"run/{key}", value)
    assert f"fits/{RUN}: " in line()


@pytest.mark.parametrize("value", [True, False, float("nan"), float("inf"), "0.81", [0.81]])
def test_what_is_no_number(results, line, value):
    put(results / "fits" / RUN, "models/A/PPV/mean", value)
    assert f"fits/{RUN}: 'models/A/PPV/mean' is no" in line()


def test_a_number_where_a_version_belongs(results, line):
    put(results / "counts" / "r2.json", "all/version", 3)
    assert "counts/r2.json: 'all/version' is no text (3)" in line()


@pytest.mark.parametrize("name", [
    f"fits/{RUN}", "fits/text/r1/old.json", "weights/r2/old.json", "weights/r2/new-B.json",
    "counts/r1.json", "wobble/old.json", "wobble/new-search.json"])
def test_a_missing_result_does_not_make_the_ledger_take_another(results, line, name):
    (results / name).unlink()
    assert f"{name}: no such file" in line()


@pytest.mark.parametrize("name", ["published/grid.csv", "stored/outputs.csv", "rules.csv"])
def test_a_missing_file_of_the_study(study, line, name):
    (study / name).unlink()
    assert f"{name}: no such file" in line()


@pytest.mark.parametrize("name, key, wrong", [
    (f"fits/{RUN}", "A", "AA"), (f"fits/{RUN}", "models", "model"), (f"fits/{RUN}", "PPV", "ppv"),
    (f"fits/{RUN}", "several", "some"), ("fits/code/r1/new.json", "low", "lower"),
    ("counts/r1.json", "series", "Series"), ("weights/r2/new.json", "weight", "weights"),
    ("weights/r2/new-B.json", "B", "C"), ("wobble/new.json", "releases", "release")])
def test_a_misspelt_key_does_not_make_the_ledger_take_another(results, line, name, key, wrong):
    change(results / name, f'"{key}"', f'"{wrong}"')
    assert name in line()


def test_a_number_that_no_sweep_varies(results, line):
    for path in (results / "wobble").iterdir():
        path.write_text(path.read_text().replace("models/A/PPV/mean", "A/PPV/mean"))
    assert f"metrics/{NAME}/results/wobble: lacks 'models/A/PPV/mean' of 'fits'" in line()


@pytest.mark.parametrize("rules, said", [
    ("T,*,*,countss,,a,,,,", "'countss' is no source and no reason"),
    ("T,*,*,counts,,a,,,,", "lacks 'a'"), ("T,*,*,fits,,rank/a,,,,", "no run of 'fits'"),
    ("T,*,*,counts,,{line},,,,", "'{line}' is no path"),
    ("T,*,*,counts,,{row.x},,,,", "'{row.x}' is no path"),
    ("T,*,*,counts,,rank/x,,,,r1 | A | Fold9 | AUC", "names 0 stored outputs"),
    ("T,*,*,counts,,rank/x,,,,r1 | A", "names 0 stored outputs"),
    ("T,*,*,counts,,rank/x,,,,r1 | A | * | *", "names 2 stored outputs"),
])
def test_rules_that_lead_nowhere(tmp_path, rules, said):
    (tmp_path / "rules.csv").write_text(",".join(published.RULE_COLUMNS) + f"\n{rules}\n")
    origin = evidence.Origin("code", "r", "e")
    sources = {name: [evidence.Source(origin, {"rank": {"x": 1}}, "x.json",
                                      READ.content.sources[name].files[0].lacks)]
               for name in ("counts", "fits")}
    outputs = [dict(zip(stored.COLUMNS, ("r1", "c", "n", "1", "A", f"Fold{fold}", "AUC", "0.5")))
               for fold in (1, 2)]
    number = published.Number("T", "r", "m", "value", "1", "p")
    with pytest.raises(InputError) as raised:
        gather.gather(READ, [number], gather.Sources(published.rules(tmp_path / "rules.csv"), sources,
                                                     {}, outputs), SETTINGS.halfway_tolerance)
    assert said in str(raised.value)


@pytest.mark.parametrize("name", ["grid.csv", "other.csv"])
@pytest.mark.parametrize("kept", [0, 1, -1])
def test_a_cut_file_of_printed_numbers(study, line, name, kept):
    path = study / "published" / name
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join(lines[:1] + lines[1:][:kept] if kept >= 0 else lines[:kept]))
    assert f"published/{name}: holds " in line()


def test_files_of_printed_numbers_that_are_not_declared(study, line):
    before = (study / "published" / "other.csv").read_text()
    change(study / "published" / "other.csv", "\n", "\nT,a,b,1,,,0,here\n")
    assert "published/other.csv: holds 9 numbers, and 'numbers' in study.yaml says 8" in line()
    (study / "published" / "other.csv").write_text(before)
    (study / "published" / "more.csv").write_text(
        ",".join(published.COLUMNS) + "\nT,a,b,1,,,0,here\n")
    assert "published/more.csv: holds 1 numbers, and 'numbers' in study.yaml says nothing" in line()


def test_an_emptied_file_of_printed_numbers(study, line):
    (study / "published" / "grid.csv").write_text("")
    assert "published/grid.csv: is not a readable CSV table" in line()


def test_cut_or_damaged_stored_outputs(study, line):
    path = study / "stored" / "outputs.csv"
    text = path.read_text()
    lines = text.splitlines(keepends=True)
    path.write_text("".join(lines[:-1]))
    assert f"stored/outputs.csv: holds {len(lines) - 2} values" in line()
    path.write_text("".join([*lines[:-1], lines[-2]]))
    assert "is listed twice" in line()
    path.write_text(text.replace(",0.780000\n", ",nan\n"))
    assert "A / Fold1 / AUC: 'nan' is no number" in line()


@pytest.mark.parametrize("commit", ["", " ", "main", "c" * 39, "C" * 40, "g" * 40, "c" * 41])
def test_a_stored_output_without_commit(study, line, commit):
    change(study / "stored" / "outputs.csv", f"r1,{'c' * 40},", f"r1,{commit},")
    assert f"outputs.csv: r1 / A / Fold1 / AUC: '{commit}' is no commit" in line()


@pytest.mark.parametrize("old, new", [(",n.ipynb,3,", ",,3,"), (",n.ipynb,3,", ",n.ipynb,,")])
def test_a_stored_output_without_notebook_or_cell(study, line, old, new):
    change(study / "stored" / "outputs.csv", old, new)
    assert "outputs.csv: r1 / A / Fold1 / AUC: does not name its notebook and cell" in line()


@pytest.mark.parametrize("name, old, new, said", [
    ("grid.csv", "Grid,A,PPV,0.80,,,2,", "Grid,A,PPV,80.0,,,1,", "Grid / A / PPV: 80.0 does not fit"),
    ("grid.csv", "Grid,A,PPV,0.80,,,2,", "Grid,A,PPV,-0.80,,,2,", "Grid / A / PPV: -0.80 does not"),
    ("grid.csv", "0.70,0.60,0.80,2", "0.70,0.60,80,2", "80 does not fit the unit of AUC"),
    ("other.csv", "Text,A,several,5,", "Text,A,share %,101,", "101 does not fit the unit of share %"),
    ("other.csv", "Text,A,several,5,", "Text,A,percent,-1,", "-1 does not fit the unit of percent")])
def test_a_printed_number_whose_unit_does_not_fit(study, line, name, old, new, said):
    change(study / "published" / name, old, new)
    error = line()
    assert f"published/{name}: " in error and said in error
    assert "a score is 0 to 1, one in percent has ' %' at the end of its metric" in error


@pytest.mark.parametrize("name, old, new, said", [
    ("grid.csv", "Grid,B,PPV,0.55,,,2,row 2\n", "", "holds 5 numbers"),
    ("grid.csv", "Grid,A,PPV,0.80,,,2,", "Grid,A,PPV,80.0,,,1,", "does not fit the unit of PPV"),
    ("grid.csv", "0.70,0.60,0.80,2", "0.70,0.80,0.60,2", "are not low, value, high"),
    ("other.csv", "Text,Seg,Dice", "Text,Seg,Kappa", "'dice' asks for 'Text | Seg | Dice'")])
def test_the_checks_without_data_refuse_the_same(repository, study, refused, name, old, new, said):
    (repository / "reports" / NAME / "consistency.csv").unlink()
    change(study / "published" / name, old, new)
    assert said in refused(evaluate.stage, *ARGUMENTS)
    assert not (repository / "reports" / NAME / "consistency.csv").exists()


@pytest.mark.parametrize("value", [80.0, -0.1, 1.01])
def test_a_result_whose_unit_does_not_fit(results, line, value):
    """A share that is computed in percent contradicts nothing."""
    put(results / "fits" / RUN, "models/A/PPV/mean", value)
    error = line()
    assert f"fits/{RUN}: 'models/A/PPV/mean' is {value:g}, which does not fit the unit of PPV" in error


@pytest.mark.parametrize("value, decimals, said", [
    ("nan", "2", "'nan' is no number"), ("0.5", "x", "0.5 does not have x decimals"),
    ("0.5", "2", "0.5 does not have 2 decimals"), ("0.5", "", "0.5 does not have no decimals"),
    ("$(id)", "0", "is no number"), ("1.2.3", "2", "is no number"), ("1e3", "0", "is no number"),
    ("inf", "0", "is no number"), (" 0.5", "1", "is no number"), ("v1.2", "", "is no number")])
def test_printed_numbers_that_are_none(tmp_path, value, decimals, said):
    (tmp_path / "t.csv").write_text(",".join(published.COLUMNS) + f"\nT,r,m,{value},,,{decimals},p\n")
    with pytest.raises(InputError) as raised:
        published.read(tmp_path)
    assert "t.csv: T / r / m: " in str(raised.value) and said in str(raised.value)


@pytest.mark.parametrize("value, low, high, said", [
    ("0.5", "$(id)", "0.6", "is no number"), ("0.5", "0.4", "high", "is no number"),
    ("", "1.2.3", "2", "is no number"), ("0.5", "0.6", "0.7", "not low, value, high"),
    ("0.5", "0.3", "0.4", "not low, value, high"), ("", "0.7", "0.6", "not low, value, high")])
def test_printed_bounds_that_are_none(tmp_path, value, low, high, said):
    (tmp_path / "t.csv").write_text(",".join(published.COLUMNS)
                                    + f"\nT,r,m,{value},{low},{high},1,p\n")
    with pytest.raises(InputError) as raised:
        published.read(tmp_path)
    assert said in str(raised.value)


@pytest.mark.parametrize("content", [
    {}, [], 3, {"releases": {}}, {"environment": "e", "releases": 1},
    {"environment": "e", "releases": {"r": {"models": {"a/b": {}}}}},
    *({"environment": "e", "releases": {"r": {"models": {"a/b": {"variations": 3} | more}}}}
      for more in ({"seed_variations": 4}, {"seed_variations": 1, "seed_counts": {"0.5": 2}},
                   {"seed_variations": "2"}, {"race_counts": {"0.5": 1}})),
    *({"environment": "e", "releases": {"r": {"models": {"a/b": {"variations": 2, "counts": counts}}}}}
      for counts in ({"x": 1}, {"0.5": "many"}, {"nan": 1}, {"inf": 1}, {"0.5": 3}, {"0.5": -1}))])
def test_a_sweep_that_is_no_sweep(results, repository, content):
    (results / "wobble" / "new.json").write_text(json.dumps(content))
    with pytest.raises(InputError, match="new.json: is no summary of the numerical variations"):
        envelope.collect(READ, repository)


@pytest.mark.parametrize("old, new, said", [
    (",consistent,", ",likely,", "no verdict with a share"),
    ("\nText,Seg,Dice,", "\nText,Seg,dice,", "is not in it and in the printed numbers"),
    (",dice,1.0,", ",dice,nan,", "no verdict with a share"),
    (",dice,1.0,", ",dice,2,", "no verdict with a share"),
    (",dice,1.0,", ",dice,all,", "no verdict with a share"),
    ("\nText,Seg,Dice,", "\nGrid,A,AUC,", "or listed twice"),
    ("could_fail", "could", "could_fail")])
def test_damaged_checks_without_data(repository, line, old, new, said):
    change(repository / "reports" / NAME / "consistency.csv", old, new)
    error = line()
    assert f"reports/{NAME}/consistency.csv: " in error and said in error


def test_checks_without_data_that_were_not_made(repository, line):
    (repository / "reports" / NAME / "consistency.csv").unlink()
    assert f"reports/{NAME}/consistency.csv: no such file" in line()
