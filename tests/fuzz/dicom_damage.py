"""Seeded damage to what a DICOM file says: values, attributes, items of sequences."""

from __future__ import annotations

import io

import numpy as np
import pydicom
from pydicom import config
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from tests.fuzz import mutate
from tests.fuzz.mutate import BINARY, CELLS

# Value representations that are text; what is no text is numbers, a sequence or bytes.
TEXTS = ("AE", "AS", "CS", "DA", "DS", "DT", "IS", "LO", "LT", "PN", "SH", "ST", "TM", "UC", "UI", "UT")
WHOLE = {"US": (0, 1, 2, 255, 65535), "UL": (0, 1, 2 ** 31, 2 ** 32 - 1), "SS": (0, -1, -32768),
         "SL": (0, -1, -2 ** 31)}
BROKEN = (0.0, -1.0, 1e308, 5e-324, float("nan"), float("inf"))


def _read(content: bytes) -> Dataset:
    return pydicom.dcmread(io.BytesIO(content))


def _written(dataset: Dataset, content: bytes) -> bytes:
    """Return the file; where pydicom does not write such a value, as it was."""
    stream, mode = io.BytesIO(), config.settings.writing_validation_mode
    config.settings.writing_validation_mode = config.IGNORE
    try:
        dataset.save_as(stream)
    except Exception:  # it is no part of the trial what the writer takes
        return content
    finally:
        config.settings.writing_validation_mode = mode
    return stream.getvalue()


def _elements(dataset: Dataset, found=None) -> list:
    """Return every (data set, element), those in sequences too."""
    found = [] if found is None else found
    for element in dataset:
        found.append((dataset, element))
        if element.VR == "SQ":
            for item in element.value:
                _elements(item, found)
    return found


def _text(draw) -> str:
    return draw.choice(CELLS).replace("\\", "")[:1000]


def _other(element, draw):
    """Return another value of an element's kind."""
    several = not isinstance(element.value, (str, bytes)) and hasattr(element.value, "__len__")
    if element.VR in TEXTS:
        new = _text(draw)
    elif element.VR in WHOLE:
        new = draw.choice(WHOLE[element.VR])
    elif element.VR in ("FD", "FL"):
        new = draw.choice(BROKEN if element.VR == "FD" else (0.0, -1.0, float("nan"), float("inf")))
    elif element.VR == "AT":
        new = draw.choice((0, 0x00100010, 0xffffffff))
    else:
        content = bytes(element.value or b"")
        return content[:draw.randrange(1 + len(content))]
    if not several or not len(element.value):
        return new
    values, place = list(element.value), draw.randrange(len(element.value))
    how = draw.randrange(4)
    if how < 2:
        values[place] = new
    elif how == 2:
        del values[place]
    else:
        values.insert(place, values[place])
    return values


def value(content, draw):
    """Change a value, take an attribute away, change the items of a sequence."""
    dataset = _read(content)
    # Sequences and what is far in are many: each attribute's name is drawn first.
    found = _elements(dataset)
    name = draw.choice(sorted({element.tag for _, element in found}))
    holder, element = draw.choice([one for one in found if one[1].tag == name])
    if draw.randrange(4) == 0:
        del holder[element.tag]
    elif element.VR == "SQ":
        items = list(element.value)
        how = draw.randrange(4)
        if how == 0 or not items:
            items = []
        elif how == 1:
            del items[draw.randrange(len(items))]
        elif how == 2:
            items.append(items[draw.randrange(len(items))])
        else:
            draw.shuffle(items)
        holder[element.tag].value = Sequence(items)
    else:
        config.settings.reading_validation_mode, mode = (config.IGNORE,
                                                         config.settings.reading_validation_mode)
        try:
            holder[element.tag]._value = _other(element, draw)
        finally:
            config.settings.reading_validation_mode = mode
    return _written(dataset, content)


def _contours(dataset: Dataset) -> list[Dataset]:
    return [contour for item in dataset.ROIContourSequence for contour in item.ContourSequence]


def lost_point(content, draw):
    """Leave points of a contour out, not those that its number of points counts."""
    dataset = _read(content)
    contour = draw.choice(_contours(dataset))
    points = np.array(contour.ContourData, float).reshape(-1, 3)
    keep = np.ones(len(points), bool)
    keep[draw.randrange(len(points))] = False
    contour.ContourData = [f"{number:.6g}" for number in points[keep].ravel()]
    return _written(dataset, content)


def same_number(content, draw):
    """Give two regions or segments one number, which is to tell them apart."""
    dataset = _read(content)
    items, name = next((dataset[where].value, name) for where, name in
                       (("StructureSetROISequence", "ROINumber"), ("SegmentSequence", "SegmentNumber"))
                       if where in dataset)
    one, other = draw.sample(range(len(items)), 2)
    setattr(items[one], name, getattr(items[other], name))
    return _written(dataset, content)


def lost_frame(content, draw):
    """Leave out what a frame of a segmentation holds, not the count of frames."""
    dataset = _read(content)
    count = int(dataset.NumberOfFrames)
    size = len(dataset.PixelData) // count
    place = draw.randrange(count)
    dataset.PixelData = dataset.PixelData[:place * size] + dataset.PixelData[(place + 1) * size:]
    return _written(dataset, content)


def written_again(content: bytes) -> bytes:
    """The same, as another program writes it: sequences without lengths."""
    dataset = _read(content)
    for _, element in _elements(dataset):
        if element.VR == "SQ":
            element.is_undefined_length = True
    return _written(dataset, content)


# What a number in the file counts, or is to tell apart.
mutate.COUNTED += tuple(change.__name__ for change in (lost_point, lost_frame, same_number))
for _kind, _lost in (("dicom structures", lost_point), ("dicom segments", lost_frame)):
    mutate.DAMAGES[_kind] = (*BINARY, *[value] * 12, *[_lost] * 2, same_number)
    mutate.NEUTRAL[_kind] = (written_again,)
mutate.DAMAGES["dicom slice"] = (*BINARY, *[value] * 12)
mutate.NEUTRAL["dicom slice"] = (written_again,)
