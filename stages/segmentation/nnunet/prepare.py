"""Turn a cohort into what nnU-Net trains on: fingerprint, plans, folds and preprocessed cases.

Writes OUT/dataset.json, OUT/dataset_fingerprint.json, OUT/plans.json, OUT/splits_final.json (as
nnU-Net names them), OUT/cases.csv, OUT/source.json (where the cohort comes from), and for each case
OUT/cases/FILE.npy (normalised image, shape (1, z, y, x)), FILE_seg.npy (labels) and
FILE.safetensors (where patches can be centred).
"""

from __future__ import annotations

import contextlib
import io
from pathlib import Path

import numpy as np
import pandas as pd
from safetensors.numpy import save
from tqdm import tqdm

from stages.common import canonical, cli, origin
from stages.common import manifest as cohort_manifest
from stages.common.columns import PATIENT, SERIES
from stages.common.errors import InputError
from stages.common.manifest import COHORT
from stages.segmentation import arrays, cases, settings
from stages.segmentation.nnunet import plan as nnunet_plan

# isort: split
from nnunetv2.utilities.plans_handling.plans_handler import PlansManager

FOLDS = 2_000_000


def patients(manifest: Path, names: list[str]) -> tuple[list[str], list[str]]:
    """Return patient and cohort of each series; a series without a patient stands for itself."""
    table = cohort_manifest.read(manifest, (COHORT,)).set_index(SERIES).loc[names]
    owners = table[PATIENT] if PATIENT in table.columns else [""] * len(names)
    return [owner or name for owner, name in zip(owners, names)], table[COHORT].tolist()


def folds(names: list[str], owners: list[str], groups: list[str], count: int,
          seed: int) -> list[dict]:
    """Divide the cases by patient, as evenly as patients can be dealt out.

    Cohort by cohort, the first one first: its patients have the same fold in every training set that
    begins with it. So a network that goes on from the weights of another one is validated on patients
    that neither has seen.

    Parameters
    ----------
    names, owners, groups : list of str
        Cases, their patients and their cohorts, in the order of the training set.
    count : int
        Folds.
    seed : int
        Of the order in which patients are dealt.

    Returns
    -------
    list of dict
        ``train`` and ``val`` names of each fold.

    Raises
    ------
    InputError
        If there are fewer patients than folds.
    """
    distinct = set(owners)
    if len(distinct) < count:
        raise InputError(f"{len(distinct)} patients cannot be divided into {count} folds",
                         "training.folds", "take more patients or fewer folds")
    place: dict[str, int] = {}
    for number, group in enumerate(dict.fromkeys(groups)):
        own = sorted({owner for owner, one in zip(owners, groups) if one == group} - set(place))
        random = np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, FOLDS, number])))
        for index in random.permutation(len(own)):
            place[own[index]] = len(place) % count
    pairs = sorted(zip(names, owners))
    return [{"train": [name for name, owner in pairs if place[owner] != fold],
             "val": [name for name, owner in pairs if place[owner] == fold]}
            for fold in range(count)]


def preprocess(image, mask, plans: dict, about: dict):
    """Preprocess one case as nnU-Net does.

    Returns
    -------
    image : ndarray of float32, shape (1, z, y, x)
        Normalised and resampled.
    labels : ndarray of int8, shape (1, z, y, x)
        0 background, 1 liver, 2 lesion, -1 outside of the image's non-zero part.
    places : dict
        For each label an array of int64, shape (n, 4): indices into ``labels``.
    """
    manager = PlansManager(plans)
    configuration = manager.get_configuration(nnunet_plan.CONFIGURATION)
    properties = {"spacing": nnunet_plan.spacing(image)}
    data, labels = configuration.preprocessor_class(verbose=False).run_case_npy(
        nnunet_plan.as_array(image), nnunet_plan.as_array(mask), properties, manager,
        configuration, about)
    places = {str(label): np.asarray(where, np.int64).reshape(-1, 4)
              for label, where in properties["class_locations"].items()}
    return data.astype(np.float32), labels, places


def write_cases(chosen: list[cases.Case], plans: dict, about: dict, out: Path) -> pd.DataFrame:
    """Preprocess and write all cases; return the rows of ``cases.csv``."""
    rows = []
    for case in tqdm(chosen, "preprocessing"):
        with contextlib.redirect_stdout(io.StringIO()):
            data, labels, places = preprocess(*cases.pair(case), plans, about)
        arrays.write(out / "cases" / f"{case.file}.npy", np.ascontiguousarray(data))
        arrays.write(out / "cases" / f"{case.file}_seg.npy", np.ascontiguousarray(labels))
        canonical.write_bytes(out / "cases" / f"{case.file}.safetensors", save(places))
        counts = np.bincount(np.maximum(labels, 0).ravel(), minlength=3)
        rows.append([case.file, *counts.tolist()])
    return pd.DataFrame(rows, columns=["File", "background", "liver", "lesion"])


def stage() -> None:
    """Command line."""
    parser = cli.parser("stages.segmentation.nnunet.prepare", __doc__)
    parser.add_argument("--manifest", type=Path, required=True, help="cohort manifest (CSV)")
    parser.add_argument("--training-set", required=True,
                        help="which cohorts to train on: a set of segmentation.training_sets")
    parser.add_argument("--part", nargs="+", default=["train"], help="parts (default: train)")
    parser.add_argument("--params", type=Path, required=True)
    parser.add_argument("--preset", help="segmentation preset (default: segmentation.preset)")
    parser.add_argument("--out", type=Path, required=True, help="folder of prepared cases")
    options = parser.parse_args()
    preset = settings.load_nnunet(options.params, options.preset)
    cohorts = settings.training_cohorts(options.params, options.training_set)
    chosen = cases.select(options.manifest, cohorts, options.part)
    names = [case.file for case in chosen]
    owners, groups = patients(options.manifest, names)
    order = sorted(range(len(names)), key=lambda index: cohorts.index(groups[index]))
    names, owners, groups = ([column[index] for index in order] for column in (names, owners, groups))
    splits = folds(names, owners, groups, preset.nnunet.training.folds, preset.seed)
    about = nnunet_plan.dataset(len(chosen))
    with tqdm(total=len(chosen), desc="fingerprint") as bar:
        def pair(number):
            bar.update()
            return cases.pair(chosen[number])
        marks = nnunet_plan.fingerprint(len(chosen), pair, preset.nnunet.plan.intensity_voxels)
    plans = nnunet_plan.plans(marks, about, preset.nnunet.plan)
    table = write_cases(chosen, plans, about, options.out)
    for name, content in {"dataset": about, "dataset_fingerprint": marks, "plans": plans,
                          "splits_final": splits}.items():
        canonical.write_json(options.out / f"{name}.json", content)
    canonical.write_csv(options.out / "cases.csv", table)
    origin.write(options.out, origin.read(options.manifest.parent))


if __name__ == "__main__":
    cli.main(stage)
