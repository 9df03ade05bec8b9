"""Building images: in sync with the templates, resumable, clear when it fails."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys

import pytest

from containers.builder import base, context, render, steps
from containers.launcher import ROOT, LauncherError, images

from .conftest import stub

# A stand-in for Docker: images are files in a folder; `build` obeys $BEHAVIOUR, an image at a time.
DOCKER = r'''
store=$STORE
case "$1 $2" in
  version*|"buildx version") exit 0 ;;
  "image inspect")
    for tag; do :; done
    file=$store/$(echo "$tag" | tr '/:' '__')
    [ -f "$file" ] || { echo "Error: No such image: $tag" >&2; exit 1; }
    case "$3" in
      --format) cat "$file" ;;
      *) printf '[{"Id": "%s", "Size": 5000000}]' "$(cat "$file")" ;;
    esac ;;
  import*|pull*|tag*) [ "$1" = import ] && touch "$store/$(echo "$3" | tr '/:' '__')"; exit 0 ;;
  build*)
    for word; do case $word in --tag=*) tag=${word#--tag=} ;; esac; done
    echo "$tag" >> "$store/built"
    case "$BEHAVIOUR:$tag" in
      full:*cohort*) echo "write /opt/venv/x: no space left on device" >&2; exit 1 ;;
      pip:*cohort*) echo "ERROR: No matching distribution found for numpy" >&2; exit 1 ;;
      pip-torch:*) echo "ERROR: No matching distribution found for torch" >&2; exit 1 ;;
      killed:*cohort*) kill -INT $PPID; sleep 1; exit 130 ;;
    esac
    sum=$(echo "$tag" | sha256sum | cut -d' ' -f1)
    echo "sha256:$sum" > "$store/$(echo "$tag" | tr '/:' '__')" ;;
esac
'''
CHOSEN = ("classification-paper", "cohort", "reporting")


@pytest.fixture
def repository(tmp_path):
    """A copy of containers/ beside a stand-in for Docker that has the images' bases."""
    shutil.copytree(ROOT / "containers", tmp_path / "containers",
                    ignore=shutil.ignore_patterns("__pycache__", "images.lock"))
    stub(tmp_path / "bin", "docker", DOCKER)
    (tmp_path / "store").mkdir()
    for name in CHOSEN:
        tag = images.load(name).base.replace("/", "_").replace(":", "_")
        (tmp_path / "store" / tag).write_text("sha256:base")
    return tmp_path


def build(repository, *arguments, behaviour="", **variables):
    line = [sys.executable, str(repository / "containers" / "build"), *arguments]
    path = f"{repository / 'bin'}:/usr/bin:/bin"
    return subprocess.run(line, capture_output=True, text=True, cwd=repository,
                          env={**os.environ, "PATH": path, "STORE": str(repository / "store"),
                               "BEHAVIOUR": behaviour, **variables})


def built(repository):
    """Images that were built, in order."""
    path = repository / "store" / "built"
    lines = path.read_text().splitlines() if path.exists() else []
    return [line.partition("/")[2].partition(":")[0] for line in lines]


@pytest.mark.parametrize("name", images.names())
@pytest.mark.parametrize("file", render.FILES)
def test_image_folders_follow_the_templates(name, file):
    image = images.load(name)
    assert (image.folder / file).read_text() == render.rendered(image, file), \
        "run containers/build --render"


def test_an_image_of_its_own_needs_only_pins(repository):
    folder = repository / "containers" / "other"
    shutil.copytree(repository / "containers" / "cohort", folder)
    for file in render.FILES:
        (folder / file).unlink()
    assert build(repository, "--render").stdout.split() == ["other/Dockerfile",
                                                            "other/apptainer.def"]
    assert "python:3.13-slim-bookworm" in (folder / "Dockerfile").read_text()
    assert build(repository, "--render").stdout == "nothing to write\n"


def test_builds_once_and_records_what_the_build_returned(repository):
    first = build(repository, *CHOSEN)
    assert first.returncode == 0, first.stderr
    assert [line.split("]")[0] for line in first.stdout.splitlines()][::2] == \
        ["[1/3", "[2/3", "[3/3"]
    lock = json.loads((repository / "containers" / "images.lock").read_text())
    assert sorted(lock) == sorted(CHOSEN)
    entry = lock["cohort"]
    assert entry["base"].startswith("python:3.13-slim-bookworm@sha256:")
    stored = next((repository / "store").glob("msclc_cohort_*")).read_text().strip()
    assert entry["docker"] == {"digest": stored, "bytes": 5000000}
    again = build(repository, *CHOSEN)
    assert again.stdout.count("up to date") == 3 and len(built(repository)) == 3


def test_changed_pins_build_that_image_only(repository):
    build(repository, *CHOSEN)
    with open(repository / "containers" / "cohort" / "requirements.lock", "a") as lock:
        lock.write("# another pin\n")
    assert build(repository, *CHOSEN).returncode == 0
    assert built(repository)[3:] == ["cohort"]


@pytest.mark.parametrize("behaviour, words", [
    ("full", "the disk is full"), ("pip", "No matching distribution found for numpy")])
def test_failure_is_one_line_and_the_next_run_goes_on(repository, behaviour, words):
    result = build(repository, *CHOSEN, behaviour=behaviour)
    assert result.returncode == 2
    assert words in result.stderr and len(result.stderr.splitlines()) == 1
    assert "cohort" in result.stderr and "logs/build/cohort.log" in result.stderr
    assert build(repository, *CHOSEN).returncode == 0
    assert built(repository) == ["classification-paper", "cohort", "cohort", "reporting"]


def test_interrupted_build_goes_on(repository):
    result = build(repository, *CHOSEN, behaviour="killed")
    assert result.returncode == 130
    assert result.stderr == "error: interrupted; run the same command again to go on\n"
    assert build(repository, *CHOSEN).returncode == 0
    assert built(repository) == ["classification-paper", "cohort", "cohort", "reporting"]


def test_no_engine(repository):
    (repository / "bin" / "docker").unlink()
    result = build(repository, PATH=str(repository / "bin"))
    assert result.returncode == 2 and "no engine to build with" in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_no_permission(repository):
    stub(repository / "bin", "docker", 'echo "Got permission denied while trying" >&2; exit 1')
    result = build(repository)
    assert result.returncode == 2 and "may not use it" in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_sif_without_apptainer(repository):
    result = build(repository, "--sif", PATH=str(stub(repository / "only", "docker", "exit 0")))
    assert result.returncode == 2 and "apptainer is not installed" in result.stderr


def test_unknown_image(repository):
    result = build(repository, "nothing")
    assert result.returncode == 2 and "no image 'nothing'" in result.stderr


def test_system_python_is_not_packed(monkeypatch):
    with pytest.raises(LauncherError, match="cannot be packed"):
        base._make("docker", "msclc/base-3.10:x", base.Path("/usr"), [])


def test_missing_tool_is_named(monkeypatch, tmp_path):
    monkeypatch.setattr(steps, "LOGS", tmp_path)
    with pytest.raises(LauncherError, match="no-such-tool is not installed; testing needs it"):
        steps.run("x", ["no-such-tool"], "testing")


def given(tmp_path, name, headers=None):
    """Fill a build context; return its folder and the recipe's further arguments."""
    folder = tmp_path / "context"
    folder.mkdir()
    return folder, context.fill(folder, images.load(name), base.Base("x", "x", headers))


def test_only_wheels_that_the_lock_accepts_go_into_the_build(monkeypatch, tmp_path):
    monkeypatch.setattr(images, "CONTAINERS", tmp_path / "containers")
    shutil.copytree(ROOT / "containers" / "segmentation", tmp_path / "containers" / "segmentation")
    wheels = tmp_path / "wheels"
    wheels.mkdir()
    for name in ("acvl_utils-0.2-py3-none-any.whl", "acvl_utils-0.3-py3-none-any.whl",
                 "other-1-py3-none-any.whl"):
        (wheels / name).write_text(name)
    wanted = hashlib.sha256(b"acvl_utils-0.2-py3-none-any.whl").hexdigest()
    (tmp_path / "containers" / "segmentation" / "requirements.lock").write_text(
        f"acvl-utils==0.2 \\\n    --hash=sha256:{wanted}\n")
    monkeypatch.setenv("PIP_FIND_LINKS", str(wheels))
    folder, arguments = given(tmp_path, "segmentation")
    assert [path.name for path in (folder / "wheels").iterdir()] == [
        "acvl_utils-0.2-py3-none-any.whl"]
    assert arguments == ["--build-arg=LINKS=/build/wheels"]


def test_without_a_wheel_the_page_is_left_to_the_recipe(monkeypatch, tmp_path):
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    folder, arguments = given(tmp_path, "segmentation")
    assert arguments == [] and not (folder / "wheels").exists()
    assert images.load("segmentation").find_links[0] in (folder / "Dockerfile").read_text()


def test_what_is_compiled_gets_headers_and_locked_tools(tmp_path):
    headers = tmp_path / "python3.10"
    headers.mkdir()
    (headers / "Python.h").write_text("")
    folder, arguments = given(tmp_path, "radiomics", headers)
    assert (folder / "headers" / "python3.10" / "Python.h").is_file() and arguments == []
    assert (folder / "build.lock").read_bytes() == images.load("radiomics").build_lock.read_bytes()


def test_compiler_and_build_tools_are_not_left_in_the_image():
    first, last = render.rendered(images.load("radiomics"), "Dockerfile").split("FROM ${BASE}\n")
    assert "install -qy --no-install-recommends build-essential" in first
    assert "uninstall -qy wheel pip" in first and "build-essential" not in last
    definition = render.rendered(images.load("radiomics"), "apptainer.def")
    assert "apt-get purge -qy --auto-remove build-essential" in definition


@pytest.mark.parametrize("name", ["radiomics", "segmentation"])
def test_source_archives_are_built_with_locked_tools(name):
    """An isolated build would fetch tools that no lock names."""
    text = render.rendered(images.load(name), "Dockerfile")
    assert text.index("-r /build/build.lock") < text.index("--no-build-isolation")


def test_wheels_of_a_page_say_where_they_are_looked_for(repository):
    (repository / "store" / "python_3.11-slim-bookworm").write_text("sha256:base")
    result = build(repository, "segmentation", behaviour="pip-torch", PIP_FIND_LINKS="")
    assert result.returncode == 2 and len(result.stderr.splitlines()) == 1
    assert "PIP_FIND_LINKS" in result.stderr and "torch" in result.stderr


def test_the_version_that_debian_has_is_not_packed(monkeypatch):
    made = []
    monkeypatch.setattr(base, "_present", lambda engine, tag: False)
    monkeypatch.setattr(base, "_make", lambda *given: made.append(given))
    stands_on = base.find("docker", images.load("segmentation"), "debian")
    assert made == [("docker", stands_on.tag, None, [])] and stands_on.headers is None


def test_compilers_are_no_part_of_the_base(monkeypatch):
    made = []
    monkeypatch.setattr(base, "_present", lambda engine, tag: False)
    monkeypatch.setattr(base, "_make", lambda *given: made.append(given))
    stands_on = base.find("docker", images.load("radiomics"), "debian")
    assert "build-essential" not in made[0][3] and (stands_on.headers / "Python.h").is_file()


def test_the_image_for_a_gpu_is_that_of_the_cpu_with_another_pytorch():
    """It cannot be built without gigabytes of NVIDIA's packages: its lock is what can be tested."""
    def pins(name):
        text = images.load(name).lock.read_text()
        blocks = re.findall(r"^(\S+)==(\S+) \\\n((?:    --hash=sha256:[0-9a-f]{64}(?: \\)?\n)+)",
                            text, re.M)
        assert len(blocks) == sum("==" in line for line in text.splitlines())
        return {package: version for package, version, _ in blocks}

    cpu, gpu = pins("segmentation"), pins("segmentation-cuda")
    assert (cpu.pop("torch"), gpu.pop("torch")) == ("2.13.0+cpu", "2.13.0")
    assert {name: gpu.get(name) for name in cpu} == cpu
    added = set(gpu) - set(cpu)
    assert {"triton", "nvidia-cudnn-cu13", "nvidia-cublas"} <= added
    assert all(name.startswith(("nvidia-", "cuda-")) for name in added - {"triton"})
    asked = [[line for line in (images.load(name).folder / "requirements.in").read_text().splitlines()
              if "==" in line and not line.startswith(("#", "torch=="))]
             for name in ("segmentation", "segmentation-cuda")]
    assert asked[0] == asked[1]


def test_the_image_for_a_gpu_is_built_when_named_only(repository):
    assert "segmentation-cuda" in images.names() and "segmentation-cuda" not in images.default()
    assert set(images.default()) | {"segmentation-cuda"} == set(images.names())
    # A compiler stays in it, for torch.compile.
    assert "ARG BASE=python:3.11-bookworm" in (
        images.load("segmentation-cuda").folder / "Dockerfile").read_text()
    result = build(repository, "--help")
    assert "only when named: segmentation-cuda" in " ".join(result.stdout.split())
