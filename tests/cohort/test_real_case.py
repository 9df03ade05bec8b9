"""The real case: its pinned package, its MRC files, and where its axes run."""

import hashlib
import struct
import zipfile
from dataclasses import replace

import numpy as np
import pytest
import yaml

from stages.cohort import fetch_package, real_case
from stages.cohort.parameters import read_real_case
from stages.common import cli, nifti
from stages.common.errors import InputError
from tests.cohort.conftest import ROOT
from tests.parameters import whole

CASE = read_real_case(ROOT / "studies/sclc_liver/params")
VOXELS = np.random.default_rng(1).integers(-1000, 400, (3, 4, 5))


def mrc(data, mode, order="<", extended=0):
    """Return an MRC file as the standard lays it out."""
    header = bytearray(1024)
    struct.pack_into(f"{order}4i", header, 0, *data.shape[::-1], mode)
    struct.pack_into(f"{order}i", header, 92, extended)
    header[208:212] = b"MAP "
    header[212:214] = b"DD" if order == "<" else b"\x11\x11"
    kind = np.dtype(order + real_case.MODES[mode])
    return bytes(header) + bytes(extended) + data.astype(kind).tobytes()


@pytest.fixture
def wheel(tmp_path):
    """A package with a small case, and the parameters that pin it."""
    path = tmp_path / "mirror" / "packages" / CASE.file
    path.parent.mkdir(parents=True)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(CASE.image, mrc(VOXELS + 0.125, 2))
        archive.writestr(CASE.mask, mrc(np.abs(VOXELS) % 3, 6))
    content = path.read_bytes()
    return path, replace(CASE, sha256=hashlib.sha256(content).hexdigest(), bytes=len(content))


@pytest.mark.parametrize("mode", sorted(real_case.MODES))
@pytest.mark.parametrize("order, extended", [("<", 0), (">", 0), ("<", 160)])
def test_mrc_files(mode, order, extended):
    data = np.abs(VOXELS) % 100
    found = real_case.read_mrc(mrc(data, mode, order, extended), "x.mrc")
    np.testing.assert_array_equal(found, data)


@pytest.mark.parametrize("content, words", [
    (b"abc", "is no MRC file"), (mrc(VOXELS, 2)[:-4], "not as long as its header says"),
    (mrc(VOXELS, 2)[:12] + struct.pack("<i", 4) + mrc(VOXELS, 2)[16:], "MRC mode 4")])
def test_other_files_are_named(content, words):
    with pytest.raises(InputError, match=words) as caught:
        real_case.read_mrc(content, "x.mrc")
    assert "x.mrc" in str(caught.value)


def test_axes_run_as_the_parameters_say(wheel):
    path, case = wheel
    image, mask = real_case.convert(path, case)
    assert nifti.same_grid(image, mask) and image.data.dtype == np.float32
    turned = nifti.to_ras(image)
    # LPS: right and front are the ends of the first two axes.
    np.testing.assert_array_equal(turned.data, (VOXELS + 0.125)[::-1, ::-1].astype(np.float32))
    np.testing.assert_allclose(turned.spacing, 1.4)
    image, _ = real_case.convert(path, replace(case, axes="SAR", spacing_mm=(1.0, 2.0, 3.0)))
    np.testing.assert_array_equal(nifti.to_ras(image).data,
                                  (VOXELS + 0.125).transpose(2, 1, 0).astype(np.float32))
    np.testing.assert_allclose(nifti.to_ras(image).spacing, [3, 2, 1])


def test_another_package_is_refused(wheel):
    path, case = wheel
    path.write_bytes(path.read_bytes() + b"x")
    with pytest.raises(InputError, match="is not the pinned package"):
        real_case.convert(path, case)


def test_labels_outside_lits_are_refused(tmp_path, wheel):
    path, case = wheel
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(CASE.image, mrc(VOXELS, 2))
        archive.writestr(CASE.mask, mrc(np.abs(VOXELS) % 4, 6))
    case = replace(case, sha256=hashlib.sha256(path.read_bytes()).hexdigest())
    with pytest.raises(InputError, match="do not belong together"):
        real_case.convert(path, case)


def test_the_mirror_is_asked_before_the_network(wheel, tmp_path, monkeypatch):
    path, case = wheel
    monkeypatch.setattr(fetch_package, "download", lambda *_: pytest.fail("asked the network"))
    out = tmp_path / "out" / "package.whl"
    assert fetch_package.fetch(case, out, tmp_path / "mirror", 1) == str(path)
    assert out.read_bytes() == path.read_bytes()
    assert "already there" in fetch_package.fetch(case, out, tmp_path / "none", 1)


@pytest.mark.parametrize("spoil, words", [
    (lambda content: content[:-9], "is truncated"),
    (lambda content: content[:-1] + b"?", "has another SHA-256")])
def test_no_source_is_one_line(wheel, tmp_path, monkeypatch, spoil, words):
    path, case = wheel
    path.write_bytes(spoil(path.read_bytes()))
    monkeypatch.setattr(fetch_package, "download", lambda *_: "no such network")
    with pytest.raises(InputError) as caught:
        fetch_package.fetch(case, tmp_path / "out" / "package.whl", tmp_path / "mirror", 1)
    text = str(caught.value)
    assert "\n" not in text and words in text and "no such network" in text
    assert all(way in text for way in ("(1) open the network", "(2) set DATA_MIRROR", "(3) put"))
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("changed, words", [
    ({"axes": "LPP"}, "name the directions"), ({"axes": "LP"}, "name the directions"),
    ({"spacing_mm": [1.4, 0.0, 1.4]}, "three positive numbers")])
def test_bad_parameters_are_one_line(tmp_path, monkeypatch, capsys, changed, words):
    params = whole()
    params["real_case"] |= changed
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(params))
    monkeypatch.setattr("sys.argv", ["real_case", "--archive", "x", "--out", str(tmp_path),
                                     "--params", str(tmp_path / "params.yaml")])
    with pytest.raises(SystemExit) as stop:
        cli.main(real_case.stage)
    assert stop.value.code == 2 and words in capsys.readouterr().err
