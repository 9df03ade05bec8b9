"""Detected lesions: sensitivity, PPV and false positives per scan as whole numbers."""

from __future__ import annotations

import numpy as np

from stages.verdicts.consistency.check import IMPOSSIBLE, INCONSISTENT, check
from stages.verdicts.consistency.printed import ROUND_OFF, Count, Number, Positive, Rate, equally_long


@check(IMPOSSIBLE, "rates are of all lesions of all scans together; all detectors saw the same lesions")
def detection(scans: Count, lesions: Count, sensitivities: list[Rate], ppvs: list[Rate] = (),
              false_positives: list[Positive] = ()) -> bool:
    """Tell whether counts of lesions exist that give the rates of one or more detectors.

    Parameters
    ----------
    scans : Count
    lesions : Count
        Reference lesions; bounds where not known.
    sensitivities : list of Rate
        One for each detector.
    ppvs, false_positives : list, optional
        PPV and false positives per scan, in the same order; all or none.

    Examples
    --------
    >>> detection("10", [1, 500], ["0.395"], ["0.971"], ["0.1"]).verdict
    'consistent'
    >>> detection("10", [1, 500], ["0.395", "0.662"], ["0.971", "0.962"], ["0.1", "0.2"]).verdict
    'impossible'
    """
    equally_long(sensitivities, *([ppvs, false_positives] if ppvs or false_positives else []))
    return any(common(count, lesions, sensitivities, ppvs, false_positives).any()
               for count in scans.whole())


def common(scans: int, lesions: Number, sensitivities: list, ppvs: list,
           false_positives: list) -> np.ndarray:
    """Return the numbers of reference lesions with which all detectors' rates are possible.

    Returns
    -------
    (solutions,) array of int
    """
    sizes = np.array([size for size in lesions.whole() if size > 0], int)
    fits = np.ones(sizes.size, bool)
    for index, sensitivity in enumerate(sensitivities):
        low = np.ceil(sizes * sensitivity.low - ROUND_OFF * sizes)
        high = np.floor(np.minimum(sizes * sensitivity.high + ROUND_OFF * sizes, sizes))
        if ppvs:
            found = np.zeros(sizes.size, bool)
            for false in _false(false_positives[index], scans):
                least, most = _true(ppvs[index], false)
                found |= np.maximum(low, least) <= np.minimum(high, most)
            fits &= found
        else:
            fits &= low <= high
    return sizes[fits]


def _false(per_scan, scans):
    return range(int(np.ceil(per_scan.low * scans - ROUND_OFF * scans)),
                 int(np.floor(per_scan.high * scans + ROUND_OFF * scans)) + 1)


def _true(ppv, false):
    """Bounds of the true positives with this PPV and number of false positives."""
    if false == 0:
        # Nothing called is 0 / 0, printed as 0 or 1; otherwise PPV is 1.
        return (0.0, np.inf) if ppv.high >= 1 else (0.0, 0.0) if ppv.low <= 0 else (1.0, 0.0)
    least = np.ceil(false * ppv.low / (1 - ppv.low) - ROUND_OFF) if ppv.low < 1 else np.inf
    most = np.floor(false * ppv.high / (1 - ppv.high) + ROUND_OFF) if ppv.high < 1 else np.inf
    return least, most


@check(IMPOSSIBLE, "a missed lesion has Dice 0, and the median is over all reference lesions")
def median_dice(dice: Rate, sensitivity: Rate) -> bool:
    """Tell whether the median Dice of lesions fits the share of lesions found.

    Where fewer than half are found, more than half have Dice 0.

    Examples
    --------
    >>> median_dice("0.771", "0.826").verdict, median_dice("0.439", "0.395").verdict
    ('untested', 'impossible')
    """
    return dice.low <= 0 or sensitivity.high >= 0.5


@check(INCONSISTENT, "the range is that of the false positives of single scans, the mean is over them")
def mean_in_range(mean: Positive, low: Count, high: Count, n: Count) -> bool:
    """Tell whether counts of n scans with this range have this mean; both ends are attained.

    Examples
    --------
    >>> mean_in_range("0.1", "0", "1", "10").verdict
    'consistent'
    >>> mean_in_range("0.0", "0", "3", "10").verdict
    'inconsistent'
    """
    if low.low > high.high:
        return False
    for size in n.whole():
        # All but one value at one end.
        others = max(size - 1, 0)
        least = (others * low.low + high.low) / max(size, 1)
        most = (others * high.high + low.high) / max(size, 1) if size > 1 else high.high
        if size and least <= mean.high + ROUND_OFF and most >= mean.low - ROUND_OFF:
            return True
    return False
