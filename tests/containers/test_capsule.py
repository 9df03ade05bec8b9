"""Questions with accepted intervals, and the counting of answers to them."""

import csv
import json
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import pytest

from containers.commands.release.declared import studies
from containers.commands.release.proof import capsule

ROOT = Path(__file__).resolve().parents[2]
SCORE = Path(capsule.__file__).with_name("score.py")
NAME = "sclc_liver"


def rows(path):
    with open(path, newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


@pytest.fixture(scope="module")
def declared():
    return studies(ROOT)["studies"]


@pytest.fixture(scope="module")
def made(declared):
    return capsule.build(ROOT, declared)


@pytest.fixture
def changed(tmp_path, declared):
    """A repository with one study, whose ledger a function changes."""
    def change(edit):
        (tmp_path / "studies" / NAME).mkdir(parents=True)
        (tmp_path / "reports" / NAME).mkdir(parents=True)
        rules = ROOT / "studies" / NAME / "rules.csv"
        (tmp_path / "studies" / NAME / "rules.csv").write_text(rules.read_text())
        ledger = rows(ROOT / "reports" / NAME / "ledger.csv")
        for row in ledger:
            edit(row)
        with open(tmp_path / "reports" / NAME / "ledger.csv", "w", newline="") as stream:
            writer = csv.DictWriter(stream, ledger[0])
            writer.writeheader()
            writer.writerows(ledger)
        return capsule.build(tmp_path, {NAME: declared[NAME]})

    return change


def test_each_number_that_was_recomputed_is_asked_for_once(made):
    asked = {one["id"]: one for one in made["questions"]}
    assert len(asked) == len(made["questions"])
    ledger = [row for row in rows(ROOT / "reports" / NAME / "ledger.csv")
              if capsule._number(row["reproduced"]) is not None]
    assert len(ledger) > 400
    places = {tuple(one["place"].values()) for one in asked.values()}
    assert places == {(row["item"], row["row"], row["metric"], row["statistic"]) for row in ledger}
    # Studies without public data have no number to recompute.
    assert {one["study"] for one in asked.values()} == {NAME}
    for one in asked.values():
        words = (*one["place"].values(), one["run"]["release"], one["run"]["environment"])
        assert all(word in one["question"] for word in words[:3] + words[4:]), one["question"]
        assert one["question"].endswith("?")


def test_what_is_recomputed_is_accepted_and_so_is_its_rounding_and_the_envelope(made):
    ledger = {(row["item"], row["row"], row["metric"], row["statistic"]): row
              for row in rows(ROOT / "reports" / NAME / "ledger.csv")}
    kinds = set()
    for one in made["questions"]:
        row, low, high = ledger[tuple(one["place"].values())], *(
            Decimal(repr(one["accepted"][end])) for end in ("low", "high"))
        value = Decimal(row["reproduced"])
        inside = [value, round(value, one["decimals"])]
        if row["basis"] == "variations":
            inside += [Decimal(row["minimum"]), Decimal(row["maximum"])]
        assert all(low <= found <= high for found in inside), one["id"]
        width = max(inside) - min(inside)
        assert high - low <= width + Decimal(10) ** -one["decimals"] + Decimal("1e-12"), one["id"]
        kinds.add(one["accepted"]["evidence"]["kind"].split(":")[0])
    assert kinds == {"exact value", "measured envelope"}


def test_a_contradicted_number_is_no_accepted_answer(made):
    ledger = {(row["item"], row["row"], row["metric"], row["statistic"]): row
              for row in rows(ROOT / "reports" / NAME / "ledger.csv")
              if row["verdict"] == "contradicted"}
    against = [(one, ledger[key]) for one in made["questions"]
               if (key := tuple(one["place"].values())) in ledger]
    assert len(against) == len(ledger) > 10
    for one, row in against:
        assert not one["accepted"]["low"] <= float(row["published"]) <= one["accepted"]["high"], row


def test_neither_the_printed_number_nor_the_verdict_is_read(changed, made):
    def edit(row):
        row["published"], row["verdict"] = "987654321", "secret"
        row["arithmetic"] = row["stored"] = row["second"] = "987654321"

    assert changed(edit) == made


@pytest.mark.parametrize("reproduced", ["", "nan", "3.0.1", "inf"])
def test_what_is_no_number_is_not_asked(changed, reproduced):
    assert changed(lambda row: row.update(reproduced=reproduced))["questions"] == []


def test_two_questions_of_one_name_are_refused(changed):
    with pytest.raises(ValueError, match="two questions are called 'sclc_liver/X/Y/"):
        changed(lambda row: row.update(item="X", row="Y", metric="Z", statistic="mean"))


@pytest.mark.parametrize("metric, unit", [
    ("spacing x (mm)", "mm"), ("mean_sd cm3", "cm3"), ("train %", "percent"), ("percent", "percent"),
    ("AUC", ""), ("Sensitivity", "")])
def test_units_are_those_of_the_column(metric, unit):
    assert capsule._unit(metric) == unit


@pytest.fixture
def scored(tmp_path, made):
    path = tmp_path / "capsule.json"
    path.write_text(json.dumps(made))

    def score(answers=None):
        given = []
        if answers is not None:
            given = [tmp_path / "answers.json"]
            given[0].write_text(answers if isinstance(answers, str) else json.dumps(answers))
        return subprocess.run([sys.executable, "-I", SCORE, path, *given], capture_output=True,
                              text=True)

    return score


def test_answers_are_counted(scored, made):
    count = len(made["questions"])
    answers = {one["id"]: one["accepted"]["low"] for one in made["questions"][:10]}
    answers |= {one["id"]: one["accepted"]["high"] for one in made["questions"][10:20]}
    off = made["questions"][20]
    answers[off["id"]] = off["accepted"]["high"] + 1e-6
    said = scored(answers)
    assert said.returncode == 0, said.stderr
    assert said.stdout == (f"wrong: {off['id']}\n{NAME}: 20 right, 1 wrong, {count - 21} missing of "
                           f"{count}\n")
    assert f"0 right, 0 wrong, {count} missing" in scored({}).stdout


def test_questions_are_shown_without_what_is_accepted(scored, made):
    said = scored()
    assert said.returncode == 0 and "accepted" not in said.stdout
    assert [one["id"] for one in json.loads(said.stdout)] == [one["id"] for one in made["questions"]]


FIRST = "sclc_liver/Fig3/all/Spearman/rho"


@pytest.mark.parametrize("answers, words", [
    ("{", "no JSON"), ("[1]", "is no object"), ({"x": 1}, "'x' is the id of no question"),
    ({FIRST: "0.25"}, "is no number"), ({FIRST: True}, "is no number"), ({FIRST: None}, "is no number"),
    (f'{{"{FIRST}": NaN}}', "NaN is no number"), (f'{{"{FIRST}": 1, "{FIRST}": 2}}', "2 times"),
    (f'{{"{FIRST}": 1e', "no JSON"), (100000 * "[", "no JSON")])
def test_a_bad_file_of_answers_is_one_line(scored, answers, words):
    said = scored(answers)
    assert said.returncode == 2 and words in said.stderr and said.stdout == ""
    assert said.stderr.count("\n") == 1 and "answers.json" in said.stderr


def test_what_is_no_capsule_is_one_line(tmp_path):
    for content in ("{}", '{"questions": [1]}', "5", '{"questions": [{"id": "x", "accepted": {}}]}'):
        (tmp_path / "capsule.json").write_text(content)
        said = subprocess.run([sys.executable, "-I", SCORE, tmp_path / "capsule.json"],
                              capture_output=True, text=True)
        assert said.returncode == 2 and "is no capsule" in said.stderr
        assert said.stderr.count("\n") == 1
    said = subprocess.run([sys.executable, "-I", SCORE], capture_output=True, text=True)
    assert said.returncode == 2 and said.stderr.count("\n") == 1
