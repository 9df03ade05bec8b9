"""``make release TAG=v1.0.0``: a tag with its results, made to be checked without trust.

Writes ``release/``; the same tag and the same outputs give the same bytes. ``WITHOUT=images,wheels``
leaves parts out; ``KEY=`` names a private key that signs the sums and the statements on the ledgers.
"""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

from containers.commands.release import (
    artifact,
    crate,
    metadata,
    oci_archives,
    pack,
    packages,
    source,
    statement,
    wheels,
)
from containers.commands.release.declared import studies
from containers.commands.release.outputs import Outputs
from containers.commands.release.proof import capsule
from containers.launcher import ROOT, LauncherError, Parser, entry, images

FOLDER = "release"
PARTS = ("images", "wheels", "cache")
README = """# {title} {version}

`./verify.sh` checks this release; [ARTIFACT.md](ARTIFACT.md) says what is inside, and
[repository/README.md](repository/README.md) what it is about.
"""
HERE = Path(__file__).resolve().parent


def write_json(path: Path, content) -> None:
    """Write JSON in one way; keys keep their order, which means something in a study's checks."""
    text = json.dumps(content, ensure_ascii=False, indent=1, allow_nan=False)
    path.write_text(f"{text}\n", encoding="utf-8")


def _source(tag: source.Tag, slug: str, folder: Path) -> None:
    (folder / "source").mkdir()
    pack.zipped(source.archive(tag, slug), folder / "source" / f"{slug}.tar.gz")
    (folder / "source" / f"{slug}.bundle").write_bytes(source.bundle(tag))
    source.unpack(tag, folder / crate.REPOSITORY)


def _packages(tag: source.Tag, folder: Path) -> None:
    (folder / "packages").mkdir()
    (folder / "packages" / "packages.csv").write_text(packages.table(), encoding="utf-8")
    lock = tag.root / "containers" / "images.lock"
    built = json.loads(lock.read_text()) if lock.is_file() else {}
    date = metadata.date(tag).strftime("%Y-%m-%dT%H:%M:%SZ")
    for name in images.names():
        write_json(folder / "packages" / f"{name}.cdx.json",
                   packages.bill(images.load(name), built.get(name, {}), date))


def _images(tag: source.Tag, folder: Path) -> dict[str, str]:
    """Write the images that are what ``images.lock`` records; return why others are not inside."""
    built, left = json.loads((tag.root / "containers" / "images.lock").read_text()), {}
    for name in images.names():
        image, target = images.load(name), folder / "images"
        recorded = built.get(name, {})
        if recorded.get("recipe") != image.recipe():
            left[name] = "no build of its present recipe is recorded"
            continue
        if why := _sif(image, recorded.get("apptainer", {}).get("digest", ""), target):
            left[f"{name}{image.sif.suffix}"] = why
        if why := oci_archives.get(image, target, tag.seconds):
            left[f"{name}{oci_archives.SUFFIX}"] = why
    return left


def _sif(image: images.Image, digest: str, folder: Path) -> str:
    """Copy an image's SIF file; return why not, or nothing."""
    if not digest:
        return "no build of its present recipe is recorded"
    if not image.sif.is_file():
        return "its SIF file is not on the machine that made this release"
    if f"sha256:{pack.sha256(image.sif)}" != digest:
        return "the SIF file on the machine that made this release is another one"
    folder.mkdir(exist_ok=True)
    shutil.copyfile(image.sif, folder / image.sif.name)
    return ""


def _statements(tag: source.Tag, outputs: Outputs, folder: Path, key: Path | None) -> None:
    (folder / statement.FOLDER).mkdir()
    for name in studies(tag.root)["studies"]:
        path = folder / statement.FOLDER / f"{name}.json"
        write_json(path, statement.build(tag, outputs, folder, name))
        if key:
            statement.sign(path, key)


def make(tag: source.Tag, folder: Path, without: frozenset[str] = frozenset(),
         key: Path | None = None) -> None:
    """Write a release to an empty folder.

    Parameters
    ----------
    tag : Tag
    folder : Path
    without : set of str
        Of `PARTS`.
    key : Path, optional
        Private key that signs the sums and the statements on the ledgers.

    Raises
    ------
    LauncherError
        If the tag lacks a file, or the cache an output.
    """
    citation = metadata.citation(tag.root)
    metadata.require_version(tag, citation)
    for needed in ("LICENSE", "README.md", "codecheck.yml", "containers/images.lock", "dvc.lock"):
        if not (tag.root / needed).is_file():
            raise LauncherError(f"{tag.root / needed}: missing; a release needs it")
    outputs = Outputs(tag.root)
    members = {} if "cache" in without else outputs.members()
    slug = f"{re.sub(r'[^a-z0-9]+', '-', citation['title'].lower()).strip('-')}-{tag.name}"
    _source(tag, slug, folder)
    if members:
        pack.tar(members.items(), folder / "cache.tar.gz", tag.seconds)
    _packages(tag, folder)
    if "wheels" not in without:
        wheels.get(folder / wheels.FOLDER)
    left = {name: "left out on request" for name in images.names()} if "images" in without \
        else _images(tag, folder)
    for name in ("CITATION.cff", "LICENSE", "codecheck.yml"):
        shutil.copyfile(folder / crate.REPOSITORY / name, folder / name)
    write_json(folder / "codemeta.json", metadata.codemeta(citation, tag))
    write_json(folder / ".zenodo.json", metadata.zenodo(citation, tag))
    declared = studies(tag.root)
    write_json(folder / "studies.json", declared)
    try:
        asked = capsule.build(folder / crate.REPOSITORY, declared["studies"])
    except (OSError, KeyError, ValueError, ArithmeticError) as error:
        raise LauncherError(f"no capsule can be made of the ledgers: {error}") from None
    write_json(folder / "capsule.json", asked)
    _statements(tag, outputs, folder, key)
    (folder / "proof").mkdir()
    for path in sorted((HERE / "proof").glob("*.py")):
        shutil.copyfile(path, folder / "proof" / path.name)
    shutil.copyfile(HERE / "proof" / "verify.sh", folder / "verify.sh")
    (folder / "verify.sh").chmod(0o755)
    (folder / "ARTIFACT.md").write_text(
        artifact.text(tag, citation, outputs, left, slug, without, key is not None,
                      sorted(path.name for path in folder.glob("images/*"))),
        encoding="utf-8")
    (folder / "README.md").write_text(README.format(**citation), encoding="utf-8")
    write_json(folder / "ro-crate-metadata.json", crate.Crate(tag, outputs, folder, citation).build())
    (folder / pack.SUMS).write_text(pack.sums(folder), encoding="utf-8")
    if key:
        statement.sign(folder / pack.SUMS, key)


def _parts(text: str) -> frozenset[str]:
    asked = frozenset(filter(None, re.split(r"[,\s]+", text)))
    for name in sorted(asked - set(PARTS)):
        raise LauncherError(f"WITHOUT='{name}' is no part; parts: {', '.join(PARTS)}")
    return asked


def show(folder: Path) -> str:
    """Return the size of each part, the largest first."""
    sizes = {path.name + "/" * path.is_dir(): pack.size(path) for path in folder.iterdir()}
    lines = [f"{size / 1e6:>9.2f} MB  {name}" for name, size in
             sorted(sizes.items(), key=lambda one: (-one[1], one[0]))]
    return "\n".join([*lines, f"{sum(sizes.values()) / 1e6:>9.2f} MB  in all"])


def main() -> None:
    """Entry point."""
    parser = Parser(prog="make release", description=__doc__)
    parser.add_argument("--tag", default="", help="the tag, as in TAG=v1.0.0")
    parser.add_argument("--without", default="", help=f"parts to leave out: {', '.join(PARTS)}")
    parser.add_argument("--key", default="", help="a private key of ssh-keygen's that signs")
    options = parser.parse_args()
    without = _parts(options.without)
    key = Path(options.key).expanduser() if options.key else None
    if key:
        statement.require(key)
    tag = source.find(ROOT, options.tag)
    target, part = ROOT / FOLDER, ROOT / f"{FOLDER}.part"
    if target.exists() and not (target / pack.SUMS).is_file():
        raise LauncherError(f"{target}: is no release (it holds no {pack.SUMS}); move it away")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir()
    try:
        make(tag, part, without, key)
    except BaseException:
        shutil.rmtree(part, ignore_errors=True)
        raise
    shutil.rmtree(target, ignore_errors=True)
    part.rename(target)
    signed = "signed" if key else "not signed"
    print(f"{show(target)}\n{target}: release of {tag.name}, {signed}; check it with verify.sh in it")


if __name__ == "__main__":
    entry(main)
