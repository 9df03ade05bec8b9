"""How a virtual environment is made: what is asked for, what is kept, what cannot be had."""

import os
import subprocess
from dataclasses import replace

import pytest

from containers.launcher import LauncherError, images, orchestrator, venv

from .conftest import stub


@pytest.fixture
def image(tmp_path, monkeypatch):
    """An image of this test's own; environments below ``tmp_path``."""
    monkeypatch.setattr(images, "CONTAINERS", tmp_path / "containers")
    monkeypatch.setattr(venv, "ENVIRONMENTS", tmp_path / "envs")
    folder = tmp_path / "containers" / "small"
    folder.mkdir(parents=True)
    (folder / "image.json").write_text('{"python": "3.13", "environment": {"FLAGS": "-O2"}}')
    (folder / "requirements.lock").write_text("a==1\n")
    return images.load("small")


@pytest.fixture
def uv(monkeypatch):
    """Record what uv is asked for; whatever makes an environment makes its folder."""
    calls = []

    def run(*arguments, extra=None):
        calls.append((arguments, extra))
        if arguments[0] == "venv":
            os.makedirs(arguments[-1], exist_ok=True)

    monkeypatch.setattr(venv, "_uv", run)
    monkeypatch.setattr(venv, "interpreter", lambda version: f"python{version}")
    return calls


def test_an_environment_is_made_once_and_again_for_other_pins(image, uv, tmp_path):
    assert not venv.ready(image)
    folder = venv.setup(image)
    assert folder == tmp_path / "envs" / "small" and venv.ready(image)
    made, installed = uv
    assert made[0] == ("venv", "--clear", "--python", "python3.13", str(folder))
    assert installed[0][:6] == ("pip", "install", "--python", str(folder), "--require-hashes",
                                "--no-deps")
    assert installed[0][-2:] == ("-r", str(image.lock)) and installed[1] == {"FLAGS": "-O2"}
    assert "--no-build-isolation" not in installed[0]
    assert venv.setup(image) == folder and len(uv) == 2
    image.lock.write_text("a==2\n")
    assert not venv.ready(image)
    venv.setup(image)
    assert venv.ready(image) and len(uv) == 4


def test_build_tools_come_first_and_no_others_are_fetched(image, uv):
    image.build_lock.write_text("tool==1\n")
    venv.setup(image)
    (_, _), (tools, extra), (packages, _) = uv
    assert tools[-2:] == ("-r", str(image.build_lock)) and extra == image.environment
    assert "--no-build-isolation" in packages and packages[-1] == str(image.lock)


def test_what_another_command_has_made_meanwhile_is_taken(image, uv, monkeypatch):
    answers = iter((False, True))
    monkeypatch.setattr(venv, "ready", lambda image: next(answers))
    venv.setup(image)
    assert uv == []


def test_an_environment_that_was_not_finished_is_not_ready(image, uv, monkeypatch):
    def refuse(*_):
        raise LauncherError("no network")

    monkeypatch.setattr(venv, "_install", refuse)
    with pytest.raises(LauncherError, match="no network"):
        venv.setup(image)
    assert not venv.ready(image)


def test_a_folder_that_cannot_be_written(image, monkeypatch, tmp_path):
    (tmp_path / "envs").write_text("a file")
    with pytest.raises(LauncherError, match="envs: cannot write .*; make the folder writable"):
        venv.setup(image)


def test_the_test_tools_are_installed_where_their_lock_is_another(tmp_path, monkeypatch):
    calls = []

    def uv(*arguments):
        calls.append(arguments)
        os.makedirs(arguments[3])

    monkeypatch.setattr(venv, "ENVIRONMENTS", tmp_path)
    monkeypatch.setattr(venv, "_uv", uv)
    monkeypatch.setattr(venv, "interpreter", lambda version: version)
    folder = venv.test_tools()
    assert calls[0][:4] == ("pip", "install", "--target", str(folder)) and "3.10" in calls[0]
    assert venv.test_tools() == folder and len(calls) == 1
    (folder / "old").write_text("")
    (folder / venv.MARKER).write_text("another lock")
    venv.test_tools()
    assert len(calls) == 2 and not (folder / "old").exists()


def python(folder, version, status=0):
    """Write an interpreter that says which version it is."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"python{version}"
    path.write_text(f"#!/bin/sh\necho {version}\nexit {status}\n")
    path.chmod(0o755)
    return path


def test_the_interpreter_of_a_version_manager_goes_first(tmp_path, monkeypatch):
    own = python(tmp_path / "versions" / "3.13.5" / "bin", "3.13")
    own = own.rename(own.with_name("python"))
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path))
    other = python(tmp_path / "bin", "3.13")
    monkeypatch.setenv("PATH", f"{tmp_path / 'none'}:{other.parent}:/bin:/usr/bin")
    assert venv.interpreter("3.13") == str(own)
    own.unlink()
    assert venv.interpreter("3.13") == str(other)


@pytest.mark.parametrize("version, status", [("3.12", 0), ("3.13", 1)])
def test_an_interpreter_that_answers_wrongly_is_passed_over(tmp_path, monkeypatch, version, status):
    path = python(tmp_path, version, status)
    path.rename(tmp_path / "python3.13")
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path / "none"))
    monkeypatch.setenv("PATH", str(tmp_path))
    asked = []
    monkeypatch.setattr(venv, "_uv", lambda *arguments: asked.append(arguments))
    assert venv.interpreter("3.13") == "3.13" and asked == [("python", "install", "3.13")]

    def refuse(*_):
        raise LauncherError("no network")

    monkeypatch.setattr(venv, "_uv", refuse)
    with pytest.raises(LauncherError, match="no Python 3.13 on this machine and none could be fetched"):
        venv.interpreter("3.13")


def test_a_program_that_is_there_is_not_installed(image, uv, monkeypatch):
    monkeypatch.setattr(venv.subprocess, "run", lambda *_, **__: pytest.fail("something was run"))
    venv.setup(replace(image, programs={"sh": "dash"}))


@pytest.mark.parametrize("user, found", [(1000, "/usr/bin/apt-get"), (0, None)])
def test_who_cannot_install_a_program_is_told_how(image, uv, monkeypatch, user, found):
    monkeypatch.setattr(venv.os, "geteuid", lambda: user)
    monkeypatch.setattr(venv.shutil, "which", lambda name, path=None:
                        found if name == "apt-get" else None)
    with pytest.raises(LauncherError, match="'no-such' is not installed; install it .*install x"):
        venv.setup(replace(image, programs={"no-such": "x"}))
    assert uv == []


@pytest.mark.parametrize("fails", [None, "update", "install"])
def test_root_gets_a_program_from_the_distribution(image, uv, monkeypatch, fails):
    seen = []

    def run(command, env, **_):
        seen.append(command[1])
        assert command[0] == "apt-get" and env["DEBIAN_FRONTEND"] == "noninteractive"
        assert command[1] == "update" or command[-1] == "x"
        return subprocess.CompletedProcess(command, int(command[1] == fails))

    monkeypatch.setattr(venv.os, "geteuid", lambda: 0)
    monkeypatch.setattr(venv.shutil, "which", lambda name, path=None:
                        name if name == "apt-get" else None)
    monkeypatch.setattr(venv.subprocess, "run", run)
    if fails:
        with pytest.raises(LauncherError, match=f"apt-get {fails} .*failed"):
            venv.setup(replace(image, programs={"no-such": "x"}))
    else:
        venv.setup(replace(image, programs={"no-such": "x"}))
    assert seen == (["update"] if fails == "update" else ["update", "install"])


def test_what_the_distribution_says_is_not_shown(image, uv, monkeypatch, tmp_path, capfd):
    program = tmp_path / "apt-get"
    program.write_text(f"#!/bin/sh\necho $* >> {tmp_path}/asked\necho a list\necho a notice >&2\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setattr(venv.os, "geteuid", lambda: 0)
    venv.setup(replace(image, programs={"no-such": "x"}))
    assert len((tmp_path / "asked").read_text().splitlines()) == 2
    assert capfd.readouterr() == ("", "")


def test_uv_of_the_orchestrator_or_of_the_path(tmp_path, monkeypatch):
    monkeypatch.setattr(venv, "ROOT", tmp_path)
    monkeypatch.setenv("PATH", "/nonexistent")
    with pytest.raises(LauncherError, match="uv is not installed; run 'make setup'"):
        venv._uv("venv")
    script = f'echo "$@ $OWN" > {tmp_path / "said"}'
    monkeypatch.setenv("PATH", f"{stub(tmp_path / 'bin', 'uv', script)}:/usr/bin:/bin")
    venv._uv("venv", "x", extra={"OWN": "1"})
    assert (tmp_path / "said").read_text() == "--quiet venv x 1\n"
    (tmp_path / ".venv").mkdir()
    stub(tmp_path / ".venv" / "bin", "uv", "echo first >&2\necho >&2\necho '  second' >&2\nexit 1")
    with pytest.raises(LauncherError, match="uv pip install failed: first; second$"):
        venv._uv("pip", "install", "x")
    stub(tmp_path / ".venv" / "bin", "uv", f"echo {'x' * 500} >&2\nexit 1")
    with pytest.raises(LauncherError, match="failed: x{400}$"):
        venv._uv("pip", "install", "x")


def test_root_keeps_in_a_stage_what_files_need_and_nothing_else(monkeypatch, image):
    tried = []

    def run(line, **_):
        tried.append(line)
        return subprocess.CompletedProcess(line, int("--user" not in line or "setpriv" in line))

    monkeypatch.setattr(venv.subprocess, "run", run)
    for user in (0, 1000):
        tried.clear()
        monkeypatch.setattr(venv.os, "geteuid", lambda user=user: user)
        line, variables = venv.command(image, ["python", "-c", "pass"])
        assert line == [*"unshare --user --map-current-user --net -- python -c pass".split()]
        bounds = [part for part in tried[0] if part.startswith("--bounding-set")]
        assert bounds == (["--bounding-set=-all,+chown,+dac_override,+dac_read_search,+fowner"]
                          if user == 0 else [])
        assert "--no-new-privs" in tried[0] and tried[0][-1] == "true" and len(tried) == 4
    assert variables["PATH"].startswith(f"{venv.ENVIRONMENTS / 'small' / 'bin'}:")
    assert variables["FLAGS"] == "-O2"


def test_acquisition_without_an_orchestrator(tmp_path, monkeypatch):
    monkeypatch.setattr(orchestrator, "PYTHON", tmp_path / "bin" / "python")
    with pytest.raises(LauncherError, match="no orchestrator; run 'make setup'"):
        orchestrator.run(["python"], 1)


def test_acquisition_sees_where_data_are_and_how_the_network_is_reached(monkeypatch):
    seen = {}
    monkeypatch.setattr(orchestrator.child, "run", lambda line, **how:
                        seen.update(line=line, **how) or 5)
    monkeypatch.setenv("DATA_MIRROR", "/mirror")
    monkeypatch.setenv("https_proxy", "http://proxy")
    monkeypatch.setenv("OTHER", "x")
    assert orchestrator.run(["python", "-m", "x"], 3) == 5
    assert seen["line"] == [str(orchestrator.PYTHON), "-m", "x"] and seen["umask"] == 0o022
    assert seen["env"]["DATA_MIRROR"] == "/mirror" and seen["env"]["https_proxy"] == "http://proxy"
    assert seen["env"]["OMP_NUM_THREADS"] == "3" and "OTHER" not in seen["env"]
    assert seen["env"]["PATH"].startswith(f"{orchestrator.PYTHON.parent}:")
