"""`make compare` takes the other side out of git."""

import subprocess
import sys

import pytest

from containers.commands import compare
from containers.launcher import ROOT, LauncherError


@pytest.fixture
def repository(tmp_path, monkeypatch):
    """A repository with results in its first commit and none in the second."""
    monkeypatch.setattr(compare, "ROOT", tmp_path)
    monkeypatch.setattr(compare, "FOLDER", tmp_path / "logs" / "compare")
    for name, text in (("metrics/a/b.json", "{}"), ("reports/ledger.csv", "item\n"), ("x", "x")):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    identity = ("-c", "user.name=n", "-c", "user.email=e@example.org")
    for arguments in (("init", "-q"), ("add", "."), (*identity, "commit", "-qm", "first"),
                      ("tag", "first"), ("rm", "-rq", "reports"),
                      (*identity, "commit", "-qm", "second")):
        subprocess.run(["git", "-C", str(tmp_path), *arguments], check=True)
    return tmp_path


def test_results_of_a_revision(repository):
    stale = repository / "logs" / "compare" / "metrics" / "old.json"
    stale.parent.mkdir(parents=True)
    stale.write_text("{}")
    assert compare.take_out("first").startswith("first (")
    taken = repository / "logs" / "compare"
    files = sorted(path.relative_to(taken).as_posix() for path in taken.rglob("*") if path.is_file())
    assert files == ["metrics/a/b.json", "reports/ledger.csv"]


@pytest.mark.parametrize("base, said", [
    ("", "which revision"), ("nosuch", "git knows no revision 'nosuch'"),
    ("--all", "git knows no revision '--all'"), ("HEAD", "lacks metrics or reports/ledger.csv")])
def test_a_revision_that_cannot_be_compared(repository, base, said):
    with pytest.raises(LauncherError, match=said):
        compare.take_out(base)


def test_an_unknown_revision_is_one_line_and_code_2():
    result = subprocess.run([sys.executable, "-m", "containers.commands.compare", "no-such-thing"],
                            cwd=ROOT, capture_output=True, text=True)
    assert result.returncode == 2 and len(result.stderr.splitlines()) == 1
    assert result.stderr.startswith("error: git knows no revision 'no-such-thing'")
