"""The gate: what may move, what may not, and what cannot be compared."""

import pytest

from stages.common import canonical
from stages.verdicts import compare, ledger
from tests.made_up import JUDGED, NAME, STUDY, put, save, write

PATH = "models/A/AUC/mean"
RUN = {"protocol": "code", "release": "r2", "environment": "new", "kernel": "Haswell"}
RESULTS, REPORTS = f"metrics/{NAME}/results", f"reports/{NAME}"


def checkout(folder, *, auc=0.7, series=227, verdict="envelope", spread=(0.6, 0.8), extra=None,
             protocol="code"):
    """Write a small checkout: one varied number, one count, their published values, a ledger."""
    study = folder / "studies" / NAME
    save(study / "study.yaml", STUDY | {
        "numbers": {"t.csv": 2}, "variations": ["wobble/new.json"] if spread else [],
        "single_runs": {}})
    (study / "params").mkdir(parents=True)
    texts = {"published/t.csv": "item,row,metric,value,low,high,decimals,locator\n"
                                "T,A,AUC,0.70,,,2,Table\nT,cohort,series,227,,,0,Table\n",
             "rules.csv": "item,row,metric,source,statistics,value,low,high,note,stored\n"}
    for name, text in texts.items():
        canonical.write_bytes(study / name, text.encode())
    canonical.write_bytes(folder / REPORTS / "ledger.csv", "\n".join([
        ",".join(compare.LEDGER_COLUMNS), f"T,A,AUC,mean,0.70,{verdict}",
        "T,cohort,series,count,227,exact", ""]).encode())
    canonical.write_json(folder / RESULTS / "fits" / "r.json", {
        "run": RUN | {"protocol": protocol},
        "models": {"A": {"AUC": {"mean": auc, "defined": 1000}} | (extra or {})}})
    canonical.write_json(folder / RESULTS / "counts" / "r.json", {"all": {"series": series}})
    if spread:
        values = {repr(value): 1 for value in spread}
        canonical.write_json(folder / RESULTS / "wobble" / "new.json", {
            "environment": "new",
            "releases": {"r2": {"fits": {PATH: {"variations": 2, "counts": values}}}}})
    return folder


@pytest.fixture
def judge(call):
    """Compare two checkouts: exit code, standard output and error."""
    return lambda base, now: call(compare.stage, "--study", NAME, "--base", base, "--name", "v1",
                                  "--now", now)


def test_the_headline_follows_what_is_compared(tmp_path, judge):
    for name, value in (("a", 0.7), ("b", 0.71)):
        canonical.write_json(checkout(tmp_path / name) / "metrics" / NAME / "headline.json",
                             {"recomputed": value})
    code, out, error = judge(tmp_path / "a", tmp_path / "b")
    assert code == 0, out + error


@pytest.mark.parametrize("before, after, code, said", [
    ({}, {}, 0, "2 numbers, 2 equal, 0 moved inside their envelopes, 0 moved too far"),
    ({}, {"auc": 0.79}, 0, "1 equal, 1 moved inside their envelopes, 0 moved too far"),
    ({}, {"auc": 0.81}, 1, f"metric: {RESULTS}/fits/r.json {PATH}: 0.7 -> 0.81, outside its "
                           "envelope 0.6 to 0.8"),
    # A wider sweep of the same change is no excuse.
    ({}, {"auc": 0.81, "spread": (0.6, 0.9)}, 1, "envelope 0.6 to 0.8"),
    ({"spread": None}, {"auc": 0.81, "spread": (0.6, 0.9)}, 0, "1 moved inside"),
    ({"spread": None}, {"auc": 0.71, "spread": None}, 1, "must not change"),
    ({"protocol": "text"}, {"protocol": "text", "auc": 0.71}, 1, "must not change"),
    ({}, {"auc": None}, 1, "0.7 -> None"),
    ({}, {"series": 226}, 1, f"metric: {RESULTS}/counts/r.json all/series: 227.0 -> 226.0, must not"),
    ({}, {"verdict": "exact"}, 1, "verdict: T / A / AUC / mean: envelope -> exact"),
    ({}, {"extra": {"F1": {"mean": 0.9}}}, 0, "1 new"),
])
def test_judgements(tmp_path, judge, before, after, code, said):
    found, out, error = judge(checkout(tmp_path / "base", **before),
                              checkout(tmp_path / "now", **after))
    assert found == code and not error
    assert said in out
    assert out.splitlines()[-1].startswith(f"{NAME} against v1: 2 verdicts")
    assert len(out.splitlines()) == 1 + code


def test_what_a_fit_reports_beside_its_result_may_move(tmp_path, judge):
    now = checkout(tmp_path / "now")
    put(now / RESULTS / "fits" / "r.json", "models/A/AUC/defined", 990)
    assert judge(checkout(tmp_path / "base"), now)[0] == 0


def break_metric(folder):
    (folder / RESULTS / "fits" / "r.json").unlink()


def break_ledger(folder):
    path = folder / REPORTS / "ledger.csv"
    path.write_text("".join(path.read_text().splitlines(keepends=True)[:-1]))


def break_published(folder):
    path = folder / "studies" / NAME / "published" / "t.csv"
    path.write_text("".join(path.read_text().splitlines(keepends=True)[:-1]))
    put(folder / "studies" / NAME / "study.yaml", "numbers/t.csv", 1)


def break_folder(folder):
    (folder / REPORTS / "ledger.csv").unlink()


@pytest.mark.parametrize("damage, said", [
    (break_metric, f"{RESULTS}/fits/r.json: lacks {PATH}, which v1 has (1 missing in all)"),
    (break_ledger, "a published value without a row: T / cohort / series / 227 (1 in all)"),
    (break_published, "a row without a published value: T / cohort / series / 227 (1 in all)"),
    (break_folder, "ledger.csv: no such file"),
])
def test_what_cannot_be_compared_is_one_line(tmp_path, judge, damage, said):
    now = checkout(tmp_path / "now")
    damage(now)
    code, out, error = judge(checkout(tmp_path / "base"), now)
    assert code == 2 and not out
    assert len(error.splitlines()) == 1 and said in error


def test_the_envelope_is_that_of_the_number_s_own_release_and_environment(tmp_path, judge):
    """A wider one of another release, another environment or other seeds is no excuse."""
    base, now = checkout(tmp_path / "base"), checkout(tmp_path / "now", auc=0.85)
    path = base / RESULTS / "wobble" / "new.json"
    content = canonical.read_json(path)
    wide = {"fits": {PATH: {"variations": 4, "counts": {"0.1": 1, "0.9": 1}}}}
    own = content["releases"]["r2"]["fits"][PATH]
    content["releases"] = {"r1": wide, "r2": {"fits": {PATH: own | {
        "variations": 4, "seed_variations": 2, "seed_counts": {"0.1": 1, "0.9": 1}}}}}
    canonical.write_json(path, content)
    put(base / "studies" / NAME / "study.yaml", "variations", ["wobble/old.json", "wobble/new.json"])
    canonical.write_json(path.with_name("old.json"), {"environment": "old", "releases": {"r2": wide}})
    code, out, error = judge(base, now)
    assert code == 1 and "outside its envelope 0.6 to 0.8" in out, out + error


def test_a_row_may_have_a_name_that_reads_as_nothing(tmp_path, judge):
    base, now = checkout(tmp_path / "base"), checkout(tmp_path / "now")
    for folder in (base, now):
        for name in (f"studies/{NAME}/published/t.csv", f"{REPORTS}/ledger.csv"):
            path = folder / name
            path.write_text(path.read_text().replace("T,A,", "T,NA,"))
    code, out, error = judge(base, now)
    assert code == 0 and "2 verdicts, 0 changed" in out, error


def test_a_fixed_number_has_no_envelope(tmp_path, judge):
    base, now = checkout(tmp_path / "base"), checkout(tmp_path / "now", auc=0.7)
    for folder, value in ((base, 5), (now, 6)):
        put(folder / RESULTS / "fits" / "r.json", "models/A/several", value)
        path = folder / RESULTS / "wobble" / "new.json"
        content = canonical.read_json(path)
        content["releases"]["r2"]["fits"]["models/A/several"] = {
            "variations": 2, "counts": {"4.0": 1, "9.0": 1}}
        canonical.write_json(path, content)
    code, out, _ = judge(base, now)
    assert code == 1 and "models/A/several: 5.0 -> 6.0, must not change: it has no envelope" in out


def test_a_checkout_without_metrics(tmp_path, judge):
    base, now = checkout(tmp_path / "base"), checkout(tmp_path / "now")
    for path in (now / RESULTS).glob("[fc]*/*.json"):
        path.unlink()
    code, out, error = judge(base, now)
    assert code == 2 and f"{RESULTS}: holds no metrics; run 'make reproduce' first" in error


def test_a_study_equals_itself(tmp_path, call, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write(tmp_path)
    assert call(ledger.stage, *JUDGED)[0] == 0
    code, out, _ = call(compare.stage, "--study", NAME, "--base", ".")
    assert code == 0 and f"{NAME} against the base: 14 verdicts, 0 changed;" in out
