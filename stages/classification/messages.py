"""The warnings of a fit, as they are written to results."""

from __future__ import annotations

import re
import warnings

# Addresses in memory.
_VARYING = "0x[0-9a-f]+"


def recorded(caught: list[warnings.WarningMessage], varying: str | None = None) -> list[str]:
    """Return caught warnings as ``Category: text``, without anything that varies, sorted, once.

    Parameters
    ----------
    caught : list of WarningMessage
    varying : str, optional
        Regular expression of what else varies (`Estimator.varying`).
    """
    pattern = re.compile(f"{varying}|{_VARYING}" if varying else _VARYING)
    texts = (f"{item.category.__name__}: {' '.join(pattern.sub('', str(item.message)).split())}"
             for item in caught)
    return sorted(set(texts))
