"""What a release holds is run again without a network, and gives the bytes that it holds."""

import os
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path
from types import SimpleNamespace

import pytest

from containers.commands.faults import house
from containers.commands.release import again
from containers.launcher import LauncherError


@pytest.fixture(scope="module")
def released(tmp_path_factory):
    """A small house with its release."""
    folder = tmp_path_factory.mktemp("released") / "house"
    folder.mkdir()
    house.RELEASE.make(folder)
    status, said = house.RELEASE.run(folder)
    assert status == 0, said
    return folder


def run(folder, release="release"):
    return subprocess.run([folder / ".venv" / "bin" / "python", "-m",
                           "containers.commands.release.again", "--from", release], cwd=folder,
                          capture_output=True, text=True,
                          env={**os.environ, "MSCLC_ENGINE": "venv", "PYTHONPATH": str(folder)})


def test_the_bytes_are_those_of_the_release(released):
    said = run(released)
    assert said.returncode == 0, said.stdout + said.stderr
    assert "every result has the bytes of the release" in said.stdout
    target = released / again.FOLDER
    assert (target / ".dvc" / "cache" / "files" / "md5").is_dir() or not (
        released / "release" / "cache.tar.gz").exists()
    assert (target / "reports" / house.NAME / "ledger.csv").read_bytes() == (
        released / "reports" / house.NAME / "ledger.csv").read_bytes()
    # Every stage ran again, though git holds its results.
    assert "complete" in (target / "logs" / "reproduced").read_text()


def test_a_checkout_that_has_run_nothing_yet_gives_its_folder_of_environments(tmp_path, monkeypatch):
    for root in (tmp_path / "checkout", tmp_path / "target"):
        for name in again.LOCKS:
            path = root / "containers" / "orchestrator" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("a==1\n")
    monkeypatch.setattr(again, "ROOT", tmp_path / "checkout")
    again.equip(tmp_path / "target")
    # As the launcher makes it.
    (tmp_path / "target" / ".envs").mkdir(exist_ok=True)
    assert (tmp_path / "checkout" / ".envs").is_dir()


def test_no_address_can_be_reached(released):
    wrap = again.alone()
    if not wrap:
        pytest.skip("this machine allows no namespace without a network")
    script = "import socket; print([name for _, name in socket.if_nameindex()]); " \
             "socket.create_connection(('127.0.0.1', 9), 1)"
    done = subprocess.run([*wrap, sys.executable, "-c", script], capture_output=True, text=True)
    assert done.stdout.strip() == "['lo']" and "Network is unreachable" in done.stderr


def test_a_changed_byte_and_a_foreign_folder_are_one_line(released, tmp_path):
    copy = Path(shutil.copytree(released / "release", tmp_path / "release"))
    (copy / "LICENSE").write_text("mine")
    for release, words in ((copy, "release/LICENSE: is not what SHA256SUMS says"),
                           (tmp_path, "is no release (it holds no SHA256SUMS)")):
        said = run(released, str(release))
        assert said.returncode == 2 and words in said.stderr and said.stderr.count("\n") == 1


def test_a_result_that_is_another_one_is_named(released, tmp_path, monkeypatch):
    """The pipeline is left out here: a file is changed behind its back."""
    target = tmp_path / "clone"
    again.clone(released / "release", target)
    ledger = target / "reports" / house.NAME / "ledger.csv"
    ledger.write_text(ledger.read_text() + "\n")
    ended = subprocess.CompletedProcess([], 0)
    monkeypatch.setattr(again, "subprocess", SimpleNamespace(run=lambda *_, **__: ended))
    changed = again.run(released / "release", target, [])
    assert [line[3:] for line in changed] == [f"reports/{house.NAME}/ledger.csv"]


@pytest.mark.parametrize("name", ["../x", "/etc/x", "files/md5/zz/" + 30 * "0", "x"])
def test_an_archive_with_foreign_members_is_refused(tmp_path, name):
    (tmp_path / "x").write_text("x")
    with tarfile.open(tmp_path / "cache.tar.gz", "w:gz") as archive:
        archive.add(tmp_path / "x", arcname=name)
    with pytest.raises(LauncherError, match="no file of DVC's cache"):
        again.fill(tmp_path, tmp_path / "target")
    assert not (tmp_path / "target").exists()


def test_other_locks_are_another_program(tmp_path):
    for name in again.LOCKS:
        path = tmp_path / "containers" / "orchestrator" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("a==1\n")
    with pytest.raises(LauncherError, match="check out the release's tag"):
        again.equip(tmp_path)
