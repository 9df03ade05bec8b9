"""Small cohorts on disk."""

import numpy as np
import pytest
import yaml

from stages.common import canonical, nifti
from tests.parameters import whole
from tests.segmentation.tiny_networks import TINY
from tests.segmentation.volumes import AFFINE, box, draw


@pytest.fixture
def cohort(tmp_path):
    """Three scans: two lesions, one lesion, none. Returns the manifest's path."""
    random, rows = np.random.default_rng(3), []
    masks = {"a": box((20, 18, 10), ((4, 4, 2), (8, 8, 5)), ((12, 10, 4), (15, 14, 8))),
             "b": box((20, 18, 10), ((6, 6, 3), (12, 12, 7))), "c": box((20, 18, 10))}
    for name, mask in masks.items():
        nifti.write(tmp_path / f"{name}_mask.nii.gz", nifti.Volume(mask, AFFINE))
        nifti.write(tmp_path / f"{name}.nii.gz", nifti.Volume(draw(random, mask), AFFINE))
        rows.append([name, "lits" if name == "a" else "sclc", "test", f"{name}.nii.gz",
                     f"{name}_mask.nii.gz"])
    manifest = tmp_path / "manifest.csv"
    columns = ["File", "Cohort", "Segmentation", "image", "mask"]
    canonical.write_bytes(manifest, canonical.csv_bytes(columns, rows))
    return manifest


@pytest.fixture
def call(monkeypatch, capsys):
    """Run a stage as its command line does; return exit code and standard error."""
    from stages.common import cli

    def run(stage, *arguments):
        monkeypatch.setattr("sys.argv", ["stage", *(str(argument) for argument in arguments)])
        try:
            cli.main(stage)
            code = 0
        except SystemExit as stop:
            code = stop.code
        return code, capsys.readouterr().err
    return run


@pytest.fixture
def tiny(tmp_path):
    """A params.yaml with the preset ``tiny``."""
    def write(**changes):
        content = whole()
        content["segmentation"] |= {"preset": "tiny", "presets": {"tiny": TINY | changes}}
        path = tmp_path / "params.yaml"
        path.write_text(yaml.safe_dump(content))
        return path
    write()
    return write


@pytest.fixture
def prepared(cohort, tiny, tmp_path, call):
    """Cases that are prepared for the tiny networks. Returns the folder above them."""
    from stages.segmentation import prepare

    assert call(prepare.stage, "--manifest", cohort, "--part", "test", "--params",
                tmp_path / "params.yaml", "--out", tmp_path / "prepared")[0] == 0
    return tmp_path


@pytest.fixture
def nnunet(tmp_path, call):
    """Cases that are prepared for a tiny nnU-Net. Returns their folder."""
    from stages.segmentation.nnunet import prepare as nnunet_prepare
    from tests.segmentation import tiny_nnunet as tiny

    tiny.scans(tmp_path)
    tiny.params(tmp_path)
    assert call(nnunet_prepare.stage, *tiny.prepare_arguments(tmp_path))[0] == 0
    return tmp_path


@pytest.fixture(scope="session")
def trained_nnunet(tmp_path_factory):
    """A model that is trained once for all tests that only use one. Returns its folder."""
    from stages.segmentation.nnunet import prepare as nnunet_prepare
    from stages.segmentation.nnunet import train as nnunet_train
    from tests.segmentation import tiny_nnunet as tiny

    folder = tmp_path_factory.mktemp("trained")
    tiny.scans(folder)
    tiny.params(folder)
    with pytest.MonkeyPatch.context() as patch:
        for stage, arguments in ((nnunet_prepare.stage, tiny.prepare_arguments(folder)),
                                 (nnunet_train.stage, tiny.train_arguments(folder))):
            patch.setattr("sys.argv", ["stage", *map(str, arguments)])
            stage()
    return folder
