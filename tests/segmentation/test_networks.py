"""Training, resuming, inference and baseline on tiny scans, through the command lines."""

import itertools
import json

import numpy as np
import pytest
import torch
import yaml
from safetensors.torch import load, save

from stages.common import nifti, origin
from stages.common.errors import InputError
from stages.common.parameters import section
from stages.segmentation import (
    baseline,
    checkpoint,
    crops,
    infer,
    networks,
    prepare,
    settings,
    sliding,
    train,
)
from tests.segmentation.tiny_networks import TINY, arguments, contents, infer_arguments
from tests.segmentation.volumes import AFFINE, PARAMS, draw

BASELINE = section(PARAMS, "segmentation.baseline", settings.Baseline)


def test_the_presets_of_the_parameters_build_their_networks():
    for name, preset in section(PARAMS, "segmentation.presets", dict[str, settings.Preset]).items():
        assert settings.load(PARAMS, name) == preset
        assert set(preset.networks) == {"unet", "segresnet"}
        small = torch.zeros(1, 1, 32, 32, 16)
        for network in preset.networks.values():
            with torch.inference_mode():
                assert networks.build(network)(small).shape == (1, 3, 32, 32, 16)


def test_the_sliding_window_gives_each_voxel_its_own_scores():
    """For a network that looks at single voxels, windows make no difference, wherever they lie."""
    preset = settings.load(PARAMS, "quick")
    torch.manual_seed(0)
    pointwise, image = torch.nn.Conv3d(1, 3, 1), torch.rand(70, 90, 20)
    with torch.inference_mode():
        expected = torch.softmax(pointwise(image[None, None])[0], dim=0)
    got = networks.probabilities(pointwise, image, preset)
    torch.testing.assert_close(got, expected, atol=1e-5, rtol=0)


def test_the_learning_rate_falls_where_it_should():
    presets = section(PARAMS, "segmentation.presets", dict[str, settings.Preset])
    steady, falling = (presets[name].networks["unet"] for name in ("paper", "quick"))
    assert train.learning_rate(steady, 1) == train.learning_rate(steady, 1500) == 0.0001
    rates = [train.learning_rate(falling, epoch) for epoch in range(1, falling.epochs + 1)]
    assert rates[0] == falling.learning_rate and rates == sorted(rates, reverse=True)
    assert 0 < rates[-1] < 0.05 * rates[0]


def test_no_root_is_taken_by_the_cpu_s_make(prepared, call, monkeypatch):
    """PyTorch's square root of a tensor is MKL's, whose last bit differs between CPUs."""
    asked, made = [], torch.optim.Adam
    networks.device("cpu")  # imports parts of PyTorch that name its roots
    monkeypatch.setattr(torch.optim, "Adam", lambda *given, **named: (
        asked.append(named.get("fused")), made(*given, **named))[1])
    for name in ("sqrt", "_foreach_sqrt", "_foreach_sqrt_"):
        monkeypatch.setattr(torch, name, None)
    monkeypatch.setattr(torch.Tensor, "sqrt", None)
    assert call(train.stage, *arguments(prepared, "segresnet"))[0] == 0
    assert asked == [True]


def test_training_learns_and_repeats_byte_for_byte(prepared, call):
    assert call(train.stage, *arguments(prepared))[0] == 0
    assert call(train.stage, *arguments(prepared, out="again"))[0] == 0
    assert contents(prepared / "model") == contents(prepared / "again")
    about = json.loads((prepared / "model" / "model.json").read_text())
    assert about["result"]["best_dice"] > 0.6
    assert sorted(about["result"]["training"] + about["result"]["validation"]) == ["a", "b", "c"]
    curve = (prepared / "model" / "curves.csv").read_text().splitlines()
    assert curve[0] == "epoch,loss,validation_dice" and len(curve) == 25
    assert not (prepared / "state" / checkpoint.FILE).exists()


def test_inference_keeps_the_grid_and_the_orientation_of_the_file(prepared, cohort, call):
    call(train.stage, *arguments(prepared))
    assert call(infer.stage, *infer_arguments(cohort, prepared))[0] == 0
    straight = nifti.read(prepared / "masks" / "a.nii.gz")
    image = nifti.read(prepared / "a.nii.gz")
    truth = nifti.read(prepared / "a_mask.nii.gz").data
    assert nifti.same_grid(straight, image) and straight.data.dtype == np.uint8
    both = (straight.data == 2) & (truth == 2)
    assert 2 * both.sum() / ((straight.data == 2).sum() + (truth == 2).sum()) > 0.6
    # The same scan stored from left to right and with two axes exchanged.
    affine = image.affine[:, [1, 0, 2, 3]].copy()
    affine[:3, 3] += affine[:3, 0] * (image.data.shape[1] - 1)
    affine[:3, 0] *= -1
    turned = nifti.Volume(image.data.transpose(1, 0, 2)[::-1], affine)
    nifti.write(prepared / "a.nii.gz", turned)
    call(infer.stage, *infer_arguments(cohort, prepared))
    got = nifti.read(prepared / "masks" / "a.nii.gz")
    assert nifti.same_grid(got, turned)
    np.testing.assert_array_equal(nifti.to_ras(got).data, straight.data)


def test_every_order_of_the_axes_gives_one_mask_on_the_stored_grid(prepared, cohort, call):
    call(train.stage, *arguments(prepared))
    call(infer.stage, *infer_arguments(cohort, prepared))
    image = nifti.read(prepared / "b.nii.gz")
    straight = nifti.read(prepared / "masks" / "b.nii.gz").data
    assert (straight == 2).any()
    for number, signs in enumerate(itertools.product((1, -1), repeat=3)):
        order = list(itertools.permutations(range(3)))[number % 6]
        flips = tuple(slice(None, None, sign) for sign in signs)
        affine = image.affine[:, [*order, 3]] @ np.diag([*signs, 1])
        last = np.array([image.data.shape[axis] - 1 for axis in order])
        affine[:3, 3] = image.affine[:3, 3] + image.affine[:3, order] @ (last * (np.array(signs) < 0))
        turned = nifti.Volume(image.data.transpose(order)[flips], affine)
        nifti.write(prepared / "b.nii.gz", turned, as_stored=True)
        call(infer.stage, *infer_arguments(cohort, prepared))
        got = nifti.read(prepared / "masks" / "b.nii.gz")
        assert nifti.same_grid(got, turned)
        np.testing.assert_array_equal(got.data, straight.transpose(order)[flips])


def test_a_network_that_gives_no_number_is_refused(prepared, cohort, call, monkeypatch):
    call(train.stage, *arguments(prepared))
    path = prepared / "model" / networks.WEIGHTS
    whole = path.read_bytes()
    for value in (float("nan"), float("inf")):
        bad = load(whole)
        next(iter(bad.values())).flatten()[0] = value
        path.write_bytes(save(bad))
        code, error = call(infer.stage, *infer_arguments(cohort, prepared))
        last = error.strip().splitlines()[-1]
        assert code == 2 and f"{path}: holds NaN or infinite values" in last
        assert "train the network again" in last and not (prepared / "masks").exists()
    path.write_bytes(whole)
    monkeypatch.setattr(torch, "zeros", lambda *given, **how: torch.full(*given, torch.nan, **how))
    code, error = call(infer.stage, *infer_arguments(cohort, prepared))
    assert code == 2 and "the network's output: holds NaN" in error.strip().splitlines()[-1]
    assert not (prepared / "masks").exists()


@pytest.mark.parametrize("source", ["phantom", None])
def test_a_model_says_what_it_was_trained_on(cohort, tiny, tmp_path, call, source):
    if source:
        origin.write(tmp_path, source)
    call(prepare.stage, "--manifest", cohort, "--part", "test", "--params",
         tmp_path / "params.yaml", "--out", tmp_path / "prepared")
    assert call(train.stage, *arguments(tmp_path, "segresnet"))[0] == 0
    about = json.loads((tmp_path / "model" / "model.json").read_text())
    assert about["source"] == (source or "unknown")


def test_segresnet_trains_and_predicts(prepared, cohort, call):
    assert call(train.stage, *arguments(prepared, "segresnet"))[0] == 0
    assert call(infer.stage, *infer_arguments(cohort, prepared))[0] == 0
    assert len(list((prepared / "masks").iterdir())) == 3


def test_the_baseline_finds_what_is_dark_in_what_is_bright(cohort, tiny, tmp_path, call):
    assert call(baseline.stage, "--manifest", cohort, "--params", tiny(),
                "--out", tmp_path / "masks")[0] == 0
    assert nifti.same_grid(nifti.read(tmp_path / "masks" / "b.nii.gz"),
                           nifti.read(tmp_path / "b.nii.gz"))
    distance = np.sqrt(sum((g - 20.0) ** 2 for g in np.indices((41, 41, 41))))
    truth = (distance < 16).astype(np.uint8) + (distance < 6)
    image = draw(np.random.default_rng(2), truth).astype(np.float32)
    got = baseline.predict(nifti.Volume(image, np.diag([2.0, 2, 2, 1])),
                           BASELINE)
    # Smoothing takes about a voxel off every edge.
    for label in (1, 2):
        both = ((got == label) & (truth == label)).sum()
        assert 2 * both / ((got == label).sum() + (truth == label).sum()) > 0.7
    nothing = nifti.Volume(np.full((8, 8, 8), -900.0, np.float32), AFFINE)
    assert not baseline.predict(nothing, BASELINE).any()


@pytest.mark.parametrize("change, words", [
    ("image", "a single slice"), ("label", "holds the label 5"), ("grid", "on another grid"),
    ("gone", "no such file"), ("no mask", "has no mask")])
def test_bad_cases_are_one_line(cohort, tiny, tmp_path, call, change, words):
    image = nifti.read(tmp_path / "b.nii.gz")
    if change == "image":
        for name in ("b", "b_mask"):
            nifti.write(tmp_path / f"{name}.nii.gz", nifti.Volume(image.data[:, :, :1], AFFINE))
    elif change == "label":
        nifti.write(tmp_path / "b_mask.nii.gz", nifti.Volume(np.full_like(image.data, 5), AFFINE))
    elif change == "grid":
        nifti.write(tmp_path / "b_mask.nii.gz", nifti.Volume(image.data[1:] * 0, AFFINE))
    elif change == "gone":
        (tmp_path / "b.nii.gz").unlink()
    else:
        cohort.write_text(cohort.read_text().replace("b_mask.nii.gz", ""))
    code, error = call(prepare.stage, "--manifest", cohort, "--part", "test", "--params", tiny(),
                       "--out", tmp_path / "prepared")
    assert code == 2 and words in error.strip().splitlines()[-1]


def test_nan_and_padding_become_air(tmp_path):
    from stages.segmentation import cases

    data = np.zeros((4, 4, 4), np.float32)
    data[0], data[1], data[2, 0] = np.nan, -3024, -np.inf
    nifti.write(tmp_path / "x.nii.gz", nifti.Volume(data, AFFINE))
    assert sorted(set(cases.read_image(tmp_path / "x.nii.gz").data.ravel().tolist())) == [-1024, 0]


def test_training_complaints_are_one_line(prepared, call, tiny):
    good = arguments(prepared)
    for wrong, words in [(["--network", "vnet"], "valid: segresnet, unet"),
                         (["--cases", prepared / "none"], "no such file"),
                         (["--preset", "x"], "valid: tiny")]:
        code, error = call(train.stage, *good, *wrong)
        assert code == 2 and words in error
    tiny(validation={"cases": 2, "every_epochs": 1})
    code, error = call(train.stage, *good)
    assert code == 2 and "holds 2 cases with lesions" in error


def test_prepared_cases_are_mapped_and_indexed_once(prepared, monkeypatch):
    monkeypatch.setattr(crops, "places", None)
    image, mask, where = train.Prepared(prepared / "prepared")[0]
    assert (image.dtype, mask.dtype, where.dtype) == (np.int16, np.uint8, np.uint32)
    # A plane is one piece of the file; nothing is read before it is used.
    assert image.flags.f_contiguous and mask.flags.f_contiguous and image.shape == mask.shape
    assert all(isinstance(part.base, np.memmap) for part in (image, mask, where))
    (prepared / "prepared" / "masks" / "a.npy").write_bytes(b"no array")
    with pytest.raises(InputError, match="a.npy: is no prepared case.*prepare the cases again"):
        train.Prepared(prepared / "prepared")[0]


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
@pytest.mark.parametrize("device", ["auto", "cpu"])
def test_a_preset_for_a_gpu_does_not_start_on_a_cpu(prepared, call, tiny, device, monkeypatch):
    unet = TINY["networks"]["unet"] | {"epochs": 10 ** 8}
    params = tiny(networks={"unet": unet})
    content = yaml.safe_load(params.read_text())
    content["imaging"]["device"] = device
    params.write_text(yaml.safe_dump(content))
    monkeypatch.setattr(train, "train", lambda *_: pytest.fail("started"))
    line = arguments(prepared)
    place = line.index("--device")
    code, error = call(train.stage, *line[:place], *line[place + 2:])
    last = error.strip().splitlines()[-1]
    assert code == 2 and "no GPU is used; set imaging.device to cuda" in last and str(params) in last
    with pytest.raises(pytest.fail.Exception):
        call(train.stage, *line)


def test_the_cpu_s_presets_start_and_the_paper_s_do_not():
    """By the voxels that a training puts through its networks: 121 cases of LiTS, the demo's 20."""
    for name, count, refused in (("quick", 20, False), ("paper", 121, True)):
        preset = settings.load(PARAMS, name)
        for network in preset.networks.values():
            voxels = np.prod([*preset.crops.size, preset.crops.per_image, network.epochs, count],
                             dtype=float)
            assert (voxels > networks.CPU_VOXELS) == refused


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_no_gpu_is_one_line(prepared, call):
    code, error = call(train.stage, *arguments(prepared), "--device", "cuda")
    assert code == 2 and "no GPU can be used" in error


def test_a_full_gpu_is_one_line(prepared, cohort, call, monkeypatch):
    call(train.stage, *arguments(prepared, "segresnet"))

    def full(*_, **__):
        raise torch.cuda.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(train, "epoch_loss", full)
    code, error = call(train.stage, *arguments(prepared, out="other"))
    assert code == 2 and "the GPU's memory is too small" in error.strip().splitlines()[-1]
    assert not (prepared / "other").exists()
    monkeypatch.setattr(sliding, "blocks", full)
    code, error = call(infer.stage, *infer_arguments(cohort, prepared))
    last = error.strip().splitlines()[-1]
    assert code == 2 and "too large for the GPU's memory" in last and "a.nii.gz" in last

    def unfit(*_, **__):
        raise ValueError("Expected more than 1 spatial element when training\nmore")

    monkeypatch.setattr(sliding, "blocks", unfit)
    code, error = call(infer.stage, *infer_arguments(cohort, prepared))
    last = error.strip().splitlines()[-1]
    assert code == 2 and "a.nii.gz: cannot be segmented with this network (Expected" in last


@pytest.mark.parametrize("changes, words", [
    ({"windows_hu": [[200, 100]]}, "windows_hu"),
    ({"crops": TINY["crops"] | {"size": [4, 4]}}, "size"),
    ({"inference": {"overlap": 1.0, "windows_at_once": 1}}, "overlap"),
    ({"seeds": 3}, "did you mean 'seed'")])
def test_bad_presets_are_one_line(prepared, call, tiny, changes, words):
    tiny(**changes)
    code, error = call(train.stage, *arguments(prepared))
    assert code == 2 and words in error
