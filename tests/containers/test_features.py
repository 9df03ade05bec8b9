"""``make features``: what it refuses, what it runs, and what stays for the next run."""

import pytest

from containers.commands import features
from containers.commands.predict import EVERYTHING, IGNORE, WORK
from containers.launcher import LauncherError


@pytest.fixture
def table(tmp_path):
    path = tmp_path / "own" / "cohort.csv"
    path.parent.mkdir()
    path.write_text("series,path,mask\na,a.nii.gz,m.nii.gz\n")
    return path


def parsed(*arguments):
    return features.parse([str(argument) for argument in arguments])


@pytest.mark.parametrize("arguments", [("--table=", "--out=x"), ("--table=t.csv", "--out="),
                                       ("--table=t.csv",), ("--table= ", "--check")])
def test_the_table_and_the_folder_are_named(arguments):
    with pytest.raises(LauncherError, match="make features TABLE=… OUT=…"):
        parsed(*arguments)


def test_nothing_is_overwritten_but_an_interrupted_run_goes_on(table, tmp_path):
    options = parsed("--table", table, "--out", tmp_path / "out")
    assert features.check(options) == (table, tmp_path / "out")
    (tmp_path / "out" / WORK).mkdir(parents=True)
    (tmp_path / "out" / IGNORE).write_text(EVERYTHING)
    assert features.check(options) == (table, tmp_path / "out")
    (tmp_path / "out" / "features.csv").write_text("mine")
    with pytest.raises(LauncherError, match="is not empty; name a new folder, nothing is overwritten"):
        features.check(options)
    with pytest.raises(LauncherError, match="is a file"):
        features.check(parsed("--table", table, "--out", table))
    with pytest.raises(LauncherError, match="no such file; name the cohort's table"):
        features.check(parsed("--table", tmp_path / "none.csv", "--out", tmp_path / "new"))


def test_settings_are_looked_at_first_and_a_check_writes_nothing(table, tmp_path):
    settings = tmp_path / "settings" / "own.yaml"
    settings.parent.mkdir()
    settings.write_text("{}")
    options = parsed("--table", table, "--out", tmp_path / "out", "--settings", settings)
    lines = features.commands(options, table, tmp_path / "out" / WORK)
    assert [line[line.index("-m") + 1] for line in lines] == [
        "stages.radiomics.measure", "stages.cohort.masked", "stages.radiomics.measure"]
    assert "--check" in lines[0] and "--check" not in lines[1] + lines[2]
    # A container reads what lies outside of the repository, and writes there, only where it is told.
    assert all(line[line.index("--write") + 1] == str(tmp_path / "out" / WORK) for line in lines)
    assert lines[0][1] == lines[2][1] == str(settings.parent) and lines[1][1] == str(table.parent)
    lines = features.commands(parsed("--table", table, "--check"), table, table.parent / WORK)
    assert len(lines) == 2 and all("--check" in line and "--write" not in line for line in lines)
