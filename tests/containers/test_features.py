"""``make features``: what it refuses, what it runs, and what stays for the next run."""

import json
import sys

import pytest

from containers.commands import features
from containers.commands.shards import job, local, merge, results, stages
from containers.commands.shards.way import EVERYTHING, IGNORE, WORK, faults
from containers.launcher import LauncherError, environment


@pytest.fixture
def table(tmp_path):
    path = tmp_path / "own" / "cohort.csv"
    path.parent.mkdir()
    path.write_text("series,path,mask\na,a.nii.gz,m.nii.gz\nb,b.nii.gz,m.nii.gz\n")
    for name in "abm":
        path.with_name(f"{name}.nii.gz").write_text(name)
    return path


@pytest.fixture
def parts(table, tmp_path):
    """Two parts of a table, planned and not begun."""
    work = tmp_path / "out" / WORK
    work.mkdir(parents=True)
    features.wanted(parsed("--table", table, "--out", work.parent), table, work).write(work)
    job.write(work / job.PLAN, {"parts": [["a"], ["b"]], "lesion_labels": [2], "liver_labels": [1],
                                "failed": {}, "faults": []})
    found = job.Parts.of(work)
    for number in range(2):
        found.folder(number).mkdir(parents=True)
    return found


def parsed(*arguments):
    return features.parse([str(argument) for argument in arguments])


@pytest.mark.parametrize("arguments, words", [
    (("--table=", "--out=x"), "make features TABLE=… OUT=…"),
    (("--table=t.csv", "--out="), "make features TABLE=… OUT=…"),
    (("--table=t.csv",), "make features TABLE=… OUT=…"),
    (("--table= ", "--check"), "make features TABLE=… OUT=…"),
    (("--table=t.csv", "--out=x", "--shards=0"), "SHARDS is '0'; give a whole number from 1"),
    (("--table=t.csv", "--out=x", "--jobs=two"), "JOBS is 'two'; give a whole number"),
    (("--table=t.csv", "--out=x", "--scheduler=pbs"), "SCHEDULER is 'pbs'; valid: local, slurm"),
    (("--table=t.csv", "--check", "--scheduler=slurm"), "name a folder that all nodes see: OUT=…")])
def test_what_is_no_command(arguments, words):
    with pytest.raises(LauncherError, match=words):
        parsed(*arguments)


def test_nothing_is_overwritten_but_an_interrupted_run_goes_on(table, tmp_path):
    out = tmp_path / "out"
    options = parsed("--table", table, "--out", out)
    assert features.check(options) == (table, out)
    (out / WORK).mkdir(parents=True)
    (out / IGNORE).write_text(EVERYTHING)
    assert features.check(options) == (table, out)
    # Killed while the tables were written.
    (out / "features.csv").write_text("half")
    assert features.check(options) == (table, out)
    (out / "mine.csv").write_text("mine")
    with pytest.raises(LauncherError, match="is not empty; name a new folder, nothing is overwritten"):
        features.check(options)
    (out / "mine.csv").unlink()
    (out / WORK).rmdir()
    with pytest.raises(LauncherError, match="is not empty"):
        features.check(options)
    with pytest.raises(LauncherError, match="is a file"):
        features.check(parsed("--table", table, "--out", table))
    with pytest.raises(LauncherError, match="no such file; name the cohort's table"):
        features.check(parsed("--table", tmp_path / "none.csv", "--out", tmp_path / "new"))


def test_a_container_sees_its_part_and_the_files_of_the_table_alone(parts, table):
    lines = stages.intake(parts, 1), stages.measure(parts, 1)
    assert [line[line.index("-m") + 1] for line in lines] == [
        "stages.cohort.masked", "stages.radiomics.measure"]
    folder = str(parts.folder(1))
    assert all(line[:line.index("--")].count("--write") == 1 for line in lines)
    assert all(line[line.index("--write") + 1] == folder for line in lines)
    assert lines[0][:4] == ["--read", str(table.parent), "--read", str(parts.work)]
    assert "--read" not in lines[1] and lines[1][lines[1].index("--jobs") + 1] == "1"


def ended(parts, number, **more):
    """Write what a part that has ended leaves."""
    folder = parts.folder(number)
    for name in job.TABLES:
        (folder / name).write_text(f"File,x\n{parts.names(number)[0]},1\n")
    job.write(folder / job.END, {
        **parts.made_of(number), "names": job.digest(parts.job.texts), "failed": {},
        "outputs": {name: job.of_file(folder / name) for name in job.TABLES}, **more})


@pytest.mark.parametrize("change", ["file", "row", "output", "parameter", "name", "failed", "cut"])
def test_a_part_is_done_as_long_as_nothing_of_it_changes(parts, table, change):
    ended(parts, 0, **({"failed": {"a": "a is bad"}} if change == "failed" else {}))
    ended(parts, 1)
    job._stamp.cache_clear()
    assert parts.done(1) and parts.done(0) == (change != "failed")
    text = table.read_text()
    if change == "file":
        table.with_name("a.nii.gz").write_text("another")
    elif change == "row":
        table.write_text(text.replace("a.nii.gz,m", "a.nii.gz,b"))
    elif change == "output":
        (parts.folder(0) / "features.csv").write_text("File,x\na,2\n")
    elif change == "cut":
        (parts.folder(0) / job.END).write_text((parts.folder(0) / job.END).read_text()[:-5])
    elif change == "name":
        # Its own row is the same, but headers have to be compared with what is new.
        table.write_text(f"{text}Smith,c.nii.gz,m.nii.gz\n")
    elif change == "parameter":
        content = job.read(parts.work / job.PLAN)
        job.write(parts.work / job.PLAN, {**content, "lesion_labels": [1]})
    job._stamp.cache_clear()
    options = parsed("--table", table, "--out", parts.work.parent)
    features.wanted(options, table, parts.work).write(parts.work)
    again = job.Parts.of(parts.work)
    assert not again.done(0) and again.done(1) == (change not in ("name", "parameter"))


def test_rows_are_in_the_table_s_order_whatever_part_they_are_of(tmp_path):
    texts = ('File,x\nb,"1,5"\nb,2\nd,3\n', "File\n", "File,x\na,4\nc,\n")
    files = [tmp_path / f"{number}.csv" for number in range(3)]
    for path, text in zip(files, texts):
        path.write_text(text)
    assert merge.merged(files) == merge.merged(files[::-1]) == 'File,x\na,4\nb,"1,5"\nb,2\nc,\nd,3\n'
    assert merge.merged(files[1:2]) == "File\n"
    files[1].write_text("File,y\ne,1\n")
    with pytest.raises(LauncherError, match="have different columns"):
        merge.merged(files)


def test_what_did_not_end_is_named_and_what_forbids_results_forbids_them(parts, tmp_path):
    ended(parts, 0, failed={"a": "a.nii.gz: is empty"})
    failed, forbidden = faults(parts, {1: "signal 9"})
    assert not forbidden and failed == {
        "a": "a.nii.gz: is empty", "b": "part 1 did not end (signal 9); run the same command again"}
    results.finish(parts, tmp_path / "out", failed, {})
    assert (tmp_path / "out" / "features.csv").read_text() == "File,x\na,1\n"
    assert (tmp_path / "out" / "failed.csv").read_text().splitlines()[1:] == [
        f"{name},{why}" for name, why in failed.items()]
    assert not (tmp_path / "out" / results.DONE).exists()
    # A name that gives away what a header holds may stand in any row.
    job.write(parts.folder(1) / job.STOPPED, {"status": 2, "failed": {"b": "'b' holds PatientName"}})
    # A single part says it itself.
    assert faults(parts, {})[1] == [""]
    (parts.folder(1) / job.LOG).write_text("own: series 1 of 1\r\nerror: apptainer is not installed\n")
    assert faults(parts, {})[1] == ["'b' holds PatientName"]
    job.write(parts.folder(1) / job.STOPPED, {"status": 2, "failed": None})
    assert faults(parts, {})[1] == ["part 1: apptainer is not installed"]


def test_results_are_known_again_and_others_are_not_overwritten(parts, tmp_path):
    out, made_of = tmp_path / "out", results.facts(parts.job)
    assert not results.complete(out, made_of)
    for number in range(2):
        ended(parts, number)
    results.finish(parts, out, {}, made_of)
    assert results.complete(out, made_of)
    with pytest.raises(LauncherError, match="holds results of another table"):
        results.complete(out, {**made_of, "rows": "x"})
    (out / "features.csv").write_text("damaged")
    with pytest.raises(LauncherError, match="name a new folder"):
        results.complete(out, made_of)


def test_results_that_were_written_in_part_are_written_again(parts, table, tmp_path, monkeypatch):
    out, made_of, whole = tmp_path / "out", results.facts(parts.job), results.replace
    for number in range(2):
        ended(parts, number)

    def killed(path, target):
        if path.name == "features.csv":
            raise KeyboardInterrupt
        whole(path, target)
    monkeypatch.setattr(results, "replace", killed)
    with pytest.raises(KeyboardInterrupt):
        results.finish(parts, out, {}, made_of)
    monkeypatch.undo()
    assert (out / "excluded.csv").exists() and not results.complete(out, made_of)
    assert features.check(parsed("--table", table, "--out", out)) == (table, out)
    # Nothing of a part is left to do.
    assert parts.done(0) and parts.done(1)
    results.finish(parts, out, {}, made_of)
    assert results.complete(out, made_of)


def test_earlier_results_stay_until_the_new_ones_are_all_there(parts, tmp_path, capsys):
    """Neither what fails at the end nor a part that is killed takes them away."""
    out, names = tmp_path / "out", [*job.TABLES, "failed.csv"]
    ended(parts, 0, failed={"a": "a.nii.gz: is empty"})
    ended(parts, 1)
    results.finish(parts, out, {"a": "a.nii.gz: is empty"}, {})
    before = [(out / name).read_bytes() for name in names]

    def stops(new):
        # The new tables are there, and nowhere else.
        assert (new / "features.csv").is_file() and new.parent == parts.work
        raise SystemExit(2)
    ended(parts, 0)
    with pytest.raises(SystemExit):
        results.finish(parts, out, {}, {}, stops)
    assert [(out / name).read_bytes() for name in names] == before
    (parts.folder(1) / job.END).unlink()
    assert results.finish(parts, out, faults(parts, {1: "signal 9"})[0], {})
    assert [(out / name).read_bytes() for name in names] == before
    assert "the results of the run before stay until every part" in capsys.readouterr().err
    # What was killed comes later: it is new.
    ended(parts, 1)
    assert results.finish(parts, out, {}, {}) and not (out / "failed.csv").exists()
    assert (out / "features.csv").read_text() == "File,x\na,1\nb,1\n"


def test_no_work_folder_is_no_job(tmp_path):
    with pytest.raises(LauncherError, match="says no job"):
        job.Parts.of(tmp_path)
    (tmp_path / job.JOB).write_text(json.dumps({"table": "x"}))
    with pytest.raises(LauncherError, match="says no job"):
        job.Parts.of(tmp_path)


def test_gpus_are_taken_in_turn(tmp_path, monkeypatch):
    """Two parts at a time never have the same one; without names, all have what this process has."""
    logs = {number: tmp_path / f"{number}.log" for number in range(6)}
    code = ("import os, sys, time; home, number = sys.argv[1:]; "
            "gpu = os.environ.get('CUDA_VISIBLE_DEVICES', 'none'); print(gpu); "
            "os.close(os.open(f'{home}/{gpu}', os.O_CREAT | os.O_EXCL)); time.sleep(0.2); "
            "os.unlink(f'{home}/{gpu}')")
    line = [sys.executable, "-c", code, str(tmp_path)]
    monkeypatch.setenv(environment.DEVICES, "3,5")
    assert local.gpus() == ["3", "5"] and local.run(line, logs, 2, local.gpus()) == {}
    assert {log.read_text() for log in logs.values()} == {"3\n", "5\n"}
    monkeypatch.delenv(environment.DEVICES)
    assert local.gpus() == [""] and local.run(line, logs, 1, local.gpus()) == {}
    assert {log.read_text() for log in logs.values()} == {"none\n"}
