"""The DICOM files of a folder, and the series and objects that they make up.

A study as an archive exports it is a tree of folders with several series, with segmentations and
structure sets between the slices: a series is told by its SeriesInstanceUID, wherever its files lie.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pydicom
from pydicom.errors import BytesLengthException, InvalidDicomError

from stages.common.errors import InputError

EXPORT = "export the series from the archive again"
RTSTRUCT, SEG = "RTSTRUCT", "SEG"
# What an archive keeps beside the images. Source: DICOM PS3.3, C.7.3.1.1.1 (Modality).
NO_IMAGES = frozenset((RTSTRUCT, SEG, "DOC", "KO", "PR", "REG", "RTDOSE", "RTPLAN", "RTRECORD", "SR"))
UID = "SeriesInstanceUID"

# What pydicom and its decoders raise of damaged files.
UNREADABLE = (OSError, EOFError, ValueError, TypeError, AttributeError, LookupError, OverflowError,
              RuntimeError, BytesLengthException)

File = tuple[Path, pydicom.Dataset]


@contextmanager
def quiet() -> Iterator[None]:
    """Drop pydicom's warnings: they quote what stands in a header, which may be a patient's."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def listed(place: Path) -> list[File]:
    """Return the DICOM files of a folder and of all folders in it (or one file), without pixels.

    Raises
    ------
    InputError
        If there is none, or one cannot be read.
    """
    found = []
    for path in ([place] if place.is_file() else files(place)):
        try:
            with quiet():
                header = pydicom.dcmread(path, stop_before_pixels=True)
                # Values are read when they are asked for: ask now, so that a bad one is named here.
                for _ in header.iterall():
                    pass
        except InvalidDicomError:
            continue
        except UNREADABLE as error:
            raise InputError(f"cannot be read as DICOM ({error})", path, EXPORT) from None
        if "DirectoryRecordSequence" not in header:
            found.append((path, header))
    if not found:
        raise InputError("is no DICOM file" if place.is_file() else "holds no DICOM file", place,
                         "name the folder that holds the slices")
    return found


def files(folder: Path) -> list[Path]:
    """Return every file of a folder and of the folders in it, sorted."""
    return [path for path in sorted(folder.rglob("*")) if path.is_file()]


def series(found: list[File], folder: Path, uid: str = "") -> list[File]:
    """Return the files of one series of images.

    Parameters
    ----------
    found : list of (Path, Dataset)
        What the folder holds (`listed`).
    folder : Path
        For error messages.
    uid : str
        Its SeriesInstanceUID, where there are several.

    Raises
    ------
    InputError
        If there is no such series, or several and none is named.
    """
    known: dict[str, list[File]] = {}
    for path, header in found:
        if header.get("Modality") not in NO_IMAGES:
            known.setdefault(str(header.get(UID)), []).append((path, header))
    if uid:
        if uid not in known:
            raise InputError(f"holds no series of images with the {UID} {uid}", folder,
                             f"correct the column {UID}")
        return known[uid]
    if len(known) > 1:
        counts = ", ".join(f"{count} files" for count in sorted(map(len, known.values())))
        raise InputError(f"holds {len(known)} series ({counts})", folder,
                         f"name one in the column {UID}, or give every series a folder of its own")
    if not known:
        raise InputError("holds no series of images", folder, "name the folder that holds the slices")
    return next(iter(known.values()))


def objects(found: list[File], uid: str) -> list[File]:
    """Return segmentations and structure sets; those of the series ``uid``, if any refers to it."""
    kept = [item for item in found if item[1].get("Modality") in (RTSTRUCT, SEG)]
    ours = [item for item in kept if uid in _referenced(item[1])]
    return ours or kept


def _referenced(header: pydicom.Dataset) -> set[str]:
    """Return the SeriesInstanceUIDs that an object refers to (without those of its own)."""
    own = str(header.get(UID))
    return {str(element.value) for element in header.iterall() if element.keyword == UID} - {own}
