"""A clone of the repository to work in, a release of it; DVC without its own warning."""

import hashlib
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from containers.commands.release import pack
from tests.releases import VERSION, git, make

ROOT = Path(__file__).resolve().parents[2]
COMMIT = ["git", "-c", "user.name=x", "-c", "user.email=x@x", "commit", "-qam", "state"]


def pytest_configure(config):
    config.addinivalue_line("filterwarnings", "ignore:_NoneStep:DeprecationWarning")  # of DVC


@pytest.fixture(scope="module")
def clone(tmp_path_factory):
    """A clone without data, with the files as they are here and the environments of here."""
    folder = tmp_path_factory.mktemp("clone") / "repository"
    subprocess.run(["git", "clone", "-q", ROOT, folder], check=True, capture_output=True)
    listed = subprocess.run(["git", "ls-files", "-coz", "--exclude-standard"], cwd=ROOT, check=True,
                            capture_output=True).stdout.decode()
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
    for name in (".venv", ".envs"):
        (folder / name).symlink_to(ROOT / name)
    # .gitignore is about folders; here these are links.
    with open(folder / ".git" / "info" / "exclude", "a") as stream:
        stream.write(".venv\n.envs\n")
    return folder


@pytest.fixture(scope="module")
def committed(clone):
    """The clone with everything committed; its function sets parameters and commits them."""
    def commit():
        subprocess.run(["git", "add", "-A"], cwd=clone, check=True)
        subprocess.run([*COMMIT, "--allow-empty"], cwd=clone, check=True)

    commit()
    return commit


@pytest.fixture(scope="session")
def release_tools():
    """The Python of an environment with what checks a release; skips where it cannot be had."""
    lock = ROOT / "containers" / "orchestrator" / "release-tools.lock"
    folder, uv = ROOT / ".envs" / "release-tools", str(ROOT / ".venv" / "bin" / "uv")
    marker, wanted = folder / "made-from", hashlib.sha256(lock.read_bytes()).hexdigest()
    if not (marker.is_file() and marker.read_text() == wanted):
        for command in (["venv", "--clear", "--python", sys.executable, str(folder)],
                        ["pip", "install", "--python", str(folder), "--require-hashes", "--no-deps",
                         "-r", str(lock)]):
            done = subprocess.run([uv, "--quiet", *command], capture_output=True, text=True)
            if done.returncode:
                pytest.skip(f"the tools cannot be installed: {done.stderr.strip()[-200:]}")
        marker.write_text(wanted)
    return str(folder / "bin" / "python")


@pytest.fixture(scope="module")
def tagged(clone, committed):
    git(clone, "tag", "-a", f"v{VERSION}", "-m", "a release")
    return clone


@pytest.fixture(scope="module")
def release(tagged):
    made = make(tagged)
    assert made.returncode == 0, made.stderr
    assert re.search(r"^ +[\d.]+ MB  in all$", made.stdout, re.M)
    return tagged / "release"


@pytest.fixture
def copy(release, tmp_path):
    """A copy to change; its function renews the sums, as who forges a release would."""
    folder = shutil.copytree(release, tmp_path / "release")

    def renew():
        (folder / pack.SUMS).write_text(pack.sums(folder))

    return folder, renew
