"""CODECHECK: the rules of the configuration file's specification 2.0 that authors can meet."""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from urllib.parse import urlparse

import yaml

from containers.commands.badge.rules import ORCID, OTHERS, Files, Rule, here, need

FILE = "codecheck.yml"
VERSION = "https://codecheck.org.uk/spec/config/2.0/"
PLACEHOLDER = re.compile(r"FIXME|TODO|XXXX|placeholder|template", re.I)
IDENTIFIER = re.compile(r"(\d{4}-){3}\d{3}[\dX]")


def _content(files: Files) -> dict:
    return files.yaml(FILE)


def _manifest(files: Files) -> list[dict]:
    found = _content(files).get("manifest")
    return [one if isinstance(one, dict) else {} for one in found] if isinstance(found, list) else []


def _paper(files: Files) -> dict:
    found = _content(files).get("paper")
    return found if isinstance(found, dict) else {}


def _authors(files: Files) -> list[dict]:
    found = _paper(files).get("authors")
    return [one if isinstance(one, dict) else {} for one in found] if isinstance(found, list) else []


def _parses(files: Files):
    try:
        yaml.safe_load(files.text(FILE))
    except yaml.YAMLError as error:
        return need(False, "", " ".join(str(error).split())[:80])
    return here(files, FILE)


def _relative(files: Files):
    bad = [one.get("file") for one in _manifest(files) if not one.get("file")
           or PurePosixPath(one["file"]).is_absolute() or ".." in PurePosixPath(one["file"]).parts]
    return need(_manifest(files) and not bad, "all below the repository", f"not below it: {bad}")


def _exist(files: Files):
    lacking = files.lacking(*(str(one.get("file")) for one in _manifest(files)))
    return need(_manifest(files) and not lacking, f"{len(_manifest(files))} files",
                f"missing: {', '.join(lacking)}")


def _orcids(files: Files):
    without = [one for one in _authors(files) if not IDENTIFIER.fullmatch(str(one.get("ORCID", "")))]
    return need(_authors(files) and not without, "all", f"{len(without)} authors without: {ORCID}")


def _title(files: Files):
    return need(_paper(files).get("title") and _paper(files)["title"] == files.paper.get("title"),
                "as in CITATION.cff", "no title, or another than CITATION.cff has")


def _names(files: Files):
    due = [f"{one.get('given-names')} {one.get('family-names')}"
           for one in files.paper.get("authors") or []]
    return need(due and [one.get("name") for one in _authors(files)] == due,
                f"{len(due)}, as in CITATION.cff", "not those of CITATION.cff")


def _reference(files: Files) -> str:
    return str(_paper(files).get("reference", ""))


def _others(files: Files):
    return OTHERS, "the codechecker's, after the check"


RULES = (
    Rule("CC-CFG-001", "codecheck.yml is YAML", _parses),
    Rule("CC-CFG-002", "it begins a document (---)", lambda files: need(
        files.text(FILE).startswith("---"), "yes", "no")),
    Rule("CC-CFG-003", "its name and place", lambda files: here(files, FILE)),
    Rule("CC-CFG-004", "a manifest", lambda files: need(_manifest(files), "yes", "none")),
    Rule("CC-CFG-005", "each entry names a file", lambda files: need(
        _manifest(files) and all(one.get("file") for one in _manifest(files)), "yes", "one does not")),
    Rule("CC-CFG-006", "by a relative path", _relative),
    Rule("CC-CFG-007", "each entry has a comment", lambda files: need(
        _manifest(files) and all(one.get("comment") for one in _manifest(files)),
        "yes", "one has none")),
    Rule("CC-CFG-014, 015", "the specification's version", lambda files: need(
        _content(files).get("version") == VERSION, "2.0", "another or none")),
    Rule("CC-CFG-016, 017", "the paper, its title", _title),
    Rule("CC-CFG-018, 019", "its authors, their names", _names),
    Rule("CC-CFG-020, CC-MET-001", "their ORCIDs", _orcids),
    Rule("CC-CFG-021, 027", "its reference, a URL", lambda files: need(
        urlparse(_reference(files)).scheme in ("http", "https"), "yes", "none, or no URL")),
    Rule("CC-CFG-022, 031", "which is no PDF", lambda files: need(
        _reference(files) and not _reference(files).lower().endswith(".pdf"), "yes", "none, or a PDF")),
    Rule("CC-CFG-023", "no placeholders", lambda files: need(
        files.text(FILE) and not PLACEHOLDER.search(files.text(FILE)), "yes", "one is left")),
    Rule("CC-CFG-028", "which is a DOI", lambda files: need(
        files.paper.get("doi") and _reference(files).endswith(files.paper["doi"]),
        "that of CITATION.cff", "not that of CITATION.cff")),
    Rule("CC-CFG-029, 030", "further references are a list of URLs", lambda files: need(
        all(str(one).startswith("http") for one in _paper(files).get("reference-other", [])),
        "none are named" if "reference-other" not in _paper(files) else "yes", "one is no URL")),
    Rule("CC-BUN-001", "the manifest's files exist", _exist),
    Rule("CC-BUN-005", "a licence", lambda files: here(files, "LICENSE")),
    Rule("CC-CFG-008 to 013, 024 to 026", "codechecker, report, summary, certificate", _others),
    Rule("CC-BUN-002, 003; CC-REP", "folder and file of the report, its record", _others),
    Rule("CC-MET-002 to 009", "identifiers resolve and agree with Crossref", lambda files: (
        OTHERS, "cannot be asked offline")),
)
