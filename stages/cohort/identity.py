"""Who a header names: every value of it that may identify a patient, and a search for them.

Nothing of an input header is written to a cohort. What could still carry an identity is the names
that the user's own table gives to series, studies and patients: they are compared with the headers.
"""

from __future__ import annotations

import re
from pathlib import Path

from pydicom.multival import MultiValue

from stages.cohort import nrrd_file
from stages.common import nifti_header
from stages.common.errors import InputError

# Shorter values (a sex, a number 1) occur anywhere.
SHORTEST = 3
# A value of so many signs is found inside of a word too: P19640812, ErikaMuster.
LONG = 6
# Words of free text; shorter ones are units and fragments.
SHORTEST_WORD = 4
# Unique identifiers of the standard itself (classes, transfer syntaxes).
STANDARD_UIDS = "1.2.840.10008."
# Source: DICOM PS3.15, annex E, attributes of the basic profile that name a person, a place, a
# device or an examination; all names, dates and unique identifiers are added by their type.
KEYWORDS = frozenset((
    "AccessionNumber", "AdditionalPatientHistory", "AdmissionID", "DeviceSerialNumber",
    "DeviceUID", "EthnicGroup", "FillerOrderNumberImagingServiceRequest", "ImageComments",
    "InstitutionAddress", "InstitutionName", "InstitutionalDepartmentName", "IssuerOfPatientID",
    "MedicalRecordLocator", "Occupation", "OtherPatientIDs", "PatientAddress", "PatientComments",
    "PatientID", "PatientTelephoneNumbers", "PerformedProcedureStepID", "PlateID",
    "PlacerOrderNumberImagingServiceRequest", "RequestedProcedureID", "ScheduledProcedureStepID",
    "ServiceEpisodeID", "StationName", "StudyID"))
TYPES = frozenset(("PN", "UI", "DA", "DT"))
PRIVATE_TYPES = frozenset(("LO", "SH", "LT", "ST", "UT", "UC", "PN", "UI", "DA", "DT"))
# Pseudonyms where the header says that the identity was removed.
PSEUDONYMS = frozenset(("PatientID", "PatientName"))


class Revealed(InputError):
    """A name that holds what a header says of a patient."""


def of_dicom(headers) -> dict[str, str]:
    """Return the identifying values of DICOM headers, each with the name of its attribute."""
    found: dict[str, str] = {}
    for header in headers:
        removed = str(header.get("PatientIdentityRemoved", "")).upper() == "YES"
        # Sequences are walked too.
        for element in header.iterall():
            wanted = (element.VR in TYPES or element.keyword in KEYWORDS
                      or element.tag.is_private and element.VR in PRIVATE_TYPES)
            if not wanted or removed and element.keyword in PSEUDONYMS:
                continue
            name = element.keyword or "a private attribute"
            for value in _values(element):
                found.setdefault(value, name)
    return {value: name for value, name in found.items() if not value.startswith(STANDARD_UIDS)}


def _values(element) -> list[str]:
    value = element.value
    parts = value if isinstance(value, (list, MultiValue)) else [value]
    found = [str(part).strip() for part in parts if part is not None]
    if element.VR == "PN":
        found += [word for text in found for word in re.split(r"[\^=,; ]+", text)]
    return [text for text in found if len(text) >= SHORTEST]


def of_texts(texts, name: str) -> dict[str, str]:
    """Return the words of free text, each with the name of the header's kind."""
    words = (word for text in texts for word in re.split(r"[^0-9A-Za-z\x80-\xff]+", text))
    return {word: name for word in words if len(word) >= SHORTEST_WORD}


def of_file(path: Path) -> dict[str, str]:
    """Return the identifying values of a NIfTI or NRRD header."""
    if path.name.lower().endswith(".nrrd"):
        return of_texts(nrrd_file.texts(path), "the NRRD header's free text")
    return of_texts(nifti_header.texts(path), "the NIfTI header's free text")


def require_absent(identity: dict[str, str], texts: list[str], source) -> None:
    """Refuse names that a header gives away.

    Parameters
    ----------
    identity : dict
        Identifying values, each with where it stands.
    texts : list of str
        Every text that will be written.
    source : path
        The table that the texts come from, for error messages.

    Raises
    ------
    Revealed
        Quoting the name at fault, never another value of the header.
    """
    everything = "\n".join(texts).lower()
    for value, name in identity.items():
        if value.lower() not in everything:
            continue
        inside = re.escape(value)
        pattern = re.compile(inside if len(value) >= LONG else rf"(?<![0-9a-z]){inside}(?![0-9a-z])",
                             re.IGNORECASE)
        for text in texts:
            if pattern.search(text):
                raise Revealed(f"'{text}' holds {name} of an image header", source,
                               "name series, studies and patients by pseudonyms")
