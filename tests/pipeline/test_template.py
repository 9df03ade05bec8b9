"""A stranger's study: the template, copied and named as studies/README.md says, is judged."""

import csv
import json
import os
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
NAME = "stranger"
HOUSE = (f"headline@{NAME}", f"report@{NAME}")


def commands():
    """Return the commands of studies/README.md, a line each."""
    text = (ROOT / "studies" / "README.md").read_text()
    block, = re.findall(r"```sh\n(.*?)```", text, re.S)
    return block.replace("NAME", NAME).splitlines()


def run(clone, command):
    # Everything is set up here: make is not to look whether the locks are newer.
    command = command.replace("make ", "make -o .venv/ready ")
    done = subprocess.run(["bash", "-euo", "pipefail", "-c", command], cwd=clone, text=True,
                          env={**os.environ, "MSCLC_ENGINE": "venv"}, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT)
    assert done.returncode == 0, done.stdout
    return done.stdout


def git(clone, *arguments):
    return subprocess.run(["git", *arguments], cwd=clone, check=True, text=True,
                          capture_output=True).stdout


@pytest.fixture(scope="module")
def studied(clone, committed):
    """The clone with the new study, judged; what DVC said."""
    copy, name, listed, deps, repro = commands()
    assert copy.startswith("cp -r ") and deps.startswith("make deps")
    run(clone, copy)
    run(clone, name)
    file, line = re.fullmatch(r"# (\S+):(\s+study: .*)", listed).groups()
    text = (clone / file).read_text()
    before, = re.findall(r"^\s+study: \[(.*)\]$", text, re.M)
    assert line.split() == ["study:", "[...,", f"{NAME}]"], "one word more"
    (clone / file).write_text(text.replace(f"study: [{before}]", line.strip().replace("...", before)))
    run(clone, deps)
    # Not the other studies, which need their data.
    return run(clone, f"{repro.partition('#')[0].strip()} {' '.join(HOUSE)}")


def rows(clone, name):
    with open(clone / "reports" / NAME / f"{name}.csv", newline="") as stream:
        return list(csv.DictReader(stream))


def test_only_the_new_study_runs(studied):
    ran = set(re.findall(r"^Running stage '([^']+)'", studied, re.M))
    own = (f"studies/{NAME}/dvc.yaml:{stage}" for stage in ("describe", "second", "sections"))
    assert ran == {*own, *HOUSE, *(f"{stage}@{NAME}" for stage in (
        "consistency", "mutation", "ledger", "claims", "checklists"))}


def test_every_printed_number_has_its_verdict(clone, studied):
    ledger = rows(clone, "ledger")
    verdicts = [row["verdict"] for row in ledger]
    assert sorted(verdicts) == ["contradicted", *["exact"] * 5]
    wrong = ledger[verdicts.index("contradicted")]
    assert (wrong["item"], wrong["published"]) == ("Abstract", "60")


def test_its_claim_is_confirmed_and_its_checklist_answered(clone, studied):
    claim, = rows(clone, "contradictions")
    assert claim["status"] == "confirmed" and claim["recomputed"] == "58.33 %."
    answers = rows(clone, "checklists")
    assert [(row["published"], row["reanalysed"]) for row in answers] == [
        ("partly", "met"), ("met", "partly")]


def test_its_page_and_its_row_are_there(clone, studied):
    page = (clone / "reports" / NAME / "index.html").read_text()
    assert "A made-up paper" in page and f"report@{NAME}" in page
    row = json.loads((clone / "metrics" / NAME / "headline.json").read_text())
    assert (row["exact"], row["refuted"]) == (5, 1)
    shown = run(clone, f".venv/bin/dvc metrics show metrics/{NAME}/headline.json")
    assert "58.3" in shown and "refuted" in shown


def test_a_study_is_its_folder_and_one_word(clone, studied):
    changed = {line[3:] for line in git(clone, "status", "--porcelain", "-uall").splitlines()}
    made = {path for path in changed if path.startswith((f"metrics/{NAME}/", f"reports/{NAME}/"))}
    made |= {f"reports/overview/{NAME}.json", "dvc.lock"}
    own = {path for path in changed - made if path.startswith(f"studies/{NAME}/")}
    assert changed - made - own == {"dvc.yaml"}
    assert git(clone, "diff", "--numstat", "dvc.yaml").split() == ["1", "1", "dvc.yaml"]
    template = {path.relative_to(ROOT / "studies" / "template") for path in
                (ROOT / "studies" / "template").rglob("*") if path.is_file()
                and "__pycache__" not in path.parts}
    assert {Path(path).relative_to(f"studies/{NAME}") for path in own} == template | {Path("dvc.lock")}
