"""What each stage's code depends on is derived from its imports, in every pipeline."""

import ast
import subprocess
from pathlib import Path

import pytest

from containers.commands import deps
from containers.launcher import LauncherError

ROOT = Path(__file__).resolve().parents[2]
PIPELINE = """\
# The toy.
stages:
  first:
    cmd: >-
      containers/run small -- python -m {room}.one.first
      --out a.csv
    deps:
      - containers/other/requirements.lock
      - data.csv

      # What stands here stays.
    outs: [a.csv]
  second:
    foreach: [x, y]
    do:
      cmd: containers/run --threads 2 ${{item}} -- python -m {room}.two.second
      deps: []
  third:
    cmd: echo nothing of ours   # a comment
"""
MODULES = {
    "__init__": "", "common/__init__": "", "one/__init__": "", "two/__init__": "",
    "common/files": "", "common/late": "", "common/messages": "# dvc: no dependency (messages)\n",
    "one/helper": "import {room}.common.files\n", "one/types": "",
    "one/first": "from pathlib import Path\nfrom typing import TYPE_CHECKING\n"
                 "from {room}.common import messages\nfrom {room}.one import helper\n"
                 "if TYPE_CHECKING:\n    from {room}.one import types\n"
                 "RULES = Path(__file__).with_name('rules.csv')\n"
                 "def stage():\n    from {room}.common.late import late\n",
    "two/second": "from {room}.common.files import write\n"}


@pytest.fixture
def toy(tmp_path):
    """A repository with two rooms, one image and a pipeline without lines of code."""
    room = "toy_rooms"
    for name, text in MODULES.items():
        path = (tmp_path / room / name).with_suffix(".py")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text.format(room=room))
    (tmp_path / room / "one" / "rules.csv").write_text("")
    (tmp_path / "containers" / "small").mkdir(parents=True)
    (tmp_path / "containers" / "small" / "image.json").write_text("{}")
    (tmp_path / "dvc.yaml").write_text(PIPELINE.format(room=room))
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    return tmp_path


@pytest.fixture(scope="module")
def code():
    return deps.Code()


def test_every_pipeline_is_found():
    assert {Path("dvc.yaml"), Path("imaging/dvc.yaml")} <= set(deps.files())


@pytest.mark.parametrize("file", deps.files(), ids=str)
def test_committed_lists_are_those_of_the_imports(file, code):
    wrong = [one.differs() for one in deps.lists(file, code) if one.given != one.wanted]
    assert not wrong, "run 'make deps':\n" + "\n".join(wrong)


def test_rooms_import_themselves_and_what_is_common(code):
    assert len(code.graph("stages").modules) > 100 and not code.foreign("stages")


def test_no_import_that_the_graph_cannot_see():
    for path in (ROOT / "stages").glob("**/*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            name = getattr(node, "attr", getattr(node, "id", None))
            assert name not in ("import_module", "__import__", "run_module"), f"{path}: {name}"


def test_code_and_pins_are_written_and_all_else_stays(toy):
    deps.run(False, toy)
    text = (toy / "dvc.yaml").read_text()
    assert text == PIPELINE.format(room="toy_rooms").replace(
        "      - containers/other/requirements.lock\n      - data.csv\n",
        "      - containers/small/image.json\n      - containers/small/requirements.lock\n"
        "      - containers/other/requirements.lock\n      - data.csv\n"
        "      - toy_rooms/common/files.py\n      - toy_rooms/common/late.py\n"
        "      - toy_rooms/one/first.py\n      - toy_rooms/one/helper.py\n"
        "      - toy_rooms/one/rules.csv\n").replace(
        "      deps: []\n",
        "      deps:\n        - containers/${item}/image.json\n"
        "        - containers/${item}/requirements.lock\n"
        "        - toy_rooms/common/files.py\n        - toy_rooms/two/second.py\n")
    assert deps.run(False, toy) == deps.run(True, toy) == []


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
    ("      - toy_rooms/one/helper.py\n", "", "'first' lacks toy_rooms/one/helper.py"),
    ("      - data.csv\n", "      - data.csv\n      - toy_rooms/two/second.py\n",
     "'first' lists toy_rooms/two/second.py in vain"),
    ("containers/small/image.json\n", "containers/gone/image.json\n",
     "'first' lacks containers/small/image.json and lists containers/gone/image.json in vain"),
    ("      - data.csv\n      - toy_rooms/common/files.py\n",
     "      - toy_rooms/common/files.py\n      - data.csv\n", "'first' is out of order")])
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
    ("toy_rooms/two/second.py", "def stage():\n    from toy_rooms.one import helper\n",
     "toy_rooms.two.second imports toy_rooms.one.helper: a room imports itself"),
    ("dvc.yaml", PIPELINE.format(room="toy_rooms").replace("one.first", "one.absent"),
     "stage 'first': there is no module toy_rooms.one.absent"),
    ("dvc.yaml", "stages: [a]\n", "dvc.yaml: not a pipeline"),
    ("dvc.yaml", "stages: {\n", "dvc.yaml: not a pipeline"),
    ("sub/dvc.yaml", PIPELINE.format(room="toy_rooms"), "sub/dvc.yaml: stage 'first' does not run")])
def test_bad_input_is_one_line(toy, where, text, said):
    (toy / where).parent.mkdir(exist_ok=True)
    (toy / where).write_text(text)
    before = (toy / "dvc.yaml").read_text()
    with pytest.raises(LauncherError) as caught:
        deps.run(False, toy)
    assert said in str(caught.value) and "\n" not in str(caught.value)
    assert (toy / "dvc.yaml").read_text() == before


def test_a_shared_list_is_written_once_or_refused(toy):
    shared = ("stages:\n  a:\n    cmd: &c containers/run small -- python -m toy_rooms.one.helper\n"
              "    deps: &d\n      - data.csv\n  b:\n    cmd: {}\n    deps: *d\n")
    (toy / "dvc.yaml").write_text(shared.format("*c"))
    deps.run(False, toy)
    assert (toy / "dvc.yaml").read_text().count("toy_rooms/one/helper.py") == 1
    other = shared.format("containers/run small -- python -m toy_rooms.two.second")
    (toy / "dvc.yaml").write_text(other)
    with pytest.raises(LauncherError, match="'a' and 'b' share a list"):
        deps.run(False, toy)
    assert (toy / "dvc.yaml").read_text() == other
