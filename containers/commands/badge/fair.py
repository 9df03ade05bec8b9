"""The FAIR principles for research software (FAIR4RS 1.0)."""

from __future__ import annotations

import re

from containers.commands.badge.rules import DOI, Files, Rule, here, need

RICH = ("title", "version", "license", "authors", "abstract", "keywords", "references")


def _identified(files: Files):
    return need(files.doi, f"doi:{files.doi}", DOI)


def _rich(files: Files):
    lacking = [name for name in RICH if not files.citation.get(name)]
    return need(not lacking, "CITATION.cff; a release adds codemeta.json and .zenodo.json",
                f"CITATION.cff lacks {', '.join(lacking)}")


def _standards(files: Files):
    return here(files, "stages/cohort/dicom.py", "stages/cohort/nrrd_file.py", "stages/common/nifti.py")


def _objects(files: Files):
    sources = [one for path in files.root.glob("studies/*/params/*.yaml")
               for one in _pinned(files.yaml(path.relative_to(files.root).as_posix()))]
    return need(files.paper.get("doi") and sources,
                f"the paper's DOI; {len(sources)} data sources by URL, commit and SHA-256",
                "no paper or no pinned data")


def _pinned(content) -> list[dict]:
    """Return the mappings below that hold an address and a SHA-256."""
    if isinstance(content, list):
        return [one for part in content for one in _pinned(part)]
    if not isinstance(content, dict):
        return []
    mine = [content] if {"url", "sha256"} <= set(content) else []
    return mine + [one for part in content.values() for one in _pinned(part)]


def _licence(files: Files):
    named = str(files.citation.get("license", ""))
    return need(named and re.search(rf"\b{re.escape(named)}\b", files.text("LICENSE")), named,
                "LICENSE and CITATION.cff do not name the same licence")


def _provenance(files: Files):
    locks = sorted(path.relative_to(files.root).as_posix() for pattern in
                   ("dvc.lock", "studies/*/dvc.lock", "studies/*/*/dvc.lock")
                   for path in files.root.glob(pattern))
    return need(locks, f"git; {', '.join(locks)}; a release adds an RO-Crate", "no dvc.lock")


def _software(files: Files):
    lacking = [folder for folder in files.images
               if "--hash=sha256:" not in files.text(f"{folder}/requirements.lock")]
    return need(files.images and not lacking, f"{len(files.images)} images, every package by hash; a "
                "release adds bills of materials", f"not locked: {', '.join(lacking)}")


def _community(files: Files):
    lists = {name: sorted(study.get("checklists") or {}) for name, study in files.studies.items()}
    lacking = [name for name, found in lists.items() if not found or not files.rows(
        f"reports/{name}/checklists.csv")]
    return need(lists and not lacking, "; ".join(
        f"{name}: {', '.join(found)}" for name, found in lists.items()),
        f"no reporting checklist: {', '.join(lacking)}")


RULES = (
    Rule("FAIR4RS F1", "a globally unique, persistent identifier", _identified),
    Rule("FAIR4RS F1.1", "components have identifiers of their own", lambda files: need(
        files.images and not files.lacking("containers/images.lock"),
        "images by digest, stages and studies by name, files by hash", "no images.lock")),
    Rule("FAIR4RS F1.2", "so have versions", _identified),
    Rule("FAIR4RS F2", "rich metadata", _rich),
    Rule("FAIR4RS F3", "which name the identifier", _identified),
    Rule("FAIR4RS F4", "and are searchable and indexable", _identified),
    Rule("FAIR4RS A1, A1.1, A1.2", "retrievable by it, over an open protocol", _identified),
    Rule("FAIR4RS A2", "metadata outlive the software", _identified),
    Rule("FAIR4RS I1", "reads and writes the domain's formats (DICOM, NRRD, NIfTI)", _standards),
    Rule("FAIR4RS I2", "qualified references to other objects", _objects),
    Rule("FAIR4RS R1", "described by many accurate attributes", lambda files: here(
        files, "README.md", "CITATION.cff", "docs/verdicts.md", "containers/README.md")),
    Rule("FAIR4RS R1.1", "a clear licence", _licence),
    Rule("FAIR4RS R1.2", "detailed provenance", _provenance),
    Rule("FAIR4RS R2", "qualified references to other software", _software),
    Rule("FAIR4RS R3", "the domain's community standards", _community),
)
