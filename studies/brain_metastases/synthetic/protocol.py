"""The paper's protocol and the corrected one, on features of a frozen network.

All is done for many label vectors beside each other: those of a null twin are dealt anew on the same
features. Folds are dealt once for all of them, so each label vector must have its share in every fold.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np

from stages.patches import folds, head, scores


@dataclass(frozen=True)
class Said:
    """What was said of slices by models that had not learnt from them.

    Attributes
    ----------
    described, nested : ndarray, shape (n, C)
        Probabilities at the epoch with the best accuracy on the scored fold, and at the one with the
        best accuracy on the other folds, each held out in turn.
    fold : ndarray of int, shape (n,)
    """

    described: np.ndarray
    nested: np.ndarray | None
    fold: np.ndarray


def hits(curve: np.ndarray, labels: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Return the share of right answers on some rows after each epoch, shape (epochs, C)."""
    return ((curve[:, rows] > 0.5) == (labels[rows] == 1)).mean(axis=1)


def crossed(features: np.ndarray, labels: np.ndarray, fold: np.ndarray, settings: head.Head,
            nested: bool = True) -> Said:
    """Cross-validate the last layer.

    Parameters
    ----------
    features : ndarray, shape (n, f)
    labels : ndarray of int, shape (n, C)
    fold : ndarray of int, shape (n,)
        From 0. The folds besides the scored one choose the epoch, each held out in turn: one model
        without two folds serves both of them.
    settings : Head
    nested : bool
        Whether the epoch is chosen in this way too.
    """
    count = fold.max() + 1
    described, chosen = np.empty(labels.shape), np.empty(labels.shape)
    inner = np.zeros((count, settings.epochs, labels.shape[1]))
    for pair in combinations(range(count), 2) if nested else ():
        curve = _without(features, labels, ~np.isin(fold, pair), settings)
        for scored, choosing in (pair, pair[::-1]):
            inner[scored] += hits(curve, labels, fold == choosing)
    for scored in range(count):
        outside = fold == scored
        curve = _without(features, labels, ~outside, settings)
        for kept, right in ((described, hits(curve, labels, outside)), (chosen, inner[scored])):
            best = right.argmax(axis=0)
            kept[outside] = np.take_along_axis(curve[:, outside], best[None, None], axis=0)[0]
    return Said(described, chosen if nested else None, fold)


def _without(features, labels, inside, settings) -> np.ndarray:
    rows = np.flatnonzero(inside)
    return head.curve(head.products(features, rows), labels, rows, settings)


def vendor_out(features: np.ndarray, labels: np.ndarray, patients: np.ndarray, vendors: np.ndarray,
               inner: int, settings: head.Head, generator: np.random.Generator) -> Said:
    """Learn without the patients of one vendor, and predict those; for each vendor in turn.

    The epoch is chosen by folds of the other vendors' patients. A vendor with fewer than two patients
    of a class is not predicted.

    Parameters
    ----------
    features : ndarray, shape (n, f)
    labels, patients, vendors : ndarray, shape (n,)
    inner : int
        Folds that choose the epoch.
    settings : Head
    generator : Generator

    Returns
    -------
    Said
        ``fold`` is the vendor's number, -1 for patients that were not predicted.
    """
    found, fold = np.full((len(labels), 1), np.nan), np.full(len(labels), -1)
    for number, vendor in enumerate(sorted(set(vendors))):
        outside = vendors == vendor
        counts = [len(set(patients[(labels == label) & outside])) for label in (0, 1)]
        if min(counts) < 2:
            continue
        rows, own = np.flatnonzero(~outside), labels[:, None]
        dealt = np.full(len(labels), -1)
        dealt[rows] = folds.grouped(labels[rows], patients[rows], inner, generator)
        right = sum(hits(_without(features, own, (dealt >= 0) & (dealt != one), settings), own,
                         dealt == one) for one in range(inner))
        curve = _without(features, own, ~outside, settings)
        found[outside] = curve[int(right.argmax()), outside]
        fold[outside] = number
    return Said(found, found, fold)


def by_fold(labels: np.ndarray, said: np.ndarray, fold: np.ndarray) -> tuple[float, float]:
    """Return area and accuracy as the paper has them: of slices, mean over the folds."""
    found = [(scores.auc(labels[fold == one], said[fold == one]),
              scores.accuracy(labels[fold == one], said[fold == one])) for one in sorted(set(fold))
             if one >= 0]
    return tuple(np.mean(found, axis=0))
