"""The one way into R: ``rank_sum.R`` through rpy2."""

from __future__ import annotations

import functools
import math
import os
import shutil
import sys
from pathlib import Path

import numpy as np

from stages.common.errors import InputError

SOURCE = Path(__file__).with_name("rank_sum.R")
NAMES = ("W", "p_asymptotic", "p_asymptotic_corrected", "p_exact")


@functools.cache
def start():
    """Start R without any user or site profile and return rpy2's low-level interface.

    Raises
    ------
    InputError
        If R is not installed or does not start.
    """
    fix = "install R (apt-get install r-base-core), then run the same command again"
    if not (os.environ.get("R_HOME") or shutil.which("R")):
        raise InputError("R is not installed or not on the PATH", fix=fix)
    try:
        from rpy2 import rinterface
        from rpy2.rinterface_lib import embedded

        embedded.set_initoptions(("rpy2", "--quiet", "--vanilla"))
        rinterface.initr_simple()
    except (OSError, ValueError, RuntimeError) as error:
        raise InputError(f"R did not start ({error})", fix=fix) from None
    return rinterface


def version() -> str:
    """Return R's version, such as ``4.4.1``."""
    return str(start().evalr("as.character(getRversion())")[0])


def announce() -> None:
    """Name the R at work on standard error: outputs must not depend on it."""
    print(f"R {version()} through rpy2", file=sys.stderr)


def rank_sum(positive: np.ndarray, negative: np.ndarray, exact: bool) -> dict[str, float | None]:
    """Run R's ``stats::wilcox.test``.

    Parameters
    ----------
    positive, negative : array of shape (m,), (n,)
        Volumes of the two groups (mm³).
    exact : bool
        Ask for the exact P value too (only without ties).

    Returns
    -------
    dict
        ``W``, ``p_asymptotic``, ``p_asymptotic_corrected`` and ``p_exact``; None where R has none.
    """
    interface = start()
    function = interface.evalr(SOURCE.read_text(encoding="utf-8"))
    vectors = [interface.FloatSexpVector([float(x) for x in group])
               for group in (positive, negative)]
    answer = function(*vectors, interface.BoolSexpVector([bool(exact)]))
    values = dict(zip(answer.names, (float(value) for value in answer)))
    return {name: None if math.isnan(values[name]) else values[name] for name in NAMES}
