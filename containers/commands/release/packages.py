"""What every image installs, from its lock files: a list, and a bill of materials (CycloneDX)."""

from __future__ import annotations

import csv
import io
import re
import uuid
from dataclasses import dataclass

from containers.launcher import LauncherError, images

PIN = re.compile(r"(?P<name>[A-Za-z0-9][A-Za-z0-9._-]*)(\[[^\]]*\])?==(?P<version>[^\s;\\]+)"
                 r"\s*(;\s*(?P<marker>[^\\]+?))?\s*\\?$")
HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})")
COLUMNS = ("image", "kind", "lock", "name", "version", "marker", "sha256")


@dataclass(frozen=True)
class Package:
    """One locked package.

    Attributes
    ----------
    lock, name, version : str
    marker : str
        Where it is installed at all (PEP 508); empty: everywhere.
    hashes : tuple of str
        SHA-256 of every file that the lock accepts for it.
    """

    lock: str
    name: str
    version: str
    marker: str
    hashes: tuple[str, ...]

    @property
    def purl(self) -> str:
        """Its package URL."""
        return f"pkg:pypi/{re.sub(r'[-_.]+', '-', self.name).lower()}@{self.version}"


def read(image: images.Image) -> list[Package]:
    """Return what the lock files of an image pin, build tools included.

    Raises
    ------
    LauncherError
        If a line of a lock is no pin, or one has no hash.
    """
    found: list[Package] = []
    for lock in filter(lambda path: path.is_file(), (image.lock, image.build_lock)):
        for number, line in enumerate(lock.read_text().splitlines(), 1):
            hashes = tuple(HASH.findall(line))
            if pin := PIN.match(line):
                found.append(Package(lock.name, pin["name"], pin["version"], pin["marker"] or "", ()))
            elif hashes and found:
                one = found[-1]
                found[-1] = Package(one.lock, one.name, one.version, one.marker, one.hashes + hashes)
            elif line.strip() and not line.lstrip().startswith("#"):
                raise LauncherError(f"{lock}: line {number} is no pin ('{line.strip()[:60]}')")
    for one in found:
        if not one.hashes:
            raise LauncherError(f"{image.folder / one.lock}: {one.name} has no hash; lock it again")
    return found


def debian(image: images.Image) -> list[str]:
    """Return the Debian packages that an image's own files name; versions are nowhere locked."""
    return sorted(set(image.programs.values()))


def table() -> str:
    """Return the list of all images' packages as CSV."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(COLUMNS)
    for name in images.names():
        image = images.load(name)
        for one in read(image):
            writer.writerow((name, "python", one.lock, one.name, one.version, one.marker,
                             " ".join(one.hashes)))
        for package in debian(image):
            writer.writerow((name, "debian", "image.json", package, "", "", ""))
    return stream.getvalue()


def bill(image: images.Image, built: dict, date: str) -> dict:
    """Return an image's bill of materials, CycloneDX 1.6.

    Parameters
    ----------
    image : Image
    built : dict
        What ``images.lock`` records of it; may be empty.
    date : str
        ISO 8601, of the tag.
    """
    components = {}
    for one in read(image):
        reference = f"{one.purl}#{one.lock}"
        components[reference] = {
            "type": "library", "bom-ref": reference, "name": one.name, "version": one.version,
            "purl": one.purl,
            # One for each file (wheel or source) that the lock accepts.
            "hashes": [{"alg": "SHA-256", "content": digest} for digest in sorted(set(one.hashes))],
            "properties": [{"name": "lock", "value": one.lock}]
            + ([{"name": "marker", "value": one.marker}] if one.marker else [])}
    for package in debian(image):
        reference = f"pkg:deb/debian/{package}"
        components[reference] = {"type": "library", "bom-ref": reference, "name": package,
                                 "purl": reference, "properties": [{"name": "lock", "value": "none"}]}
    recipe = image.recipe()
    main = {"type": "container", "bom-ref": image.tag, "name": image.name, "version": recipe[:12],
            "properties": [{"name": "recipe", "value": recipe},
                           {"name": "python", "value": image.python}]}
    if built.get("recipe") == recipe:
        main["properties"] += [{"name": f"digest of {engine}", "value": built[engine]["digest"]}
                               for engine in ("docker", "podman", "apptainer") if engine in built]
        main["properties"] += [{"name": "base", "value": built["base"]}]
    return {"bomFormat": "CycloneDX", "specVersion": "1.6", "version": 1,
            # The same image has the same number.
            "serialNumber": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_OID, recipe)}",
            "metadata": {"timestamp": date, "component": main},
            "components": [components[reference] for reference in sorted(components)],
            "dependencies": [{"ref": image.tag, "dependsOn": sorted(components)}]}
