"""What a release says of itself: its parts, statements and signatures. Part of verify.sh.

Each check yields what differs, a sentence each, and lines of the table (what, how many, how).
"""

import hashlib
import os
import re
import subprocess
import tarfile
from pathlib import Path

from results import load

ROOT = "repository"
SUMS = "SHA256SUMS"
CRATE = "ro-crate-metadata.json"
NEEDED = ("verify.sh", "README.md", "ARTIFACT.md", "LICENSE", "CITATION.cff", "codecheck.yml",
          "codemeta.json", ".zenodo.json", "studies.json", "capsule.json", CRATE,
          "packages/packages.csv", f"{ROOT}/containers/images.lock")
STATEMENT = "https://in-toto.io/Statement/v1"
LOCKED = re.compile(r"- path: (\S+)\n +hash: md5\n +md5: (\S+)")


def digest(path, kind="sha256"):
    """Return the digest of a file, or of an opened one."""
    found = hashlib.new(kind)
    with open(path, "rb") if isinstance(path, (str, Path)) else path as stream:
        while True:
            block = stream.read(1 << 20)
            if not block:
                return found.hexdigest()
            found.update(block)


def _files(folder):
    return sorted(path.relative_to(folder).as_posix() for path in Path(folder).rglob("*")
                  if path.is_file())


def _folder(folder):
    """Return the digest of the lines ``SUM  PATH`` of a folder's files, sorted by path."""
    lines = [f"{digest(Path(folder, name))}  {name}\n" for name in _files(folder)]
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def strange():
    """Name files that SHA256SUMS does not: nobody vouches for them."""
    with open(SUMS, encoding="utf-8") as stream:
        named = {line.rstrip("\n").partition("  ")[2] for line in stream}
    yield "files", len(named), "SHA-256 compared with SHA256SUMS"
    for folder, _, files in os.walk("."):
        for name in sorted(files):
            path = os.path.relpath(os.path.join(folder, name), ".")
            if path not in (SUMS, f"{SUMS}.sig") and path not in named:
                yield f"{path}: SHA256SUMS does not name it"


def missing(studies):
    """Name what a release has and this one lacks, whatever SHA256SUMS says."""
    images = sorted(path.parent.name for path in Path(ROOT, "containers").glob("*/image.json"))
    needed = [*NEEDED, *(f"packages/{name}.cdx.json" for name in images),
              *(f"statements/{name}.json" for name in sorted(studies))]
    if os.path.exists(CRATE):
        root = next(one for one in load(CRATE)["@graph"] if one["@id"] == "./")
        needed += [one["@id"] for one in root["hasPart"] if not re.match("#|[a-z]+:", one["@id"])]
    for name in dict.fromkeys(needed):
        if not os.path.exists(name):
            yield f"{name}: missing"
    for path in sorted(Path(ROOT, "reports").glob("*/ledger.csv")):
        name = path.parent.name
        if name not in studies and Path(ROOT, "studies", name, "study.yaml").exists():
            yield f"studies.json: lacks the study '{name}', whose ledger is {path}"


def head():
    """Return the tag and the commit of the bundle; empty where there is no such bundle."""
    for path in sorted(Path("source").glob("*.bundle"))[:1]:
        with open(path, "rb") as stream:
            found = re.match(rb"# v2 git bundle\n(\w+) HEAD\n\w+ refs/tags/(\S+)\n\n",
                             stream.read(4096))
        if found:
            return found[2].decode(), found[1].decode()
    return "", ""


def source(tag, commit):
    """Compare the archive of the tag's files with `ROOT`."""
    archives, bundles = (sorted(Path("source").glob(f"*.{kind}")) for kind in ("tar.gz", "bundle"))
    for found, kind in ((archives, "archive"), (bundles, "bundle")):
        if len(found) != 1:
            yield f"source: holds {len(found)} files that are its {kind}, not one"
    if bundles and not commit:
        yield f"{bundles[0]}: is no bundle of one tag"
    if not archives:
        return
    left, count = set(_files(ROOT)), 0
    with tarfile.open(archives[0]) as content:
        if content.pax_headers.get("comment") != commit:
            yield f"{archives[0]}: is of another commit than the bundle"
        for member in filter(tarfile.TarInfo.isfile, content):
            name, count = member.name.partition("/")[2], count + 1
            if name not in left:
                yield f"{ROOT}/{name}: missing; it is in {archives[0]}"
            elif digest(content.extractfile(member)) != digest(f"{ROOT}/{name}"):
                yield f"{ROOT}/{name}: is another one in {archives[0]}"
            left.discard(name)
    yield from (f"{ROOT}/{name}: is not in {archives[0]}" for name in sorted(left))
    yield f"files of {tag or 'no tag'}", count, f"of source/, compared with {ROOT}/"


def cache():
    """Check that each member of the cache's archive has the content that its name says."""
    if not os.path.exists("cache.tar.gz"):
        return
    count = 0
    with tarfile.open("cache.tar.gz") as archive:
        for member in archive:
            count += 1
            name = "".join(member.name.split("/")[-2:])[:32]
            if not member.isfile() or digest(archive.extractfile(member), "md5") != name:
                yield f"cache.tar.gz: {member.name} is other content than its name says"
    yield "files of DVC's cache", count, "MD5 checked, which dvc.lock knows them by"


def _predicate(name, tag, commit):
    """Return what the statement on a study must say; the data apart, which are not inside."""
    rules = (f"studies/{name}/rules.csv", f"studies/{name}/study.yaml", f"studies/{name}/checks.yaml",
             "params.yaml")
    return {"tag": tag, "commit": commit,
            "verdicts": load(f"{ROOT}/reports/{name}/verdicts.json")["verdicts"]["all"],
            "rules": {path: digest(f"{ROOT}/{path}") for path in rules
                      if os.path.exists(f"{ROOT}/{path}")},
            "printed": _folder(f"{ROOT}/studies/{name}/published"),
            "metrics": _folder(f"{ROOT}/metrics/{name}/results"),
            "images": {image: one["docker"]["digest"] for image, one in
                       load(f"{ROOT}/containers/images.lock").items() if "docker" in one}}


def statements(studies, tag, commit):
    """Compare every digest of the statements with what it is of."""
    locked = {pair for path in Path(ROOT).rglob("dvc.lock")
              for pair in LOCKED.findall(path.read_text(encoding="utf-8"))}
    paths = sorted(Path("statements").glob("*.json"))
    for path in paths:
        if path.stem not in studies:
            yield f"{path}: is on no study of this release"
            continue
        said, ledger = load(path), f"{ROOT}/reports/{path.stem}/ledger.csv"
        if said["_type"] != STATEMENT or said["subject"] != [
                {"name": ledger, "digest": {"sha256": digest(ledger)}}]:
            yield f"{path}: is on another ledger than {ledger}"
        told, found = said["predicate"], _predicate(path.stem, tag, commit)
        for key in found:
            if told.get(key) != found[key]:
                where = _differing(told.get(key), found[key])
                yield f"{path}: says other {key} than this release has{where}"
        for key in sorted(told.keys() - found.keys() - {"data"}):
            yield f"{path}: says '{key}', which nothing here can check"
        for pair in told["data"].items():
            if pair not in locked:
                yield f"{path}: says other data than this release's dvc.lock ({pair[0]})"
    yield "statements on ledgers", len(paths), "every digest in them compared"


def _differing(told, found):
    """Return which entries of two mappings differ, in brackets."""
    if not (isinstance(told, dict) and isinstance(found, dict)):
        return ""
    names = sorted(key for key in told.keys() | found.keys() if told.get(key) != found.get(key))
    return f" ({', '.join(names)})"


def _signature(path, signers):
    """Return the key that signed a file, as ssh-keygen calls it.

    Raises
    ------
    ValueError
        If the signature does not fit, or is by none of the signers.
    """
    said, how = ["-n", "release", "-s", f"{path}.sig"], ["-Y", "check-novalidate"]
    if signers:
        found = subprocess.run(["ssh-keygen", "-Y", "find-principals", "-s", f"{path}.sig", "-f",
                                signers], capture_output=True, text=True).stdout.splitlines()
        if not found:
            raise ValueError(f"{path}.sig: is by no key that {signers} names")
        how = ["-Y", "verify", "-f", signers, "-I", found[0]]
    with open(path, "rb") as stream:
        done = subprocess.run(["ssh-keygen", *how, *said], stdin=stream, capture_output=True, text=True)
    if done.returncode:
        raise ValueError(f"{path}.sig: is no signature of {path}")
    return done.stdout.split()[-1]


def signatures(signers):
    """Check that SHA256SUMS and each statement are signed with one key, or none of them is."""
    paths = [Path(SUMS), *sorted(Path("statements").glob("*.json"))]
    signed, keys = [path for path in paths if os.path.exists(f"{path}.sig")], set()
    if signers or signed:
        yield from (f"{path}: is NOT signed" for path in paths if path not in signed)
    for path in signed:
        try:
            keys.add(_signature(path, signers))
        except ValueError as error:
            yield str(error)
        except FileNotFoundError:
            yield "ssh-keygen is not installed (openssh-client), so that no signature can be checked"
            break
    if len(keys) > 1:
        yield f"the signatures are by several keys: {', '.join(sorted(keys))}"
    how = ("NOT signed: who changed a file could change its sum as well" if not signed else
           f"of SHA256SUMS and the statements, by {' '.join(sorted(keys)) or 'no known key'}; " + (
               f"named in {signers}" if signers else "whose key it is was NOT checked"))
    yield "signatures", len(signed), how
