"""A group's own nnU-Net gives the labels that nnU-Net itself gives, and nothing in its files runs."""

import json
import os
import shutil
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch

from stages.common import canonical, nifti
from stages.common.errors import InputError
from stages.segmentation import predict
from stages.segmentation.nnunet import given, labels, results
from tests.segmentation import given_equal as equal
from tests.segmentation.given_equal import image, model, save
from tests.segmentation.given_nnunet import NAME, dataset, flip, plans, repack, write

# Share of the voxels that may differ.
FEW = 1e-4


@pytest.fixture(scope="session")
def trained(tmp_path_factory):
    """A results folder with two folds."""
    return write(tmp_path_factory.mktemp("given"), plans(), dataset(), (0, 1))


@pytest.mark.parametrize("stored, how, folds", equal.OWN)
def test_labels_are_those_of_nnunet_itself(tmp_path, stored, how, folds):
    pair = equal.own(tmp_path, stored, how, folds)
    assert len(np.unique(pair.wanted)) > 1
    assert pair.found.shape == pair.wanted.shape and pair.differing <= FEW * pair.wanted.size
    np.testing.assert_allclose(pair.affine, equal.STORED[stored], atol=1e-5)


@pytest.mark.parametrize("number", range(3))
def test_plans_and_labels_of_a_later_release(tmp_path, number):
    """The oracle is that release itself (see `nnunet_later`)."""
    case = equal.LATER["cases"][number]
    assert equal.LATER["nnunetv2"] == "2.8.1" and "architecture" in json.dumps(case["plans"])
    pair = equal.later(tmp_path, case)
    assert len(np.unique(pair.wanted)) > 1 and pair.found.shape == pair.wanted.shape
    assert pair.differing <= FEW * pair.wanted.size


def test_both_kinds_of_plans_build_one_network(trained, tmp_path):
    """What 2.2 computes from its numbers is what later plans spell out."""
    copied = copy(trained, tmp_path / "copy")
    change(copied / "plans.json", lambda content: content.update(plans(architecture=True)))
    first, second = model(trained), model(copied)
    assert list(first.predictor.network.state_dict()) == list(second.predictor.network.state_dict())
    patch = torch.randn(1, 1, 8, 16, 16)
    with torch.no_grad():
        torch.testing.assert_close(*(one.predictor.network.eval()(patch) for one in (first, second)))


def copy(folder, home):
    return Path(shutil.copytree(folder, home / NAME, dirs_exist_ok=True))


def change(path, how):
    content = json.loads(path.read_text())
    how(content)
    path.write_text(json.dumps(content))


def packed(folder, path, more=()):
    """Zip a results folder as nnU-Net exports it, from the dataset's name on."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as out:
        for file in sorted(item for item in folder.rglob("*") if item.is_file()):
            out.write(file, file.relative_to(folder.parents[1]))
        for name, content in more:
            out.writestr(name, content)
    return path


def test_a_zip_and_a_folder_above_are_the_same_model(trained, tmp_path):
    other = trained.parent.name + "/nnUNetTrainer__nnUNetPlans__2d/plans.json"
    zipped = packed(trained, tmp_path / "export.zip", [
        (other, "{}"), ("inference_information.txt", "")])
    found = results.read(zipped, tmp_path / "scratch")
    assert found.plans == results.read(trained.parents[1], tmp_path / "unused").plans
    assert list(found.folds) == ["0", "1"]
    unpacked = sorted(path.name for path in (tmp_path / "scratch").rglob("*") if path.is_file())
    assert unpacked == ["checkpoint_final.pth", "checkpoint_final.pth", "dataset.json", "plans.json"]
    assert model(zipped, tmp_path / "scratch").name == "3d_fullres"


@pytest.mark.parametrize("name, words", [
    ("../outside.json", "leads elsewhere"), ("/etc/outside.json", "leads elsewhere"),
    ("a/../../outside.json", "leads elsewhere"), ("C:\\outside.json", "leads elsewhere"),
    ("..\\outside.json", "leads elsewhere"), ("link", "leads elsewhere"), ("bomb", "unpacks to"),
    ("second", "holds several models"), ("cut", "damaged or encrypted zip")])
def test_zips_that_must_not_be_unpacked(trained, tmp_path, call, name, words):
    more = [(name, "x")]
    if name == "link":
        link = zipfile.ZipInfo("Dataset007_Tiny/link")
        link.external_attr = 0o120777 << 16
        more = [(link, "/etc")]
    elif name == "bomb":
        more = [(f"{NAME}/fold_2/checkpoint_final.pth", bytes(results.MOST_RATIO * results.SMALL + 1))]
    elif name == "second":
        more = [("Dataset008_Other/nnUNetTrainer__nnUNetPlans__3d_fullres/plans.json", "{}")]
    path = packed(trained, tmp_path / "export.zip", more)
    if name == "cut":
        content = bytearray(path.read_bytes())
        content[200:400] = bytes(200)
        path.write_bytes(content)
    code, error = call(given.stage, "--model", path)
    assert code == 2 and words in error.strip().splitlines()[-1] and str(path) in error
    assert not list(tmp_path.parent.rglob("outside.json")) and error.count("\n") == 1


class Evil:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.system, (f"touch {self.path}",)


@pytest.mark.parametrize("where", ["weights", "legacy"])
def test_a_checkpoint_with_code_does_not_run(trained, tmp_path, call, where):
    folder, path = copy(trained, tmp_path), tmp_path / "ran"
    if where == "weights":
        save(folder, 0, {"network_weights": {}, "init_args": {"configuration": "3d_fullres"},
                         "logging": Evil(path)})
    else:
        torch.save(Evil(path), folder / "fold_0" / "checkpoint_final.pth",
                   _use_new_zipfile_serialization=False)
    code, error = call(given.stage, "--model", folder)
    assert code == 2 and not path.exists() and error.count("\n") == 1
    assert "fold_0/checkpoint_final.pth" in error and "\n" not in error.strip()
    if where == "weights":
        assert "holds code or objects other than numbers (" in error and "system" in error


def set_(key, value):
    def change_(content):
        content["configurations"]["3d_fullres"][key] = value
    return change_


BAD_PLANS = {
    "has no configuration 3d_fullres": lambda content: content.update(configurations={"2d": {}}),
    "says nothing of its configuration": lambda content: content.update(
        configurations={"3d_fullres": 0.5}),
    "with another spacing": set_("spacing", [1.0, 1.0, 1.0]),
    "second network of a cascade": set_("previous_stage", "3d_lowres"),
    "'rmtree' (resampling_fn_data)": set_("resampling_fn_data", "rmtree"),
    "plans.json cannot be used": lambda content: content.pop("image_reader_writer"),
    "NaturalImage2DIO": lambda content: content.update(image_reader_writer="NaturalImage2DIO"),
    "describes no network": set_("architecture", {
        "network_class_name": "os.system", "arch_kwargs": {}, "_kw_requires_import": []}),
    "label manager of its own": lambda content: content.update(label_manager="Mine")}
BAD_DATASETS = {
    "names no tumour among its labels (liver, spleen)": {"background": 0, "liver": 1, "spleen": 2},
    "several labels that may be lesions (HCC, metastasis)": {
        "background": 0, "HCC": 1, "metastasis": 2},
    "several labels that may be the liver": {
        "background": 0, "left liver": 1, "right liver": 2, "tumor": 3},
    "does not say what its labels are": {"background": 0, "liver": [1, 2], "tumor": [2]},
    "(OverflowError: ": {"background": 0, "liver": 1, "tumor": float("inf")},
    "(ValueError: 2.5 is no label)": {"background": 0, "liver": 1, "tumor": 2.5}}


@pytest.mark.parametrize("words", BAD_PLANS)
def test_plans_that_cannot_be_used(trained, tmp_path, call, words):
    folder = copy(trained, tmp_path)
    change(folder / "plans.json", BAD_PLANS[words])
    code, error = call(given.stage, "--model", folder)
    assert code == 2 and words in error and error.count("\n") == 1 and str(folder) in error


@pytest.mark.parametrize("words", BAD_DATASETS)
def test_labels_that_do_not_tell(trained, tmp_path, call, words):
    folder = copy(trained, tmp_path)
    change(folder / "dataset.json", lambda content: content.update(labels=BAD_DATASETS[words]))
    code, error = call(given.stage, "--model", folder)
    assert code == 2 and words in error and error.count("\n") == 1


@pytest.mark.parametrize("fault, words", [
    ("plans.json", "holds no plans.json"), ("dataset.json", "holds no dataset.json"),
    ("folds", "holds no fold_K/checkpoint_final.pth"), ("shapes", "fold_1 does not fit the network"),
    ("nan", "fold_1: holds NaN"), ("named", "in a folder of 3d_lowres"),
    ("damaged", "is no checkpoint"), ("bit", "fold_1/checkpoint_final.pth is damaged"),
    ("packed", "it holds compressed parts"), ("short", "is no checkpoint (record size (30 bytes)"),
    ("plans", "fold_1 keeps plans that are none (plans)"),
    ("arguments", "is no checkpoint of nnU-Net v2"),
    ("v1", "is no checkpoint of nnU-Net v2"), ("channels", "does not name one channel"),
    ("json", "plans.json is no JSON"), ("none", "is no folder and no zip")])
def test_folders_that_are_not_whole(trained, tmp_path, call, fault, words):
    folder = copy(trained, tmp_path)
    second = folder / "fold_1" / "checkpoint_final.pth"
    if fault.endswith(".json"):
        (folder / fault).unlink()
    elif fault == "folds":
        for fold in (0, 1):
            (folder / f"fold_{fold}" / "checkpoint_final.pth").unlink()
    elif fault in ("shapes", "nan"):
        content = torch.load(second, weights_only=False)
        for name, value in content["network_weights"].items():
            content["network_weights"][name] = value[:2] if fault == "shapes" else value * float("nan")
        torch.save(content, second)
    elif fault == "named":
        folder = folder.rename(folder.with_name("nnUNetTrainer__nnUNetPlans__3d_lowres"))
    elif fault == "damaged":
        second.write_bytes(second.read_bytes()[:2000])
    elif fault == "bit":
        flip(second)
    elif fault in ("packed", "short"):
        repack(second, zipfile.ZIP_DEFLATED if fault == "packed" else zipfile.ZIP_STORED)
    elif fault in ("plans", "arguments"):
        given_ = {"configuration": "3d_fullres", "plans": "x"} if fault == "plans" else ["x"]
        save(folder, 1, torch.load(second, weights_only=False) | {"init_args": given_})
    elif fault == "v1":
        save(folder, 1, {"state_dict": {}, "epoch": 1000})
    elif fault == "channels":
        change(folder / "dataset.json", lambda content: content.update(
            channel_names={"0": "T1", "1": "T2"}))
    elif fault == "json":
        (folder / "plans.json").write_text("{")
    else:
        folder = tmp_path / "none"
    code, error = call(given.stage, "--model", folder)
    assert code == 2 and words in error and error.count("\n") == 1


def test_which_label_is_what():
    meant = labels.meant
    known = labels.values(dataset({"background": 0, "Liver": [1, 2], "tumour": [2], "ignore": 3},
                                  regions_class_order=[5, 7]), "d")
    assert known == {"Liver": 5, "tumour": 7} and meant(known, "", "", "d") == {7: 2, 5: 1}
    known = labels.values(dataset({"background": 0, "a": 1, "b": [4], "liver lesion": 2}), "d")
    assert meant(known, "", "", "d") == {2: 2} and meant(known, "A; b", "", "d") == {1: 2, 4: 2}
    assert meant(known, "a", "B", "d") == {1: 2, 4: 1}
    with pytest.raises(InputError, match="has no label 'c' .it has: a, b, liver lesion.*correct LIVER"):
        meant(known, "a", "c", "d")


def test_the_stage_says_what_the_model_is_and_writes_masks(trained, tmp_path, call):
    scan = image(tmp_path)
    rows = [["s1", "own", "", scan.name, "masks/s1.nii.gz"]]
    canonical.write_bytes(tmp_path / "manifest.csv", canonical.csv_bytes(
        ["File", "Cohort", "Segmentation", "image", "mask"], rows))
    (trained / "fold_1" / "validation").mkdir(exist_ok=True)
    (trained / "fold_1" / results.VALIDATION).write_text(json.dumps({"mean": {"2": {"Dice": 0.625}}}))
    code, error = call(given.stage, "--model", trained)
    assert code == 0 and "3d_fullres, folds 0, 1, trained on 20 cases; lesion is 'tumor'" in error
    assert "validation Dice of its folds 0.62 to 0.62" in error
    code, error = call(predict.stage, "--nnunet", trained, "--manifest", tmp_path / "manifest.csv",
                       "--lesion", "liver", "--record", tmp_path / "record.jsonl", "--failed",
                       tmp_path / "failed.json", "--kept", tmp_path / "kept.csv")
    assert code == 0, error
    mask = nifti.read(tmp_path / "masks" / "s1.nii.gz")
    assert nifti.same_grid(mask, nifti.read(scan)) and set(np.unique(mask.data)) <= {0, 2}
