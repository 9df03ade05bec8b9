"""The environment that every stage sees, whatever the engine: a short list, nothing of the host's."""

from __future__ import annotations

KERNEL = "Haswell"

# NumPy picks faster routines by CPU; those beyond AVX2 round differently.
BEYOND_AVX2 = "AVX512F AVX512CD AVX512_SKX AVX512_CLX AVX512_CNL AVX512_ICL AVX512_SPR"


def variables(threads: int = 1) -> dict[str, str]:
    """Return the environment of a stage.

    Parameters
    ----------
    threads : int
        Threads for linear algebra and OpenMP.
    """
    fixed = {
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "LANG": "C.UTF-8",
        "LC_ALL": "C.UTF-8",
        "TZ": "UTC",
        "SOURCE_DATE_EPOCH": "0",
        "PYTHONHASHSEED": "0",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONNOUSERSITE": "1",
        "MPLBACKEND": "Agg",
        "OPENBLAS_CORETYPE": KERNEL,
        "NPY_DISABLE_CPU_FEATURES": BEYOND_AVX2,
    }
    counted = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS")
    return fixed | {name: str(threads) for name in counted}


def check_cpu(flags: str | None = None) -> None:
    """Refuse a CPU on which the pinned kernel cannot run.

    Raises
    ------
    LauncherError
        If the CPU has no AVX2 or FMA.
    """
    from containers.launcher import LauncherError

    if flags is None:
        try:
            with open("/proc/cpuinfo", encoding="ascii", errors="replace") as stream:
                flags = next((line for line in stream if line.startswith("flags")), "")
        except OSError:
            return
    lacking = [name for name in ("avx2", "fma") if name not in flags.split()]
    if lacking:
        raise LauncherError(f"this CPU lacks {', '.join(lacking)}, which the pinned '{KERNEL}' "
                            "kernel needs; use an x86-64 machine of 2013 or later")
