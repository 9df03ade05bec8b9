"""The environment that every stage sees, whatever the engine: a short list, nothing of the host's."""

from __future__ import annotations

import os

KERNEL = "Haswell"
# NVIDIA's own variable: the numbers of the GPUs that a program sees.
DEVICES = "CUDA_VISIBLE_DEVICES"
# Another description of the CPU than the kernel's, to see what a machine without AVX2 is told.
CPUINFO_VARIABLE = "MSCLC_CPUINFO"

# NumPy picks faster routines by CPU; those beyond AVX2 round differently.
BEYOND_AVX2 = "AVX512F AVX512CD AVX512_SKX AVX512_CLX AVX512_CNL AVX512_ICL AVX512_SPR"

# So do the libraries below PyTorch: its own kernels, oneDNN's convolutions, MKL. MKL's AVX2 routines
# are Intel's alone (an AMD CPU gets others): only "compatible" ones are the same on both.
PYTORCH = {"ATEN_CPU_CAPABILITY": "avx2", "ONEDNN_MAX_CPU_ISA": "AVX2", "MKL_CBWR": "COMPATIBLE"}


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
    return fixed | PYTORCH | {name: str(threads) for name in counted}


def devices(gpu: bool) -> dict[str, str]:
    """Return which of several GPUs a stage that may use them is given; all where nothing says so."""
    return {DEVICES: os.environ[DEVICES]} if gpu and DEVICES in os.environ else {}


def check_cpu(flags: list[str] | None = None) -> None:
    """Refuse a CPU on which the pinned kernel cannot run.

    Raises
    ------
    LauncherError
        If the CPU has no AVX2 or FMA.
    """
    from containers.launcher import LauncherError

    flags = _cpuinfo("flags").split() if flags is None else flags
    lacking = [name for name in ("avx2", "fma") if name not in flags]
    if flags and lacking:
        raise LauncherError(f"this CPU lacks {', '.join(lacking)}, which the pinned '{KERNEL}' "
                            "kernel needs; use an x86-64 machine of 2013 or later")


def cpu() -> dict:
    """Return the CPU's model and those of its features that numerical libraries choose by.

    Virtual machines hide the model's name, not its number (``kind``).
    """
    vectors = [flag for flag in _cpuinfo("flags").split()
               if flag.startswith(("avx", "sse4", "fma", "amx"))]
    kind = " ".join(_cpuinfo(field) for field in ("vendor_id", "cpu family", "model\t"))
    return {"model": _cpuinfo("model name"), "kind": kind, "features": sorted(vectors)}


def _cpuinfo(field: str) -> str:
    path = os.environ.get(CPUINFO_VARIABLE, "/proc/cpuinfo")
    try:
        with open(path, encoding="ascii", errors="replace") as stream:
            line = next((line for line in stream if line.startswith(field)), "")
    except OSError:
        return ""
    return line.partition(":")[2].strip()
