"""OCI archives of a release: made of what ``docker save`` writes, whichever release of Docker did."""

import gzip
import hashlib
import io
import json
import os
import re
import shutil
import subprocess
import tarfile

import pytest

from containers.commands.release import oci_archives
from containers.launcher import LauncherError, images, oci

TAG, SECONDS = "msclc/cohort:0123456789ab", 1_700_000_000


def digest(content):
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def tar(members):
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        for name, content in members.items():
            member = tarfile.TarInfo(name)
            if isinstance(content, str):
                member.type, member.linkname = tarfile.SYMTYPE, content
                archive.addfile(member)
            else:
                member.size = len(content)
                archive.addfile(member, io.BytesIO(content))
    return stream.getvalue()


# Two layers, the first of them again: Docker before release 25 stores a link for it.
LAYERS = [tar({"etc/first": b"1\n" * 3000}), tar({"etc/second": b"2\n"})]
LAYERS.append(LAYERS[0])
CONFIG = json.dumps({"architecture": "amd64", "os": "linux", "config": {"Env": ["A=1"]},
                     "docker_version": "20.10", "rootfs": {
                         "type": "layers", "diff_ids": [digest(layer) for layer in LAYERS]}}).encode()
IMAGE = digest(CONFIG)


def saved_before_25():
    ids = ["a" * 64, "b" * 64, "c" * 64]
    names = [f"{one}/layer.tar" for one in ids]
    listed = [{"Config": f"{IMAGE[7:]}.json", "RepoTags": None, "Layers": names}]
    return tar({names[0]: LAYERS[0], names[1]: LAYERS[1], names[2]: f"../{names[0]}",
                f"{IMAGE[7:]}.json": CONFIG, "manifest.json": json.dumps(listed).encode()})


def saved_since_25(packed=False):
    stored = [gzip.compress(layer) if packed else layer for layer in LAYERS]
    names = [f"blobs/sha256/{digest(layer)[7:]}" for layer in stored]
    listed = [{"Config": f"blobs/sha256/{IMAGE[7:]}", "RepoTags": None, "Layers": names}]
    return tar({**dict(zip(names, stored)), f"blobs/sha256/{IMAGE[7:]}": CONFIG,
                "oci-layout": b"{}", "manifest.json": json.dumps(listed).encode()})


SAVED = {"before 25": saved_before_25, "since 25": saved_since_25,
         "containerd": lambda: saved_since_25(packed=True)}


def packed(folder, content, wanted=IMAGE):
    saved, target = folder / "saved", folder / f"x{oci_archives.SUFFIX}"
    saved.write_bytes(content)
    oci_archives.pack_anew(saved, target, wanted, TAG, SECONDS)
    return target


def read(path):
    with tarfile.open(path) as archive:
        members = archive.getmembers()
        assert [one.name for one in members] == sorted(one.name for one in members)
        assert {(one.mtime, one.uid, one.mode) for one in members} == {(SECONDS, 0, 0o644)}
        return {one.name: archive.extractfile(one).read() for one in members}


def blob(found, described):
    content = found[f"blobs/sha256/{described['digest'][7:]}"]
    assert digest(content) == described["digest"] and len(content) == described["size"]
    return content


@pytest.mark.parametrize("kind", SAVED)
def test_the_archive_is_the_image_whatever_saved_it(tmp_path, kind):
    found = read(packed(tmp_path, SAVED[kind]()))
    assert json.loads(found["oci-layout"]) == {"imageLayoutVersion": "1.0.0"}
    described, = json.loads(found["index.json"])["manifests"]
    manifest = json.loads(blob(found, described))
    # What images.lock records is the digest of the configuration.
    assert manifest["config"]["digest"] == IMAGE and blob(found, manifest["config"]) == CONFIG
    assert [gzip.decompress(blob(found, layer)) for layer in manifest["layers"]] == LAYERS
    listed, = json.loads(found["manifest.json"])
    assert listed["RepoTags"] == [TAG] and [f"blobs/sha256/{layer['digest'][7:]}" for layer in
                                            manifest["layers"]] == listed["Layers"]
    # Two layers, a configuration, a manifest; two lists and the layout's version.
    assert len(found) == 4 + 3


def test_the_same_image_is_the_same_bytes(tmp_path):
    made = set()
    for number, save in enumerate(SAVED.values()):
        (tmp_path / str(number)).mkdir()
        made.add(packed(tmp_path / str(number), save()).read_bytes())
    assert len(made) == 1
    assert sorted(path.name for path in (tmp_path / "0").iterdir()) == ["saved", "x.oci.tar"]


def changed(old, new):
    return saved_since_25().replace(old, new)


@pytest.mark.parametrize("content, words", [
    (lambda: changed(b"2\n", b"3\n"), "the layer sha256:[0-9a-f]+ is another one"),
    (lambda: changed(b"A=1", b"A=2"), "holds the image sha256:[0-9a-f]+, not sha256:"),
    (lambda: changed(b"manifest.json", b"manifest.jsox"), "manifest.json"),
    (lambda: saved_since_25()[:3000], "is not that image"), (lambda: b"x", "is not that image"),
    (lambda: tar({"manifest.json": b"[]"}), "is not that image"),
    (lambda: tar({"manifest.json": b"[{}]"}), "Config")])
def test_what_is_another_image_or_not_whole_is_no_archive(tmp_path, content, words):
    with pytest.raises(LauncherError, match=words) as caught:
        packed(tmp_path, content())
    assert "\n" not in str(caught.value) and TAG in str(caught.value)
    assert [path.name for path in tmp_path.iterdir()] == ["saved"]


def test_skopeo_reads_it_as_both_kinds(tmp_path):
    """The archive's other readers; not everywhere installed."""
    skopeo = shutil.which("skopeo")
    if not skopeo:
        pytest.skip("skopeo is not installed")
    target = packed(tmp_path, saved_before_25())
    for kind in ("oci-archive", "docker-archive"):
        out = tmp_path / kind
        subprocess.run([skopeo, "--insecure-policy", "copy", "-q", f"{kind}:{target}", f"dir:{out}"],
                       check=True)
        manifest = json.loads((out / "manifest.json").read_text())
        assert manifest["config"]["digest"] == IMAGE and len(manifest["layers"]) == len(LAYERS)


@pytest.fixture
def docker(tmp_path, monkeypatch):
    """A program that holds one image and saves it."""
    def make(content=None, status=0):
        path = tmp_path / "bin" / "docker"
        path.parent.mkdir(exist_ok=True)
        (tmp_path / "content").write_bytes(saved_before_25() if content is None else content)
        path.write_text(f"#!/bin/sh\ncase $1 in image) echo {IMAGE};;\n"
                        f"save) echo 'no space left' >&2; cp {tmp_path}/content \"$3\"; exit {status};;"
                        "\nesac\n")
        path.chmod(0o755)
        monkeypatch.setenv("PATH", str(path.parent), prepend=os.pathsep)
        monkeypatch.setattr(oci.locks, "expected", lambda *_: IMAGE)
    return make


def test_an_image_that_docker_holds_is_inside(docker, tmp_path):
    docker()
    image = images.load("cohort")
    assert oci_archives.get(image, tmp_path / "images", SECONDS) == ""
    assert [path.name for path in (tmp_path / "images").iterdir()] == ["cohort.oci.tar"]
    listed, = json.loads(read(tmp_path / "images" / "cohort.oci.tar")["manifest.json"])
    assert listed["RepoTags"] == [image.tag]


def test_an_image_that_cannot_be_saved_is_told(docker, tmp_path, monkeypatch):
    image = images.load("cohort")
    for content, status, words in ((None, 1, "docker save sha256:.*: no space left"),
                                   (b"x", 0, "what was saved of msclc/cohort:.* is not that image")):
        docker(content, status)
        why = oci_archives.get(image, tmp_path / "images", SECONDS)
        assert re.search(words, why) and "\n" not in why
        assert list((tmp_path / "images").iterdir()) == []
    monkeypatch.setattr(oci.locks, "expected", lambda *_: "sha256:another")
    assert oci_archives.get(image, tmp_path / "images", SECONDS) == oci_archives.ABSENT
