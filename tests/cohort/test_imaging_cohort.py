"""The cohort of the imaging pipeline: its source, its scored series, what is planted in it."""

import dataclasses
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from stages.cohort import scored, source
from stages.cohort.phantom.settings import Phantom
from stages.common import canonical, cli
from stages.common.errors import InputError
from stages.common.parameters import section
from studies.sclc_liver import planted
from tests.parameters import whole

ROOT = Path(__file__).resolve().parents[2]
PARAMS = ROOT / "studies/sclc_liver/params"
ROWS = {"File": ["a", "b", "c"], "study": ["s", "t", "t"], "patient": ["p", "q", "q"],
        "NE_Score": ["", "0.1", "-0.2"], "Group": ["", "train", ""],
        "image": ["i/a", "i/b", "i/c"], "mask": ["m/a", "m/b", ""]}


def run(stage, *arguments):
    sys.argv = ["stage", *(str(argument) for argument in arguments)]
    try:
        cli.main(stage)
    except SystemExit as stop:
        return stop.code
    return 0


def test_scored_series_are_those_with_score_and_group():
    assert scored.scored(pd.DataFrame(ROWS), "m.csv")["File"].tolist() == ["b"]


@pytest.mark.parametrize("column, said", [("NE_Score", "no series has an NE score"),
                                          ("Group", "no series has an NE score"),
                                          ("study", "series b names no study")])
def test_what_cannot_be_classified_is_named(column, said):
    rows = pd.DataFrame(ROWS | {column: ["", "", ""]})
    with pytest.raises(InputError, match=said):
        scored.scored(rows, "m.csv")


@pytest.mark.parametrize("column, values, said", [
    ("image", ["i/a", "", "i/c"], "series b names no image"),
    ("NE_Score", ["", "high", ""], "series b has no NE_Score from -1 to 1"),
    ("NE_Score", ["", "1.5", ""], "series b has no NE_Score from -1 to 1"),
    ("Group", ["", "dev", ""], "series b has another Group than train, val, test")])
def test_a_manifest_that_cannot_be_used_is_named(column, values, said):
    with pytest.raises(InputError, match=f"m.csv: {said}"):
        scored.scored(pd.DataFrame(ROWS | {column: values}), "m.csv")


def test_a_scored_series_without_mask_is_among_the_predicted_ones_only(tmp_path):
    rows = pd.DataFrame(ROWS | {"Group": ["", "train", "test"]})
    canonical.write_csv(tmp_path / "manifest.csv", rows)
    assert run(scored.stage, "--manifest", tmp_path / "manifest.csv", "--predictions",
               tmp_path / "masks", "--out", tmp_path / "scored") == 0
    assert {name: pd.read_csv(tmp_path / "scored" / f"{name}.csv")["File"].tolist()
            for name in ("reference", "predicted")} == {"reference": ["b"],
                                                         "predicted": ["b", "c"]}


def test_lists_name_the_masks_that_are_there_and_those_to_come(tmp_path):
    home = tmp_path / "data" / "cohort"
    canonical.write_csv(home / "manifest.csv", pd.DataFrame(ROWS))
    assert run(scored.stage, "--manifest", home / "manifest.csv", "--predictions",
               tmp_path / "masks", "--out", tmp_path / "data" / "scored") == 0
    reference, predicted = (pd.read_csv(tmp_path / "data" / "scored" / f"{name}.csv").loc[0]
                            for name in ("reference", "predicted"))
    assert (reference["image"], reference["mask"]) == ("../cohort/i/b", "../cohort/m/b")
    assert (predicted["image"], predicted["mask"]) == ("../cohort/i/b", "../../masks/b.nii.gz")


def params(folder, **cohort):
    content = whole()
    content["cohort"] |= cohort
    path = folder / "params.yaml"
    path.write_text(yaml.safe_dump(content))
    return path


def test_an_unknown_source_is_one_line(tmp_path, capsys):
    code = run(source.stage, "--source", "own", "--params", params(tmp_path, source="mri"),
               "--inputs", tmp_path, "--checksums", tmp_path / "c.csv", "--out", tmp_path / "out")
    assert code == 2
    assert "parameter 'cohort.source' is 'mri'; valid: " in capsys.readouterr().err


def test_every_source_takes_the_arguments_that_it_is_given(tmp_path, capsys):
    for name, given in source.arguments(tmp_path / "in", tmp_path / "c", tmp_path / "o").items():
        text = Path(source.MODULES[name].__file__).read_text()
        assert all(f'"{flag}"' in text for flag in given if str(flag).startswith("--")), name


def test_lits_without_files_says_where_they_belong(tmp_path, capsys):
    code = run(source.stage, "--source", "lits", "--params", params(tmp_path), "--inputs",
               tmp_path / "lits", "--checksums", tmp_path / "c.csv", "--out", tmp_path / "out")
    assert code == 2 and "lits: no such folder" in capsys.readouterr().err


def test_ranks_against_values_by_hand():
    first, second = pd.Series([1.0, 2.0, 3.0]), pd.Series([1.0, 9.0, 4.0])
    assert planted.spearman(first, second) == pytest.approx(0.5)
    assert planted.area(np.array([0, 0, 1]), pd.Series([1.0, 3.0, 2.0])) == 0.5
    assert planted.area(np.array([1, 1]), pd.Series([1.0, 2.0])) is None


def test_the_designed_correlation_is_the_one_of_many_draws():
    random = np.random.default_rng(1)
    first = random.standard_normal(200_000)
    second = 0.7 * first + np.sqrt(1 - 0.49) * random.standard_normal(200_000)
    drawn = planted.spearman(pd.Series(first), pd.Series(second))
    assert planted.rank_correlation(0.7) == pytest.approx(drawn, abs=0.01)


def test_nothing_is_planted_in_another_source(tmp_path):
    assert run(planted.stage, "--source", "lits", "--scored", tmp_path / "none.csv", "--params",
               params(tmp_path), "--out", tmp_path / "p.json") == 0
    assert canonical.read_json(tmp_path / "p.json") == {}


@pytest.mark.parametrize("twin, burden", [("planted", 0.683), ("no-effect", 0.0), ("shortcut", 0.0)])
def test_a_twin_without_the_effect_has_none_designed(twin, burden):
    preset = section(PARAMS, "phantom", Phantom).presets["quick"]
    found = planted.designed(dataclasses.replace(preset, twin=twin))
    assert found["burden_spearman"] == pytest.approx(burden, abs=0.001)
