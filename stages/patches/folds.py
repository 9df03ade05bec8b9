"""Folds of whole groups, with both classes in each: by slice, by lesion, by patient."""

from __future__ import annotations

import numpy as np

from stages.common.errors import InputError


def grouped(labels: np.ndarray, groups: np.ndarray, count: int, generator: np.random.Generator
            ) -> np.ndarray:
    """Deal groups into folds, class by class, so that each fold has its share of both.

    Parameters
    ----------
    labels : ndarray of int, shape (n,)
        0 and 1; one for all members of a group.
    groups : ndarray, shape (n,)
        What stays together.
    count : int
        Of folds.
    generator : Generator

    Returns
    -------
    ndarray of int, shape (n,)
        Each row's fold, from 0.

    Raises
    ------
    InputError
        If a class has fewer groups than there are folds.

    Examples
    --------
    >>> grouped(np.array([0, 0, 0, 1, 1]), np.array([7, 7, 8, 9, 4]), 2, np.random.default_rng(1))
    array([0, 0, 1, 1, 0])
    """
    names, first, place = np.unique(groups, return_index=True, return_inverse=True)
    kinds, fold, dealt = labels[first], np.empty(len(names), int), 0
    for label in (1, 0):
        own = generator.permutation(np.flatnonzero(kinds == label))
        if len(own) < count:
            raise InputError(f"{len(own)} group(s) of class {label} cannot be dealt into {count} "
                             "folds", None, "add patients, or set fewer folds")
        # The second class goes on where the first one ended: folds differ by one group at most.
        fold[own] = (dealt + np.arange(len(own))) % count
        dealt += len(own)
    return fold[place]
