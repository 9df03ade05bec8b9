"""Names that give a patient away are refused, and names that do not are not."""

import pytest
from pydicom.dataset import Dataset

from stages.cohort import identity
from stages.common.errors import InputError

GIVEN_AWAY = [
    # Digits between other signs than digits.
    ("P47110", {"PatientID": "47110"}), ("x4711", {"PatientID": "4711"}),
    ("P_47110", {"PatientID": "47110"}), ("series_001", {"PatientID": "001"}),
    # Names written together, in either order, with numbers, with other letters, in part.
    ("ErikaBerg", {"PatientName": "Berg^Erika"}), ("bergerika", {"PatientName": "Berg^Erika"}),
    ("ErikaB", {"PatientName": "Berg^Erika"}), ("erika01", {"PatientName": "Berg^Erika"}),
    ("Mueller_01", {"PatientName": "Müller^Uwe"}), ("MULLER", {"PatientName": "Müller^Uwe"}),
    ("Müller", {"PatientName": "Mueller^Uwe"}), ("mu\u0308ller", {"PatientName": "Müller^Uwe"}),
    ("Aerztin1", {"PatientName": "Ärztin^Uwe"}), ("STRAUSS", {"PatientName": "Strauß"}),
    ("schulz", {"PatientName": "Berg-Schulz^Erika"}), ("Berg-patient", {"PatientName": "Berg^patient"}),
    ("山田太郎", {"PatientName": "Yamada^Tarou=山田^太郎"}),
    # Dates, whatever is between the parts and in whatever order.
    ("P1964-08-12", {"PatientBirthDate": "19640812"}), ("12.08.1964", {"PatientBirthDate": "19640812"}),
    ("b08_12_1964", {"PatientBirthDate": "19640812"}),
    ("1964-08-12", {"AcquisitionDateTime": "19640812101112.5"}),
    # The same with other separators.
    ("mrn_4711", {"PatientID": "MRN-4711"}), ("MRN4711b", {"PatientID": "MRN 4711"}),
    # Single words of sentences and descriptions.
    ("Waldemar", {"PatientComments": "uncle of Waldemar, see 4711-22"}),
    ("see4711", {"PatientComments": "uncle of Waldemar, see 4711-22"}),
    ("Schulze", {"AdditionalPatientHistory": "Frau Schulze, 66 J"}),
    ("heidestraße", {"PatientAddress": "Heidestrasse 17"}),
    ("waldemar_1", {"StudyDescription": "CT Abdomen Waldemar Schulze"}),
    ("Waldemar", {"SeriesDescription": "CT Abdomen Waldemar Schulze"}),
    # A word that names nobody hides none that does; a method does not outweigh a plain NO.
    ("patient_4711", {"PatientID": "patient_4711"}),
    ("CASE-A-7", {"PatientID": "CASE-A-7", "PatientIdentityRemoved": "NO",
                  "DeidentificationMethod": "none"}),
    ("12081964", {"PatientBirthDate": "19640812", "DeidentificationMethod": "by hand"})]
HARMLESS = [
    ("liver_17", {"PatientName": "liver_17^patient"}),
    ("patient_17", {"PatientName": "liver_17^patient"}),
    ("anonymous_1", {"PatientName": "anonymous"}), ("study-Anon_3", {"PatientName": "Anon"}),
    ("phantom", {"PatientName": "TEST^PHANTOM"}), ("case_12", {"PatientID": "Case 12"}),
    ("subject3", {"PatientID": "SUBJECT-3"}), ("ct_1", {"StationName": "CT_1"}),
    ("CRLM-CT-1004", {"PatientID": "CRLM-CT-1004", "PatientName": "CRLM-CT-1004",
                      "StudyDescription": "CT CRLM", "DeidentificationMethod": "PS 3.15 AnnexE"}),
    ("CASE-7", {"PatientID": "CASE-7", "PatientIdentityRemoved": "YES"}),
    # A word inside of another one, a number inside of a longer one.
    ("Bergmann_1", {"PatientName": "Berg^Ute"}), ("iceberg2", {"PatientName": "Berg^Ute"}),
    ("x47110", {"PatientID": "4711"}), ("s147112", {"PatientID": "4711"}),
    ("s20200817", {"StudyID": "2020"}), ("P1964", {"PatientBirthDate": "19640812"}),
    ("portal_1", {"SeriesDescription": "Portal venous 5.0 B30f"}),
    ("liver_arterial", {"StudyDescription": "CT Abdomen/Liver arterial"}),
    ("becken", {"StudyDescription": "Abdomen, Becken nativ"}),
    ("s1", {"PatientComments": "has 1 liver"})]


def header(values):
    found = Dataset()
    for name, value in values.items():
        setattr(found, name, value)
    return found


@pytest.mark.parametrize("name, values", GIVEN_AWAY)
def test_names_that_identify_are_refused(name, values):
    found = identity.of_dicom([header(values)])
    with pytest.raises(InputError, match="cohort.csv: '.*' holds [A-Z]") as caught:
        identity.require_absent(found, ["s1", name], "cohort.csv")
    # The message repeats the name, and nothing else of the header.
    rest = str(caught.value).replace(f"'{name}'", "")
    assert not any(str(value) in rest for value in values.values())


@pytest.mark.parametrize("name, values", HARMLESS)
def test_names_that_identify_nobody_pass(name, values):
    identity.require_absent(identity.of_dicom([header(values)]), ["s1", name], "cohort.csv")


def test_a_header_that_was_not_treated_speaks_for_itself():
    """The pseudonym of one header is a name in another one."""
    both = [header({"PatientID": "CRLM-1004", "DeidentificationMethod": "by hand"}),
            header({"PatientID": "CRLM-1005"})]
    found = identity.of_dicom(both)
    identity.require_absent(found, ["CRLM-1004"], "cohort.csv")
    with pytest.raises(InputError):
        identity.require_absent(found, ["CRLM-1005"], "cohort.csv")


def test_words_that_name_nobody_are_none_of_free_text():
    assert set(identity.of_texts(["liver phantom of Waldemar, 4711"], "x")) == {"Waldemar", "4711"}
