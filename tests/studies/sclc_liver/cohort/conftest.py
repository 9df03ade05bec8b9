"""A small cohort with the released columns, made here."""

import numpy as np
import pandas as pd
import pytest

from stages.common.columns import FEATURES


@pytest.fixture
def raw():
    """Nine series of five studies of four patients, as a release would hold them."""
    generator = np.random.default_rng(7)
    rows = [("P-1", "20200101", "train", 0.2), ("P-1", "20200101", "train", 0.2),
            ("P-1", "20200301", "train", -0.1), ("P-2", "20200201", "val", 0.1),
            ("P-2", "20200201", "val", 0.1), ("P-3", "20200501", "test", -0.2),
            ("P-3", "20200501", "test", -0.2), ("P-4", "20200601", "test", 0.3),
            ("P-4", "20200601", "test", 0.3)]
    table = pd.DataFrame(generator.uniform(1, 2, (len(rows), len(FEATURES))), columns=FEATURES)
    table.insert(0, "File", [f"{p}_{d}_{i}_CAP.nii.gz" for i, (p, d, _, _) in enumerate(rows)])
    for name in ("PyRadiomics", "Numpy", "SimpleITK", "PyWavelet", "Python"):
        table[f"diagnostics_Versions_{name}"] = "v1.0"
    table["diagnostics_Configuration_Settings"] = "{'resampledPixelSpacing': [1, 1, 1], 'label': 1}"
    table["diagnostics_Mask-original_Spacing"] = "(0.8, 0.8, 5.0)"
    table["diagnostics_Mask-interpolated_Spacing"] = "(1.0, 1.0, 1.0)"
    table["diagnostics_Image-original_Minimum"] = -1024
    table["diagnostics_Mask-original_VoxelNum"] = 1000
    table["diagnostics_Mask-original_VolumeNum"] = np.arange(len(rows)) + 1
    table["Num_Lesions"] = np.arange(len(rows)) + 2
    table["NE_Score"] = [score for *_, score in rows]
    table["NE_Status"] = np.where(table["NE_Score"] > 0, "positive", "negative")
    table["NE_Class"] = (table["NE_Score"] > 0).astype(int)
    table["Group"] = [group for *_, group, _ in rows]
    return table
