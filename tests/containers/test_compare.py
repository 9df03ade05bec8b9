"""`make compare` takes the other side out of git and compares every study that both have."""

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
    for name, text in (("metrics/a/b.json", "{}"), ("x", "x"),
                       *((f"studies/{study}/study.yaml", "") for study in ("a", "b", "c", "new")),
                       *((f"reports/{study}/ledger.csv", "item\n") for study in ("a", "b", "gone"))):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    identity = ("-c", "user.name=n", "-c", "user.email=e@example.org")
    for arguments in (("init", "-q"), ("add", "."), (*identity, "commit", "-qm", "first"),
                      ("tag", "first"), ("rm", "-rq", "metrics"),
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
    assert files == ["metrics/a/b.json", *(f"reports/{name}/ledger.csv" for name in ("a", "b", "gone")),
                     *(f"studies/{name}/study.yaml" for name in ("a", "b", "c", "new"))]


@pytest.mark.parametrize("base, said", [
    ("", "which revision"), ("nosuch", "git knows no revision 'nosuch'"),
    ("--all", "git knows no revision '--all'"), ("HEAD", "lacks metrics or reports or studies")])
def test_a_revision_that_cannot_be_compared(repository, base, said):
    with pytest.raises(LauncherError, match=said):
        compare.take_out(base)


def test_every_study_with_two_ledgers_is_compared_and_no_other_in_silence(
        repository, monkeypatch, capsys):
    (repository / "reports" / "new").mkdir()
    (repository / "reports" / "new" / "ledger.csv").write_text("item\n")
    (repository / "reports" / "b" / "ledger.csv").unlink()
    commands, codes, run = [], iter((0, 1)), subprocess.run

    def stage(line, **given):
        if line[0] == "git":
            return run(line, **given)
        commands.append(line)
        return subprocess.CompletedProcess(line, next(codes))

    monkeypatch.setattr(compare.subprocess, "run", stage)
    monkeypatch.setattr("sys.argv", ["compare", "first"])
    assert compare.main() == 0
    assert [line[line.index("--study") + 1] for line in commands] == ["a"]
    assert commands[0][commands[0].index("--base") + 1] == "logs/compare"
    said = capsys.readouterr().err.splitlines()
    assert len(said) == 2 and said[0].startswith("b: has a ledger in first (")
    assert said[1] == "new: has a ledger here only; not compared"
    (repository / "reports" / "b" / "ledger.csv").write_text("item\n")
    commands.clear()
    codes = iter((0, 1))
    assert compare.main() == 1 and len(commands) == 2, "the worst of the studies counts"
    for study in ("a", "b"):
        (repository / "reports" / study / "ledger.csv").unlink()
    with pytest.raises(LauncherError, match="no study has a ledger both here and in first"):
        compare.main()


def test_an_unknown_revision_is_one_line_and_code_2():
    result = subprocess.run([sys.executable, "-m", "containers.commands.compare", "no-such-thing"],
                            cwd=ROOT, capture_output=True, text=True)
    assert result.returncode == 2 and len(result.stderr.splitlines()) == 1
    assert result.stderr.startswith("error: git knows no revision 'no-such-thing'")
