"""The paper's protocol and the corrected one, on features of a frozen network."""

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
    described, nested : ndarray, shape (n,)
        Probabilities at the epoch with the best accuracy on the scored fold, and at the one with the
        best accuracy on the other folds, each held out in turn.
    fold : ndarray of int, shape (n,)
    """

    described: np.ndarray
    nested: np.ndarray | None
    fold: np.ndarray


def hits(curve: np.ndarray, labels: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Return the share of right answers on some rows after each epoch, shape (epochs,)."""
    return ((curve[:, rows] > 0.5) == (labels[rows] == 1)).mean(axis=1)


def crossed(features: np.ndarray, labels: np.ndarray, fold: np.ndarray, settings: head.Head,
            nested: bool = True) -> Said:
    """Cross-validate the last layer.

    Parameters
    ----------
    features : ndarray, shape (n, f)
    labels : ndarray of int, shape (n,)
    fold : ndarray of int, shape (n,)
        From 0. The folds besides the scored one choose the epoch, each held out in turn: one model
        without two folds serves both of them.
    settings : Head
    nested : bool
        Whether the epoch is chosen in this way too.
    """
    count = fold.max() + 1
    described, chosen = np.empty(len(labels)), np.empty(len(labels))
    inner = np.zeros((count, settings.epochs))
    pairs = list(combinations(range(count), 2)) if nested else []
    for pair, curve in zip(pairs, _without(features, labels, fold, pairs, settings)):
        for scored, choosing in (pair, pair[::-1]):
            inner[scored] += hits(curve, labels, fold == choosing)
    single = [(scored,) for scored in range(count)]
    for (scored,), curve in zip(single, _without(features, labels, fold, single, settings)):
        outside = fold == scored
        described[outside] = curve[hits(curve, labels, outside).argmax(), outside]
        chosen[outside] = curve[inner[scored].argmax(), outside]
    return Said(described, chosen if nested else None, fold)


def _without(features, labels, fold, left_out: list[tuple[int, ...]], settings):
    """Train without some folds, for each such tuple of folds."""
    rows = [np.flatnonzero(~np.isin(fold, out)) for out in left_out]
    return head.curves(features, labels, rows, settings) if rows else ()


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
    found, fold = np.full(len(labels), np.nan), np.full(len(labels), -1)
    for number, vendor in enumerate(sorted(set(vendors))):
        outside = vendors == vendor
        counts = [len(set(patients[(labels == label) & outside])) for label in (0, 1)]
        if min(counts) < 2:
            continue
        rows = np.flatnonzero(~outside)
        dealt = np.full(len(labels), inner)
        dealt[rows] = folds.grouped(labels[rows], patients[rows], inner, generator)
        # The vendor's own slices have a number behind those of the folds: left out each time.
        choosing = _without(features, labels, dealt, [(one, inner) for one in range(inner)], settings)
        right = sum(hits(curve, labels, dealt == one) for one, curve in enumerate(choosing))
        curve, = _without(features, labels, dealt, [(inner,)], settings)
        found[outside] = curve[int(right.argmax()), outside]
        fold[outside] = number
    return Said(found, found, fold)


def by_fold(labels: np.ndarray, said: np.ndarray, fold: np.ndarray) -> tuple[float, float]:
    """Return area and accuracy as the paper has them: of slices, mean over the folds."""
    found = [(scores.auc(labels[fold == one], said[fold == one]),
              scores.accuracy(labels[fold == one], said[fold == one])) for one in sorted(set(fold))
             if one >= 0]
    return tuple(np.mean(found, axis=0))
