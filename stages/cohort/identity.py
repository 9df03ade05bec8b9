"""Who a header names: every value of it that may identify a patient, and a search for them.

Nothing of an input header is written to a cohort. What could still carry an identity is the names
that the user's own table gives to series, studies and patients: they are compared with the headers.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from itertools import permutations
from pathlib import Path

from pydicom.multival import MultiValue

from stages.cohort import nrrd_file
from stages.common import nifti_header
from stages.common.errors import InputError

# Shorter values (a sex, a number 1) occur anywhere.
SHORTEST = 3
# A value of so many signs is found inside of a word too: P19640812, ErikaMuster.
LONG = 6
# Words of free text; shorter ones are units and fragments. A number of so many digits is found
# between other signs than digits (x4711).
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
# Sentences, of which a single word may name somebody. The profile cleans the descriptions.
SENTENCES = frozenset(("AdditionalPatientHistory", "ImageComments", "PatientAddress",
                       "PatientComments"))
DESCRIPTIONS = frozenset(("StudyDescription", "SeriesDescription"))
TYPES = frozenset(("PN", "UI", "DA", "DT"))
PRIVATE_TYPES = frozenset(("LO", "SH", "LT", "ST", "UT", "UC", "PN", "UI", "DA", "DT"))
# Pseudonyms where the header says that the identity was removed.
PSEUDONYMS = frozenset(("PatientID", "PatientName"))
# Words that name nobody, alone or with a number of up to three digits (liver_17).
NOBODY = frozenset("""
    abdomen abdominal anon anonym anonymized anonymous arterial arteriell arteries artery axial base
    becken biopsy bone brain case cases chest child cohort contrast control coronal delayed dicom
    female hals head hepar hepatic image kernel knochen kopf leber lesion lesions liver lung lunge male
    mask masks nativ native neck none null onko oncology patient patienten patients pelvis phantom phase
    plain plan portal portovenous post proband pseudonym recon routine sagittal sample scan segmentation
    serie series site soft spine staging standard stack studie study subject subjects test thick thin
    thorax tissue topogram trial tumor tumour unknown venous volunteer volume volumes whole without
    with""".split()) | {"ct", "mr", "pet", "sub", "pat", "pt"}
# Letters that are written in two ways: Müller is Mueller, and Muller.
SPELLED = {"ä": "ae", "ö": "oe", "ü": "ue", "ø": "oe", "æ": "ae", "å": "aa", "ł": "l"}
SPELLED = str.maketrans(SPELLED | {sign.upper(): two.capitalize() for sign, two in SPELLED.items()})
TOKEN = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+|[^\W\d_A-Za-z]+")


class Revealed(InputError):
    """A name that holds what a header says of a patient."""


def of_dicom(headers) -> dict[str, str]:
    """Return the identifying values of DICOM headers, each with the name of its attribute."""
    found: dict[str, str] = {}
    for header in headers:
        spared = PSEUDONYMS | DESCRIPTIONS if _removed(header) else frozenset()
        # Sequences are walked too.
        for element in header.iterall():
            wanted = (element.VR in TYPES or element.keyword in KEYWORDS | DESCRIPTIONS
                      or element.tag.is_private and element.VR in PRIVATE_TYPES)
            if not wanted or element.keyword in spared:
                continue
            name = element.keyword or "a private attribute"
            for value in _values(element):
                found.setdefault(value, name)
    return {value: name for value, name in found.items() if not value.startswith(STANDARD_UIDS)
            and not _names_nobody(value)}


def _removed(header) -> bool:
    """Tell whether a header says that its identity was removed; a method says so too."""
    said = str(header.get("PatientIdentityRemoved", "")).upper()
    method = header.get("DeidentificationMethod") or header.get("DeidentificationMethodCodeSequence")
    return said == "YES" or said != "NO" and bool(method)


def _values(element) -> list[str]:
    value = element.value
    parts = value if isinstance(value, (list, MultiValue)) else [value]
    texts = [str(part).strip() for part in parts if part is not None]
    if element.keyword in DESCRIPTIONS:  # a series may be called as the protocol is
        return list(of_texts(texts, ""))
    found = list(texts)
    if element.keyword in SENTENCES:
        found += of_texts(texts, "")
    if element.VR == "PN":
        for text in texts:
            words = [word for word in re.split(r"[\^=,; ]+", text) if word]
            # Names written together, in any order; then each, and the parts of a double name.
            found += ["".join(pair) for pair in permutations(words[:4], 2)]
            found += words + [part for word in words for part in word.split("-")]
    if element.VR in ("DA", "DT"):
        for year, month, day in re.findall(r"^(\d{4})(\d\d)(\d\d)", "\n".join(texts), re.M):
            found += [year + month + day, day + month + year, month + day + year]
    return [text for text in found if len(text) >= SHORTEST]


def _names_nobody(value: str) -> bool:
    """Tell whether a value is made of words that name nobody and of short numbers.

    Examples
    --------
    >>> [_names_nobody(value) for value in ("liver_17^patient", "Anon", "CT_1", "caseA")]
    [True, True, True, False]
    >>> [_names_nobody(value) for value in ("patient_4711", "001", "Berg^patient", "1.2.826")]
    [False, False, False, False]
    """
    tokens = [token.lower() for token in TOKEN.findall(value)]
    return not NOBODY.isdisjoint(tokens) and all(
        token in NOBODY or token.isdigit() and len(token) < SHORTEST_WORD for token in tokens)


def of_texts(texts, name: str) -> dict[str, str]:
    """Return the words of free text, each with the name of the header's kind."""
    words = (word for text in texts for word in re.split(r"[\W_]+", text))
    return {word: name for word in words if len(word) >= SHORTEST_WORD and not _names_nobody(word)}


def of_file(path: Path) -> dict[str, str]:
    """Return the identifying values of a NIfTI or NRRD header."""
    if path.name.lower().endswith(".nrrd"):
        return of_texts(nrrd_file.texts(path), "the NRRD header's free text")
    return of_texts(nifti_header.texts(path), "the NIfTI header's free text")


def _spellings(text: str) -> list[str]:
    """Return a text without accents, in its ways to be spelled; the case is kept."""
    text = unicodedata.normalize("NFC", text).replace("ß", "ss")
    return list(dict.fromkeys(
        "".join(sign for sign in unicodedata.normalize("NFKD", one) if not unicodedata.combining(sign))
        for one in (text, text.translate(SPELLED))))


def _squeezed(text: str) -> str:
    return re.sub(r"[\W_]+", "", text)


@lru_cache(maxsize=4)
def _forms(texts: tuple[str, ...]):
    """Return each text with its (lower case, without separators, words), and all of it as one text."""
    found = [(text, [(one.lower(), _squeezed(one.lower()),
                      {token.lower() for token in TOKEN.findall(one)}) for one in _spellings(text)])
             for text in texts]
    return found, "\n".join(part for _, forms in found for form in forms for part in form[:2])


def _within(value: str, lower: str, squeezed: str, words: set[str]) -> bool:
    """Tell whether a text holds a value, both in lower case.

    A long one anywhere, whatever separates its signs (1964-08-12 is 19640812); a short one as a word of
    its own, where a change from small to capital letters and from letters to digits ends a word too.
    """
    bare = _squeezed(value)
    if len(value) >= LONG and value in lower or len(bare) >= LONG and bare in squeezed:
        return True
    if value.isalpha() and value in words:
        return True
    number = value.isdigit() and len(value) >= SHORTEST_WORD
    around = r"\d" if number else "[0-9a-z]"
    return re.search(rf"(?<!{around}){re.escape(value)}(?!{around})", lower) is not None


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
    forms, everything = _forms(tuple(texts))
    for value, name in identity.items():
        for spelled in _spellings(value.lower()):
            if spelled not in everything and _squeezed(spelled) not in everything:
                continue
            for text, several in forms:
                if any(_within(spelled, *form) for form in several):
                    raise Revealed(f"'{text}' holds {name} of an image header", source,
                                   "name series, studies and patients by pseudonyms")
