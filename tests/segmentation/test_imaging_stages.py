"""Stages around the networks: the record of work, the choice, the pictures."""

import struct
import zlib

import numpy as np
import pandas as pd
import pytest
import yaml

from stages.common import canonical
from stages.segmentation import baseline, choose, detect, overlay, prepare, preview
from tests.parameters import whole
from tests.segmentation.volumes import PARAMS, box


def shrink(manifest, *names):
    """Leave only the named series in a manifest."""
    table = pd.read_csv(manifest)
    canonical.write_csv(manifest, table[table["File"].isin(names)])


def stamps(folder):
    return {path.relative_to(folder).as_posix(): path.stat().st_mtime_ns
            for suffix in ("nii.gz", "npy") for path in folder.rglob(f"*.{suffix}")}


def series(paths):
    return {path.split("/")[-1].split(".")[0] for path in paths}


@pytest.mark.parametrize("stage, options", [
    (prepare.stage, ("--params", PARAMS, "--part", "test")), (baseline.stage, ("--params", PARAMS))])
def test_one_more_scan_is_one_more_piece_of_work(cohort, call, tmp_path, stage, options):
    whole = cohort.read_bytes()
    shrink(cohort, "a", "b")
    out, record = tmp_path / "out", tmp_path / "record.jsonl"
    arguments = ("--manifest", cohort, "--out", out, "--record", record, *options)
    assert call(stage, *arguments)[0] == 0
    before = stamps(out)
    cohort.write_bytes(whole)
    assert call(stage, *arguments)[0] == 0
    after = stamps(out)
    assert {name: after[name] for name in before} == before
    assert series(set(after) - set(before)) == {"c"}
    assert call(stage, "--manifest", cohort, "--out", tmp_path / "fresh", *options)[0] == 0
    for path in (tmp_path / "fresh").rglob("*.*"):
        assert path.read_bytes() == (out / path.relative_to(tmp_path / "fresh")).read_bytes()
    shrink(cohort, "a")
    assert call(stage, *arguments)[0] == 0
    assert series(stamps(out)) == {"a"}


def test_detection_from_a_record_is_detection(cohort, call, tmp_path):
    assert call(baseline.stage, "--manifest", cohort, "--params", PARAMS,
                "--out", tmp_path / "guess")[0] == 0
    results = []
    for number, extra in enumerate(([], ["--record", tmp_path / "r"], ["--record", tmp_path / "r"])):
        files = [tmp_path / f"{name}{number}" for name in ("lesions", "scans", "metrics")]
        assert call(detect.stage, "--manifest", cohort, "--params", PARAMS,
                    "--predictions", tmp_path / "guess", "--lesions", files[0], "--scans", files[1],
                    "--metrics", files[2], *extra)[0] == 0
        results.append([path.read_bytes() for path in files])
    assert results[0] == results[1] == results[2]


def model(folder, dice):
    """Write a model with a validation Dice; the second has the weights of two folds."""
    canonical.write_json(folder / "model.json", {"result": {"best_dice": dice, "validation": ["a"]}})
    for name in ("model",) if folder.name == "one" else ("fold_0", "fold_3"):
        canonical.write_bytes(folder / f"{name}.safetensors", folder.name.encode())


def params(folder, networks):
    imaging = {"networks": networks, "methods": ["baseline", *networks],
               "masks": [], "device": "cpu", "jobs": 1}
    path = folder / "params.yaml"
    path.write_text(yaml.safe_dump({"imaging": imaging}))
    return path


@pytest.mark.parametrize("dice, chosen", [((0.5, 0.7), "two"), ((0.7, 0.5), "one"),
                                          ((0.7, 0.7), "one"), ((None, 0.1), "two")])
def test_the_best_on_validation_is_taken(tmp_path, call, dice, chosen):
    for name, value in zip(("one", "two"), dice):
        model(tmp_path / "models" / name, value)
    assert call(choose.stage, "--params", params(tmp_path, ["two", "one"]), "--models",
                tmp_path / "models", "--metrics", tmp_path / "m.json", "--out",
                tmp_path / "out")[0] == 0
    assert {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()} == {
        path.name: path.read_bytes() for path in (tmp_path / "models" / chosen).iterdir()}
    assert canonical.read_json(tmp_path / "m.json") == {
        "chosen": chosen, "validation_dice": dict(zip(("one", "two"), dice)),
        "validation_cases": {"one": 1, "two": 1}}


def test_no_validation_case_with_lesions_chooses_nothing(tmp_path, call):
    model(tmp_path / "models" / "one", None)
    code, said = call(choose.stage, "--params", params(tmp_path, ["one"]), "--models",
                      tmp_path / "models", "--metrics", tmp_path / "m", "--out", tmp_path / "out")
    assert code == 2 and "no network has a validation case with lesions" in said
    assert not (tmp_path / "out").exists()


def test_a_model_that_was_not_trained_is_named(tmp_path, call):
    code, said = call(choose.stage, "--params", params(tmp_path, ["one"]), "--models",
                      tmp_path / "models", "--metrics", tmp_path / "m", "--out", tmp_path / "out")
    assert code == 2 and "models/one/model.json: no such file" in said


def decode(content):
    """Read a PNG by the specification; return its pixels and the kinds of its chunks."""
    assert content[:8] == b"\x89PNG\r\n\x1a\n"
    place, kinds, data = 8, [], b""
    while place < len(content):
        length, = struct.unpack_from(">I", content, place)
        kind, body = content[place + 4:place + 8], content[place + 8:place + 8 + length]
        crc, = struct.unpack_from(">I", content, place + 8 + length)
        assert crc == zlib.crc32(kind + body)
        if kind == b"IHDR":
            columns, rows = struct.unpack_from(">2I", body)
        data += body if kind == b"IDAT" else b""
        kinds.append(kind)
        place += 12 + length
    lines = np.frombuffer(zlib.decompress(data), np.uint8).reshape(rows, 1 + 3 * columns)
    assert not lines[:, 0].any()
    return lines[:, 1:].reshape(rows, columns, 3), kinds


def test_png_holds_the_pixels_and_nothing_else():
    pixels = np.random.default_rng(1).integers(0, 256, (5, 7, 3), dtype=np.uint8)
    found, kinds = decode(overlay.png(pixels))
    assert np.array_equal(found, pixels) and kinds == [b"IHDR", b"IDAT", b"IEND"]


def test_picture_shows_right_on_the_left_and_front_on_top():
    """A lesion towards the patient's right and front (high x, high y in RAS) is upper left."""
    truth = box((20, 18, 10), ((15, 13, 4), (19, 17, 7)))
    image = np.zeros(truth.shape, np.float32)
    pixels = overlay.picture(image, truth, [np.zeros_like(truth)])
    width = 20 * overlay.ZOOM
    assert pixels.shape == (18 * overlay.ZOOM, 3 * width + 2 * overlay.GAP, 3)
    start = width + overlay.GAP
    green = np.argwhere((pixels[:, start:start + width] == overlay.GREEN).all(axis=2))
    assert len(green) and (green.max(axis=0) < [18, 20]).all()
    assert not (pixels == overlay.RED).all(axis=2).any()
    last = pixels[:, 2 * start:]
    assert (last == overlay.GREEN).all(axis=2).any(), "a missed lesion stays visible"


def test_outline_is_the_rim():
    region = np.zeros((7, 7), bool)
    region[1:6, 1:6] = True
    assert overlay.outline(region).sum() == 16 and not overlay.outline(region)[3, 3]


def test_a_picture_for_every_case(cohort, call, tmp_path):
    for method in ("baseline", "one"):
        assert call(baseline.stage, "--manifest", cohort, "--params", PARAMS,
                    "--out", tmp_path / "g" / method)[0] == 0
    assert call(overlay.stage, "--manifest", cohort, "--params", params(tmp_path, ["one"]),
                "--predictions", tmp_path / "g", "--out", tmp_path / "png")[0] == 0
    assert sorted(path.name for path in (tmp_path / "png").iterdir()) == ["a.png", "b.png", "c.png"]
    (tmp_path / "g" / "one" / "b.nii.gz").unlink()
    code, said = call(overlay.stage, "--manifest", cohort, "--params", params(tmp_path, ["one"]),
                      "--predictions", tmp_path / "g", "--out", tmp_path / "png")
    assert code == 2 and "one/b.nii.gz" in said


def test_a_preview_needs_no_reference(cohort, call, tmp_path):
    arguments = ("--manifest", cohort, "--out", tmp_path / "png")
    assert call(preview.stage, *arguments)[0] == 0
    found, _ = decode((tmp_path / "png" / "a.png").read_bytes())
    assert found.shape == (18 * overlay.ZOOM, 2 * 20 * overlay.ZOOM + overlay.GAP, 3)
    left, right = found[:, :20 * overlay.ZOOM], found[:, 20 * overlay.ZOOM + overlay.GAP:]
    for colour, there in ((overlay.RED, True), (overlay.BLUE, True), (overlay.GREEN, False)):
        assert (right == colour).all(axis=2).any() == there
        assert not (left == colour).all(axis=2).any()
    (tmp_path / "b_mask.nii.gz").unlink()
    code, said = call(preview.stage, *arguments)
    assert code == 2 and "b_mask.nii.gz" in said


def test_pictures_of_other_cases_go_and_known_ones_stay(cohort, tmp_path, call):
    masks = tmp_path / "predictions" / "unet"
    masks.mkdir(parents=True)
    for name in "abc":
        (masks / f"{name}.nii.gz").write_bytes((tmp_path / f"{name}_mask.nii.gz").read_bytes())
    content = whole()
    content["imaging"]["methods"] = ["unet"]
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(content))
    out = tmp_path / "pictures"
    out.mkdir()
    (out / "other.png").write_bytes(b"")
    line = ["--manifest", cohort, "--part", "test", "--params", tmp_path / "params.yaml",
            "--predictions", tmp_path / "predictions", "--record", tmp_path / "record.jsonl",
            "--out", out]
    assert call(overlay.stage, *line)[0] == 0
    first = {path.name: path.stat().st_ino for path in out.iterdir()}
    assert sorted(first) == ["a.png", "b.png", "c.png"]
    (masks / "b.nii.gz").write_bytes((tmp_path / "a_mask.nii.gz").read_bytes())
    assert call(overlay.stage, *line)[0] == 0
    changed = {path.name for path in out.iterdir() if path.stat().st_ino != first[path.name]}
    assert changed == {"b.png"}
