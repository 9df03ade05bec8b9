"""What a release says of itself: parts, statements, signatures; forged ones are named."""

import json
import re
import shutil
import subprocess
import sys

import pytest

from containers.commands.release import pack, statement
from tests.releases import VERSION, key_pairs, make, verify


@pytest.fixture(scope="module")
def keys(tmp_path_factory):
    """Two keys, and for each a file that names whose it is."""
    return key_pairs(tmp_path_factory.mktemp("keys"))


@pytest.fixture(scope="module")
def sealed(tagged, release, keys, tmp_path_factory):
    """The release again, signed; the other one stays where it is."""
    folder = tmp_path_factory.mktemp("signed") / "release"
    kept = shutil.move(release, folder.with_name("unsigned"))
    done = make(tagged, key=keys / "one")
    assert done.returncode == 0 and "signed; check it" in done.stdout, done.stderr
    shutil.move(release, folder)
    shutil.move(kept, release)
    return folder


@pytest.fixture
def signed(sealed, tmp_path):
    return shutil.copytree(sealed, tmp_path / "signed")


def test_an_unsigned_release_says_so_and_satisfies_no_signers(copy, keys):
    folder, _ = copy
    said = verify(folder)
    assert said.returncode == 0 and re.search(r"^signatures +0  NOT signed", said.stdout, re.M)
    said = verify(folder, keys / "one.signers")
    assert said.returncode == 1 and "DIFFERS: SHA256SUMS: is NOT signed" in said.stdout
    said = verify(folder, keys / "none")
    assert said.returncode == 2 and said.stderr.count("\n") == 1 and "no such file" in said.stderr


def test_the_sums_and_the_statements_are_signed(signed, keys):
    said = verify(signed)
    assert said.returncode == 0, said.stdout
    assert re.search(r"^signatures +5  of SHA256SUMS .*whose key it is was NOT", said.stdout, re.M)
    said = verify(signed, keys / "one.signers")
    assert said.returncode == 0 and "NOT checked, " not in said.stdout, said.stdout
    said = verify(signed, keys / "two.signers")
    assert said.returncode == 1 and "SHA256SUMS.sig: is by no key that" in said.stdout
    first = (signed / "SHA256SUMS.sig").read_bytes()
    (signed / "SHA256SUMS.sig").unlink()
    statement.sign(signed / pack.SUMS, keys / "one")
    assert (signed / "SHA256SUMS.sig").read_bytes() == first


@pytest.mark.parametrize("name", ["LICENSE", "repository/LICENSE", "ARTIFACT.md"])
def test_sums_that_were_rewritten_do_not_fit_their_signature(signed, name):
    with open(signed / name, "a") as stream:
        stream.write("\n")
    (signed / pack.SUMS).write_text(pack.sums(signed))
    said = verify(signed)
    assert said.returncode == 1 and "SHA256SUMS.sig: is no signature of SHA256SUMS" in said.stdout


@pytest.mark.parametrize("name", ["SHA256SUMS", "statements/gi_liver.json"])
def test_a_signature_that_was_removed_is_named(signed, name):
    (signed / f"{name}.sig").unlink()
    (signed / pack.SUMS).write_text(pack.sums(signed))
    said = verify(signed)
    assert said.returncode == 1 and f"DIFFERS: {name}: is NOT signed" in said.stdout


def test_two_keys_are_not_one_releaser(signed, keys):
    (signed / "SHA256SUMS.sig").unlink()
    statement.sign(signed / pack.SUMS, keys / "two")
    said = verify(signed)
    assert said.returncode == 1 and "the signatures are by several keys" in said.stdout


def test_a_signature_that_nothing_can_check_is_named(signed, tmp_path):
    programs = tmp_path / "programs"
    programs.mkdir()
    for name in ("sha256sum", "dirname", "realpath"):
        (programs / name).symlink_to(shutil.which(name))
    said = subprocess.run(["/bin/sh", "verify.sh"], cwd=signed, capture_output=True, text=True,
                          env={"PATH": str(programs), "PYTHON": sys.executable})
    assert said.returncode == 1 and "ssh-keygen is not installed" in said.stdout


@pytest.mark.parametrize("tag", [f"v{VERSION}", "none"])
def test_a_key_is_tried_before_anything_is_made(tagged, release, keys, tag):
    for key, words in ((keys / "none", "no such key"), (keys / "one.signers", "cannot sign")):
        done = make(tagged, tag=tag, key=key)
        assert done.returncode == 2 and words in done.stderr and done.stderr.count("\n") == 1
    assert not (tagged / "release.part").exists() and (release / pack.SUMS).exists()


def test_a_release_that_fails_leaves_nothing(tagged, release):
    done = make(tagged, without="images,wheels")
    assert done.returncode == 2 and "not in DVC's cache" in done.stderr
    assert not (tagged / "release.part").exists() and (release / pack.SUMS).exists()


@pytest.mark.parametrize("name, words", [
    ("statements/gi_liver.json", "statements/gi_liver.json: missing"),
    ("statements", "statements/sclc_liver.json: missing"), ("source", "source/: missing"),
    ("ARTIFACT.md", "ARTIFACT.md: missing"), ("packages/cohort.cdx.json", "cohort.cdx.json: missing"),
    ("studies.json", "studies.json: missing"), ("capsule.json", "capsule.json: missing"),
    ("ro-crate-metadata.json", "metadata.json: missing"),
    ("repository/studies/gi_liver/checks.yaml", "gi_liver/checks.yaml: missing"),
    ("repository/reports/gi_liver", "repository/reports/gi_liver/ledger.csv: missing")])
def test_a_part_that_was_removed_is_named_though_the_sums_are_new(copy, name, words):
    folder, renew = copy
    path = folder / name
    shutil.rmtree(path) if path.is_dir() else path.unlink()
    renew()
    said = verify(folder)
    assert said.returncode == 1 and words in said.stdout, said.stdout
    assert "Traceback" not in said.stderr


def test_a_study_that_is_not_declared_is_named(copy):
    folder, renew = copy
    content = json.loads((folder / "studies.json").read_text())
    del content["studies"]["gi_liver"]
    (folder / "studies.json").write_text(json.dumps(content))
    (folder / "statements" / "gi_liver.json").unlink()
    renew()
    assert "studies.json: lacks the study 'gi_liver'" in verify(folder).stdout


SAID = [("tag", None), ("commit", None), ("verdicts", "untested"), ("rules", "params.yaml"),
        ("rules", "studies/sclc_liver/rules.csv"), ("printed", None), ("metrics", None),
        ("images", "cohort"), ("data", "data/sclc_liver/released/features_2025-08.csv")]


def test_whatever_a_statement_says_is_compared(copy):
    folder, renew = copy
    path = folder / "statements" / "sclc_liver.json"
    content = json.loads(path.read_text())
    for key, entry in SAID:
        told = content["predicate"] if entry is None else content["predicate"][key]
        name = entry or key
        told[name] = 7 if isinstance(told[name], int) else told[name][:-1] + "!"
    path.write_text(json.dumps(content))
    renew()
    said = verify(folder)
    assert said.returncode == 1
    for key, entry in SAID:
        assert re.search(rf"DIFFERS: statements/sclc_liver.json: says other {key} .*{entry or ''}",
                         said.stdout), said.stdout
    # What is not said is no better; data are the exception, which verify.sh says.
    for key, entry in SAID[:-1]:
        del (content["predicate"] if entry is None else content["predicate"][key])[entry or key]
    path.write_text(json.dumps(content))
    renew()
    said = verify(folder).stdout
    assert all(f"says other {key} " in said for key, _ in SAID[:-1]), said


def test_the_capsule_is_what_the_ledgers_give_and_can_be_scored(copy):
    folder, renew = copy
    content = json.loads((folder / "capsule.json").read_text())
    answers = {one["id"]: one["accepted"]["high"] for one in content["questions"]}
    (folder.parent / "answers.json").write_text(json.dumps(answers))
    said = subprocess.run([sys.executable, "-I", "proof/score.py", "capsule.json", "../answers.json"],
                          cwd=folder, capture_output=True, text=True)
    assert f"{len(answers)} right, 0 wrong, 0 missing" in said.stdout, said.stderr
    content["questions"][5]["accepted"]["high"] += 1
    (folder / "capsule.json").write_text(json.dumps(content))
    renew()
    said = verify(folder)
    assert said.returncode == 1 and "DIFFERS: capsule.json: asks or accepts" in said.stdout


def test_an_archive_that_is_none_is_named_and_the_other_checks_go_on(copy):
    folder, renew = copy
    archive, = (folder / "source").glob("*.tar.gz")
    archive.write_bytes(archive.read_bytes()[:5000])
    (folder / "cache.tar.gz").write_bytes(b"no archive")
    renew()
    said = verify(folder)
    assert said.returncode == 1 and "Traceback" not in said.stderr
    assert "the archive of the source cannot be checked" in said.stdout
    assert "the archive of the cache cannot be checked" in said.stdout
    assert "every digest in them compared" in said.stdout


def test_a_foreign_ledger_is_named(copy):
    folder, renew = copy
    path = folder / "statements" / "sclc_liver.json"
    content = json.loads(path.read_text())
    content["subject"][0]["digest"]["sha256"] = 64 * "0"
    content["predicate"]["verdicts"]["exact"] += 1
    path.write_text(json.dumps(content))
    renew()
    said = verify(folder).stdout
    assert "is on another ledger" in said and "says other verdicts" in said
