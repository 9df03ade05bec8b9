"""The public tables of the control: pinned, and one lesion for each patient."""

import gzip
from pathlib import Path

import pandas as pd
import pytest

from stages.common import canonical
from stages.common.errors import InputError
from stages.prediction.lesions import lesions
from studies.gi_liver.control import stage

FILES = Path(__file__).resolve().parents[4] / "studies" / "gi_liver" / "control" / "files.csv"


@pytest.fixture
def pinned(tmp_path):
    """A table of six patients, and the list that pins it."""
    rows = pd.DataFrame({"CT_original_a": [1.5, 2, 3, 4, 5, 6], "CT_wavelet_a": range(6),
                         "CT_original_b": [2.0, 1, 2, 1, 2, 2], "ID": list("uvwxyz"),
                         "Target": [0, 1, 0, 1, 0, 1]})
    path = tmp_path / "made.gz"
    path.write_bytes(gzip.compress(rows.to_csv(index=False).encode()))
    canonical.write_csv(tmp_path / "files.csv", pd.DataFrame([{
        "name": "made", "prefix": "CT_original_", "file": "made.gz",
        "sha256": canonical.sha256(path)}]))
    return tmp_path


def test_features_of_the_original_image_are_taken(pinned):
    rows = stage.read(pinned / "files.csv", pinned, "made")
    found = lesions(rows, pinned)
    assert found.names == ("original_a", "original_b")
    assert found.features[:, 0].tolist() == [1.5, 2, 3, 4, 5, 6]
    assert found.outcome.tolist() == [0, 1] * 3 and found.counts.tolist() == [1] * 6


def test_the_pinned_tables_have_the_size_feature_that_the_stage_names():
    listed = canonical.read_csv(FILES)
    assert len(listed) == 2 and listed["sha256"].str.fullmatch("[0-9a-f]{64}").all()
    assert listed["address"].str.contains("/[0-9a-f]{40}/").all()
    assert stage.SIZE == "original_shape_VoxelVolume" and listed["prefix"].str.endswith("_").all()


@pytest.mark.parametrize("spoil, said", [
    (lambda folder: (folder / "made.gz").unlink(), "no such file; fetch it"),
    (lambda folder: (folder / "made.gz").write_bytes(gzip.compress(b"ID,Target\n")),
     "another SHA-256 than the one it is pinned by"),
    (lambda folder: (folder / "files.csv").write_text(
        (folder / "files.csv").read_text().replace("CT_original_", "MR_")), "no feature that starts"),
    (lambda folder: (folder / "files.csv").write_text("name,prefix,file,sha256\n"), "has no table")])
def test_what_is_not_the_pinned_table_is_one_line(pinned, spoil, said):
    spoil(pinned)
    with pytest.raises(InputError, match=said) as caught:
        stage.read(pinned / "files.csv", pinned, "made")
    assert "\n" not in str(caught.value)
