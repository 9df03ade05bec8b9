"""Synthetic DICOM series with the headers of a patient who does not exist."""

from __future__ import annotations

import numpy as np
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, generate_uid

from stages.common import canonical

PATIENT = {"PatientName": "Muster^Erika", "PatientID": "MRN4711", "PatientBirthDate": "19640812",
           "AccessionNumber": "ACC99123", "StudyDate": "20200131", "SeriesDate": "20200131",
           "InstitutionName": "Klinik Musterstadt", "ReferringPhysicianName": "Arzt^Anton",
           "PatientAddress": "Heidestrasse 17", "StudyInstanceUID": "1.2.826.0.1.42.7"}
AXIAL = (1, 0, 0, 0, 1, 0)


def values(shape=(6, 5, 4), seed=3) -> np.ndarray:
    """HU of a small volume, shape (columns, rows, slices)."""
    return np.random.default_rng(seed).integers(-1000, 400, shape).astype(np.int16)


def header(position, orientation=AXIAL, spacing=(0.7, 0.8), series="1.2.826.0.1.42.8",
           **more) -> FileDataset:
    """Return one slice's header without pixels: ``spacing`` is row distance, column distance."""
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = CTImageStorage
    meta.MediaStorageSOPInstanceUID = generate_uid(entropy_srcs=[series, str(tuple(position))])
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset = FileDataset("", {}, file_meta=meta, preamble=bytes(128))
    dataset.SOPClassUID, dataset.SOPInstanceUID = CTImageStorage, meta.MediaStorageSOPInstanceUID
    dataset.Modality, dataset.SeriesInstanceUID = "CT", series
    dataset.ImagePositionPatient = [f"{value:.6g}" for value in position]
    dataset.ImageOrientationPatient = [f"{value:.6g}" for value in orientation]
    dataset.PixelSpacing = list(spacing)
    # Wrong on purpose: real headers hold it beside a slice distance of another length.
    dataset.SliceThickness = 9
    dataset.RescaleSlope, dataset.RescaleIntercept = 1, -1024
    request = Dataset()
    request.RequestedProcedureID = "RP-55555"
    dataset.RequestAttributesSequence = [request]
    dataset.private_block(0x0009, "MUSTER", create=True).add_new(1, "LO", "Erika M. 1964")
    for name, value in {**PATIENT, **more}.items():
        setattr(dataset, name, value)
    return dataset


def fill(dataset: FileDataset, hu: np.ndarray, kind=np.uint16) -> FileDataset:
    """Store a slice's HU, shape (columns, rows)."""
    stored = np.rint((hu.T - float(dataset.RescaleIntercept)) / float(dataset.RescaleSlope))
    stored = np.ascontiguousarray(stored).astype(kind)
    dataset.Rows, dataset.Columns = stored.shape
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
    dataset.BitsAllocated = dataset.BitsStored = 16
    dataset.HighBit, dataset.PixelRepresentation = 15, int(np.dtype(kind).kind == "i")
    dataset.PixelData = stored.tobytes()
    return dataset


def series(folder, hu=None, step=2.5, orientation=AXIAL, origin=(-10.0, 20.0, -300.0), keep=None,
           change=None, **more):
    """Write a series, slices in an order unlike that of the file names; return the folder.

    ``keep`` names the slices that are written, ``change(index, dataset)`` may alter one.
    """
    hu = values() if hu is None else hu
    normal = np.cross(orientation[:3], orientation[3:])
    folder.mkdir(parents=True, exist_ok=True)
    count = hu.shape[2]
    for index in range(count) if keep is None else keep:
        place = np.array(origin) + index * step * normal
        dataset = fill(header(place, orientation, **more), hu[:, :, index])
        if change:
            change(index, dataset)
        name = f"{(index * 7 + 3) % 11:02d}-{more.get('series', '')[-1:]}{index}.dcm"
        dataset.save_as(folder / name, enforce_file_format=True)
    return folder


def table(path, rows, columns=("series", "study", "patient", "path")):
    """Write a cohort's table."""
    canonical.write_bytes(path, canonical.csv_bytes(columns, rows))
    return path
