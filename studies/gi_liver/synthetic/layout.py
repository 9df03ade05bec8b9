"""How the cells of a patient's lesions lie side by side in the phantom."""

from __future__ import annotations

import math


def cells(lesions: int) -> tuple[int, int]:
    """Return how many cells lie side by side, and how many such rows there are.

    Examples
    --------
    >>> cells(1), cells(3), cells(7)
    ((1, 1), (2, 2), (3, 3))
    """
    across = math.ceil(math.sqrt(lesions))
    return across, math.ceil(lesions / across)
