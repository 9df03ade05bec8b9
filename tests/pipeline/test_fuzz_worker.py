"""The fuzzer sees what it is to find: shown on stages of a few lines that are wrong on purpose."""

import random
import signal
import time
import zlib
from pathlib import Path

import pytest

from stages.common.errors import InputError
from tests.fuzz import mutate, worker
from tests.fuzz.cases import Case


@pytest.fixture
def handlers():
    """Give the process its signals back."""
    before = {number: signal.getsignal(number)
              for number in (signal.SIGTERM, signal.SIGALRM, signal.SIGPROF)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.fixture
def bench(tmp_path, monkeypatch, handlers):
    """Return what makes a bench of one stage, which gets the text of a small table."""
    monkeypatch.chdir(tmp_path)
    Path("in.csv").write_text("name,n\na,1\nb,2\n")

    def make(stage, **more):
        case = Case("a", "in.csv", "csv", lambda: stage(Path("in.csv").read_text()), [], ["out.csv"],
                    **more)
        return worker.Bench([case], tmp_path)
    return make


def damage(text):
    return lambda content, draw: text.encode()


def keep(text):
    Path("out.csv").write_text(text)


def refuse(text):
    if "7" in text:
        raise InputError("is wrong", "in.csv", "correct it")
    keep("name,n\na,1\n")


def leave(text):
    keep(text)
    refuse(text)


def crash(text):
    keep("name,n\na,1\n")
    int(text.split(",")[2][0])


def wait(text):
    keep("name,n\na,1\n")
    while "7" in text:
        time.process_time()


@pytest.mark.parametrize("stage, text, outcome", [
    (refuse, "name,n\na,7\n", worker.CLEAN), (refuse, "name,n\na,8\n", worker.SAME),
    (keep, "name,n\na,8\n", worker.ACCEPTED), (leave, "name,n\na,7\n", worker.STRAY),
    (crash, "name,n,x", worker.TRACEBACK), (wait, "name,n\na,7\n", worker.HANG),
    (keep, "name,n\na,nan\n", worker.WRONG), (keep, "name,n\nnan,8\n", worker.ACCEPTED)])
def test_what_becomes_of_a_damaged_file(bench, monkeypatch, stage, text, outcome):
    monkeypatch.setattr(worker, "LIMIT_SECONDS", 0.3)
    made = bench(stage)
    found, _ = made.try_(0, "random: cell", damage(text), random.Random(1))
    assert found == outcome
    assert Path("in.csv").read_text() == "name,n\na,1\nb,2\n" and not Path("out.csv").exists()


def test_what_is_guarded_may_not_be_accepted(bench):
    draw = random.Random(1)
    assert bench(keep, guarded=True).try_(0, "random: cell", damage("x"), draw)[0] == worker.WRONG
    counted = bench(keep, counted=True)
    assert counted.try_(0, "random: drop_line", mutate.drop_line, draw)[0] == worker.WRONG
    assert counted.try_(0, "random: cell", damage("name,n\na,8\n"), draw)[0] == worker.ACCEPTED


def test_a_change_without_meaning_may_not_change_the_result(bench):
    assert bench(keep).try_(0, "neutral: quoted", mutate.quoted, None)[0] == worker.WRONG
    constant = bench(lambda text: keep("x"))
    assert constant.try_(0, "neutral: quoted", mutate.quoted, None)[0] == worker.SAME


@pytest.mark.parametrize("change", [*mutate.AS_SUCH, mutate.pipe])
def test_the_file_as_such_is_put_back(bench, change, monkeypatch):
    monkeypatch.setattr(worker, "WAIT_SECONDS", 0.3)
    found, _ = bench(keep).try_(0, change.__name__, change, None)
    assert found == {"pipe": worker.HANG, "empty": worker.ACCEPTED}.get(change.__name__, worker.CLEAN)
    assert Path("in.csv").read_text() == "name,n\na,1\nb,2\n"


@pytest.mark.parametrize("name, content, known, said", [
    ("a.json", b'{"x": NaN}', b'{"x": 1}', "NaN"), ("a.json", b'{"x": "NaN"}', b'{"x": 1}', ""),
    ("a.json", b'{"x": NaN}', b'{"x": NaN}', ""), ("a.csv", b"n\ninf\n", b"n\n1\n", "inf"),
    ("a.csv", b"n\nnan\n", b"n\nx\n", ""), ("a.txt", b"nan", b"1", "")])
def test_numbers_that_are_none_are_seen(name, content, known, said):
    assert worker.spoilt(Path(name), content, known) == said


@pytest.mark.parametrize("kind", mutate.DAMAGES)
def test_damage_repeats_and_is_damage(kind):
    content = {"yaml": b"a: {b: 1}\nc: [2, x]\n", "json": b'{"a": [1]}',
               "json by its bytes": b'{"a": [1]}', "jsonl": b'{"a": 1}\n{"b": 2}\n',
               "nrrd": b"NRRD0005\ntype: int\nsizes: 1 5\n\nxx"}.get(
                   kind, b"name,n\na,1\nb,2\n" * 30)
    if kind == "gzip":
        packer = zlib.compressobj(1, wbits=zlib.MAX_WBITS | 16)
        content = packer.compress(content) + packer.flush()
    for change in set(mutate.DAMAGES[kind]):
        made = {seed: change(content, random.Random(seed)) for seed in range(8)}
        assert made == {seed: change(content, random.Random(seed)) for seed in range(8)}
        assert any(new != content for new in made.values())
