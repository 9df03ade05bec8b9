"""A short form of ``make fuzz``: no traceback, no hang, nothing silently wrong; it sees each."""

import pytest

from containers.commands import fuzz, reliability
from containers.launcher import LauncherError

# Rooms whose programs start fast, and how many inputs of each.
SHORT = {"reporting": 90, "cohort": 40, "masks": 30, "expression": 20}


@pytest.mark.parametrize("room", SHORT)
def test_damaged_inputs_are_refused_in_one_line_or_do_no_harm(room, tmp_path):
    found = fuzz.run(room, 7, SHORT[room], tmp_path)
    assert [one["index"] for one in found] == list(range(SHORT[room]))
    # The intake keeps the series that it has taken in when another one is at fault
    # (docs/reliability.md): a refused table may leave files.
    kept = "home/cohort.csv"
    assert [one for one in fuzz.faults(found)
            if not (one.startswith("left something") and kept in one)] == []
    assert {"one line", "same result"} <= {one["outcome"] for one in found}


def test_every_room_has_its_share():
    assert set(fuzz.ROOMS) == set(fuzz.shares(100)) and sum(fuzz.shares(2000).values()) >= 2000


def worker(tmp_path, monkeypatch, script):
    """Let a program of our own take the worker's place."""
    path = tmp_path / "worker.py"
    path.write_text("import json, os, sys, time\nstart, out = int(sys.argv[1]), sys.argv[2]\n"
                    "def say(**more):\n"
                    "    with open(out, 'a') as stream: print(json.dumps(more), file=stream)\n"
                    "for index in range(start, 4):\n    say(index=index, format='f', file='x')\n"
                    f"{script}"
                    "    say(index=index, format='f', file='x', mutation='m', stage='s', said='',"
                    " outcome='one line')\n")

    def start(room, seed, count, begin, out):
        return fuzz.subprocess.Popen([fuzz.sys.executable, str(path), str(begin), str(out)])

    monkeypatch.setattr(fuzz, "_start", start)


@pytest.mark.parametrize("script, outcome", [
    ("    if index == 1: os.kill(os.getpid(), 11)\n", "traceback"),
    ("    if index == 1: time.sleep(60)\n", "hang")])
def test_a_process_that_dies_or_never_ends_is_seen_and_another_goes_on(
        tmp_path, monkeypatch, script, outcome):
    worker(tmp_path, monkeypatch, script)
    found = fuzz.run("cohort", 1, 4, tmp_path, patience=1.5)
    assert [one["outcome"] for one in found] == ["one line", outcome, "one line", "one line"]
    assert [one["index"] for one in found] == [0, 1, 2, 3]


def test_a_worker_that_cannot_begin_is_no_result(tmp_path, monkeypatch):
    worker(tmp_path, monkeypatch, "")
    monkeypatch.setattr(fuzz, "_start", lambda *_: fuzz.subprocess.Popen(["false"]))
    with pytest.raises(RuntimeError, match="fails before its first input"):
        fuzz.run("cohort", 1, 4, tmp_path)


def test_the_table_counts_each_outcome_once():
    found = [{"format": "a", "outcome": outcome} for outcome in fuzz.OUTCOMES] + [
        {"format": "b", "outcome": "one line"}]
    lines = fuzz.table(found).splitlines()
    assert lines[2:] == ["| a | 7 | 1 | 1 | 1 | 1 | 1 | 1 | 1 |",
                         "| b | 1 | 1 | 0 | 0 | 0 | 0 | 0 | 0 |",
                         "| **all** | 8 | 2 | 1 | 1 | 1 | 1 | 1 | 1 |"]


def test_the_document_is_written_between_its_marks_alone():
    text = "a\n<!-- x -->\nold\n<!-- end x -->\nb\n"
    assert reliability.replaced(text, "x", "new") == text.replace("old", "new")
    for broken in (text.replace("<!-- end x -->", ""), text + text, "<!-- end x --><!-- x -->"):
        with pytest.raises(LauncherError, match="lacks the lines"):
            reliability.replaced(broken, "x", "new")


def test_the_document_holds_what_was_tried_and_no_silent_fault():
    text = reliability.DOCUMENT.read_text()
    total = next(line for line in text.splitlines() if line.startswith("| **all** |"))
    tried, *counts = (int(cell) for cell in total.split("|")[2:-1])
    found = dict(zip(fuzz.OUTCOMES, counts, strict=True))
    assert tried == sum(counts) > 1500
    assert found["silently wrong"] == found["hang"] == 0
    # Each is listed under the table, with the reason why it stays.
    assert found["traceback"] <= 1 and found["left something"] <= 4
