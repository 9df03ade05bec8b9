"""A command of a container or an environment: how it ends, on which CPU, and what is recorded of it."""

import json
import os
import signal
import subprocess
import time

import pytest

from containers import launcher
from containers.launcher import (
    LauncherError,
    Terminated,
    child,
    engines,
    environment,
    images,
    main,
    venv,
)

from .conftest import IMAGE


class Process:
    """A command that ends when it has been asked ``patience`` times."""

    def __init__(self, patience):
        self.patience, self.sent, self.returncode = patience, [], None

    def wait(self, seconds=None):
        if seconds is None and not self.sent:
            raise self.stopped
        if seconds is not None and len(self.sent) < self.patience:
            raise subprocess.TimeoutExpired("x", seconds)
        self.returncode = -15 if self.sent else 0
        return self.returncode

    def send_signal(self, number):
        self.sent.append(number)

    def kill(self):
        self.sent.append(signal.SIGKILL)


@pytest.mark.parametrize("stopped, number", [(KeyboardInterrupt(), signal.SIGINT),
                                             (Terminated(), signal.SIGTERM)])
@pytest.mark.parametrize("patience, more", [(1, []), (2, [signal.SIGKILL])])
def test_a_command_is_asked_to_end_and_then_made_to(monkeypatch, stopped, number, patience, more):
    process = Process(patience)
    process.stopped = stopped
    monkeypatch.setattr(child.subprocess, "Popen", lambda line, **_: process)
    monkeypatch.setattr(child.signal, "signal", lambda *_: None)
    assert child.run(["x"]) == 128 + 15
    assert process.sent == [number, *more]


def test_a_command_that_ends_by_itself_is_sent_nothing(monkeypatch):
    process = Process(0)
    process.stopped = KeyboardInterrupt()
    monkeypatch.setattr(child.subprocess, "Popen", lambda line, **_: process)
    monkeypatch.setattr(child.signal, "signal", lambda *_: None)
    assert child.run(["x"]) == 0 and process.sent == []


@pytest.mark.parametrize("script, status", [("exit 4", 4), ("kill -9 $$", 137)])
def test_the_status_of_a_command_is_a_shell_s(script, status):
    assert child.run(["sh", "-c", script]) == status


@pytest.mark.parametrize("flags, said", [
    (["avx2", "fma"], None), ([], None), (["avx2"], "lacks fma,"), (["sse2"], "lacks avx2, fma,")])
def test_which_cpus_are_refused(flags, said):
    if said is None:
        assert environment.check_cpu(flags) is None
    else:
        with pytest.raises(LauncherError, match=said):
            environment.check_cpu(flags)


def test_a_cpu_that_does_not_describe_itself_is_not_refused(monkeypatch, tmp_path):
    monkeypatch.setenv(environment.CPUINFO_VARIABLE, str(tmp_path / "none"))
    assert environment.check_cpu() is None
    assert environment.cpu() == {"model": "", "kind": "  ", "features": []}
    (tmp_path / "none").write_text("vendor_id\t: V\ncpu family\t: 6\nmodel\t\t: 85\nmodel name\t: N\n"
                                   "flags\t\t: fpu sse4_2 fma avx512f amx_tile\n")
    assert environment.cpu() == {"model": "N", "kind": "V 6 85",
                                 "features": ["amx_tile", "avx512f", "fma", "sse4_2"]}


@pytest.fixture
def started(monkeypatch, tmp_path):
    """The command line without what it starts: engine, set-up and run are noted."""
    monkeypatch.setattr(main, "LOGS", tmp_path / "logs")
    seen = []
    monkeypatch.setattr(engines, "choose", lambda image: ("venv", None))
    monkeypatch.setattr(venv, "setup", lambda image: seen.append("set up"))

    def run(engine, digest, request, scratch):
        seen.append(request)
        if request.command[0] == "python":
            (scratch / "provenance.json").write_text('{"numpy": "2"}')
        return 9, 1.23456

    monkeypatch.setattr(engines, "run", run)
    return seen


def test_a_run_is_recorded_and_a_test_is_not(started, tmp_path):
    assert main.run(main.parse(["--threads", "2", IMAGE, "--", "python", "-m", "stages.x"])) == 9
    path, = (tmp_path / "logs").iterdir()
    record = json.loads(path.read_text())
    assert path.name.startswith("stages.x-") and record["command"] == ["python", "-m", "stages.x"]
    assert (record["engine"], record["digest"], record["status"], record["seconds"]) == (
        "venv", None, 9, 1.235)
    assert record["numerics"] == {"numpy": "2"} and record["image"] == IMAGE
    assert started[0] == "set up" and started[1].threads == 2 and not started[1].tests
    main.run(main.parse(["--tests", IMAGE, "--", "true"]))
    assert len(list((tmp_path / "logs").iterdir())) == 1 and started[-1].tests
    main.run(main.parse([IMAGE, "--", "true"]))
    other = next(path for path in (tmp_path / "logs").iterdir() if path.name.startswith("true-"))
    assert json.loads(other.read_text())["numerics"] == {}


def test_a_record_is_written_in_one_way_into_a_folder_that_is_not_there(started, monkeypatch, tmp_path):
    monkeypatch.setattr(main, "LOGS", tmp_path / "new" / "logs")
    main.run(main.parse([IMAGE, "--", "true"]))
    text = next((tmp_path / "new" / "logs").iterdir()).read_text()
    assert text == json.dumps(json.loads(text), indent=2, sort_keys=True) + "\n"


def test_only_set_up(started):
    assert main.run(main.parse(["--setup", IMAGE])) == 0 and started == ["set up"]


def test_a_record_that_cannot_be_written_is_a_warning(started, monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(main, "LOGS", tmp_path / "file" / "logs")
    (tmp_path / "file").write_text("")
    assert main.run(main.parse([IMAGE, "--", "true"])) == 9
    error = capsys.readouterr().err
    assert error.startswith("warning: ") and "no provenance record written" in error


def test_without_a_command(capsys):
    with pytest.raises(SystemExit) as stopped:
        main.parse([IMAGE])
    assert stopped.value.code == 2 and "no command given; write it behind --" in capsys.readouterr().err


def test_acquisition_runs_in_the_orchestrator(started, monkeypatch):
    monkeypatch.setattr(main.orchestrator, "run", lambda command, threads: (command, threads))
    assert main.run(main.parse(["--threads", "3", "orchestrator", "--", "true"])) == (["true"], 3)
    assert started == []


def test_an_engine_of_containers_needs_no_environment(started, monkeypatch, tmp_path):
    monkeypatch.setattr(engines, "choose", lambda image: ("docker", "sha256:1"))
    (tmp_path / "in").mkdir()
    assert main.run(main.parse(["--read", str(tmp_path / "in"), "--write", str(tmp_path), IMAGE, "--",
                                "true"])) == 9
    request, = started
    assert request.read == (tmp_path / "in",) and request.write == (tmp_path,)
    record = json.loads(next((tmp_path / "logs").iterdir()).read_text())
    assert (record["engine"], record["digest"]) == ("docker", "sha256:1")


@pytest.mark.parametrize("options", [["--read", "/a:b"], ["--write", "/a,b"]])
def test_names_that_no_engine_can_mount(options, capsys):
    with pytest.raises(SystemExit):
        main.parse([*options, IMAGE, "--", "true"])
    assert "engines cannot mount a name with ':' or ','" in capsys.readouterr().err


@pytest.mark.parametrize("argument, shown", [
    ("--out=a/b.csv", "--out=a/b.csv"), ("a=/scans/x", "a=/scans/x"), ("..", "path-5ec1f7e700f3"),
    ("--ct=a/../../x", "--ct=path-")])
def test_paths_that_leave_the_repository_are_not_recorded(argument, shown):
    assert main.shown(argument).startswith(shown)


def test_images_of_a_gpu_are_for_those_who_have_one():
    assert set(images.names()) - set(images.default()) == {
        name for name in images.names() if name.endswith("-cuda")} != set()
    assert images.default() == sorted(images.default()) and IMAGE in images.default()


def test_a_program_without_arguments_refuses_any(monkeypatch, capsys):
    monkeypatch.setattr(main.sys, "argv", ["make x", "--more"])
    with pytest.raises(LauncherError, match="make x: unrecognized arguments: --more; see --help"):
        launcher.no_arguments("make x", "What it does.")
    monkeypatch.setattr(main.sys, "argv", ["make x"])
    assert launcher.no_arguments("make x", "What it does.") is None
    monkeypatch.setattr(main.sys, "argv", ["make x", "--help"])
    with pytest.raises(SystemExit):
        launcher.no_arguments("make x", "What\n  it does.")
    assert "What\n  it does." in capsys.readouterr().out


def test_what_was_started_is_asked_to_end_too(monkeypatch):
    sent = []

    def kill(process, number):
        sent.append((process, number))
        if process == 11:
            raise ProcessLookupError

    monkeypatch.setattr(launcher, "descendants", lambda process: [11, 12])
    monkeypatch.setattr(launcher.os, "kill", kill)
    monkeypatch.setattr(launcher.signal, "signal", lambda number, how: sent.append((number, how)))
    with pytest.raises(Terminated):
        launcher._terminated(signal.SIGTERM, None)
    assert sent == [(15, signal.SIG_IGN), (11, 15), (12, 15)]


def test_children_and_their_children_are_found():
    line = ["sh", "-c", "sleep 30 & sleep 30"]
    with subprocess.Popen(line, start_new_session=True) as shell:
        try:
            deadline = time.monotonic() + 10
            while len(found := launcher.descendants(shell.pid)) < 2 and time.monotonic() < deadline:
                time.sleep(0.01)
            assert len(found) == 2 and {shell.pid, *found} <= {*launcher.descendants(os.getpid())}
            assert shell.pid not in found
        finally:
            os.killpg(shell.pid, signal.SIGKILL)


def test_an_unknown_image_lists_those_that_there_are():
    with pytest.raises(LauncherError, match="no image 'x'; images: .*reporting"):
        images.load("x")


def test_the_main_program_ends_as_the_command_does(monkeypatch):
    monkeypatch.setattr(main.sys, "argv", ["run", IMAGE, "--", "true"])
    monkeypatch.setattr(main, "run", lambda options: 6)
    with pytest.raises(SystemExit) as stopped:
        main.main()
    assert stopped.value.code == 6
