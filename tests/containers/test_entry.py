"""Every command line of the launcher, the builder and the verifier ends in the same way."""

import os
import signal
import subprocess
import sys
import time

import pytest

from containers.launcher import ROOT, LauncherError, Terminated, descendants, entry, images, main


def raising(error):
    def command():
        raise error
    return command


@pytest.mark.parametrize("command, status, said", [
    (lambda: None, None, ""), (lambda: 3, 3, ""),
    (raising(LauncherError("no image")), 2, "error: no image\n"),
    (raising(OSError(28, "No space left on device", "logs/x")), 2, "error: logs/x: No space left"),
    (raising(KeyboardInterrupt()), 130, "error: interrupted"),
    (raising(Terminated()), 143, "error: terminated")])
def test_one_line_and_its_exit_status(command, status, said, capsys):
    with pytest.raises(SystemExit) as stopped:
        entry(command)
    assert stopped.value.code == status
    printed = capsys.readouterr().err
    assert printed.startswith(said) and len(printed.splitlines()) == bool(said)


def test_programming_errors_are_not_hidden():
    with pytest.raises(ZeroDivisionError):
        entry(lambda: 1 / 0)


@pytest.mark.parametrize("options, said", [
    (["--read", "/no/such/folder"], "no such folder"), (["--write", "/no/such/folder"], "no such"),
    (["--threads", "-1"], "whole number from 1"), (["--threads", "0"], "whole number from 1")])
def test_options_that_cannot_work_are_refused(options, said, capsys):
    with pytest.raises(SystemExit) as stopped:
        main.parse([*options, "cohort", "--", "true"])
    assert stopped.value.code == 2 and said in capsys.readouterr().err


def test_records_hold_no_path_of_a_user(tmp_path):
    """Folders and files outside the repository may be named after patients."""
    folder = tmp_path / "Muster_Erika"
    folder.mkdir()
    line = ["python", "-c", "pass", "--ct", str(folder / "scan.nii"), f"--model={folder}",
            "../Muster_Erika", "data/x.csv"]
    done = subprocess.run([sys.executable, ROOT / "containers" / "run", "--read", folder, "cohort",
                           "--", *line], env={**os.environ, "MSCLC_ENGINE": "venv"})
    path = main.LOGS / f"{main.named(line)}.json"
    text = path.read_text()
    path.unlink()
    assert done.returncode == 0 and "Muster" not in f"{path.name}{text}"
    assert "data/x.csv" in text and text.count("path-") == 3


def test_records_of_different_commands_have_different_names():
    names = {main.named(["python", "-m", "stages.x", *more]) for more in ([], ["a"], ["b"])}
    assert len(names) == 3 and all(name.startswith("stages.x-") for name in names)


@pytest.mark.parametrize("module", ["demo", "deps", "real_case", "reproduce", "sweep"])
def test_arguments_that_mean_nothing_are_refused(module):
    result = subprocess.run([sys.executable, "-m", f"containers.commands.{module}", "--foo"],
                            cwd=ROOT, capture_output=True, text=True)
    assert result.returncode == 2 and not result.stdout
    assert result.stderr.startswith("error: make ") and len(result.stderr.splitlines()) == 1
    assert "--foo; see --help" in result.stderr


@pytest.mark.parametrize("module", ["demo", "deps", "real_case", "reproduce", "sweep", "compare",
                                    "predict"])
def test_help_is_no_error(module):
    result = subprocess.run([sys.executable, "-m", f"containers.commands.{module}", "--help"],
                            cwd=ROOT, capture_output=True, text=True)
    assert result.returncode == 0 and result.stdout.startswith("usage: make ")


CODE = """
import pathlib, sys, time
from stages.common import cli
def stage():
    pathlib.Path(sys.argv[1]).write_text("")
    time.sleep(60)
cli.main(stage)
"""


@pytest.mark.parametrize("number, everyone, status, said", [
    (signal.SIGTERM, False, 143, "terminated"), (signal.SIGTERM, True, 143, "terminated"),
    (signal.SIGINT, False, 130, "interrupted"), (signal.SIGINT, True, 130, "interrupted")])
def test_a_signal_ends_the_stage_with_one_line(tmp_path, number, everyone, status, said):
    """To the launcher alone (a cluster, kill), or to all of its processes (a terminal)."""
    line = [sys.executable, str(ROOT / "containers" / "run"), "orchestrator", "--", "python", "-c",
            CODE, str(tmp_path / "begun")]
    began = time.monotonic()
    with subprocess.Popen(line, stderr=subprocess.PIPE, text=True, start_new_session=True) as run:
        while not (tmp_path / "begun").exists() and run.poll() is None:
            time.sleep(0.01)
        (os.killpg if everyone else os.kill)(run.pid, number)
        error = run.communicate()[1]
    assert run.returncode == status and time.monotonic() - began < 50
    assert error.strip() == f"error: {said}; run the same command again to go on"


def runs(process):
    """Tell whether a process is there and has not ended (Z: nobody has asked for its status)."""
    try:
        with open(f"/proc/{process}/stat") as stream:
            return stream.read().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_what_others_started_ends_too(tmp_path):
    """As dvc stands between ``make demo`` and a stage."""
    stage = [sys.executable, str(ROOT / "containers" / "run"), "orchestrator", "--", "python", "-c",
             CODE, str(tmp_path / "begun")]
    code = ("import subprocess, sys; from containers.launcher import entry; shell = 'sh', '-c', "
            "'\"$@\"; true', 'sh'; entry(lambda: subprocess.call([*shell, *sys.argv[1:]]))")
    line = [sys.executable, "-c", code, *stage]
    with subprocess.Popen(line, stderr=subprocess.PIPE, text=True, cwd=ROOT) as run:
        while not (tmp_path / "begun").exists() and run.poll() is None:
            time.sleep(0.01)
        below = descendants(run.pid)
        run.send_signal(signal.SIGTERM)
        error = run.communicate()[1]
    assert run.returncode == 143 and len(below) >= 3
    deadline = time.monotonic() + 20
    while any(map(runs, below)) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not any(map(runs, below))
    assert error.count("error: terminated; run the same command again to go on") == 2
    assert "Traceback" not in error


@pytest.mark.parametrize("value, given", [("1", True), ("0", False), ("", False), (None, False)])
def test_a_pipeline_gets_the_gpu_by_a_variable(monkeypatch, value, given):
    monkeypatch.delenv(images.GPU, raising=False)
    if value is not None:
        monkeypatch.setenv(images.GPU, value)
    assert main.parse(["segmentation", "--", "true"]).gpu is given
    assert main.parse(["--gpu", "segmentation", "--", "true"]).gpu
