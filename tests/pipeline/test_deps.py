"""What each stage's code depends on is derived from its imports, in every pipeline."""

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest
from dvc.repo import Repo

from containers.commands import deps
from containers.launcher import LauncherError

ROOT = Path(__file__).resolve().parents[2]
PIPELINE = """\
# The toy.
stages:
  first:
    cmd: >-
      containers/run small -- python -m stages.one.first
      --out a.csv
    deps:
      - containers/other/requirements.lock
      - data.csv

      # What stands here stays.
    outs: [a.csv]
  second:
    foreach: [x, y]
    do:
      cmd: containers/run --threads 2 ${item} -- python -m stages.two.second
      deps: []
  third:
    cmd: echo nothing of ours   # a comment
"""
STUDY = """\
stages:
  mine:
    wdir: ../..
    cmd: containers/run small -- python -m studies.a.mine
    deps:
      - studies/a/published
"""
MODULES = {
    **dict.fromkeys(("stages/__init__", "stages/common/__init__", "stages/one/__init__",
                     "stages/two/__init__", "stages/verdicts/__init__", "stages/report/__init__",
                     "studies/__init__", "studies/a/__init__", "studies/b/__init__",
                     "stages/common/files", "stages/common/late", "stages/one/types",
                     "stages/verdicts/table", "studies/b/other"), ""),
    "stages/common/messages": "# dvc: no dependency (messages)\n",
    "stages/one/helper": "import stages.common.files\n",
    "stages/report/page": "from stages.verdicts import table\n",
    "studies/a/own": "", "studies/a/mine": "from stages.one import helper\n"
                                           "from studies.a import own\n",
    "stages/one/first": "from pathlib import Path\nfrom typing import TYPE_CHECKING\n"
                 "from stages.common import messages\nfrom stages.one import helper\n"
                 "if TYPE_CHECKING:\n    from stages.one import types\n"
                 "RULES = Path(__file__).with_name('rules.csv')\n"
                 "def stage():\n    from stages.common.late import late\n",
    "stages/two/second": "from stages.common.files import write\n"}


@pytest.fixture
def toy(tmp_path, monkeypatch):
    """A repository with three rooms, two studies, one image and pipelines without lines of code."""
    # Where these tests have imported the house's own, they would be taken for the toy's.
    for package in deps.PACKAGES:
        monkeypatch.delitem(sys.modules, package, raising=False)
    for name, text in MODULES.items():
        path = tmp_path / f"{name}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    (tmp_path / "stages" / "one" / "rules.csv").write_text("")
    (tmp_path / "studies" / "a" / "dvc.yaml").write_text(STUDY)
    (tmp_path / "containers" / "small").mkdir(parents=True)
    (tmp_path / "containers" / "small" / "image.json").write_text("{}")
    (tmp_path / "dvc.yaml").write_text(PIPELINE)
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    return tmp_path


@pytest.fixture(scope="module")
def code():
    return deps.Code()


def test_every_pipeline_is_found():
    assert {Path("dvc.yaml"), *(Path("studies") / name / "dvc.yaml" for name in (
        "sclc_liver", "sclc_liver/imaging", "template"))} <= set(deps.files())


@pytest.mark.parametrize("file", deps.files(), ids=str)
def test_committed_lists_are_those_of_the_imports(file, code):
    wrong = [one.differs() for one in deps.lists(file, code) if one.given != one.wanted]
    assert not wrong, "run 'make deps':\n" + "\n".join(wrong)


def test_rooms_and_studies_import_what_they_may(code):
    modules = code.graph.modules
    assert len(modules) > 100 and not code.foreign()
    assert {name.split(".")[0] for name in modules} == set(deps.PACKAGES)


def test_no_import_that_the_graph_cannot_see(code):
    # This one finds classifiers by name, in a folder that its stages depend on as a whole.
    finder = ROOT / "stages/classification/models.py"
    assert "stages/classification/estimators" in code.needs("stages.classification.models")
    paths = {path for name in deps.PACKAGES for path in (ROOT / name).glob("**/*.py")}
    for path in sorted(paths - {finder}):
        for node in ast.walk(ast.parse(path.read_text())):
            name = getattr(node, "attr", getattr(node, "id", None))
            assert name not in ("import_module", "__import__", "run_module"), f"{path}: {name}"


def test_code_and_pins_are_written_and_all_else_stays(toy):
    deps.run(False, toy)
    text = (toy / "dvc.yaml").read_text()
    assert text == PIPELINE.replace(
        "      - containers/other/requirements.lock\n      - data.csv\n",
        "      - containers/small\n"
        "      - containers/other/requirements.lock\n      - data.csv\n"
        "      - stages/common/files.py\n      - stages/common/late.py\n"
        "      - stages/one/first.py\n      - stages/one/helper.py\n"
        "      - stages/one/rules.csv\n").replace(
        "      deps: []\n",
        "      deps:\n        - containers/${item}\n"
        "        - stages/common/files.py\n        - stages/two/second.py\n")
    assert (toy / "studies" / "a" / "dvc.yaml").read_text() == STUDY.replace(
        "      - studies/a/published\n",
        "      - containers/small\n      - studies/a/published\n      - stages/common/files.py\n"
        "      - stages/one/helper.py\n      - studies/a/mine.py\n      - studies/a/own.py\n")
    assert deps.run(False, toy) == deps.run(True, toy) == []


def test_a_package_that_a_stage_needs_whole_is_one_line(toy):
    """And its files again, as soon as one of them is not needed: no edit of one that is goes unseen."""
    (toy / "stages" / "one" / "types.py").unlink()
    pipeline = (toy / "dvc.yaml").read_text()
    deps.run(False, toy)
    assert pipeline != (toy / "dvc.yaml").read_text() and deps.run(True, toy) == []
    listed, = (one.wanted for one in deps.lists(Path("dvc.yaml"), deps.Code(toy))
               if one.stage == "first")
    assert listed == ("containers/small", "containers/other/requirements.lock", "data.csv",
                      "stages/common/files.py", "stages/common/late.py", "stages/one")
    (toy / "stages" / "one" / "more.py").write_text("")
    with pytest.raises(LauncherError, match="'first' lacks .*one/first.py.* lists stages/one in vain"):
        deps.run(True, toy)
    deps.run(False, toy)
    assert "      - stages/one/rules.csv\n" in (toy / "dvc.yaml").read_text()


def test_dvc_sees_the_pins_of_an_image_alone():
    """Another Dockerfile or base runs no stage again, another pin does."""
    repo = Repo(str(ROOT))
    for folder in (path.parent for path in ROOT.glob("containers/*/image.json")):
        seen = {Path(path).name for path in repo.dvcignore.find(repo.fs, str(folder))}
        assert seen == set(deps.PINS) < {path.name for path in folder.iterdir()}, folder


def test_a_missing_list_is_made(toy):
    deps.run(False, toy)
    whole = (toy / "dvc.yaml").read_text()
    short = "".join(line for line in whole.splitlines(True)
                    if not line.startswith("        - ") and line != "      deps:\n")
    assert short != whole
    (toy / "dvc.yaml").write_text(short)
    deps.run(False, toy)
    assert (toy / "dvc.yaml").read_text() == whole


@pytest.mark.parametrize("old, new, said", [
    ("      - stages/one/helper.py\n", "", "'first' lacks stages/one/helper.py"),
    ("      - data.csv\n", "      - data.csv\n      - stages/two/second.py\n",
     "'first' lists stages/two/second.py in vain"),
    ("containers/small\n", "containers/gone\n",
     "'first' lacks containers/small and lists containers/gone in vain"),
    ("      - data.csv\n      - stages/common/files.py\n",
     "      - stages/common/files.py\n      - data.csv\n", "'first' is out of order")])
def test_a_list_edited_by_hand_is_refused_in_one_line(toy, old, new, said):
    deps.run(False, toy)
    right = (toy / "dvc.yaml").read_text()
    assert right.count(old)
    edited = right.replace(old, new)
    (toy / "dvc.yaml").write_text(edited)
    with pytest.raises(LauncherError) as caught:
        deps.run(True, toy)
    assert f"dvc.yaml: stage {said}" in str(caught.value) and "\n" not in str(caught.value)
    assert (toy / "dvc.yaml").read_text() == edited, "nothing is written"
    deps.run(False, toy)
    assert (toy / "dvc.yaml").read_text() == right


@pytest.mark.parametrize("where, text, said", [
    ("stages/two/second.py", "def stage():\n    from stages.one import helper\n",
     "stages.two.second imports stages.one.helper: a room imports itself and stages.common only"),
    ("stages/common/late.py", "from stages.one import types\n",
     "stages.common.late imports stages.one.types: a room imports itself"),
    ("stages/verdicts/table.py", "from stages.report import page\n",
     "stages.verdicts.table imports stages.report.page: a room imports itself"),
    ("stages/one/types.py", "def late():\n    import studies.a.own\n",
     "stages.one.types imports studies.a.own: nothing imports a study"),
    ("stages/common/late.py", "from studies.a import own\n",
     "stages.common.late imports studies.a.own: nothing imports a study"),
    ("studies/a/own.py", "from studies.b import other\n",
     "studies.a.own imports studies.b.other: a study imports no other one"),
    # Not by its own import, but by that of a module that it imports.
    ("studies/a/own.py", "def late():\n    from stages.two import second\n",
     "studies/a/dvc.yaml: stage 'mine': studies.a.mine needs the rooms one and two, and an image has "
     "one; divide the stage"),
    ("dvc.yaml", PIPELINE.replace("one.first", "one.absent"),
     "stage 'first': there is no module stages.one.absent"),
    ("dvc.yaml", "stages: [a]\n", "dvc.yaml: not a pipeline"),
    ("dvc.yaml", "stages: {\n", "dvc.yaml: not a pipeline"),
    ("sub/dvc.yaml", PIPELINE, "sub/dvc.yaml: stage 'first' does not run")])
def test_bad_input_is_one_line(toy, where, text, said):
    (toy / where).parent.mkdir(exist_ok=True)
    (toy / where).write_text(text)
    before = {file: (toy / file).read_text() for file in ("dvc.yaml", "studies/a/dvc.yaml")}
    for check in (True, False):
        with pytest.raises(LauncherError) as caught:
            deps.run(check, toy)
        assert said in str(caught.value) and "\n" not in str(caught.value)
        assert {file: (toy / file).read_text() for file in before} == before, "nothing is written"


def test_the_report_may_import_the_verdicts(toy):
    """And counts as one room with them."""
    (toy / "studies" / "a" / "mine.py").write_text(
        "from stages.report import page\nfrom stages.verdicts import table\n")
    deps.run(False, toy)
    assert "stages/verdicts/table.py" in (toy / "studies" / "a" / "dvc.yaml").read_text()
    assert deps.Code(toy).rooms("studies.a.mine") == {"report"}


@pytest.fixture
def make_deps(clone):
    """Run ``make deps`` in a clone as a user does, after the change of a file; puts it back."""
    changed = {}

    def run(*arguments, file=None, old="", new=""):
        if file:
            path = clone / file
            changed.setdefault(path, path.read_text())
            assert old in changed[path]
            path.write_text(changed[path].replace(old, new, 1))
        return subprocess.run([ROOT / ".venv" / "bin" / "python", "-m", "containers.commands.deps",
                               *arguments], cwd=clone, capture_output=True, text=True,
                              env={**os.environ, "PYTHONPATH": ""})

    yield run
    for path, text in changed.items():
        path.write_text(text)


@pytest.mark.parametrize("file, old, new, said", [
    ("dvc.yaml", "      - stages/verdicts/ledger.py\n", "",
     "dvc.yaml: stage 'ledger' lacks stages/verdicts/ledger.py: run 'make deps'"),
    ("studies/sclc_liver/models/dvc.yaml", "      - stages/cohort/fetch.py\n",
     "      - stages/cohort/fetch.py\n      - stages/cohort/own.py\n",
     "studies/sclc_liver/models/dvc.yaml: stage 'fetch' lists stages/cohort/own.py in vain: "
     "run 'make deps'"),
    ("studies/sclc_liver/burden.py", "from stages.statistics",
     "from stages.cohort import own\nfrom stages.statistics", "needs the rooms cohort and statistics"),
    ("stages/statistics/ranks.py", "import numpy", "import studies.sclc_liver.cells\nimport numpy",
     "stages.statistics.ranks imports studies.sclc_liver.cells: nothing imports a study")])
def test_a_broken_rule_of_the_house_is_one_line_and_code_2(make_deps, file, old, new, said):
    done = make_deps("--check", file=file, old=old, new=new)
    assert done.returncode == 2 and not done.stdout
    assert done.stderr.startswith("error: ") and said in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_the_house_as_it_is_keeps_the_rules(make_deps):
    done = make_deps("--check")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_a_shared_list_is_written_once_or_refused(toy):
    shared = ("stages:\n  a:\n    cmd: &c containers/run small -- python -m stages.one.helper\n"
              "    deps: &d\n      - data.csv\n  b:\n    cmd: {}\n    deps: *d\n")
    (toy / "dvc.yaml").write_text(shared.format("*c"))
    deps.run(False, toy)
    assert (toy / "dvc.yaml").read_text().count("stages/one/helper.py") == 1
    other = shared.format("containers/run small -- python -m stages.two.second")
    (toy / "dvc.yaml").write_text(other)
    with pytest.raises(LauncherError, match="'a' and 'b' share a list"):
        deps.run(False, toy)
    assert (toy / "dvc.yaml").read_text() == other
