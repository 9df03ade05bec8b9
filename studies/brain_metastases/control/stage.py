"""Can SCLC be told from NSCLC by features of brain metastases of other, public patients?

Radiomics, measured shape and, as the nuisance, the scanner alone: area under the ROC curve of a
nested procedure with its interval over patients, its P, and the smallest area that would be found.
"""

from __future__ import annotations

from pathlib import Path
from statistics import NormalDist

import numpy as np
from threadpoolctl import threadpool_limits

from stages.classification.corrected.permutation import p_value
from stages.common import canonical, cli
from studies.brain_metastases.control import patients, procedure
from studies.brain_metastases.control.parameters import Control, read_control

NORMAL = NormalDist()


def measure(held: patients.Patients, settings: Control) -> dict:
    """Carry out the procedure on one kind of features.

    Returns
    -------
    dict
        ``AUC``, ``low``, ``high`` (normal, jackknife over patients of the whole procedure, within 0
        and 1), ``P`` (one-sided, labels dealt anew), ``null_sd``, and ``smallest_detectable``, the
        area that a one-sided test finds with the power that is asked for.
    """
    generator, count = np.random.default_rng(settings.seed), len(held.label)
    dealt = [generator.permutation(held.label) for _ in range(settings.permutations)]
    labels = np.column_stack([held.label, *dealt]).astype(float)
    seeds = range(settings.seeds)
    found = procedure.area(held.features, labels, settings, seeds)
    error = procedure.jackknife(np.array([
        procedure.area(held.features, labels[:, :1], settings, seeds[:settings.jackknife_seeds], out)[0]
        for out in range(count)]))
    half = NORMAL.inv_cdf((1 + settings.level) / 2) * error
    spread = float(found[1:].std())
    return {"patients": count, "positive": int(held.label.sum()),
            "features": held.features.shape[1], "AUC": float(found[0]), "se": error,
            "low": max(0.0, float(found[0]) - half), "high": min(1.0, float(found[0]) + half),
            "P": p_value(found[0], found[1:]), "null_mean": float(found[1:].mean()),
            "null_sd": spread,
            "smallest_detectable": 0.5 + spread * (NORMAL.inv_cdf(1 - settings.alpha)
                                                   + NORMAL.inv_cdf(settings.power))}


def stage() -> None:
    """Command line."""
    parser = cli.parser("studies.brain_metastases.control.stage", __doc__)
    parser.add_argument("--params", type=Path, required=True)
    parser.add_argument("--files", type=Path, required=True, help="the pinned files (CSV)")
    parser.add_argument("--folder", type=Path, required=True, help="where the files are")
    parser.add_argument("--out", type=Path, required=True, help="areas and tests (JSON)")
    options = parser.parse_args()
    settings = read_control(options.params)
    radiomics, measured = patients.read(options.files, options.folder)
    found = patients.lesions(measured, (settings.positive, settings.negative), options.folder)
    makers = found.groupby([patients.PRIMARY, patients.MAKER]).size()
    with threadpool_limits(1):  # many small systems: threads would wait for each other
        sets = {name: measure(held, settings) for name, held in
                patients.sets(radiomics, found, settings.positive, options.folder).items()}
    canonical.write_json(options.out, {
        "sets": sets, "permutations": settings.permutations,
        "makers": {primary: makers[primary].to_dict() for primary in makers.index.levels[0]}})


if __name__ == "__main__":
    cli.main(stage)
