"""Choosing an engine: what a user is told when it cannot be had."""

from __future__ import annotations

import json
import subprocess

import pytest

from containers.launcher import LauncherError, engines, environment, images, locks, main, oci

from .conftest import IMAGE, launch, stub

DENIED = ('echo "permission denied while trying to connect to the daemon socket" >&2\nexit 1')
STOPPED = 'echo "Cannot connect to the Docker daemon. Is the docker daemon running?" >&2\nexit 1'
ABSENT = 'echo "Error: No such image: x" >&2\nexit 1'


def one_line(result, *words):
    """Check that a refusal is one line of error with these words, and exit code 2."""
    assert result.returncode == 2, result
    assert result.stderr.startswith("error: ") and len(result.stderr.splitlines()) == 1
    for word in words:
        assert word in result.stderr
    assert "Traceback" not in result.stderr


def test_unknown_engine():
    one_line(launch("true", engine="lxc"), "lxc", "apptainer, docker, podman, venv")


@pytest.mark.parametrize("engine", engines.CONTAINERS)
def test_engine_that_is_not_installed(engine, tmp_path):
    one_line(launch("true", engine=engine, PATH=str(tmp_path)), f"{engine} is not installed")


@pytest.mark.parametrize("engine", ["docker", "podman"])
def test_engine_without_permission(engine, tmp_path):
    path = stub(tmp_path, engine, DENIED)
    one_line(launch("true", engine=engine, PATH=str(path)), engine, "may not use it", "usermod")


def test_daemon_that_does_not_run(tmp_path):
    path = stub(tmp_path, "docker", STOPPED)
    one_line(launch("true", engine="docker", PATH=str(path)), "does not answer")


@pytest.mark.parametrize("engine", ["docker", "podman"])
def test_missing_image(engine, tmp_path):
    path = stub(tmp_path, engine, ABSENT)
    one_line(launch("true", engine=engine, PATH=str(path)), "is not there", "make images")


@pytest.mark.parametrize("engine", ["docker", "podman"])
def test_image_that_differs_from_the_lock(engine, tmp_path):
    path = stub(tmp_path, engine, f"echo sha256:{'0' * 64}")
    one_line(launch("true", engine=engine, PATH=str(path)), "images.lock", "sha256:000000000000")


@pytest.fixture
def sif(monkeypatch, tmp_path):
    """An image whose SIF file and lock are in a temporary folder."""
    monkeypatch.setattr(images, "SIFS", tmp_path)
    monkeypatch.setattr(locks, "LOCK", tmp_path / "images.lock")
    monkeypatch.setattr(engines, "STARTED", tmp_path / "started")
    monkeypatch.setenv("PATH", str(stub(tmp_path / "bin", "apptainer", "exit 1")))
    return images.load(IMAGE)


def test_missing_sif(sif):
    with pytest.raises(oci.Missing, match="make sif"):
        engines.apptainer.ready(sif)


def test_sif_that_differs_from_the_lock(sif):
    sif.sif.write_bytes(b"first")
    found = engines.apptainer.digest(sif.sif)
    locks.record(sif.name, sif.recipe(), "apptainer", {"digest": found})
    assert engines.apptainer.ready(sif) == found
    sif.sif.write_bytes(b"second, of another size")
    with pytest.raises(oci.Missing, match="images.lock"):
        engines.apptainer.ready(sif)


def test_auto_prefers_apptainer_then_docker_then_podman(sif, monkeypatch):
    monkeypatch.setenv("MSCLC_ENGINE", "auto")
    asked = []

    def ready(engine, image):
        asked.append(engine)
        raise oci.Missing("not there")

    monkeypatch.setattr(engines, "_ready", ready)
    assert engines.choose(sif) == ("venv", None)
    assert asked == ["apptainer", "docker", "podman"]
    monkeypatch.setattr(engines, "_ready", lambda engine, image: {"docker": "sha256:1"}.get(engine)
                        or ready(engine, image))
    monkeypatch.setattr(engines, "_starts", lambda engine, image, digest: True)
    assert engines.choose(sif) == ("docker", "sha256:1")


def test_auto_passes_over_an_engine_that_cannot_start_a_container(sif, monkeypatch, capsys):
    monkeypatch.setenv("MSCLC_ENGINE", "auto")
    monkeypatch.setattr(engines, "_ready", lambda engine, image: "sha256:1")
    assert engines.choose(sif) == ("venv", None)  # the stand-in for apptainer exits 1
    assert "apptainer not used, it cannot start a container" in capsys.readouterr().err


def test_auto_starts_a_container_once_to_see_that_it_can(sif, monkeypatch, tmp_path):
    monkeypatch.setenv("MSCLC_ENGINE", "auto")
    monkeypatch.setattr(engines, "_ready", lambda engine, image: digest)
    asked = []

    def start(line, **options):
        asked.append(options["env"]["MSCLC_ENGINE"])
        return subprocess.CompletedProcess(line, 0)

    monkeypatch.setattr(engines.subprocess, "run", start)
    for digest in ("sha256:1", "sha256:1", "sha256:2"):
        assert engines.choose(sif) == ("apptainer", digest)
    assert asked == ["apptainer", "apptainer"]
    monkeypatch.setattr(engines, "BOOT", tmp_path / "boot")
    engines.BOOT.write_text("the machine was started again")
    engines.choose(sif)
    assert len(asked) == 3


def test_auto_says_when_it_passes_over_another_image(sif, monkeypatch, capsys):
    monkeypatch.setenv("MSCLC_ENGINE", "auto")

    def ready(engine, image):
        raise oci.Missing("x is sha256:1, but containers/images.lock says sha256:2")

    monkeypatch.setattr(engines, "_ready", ready)
    assert engines.choose(sif)[0] == "venv"
    assert "notice: not used" in capsys.readouterr().err


def test_cpu_without_avx2(tmp_path):
    cpuinfo = tmp_path / "cpuinfo"
    cpuinfo.write_text("model name : old\nflags : fpu sse2 avx fma\n")
    one_line(launch("true", engine="venv", MSCLC_CPUINFO=str(cpuinfo)), "avx2", "2013")


def test_cpu_of_this_machine_is_described():
    assert "avx2" in environment.cpu()["features"]


def test_lock_that_is_not_json(sif):
    locks.LOCK.write_text("{")
    with pytest.raises(LauncherError, match="not JSON"):
        locks.read()


def test_lock_drops_what_another_recipe_gave(sif):
    locks.record("a", "one", "docker", {"digest": "sha256:1"}, base="debian:x")
    locks.record("a", "one", "apptainer", {"digest": "sha256:2"})
    assert locks.expected("a", "one", "docker") == "sha256:1"
    locks.record("a", "two", "docker", {"digest": "sha256:3"}, base="debian:x")
    assert locks.expected("a", "two", "apptainer") is None
    assert locks.expected("a", "one", "docker") is None


def test_committed_lock_holds_only_what_builds_return():
    for name, entry in json.loads((images.CONTAINERS / "images.lock").read_text()).items():
        assert name in images.names()
        assert entry["base"].startswith(("debian:", images.load(name).base))
        for engine in set(entry) - {"recipe", "base"}:
            assert engine in engines.CONTAINERS
            assert len(entry[engine]["digest"]) == len("sha256:") + 64
            assert entry[engine]["bytes"] > 1_000_000


def test_names_that_engines_cannot_mount_are_refused():
    result = launch("true", engine="venv", options=("--read", "/a:b"))
    assert result.returncode == 2 and "cannot mount" in result.stderr


@pytest.mark.parametrize("name, runs_in", [("segmentation", "segmentation-cuda"), ("cohort", "cohort")])
@pytest.mark.parametrize("asked", ["", "0", "1", "--gpu"])
def test_a_gpu_has_an_image_of_its_own(name, runs_in, asked, monkeypatch):
    chosen = []

    def choose(image):
        chosen.append(image.name)
        raise LauncherError("far enough")

    monkeypatch.setattr(engines, "choose", choose)
    monkeypatch.setenv(images.GPU, asked.strip("-gpu"))
    with pytest.raises(LauncherError, match="far enough"):
        main.run(main.parse([*([asked] if asked == "--gpu" else []), name, "--", "true"]))
    assert chosen == [runs_in if asked in ("1", "--gpu") else name]


def test_one_of_several_gpus_is_handed_on_to_what_may_use_one(monkeypatch):
    monkeypatch.delenv(environment.DEVICES, raising=False)
    assert environment.devices(True) == {}
    monkeypatch.setenv(environment.DEVICES, "3")
    assert environment.devices(True) == {"CUDA_VISIBLE_DEVICES": "3"}
    assert environment.devices(False) == {}
    given = launch("python", "-c", "import os; print(os.environ.get('CUDA_VISIBLE_DEVICES'))",
                   engine="venv", options=("--gpu",), CUDA_VISIBLE_DEVICES="3")
    assert given.stdout.strip() == "3"
