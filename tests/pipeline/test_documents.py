"""What the documents name is there: files, links and their headings, modules, targets of make."""

import csv
import re
import subprocess
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = sorted(path.relative_to(ROOT).as_posix() for pattern in (
    "README.md", "docs/*.md", "studies/README.md", "studies/*/imaging/inputs/*/README.md",
    "containers/README.md", "benchmarks/README.md") for path in ROOT.glob(pattern))
# Made by commands, or brought by a user: not in every clone.
MADE = re.compile(r"(\.cache|\.envs|\.images|\.venv|data|features|logs|masks|models|release)/|"
                  r"reports/(index\.html|NAME/sections\.json)$|"
                  r"released/features_|studies/sclc_liver/imaging/inputs/own/")
# Words in capitals stand for any name; in front, for a folder outside the repository.
ANY = re.compile(r"\b[A-Z]{2,}\b(?!\.md)")
OUTSIDE = re.compile(r"[A-Z]{2,}/|\.\./|-")
SUFFIX = re.compile(r"/[^/]+\.(cff|csv|def|html|in|json|lock|md|mjs|py|sbatch|txt|yaml)$")
CODE = re.compile(r"```.*?\n(.*?)```|`([^`]+)`", re.S)
MODULE = re.compile(r"(?<![\w./])(?!containers\.conf|studies\.json)"  # Podman's, a release's
                    r"(?:stages|studies|containers|benchmarks)(?:\.[a-z_]\w*)+")


def tracked():
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True)
    return [name for name in listed.stdout.decode().split("\0") if name]


TOP = {name.split("/")[0] for name in tracked() if "/" in name} | {"docs"}
TARGETS = set(re.findall(r"^([a-z][a-z-]*):", (ROOT / "Makefile").read_text(), re.M))


def code(text):
    """Return what stands in backticks, and the blocks of code."""
    return [block or " ".join(span.split()) for block, span in CODE.findall(text)]


def paths(text):
    """Return what in the code looks like a path of the repository."""
    for word in (word for piece in code(text) for word in re.split(r"[\s\"'()\[\];,]+", piece)):
        word = word.split(":")[0]
        known = word.split("/")[0] in TOP and "/" in word
        if (known or SUFFIX.search(word)) and "…" not in word and not OUTSIDE.match(word):
            yield word


def there(path, folder):
    """Tell whether a path is there, from the root or beside the document.

    In studies/README.md, a study's folder counts as beside it.
    """
    pattern = ANY.sub("*", path).rstrip("/")
    return any(next(base.glob(pattern), None) for base in (
        ROOT, folder, *(file.parent for file in folder.glob("*/study.yaml"))))


def headings(path):
    """Return the anchors that GitHub gives the headings of a document."""
    titles = re.findall(r"^#+ (.+)$", re.sub(r"```.*?```", "", path.read_text(), flags=re.S), re.M)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def wrong(text, folder):
    """Return what a document names that is not there, a line each."""
    found = [f"no file {path}" for path in paths(text)
             if not MADE.match(path) and not there(path, folder)]
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        file, _, anchor = target.partition("#")
        if "://" in file:
            continue
        path = (folder / file).resolve()
        if not path.exists():
            found.append(f"no link {target}")
        elif anchor and anchor not in headings(path):
            found.append(f"no heading {target}")
    for piece in code(text):
        for words in re.findall(r"\bmake((?: [a-z][a-z-]*(?![\w=./]))+)", piece):
            found += [f"no target {word}" for word in words.split() if word not in TARGETS]
        for name in MODULE.findall(piece):
            base = ROOT.joinpath(*name.split("."))
            if not (base.is_dir() or base.with_suffix(".py").is_file()):
                found.append(f"no module {name}")
    return found


@pytest.mark.parametrize("document", DOCUMENTS)
def test_what_a_document_names_is_there(document):
    assert wrong((ROOT / document).read_text(), (ROOT / document).parent) == []


@pytest.mark.parametrize("text, said", [
    ("`stages/nothing.py`", "no file stages/nothing.py"),
    ("`metrics/sclc_liver/nothing/`", "no file metrics/sclc_liver/nothing/"),
    ("`studies/STUDY/nothing.yaml`", "no file studies/STUDY/nothing.yaml"),
    ("```sh\ndvc repro imaging/dvc.yaml\n```", "no file imaging/dvc.yaml"),
    ("`-S studies/none/params/a.yaml:a.b=1`", "no file studies/none/params/a.yaml"),
    ("[x](docs/nothing.md)", "no link docs/nothing.md"),
    ("[x](README.md#nothing)", "no heading README.md#nothing"),
    ("`make images nothing`", "no target nothing"),
    ("```\nmake nothing    says so\n```", "no target nothing"),
    ("`python -m stages.nothing`", "no module stages.nothing")])
def test_what_is_not_there_is_found(text, said):
    assert wrong(text, ROOT) == [said]


@pytest.mark.parametrize("text", [
    "`containers/IMAGE/image.json`", "`studies/*/study.yaml`", "`make images sif`",
    "`make verify ENGINE=docker`", "```\nmake verify    run the pipeline\n```", "[x](README.md#cite)",
    "`data/sclc_liver/anything.csv`", "`python -m stages.ROOM.STAGE …`"])
def test_what_is_there_is_let_pass(text):
    assert wrong(text, ROOT) == []


def test_modules_of_the_makefile_are_there():
    named = MODULE.findall((ROOT / "Makefile").read_text())
    assert named and [name for name in named
                      if not ROOT.joinpath(*name.split(".")).with_suffix(".py").is_file()] == []


def test_the_readme_is_short():
    assert len((ROOT / "README.md").read_text().split()) <= 1600


def test_what_the_release_s_guide_prints_counts_the_ledgers_verdicts():
    """Verdicts against authors above all: one that was withdrawn must not stand there still."""
    text, printed = (ROOT / "docs" / "release.md").read_text(encoding="utf-8"), Counter()
    for study, verdict, count in re.findall(r"^(\w+): ([a-z-]+) +(\d+)  ", text, re.M):
        printed[study, verdict] += int(count)
    found = Counter()
    for path in ROOT.glob("reports/*/ledger.csv"):
        with path.open(encoding="utf-8", newline="") as stream:
            found.update((path.parent.name, row["verdict"]) for row in csv.DictReader(stream))
    assert found and printed == found
