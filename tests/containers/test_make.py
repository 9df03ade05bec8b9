"""What a user gives to make reaches a program as it stands, and no shell."""

import shutil
import subprocess

import pytest

from containers.launcher import ROOT

SHOW = 'for part in "$@"; do printf "[%s]" "$part"; done; echo'
EVIL = """x"; touch executed; "'$(touch executed)`touch executed` $(shell touch executed) $HOME"""


@pytest.fixture
def make(tmp_path):
    """Runs make in a folder whose Python prints its arguments."""
    shutil.copy(ROOT / "Makefile", tmp_path)
    for path, text in (("containers/orchestrator/bootstrap.lock", ""),
                       ("containers/orchestrator/requirements.lock", ""),
                       (".venv/bin/python", f"#!/bin/sh\n{SHOW}\n"), (".venv/ready", ""),
                       ("metrics", "a file that a pattern could find")):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    (tmp_path / ".venv" / "bin" / "python").chmod(0o755)

    def run(*arguments, **variables):
        done = subprocess.run(["make", *arguments], cwd=tmp_path, capture_output=True, text=True,
                              env={"PATH": "/usr/local/bin:/usr/bin:/bin", **variables})
        assert not (tmp_path / "executed").exists()
        return done.stdout.strip(), done.stderr
    return run


def test_every_value_of_predict_arrives_whole(make):
    given = [f"{name}={EVIL}" for name in ("CT", "OUT", "MODEL", "CLASSIFIERS", "CONFIGURATION",
                                           "GPU", "MASKS", "NNUNET", "LESION", "LIVER",
                                           "LIVER_MASK", "CARD", "SHARDS", "JOBS", "SCHEDULER")]
    said, error = make("predict", *given)
    assert said == (f"[-m][containers.commands.predict][--ct={EVIL}][--out={EVIL}][--gpu]"
                    f"[--model={EVIL}][--masks={EVIL}][--nnunet={EVIL}][--lesion={EVIL}]"
                    f"[--liver={EVIL}][--liver-mask={EVIL}][--classifiers={EVIL}]"
                    f"[--configuration={EVIL}][--card={EVIL}][--shards={EVIL}][--jobs={EVIL}]"
                    f"[--scheduler={EVIL}]"), error


@pytest.mark.parametrize("target, name, part", [
    ("demo", "COHORT", "[--cohort={}]"), ("demo", "STUDY", "[--study={}]"),
    ("cohort", "UNTIL", "[--until={}]"), ("images", "ENGINE", "[--engine={}]"),
    ("images", "BASE", "[--base={}]"), ("sif", "ENGINE", "[--engine={}]"),
    ("verify", "ENGINE", "[--engine={}]"), ("compare", "BASE", "[{}]"),
    ("release", "TAG", "[--tag={}]"), ("release", "WITHOUT", "[--without={}]"),
    ("release", "KEY", "[--key={}]")])
def test_every_value_of_the_others_arrives_whole(make, target, name, part):
    for arguments, variables in (([f"{name}={EVIL}"], {}), ([], {name: EVIL})):
        said, error = make(target, *arguments, **variables)
        assert part.format(EVIL) in said, error


def test_lists_are_divided_at_blanks_and_nothing_more(make):
    said, _ = make("verify", "TARGETS=a$(touch executed) b;touch", "SKIP=forest* m*", "VARY=1")
    assert said == ("[containers/verify][--vary][--targets][a$(touch][executed)][b;touch]"
                    "[--skip][forest*][m*]")


def test_what_is_not_given_is_not_passed(make):
    assert make("demo")[0] == "[-m][containers.commands.demo]"
    assert make("cohort")[0] == "[-m][containers.commands.cohort]"
    assert make("cohort", "TRAIN=1")[0] == "[-m][containers.commands.cohort][--train]"
    assert make("images")[0] == "[containers/build][--base=auto]"
    assert make("verify")[0] == "[containers/verify]"
    assert make("deps")[0] == "[-m][containers.commands.deps]"
    assert make("deps", "CHECK=1")[0] == "[-m][containers.commands.deps][--check]"
    assert make("predict", "CT=a", "OUT=b c")[0] == (
        "[-m][containers.commands.predict][--ct=a][--out=b c]")


def test_whether_published_numbers_are_required_is_passed_on(make, tmp_path):
    (tmp_path / ".venv" / "bin" / "python").write_text('#!/bin/sh\necho "$REQUIRE_PUBLISHED"\n')
    assert make("reproduce", f"REQUIRE_PUBLISHED={EVIL}")[0] == EVIL
    assert make("reproduce")[0] == ""


def test_a_release_reaches_the_setup(make, tmp_path):
    (tmp_path / ".venv" / "ready").unlink()
    (tmp_path / "print").write_text(f"#!/bin/sh\n{SHOW}\n")
    (tmp_path / "print").chmod(0o755)
    said, error = make("setup", f"FROM={EVIL}", "PYTHON=./print")
    assert said == f"[containers/bootstrap][{EVIL}]", error
