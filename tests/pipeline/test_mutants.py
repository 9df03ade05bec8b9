"""The mutation score: what is noticed, what survives, what no test runs; the table says why."""

import csv
import os
import subprocess
import sys
from pathlib import Path

from benchmarks.mutants import table
from benchmarks.mutants.changes import changes

ROOT = Path(__file__).resolve().parents[2]
CODE = '''"""A toy: 1 > 0."""
from dataclasses import dataclass
LIMIT = 3


@dataclass(frozen=True)
class Pair:
    a: int | None = 1


def larger(a: int | str, b):
    """Return the larger one: 2 + 2."""
    return a if a > b else b


def allowed(a):
    return a < LIMIT


def half(a):
    """Return the half.

    >>> half(4)
    2.0
    """
    return a / 2


def never():
    return 5


if __name__ == "__main__":
    print(larger(1, 2))
'''
TESTS = '''import subprocess, sys
from toy import sums

def test_larger():
    assert sums.larger(1, 2) == 2 and sums.larger(2, 1) == 2

def test_allowed_elsewhere():
    for value, said in ((2, "True"), (3, "False")):
        line = [sys.executable, "-c", f"from toy import sums; print(sums.allowed({value}))"]
        assert subprocess.run(line, capture_output=True, text=True).stdout.strip() == said
'''


def test_what_says_nothing_is_left_alone():
    found = [(one.kind, one.lines.start, one.inside) for one in changes(Path("sums.py"), CODE)]
    assert sorted(found) == sorted([
        ("number", 3, False), ("number", 8, False), ("return", 13, True), ("condition", 13, True),
        ("comparison", 13, True), ("return", 17, True), ("comparison", 17, True),
        ("return", 26, True), ("operator", 26, True), ("number", 26, True), ("return", 30, True),
        ("number", 30, True)])


def test_changes_are_tried_where_they_run(tmp_path, monkeypatch):
    for name, text in (("toy/__init__.py", ""), ("toy/sums.py", CODE), ("tests/test_toy.py", TESTS)):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    (tmp_path / "pyproject.toml").write_text("[tool.pytest.ini_options]\npythonpath = '.'\n")
    line = [sys.executable, "-m", "benchmarks.mutants", "--package", "toy", "--count", "99", "--out",
            "found.csv", "tests", "toy"]
    path = os.pathsep.join([str(tmp_path), str(ROOT), os.environ["PYTHONPATH"]])
    done = subprocess.run(line, cwd=tmp_path, env={**os.environ, "PYTHONPATH": path}, text=True,
                          capture_output=True)
    assert done.returncode == 0, done.stderr
    with open(tmp_path / "found.csv", newline="") as stream:
        found = {(int(row["line"]), row["kind"]): row["outcome"] for row in csv.DictReader(stream)}
    assert found == {
        (3, "number"): "killed", (8, "number"): "survived", (13, "return"): "killed",
        (13, "condition"): "killed", (13, "comparison"): "survived", (17, "return"): "killed",
        (17, "comparison"): "killed", (26, "return"): "killed", (26, "number"): "killed",
        (26, "operator"): "killed",
        (30, "return"): "no test runs it", (30, "number"): "no test runs it"}
    monkeypatch.chdir(tmp_path)
    same = {("toy/sums.py", "return a if a > b else b", "a > b -> a >= b"): "the same value either way"}
    text = table.part([table.read(tmp_path / "found.csv")], same)
    assert "| toy/sums.py | 12 | 8 | 1 | 3 | 73% |" in text
    assert "- the same value either way (1): `sums.py` 13" in text
    assert "`toy/sums.py` 30: `5 -> 6`" in text
