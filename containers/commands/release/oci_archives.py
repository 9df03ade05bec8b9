"""OCI archives of the images that Docker or Podman holds: the same image gives the same bytes.

What ``docker save`` writes has dates of its own and a layout that changes between releases. Here it is
packed anew as an OCI image layout, with Docker's own list beside it, so that ``docker load``,
``podman load`` and ``skopeo`` read it. The image's configuration stays as it is: its SHA-256 is the
digest in ``images.lock``, and names the SHA-256 of every layer. Source: OCI image specification 1.1,
``image-layout.md``, ``manifest.md``; Docker's image specification 1.2.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import subprocess
import tarfile
import tempfile
import zlib
from pathlib import Path

from containers.commands.release import pack
from containers.launcher import LauncherError, oci
from containers.launcher.images import Image

SUFFIX = ".oci.tar"
ENGINES = ("docker", "podman")
# Podman writes its own format unless it is asked for Docker's.
SAVE = {"docker": ["save"], "podman": ["save", "--format", "docker-archive"]}
KIND = "application/vnd.oci.image"
ABSENT = "neither Docker nor Podman on the machine that made this release holds the recorded image"
BLOBS, BLOCK = "blobs/sha256", 1 << 20


def get(image: Image, folder: Path, seconds: int) -> str:
    """Write an image's archive to a folder; return why not, or nothing.

    Parameters
    ----------
    image : Image
    folder : Path
    seconds : int
        The date of every member.
    """
    reasons = []
    for engine in ENGINES:
        try:
            digest = oci.ready(engine, image)
        except LauncherError:
            continue
        folder.mkdir(exist_ok=True)
        saved, target = folder / f"{image.name}.saved", folder / f"{image.name}{SUFFIX}"
        try:
            _save(engine, digest, saved)
            pack_anew(saved, target, digest, image.tag, seconds)
            return ""
        except LauncherError as error:
            target.unlink(missing_ok=True)
            reasons.append(str(error))
        finally:
            saved.unlink(missing_ok=True)
    return "; ".join(reasons) or ABSENT


def _save(engine: str, digest: str, target: Path) -> None:
    done = subprocess.run([engine, *SAVE[engine], "-o", str(target), digest], capture_output=True,
                          text=True, errors="replace")
    if done.returncode:
        said = done.stderr.strip().splitlines() or ["no message"]
        raise LauncherError(f"{engine} save {digest[:19]}: {said[-1][:160]}")


def pack_anew(saved: Path, target: Path, digest: str, tag: str, seconds: int) -> None:
    """Turn what ``docker save`` wrote of one image into an OCI archive.

    Parameters
    ----------
    saved, target : Path
    digest : str
        The image's, ``sha256:…``; every byte of it is checked.
    tag : str
        What Docker and Podman call it when they load it.
    seconds : int
        The date of every member.

    Raises
    ------
    LauncherError
        If it is another image, or not whole.
    """
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".layers-") as scratch:
        try:
            with tarfile.open(saved, "r:") as given:
                listed, = json.loads(_content(given, "manifest.json"))
                config = _content(given, listed["Config"])
                if _sum(config) != digest:
                    raise ValueError(f"holds the image {_sum(config)[:19]}, not {digest[:19]}")
                layers = [_layer(given, name, wanted, Path(scratch)) for name, wanted in
                          zip(listed["Layers"], json.loads(config)["rootfs"]["diff_ids"], strict=True)]
        except (tarfile.TarError, EOFError, KeyError, TypeError, ValueError, gzip.BadGzipFile,
                zlib.error) as error:
            said = " ".join(str(error).split())
            raise LauncherError(f"what was saved of {tag} is not that image ({said})") from None
        _write(target, config, layers, tag, seconds)


def _content(given: tarfile.TarFile, name: str) -> bytes:
    with _opened(given, name) as stream:
        return stream.read()


def _opened(given: tarfile.TarFile, name: str):
    # Docker before release 25 writes a layer that it has already as a link.
    stream = given.extractfile(name)
    if stream is None:
        raise ValueError(f"{name} is no file")
    return stream


def _layer(given: tarfile.TarFile, name: str, wanted: str, scratch: Path) -> tuple[Path, str]:
    """Compress a layer; return its file and SHA-256."""
    path, found = scratch / wanted.removeprefix("sha256:"), hashlib.sha256()
    with _opened(given, name) as stored:
        packed = stored.read(2) == b"\x1f\x8b"
        stored.seek(0)
        with gzip.open(stored) if packed else stored as plain, open(path, "wb") as stream, \
                gzip.GzipFile(filename="", mode="wb", fileobj=stream, compresslevel=6, mtime=0) as out:
            while block := plain.read(BLOCK):
                found.update(block)
                out.write(block)
    if f"sha256:{found.hexdigest()}" != wanted:
        raise ValueError(f"the layer {wanted[:19]} is another one")
    return path, f"sha256:{pack.sha256(path)}"


def _sum(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def _described(kind: str, digest: str, size: int) -> dict:
    return {"mediaType": f"{KIND}.{kind}", "digest": digest, "size": size}


def _write(target: Path, config: bytes, layers: list[tuple[Path, str]], tag: str,
           seconds: int) -> None:
    manifest = _json({
        "schemaVersion": 2, "mediaType": f"{KIND}.manifest.v1+json",
        "config": _described("config.v1+json", _sum(config), len(config)),
        "layers": [_described("layer.v1.tar+gzip", digest, path.stat().st_size)
                   for path, digest in layers]})
    index = {"schemaVersion": 2, "mediaType": f"{KIND}.index.v1+json", "manifests": [
        _described("manifest.v1+json", _sum(manifest), len(manifest))
        | {"annotations": {"io.containerd.image.name": tag,
                           "org.opencontainers.image.ref.name": tag.rpartition(":")[2]}}]}
    members: dict[str, bytes | Path] = {
        "oci-layout": _json({"imageLayoutVersion": "1.0.0"}), "index.json": _json(index),
        # Docker's own list, for its releases before 25.
        "manifest.json": _json([{"Config": _blob(_sum(config)), "RepoTags": [tag],
                                 "Layers": [_blob(digest) for _, digest in layers]}]),
        _blob(_sum(config)): config, _blob(_sum(manifest)): manifest,
        **{_blob(digest): path for path, digest in layers}}
    with tarfile.open(target, "w", format=tarfile.GNU_FORMAT) as archive:
        for name in sorted(members):
            content, member = members[name], tarfile.TarInfo(name)
            size = len(content) if isinstance(content, bytes) else content.stat().st_size
            member.size, member.mtime, member.mode = size, seconds, 0o644
            with io.BytesIO(content) if isinstance(content, bytes) else open(content, "rb") as stream:
                archive.addfile(member, stream)


def _blob(digest: str) -> str:
    return f"{BLOBS}/{digest.removeprefix('sha256:')}"


def _json(content) -> bytes:
    return json.dumps(content, sort_keys=True, separators=(",", ":")).encode()
