"""The library's own count of its features, and which choices of classes give a number."""

import json
from pathlib import Path

import pytest

from stages.common import cli
from stages.common.errors import InputError
from studies.gi_liver import features

ROOT = Path(__file__).resolve().parents[4]
HEAD = "item,row,metric,value\n"


def test_the_counts_in_git_are_those_of_the_library():
    found = json.loads((ROOT / "metrics/gi_liver/results/features.json").read_text())
    assert found["classes"] == features.counts() and found["all"] == sum(found["classes"].values())
    # Every class that the paper names is one of them, and there is no other.
    assert set(found["classes"]) == {"firstorder", "shape", "shape2D", "ngtdm", "glcm", "glrlm",
                                     "glszm", "gldm"}


def test_choices_are_found_where_there_are_any():
    sizes = features.counts()
    assert ["shape2D"] not in features.choices(sizes, 107)
    assert [sorted(set(sizes) - {"shape2D"})] == features.choices(sizes, 107)
    assert features.choices(sizes, 116) == [sorted(sizes)]
    assert not features.choices(sizes, 105) and not features.choices(sizes, 0)


@pytest.mark.parametrize("rows", ["", "Results,selection,candidates,many\n",
                                  "Results,selection,candidates,5\n" * 2])
def test_a_table_without_the_number_is_one_line(tmp_path, monkeypatch, rows):
    (tmp_path / "text.csv").write_text(HEAD + "Results,selection,selected,3\n" + rows)
    monkeypatch.setattr("sys.argv", ["features", "--published", str(tmp_path / "text.csv"),
                                     "--out", str(tmp_path / "out.json")])
    with pytest.raises(InputError, match="does not print one number of candidate features"):
        features.stage()
    with pytest.raises(SystemExit) as stopped:
        cli.main(features.stage)
    assert stopped.value.code == 2 and not (tmp_path / "out.json").exists()
