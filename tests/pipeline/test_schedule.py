"""Stages side by side in one process: the same records as `dvc repro`, whatever ends the run."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml
from dvc.repo import Repo

from containers.commands import books, pipeline
from containers.commands.schedule import Pipeline
from containers.launcher import LauncherError

ROOT = Path(__file__).resolve().parents[2]
DVC = ROOT / ".venv" / "bin" / "dvc"
# a, then b and c side by side, then d; one output is in git, one is a folder, one persists.
TOY = {
    "a": {"cmd": "echo ${n} > a.txt", "params": ["n"], "outs": ["a.txt"]},
    "b": {"matrix": {"x": [1, 2]}, "desc": "Copies", "deps": ["a.txt"],
          "cmd": "cat a.txt > b${item.x}.txt && echo ${item.x} >> b${item.x}.txt",
          "outs": [{"b${item.x}.txt": {"cache": False}}]},
    "c": {"cmd": ["mkdir -p c", "cp a.txt c/one", "cp a.txt c/two"], "deps": ["a.txt"],
          "meta": {"cost": "long"}, "outs": [{"c": {"persist": True}}]},
    "d": {"cmd": "cat b1.txt b2.txt c/one > d.txt", "deps": ["b1.txt", "b2.txt", "c"],
          "outs": ["d.txt"]}}
RUN = ("import sys\nfrom pathlib import Path\nfrom containers.commands.schedule import Pipeline\n"
       "from containers.launcher import entry\np = Pipeline(Path(sys.argv[1]))\n"
       "entry(lambda: p.run(p.order, log=Path(sys.argv[1]) / 'log', workers=2))\n")



@pytest.fixture(autouse=True)
def here(monkeypatch):
    """A pipeline works in its repository; each test comes back."""
    monkeypatch.chdir(ROOT)


def toy(folder, stages=TOY, n=1):
    folder.mkdir(exist_ok=True)
    (folder / "dvc.yaml").write_text(yaml.safe_dump({"stages": stages}, sort_keys=False))
    (folder / "params.yaml").write_text(f"n: {n}\n")
    if not (folder / ".dvc").exists():
        subprocess.run(["git", "init", "-q"], cwd=folder, check=True)
        Repo.init(str(folder)).close()
    return folder


def dvc(folder, *arguments):
    return subprocess.run([DVC, *arguments], cwd=folder, check=True, capture_output=True,
                          text=True).stdout


def run(folder, names=None, **options):
    """Run the toy; return the stages that ran and those that had nothing to do."""
    ran, kept = [], []
    house = Pipeline(folder)
    house.run(house.named(names) if names else house.order, ended=lambda stage, seconds: (
        kept if seconds is None else ran).append(stage.addressing), **options)
    return ran, kept


@pytest.fixture(scope="module")
def theirs(tmp_path_factory):
    """The toy as `dvc repro` leaves it for n = 1, and its dvc.lock for n = 1 and n = 2."""
    folder = toy(tmp_path_factory.mktemp("theirs") / "toy")
    dvc(folder, "repro")
    one = (folder / "dvc.lock").read_bytes()
    toy(folder, n=2)
    dvc(folder, "repro")
    return {1: one, 2: (folder / "dvc.lock").read_bytes()}


def test_the_record_is_that_of_dvc_repro_byte_by_byte(tmp_path, theirs):
    folder = toy(tmp_path / "toy")
    ran, kept = run(folder, workers=1)
    # The one that is marked as long goes before the others that are ready.
    assert ran == ["a", "c", "b@1", "b@2", "d"] and not kept
    recorded = (folder / "dvc.lock").read_bytes()
    assert yaml.safe_load(recorded) == yaml.safe_load(theirs[1])
    assert dvc(folder, "status").strip() == "Data and pipelines are up to date."
    (folder / "dvc.lock").write_bytes(theirs[1])  # the order of its entries is that of the first run
    for n, workers in ((2, 2), (1, 1)):
        toy(folder, n=n)
        run(folder, workers=workers)
        assert (folder / "dvc.lock").read_bytes() == theirs[n]
    assert dvc(folder, "status").strip() == "Data and pipelines are up to date."
    assert (folder / "d.txt").read_text() == "1\n1\n1\n2\n1\n"


def test_only_what_changed_runs_and_what_is_forced(tmp_path, theirs):
    folder = toy(tmp_path / "toy")
    run(folder)
    assert run(folder) == ([], run(folder)[1]) and len(run(folder)[1]) == 5
    (folder / "b2.txt").unlink()
    assert run(folder)[0] == ["b@2"]
    assert run(folder, force=lambda stage: stage.name == "c")[0] == ["c"]
    assert sorted(run(folder, ["b"], force=lambda stage: True)[0]) == ["b@1", "b@2"]
    toy(folder, n=2)
    run(folder)
    toy(folder, n=1)
    # DVC's cache of runs holds a and d, but nothing that persists or is not in the cache.
    assert sorted(run(folder)[0]) == ["b@1", "b@2", "c"]
    assert yaml.safe_load((folder / "dvc.lock").read_text()) == yaml.safe_load(theirs[1])


@pytest.mark.parametrize("gpus, seen", [("4,7", {"4", "7"}), ("4", {"4"}), (None, {"none"})])
def test_stages_side_by_side_get_a_gpu_each(tmp_path, monkeypatch, gpus, seen):
    """Each waits for the other's file, so that both run at once; with one GPU they share it."""
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    if gpus:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", gpus)
    wait = "for i in $(seq 100); do [ -e {} ] && break; sleep 0.1; done"
    stages = {name: {"cmd": f"echo ${{CUDA_VISIBLE_DEVICES:-none}} > {name}.txt && "
                            + wait.format(f"{other}.txt"), "outs": [f"{name}.txt"]}
              for name, other in (("one", "two"), ("two", "one"))}
    for stage in stages.values():
        stage["cmd"] = stage["cmd"].replace("${", "\\${")  # not DVC's
    folder = toy(tmp_path / "toy", stages)
    assert len(run(folder, workers=2)[0]) == 2
    assert {(folder / f"{name}.txt").read_text().strip() for name in stages} == seen


def test_a_frozen_stage_runs_when_it_is_forced_only(tmp_path):
    folder = toy(tmp_path / "toy")
    run(folder)
    frozen = {**TOY, "a": {**TOY["a"], "frozen": True}}
    toy(folder, frozen, n=2)
    assert not run(folder)[0]
    ran = run(folder, force=lambda stage: stage.name == "a")[0]
    assert sorted(ran) == ["a", "b@1", "b@2", "c", "d"]
    (folder / "a.txt").unlink()
    with pytest.raises(LauncherError, match="stage 'a' is frozen, but a.txt is not there"):
        run(folder)


def both(waits):
    """Two stages, each of which waits for the other to start."""
    wait = ("i=0; while [ ! -e {} ]; do sleep 0.1; i=$((i+1)); "
            f"[ $i -lt {waits} ] || exit 9; done")
    return {mine: {"cmd": f"touch started-{mine} && {{ {wait.format('started-' + other)}; }} && "
                          f"echo {mine} > {mine}.txt", "outs": [f"{mine}.txt"]}
            for mine, other in (("a", "b"), ("b", "a"))}


def test_two_run_side_by_side_and_one_that_takes_two_does_not(tmp_path):
    assert sorted(run(toy(tmp_path / "one", both(200)), workers=2)[0]) == ["a", "b"]
    alone = both(5)
    alone["a"]["meta"] = {"threads": 2}
    with pytest.raises(LauncherError, match="stage 'a' failed: exit code 9"):
        run(toy(tmp_path / "two", alone), workers=2)


BROKEN = {
    "broken": {"cmd": "sleep 1; echo 'error: no such scan; add it' >&2 && exit 2", "outs": ["c"]},
    "beside": {"cmd": "sleep 2; echo 1 > beside.txt", "outs": ["beside.txt"]},
    "behind": {"cmd": "touch e", "deps": ["c"], "outs": ["e"]}}


def test_a_failing_stage_is_one_line_and_what_ran_beside_it_is_recorded(tmp_path):
    folder = toy(tmp_path / "toy", BROKEN)
    with pytest.raises(LauncherError) as caught:
        run(folder, workers=2, log=folder / "log")
    assert str(caught.value) == "stage 'broken' failed: no such scan; add it"
    assert list(yaml.safe_load((folder / "dvc.lock").read_text())["stages"]) == ["beside"]
    assert "error: no such scan" in (folder / "log").read_text()
    assert not (folder / "e").exists()


@pytest.mark.parametrize("stages, said", [
    ({"a": {"cmd": "true", "outs": ["never"]}}, "stage 'a' failed: .*never.* does not exist"),
    ({"a": {"cmd": "true", "deps": ["never"]}}, "DVC: .*never.* does not exist"),
    ({"a": {"cmd": "true", "outs": ["x"]}, "b": {"cmd": "true", "outs": ["x"]}}, "DVC: .*x.* is spec"),
    ({"a": {"outs": ["x"]}}, "DVC: .*dvc.yaml")])
def test_what_dvc_refuses_is_one_line(tmp_path, stages, said):
    with pytest.raises(LauncherError, match=said) as caught:
        run(toy(tmp_path / "toy", stages))
    assert "\n" not in str(caught.value)


def test_an_unknown_stage_is_one_line(tmp_path):
    with pytest.raises(LauncherError, match="'e' .*stage list") as caught:
        run(toy(tmp_path / "toy"), ["e"])
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("number, said", [
    (signal.SIGKILL, ""), (signal.SIGTERM, "error: terminated; run the same command again to go on\n")])
def test_a_run_that_was_ended_goes_on(tmp_path, theirs, number, said):
    slow = {**TOY, "d": {**TOY["d"], "cmd": f"[ -e go ] || sleep 60; {TOY['d']['cmd']}"}}
    folder = toy(tmp_path / "toy", slow)
    process = subprocess.Popen([sys.executable, "-W", "ignore", "-c", RUN, str(folder)], cwd=ROOT,
                               start_new_session=True, stderr=subprocess.PIPE, text=True,
                               env={**os.environ, "PYTHONPATH": str(ROOT)})
    for _ in range(600):
        if (folder / "log").exists() and "Running stage 'd'" in (folder / "log").read_text():
            break
        time.sleep(0.1)
    if number == signal.SIGKILL:
        os.killpg(process.pid, number)
    else:
        process.terminate()  # this process alone; what it started ends with it
    assert process.communicate(timeout=50)[1] == said
    (folder / "go").touch()
    run(folder)
    assert dvc(folder, "status").strip() == "Data and pipelines are up to date."
    found, known = (yaml.safe_load(text)["stages"] for text in (
        (folder / "dvc.lock").read_text(), theirs[1]))
    assert {name: stage["outs"] for name, stage in found.items()} == {
        name: stage["outs"] for name, stage in known.items()}


@pytest.mark.parametrize("left", ["", '{"write": {"/x": {"pid": 1, "c', "\0\0"])
def test_books_of_dvc_that_a_killed_run_left_half_written_stop_nothing(tmp_path, left):
    folder = toy(tmp_path / "toy", {"a": {"cmd": "echo 1 > a.txt", "outs": ["a.txt"]}})
    (folder / ".dvc" / "tmp").mkdir(exist_ok=True)
    (folder / ".dvc" / "tmp" / "rwlock").write_text(left)
    assert run(folder)[0] == ["a"] and run(folder)[1] == ["a"]


def killed_while_writing(folder, lock):
    """Leave what a run leaves that is killed while DVC writes a lock file."""
    books.kept(Repo(str(folder)), lock).__enter__()
    lock.write_bytes(lock.read_bytes()[:150] if lock.exists() else b"schema: '2.0'\nsta")


def test_a_lock_file_that_a_killed_run_left_half_written_is_put_back(tmp_path, theirs):
    folder = toy(tmp_path / "toy")
    lock = folder / "dvc.lock"
    killed_while_writing(folder, lock)
    assert len(run(folder, workers=1)[0]) == 5 and lock.read_bytes() != b""
    whole = lock.read_bytes()
    assert not list((folder / ".dvc" / "tmp").rglob("*.lock.part"))
    killed_while_writing(folder, lock)
    assert lock.read_bytes() != whole
    ran, kept = run(folder)
    assert not ran and len(kept) == 5 and lock.read_bytes() == whole
    assert not (folder / ".dvc" / "tmp" / books.BEFORE).exists()
    # A lock file that was written to its end stays.
    with books.kept(Repo(str(folder)), lock):
        lock.write_bytes(whole + b"\n")
    Pipeline(folder)
    assert lock.read_bytes() == whole + b"\n"


def test_a_first_run_repeats_each_stage_once_and_no_sweep(tmp_path):
    folder = toy(tmp_path / "toy", {**TOY, "c": {**TOY["c"], "meta": {"sweep": True}}})
    dvc(folder, "repro")
    house = Pipeline(folder)
    again, done = pipeline.Again(folder / "again"), []
    again.add("b@1")  # done before the run was interrupted
    house.run(house.order, pipeline.Again(folder / "again"),
              ended=lambda stage, seconds: seconds is None or done.append(stage.name))
    assert done == ["a", "b@2", "d"]
    again.add()
    assert not any(map(pipeline.Again(folder / "again"), house.order))


def test_a_run_is_shown(tmp_path, capsys):
    house = Pipeline(toy(tmp_path / "toy"))
    with pipeline.display() as progress:
        pipeline.run(progress, "toy", house, house.order, lambda stage: False, tmp_path / "log")
    shown = [line for line in capsys.readouterr().err.splitlines() if line.startswith("[")]
    assert len(shown) == 5 and shown[0].startswith("[ 1/5] a ") and shown[4].startswith("[ 5/5] d ")
