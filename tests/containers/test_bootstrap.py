"""The orchestrator's environment is made again; without a network the one that works is kept."""

import hashlib
import os
import shutil
import subprocess
import sys
import zipfile

import pytest

from containers.launcher import ROOT


@pytest.fixture
def bootstrap(tmp_path):
    """Runs the script on locks that no index can serve."""
    shutil.copy(ROOT / "containers" / "bootstrap", _folder(tmp_path / "containers"))
    locks = _folder(tmp_path / "containers" / "orchestrator")
    for name in ("bootstrap.lock", "requirements.lock"):
        (locks / name).write_text(f"none-such==1 --hash=sha256:{64 * '0'}\n")

    def run(*release):
        return subprocess.run([sys.executable, tmp_path / "containers" / "bootstrap", *release],
                              text=True, capture_output=True, cwd=tmp_path,
                              env={**os.environ, "PIP_NO_INDEX": "1"})
    return run


def _folder(path):
    path.mkdir(parents=True, exist_ok=True)
    return path


def test_what_works_is_kept_where_nothing_can_be_installed(tmp_path, bootstrap):
    marker = _folder(tmp_path / ".venv" / "bin") / "python"
    marker.write_text("works")
    said = bootstrap()
    assert said.returncode == 2 and "installing uv failed" in said.stderr
    assert "what was there is kept" in said.stderr
    assert marker.read_text() == "works" and not (tmp_path / ".venv.before").exists()


def test_what_a_killed_run_put_aside_is_not_lost(tmp_path, bootstrap):
    (_folder(tmp_path / ".venv.before" / "bin") / "python").write_text("works")
    (_folder(tmp_path / ".venv") / "half").write_text("")
    assert bootstrap().returncode == 2
    assert (tmp_path / ".venv" / "bin" / "python").read_text() == "works"
    assert not (tmp_path / ".venv" / "half").exists() and not (tmp_path / ".venv.before").exists()


def test_packages_come_from_a_release(tmp_path, bootstrap):
    """Its folder has a blank in its name, as a reviewer's may."""
    wheels = _folder(tmp_path / "a release" / "wheels")
    path = wheels / "uv-1-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as wheel:
        for name, text in (("METADATA", "Metadata-Version: 2.1\nName: uv\nVersion: 1\n"),
                           ("WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"),
                           ("RECORD", "")):
            wheel.writestr(f"uv-1.dist-info/{name}", text)
        # Tells what the real one would have been told.
        program = zipfile.ZipInfo("uv-1.data/scripts/uv")
        program.external_attr = 0o100755 << 16
        wheel.writestr(program, "#!/bin/sh\necho $UV_FIND_LINKS $UV_OFFLINE > told\n")
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    (tmp_path / "containers" / "orchestrator" / "bootstrap.lock").write_text(
        f"uv==1 --hash=sha256:{digest}\n")
    said = bootstrap(tmp_path / "a release")
    assert said.returncode == 0, said.stderr
    assert (tmp_path / "told").read_text() == f"{wheels.as_uri()} 1\n"
