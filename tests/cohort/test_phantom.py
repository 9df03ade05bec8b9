"""The synthetic cohort: its counts, its planted effect, its voxels and its bytes."""

import dataclasses
import functools
import json
from pathlib import Path

import numpy as np
import pytest

from stages.cohort.phantom import latent, plan, settings
from stages.cohort.phantom import stage as phantom
from stages.common import cli, nifti
from stages.common.errors import InputError
from stages.common.parameters import section

PARAMS = Path(__file__).parents[2] / "studies/sclc_liver/params"
PRESETS = section(PARAMS, "phantom", settings.Phantom).presets


def preset(name="quick", **counts):
    base = PRESETS[name]
    return dataclasses.replace(base, counts=dataclasses.replace(base.counts, **counts))


@pytest.mark.parametrize("name", sorted(PRESETS))
def test_the_plan_has_the_counts_of_its_preset(name):
    counts, cohort = PRESETS[name].counts, plan.plan(PRESETS[name])
    sclc = [series for series in cohort if series.study.cohort == plan.SCLC]
    parts = [(series.study.cohort, series.segmentation) for series in cohort]
    assert len(cohort) - len(sclc) == counts.lits_scans
    assert len(sclc) == counts.series
    assert len({series.study.number for series in sclc}) == counts.studies
    assert len({series.study.patient for series in sclc}) == counts.patients
    assert sum(series.study.lesions == 0 for series in sclc) == counts.lesion_free_series
    assert parts.count((plan.LITS, "test")) == counts.lits_test
    assert parts.count((plan.SCLC, "train")) == counts.annotated_train
    assert parts.count((plan.SCLC, "test")) == counts.annotated_test
    assert len({series.file for series in cohort}) == len(cohort)


@pytest.mark.parametrize("name", sorted(PRESETS))
def test_no_patient_is_on_both_sides(name):
    sides = {}
    for series in plan.plan(PRESETS[name]):
        for part in (series.group, series.segmentation):
            if part:
                sides.setdefault(series.study.patient, set()).add(part == "test")
    assert all(len(side) == 1 for side in sides.values())


@functools.cache
def many(twin="planted", name="paper"):
    """Return the studies of a large cohort, two of each of 1,500 patients, and its preset."""
    large = dataclasses.replace(
        preset(name, patients=1500, studies=3000, series=3000, lesion_free_series=0,
               lits_scans=0), twin=twin)
    return large, [plan._study(large, number, number // 2, plan.SCLC, True)
                   for number in range(3000)]


def column(studies, name):
    return np.array([getattr(study, name) for study in studies], float)


def ranks(values):
    return np.argsort(np.argsort(values))


def test_the_planted_effect_has_the_strength_that_the_parameters_say():
    large, studies = many()
    score = column(studies, "score")
    for name, expected in [("burden_ml", large.effect.burden_correlation),
                           ("texture_hu", large.effect.texture_correlation)]:
        found = np.corrcoef(ranks(column(studies, name)), ranks(score))[0, 1]
        spearman = 6 / np.pi * np.arcsin(expected / 2)
        # Standard error of a rank correlation of 3,000, alike in pairs: at most 0.02.
        assert abs(found - spearman) < 0.06
    assert abs((score > 0).mean() - 172 / 227) < 0.03


@pytest.mark.parametrize("twin", settings.TWINS)
def test_scores_are_alike_within_patients_in_every_twin(twin):
    large, studies = many(twin)
    score = column(studies, "score").reshape(-1, 2)
    # Of pairs, the one-way intraclass correlation is that of all values, each beside its mate.
    likeness = np.corrcoef(np.concatenate([score, score[:, ::-1]]).T)[0, 1]
    assert abs(likeness - large.effect.patient_likeness) < 0.06
    burden = np.log(column(studies, "burden_ml")).reshape(-1, 2)
    assert np.corrcoef(burden.T)[0, 1] > 0.5


def test_the_likeness_is_that_of_the_released_scores():
    # Computed from the released table by the stage `simulated`.
    found = json.loads((PARAMS.parents[2] / "metrics/sclc_liver/results/nested/simulated.json")
                       .read_text())["likeness"]
    assert all(abs(chosen.effect.patient_likeness - found) < 0.01 for chosen in PRESETS.values())


def test_in_the_null_twin_the_score_goes_with_nothing():
    score = column(many(settings.NULL)[1], "score")
    for name in ("burden_ml", "texture_hu", "lesions", "scanner"):
        assert abs(np.corrcoef(ranks(column(many(settings.NULL)[1], name)), score)[0, 1]) < 0.06


def test_in_the_shortcut_twin_the_score_goes_with_the_scanner_alone():
    large, studies = many("shortcut")
    score = column(studies, "score")
    tendency = latent.tendency(len(large.sclc.scanners))[column(studies, "scanner").astype(int)]
    assert abs(np.corrcoef(tendency, score)[0, 1] - large.effect.shortcut_correlation) < 0.06
    for name in ("burden_ml", "texture_hu", "lesions"):
        assert abs(np.corrcoef(ranks(column(studies, name)), score)[0, 1]) < 0.06
    thin, thick = ([getattr(scanner, name) for scanner in PRESETS["quick"].sclc.scanners]
                   for name in ("thin_mm", "thick_mm"))
    assert sorted(set(thin)) == thin and sorted(set(thick)) == thick


def test_twins_share_everything_but_the_score():
    def without(cohort):
        return [dataclasses.replace(series, study=dataclasses.replace(series.study, score=None))
                for series in cohort]

    twins = {twin: plan.plan(dataclasses.replace(PRESETS["quick"], twin=twin))
             for twin in settings.TWINS}
    assert without(twins["planted"]) == without(twins["no-effect"]) == without(twins["shortcut"])
    assert twins["planted"] != twins["no-effect"] != twins["shortcut"] != twins["planted"]


@pytest.mark.parametrize("name", sorted(PRESETS))
def test_the_two_cohorts_differ_in_scanners_phases_and_lesions(name):
    cohort = plan.plan(PRESETS[name])
    found = {own: [series.study for series in cohort
                   if series.study.cohort == own and series.study.lesions]
             for own in (plan.LITS, plan.SCLC)}
    count = {own: np.median(column(studies, "lesions")) for own, studies in found.items()}
    assert count[plan.SCLC] > count[plan.LITS]
    portal = {own: np.mean([study.phase == settings.PORTAL for study in studies])
              for own, studies in found.items()}
    assert portal[plan.LITS] > portal[plan.SCLC] + 0.05
    assert PRESETS[name].lits.scanners != PRESETS[name].sclc.scanners


def test_quick_has_both_classes_to_train_and_to_test():
    studies = {(series.group == plan.TEST, series.study.number): series.study.score > 0
               for series in plan.plan(PRESETS["quick"]) if series.group}
    for test, least in ((False, 12), (True, 5)):
        part = [positive for (held_out, _), positive in studies.items() if held_out == test]
        assert min(sum(part), len(part) - sum(part)) >= least


def test_adding_a_lits_scan_changes_no_other():
    before = {s.file: s for s in plan.plan(preset(lits_scans=6, lits_test=0))}
    after = {s.file: s for s in plan.plan(preset(lits_scans=7, lits_test=0))}
    assert all(after[name] == series for name, series in before.items() if name.startswith("lits"))


def run(tmp_path, name, *more):
    out = tmp_path / name
    phantom_arguments = ["phantom", "--params", str(PARAMS), "--out", str(out), *more]
    return out, phantom_arguments


def test_the_same_bytes_again_and_for_one_series_alone(tmp_path, monkeypatch):
    names = [plan.plan(PRESETS["quick"])[index].file for index in (0, 50)]
    contents = []
    for name, order in (("a", names), ("b", names[::-1]), ("c", names[1:])):
        out, arguments = run(tmp_path, name, "--series", *order)
        monkeypatch.setattr("sys.argv", arguments)
        cli.main(phantom.stage)
        contents.append({str(path.relative_to(out)): path.read_bytes()
                         for path in sorted(out.rglob("*")) if path.is_file()})
    assert len(contents[0]) == 5 and contents[0] == contents[1]
    assert contents[2].items() <= contents[0].items() and len(contents[2]) == 3


def test_an_unknown_series_or_preset_is_one_line(tmp_path, monkeypatch, capsys):
    for more, word in ([("--series", "nobody"), "no series 'nobody'"],
                       [("--preset", "huge"), "valid: paper, quick"]):
        monkeypatch.setattr("sys.argv", run(tmp_path, "x", *more)[1])
        with pytest.raises(SystemExit) as stop:
            cli.main(phantom.stage)
        error = capsys.readouterr().err.strip()
        assert stop.value.code == 2 and word in error and error.count("\n") == 0


@pytest.mark.parametrize("change, word", [
    ({"studies": 3}, "counts.studies"), ({"series": 4}, "counts.series"),
    ({"lits_test": 99}, "counts.lits_test"), ({"test_patients": 99}, "counts.test_patients"),
    ({"lesion_free_series": 0}, "counts.lesion_free_series")])
def test_impossible_counts_are_named(change, word):
    with pytest.raises(InputError, match=word):
        settings.check(preset(**change), "params.yaml")


def test_the_manifest_labels_follow_the_scores():
    table = phantom.manifest(plan.plan(PRESETS["quick"]), 0.0)
    sclc = table[table["Cohort"] == "sclc"]
    assert ((sclc["NE_Score"] > 0).astype(int) == sclc["NE_Class"]).all()
    assert table.loc[table["Cohort"] == "lits", "NE_Score"].isna().all()
    assert (sclc.groupby("study")["NE_Score"].nunique() == 1).all()
    assert (sclc.loc[sclc["planted_lesions"] == 0, "Group"] == "").all()
    assert not any(Path(name).is_absolute() for name in table["image"])


@pytest.mark.parametrize("change, word", [
    ({"twin": "nul"}, "twin' is 'nul'"),
    ({"effect": {"shortcut_correlation": 0.7}}, "effect.shortcut_correlation"),
    ({"effect": {"patient_likeness": 1.1}}, "effect.patient_likeness"),
    ({"sclc": {"phases": {"portal": 0.5}}}, "sclc.phases"),
    ({"sclc": {"phases": {"venous": 1.0}}}, "sclc.phases"),
    ({"lits": {"scanners": ()}}, "lits.scanners"),
    ({"lits": {"looks": dataclasses.replace(PRESETS["quick"].lits.looks, rim_share=1.5)}},
     "lits.looks")])
def test_impossible_effects_and_domains_are_named(change, word):
    base = PRESETS["quick"]
    changed = dataclasses.replace(base, **{
        name: dataclasses.replace(getattr(base, name), **value) if isinstance(value, dict) else value
        for name, value in change.items()})
    with pytest.raises(InputError, match=word):
        settings.check(changed, "phantom.yaml")


@pytest.mark.parametrize("offset, word", [(5.0, "one class only"), (-5.0, "one class only")])
def test_a_cohort_of_one_class_is_one_line(tmp_path, monkeypatch, capsys, offset, word):
    params = tmp_path / "params.yaml"
    params.write_text("classification: {boundary: 0.0}\n" + PARAMS.joinpath("phantom.yaml").read_text()
                      .replace("effect: {offset: 0.15", f"effect: {{offset: {offset}"))
    monkeypatch.setattr("sys.argv", ["phantom", "--params", str(params), "--out",
                                     str(tmp_path / "out")])
    with pytest.raises(SystemExit) as stop:
        cli.main(phantom.stage)
    error = capsys.readouterr().err.strip()
    assert stop.value.code == 2 and word in error and error.count("\n") == 0
    assert not (tmp_path / "out").exists()


def test_a_twin_is_not_drawn_again(tmp_path, monkeypatch):
    small = dataclasses.replace(
        PRESETS["quick"], acquisition=dataclasses.replace(PRESETS["quick"].acquisition, size=16))
    drawn, record = [], phantom.Record(tmp_path / "record.jsonl", "about")
    blank = nifti.Volume(np.zeros((2, 2, 2), np.int16), np.eye(4))
    monkeypatch.setattr(phantom, "render", lambda how, one: (drawn.append(one.file), (blank, blank))[1])
    for twin in settings.TWINS:
        own = dataclasses.replace(small, twin=twin)
        phantom.write(own, plan.plan(own)[-1], tmp_path / "out", record)
    assert len(drawn) == 1
