"""Structure sets and segmentations that cannot be used, or contradict themselves: one line each."""

import pydicom
import pytest
from pydicom import DataElement, config

from stages.cohort import masks
from stages.cohort.named import Named
from stages.common import nifti
from tests.cohort.mask_files import outlines, segmentation, structures
from tests.cohort.mask_targets import BOTH, boxes, refused, target


@pytest.mark.parametrize("change, words", [
    ({"frame": "1.2.3"}, "ROI 'Tumour 1' was drawn in another frame of reference"),
    ({"kind": "OPEN_PLANAR"}, r"ROI 'Tumour 1' has open contours \(OPEN_PLANAR\)"),
    ({"named": Named(("GTV",))}, r"has no ROI 'GTV' \(it has: Tumour 1, Liver\)"),
    ({"named": Named()}, "says not by itself which ROI is the lesion"),
    ({"empty": True}, "ROI 'Tumour 1' has no contours"),
    ({"shift": (0, 0, -40)}, "ROI 'Tumour 1' lies outside of the image"),
    ({"shift": (-4, 0, 0)}, "ROI 'Tumour 1' lies outside of the image"),
    ({"shift": (0, 0, 1.2)}, "ROI 'Tumour 1' has contours between the slices"),
    ({"tilt": True}, "ROI 'Tumour 1' has contours that do not lie in the slices"),
    ({"points": 0}, "ROI 'Tumour 1' has a contour without usable points")])
def test_structure_sets_that_cannot_be_used(tmp_path, change, words):
    wanted, place = target(tmp_path / "slices")
    liver, first, _ = (outlines(mask, place) for mask in boxes())
    first = [(points + change.get("shift", 0))[:change.get("points")] for points in first]
    if "tilt" in change:
        first[0][0] += 0, 0, 1
    path = structures(tmp_path / "rs.dcm", {"Tumour 1": [] if "empty" in change else first,
                                            "Liver": liver},
                      **{key: change[key] for key in ("frame", "kind") if key in change})
    refused(path, wanted, words, change.get("named", BOTH))


def contour(header):
    return header.ROIContourSequence[0].ContourSequence[0]


@pytest.mark.parametrize("alter, words", [
    (lambda header: setattr(contour(header), "ContourData", list(contour(header).ContourData)[3:]),
     "ROI 'Tumour 1' has a contour of 3 points that counts 4"),
    (lambda header: setattr(header.StructureSetROISequence[1], "ROINumber", 1),
     r"has two ROIs with the number 1 \(StructureSetROISequence\)"),
    (lambda header: setattr(header.ROIContourSequence[1], "ReferencedROINumber", 1),
     r"has two ROIs with the number 1 \(ROIContourSequence\)"),
    (lambda header: header.StructureSetROISequence.pop(), "has contours of a ROI 2, which it does not"),
    (lambda header: delattr(header.ROIContourSequence[0], "ReferencedROINumber"),
     r"cannot be read as a structure set \(KeyError\)"),
    (lambda header: contour(header).__setitem__("ContourData", DataElement(
        "ContourData", "LO", ["1", "Muster", "3"])), r"as a structure set \(ValueError\)")])
def test_structure_sets_that_contradict_themselves(tmp_path, alter, words):
    """What a number in the file counts, or tells apart, is not taken as it comes."""
    wanted, place = target(tmp_path / "slices")
    liver, first, _ = (outlines(mask, place) for mask in boxes())
    path = structures(tmp_path / "rs.dcm", {"Tumour 1": first, "Liver": liver})
    header = pydicom.dcmread(path)
    alter(header)
    with config.disable_value_validation():
        header.save_as(path)
    refused(path, wanted, words)


def cut(file):
    file.PixelData = file.PixelData[:8]


def announce(file):
    file.NumberOfFrames = 2


def forget(file):
    file.PerFrameFunctionalGroupsSequence.pop()


def same_number(file):
    file.SegmentSequence[1].SegmentNumber = 1


def unnamed(file):
    file.SegmentSequence.pop(0)


def fewer_rows(file):
    file.Rows = 3


def without_columns(file):
    del file.Columns


@pytest.mark.parametrize("change, words", [
    ({"damage": cut}, "has missing frames"), ({"damage": announce}, "has missing frames"),
    ({"damage": forget}, "has missing frames"), ({"damage": same_number}, "two segments with one"),
    ({"damage": unnamed}, "has frames of a segment 1, which it does not name"),
    ({"damage": fewer_rows}, "holds 90 bytes of pixels, and its rows, columns and frames make 27"),
    ({"damage": without_columns}, "cannot be read as DICOM SEG"),
    ({"named": Named(("Tumour", "Liver"))}, "its segments of lesions overlap in 18 voxels"),
    ({"named": Named(("GTV",))}, r"has no segment 'GTV' \(it has: Liver, Tumour\)"),
    ({"named": Named()}, "says not by itself which segment is the lesion"),
    ({"frame": "1.2.3"}, "lies in another frame of reference"),
    ({"crop": (slice(5, None), slice(None), slice(None))}, "a segment lies outside of the image"),
    ({"move": (0.35, 0, 0)}, "lies between the slices of"),
    ({"stretch": 2.0}, "lies on another grid than")])
def test_segmentations_that_cannot_be_used(tmp_path, change, words):
    wanted, _ = target(tmp_path / "slices")
    liver, first, _ = boxes()
    path = segmentation(tmp_path / "seg.dcm", wanted.path, {"Liver": liver, "Tumour": first},
                        change.get("damage"))
    image, part = wanted.image, change.get("crop", (slice(None),) * 3)
    affine = image.affine.copy()
    affine[:3, 3] += affine[:3, :3] @ [axis.start or 0 for axis in part] + change.get("move", 0)
    affine[:3, 0] *= change.get("stretch", 1)
    moved = masks.Target(wanted.path, nifti.Volume(image.data[part], affine),
                         change.get("frame", wanted.frame))
    refused(path, moved, words, change.get("named", Named(("Tumour",))))


def test_warnings_on_a_segmentation_quote_no_header(tmp_path, recwarn):
    def damage(file):
        with config.disable_value_validation():
            file.FrameOfReferenceUID = "Muster; id"

    wanted, _ = target(tmp_path / "slices")
    path = segmentation(tmp_path / "seg.dcm", wanted.path, {"Tumour": boxes()[1]}, damage)
    recwarn.clear()
    refused(path, wanted, "in another frame of reference", Named(("Tumour",)))
    assert [str(one.message) for one in recwarn] == []


def test_a_mask_beside_the_slices_that_is_not_there_or_not_one(tmp_path):
    wanted, place = target(tmp_path / "slices")
    refused(wanted.path, wanted, r"holds no segmentation \(SEG\) and no structure set \(RTSTRUCT\)")
    for name in ("one", "two"):
        structures(wanted.path / f"{name}.dcm", {"t": outlines(boxes()[1], place)})
    refused(wanted.path, wanted, "holds 2 segmentations and structure sets; name the file")
