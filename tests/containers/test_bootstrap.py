"""The orchestrator's environment is made again; without a network the one that works is kept."""

import os
import shutil
import subprocess
import sys

import pytest

from containers.launcher import ROOT


@pytest.fixture
def bootstrap(tmp_path):
    """Runs the script on locks that no index can serve."""
    shutil.copy(ROOT / "containers" / "bootstrap", _folder(tmp_path / "containers"))
    locks = _folder(tmp_path / "containers" / "orchestrator")
    for name in ("bootstrap.lock", "requirements.lock"):
        (locks / name).write_text(f"none-such==1 --hash=sha256:{64 * '0'}\n")

    def run():
        return subprocess.run([sys.executable, tmp_path / "containers" / "bootstrap"], text=True,
                              capture_output=True, env={**os.environ, "PIP_NO_INDEX": "1"})
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
