"""What engines are told and what they answer, without an engine."""

import contextlib
import json
import os
import signal
import subprocess
from pathlib import Path

import pytest

from containers.launcher import (
    ROOT,
    LauncherError,
    Terminated,
    apptainer,
    child,
    engines,
    environment,
    images,
    locks,
    main,
    oci,
    venv,
)
from containers.launcher.box import Box

from .conftest import IMAGE, stub

BOX = Box(Path("/tmp/scratch"), 7, 8, read=(Path("/in"),), write=(Path("/out"),))
VARIABLES = {"HOME": "/scratch", "PATH": "/bin", "TZ": "UTC"}


def line(engine, gpu=False, **change):
    box = Box(**{**vars(BOX), "gpu": gpu, **change})
    if engine == "apptainer":
        return apptainer.command(Path("/x.sif"), ["python", "x"], box, VARIABLES)
    return oci.command(engine, images.load(IMAGE), ["python", "x"], box, VARIABLES)


@pytest.mark.parametrize("engine", ["docker", "podman"])
def test_a_container_is_closed_off(engine):
    found = line(engine)
    assert found[:2] == [engine, "run"] and found[-3:] == [images.load(IMAGE).tag, "python", "x"]
    assert {"--network=none", "--read-only", "--cap-drop=ALL", "--security-opt=no-new-privileges",
            "--user=7:8", "--volume=/in:/in:ro", "--volume=/out:/out:rw", "--env=TZ=UTC",
            f"--volume={ROOT}:/repository:ro"} <= set(found)
    assert not [part for part in found if "gpu" in part]


def test_a_gpu_is_asked_for_in_each_engine_s_words():
    assert "--gpus=all" in line("docker", gpu=True)
    assert "--device=nvidia.com/gpu=all" in line("podman", gpu=True)
    assert "--nv" in line("apptainer", gpu=True) and "--nv" not in line("apptainer")


@pytest.mark.parametrize("user, kept", [(0, False), (1000, True)])
def test_files_of_an_ordinary_user_s_podman_belong_to_that_user(monkeypatch, user, kept):
    monkeypatch.setattr(os, "geteuid", lambda: user)
    assert ("--userns=keep-id" in line("podman")) is kept
    assert "--userns=keep-id" not in line("docker")


@pytest.mark.parametrize("user", [0, 1000])
def test_apptainer_runs_as_the_containers_user(monkeypatch, user):
    monkeypatch.setattr(os, "geteuid", lambda: user)
    found = line("apptainer")
    assert (found[0] == "setpriv") is (user == 0) and ("--reuid=7" in found) is (user == 0)
    start = found.index("apptainer")
    assert {"--containall", "--cleanenv", "--no-home", "--no-privs", "--network=none",
            "--bind=/in:/in:ro", "--bind=/out:/out:rw", "--env=TZ=UTC"} <= set(found[start:])
    # Apptainer sets these two itself.
    assert not [part for part in found if part.startswith(("--env=HOME", "--env=PATH"))]
    assert found[-6:] == ["/x.sif", "env", "HOME=/scratch", "PATH=/bin", "python", "x"]


@pytest.mark.parametrize("said, words", [
    ("Error: No such image: x", None), ("something else", None),
    # A missing image comes first: podman says "no such file or directory" of it too.
    ("failed to find image x: no such file or directory", None),
    ("permission denied while trying", "usermod -aG docker"), ("", None),
    ("Cannot connect to the Docker daemon", "its daemon does not answer")])
def test_what_an_engine_complains_of(said, words):
    if words is None:
        assert oci.explain("docker", said) is None
    else:
        with pytest.raises(LauncherError, match=words):
            oci.explain("docker", said)


def test_the_last_line_of_a_refusal_is_passed_on():
    with pytest.raises(LauncherError, match=r"engine \(got permission denied\)$"):
        oci.explain("docker", "first\n got permission denied \n\n")
    assert oci._last("  \n") == "no message" and len(oci._last("x" * 500)) == 160


@pytest.mark.parametrize("answer, status", [("sha256:1", 0), ("1", 0), ("", 0), ("1", 1), ("2", 0)])
def test_an_image_is_the_recorded_one(monkeypatch, tmp_path, answer, status):
    monkeypatch.setattr(locks, "LOCK", tmp_path / "images.lock")
    image = images.load(IMAGE)
    locks.record(image.name, image.recipe(), "podman", {"digest": "sha256:1"})
    monkeypatch.setenv("PATH", str(stub(tmp_path / "bin", "docker", f"echo {answer}\nexit {status}")))
    if answer.endswith("1") and status == 0:
        # The one that Podman's build returned may have been moved.
        assert oci.ready("docker", image) == "sha256:1"
        assert engines._ready("docker", image) == "sha256:1"
    else:
        with pytest.raises(oci.Missing):
            oci.ready("docker", image)


def test_a_sif_file_is_read_again_only_when_it_has_changed(tmp_path, monkeypatch):
    path = tmp_path / "x.sif"
    path.write_bytes(b"one")
    first = apptainer.digest(path)
    memory = path.with_suffix(".sha256")
    memory.write_text(memory.read_text().replace(first, "sha256:remembered"))
    assert apptainer.digest(path) == "sha256:remembered"
    path.write_bytes(b"three")
    second = apptainer.digest(path)
    assert second not in (first, "sha256:remembered") and memory.read_text().startswith(second)
    memory.unlink()
    monkeypatch.setattr(apptainer.os, "access", lambda *_: False)
    assert apptainer.digest(path) == second and not memory.exists()


def test_without_apptainer(monkeypatch):
    monkeypatch.setenv("PATH", "/nonexistent")
    with pytest.raises(LauncherError, match="apptainer is not installed"):
        apptainer.ready(images.load(IMAGE))


def test_a_missing_lock_is_an_empty_one(monkeypatch, tmp_path):
    monkeypatch.setattr(locks, "LOCK", tmp_path / "images.lock")
    assert locks.read() == {} and locks.expected("a", "one", "docker") is None
    locks.record("a", "one", "docker", {"digest": "sha256:1"})
    locks.record("a", "one", "docker", {"digest": "sha256:2"}, base="debian:x")
    locks.record("a", "one", "apptainer", {"digest": "sha256:3"}, base="debian:x")
    assert locks.read() == {"a": {"recipe": "one", "base": "debian:x", "docker": {"digest": "sha256:2"},
                                  "apptainer": {"digest": "sha256:3"}}}
    # Another base is another image: what was built on the first one is gone.
    locks.record("a", "one", "apptainer", {"digest": "sha256:4"}, base="debian:y")
    assert locks.read()["a"] == {"recipe": "one", "base": "debian:y",
                                 "apptainer": {"digest": "sha256:4"}}
    assert [path.name for path in tmp_path.iterdir()] == ["images.lock"]


@pytest.fixture
def request_(tmp_path, monkeypatch):
    """A command to run, and where its engine and its variables are noted instead."""
    monkeypatch.setattr(engines.box, "opened", lambda view: contextlib.nullcontext())
    monkeypatch.setattr(venv, "test_tools", lambda: Path("/tools"))
    monkeypatch.setattr(venv, "_without_network", list)
    monkeypatch.setattr(engines.unpacked, "root", lambda image, digest: Path(f"/{digest}.sif"))
    seen = {}
    monkeypatch.setattr(child, "run", lambda line, **how: seen.update(line=line, **how) or 3)
    return seen, lambda **change: engines.Request(images.load(IMAGE), ["true"], **change)


@pytest.mark.parametrize("tests", [False, True])
def test_tests_see_the_mirror_and_their_tools_under_venv(request_, monkeypatch, tmp_path, tests):
    seen, request = request_
    monkeypatch.setenv("DATA_MIRROR", "/mirror")
    status, seconds = engines.run("venv", None, request(tests=tests, threads=4), tmp_path)
    assert status == 3 and 0 <= seconds < 5 and seen["line"] == ["true"]
    given = seen["env"]
    assert given["HOME"] == given["TMPDIR"] == str(tmp_path) and given["OMP_NUM_THREADS"] == "4"
    assert given.get("DATA_MIRROR") == ("/mirror" if tests else None)
    assert given["PYTHONPATH"] == (f"{ROOT}:/tools" if tests else str(ROOT))
    assert given["MSCLC_PROVENANCE"] == str(tmp_path / "provenance.json")
    monkeypatch.delenv("DATA_MIRROR")
    engines.run("venv", None, request(tests=tests), tmp_path)
    assert "DATA_MIRROR" not in seen["env"]


@pytest.mark.parametrize("engine", engines.CONTAINERS)
def test_engines_get_the_host_s_environment_without_what_opens_a_container(request_, monkeypatch,
                                                                           tmp_path, engine):
    seen, request = request_
    for name in ("APPTAINER_BIND", "APPTAINERENV_X", "SINGULARITY_BIND", "APPTAINER_TMPDIR", "OTHER"):
        monkeypatch.setenv(name, "x")
    assert engines.run(engine, "sha256:1", request(tests=True), tmp_path)[0] == 3
    assert engine in seen["line"] and seen["line"][-1] == "true"
    kept = {"APPTAINER_TMPDIR", "OTHER"}
    assert {name for name, value in seen["env"].items() if value == "x"} == kept
    assert ("/sha256:1.sif" in seen["line"]) is (engine == "apptainer")
    assert seen["umask"] == 0o022 and seen["cwd"] == ROOT


def test_a_command_that_is_not_there(monkeypatch, tmp_path):
    monkeypatch.setattr(venv, "_without_network", list)
    with pytest.raises(LauncherError, match="^no-such-program is not installed$"):
        engines.run("venv", None, engines.Request(images.load(IMAGE), ["no-such-program"]), tmp_path)


def test_a_named_engine_is_the_one_that_runs(monkeypatch):
    monkeypatch.setenv("MSCLC_ENGINE", "podman")
    monkeypatch.setattr(oci, "ready", lambda engine, image: f"{engine}'s")
    assert engines.choose(images.load(IMAGE)) == ("podman", "podman's")


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


@pytest.mark.parametrize("argument, shown", [
    ("--out=a/b.csv", "--out=a/b.csv"), ("a=/scans/x", "a=/scans/x"), ("..", "path-5ec1f7e700f3"),
    ("--ct=a/../../x", "--ct=path-")])
def test_paths_that_leave_the_repository_are_not_recorded(argument, shown):
    assert main.shown(argument).startswith(shown)


def test_an_unknown_image_lists_those_that_there_are():
    with pytest.raises(LauncherError, match="no image 'x'; images: .*reporting"):
        images.load("x")


def test_the_main_program_ends_as_the_command_does(monkeypatch):
    monkeypatch.setattr(main.sys, "argv", ["run", IMAGE, "--", "true"])
    monkeypatch.setattr(main, "run", lambda options: 6)
    with pytest.raises(SystemExit) as stopped:
        main.main()
    assert stopped.value.code == 6
