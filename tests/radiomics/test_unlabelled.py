"""Features for prediction: what cannot be measured is told for each series, never a traceback."""

import numpy as np
import pandas as pd
import SimpleITK as sitk

from stages.common import canonical
from stages.radiomics import unlabelled
from tests.radiomics.conftest import SERIES

OPTIONS = ("--record", "record.jsonl", "--failed", "failed.json", "--out", "plain")


def test_a_part_of_which_no_series_can_be_measured(run, cohort):
    """Every mask reaches into padding; a network's is nothing that a user can correct."""
    for name in SERIES:
        image = sitk.ReadImage(str(cohort / "images" / name))
        values = np.full(image.GetSize()[::-1], -3000, np.int16)
        mask = sitk.GetImageFromArray(np.full(values.shape, 2, np.uint8))
        for volume, folder in ((sitk.GetImageFromArray(values), "images"), (mask, "masks")):
            volume.CopyInformation(image)
            sitk.WriteImage(volume, str(cohort / folder / name))
    listed = pd.read_csv("manifest.csv")[["File"]]
    listed["image"], listed["mask"] = "images/" + listed["File"], "masks/" + listed["File"]
    listed.to_csv("manifest.csv", index=False)
    run(unlabelled, *OPTIONS, "--drawn")
    failed = canonical.read_json("failed.json")
    assert sorted(failed) == sorted(SERIES)
    assert all("lie in padding" in why and "; the network drew the mask: see" in why
               and "correct the mask" not in why for why in failed.values())
    for name in ("features.csv", "excluded.csv"):
        assert pd.read_csv(cohort / "plain" / name).empty
    # Of a mask that the user gave: correct it.
    run(unlabelled, *OPTIONS)
    assert all("; correct the mask, or " in why for why in canonical.read_json("failed.json").values())
