"""How redundant the 110 parameters are that were counted from masks."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from stages.common import canonical, cli
from studies.sclc_recurrence.partition import NAMES, STATIONS

RATIOS = 6 * len(STATIONS)


def summary(x: np.ndarray) -> dict[str, int]:
    """Return how many parameters vary, how many are independent, and how many ratios are sums.

    Parameters
    ----------
    x : (patients, 110) array
        In the order of `NAMES`.
    """
    third = RATIOS // 3
    ctv, gtv, rest = (x[:, place:place + third] for place in (0, third, 2 * third))
    return {"patients": len(x), "varying": int((np.ptp(x, axis=0) > 0).sum()),
            "independent": int(np.linalg.matrix_rank(x - x.mean(axis=0))),
            "sums": int(np.isclose(ctv, gtv + rest, atol=1e-9).all(axis=0).sum())}


def stage() -> None:
    """Command line."""
    parser = cli.parser("studies.sclc_recurrence.synthetic.counted", __doc__)
    parser.add_argument("--parameters", type=Path, required=True, help="parameters (CSV)")
    parser.add_argument("--out", type=Path, required=True, help="the counts (JSON)")
    options = parser.parse_args()
    table = canonical.read_csv(options.parameters, NAMES)
    canonical.write_json(options.out, summary(table[list(NAMES)].to_numpy(float)))


if __name__ == "__main__":
    cli.main(stage)
