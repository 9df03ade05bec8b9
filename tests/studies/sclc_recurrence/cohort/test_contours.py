"""From contours to tables: masks and structure sets give the same; what is missing is one line."""

import numpy as np
import pandas as pd
import pytest

from stages.common import cli, nifti
from stages.common.parameters import section
from studies.sclc_recurrence import contours, partition, structures
from studies.sclc_recurrence.partition import STATIONS
from studies.sclc_recurrence.synthetic import counted, images, thorax
from tests.cohort.mask_files import COMPLETE, outlines
from tests.cohort.mask_files import structures as write_structures
from tests.cohort.slices import series, values
from tests.parameters import PARAMS

FOLDER = PARAMS.parents[1] / "sclc_recurrence/params"
SHAPE = (16, 10, 6)
SCAN = thorax.Scan(size=48, slices=24, pixel_mm=6.5, slice_mm=6.5, jitter_mm=1, noise_hu=5, node_hu=35,
                   node_size=(0.5, 0.8), node_off=0.6, margin_mm=8, reader_mm=1)


def drawn():
    """Return 16 stations of 2 x 3 voxels in three slices each, and boxes for tumour, nodes and CTV."""
    labels = np.zeros(SHAPE, int)
    for place in range(16):
        row, column = divmod(place, 8)
        labels[2 * column:2 * column + 2, 1 + 4 * row:4 + 4 * row, 1:4] = place + 1
    primary, nodes, ctv = (np.zeros(SHAPE, bool) for _ in range(3))
    primary[1:3, 2:6, 2], nodes[4:6, 1:3, 3], ctv[0:7, 1:7, 1:5] = True, True, True
    return labels, primary, nodes, ctv


@pytest.fixture(scope="module")
def settings():
    return section(FOLDER, "contours", structures.Contours)


def as_nifti(folder, labels, *parts, spacing=(1.0, 1, 2)):
    affine = np.diag([*spacing, 1.0])
    for name, data in zip(contours.NAMES, (labels, *parts)):
        nifti.write(folder / f"{name}.nii.gz", nifti.Volume(data.astype(np.int32), affine))
    return folder


def as_dicom(folder, names=("GTV", "GTVnd", "CTV"), stations=STATIONS):
    labels, *parts = drawn()
    series(folder, values(SHAPE), **{**COMPLETE, "PixelSpacing": [0.8, 0.8]})
    image, _ = structures.dicom.read(folder, 0.1, -2048.0)
    lps = np.diag([-1.0, -1, 1, 1]) @ image.affine
    rois = {f"LN {name}": labels == place for place, name in enumerate(STATIONS, 1) if name in stations}
    rois |= {name: mask for name, mask in zip(("GTV", "GTVnd", "CTV"), parts) if name in names}
    write_structures(folder / "rs.dcm", {
        name: outlines(mask, lambda index: lps[:3, :3] @ index + lps[:3, 3])
        for name, mask in rois.items()})
    return folder


def test_a_structure_set_gives_what_masks_give(tmp_path, settings):
    parts, spacing = contours.masks(as_dicom(tmp_path / "dicom"), settings)
    wanted = drawn()
    np.testing.assert_array_equal(parts[0], wanted[0])
    for found, mask in zip(parts[1:], wanted[1:]):
        np.testing.assert_array_equal(found, mask)
    table = pd.DataFrame({"patient": ["masks"], "location": [1], "size": [3.5]})
    as_nifti(tmp_path / "masks", *wanted, spacing=spacing)
    values_, stations = contours.tables(table, tmp_path, settings)
    direct = partition.parameters(partition.counted(*parts), round(float(spacing[0]), 4), 1, 3.5)
    np.testing.assert_allclose(values_[list(partition.NAMES)].to_numpy()[0], direct)
    affected = stations["region"][stations["affected"] == 1].tolist()
    assert affected == ["1R", "1L", "2R", "5", "6"] and stations["region"].tolist() == list(STATIONS)
    assert values_["gtvnd_ml"][0] == pytest.approx(4 * np.prod(spacing) / 1000)


@pytest.mark.parametrize("names, stations, words", [
    (("CTV",), STATIONS, "has no GTV (it has: LN 1R"),
    (("GTV", "GTVnd"), STATIONS, "has no CTV (it has: LN 1R"),
    (("GTV", "CTV"), STATIONS[1:], "has no station 1R (it has: LN 1L")])
def test_a_structure_set_without_what_is_needed(tmp_path, settings, names, stations, words):
    with pytest.raises(structures.InputError) as error:
        contours.masks(as_dicom(tmp_path / "one", names, stations), settings)
    assert words in str(error.value) and "rs.dcm" in str(error.value)


def test_a_gtv_of_nodes_alone_is_one(tmp_path, settings):
    parts, _ = contours.masks(as_dicom(tmp_path / "one", ("GTVnd", "CTV")), settings)
    assert not parts[1].any() and parts[2].any()


@pytest.mark.parametrize("change, words", [
    (lambda parts: parts[0].__setitem__(parts[0] == 7, 0), "has no voxel of station 4R"),
    (lambda parts: parts[0].__setitem__((0, 0, 0), 17), "holds the label 17 "),
    (lambda parts: parts[0].__setitem__((0, 0, 0), 1234567), "holds the label 1234567 "),
    (lambda parts: parts[0].__setitem__((0, 0, 0), -1), "holds the label -1 "),
    (lambda parts: [part.fill(0) for part in parts[1:3]], "has no GTV"),
    (lambda parts: parts[3].fill(0), "has no CTV")])
def test_masks_that_cannot_be_used(tmp_path, settings, change, words):
    parts = drawn()
    change(parts)
    with pytest.raises(structures.InputError, match=words):
        contours.masks(as_nifti(tmp_path / "one", *parts), settings)


@pytest.mark.parametrize("line, words", [
    ("P1,1,3", "has 'P1' twice"), (",1,3", "'' in the column 'patient' is no usable name"),
    ("../P1,1,3", "'../P1' in the column 'patient' is no usable name"),
    ("P2,5,3", "'location' is 5"), ("P2,1,0", "'size' is 0"), ("P2,1,3", "no such folder")])
def test_a_table_that_cannot_be_used(tmp_path, monkeypatch, capsys, line, words):
    as_nifti(tmp_path / "P1", *drawn())
    (tmp_path / "table.csv").write_text(f"patient,location,size\nP1,1,3\n{line}\n")
    monkeypatch.setattr("sys.argv", ["contours", "--params", str(FOLDER), "--patients",
                                     str(tmp_path / "table.csv"), "--masks", str(tmp_path), "--out",
                                     str(tmp_path / "out")])
    with pytest.raises(SystemExit) as stopped:
        cli.main(contours.stage)
    said = capsys.readouterr().err
    assert stopped.value.code == 2 and words in said and said.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_a_thorax_holds_what_it_is_asked_for():
    affected = np.isin(STATIONS, ("4R", "7"))
    found = thorax.render(SCAN, affected, 1, 5.0, True, np.random.default_rng(0))
    again = thorax.render(SCAN, affected, 1, 5.0, True, np.random.default_rng(0))
    np.testing.assert_array_equal(found.hu, again.hu)
    assert set(np.unique(found.stations)) == set(range(17))
    assert set(np.unique(found.stations[found.nodes])) == {7, 11}
    gtv = found.primary | found.nodes
    assert (found.ctv | ~gtv).all() and found.ctv.sum() > gtv.sum()
    voxel = 6.5**3
    assert found.primary.sum() * voxel == pytest.approx(4 / 3 * np.pi * 25**3, rel=0.5)
    # The right upper lobe: the tumour's middle lies to the right.
    assert np.argwhere(found.primary)[:, 0].mean() > SCAN.size / 2
    far = thorax._grown(gtv, 0, SCAN)
    np.testing.assert_array_equal(far, gtv)


def test_scans_of_a_cohort_are_read_back(tmp_path, settings):
    pd.DataFrame({"patient": ["S1", "S2", "S3"], "GTV location": [1.0, 4, 2], "GTV size": [4.0, 2, 3]}
                 ).to_csv(tmp_path / "parameters.csv", index=False)
    rows = [(f"S{n}", name, int(name in ("7", "10R"))) for n in (1, 2, 3) for name in STATIONS]
    pd.DataFrame(rows, columns=["patient", "region", "affected"]).to_csv(tmp_path / "regions.csv",
                                                                         index=False)
    table = images.draw(images.Images(2, 1, 1.0, SCAN), tmp_path, tmp_path / "out")
    assert table["patient"].tolist() == ["S1", "S2"]
    values_, stations = contours.tables(table, tmp_path / "out", settings)
    nodes = values_["LNs in GTVnd"].tolist()
    assert nodes == [2, 2] and (stations.groupby("patient")["affected"].sum() >= 2).all()
    found = counted.summary(values_[list(partition.NAMES)].to_numpy(float))
    assert found["sums"] == 32 and found["independent"] == 1 and found["patients"] == 2
