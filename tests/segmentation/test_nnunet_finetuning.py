"""An nnU-Net that goes on from the weights of another one, and what its folds find out of fold."""

import numpy as np
import pytest
import torch
import yaml
from safetensors.torch import load_file

from stages.common import canonical, nifti
from stages.segmentation.nnunet import model as nnunet_model
from stages.segmentation.nnunet import prepare as nnunet_prepare
from stages.segmentation.nnunet import train as nnunet_train
from tests.segmentation.tiny_nnunet import params, prepare_arguments, train_arguments


def test_finetuning_starts_from_the_weights_of_the_same_fold(trained_nnunet, call, tmp_path):
    """Against the weights themselves: a step of learning rate 0 leaves them as they were."""
    line = ["--cases", trained_nnunet / "prepared", "--params", tmp_path / "params.yaml",
            "--device", "cpu", "--state", tmp_path / "state", "--curves", tmp_path / "curves.csv",
            "--start", trained_nnunet / "model", "--out", tmp_path / "further"]
    content = yaml.safe_load(params(tmp_path).read_text())
    tiny = content["segmentation"]["presets"]["quick"]["nnunet"]
    tiny["finetuning"] = {"epochs": 1, "learning_rate": 1e-12}
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(content))
    code, error = call(nnunet_train.stage, *line)
    assert code == 0, error
    for fold in (0, 1):
        old, new = (load_file(folder / f"fold_{fold}.safetensors")
                    for folder in (trained_nnunet / "model", tmp_path / "further"))
        assert all(torch.allclose(old[name], new[name], atol=1e-6) for name in old)
    about, first = (canonical.read_json(folder / "model.json")
                    for folder in (tmp_path / "further", trained_nnunet / "model"))
    assert about["settings"]["training"]["epochs"] == 1
    assert about["started_from"]["1"] == canonical.sha256(
        trained_nnunet / "model" / "fold_1.safetensors")
    # So are its predictions out of fold: each case that has lesions, once.
    assert set(about["result"]["dice"]) == set(about["result"]["validation"]) == {
        "s0", "s1", "s2", "s3"}
    assert about["result"]["dice"] == pytest.approx(first["result"]["dice"], abs=1e-3)
    assert about["result"]["best_dice"] == pytest.approx(
        np.mean(list(about["result"]["dice"].values())))


def test_the_dice_out_of_fold_is_that_of_the_fold_s_own_prediction(trained_nnunet, tmp_path):
    """Against this package's predictor with that fold alone, which resamples nothing here."""
    about = canonical.read_json(trained_nnunet / "model" / "model.json")
    for fold, split in about["folds"].items():
        alone = tmp_path / fold
        canonical.write_json(alone / "model.json", about | {"folds": {fold: split}})
        name = f"fold_{fold}.safetensors"
        canonical.write_bytes(alone / name, (trained_nnunet / "model" / name).read_bytes())
        model = nnunet_model.Model(alone, torch.device("cpu"))
        for case in split["val"]:
            image, mask = (nifti.read(trained_nnunet / f"{case}_{kind}.nii.gz")
                           for kind in ("image", "mask"))
            guess, truth = model.predict(image) == 2, mask.data == 2
            dice = 2 * (guess & truth).sum() / (guess.sum() + truth.sum())
            assert about["result"]["dice"][case] == pytest.approx(dice, abs=0.01)


@pytest.mark.parametrize("spoil, said", [
    (lambda about: about["folds"].pop("1"), "holds no fold 1"),
    (lambda about: about["folds"]["1"]["train"].extend(about["folds"]["1"]["val"]),
     "which fold 1 is validated on")])
def test_what_cannot_be_gone_on_from(trained_nnunet, call, tmp_path, spoil, said):
    about = canonical.read_json(trained_nnunet / "model" / "model.json")
    spoil(about)
    canonical.write_json(tmp_path / "start" / "model.json", about)
    params(tmp_path, trained=[1])
    code, error = call(nnunet_train.stage, "--cases", trained_nnunet / "prepared", "--params",
                       tmp_path / "params.yaml", "--device", "cpu", "--state", tmp_path / "state",
                       "--curves", tmp_path / "c.csv", "--start", tmp_path / "start", "--out",
                       tmp_path / "out")
    assert code == 2 and said in error and len(error.strip().splitlines()) == 1
    assert not (tmp_path / "out").exists()


def test_weights_of_another_preset_are_refused(trained_nnunet, call, tmp_path):
    content = yaml.safe_load(params(tmp_path, trained=[0]).read_text())
    content["segmentation"]["presets"]["quick"]["nnunet"]["plan"]["features"] = 8
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(content))
    for name in ("s0", "s1", "s2", "s3"):
        for kind in ("image", "mask"):
            (tmp_path / f"{name}_{kind}.nii.gz").symlink_to(trained_nnunet / f"{name}_{kind}.nii.gz")
    (tmp_path / "manifest.csv").write_bytes((trained_nnunet / "manifest.csv").read_bytes())
    assert call(nnunet_prepare.stage, *prepare_arguments(tmp_path))[0] == 0
    code, error = call(nnunet_train.stage, *train_arguments(tmp_path), "--start",
                       trained_nnunet / "model")
    assert code == 2 and "holds no weights for this network" in error.splitlines()[-1]
    assert not (tmp_path / "model").exists()
