"""What only a GPU does: crops drawn ahead, compiled networks, its own ends. Skipped without one."""

import dataclasses
import json

import numpy as np
import pytest
import torch

from stages.common import nifti
from stages.segmentation import batches, infer, settings, train
from tests.segmentation.tiny_networks import TINY, arguments, infer_arguments

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU")
CUDA, CPU = torch.device("cuda"), torch.device("cpu")


@pytest.fixture
def whole_memory():
    yield
    torch.cuda.set_per_process_memory_fraction(1.0)


def test_the_gpu_gets_the_crops_of_the_cpu(prepared):
    data, preset = train.Prepared(prepared / "prepared"), settings.load(prepared / "params.yaml")
    # Larger than the scans in z: what lies outside is the lower end of each window.
    preset = dataclasses.replace(preset, crops=dataclasses.replace(preset.crops, size=(8, 16, 24)))
    order = [2, 0, 1, 1, 0, 2, 0]
    pairs = list(zip(batches.batches(data, order, preset, 3, CPU),
                     batches.batches(data, order, preset, 3, CUDA), strict=True))
    assert len(pairs) == len(order)
    for (images, masks), (images_there, masks_there) in pairs:
        torch.testing.assert_close(images_there.cpu(), images, atol=1e-6, rtol=0)
        assert torch.equal(masks_there.cpu(), masks) and images_there.is_cuda


def test_training_stopped_resumed_and_used(prepared, cohort, call, monkeypatch):
    line = [*arguments(prepared), "--device", "cuda"]
    once, calls = train.validation_dice, []

    def stop_at_the_third(*given):
        calls.append(given)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return once(*given)

    monkeypatch.setattr(train, "validation_dice", stop_at_the_third)
    assert call(train.stage, *line)[0] == 130
    assert call(train.stage, *line)[0] == 0
    # 24 epochs with a validation every 4: two before the stop, four after it.
    assert len(calls) == 3 + 4
    about = json.loads((prepared / "model" / "model.json").read_text())
    assert about["result"]["best_dice"] > 0.5
    masks = {}
    for device in ("cpu", "cuda"):
        assert call(infer.stage, *infer_arguments(cohort, prepared), "--device", device)[0] == 0
        masks[device] = nifti.read(prepared / "masks" / "a.nii.gz").data
    # Half precision decides otherwise at some edges.
    assert (masks["cpu"] == masks["cuda"]).mean() > 0.97 and (masks["cuda"] == 2).any()


def test_a_gpu_out_of_memory_is_one_line(prepared, call, tiny, whole_memory):
    # A batch of 160 MB as float32 on a GPU of 80 to 140.
    tiny(crops=TINY["crops"] | {"per_image": 20_000})
    torch.cuda.empty_cache()
    torch.cuda.set_per_process_memory_fraction(1e-3)
    code, error = call(train.stage, *arguments(prepared, out="other"), "--device", "cuda")
    assert code == 2 and "the GPU's memory is too small" in error.strip().splitlines()[-1]
    assert not (prepared / "other").exists()


def test_a_layer_of_a_large_volume_is_all_that_a_gpu_holds(prepared):
    """The scores of the whole would take 12 bytes a voxel, half as many again with their weights."""
    preset = settings.load(prepared / "params.yaml")
    preset = dataclasses.replace(preset, crops=dataclasses.replace(preset.crops, size=(64, 64, 16)))
    model, image = torch.nn.Conv3d(1, 3, 1).to(CUDA), np.zeros((320, 320, 400), np.int16)
    torch.cuda.reset_peak_memory_stats()
    train.validation_dice(model, {0: (image, (image == 0).astype(np.uint8) * 2, None)}, [0], preset,
                          CUDA)
    assert torch.cuda.max_memory_allocated() < 4 * image.size
