"""A release of this repository: whole, the same every time, proving itself, nothing foreign in it."""

import csv
import hashlib
import io
import json
import re
import resource
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest
import yaml

from containers.commands.release import pack
from tests.parameters import whole
from tests.releases import VERSION, git, make, verify

ROOT = Path(__file__).resolve().parents[2]
LEDGER = "repository/reports/sclc_liver/ledger.csv"


def test_the_committed_ledger_is_derived_again_whole(release):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    said = verify(release)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert said.returncode == 0, said.stdout + said.stderr
    # Of the processor, not of the clock: other programs may run beside.
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < 60
    counted = {}
    for line in said.stdout.splitlines():
        if found := re.match(r"sclc_liver: (\S+) +(\d+)  (derived again|as in)", line):
            counted[found[1]] = counted.get(found[1], 0) + int(found[2])
    told = json.loads((release / "repository/reports/sclc_liver/verdicts.json").read_text())
    told = told["verdicts"]["all"]
    assert counted == {verdict: told[verdict] for verdict in counted}
    assert sum(counted.values()) == told["numbers"] > 700
    assert "NOT" in said.stdout and not (release / "proof" / "__pycache__").exists()


def test_the_proof_imports_nothing_but_the_standard_library(release):
    own = {path.stem for path in (release / "proof").glob("*.py")}
    for path in (release / "proof").glob("*.py"):
        for module in re.findall(r"^\s*(?:from|import) (\w+)", path.read_text(), re.M):
            assert module in own or module in sys.stdlib_module_names, f"{path}: {module}"


def test_a_changed_byte_is_named(copy):
    folder, _ = copy
    path = folder / "repository" / "LICENSE"
    path.write_bytes(path.read_bytes().replace(b"MIT", b"MIt", 1))
    said = verify(folder)
    assert said.returncode == 1 and "repository/LICENSE" in said.stdout


def test_a_file_that_nobody_vouches_for_is_named(copy):
    folder, _ = copy
    (folder / "packages" / "more.csv").write_text("x\n")
    said = verify(folder)
    assert said.returncode == 1 and "DIFFERS: packages/more.csv" in said.stdout


def test_a_changed_metric_is_named_by_its_row(copy):
    folder, renew = copy
    path = folder / "repository/metrics/sclc_liver/results/cohort/2025-08.json"
    content = json.loads(path.read_text())
    content["all"]["series"] += 1
    path.write_text(json.dumps(content))
    renew()
    said = verify(folder)
    assert said.returncode == 1
    assert re.search(r"DIFFERS: .*ledger.csv: Results / classification / series", said.stdout)


@pytest.mark.parametrize("old, new", [("exact", "envelope"), ("contradicted", "exact"),
                                      ("envelope", "exact"), ("untestable", "contradicted"),
                                      ("consistent", "untested"), ("exact-unstable", "exact")])
def test_a_changed_verdict_is_named_by_its_row(copy, old, new):
    folder, renew = copy
    path = folder / LEDGER
    with open(path, newline="", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    row = next(row for row in rows if row["verdict"] == old)
    row["verdict"] = new
    with open(path, "w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, rows[0], lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    renew()
    said = verify(folder)
    assert said.returncode == 1
    assert f"{row['item']} / {row['row']} / {row['metric']}" in said.stdout
    assert f"verdict '{new}', derived again '{old}'" in said.stdout


def test_a_changed_sweep_is_seen(copy):
    """The variations are gone that make a number unstable: its verdict no longer follows."""
    folder, renew = copy
    path = folder / "repository/metrics/sclc_liver/results/sensitivity/classification-notebook.json"
    content = json.loads(path.read_text())
    content["releases"] = {}
    path.write_text(json.dumps(content))
    renew()
    assert "DIFFERS" in verify(folder).stdout


def test_two_releases_of_one_tag_are_the_same_bytes(tagged, release, tmp_path):
    first = (release / pack.SUMS).read_text()
    kept = shutil.copytree(release, tmp_path / "first")
    git(tagged, "gc", "-q", "--aggressive")  # what git packed otherwise before
    for path in (tagged / "README.md", tagged / "reports"):
        path.touch()
    assert make(tagged).returncode == 0
    assert (release / pack.SUMS).read_text() == first == pack.sums(kept)


def test_the_bundle_is_the_tag(tagged, release, tmp_path):
    bundle, = (release / "source").glob("*.bundle")
    git(tmp_path, "clone", "-q", str(bundle), "again")
    commit = git(tagged, "rev-parse", f"v{VERSION}^{{commit}}")
    assert git(tmp_path / "again", "rev-parse", "HEAD", f"v{VERSION}^{{commit}}") == 2 * commit
    assert git(tmp_path / "again", "fsck", "--strict") == ""


def contents(release):
    """Every file of a release, those in its archives and its history included."""
    for path in release.rglob("*"):
        if path.is_file():
            yield path.name, path.read_bytes()
    for path in release.rglob("*.tar.gz"):
        with tarfile.open(path) as archive:
            for member in filter(tarfile.TarInfo.isfile, archive):
                yield member.name, archive.extractfile(member).read()


def test_no_released_table_is_inside(tagged, release):
    pinned = {one["sha256"] for one in whole()["cohort"]["releases"].values()}
    study = ROOT / "studies" / "sclc_liver"
    locked = {name: stage for file in (study / "models" / "dvc.lock", study / "dvc.lock")
              for name, stage in yaml.safe_load(file.read_text())["stages"].items()}
    cached = {out["md5"] for name, stage in locked.items() for out in stage["outs"]
              if name.split("@")[0] in ("fetch", "table", "burden") and out["path"].startswith("data/")}
    assert len(pinned) == 2 and len(cached) == 6
    for name, content in contents(release):
        assert hashlib.sha256(content).hexdigest() not in pinned, name
        assert hashlib.md5(content).hexdigest() not in cached, name
    objects = git(tagged, "cat-file", "--batch-all-objects",
                  "--batch-check=%(objecttype) %(objectsize)")
    sizes = {int(line.split()[1]) for line in objects.splitlines() if line.startswith("blob")}
    tables = {out["size"] for name, stage in locked.items() for out in stage["outs"]
              if name.startswith("fetch")}
    assert not sizes & tables, "a file of a released table's size is in the history"


def test_the_crate_satisfies_its_profile(release, release_tools):
    """RO-Crate's own validator, at the level of recommendations, without network."""
    script = ROOT / "tests" / "crate_validator.py"
    said = subprocess.run([release_tools, str(script), str(release), "RECOMMENDED"], text=True,
                          capture_output=True)
    assert said.returncode == 0, said.stderr
    issues = [line for line in said.stdout.splitlines() if re.match(r"[A-Z]+ [a-z-]+-\d", line)
              or "in no context" in line]
    # What only a published address can meet.
    open_ones = ("the organization should have a url", "id should be an absolute uri")
    assert [line for line in issues if not any(one in line.lower() for one in open_ones)] == []
    assert "#contributors" in said.stdout, "the validator said nothing of what is known to be open"


def test_every_stage_is_an_action_with_its_inputs_and_outputs(release):
    graph = {entity["@id"]: entity for entity in
             json.loads((release / "ro-crate-metadata.json").read_text())["@graph"]}
    locks = (ROOT / "dvc.lock", *ROOT.glob("studies/*/dvc.lock"), *ROOT.glob("studies/*/*/dvc.lock"))
    stages = sum(len(yaml.safe_load(path.read_text())["stages"]) for path in locks)
    actions = [name for name in graph if name.startswith("#action/")]
    assert len(actions) == stages > 100
    ledger = graph["#action/ledger@sclc_liver"]
    results = ledger["result"]
    assert {"@id": LEDGER} in results
    assert graph[LEDGER]["sha256"] == pack.sha256(release / LEDGER)
    assert {"@id": "#variable/OPENBLAS_CORETYPE=Haswell"} in ledger["environment"]
    for name, entity in graph.items():
        if entity["@type"] == "File" or "File" in entity["@type"]:
            assert (release / name).is_file(), name


def test_the_bills_of_materials_satisfy_the_schema(release, release_tools):
    bills = sorted((release / "packages").glob("*.cdx.json"))
    images = {path.parent.name for path in (ROOT / "containers").glob("*/image.json")}
    assert {path.name.removesuffix(".cdx.json") for path in bills} == images
    code = ("import sys\nfrom cyclonedx.schema import SchemaVersion\n"
            "from cyclonedx.validation.json import JsonStrictValidator\n"
            "check = JsonStrictValidator(SchemaVersion.V1_6)\n"
            "for name in sys.argv[1:]:\n"
            "    found = check.validate_str(open(name, encoding='utf-8').read())\n"
            "    assert found is None, f'{name}: {found}'\n")
    done = subprocess.run([release_tools, "-c", code, *map(str, bills)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-600:]


def test_every_pin_is_listed_with_its_hashes(release):
    rows = list(csv.DictReader(io.StringIO((release / "packages" / "packages.csv").read_text())))
    for lock in (ROOT / "containers").glob("*/requirements.lock"):
        if (lock.parent / "image.json").is_file():
            text = lock.read_text()
            mine = [row for row in rows if (row["image"], row["lock"]) == (lock.parent.name, lock.name)]
            assert len(mine) == len(re.findall(r"^\S+==", text, re.M))
            assert sum(len(row["sha256"].split()) for row in mine) == text.count("--hash=sha256:")


def test_the_metadata_are_those_of_the_citation(release):
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    codemeta = json.loads((release / "codemeta.json").read_text())
    zenodo = json.loads((release / ".zenodo.json").read_text())
    assert codemeta["version"] == zenodo["version"] == str(citation["version"])
    assert codemeta["name"] == citation["title"] and zenodo["license"] == citation["license"]
    assert zenodo["related_identifiers"][0]["identifier"] == citation["references"][0]["doi"]
