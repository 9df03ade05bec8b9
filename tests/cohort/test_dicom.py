"""DICOM series: where their slices lie, what their voxels mean, and series that cannot be used."""

import contextlib

import numpy as np
import pydicom
import pytest
from pydicom.uid import CTImageStorage, RLELossless

from stages.cohort import dicom
from stages.common import nifti
from stages.common.errors import InputError
from tests.cohort.conftest import mirror
from tests.cohort.slices import AXIAL, fill, header, series, values

OBLIQUE = (0.8, 0.6, 0, -0.48, 0.64, 0.6)
CORONAL = (1, 0, 0, 0, 0, -1)


def read(folder):
    return dicom.read(folder, 0.1, -2048.0)[0]


def test_positions_not_thickness_place_the_slices(tmp_path):
    hu = values()
    volume = read(series(tmp_path, hu))
    np.testing.assert_array_equal(volume.data, hu)
    np.testing.assert_allclose(volume.spacing, [0.8, 0.7, 2.5])
    # LPS (-10, 20, -300) is RAS (10, -20, -300).
    np.testing.assert_allclose(volume.affine @ [0, 0, 0, 1], [10, -20, -300, 1])
    np.testing.assert_allclose(volume.affine @ [1, 1, 1, 1], [10 - 0.8, -20 - 0.7, -297.5, 1])


@pytest.mark.parametrize("orientation", [AXIAL, CORONAL, OBLIQUE, (-1, 0, 0, 0, 1, 0)])
def test_every_voxel_is_where_its_header_puts_it(tmp_path, orientation):
    hu = values()
    folder = series(tmp_path, hu, orientation=orientation)
    turned = nifti.to_ras(read(folder))
    inverse = np.linalg.inv(turned.affine)
    for path in folder.iterdir():
        dataset = pydicom.dcmread(path)
        place = np.array(dataset.ImagePositionPatient, float)
        along = np.array(dataset.ImageOrientationPatient, float).reshape(2, 3)
        for row, column in ((0, 0), (4, 1), (2, 5)):
            # Source: DICOM PS3.3, C.7.6.2.1.1, equation C.7.6.2.1-1.
            lps = place + along[0] * 0.8 * column + along[1] * 0.7 * row
            index = inverse @ [-lps[0], -lps[1], lps[2], 1]
            np.testing.assert_allclose(index, np.rint(index), atol=1e-4)
            stored = int(dataset.pixel_array[row, column]) - 1024
            assert turned.data[tuple(np.rint(index[:3]).astype(int))] == stored


def test_each_slice_has_its_own_rescaling(tmp_path):
    hu = np.rint(values() / 4) * 4.0

    def scale(index, dataset):
        dataset.RescaleSlope, dataset.RescaleIntercept = (2, -1024) if index == 1 else (1, -1000)
        fill(dataset, hu[:, :, index])

    np.testing.assert_array_equal(read(series(tmp_path, hu, change=scale)).data, hu)


@pytest.mark.parametrize("stored, kind, intercept, padding, written", [
    # Padding that would be dense bone, and one whose VR is the other of US and SS.
    (60000, np.uint16, -1024, 60000, -2048.0), (-2000, np.int16, 0, 63536, -2000.0),
    # Padding at air stays air; a value of padding that is no padding stays as well.
    (0, np.uint16, -1024, 0, -1024.0), (5000, np.uint16, -1024, None, 3976.0)])
def test_padding(tmp_path, stored, kind, intercept, padding, written):
    def pad(index, dataset):
        dataset.RescaleIntercept = intercept
        fill(dataset, np.full((6, 5), 40.0), kind)
        pixels = dataset.pixel_array.copy()
        pixels[0, 0] = stored
        dataset.PixelData = pixels.tobytes()
        if padding is not None:
            dataset.add_new("PixelPaddingValue", "US", padding)

    volume = read(series(tmp_path, change=pad))
    assert (volume.data[0, 0] == written).all() and (volume.data[1:] == 40).all()


def test_a_range_of_padding(tmp_path):
    def pad(index, dataset):
        fill(dataset, np.array([[40.0, 3000, 3003, 3005, 3006]] * 6))
        dataset.add_new("PixelPaddingValue", "US", 3005 + 1024)
        dataset.add_new("PixelPaddingRangeLimit", "US", 3000 + 1024)

    row = read(series(tmp_path, change=pad)).data[0, :, 0]
    np.testing.assert_array_equal(row, [40, -2048, -2048, -2048, 3006])


def test_fractions_are_kept(tmp_path):
    def halve(index, dataset):
        dataset.RescaleSlope = 0.5
        fill(dataset, values()[:, :, index] + 0.5)

    volume = read(series(tmp_path, change=halve))
    assert volume.data.dtype == np.float64
    np.testing.assert_array_equal(volume.data, values() + 0.5)


def test_compressed_slices(tmp_path):
    def compress(index, dataset):
        dataset.compress(RLELossless)

    hu = values((32, 32, 3))
    np.testing.assert_array_equal(read(series(tmp_path, hu, change=compress)).data, hu)


def test_jpeg_can_be_read():
    # Archives store CT as lossless JPEG.
    from pydicom.pixels import get_decoder
    from pydicom.uid import JPEG2000Lossless, JPEGLosslessSV1

    assert all(get_decoder(uid).is_available for uid in (JPEGLosslessSV1, JPEG2000Lossless))


def test_other_files_in_the_folder_are_left_alone(tmp_path):
    folder = series(tmp_path)
    (folder / "notes.txt").write_text("not DICOM")
    assert read(folder).data.shape == (6, 5, 4)


def refused(folder, words):
    with pytest.raises(InputError, match=words) as caught:
        read(folder)
    text = str(caught.value)
    assert str(folder) in text and "\n" not in text
    return text


def test_two_series_in_a_folder(tmp_path):
    series(tmp_path, keep=(0, 1, 2))
    series(tmp_path, values(seed=4), series="1.2.826.0.1.42.9")
    text = refused(tmp_path, r"holds 2 series \(3 files, 4 files\)")
    assert "1.2.826" not in text


def test_a_missing_slice(tmp_path):
    refused(series(tmp_path, values((6, 5, 9)), keep=(0, 1, 2, 3, 5, 6, 7, 8)),
            r"lacks 1 slice\(s\), the first after slice 4 \(5.00 mm instead of 2.50 mm\)")


def test_two_missing_slices(tmp_path):
    refused(series(tmp_path, values((6, 5, 9)), keep=(0, 1, 3, 4, 5, 7, 8)),
            r"lacks 2 slice\(s\), the first after slice 2")


def test_doubled_positions(tmp_path):
    def double(index, dataset):
        if index == 2:
            dataset.ImagePositionPatient[2] = -297.5

    refused(series(tmp_path, change=double), "has 2 slices at the same position")


def test_uneven_distances(tmp_path):
    def shift(index, dataset):
        if index == 2:
            dataset.ImagePositionPatient[2] += 0.5

    refused(series(tmp_path, change=shift), "unevenly spaced .up to 0.50 mm off")


def test_rounded_positions_are_even(tmp_path):
    def rounded(index, dataset):
        dataset.ImagePositionPatient[2] = f"{dataset.ImagePositionPatient[2]:.1f}"

    volume = read(series(tmp_path, values((6, 5, 9)), step=0.625, change=rounded))
    np.testing.assert_allclose(volume.spacing[2], 0.625)


def test_a_tilted_gantry(tmp_path):
    def tilt(index, dataset):
        dataset.ImagePositionPatient[1] += index * 2.5 * np.tan(np.radians(15))

    refused(series(tmp_path, change=tilt), "a gantry tilted by 15.0 degrees")


def test_rows_and_columns_not_at_right_angles(tmp_path):
    refused(series(tmp_path, orientation=(1, 0, 0, 0.3, 0.95, 0)), "not at right angles")


@pytest.mark.parametrize("name, value, words", [
    ("Modality", "MR", "is no CT .Modality is 'MR'"), ("NumberOfFrames", 3, "several frames"),
    ("ImagePositionPatient", None, "lacks ImagePositionPatient"),
    ("PixelSpacing", [0.7, 0], "no usable PixelSpacing"),
    ("ImagePositionPatient", [1, 2], "no usable ImagePositionPatient"),
    ("RescaleIntercept", None, "lacks RescaleIntercept"), ("Columns", 7, "another Columns"),
    ("PixelSpacing", [0.7, 0.9], "another PixelSpacing"),
    ("ImageOrientationPatient", [1, 0, 0, 0, 0, -1], "another ImageOrientationPatient"),
    ("PhotometricInterpretation", "MONOCHROME1", "no grey-scale slice")])
def test_a_slice_unlike_a_ct_slice_is_named(tmp_path, name, value, words):
    def spoil(index, dataset):
        if index == 1:
            setattr(dataset, name, value)

    assert "-1.dcm" in refused(series(tmp_path, change=spoil), words).replace("10-", "-")


def test_a_truncated_slice(tmp_path):
    folder = series(tmp_path)
    path = sorted(folder.iterdir())[0]
    path.write_bytes(path.read_bytes()[:-20])
    assert path.name in refused(folder, "its pixels cannot be read")


def test_a_damaged_header(tmp_path):
    folder = series(tmp_path)
    path = sorted(folder.iterdir())[0]
    path.write_bytes(path.read_bytes().replace(b"-1024.0", b"-1o24.0"))
    assert path.name in refused(folder, "has no usable RescaleIntercept")


def test_a_single_slice_and_no_slice(tmp_path):
    refused(series(tmp_path / "one", keep=(2,)), "holds a single slice")
    (tmp_path / "none").mkdir()
    refused(tmp_path / "none", "holds no DICOM file")


def test_a_real_series_lies_where_its_mask_says(tmp_path):
    # Slices 1 mm apart whose SliceThickness is 1.25; the mask was written by another program.
    from stages.cohort import nrrd_file

    for number in (1, 2, 3):
        source = mirror("dcmqi_ct3slice_liver", f"0{number}.dcm")
        (tmp_path / source.name).write_bytes(source.read_bytes())
    volume = read(tmp_path)
    mask = nrrd_file.read(mirror("dcmqi_ct3slice_liver", "liver_seg.nrrd"))
    assert pydicom.dcmread(tmp_path / "01.dcm").SliceThickness == 1.25
    assert pydicom.dcmread(tmp_path / "01.dcm").SOPClassUID == CTImageStorage
    np.testing.assert_allclose(volume.spacing[2], 1.0)
    turned, liver = nifti.to_ras(volume), nifti.to_ras(mask)
    assert nifti.same_grid(turned, liver)
    assert 30 < np.median(turned.data[liver.data > 0]) < 150
    assert header((0, 0, 0)).SliceThickness == 9


def test_a_damaged_header_is_not_quoted(tmp_path, recwarn):
    """pydicom's warnings hold the values that they complain of."""
    def spoil(index, dataset):
        if index == 1:
            dataset.StudyInstanceUID = "1.2.Muster.7"

    folder = series(tmp_path / "a", change=spoil)
    recwarn.clear()
    read(folder)
    assert not [str(one.message) for one in recwarn if "Muster" in str(one.message)]


@pytest.mark.parametrize("place", range(400, 700, 20))
def test_a_slice_with_foreign_bytes_is_one_line_or_read(tmp_path, place):
    folder = series(tmp_path / "a")
    path = sorted(folder.iterdir())[1]
    content = path.read_bytes()
    path.write_bytes(content[:place] + b"\x00" * 5 + content[place:])
    with contextlib.suppress(InputError):
        read(folder)


@pytest.mark.parametrize("name, value", [("PatientID", "Other4712"), ("FrameOfReferenceUID", "1.2.9")])
def test_a_slice_of_another_patient_or_place_is_refused_without_naming_them(tmp_path, name, value):
    def change(index, dataset):
        if index == 2:
            setattr(dataset, name, value)

    with pytest.raises(InputError, match=f"has another {name} than its series") as raised:
        read(series(tmp_path / "a", change=change))
    assert value not in str(raised.value) and "MRN4711" not in str(raised.value)


def test_a_slope_of_zero_is_refused(tmp_path):
    def change(index, dataset):
        dataset.RescaleSlope = 0

    with pytest.raises(InputError, match="has no usable RescaleSlope"):
        read(series(tmp_path / "a", change=change))
