"""Permutation test of the whole corrected procedure."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from stages.classification import bootstrap
from stages.classification.corrected.fit import Outcome, Problem

STATISTICS = ("held_out_AUC", "test_AUC")


def deal(patients: np.ndarray, studies: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """Deal the outcomes of studies anew, those of a patient staying together.

    Parameters
    ----------
    patients, studies : ndarray of str, shape (n,)
        Of each series; the outcome belongs to the study.
    generator : Generator

    Returns
    -------
    ndarray of int, shape (n,)
        Row whose outcome each series gets.

    Notes
    -----
    The patients are laid out in random order, each with all studies, and this sequence of
    outcomes is dealt to the studies in another such order: names and their sorting play no part.
    Outcomes of a patient stay neighbours: their likeness within patients, which makes chance
    results more extreme, is kept as far as unequal numbers of studies allow, and so is the number
    of studies of each class.

    P is approximate, not exact. Where patients have unequal numbers of studies, the outcomes of one
    are split between two others, so that the real labels are a little more alike within patients
    than the dealt ones; and a study's chance of a positive outcome depends slightly on how many
    studies its patient has. Dealing whole patients among patients of equal size would be exact, but
    leaves too few arrangements.
    """
    names = np.unique(patients)
    of_patient = {name: np.unique(studies[patients == name]) for name in names}
    receive, give = (np.concatenate([generator.permutation(of_patient[name])
                                     for name in generator.permutation(names)]) for _ in range(2))
    first = {study: np.flatnonzero(studies == study)[0] for study in receive}
    source = {to: first[origin] for to, origin in zip(receive, give)}
    return np.array([source[study] for study in studies])


def permuted(problem: Problem, generator: np.random.Generator) -> Problem:
    """Return the problem with outcomes dealt anew, training and test part each within itself."""
    rows = deal(problem.patients, problem.studies, generator)
    test_rows = deal(problem.test_patients, problem.test_studies, generator)
    return replace(problem, label=problem.label[rows], target=problem.target[rows],
                   test_label=problem.test_label[test_rows])


def statistics(problem: Problem, outcome: Outcome) -> dict[str, float]:
    """Return the AUC of held-out training series (pairs of one fold) and of the test series."""
    whole = np.ones((1, len(problem.label)))
    test = np.ones((1, len(problem.test_label)))
    return {
        "held_out_AUC": float(bootstrap.weighted(whole, problem.label, problem.label,
                                                 outcome.held_out, outcome.fold)["AUC"][0]),
        "test_AUC": float(bootstrap.weighted(test, problem.test_label, problem.test_label,
                                             outcome.test)["AUC"][0])}


def p_value(observed: float, permutations: np.ndarray) -> float:
    """Return the share of results at least as large as the observed one, itself counted.

    Examples
    --------
    >>> p_value(0.7, np.array([0.5, 0.7, 0.6]))
    0.5
    """
    return float((1 + np.sum(permutations >= observed)) / (1 + len(permutations)))


def summarise(observed: np.ndarray, permutations: np.ndarray) -> dict:
    """Compare the runs on the real labels with those on permuted ones.

    Parameters
    ----------
    observed : ndarray of float, shape (S,)
        One value per seed.
    permutations : ndarray of float, shape (P,)

    Returns
    -------
    dict
        Each seed's P is valid by itself; twice their median is a valid P for all of them together,
        whatever their dependence (Rüger 1978; DiCiccio et al. 2020, doi:10.1016/j.spl.2020.108865).
    """
    values = np.array([p_value(value, permutations) for value in observed])
    low, middle, high = np.quantile(permutations, [0.05, 0.5, 0.95])
    return {"permutations": len(permutations), "P_least_possible": 1 / (1 + len(permutations)),
            "P_min": values.min(), "P_median": np.median(values), "P_max": values.max(),
            "P": min(1.0, 2 * float(np.median(values))),
            "chance": {"q05": low, "median": middle, "q95": high}}
