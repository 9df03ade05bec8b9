"""Which lesions were found: components of two masks and how they are matched.

Three rules:

``overlap``
    A lesion is found when more than ``threshold`` of its voxels are covered by predicted lesions
    of any number; a predicted lesion is a false positive unless more than ``threshold`` of its
    own voxels lie in reference lesions. With ``threshold`` 0 one voxel suffices.
``iou``
    Pairs, one to one, in the order of falling intersection over union (ties: lower numbers first)
    as long as it exceeds ``threshold``; what has no partner is missed, or a false positive.
``centroid``
    A lesion is found when the centre of mass (nearest voxel) of a predicted lesion lies in it; a
    predicted lesion whose centre lies in none is a false positive.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import cc3d
import numpy as np

from stages.segmentation.compared import Detection

RULES = ("overlap", "iou", "centroid")
CONNECTIVITIES = (6, 18, 26)


@dataclass(frozen=True)
class Matched:
    """The lesions of one scan.

    Attributes
    ----------
    reference_voxels : ndarray of int, shape (n,)
        Sizes of the reference lesions.
    found : ndarray of bool, shape (n,)
        Whether each one was detected.
    dice : ndarray of float, shape (n,)
        Dice of each one with the predicted lesions it is matched to; 0 where missed.
    predicted_voxels : ndarray of int, shape (m,)
        Sizes of the predicted lesions.
    false : ndarray of bool, shape (m,)
        Whether each one is a false positive.
    scan_dice : float or None
        Dice of all lesion voxels; None where neither mask has any.
    iou : ndarray of float, shape (n,)
        Intersection over union of each reference lesion with the predicted one that the rule ``iou``
        pairs it with at threshold 0; 0 where there is none. A lesion is found at every threshold below
        its value: the mean is the area under the curve of the sensitivity over all thresholds.
    """

    reference_voxels: np.ndarray
    found: np.ndarray
    dice: np.ndarray
    predicted_voxels: np.ndarray
    false: np.ndarray
    scan_dice: float | None
    iou: np.ndarray


def match(reference: np.ndarray, predicted: np.ndarray, settings: Detection) -> Matched:
    """Match the lesions of two masks.

    Parameters
    ----------
    reference, predicted : ndarray of bool, same three-dimensional shape
        Lesion voxels.
    settings : Detection
        Connectivity, rule and threshold.
    """
    return match_all(reference, predicted, {"": settings})[""]


def match_all(reference: np.ndarray, predicted: np.ndarray,
              rules: dict[str, Detection]) -> dict[str, Matched]:
    """Match the lesions of two masks (see `match`) by several rules, each under its name."""
    masks = _crop(reference, predicted)
    parts = {connectivity: tuple(_components(mask, connectivity) for mask in masks)
             for connectivity in {one.connectivity for one in rules.values()}}
    return {name: _judged(*parts[one.connectivity], one) for name, one in rules.items()}


def _judged(truth, guess, settings):
    """Match the numbered components of two masks."""
    table = overlaps(truth, guess)
    inner = table[1:, 1:]
    sizes, guesses = table[1:].sum(axis=1), table[:, 1:].sum(axis=0)
    paired = _pairs(inner, sizes, guesses, 0.0)
    iou = np.where(paired, inner / np.maximum(sizes[:, None] + guesses - inner, 1), 0.0)
    if settings.rule == "iou":
        links = _pairs(inner, sizes, guesses, settings.threshold)
        found, true = links.any(axis=1), links.any(axis=0)
    elif settings.rule == "centroid":
        links = _centred(truth, guess, inner.shape)
        found, true = links.any(axis=1), links.any(axis=0)
    else:
        links = inner > 0
        found = _exceeds(inner.sum(axis=1), sizes, settings.threshold)
        true = _exceeds(inner.sum(axis=0), guesses, settings.threshold)
    joined = sizes + links @ guesses
    dice = np.where(found, 2 * (inner * links).sum(axis=1) / np.maximum(joined, 1), 0.0)
    total = int(sizes.sum() + guesses.sum())
    return Matched(sizes, found, dice, guesses, ~true,
                   2 * int(inner.sum()) / total if total else None, iou.sum(axis=1))


def _crop(reference, predicted):
    """Cut both to the box around all their voxels: cheaper, and components stay the same."""
    union = reference | predicted
    if not union.any():
        return reference[:1, :1, :1], predicted[:1, :1, :1]
    box = []
    for axis in range(3):
        there = np.flatnonzero(union.any(axis=tuple(a for a in range(3) if a != axis)))
        box.append(slice(there[0], there[-1] + 1))
    return reference[tuple(box)], predicted[tuple(box)]


def _components(mask, connectivity):
    """Number the components from 1, shape of the mask."""
    mask = np.ascontiguousarray(mask, dtype=np.uint8)
    return cc3d.connected_components(mask, connectivity=connectivity)


def _centred(truth, guess, shape):
    """Link each predicted lesion to the reference lesion that its centre of mass lies in."""
    links = np.zeros(shape, bool)
    centres = cc3d.statistics(guess)["centroids"][1:1 + shape[1]]
    for column, centre in enumerate(np.rint(centres).astype(int)):
        row = truth[tuple(centre)]
        if row:
            links[row - 1, column] = True
    return links


def overlaps(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Count the voxels of each pair of labels.

    Parameters
    ----------
    first, second : ndarray of int, same shape
        Labels from 0 (background) to n and to m.

    Returns
    -------
    ndarray of int, shape (n + 1, m + 1)
    """
    rows, columns = int(first.max()) + 1, int(second.max()) + 1
    code = first.astype(np.int64) * columns + second
    return np.bincount(code.ravel(), minlength=rows * columns).reshape(rows, columns)


def _exceeds(part, whole, threshold):
    return part > threshold * whole


def _pairs(inner, sizes, guesses, threshold):
    """Match one to one in the order of falling intersection over union; shape of ``inner``."""
    links = np.zeros(inner.shape, bool)
    rows, columns = np.nonzero(inner)
    union = sizes[rows] + guesses[columns] - inner[rows, columns]
    # Exact fractions: two equal ratios must tie, whatever their terms.
    ranked = sorted(zip(rows, columns, union), key=lambda item: (
        -Fraction(int(inner[item[0], item[1]]), int(item[2])), item[0], item[1]))
    for row, column, joined in ranked:
        free = not (links[row].any() or links[:, column].any())
        if free and inner[row, column] > threshold * joined:
            links[row, column] = True
    return links
