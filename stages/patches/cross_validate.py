"""Train one network for each fold of patients; keep what it says of the patients it has not seen.

Each fold's training holds out an inner fold. The same trained networks are read twice: at the epoch
with the best accuracy on the scored fold itself (``described``, which many papers do), and at that of
the inner fold (``nested``), so that what the first choice adds is measured by itself. Writes
OUT/predictions.csv, OUT/curves.csv and, where asked, the network of each fold at the nested epoch.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from stages.common import canonical, cli
from stages.patches import folds, networks, scores, sets, settings, train

PREDICTED = (sets.SLICE, sets.LESION, sets.PATIENT, sets.LABEL, "fold", "described", "nested")


def best(curve: np.ndarray, labels: np.ndarray) -> int:
    """Return the epoch, from 0, with the best accuracy; the first of equal ones.

    Parameters
    ----------
    curve : ndarray, shape (epochs, n)
        Probabilities.
    labels : ndarray of int, shape (n,)
    """
    return int(np.argmax([scores.accuracy(labels, row) for row in curve]))


def one_fold(held: sets.Slices, outside: np.ndarray, preset: settings.Preset, inner: int, seed: int,
             weights: Path | None, device=None):
    """Train without one fold of patients.

    Parameters
    ----------
    held : Slices
    outside : ndarray of bool, shape (n,)
        The fold's slices.
    preset : Preset
    inner, seed : int
        Number of inner folds, of which the first is held out.
    weights : Path or None
        What to start from.
    device : torch.device, optional

    Returns
    -------
    curve : ndarray, shape (epochs, n)
        Probabilities of the watched slices; NaN for those that were learnt from.
    choosing : ndarray of bool, shape (n,)
        The inner fold's slices.
    model : Module
        At the epoch that the inner fold chooses.
    """
    rows = np.flatnonzero(~outside)
    dealt = folds.grouped(held.labels[rows], held.ids(sets.PATIENT)[rows], inner,
                          np.random.default_rng(seed))
    choosing = np.zeros(len(outside), bool)
    choosing[rows[dealt == 0]] = True
    watched, own, kept = choosing | outside, rows[dealt != 0], {}

    def keep(model, curve):
        said = np.array(curve)[:, choosing[watched]]
        if best(said, held.labels[choosing]) == len(curve) - 1:
            kept.update({name: value.clone() for name, value in model.state_dict().items()})

    model, said = train.fit(held.images[own], held.labels[own], preset, seed, held.images[watched],
                            weights, device, keep)
    model.load_state_dict(kept)
    curve = np.full((len(said), len(outside)), np.nan)
    curve[:, watched] = said
    return curve, choosing, model


def crossed(held: sets.Slices, preset: settings.Preset, validation: settings.CrossValidation,
            weights: Path | None, models: Path | None = None, device=None
            ) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Carry out the cross-validation.

    Parameters
    ----------
    held : Slices
    preset, validation
        See `settings`.
    weights : Path or None
        What each network starts from.
    models : Path, optional
        Folder to write the networks to.
    device : torch.device, optional

    Returns
    -------
    predictions : DataFrame
        `PREDICTED`, one row for each slice.
    curves : DataFrame
        ``fold``, ``epoch`` (from 1), accuracy on the inner (``choosing``) and the ``scored`` fold, and
        the latter's area under the curve.
    """
    labels = held.labels
    fold = folds.grouped(labels, held.ids(sets.PATIENT), validation.folds,
                         np.random.default_rng(validation.seed))
    found = {name: np.empty(len(labels)) for name in PREDICTED[-2:]}
    curves = []
    for number in range(validation.folds):
        outside = fold == number
        curve, choosing, model = one_fold(held, outside, preset, validation.inner_folds,
                                          validation.seed + number, weights, device)
        for name, chosen in (("described", outside), ("nested", choosing)):
            found[name][outside] = curve[best(curve[:, chosen], labels[chosen]), outside]
        curves += [(number, epoch, scores.accuracy(labels[choosing], row[choosing]),
                    scores.accuracy(labels[outside], row[outside]),
                    scores.auc(labels[outside], row[outside])) for epoch, row in enumerate(curve, 1)]
        if models is not None:
            networks.write(models / f"fold-{number}", model, preset.network,
                           {"channels": held.images.shape[1], "size": held.images.shape[-1]})
    table = held.table[list(PREDICTED[:4])].assign(fold=fold, **found)
    return table, pd.DataFrame(curves, columns=["fold", "epoch", "choosing", "scored", "auc"])


def stage() -> None:
    """Command line."""
    parser = cli.parser("stages.patches.cross_validate", __doc__)
    parser.add_argument("--params", type=Path, required=True)
    parser.add_argument("--slices", type=Path, required=True, help="the set of slices (folder)")
    parser.add_argument("--preset", help="of patches.presets (default: patches.preset)")
    parser.add_argument("--weights", type=Path,
                        help="what to start from, where the preset names no file: safetensors, or the "
                             "wheel of a package with a .pth file")
    parser.add_argument("--device", choices=("auto", "cpu", "cuda"), default="cpu")
    parser.add_argument("--models", type=Path, help="folder for the networks")
    parser.add_argument("--out", type=Path, required=True, help="folder")
    options = parser.parse_args()
    preset = settings.load(options.params, options.preset)
    validation = settings.cross_validation(options.params)
    table, curves = crossed(sets.read(options.slices), preset, validation, options.weights,
                            options.models, train.device(options.device))
    canonical.write_csv(options.out / "predictions.csv", table)
    canonical.write_csv(options.out / "curves.csv", curves)


if __name__ == "__main__":
    cli.main(stage)
