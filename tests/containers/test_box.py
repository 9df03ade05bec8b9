"""What a container sees of the machine, without an engine: its variables and its mounts."""

import os
from pathlib import Path

import pytest

from containers.launcher import ROOT, LauncherError, box, environment, images
from containers.launcher.box import NOBODY, OUTPUTS, REPOSITORY, SCRATCH, Box


def test_variables_are_the_stage_s_the_image_s_and_the_container_s():
    image = images.Image("small", "3.13", {"OWN": "1", "TZ": "Mars"})
    found = Box(Path("/tmp/x"), 1, 1).variables(image, 2, tests=False)
    assert environment.variables(2).items() - {("TZ", "UTC")} <= {
        *found.items(), ("PATH", environment.variables(2)["PATH"])}
    assert (found["OWN"], found["TZ"], found["OMP_NUM_THREADS"]) == ("1", "Mars", "2")
    assert found["HOME"] == found["TMPDIR"] == str(SCRATCH) and found["PYTHONPATH"] == str(REPOSITORY)
    assert "test-tools" in Box(Path("/tmp/x"), 1, 1).variables(image, 2, tests=True)["PYTHONPATH"]


def test_nothing_is_writable_but_outputs_scratch_and_what_is_named():
    box = Box(Path("/tmp/x"), 1, 1, read=(Path("/in"),), write=(Path("/out"),))
    writable = {place for _, place, may in box.mounts() if may}
    assert writable == {SCRATCH, Path("/out"), *(REPOSITORY / name for name in OUTPUTS)}
    assert {place for _, place, may in box.mounts() if not may} == {REPOSITORY, Path("/in")}
    assert (ROOT, REPOSITORY, False) in box.mounts() and not box.gpu


@pytest.fixture
def repository(tmp_path, monkeypatch):
    """A repository of this test's own, with a file of results."""
    monkeypatch.setattr(box, "ROOT", tmp_path / "repository")
    (tmp_path / "repository" / "data" / "a").mkdir(parents=True)
    (tmp_path / "repository" / "data" / "a" / "x").write_text("1")
    (tmp_path / "repository" / "params.yaml").write_text("")
    (tmp_path / "scratch").mkdir()
    (tmp_path / "repository").chmod(0o755)
    return tmp_path / "repository"


def view(tmp_path, user=NOBODY, **more):
    return Box(tmp_path / "scratch", user, user, **more)


def facts(path):
    found = os.lstat(path)
    return found.st_uid, found.st_mode & 0o777


def test_an_ordinary_user_s_folders_are_made_and_left_alone(repository, tmp_path, monkeypatch):
    monkeypatch.setattr(box.os, "geteuid", lambda: 1000)
    monkeypatch.setattr(box.os, "getegid", lambda: 1001)
    monkeypatch.setattr(box.os, "chown", lambda *_: pytest.fail("an owner was changed"))
    assert box.identity() == (1000, 1001)
    with box.opened(view(tmp_path, write=(tmp_path / "out",))):
        assert all((repository / name).is_dir() for name in OUTPUTS) and (tmp_path / "out").is_dir()


@pytest.mark.parametrize("owner, user", [((5, 6), (5, 6)), ((0, 0), (NOBODY, NOBODY))])
def test_root_s_containers_run_as_the_owner_or_as_nobody(repository, monkeypatch, owner, user):
    monkeypatch.setattr(box.os, "geteuid", lambda: 0)
    monkeypatch.setattr(Path, "stat", lambda path: os.stat_result((0, 0, 0, 0, *owner, 0, 0, 0, 0)))
    assert box.identity() == user


def test_a_folder_that_cannot_be_made(repository, tmp_path):
    (repository / "masks").write_text("a file")
    with pytest.raises(LauncherError, match="masks: cannot make this folder"):
        with box.opened(view(tmp_path)):
            pytest.fail("it was opened")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root's containers run as another user")
class TestOfRoot:
    """Folders pass to the container's user and come back."""

    def test_folders_are_lent_and_given_back(self, repository, tmp_path):
        data = repository / "data"
        (data / "link").symlink_to("a/x")
        (data / "a" / "x").chmod(0o600)
        (data / "a" / "own").write_text("")
        os.chown(data / "a" / "own", NOBODY, NOBODY)
        (data / "a" / "own").chmod(0o600)
        with box.opened(view(tmp_path, write=(tmp_path / "out",))):
            assert facts(data)[0] == facts(data / "a")[0] == facts(tmp_path / "out")[0] == NOBODY
            assert facts(tmp_path / "scratch")[0] == NOBODY
            assert facts(data / "a" / "x") == (0, 0o644), "stages replace files, and read them"
            assert facts(data / "a" / "own") == (NOBODY, 0o600), "it reads its own"
            (data / "new").write_text("")
            os.chown(data / "new", NOBODY, NOBODY)
            os.chown(data / "link", NOBODY, NOBODY, follow_symlinks=False)
        for path in (data, data / "a", data / "new", data / "link", data / "a" / "own",
                     tmp_path / "out"):
            assert facts(path)[0] == 0, path

    def test_a_command_that_ends_earlier_leaves_them_to_the_other(self, repository, tmp_path):
        with box.opened(view(tmp_path)):
            with box.opened(view(tmp_path)):
                pass
            assert facts(repository / "data")[0] == NOBODY
        assert facts(repository / "data")[0] == 0

    def test_they_come_back_after_a_failure(self, repository, tmp_path):
        with pytest.raises(ZeroDivisionError):
            with box.opened(view(tmp_path)):
                raise ZeroDivisionError
        assert facts(repository / "data")[0] == 0

    @pytest.mark.parametrize("name, mode", [(".", 0o750), ("params.yaml", 0o640), (".", 0o754)])
    def test_what_the_container_s_user_may_not_read(self, repository, tmp_path, name, mode):
        (repository / name).chmod(mode)
        with pytest.raises(LauncherError, match="may not read this; work as an ordinary user"):
            with box.opened(view(tmp_path)):
                pytest.fail("it was opened")
        os.chown(repository / name, 7, 7)
        with box.opened(view(tmp_path, user=7)):
            pass
