"""Relapses by region, with patients as denominators: the risk where the tumour was and where not."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from scipy import stats

from stages.common import canonical
from stages.common.errors import InputError

COLUMNS = ("patient", "region", "affected", "relapse", "share")


def read(path: Path, patients: np.ndarray) -> pd.DataFrame:
    """Read a table of regions: one row a patient and region.

    ``affected`` (the tumour was there), ``relapse`` (it came back there): 0 or 1; ``share`` of the
    region that the CTV covered, 0 to 1.

    Raises
    ------
    InputError
        A patient without follow-up, a pair that stands twice, a value out of range.
    """
    table = canonical.read_csv(path, COLUMNS, dtype={"patient": str, "region": str})
    unknown = ~table["patient"].isin(patients)
    if unknown.any():
        raise InputError(f"patient {table['patient'][unknown].iloc[0]} has no row in the event table",
                         path, "add it there, or leave the patient out here")
    if (twice := table.duplicated(["patient", "region"])).any():
        row = table[twice].iloc[0]
        raise InputError(f"patient {row['patient']}, region {row['region']}: stands twice", path,
                         "keep one row")
    for name, valid in (("affected", "0 or 1"), ("relapse", "0 or 1"), ("share", "from 0 to 1")):
        values = pd.to_numeric(table[name], errors="coerce")
        right = values.between(0, 1) if name == "share" else values.isin((0, 1))
        if not right.all():
            row = table[~right].iloc[0]
            raise InputError(f"patient {row['patient']}, region {row['region']}: '{name}' is "
                             f"{row[name]}, not {valid}", path, "correct it")
        table[name] = values
    return table


def wilson(count: int, of: int) -> dict[str, float | int | None]:
    """Return a share with Wilson's 95 % interval; None where there is nobody.

    Examples
    --------
    >>> {name: value and round(value, 3) for name, value in wilson(5, 10).items()}
    {'count': 5, 'of': 10, 'share': 0.5, 'low': 0.237, 'high': 0.763}
    """
    if of == 0:
        return {"count": 0, "of": 0, "share": None, "low": None, "high": None}
    bounds = stats.binomtest(count, of).proportion_ci(method="wilson")
    return {"count": count, "of": of, "share": count / of, "low": float(bounds.low),
            "high": float(bounds.high)}


def by_region(table: pd.DataFrame) -> list[dict]:
    """Return what each region shows, in the order of the table.

    Returns
    -------
    list of dict
        ``region``; ``risk_affected``, ``risk_free``: relapses there among patients whose tumour was
        and was not there; ``reversed``: patients whose tumour was there among the relapses there,
        which is no risk; ``share``: mean, least and largest share that the CTV covered where it
        relapsed.
    """
    made = []
    for region, rows in table.groupby("region", sort=False):
        there, back = rows["affected"] == 1, rows["relapse"] == 1
        share = rows["share"][back]
        made.append({"region": region, "relapses": int(back.sum()), "patients": len(rows),
                     "risk_affected": wilson(int((there & back).sum()), int(there.sum())),
                     "risk_free": wilson(int((~there & back).sum()), int((~there).sum())),
                     "reversed": wilson(int((there & back).sum()), int(back.sum())),
                     "share": {name: float(getattr(share, name)()) if len(share) else None
                               for name in ("mean", "min", "max")}})
    return made


def risk_ratio(counts: np.ndarray) -> float:
    """Return the pooled ratio of the risks where the tumour was and was not.

    Parameters
    ----------
    counts : (regions, 4) array
        Affected, relapses of these, not affected, relapses of these.

    Source: Mantel and Haenszel 1959, doi:10.1093/jnci/22.4.719.

    Examples
    --------
    >>> risk_ratio(np.array([[10, 4, 20, 2], [0, 0, 30, 3]]))
    4.0
    """
    here, back, free, came = counts.T.astype(float)
    total = here + free
    below = (came * here / total).sum()
    return float((back * free / total).sum() / below) if below > 0 else float("nan")


def pooled(table: pd.DataFrame, draws: int, seed: int) -> dict[str, float]:
    """Return the pooled risk ratio with a 95 % interval by drawing patients, all their regions at once.
    """
    regions = table["region"].unique()
    wide = table.pivot(index="patient", columns="region", values=["affected", "relapse"])
    there, back = (wide[name].reindex(columns=regions).to_numpy(float) for name in
                   ("affected", "relapse"))
    known = ~np.isnan(there)
    there, back = there == 1, back == 1
    cells = np.stack([there, there & back, known & ~there, known & ~there & back], axis=-1)
    random = np.random.default_rng(seed)
    n = len(cells)
    drawn = [risk_ratio(np.tensordot(random.multinomial(n, np.full(n, 1 / n)), cells, 1))
             for _ in range(draws)]
    low, high = np.nanquantile(drawn, [0.025, 0.975])
    return {"estimate": risk_ratio(cells.sum(axis=0)), "low": float(low), "high": float(high)}
