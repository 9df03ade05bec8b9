"""Canonical files are the same bytes for the same content, whole or not there."""

import math

import numpy as np
import pandas as pd
import pytest

from stages.common import canonical
from stages.common.errors import InputError


def test_json_is_sorted_plain_and_shortest():
    content = {"b": np.float64(0.1) + 0.2, "a": [np.int64(3), np.nan], "c": {2: True}}
    assert canonical.json_bytes(content) == (
        b'{\n  "a": [\n    3,\n    null\n  ],\n  "b": 0.30000000000000004,\n'
        b'  "c": {\n    "2": true\n  }\n}\n')


def test_infinity_has_no_canonical_form():
    with pytest.raises(ValueError):
        canonical.json_bytes({"a": math.inf})


def test_csv_round_trips_every_float(tmp_path):
    values = np.random.default_rng(1).normal(size=50) * 10.0 ** np.arange(-25, 25)
    frame = pd.DataFrame({"name": [f"r{i}" for i in range(50)], "value": values})
    frame.loc[3, "value"] = np.nan
    canonical.write_csv(tmp_path / "t.csv", frame)
    back = canonical.read_csv(tmp_path / "t.csv")
    np.testing.assert_array_equal(back["value"], frame["value"])
    first = (tmp_path / "t.csv").read_bytes()
    canonical.write_csv(tmp_path / "t.csv", back)
    assert (tmp_path / "t.csv").read_bytes() == first and b"\r" not in first


def test_missing_column_is_named(tmp_path):
    (tmp_path / "t.csv").write_text("a,b\n1,2\n")
    with pytest.raises(InputError, match="t.csv: lacks the column.* c; restore"):
        canonical.read_csv(tmp_path / "t.csv", ("a", "c"))


@pytest.mark.parametrize("content", ["", "{", '{"a": 1'])
def test_broken_json_is_one_line(tmp_path, content):
    (tmp_path / "t.json").write_text(content)
    with pytest.raises(InputError) as caught:
        canonical.read_json(tmp_path / "t.json")
    assert "t.json" in str(caught.value) and "\n" not in str(caught.value)


def test_absent_file_is_one_line(tmp_path):
    for read in (canonical.read_json, canonical.read_csv):
        with pytest.raises(InputError, match="no such file; run the stage"):
            read(tmp_path / "absent")


def test_failed_write_leaves_the_old_file(tmp_path):
    target = tmp_path / "out"
    canonical.write_bytes(target, b"old")
    with pytest.raises(InputError, match="cannot write"):
        canonical.write_bytes(target / "below", b"new")
    assert target.read_bytes() == b"old"
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_target_that_is_a_folder_leaves_nothing_behind(tmp_path):
    (tmp_path / "out").mkdir()
    with pytest.raises(InputError, match="cannot write"):
        canonical.write_bytes(tmp_path / "out", b"new")
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
