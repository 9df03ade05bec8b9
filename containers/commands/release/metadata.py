"""Who made it and what it is, from ``CITATION.cff``: codemeta.json and .zenodo.json."""

from __future__ import annotations

import datetime
from pathlib import Path

import yaml

from containers.commands.release.source import Tag
from containers.launcher import LauncherError

FILE = "CITATION.cff"


def date(tag: Tag) -> datetime.datetime:
    """Return the date of the tag's commit."""
    return datetime.datetime.fromtimestamp(tag.seconds, datetime.timezone.utc)


def citation(root: Path) -> dict:
    """Read the citation file.

    Raises
    ------
    LauncherError
        If it is missing, damaged or not complete.
    """
    path = root / FILE
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError, UnicodeDecodeError):
        raise LauncherError(f"{path}: missing or no YAML; restore it") from None
    for key in ("title", "license", "version", "authors"):
        if not isinstance(content, dict) or not content.get(key):
            raise LauncherError(f"{path}: says no '{key}'; add it")
    return content


def require_version(tag: Tag, content: dict) -> None:
    """Refuse a tag of another version than the citation file's.

    Raises
    ------
    LauncherError
        If they differ.
    """
    if str(content["version"]) != tag.version:
        raise LauncherError(f"{FILE}: is of version {content['version']}, and the tag '{tag.name}' of "
                            f"{tag.version}; change one of them, commit, and tag again")


def people(content: dict) -> list[dict]:
    """Return the authors as schema.org has them."""
    return [{"@type": "Organization", "name": one["name"]} if "name" in one else
            {"@type": "Person", "givenName": one.get("given-names", ""),
             "familyName": one.get("family-names", "")}
            | ({"@id": one["orcid"]} if "orcid" in one else {}) for one in content["authors"]]


def codemeta(content: dict, tag: Tag) -> dict:
    """Return ``codemeta.json`` (CodeMeta 3.0)."""
    found = {"@context": "https://w3id.org/codemeta/3.0", "@type": "SoftwareSourceCode",
             "name": content["title"], "version": tag.version, "author": people(content),
             "license": f"https://spdx.org/licenses/{content['license']}",
             "datePublished": date(tag).date().isoformat(), "identifier": tag.commit,
             "programmingLanguage": "Python", "operatingSystem": "Linux",
             "referencePublication": [
                 {"@type": "ScholarlyArticle", "name": one["title"],
                  "@id": f"https://doi.org/{one['doi']}"}
                 for one in content.get("references", []) if "doi" in one]}
    for key, name in (("abstract", "description"), ("repository-code", "codeRepository"),
                      ("keywords", "keywords")):
        if key in content:
            found[name] = content[key]
    return found


def zenodo(content: dict, tag: Tag) -> dict:
    """Return ``.zenodo.json``."""
    names = [one.get("name") or f"{one.get('family-names', '')}, {one.get('given-names', '')}"
             for one in content["authors"]]
    return {"title": f"{content['title']} {tag.version}", "upload_type": "software",
            "version": tag.version, "publication_date": date(tag).date().isoformat(),
            "description": content.get("abstract") or content["title"],
            "creators": [{"name": name} for name in names], "access_right": "open",
            "license": content["license"],
            **({"keywords": content["keywords"]} if content.get("keywords") else {}),
            "related_identifiers": [
                {"identifier": one["doi"], "relation": "isSupplementTo", "scheme": "doi"}
                for one in content.get("references", []) if "doi" in one]}
