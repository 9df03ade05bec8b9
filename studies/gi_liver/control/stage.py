"""Both protocols on public features of colorectal liver metastases, one lesion for each patient.

Radiomics of radMLBench (Demircioglu 2024): the features of the tumour on the original image, 105 of
them, with the outcome that the table has. The question is not the paper's; the features are real.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from stages.common import canonical, cli
from stages.common.errors import InputError
from stages.prediction import judge
from stages.prediction.lesions import LABEL, LESION, PATIENT, lesions
from stages.prediction.parameters import as_tuned, read_corrected, read_models
from studies.gi_liver.synthetic import replay
from studies.gi_liver.synthetic.paper import Protocol
from studies.gi_liver.synthetic.parameters import read_paper, read_preset, read_samplers

ID, TARGET, SIZE = "ID", "Target", "original_shape_VoxelVolume"
AGAIN = "remove it and fetch it again (stages.cohort.fetch_pinned)"


def read(files: Path, folder: Path, name: str) -> pd.DataFrame:
    """Return the lesions of a pinned table: `PATIENT`, `LESION`, `LABEL` and its features.

    Raises
    ------
    InputError
        If the table is not pinned or missing, has another content, or lacks a column.
    """
    pinned = canonical.read_csv(files, ("name", "prefix", "file", "sha256")).set_index("name")
    if name not in pinned.index:
        raise InputError(f"has no table {name}", files, f"valid: {', '.join(pinned.index)}")
    about = pinned.loc[name]
    path = folder / about["file"]
    if not path.is_file():
        raise InputError("no such file", path, "fetch it (stages.cohort.fetch_pinned)")
    if canonical.sha256(path) != about["sha256"]:
        raise InputError("has another SHA-256 than the one it is pinned by", path, AGAIN)
    table = canonical.read_csv(path, (ID, TARGET), dtype={ID: str})
    kept = [column for column in table if column.startswith(about["prefix"])]
    if not kept:
        raise InputError(f"has no feature that starts with {about['prefix']}", path,
                         f"correct the prefix in {files}")
    features = table[kept].rename(columns=lambda column: column.replace(about["prefix"], "original_"))
    head = pd.DataFrame({PATIENT: table[ID], LESION: "1", LABEL: table[TARGET].astype(str)})
    return pd.concat([head, features], axis=1)


def stage() -> None:
    """Command line."""
    parser = cli.parser("studies.gi_liver.control.stage", __doc__)
    parser.add_argument("--params", type=Path, required=True)
    parser.add_argument("--files", type=Path, required=True, help="the pinned tables (CSV)")
    parser.add_argument("--folder", type=Path, required=True, help="where they are")
    parser.add_argument("--name", required=True, help="of the table")
    parser.add_argument("--out", type=Path, required=True, help="what both protocols say (JSON)")
    options = parser.parse_args()
    settings, preset = read_corrected(options.params), read_preset(options.params)
    models = read_models(options.params)
    protocol = Protocol(models, read_samplers(options.params), read_paper(options.params),
                        preset.tuning_folds)
    found = lesions(read(options.files, options.folder, options.name), options.folder)
    canonical.write_json(options.out, {
        "paper": replay.replay(found, protocol, preset),
        "corrected": judge.judge(found, settings, as_tuned(models, settings), SIZE)})


if __name__ == "__main__":
    cli.main(stage)
