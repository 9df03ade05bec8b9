"""DiUnet: what it sees, that it learns, what the GTV adds; the atlas; the paper's sizes."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from stages.common import canonical, cli, nifti
from stages.common.errors import InputError
from studies.sclc_recurrence.diunet import atlas, compare, grids, network, segment, settings

PARAMS = Path(__file__).resolve().parents[4] / "studies/sclc_recurrence/params"
PRESET = settings.Preset((6, 12), settings.Grid(4.0, 16, 4.0, (-200.0, 200.0), True),
                         settings.Training(150, 8, 0.02, 1.0, (1,)))
CPU = torch.device("cpu")


def patient(name, seed):
    """Return two slices of 16 x 16: 4R shows in the CT, 7 in the GTV alone, 8 is 4R's twin one up."""
    random = np.random.default_rng(seed)
    stations = np.zeros((2, 16, 16), np.int64)
    x, y = random.integers(2, 6, 2)
    stations[0, x:x + 6, y:y + 6], stations[1, x:x + 6, y:y + 6] = 7, 12
    a, b = random.integers(0, 4, 2)
    stations[:, 11:15, a + 6:b + 12] = 11
    ct = random.normal(0, 0.05, stations.shape) + np.isin(stations, (7, 12))
    return grids.Patient(name, ct.astype(np.float32), stations == 11, stations, stations == 11,
                         np.array([0.0, 40.0]))


@pytest.fixture(scope="module")
def patients():
    return [patient(f"P{number}", number) for number in range(14)]


@pytest.fixture(scope="module")
def made(patients):
    return {method: segment.derive(patients, method, PRESET, 4, CPU) for method in segment.METHODS}


@pytest.fixture(scope="module")
def compared(made):
    return compare.derive(made, settings.Scoring(4, 5.0, 200, 1))


def test_it_learns_position_from_the_scan_and_the_rest_from_both_inputs(compared):
    both, blank = (compared["methods"][name]["whole"]["stations"] for name in ("both", "blank"))
    assert min(both[name]["mean"] for name in ("4R", "8", "7")) > 0.8
    # The CT alone shows the first two, and only where they lie tells them apart.
    assert blank["4R"]["mean"] > 0.7 and blank["8"]["mean"] > 0.7
    assert blank["7"]["mean"] < both["7"]["mean"] - 0.1
    assert both["1R"] == {"mean": None, "low": None, "high": None, "patients": 0}


def test_without_position_the_twins_are_one(patients):
    preset = replace(PRESET, grid=replace(PRESET.grid, position=False))
    found = segment.derive(patients, "both", preset, 4, CPU)["trainings"][0].values()
    assert np.mean([min(row["whole"]["4R"], row["whole"]["8"]) for row in found]) < 0.6


def test_differences_are_of_the_same_patients(made, compared):
    for name, (one, other) in compare.DIFFERENCES.items():
        first, second = (made[method]["trainings"][0] for method in (one, other))
        values = [np.subtract(*(np.mean([value for value in run[patient]["whole"].values()
                                         if value is not None]) for run in (first, second)))
                  for patient in first]
        row = compared["differences"][name]["whole"]
        assert row["mean"] == pytest.approx(np.mean(values)) and row["patients"] == 4
        assert min(values) <= row["low"] <= row["mean"] <= row["high"] <= max(values)
    assert compared["differences"]["gtv"]["whole"]["low"] > 0


def test_of_several_trainings_the_mean_counts_and_their_spread_is_in_the_interval(made):
    twice = made | {"both": made["both"] | {"trainings": made["both"]["trainings"] * 2},
                    "blank": made["blank"] | {"trainings": [made["blank"]["trainings"][0],
                                                            made["both"]["trainings"][0]]}}
    scoring = settings.Scoring(4, 5.0, 200, 1)
    once, found = compare.derive(made, scoring), compare.derive(twice, scoring)
    before, after = (one["differences"]["gtv"]["whole"] for one in (once, found))
    assert after["mean"] == pytest.approx(before["mean"] / 2)
    # One of the two trainings of the blank network gains nothing at all over the other.
    assert before["low"] > 0.01 > after["low"] >= 0
    assert before["spread"] is None
    assert after["spread"] == pytest.approx(before["mean"] / 2 ** 0.5)
    for name in ("both", "atlas"):
        row = found["methods"][name]["whole"]
        assert row["mean"] == pytest.approx(once["methods"][name]["whole"]["mean"])
        assert len(row["trainings"]) == (2 if name == "both" else 1)


def test_trainings_in_several_files_are_of_one_network_and_the_same_patients(tmp_path, made):
    def written(name, **changed):
        canonical.write_json(tmp_path / name, made["blank"] | changed)
        return tmp_path / name

    first, run = written("first.json"), made["blank"]["trainings"]
    both = compare.joined([first, written("more.json", trainings=run * 2)], "blank")
    assert len(both["trainings"]) == 3
    for name, changed, words in [
            ("method.json", {"method": "both"}, "method.json: is not of the method blank"),
            ("others.json", {"trainings": [{"Q": None}]}, "others.json: is of other patients"),
            ("fewer.json", {"trained": 9}, "fewer.json: is of other patients"),
            ("preset.json", {"preset": {}}, "preset.json: is not of the preset of .*first.json")]:
        with pytest.raises(InputError, match=words):
            compare.joined([first, written(name, **changed)], "blank")


def test_the_same_parameters_give_the_same_bytes(patients, made):
    again = segment.derive(patients, "both", PRESET, 4, CPU)
    assert canonical.json_bytes(again) == canonical.json_bytes(made["both"])


def test_the_atlas_is_the_most_frequent_station_at_each_place(patients):
    same = [replace(patients[0], name=name) for name in "ab"] + [patients[1]]
    known = atlas.learnt(same, 4.0)
    assert set(known) == {0, 10}
    np.testing.assert_array_equal(atlas.foretold(known, patients[0], 4.0), patients[0].stations)
    far = replace(patients[0], height=patients[0].height + 400)
    assert not atlas.foretold(known, far, 4.0).any()


def test_dice_by_hand():
    assert segment.dice(np.array([1, 1, 0]), np.array([1, 0, 0]), 1) == pytest.approx(2 / 3)
    assert segment.dice(np.array([1, 0]), np.array([0, 1]), 1) == 0
    assert segment.dice(np.array([1, 0]), np.array([0, 0]), 1) is None


def write(folder, shape=(40, 40, 4), **changed):
    """Write a scan: a body with two lungs, station 1R in the middle, a GTV beside it."""
    hu = np.full(shape, -1000.0)
    hu[4:36, 8:32] = 30
    hu[6:16, 12:28], hu[26:36 - 2, 12:28] = -850, -850
    stations, primary = np.zeros(shape), np.zeros(shape)
    stations[18:22, 18:22, 1:3], primary[22:24, 18:22, 1] = 1, 1
    for name, data in ({"ct": hu, "stations": stations, "primary": primary} | changed).items():
        volume = nifti.Volume(data.astype(np.int16), np.diag([2, 2, 5, 1]))
        nifti.write(folder / f"{name}.nii.gz", volume)


def test_a_scan_is_cut_around_its_lungs(tmp_path):
    grid = settings.Grid(2.0, 16, 5.0, (-200.0, 200.0), True)
    write(tmp_path / "a")
    found = grids.read(tmp_path, "a", grid, 3.0)
    assert found.ct.shape == found.stations.shape == (4, 16, 16)
    assert found.stations.sum() == 4 * 4 * 2 and found.gtv.sum() == 8
    assert found.near.sum() == 4 * 6  # one pixel around it, no slice beside it
    np.testing.assert_allclose(found.height, [-7.5, -2.5, 2.5, 7.5])
    # The patient lies elsewhere in the image: the same is seen.
    moved = {name: np.roll(nifti.read(tmp_path / "a" / f"{name}.nii.gz").data, (2, -3), (0, 1))
             for name in ("ct", "stations", "primary")}
    write(tmp_path / "b", **moved)
    np.testing.assert_array_equal(grids.read(tmp_path, "b", grid, 3.0).stations, found.stations)
    place = grids.position(found.height, grid)
    assert place.shape == (4, 3, 16, 16) and place[0, 2, 0, 0] == pytest.approx(-7.5 / grids.REACH_MM)


@pytest.mark.parametrize("changed, words", [
    ({"primary": np.zeros((40, 40, 4))}, "has no GTV"),
    ({"stations": np.zeros((40, 40, 4))}, "has no station"),
    ({"stations": np.full((40, 40, 4), 17)}, "holds the label"),
    ({"ct": np.zeros((40, 40, 4))}, "shows no lungs"),
    ({"nodes": np.zeros((40, 40, 5))}, "another grid than the CT")])
def test_scans_that_cannot_be_used(tmp_path, changed, words):
    write(tmp_path / "a", **changed)
    with pytest.raises(InputError, match=words):
        grids.read(tmp_path, "a", PRESET.grid, 3.0)


@pytest.mark.parametrize("lines, words", [
    (["a"], "are held out"), (["a"] * 15, "has 'a' twice"), (["a", "../b"], "is no usable name"),
    ([f"p{number}" for number in range(15)], "no such file")])
def test_a_table_that_cannot_be_used(tmp_path, monkeypatch, capsys, lines, words):
    (tmp_path / "patients.csv").write_text("patient\n" + "\n".join(lines) + "\n")
    monkeypatch.setattr("sys.argv", [
        "segment", "--params", str(PARAMS), "--images", str(tmp_path), "--method", "atlas", "--out",
        str(tmp_path / "out.json")])
    with pytest.raises(SystemExit) as stopped:
        cli.main(segment.stage)
    said = capsys.readouterr().err
    assert stopped.value.code == 2 and words in said and said.count("\n") == 1
    assert not (tmp_path / "out.json").exists()


@pytest.mark.parametrize("key, wrong", [("size: 32", "size: 30"), ("batch: 12", "batch: 1"),
                                        ("held_out: 12", "held_out: 1"),
                                        ("retrained_seeds: [3, 4, 5, 6, 7, 8, 9, 10]",
                                         "retrained_seeds: []")])
def test_parameters_that_cannot_be_used(tmp_path, key, wrong):
    text = (PARAMS / "diunet.yaml").read_text()
    assert key in text
    (tmp_path / "diunet.yaml").write_text(text.replace(key, wrong))
    with pytest.raises(InputError, match=key.split(":")[0]):
        settings.preset(tmp_path)
        settings.scoring(tmp_path)
        settings.retrained_seeds(tmp_path)


def test_the_papers_network_takes_a_step_on_a_small_scan(patients):
    paper = settings.preset(PARAMS, "paper")
    assert paper.grid.size == 512 and not paper.grid.position
    small = replace(paper, training=replace(paper.training, steps=2, batch=2))
    model = network.train(patients[:2], small, False, 1, CPU)
    assert network.foretold(model, patients[0], paper.grid, False).shape == (2, 16, 16)
    start = network.train(patients[:2], replace(small, training=replace(small.training, steps=1)),
                          False, 1, CPU).state_dict()
    assert any(not torch.equal(value, start[name]) for name, value in model.state_dict().items())
