"""Masks as groups have them, written for the synthetic series of `tests.cohort.slices`."""

from __future__ import annotations

import numpy as np
import pydicom
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, RTStructureSetStorage, generate_uid

FRAME, SERIES = "1.2.826.0.1.42.1", "1.2.826.0.1.42.8"
# What highdicom asks of a source image.
COMPLETE = {"SeriesNumber": 1, "PatientSex": "O", "StudyID": "77713", "StudyTime": "101010",
            "AcquisitionNumber": 1, "InstanceNumber": 1, "FrameOfReferenceUID": FRAME}


def structures(path, rois, frame=FRAME, kind="CLOSED_PLANAR", series=SERIES):
    """Write an RTSTRUCT; ``rois`` maps names to lists of contours, each of shape (n, 3), LPS mm."""
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = RTStructureSetStorage
    meta.MediaStorageSOPInstanceUID = generate_uid(entropy_srcs=[str(path)])
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset = FileDataset("", {}, file_meta=meta, preamble=bytes(128))
    dataset.SOPClassUID = RTStructureSetStorage
    dataset.SOPInstanceUID = meta.MediaStorageSOPInstanceUID
    dataset.Modality = "RTSTRUCT"
    dataset.SeriesInstanceUID = generate_uid(entropy_srcs=[str(path), "series"])
    dataset.PatientName, dataset.PatientID = "Muster^Erika", "MRN4711"
    referenced = Dataset()
    referenced.SeriesInstanceUID = series
    study, place = Dataset(), Dataset()
    study.RTReferencedSeriesSequence = [referenced]
    place.FrameOfReferenceUID, place.RTReferencedStudySequence = frame, [study]
    dataset.ReferencedFrameOfReferenceSequence = [place]
    dataset.StructureSetROISequence, dataset.ROIContourSequence = [], []
    for number, (name, contours) in enumerate(rois.items(), 1):
        roi, drawn = Dataset(), Dataset()
        roi.ROINumber, roi.ROIName, roi.ReferencedFrameOfReferenceUID = number, name, frame
        drawn.ReferencedROINumber, drawn.ContourSequence = number, []
        for points in contours:
            contour = Dataset()
            contour.ContourGeometricType, contour.NumberOfContourPoints = kind, len(points)
            contour.ContourData = [f"{value:.6g}" for value in np.ravel(points)]
            drawn.ContourSequence.append(contour)
        dataset.StructureSetROISequence.append(roi)
        dataset.ROIContourSequence.append(drawn)
    dataset.save_as(path, enforce_file_format=True)
    return path


def outlines(mask, place, edge=0.5):
    """Return contours around boxes of a mask, shape (columns, rows, slices), one for each slice.

    ``place`` maps an index (column, row, slice) to LPS mm; ``edge`` is how far beyond the voxels'
    centres the contours run.
    """
    found = []
    for index in range(mask.shape[2]):
        inside = np.argwhere(mask[:, :, index])
        if len(inside):
            (left, top), (right, bottom) = inside.min(axis=0) - edge, inside.max(axis=0) + edge
            corners = [(left, top), (right, top), (right, bottom), (left, bottom)]
            found.append(np.array([place((*corner, index)) for corner in corners]))
    return found


def segmentation(path, folder, masks, damage=None):
    """Write a DICOM SEG of a series; ``masks`` maps labels to voxels (columns, rows, slices)."""
    import highdicom as hd

    sources = [pydicom.dcmread(file) for file in folder.glob("*.dcm")]
    first = np.array(sources[0].ImageOrientationPatient, float)
    normal = np.cross(first[:3], first[3:])
    sources.sort(key=lambda one: float(np.array(one.ImagePositionPatient, float) @ normal))
    code = hd.sr.CodedConcept("M-01000", "SRT", "Morphologically Altered Structure")
    described = [hd.seg.SegmentDescription(number, label, code, code,
                                           hd.seg.SegmentAlgorithmTypeValues.MANUAL)
                 for number, label in enumerate(masks, 1)]
    pixels = np.stack([mask.T for mask in masks.values()], axis=-1).astype(np.uint8)
    file = hd.seg.Segmentation(
        sources, pixels, hd.seg.SegmentationTypeValues.BINARY, described, hd.UID(), 2, hd.UID(), 1,
        "maker", "model", "1", "1")
    if damage:
        damage(file)
    file.save_as(path)
    return path
