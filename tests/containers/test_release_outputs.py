"""Which outputs may leave the machine, on a small pipeline of its own."""

import json
import math
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest
import yaml

from containers.commands.release import main, oci_archives, outputs, pack, source
from containers.launcher import LauncherError, images


@pytest.fixture
def small(tmp_path, monkeypatch):
    """A pipeline of three stages: fetch a table, pass its rows on, count them."""
    def run(pushed, column=1, heavy=False):
        subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
        dvc = [sys.executable, "-m", "dvc"]
        subprocess.run([*dvc, "init", "-q"], cwd=tmp_path, check=True)
        # A name, a value of its own and one that counting a few voxels gives in any cohort.
        rows = "".join(f"scan-number-{number},{number / 7 + 1e-9:.15f},{math.sqrt(number / 7)!r}\n"
                       for number in range(1, 41))
        (tmp_path / "given.csv").write_text(f"scan,a_feature_with_a_name,another\n{rows}")
        copy = "cp given.csv table.csv"
        stages = {"fetch": {"cmd": copy, "meta": {"network": True}, "deps": ["given.csv"],
                            "outs": [{"table.csv": {"push": False}}]},
                  "rows": {"cmd": f"cut -d, -f{column} table.csv > rows.csv", "deps": ["table.csv"],
                           "outs": [{"rows.csv": {"push": pushed}}]},
                  "count": {"cmd": "mkdir -p count && wc -l < rows.csv > count/all.txt",
                            "deps": ["rows.csv"],
                            "outs": [{"count": {"meta": {"release": not heavy}}}]}}
        (tmp_path / "dvc.yaml").write_text(yaml.safe_dump({"stages": stages}))
        subprocess.run([*dvc, "repro", "-q"], cwd=tmp_path, check=True)
        monkeypatch.chdir(tmp_path)
        return outputs.Outputs(tmp_path)

    return run


def test_what_is_marked_stays_here_and_the_rest_is_packed(small, tmp_path):
    found = small(pushed=False)
    pack.tar(found.members().items(), tmp_path / "one.tar.gz", 0)
    pack.tar(reversed(found.members().items()), tmp_path / "two.tar.gz", 0)
    assert (tmp_path / "one.tar.gz").read_bytes() == (tmp_path / "two.tar.gz").read_bytes()
    with tarfile.open(tmp_path / "one.tar.gz") as archive:
        held = [archive.extractfile(member).read() for member in archive]
    assert len(held) == 2 and b"41\n" in held  # the list of the folder's files, and the file


@pytest.mark.parametrize("column", (1, 2))
def test_rows_of_a_fetched_table_that_are_not_marked_are_refused(small, column):
    with pytest.raises(LauncherError, match="rows.csv: holds rows of data that are not passed on"):
        small(pushed=True, column=column).members()


def test_values_that_small_lesions_of_any_cohort_have_are_no_rows_of_a_table(small):
    assert len(small(pushed=True, column=3).members()) == 3


def test_what_is_left_out_for_its_size_is_in_no_archive_and_may_be_missing(small):
    found = small(pushed=False, heavy=True)
    assert [(found.name(out.fs_path), found.address(out)) for out in found.heavy] == [
        ("count", "dvc.yaml:count")] and not found.members()
    Path(found.parts(found.heavy[0])[1].file).unlink()
    assert not outputs.Outputs(found.root).members()


def test_an_output_that_the_cache_lacks_is_named(small):
    found = small(pushed=False)
    Path(found.parts(found.released[0])[1].file).unlink()
    with pytest.raises(LauncherError, match="count/all.txt: not in DVC's cache"):
        outputs.Outputs(found.root).members()


def test_an_image_is_inside_only_if_it_is_the_recorded_one(tmp_path, monkeypatch):
    monkeypatch.setattr(images, "SIFS", tmp_path / "sifs")
    (tmp_path / "sifs").mkdir()
    locked = {}
    for name in ("cohort", "reporting", "statistics"):
        image = images.load(name)
        image.sif.write_bytes(b"an image of " + name.encode())
        locked[name] = {"recipe": image.recipe(),
                        "apptainer": {"digest": f"sha256:{pack.sha256(image.sif)}"}}
    images.load("reporting").sif.write_bytes(b"another one")
    locked["statistics"]["recipe"] = "of an earlier build"
    (tmp_path / "containers").mkdir()
    (tmp_path / "containers" / "images.lock").write_text(json.dumps(locked))
    folder = tmp_path / "release"
    folder.mkdir()
    monkeypatch.setenv("PATH", "/nonexistent")
    left = main._images(source.Tag(tmp_path, "v1", "", 0), folder)
    assert [path.name for path in (folder / "images").iterdir()] == [images.load("cohort").sif.name]
    # Neither is there an engine that holds any.
    missing = {"cohort.oci.tar", "reporting.oci.tar", "reporting.sif"}
    assert set(left) == missing | set(images.names()) - {"cohort", "reporting"}
    assert "another one" in left["reporting.sif"] and "present recipe" in left["statistics"]
    assert left["cohort.oci.tar"] == oci_archives.ABSENT
