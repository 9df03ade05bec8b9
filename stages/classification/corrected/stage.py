"""Corrected protocol: no leakage, everything chosen inside patient-grouped folds, many seeds.

Patient-grouped stratified folds; standardisation, LASSO selection and hyper-parameters learnt
inside each fold; the mean of the fold models as the ensemble; thresholds from held-out training
series; intervals from a bootstrap over patients; calibration, decision curve, permutation test of
the whole procedure, and comparison with the trivial model and with tumour volume alone.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from stages.classification import data, models, workers
from stages.classification.corrected import permutation as corrected_permutation
from stages.classification.corrected import summary as corrected_summary
from stages.classification.corrected.fit import Outcome, Problem, candidates, run
from stages.classification.parameters import Corrected, read_corrected
from stages.classification.volume import volume_mm3
from stages.common import canonical, cli
from stages.common.columns import FEATURES, GROUP, SPACING, VOXELS
from stages.common.errors import InputError

# What a column that told biopsies from cfDNA would be called.
_SAMPLING = re.compile(r"biops|cf_?dna|sampl|tissue|assay|source", re.IGNORECASE)


def make_problem(table: pd.DataFrame, target: str, source: str) -> Problem:
    """Return the arrays of the analysis.

    Parameters
    ----------
    table : DataFrame
        Canonical cohort table; every group but ``test`` trains.
    target : str
        Column on which the selection regresses.
    source : str
        The file, for error messages.

    Raises
    ------
    InputError
        If a patient stands in both parts, or a part holds one class only.
    """
    train, test = data.train_and_test(table)
    shared = sorted(set(train.patients) & set(test.patients))
    if shared:
        raise InputError(f"patient {shared[0]} has training and test series", source,
                         f"give all series of a patient the same '{GROUP}'")
    for name, part in (("training", train), ("test", test)):
        if len(np.unique(part.label)) < 2:
            raise InputError(f"the {name} part holds fewer than two classes", source,
                             f"move patients of the missing class there ('{GROUP}')")
    volume = np.log10(volume_mm3(table, source))[:, None]
    held = (table[GROUP] == "test").to_numpy()
    inputs = {"radiomics": (train.features.to_numpy(dtype=float),
                            test.features.to_numpy(dtype=float)),
              "volume": (volume[~held], volume[held])}
    return Problem(inputs, train.label, train.target(target).astype(float), train.patients,
                   train.studies, test.label, test.patients, test.studies)


def _run(task: tuple[Problem, Corrected, int, bool]) -> dict:
    problem, settings, seed, permute = task
    if not permute:
        return run(problem, settings, seed)
    dealt = corrected_permutation.permuted(problem, np.random.default_rng(seed))
    return {model: corrected_permutation.statistics(dealt, outcome)
            for model, outcome in run(dealt, settings, seed).items()}


def carry_out(problem: Problem, settings: Corrected) -> tuple[list[dict[str, Outcome]], list[dict]]:
    """Return the runs on the real labels and the statistics of those on permuted ones."""
    real, permuted = settings.seeds.values(), settings.permutations.values()
    tasks = [(problem, settings, seed, seeds is permuted)
             for seeds in (real, permuted) for seed in seeds]
    results = list(workers.spread(_run, tasks, "run"))
    return results[:len(real)], results[len(real):]


def numbers(splits: Sequence[data.Split]) -> dict:
    """Return how many series, studies and patients each part holds, by class."""
    found = {}
    for name, part in zip(("training", "test"), splits):
        mixed = [len(np.unique(part.label[part.patients == patient])) > 1
                 for patient in np.unique(part.patients)]
        found[name] = {
            "series": len(part.label), "positive_series": int(part.label.sum()),
            "studies": len(np.unique(part.studies)), "patients": len(mixed),
            "patients_with_positives": len(np.unique(part.patients[part.label == 1])),
            "patients_with_negatives": len(np.unique(part.patients[part.label == 0])),
            "patients_with_both": sum(mixed)}
    return found


def stage() -> None:
    """Command line."""
    parser = data.parser("stages.classification.corrected.stage", __doc__, protocol=False)
    parser.add_argument("--out", type=Path, required=True, help="folder for the tables (CSV)")
    parser.add_argument("--summary", type=Path, required=True, help="scores and tests (JSON)")
    options = parser.parse_args()
    settings = read_corrected(options.params)
    for name, model in settings.models.items():
        for _, point in candidates(model):
            models.check(model.model, {**model.fixed, **point},
                         f"classification.corrected.models.{name}", options.params)
    table = data.read_table(options.table, (VOXELS, SPACING))
    problem = make_problem(table, settings.target, options.table)
    splits = data.train_and_test(table)
    runs, permuted = carry_out(problem, settings)
    summary = {"run": data.run_of(options, "corrected"), "numbers": numbers(splits),
               "seeds": len(runs), "models": corrected_summary.chosen(runs),
               "sampling_type_columns": [name for name in table if _SAMPLING.search(name)]}
    tables = {}
    for part, scored in corrected_summary.parts(problem, runs, settings.thresholds).items():
        found, pairs, by_seed = corrected_summary.scores(scored, settings.bootstrap,
                                                            fresh=part == "test")
        reliability, decision = corrected_summary.curves(scored, settings)
        summary[part] = {"scores": found, "differences": pairs,
                         "calibration": corrected_summary.calibration(scored)}
        for name, frame in (("seeds", by_seed), ("reliability", reliability),
                            ("decision", decision)):
            frame.insert(0, "part", part)
            tables.setdefault(name, []).append(frame)
    summary["permutation"], statistics = corrected_summary.permutation(problem, runs, permuted)
    tables["permutation"] = [statistics]
    tables["predictions"] = [corrected_summary.predictions(
        problem, runs, settings.seeds.values(), splits)]
    tables["selection"] = [corrected_summary.selection(runs, settings, FEATURES)]
    for name, frames in tables.items():
        canonical.write_csv(options.out / f"{name}.csv", pd.concat(frames))
    canonical.write_json(options.summary, summary)


if __name__ == "__main__":
    cli.main(stage)
