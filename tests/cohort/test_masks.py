"""Masks as groups have them: RTSTRUCT, SEG, DICOM slices, TotalSegmentator; the same voxels."""

import numpy as np
import pytest

from stages.cohort import contours, masks, own_volumes
from stages.cohort.named import Named
from stages.cohort.own_table import Own
from stages.common import nifti
from stages.common.errors import InputError
from tests.cohort.conftest import mirror
from tests.cohort.mask_files import FRAME, outlines, segmentation, structures
from tests.cohort.mask_targets import OWN, SHAPE, boxes, labels, read, refused, target
from tests.cohort.orientations import PLANES
from tests.cohort.own_files import AFFINE, write_nrrd
from tests.cohort.slices import series, values


@pytest.mark.parametrize("edge", [0.5, 0.3, 0.0])
@pytest.mark.parametrize("plane", [*PLANES, None])
def test_contours_are_the_voxels_that_they_run_around(tmp_path, plane, edge):
    # None: an oblique series.
    orientation = (0.8, 0.6, 0, -0.36, 0.48, 0.8) if plane is None else (*plane[0], *plane[1])
    wanted, place = target(tmp_path / "slices", orientation)
    liver, first, second = (outlines(mask, place, edge) for mask in boxes())
    path = structures(tmp_path / "rs.dcm", {"Tumour 1": first, "Liver": liver, "TUMOUR 2": second})
    np.testing.assert_array_equal(read(path, wanted), labels())


def test_a_contour_in_a_contour_is_a_hole(tmp_path):
    wanted, place = target(tmp_path / "slices")
    liver, hole, _ = boxes()
    path = structures(tmp_path / "rs.dcm", {"ring": outlines(liver, place) + outlines(hole, place)})
    np.testing.assert_array_equal(read(path, wanted, Named(("ring",))) == 2, liver & ~hole)


def test_a_voxel_and_a_line_of_voxels():
    """Programs that trace the centres of border voxels write one or two points for them."""
    found = contours.filled([np.array([[1.0, 2]]), np.array([[3.0, 1], [3, 4]]),
                             np.array([[5.0, 1], [7, 3]]), np.array([[0.4, 0.4]])], (9, 6))
    assert np.argwhere(found).tolist() == [[1, 2], [3, 1], [3, 2], [3, 3], [3, 4], [5, 1], [6, 2],
                                           [7, 3]]


def test_any_polygon_by_the_even_odd_rule():
    """A star that crosses itself, against the winding of angles around every centre."""
    angles = np.arange(5) * 4 * np.pi / 5 + 0.1
    star = 20 + 17.3 * np.stack([np.cos(angles), np.sin(angles)], axis=1)
    rows, columns = np.indices((41, 41))
    way = np.stack([star[:, 0, None, None] - rows, star[:, 1, None, None] - columns])
    turned = np.arctan2(way[1], way[0])
    steps = np.diff(np.concatenate([turned, turned[:1]]), axis=0)
    winding = np.rint(((steps + np.pi) % (2 * np.pi) - np.pi).sum(axis=0) / (2 * np.pi))
    assert {1, 2} <= set(np.abs(winding).ravel().astype(int))
    # Centres on a line belong to it.
    lines = np.roll(star, -1, axis=0) - star
    beside = np.abs(lines[:, 0, None, None] * way[1] - lines[:, 1, None, None] * way[0])
    clear = (beside / np.linalg.norm(lines, axis=1)[:, None, None]).min(axis=0) > contours.TOUCH
    np.testing.assert_array_equal(contours.filled([star], (41, 41))[clear], (winding % 2 == 1)[clear])
    assert clear.mean() > 0.99


def test_a_structure_set_on_a_nifti_image(tmp_path):
    wanted, place = target(tmp_path / "slices")
    path = structures(tmp_path / "rs.dcm", {"t": outlines(boxes()[1], place)})
    # Other axes, and no frame of reference to compare.
    image = nifti.to_ras(wanted.image)
    found = masks.read(path, Named(("t",)), masks.Target(tmp_path, image), OWN)[0]
    np.testing.assert_array_equal(nifti.like(found, wanted.image).data == 2, boxes()[1])


@pytest.mark.parametrize("plane", [PLANES[0], PLANES[3], PLANES[7]])
def test_segments_by_name(tmp_path, plane):
    wanted, _ = target(tmp_path / "slices", (*plane[0], *plane[1]))
    liver, first, second = boxes()
    path = segmentation(tmp_path / "seg.dcm", wanted.path,
                        {"Liver": liver, "Tumour 1": first, "Tumour 2": second})
    np.testing.assert_array_equal(read(path, wanted), labels())
    # A segmentation of a single slice.
    path = segmentation(tmp_path / "one.dcm", wanted.path, {"Tumour": second})
    np.testing.assert_array_equal(read(path, wanted, Named(("tumour",))) == 2, second)


def test_a_folder_with_the_slices_of_a_mask(tmp_path):
    wanted, _ = target(tmp_path / "slices")
    series(tmp_path / "mask", labels(), RescaleIntercept=0, series="1.2.826.0.1.42.9", Modality="OT",
           FrameOfReferenceUID=FRAME)
    np.testing.assert_array_equal(read(tmp_path / "mask", wanted, Named()), labels())
    other = masks.Target(wanted.path, wanted.image, "1.2.3")
    refused(tmp_path / "mask", other, "in another frame of reference", Named())


def test_masks_beside_the_slices_of_a_study(tmp_path):
    """Nested folders, two series, a structure set of each and a report: one is chosen."""
    wanted, place = target(tmp_path / "study" / "a")
    series(tmp_path / "study" / "b", values((6, 5, 4)), series="1.2.826.0.1.42.9")
    structures(tmp_path / "study" / "a" / "rs.dcm", {"t": outlines(boxes()[1], place)})
    structures(tmp_path / "study" / "b" / "rs.dcm", {"t": outlines(boxes()[2], place)},
               series="1.2.826.0.1.42.9")
    series(tmp_path / "study", keep=(0,), series="1.2.826.0.1.42.6", Modality="SR")
    refused_series(tmp_path / "study", "", r"holds 2 series \(4 files, 6 files\); name one in the")
    refused_series(tmp_path / "study", "1.2.3", "holds no series of images with the SeriesInstanceUID")
    found = own_volumes.read_series(tmp_path / "study", OWN, wanted.uid)
    np.testing.assert_array_equal(found.volume.data, wanted.image.data)
    chosen = masks.Target(tmp_path / "study", found.volume, found.frame, found.uid)
    np.testing.assert_array_equal(read(tmp_path / "study", chosen, Named(("t",))) == 2, boxes()[1])


def refused_series(path, uid, words):
    with pytest.raises(InputError, match=words):
        own_volumes.read_series(path, OWN, uid)


def test_other_labels_are_ignored_on_request(tmp_path):
    image = nifti.Volume(values(SHAPE), AFFINE)
    data = labels() + 3 * (labels() == 0)
    path = write_nrrd(tmp_path / "mask.nrrd", data.astype(np.uint8))
    wanted = masks.Target(tmp_path, image)
    refused(path, wanted, r"holds the label 3 \(known: 0, 1, 2\).*own.ignore_labels", Named())
    for item in (3, "3-117"):
        ignoring = Own(1, 0.2, 0.2, (1,), (2,), (item,), -2048.0, 0.1)
        np.testing.assert_array_equal(read(path, wanted, Named(), ignoring), labels())
    # What the table names by its number leaves all others out.
    np.testing.assert_array_equal(read(path, wanted, Named(("3",), ("1", "2"))) == 2, data == 3)
    refused(path, wanted, "does not name its labels, so that 'liver' says nothing",
            Named((), ("liver",)))


def test_totalsegmentator_s_liver_by_name():
    path = mirror("totalsegmentator_examples", "example_seg.nii.gz")
    stored = nifti.read(path)
    wanted = masks.Target(path, nifti.Volume(stored.data.astype(np.int16), stored.affine))
    found, identity = masks.read(path, Named((), ("liver",)), wanted, OWN)
    np.testing.assert_array_equal(found.data, stored.data == 5)
    # Names of organs identify nobody: a series may be called liver_17.
    assert (stored.data == 5).sum() > 1000 and not {"liver", "spleen", "kidney"} & set(identity)


def test_a_real_segmentation_is_its_nrrd_file(tmp_path):
    for name in ("01", "02", "03", "liver"):
        source = mirror("dcmqi_ct3slice_liver", f"{name}.dcm")
        (tmp_path / source.name).write_bytes(source.read_bytes())
    found = own_volumes.read_series(tmp_path, OWN)
    wanted = masks.Target(tmp_path, found.volume, found.frame, found.uid)
    both = read(tmp_path, wanted, Named((), ("liver",)))
    expected = read(mirror("dcmqi_ct3slice_liver", "liver_seg.nrrd"), wanted, Named((), ("1",)))
    np.testing.assert_array_equal(both, expected)
    assert (both == 1).sum() == 107098


def test_what_libraries_write_of_themselves_identifies_nobody(tmp_path):
    path = write_nrrd(tmp_path / "mask.nrrd", labels())
    content = path.read_bytes().replace(b"NRRD0005\n", b"NRRD0005\n# Complete NRRD file format "
                                        b"specification at:\n# http://teem.sourceforge.net/nrrd/\n"
                                        b"# Muster Erika\n", 1)
    path.write_bytes(content)
    assert {"Muster", "Erika"} <= set(masks.identity_of(path))
    assert not {"NRRD", "file", "teem"} & set(masks.identity_of(path))
