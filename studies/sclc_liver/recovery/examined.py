"""What the classification sees of a cohort, and the file that hands many cohorts on."""

from __future__ import annotations

import zipfile
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np

from stages.common.errors import InputError


@dataclass(frozen=True)
class Examined:
    """n series of s studies of one cohort, lesion-free ones left out.

    Attributes
    ----------
    study : ndarray of int, shape (n,)
        Number of each series' study, from 0.
    patient, scanner : ndarray of int, shape (s,)
        Of each study, patients from 0.
    test : ndarray of bool, shape (s,)
    score, oracle : ndarray of float, shape (s,)
        NE score, and its best guess from burden and texture (planted), scanner (shortcut) or
        nothing (null: constant).
    features : ndarray of float, shape (n, F)
        NaN where there was too little lesion.
    """

    study: np.ndarray
    patient: np.ndarray
    scanner: np.ndarray
    test: np.ndarray
    score: np.ndarray
    oracle: np.ndarray
    features: np.ndarray

    def whole(self) -> Examined:
        """Return the cohort without series that have no features, numbered anew."""
        kept = np.isfinite(self.features).all(axis=1)
        if kept.all():
            return self
        studies, study = np.unique(self.study[kept], return_inverse=True)
        return Examined(study, np.unique(self.patient[studies], return_inverse=True)[1],
                        self.scanner[studies], self.test[studies], self.score[studies],
                        self.oracle[studies], self.features[kept])


def write(path: Path, cohorts: list[Examined]) -> None:
    """Write cohorts one after the other: each array of all, and their numbers of series, studies."""
    arrays = {each.name: np.concatenate([getattr(one, each.name) for one in cohorts])
              for each in fields(Examined)}
    sizes = np.array([(len(one.study), len(one.patient)) for one in cohorts])
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez(path, sizes=sizes, **arrays)


def read(path: Path) -> list[Examined]:
    """Read what `write` wrote.

    Raises
    ------
    InputError
        If the file is missing or holds something else.
    """
    try:
        with np.load(path) as found:
            arrays = {each.name: found[each.name] for each in fields(Examined)}
            ends = np.cumsum(found["sizes"], axis=0)
    except (OSError, KeyError, ValueError, zipfile.BadZipFile) as error:
        raise InputError(f"holds no cohorts ({' '.join(str(error).split())})", path,
                         "run studies.sclc_liver.recovery.draw first") from None
    starts = np.vstack([[0, 0], ends[:-1]])
    of_series = ("study", "features")
    return [Examined(**{name: values[slice(*pair[:, 0 if name in of_series else 1])]
                        for name, values in arrays.items()})
            for pair in np.stack([starts, ends], axis=1)]
