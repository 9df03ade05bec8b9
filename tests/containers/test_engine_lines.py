"""What engines are told and what they answer, without an engine."""

import contextlib
import os
from pathlib import Path

import pytest

from containers.launcher import (
    ROOT,
    LauncherError,
    apptainer,
    child,
    engines,
    images,
    locks,
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
    assert locks.LOCK.read_text() == (
        '{\n  "a": {\n    "apptainer": {\n      "digest": "sha256:4"\n    },\n'
        '    "base": "debian:y",\n    "recipe": "one"\n  }\n}\n')


def test_names_of_images_hold_twelve_digits_of_their_recipe(monkeypatch, tmp_path):
    image = images.load(IMAGE)
    assert image.tag == f"msclc/{IMAGE}:{image.recipe()[:12]}" and len(image.recipe()) == 64
    assert image.sif.name == f"{IMAGE}-{image.recipe()[:12]}.sif"
    monkeypatch.setattr(locks, "LOCK", tmp_path / "images.lock")
    script = f"echo sha256:{'1' * 64}"
    monkeypatch.setenv("PATH", str(stub(tmp_path / "bin", "docker", script)))
    with pytest.raises(oci.Missing, match="is sha256:1{12}, but .* says nothing;"):
        oci.ready("docker", image)
    locks.record(IMAGE, image.recipe(), "docker", {"digest": f"sha256:{'2' * 64}"})
    with pytest.raises(oci.Missing, match="is sha256:1{12}, but .* says sha256:2{12};"):
        oci.ready("docker", image)


@pytest.mark.parametrize("script, said", [("echo one >&2; echo two >&2; exit 1", "two"),
                                          ("exit 1", "no message")])
def test_why_an_engine_cannot_start_a_container(monkeypatch, tmp_path, capsys, script, said):
    monkeypatch.setattr(engines, "STARTED", tmp_path / "started")
    folder = stub(tmp_path / "bin", "python", script)
    monkeypatch.setattr(engines.sys, "executable", str(folder / "python"))
    assert not engines._starts("docker", images.load(IMAGE), "sha256:1")
    assert capsys.readouterr().err == f"notice: docker not used, it cannot start a container: {said}\n"
    assert not (tmp_path / "started").exists()


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
    assert request().threads == 1
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


@pytest.mark.parametrize("tests", [False, True])
def test_the_tools_of_tests_are_made_for_tests_only(request_, monkeypatch, tmp_path, tests):
    _, request = request_
    made = []
    monkeypatch.setattr(venv, "test_tools", lambda: made.append(1))
    engines.run("docker", "sha256:1", request(tests=tests), tmp_path)
    assert bool(made) is tests


def test_an_engine_that_nobody_knows(monkeypatch):
    monkeypatch.setenv("MSCLC_ENGINE", "lxc")
    with pytest.raises(LauncherError, match="MSCLC_ENGINE is 'lxc'; valid: auto, apptainer, docker"):
        engines.choose(images.load(IMAGE))
    monkeypatch.setenv("MSCLC_ENGINE", "venv")
    assert engines.choose(images.load(IMAGE)) == ("venv", None)


def test_an_engine_that_does_not_answer_is_passed_over_in_silence(monkeypatch, capsys):
    monkeypatch.delenv("MSCLC_ENGINE", raising=False)

    def ready(engine, image):
        if engine == "podman":
            return "sha256:1"
        raise LauncherError(f"{engine} is not installed")

    monkeypatch.setattr(engines, "_ready", ready)
    monkeypatch.setattr(engines, "_starts", lambda *_: True)
    assert engines.choose(images.load(IMAGE)) == ("podman", "sha256:1")
    assert capsys.readouterr().err == ""


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
