"""Print the OpenBLAS kernel in use; ask which kernels an environment can run."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

from stages.common.errors import InputError

# OpenBLAS reports a kernel by the first of the names that share it in its build.
ALSO_CALLED = {"Prescott": ("Katmai",)}

THREAD_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS")


def environment(kernel: str, threads: int) -> dict[str, str]:
    """Return this process's environment with another kernel and number of threads.

    OpenBLAS reads both when it is loaded: a change needs a new process.
    """
    return {**os.environ, "OPENBLAS_CORETYPE": kernel,
            **{name: str(threads) for name in THREAD_VARIABLES}}


def is_kernel(asked: str, ran: str) -> bool:
    """Tell whether the kernel that ran (as threadpoolctl names it) is the one asked for.

    Examples
    --------
    >>> is_kernel("Zen", "Haswell"), is_kernel("Prescott", "Katmai"), is_kernel("Core2", "Katmai")
    (False, True, False)
    """
    return ran in (asked, *ALSO_CALLED.get(asked, ()))


def probe(kernels: tuple[str, ...]) -> tuple[list[str], dict[str, str]]:
    """Return the kernels that run here, and the others, each with what happened instead.

    Raises
    ------
    InputError
        If a probe fails for another reason than the CPU.
    """
    run, not_run = [], {}
    for kernel in kernels:
        result = subprocess.run([sys.executable, "-m", "studies.sclc_liver.kernels"],
                                env=environment(kernel, 1), capture_output=True, text=True)
        ran = result.stdout.strip()
        if result.returncode == -signal.SIGILL:
            not_run[kernel] = "the CPU lacks its instructions"
        elif result.returncode:
            raise InputError(f"the probe of OpenBLAS kernel {kernel} failed "
                             f"({result.stderr.strip()[-200:]})", None, "check the image")
        elif is_kernel(kernel, ran):
            run.append(kernel)
        else:
            not_run[kernel] = f"OpenBLAS runs {ran} instead"
    return run, not_run


def _multiply() -> str:
    """Make both libraries (NumPy's and SciPy's) compute, then name their kernel."""
    import numpy as np
    from scipy import linalg

    from stages.classification import data

    square = np.arange(64.0).reshape(8, 8) + 64 * np.eye(8)
    linalg.cho_factor(square @ square.T)
    return data.kernel()


if __name__ == "__main__":
    print(_multiply())
