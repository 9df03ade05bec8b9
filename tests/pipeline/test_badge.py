"""The table of badges follows the files: each predicate changes where its files do."""

import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from containers.commands.badge.rules import MET, OPEN, OTHERS, Files
from containers.commands.badge.table import RULES, table

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    """The files that git holds, as they are here: a clean clone, without results of its own."""
    folder = tmp_path_factory.mktemp("clean")
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True)
    for name in filter(None, listed.stdout.decode().split("\0")):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, folder / name)
    return folder


def status(folder):
    return {line[0]: line[1] for line in table(Files(folder))}


def test_a_clean_clone_meets_what_files_can_meet(tree):
    lines = table(Files(tree))
    assert len({rule.id for rule in RULES}) == len(RULES) == len(lines) > 40
    for name, said, _, why in lines:
        assert said in (MET, OTHERS) or "needs the DOI" in why or "ORCID" in why, (name, why)
        assert why
    assert {said for _, said, _, _ in lines} == {MET, OPEN, OTHERS}


def changed(text, old, new):
    assert old in text
    return text.replace(old, new, 1)


CHANGES = [
    ("codecheck.yml", lambda text: changed(text, "---\n", ""), "CC-CFG-002"),
    ("codecheck.yml", lambda text: changed(text, "manifest:", "manifesto:"), "CC-CFG-004"),
    ("codecheck.yml", lambda text: changed(text, "file: reports", "file: /reports"), "CC-CFG-006"),
    ("codecheck.yml", lambda text: changed(text, "comment: The verdicts", "remark: The"), "CC-CFG-007"),
    ("codecheck.yml", lambda text: changed(text, "config/2.0", "config/9.0"), "CC-CFG-014, 015"),
    ("codecheck.yml", lambda text: changed(text, "title: Auto", "title: Otto"), "CC-CFG-016, 017"),
    ("codecheck.yml", lambda text: changed(text, "Sophia", "Sofia"), "CC-CFG-018, 019"),
    ("codecheck.yml", lambda text: changed(text, "reference: https", "reference: see https"),
     "CC-CFG-021, 027"),
    ("codecheck.yml", lambda text: changed(text, "The report,", "FIXME,"), "CC-CFG-023"),
    ("codecheck.yml", lambda text: "a: [", "CC-CFG-001"),
    ("reports/sclc_liver/acceptance.csv", lambda text: "", "CC-BUN-001"),
    ("reports/sclc_liver/acceptance.csv", lambda text: "", "ACM functional: verified"),
    ("reports/verified.csv", lambda text: changed(text, ",43,43,", ",43,42,"),
     "ACM functional: verified"),
    ("reports/sclc_liver/ledger.csv", lambda text: text.rsplit("\n", 2)[0] + "\n",
     "ACM functional: consistent"),
    ("containers/cohort/requirements.lock", lambda text: "", "ACM functional: complete"),
    ("containers/cohort/requirements.lock", lambda text: "", "FAIR4RS R2"),
    ("Makefile", lambda text: changed(text, "\nreproduce:", "\nrepeat:"),
     "ACM functional: exercisable"),
    ("README.md", lambda text: changed(text, "make test ", "make tests "),
     "ACM functional: documented"),
    ("LICENSE", lambda text: changed(text, "MIT", "Own"), "FAIR4RS R1.1"),
    ("CITATION.cff", lambda text: changed(text, "keywords:", "words:"), "FAIR4RS F2"),
    ("CITATION.cff", lambda text: text + "authors:\n  - {family-names: Ty, given-names: S}\n",
     "ACM reproduced: paper"),
    ("studies/template/study.yaml", lambda text: "", "ACM reusable"),
]


@pytest.mark.parametrize("name, change, rule", CHANGES)
def test_a_rule_is_open_where_its_file_is_spoilt(tree, name, change, rule):
    before = (tree / name).read_text()
    assert status(tree)[rule] == MET
    (tree / name).write_text(change(before))
    try:
        assert status(tree)[rule] == OPEN
    finally:
        (tree / name).write_text(before)


def test_a_doi_and_orcids_are_all_that_is_open(tree):
    kept = {name: (tree / name).read_text() for name in ("CITATION.cff", "codecheck.yml")}
    citation, check = map(yaml.safe_load, kept.values())
    citation["identifiers"] = [{"type": "doi", "value": "10.1234/made-up"}]
    for one in check["paper"]["authors"]:
        one["ORCID"] = "0000-0002-1825-0097"
    (tree / "CITATION.cff").write_text(yaml.safe_dump(citation, allow_unicode=True))
    (tree / "codecheck.yml").write_text("---\n" + yaml.safe_dump(check, allow_unicode=True))
    try:
        assert set(status(tree).values()) == {MET, OTHERS}
    finally:
        for name, text in kept.items():
            (tree / name).write_text(text)
