"""How much single runs explain: of a row, of an item, of the whole study.

Verdicts are given number by number, each from the run that explains most of its row. One paper was
written from one set of runs: how many of its numbers a single run gives at once is said beside them.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping

from stages.verdicts.judge import Evidence
from stages.verdicts.published import Number

Run = tuple[str, str, str]


def summarise(evidence: Mapping[Number, Evidence], tolerance: float) -> dict:
    """Count what runs give of the numbers that a fit stands behind.

    Parameters
    ----------
    evidence : dict
        As `gather.gather` returns it.
    tolerance : float
        How near to half a unit counts as half-way.

    Returns
    -------
    dict
        ``numbers``; ``single``, how many of them the best single run gives, and that run;
        ``by_row``, how many if each row may take the run that is best for it; ``runs``, how many
        each run gives.
    """
    fitted = {number: one for number, one in evidence.items() if one.fitted}
    rows: dict[tuple[str, str], Counter] = defaultdict(Counter)
    for number, one in fitted.items():
        rows[number.item, number.row].update(hits(number, one, tolerance))
    every: Counter = sum(rows.values(), Counter())
    best = min(every, default=None, key=lambda run: (-every[run], run))
    return {"numbers": len(fitted), "single": every[best], "single_run": " · ".join(best or ()),
            "by_row": sum(max(row.values(), default=0) for row in rows.values()),
            "runs": {" · ".join(run): every[run] for run in sorted(every)}}


def hits(number: Number, evidence: Evidence, tolerance: float) -> Counter:
    """Return which runs of the preferred protocol give a number (1) and which do not (0)."""
    found: Counter = Counter()
    for one in evidence.recomputed:
        if one.origin.protocol == evidence.preferred:
            run = (one.origin.protocol, one.origin.release, one.origin.environment)
            found[run] = max(found[run], int(number.matches(one.value, tolerance)))
    return found
