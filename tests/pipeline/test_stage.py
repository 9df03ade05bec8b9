"""A stranger's stage: a module, a block of dvc.yaml and a test, as studies/README.md says."""

import json
import os
import re
import subprocess
import sys
import textwrap

import pytest

MODULE = "studies/sclc_liver/digits.py"
TEST = "tests/studies/sclc_liver/reporting/test_digits.py"
PIPELINE, OUT = "studies/sclc_liver/dvc.yaml", "metrics/sclc_liver/results/digits.json"
SOURCE = '''
"""Count the printed digits behind the point."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from stages.common import canonical, cli


def count(texts) -> Counter:
    return Counter(str(len(text.partition(".")[2])) for text in texts if text)


def stage() -> None:
    parser = cli.parser("studies.sclc_liver.digits", __doc__)
    parser.add_argument("--table", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    table = canonical.read_csv(options.table, ("value",), dtype=str, keep_default_na=False)
    canonical.write_json(options.out, count(table["value"]))


if __name__ == "__main__":
    cli.main(stage)
'''
BLOCK = """
  digits:
    desc: Printed digits behind the point
    wdir: ../..
    cmd: >-
      containers/run reporting -- python -m studies.sclc_liver.digits
      --table studies/sclc_liver/published/table4.csv --out metrics/sclc_liver/results/digits.json
    deps:
      - studies/sclc_liver/published/table4.csv
    outs:
      - metrics/sclc_liver/results/digits.json:
          cache: false
"""
TESTS = '''
from studies.sclc_liver import digits


def test_digits_are_counted():
    assert digits.count(["0.70", "0.7", "7", ""]) == {"2": 1, "1": 1, "0": 1}
'''


@pytest.fixture(scope="module")
def staged(clone, committed):
    """The clone with the new stage; what `make deps` said of it."""
    (clone / MODULE).write_text(textwrap.dedent(SOURCE).lstrip())
    (clone / TEST).write_text(textwrap.dedent(TESTS).lstrip())
    text = (clone / PIPELINE).read_text()
    (clone / PIPELINE).write_text(text.replace("\nstages:\n", f"\nstages:{BLOCK}", 1))
    return run(clone, sys.executable, "-m", "containers.commands.deps")


def run(clone, *command):
    path = f"{clone / '.venv' / 'bin'}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(command, cwd=clone, text=True, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT,
                          env={**os.environ, "MSCLC_ENGINE": "venv", "PATH": path})
    assert done.returncode == 0, done.stdout
    return done.stdout


def test_its_code_is_listed_by_itself(clone, staged):
    said, = staged.splitlines()
    assert said.startswith(f"mended: {PIPELINE}: stage 'digits' lacks ") and MODULE in said
    assert "lists" not in said


def test_it_runs_and_nothing_else_does(clone, staged):
    said = run(clone, "dvc", "repro", f"{PIPELINE}:digits")
    assert re.findall(r"^Running stage '([^']+)'", said, re.M) == [f"{PIPELINE}:digits"]
    assert json.loads((clone / OUT).read_text())["2"] > 10
    said = run(clone, "containers/run", "--tests", "reporting", "--", "python", "-m", "pytest", "-v",
               "-p", "no:cacheprovider", TEST)
    assert "1 passed" in said


def test_three_files_are_touched(clone, staged):
    changed = {line[3:] for line in run(clone, "git", "status", "--porcelain", "-uall").splitlines()}
    assert changed - {OUT, PIPELINE.replace(".yaml", ".lock")} == {MODULE, PIPELINE, TEST}
