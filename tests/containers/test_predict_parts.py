"""``make predict`` in parts: the same as the whole, whatever fails or is damaged; git takes nothing."""

import json
import subprocess
from pathlib import Path

import pytest

from containers.commands import predict
from containers.commands.shards import job, part, stages, way
from containers.launcher import LauncherError

SERIES = ["a", "b", "c"]


class Stages:
    """Stages that write what real ones would of three series; ``failing`` have no mask.

    Attributes
    ----------
    ran : list of str
        Modules, in the order in which they ran.
    refusing : str
        The one that ends with exit status 2.
    watch : callable
        Takes the folder of the results, after each of them.
    """

    def __init__(self, out):
        self.out, self.ran, self.refusing, self.failing, self.faults = out, [], "", {}, []
        self.watch = lambda out: None

    def launch(self, line):
        module = line[line.index("-m") + 1].rpartition(".")[2]
        self.ran.append(module)
        if module == self.refusing:
            return 2
        given = dict(zip(line, line[1:]))
        for path, text in getattr(self, module)(given):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        self.watch(self.out)
        return 0

    def paired(self, given):
        yield Path(given["--out"]), "series,path\n" + "".join(f"{name},{name}.nii\n" for name in SERIES)

    def card_page(self, given):
        yield Path(given["--out"]) / "model_card.json", "{}"
        yield Path(given["--out"]) / "model_card.md", "a card"

    def parts(self, given):
        count = int(given["--count"])
        yield Path(given["--out"]), json.dumps({
            "parts": [SERIES[number::count] for number in range(count)], "lesion_labels": [2],
            "liver_labels": [1], "failed": {}, "faults": self.faults})

    def masked(self, given):
        plan = job.read(Path(given["--plan"]))["parts"][int(given["--part"])]
        yield Path(given["--out"]) / "manifest.csv", "\n".join(plan)
        yield Path(given["--failed"]), "{}"
        yield Path(given["--record"]), ""

    def predict(self, given):
        names = Path(given["--manifest"]).read_text().split()
        yield Path(given["--failed"]), json.dumps(
            {name: why for name, why in self.failing.items() if name in names})
        left = [name for name in names if name not in self.failing]
        yield Path(given["--kept"]), "\n".join(left)
        for name in left:
            yield Path(given["--manifest"]).parent / "masks" / f"{name}.nii.gz", f"mask of {name}"

    def unlabelled(self, given):
        names = Path(given["--manifest"]).read_text().split()
        rows = "".join(f"{name},1\n" for name in names)
        yield Path(given["--out"]) / "features.csv", f"File,x\n{rows}"
        yield Path(given["--out"]) / "excluded.csv", "File,reason\n"
        yield Path(given["--failed"]), "{}"

    def preview(self, given):
        for name in Path(given["--manifest"]).read_text().split():
            yield Path(given["--out"]) / f"{name}.png", f"picture of {name}"

    def apply(self, given):
        yield Path(given["--out"]), Path(given["--features"]).read_text()


@pytest.fixture
def run(ready, monkeypatch):
    """Return a function that runs the command in this process, and its stages."""
    made = Stages(ready / "out")

    def work_on(self, parts):
        for number in range(len(parts)):
            if not parts.done(number):
                part.run(parts, number)
        return {}
    monkeypatch.setattr(stages, "launch", made.launch)
    monkeypatch.setattr(way.Way, "work_on", work_on)
    monkeypatch.setattr(predict.environment, "check_cpu", lambda: None)
    monkeypatch.setattr(predict, "shown", lambda *_: None)
    monkeypatch.setattr(predict, "lines", lambda *_: [])

    def command(*more, out="out"):
        made.out, made.ran = ready / out, []
        monkeypatch.setattr("sys.argv", ["predict", "--ct", str(ready / "ct.nii.gz"), "--out",
                                         str(ready / out), *more])
        return predict.main()
    command.stages = made
    return command


def git(folder, *arguments):
    return subprocess.run(["git", "-C", folder, *arguments], capture_output=True, text=True,
                          check=True).stdout


def test_git_takes_nothing_of_a_patient_from_the_results(ready, run):
    """Neither while stages run nor afterwards, in a folder that no other file ignores."""
    git(ready, "init", "-q")
    (ready / ".gitignore").write_text("/repository/\n/ct.nii.gz\n")
    seen = []
    run.stages.watch = lambda out: seen.append(git(ready, "status", "--porcelain",
                                                   "--untracked-files=all"))
    assert run() == 0 and len(seen) == 8 and set(seen) == {"?? .gitignore\n"}
    assert (ready / "out" / "overlays" / "a.png").is_file()
    git(ready, "add", "-A")
    assert git(ready, "ls-files") == ".gitignore\n"
    (ready / "out" / "mine.txt").write_text("mine")
    with pytest.raises(LauncherError, match="is not empty"):
        predict.check(predict.parse(["--ct", str(ready / "ct.nii.gz"), "--out",
                                     str(ready / "out")]))


def everything(out):
    return {path.relative_to(out): path.read_bytes() for path in out.rglob("*")
            if path.is_file() and path.name != ".done.json"}


def test_parts_give_what_the_whole_gives(ready, run, capsys):
    assert run() == 0
    assert run.stages.ran == ["paired", "card_page", "parts", "masked", "predict", "unlabelled",
                              "preview", "apply"]
    assert run("--shards", "3", out="parts") == 0
    assert run.stages.ran.count("masked") == 3 and run.stages.ran.count("apply") == 1
    assert everything(ready / "out") == everything(ready / "parts")
    assert {path.name for path in (ready / "out").iterdir()} == {
        ".done.json", ".gitignore", "features.csv", "excluded.csv", "predictions.csv", "masks",
        "overlays", "model_card.json", "model_card.md"}
    capsys.readouterr()
    assert run(out="parts") == 0 and run.stages.ran == ["paired"]
    assert "made before: nothing to do" in capsys.readouterr().out
    # Predictions of other classifiers are other results.
    (ready / "repository" / predict.CLASSIFIERS / "LR/features.json").write_text("[]")
    with pytest.raises(LauncherError, match="holds results of another table"):
        run(out="parts")
    assert (ready / "parts" / "predictions.csv").exists()


def test_a_series_fails_alone_and_is_made_when_it_is_mended(ready, run):
    assert run(out="whole") == 0
    run.stages.failing = {"b": "b.nii: is too large for the GPU's memory"}
    with pytest.raises(LauncherError, match="b.nii: is too large"):
        run("--shards", "3")
    out = ready / "out"
    assert sorted(path.name for path in (out / "masks").iterdir()) == ["a.nii.gz", "c.nii.gz"]
    assert (out / "predictions.csv").read_text() == "File,x\na,1\nc,1\n"
    assert (out / "failed.csv").read_text().splitlines()[1].startswith("b,b.nii")
    # Nothing is left of its part to draw or to measure.
    assert run.stages.ran.count("predict") == 3 and run.stages.ran.count("preview") == 2
    run.stages.failing = {}
    assert run("--shards", "3") == 0 and run.stages.ran.count("predict") == 1
    assert everything(out) == everything(ready / "whole")
    run.stages.failing = dict.fromkeys(SERIES, "is bad")
    with pytest.raises(LauncherError, match="is bad"):
        run(out="none")
    assert {path.name for path in (ready / "none").iterdir()} == {way.WORK, way.IGNORE, "failed.csv"}


def test_a_mask_that_was_damaged_is_made_again(ready, run):
    run.stages.failing = {"c": "is bad"}
    with pytest.raises(LauncherError):
        run("--shards", "3")
    (ready / "out" / way.WORK / "parts/00000/masks/a.nii.gz").write_text("damaged")
    run.stages.failing = {}
    assert run("--shards", "3") == 0 and run.stages.ran.count("predict") == 2
    assert (ready / "out/masks/a.nii.gz").read_text() == "mask of a"


@pytest.mark.parametrize("module", ["paired", "card_page", "parts"])
def test_what_is_refused_before_any_series_is_read_leaves_nothing(ready, run, module):
    run.stages.refusing = module
    with pytest.raises(SystemExit) as stop:
        run()
    assert stop.value.code == 2 and not (ready / "out").exists()


def test_nothing_is_made_of_a_table_at_fault(ready, run):
    run.stages.faults = ["cohort.csv: has 'a' twice"]
    with pytest.raises(LauncherError, match="has 'a' twice"):
        run("--shards", "2")
    # Its files are read, to tell all at once.
    assert run.stages.ran.count("masked") == 2 and "predict" not in run.stages.ran
    assert not (ready / "out").exists()
