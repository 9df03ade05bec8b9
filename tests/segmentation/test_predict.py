"""Series of unknown NE status are segmented apart from each other."""

import numpy as np

from stages.common import canonical, nifti
from stages.segmentation import infer, predict, train
from tests.segmentation.tiny_networks import arguments, contents, infer_arguments


def test_a_series_fails_alone_and_what_was_made_is_not_made_again(prepared, cohort, call, monkeypatch):
    assert call(train.stage, *arguments(prepared, "segresnet"))[0] == 0
    assert call(infer.stage, *infer_arguments(cohort, prepared))[0] == 0
    whole = contents(prepared / "masks")
    table = canonical.read_csv(cohort, ("File",), dtype=str, keep_default_na=False)
    table["mask"] = "found/" + table["File"] + ".nii.gz"
    canonical.write_csv(prepared / "unknown.csv", table)
    files = {name: prepared / name for name in ("kept.csv", "failed.json", "record.jsonl")}
    options = ["--manifest", prepared / "unknown.csv", "--model", prepared / "model", "--kept",
               files["kept.csv"], "--failed", files["failed.json"], "--record", files["record.jsonl"]]

    def found():
        assert call(predict.stage, *options)[0] == 0
        kept = canonical.read_csv(files["kept.csv"], ("File",), dtype=str)["File"].tolist()
        return kept, canonical.read_json(files["failed.json"]), contents(prepared / "found")
    image = nifti.read(prepared / "b.nii.gz")
    nifti.write(prepared / "b.nii.gz", nifti.Volume(image.data[:, :, :1], image.affine))
    kept, failed, masks = found()
    assert kept == ["a", "c"] and list(failed) == ["b"] and "a single slice" in failed["b"]
    assert masks == {name: mask for name, mask in whole.items() if name != "b.nii.gz"}
    nifti.write(prepared / "b.nii.gz", image)
    segmented, segment = [], infer.segment
    monkeypatch.setattr(infer, "segment",
                        lambda path, model: segmented.append(path.name) or segment(path, model))
    kept, failed, masks = found()
    assert (kept, failed, segmented) == (["a", "b", "c"], {}, ["b.nii.gz"])
    assert masks == whole and np.unique(nifti.read(prepared / "found/a.nii.gz").data).max() <= 2
    # Nothing is left to do: the network is not even read.
    monkeypatch.setattr(infer, "load", None)
    assert found()[2] == whole
