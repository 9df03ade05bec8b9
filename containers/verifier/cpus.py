"""Small runs of each room's code on other CPUs, which QEMU emulates, compared with this one's.

A whole pipeline would take weeks there. The runs (`stages/ROOM/probe.py`) go through the code and
the settings of the pipeline, on tiny data.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from containers.launcher import ROOT, LauncherError, engines, environment, venv


@dataclass(frozen=True)
class Probe:
    """A small run: the image and the module, and the parameters that it reads."""

    image: str
    module: str
    params: str = "studies/sclc_liver/params"


# By the name that the run has in the table: the image's, or the room's where an image has several.
PROBES = {
    "segmentation": Probe("segmentation", "stages.segmentation.probe"),
    "radiomics": Probe("radiomics", "stages.radiomics.probe"),
    "classification-paper": Probe("classification-paper", "stages.classification.probe"),
    "classification-notebook": Probe("classification-notebook", "stages.classification.probe"),
    "prediction": Probe("classification-companion", "stages.prediction.probe",
                        "studies/gi_liver/params"),
    "survival": Probe("classification-companion", "stages.survival.probe",
                      "studies/sclc_recurrence/params"),
    "patches": Probe("segmentation", "stages.patches.probe", "studies/brain_metastases/params")}
# Intel's first CPU with AVX2, and a recent one of AMD's.
CPUS = ("Haswell", "EPYC-Milan")
EMULATOR = "qemu-x86_64"
# QEMU 7.2 crashes in the sort that NumPy 2 has for AVX2. Natively, nothing differs without it.
WITHOUT = {"classification-notebook": "AVX2"}
# QEMU 7.2 takes ymm4 as an index of AVX2's gather for none, and torch samples a grid so; 10.0 does not.
SINCE = {"patches": 10}


@dataclass(frozen=True)
class Run:
    """What came out: SHA-256 by output; ``cpu`` is empty for this machine's own."""

    name: str
    cpu: str
    outputs: dict[str, str]

    def digest(self) -> str:
        """Return one hash of all outputs."""
        return hashlib.sha256(json.dumps(self.outputs, sort_keys=True).encode()).hexdigest()

    def differing(self, other: Run) -> list[str]:
        """Return the outputs that are not the same in both."""
        names = {*self.outputs, *other.outputs}
        return sorted(name for name in names if self.outputs.get(name) != other.outputs.get(name))


def check(cpus: list[str]) -> None:
    """Refuse what cannot be emulated.

    Raises
    ------
    LauncherError
        If the emulator is missing or does not know a CPU.
    """
    if not shutil.which(EMULATOR):
        raise LauncherError(f"{EMULATOR} is not installed; install it (apt-get install qemu-user)")
    for cpu in cpus:
        tried = subprocess.run([EMULATOR, "-cpu", cpu, shutil.which("true")], capture_output=True)
        if tried.returncode:
            raise LauncherError(f"no CPU '{cpu}'; '{EMULATOR} -cpu help' lists them")


def fit(names: list[str]) -> list[str]:
    """Return the runs that this emulator can do.

    Raises
    ------
    LauncherError
        If it does not say its version.
    """
    said = subprocess.run([EMULATOR, "--version"], capture_output=True, text=True).stdout
    version = re.search(r"version (\d+)\.", said)
    if not version:
        raise LauncherError(f"'{EMULATOR} --version' names no version; install QEMU's (apt-get install "
                            "qemu-user)")
    return [name for name in names if int(version[1]) >= SINCE.get(name, 0)]


def runs(names: list[str], cpus: list[str], engine: str, scratch: Path) -> Iterator[list[Run]]:
    """Yield the runs of each name: this machine's own, then one for each CPU.

    Parameters
    ----------
    names : list of str
        Of `PROBES`.
    cpus : list of str
        As QEMU names them.
    engine : str
        For this machine's own runs; the emulated ones have the packages of ``venv``.
    scratch : Path
        An empty folder.
    """
    cores = len(os.sched_getaffinity(0))
    with ThreadPoolExecutor(min(cores, 1 + len(cpus))) as pool:
        for name in names:
            # Made once, before several runs need it.
            _call([PROBES[name].image, "--setup"], engine if not cpus else "venv")
            yield list(pool.map(partial(_run, name, engine, scratch), ["", *cpus]))


def _run(name: str, engine: str, scratch: Path, cpu: str) -> Run:
    folder = scratch / f"{name}-{cpu or 'native'}"
    folder.mkdir()
    out = folder / "outputs.json"
    features = f"{environment.BEYOND_AVX2} {WITHOUT.get(name, '')}".strip()
    probe = PROBES[name]
    # By its whole path: a stage's PATH is not the caller's.
    python = ["env", f"NPY_DISABLE_CPU_FEATURES={features}", shutil.which(EMULATOR), "-cpu", cpu,
              str(venv.ENVIRONMENTS / probe.image / "bin" / "python")]
    _call(["--write", str(folder), probe.image, "--", *(python if cpu else ["python"]), "-m",
           probe.module, "--params", probe.params, "--out", str(out)], "venv" if cpu else engine)
    return Run(name, cpu, json.loads(out.read_text()))


def _call(arguments: list[str], engine: str) -> None:
    line = [sys.executable, str(ROOT / "containers" / "run"), *arguments]
    result = subprocess.run(line, cwd=ROOT, env={**os.environ, engines.VARIABLE: engine},
                            capture_output=True, text=True, errors="replace")
    if result.returncode:
        said = result.stderr.strip().splitlines() or ["no message"]
        raise LauncherError(f"containers/run {' '.join(arguments)}: exit status "
                            f"{result.returncode}, {said[-1][:200]}")
