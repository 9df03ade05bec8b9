"""A record makes again what changed, and nothing else."""

import os
import time

import pytest

from stages.common.done import Record, context
from stages.common.errors import InputError


@pytest.fixture
def made(tmp_path):
    """Two series with an input and an output each, and their record."""
    record = Record(tmp_path / "record.jsonl", "about")
    for name in "ab":
        (tmp_path / f"{name}.in").write_text(name)
        (tmp_path / "out").mkdir(exist_ok=True)
        (tmp_path / "out" / f"{name}.nii.gz").write_text(name.upper())
        record.put(name, *paths(tmp_path, name), value=[name, 0.1])
    return tmp_path


def paths(folder, name):
    return [folder / f"{name}.in"], [folder / "out" / f"{name}.nii.gz"]


def found(folder, name="a", about="about"):
    return Record(folder / "record.jsonl", about).get(name, *paths(folder, name))


def test_what_did_not_change_is_known_with_its_value(made):
    assert found(made) == ["a", 0.1]


@pytest.mark.parametrize("change", ["input", "output", "gone", "about", "other"])
def test_what_changed_is_not(made, change):
    if change == "input":
        (made / "a.in").write_text("x")
    elif change == "output":
        (made / "out" / "a.nii.gz").write_text("x")
    elif change == "gone":
        (made / "out" / "a.nii.gz").unlink()
    if change == "other":
        assert Record(made / "record.jsonl", "about").get("a", *paths(made, "b")) is None
    else:
        assert found(made, about="else" if change == "about" else "about") is None
    assert found(made, "b") == ["b", 0.1]


def test_a_touched_file_with_the_same_content_is_unchanged(made):
    os.utime(made / "a.in", (time.time() + 60, time.time() + 60))
    assert found(made) == ["a", 0.1]


def test_a_series_that_left_the_cohort_leaves_no_output(made):
    record = Record(made / "record.jsonl", "about")
    assert record.get("a", *paths(made, "a"))
    record.close(made / "out")
    assert sorted(path.name for path in (made / "out").iterdir()) == ["a.nii.gz"]
    assert found(made, "b") is None


def test_what_a_series_left_under_another_name_is_removed(made):
    record = Record(made / "record.jsonl", "other")
    source, old, new = made / "a.in", made / "out" / "a.nii.gz", made / "out" / "a.npy"
    new.write_text("x")
    record.put("a", [source], [new])
    assert not old.exists() and new.exists()


def test_a_foreign_file_is_named_and_left(made):
    (made / "out" / "mine.nii.gz").write_text("x")
    record = Record(made / "record.jsonl", "about")
    for name in "ab":
        record.get(name, *paths(made, name))
    with pytest.raises(InputError, match="mine.nii.gz: belongs to no series"):
        record.close(made / "out")
    assert (made / "out" / "mine.nii.gz").exists()


def test_a_line_that_was_cut_short_is_made_again(made):
    path = made / "record.jsonl"
    path.write_text(path.read_text()[:-20])
    assert found(made) == ["a", 0.1] and found(made, "b") is None


def test_no_record_keeps_nothing(tmp_path):
    record = Record(None)
    record.put("a", [tmp_path / "no"])
    assert record.get("a", [tmp_path / "no"]) is None
    record.close(tmp_path)


def test_context_depends_on_settings_and_code(tmp_path):
    (tmp_path / "stage.py").write_text("1")
    first = context([1], ("numpy",), tmp_path / "stage.py")
    assert first == context([1], ("numpy",), tmp_path / "stage.py")
    assert first != context([2], ("numpy",), tmp_path / "stage.py")
    (tmp_path / "other.py").write_text("2")
    assert first != context([1], ("numpy",), tmp_path / "stage.py")
