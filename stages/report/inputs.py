"""What the report of any study is made of."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from stages.common import canonical
from stages.common.errors import InputError
from stages.report.files import MAKE, Document, Reader
from stages.report.rows import of_rows
from stages.verdicts import acceptance, lines, names, published
from stages.verdicts import checklists as lists
from stages.verdicts.rows import FILE as ROWS
from stages.verdicts.settings import Settings
from stages.verdicts.study import Study

CONTRADICTIONS = ("id", "topic", "locator", "stated", "implementation", "recomputed", "source",
                  "status", "size", "severity")
FRAGILE = ("item", "row", "metric", "statistic", "published", "minimum", "q05", "q25", "median",
           "q75", "q95", "maximum", "variations", "equal_share")
# Places of the page behind which a study's own sections stand.
PLACES = ("text", "envelopes")


@dataclass(frozen=True)
class Section:
    """A section of the study's own: heading and content (HTML), and the section it stands behind."""

    anchor: str
    title: str
    after: str
    html: str


@dataclass(frozen=True)
class Own:
    """What the study itself adds to the page (``sections.json``).

    Attributes
    ----------
    sentences : list of str
        For a reviewer, behind the engine's own sentence.
    drawn : dict
        Item to its figure (HTML).
    sections : list of Section
    sources : list of dict
        Tables on provenance: ``caption``, ``head``, ``rows``.
    files : dict
        File to MD5 of what they are made of.
    """

    sentences: list[str]
    drawn: dict[str, str]
    sections: list[Section]
    sources: list[dict]
    files: dict[str, str]


@dataclass(frozen=True)
class Inputs:
    """Everything that the report shows.

    Attributes
    ----------
    study : Study
    settings : Settings
        How numbers were judged.
    ledger : list of dict
        `lines.COLUMNS` as text, one row for each published number.
    runs : dict
        How much single runs explain (`stages.verdicts.runs`).
    rows : dict
        Item and row to what single runs give of it (`stages.verdicts.rows`).
    locators : dict
        (item, row, metric) to its place in the paper.
    sweeps : list of Document
        Summaries of the numerical variations; may be empty.
    locks : dict
        Image to the SHA-256 of its locked requirements.
    fragile, contradictions, checklists : list of dict
    checklist_scores : Document
        Counts and scores of each checklist, as published and as re-analysed.
    acceptance : list of dict
        How often a wrong number is accepted (`stages.verdicts.acceptance`).
    own : Own
    fingerprints : dict
        File to MD5.
    """

    study: Study
    settings: Settings
    ledger: list[dict[str, str]]
    runs: dict
    rows: dict[tuple[str, str], list[dict[str, str]]]
    locators: dict[tuple[str, str, str], str]
    sweeps: list[Document]
    locks: dict[str, str]
    fragile: list[dict[str, str]]
    contradictions: list[dict[str, str]]
    checklists: list[dict[str, str]]
    checklist_scores: Document
    acceptance: list[dict[str, str]]
    own: Own
    fingerprints: dict[str, str]


def own(document: Document) -> Own:
    """Return what a study adds to the page.

    Raises
    ------
    InputError
        If the file is not complete, or a section stands behind an unknown place.
    """
    content = document.content
    try:
        sections = [Section(**section) for section in content["sections"]]
        found = Own(list(content["sentences"]), dict(content["drawn"]), sections,
                    list(content["sources"]), dict(content["files"]))
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(f"is not complete ({error})", document.path, MAKE) from None
    for section in sections:
        if section.after not in PLACES:
            raise InputError(f"section '{section.anchor}' stands after '{section.after}'",
                             document.path, f"valid: {', '.join(PLACES)}")
    return found


def _locks(folder: Path, images: tuple[str, ...]) -> dict[str, str]:
    found = {}
    for name in images:
        path = folder / name / "requirements.lock"
        if not path.is_file():
            raise InputError("no such file", path, "restore it from the repository, or correct the "
                             "study's list of images")
        found[name] = canonical.sha256(path)
    return found


def read(study: Study, settings: Settings, root: Path) -> Inputs:
    """Read and check everything that the report shows.

    Raises
    ------
    InputError
        Naming the file that is missing or lacks a value, or a ledger that is not the paper's.
    """
    reader, reports = Reader(), study.reports(root)
    numbers = published.read(study.published, study.content.numbers)
    rows = reader.text(reports / "ledger.csv", lines.COLUMNS)
    for row in rows:
        if row["verdict"] not in names.ALL:
            raise InputError(f"'{row['verdict']}' is no verdict", reports / "ledger.csv", MAKE)
    if len(rows) != len(numbers):
        raise InputError(f"has {len(rows)} rows where the paper has {len(numbers)} numbers",
                         reports / "ledger.csv", "make it again (dvc repro)")
    counted = reader.json(reports / "verdicts.json")
    if counted.get("verdicts") != lines.count(rows):
        raise InputError("counts other verdicts than ledger.csv holds", counted.path, MAKE)
    added = own(reader.json(reports / "sections.json"))
    return Inputs(
        study=study, settings=settings, ledger=rows, runs=counted.get("runs"),
        rows=of_rows(reader, reports / ROWS),
        locators={(n.item, n.row, n.metric): n.locator for n in numbers},
        sweeps=[reader.json(path) for path in study.variations(root)],
        locks=_locks(root / "containers", study.content.images),
        fragile=reader.text(reports / "fragile.csv", FRAGILE),
        contradictions=reader.text(reports / "contradictions.csv", CONTRADICTIONS),
        acceptance=reader.text(reports / acceptance.FILE, acceptance.COLUMNS),
        checklists=reader.text(reports / "checklists.csv", lists.COLUMNS),
        checklist_scores=reader.json(reports / "checklists.json"),
        own=added, fingerprints=reader.fingerprints | added.files)
