"""Re-execution and comparison, on two small pipelines: one in a folder, the root's behind it."""

from __future__ import annotations

import csv
import os
import shutil
import subprocess
import sys

import pytest

from containers.launcher import ROOT, LauncherError
from containers.verifier import checkout, lockfile, record, variations
from containers.verifier.compare import first_difference

STUDY = """\
stages:
  first:
    wdir: ../..
    cmd: sh first.sh
    deps: [first.sh]
    outs: [data/table.csv]
  swept:
    foreach: [a, b]
    do:
      frozen: true
      wdir: ../..
      cmd: cp data/table.csv swept-${item}.csv
      deps: [data/table.csv]
      outs: [{"swept-${item}.csv": {cache: false}}]
"""
# Apart from the two, as the imaging pipeline is.
APART = """\
stages:
  alone:
    cmd: echo 1 > alone.txt
    outs: [alone.txt]
"""
HOUSE = """\
stages:
  second:
    cmd: sh second.sh
    deps: [data/table.csv, second.sh, swept-a.csv, swept-b.csv]
    metrics:
      - s.json:
          cache: false
"""


@pytest.mark.parametrize("suffix, old, new, words", [
    (".csv", b"a,b\n1,2\n", b"a,b\n1,2.5\n", "row 2, b is 2.5, was 2, by 0.5"),
    (".csv", b"a\n1\n", b"a\n1\n2\n", "row 3, a (2) is only in the new file"),
    (".json", b'{"x": {"y": [1, 2]}}', b'{"x": {"y": [1, 3]}}', "x.y[1] is 3, was 2, by 1"),
    (".json", b'{"x": 1}', b'{"y": 1}', "'y' stands where 'x' was"),
    (".csv", b"a,b\nx,2\n", b"a,b\ny,2\n", "row 2, a is y, was x"),
    (".bin", b"abc", b"abd", "byte 2 of 3"), (".json", b"{", b"[", "byte 0 of 1"),
    (".csv", b"a\n1\n", b"a\r\n1\n", "byte 1 of 4")])
def test_first_difference(tmp_path, suffix, old, new, words):
    path = tmp_path / f"x{suffix}"
    path.write_bytes(new)
    assert words in first_difference(old, path)


@pytest.fixture(scope="module")
def original(tmp_path_factory):
    """A repository with the verifier and pipelines that were run, swept and committed."""
    tmp_path = tmp_path_factory.mktemp("original") / "repository"
    if not (ROOT / ".venv" / "bin" / "dvc").exists():
        pytest.fail("the orchestrator is not set up; run 'make setup'")
    shutil.copytree(ROOT / "containers", tmp_path / "containers",
                    ignore=shutil.ignore_patterns("__pycache__", "images.lock"))
    (tmp_path / ".venv").symlink_to(ROOT / ".venv")
    (tmp_path / ".gitignore").write_text("/.venv\n/data\n__pycache__\n")
    for folder, text in ((".", HOUSE), ("studies/one", STUDY), ("studies/one/apart", APART)):
        (tmp_path / folder).mkdir(parents=True, exist_ok=True)
        (tmp_path / folder / "dvc.yaml").write_text(text)
    (tmp_path / "second.sh").write_text("echo '{\"n\": '$(wc -c < data/table.csv)'}' > s.json\n")
    script(tmp_path, "echo x,1.5")
    for command in (["git", "init", "-q"], [ROOT / ".venv/bin/dvc", "init", "-q"]):
        subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
    # A sweep runs where it is not frozen.
    study = tmp_path / "studies" / "one" / "dvc.yaml"
    study.write_text(STUDY.replace("frozen: true", "frozen: false"))
    commit(tmp_path, "-P")
    study.write_text(STUDY)
    commit(tmp_path)
    return tmp_path


@pytest.fixture
def repository(original, tmp_path):
    """A copy of the repository."""
    return shutil.copytree(original, tmp_path / "repository", symlinks=True)


def script(repository, line):
    made = f"mkdir -p data; (echo name,value; {line}) > data/table.csv\n"
    (repository / "first.sh").write_text(made)


def commit(repository, *targets):
    subprocess.run([ROOT / ".venv/bin/dvc", "repro", "-q", *targets], cwd=repository, check=True,
                   capture_output=True)
    identity = ["-c", "user.name=x", "-c", "user.email=x@x"]
    subprocess.run(["git", "add", "-A"], cwd=repository, check=True)
    subprocess.run(["git", *identity, "commit", "-q", "-m", "x"], cwd=repository, check=True)


def verify(repository, *arguments, **variables):
    line = [sys.executable, repository / "containers" / "verify", "--engine", "venv", *arguments]
    return subprocess.run(line, capture_output=True, text=True, env={**os.environ, **variables})


def test_outputs_of_every_lock_file_are_counted_and_frozen_ones_stay(repository):
    result = verify(repository)
    assert result.returncode == 0, result.stderr
    assert result.stdout == "2 of 2 outputs identical (engine venv)\n"
    assert "[1/2] studies/one/dvc.yaml:first\n[2/2] second" in result.stderr


def test_another_pipeline_is_verified_when_asked_for(repository):
    result = verify(repository, "--pipeline", "studies/one/apart/dvc.yaml")
    assert result.stdout == "1 of 1 outputs identical (engine venv)\n", result.stderr
    assert "studies/one/apart/dvc.yaml:alone" in result.stderr
    unknown = verify(repository, "--pipeline", "studies/two/dvc.yaml")
    assert unknown.returncode == 2 and unknown.stderr == (
        "error: no pipeline 'studies/two/dvc.yaml'; there are: dvc.yaml, "
        "studies/one/apart/dvc.yaml, studies/one/dvc.yaml\n")


def test_paths_of_a_lock_file_are_where_its_stages_run(repository):
    found = lockfile.outputs(repository, ["dvc.yaml", "studies/one/dvc.yaml",
                                          "studies/one/apart/dvc.yaml"])
    assert {path: out.stage for path, out in found.items()} == {
        "s.json": "second", "data/table.csv": "studies/one/dvc.yaml:first",
        "swept-a.csv": "studies/one/dvc.yaml:swept@a", "swept-b.csv": "studies/one/dvc.yaml:swept@b",
        "studies/one/apart/alone.txt": "studies/one/apart/dvc.yaml:alone"}
    (repository / "studies/one/dvc.lock").write_text("stages: 5\n")
    with pytest.raises(LauncherError, match="studies/one/dvc.lock: not a dvc.lock"):
        lockfile.outputs(repository, ["dvc.yaml", "studies/one/dvc.yaml"])


def test_difference_is_named_with_its_size(repository):
    script(repository, "echo x,${CHANGING:-1.5}")
    commit(repository)
    result = verify(repository, CHANGING="1.75")
    assert result.returncode == 1
    assert "data/table.csv: row 2, value is 1.75, was 1.5, by 0.25" in result.stdout
    assert "s.json: n is 18, was 17, by 1" in result.stdout
    assert "0 of 2 outputs identical" in result.stdout


def test_the_other_pipeline_is_recorded_with_its_cpu(repository):
    folder = repository / "imaging"
    folder.mkdir()
    (folder / "deep.sh").write_text("echo ${CHANGING:-1} > ../deep.csv\n")
    (folder / "dvc.yaml").write_text("stages:\n  deep:\n    cmd: sh deep.sh\n"
                                     "    outs: [../deep.csv]\n")
    (repository / "reports").mkdir()
    subprocess.run([ROOT / ".venv/bin/dvc", "repro", "-q", "imaging/dvc.yaml"], cwd=repository,
                   check=True, capture_output=True)
    commit(repository)
    result = verify(repository, "--pipeline", "imaging/dvc.yaml", "--record")
    assert result.returncode == 0, result.stderr
    assert result.stdout == "1 of 1 outputs identical (engine venv)\n"
    header, row = csv.reader((repository / "reports" / "verified.csv").read_text().splitlines())
    assert dict(zip(header, row)) | {"sha256": ""} == {
        "run": "imaging/dvc.yaml", "engine": "venv", "cpu": record.native_cpu(), "how": "native",
        "outputs": "1", "identical": "1", "sha256": ""}
    result = verify(repository, "--pipeline", "imaging/dvc.yaml", CHANGING="2")
    assert result.returncode == 1 and "0 of 1 outputs identical" in result.stdout


def test_skipped_stages_are_not_counted(repository):
    result = verify(repository, "--skip", "sec*")
    assert result.stdout == "1 of 1 outputs identical (engine venv)\n"
    assert "[1/1] studies/one/dvc.yaml:first" in result.stderr
    none = verify(repository, "--skip", "fir*", "second")
    assert none.returncode == 2 and "no stage is left" in none.stderr
    assert len(none.stderr.splitlines()) == 1


def test_a_target_that_no_stage_of_the_root_needs_is_found(repository):
    folder = repository / "studies" / "two"
    folder.mkdir(parents=True)
    (folder / "dvc.yaml").write_text("stages:\n  page:\n    cmd: echo 1 > page.csv\n"
                                     "    outs: [page.csv]\n")
    subprocess.run([ROOT / ".venv/bin/dvc", "repro", "-q", "studies/two/dvc.yaml"], cwd=repository,
                   check=True, capture_output=True)
    commit(repository)
    for target in ("page", "studies/two/dvc.yaml:page"):
        result = verify(repository, "--targets", target)
        assert result.stdout == "1 of 1 outputs identical (engine venv)\n", result.stderr
    # A pattern with a file means every pipeline's, though the root needs one that fits, too.
    assert "3 of 3" in verify(repository, "--targets", "studies/*:*").stdout


def test_targets_are_found_in_every_pipeline(repository):
    for target in ("first", "fir*", "studies/one/dvc.yaml:first"):
        result = verify(repository, "--targets", target)
        assert result.stdout == "1 of 1 outputs identical (engine venv)\n", result.stderr
    # What a target needs runs as well.
    assert "[2/2] second" in verify(repository, "--targets", "second").stderr
    unknown = verify(repository, "--targets", "third")
    assert unknown.returncode == 2 and "'third'" in unknown.stderr


@pytest.mark.parametrize("pattern, stage, fits", [
    ("sensitivity*", "studies/x/dvc.yaml:sensitivity_search@a", True),
    ("forest_weights*", "studies/x/dvc.yaml:forest_weights@2025-08-a", True),
    ("train", "studies/x/dvc.yaml:train@a", True), ("train@a", "studies/x/dvc.yaml:train@a", True),
    ("studies/x/*", "studies/x/dvc.yaml:train@a", True), ("train", "studies/x/dvc.yaml:trainer", False),
    ("x*", "studies/x/dvc.yaml:train@a", False), ("ledger", "ledger@x", True)])
def test_what_a_pattern_fits(pattern, stage, fits):
    assert checkout.matches(stage, pattern) is fits


def test_uncommitted_changes_are_announced(repository):
    script(repository, "echo y,2")
    assert "verifies HEAD" in verify(repository).stderr


def test_failing_stage_is_one_line(repository):
    (repository / "first.sh").write_text('[ -z "$FAIL" ] || { echo "error: why" >&2; exit 2; }\n'
                                         + (repository / "first.sh").read_text())
    commit(repository)
    result = verify(repository, FAIL="1")
    assert result.returncode == 2
    assert [line for line in result.stderr.splitlines() if "error: the pipeline failed" in line]
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize("lock", ["dvc.lock", "studies/one/dvc.lock"])
def test_missing_lock(repository, lock):
    subprocess.run(["git", "rm", "-q", "-f", lock], cwd=repository, check=True)
    subprocess.run(["git", "-c", "user.name=x", "-c", "user.email=x@x", "commit", "-qm", "x"],
                   cwd=repository, check=True)
    result = verify(repository)
    assert result.returncode == 2 and f"{lock}: No such file" in result.stderr


def test_variations_are_made_and_compared(repository):
    names = ["time zone", "umask", "path", "environment size"]
    result = verify(repository, "--vary", *(word for name in names for word in ("--only", name)))
    assert result.returncode == 0, result.stdout + result.stderr
    assert result.stdout.count("identical  ") == 4
    assert "4 of 4 variations identical, 0 different" in result.stdout


def test_variation_that_matters_is_found(repository):
    script(repository, 'echo "x,$TZ"')
    commit(repository)
    result = verify(repository, "--vary", "--only", "time zone")
    assert result.returncode == 1
    assert "DIFFERENT" in result.stdout and "Pacific/Apia" in result.stdout


def test_recorded_variations_are_not_run_again(repository):
    (repository / "reports").mkdir()
    both = ["--vary", "--record"]
    first = verify(repository, *both, "--only", "time zone")
    assert first.returncode == 0, first.stdout + first.stderr
    path = repository / "reports" / "verified.csv"
    rows = list(csv.DictReader(path.read_text().splitlines()))
    assert [(row["run"], row["how"], row["outputs"], row["identical"]) for row in rows] == [
        ("dvc.yaml", "time zone", "2", "2")]
    # As if all but one had been run: that one is all there is to do.
    path.write_text("\n".join([",".join(rows[0]), *(
        ",".join({**rows[0], "how": one.name}.values())
        for one in variations.every(repository, "venv") if one.name != "umask")]) + "\n")
    again = verify(repository, *both)
    assert again.stdout.count("recorded   ") == 16 and "identical  umask" in again.stdout
    assert "17 of 17 variations identical, 0 different" in again.stdout
    named = verify(repository, *both, "--only", "time zone")
    assert "identical  time zone" in named.stdout
    # Other bytes are not what the table speaks of: its rows go.
    script(repository, "echo x,2")
    commit(repository)
    other = verify(repository, *both, "--only", "umask")
    assert other.stdout.count("no longer recorded, of other bytes") == 16
    assert len(path.read_text().splitlines()) == 2


def test_unknown_variation(repository):
    result = verify(repository, "--vary", "--only", "weather")
    assert result.returncode == 2 and "time zone" in result.stderr


@pytest.mark.parametrize("engine", ["venv", "docker"])
def test_there_are_twelve_variations_and_more(tmp_path, engine):
    found = variations.every(tmp_path, engine)
    assert len({one.name for one in found}) == len(found) >= 12


def test_obstacle_is_said(tmp_path):
    one = variations.Variation("x", "x", needs="no-such-program")
    assert "not installed" in one.obstacle()
