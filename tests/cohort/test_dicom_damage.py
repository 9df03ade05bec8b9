"""What the fuzzer does to DICOM files: the same from the same seed, and what it says."""

import io
import random

import numpy as np
import pydicom
import pytest

from tests.cohort.mask_files import COMPLETE, outlines, segmentation, structures
from tests.cohort.mask_targets import SHAPE, boxes
from tests.cohort.slices import series, values
from tests.fuzz import dicom_damage, mutate


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("dicom")
    liver, first, _ = boxes()
    slices = series(folder / "ct", values(SHAPE), **COMPLETE)
    structures(folder / "rs.dcm", {name: outlines(mask, lambda index: np.array(index, float))
                                   for name, mask in (("Tumour", first), ("Liver", liver))})
    segmentation(folder / "seg.dcm", slices, {"Tumour": first, "Liver": liver})
    return {"dicom structures": (folder / "rs.dcm").read_bytes(),
            "dicom segments": (folder / "seg.dcm").read_bytes(),
            "dicom slice": min(slices.iterdir()).read_bytes()}


@pytest.mark.parametrize("kind", ["dicom structures", "dicom segments", "dicom slice"])
def test_damage_repeats_and_is_damage(made, kind):
    content = made[kind]
    for change in set(mutate.DAMAGES[kind]):
        found = [[change(content, random.Random(seed)) for seed in range(60)] for _ in range(2)]
        # A few values that pydicom does not write leave a file as it was.
        assert found[0] == found[1] and sum(one != content for one in found[0]) >= 30


def read(content):
    return pydicom.dcmread(io.BytesIO(content))


def test_parts_are_lost_that_a_number_counts(made):
    header = read(dicom_damage.lost_point(made["dicom structures"], random.Random(1)))
    counts = [(int(one.NumberOfContourPoints), len(one.ContourData) // 3)
              for one in dicom_damage._contours(header)]
    assert sum(counted - there for counted, there in counts) == 1
    before = read(made["dicom segments"])
    after = read(dicom_damage.lost_frame(made["dicom segments"], random.Random(1)))
    assert after.NumberOfFrames == before.NumberOfFrames
    assert len(after.PixelData) < len(before.PixelData)
    for kind, sequence, name in (("dicom structures", "StructureSetROISequence", "ROINumber"),
                                 ("dicom segments", "SegmentSequence", "SegmentNumber")):
        header = read(dicom_damage.same_number(made[kind], random.Random(1)))
        assert len({int(item[name].value) for item in header[sequence].value}) == 1


def test_a_file_that_is_written_again_says_the_same(made):
    for kind in ("dicom structures", "dicom segments"):
        again = dicom_damage.written_again(made[kind])
        assert again != made[kind] and read(again).to_json() == read(made[kind]).to_json()
