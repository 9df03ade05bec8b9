"""A package that carries data: from the mirror, checked, or one line that says how to supply it."""

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
CONTENT = b"a wheel"


@pytest.fixture
def fetch(tmp_path):
    def run(sha256=None, name="none_such_package-1.0-py3-none-any.whl"):
        (tmp_path / "package.yaml").write_text(yaml.safe_dump({"package": {
            "package": "none-such-package", "version": "1.0", "file": name, "bytes": len(CONTENT),
            "sha256": sha256 or hashlib.sha256(CONTENT).hexdigest()}}))
        # No index: what pip would be asked for is refused at once.
        variables = {**os.environ, "DATA_MIRROR": str(tmp_path / "mirror"), "PIP_NO_INDEX": "1"}
        return subprocess.run(
            [sys.executable, "-m", "stages.cohort.fetch_package", "--params", str(tmp_path),
             "--out", str(tmp_path / "out.whl"), "--timeout", "1"], cwd=ROOT, env=variables,
            capture_output=True, text=True)
    return run


def test_it_comes_from_the_mirror(fetch, tmp_path):
    (tmp_path / "mirror" / "packages").mkdir(parents=True)
    (tmp_path / "mirror/packages/none_such_package-1.0-py3-none-any.whl").write_bytes(CONTENT)
    done = fetch()
    assert done.returncode == 0 and "mirror/packages" in done.stdout
    assert (tmp_path / "out.whl").read_bytes() == CONTENT


@pytest.mark.parametrize("content, sha256", [(None, None), (CONTENT, "0" * 64)])
def test_without_the_right_bytes_one_line_says_how_to_supply_it(fetch, tmp_path, content, sha256):
    if content:
        (tmp_path / "mirror").mkdir()
        (tmp_path / "mirror" / "none_such_package-1.0-py3-none-any.whl").write_bytes(content)
    done = fetch(sha256)
    assert done.returncode == 2 and len(done.stderr.splitlines()) == 1
    assert "DATA_MIRROR" in done.stderr and "one of three ways" in done.stderr
    assert not (tmp_path / "out.whl").exists()


def test_a_name_that_leads_elsewhere_is_refused(fetch):
    done = fetch(name="../../evil.whl")
    assert done.returncode == 2 and "package.file" in done.stderr
